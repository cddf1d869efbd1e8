"""From which day on an election may be paid before tax under a cafeteria plan, and which part of it may not.

Elections are prospective. Two may reach back: a new hire's within 30 days of the hire, and the special enrollment
for a birth or adoption within the HIPAA window. Whatever else is owed for days before the election is paid after
tax, or the cover begins later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from benehub.errors import DataError
from benehub.money import Rounding
from benehub.periods import Month
from benehub.records.explanation import Outcome, Reason
from benehub.rules.base import Calculation, Day, Minor, MonthText, RuleModel, explain, rounded_step
from benehub.rules.registry import calculator

NAME = "deduction.section125"
VERSION = "1"
CITATION = "26 U.S.C. 125; 26 CFR 1.125-4; Prop. Treas. Reg. 1.125-2(d)"
HIPAA = "26 CFR 54.9801-6; 26 CFR 1.125-4(b)"
NEW_HIRE_DAYS = 30
HIPAA_DAYS = 30
"""Days the law gives at least; a plan may give more."""
MEDICAID_DAYS = 60


class ElectionEvent(StrEnum):
    """Why an election was made or changed.

    NEW_HIRE first election after the hire; OPEN_ENROLLMENT for a plan year, before it begins; BIRTH, ADOPTION and
    PLACEMENT (for adoption or foster care) bring a child; MARRIAGE, LOSS_OF_COVERAGE and MEDICAID (Medicaid or CHIP
    lost, or help with premiums gained) are special enrollments too; DIVORCE, DEATH, DEPENDENT_INELIGIBLE,
    EMPLOYMENT_CHANGE and RESIDENCE_CHANGE are changes in status; COST_CHANGE, COVERAGE_CHANGE, COURT_ORDER, MEDICARE
    and FMLA the regulation's other grounds; NONE is a change without a ground.
    """

    NEW_HIRE = "new_hire"
    OPEN_ENROLLMENT = "open_enrollment"
    BIRTH = "birth"
    ADOPTION = "adoption"
    PLACEMENT = "placement"
    MARRIAGE = "marriage"
    LOSS_OF_COVERAGE = "loss_of_coverage"
    MEDICAID = "medicaid"
    DIVORCE = "divorce"
    DEATH = "death"
    DEPENDENT_INELIGIBLE = "dependent_ineligible"
    EMPLOYMENT_CHANGE = "employment_change"
    RESIDENCE_CHANGE = "residence_change"
    COST_CHANGE = "cost_change"
    COVERAGE_CHANGE = "coverage_change"
    COURT_ORDER = "court_order"
    MEDICARE = "medicare"
    FMLA = "fmla"
    NONE = "none"


_CHILD = (ElectionEvent.BIRTH, ElectionEvent.ADOPTION, ElectionEvent.PLACEMENT)
_SPECIAL = {
    **dict.fromkeys((*_CHILD, ElectionEvent.MARRIAGE, ElectionEvent.LOSS_OF_COVERAGE), HIPAA_DAYS),
    ElectionEvent.MEDICAID: MEDICAID_DAYS,
}
"""Special enrollments and the days the law gives at least."""

_GROUNDS = {
    ElectionEvent.DIVORCE: "26 CFR 1.125-4(c)(2)(i)",
    ElectionEvent.DEATH: "26 CFR 1.125-4(c)(2)",
    ElectionEvent.DEPENDENT_INELIGIBLE: "26 CFR 1.125-4(c)(2)(iv)",
    ElectionEvent.EMPLOYMENT_CHANGE: "26 CFR 1.125-4(c)(2)(iii)",
    ElectionEvent.RESIDENCE_CHANGE: "26 CFR 1.125-4(c)(2)(v)",
    ElectionEvent.COURT_ORDER: "26 CFR 1.125-4(d)",
    ElectionEvent.MEDICARE: "26 CFR 1.125-4(e)",
    ElectionEvent.COST_CHANGE: "26 CFR 1.125-4(f)(2)",
    ElectionEvent.COVERAGE_CHANGE: "26 CFR 1.125-4(f)(3)",
    ElectionEvent.FMLA: "26 CFR 1.125-4(g)",
}


class Treatment(StrEnum):
    """What the law allows: RETROACTIVE to the cover's first day, PROSPECTIVE from the election on, or NONE."""

    RETROACTIVE = "retroactive"
    PROSPECTIVE = "prospective"
    NONE = "none"


class MonthAmount(RuleModel):
    """What the election adds to one coverage month."""

    month: MonthText
    """Coverage month, YYYY-MM."""
    amount_minor: Minor
    """The employee's share that the election brings, in minor units."""


class Section125Input(RuleModel):
    """One election, when it was made, and why."""

    event: ElectionEvent
    """The ground of the election."""
    elected_on: Day
    """The day the election was made (received)."""
    cover_from: Day
    """First day of the cover that it pays for."""
    event_date: Day | None = None
    """Day of the event (birth, marriage, ...); needed by every ground but new_hire, open_enrollment and none."""
    hire_date: Day | None = None
    """Day of hire; needed by new_hire."""
    window_days: Annotated[int, Field(strict=True, ge=1, le=366)] | None = None
    """Days after the event within which the plan takes elections; the law's least where left out (30, Medicaid 60)."""
    months: Annotated[tuple[MonthAmount, ...], Field(max_length=24)] = ()
    """Amounts to be split into before tax and after tax, by coverage month."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    """ISO currency of the amounts."""


class MonthSplit(RuleModel):
    """One coverage month; both parts sum to its amount."""

    month: MonthText
    pretax_minor: int
    posttax_minor: int


class Section125(RuleModel):
    """What may be paid before tax."""

    treatment: Treatment
    pretax_from: date | None
    """First day of cover that may be paid before tax; None when no day may."""
    months: tuple[MonthSplit, ...]
    pretax_minor: int
    posttax_minor: int


@dataclass(frozen=True, slots=True)
class ElectionFacts:
    """An election as the rule looks at it; see `Section125Input`."""

    event: ElectionEvent
    elected_on: date
    cover_from: date
    event_date: date | None = None
    hire_date: date | None = None
    window_days: int | None = None


def section125(
    election: ElectionFacts, months: Sequence[tuple[Month, int]] = (), currency: str = "USD"
) -> Calculation[Section125]:
    """From which day on `election` may be paid before tax, and how the amounts of `months` split there.

    Raises:
        DataError: an election before its event or hire that is none of open enrollment.
    """
    inputs = {
        name: getattr(election, name)
        for name in ("event", "elected_on", "cover_from", "event_date", "hire_date", "window_days")
    } | {"months": dict(months)}
    missing = _missing(election)
    if missing:
        return Calculation(None, explain(NAME, VERSION, inputs, citation=CITATION), (missing,))
    treatment, since, reasons = _since(election)
    splits, steps = [], []
    for month, amount in months:
        share = _part_from(month, election.cover_from, since)
        pretax, told = rounded_step(f"{month}: before tax", amount * share, Rounding.HALF_UP, currency)
        splits.append(MonthSplit(month=month, pretax_minor=pretax, posttax_minor=amount - pretax))
        steps.append(told)
    result = Section125(
        treatment=treatment, pretax_from=since, months=tuple(splits),
        pretax_minor=sum(one.pretax_minor for one in splits),
        posttax_minor=sum(one.posttax_minor for one in splits),
    )  # fmt: skip
    return Calculation(result, explain(NAME, VERSION, inputs, tuple(steps), tuple(reasons), CITATION))


def _missing(election: ElectionFacts) -> str:
    if election.event is ElectionEvent.NEW_HIRE:
        return "" if election.hire_date else "hire_date"
    dateless = (ElectionEvent.OPEN_ENROLLMENT, ElectionEvent.NONE)
    return "" if election.event in dateless or election.event_date else "event_date"


def _since(election: ElectionFacts) -> tuple[Treatment, date | None, list[Reason]]:
    event = election.event
    if event is ElectionEvent.NONE:
        reason = _reason("a ground for the change", False, election, "26 CFR 1.125-4(a)")
        return Treatment.NONE, None, [reason]
    if event is ElectionEvent.OPEN_ENROLLMENT:
        return _prospective(election, [_reason("elected before the plan year", True, election, CITATION)])
    if event is ElectionEvent.NEW_HIRE:
        start, days, cited = election.hire_date, NEW_HIRE_DAYS, "Prop. Treas. Reg. 1.125-2(d)"
    else:
        start, days = election.event_date, election.window_days or _SPECIAL.get(event, HIPAA_DAYS)
        cited = HIPAA if event in _SPECIAL else _GROUNDS[event]
    assert start is not None
    if election.elected_on < start and election.cover_from < start:
        raise DataError(
            "the cover begins and was elected before its event", where="event_date", mend="Mend one of the dates"
        )
    last = start + timedelta(days=days)
    inside = election.elected_on <= last
    reasons = [_reason(f"elected within {days} days", inside, election, cited, last)]
    if inside and (event is ElectionEvent.NEW_HIRE or event in _CHILD):
        return Treatment.RETROACTIVE, max(start, election.cover_from), reasons
    return _prospective(election, reasons)


def _prospective(election: ElectionFacts, reasons: list[Reason]) -> tuple[Treatment, date, list[Reason]]:
    since = max(election.elected_on, election.cover_from)
    back = since > election.cover_from
    reasons.append(_reason("cover begins on or after the election", not back, election, CITATION))
    return Treatment.PROSPECTIVE, since, reasons


def _reason(rule: str, passed: bool, election: ElectionFacts, citation: str, last: date | None = None) -> Reason:
    return Reason(
        rule=rule,
        outcome=Outcome.PASS if passed else Outcome.FAIL,
        inputs={"event": election.event.value, "elected_on": str(election.elected_on)},
        needed={} if passed or last is None else {"elected_on_or_before": str(last)},
        citation=citation,
    )


def _part_from(month: Month, cover_from: date, since: date | None) -> Fraction:
    """The part of a month's covered days that lies on or after `since`."""
    first = max(month.first, cover_from)
    if since is None or since >= month.end or first >= month.end:
        return Fraction(0)
    covered = (month.end - first).days
    return Fraction((month.end - max(first, since)).days, covered)


EXAMPLE = {
    "event": "birth", "event_date": "2026-10-08", "elected_on": "2026-10-24", "cover_from": "2026-10-08",
    "months": [{"month": "2026-10", "amount_minor": 42_00}],
}  # fmt: skip


@calculator(
    NAME, "Which part of an election may be paid before tax, and from when.", Section125Input, Section125, VERSION,
    example=EXAMPLE,
)  # fmt: skip
def compute(given: Section125Input) -> Calculation[Section125]:
    """Run on validated input.

    Raises:
        DataError: the dates contradict each other.
    """
    election = ElectionFacts(
        given.event, given.elected_on, given.cover_from, given.event_date, given.hire_date, given.window_days
    )
    return section125(election, [(one.month, one.amount_minor) for one in given.months], given.currency)
