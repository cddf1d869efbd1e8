"""What was contributed to retirement plans in a year, opening entries of a join in mid-year included."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select

from benehub.ledger import accounts as chart
from benehub.store import Session
from benehub.store.tables import entry, leg

OPENED = ("opening.deferral",)
DEFERRED = ("deduction.withheld", "deduction.withheld.reversed", *OPENED)
MATCHED = ("match.accrued", "match.accrued.reversed", "match.true_up", "match.true_up.reversed")
MADE_UP = ("correction.accrued", "correction.accrued.reversed")


def deferred(session: Session, year: int, person_id: str = "") -> dict[str, int]:
    """Minor units each person deferred on the pay dates of a calendar year, or the one person named."""
    return _of_year(session, year, chart.DEFERRAL_PAYABLE, DEFERRED, person_id)


def opened(session: Session, year: int, person_id: str) -> int:
    """The part of it that was told as a sum when the hub began; minor units."""
    return _of_year(session, year, chart.DEFERRAL_PAYABLE, OPENED, person_id).get(person_id, 0)


def matched(session: Session, year: int, person_id: str = "") -> dict[str, int]:
    """Minor units each person was matched on the pay dates of a calendar year, or the one person named."""
    return _of_year(session, year, chart.MATCH_PAYABLE, MATCHED, person_id)


def made_up(session: Session, year: int, person_id: str = "") -> dict[str, int]:
    """QNEC, and the match that went with what was missed: minor units that became owed to each person in a year."""
    return _of_year(session, year, chart.MATCH_PAYABLE, MADE_UP, person_id)


def _of_year(session: Session, year: int, account: str, types: tuple[str, ...], person_id: str) -> dict[str, int]:
    rows = session.rows(
        select(leg.c.person_id, func.sum(leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == account,
            leg.c.person_id == person_id if person_id else leg.c.person_id.is_not(None),
            entry.c.status == "posted",
            entry.c.type.in_(types),
            entry.c.effective_date >= date(year, 1, 1),
            entry.c.effective_date < date(year + 1, 1, 1),
        )
        .group_by(leg.c.person_id)
    )
    return {row.person_id: -int(row.amount) for row in rows if row.amount}
