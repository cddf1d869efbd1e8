"""An account of the employee's own: HSA, FSA or commuter; money is put in from pay, there is no premium."""

from __future__ import annotations

from pydantic import Field

from benehub.money import parse_minor
from benehub.planbook.parts.fields import Amount, Part
from benehub.records import Tier


class AccountTerms(Part):
    """What may go into an account, and what the employer puts in."""

    employer_yearly: dict[Tier, Amount] = Field(default_factory=dict)
    """The employer's amount a year by tier (of the account's own election, else of the medical cover), a twelfth of
    it each month.

    Where only EE and FAM are named, every tier with dependents is FAM.
    """
    max_yearly: Amount | None = None
    """The most an employee may elect a year under the plan's own terms."""

    @property
    def max_yearly_minor(self) -> int | None:
        """The plan's own most a year in minor units."""
        return None if self.max_yearly is None else parse_minor(self.max_yearly)

    def yearly_minor(self, currency: str = "USD") -> dict[Tier, int]:
        """The employer's amounts for `rules.premium`."""
        return {tier: parse_minor(text, currency) for tier, text in self.employer_yearly.items()}
