"""By when a premium has to leave the bank so that cover is never at risk: due, grace, latest moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import Field

from benehub.legal import bank_holidays
from benehub.records.explanation import Step
from benehub.rules.base import Calculation, Day, RuleModel, explain
from benehub.rules.deadline.latest_safe import send_by as leaves_by
from benehub.rules.deadline.latest_safe import zone_of
from benehub.rules.registry import calculator

NAME = "premium.due"
VERSION = "1"


class PremiumDueInput(RuleModel):
    """An invoice's due date and how long the money travels."""

    invoice_due: Day
    """The day by which the invoice has to be paid."""
    grace_days: Annotated[int, Field(strict=True, ge=0, le=120)] = 31
    """Calendar days after the due date during which the carrier keeps cover in force."""
    bank_days: Annotated[int, Field(strict=True, ge=0, le=20)] = 2
    """Bank days from sending to arrival."""
    cutoff: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "17:00"
    """The bank's local cut-off on the sending day."""
    timezone: str = "America/New_York"
    """The bank's time zone by its IANA name; the cut-off is in it."""


class PremiumDue(RuleModel):
    """The days and the moments; moments are UTC."""

    due: date
    grace_ends: date
    """Last day on which the premium may arrive."""
    send_by: date
    """Last bank day to send so that it arrives by the due date."""
    latest_safe: datetime
    """That day's cut-off."""
    last_chance: datetime
    """The cut-off after which even the grace period is missed."""


def premium_due(
    *,
    invoice_due: date,
    holidays: frozenset[date],
    grace_days: int = 31,
    bank_days: int = 2,
    cutoff: time = time(17, 0),
    timezone: str = "America/New_York",
) -> Calculation[PremiumDue]:
    """Sending days counted back over the bank calendar; money that arrives on a closed day is late.

    Raises:
        DataError: no such time zone.
    """
    zone = zone_of(timezone)
    grace_ends = invoice_due + timedelta(days=grace_days)
    send_by = leaves_by(invoice_due, bank_days, holidays)
    last_day = leaves_by(grace_ends, bank_days, holidays)
    result = PremiumDue(
        due=invoice_due,
        grace_ends=grace_ends,
        send_by=send_by,
        latest_safe=datetime.combine(send_by, cutoff, zone).astimezone(UTC),
        last_chance=datetime.combine(last_day, cutoff, zone).astimezone(UTC),
    )
    inputs = {
        "invoice_due": invoice_due,
        "grace_days": grace_days,
        "bank_days": bank_days,
        "cutoff": cutoff.isoformat("minutes"),
        "timezone": timezone,
    }
    steps = (
        Step(label="grace ends", raw=f"due + {grace_days} days", value=grace_ends.isoformat()),
        Step(label="send by", raw=f"{bank_days} bank days before the due date", value=send_by.isoformat()),
        Step(label="last chance", raw=f"{bank_days} bank days before grace ends", value=last_day.isoformat()),
    )
    return Calculation(result, explain(NAME, VERSION, inputs, steps))


@calculator(
    NAME,
    "By when a premium has to be sent.",
    PremiumDueInput,
    PremiumDue,
    VERSION,
    example={"invoice_due": "2026-06-01", "grace_days": 31, "bank_days": 2},
)
def compute(given: PremiumDueInput) -> Calculation[PremiumDue]:
    """Run on validated input.

    Raises:
        DataError, ConfigError: no such time zone, or a bank calendar is not loaded.
    """
    earliest = given.invoice_due - timedelta(days=2 * given.bank_days + 10)
    latest = given.invoice_due + timedelta(days=given.grace_days)
    return premium_due(
        invoice_due=given.invoice_due,
        holidays=bank_holidays("us", range(earliest.year, latest.year + 1)),
        grace_days=given.grace_days,
        bank_days=given.bank_days,
        cutoff=time.fromisoformat(given.cutoff),
        timezone=given.timezone,
    )
