"""Dependents who age out: their cover ends within the family's, and the tier becomes that of those who stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from benehub.facts import Fact, Version
from benehub.facts.explanations import Kept, kept
from benehub.planbook import Plan, PlanBook
from benehub.rules.eligibility.coverage_end import CoverageEndRule, end_of_cover
from benehub.rules.eligibility.dependent_end import remaining_tier

AHEAD = timedelta(days=30)
"""How long before the last day a change is told to carrier and payroll; the family is written to from 90 days on."""


def cut_aged_out(
    book: PlanBook, covers: Sequence[Version], believed: Sequence[Fact], family: Mapping[str, Fact], day: date
) -> tuple[list[Version], list[Kept]]:
    """Covers cut where a dependent ages out, with the reason for each.

    An end that is past when it is first seen takes back no cover that was given: it counts from the plan's next one.
    """
    cut: list[Version] = []
    told: list[Kept] = []
    for cover in covers:
        pieces = [cover]
        plan = book.plan(str((cover.data or {})["plan"]))
        for dependent in list((cover.data or {})["dependents"]):
            fact = family.get(dependent)
            found = None if fact is None else plan.dependents.age_end(fact.data, book.employer.size == "large")
            if found is None or found.result is None or found.result.last_day - AHEAD > day:
                continue
            end = _not_taken_back(plan, dependent, found.result.coverage_end, believed, day)
            if end >= cover.effective_to:
                continue
            pieces = [part for piece in pieces for part in _without(piece, dependent, end, family)]
            told.append(kept(found, dependent=dependent, plan=plan.id, ends_on=end.isoformat()))
        cut += pieces
    return cut, told


def _not_taken_back(plan: Plan, dependent: str, end: date, believed: Sequence[Fact], day: date) -> date:
    """The planned end, or where it is past and the dependent was covered since, the next one."""
    since = [one for one in believed if dependent in one.data["dependents"] and one.effective_to > end]
    if end > day or not since:
        return end
    rule = plan.coverage_end if plan.coverage_end is not CoverageEndRule.WASH else CoverageEndRule.END_OF_MONTH
    return max(end, min(max(one.effective_to for one in since), end_of_cover(day, rule)))


def _without(cover: Version, dependent: str, end: date, family: Mapping[str, Fact]) -> list[Version]:
    """A cover as it was to `end`, and from then on without the dependent."""
    data = dict(cover.data or {})
    if dependent not in data["dependents"] or end >= cover.effective_to:
        return [cover]
    stay = [one for one in data["dependents"] if one != dependent]
    after = {**data, "dependents": stay}
    if all(one in family for one in stay):
        after["tier"] = remaining_tier(str(data["tier"]), [family[one].data["relationship"] for one in stay])
    start = max(end, cover.effective_from)
    rest = Version(cover.kind, cover.subject, cover.key, start, after, cover.effective_to)
    if start == cover.effective_from:
        return [rest]
    return [Version(cover.kind, cover.subject, cover.key, cover.effective_from, data, start), rest]
