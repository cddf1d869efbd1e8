"""Which ledger entries settle a difference: a word that money is right says by which, or the hub finds them itself.

The nearest source speaks alone: what was made for this very difference, else what was posted since it was found for
the pay date that it names, else for its month. An entry that only expects is none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select

from benehub.errors import DataError
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.reconcile.findings import Relation
from benehub.reconcile.fix_entries import MOST, settling
from benehub.store import Session
from benehub.store.tables import difference_event, entry, leg

_OF_LEG = and_(entry.c.employer_id == leg.c.employer_id, entry.c.entry_id == leg.c.entry_id)


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
    return _made_for_it(session, row) or _posted_since(session, row)


def _made_for_it(session: Session, row: Row[Any]) -> list[str]:
    """What notes on it name (lost earnings, by the flow that posted them), and what its fixes made and sent."""
    said = session.rows(
        select(difference_event.c.entries)
        .where(*session.where(difference_event, difference_id=row.difference_id))
        .order_by(difference_event.c.event_no)
    )
    named = [one for event in said for one in event.entries]
    return list(dict.fromkeys([*named, *settling(session, row.difference_id)]))[-MOST:]


def _posted_since(session: Session, row: Row[Any]) -> list[str]:
    """What was posted about its person (and plan) since it was found, for its pay date, else for its month."""
    if row.person_id is None:
        return []
    conditions: list[ColumnElement[bool]] = [
        leg.c.employer_id == session.employer, leg.c.account.in_(list(chart.CHART)), leg.c.person_id == row.person_id,
        leg.c.posted_as.is_not(None),
    ]  # fmt: skip
    if row.plan:
        conditions.append(leg.c.plan == row.plan)
    if row.relation == Relation.COVERAGE:
        # Cover stands as it was paid for: what was taken settles that, and was there before.
        return _newest(session, [*conditions, leg.c.coverage_month >= row.period[:7]])
    conditions.append(entry.c.seq > row.first_seq)
    day = _day(row.reference)
    found = _newest(session, [*conditions, leg.c.pay_date == day]) if day else []
    return found or _newest(session, [*conditions, _in_month(Month.parse(row.period[:7]))])


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


def _newest(session: Session, conditions: Sequence[ColumnElement[bool]]) -> list[str]:
    query = select(entry.c.entry_id, entry.c.seq).join(leg, _OF_LEG).where(*conditions).distinct()
    return [row.entry_id for row in reversed(session.rows(query.order_by(entry.c.seq.desc()).limit(MOST)))]


def _must_concern(session: Session, row: Row[Any], named: Sequence[str]) -> None:
    """An entry that is about persons has to be about the one of the difference."""
    if row.person_id is None or not named:
        return
    query = select(leg.c.entry_id, leg.c.person_id).where(
        leg.c.employer_id == session.employer, leg.c.entry_id.in_(list(named)), leg.c.person_id.is_not(None)
    )
    about: dict[str, set[str]] = {}
    for one in session.rows(query.distinct()):
        about.setdefault(one.entry_id, set()).add(one.person_id)
    for entry_id, persons in about.items():
        if row.person_id not in persons:
            raise DataError(
                f"{entry_id} is about somebody else", where=row.difference_id,
                mend="Name an entry of the difference's employee: see `benehub ledger journal --employee`",
            )  # fmt: skip
