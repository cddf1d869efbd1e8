"""Whom a change of the plan book affects, and by how much: one month priced under both books on the same facts.

Only the books differ. Coverage, pay and elections are those believed now, so that a difference comes from a changed
term and from nothing else. It holds no rule of its own: prices are those that accrual posts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

from benehub.errors import DataError
from benehub.facts import Fact, Worker
from benehub.facts.pricing import Amounts, Prices
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook
from benehub.rules.eligibility.coverage_end import end_of_cover
from benehub.views.plan_prices import uninsured_amounts

ONE_DAY = timedelta(days=1)
SUMS: Final = (
    "covered", "changed", "employee_minor", "employer_minor", "unpriced", "becomes_eligible", "no_longer_eligible",
    "loses_cover", "other_last_day", "unsettled",
)  # fmt: skip
"""What of two parts of the employees is added."""


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
    """One employee's monthly shares in minor units; None after: the cover ends.

    The last days of cover stand here where the books let a known end of employment end it on another day.
    """

    employee_number: str
    before_minor: int
    after_minor: int | None
    last_day_before: date | None = None
    last_day_after: date | None = None


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
    """Whether it has premiums; an account or a retirement plan is priced as a twelfth of its year, by the elections
    and the pay known now."""
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
    other_last_day: int = 0
    """Those covered whose employment is known to end, and whose cover would then end on another day."""
    unsettled: int = 0
    """Those whose eligibility cannot be told under the later book for want of data."""

    @property
    def touches(self) -> bool:
        """Whether its terms are others, or it changes something for anybody, or that cannot be told of somebody.

        A plan whose own terms stay may change by another one that its price looks up, or by a pay group.
        """
        whom = (
            self.changed, self.employer_minor, self.unpriced, self.becomes_eligible, self.no_longer_eligible,
            self.loses_cover, self.other_last_day, self.unsettled,
        )  # fmt: skip
        return self.status != "same" or any(whom)

    people: list[Affected] = field(default_factory=list)
    """Who pays another share, loses cover or has another last day of it; empty unless asked for."""


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
    priced = [
        (Prices(book), _priceable(book, month), {plan.id: plan for plan in book.plans if not plan.insured})
        for book in (before, after)
    ]
    for worker in workers:
        for timeline in worker.coverages.values():
            covers = [one for one in timeline if one.effective_from < month.end and one.effective_to > month.first]
            if not covers:
                continue
            ends_on = _last_days(before, after, worker, covers)
            cut = [_ending(one, *ends_on.get(str(one.data["plan"]), ())) for one in covers]
            later = [one for one in cut if one.effective_from < one.effective_to]
            was, becomes = (
                _amounts(*known, worker, believed, month)
                for known, believed in zip(priced, (covers, later), strict=True)
            )
            for plan_id in dict.fromkeys(str(one.data["plan"]) for one in covers):
                impact = found.get(plan_id)
                if impact is None:
                    continue  # a cover of a plan that neither book has
                ends = impact.status == "removed" or worker.person_id in turned.get(plan_id, Turned()).not_eligible
                days = None if ends else ends_on.get(plan_id)
                _count(impact, worker, was.get(plan_id), becomes.get(plan_id), ends, days, people)
    return _in_order(list(found.values()))


def together(found: Sequence[PlanImpact], more: Sequence[PlanImpact]) -> list[PlanImpact]:
    """What the same books change for two parts of the employees, together; the first may be of nobody and no plan."""
    if not found:
        return list(more)
    return _in_order([_plus(one, other) for one, other in zip(found, more, strict=True)])


def _plus(one: PlanImpact, other: PlanImpact) -> PlanImpact:
    sums = {name: getattr(one, name) + getattr(other, name) for name in (*SUMS, "people")}
    largest = max(one.largest_minor, other.largest_minor, key=abs)  # of two the first, as within a part
    return replace(one, largest_minor=largest, **sums)


def _in_order(found: list[PlanImpact]) -> list[PlanImpact]:
    for impact in found:
        impact.people.sort(key=lambda who: who.employee_number)
    return found


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
    prices: Prices,
    priceable: Collection[str],
    others: Mapping[str, Plan],
    worker: Worker,
    covers: Sequence[Fact],
    month: Month,
) -> dict[str, Amounts]:
    """The month's amounts by plan; what cannot be worked out is left out. `others` are plans without premiums."""
    known = [one for one in covers if one.data["plan"] in priceable]
    if worker.pay_group not in prices.book.pay_groups:
        return {}
    found = {plan.id: amounts for plan, amounts in prices.amounts(worker, known, month)}
    for cover in covers:
        if (plan := others.get(str(cover.data["plan"]))) is not None:
            found[plan.id] = uninsured_amounts(prices.book, plan, worker, cover, month)  # the newest one counts
    return {plan_id: amounts for plan_id, amounts in found.items() if not amounts.needs}


def _last_days(
    before: PlanBook, after: PlanBook, worker: Worker, covers: Sequence[Fact]
) -> dict[str, tuple[date, date]]:
    """By plan the first day without cover under each book, where a known end of employment sets another one."""
    gone = worker.terminated_on
    found: dict[str, tuple[date, date]] = {}
    for plan_id in {str(one.data["plan"]) for one in covers} if gone is not None else ():
        rules = [plan.eligibility_rule() for book in (before, after) for plan in book.plans if plan.id == plan_id]
        if gone is None or len(rules) < 2:  # it stands in one book only
            continue
        one, two = (end_of_cover(gone, rule.coverage_end, rule.wash_day, rule.early_wash) for rule in rules)
        if one != two:
            found[plan_id] = (one, two)
    return found


def _ending(cover: Fact, end: date | None = None, instead: date | None = None) -> Fact:
    """A cover that ends on the day `end` ends `instead`; any other is as it was."""
    return cover._replace(effective_to=instead) if instead is not None and cover.effective_to == end else cover


def _count(
    impact: PlanImpact, worker: Worker, was: Amounts | None, becomes: Amounts | None, ends: bool,
    days: tuple[date, date] | None, people: bool,
) -> None:  # fmt: skip
    impact.covered += 1
    impact.loses_cover += ends
    impact.other_last_day += days is not None
    dropped = ends or (days is not None and becomes is None)  # cut off before the month
    if was is None or (becomes is None and not dropped):
        impact.unpriced += 1
        return
    after = None if dropped or becomes is None else becomes.employee_minor
    impact.employer_minor += (0 if dropped or becomes is None else becomes.employer_minor) - was.employer_minor
    if after is not None:
        change = after - was.employee_minor
        impact.changed += change != 0
        impact.employee_minor += change
        impact.largest_minor = max(impact.largest_minor, change, key=abs)
    if people and (after != was.employee_minor or days is not None):
        number = str(worker.identity.get("employee_number", worker.person_id))
        last = (None, None) if days is None else (days[0] - ONE_DAY, days[1] - ONE_DAY)
        impact.people.append(Affected(number, was.employee_minor, after, *last))
