"""A kind of leave: how it is earned, capped, carried and paid out."""

from __future__ import annotations

from benehub.money import parse_minor, parse_rate
from benehub.planbook.parts.fields import Amount, Part, RateText, Slug
from benehub.rules.leave.accrual import AccrualMethod, AccrualRule


class Accrual(Part):
    """How leave is earned: an even part of the year's hours, or a rate on hours worked."""

    method: AccrualMethod = AccrualMethod.PER_PAY
    annual_hours: Amount = "0"
    rate: RateText = "0"
    cap_hours: Amount | None = None

    def rule(self, pays_a_year: int) -> AccrualRule:
        """The value type of `rules.leave`; hours become hundredths."""
        return AccrualRule(
            method=self.method,
            rate=parse_rate(self.rate),
            annual_hours_minor=parse_minor(self.annual_hours),
            pays_per_year=pays_a_year,
            cap_minor=None if self.cap_hours is None else parse_minor(self.cap_hours),
        )


class LeavePolicy(Part):
    """One kind of leave."""

    id: Slug
    name: str = ""
    accrual: Accrual
    payout_on_termination: bool = False
    taken_code: str = ""
    payout_code: str = ""
