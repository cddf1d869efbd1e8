"""Plans and tiers in the carrier's words and back: one place, for files that leave and files that arrive."""

from __future__ import annotations

from datetime import date, timedelta

from benehub.errors import DataError
from benehub.money import shape
from benehub.records import Relationship
from benehub_connectors.carrier_x12.settings import EndDate, PartnerSettings, PlanCode

RELATIONSHIPS = {
    "self": "18",
    Relationship.SPOUSE.value: "01",
    Relationship.CHILD.value: "19",
    Relationship.DOMESTIC_PARTNER.value: "53",
    Relationship.STEPCHILD.value: "17",
    Relationship.ADOPTED.value: "09",
    Relationship.FOSTER.value: "10",
    Relationship.OTHER.value: "G8",
}
"""INS02."""

_DAY = timedelta(days=1)


class Words:
    """The vocabulary of one trading partner."""

    def __init__(self, settings: PartnerSettings) -> None:
        self._plans = settings.plans
        self._tiers = {tier.value: code for tier, code in settings.tiers.items()}
        self._end = settings.end_date
        theirs = {self.label(plan).casefold(): plan for plan in settings.plans}
        self._our_plan = {plan.casefold(): plan for plan in settings.plans} | theirs
        self._our_tier = {name.casefold(): name for name in self._tiers}
        self._our_tier |= {code.casefold(): name for name, code in self._tiers.items()}

    def plan(self, plan: str) -> PlanCode:
        """A plan's codes.

        Raises:
            DataError: the profile has none.
        """
        if plan not in self._plans:
            raise DataError(f"the profile has no codes for plan {plan!r}", mend="Add it to plans in the profile")
        return self._plans[plan]

    def label(self, plan: str) -> str:
        """HD04: the carrier's name of the plan, else our own."""
        return self.plan(plan).description or plan

    def tier(self, tier: str | None) -> str:
        """HD05; empty where a plan has no tiers (life, disability).

        Raises:
            DataError: the profile has no code for the tier.
        """
        if not tier:
            return ""
        if tier not in self._tiers:
            raise DataError(f"the profile has no code for tier {tier}", mend="Add it to tiers in the profile")
        return self._tiers[tier]

    def our_plan(self, text: str) -> str:
        """Our plan by the carrier's name or ours, in any letter case.

        Raises:
            DataError: neither.
        """
        return _look_up(self._our_plan, text, "plan")

    def our_tier(self, text: str) -> str:
        """Our tier by the carrier's code or ours; empty stays empty.

        Raises:
            DataError: neither.
        """
        return _look_up(self._our_tier, text, "tier") if text.strip() else ""

    def written_end(self, day: date) -> date:
        """DTP*349 of a half-open end."""
        return day - _DAY if self._end is EndDate.INCLUSIVE else day

    def read_end(self, day: date) -> date:
        """The half-open end of a DTP*349."""
        return day + _DAY if self._end is EndDate.INCLUSIVE else day


def _look_up(known: dict[str, str], text: str, column: str) -> str:
    found = known.get(text.strip().casefold())
    if found is None:
        raise DataError(
            f"no {column} of the profile (shape {shape(text)!r})",
            where=f"column {column}",
            mend="Add the carrier's word to the profile, or ask the carrier what it means",
        )
    return found
