"""A person's word on what was read: rows translated anew from what was kept, files and batches laid aside, let in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from benehub.engine import Steps
from benehub.errors import DataError, GuardTripped
from benehub.flows import custody
from benehub.flows.onboarding import connect
from benehub.flows.sync import apply_checked, read
from benehub.store import acts
from benehub.store.tables import connection, intake_batch, intake_chunk, intake_row
from benehub.views.runs import runs

HEADER = "No,First,Last,Born,Sex,SSN,Hired,Group"
ANN = "1001,Ann,Alder,1980-02-03,F,900110001,2025-03-01,monthly"
BEN = "1002,Ben,Boehm,09.07.1990,M,900110002,2025-01-05,monthly"  # a date that the map does not know yet


def remap(office: Any, **changed: Any) -> None:
    """Mend the map of the census in the connection's settings."""
    with office.hub.store.read("acme") as session:
        (row,) = session.rows(select(connection).where(connection.c.connection_id == "files"))
    settings = row.settings if isinstance(row.settings, dict) else json.loads(row.settings)
    settings["streams"]["employee"] |= changed
    connect(office.hub, "acme", {"files": {"connector": "files", "settings": settings}})


def trail(office: Any, batch_id: str) -> list[tuple[str, str, str]]:
    with office.hub.store.read("acme") as session:
        return [(one.who, one.what, one.note) for one in acts(session, batch_id)]


def batches(office: Any) -> list[Any]:
    return list(office.rows(select(intake_batch).order_by(intake_batch.c.seq)))


def test_a_row_is_translated_anew_after_the_map_was_mended(office: Any) -> None:
    office.drop("census.csv", HEADER, ANN, BEN)
    assert office.sync("files", "employee") == (1, 0, 1, 0)
    assert "column 'Born'" in office.reasons()[0]
    (office.root / "drop" / "census.csv").unlink()  # the payload was kept: the file itself is not needed
    assert custody.redrive(office.hub, "acme")["quarantined"] == 1  # nothing was mended yet
    remap(office, values={"birth_date": {"09.07.1990": "1990-07-09", "1980-02-03": "1980-02-03"}})
    done = custody.redrive(office.hub, "acme")
    assert (done["rows"], done["applied"], done["quarantined"]) == (1, 1, 0)
    assert office.reasons() == []
    assert office.names() == {"Alder", "Boehm"}
    assert custody.redrive(office.hub, "acme")["rows"] == 0


def test_a_file_refused_whole_is_read_anew_from_what_was_kept(office: Any) -> None:
    office.drop("census.csv", HEADER.replace("SSN", "Social"), ANN)
    assert office.sync("files", "employee") == (0, 0, 1, 0)
    refused = batches(office)[-1].batch_id
    assert custody.redrive(office.hub, "acme", refused)["quarantined"] == 1
    (row,) = office.rows(select(connection).where(connection.c.connection_id == "files"))
    columns = row.settings["streams"]["employee"]["columns"] | {"ssn": "Social"}
    remap(office, columns=columns)
    assert custody.redrive(office.hub, "acme", refused)["applied"] == 1
    assert office.names() == {"Alder"} and office.reasons() == []


def test_what_was_told_since_is_not_overwritten_by_an_older_page(office: Any) -> None:
    office.drop("census 1.csv", HEADER, ANN)
    office.sync("files", "employee")
    office.drop("census 2.csv", HEADER.replace("SSN", "Social"), ANN.replace("Alder", "Older"))
    office.sync("files", "employee")
    office.drop("census 3.csv", HEADER, ANN.replace("Alder", "Newest"))
    office.sync("files", "employee")
    (row,) = office.rows(select(connection).where(connection.c.connection_id == "files"))
    remap(office, columns=row.settings["streams"]["employee"]["columns"] | {"ssn": "Social"})
    assert custody.redrive(office.hub, "acme")["quarantined"] == 1
    assert office.names() == {"Newest"}
    assert "has been read since" in office.reasons()[0]


def test_an_older_page_translated_anew_is_no_later_word_than_a_read_that_still_waits(office: Any) -> None:
    office.drop("census 1.csv", HEADER, ANN, BEN)
    office.sync("files", "employee")
    office.drop("census 2.csv", HEADER, BEN.replace("09.07.1990", "1990-07-09").replace("Boehm", "Newest"))
    waits, _ = read(office.hub, "acme", "files", "employee", "late", False)
    remap(office, values={"birth_date": {"09.07.1990": "1990-07-09", "1980-02-03": "1980-02-03"}})
    assert custody.redrive(office.hub, "acme")["applied"] == 1 and office.names() == {"Alder", "Boehm"}
    assert apply_checked(office.hub, "acme", waits)["applied"] == 1
    assert office.names() == {"Alder", "Newest"}


def test_an_answer_of_an_api_has_to_be_asked_for_again(office: Any) -> None:
    office.hris.plant_without_hire_date("9", office.now, employeeNumber="E9", firstName="Nil", lastName="Date")
    assert office.sync("hris", "employee", full=True)[2] == 1
    assert custody.redrive(office.hub, "acme")["quarantined"] == 1
    assert "benehub sync hris employee --full" in office.reasons()[0]


def test_rows_are_laid_aside_with_name_and_reason(office: Any) -> None:
    office.drop("census.csv", HEADER, ANN, BEN, BEN.replace("1002", "1003"))
    assert office.sync("files", "employee")[2] == 2
    batch_id = batches(office)[-1].batch_id
    numbers = [row.row_no for row in office.rows(select(intake_row).where(intake_row.c.outcome == "quarantined"))]
    assert custody.discard(office.hub, "acme", batch_id, numbers[0], "ann", "left in 2024") == 1
    with pytest.raises(DataError, match="does not wait"):
        custody.discard(office.hub, "acme", batch_id, numbers[0], "ann", "twice")
    with pytest.raises(DataError, match="a name and a reason"):
        custody.discard(office.hub, "acme", batch_id, 0, "ann", "")
    assert custody.discard(office.hub, "acme", batch_id, 0, "ann", "test data") == 1
    assert office.reasons() == []
    assert trail(office, batch_id) == [
        ("ann", f"discard row {numbers[0]}", "left in 2024"),
        ("ann", "discard 1 rows", "test data"),
    ]
    assert len(office.rows(select(intake_row))) == 2  # nothing is deleted
    assert [chunk.applied for chunk in office.rows(select(intake_chunk))] == [1]


@pytest.fixture
def held(office: Any) -> Any:
    """Forty are known; a full census of ten is held."""
    remap(office, full=True)
    rows = [ANN.replace("1001", f"{n}").replace("900110001", f"90011{n}") for n in range(2001, 2041)]
    office.drop("census.csv", HEADER, *rows)
    office.sync("files", "employee")
    office.drop("census.csv", HEADER, *rows[:10])
    with pytest.raises(GuardTripped):
        office.sync("files", "employee")
    return office


def test_a_held_batch_is_discarded_and_closes_its_difference(held: Any) -> None:
    assert held.flow("reconcile", "2026-10", ["intake"])["intake"]["opened"] == 1
    batch_id = next(row.batch_id for row in batches(held) if row.state == "held")
    assert custody.discard(held.hub, "acme", batch_id, 0, "ann", "half an export") == 10
    assert [row.state for row in batches(held)] == ["applied", "refused"]
    assert trail(held, batch_id) == [("ann", "discard", "half an export")]
    assert held.flow("reconcile", "2026-10", ["intake"])["intake"]["closed"] == 1
    with pytest.raises(DataError, match="is refused, not held"):
        custody.release(held.hub, "acme", batch_id, "ann", "after all")


def test_letting_in_and_trying_again_are_runs_that_a_worker_takes_up(held: Any) -> None:
    batch_id = next(row.batch_id for row in batches(held) if row.state == "held")
    ids = [custody.release_by_run(held.hub, "acme", batch_id, "ann", "the plant closed")]
    ids.append(custody.redrive_by_run(held.hub, "acme", batch_id, "ben", "mapped"))
    assert [row.state for row in batches(held)] == ["applied", "held"], "nothing is applied by whoever asks"
    with held.hub.store.read("acme") as session:
        waiting = {one["run"]: one["flow"] for one in runs(session, "queued")}
    assert waiting == dict(zip(ids, ("intake.release", "intake.redrive"), strict=True))
    assert trail(held, batch_id) == [("ann", "release", "the plant closed"), ("ben", "again", "mapped")]
    assert held.flow("intake.release", batch_id)["rows"] == 10
    assert [row.state for row in batches(held)] == ["applied", "applied"]
    assert held.flow("intake.redrive", batch_id)["rows"] == 0
    assert custody.let_in(held.hub, Steps(), "acme", batch_id) == {}, "another run of the decision was there first"
    with pytest.raises(DataError, match="not held"):
        custody.release_by_run(held.hub, "acme", batch_id, "ann", "again")


def test_a_retry_lets_in_no_batch_that_is_held_or_discarded(held: Any) -> None:
    """Nor does a process that takes up the work of one that died right after it had held the batch."""
    with held.hub.store.read("acme") as session:
        (run,) = runs(session, "held")
    with pytest.raises(GuardTripped, match="missing from a full read"):
        held.hub.retry("acme", run["run"])
    batch_id = next(row.batch_id for row in batches(held) if row.state == "held")
    custody.discard(held.hub, "acme", batch_id, 0, "ann", "half an export")
    with pytest.raises(DataError, match="discarded by ann"):
        held.hub.retry("acme", run["run"])
    assert [row.state for row in batches(held)] == ["applied", "refused"]


def test_what_is_discarded_while_it_is_let_in_is_not_applied(held: Any) -> None:
    batch_id = next(row.batch_id for row in batches(held) if row.state == "held")
    custody.discard(held.hub, "acme", batch_id, 0, "ann", "half an export")
    with pytest.raises(DataError, match="discarded by ann"):
        apply_checked(held.hub, "acme", batch_id)
    assert [row.state for row in batches(held)] == ["applied", "refused"]


def test_a_held_batch_is_let_in_and_says_who_is_gone(held: Any) -> None:
    batch_id = next(row.batch_id for row in batches(held) if row.state == "held")
    counts = custody.release(held.hub, "acme", batch_id, "ann", "a division was sold")
    assert (counts["unchanged"], counts["gone"]) == (10, 30)
    assert trail(held, batch_id) == [("ann", "release", "a division was sold")]
    assert held.flow("reconcile", "2026-10", ["intake"])["intake"]["opened"] == 30


def test_a_held_batch_that_a_later_read_has_overtaken_is_not_let_in(held: Any) -> None:
    batch_id = next(row.batch_id for row in batches(held) if row.state == "held")
    rows = [ANN.replace("1001", f"{n}").replace("900110001", f"90011{n}") for n in range(2001, 2041)]
    held.drop("census.csv", HEADER, *rows)
    held.drop("census more.csv", HEADER, *rows, ANN)
    held.sync("files", "employee")
    with pytest.raises(DataError, match="read and applied since"):
        custody.release(held.hub, "acme", batch_id, "ann", "why not")
    assert held.flow("reconcile", "2026-10", ["intake"])["intake"]["opened"] == 0
