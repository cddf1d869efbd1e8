"""What a plan promises, so that plans can be compared: cost sharing, what is covered, and what the employer adds.

All of it is optional: what is left out is unknown to a comparison, never zero.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationError

from benehub.errors import ConfigError
from benehub.money import parse_minor, parse_rate
from benehub.planbook.parts.fields import Amount, Part, RateText
from benehub.records import Tier
from benehub.rules.compare.design import FamilyRule, PlanDesign
from benehub.rules.compare.offer import SelfFunding


class SelfFundingTerms(Part):
    """The employer pays the claims itself; premiums are then premium equivalents."""

    stop_loss: Amount
    """Stop-loss premium a month and enrolled employee."""
    admin: Amount
    """Administration a month and enrolled employee."""
    attachment: Amount | None = None
    """Plan-paid claims of one person in a year above which stop loss reimburses; left out: never."""
    trend: RateText = "0"
    """How claims grow from the population's year to the plan year, e.g. "7%"."""

    def rule(self, currency: str) -> SelfFunding:
        """For `rules.compare`."""
        return SelfFunding(
            stop_loss_minor=parse_minor(self.stop_loss, currency),
            admin_minor=parse_minor(self.admin, currency),
            attachment_minor=None if self.attachment is None else parse_minor(self.attachment, currency),
            trend=parse_rate(self.trend),
        )


class EmployerSide(Part):
    """What the employer pays beside its part of the premium."""

    hsa: dict[Tier, Amount] = Field(default_factory=dict)
    """Paid into an HSA a year, by tier; the employee keeps it."""
    hra: dict[Tier, Amount] = Field(default_factory=dict)
    """Reimbursed of out-of-pocket cost a year at most, by tier."""
    fees: Amount = "0"
    """Fees a month and enrolled employee."""
    taxes: Amount = "0"
    """Taxes and assessments a year and enrolled employee."""
    renewal: RateText = "0"
    """Change of premiums and contributions to the plan year that is compared, e.g. "6%"."""
    self_funding: SelfFundingTerms | None = None
    """Where the employer pays the claims itself; left out: the plan is insured."""


class Design(Part):
    """The attributes of a plan; those that do not apply to its kind are left out."""

    deductible: Amount | None = None
    """One person's, a year."""
    family_deductible: Amount | None = None
    """A family's together, a year."""
    out_of_pocket_max: Amount | None = None
    """The most one person pays in a year."""
    family_out_of_pocket_max: Amount | None = None
    """The most a family pays together in a year."""
    family: FamilyRule | None = None
    """embedded: limits of one person count within a family too; aggregate: the family's only."""
    person_in_family_max: Amount | None = None
    """Under aggregate: the most one person of a family pays in a year."""
    coinsurance: RateText | None = None
    """The member's part of charges above the deductible, e.g. "20%"."""
    copays: dict[str, Amount] | None = None
    """By service, a visit."""
    copays_count: bool = True
    """Whether copays count toward the out-of-pocket maximum."""
    services: tuple[str, ...] | None = None
    """Covered services."""
    providers: tuple[str, ...] | None = None
    """Ids (NPI) of the providers in the network; quote them."""
    formulary: dict[str, int] | None = None
    """Tier of each covered drug, from 1."""
    exclusions: tuple[str, ...] | None = None
    """What is excluded."""
    waiting_days: int | None = None
    """Days until benefits begin."""
    benefit_rate: RateText | None = None
    """Part of pay that is replaced, or of charges that is paid."""
    max_benefit: Amount | None = None
    """The most the plan pays one person: a year if it has a deductible, else a month."""
    elimination_days: int | None = None
    """Days of disability before it pays."""
    own_occupation_months: int | None = None
    """Months in which disability means the own occupation."""
    portable: bool | None = None
    """Whether cover can be taken along after employment."""
    service_level: RateText | None = None
    """Part of cases answered within the promised time."""
    employer: EmployerSide = EmployerSide()
    """The employer's cost beside the premium: accounts, fees, taxes, claims."""

    def rule(self, currency: str = "USD") -> PlanDesign:
        """The attributes for `rules.compare`.

        Raises:
            ConfigError: limits that contradict each other, or a value out of its range; the field is named.
        """
        given: dict[str, Any] = {}
        for name, value in self.model_dump(exclude={"employer"}, exclude_none=True).items():
            if name in _AMOUNTS:
                given[f"{name}_minor"] = parse_minor(value, currency)
            elif name == "copays":
                given["copays_minor"] = {service: parse_minor(text, currency) for service, text in value.items()}
            else:
                given[name] = value
        try:
            return PlanDesign.model_validate(given)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
            field = ".".join(str(part).removesuffix("_minor") for part in fault["loc"])
            said = fault["msg"].removeprefix("Value error, ").replace("_minor", "").partition(";")[0]
            what = f"{field}: {said}" if field else said
            raise ConfigError(what, where="design", mend="Mend the value, or leave it out if unknown") from None


_AMOUNTS = frozenset(
    {
        "deductible",
        "family_deductible",
        "out_of_pocket_max",
        "family_out_of_pocket_max",
        "person_in_family_max",
        "max_benefit",
    }
)
