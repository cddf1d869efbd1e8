"""A plan book tried on the people before it is put in force: who would be eligible under it, and what it changes.

The decisions are those that `coverage` makes, asked for everybody as if all had elected; nothing is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from benehub import facts
from benehub.facts import Fact, Worker
from benehub.facts.entitlement import decide_election
from benehub.facts.surroundings import Known, surroundings
from benehub.facts.workforce import PART
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.records import Tier
from benehub.rules.eligibility.evaluate import EligibilityStatus
from benehub.store import Session
from benehub.views.plan_impact import PlanImpact, Turned, plan_impact, together

ELIGIBILITY_FIELDS = ("eligibility", "effective_from", "effective_to", "entry", "coverage_end", "coverage_wash")
"""What of a plan decides whether somebody is eligible in a month."""
EMPLOYER_FIELDS = ("size", "school")
"""What of an employer does."""
ALL: Final = -1
"""As many parts as there are."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of some of the employees."""

    found: list[PlanImpact]
    employees: int
    """Those of them who are employed in the month."""
    last: str | None
    """The last person id of them; None where nobody comes after."""


def impact(
    session: Session, before: PlanBook, after: PlanBook, month: Month, people: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> list[PlanImpact]:  # fmt: skip
    """What `after` changes against `before` in a month for the employees known now; see `views.plan_impact`.

    Args:
        people: whether to name those affected.
        progress: told again and again how many employees were tried.
    """
    return tried(session, before, after, month, people=people, progress=progress).found


def tried(
    session: Session, before: PlanBook, after: PlanBook, month: Month, *, behind: str = "", parts: int = ALL,
    people: bool = False, progress: Callable[[int], None] = lambda _: None, size: int = PART,
) -> Tried:  # fmt: skip
    """As `impact`, for the employees behind person id `behind` (empty: from the first), `parts` times about `size`.

    No more than one part is held in memory; the sums are the same for any size.
    """
    so_far = Tried([], 0, behind)
    while so_far.last is not None and parts != 0:
        read = facts.part_after(session, Interval(month.first, month.end), so_far.last, size)
        changed = turned(session, before, after, month, read.workers)
        found = plan_impact(before, after, month, read.workers, changed, people)
        employees = so_far.employees + len(read.workers)
        so_far, parts = Tried(together(so_far.found, found), employees, read.last), parts - 1
        progress(employees)
    return so_far


def employed(session: Session, month: Month, most: int | None = None) -> int:
    """How many are employed in a month; where they are more than `most`, any number above it."""
    found = 0
    for which in facts.ranges(session, "employment"):
        theirs = facts.timelines(session, "employment", Interval(month.first, month.end), subjects=which)
        found += len({subject for subject, _ in theirs})
        if most is not None and found > most:
            break
    return found


def turned(
    session: Session, before: PlanBook, after: PlanBook, month: Month, workers: Sequence[Worker]
) -> dict[str, Turned]:
    """By plan, those of a part of the employees whose eligibility in the month the two books answer differently."""
    earlier, later = ({plan.id: plan for plan in book.plans} for book in (before, after))
    asked = [
        name for name in {**later, **earlier} if _decided_otherwise(before, after, earlier.get(name), later.get(name))
    ]
    if not asked or not workers:
        return {}
    was: dict[str, dict[str, bool | None]] = {name: {} for name in asked}
    becomes: dict[str, dict[str, bool | None]] = {name: {} for name in asked}
    for book, plans, answers in ((before, earlier, was), (after, later, becomes)):
        known = surroundings(session, book, workers, max(session.today(), month.first))
        for worker in workers:
            for name in asked:
                plan = plans.get(name)
                answers[name][worker.person_id] = (
                    False if plan is None else _eligible(book, plan, worker, known.known(worker, covered=True), month)
                )
    return {name: _compared(was[name], becomes[name]) for name in asked}


def _decided_otherwise(before: PlanBook, after: PlanBook, earlier: Plan | None, later: Plan | None) -> bool:
    if earlier is None or later is None:
        return True
    if any(getattr(before.employer, name) != getattr(after.employer, name) for name in EMPLOYER_FIELDS):
        return True
    return any(getattr(earlier, name) != getattr(later, name) for name in ELIGIBILITY_FIELDS)


def _eligible(book: PlanBook, plan: Plan, worker: Worker, known: Known, month: Month) -> bool | None:
    """Whether an election from the first of the month on would give cover in it; None where data is lacking."""
    told = {"plan": plan.id, "tier": Tier.EE.value, "dependents": [], "waived": False}
    election = Fact("election", worker.person_id, plan.slot, told, month.first, FOREVER, "", 0)
    decision = decide_election(book, worker, known, plan.slot, election)
    if decision.status == EligibilityStatus.NEEDS_DATA.value:
        return None
    return any(cover.effective_from < month.end for cover in decision.covers)


def _compared(was: dict[str, bool | None], becomes: dict[str, bool | None]) -> Turned:
    pairs = {who: (was[who], answer) for who, answer in becomes.items()}
    return Turned(
        eligible=frozenset(who for who, (one, two) in pairs.items() if one is False and two is True),
        not_eligible=frozenset(who for who, (one, two) in pairs.items() if one is not False and two is False),
        unsettled=frozenset(who for who, (one, two) in pairs.items() if one is not None and two is None),
    )
