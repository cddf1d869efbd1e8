"""Whether an employee may be in a plan on a day, with what every rule said of it, and from when on if not yet.

All rules are asked, also after one has failed. What is unknown is never taken for a fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field

from benehub.errors import DataError
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Day, Positive, RuleModel, explain
from benehub.rules.eligibility.coverage_end import CoverageEndRule, EarlyWash, end_of_cover
from benehub.rules.eligibility.entry_date import entry_date
from benehub.rules.eligibility.entry_terms import EntryTerms
from benehub.rules.eligibility.kinds import kinds
from benehub.rules.eligibility.person import EmployeeFacts
from benehub.rules.eligibility.plan_rules import PlanEligibility
from benehub.rules.eligibility.tree import VERSION, Asked, RuleTerm, all_of, ask, leaf
from benehub.rules.registry import calculator

NAME = "eligibility"
CITATION = "plan terms; 29 CFR 2590.715-2708; 26 CFR 54.4980H-3"


class EligibilityStatus(StrEnum):
    """The answer of all rules together."""

    ELIGIBLE = "eligible"
    WAITING = "waiting"
    NOT_ELIGIBLE = "not_eligible"
    NEEDS_DATA = "needs_data"
    ENDED = "ended"


class EligibilityInput(EntryTerms):
    """An employee, a plan's rules, and the day asked about."""

    on: Day
    """The day asked about."""
    hire_date: Day | None = None
    """First day of employment in an eligible class; for a continuing rehire the first hire."""
    employment_class: str | None = None
    """Such as full_time or part_time; empty where nobody told."""
    scheduled_hours_minor: Positive | None = None
    """Scheduled hours a week in hundredths."""
    terminated_on: Day | None = None
    """Last day of employment; empty while employed."""
    hours_reached_on: Day | None = None
    """Day on which cumulative hours were reached (for a wait in hours)."""
    pay_period_starts: tuple[Day, ...] = ()
    """First days of pay periods (for entry at the first of a pay period)."""
    union: str | None = None
    """Bargaining unit; an empty text for none."""
    location: str | None = None
    """Place of work."""
    employment_type: str | None = None
    """Such as regular, temporary or intern."""
    measured_full_time: bool | None = None
    """Whether the look-back found the employee full-time for the day (see eligibility.lookback)."""
    service_hours_minor: Positive | None = None
    """Hours of service so far, in hundredths."""
    birth_date: Day | None = None
    """Birth date, for rules that ask for age."""
    work_authorisation: str | None = None
    """Right to work or visa, as the employer codes it."""
    enrolled_in: tuple[str, ...] | None = None
    """Ids of the plans the person is enrolled in elsewhere; an empty list for none."""
    leave: str | None = None
    """Kind of leave the employee is on; an empty text for none."""
    leave_ends: Day | None = None
    """First day back from leave, where it is known."""
    relation: str | None = None
    """How a dependent is related to the employee, such as spouse or child."""
    given: dict[str, bool] = Field(default_factory=dict)
    """Answers to rules of kind given, by their name."""
    classes: tuple[str, ...] = ()
    """Employment classes the plan takes in; empty for all."""
    min_hours_minor: Positive = 0
    """Least scheduled hours a week in hundredths; 0 where the plan asks for none."""
    open_from: Day | None = None
    """First day on which the plan is open."""
    open_to: Day | None = None
    """First day on which it is open no more."""
    coverage_end: CoverageEndRule = CoverageEndRule.END_OF_MONTH
    """When cover ends after the last day of employment: last_day, end_of_month, or wash."""
    wash_day: Annotated[int, Field(strict=True, ge=1, le=28)] = 15
    """Day of the month of the wash rule."""
    early_wash: EarlyWash = EarlyWash.LAST_DAY
    """Under wash, where the last day is on or before the wash day: cover ends with that day, or with the month
    before."""
    rules: RuleTerm | None = None
    """Further rules, composed by all, any and not, that have to pass beside the plain ones above."""


class Eligibility(RuleModel):
    """Status and dates; the reasons stand in the explanation."""

    status: EligibilityStatus
    until: date | None = None
    """WAITING: the first day on which all rules pass."""
    ended_on: date | None = None
    """ENDED: first day without cover."""
    coverage_earliest: date | None = None
    """First day of cover: of the stretch of days on which all rules pass, or by the wait where they do not."""
    coverage_latest_legal: date | None = None
    """Last lawful first day of cover, where the law sets one."""
    coverage_end: date | None = None
    """First day without cover, where employment ends or has ended."""
    eligible_to: date | None = None
    """First day on which the rules pass no more by time alone (an age is reached, the plan closes)."""


def evaluate(*, on: date, facts: EmployeeFacts, plan: PlanEligibility) -> Calculation[Eligibility]:
    """Ask every rule and sum up: ended, then a lasting fail, then unknown, then waiting, else eligible.

    In a failing reason `needed` names inputs and the value that would pass; a list means any one of it.

    Raises:
        ConfigError: the plan's entry rule is refused.
        DataError: employment ends before it begins.
    """
    _check(facts)
    end = None
    if facts.terminated_on is not None:
        end = end_of_cover(facts.terminated_on, plan.coverage_end, plan.wash_day, plan.early_wash)
    asked = _ask(plan, facts, on)
    days = set(asked.turns) if facts.hire_date is None else {*asked.turns, facts.hire_date}
    turns = sorted(days)
    status, until = _status(plan, facts, on, asked, turns, end)
    entry = None
    if facts.hire_date is not None:
        entry = entry_date(
            start=facts.hire_date, rule=plan.entry, hours_reached_on=facts.hours_reached_on,
            pay_period_starts=facts.pay_period_starts,
        ).result  # fmt: skip
    earliest = until or (None if entry is None else entry.entry_date)
    eligible_to = None
    if status is EligibilityStatus.ELIGIBLE:
        earliest, eligible_to = _stretch(plan, facts, on, turns)
    employed = _employed(on, facts, end, until or earliest)
    if employed.outcome is Outcome.FAIL and status is not EligibilityStatus.ENDED:
        status, until = EligibilityStatus.NOT_ELIGIBLE, None
    result = Eligibility(
        status=status,
        until=until,
        ended_on=end if status is EligibilityStatus.ENDED else None,
        coverage_earliest=earliest,
        coverage_latest_legal=None if entry is None else entry.latest_legal,
        coverage_end=end,
        eligible_to=eligible_to,
    )
    reasons = (employed, *asked.reasons)
    needs = tuple(dict.fromkeys(name for one in reasons if one.outcome is Outcome.UNKNOWN for name in one.needed))
    steps = (
        Step(label=f"rules on {on.isoformat()}", raw=asked.words, value=asked.outcome.value),
        Step(label="status", raw=employed.outcome.value, value=status.value),
    )
    return Calculation(result, explain(NAME, VERSION, _inputs(on, facts, plan), steps, reasons, CITATION), needs)


def _check(facts: EmployeeFacts) -> None:
    if facts.hire_date is not None and facts.terminated_on is not None and facts.terminated_on < facts.hire_date:
        raise DataError("terminated_on lies before hire_date", where=NAME, mend="Mend one of them at the source")


def _ask(plan: PlanEligibility, facts: EmployeeFacts, on: date) -> Asked:
    """The plain rules of a plan and its tree, all of which have to pass; plain ones not stated do not apply."""
    plain = (
        ("class", "class", bool(plan.classes)),
        ("hours", "scheduled_hours", plan.min_hours_minor > 0),
        ("waiting", "entry_grid", True),
        ("plan_open", "plan_open", plan.open_from is not None or plan.open_to is not None),
    )
    parts = [_plain(name, kind, applies, plan, facts, on) for name, kind, applies in plain]
    if plan.rules is not None:
        parts.append(ask(plan.rules, facts, on, "rules"))
    return Asked(
        all_of([part.outcome for part in parts]),
        tuple(reason for part in parts for reason in part.reasons),
        tuple(day for part in parts for day in part.turns),
        f"all({', '.join(part.words for part in parts)})",
    )


def _plain(name: str, kind: str, applies: bool, plan: PlanEligibility, facts: EmployeeFacts, on: date) -> Asked:
    if applies:
        return leaf(name, kind, plan, facts, on)
    said = kinds()[kind].ask(facts, plan, on)
    reason = Reason(rule=name, version=VERSION, outcome=Outcome.NOT_APPLICABLE, inputs=dict(said.inputs))
    return Asked(Outcome.NOT_APPLICABLE, (reason,), (), f"{name} not_applicable")


def _status(
    plan: PlanEligibility, facts: EmployeeFacts, on: date, asked: Asked, turns: list[date], end: date | None
) -> tuple[EligibilityStatus, date | None]:
    if end is not None and on >= end:
        return EligibilityStatus.ENDED, None
    if asked.outcome is Outcome.PASS:
        return EligibilityStatus.ELIGIBLE, None
    if asked.outcome is Outcome.UNKNOWN:
        return EligibilityStatus.NEEDS_DATA, None
    # the answer changes on these days only, so the first of them that does not fail is the first day at all
    for day in (one for one in turns if one > on):
        outcome = _ask(plan, facts, day).outcome
        if outcome is Outcome.PASS:
            return EligibilityStatus.WAITING, day
        if outcome is Outcome.UNKNOWN:
            return EligibilityStatus.NEEDS_DATA, None
    return EligibilityStatus.NOT_ELIGIBLE, None


def _stretch(
    plan: PlanEligibility, facts: EmployeeFacts, on: date, turns: list[date]
) -> tuple[date | None, date | None]:
    """First day of the days around `on` on which all rules pass, and the first day after them; None is open."""
    start = None
    for day in reversed([one for one in turns if one <= on]):
        start = day
        if _ask(plan, facts, day - timedelta(days=1)).outcome is not Outcome.PASS:
            break
    later = (one for one in turns if one > on)
    return start, next((day for day in later if _ask(plan, facts, day).outcome is Outcome.FAIL), None)


def _employed(on: date, facts: EmployeeFacts, end: date | None, earliest: date | None) -> Reason:
    """Fails once cover has ended with employment, or would end before it can begin."""
    inputs = {"on": on.isoformat(), "terminated_on": facts.terminated_on and facts.terminated_on.isoformat()}
    over = end is not None and (on >= end or (earliest is not None and earliest >= end))
    return Reason(
        rule="employed",
        version=VERSION,
        outcome=Outcome.FAIL if over else Outcome.PASS,
        inputs=inputs,
        needed={"terminated_on": None} if over else {},
    )


def _inputs(on: date, facts: EmployeeFacts, plan: PlanEligibility) -> dict[str, Any]:
    """What is known, as it was given, and what the plan asks for; of what nobody told only the classic four are
    named."""
    always = ("hire_date", "employment_class", "scheduled_hours_minor", "terminated_on")
    told = {name: getattr(facts, name) for name in facts.__slots__}
    known = {name: value for name, value in told.items() if name in always or value not in (None, (), {})}
    return {"on": on, **known, **_terms(plan)}


@lru_cache(maxsize=1024)
def _terms(plan: PlanEligibility) -> Mapping[str, Any]:
    """What a plan asks for, in the words of the input; what is as usual is left out."""
    usual = PlanEligibility()
    found = EntryTerms.of(plan.entry).model_dump(mode="json", exclude_defaults=True)
    for name in ("classes", "min_hours_minor", "open_from", "open_to", "coverage_end", "wash_day", "early_wash"):
        if getattr(plan, name) != getattr(usual, name):
            found[name] = getattr(plan, name)
    if plan.rules is not None:
        found["rules"] = plan.rules.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    return found


@calculator(
    NAME,
    "Whether an employee may be in a plan, and why.",
    EligibilityInput,
    Eligibility,
    VERSION,
    example={
        "on": "2026-05-01",
        "hire_date": "2026-01-02",
        "employment_class": "full_time",
        "scheduled_hours_minor": 4000,
        "union": "",
        "birth_date": "1990-06-15",
        "classes": ["full_time"],
        "min_hours_minor": 3000,
        "wait": 60,
        "grid": "first_of_month",
        "rules": {"all": [{"kind": "age", "at_least": 18}, {"not": {"kind": "union", "any_of": ["local-12"]}}]},
    },
)
def compute(given: EligibilityInput) -> Calculation[Eligibility]:
    """Run on validated input.

    Raises:
        ConfigError: the plan's entry rule is refused.
        DataError: employment ends before it begins.
    """
    facts = EmployeeFacts(**{name: getattr(given, name) for name in EmployeeFacts.__slots__})
    plan = PlanEligibility(
        classes=given.classes,
        min_hours_minor=given.min_hours_minor,
        entry=given.rule(),
        open_from=given.open_from,
        open_to=given.open_to,
        coverage_end=given.coverage_end,
        wash_day=given.wash_day,
        early_wash=given.early_wash,
        rules=given.rules,
    )
    return evaluate(on=given.on, facts=facts, plan=plan)
