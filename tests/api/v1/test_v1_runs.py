"""Long work by the API: started, followed event by event, resumed where the line broke, and its result."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from tests.api.v1.conftest import ACME, OWNER, Api, problem

from benehub import ledger
from benehub.access import Caller, Permission, Role
from benehub.access.audit import newest
from benehub.errors import DataError
from benehub.flows import bind
from benehub.flows import runs as run_rows
from benehub.flows.runs import By
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.money import format_minor
from benehub.periods import Month
from benehub.reconcile import listed
from benehub.store.tables import dispatch, schedule
from benehub.views.clearing import clearing


def events(text: str) -> list[tuple[str, str, Any]]:
    """Name, id and data of every event of a stream."""
    found = []
    for part in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in part.splitlines() if not line.startswith(":"))
        if "event" in fields:
            found.append((fields["event"], fields["id"], json.loads(fields["data"])))
    return found


def followed(api: Api, path: str, last: str = "") -> list[tuple[str, str, Any]]:
    """The events of a run behind the last one heard."""
    found = api.client.get(path, headers={"last-event-id": last} if last else {})
    assert found.status_code == 200 and found.headers["content-type"].startswith("text/event-stream")
    return events(found.text)


def ended(api: Api, path: str) -> Any:
    """The run once it has ended."""
    for _ in range(1800):
        found = api.client.get(path).json()
        if found["state"] not in ("queued", "running"):
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def test_a_reconciliation_is_started_followed_and_read(working: Api) -> None:
    working.app.state.patience.pause = 0.05
    with working.hub.store.write("acme") as session:  # money that nobody explains
        legs = (Leg(chart.EMPLOYEE_SHARE_DUE, "USD", 7_00, coverage_month="2026-10"), Leg(chart.BANK, "USD", -7_00))
        ledger.record(session, [NewEntry("stray", "t.stray", date(2026, 10, 1), legs, "test")])
    body = {"period": "2026-10", "relations": ["premium", "intake"]}
    started = working.send("/reconciliations", body, 202, key="k1")
    place, run = started.headers["location"], started.json()["run"]
    assert place == f"{ACME}/runs/{run}"
    heard = followed(working, f"{place}/events")
    steps = [data["name"] for name, _, data in heard if name == "step"]
    assert steps == ["identify", "compare intake", "compare premium", "fixes"]
    assert [id_ for name, id_, _ in heard if name == "step"] == ["1", "2", "3", "4"]
    assert heard[-1][0] == "ended" and heard[-1][2]["state"] == "done"
    assert [one[:2] for one in followed(working, f"{place}/events", "3")] == [("step", "4"), ("ended", "4")]
    done = working.get(f"/reconciliations/{run}")
    assert (done["period"], done["relations"]) == ("2026-10", ["intake", "premium"])
    assert set(done["counts"]) == {"intake", "premium"} and done["counts"]["premium"]["opened"] == 1
    with working.hub.store.read("acme") as session:
        accounts = clearing(session, working.hub.book(session), Month(2026, 10))
        at_risk = [(one.type, one.period) for one in listed(session) if one.relation == "premium"]
    assert at_risk == [("PREMIUM_AT_RISK", "2026-10")]  # accrued, unpaid, and past its due day
    left = [(one.account, format_minor(one.unexplained)) for one in accounts if one.unexplained]
    assert left == [("1300", "7.00")] and [(one["account"], one["amount"]) for one in done["unexplained"]] == left
    assert [one["run"] for one in working.get("/reconciliations")["items"]] == [run]
    again = working.send("/reconciliations", body, 202, key="k1")
    assert (again.json()["run"], again.headers["location"]) == (run, place)
    assert [one["name"] for one in working.get(f"/runs/{run}")["steps"]] == steps


def test_a_plan_book_is_tried_on_many_by_a_run_that_finds_the_same(
    working: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    working.app.state.patience.pause = 0.05
    text = working.get("/plan-book/text")["text"]
    body = {"text": text.replace("EE: 500.00", "EE: 510.00"), "month": "2026-10"}
    at_once = working.send("/plan-book/preview", body)
    assert at_once.headers["etag"] == working.etag("/plan-book")
    monkeypatch.setattr("benehub.flows.trial_runs.AT_ONCE", 1)
    started = working.send("/plan-book/preview", body, 202, key="k1")
    place, run = started.headers["location"], started.json()["run"]
    heard = followed(working, f"{place}/events")
    assert [data["name"] for name, _, data in heard if name == "step"] == ["count", "part 1"]
    assert working.get(f"/runs/{run}")["counts"] == {"employees": 3, "of": 3}, "by whoever sees runs"
    found = working.client.get(f"{ACME}/plan-book/preview/{run}")
    assert found.json() == at_once.json() and found.headers["etag"] == at_once.headers["etag"]
    again = working.send("/plan-book/preview", body, 202, key="k1")
    assert (again.json()["run"], again.headers["location"]) == (run, place)
    working.send("/plan-book", {"text": body["text"]}, etag=found.headers["etag"], method="PUT")
    assert working.get(f"/plan-book/preview/{run}") == at_once.json(), "what it was tried on stays"
    other = working.get("/runs", flow="sync", limit=1)["items"][0]["run"]
    problem(working.client.get(f"{ACME}/plan-book/preview/{other}"), 404, "request")
    working.act_as(Role.AUDITOR)
    problem(working.client.get(f"{ACME}/plan-book/preview/{run}"), 403, "access")


def test_a_long_trial_needs_the_job_engine(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benehub.flows.trial_runs.AT_ONCE", 1)
    problem(api.send("/plan-book/preview", {"text": api.get("/plan-book/text")["text"]}, 503), 503, "retriable")


def test_a_run_of_another_flow_is_no_reconciliation(api: Api) -> None:
    run = api.get("/runs", flow="sync", limit=1)["items"][0]["run"]
    found = api.client.get(f"{ACME}/reconciliations/{run}")
    assert "no reconciliation" in problem(found, 404, "request")["detail"]


def test_following_is_bounded_in_time_and_in_number(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0, 0.03)  # seconds that pass from one look at the clock to the next
    monkeypatch.setattr("benehub.api.v1.events.time", SimpleNamespace(monotonic=clock.__next__))
    patience = api.app.state.patience
    patience.seconds, patience.pause, patience.silence = 0.2, 0.02, 0.05
    with api.hub.store.write("acme") as session:
        run = run_rows.begin(session, "sync", "never", "nobody")
    found = api.client.get(f"{ACME}/runs/{run}/events")
    heard = events(found.text)
    assert [(name, data["state"]) for name, _, data in heard] == [("state", "interrupted"), ("later", "interrupted")]
    assert ": still here" in found.text and patience.open == 0
    patience.most = 0
    problem(api.client.get(f"{ACME}/runs/{run}/events"), 429, "retriable")
    problem(api.client.get(f"{ACME}/runs/run_{'a' * 24}/events"), 404, "request")


def test_a_schedule_is_run_now(working: Api) -> None:
    working.send("/schedules", {"name": "hris", "flow": "sync", "connection": "hris", "every": "1d"}, 201)
    started = working.send("/schedules/hris/run-now", None, 202, key="k1")
    done = ended(working, started.headers["location"])
    assert (done["state"], done["flow"]) == ("done", "schedule.sync")
    assert done["counts"]["unchanged"] == 6
    assert working.send("/schedules/hris/run-now", None, 202, key="k1").json() == started.json()


def test_what_the_api_starts_of_a_month_counts_for_it(working: Api) -> None:
    """Its runs have no time in their names."""
    working.send("/schedules", {"name": "accrue", "flow": "premiums.accrue", "cron": "0 6 28 * *"}, 201)
    last = {"flow": "premiums.accrue", "options": {"month": "last"}}
    with working.hub.store.read("acme") as session:
        now = Month.of(session.today())
    for path, body, month in (("/schedules/accrue/run-now", None, now), ("/runs", last, now.plus(-1))):
        done = ended(working, working.send(path, body, 202).headers["location"])
        assert (done["state"], done["counts"]["months"]) == ("done", [str(month)])
    with working.hub.store.write("acme") as session:  # as if it had been here for long, and had started nothing
        session.change(schedule, {"name": "accrue"}, anchor_at=f"{now.plus(-3)}-01T00:00:00.000000Z")
    found = [one["month"] for one in working.get("/today")["passed"]]
    assert str(now.plus(-2)) in found and not {str(now), str(now.plus(-1))} & set(found)


def test_a_connection_is_read_now(working: Api) -> None:
    started = working.send("/connections/hris/read", None, 202, key="k1")
    done = ended(working, started.headers["location"])
    assert (done["state"], done["flow"], done["counts"]["unchanged"]) == ("done", "schedule.sync", 6)
    assert working.send("/connections/hris/read", None, 202, key="k1").json() == started.json()
    working.send("/connections/nobody/read", None, 404)


def test_whom_ids_name_by_now_is_looked_for_by_a_run(working: Api) -> None:
    started = working.send("/unlinked/suggest", {}, 202)
    done = ended(working, started.headers["location"])
    assert (done["state"], done["flow"]) == ("done", "people.suggest")
    assert done["counts"] == {"linked": 0, "unlinked": 2, "with_suggestion": 0, "suggestions": 0}
    assert [one["likely"] for one in working.all("/unlinked")] == [[], []]


def test_a_run_that_failed_is_retried_and_one_that_is_done_is_not(
    working: Api, fakes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    working.send("/schedules", {"name": "hris", "flow": "sync", "connection": "hris", "every": "1d"}, 201)
    read = fakes.FakeConnector.read

    def away(*_args: Any) -> Any:
        raise DataError("the vendor's page makes no sense")

    monkeypatch.setattr(fakes.FakeConnector, "read", away)
    place = working.send("/schedules/hris/run-now", None, 202).headers["location"]
    failed = ended(working, place)
    assert failed["state"] == "failed" and "makes no sense" in failed["error"]
    monkeypatch.setattr(fakes.FakeConnector, "read", read)
    run = place.rsplit("/", 1)[1]
    assert working.send(f"/runs/{run}/retry", None, 202).headers["location"] == place
    done = ended(working, place)
    assert done["state"] == "done", done
    assert problem(working.send(f"/runs/{run}/retry", status=422), 422, "data")["mend"]
    assert problem(working.send(f"/runs/{run}/cancel", status=422), 422, "data")["mend"]


def test_a_queued_run_is_canceled(make_api: Callable[..., Api]) -> None:
    api = make_api()
    bind(api.hub).engine.start()  # no worker: what is queued waits
    run = api.send("/reconciliations", {"period": "2026-10"}, 202).json()["run"]
    assert api.get("/runs", state="queued")["items"][0]["run"] == run
    assert api.send(f"/runs/{run}/cancel").json()["state"] == "canceled"


def test_whoever_started_a_run_cancels_it_and_lets_it_go_on_and_nobody_else_does(
    make_api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    api = make_api()
    bind(api.hub).engine.start()  # no worker: what is queued waits
    again: list[str] = []
    monkeypatch.setattr(api.hub, "retry_beside", lambda _employer, run: again.append(run))
    api.act_as(Role.FINANCE, user="usr_fin")
    run = api.send("/reconciliations", {"period": "2026-10"}, 202, key="k").json()["run"]
    api.act_as(Role.FINANCE, user="usr_other")
    for word in ("cancel", "retry"):
        problem(api.send(f"/runs/{run}/{word}", status=403), 403, "access")
    api.act_as(Role.AUDITOR, user="usr_fin")  # he may start such a run no more
    problem(api.send(f"/runs/{run}/cancel", status=403), 403, "access")
    scopes = frozenset({Permission.SEE_OVERVIEW})
    api.caller = Caller("usr_fin", "Ben", roles={"acme": frozenset({Role.FINANCE})}, scopes=scopes)
    problem(api.send(f"/runs/{run}/cancel", status=403), 403, "access")
    api.act_as(Role.FINANCE, user="usr_fin", employer="other")
    api.send(f"/runs/{run}/cancel", status=404)
    api.act_as(Role.FINANCE, user="usr_fin")
    assert api.send(f"/runs/{run}/cancel").json()["state"] == "canceled"
    api.send(f"/runs/{run}/retry", None, 202)
    assert again == [run]
    with api.hub.store.read("acme") as session:
        told = [(row.who, row.outcome, row.permission) for row in newest(session) if "cancel" in row.action]
    assert told[:2] == [("usr_fin", "done", "operate"), ("usr_fin", "asked", "operate")]
    assert {one for one in told if one[1] == "refused"} == {("usr_fin", "refused", "operate"),
                                                           ("usr_other", "refused", "operate")}  # fmt: skip


def test_what_a_schedule_began_is_nobodys_own(make_api: Callable[..., Api]) -> None:
    api = make_api()
    bind(api.hub).engine.start()
    with api.hub.store.write("acme") as session:
        run = api.hub.enqueue_flow(session, "reconcile", "nightly/1", "reconcile", "2026-10", [])
    api.act_as(Role.FINANCE, user="usr_fin")
    problem(api.send(f"/runs/{run}/cancel", status=403), 403, "access")
    # Whoever asks for a run that is there already has not started it.
    with api.hub.store.write("acme") as session:
        mine = By("usr_fin", ("work_differences",))
        assert api.hub.enqueue_flow(session, "reconcile", "nightly/1", "reconcile", "2026-10", [], by=mine) == run
    problem(api.send(f"/runs/{run}/cancel", status=403), 403, "access")


def test_a_dispatch_that_was_never_tried_leaves_by_a_run(working: Api) -> None:
    (held,) = working.get("/dispatches", state="held")["items"]
    path = f"/dispatches/{held['dispatch']}"
    found = working.send(f"{path}/resend", {"note": "go"}, 422)
    assert "may have arrived" in problem(found, 422, "data")["detail"]
    working.send(f"{path}/settle", {"has": False, "note": "asked"})
    refused = working.send(f"{path}/resend", {"note": "go"}, 422)
    assert "nothing of it was refused" in refused.json()["detail"]
    with working.hub.store.write("acme") as session:  # as what a push guard has stopped
        session.change(dispatch, {"dispatch_id": held["dispatch"]}, state="prepared")
    working.caller = replace(OWNER, scopes=frozenset(Permission) - {Permission.APPROVE})
    assert "may approve" in working.send(f"{path}/resend", {"note": "go"}, 403).json()["detail"]
    working.caller = OWNER
    run = working.send(f"{path}/resend", {"note": "go"}, 202).json()["run"]
    with working.hub.store.read("acme") as session:
        assert run_rows.started_by(session, run) == By(OWNER.user, ("send", "approve"))


def test_any_flow_that_a_schedule_may_start_is_started_at_once(working: Api) -> None:
    api = working
    api.act_as(Role.ENGINEER)
    body = {"flow": "reconcile", "options": {"relation": "leave", "month": "this"}}
    started = api.send("/runs", body, 202, key="one")
    assert (end := ended(api, started.headers["location"]))["state"] == "done", end
    assert end["flow"] == "schedule.reconcile"
    assert api.send("/runs", body, 202, key="one").json() == started.json(), "it is started once"
    assert api.send("/runs", body, 202).json() != started.json()
    read = api.send("/runs", {"flow": "sync", "options": {"stream": "employee"}}, 202).headers["location"]
    assert ended(api, read)["flow"] == "schedule.sync"
    for wrong in ({"flow": "sync", "options": {"month": "last"}}, {"flow": "coverage", "connection": "hris"},
                  {"flow": "sync", "connection": "none"}, {"flow": "sync", "options": {"stream": "x"}}):  # fmt: skip
        problem(api.send("/runs", wrong, 422), 422, "data")
    problem(api.send("/runs", {"flow": "plan.load"}, 422), 422, "request")
    problem(api.send("/runs", {"flow": "deductions.push"}, 403), 403, "access")
    api.act_as(Role.AUDITOR)
    problem(api.send("/runs", body, 403), 403, "access")
