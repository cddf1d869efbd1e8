"""When cover ends, and whether it may end in the past.

US medical cover that somebody has paid for is not taken back in silence (29 CFR 2590.715-2712): a retroactive
end is blocked unless nothing was paid for the time after it, premiums were not paid, or there was fraud and notice.
A person may override the block, with a reason that stays with the decision.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from benehub.errors import DataError
from benehub.legal import limit
from benehub.periods import Month
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Day, RuleModel, explain
from benehub.rules.registry import calculator

NAME = "eligibility.coverage-end"
VERSION = "1"
CITATION = "29 CFR 2590.715-2712"
RESCISSION_INPUTS = ("decided_on", "contribution_taken_past_end", "cause", "notice_given_on")


class CoverageEndRule(StrEnum):
    """When cover ends after the last day of employment; WASH asks on which side of the wash day that lies."""

    LAST_DAY = "last_day"
    END_OF_MONTH = "end_of_month"
    WASH = "wash"


class EarlyWash(StrEnum):
    """Under WASH, for a last day on or before the wash day: cover to that day, or only to the month before."""

    LAST_DAY = "last_day"
    PREVIOUS_MONTH = "previous_month"


class EndCause(StrEnum):
    """Why cover ends."""

    TERMINATION = "termination"
    NON_PAYMENT = "non_payment"
    FRAUD = "fraud"
    REQUEST = "request"


class CoverageEndInput(RuleModel):
    """The last day of employment, the plan's wording, and what is known when the end is recorded."""

    terminated_on: Day | None = None
    """Last day of employment (or the last day wanted, where cover ends for another cause)."""
    rule: CoverageEndRule = CoverageEndRule.END_OF_MONTH
    """last_day: cover ends with that day; end_of_month: with its month; wash: after the wash day with its month, on or
    before it see `early_wash`."""
    wash_day: Annotated[int, Field(strict=True, ge=1, le=28)] = 15
    """Day of the month of the wash rule."""
    early_wash: EarlyWash = EarlyWash.LAST_DAY
    """Under wash, where the last day is on or before the wash day: cover ends with that day, or with the month
    before."""
    us_medical: bool = True
    """Whether the ban on rescissions holds: true for US medical plans, false for excepted benefits."""
    decided_on: Day | None = None
    """Day on which the end is recorded; with it the answer says whether the end is retroactive and allowed."""
    contribution_taken_past_end: bool | None = None
    """Whether a contribution of the employee was taken for any time after the end; empty where nobody knows."""
    cause: EndCause = EndCause.TERMINATION
    """Why cover ends: termination of employment, non_payment of premiums, fraud (or misrepresentation), or request of
    the employee."""
    notice_given_on: Day | None = None
    """Day on which written notice of a rescission for fraud was given."""
    override_reason: str = ""
    """A person's reason for ending cover in the past although it is blocked; empty for no override."""


class CoverageEnd(RuleModel):
    """The end by the plan's wording, and the end that may be applied."""

    planned_end: date
    """First day without cover by the plan's wording."""
    coverage_end: date
    """First day without cover that may be applied: the planned one, or the next prospective one where it is blocked."""
    last_day: date
    """Last covered day of the end that may be applied."""
    retroactive: bool
    """The planned end lies before the day it is recorded on."""
    blocked: bool
    """The planned end may not be applied: it would take back cover that was paid for."""
    ground: str
    """Why the end stands: not_retroactive, not_medical, administrative_delay, non_payment, fraud_with_notice, request,
    override; or why it is blocked: rescission, fraud_without_notice."""


def end_of_cover(
    terminated_on: date,
    rule: CoverageEndRule,
    wash_day: int = 15,
    early_wash: EarlyWash = EarlyWash.LAST_DAY,
) -> date:
    """First day without cover after the last day of employment."""
    early = rule is CoverageEndRule.WASH and terminated_on.day <= wash_day
    if early and early_wash is EarlyWash.PREVIOUS_MONTH:
        return Month.of(terminated_on).first
    if early or rule is CoverageEndRule.LAST_DAY:
        return terminated_on + timedelta(days=1)
    return Month.of(terminated_on).end


def coverage_end(given: CoverageEndInput) -> Calculation[CoverageEnd]:
    """The end of cover, and the next prospective one where the planned end would be a rescission.

    Raises:
        DataError: a notice that was given after the end was recorded.
    """
    inputs = given.model_dump(mode="json", exclude_defaults=False)
    if given.terminated_on is None:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), ("terminated_on",))
    planned = end_of_cover(given.terminated_on, given.rule, given.wash_day, given.early_wash)
    steps = [Step(label="first day without cover", raw=given.rule.value, value=planned.isoformat())]
    retroactive = given.decided_on is not None and planned < given.decided_on
    ground, needs = _ground(given, retroactive)
    if needs:
        return Calculation(None, explain(NAME, VERSION, inputs, tuple(steps), citation=CITATION), needs)
    blocked = ground in ("rescission", "fraud_without_notice")
    end = planned
    if blocked and given.decided_on is not None:
        end = end_of_cover(given.decided_on, given.rule, given.wash_day)
        steps.append(Step(label="first day without cover, prospective", raw=ground, value=end.isoformat()))
    result = CoverageEnd(
        planned_end=planned,
        coverage_end=end,
        last_day=end - timedelta(days=1),
        retroactive=retroactive,
        blocked=blocked,
        ground=ground,
    )
    reason = Reason(
        rule="rescission",
        version=VERSION,
        outcome=_outcome(given, ground, blocked),
        inputs={
            name: inputs[name] for name in ("decided_on", "contribution_taken_past_end", "cause", "notice_given_on")
        },
        needed={"contribution_taken_past_end": False} if blocked else {},
        citation=CITATION if given.us_medical else "",
    )
    return Calculation(result, explain(NAME, VERSION, inputs, tuple(steps), (reason,), CITATION))


def _ground(given: CoverageEndInput, retroactive: bool) -> tuple[str, tuple[str, ...]]:
    """Why the end stands or is blocked; or what has to be known first."""
    if not retroactive or given.decided_on is None:
        return "not_retroactive", ()
    if not given.us_medical:
        return "not_medical", ()
    if given.cause is EndCause.NON_PAYMENT:
        return "non_payment", ()
    if given.cause is EndCause.REQUEST and given.contribution_taken_past_end is False:
        return "request", ()
    if given.contribution_taken_past_end is False:
        return "administrative_delay", ()
    if given.cause is EndCause.FRAUD and _notice_in_time(given, given.decided_on):
        return "fraud_with_notice", ()
    if given.override_reason.strip():
        return "override", ()
    if given.contribution_taken_past_end is None:
        return "", ("contribution_taken_past_end",)
    return ("fraud_without_notice" if given.cause is EndCause.FRAUD else "rescission"), ()


def _notice_in_time(given: CoverageEndInput, decided_on: date) -> bool:
    if given.notice_given_on is None:
        return False
    if given.notice_given_on > decided_on:
        raise DataError(
            "the notice was given after the end was recorded",
            where="notice_given_on",
            mend="Mend the day, or record the end once the notice has run",
        )
    days = limit("us", "rescission_notice_days", decided_on).value
    return given.notice_given_on + timedelta(days=days) <= decided_on


def _outcome(given: CoverageEndInput, ground: str, blocked: bool) -> Outcome:
    if blocked or ground == "override":
        return Outcome.FAIL
    return Outcome.PASS if given.us_medical and ground != "not_retroactive" else Outcome.NOT_APPLICABLE


@calculator(
    NAME,
    "When cover ends, and whether it may end in the past.",
    CoverageEndInput,
    CoverageEnd,
    VERSION,
    example={
        "terminated_on": "2026-03-20",
        "rule": "end_of_month",
        "us_medical": True,
        "decided_on": "2026-05-12",
        "contribution_taken_past_end": True,
    },
)
def compute(given: CoverageEndInput) -> Calculation[CoverageEnd]:
    """Run on validated input.

    Raises:
        DataError: a notice that was given after the end was recorded.
    """
    return coverage_end(given)
