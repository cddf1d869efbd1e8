"""An employee's benefit status: cover and its price, contributions, leave, and what is not settled yet.

Pay and birth date are not in it. Plugins add sections of their own by the hook `statement_sections`.
"""

from __future__ import annotations

from datetime import date

import pluggy

from benehub import facts, reconcile
from benehub.facts import Worker
from benehub.money import format_minor
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import PlanBook
from benehub.plugins import call_each
from benehub.records.notices import StatementSection
from benehub.rules.retirement.match_formula import percent_text
from benehub.store import Session
from benehub.views.contributions import deferred, matched
from benehub.views.invoice import accrued_by_person
from benehub.views.leave import held
from benehub.views.persons import find_person


def statement(
    session: Session, book: PlanBook, plugins: pluggy.PluginManager, employee: str, day: date
) -> list[StatementSection]:
    """The sections of one employee's statement on a day.

    Raises:
        DataError: no such employee.
    """
    one = find_person(session, employee)
    worker = next(
        (w for w in facts.workers(session, Interval(date.min, FOREVER)) if w.person_id == one.subscriber_id),
        None,
    )
    sections = [] if worker is None else [_employment(worker), _cover(session, book, worker, day)]
    unit = book.employer.currency
    if worker is not None:
        sections.append(_retirement(session, book, worker, day, unit))
    leave = [row for row in held(session, day) if row.member == one.member_id]
    sections.append(StatementSection("Leave", tuple((row.policy, f"{format_minor(row.hours)} hours") for row in leave)))
    sections.append(_open(session, one.subscriber_id))
    for _, added in call_each(plugins, "statement_sections", employer=session.employer, person=one.person_id):
        if not isinstance(added, Exception):
            sections += [section for section in added if isinstance(section, StatementSection)]
    return [section for section in sections if section.lines]


def _employment(worker: Worker) -> StatementSection:
    data = worker.employment.data
    lines = [
        ("hired", str(worker.hired)),
        ("employed as", str(data["employment_class"])),
        ("hours a week", str(data["weekly_hours"])),
        ("pay group", worker.pay_group),
    ]
    if worker.terminated_on is not None:
        lines.append(("last day", str(worker.terminated_on)))
    return StatementSection("Employment", tuple(lines))


def _cover(session: Session, book: PlanBook, worker: Worker, day: date) -> StatementSection:
    premiums = accrued_by_person(session, str(Month.of(day)))
    lines = []
    for benefit_type, timeline in sorted(worker.coverages.items()):
        fact = facts.in_force(timeline, day)
        if fact is None:
            lines.append((benefit_type, "not covered"))
            continue
        plan = book.plan(fact.data["plan"])
        words = [plan.name, str(fact.data["tier"] or ""), f"since {fact.effective_from}"]
        if fact.effective_to != FOREVER:
            words.append(f"until {fact.effective_to} (that day not covered)")
        premium = premiums.get((worker.person_id, plan.id))
        if premium:
            words.append(f"premium {format_minor(premium, book.employer.currency)} this month")
        rates = [
            f"{name} {fact.data[key]}"
            for name, key in (("pre-tax", "pretax_rate"), ("Roth", "roth_rate"))
            if fact.data.get(key)
        ]
        lines.append((benefit_type, ", ".join(filter(None, words + rates))))
    return StatementSection(f"Cover on {day}", tuple(lines))


def _retirement(session: Session, book: PlanBook, worker: Worker, day: date, unit: str) -> StatementSection:
    own = deferred(session, day.year).get(worker.person_id, 0)
    match = matched(session, day.year).get(worker.person_id, 0)
    lines = [("own contributions", format_minor(own, unit)), ("match", format_minor(match, unit))]
    fact = facts.in_force(worker.coverages.get("retirement", ()), day)
    terms = book.plan(fact.data["plan"]).vesting if fact is not None else None
    if terms is not None:
        part = terms.vested(worker.hired, day, int(worker.employment.data["weekly_hours"]))
        lines.append(("vested part of the match", percent_text(part)))
    return StatementSection(f"Retirement in {day.year}, {unit}", tuple(lines) if own or match else ())


def _open(session: Session, person_id: str) -> StatementSection:
    lines = [
        (row.type, f"{row.cause} Next: {row.action} ({row.difference_id})")
        for row in reconcile.listed(session)
        if row.person_id == person_id
    ]
    return StatementSection("Not settled yet", tuple(lines))
