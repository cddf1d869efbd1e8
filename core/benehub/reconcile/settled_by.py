"""Which ledger entries settle a difference: a word that money is right says by which, or the hub finds them itself.

The nearest source speaks alone: what was made for this very difference, else what was posted since it was found, or
returned, for the pay date and part that it names, else for its month. An entry that only expects is none of them, nor
is one that was taken back, nor what has settled it before it returned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, or_, select, true

from benehub.errors import DataError
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.reconcile.findings import Relation, Type
from benehub.reconcile.fix_entries import MOST, settling_all
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import SOURCED, difference, difference_event, entry, leg

_OF_LEG = and_(entry.c.employer_id == leg.c.employer_id, entry.c.entry_id == leg.c.entry_id)

_PARTS = ("employee", "employer", "pretax", "roth", "posttax", "loan", "match", "qnec")
"""Parts of a pay by which legs are told apart."""

_OWES = ("deduction.withheld", "match.accrued", "match.true_up", "contribution.accrued")
"""Entries by which more is owed to a vendor: none of them settles what was not sent."""

_SHUT = ("resolved", "dismissed", "suppressed")


@dataclass(frozen=True, slots=True)
class _Told:
    """What its history says: the number it was found or returned at, and the entries that were named since.

    `since` is a time where it returned before that number was kept (empty: it did not). `before` are the entries that
    had closed it earlier.
    """

    seq: int
    since: str
    named: tuple[str, ...]
    before: frozenset[str]


def settled_by(session: Session, row: Row[Any], named: Sequence[str]) -> list[str]:
    """The entries of a person's word that a difference is settled: those he names, else those that are found.

    None where nothing is at stake (a name that differs): there is no money for an entry to move.

    Raises:
        DataError: money or hours are at stake, none is named and none is found; one named is about somebody else; or
            they move less than is at stake.
    """
    _must_concern(session, row, named)
    found = list(named) or proposed(session, row)
    _must_move_enough(session, row, found)
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
    return proposed_of(session, [row])[row.difference_id]


def found_at(session: Session, row: Row[Any]) -> int:
    """How far had been read when it was found, or found again, last: what was posted since may have settled it."""
    return _histories(session, [row])[row.difference_id].seq


def proposed_of(session: Session, rows: Sequence[Row[Any]]) -> dict[str, list[str]]:
    """The same for many at once: difference -> entries. What it asks grows with chunks of them, not with each."""
    found: dict[str, list[str]] = {}
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        histories = _histories(session, part)
        found |= _made_for_them(session, part, histories)
        rest = [row for row in part if not found.get(row.difference_id)]
        found |= _posted_since(session, [row for row in rest if row.person_id is not None], histories)
        # What is of nobody by name is one of a pay date and plan: there are few.
        nobody = [row for row in rest if row.person_id is None]
        found |= {row.difference_id: _of_nobody(session, row, histories[row.difference_id]) for row in nobody}
    return found


def _made_for_them(
    session: Session, rows: Sequence[Row[Any]], histories: Mapping[str, _Told]
) -> dict[str, list[str]]:  # fmt: skip
    """What notes on each name, what its fixes made and sent, and what was posted for it (lost earnings)."""
    made = settling_all(session, [row.difference_id for row in rows])
    late = [row.difference_id for row in rows if row.type == Type.LATE]
    for one in _sourced(session, late):
        told = histories[one.source]
        if one.seq > told.seq and one.recorded_at >= told.since:
            made.setdefault(one.source, []).append(one.entry_id)
    wanted = {name: list(dict.fromkeys([*told.named, *made.get(name, ())])) for name, told in histories.items()}
    ids = {one for some in wanted.values() for one in some}
    good = {one.entry_id: one for one in _posted(session, ids)}
    return {
        name: [
            one for one in some
            if one in good and (one in histories[name].named or _stands_since(good[one], histories[name]))
        ][-MOST:]
        for name, some in wanted.items()
    }  # fmt: skip


def _sourced(session: Session, late: Sequence[str]) -> Sequence[Row[Any]]:
    """What was posted for these differences, in its order."""
    if not late:
        return ()
    query = select(entry.c.source, entry.c.entry_id, entry.c.seq, entry.c.recorded_at)
    mine = (*session.where(entry), SOURCED, session.among(entry.c.source, late))
    return session.rows(query.where(*mine).order_by(entry.c.seq))


def _posted(session: Session, ids: Iterable[str]) -> Sequence[Row[Any]]:
    """Those of the entries that are posted and were not taken back."""
    wanted = sorted(ids)
    if not wanted:
        return ()
    first = entry.alias("first")
    return session.rows(
        select(*_TOLD, *_of_first(first))
        .outerjoin(first, _reversed_by(first))
        .where(*session.where(entry, status="posted"), session.among(entry.c.entry_id, wanted), ~_taken_back())
    )


_TOLD = (entry.c.entry_id, entry.c.type, entry.c.seq, entry.c.recorded_at, entry.c.effective_date)


def _of_first(first: Any) -> tuple[ColumnElement[Any], ...]:
    """When the entry that one takes back was recorded."""
    return first.c.seq.label("of_seq"), first.c.recorded_at.label("of_at")


def _reversed_by(first: Any) -> ColumnElement[bool]:
    return and_(first.c.employer_id == entry.c.employer_id, first.c.entry_id == entry.c.reverses_id)


def _stands_since(one: Row[Any], told: _Told) -> bool:
    """As `_stands`, of an entry that is here."""
    if one.seq <= told.seq or one.recorded_at < told.since or one.entry_id in told.before:
        return False
    return one.of_seq is None or one.of_seq <= told.seq or one.of_at < told.since


def _histories(session: Session, rows: Sequence[Row[Any]]) -> dict[str, _Told]:
    """What was said of each since it was last found, apart from what was said before."""
    said: dict[str, list[Row[Any]]] = {row.difference_id: [] for row in rows}
    event = difference_event.c
    for one in session.rows(
        select(event.difference_id, event.at, event.state, event.entries, event.seq)
        .where(*session.where(difference_event), session.among(event.difference_id, list(said)))
        .order_by(event.difference_id, event.event_no)
    ):
        said[one.difference_id].append(one)
    return {row.difference_id: _history(row, said[row.difference_id]) for row in rows}


def _history(row: Row[Any], events: Sequence[Row[Any]]) -> _Told:
    seq, since, was, named, before = int(row.first_seq), "", "", list[str](), set[str]()
    for event in events:
        if (not was or was in _SHUT) and event.state not in _SHUT:
            # How far the comparison had read that found it, which may be less than its own number.
            # Told by number; one from before that was kept, by its time.
            seq, since = (int(event.seq), "") if event.seq is not None else (seq, event.at if was else "")
        if not was or (was in _SHUT and event.state not in _SHUT):
            named = []
        if event.state in _SHUT:
            before.update(event.entries)
        named += event.entries
        was = event.state
    return _Told(seq, since, tuple(named), frozenset(before))


def _stands(told: _Told) -> tuple[ColumnElement[bool], ...]:
    """Entries that are posted since, have not settled it before, and neither are taken back nor take one back again."""
    first = entry.alias("first")
    pair = exists().where(
        first.c.employer_id == entry.c.employer_id, first.c.entry_id == entry.c.reverses_id,
        first.c.seq > told.seq, first.c.recorded_at >= told.since,
    )  # fmt: skip
    return (
        entry.c.seq > told.seq, entry.c.recorded_at >= told.since,
        entry.c.entry_id.not_in(sorted(told.before)), ~_taken_back(), ~pair,
    )  # fmt: skip


def _taken_back() -> ColumnElement[bool]:
    back = entry.alias("back")
    return exists().where(back.c.employer_id == entry.c.employer_id, back.c.reverses_id == entry.c.entry_id)


def _of_nobody(session: Session, row: Row[Any], told: _Told) -> list[str]:
    """What was posted since it was found about all who were paid on its pay date, in its plan; of a payment, for it."""
    day, part = _day(row.reference), _part(row.reference)
    if row.type == Type.REMITTED_NOT_CONFIRMED:
        sent = row.reference.rpartition("/")[2]
        conditions = [*_counted(session), leg.c.account == chart.CARRIER_TRANSIT, leg.c.batch == sent, *_stands(told)]
    elif not day or not row.plan:
        return []
    else:
        conditions = [*_counted(session), leg.c.plan == row.plan, leg.c.pay_date == day, *_stands(told)]
    if part:
        conditions.append(or_(leg.c.money_source.is_(None), leg.c.money_source == part))
    if row.type == Type.WITHHELD_NOT_DEPOSITED:
        conditions.append(entry.c.type.not_in(_OWES))
    query = select(entry.c.entry_id, entry.c.seq).join(leg, _OF_LEG).where(*conditions).distinct()
    return [one.entry_id for one in reversed(session.rows(query.order_by(entry.c.seq.desc()).limit(MOST)))]


def _counted(session: Session) -> list[ColumnElement[bool]]:
    return [
        leg.c.employer_id == session.employer, leg.c.account.in_(list(chart.CHART)), leg.c.posted_as.is_not(None),
    ]  # fmt: skip


def _posted_since(
    session: Session, rows: Sequence[Row[Any]], histories: Mapping[str, _Told]
) -> dict[str, list[str]]:  # fmt: skip
    """What was posted about the person of each (and its plan) since it was found: of its pay date, else its month."""
    theirs: dict[str, list[Row[Any]]] = defaultdict(list)
    for one in _legs_of(session, rows, histories):
        theirs[one.person_id].append(one)
    return {
        row.difference_id: _nearest(row, theirs.get(row.person_id, ()), histories[row.difference_id]) for row in rows
    }


def _legs_of(session: Session, rows: Sequence[Row[Any]], histories: Mapping[str, _Told]) -> Iterator[Row[Any]]:
    """Legs of the persons of these differences that may settle one of them, in the order they were recorded."""
    if not rows:
        return
    first = entry.alias("first")
    cover = [row.period[:7] for row in rows if row.relation == Relation.COVERAGE]
    since = [histories[row.difference_id].seq for row in rows if row.relation != Relation.COVERAGE]
    either = [entry.c.seq > min(since)] if since else []
    either += [leg.c.coverage_month >= min(cover)] if cover else []
    plans = {row.plan for row in rows}
    named = true() if None in plans else leg.c.plan.in_(sorted(plans))
    names = ("person_id", "plan", "money_source", "coverage_month", "pay_date")
    query = (
        select(*_TOLD, *_of_first(first), *(leg.c[name] for name in names))
        .join(leg, _OF_LEG)
        .outerjoin(first, _reversed_by(first))
        .where(
            *_counted(session), session.among(leg.c.person_id, sorted({row.person_id for row in rows})), named,
            or_(*either), ~_taken_back(),
        )
        .distinct()
        .order_by(entry.c.seq)
    )  # fmt: skip
    yield from session.connection.execute(query.execution_options(yield_per=1000))


def _nearest(row: Row[Any], legs: Sequence[Row[Any]], told: _Told) -> list[str]:
    part, day = _part(row.reference), _day(row.reference)
    mine = [
        one for one in legs
        if (not row.plan or one.plan == row.plan) and (not part or one.money_source in (None, part))
    ]  # fmt: skip
    if row.relation == Relation.COVERAGE:
        # Cover stands as it was paid for: what was taken settles that, and was there before.
        return _newest(one for one in mine if one.coverage_month and one.coverage_month >= row.period[:7])
    mine = [one for one in mine if _stands_since(one, told)]
    if row.type == Type.WITHHELD_NOT_DEPOSITED:
        mine = [one for one in mine if one.type not in _OWES]
    near = _newest(one for one in mine if one.pay_date == day) if day else []
    return near or _newest(one for one in mine if _in_month(one, Month.parse(row.period[:7])))


def _in_month(one: Row[Any], month: Month) -> bool:
    if one.coverage_month == str(month) or (one.pay_date is not None and month.first <= one.pay_date < month.end):
        return True
    undated = one.coverage_month is None and one.pay_date is None
    return undated and month.first <= one.effective_date < month.end


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


def _newest(legs: Iterable[Row[Any]]) -> list[str]:
    return list(dict.fromkeys(one.entry_id for one in legs))[-MOST:]


def _must_concern(session: Session, row: Row[Any], named: Sequence[str]) -> None:
    """What is named has to be posted, and about the person, plan and pay date of the difference where it says any."""
    if not named:
        return
    entries = session.rows(
        select(entry.c.entry_id, entry.c.type, entry.c.status, _taken_back().label("gone")).where(
            *session.where(entry), session.among(entry.c.entry_id, named)
        )
    )
    for one in entries:
        if one.status != "posted" or one.gone:
            raise DataError(
                f"{one.entry_id} was taken back" if one.gone else f"{one.entry_id} is {one.status}, not posted",
                where=row.difference_id, mend="Name the entry that stands: see `benehub ledger journal`",
            )  # fmt: skip
        if row.type == Type.WITHHELD_NOT_DEPOSITED and one.type in _OWES:
            raise DataError(
                f"{one.entry_id} says that more is owed, and deposits nothing", where=row.difference_id,
                mend="Name the entry of the deposit or of what was given back: see `benehub ledger journal`",
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


def _must_move_enough(session: Session, row: Row[Any], found: Sequence[str]) -> None:
    """What settles a person's difference has to move what is at stake, in its unit, and settles no second one.

    Of what is of nobody by name, and of a year, the entries are too many to be named each.
    """
    if row.person_id is None or not row.at_stake or not found or row.relation not in _HELD_TO_AMOUNTS:
        return
    moved = _moved(session, row, found)
    spent = _spent(session, row, [one for one, mine in moved.items() if mine.own])
    left = sum(one.amount for one in moved.values()) - spent
    if left >= row.at_stake:
        return
    names = ", ".join(found[:3])
    what = f"{names} moved less than is at stake"
    if spent:
        what = f"{names} settled another difference already, and what is left is less than is at stake"
    raise DataError(
        what, where=row.difference_id,
        mend="Name all the entries that made it right, compare again so that it closes by itself once both sides "
        "agree, or dismiss it and say why",
    )  # fmt: skip


_HELD_TO_AMOUNTS = (Relation.PAYROLL, Relation.PREMIUM, Relation.RETIREMENT, Relation.ACCOUNTS, Relation.LEAVE)


@dataclass(slots=True)
class _Moved:
    """What an entry moves for a person and plan, in a unit; `own` where it names the person."""

    amount: int = 0
    own: bool = False


def _moved(session: Session, row: Row[Any], found: Sequence[str]) -> dict[str, _Moved]:
    """Entry -> what it moves for the difference: the larger of its two sides, of the person's own legs if it has any.

    What payroll took or gave back counts by its direction: a refund makes nothing good that was not taken.
    """
    sides: dict[tuple[str, bool], list[int]] = {}
    pay: dict[str, int] = {}
    toward = 1 if (row.expected or 0) > (row.actual or 0) else -1
    for one in session.rows(
        select(leg.c.entry_id, leg.c.person_id, leg.c.account, leg.c.amount).where(
            leg.c.employer_id == session.employer, session.among(leg.c.entry_id, found), leg.c.unit == row.unit,
            or_(leg.c.person_id.is_(None), leg.c.person_id == row.person_id),
            or_(leg.c.plan.is_(None), leg.c.plan == row.plan) if row.plan else true(),
        )
    ):  # fmt: skip
        both = sides.setdefault((one.entry_id, one.person_id is not None), [0, 0])
        both[one.amount > 0] += abs(one.amount)
        if row.relation == Relation.PAYROLL and one.account == chart.PAYROLL_CLEARING:
            made = toward * one.amount
            # What is taken as another class of the same plan is given back and taken: what is taken rightly counts.
            counts = max(0, made) if row.type == Type.WRONG_TAX_CLASS else made
            pay[one.entry_id] = pay.get(one.entry_id, 0) + counts
    moved: dict[str, _Moved] = {}
    for (entry_id, own), both in sorted(sides.items()):
        # A person's own legs come last, and stand.
        moved[entry_id] = _Moved(pay.get(entry_id, max(both)), own)
    return moved


def _spent(session: Session, row: Row[Any], entries: Sequence[str]) -> int:
    """What a person has said that these entries settled of other differences of the same relation, person and plan."""
    others = session.rows(
        select(difference.c.difference_id, difference.c.at_stake, difference_event.c.entries)
        .join(
            difference_event,
            and_(difference_event.c.employer_id == difference.c.employer_id,
                 difference_event.c.difference_id == difference.c.difference_id),
        )
        .where(
            *session.where(difference, relation=row.relation, person_id=row.person_id, unit=row.unit, state="resolved"),
            difference.c.difference_id != row.difference_id, difference_event.c.state == "resolved",
            difference_event.c.who != "benehub",
            difference.c.plan == row.plan if row.plan else true(),
        )
    ) if entries else ()  # fmt: skip
    return sum({one.difference_id: one.at_stake for one in others if set(one.entries) & set(entries)}.values())
