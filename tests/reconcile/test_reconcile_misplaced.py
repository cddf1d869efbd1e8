"""Right money in the wrong place is told as one mistake only where it is certain; else its lines stay apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from benehub.periods import Month
from benehub.reconcile import payroll, plan_pay, premium, retirement
from benehub.reconcile.cut_off import CutOff
from benehub.reconcile.findings import Type
from benehub.reconcile.lines import Line
from benehub.reconcile.misplaced import misplaced
from benehub.reconcile.premium import Billed
from benehub.reconcile.to_come import Registers
from benehub.records.election import Tier
from benehub.rules.premium.line import Structure

DAY = date(2026, 10, 15)


def credit(person: str, deposited: int, credited: int) -> Line:
    return Line(person, "401k", "pretax", DAY, deposited, credited, 1)


def told(*lines: Line) -> tuple[list[tuple[str, str]], list[str]]:
    pairs, rest = misplaced(lines, lambda line: line.pay_date, lambda line: not line.credited)
    return [(one.person_id, two.person_id) for one, two in pairs], [line.person_id for line in rest]


def test_what_one_lacks_whole_another_has_too_much() -> None:
    assert told(credit("ann", 100, 0), credit("ben", 70, 170)) == ([("ann", "ben")], [])


@pytest.mark.parametrize(
    "lines",
    [
        (credit("ann", 100, 90), credit("ben", 70, 80)),  # ten too little, ten too much: two mistakes
        (credit("ann", 100, 0), credit("ben", 70, 171)),
        (credit("ann", 100, 0), credit("ben", 70, 170), credit("cid", 30, 130)),  # whose of the two is it?
        (credit("ann", 100, 0), credit("dee", 100, 0), credit("ben", 70, 170)),
    ],
)
def test_what_is_not_certain_stays_apart(lines: tuple[Line, ...]) -> None:
    assert told(*lines) == ([], [line.person_id for line in lines])


def test_a_line_made_up_for_by_arrears_is_in_no_wrong_period(monkeypatch: pytest.MonkeyPatch) -> None:
    other = date(2026, 10, 30)
    book: Any = SimpleNamespace(employer=SimpleNamespace(currency="USD"))
    session: Any = None
    for name in ("_wrong_class", "_strangers"):
        monkeypatch.setattr(payroll, name, lambda *_: [])
    monkeypatch.setattr(plan_pay, "other_pay", lambda *_: [])
    read = Registers(date(2026, 10, 1), frozenset({DAY, other}), {})
    monkeypatch.setattr(payroll, "registers", lambda *_: read)
    monkeypatch.setattr(payroll, "_differing", lambda *_: [])
    monkeypatch.setattr(payroll, "_linked", lambda *_: {"ann"})
    monkeypatch.setattr(payroll, "_paid", lambda *_: {})
    for caught_up, types in ((0, ["WRONG_PERIOD"]), (100, ["NOT_TAKEN", "AMOUNT_DIFF"])):
        missed = payroll.Line("ann", "ppo", "employee", DAY, 5000, caught_up, caught_up)
        more = payroll.Line("ann", "ppo", "employee", other, 5000, 10000 - caught_up)
        monkeypatch.setattr(payroll, "without_arrears", lambda *_, lines=(missed, more): list(lines))
        found = payroll.compare(session, book, "payroll", Month(2026, 10))
        assert [one.type for one in found] == types


def test_a_plan_of_another_kind_is_no_other_plan() -> None:
    book: Any = SimpleNamespace(find=lambda plan: SimpleNamespace(slot="dental" if plan == "dental" else "medical"))
    accrued, billed = {("ann", "ppo"): 500}, {("ann", "hmo"): Billed(400, "EE", 1)}
    assert premium._other_plans(book, accrued, billed) == {("ann", "ppo"): "hmo", ("ann", "hmo"): "ppo"}
    assert premium._other_plans(book, accrued, {("ann", "dental"): Billed(40, "EE", 1)}) == {}
    assert premium._other_plans(book, accrued, billed | {("ann", "ppo"): Billed(500, "EE", 1)}) == {}


@pytest.mark.parametrize(
    ("before", "now", "billed", "explained"),
    [
        ("EE", None, "EE", True),  # left after the bill was made
        ("EE", None, "", True),
        (None, "EE", None, True),  # enrolled after it
        ("EE", "FAM", "EE", True),
        ("EE", "FAM", "ES", False),
        ("EE", "EE", None, False),
        (None, None, "EE", False),
        ("EE", "FAM", "", False),
    ],
)
def test_a_bill_that_says_what_was_true_when_it_was_made(
    before: str | None, now: str | None, billed: str | None, explained: bool
) -> None:
    key = ("ann", "ppo")
    known = CutOff(DAY, date(2026, 11, 1), {key: before} if before else {})
    assert known.explains(key, now, billed) is explained


def test_cover_that_costs_nothing_has_not_changed_for_that() -> None:
    key = ("ann", "ppo")
    known = CutOff(DAY, date(2026, 11, 1), {key: "EE"}, frozenset({key}))
    assert not known.explains(key, None, "EE")


@pytest.mark.parametrize(
    ("today", "credits", "pairs"),
    [
        (DAY, 1, []),  # on its way still
        (DAY + timedelta(days=1), 1, [("ann", "ben")]),
        (DAY + timedelta(days=1), 2, []),  # his own deposit, credited twice
    ],
)
def test_a_deposit_went_to_somebody_else_only_past_its_due_day(
    today: date, credits: int, pairs: list[tuple[str, str]]
) -> None:
    book: Any = SimpleNamespace(plan=lambda _: None)
    when: Any = SimpleNamespace(due=DAY)
    lines = [credit("ann", 100, 0), replace(credit("ben", 100, 200), credits=credits)]
    moved, rest = retirement._moved(lines, book, lambda *_: when, today)
    assert [(one.person_id, two.person_id) for one, two in moved] == pairs
    assert rest == ([] if pairs else lines)


@pytest.mark.parametrize(("others", "kind"), [(580_00, Type.RATE_DIFF), (600_00, Type.EFFECTIVE_DATE_DIFF)])
def test_what_a_whole_tier_is_billed_less_is_a_rate_and_no_date(others: int, kind: Type) -> None:
    plan = SimpleNamespace(structure=Structure.TIER, slot="medical", rates_minor=lambda *_: {Tier.EE: 600_00})
    book: Any = SimpleNamespace(plan=lambda _: plan, employer=SimpleNamespace(currency="USD"))
    people = [(f"per{n}", "ppo") for n in range(4)]
    billed = {key: Billed(580_00 if n == 0 else others, "EE", 1) for n, key in enumerate(people)}
    tiers = dict.fromkeys(people, "EE")
    owed = dict.fromkeys(people, 600_00)
    found = list(
        premium._bill(
            book, Month(2026, 11), owed, tiers, billed, set(), None, premium.Reasons({}, frozenset(), {}, DAY)
        )
    )
    assert {one.type for one in found} == {kind}
    assert len(found) == (4 if others == 580_00 else 1)
