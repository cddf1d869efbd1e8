"""How much may go into a health savings, flexible spending, dependent-care or commuter account.

An HSA's limit is made of months: each month with a high-deductible plan brings a twelfth of the limit of its
cover. Whoever is covered on 1 December may take the whole year's limit instead, but has to stay covered for the
next twelve months. What lies above a limit is named; nothing is cut in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.errors import DataError
from benehub.legal import limit
from benehub.money import Rounding
from benehub.periods import age_on
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Day, MonthText, Positive, RuleModel, explain, money_step, rounded_step
from benehub.rules.registry import calculator

NAME = "account.limit"
VERSION = "1"
HSA_CATCH_UP_AGE = 55
CITATIONS = {
    "hsa": "26 U.S.C. 223(b)",
    "health_fsa": "26 U.S.C. 125(i)",
    "dependent_care": "26 U.S.C. 129(a)(2), (b)",
    "commuter": "26 U.S.C. 132(f)(2)",
}


class Account(StrEnum):
    """hsa (health savings), health_fsa, dependent_care (FSA), commuter (transit or parking, each a month)."""

    HSA = "hsa"
    HEALTH_FSA = "health_fsa"
    DEPENDENT_CARE = "dependent_care"
    COMMUTER = "commuter"


class HsaCover(StrEnum):
    """Cover of a high-deductible plan on the first of a month: none (or not eligible), self or family."""

    NONE = "none"
    SELF = "self"
    FAMILY = "family"


class AccountLimitInput(RuleModel):
    """One person, one account, one year; amounts in minor units."""

    account: Account
    """Which account: hsa, health_fsa, dependent_care or commuter."""
    year: Annotated[int, Field(strict=True, ge=2000, le=2100)]
    """Calendar year (for an FSA: the year in which the plan year begins)."""
    contributed_minor: Positive = 0
    """Put in so far this year, by employee and employer together (commuter: in the month)."""
    cover: Annotated[tuple[HsaCover, ...], Field(min_length=12, max_length=12)] | None = None
    """HSA: the cover on the first of each month, January first."""
    birth_date: Day | None = None
    """HSA: for the catch-up of those who are 55 by 31 December; empty: no catch-up is given."""
    last_month_rule: bool = True
    """HSA: whether the whole year is taken when covered on 1 December."""
    month: MonthText | None = None
    """Commuter: the month."""
    filing_separately: bool = False
    """Dependent care: whether married and filing separately."""
    earned_income_minor: Positive | None = None
    """Dependent care: the lower earned income of the two spouses, which is a limit too."""
    unused_minor: Positive = 0
    """Health FSA: what is left at the end of the year."""


class AccountLimit(RuleModel):
    """What may go in, what is left of it, and what is too much."""

    limit_minor: int
    """What the law allows this person (commuter: in the month), catch-up included."""
    catch_up_minor: int
    """The HSA catch-up within it."""
    remaining_minor: int
    """What may still be put in."""
    excess_minor: int
    """What was put in above the limit: to be taken out, or taxed."""
    carry_over_minor: int
    """Health FSA: what the plan may carry into the next year."""
    forfeited_minor: int
    """Health FSA: what is lost beside that."""
    testing_period_to: date | None
    """HSA: last day of the twelve months of cover that the whole year's limit asks for."""


def account_limit(given: AccountLimitInput) -> Calculation[AccountLimit]:
    """The limit of one account.

    Raises:
        DataError: the month lies in another year.
        ConfigError: the year is not loaded; the message names the notice.
    """
    inputs = given.model_dump(exclude_defaults=True)
    citation = CITATIONS[given.account]
    needs = [
        name
        for account, name in ((Account.HSA, "cover"), (Account.COMMUTER, "month"))
        if given.account is account and getattr(given, name) is None
    ]
    if needs:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=citation), tuple(needs))
    catch_up, carried, testing = 0, 0, None
    reasons: tuple[Reason, ...] = ()
    match given.account:
        case Account.HSA:
            most, catch_up, testing, steps, reasons = _hsa(given)
        case Account.HEALTH_FSA:
            most, steps = _of_year("health_fsa", given.year)
            carried = min(given.unused_minor, _value("health_fsa_carry_over", given.year))
            steps = (*steps, money_step("carried over", given.unused_minor, carried))
        case Account.DEPENDENT_CARE:
            most, steps = _of_year("dependent_care_fsa" + "_separate" * given.filing_separately, given.year)
            if given.earned_income_minor is not None and given.earned_income_minor < most:
                steps = (*steps, money_step("lower earned income", most, given.earned_income_minor))
                most = given.earned_income_minor
        case Account.COMMUTER:
            most, steps = _commuter(given)
    result = AccountLimit(
        limit_minor=most,
        catch_up_minor=catch_up,
        remaining_minor=max(0, most - given.contributed_minor),
        excess_minor=max(0, given.contributed_minor - most),
        carry_over_minor=carried,
        forfeited_minor=given.unused_minor - carried if given.account is Account.HEALTH_FSA else 0,
        testing_period_to=testing,
    )
    steps = (*steps, money_step("left of it", most - given.contributed_minor, result.remaining_minor))
    return Calculation(result, explain(NAME, VERSION, inputs, steps, reasons, citation))


def _value(key: str, year: int) -> int:
    return limit("us", key, date(year, 1, 1)).value


def _of_year(key: str, year: int) -> tuple[int, tuple[Step, ...]]:
    most = _value(key, year)
    return most, (money_step(f"limit of {year}", most, most),)


def _commuter(given: AccountLimitInput) -> tuple[int, tuple[Step, ...]]:
    assert given.month is not None
    if given.month.year != given.year:
        raise DataError(f"{given.month} is no month of {given.year}", where="month", mend="Mend month or year")
    most = limit("us", "commuter_month", given.month.first).value
    return most, (money_step(f"limit of {given.month}", most, most),)


def _hsa(given: AccountLimitInput) -> tuple[int, int, date | None, tuple[Step, ...], tuple[Reason, ...]]:
    assert given.cover is not None
    yearly = {HsaCover.NONE: 0, HsaCover.SELF: _value("hsa_self", given.year)}
    yearly[HsaCover.FAMILY] = _value("hsa_family", given.year)
    age = None if given.birth_date is None else age_on(given.birth_date, date(given.year, 12, 31))
    extra = _value("hsa_catch_up", given.year) if age is not None and age >= HSA_CATCH_UP_AGE else 0
    months = sum(cover is not HsaCover.NONE for cover in given.cover)
    base_raw = Fraction(sum(yearly[cover] for cover in given.cover), 12)
    catch_up_raw = Fraction(extra * months, 12)
    testing = None
    december = given.cover[11]
    # by the law's own worksheet the larger of both counts
    if given.last_month_rule and yearly[december] + (extra if yearly[december] else 0) > base_raw + catch_up_raw:
        base_raw, catch_up_raw = Fraction(yearly[december]), Fraction(extra)
        testing = date(given.year + 1, 12, 31)
    base, told = rounded_step("by months" if testing is None else "by the last month", base_raw, Rounding.HALF_UP)
    catch_up, told_extra = rounded_step("catch-up", catch_up_raw, Rounding.HALF_UP)
    cover = Step(label="months of cover", raw=", ".join(_runs(given.cover)), value=str(months))
    reasons = (
        Reason(
            rule="hsa_catch_up",
            outcome=Outcome.UNKNOWN if age is None else Outcome.PASS if extra else Outcome.FAIL,
            inputs={"age_on_31_december": age},
            needed={} if extra else {"age_on_31_december": HSA_CATCH_UP_AGE},
            citation="26 U.S.C. 223(b)(3)",
        ),
        Reason(
            rule="last_month",
            outcome=Outcome.NOT_APPLICABLE if testing is None else Outcome.PASS,
            inputs={"december": december.value},
            needed={} if testing is None else {"covered_to": testing.isoformat()},
            citation="26 U.S.C. 223(b)(8)",
        ),
    )
    return base + catch_up, catch_up, testing, (cover, told, told_extra), reasons


def _runs(cover: Sequence[HsaCover]) -> Iterator[str]:
    for kind in (HsaCover.SELF, HsaCover.FAMILY):
        if kind in cover:
            yield f"{sum(one is kind for one in cover)} {kind.value}"


@calculator(
    NAME,
    "How much may go into a spending account.",
    AccountLimitInput,
    AccountLimit,
    VERSION,
    example={
        "account": "hsa",
        "year": 2026,
        "cover": ["none"] * 3 + ["self"] * 5 + ["family"] * 4,
        "birth_date": "1968-08-02",
        "last_month_rule": False,
        "contributed_minor": 250_000,
    },
)
def compute(given: AccountLimitInput) -> Calculation[AccountLimit]:
    """Run on validated input.

    Raises:
        DataError, ConfigError: the month is not of the year, or the year is not loaded.
    """
    return account_limit(given)
