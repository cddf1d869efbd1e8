"""From an election to the days of cover: the eligibility rules asked over each employment, with every answer kept.

Employments are taken one by one: cover never spans a gap in which nobody was employed, a change of class ends it
from then on and not from the start, and what nobody knows neither begins a cover nor ends one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from benehub.errors import DataError
from benehub.facts.explanations import Said, kept
from benehub.facts.history import Fact, Version
from benehub.facts.surroundings import Known, asks
from benehub.facts.workforce import Worker, in_force
from benehub.periods import FOREVER, Interval, Month, age_on
from benehub.planbook import Plan, PlanBook
from benehub.records import Outcome, Reason
from benehub.rules.base import Calculation, explain
from benehub.rules.eligibility.coverage_end import end_of_cover
from benehub.rules.eligibility.entry_rule import WaitUnit
from benehub.rules.eligibility.evaluate import Eligibility, EligibilityStatus, evaluate
from benehub.rules.eligibility.hours import ExcludedSpan, HoursSpan
from benehub.rules.eligibility.lookback import Category, LookbackInput, MonthStatus, lookback
from benehub.rules.eligibility.person import EmployeeFacts
from benehub.rules.eligibility.rehire import RehireRule, rehire
from benehub.rules.retirement.entry import PlanEntry, PlanEntryResult, plan_entry

ONE_DAY = timedelta(days=1)
WEEKS = 52
"""Weeks of a year, to turn weekly hours into a year's."""
COPIED = ("plan", "tier", "dependents", "pretax_rate", "roth_rate", "event")
"""What a cover takes over from its election."""
PRICED_BY = (
    "volume_minor", "approved_volume_minor", "tobacco", "tobacco_dependents", "wellness", "amount_minor", "amount_per",
    "terms",
)  # fmt: skip
"""What it takes over too, where the election says it: a premium or contribution is worked out from it."""


@dataclass(frozen=True, slots=True)
class Stint:
    """One employment: its segments in order, and where service for waiting begins."""

    segments: Sequence[Fact]
    since: date

    @property
    def to(self) -> date:
        """First day after it."""
        return self.segments[-1].effective_to


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided on one election: the days of cover, and every answer behind it."""

    plan: str
    election: Fact
    covers: tuple[Version, ...]
    status: str
    said: tuple[Said, ...]


def stints(worker: Worker, rule: RehireRule) -> list[Stint]:
    """The employments of a worker, each with the day from which its service counts."""
    grouped: dict[str, list[Fact]] = {}
    for segment in worker.employments:
        grouped.setdefault(segment.data["hire_date"], []).append(segment)
    found: list[Stint] = []
    for text, segments in sorted(grouped.items()):
        since = hired = date.fromisoformat(text)
        if found:
            last = found[-1].to - ONE_DAY
            # employments that overlap or touch are one, told in two rows
            joined = last >= hired - ONE_DAY
            if joined or not _starts_anew(found[-1].since, last, hired, rule):
                since = found[-1].since
        found.append(Stint(segments, since))
    return found


def _starts_anew(since: date, last: date, hired: date, rule: RehireRule) -> bool:
    return rehire(service_start=since, last_day=last, rehired_on=hired, rule=rule).required().new_wait


def decide_election(book: PlanBook, worker: Worker, known: Known, benefit_type: str, election: Fact) -> Decision:
    """The days of cover that an election gives, under the rules of its plan."""
    plan = book.plan(election.data["plan"])
    told: list[Said] = []
    covers: list[Version] = []
    status = "waived" if election.data["waived"] else ""
    for stint in stints(worker, RehireRule(plan.eligibility.rehire, book.employer.school)):
        days, status, answers = _entitled(book, plan, worker, known, election, stint, status)
        told += answers
        if plan.entry is not None and days:
            entry = _entry(plan.entry.rule(), worker, stint, max(known.day, election.effective_from))
            days = _from_entry(days, entry.result.entry_date if entry.result else None)
            told.append(entry)
        if not election.data["waived"]:
            data = {name: election.data.get(name, "") for name in COPIED}
            data |= {name: election.data[name] for name in PRICED_BY if name in election.data}
            covers += [Version("coverage", worker.person_id, benefit_type, one.start, data, one.end) for one in days]
    return Decision(plan.id, election, tuple(covers), status or "not_employed", tuple(told))


@dataclass(frozen=True, slots=True)
class Entering:
    """Whether a worker could have a plan from a day on, by what the hub knows: the rules asked as for an election.

    `until` is the first day on which it could begin, where the worker waits.
    """

    status: EligibilityStatus
    until: date | None
    reasons: tuple[Reason, ...]


def could_enter(book: PlanBook, plan: Plan, worker: Worker, known: Known, day: date) -> Entering:
    """What an election from `day` on would come to on that day, of who has none; nothing is recorded."""
    stint = stints(worker, RehireRule(plan.eligibility.rehire, book.employer.school))[-1]
    segment = in_force(stint.segments, day) or stint.segments[-1]
    measured = next((one for _, one, _ in _parts(book, plan, worker, known, stint, Interval(day, FOREVER))), None)
    person = _facts(plan, worker, known, stint, segment, day, measured)
    answer = evaluate(on=day, facts=person, plan=plan.eligibility_rule(book.employer.size == "large"))
    found = answer.required()
    so_far = Entering(found.status, found.until, answer.explanation.reasons)
    if plan.entry is None or found.status not in (EligibilityStatus.ELIGIBLE, EligibilityStatus.WAITING):
        return so_far
    entry = _entry(plan.entry.rule(), worker, stint, max(known.day, day))
    if entry.result is None:
        lacking = tuple(Reason(rule=one, outcome=Outcome.UNKNOWN, needed={one: None}) for one in entry.needs)
        return Entering(EligibilityStatus.NEEDS_DATA, None, lacking)
    first = entry.result.entry_date
    if first is None:
        return Entering(EligibilityStatus.NOT_ELIGIBLE, None, entry.explanation.reasons)
    first = max(first, found.until or first)
    return Entering(EligibilityStatus.WAITING, first, entry.explanation.reasons) if first > day else so_far


def _entitled(
    book: PlanBook, plan: Plan, worker: Worker, known: Known, election: Fact, stint: Stint, status: str
) -> tuple[list[Interval], str, list[Said]]:
    """Days of cover of one election in one employment; the newest status and all answers."""
    days: list[Interval] = []
    answers: list[Said] = []
    for segment in stint.segments:
        window = _window(election, segment)
        for part, measured, because in _parts(book, plan, worker, known, stint, window):
            facts = _facts(plan, worker, known, stint, segment, part.start, measured)
            found, status, told = _walk(book, plan, worker, known, part, facts)
            days += found
            answers += because + told
    rule = plan.eligibility_rule()
    ends: list[Interval] = []
    for one in _merged(days):
        # with a segment employment or its class ends, by the plan's rule; an age ends on its own day
        over = one.end in {segment.effective_to for segment in stint.segments}
        end = one.end
        if over and one.end != FOREVER and one.end < election.effective_to:
            end = end_of_cover(one.end - ONE_DAY, rule.coverage_end, rule.wash_day, rule.early_wash)
        end = min(max(end, one.start), election.effective_to)
        if one.start < end:
            ends.append(Interval(one.start, end))
    return _merged(ends), status, answers


def _entry(rule: PlanEntry, worker: Worker, stint: Stint, on: date) -> Calculation[PlanEntryResult]:
    """The entry into a retirement plan; a year's hours are those scheduled, as the HRIS tells them."""
    birth = worker.identity.get("birth_date")
    years = age_on(stint.since, on) if on > stint.since else 0
    return plan_entry(
        hired_on=stint.since,
        birth_date=date.fromisoformat(birth) if birth else None,
        as_of=max(on, stint.since),
        plan=rule,
        year_hours=[int(stint.segments[-1].data["weekly_hours"]) * WEEKS] * years,
    )


def _from_entry(days: Sequence[Interval], entered: date | None) -> list[Interval]:
    """Days of cover cut to those from the entry on; none before it is known."""
    if entered is None:
        return []
    return [Interval(max(one.start, entered), one.end) for one in days if one.end > entered]


def _window(election: Fact, segment: Fact) -> Interval:
    start = max(election.effective_from, segment.effective_from)
    return Interval(start, max(start, min(election.effective_to, segment.effective_to)))


def _walk(
    book: PlanBook, plan: Plan, worker: Worker, known: Known, window: Interval, facts: EmployeeFacts
) -> tuple[list[Interval], str, list[Said]]:
    """Ask the rules from the window's first day on, and again wherever the answer turns."""
    rule, on = plan.eligibility_rule(book.employer.size == "large"), window.start
    days: list[Interval] = []
    told: list[Said] = []
    status = ""
    while on < window.end:
        answer = evaluate(on=on, facts=facts, plan=rule)
        result = answer.required()
        status = result.status.value
        if result.status is EligibilityStatus.WAITING and result.until is not None and result.until < window.end:
            on = result.until
            continue
        told.append(answer)
        if result.status is not EligibilityStatus.ELIGIBLE:
            if result.status is EligibilityStatus.NEEDS_DATA:
                days += _kept(worker, plan, Interval(on, window.end))
            break
        end = _until(result, known.day, window.end)
        days.append(Interval(on, end))
        on = end
    return days, status, told


def _until(result: Eligibility, day: date, end: date) -> date:
    """Where cover ends by time alone, once that day has come: until then it runs on."""
    turns = result.eligible_to
    return turns if turns is not None and turns <= day and turns < end else end


def _kept(worker: Worker, plan: Plan, window: Interval) -> list[Interval]:
    """Cover believed so far: a fact that is missing does not end it."""
    return [
        Interval(max(cover.effective_from, window.start), min(cover.effective_to, window.end))
        for timeline in worker.coverages.values()
        for cover in timeline
        if cover.data["plan"] == plan.id and cover.effective_from < window.end and cover.effective_to > window.start
    ]


def _parts(
    book: PlanBook, plan: Plan, worker: Worker, known: Known, stint: Stint, window: Interval
) -> Iterator[tuple[Interval, bool | None, list[Said]]]:
    """The window, cut where the measured status changes; the newest one runs on."""
    if window.start >= window.end:
        return
    if plan.eligibility.measured is None:
        yield window, None, []
        return
    first = Month.of(window.start)
    last = max(first, min(Month.of(known.day).plus(1), Month.of(window.end - ONE_DAY)))
    try:
        given = _measured_input(plan, worker, known, stint, first, last)
        answer = lookback(given)
    except DataError as wrong:
        reason = Reason(rule="hours", outcome=Outcome.UNKNOWN, needed={"hours": wrong.mend}, citation=wrong.what)
        yield window, None, [explain("eligibility.lookback", "1", {}, reasons=(reason,))]
        return
    because: list[Said] = [kept(answer, given)]
    if answer.result is None:
        yield window, None, because
        return
    start = window.start
    months = answer.result.months
    for number, one in enumerate(months):
        newest = number + 1 == len(months)
        if newest or _full_time(months[number + 1].status) is not _full_time(one.status):
            end = window.end if newest else min(one.month.end, window.end)
            yield Interval(start, end), _full_time(one.status), because
            start, because = end, []


def _full_time(status: MonthStatus) -> bool | None:
    return None if status is MonthStatus.NEEDS_DATA else status is MonthStatus.FULL_TIME


def _measured_input(plan: Plan, worker: Worker, known: Known, stint: Stint, first: Month, last: Month) -> LookbackInput:
    terms = plan.eligibility.measured
    assert terms is not None
    hire = stint.segments[0].data["employment_class"]
    spans = [
        HoursSpan(
            start=one.effective_from, end=one.effective_to, hours_minor=one.data["hours"],
            paid_leave_minor=one.data["paid_leave"],
        )
        for one in known.hours
        if not one.data["excluded"]
    ]  # fmt: skip
    out = [ExcludedSpan(start=one.effective_from, end=one.effective_to) for one in known.hours if one.data["excluded"]]
    paid = (day for day in known.pay_periods if day >= stint.since)
    return LookbackInput(
        **{name: getattr(terms, name) for name in type(terms).model_fields},
        hire_date=stint.since,
        terminated_on=None if stint.to == FOREVER else stint.to - ONE_DAY,
        category=_CATEGORY.get(hire, Category.PART_TIME),
        hours=tuple(spans),
        excluded=tuple(out),
        first_pay_period=min((day for day in paid if day <= stint.since + timedelta(days=31)), default=None),
        from_month=first,
        to_month=last,
    )


_CATEGORY = {"full_time": Category.FULL_TIME, "seasonal": Category.SEASONAL}


def _facts(
    plan: Plan, worker: Worker, known: Known, stint: Stint, segment: Fact, on: date, measured: bool | None
) -> EmployeeFacts:
    """What the rules may know of the worker on a day."""
    data = segment.data
    last = stint.to == segment.effective_to and stint.to != FOREVER
    total = sum(one.data["hours"] + one.data["paid_leave"] for one in known.hours if one.effective_to <= on)
    plain = EmployeeFacts(
        hire_date=stint.since,
        employment_class=data["employment_class"],
        scheduled_hours_minor=int(data["weekly_hours"]) * 100,
        terminated_on=stint.to - ONE_DAY if last else None,
        hours_reached_on=_hours_reached(plan, known, stint),
        pay_period_starts=known.pay_periods,
        union=data.get("union"),
        location=data.get("location") or None,
        employment_type=data.get("employment_type"),
        measured_full_time=measured,
        service_hours_minor=total if known.hours else None,
        work_authorisation=data.get("work_authorisation"),
        enrolled_in=tuple(sorted(_enrolled(known, on))),
        relation="self",
    )
    birth = worker.identity.get("birth_date")
    away = next((one for one in known.leaves if one.effective_from <= on < one.effective_to), None)
    asked = {leaf.kind for leaf in plan.eligibility.rules.leaves()} if plan.eligibility.rules else set()
    if "age" in asked and birth:
        plain = replace(plain, birth_date=date.fromisoformat(birth))
    if "not_on_leave" in asked:
        back = None if away is None else away.effective_to
        plain = replace(plain, leave="" if away is None else str(away.data["policy"]), leave_ends=back)
    return plain


def _enrolled(known: Known, on: date) -> Iterator[str]:
    for covers in known.enrolled.values():
        yield from (str(one.data["plan"]) for one in covers if one.data and one.effective_from <= on < one.effective_to)


def _hours_reached(plan: Plan, known: Known, stint: Stint) -> date | None:
    """The last day of the span of hours in which a wait in hours was over."""
    wait, unit = plan.eligibility.waiting.rule()
    if unit is not WaitUnit.HOURS:
        return None
    total = 0
    for one in sorted(known.hours, key=lambda one: one.effective_from):
        if one.effective_from >= stint.since and not one.data["excluded"]:
            total += one.data["hours"] + one.data["paid_leave"]
            if total >= wait * 100:
                return one.effective_to - ONE_DAY
    return None


def _merged(days: Sequence[Interval]) -> list[Interval]:
    """Intervals in order, those that touch or overlap taken together."""
    merged: list[Interval] = []
    for one in sorted(days, key=lambda one: one.start):
        if merged and one.start <= merged[-1].end:
            merged[-1] = Interval(merged[-1].start, max(one.end, merged[-1].end))
        else:
            merged.append(one)
    return merged


def waits_for_others(book: PlanBook, elections: Sequence[Fact]) -> bool:
    """Whether one of these elections is of a plan that asks for enrollment in another."""
    return any(asks(book.plan(one.data["plan"]), "enrolled_elsewhere") for one in elections)
