"""One line that a pay date should show, its pending entry, and the shares behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from benehub.facts import Fact, Worker
from benehub.facts.explanations import Said
from benehub.facts.pricing import Prices, lacking
from benehub.flows.money import posting
from benehub.ledger import Leg, NewEntry
from benehub.ledger.arrears import ARREARS, DEDUCTION
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook
from benehub.reconcile.to_come import GRACE_DAYS
from benehub.records import TaxClass

EMPLOYER_MARK = ":employer"


@dataclass(frozen=True, slots=True)
class Expected:
    """What one pay date should show for one worker and code.

    `type` is the pending entry's: what is due, or arrears of what was due before. A line without a code cannot be
    told to payroll (the plan book names no code for its tax class): it is counted as held.
    One with `needs` could not be computed: it says what is missing, and nothing is told or ended for its code.
    """

    person_id: str
    plan: Plan
    part: str
    code: str
    tax_class: TaxClass
    pay_date: date
    coverage_month: str
    amount_minor: int
    type: str = DEDUCTION
    source: str = ""
    answer: Said | None = None
    """The rule's answer behind the amount, kept as its explanation."""
    needs: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What makes it the same line when it is expected again: employee, code, pay date, and whatever month."""
        first = "arrears" if self.type == ARREARS else "expected"
        # An account's code carries the employer's contribution beside the employee's.
        code = f"{self.code}{EMPLOYER_MARK}" if self.part == "employer" else self.code
        return f"{first}/{self.person_id}/{code}/{self.coverage_month}/{self.pay_date}"


def code_of(key: str) -> str:
    """Payroll's code in a line's key."""
    return "/".join(key.split("/")[2:-2]).removesuffix(EMPLOYER_MARK)


def pending_entry(book: PlanBook, line: Expected, explanation_id: str | None = None) -> NewEntry:
    """The pending entry of a line; a line of zero has no legs and only takes back what was expected before."""
    accounts = posting(line.plan, line.part)
    assert accounts is not None
    debit, credit = accounts
    dims = (line.person_id, line.plan.id, line.part, line.coverage_month, line.pay_date)
    unit = book.employer.currency
    return NewEntry(
        key=line.key,
        type=line.type,
        status="pending",
        effective_date=line.pay_date,
        due_date=line.pay_date + timedelta(days=GRACE_DAYS),
        legs=(Leg(debit, unit, line.amount_minor, *dims), Leg(credit, unit, -line.amount_minor, *dims))
        if line.amount_minor
        else (),
        source=line.source or f"schedule of {Month.of(line.pay_date)}",
        explanation_id=explanation_id,
    )


def employee_shares(
    prices: Prices, plan: Plan, worker: Worker, timeline: Sequence[Fact], months: Sequence[Month]
) -> dict[Month, int]:
    """The employee's share of each coverage month in a plan (minor units); months without cover stand as zero.

    Raises:
        DataError: something the price needs is not known; the message has a handle of whose, and what.
    """
    return dict(zip(months, shares_in(prices, plan, worker, timeline, months), strict=True))


def shares_in(
    prices: Prices, plan: Plan, worker: Worker, timeline: Sequence[Fact], months: Sequence[Month]
) -> tuple[int, ...]:
    """The same shares in the order of `months`, as little as everybody's schedule asks for."""
    covers = [fact for fact in timeline if fact.data["plan"] == plan.id]
    found = prices.span(worker, covers, months)
    for month, amounts in zip(months, found, strict=True):
        if amounts is not None and amounts.needs:
            raise lacking(amounts.needs, worker, month)
    return tuple(0 if one is None else one.employee_minor for one in found)
