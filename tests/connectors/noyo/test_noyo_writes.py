"""One member's change becomes the family's whole state, and never loses what it does not speak of."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from benehub.connect import jsontext
from benehub.connect.connector import Item, Receipt
from benehub.connect.messages import Request, Response
from benehub.errors import DataError
from benehub_connectors.noyo.stage import PLANS, child, member


def ada_with_ben(**more: Any) -> dict[str, Any]:
    """An employee who is there, and a child who is new."""
    ben = child("1001", "Ben", "Byron", "2015-02-03", relationship="stepchild")
    return member("1001", "Ada", "Byron", "1980-03-09", **{"reason": "02", "coverages": [], "family": [ben]} | more)


def line(plan: str, maintenance: str, start: str, end: str | None = None, **more: Any) -> dict[str, Any]:
    """A coverage line."""
    usual = {"plan": plan, "tier": "EE", "maintenance": maintenance, "effective_from": start, "effective_to": end}
    return usual | more


def body(bench: Any, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = bench.ask(content, bench.link(**more))
    assert isinstance(answer, Request)
    return dict(jsontext.parse(answer.body or ""))


def test_a_new_employee_and_the_same_again(bench: Any) -> None:
    eva = member("1003", "Eva", "Lund", "1990-05-05", ssn="123456789", compensation_minor=5_200_100)
    assert bench.push(eva).changed
    found = bench.simulator.family("1003")
    assert found["employee"]["employment"]["salary"] == {"amount": "52001.00", "type": "salary", "unit": "annual"}
    assert found["employee"]["employment"]["hours_worked"] == 40
    assert bench.cover("1003") == {"1003": ("2026-12-01", "9999-12-31")}
    assert bench.push(eva) == Receipt("", changed=False)
    assert bench.simulator.effects == 1


def test_what_the_change_does_not_speak_of_goes_along(bench: Any) -> None:
    bench.push(member("1001", "Ada", "Byron", "1980-03-09", coverages=[line("dental", "021", "2026-12-01")]))
    assert bench.cover("1001") == {"1001": ("2026-01-01", "9999-12-31")}
    assert bench.cover("1001", "dental") == {"1001": ("2026-12-01", "9999-12-31")}
    assert bench.simulator.family("1001")["employee"]["employment"]["hours_worked"] == 38


def test_a_child_joins_the_family_and_its_cover(bench: Any) -> None:
    told = body(bench, ada_with_ben())
    assert told["omitted_coverage_handling"] == {"policy": "reject"}
    assert told["events"] == [{"id": "1", "date": "2026-12-01", "reason": "newborn", "type": "coverage"}]
    bench.push(ada_with_ben())
    (one,) = bench.simulator.family("1001")["dependents"]
    assert (one["relationship"], one["person"]["last_name"]) == ("step-child", "Byron")
    assert bench.cover("1001") == {"1001": ("2026-01-01", "9999-12-31"), "1001-01": ("2026-12-01", "9999-12-31")}
    assert bench.push(ada_with_ben()).changed is False
    # Who is not told of stays, as does his cover.
    bench.push(member("1001", "Ada", "Byron", "1980-03-09", coverages=[line("dental", "021", "2026-12-01")]))
    assert set(bench.cover("1001")) == {"1001", "1001-01"}


def test_a_new_family_comes_in_one_call(bench: Any) -> None:
    eva = member("1003", "Eva", "Lund", "1990-05-05", family=[child("1003", "Ole", "Lund", "2020-04-04")])
    bench.push(eva)
    assert set(bench.cover("1003")) == {"1003", "1003-01"}
    assert bench.push(eva).changed is False


def test_a_dependent_alone_is_refused_before_a_call(bench: Any) -> None:
    item = Item("enrollment.change", "k", child("1001", "Ben", "Byron", "2015-02-03"))
    with pytest.raises(DataError, match="a family in one call"):
        bench.connector.lookup(item, bench.link().settings)


@pytest.mark.parametrize(
    ("to", "last"), [("2027-01-01", "2026-12-31"), ("2026-01-01", "2025-12-31")], ids=["ends", "void"]
)
def test_an_end_is_a_last_day_and_is_not_told_twice(bench: Any, to: str, last: str) -> None:
    end = member("1002", "Max", "Stein", "1975-07-01", coverages=[line("ppo", "024", "2026-01-01", to)])
    bench.push(end)
    assert bench.cover("1002") == {"1002": ("2026-01-01", last)}
    assert bench.push(end).changed is False


def test_somebody_who_left_is_terminated(bench: Any) -> None:
    gone = member("1002", "Max", "Stein", "1975-07-01", termination_date=date(2026, 11, 30), coverages=[])
    bench.push(gone)
    employment = bench.simulator.family("1002")["employee"]["employment"]
    assert employment["employment_status"] == "terminated"
    assert employment["employment_dates"] == {"hire_date": "2020-01-06", "terminated": "2026-11-30"}
    bench.push(gone | {"termination_date": None})
    employment = bench.simulator.family("1002")["employee"]["employment"]
    assert employment["employment_status"] == "full-time"
    assert "terminated" not in employment["employment_dates"]


def test_running_cover_that_noyo_sees_and_we_do_not_refuses_the_snapshot(bench: Any) -> None:
    """The search finds him, so his cover is not in the lookup: Noyo's refusal keeps it."""
    bench.simulator.family("1002")["employee"]["custom_individual_id"] = "other"
    with pytest.raises(DataError, match="missing the following active coverages"):
        bench.push(member("1002", "Max", "Stein", "1975-07-01", coverages=[line("dental", "021", "2026-12-01")]))
    assert bench.simulator.effects == 0


def test_two_of_one_name_and_birthday_are_asked_about(bench: Any) -> None:
    found = [{"employee_id": f"{n}", "date_of_birth": "1990-05-05", "group_id": bench.simulator.group} for n in (7, 8)]
    item = Item("enrollment.change", "k", member("1003", "Eva", "Lund", "1990-05-05"))
    with pytest.raises(DataError, match="more than one employee"):
        bench.connector.request(item, Response.of(200, jsontext.dump(found)), bench.link().settings)


def test_a_test_connection_applies_nothing_and_holds_the_change(bench: Any) -> None:
    told = bench.push(member("1003", "Eva", "Lund", "1990-05-05"), test=True)
    assert told.tested and not told.changed
    assert bench.simulator.family("1003") is None


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"coverages": [line("gold", "021", "2026-12-01")]}, "plan is not known for gold"),
        ({"city": ""}, "whole address: city"),
        ({"hire_date": None}, "hire date"),
    ],
)
def test_what_noyo_demands_is_named(bench: Any, more: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        bench.push(member("1003", "Eva", "Lund", "1990-05-05", **more))


def test_hours_of_somebody_new_are_not_guessed(bench: Any) -> None:
    with pytest.raises(DataError, match="hours and status"):
        bench.push(member("1003", "Eva", "Lund", "1990-05-05"), new_employees=None)


def test_a_provider_goes_with_the_enrollment(bench: Any) -> None:
    with_pcp = line("ppo", "001", "2026-01-01", provider="1234567893")
    told = body(bench, member("1001", "Ada", "Byron", "1980-03-09", coverages=[with_pcp]))
    (one,) = told["coverages"][0]["enrolled_members"]
    assert one["pcp_details"]["providers"] == [
        {"entity_identifier_code": "pcp", "identification_code": "1234567893",
         "identification_code_type": "national_provider_identifier"}
    ]  # fmt: skip
    assert told["coverages"][0]["plan_id"] == PLANS["ppo"].id


def rows(bench: Any, number: str, plan: str = "ppo") -> list[tuple[str, str, str | None]]:
    """An employee's own cover in a plan: first and last day, and the day of the latest change."""
    (one,) = [each for each in bench.simulator.family(number)["coverages"] if each["plan_id"] == PLANS[plan].id]
    return [(row["effective_start_date"], row["effective_end_date"], row.get("latest_change_effective_date"))
            for row in one["enrolled_members"] if row["custom_individual_id"] == number]  # fmt: skip


def max_(**more: Any) -> dict[str, Any]:
    """The employee who has been covered since January, with one line of the PPO."""
    usual = {"plan": "ppo", "tier": "ES", "maintenance": "001", "effective_from": "2027-03-01", "effective_to": None}
    return member("1002", "Max", "Stein", "1975-07-01", coverages=[usual | more])


def test_a_change_of_tier_takes_no_cover_back(bench: Any) -> None:
    """Noyo asks for the original start, and has a field of its own for the day of a change."""
    assert bench.push(max_()).changed
    assert rows(bench, "1002") == [("2026-01-01", "9999-12-31", "2027-03-01")]
    assert bench.push(max_()) == Receipt("", changed=False)
    # Its end, told with the start of the newest tier, ends all of it and no more.
    end = max_(maintenance="024", effective_to="2027-06-01")
    bench.push(end)
    assert rows(bench, "1002") == [("2026-01-01", "2027-05-31", "2027-05-31")]
    assert bench.push(end).changed is False


def test_another_provider_leaves_a_start_that_noyo_alone_knows(bench: Any) -> None:
    bench.push(max_(provider="1234567893", effective_from="2026-09-01"))
    assert [row[:2] for row in rows(bench, "1002")] == [("2026-01-01", "9999-12-31")]


@pytest.mark.parametrize(
    "more",
    [{"effective_from": "2025-11-01"}, {"effective_from": "2027-03-01", "began": "2025-11-01"}],
    ids=["earlier", "told"],
)
def test_a_start_that_noyo_has_wrong_is_corrected(bench: Any, more: dict[str, Any]) -> None:
    bench.push(max_(**more))
    assert rows(bench, "1002")[0][0] == "2025-11-01"


def test_a_start_that_was_too_early_is_corrected_where_that_is_said(bench: Any) -> None:
    bench.push(max_(effective_from="2026-02-01", began="2026-02-01"))
    assert rows(bench, "1002") == [("2026-02-01", "9999-12-31", None)]


def test_cover_that_comes_back_is_a_row_of_its_own(bench: Any) -> None:
    """The end was told ahead, so the row of it is still there."""
    bench.push(max_(maintenance="024", effective_from="2026-01-01", effective_to="2027-01-01"))
    back = max_(maintenance="025", effective_from="2027-03-01")
    assert bench.push(back).changed
    spells = [("2026-01-01", "2026-12-31", "2026-12-31"), ("2027-03-01", "9999-12-31", None)]
    assert rows(bench, "1002") == spells
    assert bench.push(back).changed is False


def test_an_end_and_a_return_that_are_told_at_once(bench: Any) -> None:
    ends = line("ppo", "024", "2026-01-01", "2027-01-01")
    both = member("1002", "Max", "Stein", "1975-07-01", coverages=[ends, line("ppo", "025", "2027-03-01")])
    bench.push(both)
    assert [row[:2] for row in rows(bench, "1002")] == [("2026-01-01", "2026-12-31"), ("2027-03-01", "9999-12-31")]
    assert bench.push(both).changed is False


def test_an_end_that_is_taken_back_leaves_the_first_day(bench: Any) -> None:
    bench.push(max_(maintenance="024", effective_from="2026-01-01", effective_to="2027-01-01"))
    bench.push(max_(maintenance="025", effective_from="2026-09-01"))
    assert [row[:2] for row in rows(bench, "1002")] == [("2026-01-01", "9999-12-31")]


def test_every_kind_of_call_was_held_against_the_vendors_description(bench: Any, api: Any) -> None:
    if api is None:
        pytest.skip("the vendor's description is not at hand (BENEHUB_SHARED)")
    bench.push(member("1003", "Eva", "Lund", "1990-05-05", ssn="123456789"))
    bench.push(ada_with_ben())
    bench.rows("roster")
    bench.rows("acknowledgement")
    assert bench.simulator.checked >= {
        ("POST", "people", 200), ("POST", "member_snapshots", 201), ("GET", "member_snapshot", 200),
        ("GET", "employees", 200), ("GET", "member_snapshots", 200),
    }  # fmt: skip
