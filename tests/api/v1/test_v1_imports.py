"""A table sent by hand by a program: the page's own rules, once only, tried and taken in row by row."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.api.v1.conftest import ACME, Api, problem, reads_tables, start_clock
from tests.api.v1.test_v1_runs import ended
from tests.api.v1.test_v1_trail import trail

from benehub.access import Role
from benehub.errors import RetriableError
from benehub.flows import first_results, imports, rehearsal
from benehub.store import scratch
from benehub.store.tables import connection, fact, upload

TABLE = """Emp ID,First Name,Last Name,Date of Birth,SSN,Hire Date,FT/PT,Payroll Group
X1,Ann,Alder,1990-02-03,900-11-2233,2025-01-06,Vollzeit,monthly
X2,Bo,Birch,sometime in May,900-11-2244,2024-03-04,Part Time,monthly
"""
CENSUS = TABLE.encode()
HERE = {"source": "census", "stream": "employee", "name": "census.csv"}


@pytest.fixture(autouse=True)
def reader(request: pytest.FixtureRequest) -> None:
    """Whichever hub the test works with reads tables."""
    name = "working" if "working" in request.fixturenames else "api"
    reads_tables(request.getfixturevalue(name).hub)


def sent(api: Api, data: bytes | Iterator[bytes] = CENSUS, status: int = 201, key: str = "", **more: str) -> Any:
    """Send a table; the answer."""
    api.number += 1
    headers = {"idempotency-key": key or f"table-{api.number}", "content-type": "application/octet-stream"}
    found = api.client.post(f"{ACME}/imports", content=data, params=HERE | more, headers=headers)
    assert found.status_code == status, found.text
    return found


def decided(api: Api, place: str) -> dict[str, Any]:
    """What is suggested of its columns, with what only a person knows, said to it."""
    told = api.get(f"{place}/columns")
    assert (told["decided"], told["count"]) == (False, 2) and told["shapes"]["Emp ID"] == "A9"
    assert told["unknown"] == {"employment_class": ["Vollzeit"]} and told["values"] == {
        "employment_class": {"Part Time": "part_time"}
    }
    body: dict[str, Any] = {"columns": told["columns"], "values": told["values"]}
    body["values"]["employment_class"]["Vollzeit"] = "full_time"
    return body


def test_nobody_waits_for_a_preview_to_write(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    place = f"/imports/{sent(api).json()['upload']}"
    api.send(f"{place}/columns", decided(api, place), etag=api.etag(place), method="PUT")
    file = Path(api.hub.store.engine.url.database or "")
    met: list[bool] = []
    left, young = file.parent / ".tried-of-the-dead", file.parent / ".tried-of-another"
    for folder in (left, young):
        folder.mkdir()
        (folder / "tried.db").write_bytes(b"people")
    os.utime(left, (0, 0))

    def applied(*given: Any) -> Any:
        other = sqlite3.connect(file, timeout=0, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE employer SET name = 'Meanwhile'")
        met.append(len([one for one in file.parent.iterdir() if one.name.startswith(".tried-")]) == 2)
        other.execute("COMMIT")
        other.close()
        return intake_apply(*given)

    intake_apply = imports.apply
    monkeypatch.setattr(imports, "apply", applied)
    assert api.send(f"{place}/preview").json()["rows"] == 2
    assert met == [True] and [one for one in file.parent.iterdir() if one.name.startswith(".tried-")] == [young]


def test_a_preview_is_the_same_where_there_is_no_copy(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    place = f"/imports/{sent(api).json()['upload']}"
    api.send(f"{place}/columns", decided(api, place), etag=api.etag(place), method="PUT")
    asked, copies = api.send(f"{place}/preview").json(), list[Path]()
    with api.hub.store.read("acme") as session:
        facts = len(session.rows(select(fact)))
    monkeypatch.setattr(scratch, "copy_sqlite", lambda _, path: copies.append(path))
    for module, name, size in ((rehearsal, "COPIED_BYTES", 0), (scratch, "ROOM", 1 << 60)):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, size)
            assert api.send(f"{place}/preview").json() == asked
    with api.hub.store.read("acme") as session:
        assert len(session.rows(select(fact))) == facts and copies == []

    def full(*_: Any) -> None:
        raise RetriableError("the database cannot be copied", mend="Try it again")

    monkeypatch.setattr(scratch, "copy_sqlite", full)
    problem(api.send(f"{place}/preview", status=503), 503, "retriable")


def test_a_table_is_sent_decided_tried_and_taken_in_as_by_hand(working: Api) -> None:
    api = working
    api.act_as(Role.BENEFITS_ADMIN)
    made = sent(api, key="one").json()
    assert made["upload"] in trail(api)
    assert sent(api, key="one").headers["idempotency-replayed"] == "true"
    assert (made["state"], made["read"], made["run"], made["decided"]) == ("waiting", None, "", False)
    place = f"/imports/{made['upload']}"
    problem(api.send(f"{place}/preview", status=422), 422, "data")
    problem(api.send(f"{place}/take", status=422, etag=api.etag(place)), 422, "data")
    problem(api.send(f"{place}/take", status=422), 422, "request")
    body, etag = decided(api, place), api.etag(place)
    wrong = body | {"constants": {"shoe_size": "43"}}
    assert "shoe_size" in api.send(f"{place}/columns", wrong, 422, etag=etag, method="PUT").text
    for named in ("env:BENEHUB_KEYS", "file:/etc/passwd"):
        values = body["values"] | {"employment_class": {"password": named}}
        told = problem(
            api.send(f"{place}/columns", body | {"values": values}, 422, etag=etag, method="PUT"), 422, "data"
        )
        assert told["where"] == "streams.employee.values.employment_class.password"
    problem(api.send(f"{place}/columns", {"columns": {"ssn": "Emp ID"}}, 422, etag=etag, method="PUT"), 422, "data")
    assert api.send(f"{place}/columns", body, etag=etag, method="PUT").json()["decided"]
    told = problem(api.send(f"{place}/columns", body, 412, etag=etag, method="PUT"), 412, "needs_person")
    assert told["changed"] == ["how"], "the second of two sees what the first has decided"
    with api.hub.store.read("acme") as session:
        facts = len(session.rows(select(fact)))
    answer = api.send(f"{place}/preview")
    tried, seen = answer.json(), answer.headers["etag"]
    assert seen == api.etag(place) != etag
    told = problem(api.send(f"{place}/take", status=412, etag=etag), 412, "needs_person")
    assert told["changed"] == ["how"], "nobody takes in what he has not seen"
    assert (tried["rows"], tried["new"], tried["quarantined"], tried["held"]) == (2, 1, 1, "")
    assert {one["employee"] for one in tried["changes"]} == {"X1"} and "sometime" not in str(tried)
    with api.hub.store.read("acme") as session:
        assert len(session.rows(select(fact))) == facts, "a preview keeps nothing"
    started = api.send(f"{place}/take", status=202, key="take", etag=seen)
    run, end = started.json()["run"], ended(api, started.headers["location"])
    assert (end["state"], end["counts"]["applied"]) == ("done", 1)
    for known in (seen, api.etag(place), "*"):
        assert api.send(f"{place}/take", status=202, etag=known).json()["run"] == run, "it is taken once"
    done = api.get(place)
    assert (done["state"], done["read_state"], done["rows"], done["quarantined"]) == ("taken", "applied", 2, 1)
    assert done["run"] == run and api.get(f"/reads/{done['read']}/rows")["items"][0]["what"] == "waits"
    assert api.get("/people/X1")["member"] == "X1"
    problem(api.send(f"{place}/drop", status=422), 422, "data")
    second = f"/imports/{sent(api).json()['upload']}"
    assert api.get(f"{second}/columns")["decided"], "its source remembers"
    api.send(f"{second}/drop", status=204)
    assert [one["state"] for one in api.all("/imports")] == ["dropped", "taken"]
    problem(api.client.get(f"{ACME}{second}/columns"), 422, "data")


def test_what_is_no_table_or_no_one_may_send_is_refused_and_nothing_is_kept(api: Api) -> None:
    api.act_as(Role.BENEFITS_ADMIN)
    problem(sent(api, b"", 422), 422, "request")
    problem(sent(api, b"PK\x03\x04no workbook", 422), 422, "data")
    for more in ({"source": "Census"}, {"stream": "person"}, {"name": ""}):
        problem(sent(api, status=422, **more), 422, "request")
    for more in ({"source": "hris"}, {"name": "../../x.csv"}, {"name": "census.exe"}):
        problem(sent(api, status=422, **more), 422, "data")
    api.app.state.front = replace(api.app.state.front, upload_bytes=2 * 2**20)
    assert (
        sent(
            api, TABLE.encode() + b"X3,Al,Ash,1990-02-03,900-11-2255,2025-01-06,Vollzeit,monthly\n" * 19_000
        ).status_code
        == 201
    )
    problem(sent(api, b"a" * (3 * 2**20), 413), 413, "request")
    api.act_as(Role.AUDITOR)
    problem(sent(api, status=403), 403, "access")
    problem(sent(api, b"a" * (2**20 + 1), 413), 413, "request")
    with api.hub.store.read("acme") as session:
        assert [row.name for row in session.rows(select(upload))] == ["census.csv"]
        assert not session.rows(select(connection).where(connection.c.connection_id == "census"))


def test_a_table_whose_process_died_before_it_answered_is_kept_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is sent with the first one's key, when that is taken for dead."""
    api.act_as(Role.BENEFITS_ADMIN)
    monkeypatch.setattr(first_results, "keep", lambda *_: None)
    first = sent(api, key="one").json()["upload"]
    monkeypatch.setattr(first_results, "BUSY", first_results.timedelta(0))
    assert sent(api, key="one").json()["upload"] == first and sent(api, key="two").json()["upload"] != first
    assert len(api.all("/imports")) == 2
    api.send(f"/imports/{first}/drop", status=204)
    start_clock(api.hub, api.hub.store.clock() + first_results.KEPT)
    later = sent(api, key="one").json()
    assert later["upload"] != first and later["state"] == "waiting", "a key is not kept for ever"
    assert sent(api, key="one").json()["upload"] == later["upload"] and len(api.all("/imports")) == 3


def test_a_table_that_comes_in_chunks_may_be_as_large_as_one_that_says_its_size(api: Api) -> None:
    api.act_as(Role.BENEFITS_ADMIN)
    api.app.state.front = replace(api.app.state.front, upload_bytes=2 * 2**20)
    row = b"X3,Al,Ash,1990-02-03,900-11-2255,2025-01-06,Vollzeit,monthly\n"
    assert sent(api, iter([TABLE.encode(), *[row * 1000] * 19])).status_code == 201
    problem(sent(api, iter([row * 1000] * 50), 413), 413, "request")
    api.act_as(Role.AUDITOR)
    problem(sent(api, iter([row * 1000] * 19), 413), 413, "request")


@pytest.mark.parametrize(
    "media", ["application/json", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "a/b+json"]
)
def test_a_body_that_is_no_file_is_refused(api: Api, media: str) -> None:
    api.act_as(Role.BENEFITS_ADMIN)
    for data in (b"{", b'"a,b"'):
        headers = {"idempotency-key": "k", "content-type": media}
        told = problem(api.client.post(f"{ACME}/imports", content=data, params=HERE, headers=headers), 415, "request")
        assert "octet-stream" in told["mend"]
    assert not api.all("/imports") and sent(api, key="k").status_code == 201, "its key is free"
