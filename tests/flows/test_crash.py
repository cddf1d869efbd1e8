"""kill -9 at every boundary of a write and a read: the next process goes on, and there is one effect."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import func, select
from tests import forks
from tests.flows.killed import crash

from benehub import dispatch, ledger
from benehub.crypto import Vault
from benehub.errors import RetriableError
from benehub.flows import Hub
from benehub.store import database, open_store
from benehub.store.tables import dispatch as dispatch_table
from benehub.store.tables import fact, intake_batch, obligation, run, seen
from benehub.store.tables import person as person_table

DONE = ("sent", "held", "refused", "failed")
Open = Callable[..., Hub]


def wait(ready: Callable[[], bool]) -> None:
    """Until the work that was taken up in the background is done."""
    until = time.monotonic() + 90
    while not ready():
        assert time.monotonic() < until, "nothing took the work up again"
        time.sleep(0.05)


def dispatches(hub: Hub) -> Sequence[Any]:
    with hub.store.read("acme") as session:
        return session.rows(select(dispatch_table).order_by(dispatch_table.c.seq))


def states(hub: Hub) -> list[str]:
    return [row.state for row in dispatches(hub)]


def sound(hub: Hub) -> None:
    """Custody balances in every batch, and the ledger verifies."""
    with hub.store.read("acme") as session:
        assert ledger.verify(session).ok
        for row in session.rows(select(intake_batch)):
            assert row.state == "applied"
            assert row.rows == row.applied + row.unchanged + row.quarantined + row.superseded


def pushed_again(hub: Hub, fakehub: ModuleType) -> dict[str, Any]:
    """The same job asked for again gives its one result, and its run is told as done."""
    tally: dict[str, Any] = fakehub.run(hub, fakehub.PUSH)
    with hub.store.read("acme") as session:
        told = session.rows(select(run).where(run.c.flow == "deductions.push"))
    assert [(row.state, row.error) for row in told] == [("done", "")]
    return tally


@pytest.mark.parametrize("guard", ["read_back", "none", "idempotency_key"])
@pytest.mark.parametrize("point", ["prepared", "before_send", "claimed", "before_apply", "after_apply", "noted"])
def test_a_killed_push_has_one_effect_a_person(
    guard: str, point: str, sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType
) -> None:
    killed_push(guard, point, sqlite_url, tmp_path, open_hub, fakehub)


# Where all three of a window are claimed and one of them has left; where nothing may be sent blindly; the edges.
@pytest.mark.parametrize(
    ("guard", "point"),
    [
        ("read_back", "prepared"), ("read_back", "claimed"), ("read_back", "after_apply"), ("read_back", "noted"),
        ("none", "claimed"), ("none", "after_apply"), ("idempotency_key", "after_apply"),
    ],
)  # fmt: skip
def test_a_killed_push_on_postgresql(
    guard: str, point: str, fresh_pg_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType
) -> None:
    killed_push(guard, point, fresh_pg_url, tmp_path, open_hub, fakehub)


def killed_push(guard: str, point: str, url: str, folder: Path, open_hub: Open, fakehub: ModuleType) -> None:
    vendor = fakehub.Vendor(str(folder / "vendor"))
    crash(fakehub, url, vendor.root, guard, "push", point)
    before = {"prepared": 0, "after_apply": 2, "noted": 3}.get(point, 1)
    assert len(vendor.effects()) == before
    hub = open_hub(url)
    wait(lambda: len(states(hub)) == 3 and all(state in DONE for state in states(hub)))
    effects = vendor.effects()
    assert len(effects) == len(set(effects))
    doubtful = guard == "none" and point in ("claimed", "before_apply", "after_apply")
    if doubtful:
        assert sorted(states(hub)) == ["held", "sent", "sent"]
        assert len(effects) == (3 if point == "after_apply" else 2)
    else:
        assert states(hub) == ["sent", "sent", "sent"]
        assert len(effects) == 3
    tally = pushed_again(hub, fakehub)
    assert tally == {"opened": 3, "unchanged": 0, "adopted": 0, "unlinked": 0, "sent": 3 - doubtful} | (
        {"held": 1} if doubtful else {}
    )
    fakehub.run(hub, fakehub.PUSH, "next")
    assert vendor.effects() == effects
    with hub.store.read("acme") as session:
        told = sorted(row.state for row in session.rows(select(obligation)))
        for row in dispatches(hub):
            ends = [one.outcome for one in dispatch.attempts(session, row.dispatch_id)]
            assert "started" not in ends and ends[-1] == row.state
    assert told == ["confirmed"] * (3 - doubtful) + ["held"] * doubtful
    sound(hub)


def test_what_was_sent_and_not_noted_is_read_back(
    sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType
) -> None:
    crash(fakehub, sqlite_url, tmp_path / "vendor", "read_back", "push", "after_apply")
    hub = open_hub(sqlite_url)
    wait(lambda: all(state in DONE for state in states(hub)))
    with hub.store.read("acme") as session:
        told = [
            [(one.outcome, one.detail) for one in dispatch.attempts(session, row.dispatch_id)]
            for row in dispatches(hub)
        ]
    # The two that have arrived were found there; the third was claimed with them, and went in a new attempt.
    there, died = ("sent", "read back"), ("unknown", "the process died during the attempt")
    assert told == [[there], [there], [died, there]]


def test_a_new_push_waits_for_the_one_that_is_taken_up(
    db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = fakehub.Vendor(str(tmp_path / "vendor"))
    crash(fakehub, db_url, vendor.root, "read_back", "push", "prepared")
    quick, seen = fakehub.Vendor.answer, threading.Event()

    def slow(self: Any, request: Any) -> Any:
        if request.method == "POST":
            seen.wait(90)  # it is at it until it was seen, and for a while after
            time.sleep(0.2)
        return quick(self, request)

    monkeypatch.setattr(fakehub.Vendor, "answer", slow)
    hub = open_hub(db_url)
    wait(lambda: "sending" in states(hub))
    seen.set()
    fakehub.run(hub, fakehub.PUSH, "next")
    assert fakehub.run(hub, fakehub.PUSH)["sent"] == 3
    assert states(hub) == ["sent"] * 3
    assert len(vendor.effects()) == len(set(vendor.effects())) == 3


HOLDER = """
import sys, time
from benehub.crypto import Vault
from benehub.store import open_store
with open_store(sys.argv[1], Vault({"k1": b"k" * 32})).turn("acme", "sending to payroll"):
    sys.stdout.write("held")
    sys.stdout.flush()
    time.sleep(600)
"""


def test_a_killed_process_gives_its_turn_back(db_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(db_url, Vault({"k1": b"k" * 32}))
    with forks.running(HOLDER, db_url) as holder:
        assert holder.stdout.read(4) == "held"
        with monkeypatch.context() as patched, store.turn("acme", "sending to carrier"):
            patched.setattr(database, "TURN_SECONDS", 0.2)
            with pytest.raises(RetriableError, match="sending to payroll of acme"):
                store.turn("acme", "sending to payroll").__enter__()
        holder.process.kill()
        with store.turn("acme", "sending to payroll"):
            holder.wait()
    store.close()


@pytest.mark.parametrize(("point", "state", "files"), [("before_put", "held", 0), ("after_put", "sent", 1)])
def test_a_killed_delivery_is_looked_for_in_the_mailbox(
    point: str, state: str, files: int, db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType
) -> None:
    crash(fakehub, db_url, tmp_path / "vendor", "none", "enroll", point)
    hub = open_hub(db_url)
    wait(lambda: states(hub) == [state])
    fakehub.run(hub, fakehub.ENROLL)
    fakehub.run(hub, fakehub.ENROLL, "next")
    assert states(hub) == [state]
    assert len(list((tmp_path / "vendor" / "box" / "out").iterdir())) == files
    sound(hub)


@pytest.mark.parametrize("point", ["between_pages", "between_chunks", "chunk_applied"])
@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_a_killed_read_is_finished_once(
    point: str, db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_read(point, db_url, tmp_path, open_hub, fakehub, monkeypatch)


def test_a_killed_read_on_postgresql(
    fresh_pg_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_read("between_chunks", fresh_pg_url, tmp_path, open_hub, fakehub, monkeypatch)


def killed_read(
    point: str, url: str, folder: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fakehub.staging, "CHUNK", 2)
    fakehub.feed(3 + fakehub.MANY)
    crash(fakehub, url, folder / "vendor", "read_back", "sync", point)
    hub = open_hub(url)

    def count(query: Any) -> int:
        with hub.store.read("acme") as session:
            return int(session.connection.execute(query).scalar_one())

    unfinished = select(func.count()).select_from(intake_batch).where(intake_batch.c.state != "applied")
    wait(lambda: count(unfinished) == 0)
    counts = fakehub.sync_many(hub)
    assert {name: counts[name] for name in ("rows", "applied", "unchanged", "quarantined", "superseded")} == {
        "rows": 10, "applied": 7, "unchanged": 3, "quarantined": 0, "superseded": 0,
    }  # fmt: skip
    everybody = 3 + fakehub.MANY
    assert count(select(func.count()).select_from(person_table)) == everybody
    assert count(select(func.count()).select_from(seen).where(seen.c.stream == "employee")) == everybody
    for kind in ("employee", "employment"):
        assert count(select(func.count()).select_from(fact).where(fact.c.kind == kind)) == everybody
    sound(hub)
