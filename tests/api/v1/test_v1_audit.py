"""The audit trail by the API: listed by filters and cursor, looked through in bounded parts, taken along whole."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.api.v1.conftest import ACME, Api, problem

from benehub.access import Role, audit
from benehub.store import Session

NAMED = ("per_aaa", "per_bbb", "per_aaa per_ccc", "per_aa")


@pytest.fixture
def written(api: Api) -> Api:
    """An API whose employer's trail holds four looks of Ann's, one of them refused."""
    with api.hub.store.write("acme") as session:
        for ref in NAMED:
            outcome = "refused" if ref == "per_aa" else "done"
            audit.note(session, "ann", "look", ref, outcome=outcome)
    return api


def test_the_trail_is_listed_the_newest_first_by_filters(written: Api) -> None:
    api = written
    assert [" ".join(one["refs"]) for one in api.all("/trail", who="ann")] == list(reversed(NAMED))
    assert [one["refs"] for one in api.all("/trail", ref="per_aaa")] == [["per_aaa", "per_ccc"], ["per_aaa"]]
    (refused,) = api.all("/trail", who="ann", outcome="refused")
    assert (refused["refs"], refused["front"], refused["action"]) == (["per_aa"], "cli", "look")
    assert api.all("/trail", who="nobody") == [] and api.all("/trail", ref="per_a") == []
    rows = api.get("/trail", limit=200)["items"]
    assert [one["number"] for one in rows] == list(range(len(rows), 0, -1)), "each look adds a row"
    assert rows[0]["action"] == "GET /api/v1/employers/{employer}/trail"


def test_a_search_looks_through_a_bounded_part_and_goes_on(written: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api = written
    for _ in range(8):
        api.get("/trail", who="none")
    monkeypatch.setattr(audit, "LOOKED", 5)
    page = api.get("/trail", ref="per_bbb")
    assert page["items"] == [] and page["next"]
    assert [one["refs"] for one in api.all("/trail", ref="per_bbb")] == [["per_bbb"]]
    with api.hub.store.read("acme") as session:
        every, place = list[int](), 0
        while True:
            rows, place = audit.searched(session, place, 2)
            every += [int(row.audit_no) for row in rows]
            if not place:
                break
        assert every == [int(row.audit_no) for row in audit.newest(session, 500)]


def test_the_whole_is_taken_along_as_csv_or_json_lines(written: Api) -> None:
    api = written
    as_csv = api.client.get(f"{ACME}/trail/export")
    assert as_csv.headers["content-type"].startswith("text/csv")
    assert as_csv.headers["content-disposition"] == 'attachment; filename="trail-acme.csv"'
    rows = list(csv.DictReader(io.StringIO(as_csv.text)))
    assert [row["ref"] for row in rows if row["who"] == "ann"] == list(NAMED)
    lines = api.client.get(f"{ACME}/trail/export", params={"form": "jsonl"})
    assert lines.headers["content-type"] == "application/jsonl"
    told = [json.loads(line) for line in lines.text.splitlines()]
    assert [str(one["audit_no"]) for one in told[: len(rows)]] == [row["audit_no"] for row in rows]
    day = told[0]["at"][:10]
    assert api.client.get(f"{ACME}/trail/export", params={"form": "jsonl", "to": day}).text == ""
    assert len(api.client.get(f"{ACME}/trail/export", params={"form": "jsonl", "from": day}).text.splitlines()) > 4


def test_who_takes_his_time_with_the_whole_holds_no_session_and_it_ends(
    written: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_PART", 2)
    opened: list[str] = []

    @contextmanager
    def read() -> Iterator[Session]:
        with written.hub.store.read("acme") as session:
            opened.append("open")
            yield session
        opened[-1] = "closed"

    with read() as session:
        known = [row.audit_no for row in audit.read(session)]
    lines, heard = audit.streamed(read), list[int]()
    for row in lines:
        heard.append(row.audit_no)
        assert set(opened) == {"closed"}, "while a row is read no session waits for it"
        written.get("/trail")  # adds one each time
    assert heard == known and len(opened) > len(known) // 2


def test_who_may_not_and_what_is_no_filter_is_refused(written: Api) -> None:
    api = written
    for wrong in ({"outcome": "maybe"}, {"ref": "a b"}, {"who": "x" * 81}, {"limit": 201}, {"after": 1}):
        api.get("/trail", 422, **wrong)
    problem(api.client.get(f"{ACME}/trail/export", params={"form": "xlsx"}), 422, "request")
    api.act_as(Role.BENEFITS_ADMIN)
    for path in ("/trail", "/trail/export"):
        problem(api.client.get(f"{ACME}{path}"), 403, "access")
    api.act_as(Role.AUDITOR, employer="other")
    for path in ("/trail", "/trail/export"):
        problem(api.client.get(f"{ACME}{path}"), 404, "request")
    other = api.client.get("/api/v1/employers/other/trail").json()["items"]
    assert not [one for one in other if one["who"] == "ann"]
