"""Differences that have a reason of their own: what a bill goes by, whose pay counts, and what is no contribution."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from benehub.periods import Month
from benehub.reconcile import not_contributions as credited
from benehub.reconcile import payroll, plan_pay, premium
from benehub.reconcile.basis import Ours, Told, in_band, judge
from benehub.reconcile.cut_off import CutOff
from benehub.reconcile.findings import Type
from benehub.reconcile.lines import Line
from benehub.reconcile.plan_pay import PlanPay
from benehub.reconcile.premium import Billed

DAY, OCTOBER = date(2026, 10, 15), Month(2026, 10)


@pytest.mark.parametrize(
    ("told", "ours", "same", "kind"),
    [
        (Told(volume_minor=60_000_00), Ours(volume_minor=50_000_00), False, Type.VOLUME_DIFF),
        (Told(volume_minor=49_500_00), Ours(volume_minor=50_000_00), True, None),  # not rounded up, and priced right
        (Told(volume_minor=50_000_00), Ours(volume_minor=50_000_00), False, None),  # then it is a rate
        (Told(volume_minor=60_000_00), Ours(), False, None),  # ours is not known: no guess
        (Told(age_band="35-39"), Ours(age=34), False, Type.AGE_BAND_DIFF),
        (Told(age_band="35-39"), Ours(age=34), True, None),
        (Told(age_band="30-34"), Ours(age=34), False, None),
        (Told(dependents=3), Ours(dependents=(2, 2)), True, Type.DEPENDANT_DIFF),
        (Told(dependents=2), Ours(dependents=(1, 2)), True, None),  # one more or less within the month
        (Told(60_000_00, "35-39", 3), Ours(50_000_00, 34, (2, 2)), False, Type.DEPENDANT_DIFF),
        (Told(), Ours(50_000_00, 34, (2, 2)), False, None),
    ],
)
def test_a_bill_that_tells_what_it_goes_by(told: Told, ours: Ours, same: bool, kind: Type | None) -> None:
    found = judge(told, ours, same)
    assert (found and found[0]) == kind
    # Pay and volume are in no sentence.
    assert found is None or "000" not in found[1]


def test_an_age_lies_in_a_band() -> None:
    inside = {band: [age for age in (29, 30, 34, 35, 65, 90) if in_band(age, band)] for band in ("30-34", "65+", "35")}
    assert inside == {"30-34": [30, 34], "65+": [65, 90], "35": [35]}


def test_a_bill_of_what_was_known_when_it_was_made_is_explained_until_the_next_one() -> None:
    key = ("ann", "life")
    book: Any = SimpleNamespace(
        employer=SimpleNamespace(currency="USD"),
        plan=lambda plan: SimpleNamespace(slot="life", structure=None, rates_minor=lambda *_: {}),
    )
    cut = CutOff(date(2026, 9, 20), date(2026, 11, 1), {key: "EE"})
    for outdated, today, clear_by in (
        (frozenset({key}), DAY, cut.clear_by), (frozenset({key}), date(2026, 11, 2), None),
        (frozenset[Any](), DAY, None),
    ):  # fmt: skip
        reasons = premium.Reasons({key: (Type.VOLUME_DIFF, "less volume")}, outdated, {}, today)
        (one,) = premium._bill(
            book, OCTOBER, {key: 900}, {key: "EE"}, {key: Billed(800, "EE", 1)}, set(), cut, reasons
        )  # fmt: skip
        assert (one.type, one.at_stake) == (Type.VOLUME_DIFF, 100)
        assert one.clear_by == (clear_by if today <= cut.clear_by else cut.clear_by)
        assert ("made" in one.cause) == (clear_by is not None)


def test_a_credit_that_is_given_again_is_told_as_that_and_another_amount_is_not() -> None:
    key = ("ann", "ppo")
    reasons = premium.Reasons({}, frozenset(), {key: (3, -600)}, DAY)
    assert [reasons.credited_twice(key, 0, actual) for actual in (-600, -1200, -1800, -500)] == [
        True,
        True,
        False,
        False,
    ]
    assert not reasons.credited_twice(("ben", "ppo"), 0, -600)


def pay_line(part: str, expected: int, actual: int) -> payroll.Line:
    return payroll.Line("ann", "401k", part, DAY, expected, actual)


def test_what_follows_from_another_pay_is_one_difference_and_nothing_else_is() -> None:
    other = PlanPay("ann", "401k", DAY, 500_000, 400_000)
    lines = [pay_line("pretax", 30_000, 24_000), pay_line("match", 20_001, 16_000), pay_line("roth", 10_000, 9_000)]
    found, rest = plan_pay.apart(lines, [other])
    assert (found, rest) == ([(other, lines[:2])], lines[2:])
    book: Any = SimpleNamespace(employer=SimpleNamespace(currency="USD"))
    (one,) = plan_pay.findings(found, OCTOBER, book)
    assert (one.type, one.expected, one.actual, one.side) == (Type.COMP_DIFF, 50_001, 40_000, "payroll")
    (one,) = plan_pay.findings([(other, [])], OCTOBER, book)
    assert (one.at_stake, one.expected) == (0, None) and "right all the same" in one.cause


def test_pay_that_the_years_limit_cuts_is_no_other_pay() -> None:
    limit = 360_000_00  # 401(a)(17) of 2026
    before = {("ann", date(2026, 9, 30)): limit - 1_000_00, ("ben", date(2026, 9, 30)): limit}
    for told, capped in ((1_000_00, True), (2_000_00, False), (0, False)):
        assert plan_pay._capped(PlanPay("ann", "401k", DAY, 5_000_00, told), before) is capped
    assert not plan_pay._capped(PlanPay("ann", "401k", date(2031, 10, 15), 5_000_00, 1_000_00), before)


def book_with(from_forfeitures: bool, loan_code: str = "LOAN") -> Any:
    plan = SimpleNamespace(
        match=SimpleNamespace(from_forfeitures=from_forfeitures), deferral=SimpleNamespace(loan_code=loan_code)
    )
    return SimpleNamespace(plan=lambda _: plan, employer=SimpleNamespace(currency="USD"))


def credit(part: str, deposited: int, got: int, person: str = "ann") -> Line:
    return Line(person, "401k", part, DAY, deposited, got, 1 if got else 0)


def test_forfeitures_may_pay_for_a_match_where_the_plan_says_so_and_for_nothing_else() -> None:
    match, own = credit("match", 400, 300), credit("pretax", 600, 500)
    used = {match.key: 100, own.key: 100}
    assert credited.offset([match, own], used, book_with(True)) == ([own], [])
    assert credited.offset([match, own], used, book_with(False)) == ([match, own], [])
    # What they do not make whole stays short by the rest; what was whole before has too much by them.
    assert credited.offset([credit("match", 400, 250)], {match.key: 100}, book_with(True)) == (
        [], [credit("match", 400, 350)]
    )  # fmt: skip
    short, rest = credited.offset([credit("pretax", 600, 450)], {own.key: 100}, book_with(True))
    assert (short, rest) == ([credit("pretax", 600, 500)], [credit("pretax", 600, 550)])
    assert [one.gap for one in credited.offset([], {match.key: 100}, book_with(True))[1]] == [100]
    (one,) = credited.paid_wrongly([own], OCTOBER, book_with(True))
    assert (one.type, one.owner, one.at_stake) == (Type.FORFEITURE_OFFSET, "finance", 100)
    assert "no deferral" in one.cause


@pytest.mark.parametrize(
    ("lines", "pairs"),
    [
        ((credit("loan", 100, 0), credit("pretax", 600, 700)), 1),
        ((credit("loan", 100, 700), credit("pretax", 600, 0)), 1),
        ((credit("loan", 100, 90), credit("pretax", 600, 610)), 0),  # two mistakes of some cents
        ((credit("loan", 100, 0), credit("pretax", 600, 700, "ben")), 0),
        (
            (credit("loan", 100, 0), credit("pretax", 600, 700), credit("match", 300, 400)),
            0,
        ),  # which one is not certain
    ],
)
def test_a_repayment_in_the_wrong_place_is_told_where_it_is_certain(lines: tuple[Line, ...], pairs: int) -> None:
    found, rest = credited.mixed(lines)
    assert (len(found), len(rest)) == (pairs, len(lines) - 2 * pairs)
    for pair in found:
        one = credited.mixed_up(*pair, OCTOBER, "USD")
        assert (one.type, one.actual, one.severity) == (Type.LOAN_IN_CONTRIB, 0, "high")


def test_repayments_that_payroll_sends_itself_are_not_compared() -> None:
    lines = [credit("loan", 0, 100), credit("pretax", 600, 500)]
    assert credited.without_others(lines, book_with(True, "")) == lines[1:]
    assert credited.without_others(lines, book_with(True)) == lines
    # But that a deferral is booked as one is seen, and that alone.
    booked = [credit("loan", 0, 600), credit("pretax", 600, 0)]
    mine, others = (one(booked, book_with(True, "")) for one in (credited.without_others, credited.others))
    assert credited.mixed(mine, others) == ([(booked[1], booked[0])], [])
    assert credited.mixed([], others) == ([], [])
