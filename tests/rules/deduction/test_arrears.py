"""Arrears: worked cases, modes of short pay, strategies, unpaid leave; and the same as a slow, obvious account."""

from __future__ import annotations

import importlib.util
import random
import sys
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import ConfigError, DataError
from benehub.rules.deduction.arrears import Pay, Terms, arrears_history
from benehub.rules.deduction.collection import CATCH_UP, BenefitKind, Collection, CollectionRule, arrears_due
from benehub.rules.deduction.short_pay import Claim, ShortPay, take
from benehub.rules.registry import calculate

PAYS = [date(2026, 9, 15) + timedelta(days=14 * n) for n in range(8)]


@pytest.fixture(scope="module")
def oracle() -> ModuleType:
    """The module beside this file; under importlib mode no folder of tests is on the path."""
    spec = importlib.util.spec_from_file_location("arrears_oracle", Path(__file__).with_name("arrears_oracle.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def run(deduction: dict[str, Any], pays: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The result for one deduction of 100.00 unless said."""
    one = {"code": "MED", "amount_minor": 100_00} | deduction
    told = [{"pay_date": str(day)} | pay for day, pay in zip(PAYS, pays, strict=False)]
    answer = calculate("deduction.arrears", {"deductions": [one], "pays": told, **more})
    assert answer["result"] is not None, answer["needs"]
    found: dict[str, Any] = answer["result"]
    return found


def totals(result: dict[str, Any]) -> list[int]:
    return [one["current_minor"] + one["prepaid_minor"] + one["arrears_minor"] for one in result["lines"]]


def test_d05_a_missed_pay_is_caught_up_on_the_next() -> None:
    result = run({}, [{"missed": True}, {}, {}])
    assert totals(result) == [0, 200_00, 100_00]
    assert result["balances"] == {"MED": 0}


def test_d06_caps_apply_to_the_current_part_only() -> None:
    result = run({"amount_minor": 150_00, "max_current_minor": 100_00, "opening_arrears_minor": 80_00}, [{}])
    (line,) = result["lines"]
    assert (line["due_minor"], line["current_minor"], line["arrears_minor"]) == (100_00, 100_00, 80_00)
    assert result["balances"] == {"MED": 0}


def test_d07_an_amount_keyed_in_by_hand_goes_against_arrears() -> None:
    manual = [{"code": "MED", "amount_minor": 25_00}]
    result = run({"amount_minor": 10_00, "opening_arrears_minor": 100_00}, [{"manual": manual}])
    assert totals(result) == [35_00]
    assert result["balances"] == {"MED": 75_00}


def test_by_hand_never_more_than_is_owed() -> None:
    manual = [{"code": "MED", "amount_minor": 25_00}]
    result = run({"opening_arrears_minor": 20_00}, [{"manual": manual}])
    assert (result["lines"][0]["arrears_minor"], result["lines"][0]["extra_minor"]) == (20_00, 5_00)
    assert result["balances"] == {"MED": 0}


@pytest.mark.parametrize(
    ("mode", "carry", "taken", "balance", "state"),
    [
        ("all_or_none", True, 0, 100_00, "missed"),
        ("all_or_none", False, 0, 0, "missed"),
        ("net_to_zero", True, 60_00, 40_00, "partial"),
        ("net_to_zero", False, 60_00, 0, "partial"),
    ],
    ids=["D08 all or none, arrears", "D08 all or none", "D08 net to zero, arrears", "D08 net to zero"],
)
def test_d08(mode: str, carry: bool, taken: int, balance: int, state: str) -> None:
    result = run({"mode": mode, "carry": carry}, [{"available_minor": 60_00}])
    assert totals(result) == [taken]
    assert result["balances"] == {"MED": balance}
    assert result["lines"][0]["state"] == state


@pytest.mark.parametrize(
    ("collection", "expected"),
    [
        ({"strategy": "full_next_pay"}, [100_00, 0, 0]),
        ({"strategy": "max_extra", "max_extra_minor": 40_00}, [40_00, 40_00, 20_00]),
        ({"strategy": "max_extra", "percent_of_usual": "50%"}, [50_00, 50_00, 0]),
        ({"strategy": "max_percent_of_net", "percent_of_net": "10%"}, [33_33, 33_33, 33_33]),
        ({"strategy": "spread", "pays": 3}, [33_33, 33_34, 33_33]),
        ({"strategy": "hold"}, [0, 0, 0]),
    ],
    ids=["full", "max extra", "half the usual", "part of net", "spread", "hold"],
)
def test_a_strategy(collection: dict[str, Any], expected: list[int]) -> None:
    pays = [{"missed": True}, *[{"net_pay_minor": 333_33}] * 3]
    lines = run({"collection": collection}, pays)["lines"]
    assert [one["arrears_minor"] for one in lines[1:]] == expected


def test_the_rest_of_the_year_ends_with_the_year() -> None:
    lines = run({"kind": "fsa"}, [{"missed": True}, *[{}] * 7])["lines"]
    assert sum(one["arrears_minor"] for one in lines) == 100_00
    assert {one["arrears_minor"] for one in lines[1:]} <= {14_28, 14_29}


@pytest.mark.parametrize(
    ("kind", "first"),
    [("health", 50_00), ("hsa", 100_00), ("dependent_care", 100_00), ("fsa", 50_00), ("owner_imputed", 100_00)],
)
def test_catch_up_by_kind_of_benefit(kind: str, first: int) -> None:
    assert run({"kind": kind}, [{"missed": True}, {}, {}])["lines"][1]["arrears_minor"] == first
    assert set(CATCH_UP) == set(BenefitKind)


def test_priorities_are_served_in_order_and_arrears_after_all_that_is_due() -> None:
    payload = {
        "deductions": [
            {"code": "DEN", "amount_minor": 30_00, "priority": 20, "mode": "net_to_zero"},
            {"code": "MED", "amount_minor": 100_00, "priority": 10, "opening_arrears_minor": 50_00},
        ],
        "pays": [{"pay_date": "2026-10-15", "available_minor": 140_00}],
    }
    lines = calculate("deduction.arrears", payload)["result"]["lines"]
    assert [(one["code"], one["current_minor"], one["arrears_minor"]) for one in lines] == [
        ("DEN", 30_00, 0),
        ("MED", 100_00, 10_00),
    ]


@pytest.mark.parametrize(
    ("option", "pays", "taken", "billed", "balance"),
    [
        ("prepay", 1, [100_00, 300_00, 0, 0, 100_00], 0, 0),
        ("prepay", 2, [200_00, 200_00, 0, 0, 100_00], 0, 0),
        ("pay_as_you_go", 1, [100_00, 100_00, 0, 0, 100_00], 200_00, 0),
        ("catch_up", 1, [100_00, 100_00, 0, 0, 300_00], 0, 0),
    ],
)
def test_unpaid_leave(option: str, pays: int, taken: list[int], billed: int, balance: int) -> None:
    leave = {"start": str(PAYS[2]), "end": str(PAYS[4]), "option": option, "prepay_pays": pays}
    result = run({}, [{}] * 5, leave=leave)
    assert totals(result) == taken
    assert result["billed_minor"] == billed
    assert result["balances"] == {"MED": balance}


def test_what_could_not_be_prepaid_becomes_arrears() -> None:
    leave = {"start": str(PAYS[1]), "end": str(PAYS[3]), "option": "prepay"}
    result = run({"mode": "net_to_zero"}, [{"available_minor": 250_00}, {}, {}, {"missed": True}], leave=leave)
    assert [(one["state"], one["balance_minor"]) for one in result["lines"]] == [
        ("taken", 0), ("prepaid", 0), ("partial", 50_00), ("missed", 150_00),
    ]  # fmt: skip


def test_a_write_off_needs_approval_and_a_balance() -> None:
    gone = {"code": "MED", "after": str(PAYS[0]), "amount_minor": 40_00, "approved_by": "Dana"}
    result = run({"collection": {"strategy": "hold"}}, [{"missed": True}, {}], write_offs=[gone])
    assert result["balances"] == {"MED": 60_00}
    with pytest.raises(DataError, match="above the arrears"):
        run({}, [{}], write_offs=[gone])
    with pytest.raises(DataError, match="approved_by"):
        run({}, [{"missed": True}], write_offs=[gone | {"approved_by": ""}])


def test_missing_and_contradictory_input_is_named() -> None:
    net = {"code": "A", "amount_minor": 1, "opening_arrears_minor": 5,
           "collection": {"strategy": "max_percent_of_net", "percent_of_net": "10%"}}  # fmt: skip
    one = {"deductions": [net], "pays": [{"pay_date": "2026-10-15"}]}
    assert calculate("deduction.arrears", one)["needs"] == ["pays.net_pay_minor"]
    with pytest.raises(DataError, match="not in order"):
        calculate("deduction.arrears", one | {"pays": [{"pay_date": "2026-10-15"}, {"pay_date": "2026-10-01"}]})
    with pytest.raises(DataError, match="stands twice"):
        calculate("deduction.arrears", one | {"deductions": [net, net]})
    with pytest.raises(DataError, match="no deduction 'B'"):
        calculate("deduction.arrears", one | {"pays": [
            {"pay_date": "2026-10-15", "manual": [{"code": "B", "amount_minor": 1}]}]})  # fmt: skip
    with pytest.raises(ConfigError, match="spread needs"):
        CollectionRule(Collection.SPREAD)
    with pytest.raises(ConfigError, match="one of them"):
        CollectionRule(Collection.MAX_EXTRA, max_extra_minor=1, percent_of_usual=Fraction(1, 2))


def a_rule(dice: random.Random) -> CollectionRule:
    """Any strategy with its number."""
    strategy = dice.choice(list(Collection))
    match strategy:
        case Collection.MAX_EXTRA:
            if dice.random() < 0.5:
                return CollectionRule(strategy, max_extra_minor=dice.randrange(0, 60))
            return CollectionRule(strategy, percent_of_usual=Fraction(dice.randrange(0, 12), 7))
        case Collection.MAX_PERCENT_OF_NET:
            return CollectionRule(strategy, percent_of_net=Fraction(dice.randrange(1, 20), 20))
        case Collection.SPREAD:
            return CollectionRule(strategy, pays=dice.randrange(1, 7))
    return CollectionRule(strategy)


def a_history(dice: random.Random) -> tuple[list[Terms], list[Pay], dict[str, int]]:
    """One to three deductions over one to eight pays, of small amounts so that everything happens."""
    terms = [
        Terms(
            code, dice.randrange(0, 80), dice.randrange(0, 3), dice.choice(list(ShortPay)), dice.random() < 0.8,
            a_rule(dice), dice.choice([None, None, dice.randrange(0, 80)]),
        )
        for code in "ABC"[: dice.randrange(1, 4)]
    ]  # fmt: skip
    pays = [
        Pay(
            day, dice.choice([None, 0, dice.randrange(0, 200), dice.randrange(0, 400)]), dice.randrange(0, 300),
            {dice.choice(terms).code: dice.randrange(0, 90)} if dice.random() < 0.2 else {},
        )
        for day in PAYS[: dice.randrange(1, 9)]
    ]  # fmt: skip
    return terms, pays, {one.code: dice.choice([0, dice.randrange(0, 200)]) for one in terms}


def test_thousands_of_histories_are_as_the_oracle_says(oracle: ModuleType) -> None:
    dice = random.Random(20261125)
    for _ in range(4000):
        terms, pays, opening = a_history(dice)
        result = arrears_history(terms=terms, pays=pays, opening=opening).required()
        told = [(one.current_minor, one.arrears_minor, one.balance_minor) for one in result.lines]
        assert told == oracle.history(terms, pays, opening), (terms, pays, opening)


@given(st.randoms(use_true_random=False))
def test_arrears_are_never_collected_beyond_the_balance(dice: random.Random) -> None:
    terms, pays, opening = a_history(dice)
    result = arrears_history(terms=terms, pays=pays, opening=opening).required()
    for one in terms:
        lines = [line for line in result.lines if line.code == one.code]
        missed = sum(line.due_minor - line.current_minor for line in lines) if one.carry else 0
        collected = sum(line.arrears_minor for line in lines)
        assert all(line.balance_minor >= 0 and line.arrears_minor >= 0 for line in lines)
        assert collected <= opening[one.code] + missed
        assert result.balances[one.code] == opening[one.code] + missed - collected
    for pay in pays:
        taken = sum(x.current_minor + x.arrears_minor for x in result.lines if x.pay_date == pay.pay_date)
        assert pay.available_minor is None or taken <= pay.available_minor


@given(
    balance=st.integers(-100, 10_000), usual=st.integers(0, 500), net=st.integers(0, 5000), done=st.integers(0, 9),
    left=st.integers(0, 30), dice=st.randoms(use_true_random=False),
)  # fmt: skip
def test_one_pay_collects_between_nothing_and_all(
    balance: int, usual: int, net: int, done: int, left: int, dice: random.Random
) -> None:
    rule = a_rule(dice)
    amount = arrears_due(rule, balance, usual_minor=usual, net_minor=net, pays_done=done, pays_left=left)
    assert amount is not None
    assert 0 <= amount <= max(0, balance)


def test_a_refund_is_paid_however_short_pay_is() -> None:
    claims = [Claim(-50, 1, ShortPay.ALL_OR_NONE), Claim(60, 2, ShortPay.ALL_OR_NONE)]
    assert take(10, claims) == [-50, 60]
