"""Whether the cheapest own cover is affordable for each full-time employee (US): the plan book's price against pay.

The answer is told, never the income behind it: bound and share together would be the employee's pay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from benehub import facts
from benehub.errors import DataError
from benehub.facts import Fact, Worker
from benehub.facts.pricing import Prices
from benehub.legal import limit
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.records import Tier
from benehub.rules.eligibility.affordability import AffordabilityInput, Basis, affordability
from benehub.store import Session


@dataclass(frozen=True, slots=True)
class Offer:
    """The cheapest own cover of one full-time employee in a month.

    Args:
        employee_number: whose.
        plan: the cheapest plan; empty where no plan's price can be told.
        share_minor: what the employee pays a month.
        affordable: None where it cannot be told.
        needs: what is missing for an answer.
    """

    employee_number: str
    plan: str
    share_minor: int
    affordable: bool | None
    needs: tuple[str, ...] = ()


def offers(session: Session, book: PlanBook, month: Month, basis: Basis) -> Iterator[Offer]:
    """Every full-time employee of the month, in order of person; plans are taken to have minimum value.

    Raises:
        DataError: the employer is not in the US, or W-2 wages are asked for, which nobody tells within the year.
        ConfigError: the percentage or the poverty guideline of the plan year is not loaded.
    """
    if book.employer.country != "US":
        raise DataError("affordability is US law", where=f"employer {book.employer.id}", mend="Ask it of a US employer")
    if basis is Basis.W2_WAGES:
        raise DataError(
            "wages of box 1 are known after the year only", where="basis", mend="Take rate_of_pay or fpl; or `calc`"
        )
    prices, plans = Prices(book), _priced(book, month)
    for worker in facts.workers_in_parts(session, Interval(month.first, month.end), elections=False):
        day = max(month.first, worker.hired)
        job = facts.in_force(worker.employments, day)
        if job is not None and _full_time(job, day):
            yield _offer(prices, plans, worker, month, day, basis)


def _full_time(job: Fact, day: date) -> bool:
    """By the hours scheduled; what a look-back measures may differ."""
    return int(job.data["weekly_hours"]) >= limit("us", "aca_full_time_week_hours", day).value


def _priced(book: PlanBook, month: Month) -> list[Plan]:
    found = []
    for plan in book.insurance_plans():
        if not plan.us_medical or not plan.effective_from <= month.first < plan.effective_to:
            continue
        try:
            book.premium_terms(plan, month)
        except DataError:
            continue  # no rate of the month: it is not offered
        found.append(plan)
    return found


def _offer(prices: Prices, plans: Sequence[Plan], worker: Worker, month: Month, day: date, basis: Basis) -> Offer:
    number, needs = str(worker.identity.get("employee_number", worker.person_id)), dict[str, None]()
    best: tuple[int, Plan] | None = None
    for plan in plans:
        told = {"plan": plan.id, "tier": Tier.EE.value, "dependents": [], "waived": False}
        cover = Fact("coverage", worker.person_id, plan.slot, told, month.first, FOREVER, "", 0)
        for _, amounts in prices.amounts(worker, [cover], month):
            needs |= dict.fromkeys(amounts.needs)
            if not amounts.needs and (best is None or amounts.employee_minor < best[0]):
                best = (amounts.employee_minor, plan)
    if best is None:
        return Offer(number, "", 0, None, tuple(needs) or ("a medical plan with a rate",))
    share, plan = best
    given = {"plan_year_start": plan.plan_year_start(month), "basis": basis, "lowest_cost_minor": share}
    if basis is Basis.RATE_OF_PAY:
        given |= _rate(prices.book, worker, day)
    answer = affordability(AffordabilityInput.model_validate(given))
    if answer.result is None:
        return Offer(number, plan.id, share, None, ("rate of pay",))
    return Offer(number, plan.id, share, answer.result.affordable)


def _rate(book: PlanBook, worker: Worker, day: date) -> dict[str, int]:
    """The employee's rate of pay in the words of the rule; nothing where it is not known."""
    pay, group = facts.in_force(worker.pay, day), book.pay_groups.get(worker.pay_group)
    if pay is None or group is None:
        return {}
    if str(pay.data["per"]) == "hour":
        return {"hourly_rate_minor": int(pay.data["rate_minor"])}
    yearly = worker.yearly_pay(day, group.pays_a_year)
    return {} if yearly is None else {"monthly_salary_minor": yearly // 12}
