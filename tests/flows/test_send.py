"""Sending: plugins may hold, watching writes nothing, and a vendor's bad day has no second effect."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import select
from tests.flows.pushing import Pushing

from benehub import dispatch
from benehub.connect.verdict import not_yet
from benehub.dispatch import End
from benehub.engine import Ending
from benehub.errors import RetriableError
from benehub.flows import Hub, send, turns
from benehub.flows.onboarding import connect
from benehub.flows.told_ends import write_down
from benehub.flows.turns import Turn
from benehub.hookspecs import hookimpl
from benehub.records.notices import Decision, DispatchNotice, Verdict
from benehub.store.tables import dispatch as dispatch_table
from benehub.views.runs import runs

Open = Callable[..., Hub]


class Bench(Pushing):
    """A hub whose people wait to be pushed, and the vendor it pushes to."""

    def __init__(self, hub: Hub, fakehub: ModuleType, folder: Path, guard: str = "read_back") -> None:
        super().__init__(hub, fakehub, folder, guard)

    def connect(self, mode: str) -> None:
        """Change the payroll connection's mode."""
        one = {"connector": self.guard, "settings": {"folder": str(self.folder)}, "mode": mode}
        connect(self.hub, "acme", {"payroll": one})

    def attempts(self) -> list[list[tuple[str, str]]]:
        """Outcome and detail of the attempts at each dispatch that was tried."""
        rows = self.rows(dispatch_table)
        with self.hub.store.read("acme") as session:
            told = [dispatch.attempts(session, row.dispatch_id) for row in rows]
        return [[(one.outcome, one.detail) for one in each] for each in told if each]


@pytest.fixture
def bench(sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType) -> Bench:
    """The bench with a vendor that can be asked."""
    return Bench(open_hub(sqlite_url), fakehub, tmp_path / "vendor")


class Objector:
    """A plugin with one word on every dispatch."""

    def __init__(self, word: Verdict | Exception | None) -> None:
        self.word = word
        self.seen: list[DispatchNotice] = []

    @hookimpl
    def before_dispatch(self, dispatch: DispatchNotice) -> Verdict | None:
        """Say it."""
        self.seen.append(dispatch)
        if isinstance(self.word, Exception):
            raise self.word
        return self.word


@pytest.mark.parametrize(
    ("word", "state", "owed", "reason"),
    [
        (Verdict(Decision.HOLD, "a person looks"), "held", "held", "a person looks"),
        (Verdict(Decision.REFUSE, "never"), "refused", "refused", "never"),
        (RuntimeError("SSN 900110001"), "held", "held", "RuntimeError"),
    ],
)
def test_a_plugin_stops_a_dispatch(
    word: Any, state: str, owed: str, reason: str, sqlite_url: str, tmp_path: Path, open_hub: Open,
    fakehub: ModuleType,
) -> None:  # fmt: skip
    bench = Bench(open_hub(sqlite_url, Objector(word)), fakehub, tmp_path / "vendor")
    assert bench.push() == {state: 3}
    assert bench.vendor.effects() == []
    assert bench.attempts() == []
    assert bench.owed() == [owed] * 3
    for row in bench.rows(dispatch_table):
        assert row.state == state and reason in row.reason and "900110001" not in row.reason
    assert bench.push() == {}
    assert bench.vendor.effects() == []


def test_a_plugin_without_objection_sees_ids_and_counts(
    sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType
) -> None:
    silent = Objector(None)
    bench = Bench(open_hub(sqlite_url, silent), fakehub, tmp_path / "vendor")
    assert bench.push() == {"sent": 3}
    assert {(one.employer, one.operation, one.items, one.worth_minor) for one in silent.seen} == {
        ("acme", "deduction.set", 1, 10000)
    }
    assert len(silent.seen) == 3
    assert "Alder" not in repr(silent.seen) and "90011" not in repr(silent.seen)


@pytest.mark.parametrize("mode", ["watch", "paused"])
def test_a_connection_that_only_watches_writes_nothing(bench: Bench, mode: str) -> None:
    bench.connect(mode)
    assert bench.push() == {"held": 3}
    assert bench.fakehub.Vendor.writes == 0
    assert {row.reason for row in bench.rows(dispatch_table)} == {f"connection is {mode}: nothing is written"}


def test_the_second_push_of_a_month_sends_nothing(bench: Bench) -> None:
    assert bench.push() == {"sent": 3}
    assert bench.push() == {}
    assert (bench.fakehub.Vendor.writes, len(bench.vendor.effects())) == (3, 3)
    assert bench.owed() == ["confirmed"] * 3


def test_only_who_changed_is_sent_again(bench: Bench) -> None:
    bench.push()
    bench.fakehub.FakeConnector.rows["election"] = [bench.fakehub.election(1, "FAM")]
    bench.hub.start_flow("sync", "acme", "elections 2", "hris", "election", "2", False)
    bench.hub.start_flow("coverage", "acme", "2", "2026-10-01")
    assert bench.push() == {"sent": 1}
    assert len(bench.vendor.effects()) == 4
    held = {one["employee"]: one["employee_amount_minor"] for one in bench.vendor.state()["held"].values()}
    assert held == {"p1": 24000, "p2": 10000, "p3": 10000}


def test_applied_then_500_is_read_back_and_not_sent_again(bench: Bench) -> None:
    assert bench.push("", "apply_then_500") == {"sent": 3}
    assert (bench.fakehub.Vendor.writes, len(bench.vendor.effects())) == (3, 3)
    assert bench.attempts() == [[("sent", "")], [("sent", "read back")], [("sent", "")]]


def test_a_500_that_applied_nothing_is_sent_again_after_the_read_back(bench: Bench) -> None:
    assert bench.push("500") == {"sent": 3}
    assert (bench.fakehub.Vendor.writes, len(bench.vendor.effects())) == (4, 3)
    assert [outcome for outcome, _ in bench.attempts()[0]] == ["unknown", "sent"]


def test_what_a_vendor_failed_at_thrice_is_read_back_by_the_next_run(bench: Bench) -> None:
    assert bench.push("500", "500", "apply_then_500") == {"unknown": 1, "sent": 2}
    assert bench.owed() == ["confirmed", "confirmed", "open"]
    assert bench.push() == {"sent": 1}
    assert (bench.fakehub.Vendor.writes, len(bench.vendor.effects())) == (5, 3)


def test_a_vendor_that_keeps_failing_over_runs_is_left_to_a_person(bench: Bench) -> None:
    assert bench.push("500", "500", "500") == {"unknown": 1, "sent": 2}
    told = {"unknown": 0, "held": 0}
    while not told["held"]:
        (state,) = bench.push("500", "500", "500")
        told[state] += 1
    assert told == {"unknown": 1, "held": 1}
    assert bench.owed() == ["confirmed", "confirmed", "held"]
    assert bench.push() == {}


@pytest.mark.parametrize(("guard", "effects", "state"), [("none", 3, "held"), ("idempotency_key", 3, "sent")])
def test_without_a_read_back_the_guard_decides(
    guard: str, effects: int, state: str, sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType
) -> None:
    bench = Bench(open_hub(sqlite_url), fakehub, tmp_path / "vendor", guard)
    bench.push("apply_then_500")
    assert bench.states() == sorted([state, "sent", "sent"])
    assert len(bench.vendor.effects()) == effects
    assert bench.push() == {}
    assert len(bench.vendor.effects()) == effects


def test_a_429_is_waited_out(bench: Bench) -> None:
    assert bench.push("429", "429") == {"sent": 3}
    assert (bench.fakehub.Vendor.writes, len(bench.vendor.effects())) == (5, 3)


def test_a_429_beyond_the_budget_leaves_it_prepared_for_the_next_run(bench: Bench) -> None:
    assert bench.push(*["429"] * 5) == {"prepared": 1, "sent": 2}
    assert bench.owed() == ["confirmed", "confirmed", "open"]
    assert bench.push() == {"sent": 1}
    assert len(bench.vendor.effects()) == 3
    assert [outcome for outcome, _ in bench.attempts()[0]] == ["prepared", "sent"]


def test_a_429_after_a_doubtful_write_keeps_the_doubt(
    sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType
) -> None:
    bench = Bench(open_hub(sqlite_url), fakehub, tmp_path / "vendor", "idempotency_key")
    assert bench.push("apply_then_500", *["429"] * 5) == {"unknown": 1, "sent": 2}
    assert bench.push() == {"sent": 1}
    assert len(bench.vendor.effects()) == 3


@pytest.mark.parametrize("guard", ["read_back", "none"])
def test_what_never_left_stays_prepared(
    guard: str, sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(open_hub(sqlite_url), fakehub, tmp_path / "vendor", guard)
    with monkeypatch.context() as patched:
        patched.setattr(fakehub.Vendor, "answer", no_connection)
        assert bench.push() == {"prepared": 3}
    assert bench.push() == {"sent": 3}
    assert len(bench.vendor.effects()) == 3


@pytest.mark.parametrize(("guard", "next_run"), [("read_back", {"sent": 3}), ("none", {"held": 3})])
def test_a_write_that_the_vendor_works_on_is_in_doubt_until_the_next_run(
    guard: str, next_run: dict[str, int], sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    bench = Bench(open_hub(sqlite_url), fakehub, tmp_path / "vendor", guard)

    def job(_self: Any, _item: Any, response: Any) -> Any:
        raise not_yet("a job", where=response.place)

    with monkeypatch.context() as patched:
        patched.setattr(fakehub.FakeConnector, "receipt", job)
        assert bench.push() == {"unknown": 3}
    assert bench.push() == next_run
    assert (fakehub.Vendor.writes, len(bench.vendor.effects())) == (3, 3)


def no_connection(_vendor: Any, _request: Any) -> Any:
    raise httpx.ConnectError("no route")


def test_a_refusal_of_one_does_not_hold_up_the_others(bench: Bench) -> None:
    assert bench.push("400") == {"failed": 1, "sent": 2}
    assert bench.owed() == ["confirmed", "confirmed", "refused"]
    (told,) = [row.reason for row in bench.rows(dispatch_table) if row.state == "failed"]
    assert "refused it (400)" in told


def test_what_is_in_doubt_is_not_touched_while_the_connection_only_watches(
    sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType
) -> None:
    bench = Bench(open_hub(sqlite_url), fakehub, tmp_path / "vendor", "idempotency_key")
    bench.push("apply_then_500", *["429"] * 5)
    bench.connect("watch")
    writes = fakehub.Vendor.writes
    assert bench.push() == {"unknown": 1}
    assert fakehub.Vendor.writes == writes
    bench.connect("live")
    assert bench.push() == {"sent": 1}
    assert len(bench.vendor.effects()) == 3


def at_the_vendor(bench: Bench, monkeypatch: pytest.MonkeyPatch, act: Callable[[int], object]) -> None:
    """Let something happen while a call is under way; it is told which one, from 1 on."""
    answer = bench.fakehub.Vendor.answer

    def answering(self: Any, request: Any) -> Any:
        if request.method != "GET":
            act(bench.fakehub.Vendor.writes + 1)
        return answer(self, request)

    monkeypatch.setattr(bench.fakehub.Vendor, "answer", answering)
    monkeypatch.setattr(send, "WINDOW", 1)


TURN = "acme/sending to payroll"


def cut_the_turn(url: str) -> None:
    """End the connection for which PostgreSQL keeps whose turn it is; it is gone once this returns."""
    held = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    key = int.from_bytes(sha256(TURN.encode()).digest()[:8], "big")
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as outside:
        (holder,) = outside.execute(
            f"{held} AND classid::bigint = %s AND objid::bigint = %s", (key >> 32, key & (2**32 - 1))
        ).fetchall()
        assert outside.execute("SELECT pg_terminate_backend(%s, 10000)", holder).fetchone() == (True,)


@pytest.mark.parametrize("window", [1, 25])
def test_who_lost_its_turn_sends_nothing_before_it_has_it_again(
    window: int, fresh_pg_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    bench = Bench(open_hub(fresh_pg_url), fakehub, tmp_path / "vendor")
    taken: list[bool] = []

    def act(call: int) -> None:
        if call == 1:
            cut_the_turn(fresh_pg_url)
        else:
            other = bench.hub.store.lock(TURN)
            taken.append(other.take())
            other.release()

    at_the_vendor(bench, monkeypatch, act)
    monkeypatch.setattr(send, "WINDOW", window)
    assert bench.push() == {"sent": 3}
    assert taken == [False, False]
    assert len(bench.vendor.effects()) == 3


def test_who_is_taken_for_dead_begins_no_more_and_another_goes_on(
    db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(open_hub(db_url), fakehub, tmp_path / "vendor")
    at_the_vendor(bench, monkeypatch, lambda _call: bench.hub.engine.watch.lost.set())
    with pytest.raises(Ending):
        bench.push()
    assert len(bench.vendor.effects()) == 1
    with bench.hub.store.read("acme") as session:
        (run,) = [one for one in runs(session) if one["flow"] == "deductions.push"]
    assert run["state"] == "running"
    bench.hub.engine.stop()
    monkeypatch.undo()
    bench.hub = open_hub(db_url)
    assert fakehub.run(bench.hub, fakehub.PUSH, "push 1")["sent"] == 3
    assert len(bench.vendor.effects()) == 3


def test_a_call_that_is_still_under_way_when_another_takes_over_is_not_made_twice(
    fresh_pg_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(open_hub(fresh_pg_url), fakehub, tmp_path / "vendor")
    told: list[list[str]] = []
    threads: list[threading.Thread] = []

    def takes_over() -> None:
        (first, *_) = bench.rows(dispatch_table)
        told.append(send.send_batch(bench.hub, "acme", "payroll", [first.dispatch_id]))

    def act(_call: int) -> None:
        if not threads:  # the first call: on its way for as long as the other one would take to send it again
            cut_the_turn(fresh_pg_url)
            threads.append(threading.Thread(target=takes_over))
            threads[0].start()
            threads[0].join(fakehub.LONGEST_CALL / 2)

    at_the_vendor(bench, monkeypatch, act)
    assert bench.push() == {"sent": 3}
    threads[0].join()
    assert told == [["sent"]]
    assert len(bench.vendor.effects()) == 3


def test_who_takes_over_waits_for_an_older_revision_of_its_own_order_too(
    fresh_pg_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(open_hub(fresh_pg_url), fakehub, tmp_path / "vendor")
    waits: list[timedelta] = []
    monkeypatch.setattr(send, "wait_out", lambda _hub, seconds, *_rest: waits.append(seconds))
    with monkeypatch.context() as silent:
        silent.setattr(fakehub.Vendor, "answer", no_connection)
        assert bench.push() == {"prepared": 3}
    old, other, _ = bench.rows(dispatch_table)
    with bench.hub.store.write("acme") as session:
        dispatch.begin_all(session, [old.dispatch_id])
        session.change(dispatch_table, {"dispatch_id": other.dispatch_id}, business_key=old.business_key, revision=2)
    assert send.send_batch(bench.hub, "acme", "payroll", [other.dispatch_id]) == ["sent"]
    assert waits == [timedelta(0), timedelta(seconds=fakehub.LONGEST_CALL) + turns.FRESH]


def test_who_lost_its_turn_while_it_read_back_says_of_nothing_that_it_is_on_its_way(
    fresh_pg_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(open_hub(fresh_pg_url), fakehub, tmp_path / "vendor")
    answer, asked = fakehub.Vendor.answer, [0]
    with monkeypatch.context() as silent:
        silent.setattr(fakehub.Vendor, "answer", no_connection)
        assert bench.push() == {"prepared": 3}
    (first, *_) = bench.rows(dispatch_table)
    with bench.hub.store.write("acme") as session:
        dispatch.begin_all(session, [first.dispatch_id])
        before = len(dispatch.attempts(session, first.dispatch_id))

    def answering(self: Any, request: Any) -> Any:
        if not asked[0]:
            cut_the_turn(fresh_pg_url)
        asked[0] += 1
        return answer(self, request)

    monkeypatch.setattr(send, "wait_out", lambda *_: None)
    monkeypatch.setattr(turns, "FRESH", timedelta(0))
    monkeypatch.setattr(fakehub.Vendor, "answer", answering)
    assert send.send_batch(bench.hub, "acme", "payroll", [first.dispatch_id]) == ["sent"]
    with bench.hub.store.read("acme") as session:
        assert len(dispatch.attempts(session, first.dispatch_id)) == before + 1
    assert len(bench.vendor.effects()) == 1


@pytest.mark.parametrize("guard", ["read_back", "natural_key_upsert", "idempotency_key"])
def test_who_takes_over_waits_for_calls_that_do_harm_where_they_land_late(
    guard: str, db_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = "read_back" if guard == "read_back" else "idempotency_key"
    bench = Bench(open_hub(db_url), fakehub, tmp_path / "vendor", known)
    waits: list[timedelta] = []
    monkeypatch.setattr(send, "wait_out", lambda _hub, seconds, *_rest: waits.append(seconds))
    monkeypatch.setattr(fakehub.Vendor, "answer", no_connection)
    assert bench.push() == {"prepared": 3}
    ids = [row.dispatch_id for row in bench.rows(dispatch_table)]
    with bench.hub.store.write("acme") as session:
        dispatch.begin_all(session, ids)
        for one in ids:
            session.change(dispatch_table, {"dispatch_id": one}, guard=guard)
    monkeypatch.undo()
    monkeypatch.setattr(send, "wait_out", lambda _hub, seconds, *_rest: waits.append(seconds))
    assert send.send_batch(bench.hub, "acme", "payroll", ids) == ["sent"] * 3
    lingers = guard != "idempotency_key" and bench.hub.store.forgets_locks
    longest = timedelta(seconds=fakehub.LONGEST_CALL) + turns.FRESH
    assert waits == [timedelta(0), longest if lingers else timedelta(0)]


def test_a_claim_that_has_waited_long_is_renewed_before_its_write(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def act(call: int) -> None:
        later = bench.hub.store.clock() + timedelta(minutes=call)
        object.__setattr__(bench.hub.store, "clock", lambda: later)
        with bench.hub.store.read("acme") as session:
            ids = [row.dispatch_id for row in session.rows(select(dispatch_table.c.dispatch_id))]
            begun.extend(dispatch.interrupted_at(session, ids))

    at_the_vendor(bench, monkeypatch, act)
    monkeypatch.setattr(send, "WINDOW", 25)
    monkeypatch.setattr(turns, "LEASE", timedelta(seconds=-1))
    assert bench.push() == {"sent": 3}
    assert len(begun) == 9 and len(set(begun)) == 3  # each write's own moment, however long ago all were claimed


def test_what_a_lost_turn_had_claimed_and_never_sent_needs_no_person(
    fresh_pg_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can settle a doubt at this vendor; there is none."""
    bench = Bench(open_hub(fresh_pg_url), fakehub, tmp_path / "vendor", "none")
    claim, cut = send._claim, list[bool]()

    def claiming(*what: Any) -> Any:
        claimed = claim(*what)
        if not cut:
            cut.append(True)
            cut_the_turn(fresh_pg_url)
        return claimed

    monkeypatch.setattr(send, "_claim", claiming)
    monkeypatch.setattr(turns, "CLOCKS", timedelta(0))
    assert bench.push() == {"sent": 3}
    assert len(bench.vendor.effects()) == 3


@pytest.mark.parametrize(("again", "state"), [(False, "prepared"), (True, "sending")])
def test_only_who_made_the_newest_attempt_says_that_it_never_left(
    again: bool, state: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as silent:
        silent.setattr(bench.fakehub.Vendor, "answer", no_connection)
        assert bench.push() == {"prepared": 3}
    (one, *_) = bench.rows(dispatch_table)
    tries: dict[str, int] = {}
    ((row, _),) = send._claim(bench.hub, "acme", [one.dispatch_id], tries)
    with bench.hub.store.write("acme") as session:
        (taken,) = dispatch.begin_all(session, [one.dispatch_id])  # another one has the turn by now
        if again:
            dispatch.resend(session, one.dispatch_id)
    never = [(row, End(one.dispatch_id, "prepared", "not sent"))]
    with Turn(bench.hub, "acme", lambda *_, **__: False).ours():
        write_down(bench.hub, "acme", never, tries)
    assert bench.rows(dispatch_table)[0].state == state
    # Nor does the other one's doubt stand against what is known now.
    held = write_down(bench.hub, "acme", [(taken, End(one.dispatch_id, "held", "outcome unknown"))])
    assert (len(held), bench.rows(dispatch_table)[0].state) == ((1, "held") if again else (0, "prepared"))


def test_the_database_is_not_asked_for_the_turn_while_a_transaction_writes(bench: Bench) -> None:
    write, within, asked = bench.hub.store.write, [0], list[tuple[int, bool]]()

    @contextmanager
    def writing(employer: str) -> Iterator[Any]:
        within[0] += 1
        try:
            with write(employer) as session:
                yield session
        finally:
            within[0] -= 1

    def stands(_fresh: float, ask: bool = True) -> bool:
        asked.append((within[0], ask))
        return ask or len(asked) > 2  # once it waited so long for others that the word is old

    assert bench.push() == {"sent": 3}
    object.__setattr__(bench.hub.store, "write", writing)
    (row, *_) = bench.rows(dispatch_table)
    with Turn(bench.hub, "acme", stands).ours():
        write_down(bench.hub, "acme", [(row, End(row.dispatch_id, "unknown", "why"))])
    assert asked == [(0, True), (1, False), (0, True), (1, False)]


def test_a_claim_of_a_lost_turn_is_not_renewed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed: list[str] = []
    monkeypatch.setattr(dispatch, "renew_all", lambda _session, ids: renewed.extend(ids))
    monkeypatch.setattr(turns, "LEASE", timedelta(seconds=-1))
    with pytest.raises(RetriableError, match="not sent"):
        turns.Claim(Turn(bench.hub, "acme", lambda *_, **__: False), ["dis_1"], 0).ask()
    assert renewed == []
