"""What a cover costs in a month: facts and plan book put the way the premium rules ask, and their answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from benehub.errors import DataError
from benehub.facts.history import Fact
from benehub.facts.workforce import Worker, in_force
from benehub.money import Rounding, round_to_int
from benehub.periods import FOREVER, Month, age_on
from benehub.planbook import Plan, PlanBook
from benehub.records import Relationship, Tier
from benehub.rules.base import Calculation
from benehub.rules.premium.age_band import AgeRule, RatedMember, Role, rating_day
from benehub.rules.premium.line import Enrolled, PremiumLine, premium_line
from benehub.rules.premium.proration import StartEvent

PARTNERS = (Relationship.SPOUSE.value, Relationship.DOMESTIC_PARTNER.value)


def month_lines(
    book: PlanBook, worker: Worker, timeline: Sequence[Fact], month: Month
) -> list[tuple[Plan, Fact, Calculation[PremiumLine]]]:
    """Premium lines of one worker's coverages of one benefit type in a month: one a plan.

    Where the tier changes within the month, the tier in force on the plan's wash day counts, else the last one.
    """
    by_plan: dict[str, list[Fact]] = {}
    for fact in timeline:
        if fact.effective_from < month.end and fact.effective_to > month.first:
            by_plan.setdefault(fact.data["plan"], []).append(fact)
    lines = []
    for plan_id, parts in by_plan.items():
        plan = book.plan(plan_id)
        wash = date(month.year, month.month, plan.mid_period.wash_day)
        chosen = in_force(parts, wash) or parts[-1]
        end = parts[-1].effective_to
        price, employers_part = book.premium_terms(plan, month)
        line = premium_line(
            price=price,
            who=enrolled(book, plan, worker, chosen, parts, month),
            month=month,
            cover_start=parts[0].effective_from,
            cover_end=None if end == FOREVER else end,
            proration=plan.proration_rule(),
            contribution_rule=employers_part,
            currency=book.employer.currency,
        )
        lines.append((plan, chosen, line))
    return lines


def priced(line: Calculation[PremiumLine], worker: Worker, plan: Plan, month: Month) -> PremiumLine:
    """The line, where the caller cannot go on without it.

    Raises:
        DataError: something the price needs is not known; the message names whose, and what.
    """
    if line.result is None:
        raise DataError(
            f"the premium of plan {plan.id} in {month} cannot be worked out without {', '.join(line.needs)}",
            where=f"employee {worker.identity.get('employee_number', worker.person_id)}",
            mend="Supply it at its source (HRIS, election or plan book) and run again",
        )
    return line.result


def enrolled(book: PlanBook, plan: Plan, worker: Worker, cover: Fact, parts: Sequence[Fact], month: Month) -> Enrolled:
    """What the rules may ask of a cover in a month; what the facts do not tell is None and asked for there.

    Pay is that in force on the first day of the month or of cover, whichever is later; a change within the month
    counts from the next one.
    """
    data = cover.data
    day = max(month.first, parts[0].effective_from)
    pays = book.pay_groups[worker.pay_group].pays_a_year
    yearly = worker.yearly_pay(day, pays)
    return Enrolled(
        tier=Tier(data["tier"]) if data["tier"] else None,
        members=_members(worker, cover, parts),
        age=_age(plan, worker, month),
        yearly_pay_minor=None if yearly is None else round_to_int(yearly, Rounding.HALF_UP),
        requested_minor=data.get("volume_minor") if plan.volume is not None and plan.volume.elected else None,
        approved_minor=int(data.get("approved_volume_minor") or 0),
        region=_region(plan, worker),
        tobacco=data.get("tobacco"),
        wellness=data.get("wellness"),
        employment_class=str(worker.employment.data["employment_class"]),
        event=StartEvent.NEWBORN if parts[0].data.get("event") == "birth" else StartEvent.ENROLLMENT,
    )


def _members(worker: Worker, cover: Fact, parts: Sequence[Fact]) -> tuple[RatedMember, ...]:
    """The employee, then each covered dependent, with the first day of his own cover."""
    tobacco = cover.data.get("tobacco")
    smokers = cover.data.get("tobacco_dependents") or ()
    found = [
        RatedMember(
            birth_date=_date(worker.identity.get("birth_date")), tobacco=tobacco, covered_from=parts[0].effective_from,
            volume_minor=cover.data.get("volume_minor"),
        )
    ]  # fmt: skip
    for person_id in cover.data.get("dependents") or ():
        known = worker.dependents.get(person_id, {})
        since = [one.effective_from for one in parts if person_id in (one.data.get("dependents") or ())]
        found.append(
            RatedMember(
                role=Role.SPOUSE if known.get("relationship") in PARTNERS else Role.CHILD,
                birth_date=_date(known.get("birth_date")),
                tobacco=None if tobacco is None else person_id in smokers,
                covered_from=min(since) if since else None,
            )
        )
    return tuple(found)


def _age(plan: Plan, worker: Worker, month: Month) -> int | None:
    """The employee's age as the plan takes it."""
    birth = _date(worker.identity.get("birth_date"))
    day = rating_day(AgeRule(basis=plan.age_rating.basis), month, plan.plan_year_start(month))
    return None if birth is None or day is None else max(0, age_on(birth, day))


def _region(plan: Plan, worker: Worker) -> str | None:
    facts: dict[str, Any] = {
        "state": worker.identity.get("state"),
        "zip_code": worker.identity.get("zip_code"),
        "location": worker.employment.data.get("location"),
    }
    return facts[plan.region_by] or None


def _date(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None
