"""Decides who is covered: elections, cut by what the eligibility rules allow, become coverage with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from benehub import facts
from benehub.engine import Steps
from benehub.facts import Fact, Version, Worker
from benehub.facts.explanations import save
from benehub.flows.hub import Hub
from benehub.periods import FOREVER, Interval
from benehub.planbook import PlanBook
from benehub.records import Explanation
from benehub.rules.eligibility.evaluate import EligibilityStatus, evaluate
from benehub.rules.eligibility.reasons import EmployeeFacts
from benehub.store import Session

BATCH = 200
"""Employees of one transaction."""


def decide(hub: Hub, steps: Steps, employer: str, day: str) -> dict[str, int]:
    """Bring coverage up to date as known now; gives how many employees were looked at and versions recorded."""
    return steps.step("decide", _decide, hub, employer, date.fromisoformat(day))


def _decide(hub: Hub, employer: str, day: date) -> dict[str, int]:
    with hub.store.read(employer) as session:
        book = hub.book(session)
        people = facts.workers(session, Interval(date(day.year, 1, 1), FOREVER))
    recorded = 0
    for start in range(0, len(people), BATCH):
        with hub.store.write(employer) as session, session.gathering():
            part = people[start : start + BATCH]
            facts.preload(session, "coverage", [worker.person_id for worker in part])
            for worker in part:
                recorded += _decide_one(session, book, worker, day)
    return {"employees": len(people), "recorded": recorded}


def _decide_one(session: Session, book: PlanBook, worker: Worker, day: date) -> int:
    recorded = 0
    for benefit_type, elections in worker.elections.items():
        segments: list[Version] = []
        reasons: list[Explanation] = []
        for election in elections:
            version, reason = _cover(book, worker, benefit_type, election, day)
            reasons.append(reason)
            if version is not None:
                segments.append(version)
        changes = _changes(worker.person_id, benefit_type, segments, worker.coverages.get(benefit_type, ()))
        if changes:
            ids = save(session, reasons, book.version)
            recorded += facts.record(session, changes, f"decided: {ids[-1]}")
    return recorded


def _cover(
    book: PlanBook, worker: Worker, benefit_type: str, election: Fact, day: date
) -> tuple[Version | None, Explanation]:
    plan = book.plan(election.data["plan"])
    known = EmployeeFacts(
        hire_date=worker.hired,
        employment_class=worker.employment.data["employment_class"],
        scheduled_hours_minor=int(worker.employment.data["weekly_hours"]) * 100,
        terminated_on=worker.terminated_on,
    )
    answer = evaluate(on=max(day, election.effective_from), facts=known, plan=plan.eligibility_rule())
    result = answer.required()
    refused = result.status in (EligibilityStatus.NOT_ELIGIBLE, EligibilityStatus.NEEDS_DATA)
    if election.data["waived"] or refused or result.coverage_earliest is None:
        return None, answer.explanation
    start = max(election.effective_from, result.coverage_earliest)
    end = min(election.effective_to, result.coverage_end or FOREVER)
    if start >= end:
        return None, answer.explanation
    names = ("plan", "tier", "dependents", "pretax_rate", "roth_rate", "event")
    data = {name: election.data.get(name, "") for name in names}
    return Version("coverage", worker.person_id, benefit_type, start, data, end), answer.explanation


def _changes(person_id: str, benefit_type: str, wanted: Sequence[Version], believed: Sequence[Fact]) -> list[Version]:
    """What has to be recorded so that the believed coverage becomes the wanted one."""
    now = [(f.effective_from, f.effective_to, dict(f.data)) for f in believed]
    then = [(v.effective_from, v.effective_to, dict(v.data or {})) for v in wanted]
    if now == then:
        return []
    changes: list[Version] = []
    edge = min([start for start, _, _ in now + then], default=FOREVER)
    for version in wanted:
        if version.effective_from > edge:
            changes.append(Version("coverage", person_id, benefit_type, edge, None, version.effective_from))
        changes.append(version)
        edge = version.effective_to
    if edge < FOREVER:
        changes.append(Version("coverage", person_id, benefit_type, edge, None))
    return changes
