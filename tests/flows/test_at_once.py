"""Sending with several calls under way: order, crashes, waits and failures are as they are with one."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx
import pytest

from benehub import dispatch, obligations
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Connector, Item, Kind, Link, Receipt
from benehub.connect.http import RetryBudget, VendorClient
from benehub.connect.messages import Request, change, path, read
from benehub.connect.testing import WireRequest, WireResponse, transport
from benehub.connect.verdict import unavailable
from benehub.dispatch import End, freeze_item
from benehub.engine import Ending
from benehub.flows import Hub, dispatches, send
from benehub.flows.rehearsal import DirectSteps
from benehub.testing.kithub import played_hub
from benehub.testing.line import Killed
from benehub.testing.stage import CONNECTION, EMPLOYER

STRAIGHT: Any = DirectSteps()
AT_ONCE = 8
LONG = 30
"""Seconds after which a test that hangs gives up."""


class Vendor:
    """Keeps what is written, counts effects and calls, and does what a test has it do."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.now = 0.0
        self.held: dict[str, Any] = {}
        self.keys: set[str] = set()
        self.effects: list[str] = []
        self.arrived: list[tuple[float, str, str]] = []
        self.busy: Counter[str] = Counter()
        self.most = 0
        self.met: threading.Barrier | None = None
        self.hurt: dict[str, str] = {}
        self.always: dict[str, str] = {}
        """What goes wrong with the next write of a key."""
        self.client = VendorClient(
            "https://vendor.example", transport=transport(self.answer), sleep=self.sleep, clock=lambda: self.now,
            budget=RetryBudget(max_attempts=3),
        )  # fmt: skip

    def sleep(self, seconds: float) -> None:
        """No time passes but on the clock."""
        with self.lock:
            self.now += seconds

    def answer(self, request: WireRequest) -> WireResponse:
        """GET gives what is held, POST adds an effect unless its key is known."""
        key = request.path.removeprefix("/d/").replace("%2F", "/")
        person = key.partition("/")[0]
        with self.lock:
            self.arrived.append((self.now, request.method, key))
            self.busy[person] += 1
            self.most = max(self.most, self.busy.total())
            assert self.busy[person] == 1, "two calls about one person at once"
        try:
            return self._answer(request, key)
        finally:
            with self.lock:
                self.busy[person] -= 1

    def _answer(self, request: WireRequest, key: str) -> WireResponse:
        if request.method == "GET":
            return self._said(200, self.held.get(key, {}))
        if self.met is not None:
            self.met.wait(LONG)
        with self.lock:
            hurt = self.hurt.pop(key, "")
        if hurt == "429":
            self._until(lambda: self.busy.total() == AT_ONCE)
            return WireResponse(429, {"retry-after": "7"}, b"{}")
        if key in self.always:
            return self._said(int(self.always[key]), {})
        if hurt == "stalled":
            begun = -1
            while begun != (begun := len(self.arrived)):
                time.sleep(0.2)
        if hurt in ("down", "stalled"):
            raise httpx.ConnectError("no route")
        if hurt == "wait":
            self._until(lambda: bool(self.client.rate_limited))
        with self.lock:
            idempotency = request.headers.get("idempotency-key", "")
            if not idempotency or idempotency not in self.keys:
                self.keys.add(idempotency)
                self.held[key] = json.loads(request.body)
                self.effects.append(key)
        return self._said(500 if hurt == "late" else 200, {"id": key})

    @staticmethod
    def _until(ready: Callable[[], bool]) -> None:
        end = time.monotonic() + LONG
        while not ready() and time.monotonic() < end:
            time.sleep(0.002)

    @staticmethod
    def _said(status: int, content: Any) -> WireResponse:
        return WireResponse(status, {"content-type": "application/json"}, json.dumps(content).encode())


class Wide(Connector):
    """Bears several writes at once."""

    name = "wide"
    kind = Kind.PAYROLL
    concurrency: ClassVar[int] = AT_ONCE
    guard = Guard.READ_BACK

    def lookup(self, item: Item, settings: Any) -> Request | None:
        """What is held."""
        return read(path("/d/{key}", key=item.key)) if self.guard is Guard.READ_BACK else None

    def request(self, item: Item, found: Any, settings: Any) -> Request | Receipt:
        """The write, unless it is there."""
        if item.content.get("poison"):
            raise RuntimeError("cannot be written")
        if found is not None and found.data == dict(item.content):
            return Receipt("there", changed=False)
        known = item.key if self.guard is Guard.IDEMPOTENCY_KEY else ""
        return change("POST", path("/d/{key}", key=item.key), dict(item.content), idempotency_key=known)

    def receipt(self, item: Item, response: Any) -> Receipt:
        """What it said."""
        return Receipt(str(response.data["id"]))


class Bench:
    """A hub with an outbox in front of the vendor."""

    def __init__(self, folder: Path) -> None:
        self.vendor, self.connector = Vendor(), Wide()
        now = datetime(2026, 10, 1, 12, tzinfo=UTC)
        link = Link(EMPLOYER, CONNECTION, SimpleNamespace(), lambda: now, self.vendor.client)
        played: Any = SimpleNamespace(connector=self.connector, link=link, stage=SimpleNamespace(now=now, known={}))
        self.link, self.hub = link, played_hub(folder, played)

    def freeze(self, people: int, each: int = 1, poison: str = "") -> list[str]:
        """Put dispatches into the outbox, so many a person; everybody's first ones come first."""
        keys = [(f"per{n}", f"per{n}/{k}") for k in range(each) for n in range(people)]
        items = [Item("deduction.set", key, {"amount_minor": 1, "poison": key == poison}) for _, key in keys]
        day = date(2026, 10, 15)
        with self.hub.store.write(EMPLOYER) as session:
            ids = dispatch.prepare_all(
                session, [freeze_item(CONNECTION, one, self.connector.guard, 1, "USD") for one in items]
            )
            wanted = [
                obligations.Wanted("deduction.set", key, CONNECTION, "2026-10", day, day, {}, person)
                for person, key in keys
            ]
            obligations.want(session, wanted)
            for (_, key), one in zip(keys, ids, strict=True):
                obligations.mark(session, [session.id("obl", key)], "open", "", one)
        return ids

    def send(self, ids: list[str]) -> list[str]:
        """The state that each ended in."""
        return send.send_batch(self.hub, EMPLOYER, CONNECTION, ids)

    def states(self, ids: list[str]) -> Counter[str]:
        """As they stand in the database."""
        with self.hub.store.read(EMPLOYER) as session:
            return Counter(str(row.state) for row in dispatch.by_ids(session, ids))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.hub.store.close()


def test_everybodys_order_is_kept_and_eight_are_under_way(bench: Bench) -> None:
    ids = bench.freeze(AT_ONCE, each=3)
    bench.vendor.met = threading.Barrier(AT_ONCE)  # breaks unless eight writes are there at once, three times
    assert bench.send(ids) == ["sent"] * 24
    assert bench.vendor.most == AT_ONCE
    for n in range(AT_ONCE):
        assert [key for key in bench.vendor.effects if key.startswith(f"per{n}/")] == [f"per{n}/{k}" for k in range(3)]
    with bench.hub.store.read(EMPLOYER) as session:
        assert {row.state for row in obligations.of_dispatches(session, ids)} == {"confirmed"}


@pytest.mark.parametrize("guard", [Guard.READ_BACK, Guard.IDEMPOTENCY_KEY])
def test_what_nobody_could_note_is_in_doubt_and_has_one_effect(
    guard: Guard, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.connector.guard = guard
    ids = bench.freeze(60)
    with monkeypatch.context() as patch:

        def die(*_: Any) -> None:
            raise Killed

        patch.setattr(send, "write_down", die)
        with pytest.raises(Killed):
            bench.send(ids)
    claimed = bench.states(ids)["sending"]
    assert 0 < len(bench.vendor.effects) <= claimed < 60
    assert bench.states(ids) == {"sending": claimed, "prepared": 60 - claimed}
    assert bench.send(ids) == ["sent"] * 60
    assert sorted(bench.vendor.effects) == sorted({f"per{n}/0" for n in range(60)})


def test_a_wait_that_one_is_told_stops_all(bench: Bench) -> None:
    bench.connector.guard = Guard.IDEMPOTENCY_KEY
    ids = bench.freeze(40)
    # Seven are under way when the eighth is told to wait, and stay there until that is known.
    bench.vendor.hurt = {"per0/0": "429"} | {f"per{n}/0": "wait" for n in range(1, AT_ONCE)}
    assert bench.send(ids) == ["sent"] * 40
    early = [key for at, _, key in bench.vendor.arrived if at < 7]
    assert sorted(early) == sorted(f"per{n}/0" for n in range(AT_ONCE))
    assert len(bench.vendor.effects) == 40


def test_a_poisoned_one_does_not_hold_up_the_others(bench: Bench) -> None:
    ids = bench.freeze(40, poison="per7/0")
    assert bench.send(ids) == ["sent"] * 7 + ["held"] + ["sent"] * 32


@pytest.mark.parametrize("guard", [Guard.READ_BACK, Guard.IDEMPOTENCY_KEY])
def test_an_answer_that_comes_too_late_has_one_effect(guard: Guard, bench: Bench) -> None:
    bench.connector.guard = guard
    ids = bench.freeze(40)
    bench.vendor.hurt = {f"per{n}/0": "late" for n in range(0, 40, 3)}
    assert bench.send(ids) == ["sent"] * 40
    assert len(bench.vendor.effects) == len(set(bench.vendor.effects)) == 40


def test_where_nothing_can_settle_a_doubt_they_go_one_by_one(bench: Bench) -> None:
    bench.connector.guard = Guard.NONE
    ids = bench.freeze(12)
    bench.vendor.hurt = {"per3/0": "late"}
    assert Counter(bench.send(ids)) == {"sent": 11, "held": 1}
    assert bench.vendor.most == 1


@pytest.mark.parametrize("at_once", [1, AT_ONCE])
def test_a_vendor_that_is_away_is_not_asked_for_everybody(
    at_once: int, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.connector.guard = Guard.IDEMPOTENCY_KEY
    monkeypatch.setattr(bench.connector, "concurrency", at_once)
    monkeypatch.setattr(send, "BATCH", 10)
    ids = bench.freeze(60)
    bench.vendor.hurt = {f"per{n}/0": "down" for n in range(60)}
    monkeypatch.setattr(bench.vendor.client, "_budget", RetryBudget(max_attempts=1))
    assert send.send(bench.hub, STRAIGHT, EMPLOYER, CONNECTION, ids) == {"prepared": 60}
    assert send.DEAF_AFTER <= len(bench.vendor.arrived) <= send.DEAF_AFTER + 2 * at_once
    assert bench.states(ids) == {"prepared": 60}
    bench.vendor.hurt = {}
    assert send.send(bench.hub, STRAIGHT, EMPLOYER, CONNECTION, ids) == {"sent": 60}
    assert len(bench.vendor.effects) == 60


def test_calls_that_never_come_back_keep_no_vendor_that_is_away_from_being_given_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.connector.guard = Guard.IDEMPOTENCY_KEY
    ids = bench.freeze(60)
    bench.vendor.hurt = {f"per{n}/0": "stalled" if n % 5 == 4 else "down" for n in range(60)}
    monkeypatch.setattr(bench.vendor.client, "_budget", RetryBudget(max_attempts=1))
    assert send.send(bench.hub, STRAIGHT, EMPLOYER, CONNECTION, ids) == {"prepared": 60}
    assert len(bench.vendor.arrived) <= send.DEAF_AFTER + 2 * AT_ONCE


def test_a_fault_of_the_program_ends_the_run_whoever_waits(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = bench.freeze(60)
    failed, one_by_one, drained = threading.Event(), send.send_one, send._Desk._drain

    def broken(hub: Any, employer: str, opened: Any, row: Any, frozen: Any) -> End:
        if row.dispatch_id == ids[3]:
            failed.set()
            raise KeyError("a fault of the program")
        return one_by_one(hub, employer, opened, row, frozen)

    def late(desk: Any, lanes: Any, to: int) -> None:
        if failed.wait(0 if not lanes.open else 30):
            while not lanes.halted:
                threading.Event().wait(0.001)
        drained(desk, lanes, to)

    with monkeypatch.context() as patch:
        patch.setattr(send, "send_one", broken)
        patch.setattr(send._Desk, "_drain", late)
        with pytest.raises(KeyError):
            bench.send(ids)
    told = bench.states(ids)
    assert told["sending"] == 1 and set(told) == {"sending", "sent", "prepared"}
    assert bench.send(ids) == ["sent"] * 60 and len(bench.vendor.effects) == 60


def test_some_slow_ones_among_many_make_no_vendor_deaf(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.connector.guard = Guard.IDEMPOTENCY_KEY
    monkeypatch.setattr(bench.vendor.client, "_budget", RetryBudget(max_attempts=1))
    ids = bench.freeze(60)
    # Every other one is not answered; those that are have ended long before.
    silent = {f"per{n}/0" for n in range(0, 60, 2)}
    bench.vendor.hurt = dict.fromkeys(silent, "down")
    tally = Counter(bench.send(ids))
    assert (tally["sent"], tally["prepared"]) == (30, 30)
    assert len(bench.vendor.arrived) == 60


@pytest.mark.parametrize("at_once", [1, AT_ONCE])
@pytest.mark.parametrize("ends", [False, True])
def test_a_canceled_run_and_a_process_that_ends_leave_the_rest_untried(
    at_once: int, ends: bool, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.connector.guard = Guard.IDEMPOTENCY_KEY
    monkeypatch.setattr(bench.connector, "concurrency", at_once)
    monkeypatch.setattr(send, "WINDOW", 10)
    ids = bench.freeze(60)
    asked: list[int] = []

    def goes_on(_hub: Hub) -> bool:
        asked.append(1)
        return len(asked) < 3

    monkeypatch.setattr(Hub, "goes_on", goes_on)
    monkeypatch.setattr(Hub, "asked_to_end", lambda _hub: lambda: ends and len(asked) > 2)
    if ends:
        with pytest.raises(Ending):
            bench.send(ids)
    else:
        bench.send(ids)
    told = bench.states(ids)
    assert set(told) == {"sent", "prepared"}
    assert len(bench.vendor.effects) == told["sent"] < 60
    monkeypatch.undo()
    monkeypatch.setattr(bench.connector, "concurrency", at_once)
    assert bench.send(ids) == ["sent"] * 60


@pytest.mark.parametrize("at_once", [1, AT_ONCE])
def test_what_must_wait_or_fails_at_the_vendor_holds_up_nobody(
    at_once: int, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.connector.guard = Guard.IDEMPOTENCY_KEY
    monkeypatch.setattr(bench.connector, "concurrency", at_once)
    monkeypatch.setattr(send, "BATCH", 10)
    monkeypatch.setattr(bench.vendor.client, "_budget", RetryBudget(max_attempts=1))
    ids = bench.freeze(30)
    bench.vendor.always = {f"per{n}/0": "503" for n in range(8)}
    written = bench.connector.request

    def request(item: Item, found: Any, settings: Any) -> Request | Receipt:
        if item.key in {f"per{n}/0" for n in range(8, 16)}:
            raise unavailable("it waits for its day", where=item.key, sent=False)
        return written(item, found, settings)

    monkeypatch.setattr(bench.connector, "request", request)
    tally = send.send(bench.hub, STRAIGHT, EMPLOYER, CONNECTION, ids)
    assert (tally["prepared"], tally["sent"], sum(tally.values())) == (8, 14, 30)
    assert len(bench.vendor.effects) == 14


def test_within_one_request_too_a_vendor_that_is_away_is_not_asked_for_everybody() -> None:
    asked = []

    def one(_hub: Any, _employer: str, _opened: Any, row: Any, _frozen: Any) -> End:
        asked.append(row.dispatch_id)
        return End(row.dispatch_id, "prepared", "no connection", unheard=True)

    rows: list[Any] = [
        SimpleNamespace(dispatch_id=str(n), state="unknown" if n == 20 else "sending") for n in range(25)
    ]
    told: list[Any] = []
    nobody: Any = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(send, "send_one", one)
        send._send_lot(nobody, "acme", nobody, [(row, b"") for row in rows], [], told.append)
    assert asked == [*map(str, range(send.DEAF_AFTER)), "20"]
    assert [(row.dispatch_id, end.state) for row, end in told] == [(str(n), "prepared") for n in range(25)]


def test_what_a_lot_has_not_reached_when_it_breaks_was_not_tried() -> None:
    def one(_hub: Any, _employer: str, _opened: Any, row: Any, _frozen: Any) -> End:
        if row.dispatch_id == "1":
            raise OSError
        return End(row.dispatch_id, "sent")

    rows: list[Any] = [SimpleNamespace(dispatch_id=str(n), state="sending") for n in range(4)]
    told: list[Any] = []
    nobody: Any = None
    with pytest.MonkeyPatch.context() as patch, pytest.raises(OSError):
        patch.setattr(send, "send_one", one)
        send._send_lot(nobody, "acme", nobody, [(row, b"") for row in rows], [], told.append)
    assert [(row.dispatch_id, end.state) for row, end in told] == [("0", "sent"), ("2", "prepared"), ("3", "prepared")]


def test_what_a_person_holds_stays_held_whatever_it_says_by_then(bench: Bench) -> None:
    (held,) = bench.freeze(1)
    dispatches.hold(bench.hub, EMPLOYER, held, "ann", "not yet")
    (newer,) = bench.freeze(1, poison="per0/0")
    assert newer != held
    assert bench.send([newer]) == ["held"]
    with bench.hub.store.read(EMPLOYER) as session:
        assert [dispatch.get(session, one).reason for one in (held, newer)] == [
            "replaced by revision 2", "held by ann: not yet",
        ]  # fmt: skip


def test_a_word_said_meanwhile_is_not_written_over_by_what_stops_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, other = bench.freeze(2)

    def asked(*of: Any) -> End | None:
        row = of[3]
        if row.dispatch_id == held:
            dispatches.hold(bench.hub, EMPLOYER, held, "ann", "not yet")
        return End(row.dispatch_id, "refused", "a plugin says no")

    monkeypatch.setattr(send, "_asked", asked)
    assert bench.send([held, other]) == ["held", "refused"]
    with bench.hub.store.read(EMPLOYER) as session:
        assert dispatch.get(session, held).reason == "held by ann: not yet"


def test_what_a_person_holds_goes_when_nobody_wants_it_any_more(bench: Bench) -> None:
    held, other = bench.freeze(2)
    dispatches.hold(bench.hub, EMPLOYER, held, "ann", "not yet")
    with bench.hub.store.write(EMPLOYER) as session:
        owed = session.id("obl", "per0/0")
        assert obligations.cancel(session, [owed], "no longer wanted") == 1
        assert [row.state for row in obligations.by_ids(session, [owed])] == ["canceled"]
        assert dispatch.get(session, held).state == "failed"
    assert bench.send([held, other]) == ["failed", "sent"]
    assert bench.vendor.effects == ["per1/0"]


@pytest.mark.parametrize(
    ("declared", "wanted", "most"), [(1, None, 1), (1, 8, 1), (8, None, 8), (8, 3, 3), (8, 99, 8), (200, None, 64)]
)
def test_a_setting_asks_for_fewer_than_the_vendor_bears(
    declared: int, wanted: int | None, most: int, bench: Bench
) -> None:
    connector: Any = type("Other", (Wide,), {"concurrency": declared})()
    settings = SimpleNamespace(concurrency=wanted) if wanted else SimpleNamespace()
    opened: Any = SimpleNamespace(connector=connector, link=SimpleNamespace(settings=settings))
    assert send.at_once(opened) == most
