"""What a plan's price asks of one cover in one month, and nothing else: people of whom it asks the same pay the same.

A tier's price knows no birth date and a volume's no dependents. What a plan does not ask for is left out, so that its
explanation tells no more of a person than it used, and one answer serves everybody with the same question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from benehub.facts.history import Fact
from benehub.facts.workforce import Worker
from benehub.periods import Month, age_on
from benehub.planbook import Plan, PlanBook
from benehub.records import Relationship, Tier
from benehub.rules.base import Calculation
from benehub.rules.premium.age_band import RatedMember, Role, rating_day
from benehub.rules.premium.by_pay import ByPay, by_pay
from benehub.rules.premium.contribution_rule import ContributionRule, Scheme
from benehub.rules.premium.factors import Factor, FactorFor
from benehub.rules.premium.line import Enrolled, PremiumLine, Price, Structure, premium_line
from benehub.rules.premium.proration import ProrationRule, StartEvent
from benehub.rules.premium.volume_rule import RateUnit, VolumeRule

PARTNERS = (Relationship.SPOUSE.value, Relationship.DOMESTIC_PARTNER.value)
_BY_PAY = (Scheme.PERCENT_OF_PAY, Scheme.SALARY_BANDS)
_TOBACCO = (FactorFor.TOBACCO, FactorFor.NO_TOBACCO)
_WELLNESS = (FactorFor.WELLNESS, FactorFor.NO_WELLNESS)


class Member(NamedTuple):
    """A covered person as far as the price asks; birth and start as days, `age` where the rates go by it alone."""

    role: str
    birth: date | None = None
    age: int | None = None
    tobacco: bool | None = None
    covered_from: date | None = None
    volume_minor: int | None = None


class Question(NamedTuple):
    """One cover in one month. `start` and `end` are given where they lie within the month; amounts come last."""

    start: date | None
    end: date | None
    newborn: bool
    tier: str | None
    members: tuple[Member, ...]
    age: int | None
    region: str | None
    tobacco: bool | None
    wellness: bool | None
    employment_class: str | None
    yearly_pay_minor: int | None
    requested_minor: int | None
    approved_minor: int

    @property
    def frame(self) -> tuple[Any, ...]:
        """All but the amounts: people with the same frame differ in pay or volume alone."""
        return self[:-3]

    @property
    def key(self) -> Question:
        """What the amounts go by: a birth date only through the age, where that is known."""
        if not any(one.age is not None for one in self.members):
            return self
        same = tuple(one if one.age is None else one._replace(birth=None) for one in self.members)
        return self._replace(members=same)


@dataclass(frozen=True)
class PriceOf:
    """How a plan is priced in a month, and which facts that asks for."""

    plan: Plan
    month: Month
    price: Price
    contribution: ContributionRule
    currency: str
    pays: dict[str, int]
    """Pays a year by pay group."""

    @classmethod
    def of(cls, book: PlanBook, plan: Plan, month: Month) -> PriceOf:
        """The terms of a plan book.

        Raises:
            DataError: no rate table covers the month.
        """
        price, contribution = book.premium_terms(plan, month)
        pays = {name: group.pays_a_year for name, group in book.pay_groups.items()}
        return cls(plan, month, price, contribution, book.employer.currency, pays)

    @cached_property
    def _by_volume(self) -> bool:
        return self.price.structure is Structure.VOLUME

    @cached_property
    def by_age(self) -> bool:
        """Whether each covered person has a rate of his own."""
        return self.price.structure is Structure.AGE_BAND

    @cached_property
    def _sized(self) -> bool:
        """Whether there is a volume that differs from person to person."""
        return self._by_volume and (self.price.volume or VolumeRule()).unit is not RateUnit.FLAT

    @cached_property
    def by_pay(self) -> bool:
        """Whether the price asks for pay or for a volume."""
        return self._sized or self.contribution.scheme in _BY_PAY

    @cached_property
    def asks(self) -> tuple[Any, ...]:
        """What is asked, and of which day: months that agree put the same question of a cover that does not change."""
        aged = self._aged or self._by_row or (self.by_age and not self.price.ages.small_group)
        return (
            self.price.structure, self.price.ages, self._rating_day if aged else None, self._sized, self._aged,
            self._by_row, self._region, self._tobacco, self._wellness, self.contribution.scheme in _BY_PAY,
        )  # fmt: skip

    @cached_property
    def _elected(self) -> bool:
        return self._sized and self.plan.volume is not None and self.plan.volume.elected

    @cached_property
    def _aged(self) -> bool:
        """Whether a volume or its rate goes by the employee's age."""
        reductions = self.price.volume.reductions if self.price.volume else ()
        banded = any(row.age_from is not None or row.age_through is not None for row in self.price.rows)
        return self._by_volume and (bool(reductions) or banded)

    @cached_property
    def _by_row(self) -> bool:
        return self.contribution.scheme is Scheme.DEFINED and bool(self.contribution.defined)

    @cached_property
    def _region(self) -> bool:
        return any(row.region for row in self.price.rows)

    @cached_property
    def _tobacco(self) -> bool:
        return any(row.tobacco is not None for row in self.price.rows) or _any(self.price.factors, _TOBACCO)

    @cached_property
    def _wellness(self) -> bool:
        return _any(self.price.factors, _WELLNESS)

    @cached_property
    def _proration(self) -> ProrationRule:
        return self.plan.proration_rule()

    @cached_property
    def _first(self) -> date:
        return self.month.first

    @cached_property
    def _end(self) -> date:
        return self.month.end

    @cached_property
    def _rating_day(self) -> date | None:
        return rating_day(self.price.ages, self.month, self.price.plan_year_start)

    @cached_property
    def _ages(self) -> dict[str, int | None]:
        """Ages by birth date as told: there are far fewer of them than people."""
        return {}

    @cached_property
    def _families(self) -> dict[tuple[int, int], tuple[Member, ...]]:
        """Members of rates by tier, by the number of spouses and children."""
        return {}

    def question(self, worker: Worker, cover: Fact, parts: Sequence[Fact]) -> Question:
        """What is asked of a cover; `parts` are all segments of the month, `cover` the one whose tier counts.

        Pay is that in force on the first day of the month or of cover, whichever is later; a change within the month
        counts from the next one. What the facts do not tell is None and asked for by the rule.
        """
        data = cover.data
        start, end = parts[0].effective_from, parts[-1].effective_to
        begins = start > self._first
        requested = data.get("volume_minor") if self._elected else None
        pay = self.contribution.scheme in _BY_PAY or (self._sized and requested is None)
        return Question(
            start if begins else None,
            end if end < self._end else None,
            begins and parts[0].data.get("event") == "birth",
            data["tier"] or None,
            () if self._by_volume else self._members(worker, cover, parts),
            self._age(worker) if self._aged or self._by_row else None,
            _region(self.plan, worker) if self._region else None,
            data.get("tobacco") if self._tobacco else None,
            data.get("wellness") if self._wellness else None,
            str(worker.employment.data["employment_class"]) if self._by_row else None,
            worker.yearly_pay(start if begins else self._first, self.pays[worker.pay_group]) if pay else None,
            requested,
            int(data.get("approved_volume_minor") or 0) if self._sized else 0,
        )

    def line(self, asked: Question) -> Calculation[PremiumLine]:
        """The explained rule's answer."""
        return premium_line(
            price=self.price, who=_who(asked), month=self.month, cover_start=asked.start or self._first,
            cover_end=asked.end, proration=self._proration, contribution_rule=self.contribution,
            currency=self.currency,
        )  # fmt: skip

    def by_pay_of(self, asked: Question) -> ByPay | None:
        """The whole-number steps of everybody with the frame of `asked`; None where only `line` can answer."""
        explained = None if self._by_volume else self.line(asked).result
        return by_pay(
            price=self.price, who=_who(asked), month=self.month, cover_start=asked.start or self._first,
            cover_end=asked.end, proration=self._proration, contribution_rule=self.contribution,
            currency=self.currency, explained=explained,
        )  # fmt: skip

    def _members(self, worker: Worker, cover: Fact, parts: Sequence[Fact]) -> tuple[Member, ...]:
        """The employee, then each covered dependent: for rates by tier the roles alone."""
        dependents = cover.data.get("dependents") or ()
        if not self.by_age:
            spouses = 0
            for person_id in dependents:
                spouses += _role(worker, person_id) is Role.SPOUSE
            return self._family(spouses, len(dependents) - spouses)
        tobacco = cover.data.get("tobacco") if self._tobacco else None
        smokers = cover.data.get("tobacco_dependents") or ()
        start, volume = parts[0].effective_from, cover.data.get("volume_minor")
        found = [self._member(Role.EMPLOYEE, worker.identity.get("birth_date"), tobacco, start, volume)]
        for person_id in dependents:
            since = [one.effective_from for one in parts if person_id in (one.data.get("dependents") or ())]
            smokes = None if tobacco is None else person_id in smokers
            birth = worker.dependents.get(person_id, {}).get("birth_date")
            found.append(self._member(_role(worker, person_id), birth, smokes, min(since, default=None)))
        return tuple(found)

    def _family(self, spouses: int, children: int) -> tuple[Member, ...]:
        found = self._families.get((spouses, children))
        if found is None:
            roles = [Role.EMPLOYEE, *[Role.CHILD] * children, *[Role.SPOUSE] * spouses]
            found = self._families[spouses, children] = tuple(Member(role.value) for role in roles)
        return found

    def _member(
        self, role: Role, born: str | None, tobacco: bool | None, since: date | None, volume: int | None = None
    ) -> Member:
        birth = date.fromisoformat(born) if born else None
        if self.price.ages.small_group:
            # Who counts as one of the three oldest children goes by the very day.
            return Member(role.value, birth, None, tobacco, since, volume)
        return Member(role.value, birth, self._aged_of(born), tobacco, None, volume)

    def _age(self, worker: Worker) -> int | None:
        """The employee's age as the plan takes it."""
        return self._aged_of(worker.identity.get("birth_date"))

    def _aged_of(self, born: str | None) -> int | None:
        """Age on the rating day; None where either is not known."""
        day = self._rating_day
        if not born or day is None:
            return None
        if born not in self._ages:
            self._ages[born] = max(0, age_on(date.fromisoformat(born), day))
        return self._ages[born]


def _who(asked: Question) -> Enrolled:
    return Enrolled(
        tier=Tier(asked.tier) if asked.tier else None,
        members=tuple(
            RatedMember(
                role=Role(one.role), birth_date=one.birth, tobacco=one.tobacco, covered_from=one.covered_from,
                volume_minor=one.volume_minor,
            )
            for one in asked.members
        ),
        age=asked.age,
        yearly_pay_minor=asked.yearly_pay_minor,
        requested_minor=asked.requested_minor,
        approved_minor=asked.approved_minor,
        region=asked.region,
        tobacco=asked.tobacco,
        wellness=asked.wellness,
        employment_class=asked.employment_class,
        event=StartEvent.NEWBORN if asked.newborn else StartEvent.ENROLLMENT,
    )  # fmt: skip


def _any(factors: Sequence[Factor], kinds: Sequence[FactorFor]) -> bool:
    return any(one.applies_to in kinds for one in factors)


def _role(worker: Worker, person_id: str) -> Role:
    partner = worker.dependents.get(person_id, {}).get("relationship") in PARTNERS
    return Role.SPOUSE if partner else Role.CHILD


def _region(plan: Plan, worker: Worker) -> str | None:
    held = worker.employment.data if plan.region_by == "location" else worker.identity
    return held.get(plan.region_by) or None
