"""Leave owed in money: what is left at the end of employment, as a pay-out payroll has to confirm.

The pay-out is an obligation of its own, pending until the register shows it: approved here, handed to payroll, read
back, and the balance closed by what was really paid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction

from benehub import facts
from benehub.facts import Worker
from benehub.facts.explanations import kept
from benehub.facts.workforce import FULL_TIME_HOURS
from benehub.flows.leave_books import Wanted, available, summed
from benehub.hours import leave_unit
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import FOREVER, Month
from benehub.planbook import LeavePolicy, PlanBook
from benehub.rules.leave.payout import Leaving, PayoutInput, PayoutReason, payout
from benehub.store import Session
from benehub.store.tables import entry as entry_table
from benehub.store.tables import leg

DIFFERENCE = "leave.payout_difference"
EXPECTED = "leave.payout_expected"
GRACE_DAYS = 5
"""Days after a final pay date by which its register must have been read."""


def payouts(
    session: Session, book: PlanBook, policy: LeavePolicy, people: Sequence[Worker], month: Month
) -> Iterator[Wanted]:
    """What is owed on the final check of those whose employment ends in the month, and what it costs beyond the books.

    Leave taken in advance is no pay-out: it is recovered by payroll as far as the law lets, and compared.
    """
    leavers = [worker for worker in people if left_in(worker, month)]
    if not (policy.payout_on_termination and leavers):
        return
    held, values = available(session, policy.id), _accrued_values(session, policy.id)
    calendar = facts.pay_calendar(session, book, month.year)
    for worker in leavers:
        gone = worker.terminated_on
        minutes, rate = (
            held.get(worker.person_id, 0),
            worker.hourly_rate(gone, book.pay_group(worker.pay_group).pays_a_year) if gone else None,
        )
        final = next((one.pay_date for one in calendar[worker.pay_group] if gone and one.end >= gone), None)
        if gone is None or minutes <= 0 or rate is None or final is None:
            continue
        yield from _owed(book, policy, worker, minutes, rate, values.get(worker.person_id, 0), gone, final)


def left_in(worker: Worker, month: Month) -> bool:
    """Whether the employment ended in the month."""
    gone = worker.terminated_on
    return gone is not None and Month.of(gone) == month and worker.employment.effective_to != FOREVER


def _owed(
    book: PlanBook,
    policy: LeavePolicy,
    worker: Worker,
    minutes: int,
    rate: Fraction,
    value: int,
    gone: date,
    final: date,
) -> Iterator[Wanted]:
    # Who gave notice is not known here, so the earlier deadline of a discharge counts.
    done = payout(
        hours=Fraction(minutes, 60), rate=rate, accrued_value_minor=value, kind=policy.kind,
        reason=PayoutReason.TERMINATION, policy_pays=policy.payout_on_termination, currency=book.employer.currency,
        leaving=Leaving(policy.jurisdiction, gone, False, 0, final),
    )  # fmt: skip
    told = kept(done, _asked(book, policy, minutes, rate, value, gone, final))
    owed = done.required()
    unit, counted = book.employer.currency, leave_unit(policy.id)
    dims = (worker.person_id, policy.id, "payout", None, final)
    if not owed.gross_minor:
        return
    legs = (
        Leg(chart.LEAVE_LIABILITY, unit, owed.gross_minor, *dims),
        Leg(chart.PAYROLL_CLEARING, unit, -owed.gross_minor, *dims),
        Leg(chart.LEAVE_SOURCE, counted, minutes, *dims),
        Leg(chart.LEAVE_AVAILABLE, counted, -minutes, *dims),
    )
    key, ended = f"payout/{worker.person_id}/{policy.id}", f"employment ended {gone}"
    due = owed.due_date or final + timedelta(days=GRACE_DAYS)
    expected = NewEntry(key, EXPECTED, final, legs, ended, status="pending", due_date=due)
    yield Wanted(expected, told)
    accrued = (worker.person_id, policy.id, None, None, final)
    owing = owed_legs(book, accrued, dims, value, owed.gross_minor)
    yield Wanted(NewEntry(f"{key}/owed", DIFFERENCE, final, owing, ended), told)


def _asked(
    book: PlanBook, policy: LeavePolicy, minutes: int, rate: Fraction, value: int, gone: date, final: date
) -> PayoutInput:
    """The same as the rule's calculator takes it: a rate with parts of a cent as a year's pay."""
    whole = rate.denominator == 1
    return PayoutInput(
        hours=Fraction(minutes, 60), rate_minor=int(rate) if whole else None,
        annual_pay_minor=None if whole else int(rate * FULL_TIME_HOURS),
        hours_per_year=None if whole else Fraction(FULL_TIME_HOURS), accrued_value_minor=value, kind=policy.kind,
        reason=PayoutReason.TERMINATION, policy_pays=policy.payout_on_termination, jurisdiction=policy.jurisdiction,
        last_day=gone, quit=False, next_pay_date=final, currency=book.employer.currency,
    )  # fmt: skip


def owed_legs(
    book: PlanBook,
    accrued: tuple[str, str, None, None, date],
    paid: tuple[str, str, str, None, date],
    value: int,
    gross: int,
) -> tuple[Leg, ...]:
    """What was accrued becomes what is owed; the difference is expense of the year of payment (L08)."""
    unit = book.employer.currency
    legs = (
        Leg(chart.LEAVE_LIABILITY, unit, value, *accrued),
        Leg(chart.LEAVE_LIABILITY, unit, -gross, *paid),
        Leg(chart.LEAVE_EXPENSE, unit, gross - value, *paid),
    )
    return tuple(leg for leg in legs if leg.amount)


def _accrued_values(session: Session, policy_id: str) -> dict[str, int]:
    """Money that stands for leave by person, without the differences that pay-outs made of it."""
    rows = summed(
        session, chart.LEAVE_LIABILITY, policy_id, (leg.c.person_id,),
        entry_table.c.status == "posted", entry_table.c.type.not_in((DIFFERENCE, f"{DIFFERENCE}.reversed")),
    )  # fmt: skip
    return {row.person_id: -int(row.amount) for row in rows}
