"""Whom a change of the plan book affects, and by how much: one month priced under both books on the same facts.

Only the books differ. Coverage, pay and elections are those believed now, so that a difference comes from a changed
term and from nothing else. It holds no rule of its own: prices are those that accrual posts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from benehub.errors import DataError
from benehub.facts import Fact, Worker
from benehub.facts.pricing import Amounts, Prices
from benehub.periods import Month
from benehub.planbook import PlanBook


@dataclass(frozen=True, slots=True)
class Turned:
    """Employees (person ids) whose eligibility for a plan the other book answers differently."""

    eligible: frozenset[str] = frozenset()
    """Eligible in the month under the later book, and not under the earlier."""
    not_eligible: frozenset[str] = frozenset()
    """Not eligible in the month under the later book; under the earlier they were, or it could not be told."""
    unsettled: frozenset[str] = frozenset()
    """The later book asks something that nobody knows of them, and the earlier did not. It ends no cover."""


@dataclass(frozen=True, slots=True)
class Affected:
    """One employee's monthly shares in minor units; None after: the cover ends."""

    employee_number: str
    before_minor: int
    after_minor: int | None


@dataclass(slots=True)
class PlanImpact:
    """What the later book changes for one plan in the month, in minor units.

    Sums are over those who are covered and whose price both books tell; the others are counted as `unpriced`. The
    shares are of those who keep their cover; the employer's change counts also the cover that ends.
    """

    plan: str
    name: str
    status: str
    """same, changed (its terms differ), added or removed (it stands in one book only)."""
    insured: bool
    """Whether it has premiums; of accounts and retirement plans people are counted, nothing is priced."""
    covered: int = 0
    changed: int = 0
    """Those who keep their cover and pay another share."""
    employee_minor: int = 0
    """Change of all employee shares together."""
    largest_minor: int = 0
    """The largest change of one share, with its sign."""
    employer_minor: int = 0
    """Change of the employer's cost."""
    unpriced: int = 0
    becomes_eligible: int = 0
    no_longer_eligible: int = 0
    loses_cover: int = 0
    """Those covered who are no longer eligible, or whose plan the later book does not have."""
    unsettled: int = 0
    """Those whose eligibility cannot be told under the later book for want of data."""
    people: list[Affected] = field(default_factory=list)
    """Who pays another share or loses cover; empty unless asked for."""


def plan_impact(
    before: PlanBook,
    after: PlanBook,
    month: Month,
    workers: Sequence[Worker],
    turned: Mapping[str, Turned],
    people: bool = False,
) -> list[PlanImpact]:
    """What `after` changes against `before` in a month, plan by plan in the order of `after`, then those removed.

    Args:
        before: the book that holds now.
        after: the one it is compared with.
        month: coverage month that is priced.
        workers: those employed in the month, as `facts.workers` gives them.
        turned: by plan, whose eligibility changes.
        people: whether to name those affected by their employee numbers.
    """
    found = {one.plan: one for one in _blank(before, after)}
    for plan_id, one in turned.items():
        found[plan_id].becomes_eligible = len(one.eligible)
        found[plan_id].no_longer_eligible = len(one.not_eligible)
        found[plan_id].unsettled = len(one.unsettled)
    priced = [(Prices(book), _priceable(book, month)) for book in (before, after)]
    for worker in workers:
        for timeline in worker.coverages.values():
            covers = [one for one in timeline if one.effective_from < month.end and one.effective_to > month.first]
            if not covers:
                continue
            was, becomes = (_amounts(prices, known, worker, covers, month) for prices, known in priced)
            for plan_id in dict.fromkeys(str(one.data["plan"]) for one in covers):
                impact = found.get(plan_id)
                if impact is None:
                    continue  # a cover of a plan that neither book has
                ends = impact.status == "removed" or worker.person_id in turned.get(plan_id, Turned()).not_eligible
                _count(impact, worker, was.get(plan_id), becomes.get(plan_id), ends, people)
    for impact in found.values():
        impact.people.sort(key=lambda who: who.employee_number)
    return list(found.values())


def _blank(before: PlanBook, after: PlanBook) -> Iterator[PlanImpact]:
    earlier = {plan.id: plan for plan in before.plans}
    for plan in after.plans:
        status = "added" if plan.id not in earlier else "same" if earlier.pop(plan.id) == plan else "changed"
        yield PlanImpact(plan.id, plan.name, status, plan.insured)
    for plan in before.plans:
        if plan.id in earlier:
            yield PlanImpact(plan.id, plan.name, "removed", plan.insured)


def _priceable(book: PlanBook, month: Month) -> set[str]:
    """The insurance plans that have a price in the month."""
    found = set()
    for plan in book.insurance_plans():
        try:
            book.premium_terms(plan, month)
        except DataError:
            continue
        found.add(plan.id)
    return found


def _amounts(
    prices: Prices, priceable: Collection[str], worker: Worker, covers: Sequence[Fact], month: Month
) -> dict[str, Amounts]:
    """The month's premiums by plan; what cannot be worked out is left out."""
    known = [one for one in covers if one.data["plan"] in priceable]
    if worker.pay_group not in prices.book.pay_groups:
        return {}
    return {plan.id: found for plan, found in prices.amounts(worker, known, month) if not found.needs}


def _count(
    impact: PlanImpact, worker: Worker, was: Amounts | None, becomes: Amounts | None, ends: bool, people: bool
) -> None:
    impact.covered += 1
    impact.loses_cover += ends
    if not impact.insured:
        return
    if was is None or (becomes is None and not ends):
        impact.unpriced += 1
        return
    after = None if ends or becomes is None else becomes.employee_minor
    impact.employer_minor += (0 if ends or becomes is None else becomes.employer_minor) - was.employer_minor
    if after is not None:
        change = after - was.employee_minor
        impact.changed += change != 0
        impact.employee_minor += change
        impact.largest_minor = max(impact.largest_minor, change, key=abs)
    if people and after != was.employee_minor:
        number = str(worker.identity.get("employee_number", worker.person_id))
        impact.people.append(Affected(number, was.employee_minor, after))
