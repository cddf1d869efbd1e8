"""Who can soon enter a plan, and whose child will be too old for one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from benehub import facts
from benehub.facts import Worker
from benehub.facts.entitlement import could_enter
from benehub.facts.surroundings import surroundings
from benehub.periods import Interval
from benehub.planbook import Plan, PlanBook
from benehub.rules.eligibility.evaluate import EligibilityStatus
from benehub.store import Session
from benehub.views.ageing import upcoming_dependent_ends
from benehub.views.notices.notice import Notice
from benehub.views.persons import person_ids

DAYS_AHEAD = (30, 7)
"""How many days before the first possible day of cover it is told."""

NEW = timedelta(days=550)
"""For how long after hire somebody is looked at: no wait that law allows, entry dates included, is longer."""


def eligible_soon(session: Session, book: PlanBook, day: date) -> Iterator[Notice]:
    """Employees who wait for a plan they have not chosen yet, 30 and 7 days before they can enter it.

    One notice an employee and day, naming the plans: nobody gets five messages for five plans.
    """
    for part in facts.parts_of_workers(session, Interval(day)):
        new = [one for one in part.workers if one.hired >= day - NEW and one.terminated_on is None]
        around = surroundings(session, book, new, day)
        for worker in new:
            opening: dict[date, list[str]] = {}
            for plan in _undecided(book, worker, day):
                answer = could_enter(book, plan, worker, around.known(worker, covered=True), day)
                if answer.status is EligibilityStatus.WAITING and answer.until is not None:
                    opening.setdefault(answer.until, []).append(plan.id)
            for on, plans in sorted(opening.items()):
                yield from _told(worker, on, plans, day)


def _undecided(book: PlanBook, worker: Worker, day: date) -> Iterator[Plan]:
    for plan in book.plans:
        if plan.slot not in worker.elections and plan.effective_from <= day < plan.effective_to:
            yield plan


def _told(worker: Worker, on: date, plans: Sequence[str], day: date) -> Iterator[Notice]:
    ahead = next((days for days in reversed(DAYS_AHEAD) if day < on <= day + timedelta(days=days)), None)
    if ahead is not None:
        values = {"from": on.isoformat(), "plans": ", ".join(sorted(plans)), "days_ahead": str(ahead)}
        yield Notice("eligible_soon", worker.person_id, f"{on}/{ahead}", on, values, (worker.employment.fact_id,))


def ageing_out(session: Session, book: PlanBook, day: date) -> Iterator[Notice]:
    """Families with a child whose cover ends by age, 90, 60 and 30 days ahead; the last with the right to go on."""
    found = upcoming_dependent_ends(session, book, day)
    people = person_ids(session, {one.employee for one in found})
    for one in found:
        past = [days for days in (30, 60, 90) if one.last_day - timedelta(days=days) <= day]
        if one.employee in people and past:
            values = {
                "plan": one.plan, "dependent": one.dependent, "last_day": one.last_day.isoformat(),
                "tier_after": one.tier_after, "days_ahead": str(past[0]),
            }  # fmt: skip
            occasion = f"{one.plan}/{one.dependent}/{past[0]}"
            yield Notice("ageing_out", people[one.employee], occasion, one.last_day, values)
