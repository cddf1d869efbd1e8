"""What a change that is learned late costs for coverage months that were scheduled already.

Each affected month is worked out as known now; new less old expected is one adjustment line in the next open pay,
with links to the lines it corrects. Lines that were sent are never edited. A refund keeps the tax class of what it
gives back; of what is owed more, section 125 says what may stay before tax.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from benehub.errors import DataError
from benehub.periods import Month
from benehub.records.explanation import Outcome, Reason, Step
from benehub.records.payroll import TaxClass
from benehub.rules.base import Calculation, Day, Minor, MonthText, RuleModel, explain, money_step
from benehub.rules.deduction.section125 import ElectionEvent, ElectionFacts, section125
from benehub.rules.registry import calculator

NAME = "deduction.retro"
VERSION = "1"
CITATION = "the plan's retro terms; 26 CFR 1.125-4"


class CatchUp(StrEnum):
    """What happens to the part of a retro increase that may not be paid before tax.

    POST_TAX takes it after tax; PROSPECTIVE does not charge the employee for the days before the election.
    """

    POST_TAX = "post_tax"
    PROSPECTIVE = "prospective"


class RetroMonth(RuleModel):
    """One coverage month, then and now."""

    month: MonthText
    """Coverage month, YYYY-MM."""
    old_minor: Minor
    """What was expected of the employee for it so far, earlier adjustments included, in minor units."""
    new_minor: Minor
    """The employee's share as known now, in minor units."""
    lines: Annotated[tuple[str, ...], Field(max_length=30)] = ()
    """Ids of the lines that were expected for it; the adjustment links to them."""


class RetroElection(RuleModel):
    """The election behind an increase; without one the increase is a change of cost."""

    event: ElectionEvent
    """The ground of the election, as in deduction.section125."""
    elected_on: Day
    """The day it was made."""
    cover_from: Day
    """First day of the cover it pays for."""
    event_date: Day | None = None
    """Day of the event."""
    hire_date: Day | None = None
    """Day of hire; needed by new_hire."""
    window_days: Annotated[int, Field(strict=True, ge=1, le=366)] | None = None
    """Days the plan gives after the event."""


class RetroInput(RuleModel):
    """The months that may have changed, and where an adjustment can go."""

    months: Annotated[tuple[RetroMonth, ...], Field(min_length=1, max_length=24)]
    """Every coverage month to look at."""
    pay_month: MonthText
    """Coverage month of the pay that takes the adjustment; the window counts back from it."""
    next_pay: Day | None = None
    """The next open pay date; without one nothing can be adjusted yet."""
    window_months: Annotated[int, Field(strict=True, ge=0, le=24)]
    """How many months back the plan (and its carrier) still corrects."""
    tax_class: TaxClass = TaxClass.PRETAX
    """Tax class of what was taken so far."""
    election: RetroElection | None = None
    """What made the shares change; decides what of an increase may stay before tax."""
    catch_up: CatchUp = CatchUp.POST_TAX
    """`post_tax` or `prospective`: what happens to the part that may not be paid before tax."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    """ISO currency of all amounts."""


class Adjustment(RuleModel):
    """One adjustment line."""

    pay_date: date
    month: MonthText
    """The coverage month it corrects."""
    amount_minor: int
    """Minor units; negative gives money back."""
    tax_class: TaxClass
    corrects: tuple[str, ...]
    """Lines that it corrects."""


class RetroResult(RuleModel):
    """Adjustment lines, and what was left out with its reason; all sum to new less old."""

    adjustments: tuple[Adjustment, ...]
    total_minor: int
    """Sum of the adjustments, in minor units."""
    beyond_window_minor: int
    """New less old of months that the window no longer reaches."""
    not_charged_minor: int
    """Of an increase, what the employee is not charged for (PROSPECTIVE)."""


@dataclass(frozen=True, slots=True)
class Then:
    """A coverage month, then and now: minor units, and the lines expected for it."""

    month: Month
    old_minor: int
    new_minor: int
    lines: tuple[str, ...] = ()

    @property
    def delta(self) -> int:
        """New less old."""
        return self.new_minor - self.old_minor


def retro_adjustments(
    *, months: Sequence[Then], pay_month: Month, next_pay: date | None, window_months: int,
    tax_class: TaxClass = TaxClass.PRETAX, election: ElectionFacts | None = None,
    catch_up: CatchUp = CatchUp.POST_TAX, currency: str = "USD",
) -> Calculation[RetroResult]:  # fmt: skip
    """The adjustment lines of the next open pay for coverage months before `pay_month`.

    Raises:
        DataError: a month stands twice, or is not before `pay_month`.
    """
    _check(months, pay_month)
    told = [
        {"month": one.month, "old_minor": one.old_minor, "new_minor": one.new_minor, "lines": one.lines}
        for one in months
    ]
    inputs = {
        "months": told, "pay_month": pay_month, "next_pay": next_pay,
        "window_months": window_months, "tax_class": tax_class, "election": asdict(election) if election else None,
        "catch_up": catch_up, "currency": currency,
    }  # fmt: skip
    changed = [one for one in sorted(months, key=lambda one: one.month) if one.delta]
    edge = pay_month.plus(-window_months)
    late = [one for one in changed if one.month < edge]
    steps: list[Step] = []
    reasons = [_outside(one, edge) for one in late]
    found: list[Adjustment] = []
    not_charged = 0
    for one in changed:
        steps.append(money_step(f"{one.month}: new less old expected", one.delta, one.delta, currency))
        if one in late:
            continue
        if next_pay is None:
            return Calculation(None, explain(NAME, VERSION, inputs, tuple(steps), tuple(reasons)), ("next_pay",))
        parts = _parts(one, tax_class, election, currency)
        if parts is None:
            return Calculation(None, explain(NAME, VERSION, inputs, tuple(steps), tuple(reasons)), ("election",))
        reasons += parts.reasons
        posttax = parts.posttax
        if posttax and catch_up is CatchUp.PROSPECTIVE:
            not_charged, posttax = not_charged + posttax, 0
        for amount, taxed in ((one.delta - parts.posttax, tax_class), (posttax, TaxClass.POSTTAX)):
            if amount:
                found.append(
                    Adjustment(
                        pay_date=next_pay, month=one.month, amount_minor=amount, tax_class=taxed, corrects=one.lines
                    )
                )
    result = RetroResult(
        adjustments=tuple(found), total_minor=sum(one.amount_minor for one in found),
        beyond_window_minor=sum(one.delta for one in late), not_charged_minor=not_charged,
    )  # fmt: skip
    if not reasons:
        reasons.append(Reason(rule="within the window", outcome=Outcome.PASS, needed={"from": str(edge)}))
    return Calculation(result, explain(NAME, VERSION, inputs, tuple(steps), tuple(reasons), CITATION))


def _check(months: Sequence[Then], pay_month: Month) -> None:
    named = [one.month for one in months]
    if len(set(named)) != len(named):
        raise DataError("a coverage month stands twice", where="months.month", mend="Give each month once")
    if any(month >= pay_month for month in named):
        raise DataError(
            "a coverage month that is not past", where="months.month",
            mend="Only months before pay_month are retroactive; the schedule takes the others",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Parts:
    posttax: int
    reasons: tuple[Reason, ...]


def _parts(one: Then, tax_class: TaxClass, election: ElectionFacts | None, currency: str) -> _Parts | None:
    """What of a month's change is after tax; None where the election's own dates are missing."""
    if one.delta < 0:
        kept = Reason(
            rule="a refund keeps its tax class", outcome=Outcome.PASS, inputs={"month": str(one.month)},
            citation="the tax class of the original deduction",
        )  # fmt: skip
        return _Parts(0, (kept,))
    if tax_class is not TaxClass.PRETAX:
        return _Parts(0, ())
    if election is None:
        # Nobody elected anything: the cost of a running election changed, which may follow only from now on.
        reason = Reason(
            rule="cost changes are followed prospectively", outcome=Outcome.FAIL, inputs={"month": str(one.month)},
            citation="26 CFR 1.125-4(f)(2)",
        )  # fmt: skip
        return _Parts(one.delta, (reason,))
    answer = section125(election, [(one.month, one.delta)], currency)
    if answer.result is None:
        return None
    return _Parts(answer.result.posttax_minor, answer.explanation.reasons)


def _outside(one: Then, edge: Month) -> Reason:
    return Reason(
        rule="within the window", outcome=Outcome.FAIL,
        inputs={"month": str(one.month), "delta_minor": one.delta}, needed={"month_from": str(edge)},
        citation="the plan's retro terms",
    )  # fmt: skip


EXAMPLE = {
    "months": [{"month": "2026-09", "old_minor": 122_50, "new_minor": 257_25, "lines": ["ent_a", "ent_b"]}],
    "pay_month": "2026-10", "next_pay": "2026-10-15", "window_months": 2,
    "election": {"event": "birth", "event_date": "2026-09-03", "elected_on": "2026-10-01", "cover_from": "2026-09-03"},
}  # fmt: skip


@calculator(
    NAME, "Adjustments for coverage months whose shares changed after they were scheduled.", RetroInput, RetroResult,
    VERSION, example=EXAMPLE,
)  # fmt: skip
def compute(given: RetroInput) -> Calculation[RetroResult]:
    """Run on validated input.

    Raises:
        DataError: the months or the election's dates contradict each other.
    """
    told = given.election
    return retro_adjustments(
        months=[Then(one.month, one.old_minor, one.new_minor, one.lines) for one in given.months],
        pay_month=given.pay_month,
        next_pay=given.next_pay,
        window_months=given.window_months,
        tax_class=given.tax_class,
        election=None if told is None else ElectionFacts(
            told.event, told.elected_on, told.cover_from, told.event_date, told.hire_date, told.window_days
        ),
        catch_up=given.catch_up,
        currency=given.currency,
    )  # fmt: skip
