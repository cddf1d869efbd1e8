"""An employee's benefit statement: what am I covered by, what was taken and where is it, what changes next.

Every answer carries the ids that prove it. Pay and birth date are not in it. Plugins add sections of their own
by the hook `statement_sections`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pluggy

from benehub import facts, reconcile
from benehub.facts import Worker
from benehub.facts.surroundings import surroundings
from benehub.periods import FOREVER, Interval
from benehub.planbook import PlanBook
from benehub.plugins import call_each
from benehub.records.notices import StatementSection
from benehub.rules.retirement.match_formula import percent_text
from benehub.store import Session
from benehub.views.computed import questions
from benehub.views.contributions import deferred, made_up, matched, opened
from benehub.views.decisions import decisions
from benehub.views.leave import meters
from benehub.views.members import waits_for
from benehub.views.money_path import money_paths
from benehub.views.persons import find_person
from benehub.views.statement.coming import coming
from benehub.views.statement.cover import cover
from benehub.views.statement.language import Language, language
from benehub.views.statement.parts import Hours, Line, Money, Section, Statement, Value, Word
from benehub.views.statement.pay import pay

__all__ = ["Language", "Statement", "as_json", "language", "statement"]


def as_json(found: Statement, words: Language) -> dict[str, Any]:
    """A statement as plain values: each line with its key, its sentence in the language, and the ids that prove it."""
    return {
        "employee": found.employee,
        "day": found.day.isoformat(),
        "language": words.code,
        "title": words.title,
        "subtitle": words.subtitle(found),
        "sections": [
            {
                "key": section.key,
                "title": words.heading(section),
                "lines": [
                    {"key": line.key, "text": words.line(section, line), "refs": list(line.refs)}
                    for line in section.lines
                ],
            }
            for section in found.sections
        ]
        + [
            {
                "key": "plugin",
                "title": one.title,
                "lines": [{"key": label, "text": text, "refs": []} for label, text in one.lines],
            }
            for one in found.added
        ],
    }


def statement(session: Session, book: PlanBook, plugins: pluggy.PluginManager, employee: str, day: date) -> Statement:
    """One employee's statement on a day; sections that have nothing to say are left out.

    Raises:
        DataError: no such employee.
    """
    one = find_person(session, employee)
    found = facts.workers(session, Interval(date.min, FOREVER), people=[one.subscriber_id])
    sections = [*_of_worker(session, book, found[0], day)] if found else []
    sections += [_leave(session, book, one.subscriber_id, day), _open(session, one.subscriber_id)]
    added: list[StatementSection] = []
    asked = tuple(questions(book, found[0], day, day)) if found else ()
    about = {"employer": session.employer, "person": one.person_id, "day": day, "computed": asked}
    for _, told in call_each(plugins, "statement_sections", **about):
        if not isinstance(told, Exception):
            added += [section for section in told if isinstance(section, StatementSection) and section.lines]
    kept = tuple(section for section in sections if section.lines)
    return Statement(one.member_id, book.employer.name, day, kept, tuple(added))


def _of_worker(session: Session, book: PlanBook, worker: Worker, day: date) -> Iterator[Section]:
    paths = money_paths(session, worker.person_id, day.year)
    yield _employment(worker)
    waits = waits_for(session, worker.person_id)
    known = surroundings(session, book, [worker], day).known(worker, covered=True)
    yield cover(book, worker, known, paths, decisions(session, worker.person_id), waits, day)
    yield pay(book, paths, day.year)
    yield _retirement(session, book, worker, day)
    yield coming(session, book, worker, day)


def _employment(worker: Worker) -> Section:
    data = worker.employment.data
    refs = (worker.employment.fact_id,)
    terms: dict[str, Value] = {
        "class": Word(f"class.{data['employment_class']}"),
        "hours": str(data["weekly_hours"]),
        "group": worker.pay_group,
    }
    lines = [Line("hired", {"day": worker.hired}, refs), Line("class", terms, refs)]
    if worker.terminated_on is not None:
        lines.append(Line("last_day", {"day": worker.terminated_on}, refs))
    return Section("employment", tuple(lines))


def _retirement(session: Session, book: PlanBook, worker: Worker, day: date) -> Section:
    unit = book.employer.currency
    who = worker.person_id
    amounts = {
        "own": deferred(session, day.year, who).get(who, 0),
        "opened": opened(session, day.year, who),
        "match": matched(session, day.year, who).get(who, 0),
        "qnec": made_up(session, day.year, who).get(who, 0),
    }
    year = str(day.year)
    lines = [Line(key, {"amount": Money(minor, unit), "year": year}) for key, minor in amounts.items() if minor]
    fact = facts.in_force(worker.coverages.get("retirement", ()), day)
    terms = None if fact is None else book.plan(fact.data["plan"]).vesting
    if fact is not None and terms is not None:
        part = terms.vested(worker.hired, day, int(worker.employment.data["weekly_hours"]))
        lines.append(Line("vested", {"percent": percent_text(part)}, (fact.fact_id,)))
    return Section("retirement", tuple(lines), {"year": year})


def _leave(session: Session, book: PlanBook, person_id: str, day: date) -> Section:
    lines: list[Line] = []
    for row in meters(session, book, day, only=[person_id]):
        policy = book.leave_policy(row.policy)
        name = policy.name or policy.id
        key = "balance" if row.accrued == row.available else "accrued"
        lines.append(Line(key, {"policy": name, "available": Hours(row.available), "accrued": Hours(row.accrued)}))
        lines += [Line("expires", {"policy": name, "hours": Hours(minutes), "day": on}) for on, minutes in row.expiring]
        if row.next_on is not None and row.next_minutes:
            lines.append(Line("next", {"policy": name, "hours": Hours(row.next_minutes), "day": row.next_on}))
    return Section("leave", tuple(lines))


def _open(session: Session, person_id: str) -> Section:
    lines = [
        Line(
            "difference",
            {"what": Word(f"difference.{row.type}"), "owner": Word(f"owner.{row.owner}")},
            (row.difference_id,),
        )
        for row in reconcile.listed(session)
        if row.person_id == person_id
    ]
    return Section("open", tuple(lines))
