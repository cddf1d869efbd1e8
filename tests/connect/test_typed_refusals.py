"""What a connector does not do, and a place that is none, is refused by type before anything is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydantic
import pytest

import benehub
from benehub.connect import sftp_server
from benehub.connect.connector import Connector, Item, Link
from benehub.connect.exchange import Schedule
from benehub.connect.messages import Response
from benehub.connect.place import Place
from benehub.connect.stored import NoMailbox, StoredMailbox
from benehub.errors import DataError, Unsupported
from benehub.records import Employee

ITEM = Item("deduction.set", "acme/p1/MED", {"employee": "p1"})
LINK = Link("acme", "plain", None, lambda: None)  # type: ignore[arg-type,return-value]  # nobody asks for the time
ENVELOPE: Any = None


class Bare(Connector):
    """Does nothing."""

    name, kind = "bare", benehub.Kind.PAYROLL


REFUSED: dict[str, Callable[[], Any]] = {
    "HTTP": LINK.http,
    "a mailbox": LINK.files,
    "a read": lambda: Bare().read("employee", LINK, None),
    "a push": lambda: Bare().pushed({}, None, None),  # type: ignore[arg-type]  # nothing looks at the day
    "a request": lambda: Bare().request(ITEM, None, None),
    "a receipt": lambda: Bare().receipt(ITEM, Response.of(200)),
    "a file": lambda: Bare().render("enrollment.full", [ITEM], ENVELOPE, None),
    "parts of a remittance": lambda: Bare().fitting([ITEM], ENVELOPE, None, 80),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_a_connector_does_not_do_is_refused_by_type(what: str) -> None:
    with pytest.raises(Unsupported) as refused:
        REFUSED[what]()
    assert refused.value.blocker == "us"


def test_an_item_that_is_no_record_names_fields_and_no_value() -> None:
    with pytest.raises(DataError) as refused:
        Item("x", "k1", {"employee_number": "4711", "first_name": 900_00_0001}).as_record(Employee)
    assert (
        "first_name" in str(refused.value) and "item k1" in str(refused.value) and "900000001" not in str(refused.value)
    )


def test_an_answer_without_its_list_is_refused() -> None:
    listing = benehub.Listing("/people", items="people", fields={})
    assert listing.rows(Response(200, data={"people": [1]})) == [1]
    strange: list[Any] = [{"persons": []}, {"people": {}}, [], None]
    for told in strange:
        with pytest.raises(DataError, match="no list in 'people'"):
            listing.rows(Response(200, data=told))


STORED: dict[str, Callable[[StoredMailbox], Any]] = {
    "another file is read": lambda box: box.read("b.csv"),
    "a file is put": lambda box: box.put("a.csv", b"2"),
    "a file is moved": lambda box: box.archive("a.csv"),
}


@pytest.mark.parametrize("what", STORED)
def test_a_kept_file_is_only_read(what: str) -> None:
    box = StoredMailbox("a.csv", b"1")
    assert box.read("a.csv") == b"1"
    with pytest.raises(DataError):
        STORED[what](box)


def test_the_mailbox_of_uploads_lists_nothing() -> None:
    assert NoMailbox().list("*") == []


@pytest.mark.parametrize("told", [{}, {"folder": "/a", "uploads": True}, {"uploads": False}])
def test_a_place_is_one_place(told: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError, match="one of them only"):
        Place.model_validate(told)


@pytest.mark.parametrize("days", [[0], [8], [1, 9]])
def test_a_schedule_has_days_of_the_week(days: list[int]) -> None:
    with pytest.raises(pydantic.ValidationError, match=r"1 \(Monday\) to 7"):
        Schedule.model_validate({"weekdays": days})


@pytest.fixture
def server(tmp_path: Path) -> Iterator[sftp_server.SftpAddress]:
    """A server that nobody calls."""
    yield sftp_server.SftpAddress("127.0.0.1", 1, "", tmp_path, "u", "p")


def test_a_fault_that_nobody_knows_is_none(server: Any) -> None:
    server.fault("short_write")
    assert server.faults == {"short_write"}
    with pytest.raises(ValueError, match="no such fault"):
        server.fault("short-write")
