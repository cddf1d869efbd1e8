"""Decides who is covered: elections, cut by what the eligibility rules allow, become coverage with its reason.

Every decision, also a refusal, is kept with its explanation under an id of its own (`elg_...`); the newest one of an
employee and plan is the fact `eligibility`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from benehub import facts
from benehub.engine import Steps
from benehub.facts import Fact, Version, Worker
from benehub.facts.entitlement import Decision, decide_election, waits_for_others
from benehub.facts.explanations import Kept, Said, ids_of, save
from benehub.facts.surroundings import Surroundings, surroundings
from benehub.flows import rescission
from benehub.flows.ageing import cut_aged_out
from benehub.flows.hub import Hub
from benehub.flows.reconciling import tell
from benehub.flows.rescission import Paid
from benehub.periods import FOREVER, Interval
from benehub.planbook import PlanBook
from benehub.reconcile import Finding
from benehub.store import Session

BATCH = 200
"""Employees of one transaction."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is looked up once for a batch of employees."""

    surroundings: Surroundings
    family: Mapping[str, Fact]
    believed: Mapping[tuple[str, str], Sequence[Fact]]
    """Decisions that stand, by employee and plan."""
    paid: Paid


def decide(hub: Hub, steps: Steps, employer: str, day: str) -> dict[str, int]:
    """Bring coverage up to date as known now; gives how many employees were looked at and versions recorded."""
    return steps.step("decide", _decide, hub, employer, date.fromisoformat(day))


def _decide(hub: Hub, employer: str, day: date) -> dict[str, int]:
    with hub.store.read(employer) as session:
        book = hub.book(session)
    # who left last year and was told of only now is looked at too
    window = Interval(date(day.year - 1, 1, 1), FOREVER)
    looked_at = recorded = 0
    findings: list[Finding] = []
    after: str | None = ""
    while after is not None:
        with hub.store.write(employer) as session, session.gathering():
            batch = facts.part_after(session, window, after, BATCH)
            subjects = [worker.person_id for worker in batch.workers]
            for kind in ("coverage", "eligibility"):
                facts.preload(session, kind, subjects)
            around = _around(session, book, batch.workers, day)
            for worker in batch.workers:
                recorded += _decide_one(session, book, worker, around, findings)
        looked_at, after = looked_at + len(batch.workers), batch.last
    with hub.store.write(employer) as session:
        opened, closed = rescission.settle(session, findings, session.today())
    tell(hub, employer, tuple(opened), "difference_opened")
    tell(hub, employer, tuple(closed), "difference_closed")
    return {"employees": looked_at, "recorded": recorded, "held": len(findings)}


def _around(session: Session, book: PlanBook, batch: Sequence[Worker], day: date) -> Around:
    subjects = [worker.person_id for worker in batch]
    named = {
        dependent
        for worker in batch
        for elections in worker.elections.values()
        for one in elections
        for dependent in one.data["dependents"]
    }
    family = facts.as_of(session, "dependent", FOREVER - timedelta(days=1), subjects=sorted(named))
    return Around(
        surroundings=surroundings(session, book, batch, day),
        family={fact.subject: fact for fact in family},
        believed=facts.timelines(session, "eligibility", Interval(date.min, FOREVER), subjects=subjects),
        paid=rescission.paid_for(session, subjects),
    )


def _decide_one(session: Session, book: PlanBook, worker: Worker, around: Around, findings: list[Finding]) -> int:
    """Decide every election of one worker; plans that ask for another enrollment come last."""
    recorded = 0
    known = around.surroundings.known(worker)
    decided: dict[str, Sequence[Version]] = {}
    order = sorted(worker.elections.items(), key=lambda pair: (waits_for_others(book, pair[1]), pair[0]))
    for benefit_type, elections in order:
        now = replace(known, enrolled=decided)
        decisions = [decide_election(book, worker, now, benefit_type, one) for one in elections]
        believed = worker.coverages.get(benefit_type, ())
        covers = [cover for one in decisions for cover in one.covers]
        covers, aged = cut_aged_out(book, covers, believed, around.family, around.surroundings.day)
        held = rescission.held_back(session, book, covers, believed, around.paid, around.surroundings.day)
        findings += held.findings
        decided[benefit_type] = held.covers
        told = [*aged, *held.explanations]
        recorded += _record(session, book, worker, benefit_type, decisions, told, held.covers, around)
    return recorded


def _record(
    session: Session, book: PlanBook, worker: Worker, benefit_type: str, decisions: Sequence[Decision],
    told: Sequence[Kept], covers: Sequence[Version], around: Around,
) -> int:  # fmt: skip
    """Keep each decision that is new under its id, and the coverage where it changed."""
    newest = ""
    versions: list[Version] = []
    for one in decisions:
        mine = [cover for cover in covers if cover.data and cover.data["plan"] == one.plan]
        extra = [explanation for explanation in told if explanation.about.get("plan") == one.plan]
        content: list[Said] = [*one.said, *extra]
        if not content:
            continue
        about = {
            "employee": worker.person_id, "plan": one.plan,
            "election_from": one.election.effective_from.isoformat(),
        }  # fmt: skip
        ids = ids_of(session, content, book.version, "elg", about)
        newest = ids[-1]
        data = {
            "decisions": ids,
            "status": one.status,
            "covered": [[cover.effective_from.isoformat(), _open(cover.effective_to)] for cover in mine],
        }
        version = Version(
            "eligibility", worker.person_id, one.plan, one.election.effective_from, data, one.election.effective_to
        )
        if not _stands(version, around.believed.get((worker.person_id, one.plan), ())):
            versions.append(version)
            save(session, content, book.version, "elg", about)
    changes = _changes(worker.person_id, benefit_type, covers, worker.coverages.get(benefit_type, ()))
    facts.record(session, versions, "decided")
    return facts.record(session, changes, f"decided: {newest or 'no election'}")


def _stands(version: Version, believed: Sequence[Fact]) -> bool:
    return any(
        dict(one.data) == version.data
        and one.effective_from <= version.effective_from
        and one.effective_to >= version.effective_to
        for one in believed
    )


def _open(day: date) -> str | None:
    return None if day == FOREVER else day.isoformat()


def _changes(person_id: str, benefit_type: str, wanted: Sequence[Version], believed: Sequence[Fact]) -> list[Version]:
    """What has to be recorded so that the believed coverage becomes the wanted one."""
    now: list[tuple[date, date, dict[str, Any]]] = [(f.effective_from, f.effective_to, dict(f.data)) for f in believed]
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
