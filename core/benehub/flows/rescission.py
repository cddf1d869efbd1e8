"""Cover that was paid for is not taken back in silence: a retroactive end is held, told, and waits for a person.

The difference RESCISSION_BLOCKED is the door: dismissed with a reason, the end goes through and keeps that reason;
resolved, the prospective end stands. Once nothing is paid for the time after the end, it goes through by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select

from benehub import reconcile
from benehub.facts import Fact, Version
from benehub.facts.explanations import Kept, kept
from benehub.ledger import accounts as chart
from benehub.ledger.arrears import FORGIVEN
from benehub.money import format_minor
from benehub.periods import Interval, Month
from benehub.planbook import PlanBook
from benehub.reconcile import Finding, Relation, Type
from benehub.reconcile.differences import UNSETTLED
from benehub.rules.eligibility.coverage_end import CoverageEndInput, coverage_end
from benehub.rules.eligibility.plan_rules import PlanEligibility
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import difference, entry, leg

ONE_DAY = timedelta(days=1)

Paid = Mapping[tuple[str, str], Mapping[str, int]]
"""(person, plan) -> coverage month -> what was taken from pay for it, minor units."""


@dataclass(frozen=True, slots=True)
class Held:
    """Cover as it may be recorded now, with what is told of an end that was looked at."""

    covers: tuple[Version, ...]
    findings: tuple[Finding, ...] = ()
    explanations: tuple[Kept, ...] = ()


def paid_for(session: Session, persons: Sequence[str]) -> Paid:
    """What was really taken from the pay of these people, by plan and coverage month."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for start in range(0, len(persons), CHUNK):
        rows = session.rows(
            select(leg.c.person_id, leg.c.plan, leg.c.coverage_month, func.sum(-leg.c.amount).label("amount"))
            .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
            .where(
                leg.c.employer_id == session.employer,
                leg.c.account == chart.EMPLOYEE_SHARE_DUE,
                leg.c.person_id.in_(persons[start : start + CHUNK]),
                leg.c.coverage_month.is_not(None),
                entry.c.status == "posted",
                entry.c.type.not_like("premium.%"),
                entry.c.type.not_in(FORGIVEN),
            )
            .group_by(leg.c.person_id, leg.c.plan, leg.c.coverage_month)
        )
        for row in rows:
            found.setdefault((row.person_id, row.plan), {})[row.coverage_month] = int(row.amount)
    return found


def held_back(
    session: Session, book: PlanBook, wanted: Sequence[Version], believed: Sequence[Fact], paid: Paid, day: date
) -> Held:
    """Hold the retroactive end of US medical cover that was paid for; the rest of what is wanted stands."""
    covers = list(wanted)
    findings: list[Finding] = []
    told: list[Kept] = []
    for fact in believed:
        # facts of cover go by benefit type, also those of a plan that has left the book
        gone = _taken_back(fact, wanted, day) if fact.key == "medical" else None
        if gone is None:
            continue
        plan_id = str(fact.data["plan"])
        months = paid.get((fact.subject, plan_id), {})
        first = Month.of(gone.start) if gone.start.day == 1 else Month.of(gone.start).plus(1)
        taken = sum(amount for month, amount in months.items() if Month.parse(month) >= first)
        finding = _finding(book, fact.subject, plan_id, gone.start, taken)
        word, note = _word(session, finding)
        rule = next((plan.eligibility_rule() for plan in book.plans if plan.id == plan_id), PlanEligibility())
        answer = coverage_end(
            CoverageEndInput(
                terminated_on=gone.start - ONE_DAY, rule=rule.coverage_end, wash_day=rule.wash_day,
                early_wash=rule.early_wash, us_medical=True, decided_on=day, contribution_taken_past_end=taken > 0,
                override_reason=note if word == "override" else "",
            )
        )  # fmt: skip
        told.append(kept(answer, employee=fact.subject, plan=plan_id, ends_on=gone.start.isoformat()))
        result = answer.required()
        if not result.blocked:
            continue
        keep = min(fact.effective_to, result.coverage_end)
        if gone.start < keep:
            covers.append(Version("coverage", fact.subject, fact.key, gone.start, dict(fact.data), keep))
        if word != "accepted":
            findings.append(finding)
    covers.sort(key=lambda one: one.effective_from)
    return Held(tuple(covers), tuple(findings), tuple(told))


def _taken_back(fact: Fact, wanted: Sequence[Version], day: date) -> Interval | None:
    """The last days before `day` that were believed covered and are so no more; None where there are none."""
    past = min(fact.effective_to, day)
    kept = [one for one in wanted if one.effective_from < past and one.effective_to > fact.effective_from]
    last = max((one.effective_to for one in kept), default=fact.effective_from)
    start = max(fact.effective_from, last)
    return Interval(start, past) if start < past else None


def against(session: Session, book: PlanBook, person_id: str, plan_id: str, end: date) -> str:
    """Why a carrier may not be told of an end in the past; empty where he may.

    US medical cover that was paid for is not taken back, unless a person has dismissed the block with a reason.
    """
    plan = book.plan(plan_id)
    if plan.benefit_type != "medical" or end >= session.today():
        return ""
    first = Month.of(end) if end.day == 1 else Month.of(end).plus(1)
    paid = paid_for(session, [person_id]).get((person_id, plan_id), {})
    taken = sum(amount for month, amount in paid.items() if Month.parse(month) >= first)
    word, note = _word(session, _finding(book, person_id, plan_id, end, taken))
    rule = plan.eligibility_rule()
    answer = coverage_end(
        CoverageEndInput(
            terminated_on=end - ONE_DAY, rule=rule.coverage_end, wash_day=rule.wash_day, early_wash=rule.early_wash,
            us_medical=True, decided_on=session.today(), contribution_taken_past_end=taken > 0,
            override_reason=note if word == "override" else "",
        )
    )  # fmt: skip
    if not answer.required().blocked:
        return ""
    unit = book.employer.currency
    return f"{format_minor(taken, unit)} was taken for cover after {end}: it may not be taken back (rescission)"


def _finding(book: PlanBook, person_id: str, plan_id: str, end: date, taken: int) -> Finding:
    unit = book.employer.currency
    return Finding(
        relation=Relation.COVERAGE,
        type=Type.RESCISSION_BLOCKED,
        period=str(Month.of(end)),
        reference=end.isoformat(),
        side="hris",
        owner="benefits",
        cause=f"cover should have ended before {end}, and {format_minor(taken, unit)} was taken for the time after it",
        action="Refund what was taken; or dismiss this with the reason to end cover in the past all the same; or "
        "resolve it: cover then ends as soon as it may",
        person_id=person_id,
        plan=plan_id,
        expected=0,
        actual=taken,
        unit=unit,
    )


def _word(session: Session, finding: Finding) -> tuple[str, str]:
    """A person's word on this very end and amount: override or accepted, with the note; empty where nobody spoke."""
    difference_id = session.id("dif", finding.key)
    row = session.connection.execute(
        select(difference).where(*session.where(difference, difference_id=difference_id))
    ).first()
    if row is None or row.at_stake != finding.at_stake:
        return "", ""
    events = reconcile.history(session, difference_id)
    if row.state == "dismissed":
        return "override", f"{events[-1].who}: {events[-1].note}"
    # resolved by itself means that the end was gone, not that somebody agreed to it
    return ("accepted", events[-1].note) if row.state == "resolved" and events[-1].who != "benehub" else ("", "")


def settle(session: Session, findings: Sequence[Finding], today: date) -> tuple[list[str], list[str]]:
    """Bring the differences of cover up to date; gives the ids of those opened and closed."""
    open_ones = session.rows(
        select(difference.c.period).where(
            *session.where(difference, relation=Relation.COVERAGE.value),
            difference.c.state.in_(UNSETTLED),
        )
    )
    opened: list[str] = []
    closed: list[str] = []
    for period in sorted({one.period for one in findings} | {row.period for row in open_ones}):
        mine = [one for one in findings if one.period == period]
        outcome = reconcile.settle(session, Relation.COVERAGE, period, mine, today)
        opened += outcome.opened
        closed += outcome.closed
    return opened, closed
