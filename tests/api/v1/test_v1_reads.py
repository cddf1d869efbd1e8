"""Reads by the API: their rows that wait, with the first reason and the last; tried again, laid aside, let in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from tests.api.v1.conftest import ACME, Api, problem

from benehub.access import Role
from benehub.intake import tries
from benehub.store.tables import intake_batch, intake_row


def waiting(api: Api) -> dict[str, Any]:
    """A read of which one row waits."""
    read = api.all("/reads", connection="hris", state="applied")[0]
    with api.hub.store.write("acme") as session:
        row = {"batch_id": read["batch"], "row_no": 900, "row_key": "k", "outcome": "quarantined", "reason": "no plan",
               "names": "", "row_sealed": session.seal({}, "intake_row")}  # fmt: skip
        session.add(intake_row, [row])
    return dict(read)


def test_what_waits_is_listed_with_its_first_reason_and_its_last(api: Api) -> None:
    read = waiting(api)
    place = f"/reads/{read['batch']}"
    with api.hub.store.write("acme") as session:
        tries.in_vain(session, read["batch"], {900: tries.Why("no tier")})
    assert [one["batch"] for one in api.all("/reads", waiting=True)] == [read["batch"]]
    assert api.get(place) == read | {"open": 1}
    (row,) = api.all(f"{place}/rows", what="waits")
    assert (row["row"], row["reason"], row["first_reason"], row["tries"]) == (900, "no tier", "no plan", 1)
    assert api.all(f"{place}/rows", what="superseded") == []
    api.send(f"{place}/again", {"note": "mapped"}, 503)
    api.send(f"{place}/discard", {"note": "a test", "seen": "2"}, 412)
    api.send(f"{place}/discard", {"note": " ", "seen": "1"}, 422)
    api.act_as(Role.AUDITOR)
    api.send(f"{place}/discard", {"note": "a test", "seen": "1"}, 403)
    api.act_as(Role.ENGINEER)
    assert api.send(f"{place}/discard", {"note": "a test", "seen": "1"}).json() == {"rows": 1}
    assert [one["what"] for one in api.all(f"{place}/rows")] == ["settled"]
    api.get("/reads/int_" + "a" * 24, 404)


def test_what_a_guard_held_is_let_in_by_whoever_approves_and_edits_people(working: Api) -> None:
    api = working
    with api.hub.store.write("acme") as session:
        newest = session.rows(select(intake_batch).order_by(intake_batch.c.seq.desc()).limit(1))[0].batch_id
        session.connection.execute(update(intake_batch).where(intake_batch.c.batch_id == newest)
                                   .values(state="held", reason="9 % would end"))  # fmt: skip
    assert [one["batch"] for one in api.all("/reads", state="held")] == [newest]
    api.act_as(Role.FINANCE)
    refused = api.send(f"/reads/{newest}/release", {"note": "the plant closed"}, 403)
    assert "edit_people" in problem(refused, 403, "access")["detail"]
    api.act_as(Role.BENEFITS_ADMIN)
    told = api.send(f"/reads/{newest}/release", {"note": "the plant closed"}, 202)
    assert told.headers["location"] == f"{ACME}/runs/{told.json()['run']}"


def test_one_row_is_laid_aside_and_the_others_wait_on(api: Api) -> None:
    read = waiting(api)
    with api.hub.store.write("acme") as session:
        row = {"batch_id": read["batch"], "row_no": 901, "row_key": "m", "outcome": "quarantined", "reason": "no tier",
               "names": "", "row_sealed": session.seal({}, "intake_row")}  # fmt: skip
        session.add(intake_row, [row])
    place = f"/reads/{read['batch']}/rows"
    api.send(f"{place}/900/discard", {"note": " "}, 422)
    api.send(f"{place}/0/discard", {"note": "a test"}, 422)
    api.send(f"{place}/902/discard", {"note": "a test"}, 422)
    api.send(f"/reads/int_{'a' * 24}/rows/900/discard", {"note": "a test"}, 404)
    api.act_as(Role.AUDITOR)
    api.send(f"{place}/900/discard", {"note": "a test"}, 403)
    api.act_as(Role.ENGINEER)
    assert api.send(f"{place}/900/discard", {"note": "a test"}).json() == {"rows": 1}
    assert [(one["row"], one["what"]) for one in api.all(place)] == [(900, "settled"), (901, "waits")]
    twice = problem(api.send(f"{place}/900/discard", {"note": "again"}, 422), 422, "data")
    assert "row 900 does not wait" in twice["detail"]


def test_no_row_of_what_is_held_takes_the_whole_along(api: Api) -> None:
    with api.hub.store.write("acme") as session:
        newest = session.rows(select(intake_batch).order_by(intake_batch.c.seq.desc()).limit(1))[0].batch_id
        session.connection.execute(update(intake_batch).where(intake_batch.c.batch_id == newest)
                                   .values(state="held", reason="9 % would end"))  # fmt: skip
    told = problem(api.send(f"/reads/{newest}/rows/1/discard", {"note": "one"}, 422), 422, "data")
    assert "held as a whole" in told["detail"]
    assert api.get(f"/reads/{newest}")["state"] == "held"
    assert api.send(f"/reads/{newest}/discard", {"note": "all", "seen": "held"}).json()["rows"] > 0
