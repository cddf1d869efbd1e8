"""A run is told truthfully: interrupted while nobody has it, ended wherever its flow ends, retried and canceled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.flows.killed import crash

from benehub.crypto import Vault
from benehub.engine import Ending, Steps, runner
from benehub.errors import DataError, GuardTripped, NeedsPersonError
from benehub.flows import JOBS, Hub, bind, custody
from benehub.flows.runs import begin
from benehub.store import open_store
from benehub.views.health import interrupted
from benehub.views.runs import run as run_view
from benehub.views.runs import runs

Open = Callable[..., Hub]


def listed(hub: Hub, state: str = "", flow: str = "") -> list[dict[str, Any]]:
    with hub.store.read("acme") as session:
        return runs(session, state, flow)


def test_a_run_whose_process_died_is_interrupted_then_done(
    db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType
) -> None:
    crash(fakehub, db_url, tmp_path / "vendor", "read_back", "push", "claimed")
    store = open_store(db_url, Vault({"k1": b"k" * 32}))
    with store.read("acme") as session:
        (gone,) = runs(session, "interrupted")
        assert gone["flow"] == "deductions.push"
        assert run_view(session, gone["run"])["state"] == "interrupted"
        assert runs(session, "running") == []
        assert all(one["state"] == "done" for one in runs(session) if one["run"] != gone["run"])
    check = interrupted(store, "acme", lambda _: set())
    assert "1 interrupted" in check.state
    assert "runs retry" in check.mend
    store.close()

    hub = open_hub(db_url)  # another process: it takes the work up in the background, and nobody waits for it
    until = time.monotonic() + 90
    while not listed(hub, "done", "deductions.push"):
        assert time.monotonic() < until, listed(hub)
        time.sleep(0.05)
    (done,) = listed(hub, flow="deductions.push")
    assert (done["run"], done["state"], done["counts"]["sent"], done["error"]) == (gone["run"], "done", 3, "")
    assert done["ended_at"]
    assert interrupted(hub.store, "acme", hub.given_up).ok
    with pytest.raises(DataError, match="is done"):
        hub.retry("acme", done["run"])
    with pytest.raises(DataError, match="is done"):
        hub.cancel("acme", done["run"])


def test_a_run_that_dies_again_and_again_is_given_up_told_and_goes_on_by_a_persons_word(
    sqlite_url: str, tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "MOST_ATTEMPTS", 2)
    first = fakehub.open_hub(sqlite_url)
    fakehub.set_up(first, tmp_path / "vendor", "read_back")
    first.engine.stop()
    first.store.close()
    died = threading.Semaphore(0)

    def dies(_hub: Hub, steps: Steps, _employer: str, *_: Any) -> None:
        steps.step("first", lambda: 1)
        died.release()
        raise Ending  # as a process that is gone: the job stays as it is

    with monkeypatch.context() as patched:
        patched.setitem(JOBS, "coverage", dies)
        for attempt in range(3):
            hub = fakehub.open_hub(sqlite_url)
            if not attempt:
                with pytest.raises(Ending):
                    hub.start_flow("coverage", "acme", "dies", "2026-10-01")
            assert died.acquire(timeout=90)
            hub.engine.stop()
            hub.store.close()
    hub = fakehub.open_hub(sqlite_url)
    until = time.monotonic() + 90
    while "died so often" not in interrupted(hub.store, "acme", hub.given_up).state:
        assert time.monotonic() < until, interrupted(hub.store, "acme", hub.given_up)
        time.sleep(0.05)
    (run,) = listed(hub, "interrupted")
    assert run["run"] in interrupted(hub.store, "acme", hub.given_up).mend
    assert hub.tell_given_up() == 1
    assert hub.tell_given_up() == 0
    (failed,) = listed(hub, "failed")
    assert failed["run"] == run["run"] and "runs retry" in failed["mend"]
    assert hub.retry("acme", run["run"]) is not None
    assert next(one["run"] for one in listed(hub, "done", "coverage")) == run["run"]
    hub.engine.stop()
    hub.store.close()


def test_a_queued_run_that_is_given_up_goes_on_from_the_queue_by_a_persons_word(
    db_url: str, tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "MOST_ATTEMPTS", 2)
    first = fakehub.open_hub(db_url)
    fakehub.set_up(first, tmp_path / "vendor", "read_back")
    first.engine.stop()
    first.store.close()
    died = threading.Semaphore(0)

    def dies(_hub: Hub, steps: Steps, _employer: str, *_: Any) -> None:
        steps.step("first", lambda: 1)
        died.release()
        raise Ending  # as a process that is gone: the job stays as it is

    def worker() -> Hub:
        hub = bind(fakehub.make_hub(db_url))
        hub.engine.start(listen=True)
        return hub

    run_id = ""
    with monkeypatch.context() as patched:
        patched.setitem(JOBS, "coverage", dies)
        for _ in range(3):
            hub = worker()
            if not run_id:
                with hub.store.write("acme") as session:
                    run_id = hub.enqueue_flow(session, "coverage", "dies", "hris", "2026-10-01")
            assert died.acquire(timeout=90)
            hub.engine.stop()
            hub.store.close()
    hub = worker()
    until = time.monotonic() + 90
    while not hub.tell_given_up():
        assert time.monotonic() < until, listed(hub)
        time.sleep(0.05)
    (failed,) = listed(hub, "failed")
    assert failed["run"] == run_id and "runs retry" in failed["mend"]
    assert hub.retry("acme", run_id) is not None
    assert [one["run"] for one in listed(hub, "done", "coverage")].count(run_id) == 1
    hub.engine.stop()
    hub.store.close()


def test_a_run_whose_process_died_before_it_made_a_job_is_told_once_it_is_sure(
    sqlite_url: str, open_hub: Open, tmp_path: Path, fakehub: ModuleType
) -> None:
    hub = open_hub(sqlite_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    with hub.store.write("acme") as session:
        begun = begin(session, "sync", "nobody's", "one that died")
    # The first look may fall between run and job of who begins it anew.
    assert [hub.tell_given_up() for _ in range(3)] == [0, 1, 0]
    (failed,) = listed(hub, "failed")
    assert (failed["run"], failed["mend"]) == (begun, "Start it anew by its own command")


def test_a_failed_run_is_retried_where_it_failed(
    sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = open_hub(sqlite_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    reads = []
    quick = fakehub.FakeConnector.read

    def read(self: Any, stream: str, link: Any, cursor: str | None) -> Any:
        reads.append(stream)
        return quick(self, stream, link, cursor)

    def broken(*_: Any) -> None:
        raise GuardTripped("too many are gone", where="batch")

    monkeypatch.setattr(fakehub.FakeConnector, "read", read)
    with monkeypatch.context() as patch:
        patch.setattr(fakehub.intake, "check_whole", broken)
        with pytest.raises(GuardTripped):
            fakehub.sync_many(hub)
    (held,) = listed(hub, "held")
    assert "too many are gone" in held["error"]
    with pytest.raises(GuardTripped):  # the same key is the same run, and its first result
        fakehub.sync_many(hub)

    with pytest.raises(GuardTripped) as caught:  # a retry decides nothing
        hub.retry("acme", held["run"])
    custody.release(hub, "acme", caught.value.mend.rpartition(" ")[2], "ann", "looked at")
    counts = hub.retry("acme", held["run"])
    assert counts["applied"] == fakehub.MANY
    assert reads == ["employee"]  # what was read is not read again
    with hub.store.read("acme") as session:
        told = run_view(session, held["run"])
    assert (told["state"], told["error"], told["counts"]["applied"]) == ("done", "", fakehub.MANY)


def test_a_fault_of_the_program_is_told_without_its_values(
    sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = open_hub(sqlite_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")

    def broken(*_: Any) -> None:
        raise KeyError("900-01-0001")

    monkeypatch.setattr(fakehub.intake, "check_whole", broken)
    with pytest.raises(Exception, match="KeyError") as caught:
        fakehub.sync_many(hub)
    (failed,) = listed(hub, "failed")
    assert "0001" not in failed["error"] + str(caught.value)


def test_a_canceled_run_stays_canceled_until_it_is_retried(
    sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = open_hub(sqlite_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")

    def meanwhile(*_: Any) -> None:
        hub.cancel("acme", listed(hub, "running", "sync")[0]["run"])

    with monkeypatch.context() as patch:
        patch.setattr(fakehub.intake, "check_whole", meanwhile)
        with pytest.raises(NeedsPersonError, match="canceled"):
            fakehub.sync_many(hub)
    (ended,) = listed(hub, "canceled")
    assert (ended["flow"], ended["error"]) == ("sync", "")
    with pytest.raises(DataError, match="is canceled"):
        hub.cancel("acme", ended["run"])
    with pytest.raises(DataError, match="no run run_nothing"):
        hub.cancel("acme", "run_nothing")
    assert hub.retry("acme", ended["run"])["rows"] == 3 + fakehub.MANY
    assert listed(hub, "canceled") == []
