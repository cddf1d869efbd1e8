"""Premium that a person has dismissed: it leaves the carrier's account, and comes back to it with the difference.

A dismissed difference of a bill is money that nobody pays and nobody claims. It would stand in the account of what is
owed to the carrier for ever, so it is posted out of it while the word stands: less than one unit of the currency to
rounding, more to the employer's cost, which was higher or lower by it. Where a comparison finds another amount, or the
difference no more, the posting is taken back; so where the roster's word is dismissed and a bill comes that says what
was accrued (see `reconcile.payable`). Above the amount for which a fix needs a second person (see `reconcile.fixes`) it
takes two persons' words.

Nothing is posted where the hub bills itself: there the carrier is paid what was accrued, whatever its bill says.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select

from benehub import ledger
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.money import EXPONENT
from benehub.planbook import PlanBook
from benehub.reconcile import carriers
from benehub.reconcile.differences import history
from benehub.reconcile.fixes import needs_second, same_person
from benehub.reconcile.payable import GIVEN_UP, held
from benehub.reconcile.unpaid import unpaid
from benehub.store import Session
from benehub.store.tables import act, comparison, difference, entry, leg

WORD = "dismiss"
"""What a person's word is called among the acts on it: a second one may be needed."""
AT_RISK = "PREMIUM_AT_RISK"

NO_MONEY = (
    "WRONG_TAX_CLASS", "WRONG_SOURCE", "LATE", AT_RISK, "EMPLOYER_LINE_DIFF", "WITHHELD_NOT_DEPOSITED",
    "REMITTED_NOT_CONFIRMED",
    "EARNINGS_NOT_DEPOSITED", "FEE", "CASH_APPLICATION", "WRONG_PERIOD", "LOAN_IN_CONTRIB",
    "FORFEITURE_OFFSET", "COMP_DIFF", "DEPOSITED_OVER", "OVER_LIMIT",
)  # fmt: skip
"""Differences that leave no money in the accounts of their relation."""
NAMED = ("WITHHELD_NOT_DEPOSITED", "DEPOSITED_OVER", "REMITTED_NOT_CONFIRMED")
"""Those that explain what stands in another account than their relation's."""


def still_dismissed() -> ColumnElement[bool]:
    """Whether a difference is dismissed and the last comparison of its month found it still: its money is there."""
    since = (
        select(comparison.c.seq)
        .where(
            comparison.c.employer_id == difference.c.employer_id, comparison.c.relation == difference.c.relation,
            comparison.c.period == func.substr(difference.c.period, 1, 7),
        )
        .scalar_subquery()
    )  # fmt: skip
    return and_(difference.c.state == "dismissed", difference.c.last_seq >= func.coalesce(since, 0))


def restate(session: Session, book: PlanBook, period: str) -> None:
    """Make what is posted of a month's dismissed bills be what is dismissed of them now."""
    wanted = [
        _entry(session, row, gap)
        for row, gap in _dismissed(session, book, difference.c.period == period)
        if _by_enough(session, book, row, gap)
    ]
    keys = {one.key for one in wanted}
    gone = [one for one in _standing(session, leg.c.coverage_month == period) if one.key not in keys]
    if wanted or gone:
        ledger.restate(session, [*wanted, *gone])


def alone(session: Session, book: PlanBook, periods: ColumnElement[bool]) -> Iterator[Row[Any]]:
    """Dismissed differences that are above the amount one person may give up, and one has dismissed.

    Of bills, and of all that is not posted out but explains what stands in an account: what was not paid in time, a
    payment nobody confirms, what is dismissed of a register, a trust or a custodian.
    """
    found = [*_dismissed(session, book, periods), *_unpaid(session, book, periods), *_named(session, book, periods)]
    return (row for row, gap in found if not _by_enough(session, book, row, gap))


def _unpaid(session: Session, book: PlanBook, periods: ColumnElement[bool]) -> list[tuple[Row[Any], int]]:
    rows = session.rows(
        select(difference).where(
            *session.where(difference, relation="premium", type=AT_RISK), still_dismissed(), periods
        )
    )
    whose = {carriers.told_by(book, row)[0] for row in rows}
    # A month that was paid since is not always compared again.
    rest = (
        {(one.month, f"{one.carrier}/{one.reference or '-'}") for one in unpaid(session, book, whose)} if rows else ()
    )
    return [(row, row.at_stake) for row in rows if (row.period, row.reference) in rest]


def _named(session: Session, book: PlanBook, periods: ColumnElement[bool]) -> list[tuple[Row[Any], int]]:
    rows = session.rows(
        select(difference).where(
            *session.where(difference, unit=book.employer.currency), still_dismissed(), periods,
            or_(difference.c.relation.in_(("payroll", "retirement", "accounts")),
                difference.c.type == "REMITTED_NOT_CONFIRMED"),
            or_(difference.c.type.not_in(NO_MONEY), difference.c.type.in_(NAMED)),
        )
    )  # fmt: skip
    return [(row, row.at_stake) for row in rows]


def posted(session: Session) -> set[str]:
    """The differences whose money stands posted out; of one that was dismissed earlier the next comparison does it."""
    return {one.source for one in _standing(session)}


def _dismissed(session: Session, book: PlanBook, periods: ColumnElement[bool]) -> Iterator[tuple[Row[Any], int]]:
    """What is dismissed and leaves money with a carrier that is paid by its bills, each with how much."""
    rows = session.rows(
        select(difference).where(*session.where(difference, relation="premium"), still_dismissed(), periods)
    )
    gaps = held(session, book, rows)
    return ((row, gaps[row.difference_id]) for row in rows if gaps[row.difference_id] and leaves_money(book, row))


def leaves_money(book: PlanBook, row: Row[Any]) -> bool:
    """Whether what it holds is of one plan, and of a carrier that is paid by its bills."""
    if row.plan is None or row.type in NO_MONEY:
        return False
    carrier, _ = carriers.told_by(book, row)
    return book.terms(carrier).pay_policy != "pay_as_enrolled"


def _by_enough(session: Session, book: PlanBook, row: Row[Any], gap: int) -> bool:
    """Whether as many persons dismissed it as its amount asks for."""
    if not needs_second(abs(gap), book.guards.alone_up_to_minor):
        return True
    first = _dismissal(session, row)
    words = session.rows(
        select(act.c.who).where(
            *session.where(act, subject=row.difference_id, what=WORD), act.c.at >= first.at
        )
    )  # fmt: skip
    return any(not same_person(first.who, one.who) for one in words)


def _dismissal(session: Session, row: Row[Any]) -> Row[Any]:
    """The word by which it was dismissed, since it was last anything else."""
    said: list[Row[Any]] = list(
        takewhile(lambda one: one.state == "dismissed", reversed(history(session, row.difference_id)))
    )
    return said[-1]


def _entry(session: Session, row: Row[Any], gap: int) -> NewEntry:
    told = _dismissal(session, row)
    of: dict[str, Any] = {"person_id": row.person_id, "plan": row.plan, "coverage_month": row.period}
    other = (
        Leg(chart.ROUNDING, row.unit, -gap, **of)
        if abs(gap) < 10 ** EXPONENT[row.unit]  # one unit of the currency
        else Leg(chart.BENEFIT_COST, row.unit, -gap, money_source="employer", **of)
    )
    legs = (Leg(chart.PREMIUM_PAYABLE, row.unit, gap, **of), other)
    return NewEntry(_key(row.difference_id), GIVEN_UP, session.day_of(told.at), legs, row.difference_id)


def _key(difference_id: str) -> str:
    return f"given-up/{difference_id}"


def _standing(session: Session, *which: ColumnElement[bool]) -> Iterator[NewEntry]:
    """What stands posted, as entries without legs: they take it back."""
    back = entry.alias("back")
    taken_back = exists().where(back.c.employer_id == entry.c.employer_id, back.c.reverses_id == entry.c.entry_id)
    rows = session.rows(
        select(entry.c.source, entry.c.effective_date)
        .join(leg, (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id))
        .where(
            *session.where(entry, type=GIVEN_UP), ~taken_back,
            leg.c.account == chart.PREMIUM_PAYABLE, *which,
        )
    )  # fmt: skip
    for row in rows:
        yield NewEntry(_key(row.source), GIVEN_UP, row.effective_date, (), row.source)
