"""Enrollments worked out of member benefits, and why no dependent is written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from benehub.connect.capabilities import require
from benehub.errors import Unsupported, VendorUnavailable
from benehub.records import Election
from benehub.sandbox.http import SimRequest, SimResponse
from benehub_connectors.bamboohr import BambooConnector

AT = datetime(2026, 10, 1, 8, tzinfo=UTC)
BENEFITS = {"plans": {"31": "ppo", "32": "dental", "40": ""}, "since": 2025}


@pytest.fixture
def elected(bench: Any, rows: Any) -> Any:
    """Key -> election, of what could be read."""

    def read() -> dict[str, Election]:
        found = rows(bench.read("election", benefits=BENEFITS))
        return {key: Election.model_validate(row.data) for key, row in found.items() if not row.problem}

    return read


def test_a_tier_follows_who_is_covered_from_day_to_day(bench: Any, elected: Any) -> None:
    account = bench.simulator
    account.add_dependent("7", "12", firstName="Robin")
    account.add_dependent("8", "12", firstName="Sam", relationship="spouse")
    account.enroll("12", "31", date(2025, 7, 1))
    account.enroll("12", "31", date(2025, 7, 1), dependent="8")
    account.enroll("12", "31", date(2026, 5, 4), dependent="7")
    account.enroll("12", "32", date(2025, 7, 1), date(2026, 3, 31))
    found = elected()
    assert {key: (one.tier, one.effective_to, one.dependents) for key, one in found.items()} == {
        "12/31/2025-07-01": ("ES", date(2026, 5, 4), ("Sam",)),
        "12/31/2026-05-04": ("FAM", None, ("Robin", "Sam")),
        "12/32/2025-07-01": ("EE", date(2026, 4, 1), ()),
    }
    assert {one.employee for one in found.values()} == {"12"}
    assert bench.simulator.checked == len(bench.simulator.log) == 4  # 2025, 2026, 2027 and the dependents


def test_years_that_cut_a_range_read_like_one_that_does_not(bench: Any, elected: Any) -> None:
    bench.simulator.enroll("12", "31", date(2025, 7, 1), date(2025, 12, 31))
    bench.simulator.enroll("12", "31", date(2026, 1, 1))
    assert {key: one.effective_to for key, one in elected().items()} == {"12/31/2025-07-01": None}


@pytest.mark.parametrize("status", ["WAIVED", "TERMINATED", "WITHDREW", "ELIGIBLE", "INELIGIBLE"])
def test_only_the_enrolled_are_told(bench: Any, elected: Any, status: str) -> None:
    bench.simulator.enroll("12", "31", date(2026, 1, 1))
    bench.simulator.enroll("12", "31", date(2026, 8, 1), status=status)
    bench.simulator.enroll("13", "31", date(2026, 8, 1), status=status)
    assert {key: one.effective_to for key, one in elected().items()} == {"12/31/2026-01-01": date(2026, 8, 1)}


def test_many_members_come_in_pages_that_the_vendor_takes_and_are_kept_as_they_came(bench: Any) -> None:
    for number in range(1, 121):
        bench.simulator.enroll(str(number), "31", date(2026, 1, 1))
    pages = bench.read("election", benefits=BENEFITS | {"since": 2026})
    assert [len(page.rows) for page in pages] == [0, 0, 0, 0, 120]
    assert all(page.full and page.payload for page in pages)
    assert bench.simulator.checked == len(bench.simulator.log) == 5


def test_what_cannot_be_told_waits_and_the_read_is_not_called_full(bench: Any, rows: Any) -> None:
    account = bench.simulator
    account.add_dependent("7", "3", firstName="Robin")
    account.add_dependent("8", "4", firstName="Robin")
    account.add_dependent("9", "4", firstName="robin")
    account.enroll("1", "77", date(2026, 1, 1))
    account.enroll("1", "40", date(2026, 1, 1))
    account.enroll("2", "31", date(2026, 1, 1))
    account.enroll("2", "31", date(2026, 1, 1), dependent="5")
    account.enroll("3", "31", date(2026, 1, 1), dependent="7")
    for one in ("", "8", "9"):
        account.enroll("4", "31", date(2026, 1, 1), dependent=one)
    pages = bench.read("election", benefits=BENEFITS)
    assert {key: row.problem for key, row in rows(pages).items()} == {
        "1/77": "plan 77 has no line in the connection's benefits.plans",
        "2/31/2026-01-01": "a covered dependent has no first name or relationship that is known here",
        "3/31": "a dependent is enrolled and the employee is not",
        "4/31/2026-01-01": "two covered dependents have the same first name",
    }
    assert not pages[-1].full


def test_a_list_that_shrinks_while_it_is_read_is_read_again(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    account = bench.simulator
    for number in range(1, 121):
        account.enroll(str(number), "31", date(2026, 1, 1))

    def leaves(request: SimRequest) -> SimResponse | None:
        if request.query.get("page") == "2":
            account.benefits.pop(("1", "employee.1"), None)
        return None

    monkeypatch.setattr(account, "admit", leaves)
    with pytest.raises(VendorUnavailable, match="shrank"):
        bench.read("election", benefits=BENEFITS | {"since": 2026})


def test_without_plans_nobody_is_asked(bench: Any) -> None:
    with pytest.raises(Unsupported, match="which plans") as caught:
        bench.read("election")
    assert caught.value.blocker == "us"
    assert bench.simulator.log == []


def test_a_dependent_is_not_written_for_a_mask_would_be_sent_back_as_a_value() -> None:
    with pytest.raises(Unsupported, match=r"dependent\.set") as caught:
        require(BambooConnector().capabilities(), "dependent.set")
    assert caught.value.blocker == "vendor"
    assert "masked" in caught.value.mend


@pytest.mark.parametrize(("benefit", "lacks"), [("retirement", "rate"), ("hsa", "amount"), ("fsa_health", "amount")])
def test_what_needs_a_figure_is_refused_by_type(benefit: str, lacks: str) -> None:
    with pytest.raises(Unsupported) as caught:
        require(BambooConnector().capabilities(), "read.election", benefit)
    assert (caught.value.blocker, lacks in caught.value.mend) == ("vendor", True)
    assert require(BambooConnector().capabilities(), "read.election", "medical").supported
