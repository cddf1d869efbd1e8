"""Time off: changes by half years, an end outweighs, and what differs is asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from benehub.errors import DataError, Unsupported
from benehub.records import LeaveRequest
from benehub_connectors.hibob.simulator import at, person_id

DAY = date(2026, 10, 1)
MON, WED = date(2026, 11, 9), date(2026, 11, 11)
ONE = person_id(7)


def test_a_request_becomes_the_record(bench: Any, rows: Any) -> None:
    bench.simulator.take_off(1, ONE, MON, WED, "2.5", at(DAY))
    bench.simulator.take_off(2, ONE, MON, MON, "3", at(DAY), unit="hours", kind="hours", policy="Care")
    found = rows(bench.read("leave_request", leave_policies={"holiday": "pto"}, hours_per_day=7))
    days = LeaveRequest.model_validate(found["1"].data)
    assert (days.employee, days.policy, days.start, days.end) == (ONE, "pto", MON, WED)
    assert (days.hours, days.status) == ("17.5", "approved")
    hours = LeaveRequest.model_validate(found["2"].data)
    assert (hours.policy, hours.start, hours.end, hours.hours) == ("Care", MON, MON, "3")
    assert not {"changeReason", "employeeEmail"} & found["1"].extra.keys()


@pytest.mark.parametrize("kind", ["Canceled", "Deleted"])
def test_an_end_outweighs_what_came_before_in_any_order(bench: Any, rows: Any, kind: str) -> None:
    bench.simulator.take_off(1, ONE, MON, WED, "3", at(DAY, 8))
    bench.simulator.withdraw(1, at(DAY, 9), kind)
    for _ in range(2):
        (row,) = rows(bench.read("leave_request")).values()
        assert row.deleted == (kind == "Deleted")
        assert row.data.get("status") == (None if kind == "Deleted" else "canceled")
        bench.simulator.changes.reverse()
    assert len(bench.simulator.log) == 2


def test_where_two_changes_differ_the_request_is_asked_for_as_it_stands(bench: Any, rows: Any) -> None:
    bench.simulator.take_off(1, ONE, MON, WED, "3", at(DAY, 8))
    bench.simulator.take_off(1, ONE, MON, MON, "1", at(DAY, 9))
    bench.simulator.changes.reverse()
    row = rows(bench.read("leave_request"))["1"]
    assert (row.data["end"], row.data["hours"], row.data["status"]) == ("2026-11-09", "8", "approved")
    assert "description" not in row.extra
    assert [call.path.rsplit("/", 2)[-2:] for call in bench.simulator.log] == [
        ["requests", "changes"],
        ["requests", "1"],
    ]
    # It may be gone by then.
    del bench.simulator.requests[1]
    assert rows(bench.read("leave_request"))["1"].deleted


@pytest.mark.parametrize("takes_to", [True, False])
def test_years_are_read_by_halves_and_the_newest_state_comes_last(bench: Any, api: Any, takes_to: bool) -> None:
    bench.simulator = type(bench.simulator)(api, takes_to=takes_to)
    for number, month in enumerate(range(1, 11), 1):
        bench.simulator.take_off(number, ONE, MON, WED, "3", at(date(2026 - number % 3, month, 15)))
    bench.simulator.withdraw(4, at(DAY))
    pages = bench.read("leave_request", leave_from="2024-01-01")
    assert [page.cursor is not None for page in pages] == [False] * 5 + [True]
    assert not any(page.full for page in pages)
    last = {row.key: row.data["status"] for page in pages for row in page.rows}
    assert last == {str(number): "canceled" if number == 4 else "approved" for number in range(1, 11)}


def test_reads_meet_without_a_gap(bench: Any) -> None:
    bench.read("leave_request", leave_from="2025-01-01")
    spans = [
        (datetime.fromisoformat(c.query["since"]), datetime.fromisoformat(c.query["to"])) for c in bench.simulator.log
    ]
    assert spans[0][0] == datetime(2025, 1, 1, tzinfo=UTC) and spans[-1][1] == bench.now
    for (_, end), (begin, _) in pairwise(spans):
        assert begin == end - timedelta(seconds=1)
    assert all(end - begin <= timedelta(days=180) for begin, end in spans)


def test_from_the_cursor_on_only_news_is_told(bench: Any, rows: Any) -> None:
    bench.simulator.take_off(1, ONE, MON, WED, "3", at(DAY))
    cursor = bench.read("leave_request")[-1].cursor
    assert cursor == "2026-11-02T12:00:00+00:00"
    bench.simulator.take_off(2, ONE, MON, WED, "3", at(date(2026, 11, 2), 13))
    bench.now += timedelta(days=1)
    pages = bench.read("leave_request", cursor)
    assert set(rows(pages)) == {"2"}
    assert bench.simulator.log[-1].query["since"] == "2026-11-02T11:00:00.000Z"
    assert pages[-1].cursor == "2026-11-03T12:00:00+00:00"
    with pytest.raises(DataError, match="Read the stream in full"):
        bench.read("leave_request", "yesterday")


def test_what_cannot_be_told_is_a_problem(bench: Any, rows: Any) -> None:
    bench.simulator.take_off(1, ONE, MON, WED, "3", at(DAY))
    told = bench.simulator.changes[0][1]
    del told["totalCost"], told["policyTypeDisplayName"], told["endDate"]
    bench.simulator.changes.append((at(DAY), {key: value for key, value in told.items() if key != "requestId"}))
    found = rows(bench.read("leave_request"))
    for said in ("totalCost is no number", "policyTypeDisplayName is empty", "endDate is empty"):
        assert said in found["1"].problem
    assert found["row 2"].problem == "the change names no request"


def test_it_reads_no_dependents(bench: Any) -> None:
    with pytest.raises(Unsupported):
        bench.read("dependent")
