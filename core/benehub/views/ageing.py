"""Children whose cover will end by age: from when, what the family is written, and the change that is proposed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from benehub import facts
from benehub.facts import Fact
from benehub.planbook import PlanBook
from benehub.rules.eligibility.dependent_end import NOTICE_DAYS, remaining_tier
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import person

CONTINUATION = "continuation notice"
"""What is sent with the last letter: the right to go on at one's own cost (COBRA, or that of the state)."""


@dataclass(frozen=True, slots=True)
class DependentEnding:
    """One child under one plan: the end of cover, the next letter and the change that is proposed."""

    employee: str
    """Employee number."""
    dependent: str
    """The hub's id of the child; no name and no birth date."""
    first_name: str
    plan: str
    last_day: date
    """Last covered day."""
    tax_free_until: date
    """Last day on which the child's cover is no taxable income of the employee (US)."""
    next_notice: date | None
    """Next day on which the family is written to; None once all are past."""
    notice: str
    """What that letter is: 90, 60 or 30 days ahead; the last one carries the continuation notice."""
    tier: str
    """Coverage tier now."""
    tier_after: str
    """Coverage tier that is proposed from the day after the last."""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {name: str(value) if isinstance(value, date) else value for name, value in asdict(self).items()}


def upcoming_dependent_ends(session: Session, book: PlanBook, day: date, within: int = 90) -> list[DependentEnding]:
    """Children whose last covered day lies within so many days from `day`, the soonest first."""
    insured = {plan.id for plan in book.insurance_plans() if plan.dependents.age_limit is not None}
    covers = [
        cover
        for cover in facts.as_of(session, "coverage", day)
        if cover.data["plan"] in insured and cover.data["dependents"]
    ]
    named = sorted({one for cover in covers for one in cover.data["dependents"]})
    family = {
        one.subject: one for one in facts.as_of(session, "dependent", day, subjects=named) if one.subject in set(named)
    }
    numbers = _numbers(session, {cover.subject for cover in covers})
    found = [
        ending
        for cover in covers
        for ending in _endings(book, cover, family, numbers, day, day + timedelta(days=within))
    ]
    return sorted(found, key=lambda one: (one.last_day, one.employee, one.dependent, one.plan))


def _endings(
    book: PlanBook, cover: Fact, family: dict[str, Fact], numbers: dict[str, str], day: date, until: date
) -> Iterable[DependentEnding]:
    plan, tier = book.plan(cover.data["plan"]), str(cover.data["tier"])
    members = [family[one] for one in cover.data["dependents"] if one in family]
    ends = {}
    for one in members:
        answer = plan.dependents.age_end(one.data, book.employer.size == "large")
        if answer is not None and answer.result is not None:
            ends[one.subject] = answer.result
    for one in members:
        end = ends.get(one.subject)
        if end is None or not day <= end.last_day <= until:
            continue
        # whoever ages out by then has left the tier too
        stay = [
            other.data["relationship"]
            for other in members
            if other.subject != one.subject
            and (other.subject not in ends or ends[other.subject].last_day > end.last_day)
        ]
        ahead = [(sent, days) for sent, days in zip(end.notice_dates, NOTICE_DAYS, strict=True) if sent >= day]
        sent, days = ahead[0] if ahead else (None, 0)
        notice = "" if sent is None else f"{days} days ahead"
        yield DependentEnding(
            employee=numbers.get(cover.subject, ""),
            dependent=one.subject,
            first_name=str(one.data["first_name"]),
            plan=plan.id,
            last_day=end.last_day,
            tax_free_until=end.tax_free_until,
            next_notice=sent,
            notice=f"{notice}, {CONTINUATION}" if days == NOTICE_DAYS[-1] else notice,
            tier=tier,
            tier_after=remaining_tier(tier, stay),
        )


def _numbers(session: Session, persons: set[str]) -> dict[str, str]:
    ordered = sorted(persons)
    found: dict[str, str] = {}
    for start in range(0, len(ordered), CHUNK):
        rows = session.rows(
            select(person.c.person_id, person.c.member_id).where(
                *session.where(person), person.c.person_id.in_(ordered[start : start + CHUNK])
            )
        )
        found |= {row.person_id: str(row.member_id) for row in rows}
    return found
