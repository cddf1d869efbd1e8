"""Late deposits: what they have cost the participants, worked out from the difference and posted as owed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from benehub import ledger, reconcile
from benehub.engine import Steps
from benehub.errors import DataError
from benehub.facts.explanations import save
from benehub.flows.hub import Hub
from benehub.flows.retirement import due
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.money import format_minor
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import corrected
from benehub.reconcile.findings import Type
from benehub.reconcile.not_contributions import deposited_here
from benehub.rules.base import Calculation
from benehub.rules.retirement.lost_earnings import LostEarnings, lost_earnings
from benehub.store import Session
from benehub.store.tables import confirmation

OWN = ("pretax", "roth", "loan")
"""Only what was withheld from pay is plan money from its due day on; a late match is none."""


def post(hub: Hub, steps: Steps, employer: str, difference_id: str, paid_on: str = "") -> dict[str, Any]:
    """Post the lost earnings of a LATE difference, each participant's part; again with the same day changes nothing.

    Raises:
        DataError: no such difference, one of another type, or a payment day before the receipt.
        ConfigError: the rate of a quarter is not loaded.
    """
    day = date.fromisoformat(paid_on) if paid_on else None
    return steps.step("lost earnings", _post, hub, employer, difference_id, day)


def _post(hub: Hub, employer: str, difference_id: str, paid_on: date | None) -> dict[str, Any]:
    with hub.store.write(employer) as session:
        return post_in(session, hub.book(session), reconcile.get(session, difference_id), paid_on)


def post_in(session: Session, book: PlanBook, row: Row[Any], paid_on: date | None = None) -> dict[str, Any]:
    """As `post`, in a transaction of the caller's.

    Raises:
        DataError: the difference is no late deposit.
        ConfigError: the rate of a quarter is not loaded.
    """
    answers = of_difference(session, book, row, paid_on)
    ids = save(session, [answer for _, answer in answers], book.version)
    entries: list[NewEntry] = []
    for number, (late, answer) in enumerate(answers):
        made = _entries(book, row, late, answer, paid_on)
        entries += [replace(entry, explanation_id=ids[number]) for entry in made]
    done = ledger.restate(session, entries)
    result = summary(answers)
    if done.new or done.corrected:
        total = format_minor(result["total_minor"], book.employer.currency)
        note = f"lost earnings of {total} are owed to the plan; {'; '.join(result['tasks'])}"[:500]
        reconcile.act(session, row.difference_id, "benehub", step="fix_proposed", note=note, entries=ids)
    return {**result, "new": done.new, "corrected": done.corrected, "unchanged": done.unchanged}


def of_difference(
    session: Session, book: PlanBook, row: Row[Any], paid_on: date | None
) -> list[tuple[Sequence[Row[Any]], Calculation[LostEarnings]]]:
    """Lost earnings by day of receipt: the late credits of that day, and what they have lost together.

    Apart from them what a corrected register added: it was due by a later day.

    Raises:
        DataError: the difference is no late deposit.
    """
    if row.type != Type.LATE.value:
        raise DataError(
            f"difference {row.difference_id} is {row.type}, no late deposit",
            mend="Name one of type LATE: benehub differences list",
        )
    pay_date = date.fromisoformat(row.reference)
    plan = book.plan(row.plan)
    when = due(book, plan, pay_date)
    whom = corrected.with_credit_after(session, plan.id, pay_date, when.due)
    later = corrected.told_later(session, plan.id, pay_date, when.due, whom)
    known = {one.row_key: day for one, day in corrected.credited(session, plan, pay_date, later)}
    late: dict[tuple[date, date], list[Row[Any]]] = {}
    for one in session.rows(
        select(confirmation)
        .where(
            *session.where(confirmation, kind="credit", plan=row.plan, pay_date=pay_date, current=1),
            confirmation.c.part.in_(OWN),
            deposited_here([plan]),
            confirmation.c.on_date > when.due,
            confirmation.c.person_id.is_not(None),
        )
        .order_by(confirmation.c.on_date, confirmation.c.person_id, confirmation.c.part, confirmation.c.row_key)
    ):
        own = due(book, plan, known.get(one.row_key, pay_date))
        # Within the small plan's safe harbor the money counts as paid in time: nothing is lost.
        if one.on_date > max(own.due, own.safe_harbor or own.due):
            late.setdefault((one.on_date, own.due), []).append(one)
    return [
        (
            credits,
            lost_earnings(
                principal_minor=sum(one.amount for one in credits),
                loss_date=owed,
                recovery_date=received,
                final_payment_date=paid_on,
            ),
        )
        for (received, owed), credits in late.items()
    ]


def summary(answers: Sequence[tuple[Sequence[Row[Any]], Calculation[LostEarnings]]]) -> dict[str, Any]:
    """Sums in minor units over all days of receipt, and what has to be filed."""
    results = [answer.required() for _, answer in answers]
    tasks = dict.fromkeys(task for one in results for task in one.tasks)
    return {
        "principal_minor": sum(one.amount for credits, _ in answers for one in credits),
        "lost_earnings_minor": sum(one.lost_earnings_minor for one in results),
        "interest_minor": sum(one.interest_minor for one in results),
        "total_minor": sum(one.total_minor for one in results),
        "participants": len({one.person_id for credits, _ in answers for one in credits}),
        "tasks": list(tasks),
    }


def _entries(
    book: PlanBook, row: Row[Any], credits: Sequence[Row[Any]], answer: Calculation[LostEarnings], paid_on: date | None
) -> list[NewEntry]:
    """One entry a credit: shares of the whole by principal, which sum to it exactly."""
    total, principal = answer.required().total_minor, sum(one.amount for one in credits)
    unit, entries, before, given = book.employer.currency, [], 0, 0
    for one in credits:
        before += one.amount
        share = _falls_to(total, before, principal) - given
        given += share
        dims = (one.person_id, one.plan, one.part, str(Month.of(one.pay_date)), one.pay_date)
        legs = (Leg(chart.LOST_EARNINGS, unit, share, *dims), Leg(chart.EARNINGS_PAYABLE, unit, -share, *dims))
        key = f"lost-earnings/{row.difference_id}/{one.row_key}"
        day = paid_on or one.on_date
        entries.append(NewEntry(key, "lost_earnings.accrued", day, legs if share else (), row.difference_id))
    return entries


def _falls_to(total: int, part: int, whole: int) -> int:
    """What of `total` falls to the first `part` of `whole`, half up."""
    return (2 * total * part + whole) // (2 * whole) if whole else 0
