"""A comparison counts for what it had read: what came in behind it is told by number, whatever the clock says."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from benehub import facts
from benehub.errors import GuardTripped
from benehub.facts import Version
from benehub.flows import custody
from benehub.flows.onboarding import connect, load_plan_book
from benehub.periods import FOREVER, Month
from benehub.store import Session
from benehub.store.tables import connection, crosswalk, intake_batch, person
from benehub.views.closing import checklist

OCTOBER = Month(2026, 10)
HEADER = "No,First,Last,Born,Sex,SSN,Hired,Group"
ANN = "1001,Ann,Alder,1980-02-03,F,900110001,2025-03-01,monthly"
BEN = "1002,Ben,Boehm,1990-07-09,M,900110002,2025-01-05,monthly"


def in_the_way(office: Any, month: Month = OCTOBER) -> set[str]:
    """Why the comparisons of the month do not say what holds now, each without its relation."""
    with office.hub.store.read("acme") as session:
        found = checklist(session, office.hub.book(session), month)
    (one,) = (one for one in found if one.name == "Every relation was compared since the last read")
    return {text.partition(" was not compared")[2].strip() for text in one.found}


@pytest.fixture
def compared(office: Any) -> Any:
    """Ann is known, and October was compared with that."""
    office.drop("census.csv", HEADER, ANN)
    office.sync("files", "employee")
    assert in_the_way(office) == {""}, "never compared"
    office.flow("reconcile", "2026-10", [])
    assert in_the_way(office) == set() and in_the_way(office, OCTOBER.plus(1)) == {""}
    return office


def test_a_read_behind_a_comparison_is_told_and_compared_once(compared: Any) -> None:
    compared.drop("census.csv", HEADER, ANN, BEN)
    compared.sync("files", "employee")
    assert in_the_way(compared) == {"since a read came in"}
    compared.flow("reconcile", "2026-10", ["payroll"])
    with compared.hub.store.read("acme") as session:
        found = checklist(session, compared.hub.book(session), OCTOBER)[3].found
    assert "payroll" not in " ".join(found) and len(found) == 5
    compared.flow("reconcile", "2026-10", [])
    assert in_the_way(compared) == set()


def _whole_files(office: Any) -> None:
    """From now on a census tells everybody, so that one of few is held."""
    (row,) = office.rows(select(connection).where(connection.c.connection_id == "files"))
    streams = {**row.settings["streams"], "employee": {**row.settings["streams"]["employee"], "full": True}}
    connect(office.hub, "acme", {"files": {"connector": "files", "settings": {**row.settings, "streams": streams}}})


def test_what_a_click_lets_in_counts_from_when_the_worker_has_applied_it(office: Any) -> None:
    """The click, the comparison, then the worker: neither the click nor the batch's opening is later than it."""
    _whole_files(office)
    many = [f"{n},Ann,Alder,1980-02-03,F,90011{n},2025-03-01,monthly" for n in range(2001, 2041)]
    office.drop("census.csv", HEADER, *many)
    office.sync("files", "employee")
    office.drop("census.csv", HEADER, ANN)
    with pytest.raises(GuardTripped):
        office.sync("files", "employee")
    (held,) = office.rows(select(intake_batch).where(intake_batch.c.state == "held"))
    custody.release_by_run(office.hub, "acme", held.batch_id, "ann", "the plant closed")
    office.now += timedelta(minutes=5)
    office.flow("reconcile", "2026-10", [])
    office.now += timedelta(minutes=5)
    office.flow("intake.release", held.batch_id)
    assert in_the_way(office) == {"since a read came in"}
    office.flow("reconcile", "2026-10", [])
    assert in_the_way(office) == set()


def test_rows_out_of_quarantine_count(office: Any) -> None:
    office.drop("census.csv", HEADER, ANN)
    office.sync("files", "employee")
    office.drop("elections.csv", "No,Plan,Tier,From", "1002,ppo,EE,2026-01-01")
    office.sync("files", "election")
    office.drop("census.csv", HEADER, ANN, BEN)
    office.sync("files", "employee")
    office.flow("reconcile", "2026-10", [])
    assert in_the_way(office) == set()
    office.now += timedelta(minutes=5)
    assert custody.redrive(office.hub, "acme")["applied"] == 1
    assert in_the_way(office) == {"since a row out of quarantine came in"}


def _election(session: Session, starts: date) -> None:
    (who,) = session.rows(select(person.c.person_id).where(*session.where(person)))
    facts.record(session, [Version("election", who.person_id, "ppo", starts, {"tier": "EE"}, FOREVER)], "a page")


def test_what_a_person_says_at_a_page_counts_from_the_month_it_changes(compared: Any) -> None:
    with compared.hub.store.write("acme") as session:
        _election(session, date(2026, 11, 1))
    assert in_the_way(compared) == set(), "it changes nothing in October"
    with compared.hub.store.write("acme") as session:
        _election(session, date(2026, 10, 1))
    assert in_the_way(compared) == {"since a fact came in"}


def test_a_new_plan_book_and_a_new_link_count(compared: Any) -> None:
    load_plan_book(compared.hub, compared.book.replace("500.00", "501.00"), "book")
    assert in_the_way(compared) == {"since a plan book came in"}
    compared.flow("reconcile", "2026-10", [])
    with compared.hub.store.write("acme") as session:
        seq, _ = session.take_seq()
        link = {"connection_id": "files", "external_id": "x", "person_id": None, "how": "unlinked", "seq": seq,
                "stream": "payroll_person", "told_sealed": None}  # fmt: skip
        session.add(crosswalk, [link])
    assert in_the_way(compared) == {"since a link of a vendor's person came in"}


def test_what_has_become_due_since_yesterday_is_compared_today(compared: Any) -> None:
    compared.now += timedelta(days=1)
    assert in_the_way(compared) == {"since 2026-10-01, and days become due"}


def test_a_comparison_by_a_schedule_counts_like_any_other(compared: Any) -> None:
    compared.now += timedelta(days=1)
    compared.flow("schedule.reconcile", "files", {}, "2026-10-02T06:00")
    assert in_the_way(compared) == set()
