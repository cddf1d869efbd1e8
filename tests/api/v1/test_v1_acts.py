"""A deadline is met and a last day recorded by the API, by the flows that the pages use."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from tests.api.v1.conftest import ACME, Api, problem
from tests.api.v1.test_v1_access import person_id
from tests.api.v1.test_v1_trail import trail

from benehub.access import Role
from benehub.flows import meeting
from benehub.flows.deadlines import open_now
from benehub.store.tables import seen

LAST = {"last_day": "2026-10-20", "note": "told by his manager"}


def test_a_deadline_is_met_by_a_run_that_is_followed(working: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api = working
    with api.hub.store.read("acme") as session:
        today = session.today()
    known = open_now(api.hub, "acme", 366)
    one, job = next((one, job) for one in known if (job := meeting.job(one, today)))
    asked = {"subject": one.subject, "kind": one.kind}
    assert asked in [{name: told[name] for name in asked} for told in api.all("/deadlines", 50, within=366)]
    with monkeypatch.context() as patched:
        patched.setattr(meeting, "job", lambda *_: None)  # as for one that a vendor has to meet
        assert "by itself" in problem(api.send("/deadlines/meet", asked, 422), 422, "data")["detail"]
    begun = api.send("/deadlines/meet", asked, 202, key="same")
    assert begun.headers["location"] == f"{ACME}/runs/{begun.json()['run']}"
    assert begun.json()["run"] in trail(api)
    assert api.get(f"/runs/{begun.json()['run']}")["flow"] == job.flow
    assert api.send("/deadlines/meet", asked, 202, key="same").json() == begun.json()
    problem(api.send("/deadlines/meet", asked | {"subject": "gone"}, 422), 422, "data")
    problem(api.send("/deadlines/meet", asked | {"subject": ""}, 422), 422, "request")
    api.act_as(Role.FINANCE)
    problem(api.send("/deadlines/meet", asked, 403), 403, "access")


def test_a_deadline_needs_a_worker(api: Api) -> None:
    problem(api.send("/deadlines/meet", {"subject": "x", "kind": "y"}, 503), 503, "retriable")


def test_a_last_day_is_recorded_of_whom_the_hris_no_longer_shows(api: Api) -> None:
    who = person_id(api)
    told = problem(api.send("/people/1001/end", LAST, 422), 422, "data")
    assert "still shows" in told["detail"]
    with api.hub.store.write("acme") as session:
        gone = update(seen).where(*session.where(seen, stream="employee", about=who)).values(gone_seq=1)
        assert session.connection.execute(gone).rowcount
    for wrong in (LAST | {"last_day": "2026-13-01"}, LAST | {"last_day": "0001-01-01"}, LAST | {"note": ""}):
        problem(api.send("/people/1001/end", wrong, 422), 422, "request")
    assert api.send("/people/1001/end", LAST).json()["member"] == "1001"
    assert who in trail(api)
    jobs = [one for one in api.get("/people/1001/facts", kind="employment")["items"] if one["effective_to"]]
    assert [one["effective_to"] for one in jobs] == ["2026-10-21"]
    assert "ended already" in problem(api.send("/people/1001/end", LAST, 422), 422, "data")["detail"]
    problem(api.send("/people/none/end", LAST, 404), 404, "request")
    api.act_as(Role.AUDITOR)
    problem(api.send("/people/1001/end", LAST, 403), 403, "access")
