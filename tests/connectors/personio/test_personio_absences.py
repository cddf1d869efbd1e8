"""Absences: both lists, each with its own way of counting pages, days by the vendor's own breakdown."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from benehub.errors import DataError, Unsupported
from benehub.records import LeaveRequest
from benehub.sandbox.http import SimRequest, SimResponse
from benehub_connectors.personio.simulator import PersonioSimulator

MON, TUE, WED = (date(2026, 11, day) for day in (9, 10, 11))


def test_pages_of_days_are_counted_and_items_of_hours(bench: Any) -> None:
    for number in range(1, 6):
        bench.simulator.add_days_off(number, 1, MON, TUE, "2")
        bench.simulator.add_hours_off(1, "2026-11-11T08:00:00.0Z", "2026-11-11T10:30:00.0Z", {WED: 150})
    pages = bench.read("leave_request", page_size=2)
    keys = [row.key for page in pages for row in page.rows]
    assert len(keys) == len(set(keys)) == 10
    assert all(page.full for page in pages)
    asked = [(call.path.rsplit("/", 1)[1], call.query["offset"]) for call in bench.simulator.calls("GET")]
    assert asked == [*(("time-offs", str(n)) for n in (1, 2, 3)), *(("absence-periods", str(n)) for n in (0, 2, 4))]


def test_an_absence_becomes_the_record(bench: Any, rows: Any) -> None:
    bench.simulator.add_days_off(1, 7, MON, WED, "2.5")
    hours = bench.simulator.add_hours_off(
        7, "2026-11-08T23:00:00.0Z", "2026-11-10T23:00:00.0Z", {MON: 470, TUE: 470}, status="pending"
    )
    found = rows(bench.read("leave_request", leave_policies={"vacation": "pto", "45678": "care"}, hours_per_day=7))
    days = LeaveRequest.model_validate(found["1"].data)
    assert (days.employee, days.policy, days.start, days.end) == ("7", "pto", MON, WED)
    assert (days.hours, days.status) == ("17.5", "approved")
    told = LeaveRequest.model_validate(found[hours].data)
    assert (told.policy, told.start, told.end, told.hours) == ("care", MON, TUE, "15:40")
    assert (told.status, told.minutes) == ("requested", 940)
    assert "comment" not in found[hours].extra and "certificate" not in found["1"].extra


@pytest.mark.parametrize(
    ("start", "end", "timezone", "first", "last"),
    [
        ("2026-11-08T23:00:00.0Z", "2026-11-10T23:00:00.0Z", "Europe/Berlin", MON, TUE),  # midnight to midnight
        ("2026-11-09T08:00:00.0Z", "2026-11-09T10:00:00.0Z", "Europe/Berlin", MON, MON),
        ("2026-11-10T02:00:00.0Z", "2026-11-10T03:00:00.0Z", "America/New_York", MON, MON),
    ],
)
def test_without_breakdown_the_days_are_those_of_its_zone(
    bench: Any, rows: Any, start: str, end: str, timezone: str, first: date, last: date
) -> None:
    key = bench.simulator.add_hours_off(7, start, end, {MON: 60}, breakdowns=False, timezone=timezone)
    found = LeaveRequest.model_validate(rows(bench.read("leave_request"))[key].data)
    assert (found.start, found.end, found.policy) == (first, last, "Care")


@pytest.mark.unpublished("a status that the vendor does not give")
def test_what_cannot_be_told_is_a_problem(bench: Any, rows: Any) -> None:
    bench.simulator = PersonioSimulator()  # no referee: the description has none of these
    bench.simulator.add_days_off(1, 7, MON, WED, "2", status="geplant")
    bench.simulator.days_off[1]["days_count"] = None
    key = bench.simulator.add_hours_off(7, "2026-11-09T08:00:00.0Z", None, {MON: 60}, breakdowns=False)
    bench.simulator.days_off[2] = bench.simulator.days_off[1] | {"id": 2, "employee": None, "time_off_type": None}
    found = rows(bench.read("leave_request"))
    assert "status says 'geplant'" in found["1"].problem and "days_count is no number" in found["1"].problem
    assert "end is open" in found[key].problem
    assert "employee is empty" in found["2"].problem and "time_off_type has no name" in found["2"].problem


def test_absences_from_a_fixed_day_on(bench: Any) -> None:
    bench.simulator.add_days_off(1, 7, date(2020, 1, 7), date(2020, 1, 8), "2")
    pages = bench.read("leave_request", leave_from="2026-01-01")
    assert [(len(page.rows), page.full) for page in pages] == [(0, True)]
    assert {call.query["start_date"] for call in bench.simulator.calls("GET")} == {"2026-01-01"}


def test_an_answer_without_success_stops_the_read(bench: Any) -> None:
    class Refusing(PersonioSimulator):
        """Says no in a 200."""

        def _days_off(self, request: SimRequest) -> SimResponse:
            return SimResponse(200, {"success": False, "data": []})

    bench.simulator = Refusing()
    with pytest.raises(DataError, match="not a page with success"):
        bench.read("leave_request")


def test_it_has_no_dependents(bench: Any) -> None:
    with pytest.raises(Unsupported):
        bench.read("dependent")
