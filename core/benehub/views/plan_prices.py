"""What an account or a retirement plan comes to in a month, as a twelfth of its year: for comparing plan books.

By the elections and the pay of one day. What pay dates really took, and what is left under a yearly limit, is no part
of it: two books are compared on the same even year.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from benehub.errors import ConfigError, DataError
from benehub.facts import Fact, Worker
from benehub.facts.account_tier import account_tier
from benehub.facts.pricing import Amounts
from benehub.money import Rounding, cumulative_share, parse_rate, round_to_int
from benehub.periods import Month, age_on
from benehub.planbook import Plan, PlanBook
from benehub.rules.retirement.limits import retirement_limits
from benehub.rules.retirement.match import match_contribution
from benehub.rules.retirement.match_formula import MatchPeriod

UNPRICED = Amounts(0, 0, 0, ("terms",))
"""What cannot be said: a plugin's plan, pay that is not known, limits that are not loaded."""


def uninsured_amounts(book: PlanBook, plan: Plan, worker: Worker, cover: Fact, month: Month) -> Amounts:
    """The month's amounts of a plan without premiums, by a cover in the month."""
    day = max(month.first, cover.effective_from)
    try:
        if plan.is_account:
            employer, employee = _account(book, plan, worker, cover, day, month)
        elif plan.deferral is not None:
            employer, employee = _retirement(book, plan, worker, cover, day, month)
        else:
            return UNPRICED
    except (ConfigError, DataError):
        return UNPRICED
    return Amounts(employer + employee, employer, employee)


def _account(book: PlanBook, plan: Plan, worker: Worker, cover: Fact, day: date, month: Month) -> tuple[int, int]:
    yearly = {} if plan.account is None else plan.account.yearly_minor(book.employer.currency)
    given = yearly[account_tier(worker, cover, day, yearly)] if yearly else 0
    elected = int(cover.data.get("amount_minor") or 0)
    times = {"month": 12, "pay": book.pay_group(worker.pay_group).pays_a_year}
    elected *= times.get(str(cover.data.get("amount_per", "year")), 1)
    most = None if plan.account is None else plan.account.max_yearly_minor
    if most is not None:
        elected = min(elected, most)
    return cumulative_share(given, month.month, 12), cumulative_share(elected, month.month, 12)


def _retirement(book: PlanBook, plan: Plan, worker: Worker, cover: Fact, day: date, month: Month) -> tuple[int, int]:
    """The deferral by its rates under the plan's and the year's limit, and the match on it, period by period."""
    assert plan.deferral is not None
    pays = book.pay_group(worker.pay_group).pays_a_year
    pay, limits = worker.yearly_pay(day, pays), retirement_limits(month.year)
    if pay is None:
        raise DataError("no pay", where=f"person {worker.person_id}", mend="Sync compensation")
    rates = (parse_rate(str(cover.data.get(name) or "0")) for name in ("pretax_rate", "roth_rate"))
    rate = sum(rates, Fraction(0))
    if plan.deferral.limit_rate:
        rate = min(rate, parse_rate(plan.deferral.limit_rate))
    deferred = min(round_to_int(pay * rate, Rounding.HALF_UP), limits.deferral_minor)
    matched = 0
    if plan.match is not None:
        whole = {MatchPeriod.MONTHLY: 12, MatchPeriod.QUARTERLY: 4, MatchPeriod.ANNUAL: 1}
        periods = whole.get(plan.match.period, pays)
        counted = min(pay, limits.compensation_minor)
        found = match_contribution(
            compensation_minor=round_to_int(Fraction(counted, periods), Rounding.HALF_UP),
            deferral_minor=round_to_int(Fraction(deferred, periods), Rounding.HALF_UP), formula=plan.match.rule(),
            limits=limits, years_of_service=age_on(worker.hired, day) if day > worker.hired else 0,
        )  # fmt: skip
        matched = found.required().match_minor * periods
    return cumulative_share(matched, month.month, 12), cumulative_share(deferred, month.month, 12)
