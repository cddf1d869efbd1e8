"""What eligibility rules may know of employees beside their own facts: hours, leave, pay periods, other cover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from benehub.facts.history import Fact, Version, timelines
from benehub.facts.workforce import Worker
from benehub.periods import FOREVER, Interval
from benehub.planbook import Plan, PlanBook
from benehub.store import Session


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one worker beside the worker's own facts."""

    day: date
    hours: Sequence[Fact] = ()
    leaves: Sequence[Fact] = ()
    pay_periods: tuple[date, ...] = ()
    enrolled: Mapping[str, Sequence[Version]] = field(default_factory=dict)
    """Cover decided so far, by benefit type."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The same, looked up once for a batch of employees."""

    day: date
    hours: Mapping[str, Sequence[Fact]]
    leaves: Mapping[str, Sequence[Fact]]
    pay_periods: Mapping[str, tuple[date, ...]]

    def known(self, worker: Worker, *, covered: bool = False) -> Known:
        """What the rules may know of a worker; with `covered` the cover believed now counts as other enrollment."""
        return Known(
            day=self.day,
            hours=self.hours.get(worker.person_id, ()),
            leaves=self.leaves.get(worker.person_id, ()),
            pay_periods=self.pay_periods.get(worker.pay_group, ()),
            enrolled=_believed(worker) if covered else {},
        )


def surroundings(session: Session, book: PlanBook, batch: Sequence[Worker], day: date) -> Surroundings:
    """Looked up for all of these employees at once, and only what a plan of the book asks for."""
    subjects = [worker.person_id for worker in batch]
    always = Interval(date.min, FOREVER)
    wanted = any(plan.eligibility.measured or plan.eligibility.waiting.hours for plan in book.plans)
    hours = timelines(session, "hours", always, subjects=subjects) if wanted else {}
    away = any_kind(book, "not_on_leave")
    leaves = timelines(session, "leave_request", always, subjects=subjects) if away else {}
    return Surroundings(
        day, _by_subject(hours), _by_subject(leaves), _pay_periods(session) if _enters_by_pay_period(book) else {}
    )


def any_kind(book: PlanBook, kind: str) -> bool:
    """Whether a plan of the book asks a rule of this kind."""
    return any(asks(plan, kind) for plan in book.plans)


def asks(plan: Plan, kind: str) -> bool:
    """Whether a plan asks a rule of this kind."""
    rules = plan.eligibility.rules
    return rules is not None and any(leaf.kind == kind for leaf in rules.leaves())


def _believed(worker: Worker) -> dict[str, list[Version]]:
    return {
        kind: [Version("coverage", f.subject, f.key, f.effective_from, f.data, f.effective_to) for f in timeline]
        for kind, timeline in worker.coverages.items()
    }


def _by_subject(found: Mapping[tuple[str, str], Sequence[Fact]]) -> dict[str, list[Fact]]:
    grouped: dict[str, list[Fact]] = {}
    for (subject, _), timeline in found.items():
        grouped.setdefault(subject, []).extend(timeline)
    return {subject: sorted(timeline, key=lambda one: one.effective_from) for subject, timeline in grouped.items()}


def _enters_by_pay_period(book: PlanBook) -> bool:
    first = "first_of_pay_period"
    return any(
        plan.eligibility.entry.value == first
        or (plan.eligibility.measured is not None and plan.eligibility.measured.initial_start.value == first)
        for plan in book.plans
    ) or any_kind(book, "entry_grid")


def _pay_periods(session: Session) -> dict[str, tuple[date, ...]]:
    """First days of pay periods by pay group, as payroll's calendar tells them."""
    found: dict[str, list[date]] = {}
    for (group, _), timeline in timelines(session, "pay_date", Interval(date.min, FOREVER)).items():
        found.setdefault(group, []).extend(date.fromisoformat(one.data["period_start"]) for one in timeline)
    return {group: tuple(sorted(days)) for group, days in found.items()}
