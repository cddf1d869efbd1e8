"""Which ledger entries settle a difference: a word that money is right says by which, or the hub finds them itself.

The nearest source speaks alone: what was made for this very difference, else what was posted since it was found, or
returned, for the pay date and part that it names, else for its month. An entry that only expects is none of them, nor
is one that was taken back, nor what has settled it before it returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, or_, select

from benehub.errors import DataError
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.reconcile.findings import Relation, Type
from benehub.reconcile.fix_entries import MOST, settling
from benehub.store import Session
from benehub.store.tables import SOURCED, difference_event, entry, leg

_OF_LEG = and_(entry.c.employer_id == leg.c.employer_id, entry.c.entry_id == leg.c.entry_id)

_PARTS = ("employee", "employer", "pretax", "roth", "posttax", "loan", "match", "qnec")
"""Parts of a pay by which legs are told apart."""

_SHUT = ("resolved", "dismissed", "suppressed")


@dataclass(frozen=True, slots=True)
class _Told:
    """What its history says: its number in the recorded order, when it returned (empty: never), entries named since.

    `before` are the entries that had closed it earlier.
    """

    first_seq: int
    since: str
    named: tuple[str, ...]
    before: frozenset[str]


def settled_by(session: Session, row: Row[Any], named: Sequence[str]) -> list[str]:
    """The entries of a person's word that a difference is settled: those he names, else those that are found.

    None where nothing is at stake (a name that differs): there is no money for an entry to move.

    Raises:
        DataError: money or hours are at stake, none is named and none is found; or one named is about somebody else.
    """
    _must_concern(session, row, named)
    found = list(named) or proposed(session, row)
    if row.at_stake and not found:
        raise DataError(
            "money or hours are at stake, and no ledger entry is named that made it right, nor found",
            where=row.difference_id,
            mend="Name it (--entry ent_..., see `benehub ledger journal`), compare again so that it closes by itself "
            "once both sides agree, or dismiss it and say why",
        )
    return found


def proposed(session: Session, row: Row[Any]) -> list[str]:
    """Entries that may have settled a difference, in their order; `MOST` at most, the newest."""
    told = _history(session, row)
    return _made_for_it(session, row, told) or _posted_since(session, row, told)


def _made_for_it(session: Session, row: Row[Any], told: _Told) -> list[str]:
    """What notes on it name, what its fixes made and sent, and what was posted for it (lost earnings)."""
    made = [*settling(session, row.difference_id)]
    if row.type == Type.LATE:
        mine = (*session.where(entry, source=row.difference_id), SOURCED)
        latest = select(entry.c.entry_id).where(*mine, *_stands(told)).order_by(entry.c.seq.desc()).limit(MOST)
        made += [one.entry_id for one in reversed(session.rows(latest))]
    if not told.named and not made:
        return []
    ids = list(dict.fromkeys([*told.named, *made]))
    rows = session.rows(
        select(entry.c.entry_id).where(
            *session.where(entry, status="posted"), session.among(entry.c.entry_id, ids), ~_taken_back(),
            or_(session.among(entry.c.entry_id, told.named), and_(*_stands(told))),
        )
    )  # fmt: skip
    good = {one.entry_id for one in rows}
    return [one for one in ids if one in good][-MOST:]


def _history(session: Session, row: Row[Any]) -> _Told:
    """What was said of it since it was last found, apart from what was said before."""
    since, was, named, before = "", "", list[str](), set[str]()
    for event in session.rows(
        select(difference_event.c.at, difference_event.c.state, difference_event.c.entries)
        .where(*session.where(difference_event, difference_id=row.difference_id))
        .order_by(difference_event.c.event_no)
    ):
        if not was or (was in _SHUT and event.state not in _SHUT):
            since, named = (event.at if was else ""), []
        if event.state in _SHUT:
            before.update(event.entries)
        named += event.entries
        was = event.state
    return _Told(int(row.first_seq), since, tuple(named), frozenset(before))


def _stands(told: _Told) -> tuple[ColumnElement[bool], ...]:
    """Entries that are posted since, have not settled it before, and neither are taken back nor take one back again."""
    first = entry.alias("first")
    pair = exists().where(
        first.c.employer_id == entry.c.employer_id, first.c.entry_id == entry.c.reverses_id,
        first.c.seq > told.first_seq, first.c.recorded_at >= told.since,
    )  # fmt: skip
    return (
        entry.c.seq > told.first_seq, entry.c.recorded_at >= told.since,
        entry.c.entry_id.not_in(sorted(told.before)), ~_taken_back(), ~pair,
    )  # fmt: skip


def _taken_back() -> ColumnElement[bool]:
    back = entry.alias("back")
    return exists().where(back.c.employer_id == entry.c.employer_id, back.c.reverses_id == entry.c.entry_id)


def _posted_since(session: Session, row: Row[Any], told: _Told) -> list[str]:
    """What was posted about its person (and plan) since it was found, for its pay date, else for its month.

    What is of nobody by name is of all who were paid on its pay date: of that and its plan alone.
    """
    day, part = _day(row.reference), _part(row.reference)
    if row.person_id is None and not (day and row.plan):
        return []
    conditions: list[ColumnElement[bool]] = [
        leg.c.employer_id == session.employer, leg.c.account.in_(list(chart.CHART)), leg.c.posted_as.is_not(None),
    ]  # fmt: skip
    if row.person_id is not None:
        conditions.append(leg.c.person_id == row.person_id)
    if row.plan:
        conditions.append(leg.c.plan == row.plan)
    if part:
        conditions.append(or_(leg.c.money_source.is_(None), leg.c.money_source == part))
    if row.relation == Relation.COVERAGE:
        # Cover stands as it was paid for: what was taken settles that, and was there before.
        return _newest(session, [*conditions, ~_taken_back(), leg.c.coverage_month >= row.period[:7]])
    conditions += _stands(told)
    found = _newest(session, [*conditions, leg.c.pay_date == day]) if day else []
    if found or row.person_id is None:
        return found
    return _newest(session, [*conditions, _in_month(Month.parse(row.period[:7]))])


def _in_month(month: Month) -> ColumnElement[bool]:
    undated = and_(leg.c.coverage_month.is_(None), leg.c.pay_date.is_(None))
    return or_(
        leg.c.coverage_month == str(month),
        and_(leg.c.pay_date >= month.first, leg.c.pay_date < month.end),
        and_(undated, entry.c.effective_date >= month.first, entry.c.effective_date < month.end),
    )


def _day(reference: str) -> date | None:
    """The pay date that a reference begins with."""
    try:
        return date.fromisoformat(reference[:10])
    except ValueError:
        return None


def _part(reference: str) -> str:
    """The part of the pay that a reference names after its pay date; empty where it names none."""
    part = reference[11:].partition("/")[0] if _day(reference) and reference[10:11] == "/" else ""
    return part if part in _PARTS else ""


def _newest(session: Session, conditions: Sequence[ColumnElement[bool]]) -> list[str]:
    query = select(entry.c.entry_id, entry.c.seq).join(leg, _OF_LEG).where(*conditions).distinct()
    return [row.entry_id for row in reversed(session.rows(query.order_by(entry.c.seq.desc()).limit(MOST)))]


def _must_concern(session: Session, row: Row[Any], named: Sequence[str]) -> None:
    """What is named has to be posted, and about the person, plan and pay date of the difference where it says any."""
    if not named:
        return
    entries = session.rows(
        select(entry.c.entry_id, entry.c.status, _taken_back().label("gone")).where(
            *session.where(entry), session.among(entry.c.entry_id, named)
        )
    )
    for one in entries:
        if one.status != "posted" or one.gone:
            raise DataError(
                f"{one.entry_id} was taken back" if one.gone else f"{one.entry_id} is {one.status}, not posted",
                where=row.difference_id, mend="Name the entry that stands: see `benehub ledger journal`",
            )  # fmt: skip
    rows = session.rows(
        select(leg.c.entry_id, leg.c.person_id, leg.c.plan, leg.c.pay_date)
        .where(leg.c.employer_id == session.employer, session.among(leg.c.entry_id, named))
        .distinct()
    )
    # What goes wrong at one pay is often made good with a later one; of nobody by name is the whole pay date alone.
    day = _day(row.reference) if row.person_id is None else None
    for what, column, wanted in (
        ("somebody else", "person_id", row.person_id), ("another plan", "plan", row.plan),
        ("another pay date", "pay_date", day),
    ):  # fmt: skip
        for entry_id in named if wanted is not None else ():
            about = {getattr(one, column) for one in rows if one.entry_id == entry_id} - {None}
            if about and wanted not in about:
                raise DataError(
                    f"{entry_id} is about {what}", where=row.difference_id,
                    mend="Name an entry of the difference's employee, plan and pay date: see `benehub ledger journal`",
                )  # fmt: skip
