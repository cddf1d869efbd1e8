"""Premium that a person has dismissed: it leaves the carrier's account, and comes back to it with the difference.

A dismissed difference of a bill is money that nobody pays and nobody claims. It would stand in the account of what is
owed to the carrier for ever, so it is posted out of it while the word stands: less than one unit of the currency to
rounding, more to the employer's cost, which was higher or lower by it. Where a comparison finds another amount, or the
difference no more, or a person takes the word back, the posting is taken back; so where the roster's word is dismissed
and a bill comes that says what was accrued (see `reconcile.payable`). Above the amount for which a fix needs a second
person (see `reconcile.fixes`) it takes two persons' words.

Nothing is posted where the hub bills itself: there the carrier is paid what was accrued, whatever its bill says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, or_, select

from benehub import ledger
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.money import EXPONENT
from benehub.planbook import PlanBook
from benehub.reconcile import carriers
from benehub.reconcile.fixes import needs_second, same_person
from benehub.reconcile.payable import GIVEN_UP, held, still_dismissed
from benehub.reconcile.unpaid import unpaid
from benehub.store import Session
from benehub.store.tables import act, difference, difference_event, entry, leg

WORD = "dismiss"
"""What a person's word is called among the acts on it: a second one may be needed."""
UNDO = "undo dismissal"
"""What it is called that he takes his word back: no word from before counts for a next one."""
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


def restate(session: Session, book: PlanBook, period: str, only: str = "") -> None:
    """Make what is posted of a month's dismissed bills be what is dismissed of them now; of `only` one, where named."""
    one = [difference.c.difference_id == only] if only else []
    found = list(_dismissed(session, book, and_(difference.c.period == period, *one)))
    words = _words(session, [row for row, _ in found])
    wanted = [
        _entry(session, row, gap, words[row.difference_id])
        for row, gap in found
        if _by_enough(book, gap, words[row.difference_id])
    ]
    keys = {each.key for each in wanted}
    mine = [entry.c.source == only] if only else []
    gone = [each for each in _standing(session, leg.c.coverage_month == period, *mine) if each.key not in keys]
    if wanted or gone:
        ledger.restate(session, [*wanted, *gone])


def alone(session: Session, book: PlanBook, periods: ColumnElement[bool]) -> Iterator[Row[Any]]:
    """Dismissed differences that are above the amount one person may give up, and one has dismissed.

    Of bills, and of all that is not posted out but explains what stands in an account: what was not paid in time, a
    payment nobody confirms, what is dismissed of a register, a trust or a custodian.
    """
    found = [*_dismissed(session, book, periods), *_unpaid(session, book, periods), *_named(session, book, periods)]
    words = _words(session, [row for row, _ in found])
    return (row for row, gap in found if not _by_enough(book, gap, words[row.difference_id]))


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


@dataclass(frozen=True, slots=True)
class _Words:
    """The word by which it was dismissed, since it was last anything else; and who has said so, then and since."""

    at: str
    who: str
    others: tuple[str, ...]


def _words(session: Session, rows: Sequence[Row[Any]]) -> dict[str, _Words]:
    """What was said of each of these dismissed differences: two queries, however many they are."""
    ids = sorted({row.difference_id for row in rows})
    if not ids:
        return {}
    told, said = difference_event.c, act.c
    events, acts = defaultdict[str, list[Row[Any]]](list), defaultdict[str, list[Row[Any]]](list)
    for row in session.rows(
        select(told.difference_id, told.state, told.at, told.who)
        .where(*session.where(difference_event), session.among(told.difference_id, ids))
        .order_by(told.difference_id, told.event_no)
    ):
        events[row.difference_id].append(row)
    for row in session.rows(
        select(said.subject, said.what, said.who, said.at)
        .where(*session.where(act), said.what.in_((WORD, UNDO)), session.among(said.subject, ids))
        .order_by(said.subject, said.act_no)
    ):
        if row.what == UNDO:
            acts[row.subject].clear()
        else:
            acts[row.subject].append(row)
    found = {}
    for one in ids:
        first = list(takewhile(lambda each: each.state == "dismissed", reversed(events[one])))[-1]
        found[one] = _Words(first.at, first.who, tuple(each.who for each in acts[one] if each.at >= first.at))
    return found


def _by_enough(book: PlanBook, gap: int, words: _Words) -> bool:
    """Whether as many persons dismissed it as its amount asks for."""
    if not needs_second(abs(gap), book.guards.alone_up_to_minor):
        return True
    return any(not same_person(words.who, one) for one in words.others)


def _entry(session: Session, row: Row[Any], gap: int, told: _Words) -> NewEntry:
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
