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
from benehub.money import Rounding, round_to_int
from benehub.periods import Month, age_on
from benehub.planbook import Plan, PlanBook
from benehub.records import Relationship, Tier
from benehub.rules.base import Calculation
from benehub.rules.premium.age_band import RatedMember, Role, rating_day
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

    role: Role
    birth: date | None = None
    age: int | None = None
    tobacco: bool | None = None
    covered_from: date | None = None
    volume_minor: int | None = None


class Question(NamedTuple):
    """One cover in one month. `start` and `end` are given where they lie within the month."""

    start: date | None
    end: date | None
    newborn: bool
    tier: str | None
    members: tuple[Member, ...]
    age: int | None
    yearly_pay_minor: int | None
    requested_minor: int | None
    approved_minor: int
    region: str | None
    tobacco: bool | None
    wellness: bool | None
    employment_class: str | None

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
    def _flat(self) -> bool:
        return (self.price.volume or VolumeRule()).unit is RateUnit.FLAT

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
    def _by_pay(self) -> bool:
        return self.contribution.scheme in _BY_PAY

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

    def question(self, worker: Worker, cover: Fact, parts: Sequence[Fact]) -> Question:
        """What is asked of a cover; `parts` are all segments of the month, `cover` the one whose tier counts.

        Pay is that in force on the first day of the month or of cover, whichever is later; a change within the month
        counts from the next one. What the facts do not tell is None and asked for by the rule.
        """
        data = cover.data
        start, end = parts[0].effective_from, parts[-1].effective_to
        begins = start > self._first
        elected = self._by_volume and self.plan.volume is not None and self.plan.volume.elected
        requested = data.get("volume_minor") if elected and not self._flat else None
        by_volume = self._by_volume and not self._flat
        pay = self._by_pay or (by_volume and requested is None)
        return Question(
            start=start if begins else None,
            end=end if end < self._end else None,
            newborn=begins and parts[0].data.get("event") == "birth",
            tier=data["tier"] or None,
            members=() if self._by_volume else self._members(worker, cover, parts),
            age=self._age(worker) if self._aged or self._by_row else None,
            yearly_pay_minor=self._pay(worker, start if begins else self._first) if pay else None,
            requested_minor=requested,
            approved_minor=int(data.get("approved_volume_minor") or 0) if by_volume else 0,
            region=_region(self.plan, worker) if self._region else None,
            tobacco=data.get("tobacco") if self._tobacco else None,
            wellness=data.get("wellness") if self._wellness else None,
            employment_class=str(worker.employment.data["employment_class"]) if self._by_row else None,
        )

    def line(self, asked: Question) -> Calculation[PremiumLine]:
        """The explained rule's answer."""
        return premium_line(
            price=self.price,
            who=Enrolled(
                tier=Tier(asked.tier) if asked.tier else None,
                members=tuple(
                    RatedMember(
                        role=one.role, birth_date=one.birth, tobacco=one.tobacco, covered_from=one.covered_from,
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
            ),
            month=self.month,
            cover_start=asked.start or self._first,
            cover_end=asked.end,
            proration=self._proration,
            contribution_rule=self.contribution,
            currency=self.currency,
        )  # fmt: skip

    def _members(self, worker: Worker, cover: Fact, parts: Sequence[Fact]) -> tuple[Member, ...]:
        """The employee, then each covered dependent: for rates by tier the roles alone."""
        dependents = cover.data.get("dependents") or ()
        if self.price.structure is Structure.TIER:
            roles = sorted(_role(worker, person_id) for person_id in dependents)
            return (Member(Role.EMPLOYEE), *(Member(role) for role in roles))
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

    def _member(
        self, role: Role, born: Any, tobacco: bool | None, since: date | None, volume: int | None = None
    ) -> Member:
        birth = _date(born)
        if self.price.ages.small_group:
            # Who counts as one of the three oldest children goes by the very day.
            return Member(role, birth, None, tobacco, since, volume)
        age = None if birth is None or self._rating_day is None else max(0, age_on(birth, self._rating_day))
        return Member(role, birth, age, tobacco, None, volume)

    def _age(self, worker: Worker) -> int | None:
        """The employee's age as the plan takes it."""
        birth = _date(worker.identity.get("birth_date"))
        return None if birth is None or self._rating_day is None else max(0, age_on(birth, self._rating_day))

    def _pay(self, worker: Worker, day: date) -> int | None:
        yearly = worker.yearly_pay(day, self.pays[worker.pay_group])
        return None if yearly is None else round_to_int(yearly, Rounding.HALF_UP)


def _any(factors: Sequence[Factor], kinds: Sequence[FactorFor]) -> bool:
    return any(one.applies_to in kinds for one in factors)


def _role(worker: Worker, person_id: str) -> Role:
    partner = worker.dependents.get(person_id, {}).get("relationship") in PARTNERS
    return Role.SPOUSE if partner else Role.CHILD


def _region(plan: Plan, worker: Worker) -> str | None:
    held = worker.employment.data if plan.region_by == "location" else worker.identity
    return held.get(plan.region_by) or None


def _date(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None
