"""By when something has to leave by the plan book: the connection's lead, the bank calendar, a deposit's standard."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from benehub.errors import ConfigError
from benehub.legal import bank_holidays
from benehub.planbook.book import PlanBook
from benehub.planbook.parts.plan import Plan
from benehub.rules.base import Calculation
from benehub.rules.deadline.latest_safe import EVERY_DAY, LatestSafe, latest_safe
from benehub.rules.deadline.latest_safe import send_by as leaves_by
from benehub.rules.retirement.deposit_due import DepositDue, PlanKind, deposit_due

PAYROLL_BANK_DAYS = 1
"""Bank days before a pay date by which payroll is told, where nothing is said."""


def closed_days(book: PlanBook, *days: date) -> frozenset[date]:
    """Weekdays on which the employer's banks are closed around these days; none where no calendar is known."""
    years = range(min(days).year - 1, max(days).year + 2)
    try:
        return bank_holidays(book.employer.country, years)
    except ConfigError:
        return frozenset()  # a book whose pay dates are all listed can do without: then only weekends are closed


def bank_days(book: PlanBook, connection: str, usual: int) -> int:
    """Bank days to a connection; `usual` where the book says nothing."""
    told = book.deadlines.lead_to(connection).bank_days
    return usual if told is None else told


def send_by(
    book: PlanBook, connection: str, due: date, usual: int = PAYROLL_BANK_DAYS, weekdays: frozenset[int] = EVERY_DAY
) -> date:
    """The last day on which something may leave for a connection to be there by `due`."""
    return leaves_by(due, bank_days(book, connection, usual), closed_days(book, due), weekdays)


def deadline(
    book: PlanBook, connection: str, due: date, usual: int, now: datetime, weekdays: frozenset[int] = EVERY_DAY
) -> Calculation[LatestSafe]:
    """The latest safe moment for a connection, and what is left now."""
    return latest_safe(
        due=due,
        holidays=closed_days(book, due, now.date() - timedelta(days=1), now.date() + timedelta(days=1)),
        lead_bank_days=bank_days(book, connection, usual),
        cutoff=book.deadlines.lead_to(connection).until,
        timezone=book.employer.timezone,
        weekdays=weekdays,
        as_of=now,
    )


def deposit_deadline(book: PlanBook, plan: Plan, pay_date: date) -> Calculation[DepositDue]:
    """When the contributions of a pay date must have reached the trust, or an account's custodian.

    Raises:
        ConfigError: no bank calendar is known.
    """
    holidays = bank_holidays(book.employer.country, (pay_date.year, pay_date.year + 1))
    if plan.is_account:
        return deposit_due(
            pay_date=pay_date, holidays=holidays, standard_bank_days=plan.deposit.standard_bank_days,
            plan_kind=PlanKind.WELFARE,
        )  # fmt: skip
    return deposit_due(
        pay_date=pay_date, holidays=holidays, standard_bank_days=plan.deposit.standard_bank_days,
        participants=50 if plan.deposit.small_plan else None,
    )  # fmt: skip
