"""How an employer words the look-back method, the bounds the law sets it, and the periods that follow.

26 CFR 54.4980H-3(d). A stability period is made of calendar months, so an administrative period runs on to the
end of its month.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field

from benehub.errors import ConfigError
from benehub.legal import limit
from benehub.periods import Month, add_months
from benehub.rules.base import Count, Day, RuleModel

Months = Annotated[int, Field(strict=True, ge=1, le=24)]

SAMPLE = date(2025, 1, 1)
SAMPLE_DAYS = 1461
"""Four years of hire dates: every day of every month is met."""


class Method(StrEnum):
    """How full-time employees are found: by an average over a period that is past, or month by month."""

    LOOK_BACK = "look_back"
    MONTHLY = "monthly"


class InitialStart(StrEnum):
    """Where a new employee's measurement begins: with the hire, or the next month or pay period."""

    HIRE_DATE = "hire_date"
    FIRST_OF_MONTH = "first_of_month"
    FIRST_OF_PAY_PERIOD = "first_of_pay_period"


class AdminUnit(StrEnum):
    """What an administrative period is counted in."""

    DAYS = "days"
    MONTHS = "months"


class FullTimeTest(StrEnum):
    """Full-time is an average of 30 hours a week, or of 130 hours a month."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"


class WeeklyRule(StrEnum):
    """Months made of whole weeks: the week that holds the month's first day belongs to it, or the one with its last."""

    NONE = "none"
    FIRST_WEEK = "first_week"
    LAST_WEEK = "last_week"


class LookbackTerms(RuleModel):
    """The method and its periods."""

    method: Method = Method.LOOK_BACK
    """look_back: an average over a measurement period holds for a stability period; monthly: each month on its own."""
    standard_start: Day = date(2025, 10, 15)
    """First day of any one standard measurement period; they follow one another without a gap."""
    measurement_months: Months = 12
    """Length of the standard measurement period in months (3 to 12)."""
    admin: Count = 2
    """Administrative period between standard measurement and stability, in `admin_unit`; it runs on to the end of its
    month and has at most 90 days."""
    admin_unit: AdminUnit = AdminUnit.MONTHS
    """days or months."""
    stability_months: Months = 12
    """Months for which a full-time result holds: at least six and no fewer than the measurement has."""
    stability_months_others: Months | None = None
    """Months for which another result holds: as many as the measurement has, which is also the default."""
    initial_months: Months | None = None
    """Length of a new employee's own measurement period in months (3 to 12); as the standard one when empty."""
    initial_start: InitialStart = InitialStart.HIRE_DATE
    """hire_date, first_of_month (on or after the hire) or first_of_pay_period (on or after the hire)."""
    initial_admin: Count = 1
    """Administrative period after the initial measurement, in `initial_admin_unit`; it runs on to the end of its month.
    With the days between hire and measurement it has at most 90 days."""
    initial_admin_unit: AdminUnit = AdminUnit.MONTHS
    """days or months."""
    full_time_test: FullTimeTest = FullTimeTest.WEEKLY
    """Over a measurement period: weekly (30 hours a week on average) or monthly (130 hours a month)."""
    weekly_rule: WeeklyRule = WeeklyRule.NONE
    """For single months: none (calendar months, 130 hours), or months of four or five whole weeks (120 or 150 hours) of
    which first_week begins with the week of the first day and last_week ends with the week of the last."""
    week_starts_on: Annotated[int, Field(strict=True, ge=0, le=6)] = 6
    """First day of the week: 0 is Monday, 6 is Sunday (weekly rule only)."""

    @property
    def first_months(self) -> int:
        """Length of the initial measurement period."""
        return self.initial_months or self.measurement_months


@dataclass(frozen=True, slots=True)
class Window:
    """A measurement and what follows it; every `to` is the first day after."""

    kind: str
    start: date
    to: date
    stability: date
    """First day of the stability period."""


def standard_windows(terms: LookbackTerms, start: date, to: date) -> list[Window]:
    """Standard measurement periods whose stability period can touch `[start, to)`, oldest first."""
    reach = terms.measurement_months + max(terms.stability_months, terms.measurement_months) + 4
    first = Month.of(start).plus(-reach)
    anchor = terms.standard_start
    number = (first.year - anchor.year) * 12 + first.month - anchor.month
    step = number // terms.measurement_months
    windows: list[Window] = []
    while True:
        begin = add_months(anchor, step * terms.measurement_months)
        end = add_months(anchor, (step + 1) * terms.measurement_months)
        window = Window("standard", begin, end, _after_admin(end, terms.admin, terms.admin_unit))
        if window.stability >= to:
            return windows
        windows.append(window)
        step += 1


def initial_window(terms: LookbackTerms, hired: date, first_pay_period: date | None = None) -> Window | None:
    """The measurement of a new employee; None while it begins with a pay period that is unknown."""
    begin = hired
    if terms.initial_start is InitialStart.FIRST_OF_MONTH and hired.day > 1:
        begin = Month.of(hired).end
    if terms.initial_start is InitialStart.FIRST_OF_PAY_PERIOD:
        if first_pay_period is None:
            return None
        begin = first_pay_period
    end = add_months(begin, terms.first_months)
    return Window("initial", begin, end, _after_admin(end, terms.initial_admin, terms.initial_admin_unit))


def latest_stability(hired: date) -> date:
    """First day after the last on which initial measurement and administration may run.

    That is the first calendar month that begins on or after the first anniversary of the hire.
    """
    anniversary = add_months(hired, 12)
    first = anniversary if anniversary.day == 1 else Month.of(anniversary).end
    return Month.of(first).end


def month_weeks(terms: LookbackTerms, month: Month) -> tuple[date, date]:
    """The days that count as the month: itself, or its whole weeks; the end is the first day after."""
    if terms.weekly_rule is WeeklyRule.NONE:
        return month.first, month.end
    if terms.weekly_rule is WeeklyRule.FIRST_WEEK:
        return _week(terms, month.first), _week(terms, month.end)
    week = timedelta(days=7)
    return _week(terms, month.first - timedelta(days=1)) + week, _week(terms, month.last) + week


def _week(terms: LookbackTerms, day: date) -> date:
    """First day of the week that holds `day`."""
    return day - timedelta(days=(day.weekday() - terms.week_starts_on) % 7)


def _after_admin(end: date, admin: int, unit: AdminUnit) -> date:
    """First day of the stability period: of the month on or after the administrative period."""
    over = end + timedelta(days=admin) if unit is AdminUnit.DAYS else add_months(end, admin)
    return over if over.day == 1 else Month.of(over).end


def check_lookback(terms: LookbackTerms) -> None:
    """Refuse periods outside the bounds of the law; a plan book is checked with it when loaded.

    Raises:
        ConfigError: a measurement, stability or administrative period that is too long or too short.
    """
    plain: Any = LookbackTerms(**{name: getattr(terms, name) for name in LookbackTerms.model_fields})
    _checked(plain)  # Any: pydantic's types do not say that a frozen model has a hash


@lru_cache(maxsize=256)
def _checked(terms: LookbackTerms) -> None:
    if terms.method is Method.MONTHLY:
        return
    least = limit("us", "aca_measurement_months_least", SAMPLE).value
    most = limit("us", "aca_measurement_months_most", SAMPLE).value
    for name, months in (("measurement_months", terms.measurement_months), ("initial_months", terms.first_months)):
        if not least <= months <= most:
            raise _refused(name, f"a measurement period of {months} months", f"Use {least} to {most} months")
    floor = max(limit("us", "aca_stability_months_least", SAMPLE).value, terms.measurement_months, terms.first_months)
    if terms.stability_months < floor:
        raise _refused(
            "stability_months", f"a stability period of {terms.stability_months} months", f"Use at least {floor} months"
        )
    others = terms.stability_months_others
    if others is not None and others != terms.measurement_months:
        longer = others > terms.measurement_months
        raise _refused(
            "stability_months_others",
            f"a result that is not full-time holds for {others} months",
            f"It may not hold longer than the measurement: use {terms.measurement_months} months"
            if longer
            else f"It would leave months without a status: use {terms.measurement_months} months",
        )
    _check_admin(terms)


def _check_admin(terms: LookbackTerms) -> None:
    days = limit("us", "aca_admin_days", SAMPLE).value
    for window in standard_windows(terms, SAMPLE, SAMPLE + timedelta(days=SAMPLE_DAYS)):
        taken = (window.stability - window.to).days
        if taken > days:
            raise _refused(
                "admin", f"an administrative period of {taken} days", f"At most {days} days, to a month's end"
            )
    for offset in range(SAMPLE_DAYS):
        hired = SAMPLE + timedelta(days=offset)
        # a pay period begins within a fortnight of the hire, and never later than the law's own next month
        own = initial_window(terms, hired, hired)
        assert own is not None
        taken = (own.start - hired).days + (own.stability - own.to).days
        if taken > days:
            raise _refused(
                "initial_admin", f"{taken} days of administration for a hire on {hired}", f"At most {days} days"
            )
        if own.stability > latest_stability(hired):
            raise _refused(
                "initial_admin",
                f"initial measurement and administration of a hire on {hired} end after "
                f"{latest_stability(hired) - timedelta(days=1)}",
                "Shorten one of them: a twelve-month measurement leaves one month",
            )


def _refused(name: str, what: str, mend: str) -> ConfigError:
    return ConfigError(what, where=f"look-back: {name}", mend=mend)
