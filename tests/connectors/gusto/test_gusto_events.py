"""People by Gusto's events: who has changed is read alone, and everybody whenever that would not be the whole truth."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from benehub.connect.connector import Page
from benehub.errors import DataError, ReauthNeeded
from benehub.sandbox.faults import FaultKind
from benehub_connectors.gusto import events

WEEK = 7
PEOPLE = "/v1/companies/{}/employees"


class Reader:
    """Reads people, one read after the other, as the hub does: from the cursor of the last one."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench
        self.cursor: str | None = None

    def read(self, **settings: Any) -> list[Page]:
        """The pages of the next read."""
        pages: list[Page] = self.bench.read("payroll_person", self.cursor, **{"events_days": WEEK, **settings})
        self.cursor = next((page.cursor for page in pages if page.cursor), None)
        return pages

    def names(self, **settings: Any) -> list[str]:
        """First names that the next read tells, and "-" for somebody who is gone."""
        return [row.data.get("first_name", "-") for page in self.read(**settings) for row in page.rows]

    def lists(self) -> int:
        """How often the whole list was asked for since the last look."""
        log = self.bench.simulator.log
        found: int = sum(call.path == PEOPLE.format(self.bench.simulator.company) for call in log)
        log.clear()
        return found


@pytest.fixture
def reader(bench: Any) -> Reader:
    return Reader(bench)


def test_after_a_full_read_only_who_has_changed_is_read(reader: Reader, gusto: Any) -> None:
    assert reader.names() == ["Ada", "Max"]
    assert reader.lists() == 1
    assert reader.names() == []
    gusto.terminate("1002", date(2026, 11, 13))
    gusto.terminate("1002", date(2026, 11, 20))  # two events, one person
    # An event about a benefit says nothing of people.
    gusto.enroll("1001", "DENTAL", amount_minor=100)
    (page, last) = reader.read()
    assert [(row.data["first_name"], row.data["active"]) for row in page.rows] == [("Max", False)]
    assert not page.full and not last.rows and last.payload.startswith(b"[")
    assert (reader.names(), reader.lists()) == ([], 0)


def test_a_new_company_has_no_event_to_go_on_from(reader: Reader, gusto: Any) -> None:
    gusto.events.clear()
    assert reader.names() == ["Ada", "Max"]
    gusto.note("employee.updated", "Employee", gusto._employee("1001").uuid)
    reader.lists()
    assert (reader.names(), reader.lists(), reader.names()) == (["Ada"], 0, [])


def test_events_go_over_pages(reader: Reader, gusto: Any) -> None:
    reader.read()
    for _ in range(250):
        gusto.note("employee.updated", "Employee", gusto._employee("1002").uuid)
    gusto.note("employee.updated", "Employee", gusto._employee("1001").uuid)
    reader.lists()
    assert reader.names() == ["Max", "Ada"]
    assert sum(call.path == events.EVENTS for call in gusto.log) == 4  # three with events, and one that is empty
    assert reader.names() == []


def test_who_is_not_there_any_more_is_gone(reader: Reader, gusto: Any) -> None:
    reader.read()
    gone = gusto._employee("1002").uuid
    del gusto.employees[gone]
    gusto.note("employee.deleted", "Employee", gone)
    (page, _) = reader.read()
    assert [(row.key, row.deleted) for row in page.rows] == [(gone, True)]


@pytest.mark.parametrize("why", ["old", "unknown event", "no cursor of ours", "switched on", "too many"])
def test_where_events_do_not_tell_all_everybody_is_read(
    reader: Reader, gusto: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.read(events_days=0 if why == "switched on" else WEEK)
    gusto.note("employee.updated", "Employee", gusto._employee("1001").uuid)
    if why == "old":
        reader.bench.now += timedelta(days=WEEK)
    if why == "unknown event":
        gusto.events[:-1] = []  # Gusto has forgotten the one that we know
    if why == "no cursor of ours":
        reader.cursor = "2026-11-01"
    if why == "too many":
        monkeypatch.setattr(events, "MOST", 0)
    pages = reader.read()
    assert [row.data["first_name"] for page in pages for row in page.rows] == ["Ada", "Max"]
    assert all(page.full for page in pages) and pages[-1].cursor
    assert (why == "unknown event") == ("not gone on from the last one: payroll refused it (422)" in pages[-1].name)
    monkeypatch.undo()
    assert reader.names() == []


@pytest.mark.parametrize("forgotten", ["refused", "ignored", "nothing"])
def test_an_event_about_to_be_forgotten_is_never_gone_on_from(reader: Reader, gusto: Any, forgotten: str) -> None:
    """However Gusto answers it, nobody who has changed since is missed."""
    gusto.forgotten = forgotten
    gusto.note("employee.updated", "Employee", gusto._employee("1001").uuid)
    reader.bench.now += timedelta(days=25)
    gusto.today += timedelta(days=25)
    assert reader.names() == ["Ada", "Max"]
    reader.bench.now += timedelta(days=WEEK - 1)  # by now Gusto has forgotten the last event, the full read is young
    gusto.today += timedelta(days=WEEK - 1)
    gusto.note("employee.updated", "Employee", gusto._employee("1002").uuid)
    reader.lists()
    assert (reader.names(), reader.lists(), reader.names()) == (["Max"], 0, [])


def test_without_the_setting_nobody_asks_for_events(reader: Reader, gusto: Any) -> None:
    assert reader.names(events_days=0) == reader.names(events_days=0) == ["Ada", "Max"]
    assert reader.cursor is None and events.EVENTS not in {call.path for call in gusto.log}


def test_what_happens_during_the_full_read_comes_with_the_next(reader: Reader, gusto: Any) -> None:
    link = reader.bench.link(events_days=WEEK)
    pages = reader.bench.connector.read("payroll_person", link, None)
    next(pages)
    gusto.terminate("1001", date(2026, 11, 13))
    reader.cursor = list(pages)[-1].cursor
    assert reader.names() == ["Ada"]


@pytest.mark.unpublished("an event that the vendor does not give")
def test_events_that_are_none_and_a_token_without_the_scope_stop_the_read(reader: Reader, gusto: Any) -> None:
    reader.read()
    gusto.faults.add(FaultKind.UNAUTHORIZED, times=9, path=events.EVENTS)
    with pytest.raises(ReauthNeeded):
        reader.read()
    gusto.faults.clear()
    gusto.api = None  # the vendor's description promises a uuid
    gusto.events.append({"entity_type": "Employee", "timestamp": gusto.events[-1]["timestamp"]})
    with pytest.raises(DataError, match="without a uuid"):
        reader.read()
