"""Balances by replay: compared with a slow day-by-day oracle, and the worked cases of two meters and sick leave."""

from __future__ import annotations

import importlib.util
import random
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from benehub.errors import ConfigError, DataError
from benehub.hours import to_minutes
from benehub.periods import FOREVER
from benehub.rules.leave.policy import Carry, Policy, Tenure
from benehub.rules.leave.replay import Event, EventKind, Move, replay
from benehub.rules.leave.statutory import sick_leave
from benehub.rules.registry import calculate

_spec = importlib.util.spec_from_file_location("leave_oracle", Path(__file__).with_name("oracle.py"))
assert _spec is not None and _spec.loader is not None
oracle = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(oracle)

HISTORIES = 1200
METHODS = ("per_hour", "per_pay", "monthly", "annual", "anniversary")


def maybe(dice: random.Random, *choices: Any) -> Any:
    return dice.choice((None, *choices))


def random_terms(dice: random.Random) -> dict[str, Any]:
    tenure = [(0, Fraction(1, dice.choice((26, 30, 40))), Fraction(dice.choice((80, 120, 121))))]
    if dice.random() < 0.5:
        tenure.append((dice.choice((6, 12)), Fraction(1, 20), Fraction(dice.choice((150, 200)))))
    limit, months = maybe(dice, Fraction(0), Fraction(20), Fraction(40)), maybe(dice, 2, 3)
    return {
        "method": dice.choice(METHODS), "tenure": tenure, "year": dice.choice(("calendar", "anniversary", "fiscal")),
        "fiscal_month": dice.choice((4, 7)), "cap": maybe(dice, Fraction(30), Fraction(61, 2)),
        "year_cap": maybe(dice, Fraction(50)), "carry": maybe(dice, (limit, months)),
        "reinstate": dice.choice((0, 12)),
    }  # fmt: skip


def as_policy(terms: dict[str, Any]) -> Policy:
    carry = terms["carry"]
    return Policy(
        method=terms["method"],
        tenure=tuple(Tenure(after_months=m, rate=r, annual_hours=a) for m, r, a in terms["tenure"]),
        year=terms["year"], fiscal_month=terms["fiscal_month"], cap_hours=terms["cap"],
        year_cap_hours=terms["year_cap"], reinstate_months=terms["reinstate"],
        timing="start" if terms["method"] == "annual" else "end",
        carry=None if carry is None else Carry(max_hours=carry[0], expires_after_months=carry[1]),
    )  # fmt: skip


def random_history(dice: random.Random) -> tuple[list[tuple[date, date]], list[tuple[date, str, Fraction]], date]:
    start = date(2024, 1, 1) + timedelta(days=dice.randrange(400))
    as_of = start + timedelta(days=dice.randrange(30, 700))
    jobs = [(start, FOREVER)]
    if dice.random() < 0.4:
        left = start + timedelta(days=dice.randrange(20, 300))
        jobs = [(start, left)]
        if dice.random() < 0.7:
            jobs.append((left + timedelta(days=dice.randrange(1, 500)), FOREVER))
    days = (as_of - start).days
    events = []
    for _ in range(dice.randrange(0, 25)):
        kind = dice.choice(("work", "work", "pay", "pay", "use", "adjust", "payout", "opening"))
        hours = Fraction(dice.randrange(1, 400), dice.choice((1, 4, 10)))
        hours = {"pay": Fraction(dice.choice((24, 26, 27)))}.get(kind, hours / 4 if kind == "use" else hours)
        if kind == "adjust" and dice.random() < 0.5:
            hours = -hours / 8
        events.append((start + timedelta(days=dice.randrange(days + 1)), kind, hours))
    return jobs, events, as_of


def as_events(events: list[tuple[date, str, Fraction]]) -> list[Event]:
    return [
        Event(day, EventKind(kind), pays_in_year=int(hours)) if kind == "pay" else Event(day, EventKind(kind), hours)
        for day, kind, hours in events
    ]


@pytest.mark.parametrize("part", range(4))
def test_the_replay_is_the_oracle_on_thousands_of_histories(part: int) -> None:
    dice = random.Random(part)
    for number in range(HISTORIES // 4):
        terms, (jobs, events, as_of) = random_terms(dice), random_history(dice)
        wanted = oracle.balance(terms, jobs, events, as_of)
        given = as_events(events)
        found = replay(as_policy(terms), jobs, given, as_of)
        assert found.balance == wanted, (part, number, terms, jobs, sorted(events), as_of)
        assert sum(one.hours for one in found.movements) == wanted
        assert sum(minutes for _, minutes in found.booked()) == to_minutes(wanted)
        dice.shuffle(given)
        assert replay(as_policy(terms), jobs[::-1], given, as_of).movements == found.movements


def told(policy: dict[str, Any], as_of: str, events: Any = (), hire: str = "2024-01-01", **more: Any) -> Any:
    payload = {"policy": policy, "employments": [{"hire_date": hire}], "events": list(events), "as_of": as_of, **more}
    answer = calculate("leave.balance", payload)
    return answer["result"] or answer["needs"]


def sick(day: date = date(2026, 1, 1)) -> dict[str, Any]:
    return sick_leave("CA", day).model_dump(mode="json")


def weeks(hours: str, count: int, start: date = date(2026, 1, 5)) -> list[dict[str, Any]]:
    days = [start + timedelta(weeks=number, days=6) for number in range(count)]
    return [{"on": str(day), "kind": "work", "hours": hours} for day in days]


def test_l11_sick_leave_stands_but_is_not_usable_before_day_90() -> None:
    found = told(sick(), "2026-04-03", weeks("40", 12), "2026-01-05")
    assert (found["accrued_hours"], found["available_hours"], found["usable_on"]) == ("16", "0", "2026-04-04")
    assert told(sick(), "2026-04-04", weeks("40", 12), "2026-01-05")["available_hours"] == "16"


def test_l11_no_more_than_40_hours_are_used_in_a_year() -> None:
    events = [*weeks("40", 60), {"on": "2026-12-01", "kind": "use", "hours": "28"}]
    assert told(sick(), "2026-12-02", events, "2026-01-05")["usable_hours"] == "12"
    assert told(sick(), "2027-01-01", events, "2026-01-05")["usable_hours"] == "40"


def test_l11_the_older_terms_hold_before_2024() -> None:
    assert (sick(date(2023, 12, 31))["use_cap_hours"], sick()["use_cap_hours"]) == ("24", "40")


@pytest.mark.parametrize(("hours", "count", "as_of", "left"), [("40", 30, "2026-08-02", "40"),
                                                               ("20", 29, "2026-07-23", "58/3")])  # fmt: skip
def test_l12_by_hours_worked(hours: str, count: int, as_of: str, left: str) -> None:
    assert told(sick(), as_of, weeks(hours, count), "2026-01-05")["accrued_hours"] in (left, "56/3")


def test_l12_twenty_hours_a_week_have_19_05_hours_on_day_200() -> None:
    # 200 days are 28 4/7 weeks: 571 3/7 hours worked, a thirtieth of which is 19.05.
    events = [{"on": "2026-07-23", "kind": "work", "hours": "4000/7"}]
    left = Fraction(told(sick(), "2026-07-23", events, "2026-01-05")["accrued_hours"])
    assert round(left, 2) == Fraction("19.05")


@pytest.mark.parametrize(("again", "left"), [("2027-06-30", "16"), ("2027-07-01", "0")])
def test_l11_on_rehire_within_a_year_it_stands_again(again: str, left: str) -> None:
    jobs = [{"hire_date": "2026-01-05", "employed_to": "2026-06-30"}, {"hire_date": again}]
    found = told(sick(), again, weeks("40", 12), employments=jobs)
    assert found["accrued_hours"] == left


ANNUAL = {"method": "monthly", "tenure": [{"annual_hours": "120"}], "carry": {"max_hours": "40",
          "expires_after_months": 3}}  # fmt: skip


def test_on_one_date_lapse_comes_before_carry_before_accrual_before_use() -> None:
    policy = ANNUAL | {"timing": "start", "cap_hours": "45", "carry": {"max_hours": "40", "expires_after_months": 12}}
    events = [{"on": "2026-01-01", "kind": "use", "hours": "1"}]
    found = told(policy, "2026-01-01", events, "2024-01-01")
    new_year = [(one["move"], one["hours"]) for one in found["movements"] if one["on"] == "2026-01-01"]
    # 40 carried on 1 January 2025 lapse first, so only what 2025 earned is there to carry; then the cap, then use.
    assert new_year == [("expired", "-40"), ("accrued", "10"), ("used", "-1")]


def test_lots_are_used_oldest_first_and_lapse_on_their_day() -> None:
    events = [{"on": "2026-02-10", "kind": "use", "hours": "8"}]
    found = told(ANNUAL, "2026-03-31", events, "2025-11-01")
    assert [(lot["hours"], lot["expires_on"]) for lot in found["lots"]] == [
        ("2", "2026-04-01"), ("10", "2026-04-01"), ("10", None), ("10", None), ("10", None),
    ]  # fmt: skip
    assert told(ANNUAL, "2026-04-01", events, "2025-11-01")["accrued_hours"] == "30"


def test_the_cap_stops_and_goes_on_after_use_without_catching_up() -> None:
    policy = {"method": "monthly", "tenure": [{"annual_hours": "120"}], "cap_hours": "25", "carry": None}
    events = [{"on": "2024-05-15", "kind": "use", "hours": "12"}]
    found = told(policy, "2024-06-30", events)
    assert [one["hours"] for one in found["movements"]] == ["10", "10", "5", "0", "-12", "10", "2"]


def test_leave_in_advance_is_a_debt_down_to_the_limit_and_said_beyond_it() -> None:
    policy = ANNUAL | {"negative_limit_hours": "8", "increment_hours": "4"}
    events = [{"on": "2024-01-10", "kind": "use", "hours": "10"}]
    answer = calculate("leave.balance", {"policy": policy, "employments": [{"hire_date": "2024-01-01"}],
                                         "events": events, "as_of": "2024-01-10"})  # fmt: skip
    assert (answer["result"]["accrued_hours"], answer["result"]["usable_hours"]) == ("-10", "0")
    rules = [(one["rule"], one["outcome"]) for one in answer["explanation"]["reasons"]]
    assert rules == [("use beyond what the policy allows", "fail"), ("use in the policy's increments", "fail")]
    assert told(policy, "2024-01-31", events)["accrued_hours"] == "0"


def test_increments_cut_what_may_be_asked_for() -> None:
    assert told(ANNUAL | {"increment_hours": "4"}, "2024-01-31")["usable_hours"] == "8"


def test_weekly_hours_count_from_their_day() -> None:
    policy = ANNUAL | {"full_time_hours": "40"}
    events = [{"on": "2024-01-01", "kind": "schedule", "hours": "40"},
              {"on": "2024-02-01", "kind": "schedule", "hours": "20"}]  # fmt: skip
    assert told(policy, "2024-02-29", events)["accrued_hours"] == "15"
    assert told(policy, "2024-02-29") == ["events: weekly hours (schedule)"]


def test_an_opening_stands_for_all_before() -> None:
    events = [{"on": "2026-03-01", "kind": "opening", "hours": "33"}]
    assert told(ANNUAL, "2026-03-31", events, since="2026-03-01")["accrued_hours"] == "43"


BAD: list[tuple[dict[str, Any], str]] = [
    ({"events": [{"on": "2024-01-10", "kind": "use", "hours": "-1"}]}, "negative hours of use"),
    ({"employments": [{"hire_date": "2024-01-01"}, {"hire_date": "2024-06-01"}]}, "two employments hold"),
    ({"events": [{"on": "2024-02-30", "kind": "use", "hours": "1"}]}, r"events\.0\.on: must be a date"),
    ({"employments": []}, "employments"),
]


@pytest.mark.parametrize(("more", "said"), BAD, ids=[one[1] for one in BAD])
def test_what_cannot_be_is_refused(more: dict[str, Any], said: str) -> None:
    payload = {"policy": ANNUAL, "employments": [{"hire_date": "2024-01-01"}], "as_of": "2024-12-31"}
    with pytest.raises(DataError, match=said):
        calculate("leave.balance", payload | more)


def test_a_policy_that_loses_what_the_law_keeps_is_refused() -> None:
    with pytest.raises(ConfigError, match="forbids that earned leave is lost"):
        told(ANNUAL | {"jurisdiction": "US-CA"}, "2026-01-01")


def test_the_year_sums_to_the_entitlement() -> None:
    policy = Policy(method="per_pay", tenure=(Tenure(annual_hours=Fraction(100)),), carry=None)
    events = [Event(date(2026, 1, 2) + timedelta(days=14 * n), EventKind.PAY, pays_in_year=26) for n in range(26)]
    found = replay(policy, [(date(2020, 1, 1), FOREVER)], events, date(2026, 12, 31))
    assert found.sum(Move.ACCRUED) == 100
