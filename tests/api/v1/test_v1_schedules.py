"""Schedules by the API: changed with an ETag, and what sends is for who may send, flow by flow of the registry."""

from __future__ import annotations

from typing import Any

from tests.api.v1.conftest import ACME, OWNER, Api, problem

from benehub.access import Caller, Permission, Role
from benehub.errors import DataError
from benehub.flows import JOBS, bind
from benehub.flows import runs as run_rows
from benehub.flows.schedulable import FLOWS
from benehub.flows.silent import may_send

NIGHTLY = {"name": "nightly", "flow": "sync", "connection": "hris", "cron": "0 2 * * *"}
ENGINEER = Caller("usr_eng", "Eve", roles={"acme": frozenset({Role.ENGINEER})})
SHORT = Caller(
    "usr_own",
    "Ann",
    everywhere=frozenset({Role.OWNER}),
    scopes=frozenset({Permission.OPERATE, Permission.SEE_CONNECTIONS}),
)
"""An owner's token that may operate, and send nothing."""


def test_a_schedule_is_changed_by_who_looked_at_it(api: Api) -> None:
    added = api.send("/schedules", NIGHTLY, 201)
    body = {"flow": "coverage", "every": "6h", "catch_up": "skip", "closed_days": "skip", "jitter_s": 60}
    seen = added.headers["etag"]
    changed = api.send("/schedules/nightly", body, etag=seen, method="PUT", key="once")
    told = changed.json()
    assert {name: told[name] for name in body} == body
    assert (told["when"], told["cron"], told["connection"], told["state"]) == ("every 6h", "", "", "on")
    assert changed.headers["etag"] == api.etag("/schedules/nightly") != seen
    assert api.send("/schedules/nightly", body, etag=seen, method="PUT", key="once").headers["idempotency-replayed"]
    late = api.send("/schedules/nightly", NIGHTLY | {"name": "x"}, 422, etag="*", method="PUT")
    assert problem(late, 422, "request")["errors"], "a name is not changed"
    stale = api.send("/schedules/nightly", {"flow": "sync", "every": "1d"}, 412, etag=seen, method="PUT")
    assert {"flow", "every_s"} <= set(problem(stale, 412, "needs_person")["changed"])
    api.send("/schedules/nightly/pause", etag="*")
    paused = api.send("/schedules/nightly", {"flow": "sync", "connection": "hris", "cron": "0 3 * * *"},
                      etag=api.etag("/schedules/nightly"), method="PUT").json()  # fmt: skip
    assert (paused["state"], paused["when"]) == ("paused", "0 3 * * *")
    problem(api.send("/schedules/none", {"flow": "sync", "every": "1d"}, 404, etag="*", method="PUT"), 404, "request")


def test_what_cannot_be_kept_is_refused_as_when_it_is_added(api: Api) -> None:
    api.send("/schedules", NIGHTLY, 201)
    etag = api.etag("/schedules/nightly")
    for wrong in ({"cron": "x"}, {"cron": "", "every": ""}, {"zone": "Nowhere/None"}, {"options": {"group": "none"}},
                  {"connection": "nobody"}, {"blackouts": ["never"]}):  # fmt: skip
        body = {name: value for name, value in NIGHTLY.items() if name != "name"} | wrong
        added = api.send("/schedules", body | {"name": "two"}, 422).json()
        changed = api.send("/schedules/nightly", body, 422, etag=etag, method="PUT").json()
        assert added == changed and added["mend"], wrong
    assert api.etag("/schedules/nightly") == etag


def test_who_may_only_operate_schedules_what_only_reads(api: Api) -> None:
    """Each flow of the registry, by each way in: added, changed into, resumed, run now, and started without one."""
    bind(api.hub).engine.start()  # no worker: what is queued waits
    for name, flow in FLOWS.items():
        body = {"flow": name, "connection": "payroll" if flow.connection else "", "every": "1d"}
        api.caller = OWNER
        api.send("/schedules", body | {"name": name}, 201)
        for caller in (ENGINEER, SHORT):
            api.caller = caller
            path, later = f"/schedules/{name}", f"{name}.{caller.user[4:]}"
            ways: list[tuple[str, str, Any]] = [("POST", "/schedules", body | {"name": later}), ("PUT", path, body)]
            ways += [("POST", f"{path}/{act}", None) for act in ("pause", "resume", "run-now")]
            ways.append(("POST", "/runs", {"flow": name, "connection": body["connection"]}))
            asked = [
                api.client.request(method, f"{ACME}{where}", json=content,
                                   headers={"idempotency-key": f"{later}{number}", "if-match": "*"})
                for number, (method, where, content) in enumerate(ways)
            ]  # fmt: skip
            assert [one.status_code for one in asked] == (
                [403, 403, 200, 403, 403, 403] if flow.writes else [201, 200, 200, 200, 202, 202]
            ), name
            if flow.writes:
                assert "send" in problem(asked[0], 403, "access")["detail"]
    other = {"flow": "premiums.remit", "connection": "carrier", "every": "1d"}
    problem(api.send("/schedules/sync", other, 403, etag="*", method="PUT"), 403, "access")


def test_a_run_that_may_send_is_repeated_by_who_may_send(api: Api, monkeypatch: Any) -> None:
    bind(api.hub).engine.start()
    again: list[str] = []
    monkeypatch.setattr(api.hub, "retry_beside", lambda _employer, run: again.append(run))
    for flow in JOBS:
        with api.hub.store.write("acme") as session:
            run = run_rows.begin(session, flow, "it failed", "somebody")
            run_rows.fail(session, run, DataError("it does not fit"))
        for caller, status in ((ENGINEER, 403 if may_send(flow) else 202), (SHORT, 403 if may_send(flow) else 202),
                               (OWNER, 202)):  # fmt: skip
            api.caller = caller
            found = api.send(f"/runs/{run}/retry", None, status)
            assert status != 403 or problem(found, 403, "access")
            assert (run in again) == (status == 202)
    assert len(set(again)) == len(JOBS)


def test_a_connection_that_can_write_goes_live_by_who_may_send(api: Api) -> None:
    for caller, status in ((ENGINEER, 403), (SHORT, 403), (OWNER, 200)):
        api.caller = caller
        assert api.send("/connections/payroll/watch", None, etag="*").json()["mode"] == "watch"
        api.send("/connections/payroll/resume", None, status, etag="*")
        assert api.get("/connections/payroll")["mode"] == ("live" if status == 200 else "watch")
