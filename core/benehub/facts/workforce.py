"""Who is employed, paid what, covered how: the facts of all employees over a window, loaded set by set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select

from benehub.facts.history import Fact, Which, as_of, subjects_after, timelines
from benehub.money import Rounding, round_to_int
from benehub.periods import FOREVER, Interval
from benehub.store import Session, without_collector
from benehub.store.session import CHUNK
from benehub.store.tables import is_dependent, person

PART = 1_000
"""Employees held in memory at once by whoever goes through everybody."""
_YEARLY = {"year": 1, "month": 12}
FULL_TIME_HOURS = 2080
"""Hours of a full-time year, to turn a salary into an hourly rate (40 hours, 52 weeks)."""


@dataclass(frozen=True, slots=True)
class Worker:
    """One employee over a window; timelines are in order and without overlaps."""

    person_id: str
    identity: Mapping[str, Any] = field(repr=False)
    employments: Sequence[Fact]
    pay: Sequence[Fact] = field(repr=False)
    elections: Mapping[str, Sequence[Fact]]
    coverages: Mapping[str, Sequence[Fact]]
    dependents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    """Person id of a dependent -> what is known of him (birth date, relationship)."""

    @property
    def employment(self) -> Fact:
        """The newest employment segment."""
        return self.employments[-1]

    @property
    def hired(self) -> date:
        """The first day of the newest employment."""
        return date.fromisoformat(self.employment.data["hire_date"])

    @property
    def terminated_on(self) -> date | None:
        """The last day of the newest employment; None while employed."""
        end = self.employment.effective_to
        return None if end == FOREVER else end - timedelta(days=1)

    @property
    def pay_group(self) -> str:
        """The pay group of the newest employment."""
        return str(self.employment.data["pay_group"])

    def on_payroll(self, start: date, end: date) -> bool:
        """Whether the newest employment touches a pay period (both days inclusive)."""
        return self.hired <= end and (self.terminated_on is None or self.terminated_on >= start)

    def gross_minor(self, day: date, pays_a_year: int) -> int | None:
        """Pay of one full pay period in minor units, as in force on `day`; None when pay is unknown."""
        yearly = self.yearly_pay(day, pays_a_year)
        return None if yearly is None else round_to_int(Fraction(yearly, pays_a_year), Rounding.HALF_UP)

    def yearly_pay(self, day: date, pays_a_year: int) -> int | None:
        """Pay of a year in minor units, as in force on `day`; None when pay is unknown."""
        fact = in_force(self.pay, day)
        if fact is None:
            return None
        per = str(fact.data["per"])
        times = pays_a_year if per == "pay" else self._yearly_hours() if per == "hour" else _YEARLY[per]
        return int(fact.data["rate_minor"]) * times

    def hourly_rate(self, day: date, pays_a_year: int) -> Fraction | None:
        """Exact minor units an hour, by what is in force on `day`; pay told per pay is that of `pays_a_year`."""
        fact = in_force(self.pay, day)
        if fact is None:
            return None
        rate, per = Fraction(int(fact.data["rate_minor"])), str(fact.data["per"])
        return rate if per == "hour" else rate * _YEARLY.get(per, pays_a_year) / FULL_TIME_HOURS

    def _yearly_hours(self) -> int:
        return int(self.employment.data["weekly_hours"]) * 52


def in_force(timeline: Sequence[Fact], day: date) -> Fact | None:
    """The fact of a timeline that covers `day`."""
    for fact in timeline:
        if fact.effective_from <= day < fact.effective_to:
            return fact
    return None


class Part(NamedTuple):
    """Employees read at once; of all parts together each person falls in exactly one, employed in the window or not."""

    workers: Sequence[Worker]
    which: Which
    """Says of a column of person ids whether they fall in this part."""
    last: str | None
    """The last person id of it; None where nobody comes after."""


def workers_in_parts(
    session: Session, window: Interval, known_at: int | None = None, *, elections: bool = True
) -> Iterator[Worker]:
    """As `workers`, in the same order, but held in memory part by part: for whoever goes through everybody once.

    Without `elections` those are left out, where only what is covered counts.
    """
    for part in parts_of_workers(session, window, known_at, elections=elections):
        yield from part.workers


def parts_of_workers(
    session: Session, window: Interval, known_at: int | None = None, *, elections: bool = True, after: str = ""
) -> Iterator[Part]:
    """The parts of `workers_in_parts`, for whoever looks up more about the people of a part at once.

    From the first behind person id `after`.
    """
    last: str | None = after
    while last is not None:
        part = part_after(session, window, last, PART, known_at, elections=elections)
        last = part.last
        yield part


def part_of(session: Session, window: Interval, person_id: str) -> Part:
    """One employee as a part."""
    return Part(workers(session, window, None, [person_id]), partial(_only, person_id), None)


def part_after(
    session: Session, window: Interval, after: str, count: int, known_at: int | None = None,
    *, elections: bool = True,
) -> Part:  # fmt: skip
    """The next employees, about `count` of them, after person id `after` (empty: from the first)."""
    people = subjects_after(session, "employment", after, count)
    last = people[-1] if len(people) == count else None
    which = partial(_between, after, last)
    with without_collector():
        return Part(workers(session, window, known_at, which, elections=elections), which, last)


def ranges(session: Session, kind: str) -> Iterator[Which]:
    """All who are spoken of by facts of a kind, about `PART` of them at a time, in order: for `subjects` of `as_of`."""
    after: str | None = ""
    while after is not None:
        found = subjects_after(session, kind, after, PART)
        last = found[-1] if len(found) == PART else None
        yield partial(_between, after, last)
        after = last


def _only(person_id: str, subject: ColumnElement[str]) -> ColumnElement[bool]:
    return subject == person_id


def _between(after: str, last: str | None, subject: ColumnElement[str]) -> ColumnElement[bool]:
    return subject > after if last is None else (subject > after) & (subject <= last)


def workers(
    session: Session, window: Interval, known_at: int | None = None, people: Sequence[str] | Which | None = None,
    *, elections: bool = True,
) -> list[Worker]:  # fmt: skip
    """Every employee (or those named) whose employment touches `window`, with all elections and coverages.

    `elections` False leaves those out.
    """
    always = Interval(date.min, FOREVER)
    employments = _by_subject(timelines(session, "employment", always, known_at, people))
    touching = {
        person_id: sorted(facts, key=lambda fact: fact.effective_from)
        for person_id, facts in employments.items()
        if any(fact.effective_from < window.end and fact.effective_to > window.start for fact in facts)
    }
    last_day = window.end - timedelta(days=1)
    identity = {fact.subject: fact.data for fact in as_of(session, "employee", last_day, known_at, people)}
    pay = _by_subject(timelines(session, "compensation", always, known_at, people))
    elected = _by_key(timelines(session, "election", always, known_at, people)) if elections else {}
    coverages = _by_key(timelines(session, "coverage", always, known_at, people))
    dependents = _dependents(session, known_at, people)
    return [
        Worker(
            person_id,
            identity.get(person_id, {}),
            facts,
            sorted(pay.get(person_id, []), key=lambda fact: fact.effective_from),
            elected.get(person_id, {}),
            coverages.get(person_id, {}),
            dependents.get(person_id, {}),
        )
        for person_id, facts in sorted(touching.items())
    ]


def _dependents(
    session: Session, known_at: int | None, people: Sequence[str] | Which | None
) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Employee -> his dependents, each as known last."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    subjects = None if people is None else _family(session, people)
    always = Interval(date.min, FOREVER)
    for (person_id, _), segments in timelines(session, "dependent", always, known_at, subjects).items():
        data = segments[-1].data
        found.setdefault(str(data["employee"]), {})[person_id] = data
    return found


def _family(session: Session, people: Sequence[str] | Which) -> Sequence[str] | Which:
    """The dependents of these employees."""
    query = select(person.c.person_id).where(*session.where(person), is_dependent)
    if callable(people):
        theirs = query.where(people(person.c.subscriber_id))
        return lambda subject: subject.in_(theirs)
    found: list[str] = []
    for start in range(0, len(people), CHUNK):
        rows = session.rows(query.where(person.c.subscriber_id.in_(people[start : start + CHUNK])))
        found += [row.person_id for row in rows]
    return found


def _by_subject(found: Mapping[tuple[str, str], list[Fact]]) -> dict[str, list[Fact]]:
    grouped: dict[str, list[Fact]] = {}
    for (subject, _), facts in found.items():
        grouped.setdefault(subject, []).extend(facts)
    return grouped


def _by_key(found: Mapping[tuple[str, str], list[Fact]]) -> dict[str, dict[str, list[Fact]]]:
    grouped: dict[str, dict[str, list[Fact]]] = {}
    for (subject, key), facts in found.items():
        grouped.setdefault(subject, {})[key] = facts
    return grouped
