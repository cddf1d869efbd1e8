"""Writes of the API: each happens once however often it is sent, and nobody overwrites what he has not seen."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.api.v1.conftest import ACME, Api, problem, start_clock

from benehub.access import Caller, Role, users
from benehub.api.v1 import dispatches
from benehub.connect.capabilities import Guard
from benehub.dispatch import Frozen, keep_told_of, permitted, pieces, prepare
from benehub.errors import RateLimited
from benehub.flows import Hub, first_results, push_guard, webhooks
from benehub.store import acts
from benehub.store.schema import INSTALLATION
from benehub.store.tables import difference_event, first_result, suppression

RULE = {"relation": "premium", "type": "RATE_DIFF", "up_to": "0.05", "ends": "2026-12-31", "note": "cents"}


def one(api: Api) -> str:
    """A difference."""
    return str(api.get("/differences")["items"][0]["difference"])


def events(api: Api) -> int:
    """How often something was done about any difference."""
    with api.hub.store.read("acme") as session:
        return int(session.connection.execute(select(func.count()).select_from(difference_event)).scalar_one())


def rules(api: Api) -> int:
    """How many rules there are."""
    return len(api.get("/suppressions")["items"])


@pytest.mark.parametrize("which", ["api", "pg_api"])
def test_the_same_write_again_gives_the_first_result_and_is_made_once(
    which: str, request: pytest.FixtureRequest
) -> None:
    api: Api = request.getfixturevalue(which)
    before = rules(api)
    first = api.send("/suppressions", RULE, 201, key="k1")
    again = api.send("/suppressions", RULE, 201, key="k1")
    assert (again.json(), again.headers["content-type"]) == (first.json(), first.headers["content-type"])
    assert "idempotency-replayed" not in first.headers and again.headers["idempotency-replayed"] == "true"
    assert rules(api) == before + 1
    assert first.json()["who"] == "usr_owner"
    found = api.send("/suppressions", RULE | {"note": "other"}, 409, key="k1")
    assert "other content" in problem(found, 409, "fatal")["detail"]
    assert rules(api) == before + 1


def test_a_key_is_its_callers_own(api: Api) -> None:
    before = rules(api)
    api.send("/suppressions", RULE, 201, key="k1")
    api.caller = Caller("usr_2", "Cy", everywhere=frozenset({Role.OWNER}))
    other = api.send("/suppressions", RULE | {"up_to": None, "plan": "ppo"}, 201, key="k1")
    assert (other.json()["who"], rules(api)) == ("usr_2", before + 2)


def test_a_refusal_of_the_hub_is_the_first_result_too(api: Api) -> None:
    late = RULE | {"ends": "2026-01-01"}
    first = api.send("/suppressions", late, 422, key="k1")
    assert problem(first, 422, "data")["mend"].startswith("Choose a day")
    again = api.send("/suppressions", late, 422, key="k1")
    assert again.headers["idempotency-replayed"] == "true" and again.json() == first.json()


def test_a_request_that_does_not_fit_leaves_its_key_free(api: Api) -> None:
    api.send("/suppressions", RULE | {"note": ""}, 422, key="k1")
    api.send("/suppressions", RULE, 201, key="k1")


def test_a_write_without_a_key_is_refused(api: Api) -> None:
    found = api.client.post(f"{ACME}/suppressions", json=RULE)
    assert problem(found, 422, "request")["errors"] == [{"place": "header.idempotency-key", "what": "Field required"}]


def test_of_two_at_once_one_is_told_to_wait(api: Api) -> None:
    assert first_results.claim(api.hub, "acme", "usr_owner", "k1", b"x") is None
    with pytest.raises(RateLimited):
        first_results.claim(api.hub, "acme", "usr_owner", "k1", b"x")
    found = api.send("/suppressions", RULE, 409, key="k1")
    assert "other content" in found.json()["detail"]


def test_many_at_once_make_one(api: Api) -> None:
    """Twenty threads send the same write: one is made, whoever comes in the middle is told to come again."""
    before, statuses, barrier = rules(api), [], threading.Barrier(8)

    def send() -> None:
        barrier.wait()
        found = api.client.post(f"{ACME}/suppressions", json=RULE, headers={"idempotency-key": "k1"})
        statuses.append((found.status_code, found.headers.get("retry-after")))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _ in statuses} <= {201, 503} and 201 in {status for status, _ in statuses}
    assert all(wait == "2" for status, wait in statuses if status == 503)
    assert rules(api) == before + 1


def test_what_died_may_be_sent_again_and_what_is_old_is_forgotten(api: Api, fakes: Any) -> None:
    start_clock(api.hub, fakes.NOW + timedelta(days=2))
    assert first_results.claim(api.hub, "acme", "u", "k1", b"x") is None
    now = fakes.NOW + timedelta(days=2)
    start_clock(api.hub, now + first_results.BUSY + timedelta(minutes=1))
    assert first_results.claim(api.hub, "acme", "u", "k1", b"x") is None
    first_results.keep(api.hub, "acme", "u", "k1", first_results.First(200, {}, b"{}"))
    start_clock(api.hub, now + first_results.KEPT * 2)
    assert first_results.claim(api.hub, "acme", "u", "k1", b"other") is None
    with api.hub.store.read("acme") as session:
        assert session.connection.execute(select(func.count()).select_from(first_result)).scalar_one() == 1


def test_what_a_write_answered_is_kept_sealed(api: Api) -> None:
    api.send("/suppressions", RULE | {"note": "said by Ann Alder"}, 201)
    with api.hub.store.read("acme") as session:
        (row,) = session.rows(select(first_result))
        assert b"Ann Alder" not in row.body_sealed
        assert b"Ann Alder" in session.unseal(row.body_sealed, first_results.CONTEXT)


def test_a_difference_is_worked_until_it_is_closed(api: Api) -> None:
    path = f"/differences/{one(api)}"
    etag = api.etag(path)
    found = api.send(f"{path}/assign", {"step": "waiting_on_payroll", "note": "asked"}, etag=etag)
    assert (found.json()["work_step"], found.json()["state"]) == ("waiting_on_payroll", "discrepancy")
    assert found.headers["etag"] == api.etag(path) != etag
    etag = found.headers["etag"]
    assert found.json()["proposed_entries"] == []
    refused = problem(api.send(f"{path}/resolve", {"note": "paid"}, 422, etag=etag), 422, "data")
    assert "no ledger entry is named that made it right" in refused["detail"]
    who = found.json()["employee"]
    told = api.get("/ledger/journal", employee=who)["items"]
    entry = next(one["entry"] for one in told if one["status"] == "posted")
    done = api.send(f"{path}/resolve", {"note": "paid", "entries": [entry]}, etag=found.headers["etag"]).json()
    assert (done["state"], done["chain"][0]["ref"]) == ("resolved", entry)
    assert [one["who"] for one in done["history"]] == ["benehub", "usr_owner", "usr_owner"]
    assert path.rsplit("/", 1)[1] not in [one["difference"] for one in api.get("/differences")["items"]]


def test_two_who_edit_one_thing(api: Api) -> None:
    path = f"/differences/{one(api)}"
    seen = api.etag(path)
    api.send(f"{path}/assign", {"step": "acknowledged"}, etag=seen)
    before = events(api)
    told = problem(api.send(f"{path}/dismiss", {"note": "none"}, 412, etag=seen), 412, "needs_person")
    assert told["changed"] == ["work_step", "history"]
    assert events(api) == before
    api.send(f"{path}/dismiss", {"note": "none"}, etag=api.etag(path))
    api.send(f"{path}/assign", {"step": "acknowledged"}, etag="*")


def test_what_was_dismissed_by_mistake_is_opened_again(api: Api) -> None:
    path = f"/differences/{one(api)}"
    told = problem(api.send(f"{path}/reopen", {"note": "x"}, 422, etag="*"), 422, "data")
    assert "not dismissed" in told["detail"]
    seen = api.send(f"{path}/dismiss", {"note": "none"}, etag=api.etag(path)).headers["etag"]
    problem(api.send(f"{path}/reopen", {"note": " "}, 422, etag=seen), 422, "request")
    done = api.send(f"{path}/reopen", {"note": "it is one"}, etag=seen)
    assert (done.json()["state"], done.json()["history"][-1]["note"]) == ("discrepancy", "it is one")
    assert done.json()["history"][-1]["who"] == "usr_owner"
    problem(api.send(f"{path}/reopen", {"note": "late"}, 412, etag=seen), 412, "needs_person")


def test_a_difference_is_given_to_somebody_who_may_work_it(api: Api) -> None:
    with api.hub.store.write(INSTALLATION) as session:
        finance, auditor = (users.add(session, f"{role}@acme.example", role) for role in ("finance", "auditor"))
        users.give(session, finance, Role.FINANCE, "acme", "test")
        users.give(session, auditor, Role.AUDITOR, "acme", "test")
    path = f"/differences/{one(api)}"
    etag = api.etag(path)
    found = api.send(f"{path}/assign", {"to": "Finance@acme.example", "note": "yours"}, etag=etag)
    assert (found.json()["assigned_to"], found.json()["history"][-1]["assigned_to"]) == (finance, finance)
    assert [row["difference"] for row in api.get("/differences", assigned_to=finance)["items"]] == [
        path.rsplit("/", 1)[1]
    ]
    told = problem(api.send(f"{path}/assign", {"to": ""}, 412, etag=etag), 412, "needs_person")
    assert told["changed"] == ["assigned_to", "history"]
    assert api.get("/differences", assigned_to="me")["items"] == []
    problem(api.send(f"{path}/assign", {"to": auditor}, 422, etag="*"), 422, "data")
    problem(api.send(f"{path}/assign", {"to": "usr_lost"}, 422, etag="*"), 422, "data")
    problem(api.send(f"{path}/assign", {}, 422, etag="*"), 422, "request")
    assert api.send(f"{path}/assign", {"to": ""}, etag="*").json()["assigned_to"] == ""


@pytest.mark.parametrize("etag", ["", "x", '"', '""', 'W/"1"'])
def test_an_edit_without_a_version_is_refused(api: Api, etag: str) -> None:
    found = api.send(f"/differences/{one(api)}/dismiss", {"note": "none"}, 422, etag=etag)
    assert problem(found, 422, "request")["errors"][0]["place"] == "header.if-match"


def test_a_version_of_something_else_is_refused(api: Api) -> None:
    found = api.send(f"/differences/{one(api)}/dismiss", {"note": "none"}, 412, etag='"3f9a1b2c-77ab01de"')
    assert len(problem(found, 412, "needs_person")["changed"]) == 10


def test_schedules_are_added_paused_resumed_and_removed(api: Api) -> None:
    body = {"name": "nightly", "flow": "sync", "connection": "hris", "cron": "0 6 * * *", "options": {"full": "yes"}}
    made = api.send("/schedules", body, 201)
    assert len(made.json()["next"]) == 5 and made.json()["schedule"]["state"] == "on"
    problem(api.send("/schedules", body, 422), 422, "data")
    problem(api.send("/schedules", body | {"name": "b", "connection": "none"}, 422), 422, "data")
    problem(api.send("/schedules", body | {"name": "c", "cron": "0 6 31 2 *"}, 422), 422, "data")
    etag = made.headers["etag"]
    paused = api.send("/schedules/nightly/pause", etag=etag)
    assert paused.json()["state"] == "paused"
    told = problem(api.send("/schedules/nightly/resume", status=412, etag=etag), 412, "needs_person")
    assert told["changed"] == ["state"]
    on = api.send("/schedules/nightly/resume", etag=paused.headers["etag"])
    assert on.json()["state"] == "on"
    api.send("/schedules/nightly", None, 204, etag=on.headers["etag"], method="DELETE")
    api.send("/schedules/nightly", None, 404, etag="*", method="DELETE")
    assert api.get("/schedules")["items"] == []


def test_connections_are_tried_paused_and_resumed(api: Api) -> None:
    can = api.get("/connections/hris")["capabilities"]
    assert {"deduction.set", "read.employee"} <= {one["operation"] for one in can}
    assert api.send("/connections/hris/test").json()["streams"][0]["stream"] == "employee"
    etag = api.etag("/connections/hris")
    assert api.send("/connections/hris/pause", etag=etag).json()["mode"] == "paused"
    assert problem(api.send("/connections/hris/watch", status=412, etag=etag), 412, "needs_person")["changed"] == [
        "mode"
    ]
    assert api.send("/connections/hris/watch", etag="*").json()["mode"] == "watch"
    assert api.send("/connections/hris/resume", etag="*").json()["mode"] == "live"
    assert "settings" not in api.get("/connections/hris")
    api.send("/connections/none/pause", status=404, etag="*")


def test_calls_of_a_vendor_are_worked_off_anew(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    problem(api.send("/connections/hris/calls/replay", {}, 422), 422, "data")  # nobody calls it
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(webhooks, "replay", lambda _, *asked: told.append(asked) or 3)
    some = {"since": "2026-11-20", "until": "2026-11-22", "state": "failed"}
    assert api.send("/connections/hris/calls/replay", some).json() == {"calls": 3}
    assert told == [("acme", "", "hris", "2026-11-20", "failed", "2026-11-22")]
    api.send("/connections/hris/calls/replay", {"state": "waiting"}, 422)
    api.send("/connections/none/calls/replay", {}, 404)


def test_a_rule_is_lifted_once(api: Api) -> None:
    rule = api.get("/suppressions")["items"][0]["suppression"]
    assert api.send(f"/suppressions/{rule}/lift").json()["lifted_at"]
    problem(api.send(f"/suppressions/{rule}/lift", status=422), 422, "data")
    api.send(f"/suppressions/sup_{'a' * 24}/lift", status=404)
    with api.hub.store.read("acme") as session:
        assert len(session.rows(select(suppression))) == 1


def test_a_dispatch_that_stopped_is_settled_by_a_word(api: Api) -> None:
    (held,) = api.get("/dispatches", state="held")["items"]
    path = f"/dispatches/{held['dispatch']}"
    done = api.send(f"{path}/settle", {"has": True, "note": "seen there"}).json()
    assert done["state"] == "sent" and "usr_owner" in done["said"][0]
    problem(api.send(f"{path}/settle", {"has": True, "note": "seen there"}, 422), 422, "data")
    refused = problem(api.send(f"{path}/settle", {"came_back": True, "note": "R03"}, 422), 422, "data")
    assert "it is no deposit that has left" in refused["detail"]
    for both in ({"note": "x"}, {"has": False, "came_back": True, "note": "x"}):
        assert "say one of" in api.send(f"{path}/settle", both, 422).text
    api.send(f"/dispatches/dis_{'a' * 24}/settle", {"has": True, "note": "x"}, 404)
    found = api.client.get(f"{ACME}{path}/content")
    assert found.headers["content-type"] == "application/octet-stream" and found.content
    assert found.headers["content-disposition"].startswith(f'attachment; filename="{held["dispatch"]}')
    api.get(f"/dispatches/dis_{'a' * 24}/content", 404)


def test_what_was_frozen_is_handed_out_piece_by_piece(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"ISA*00*~ST*834*0001~INS*Y*18~SE*3*0001~IEA*1~"
    monkeypatch.setattr(pieces, "PIECE", 10)
    monkeypatch.setattr("benehub.dispatch.frozen_bytes", None)  # nobody asks for all of it at once
    with api.hub.store.write("acme") as session:
        frozen = Frozen("carrier", "enrollment.full", "834/x", text, Guard.NONE, 3, file_name="out/a b.x12")
        one = prepare(session, frozen)
        keep_told_of(session, one, [])
    found = api.client.get(f"{ACME}/dispatches/{one}/content")
    assert (found.status_code, found.content) == (200, text)
    assert found.headers["content-disposition"] == f'attachment; filename="{one}.x12"'


def test_a_push_that_stopped_is_permitted_by_who_approves(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {"connection": "payroll", "operation": "deduction.set", "people": 12, "note": "new rates"}
    path = "/dispatches/permit"
    for role, status in ((Role.ENGINEER, 403), (Role.AUDITOR, 403), (Role.BENEFITS_ADMIN, 201)):
        api.caller = Caller("usr_2", "Cy", everywhere=frozenset({role}))
        found = api.send(path, wanted, status, key=f"k{role}")
    told = found.json()
    assert (told["connection"], told["people"]) == ("payroll", 12) and told["until"] > "2026"
    again = api.send(path, wanted, 201, key=f"k{Role.BENEFITS_ADMIN}")
    assert again.headers["idempotency-replayed"] == "true" and again.json() == found.json()
    with api.hub.store.read("acme") as session:
        assert permitted(session, "payroll", "deduction.set") == 12
        assert [(one.who, one.note) for one in acts(session, "payroll")] == [("usr_2", "12 people: new rates")]
    assert told["run"] == "", "no run has stopped"
    goes_on: list[str] = []
    monkeypatch.setattr(Hub, "retry_beside", lambda _hub, _employer, run: goes_on.append(run))
    monkeypatch.setattr(push_guard, "may_go_on", lambda *_: "run_stopped")
    monkeypatch.setattr(dispatches, "runs_here", lambda _at: True)
    for role, run in ((Role.FINANCE, ""), (Role.BENEFITS_ADMIN, "run_stopped")):
        api.caller = Caller("usr_2", "Cy", everywhere=frozenset({role}))
        assert api.send(path, wanted, 201, key=f"go{role}").json()["run"] == run
    assert goes_on == ["run_stopped"]
    problem(api.send(path, wanted | {"note": " "}, 422), 422, "request")
    problem(api.send(path, wanted | {"people": 0}, 422), 422, "request")
    assert "writes" in problem(api.send(path, wanted | {"operation": "no.such"}, 422), 422, "data")["mend"]
    problem(api.send(path, wanted | {"connection": "nobody"}, 422), 422, "data")


@pytest.mark.parametrize("path", ["/reconciliations", "/schedules/nightly/run-now", f"/runs/run_{'a' * 24}/retry"])
def test_a_process_without_a_job_engine_says_so(api: Api, path: str) -> None:
    body = {"period": "2026-10"} if path == "/reconciliations" else None
    found = api.send(path, body, 404 if "retry" in path else 503)
    if found.status_code == 503:
        assert problem(found, 503, "retriable")["mend"] and found.headers["retry-after"] == "30"
