"""What pay dates could not take, and how it is collected later: an account per deduction, pay by pay.

Payroll decides what is taken; this rule says what then is owed. Of one pay all current amounts are served by
priority first, then what is taken ahead of an unpaid leave, then arrears: collecting old money never makes new
arrears. Caps limit the current part only (worked case D06).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from benehub.errors import DataError
from benehub.records.explanation import Outcome, Reason, Step
from benehub.rules.base import Calculation, Day, Positive, Rate, RuleModel, explain, money_step
from benehub.rules.deduction.collection import (
    CATCH_UP,
    VERSION,
    BenefitKind,
    Collection,
    CollectionRule,
    arrears_due,
)
from benehub.rules.deduction.short_pay import Claim, ShortPay, take
from benehub.rules.deduction.unpaid_leave import CITATION as LEAVE_CITATION
from benehub.rules.deduction.unpaid_leave import LeaveOption, prepayments
from benehub.rules.registry import calculator

NAME = "deduction.arrears"
CITATION = "the plan's terms of arrears; state law on deductions from wages"


class LineState(StrEnum):
    """What became of the current part of a line on a pay date."""

    TAKEN = "taken"
    PARTIAL = "partial"
    MISSED = "missed"
    BILLED = "billed"
    PREPAID = "prepaid"


class CollectionInput(RuleModel):
    """How arrears are collected, with the number that the strategy needs."""

    strategy: Collection
    """`full_next_pay`, `max_extra`, `max_percent_of_net`, `spread`, `rest_of_year` or `hold`."""
    max_extra_minor: Positive | None = None
    """max_extra: the most one pay collects on top of the current amount, in minor units."""
    percent_of_usual: Rate | None = None
    """max_extra: the same as a part of the usual deduction, e.g. "50%"."""
    percent_of_net: Rate | None = None
    """max_percent_of_net: the most one pay collects, as a part of net pay, e.g. "10%"."""
    pays: Annotated[int, Field(strict=True, ge=1, le=60)] | None = None
    """spread: number of pays the balance is spread over."""

    def rule(self) -> CollectionRule:
        """The strategy as a value.

        Raises:
            ConfigError: it lacks its number.
        """
        return CollectionRule(
            self.strategy, self.max_extra_minor, self.percent_of_usual, self.percent_of_net, self.pays
        )


class DeductionInput(RuleModel):
    """One deduction of the employee and its terms."""

    code: Annotated[str, Field(min_length=1, max_length=40)]
    """Payroll's code; the key of everything said about it."""
    amount_minor: Positive
    """The usual amount of one pay, in minor units."""
    priority: Annotated[int, Field(strict=True, ge=0, le=999)] = 50
    """Served in this order, lower first; the same for two means in the order given."""
    mode: ShortPay = ShortPay.ALL_OR_NONE
    """`all_or_none` or `net_to_zero` (in part) where pay does not cover it."""
    carry: bool = True
    """Whether what was not taken becomes arrears; false: it is not asked for again."""
    kind: BenefitKind = BenefitKind.OTHER
    """Kind of benefit; decides the catch-up where `collection` is left out."""
    collection: CollectionInput | None = None
    """How arrears are collected; left out, as usual for `kind`."""
    max_current_minor: Positive | None = None
    """The most one pay may take of the current amount, in minor units; what exceeds it is not owed."""
    opening_arrears_minor: Positive = 0
    """Arrears before the first pay date, in minor units."""


class ManualInput(RuleModel):
    """An amount somebody keyed in for arrears on one pay; it replaces the strategy's."""

    code: str
    """The deduction."""
    amount_minor: Positive
    """Taken on top of the current amount, in minor units."""


class PayInput(RuleModel):
    """One pay date and what it has for deductions."""

    pay_date: Day
    """The pay date, YYYY-MM-DD."""
    available_minor: Positive | None = None
    """Pay left for these deductions after taxes and garnishments, in minor units; left out: enough for all."""
    net_pay_minor: Positive | None = None
    """Net pay, in minor units; needed by max_percent_of_net."""
    missed: bool = False
    """True: there was no check, or payroll left the deductions out."""
    manual: Annotated[tuple[ManualInput, ...], Field(max_length=50)] = ()
    """Arrears amounts keyed in by hand."""


class WriteOffInput(RuleModel):
    """Arrears that somebody gave up, after the pay date named."""

    code: str
    """The deduction."""
    after: Day
    """The pay date after which it counts."""
    amount_minor: Positive
    """Minor units; more than the balance is an error."""
    approved_by: Annotated[str, Field(min_length=1, max_length=80)]
    """Who approved it; nothing is written off without one."""


class LeaveInput(RuleModel):
    """An unpaid leave under which cover goes on."""

    start: Day
    """First day; pay dates from here on pay nothing."""
    end: Day
    """First day after it."""
    option: LeaveOption
    """`prepay`, `pay_as_you_go` or `catch_up`."""
    prepay_pays: Annotated[int, Field(strict=True, ge=1, le=26)] = 1
    """prepay: how many pays before the leave take the shares of the leave."""


class ArrearsInput(RuleModel):
    """The deductions of one employee and the pays they meet."""

    deductions: Annotated[tuple[DeductionInput, ...], Field(min_length=1, max_length=50)]
    """Every deduction with its terms."""
    pays: Annotated[tuple[PayInput, ...], Field(min_length=1, max_length=110)]
    """The pay dates, in order."""
    leave: LeaveInput | None = None
    """An unpaid leave, if any."""
    write_offs: Annotated[tuple[WriteOffInput, ...], Field(max_length=50)] = ()
    """What was given up, with approval."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    """ISO currency of all amounts."""


class ArrearsLine(RuleModel):
    """One deduction on one pay date; amounts in minor units."""

    pay_date: date
    code: str
    state: LineState
    due_minor: int
    """Current amount due, after the cap."""
    current_minor: int
    """Taken of it."""
    prepaid_minor: int
    """Taken ahead of an unpaid leave."""
    arrears_minor: int
    """Collected of earlier arrears."""
    extra_minor: int
    """Keyed in by hand beyond what is owed: to be refunded."""
    written_off_minor: int
    balance_minor: int
    """Arrears after this pay."""


class ArrearsResult(RuleModel):
    """Every line, and what is owed at the end by code."""

    lines: tuple[ArrearsLine, ...]
    balances: dict[str, int]
    billed_minor: int
    """What the employee pays directly during the leave."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A deduction and its terms, as a value; amounts in minor units."""

    code: str
    amount_minor: int
    priority: int = 50
    mode: ShortPay = ShortPay.ALL_OR_NONE
    carry: bool = True
    collection: CollectionRule = field(default_factory=CollectionRule)
    max_current_minor: int | None = None

    @property
    def due_minor(self) -> int:
        """What a pay owes currently, after the cap."""
        return self.amount_minor if self.max_current_minor is None else min(self.amount_minor, self.max_current_minor)


@dataclass(frozen=True, slots=True)
class Pay:
    """A pay date and what it has; None available means enough."""

    pay_date: date
    available_minor: int | None = None
    net_pay_minor: int | None = None
    manual: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Account:
    """What one deduction owes between two pays."""

    balance: int
    prepaid: int = 0
    pays_done: int = 0


def arrears_history(
    *, terms: Sequence[Terms], pays: Sequence[Pay], opening: Mapping[str, int] | None = None,
    leave: LeaveInput | None = None, write_offs: Sequence[WriteOffInput] = (), currency: str = "USD",
) -> Calculation[ArrearsResult]:  # fmt: skip
    """What every pay takes of every deduction, and the arrears after each.

    Raises:
        DataError: pay dates out of order, a code that is not there or twice, or a write-off above the balance.
    """
    _check(terms, pays, write_offs)
    accounts = {one.code: _Account((opening or {}).get(one.code, 0)) for one in terms}
    inputs = {
        "deductions": [_told(one) for one in terms],
        "pays": [pay.pay_date for pay in pays],
        "opening": dict(opening or {}),
        "leave": leave,
    }
    on_leave = [pay.pay_date for pay in pays if leave and leave.start <= pay.pay_date < leave.end]
    lines: list[ArrearsLine] = []
    billed = 0
    for number, pay in enumerate(pays):
        if pay.pay_date in on_leave:
            pay = replace(pay, available_minor=0, manual={})
        left = sum(1 for later in pays[number:] if later.pay_date.year == pay.pay_date.year)
        due = _due(terms, accounts, pay, left)
        if due is None:
            return Calculation(None, explain(NAME, VERSION, inputs), ("pays.net_pay_minor",))
        ahead = _ahead(terms, pays, leave, on_leave, pay.pay_date)
        lines += _one_pay(terms, accounts, pay, due, ahead, leave if pay.pay_date in on_leave else None)
        billed += sum(one.due_minor for one in lines[-len(terms) :] if one.state is LineState.BILLED)
        lines[-len(terms) :] = [_written_off(line, accounts[line.code], write_offs) for line in lines[-len(terms) :]]
    result = ArrearsResult(
        lines=tuple(lines), balances={code: one.balance for code, one in accounts.items()}, billed_minor=billed
    )
    citation = f"{CITATION}; {LEAVE_CITATION}" if leave else CITATION
    steps = tuple(_step(line, currency) for line in lines)
    return Calculation(result, explain(NAME, VERSION, inputs, steps, tuple(_reasons(lines)), citation))


def _told(one: Terms) -> dict[str, object]:
    rule = one.collection
    return {
        "code": one.code, "amount_minor": one.amount_minor, "priority": one.priority, "mode": one.mode,
        "carry": one.carry, "collection": rule.strategy, "max_extra_minor": rule.max_extra_minor,
        "percent_of_usual": rule.percent_of_usual, "percent_of_net": rule.percent_of_net, "pays": rule.pays,
        "max_current_minor": one.max_current_minor,
    }  # fmt: skip


def _check(terms: Sequence[Terms], pays: Sequence[Pay], write_offs: Sequence[WriteOffInput]) -> None:
    codes = [one.code for one in terms]
    if len(set(codes)) != len(codes):
        raise DataError("a code stands twice", where="deductions.code", mend="Give each deduction its own code")
    days = [pay.pay_date for pay in pays]
    if sorted(set(days)) != days:
        raise DataError("pay dates are not in order, or stand twice", where="pays.pay_date", mend="Sort them")
    named = {code for pay in pays for code in pay.manual} | {one.code for one in write_offs}
    if named - set(codes):
        raise DataError(
            f"no deduction {sorted(named - set(codes))[0]!r}", where="pays.manual", mend="Name one of `deductions`"
        )
    for one in write_offs:
        if one.after not in days:
            raise DataError(f"{one.after} is no pay date", where="write_offs.after", mend="Name one of `pays`")


def _due(terms: Sequence[Terms], accounts: Mapping[str, _Account], pay: Pay, left: int) -> list[int] | None:
    """What the pay shall collect of each balance: by hand, or by strategy; None where net pay is missing."""
    due: list[int] = []
    for one in terms:
        account = accounts[one.code]
        wanted: int | None
        if one.code in pay.manual:
            wanted = min(pay.manual[one.code], account.balance)
        else:
            wanted = arrears_due(
                one.collection, account.balance, usual_minor=one.due_minor, net_minor=pay.net_pay_minor,
                pays_done=account.pays_done, pays_left=left,
            )  # fmt: skip
        if wanted is None and pay.available_minor == 0:
            wanted = 0
        if wanted is None:
            return None
        due.append(wanted)
    return due


def _ahead(
    terms: Sequence[Terms], pays: Sequence[Pay], leave: LeaveInput | None, on_leave: Sequence[date], day: date
) -> list[int]:
    """What this pay takes ahead of a leave, per deduction."""
    if leave is None or leave.option is not LeaveOption.PREPAY:
        return [0] * len(terms)
    days = [pay.pay_date for pay in pays]
    return [
        prepayments(days, leave.start, one.due_minor * len(on_leave), leave.prepay_pays).get(day, 0) for one in terms
    ]


def _one_pay(
    terms: Sequence[Terms], accounts: Mapping[str, _Account], pay: Pay, due: Sequence[int], ahead: Sequence[int],
    leave: LeaveInput | None,
) -> list[ArrearsLine]:  # fmt: skip
    direct = leave is not None and leave.option is LeaveOption.PAY_AS_YOU_GO
    from_prepaid = [min(accounts[one.code].prepaid, one.due_minor) if leave else 0 for one in terms]
    current = [0 if direct else one.due_minor - gone for one, gone in zip(terms, from_prepaid, strict=True)]
    count = len(terms)
    # Current amounts first, then what is taken ahead, then arrears; each by priority. Only a current amount can
    # be all or none: the others are taken as far as pay reaches.
    wanted = [
        Claim(amount, part * 1000 + one.priority, ShortPay.NET_TO_ZERO if part else one.mode)
        for part, amounts in enumerate((current, ahead, due))
        for one, amount in zip(terms, amounts, strict=True)
    ]
    taken = take(pay.available_minor, wanted)
    lines = []
    for place, one in enumerate(terms):
        account = accounts[one.code]
        now, before, old = taken[place], taken[count + place], taken[2 * count + place]
        missed = current[place] - now
        account.pays_done = account.pays_done + 1 if account.balance and old else account.pays_done
        account.balance += (missed if one.carry else 0) - old
        if not account.balance:
            account.pays_done = 0
        account.prepaid += before - from_prepaid[place]
        extra = 0
        if pay.available_minor is None and one.code in pay.manual:
            extra = pay.manual[one.code] - old
        lines.append(
            ArrearsLine(
                pay_date=pay.pay_date, code=one.code, state=_state(one, now, from_prepaid[place], direct),
                due_minor=one.due_minor, current_minor=now, prepaid_minor=before, arrears_minor=old,
                extra_minor=extra, written_off_minor=0, balance_minor=account.balance,
            )
        )  # fmt: skip
    return lines


def _state(one: Terms, now: int, from_prepaid: int, direct: bool) -> LineState:
    if direct:
        return LineState.BILLED
    if now + from_prepaid >= one.due_minor:
        return LineState.PREPAID if from_prepaid else LineState.TAKEN
    return LineState.PARTIAL if now + from_prepaid else LineState.MISSED


def _written_off(line: ArrearsLine, account: _Account, write_offs: Sequence[WriteOffInput]) -> ArrearsLine:
    gone = sum(one.amount_minor for one in write_offs if (one.code, one.after) == (line.code, line.pay_date))
    if gone > account.balance:
        raise DataError(
            f"a write-off above the arrears of {line.code}", where="write_offs.amount_minor",
            mend="Write off the balance at most",
        )  # fmt: skip
    account.balance -= gone
    return line.model_copy(update={"written_off_minor": gone, "balance_minor": account.balance})


def _step(line: ArrearsLine, currency: str) -> Step:
    total = line.current_minor + line.prepaid_minor + line.arrears_minor + line.extra_minor
    label = f"{line.pay_date} {line.code}: {line.state.value}, arrears {line.arrears_minor} collected"
    return money_step(label, total, total, currency)


def _reasons(lines: Sequence[ArrearsLine]) -> list[Reason]:
    return [
        Reason(
            rule="pay covers the deduction", outcome=Outcome.FAIL,
            inputs={"pay_date": str(line.pay_date), "code": line.code, "due_minor": line.due_minor},
            needed={"missing_minor": line.due_minor - line.current_minor},
        )
        for line in lines
        if line.state in (LineState.PARTIAL, LineState.MISSED)
    ]  # fmt: skip


EXAMPLE = {
    "deductions": [{"code": "MED", "amount_minor": 100_00, "kind": "other"}],
    "pays": [
        {"pay_date": "2026-09-15"}, {"pay_date": "2026-10-01", "missed": True}, {"pay_date": "2026-10-15"},
        {"pay_date": "2026-10-30"},
    ],
}  # fmt: skip


@calculator(
    NAME, "What pays could not take, and how it is collected later.", ArrearsInput, ArrearsResult, VERSION,
    example=EXAMPLE,
)  # fmt: skip
def compute(given: ArrearsInput) -> Calculation[ArrearsResult]:
    """Run on validated input.

    Raises:
        DataError: the input contradicts itself; the message names the field.
        ConfigError: a collection strategy lacks its number.
    """
    if given.leave is not None and given.leave.end <= given.leave.start:
        raise DataError("the leave ends before it starts", where="leave.end", mend="It is the first day after")
    return arrears_history(
        terms=[
            Terms(
                one.code, one.amount_minor, one.priority, one.mode, one.carry,
                CATCH_UP[one.kind] if one.collection is None else one.collection.rule(), one.max_current_minor,
            )
            for one in given.deductions
        ],
        pays=[
            Pay(
                pay.pay_date, 0 if pay.missed else pay.available_minor, pay.net_pay_minor,
                {} if pay.missed else {one.code: one.amount_minor for one in pay.manual},
            )
            for pay in given.pays
        ],
        opening={one.code: one.opening_arrears_minor for one in given.deductions},
        leave=given.leave,
        write_offs=given.write_offs,
        currency=given.currency,
    )  # fmt: skip
