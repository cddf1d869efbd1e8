"""One window for all workers: three processes, one vendor, and what the vendor counts at its door.

The vendor is a server of this machine that notes when each request arrives. It publishes a limit, refuses what is over
it with 429, and fails some calls, so that retries count too.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests import forks

from benehub.connect.http import RetryBudget, VendorClient
from benehub.connect.limits import (
    NO_WAIT,
    LimitBook,
    SharedHold,
    SharedWindow,
    SlidingWindow,
    Slots,
    Waited,
    sharing,
)
from benehub.connect.messages import read
from benehub.connect.testing import WireRequest, WireResponse, transport
from benehub.crypto import Vault
from benehub.errors import RateLimited, RetriableError
from benehub.store import Store, open_store

WORKER = """
import sys, time
from benehub.connect.http import RetryBudget, VendorClient
from benehub.connect.limits import LimitBook, sharing
from benehub.connect.messages import read
from benehub.crypto import Vault
from benehub.store import open_store

url, base, calls, limit, period = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5]), float(sys.argv[5])
store = open_store(url, Vault({"k1": b"k" * 32}))
with sharing(store.windows):
    window = LimitBook().window("vendor", "account", limit, period)
print("ready", flush=True)
sys.stdin.readline()
with VendorClient(base, limits={"": window}, budget=RetryBudget(8, 60)) as client:
    done = sum(client.send(read("/x", ())).status == 200 for _ in range(calls))
print(done, flush=True)
store.close()
"""


class Door(ThreadingHTTPServer):
    """Counts what arrives, and answers by the script of the test."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.arrived: list[float] = []
        self.lock = threading.Lock()
        self.fail_every = 0
        self.wait_at = 0
        self.told_at = 0.0

    def most_within(self, period: float) -> int:
        """The most requests in any window of the period, wherever it begins."""
        times = sorted(self.arrived)
        most, first = 0, 0
        for number, at in enumerate(times):
            while times[first] <= at - period:
                first += 1
            most = max(most, number - first + 1)
        return most


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        door = self.server
        assert isinstance(door, Door)
        with door.lock:
            door.arrived.append(time.monotonic())
            number = len(door.arrived)
            slow_down = number == door.wait_at
            if slow_down:
                door.told_at = time.monotonic()
        failed = bool(door.fail_every) and number % door.fail_every == 0
        self.send_response(429 if slow_down else 503 if failed else 200)
        if slow_down:
            self.send_header("Retry-After", "2")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *_: Any) -> None:
        """Nothing is told."""


@pytest.fixture
def door() -> Iterator[Door]:
    """The vendor, listening."""
    server = Door()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def work(store: Store, door: Door, calls: int, limit: int, period: float) -> list[int]:
    """Three processes make so many calls each, all at once; gives how many each brought through."""
    url = store.engine.url.render_as_string(hide_password=False)
    base = f"http://127.0.0.1:{door.server_address[1]}"
    with ExitStack() as stack:
        workers = [
            stack.enter_context(forks.running(WORKER, url, base, calls, limit, period)) for _ in range(3)
        ]  # fmt: skip
        for one in workers:
            assert one.stdout.readline() == "ready\n"
        for one in workers:
            one.stdin.write("go\n")
            one.stdin.flush()
        return [int(one.stdout.read()) for one in workers]


def test_three_processes_stay_under_the_figure_retries_included(store: Store, door: Door) -> None:
    door.fail_every = 9
    limit, period = 20, 1.0
    assert work(store, door, 18, limit, period) == [18, 18, 18]
    assert len(door.arrived) > 3 * 18  # the failed ones came again
    assert door.most_within(period) <= limit
    # Together they use what they may: at least half of it, blocks, leases and backing off included.
    took = max(door.arrived) - min(door.arrived)
    assert took < 2 * len(door.arrived) / limit * period + 3
    waits, seconds = store.windows.waited()  # this process has not called at all
    assert waits > 0
    assert seconds > 0


def test_a_429_slows_all_of_them(store: Store, door: Door) -> None:
    door.wait_at = 10
    assert work(store, door, 30, 20, 1.0) == [30, 30, 30]
    # Two seconds were asked for; what another worker had reserved already may still leave, on a busy machine late.
    quiet = [at - door.told_at for at in door.arrived if 0.6 < at - door.told_at < 1.9]
    assert quiet == []
    assert door.most_within(1.0) <= 20


class Kept:
    """A ledger of reservations that answers by script."""

    def __init__(self, *answers: Slots) -> None:
        self.answers, self.asked = list(answers), list[tuple[int, tuple[int, int] | None]]()
        self.holds: list[float] = []
        self.held: list[float] = []
        self.waited: list[Waited] = []
        self.failing = False

    def reserve(
        self,
        name: str,
        allowed: int,
        hold_seconds: float,
        wanted: int,
        back: tuple[int, int] | None,
        waited: Waited = NO_WAIT,
    ) -> Slots:
        assert (allowed, hold_seconds) == (90, 61.0)
        if self.failing:
            raise RetriableError("not now", mend="later")
        self.waited.append(waited)
        self.asked.append((wanted, back))
        return self.answers.pop(0) if self.answers else Slots(wanted, block=len(self.asked))

    def hold(self, name: str, seconds: float) -> None:
        self.holds.append(seconds)

    def held_for(self, name: str) -> float:
        return self.held.pop(0) if self.held else 0.0


def test_blocks_grow_while_they_are_used_and_what_is_left_goes_back() -> None:
    kept, now = Kept(), [0.0]
    window = SharedWindow(kept, "a", 100, 60, lambda: now[0])
    for _ in range(30):
        window.acquire()
    assert [wanted for wanted, _ in kept.asked] == [2, 4, 8, 11, 11]
    now[0] += 1  # the lease is over: what was not used is given back
    window.acquire()
    assert kept.asked[-1] == (5, (5, 6))


def test_it_waits_as_told_and_no_longer_than_the_caller_may() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    window = SharedWindow(Kept(Slots(0, 7.5)), "a", 100, 60, lambda: now[0], sleep)
    window.acquire()
    assert now[0] == 7.5
    with pytest.raises(RateLimited) as caught:
        SharedWindow(Kept(Slots(0, 7.5)), "a", 100, 60, lambda: now[0], sleep).acquire(5)
    assert caught.value.retry_after == 8
    assert now[0] == 7.5


def test_a_hold_gives_up_what_was_reserved() -> None:
    kept = Kept()
    window = SharedWindow(kept, "a", 100, 60, lambda: 0.0)
    window.acquire()
    window.hold(30)
    window.acquire()
    assert (kept.holds, len(kept.asked)) == ([30], 2)


@pytest.mark.parametrize(("limit", "period"), [(0, 1), (1, 0)])
def test_a_limit_that_is_none_is_refused(limit: int, period: float) -> None:
    with pytest.raises(ValueError, match="no usable limit"):
        SharedWindow(Kept(), "a", limit, period)


def test_a_window_is_shared_only_where_that_is_said(store: Store) -> None:
    book = LimitBook()
    alone = book.window("v", "a", 10, 60)
    with sharing(store.windows):
        shared = book.window("v", "a", 10, 60)
        assert book.window("v", "a", 10, 60) is shared
    assert isinstance(shared, SharedWindow)
    assert isinstance(alone, SlidingWindow)
    assert book.window("v", "a", 10, 60) is alone


def test_reservations_of_all_add_up(store: Store) -> None:
    one, two = store.windows, open_store(store.url, store.vault).windows
    assert one.reserve("a", 9, 60, 6, None) == Slots(6, block=1)
    assert two.reserve("a", 9, 60, 6, None) == Slots(3, block=2)
    full = two.reserve("a", 9, 60, 1, None)
    assert full.count == 0
    assert 50 < full.wait <= 60
    assert one.reserve("b", 9, 60, 1, None).count == 1  # another account
    assert one.reserve("a", 9, 60, 6, (1, 4)) == Slots(4, block=3)
    one.hold("a", 30)
    held = two.reserve("a", 9, 60, 6, (3, 4))
    assert held.count == 0
    assert 25 < held.wait <= 30
    two.close()


def test_what_is_reserved_counts_until_its_time_is_over(store: Store) -> None:
    assert store.windows.reserve("a", 3, 0.2, 3, None).count == 3
    assert store.windows.reserve("a", 3, 0.2, 3, None).count == 0
    time.sleep(0.25)
    assert store.windows.reserve("a", 3, 0.2, 3, None).count == 3


def test_a_database_that_does_not_answer_stops_the_call(store: Store) -> None:
    gone = open_store("sqlite:////nowhere/at/all/hub.db", store.vault)
    for ask in (lambda: gone.windows.reserve("a", 1, 1, 1, None), lambda: gone.windows.hold("a", 1)):
        with pytest.raises(RetriableError, match="cannot be asked for"):
            ask()


def test_a_wait_that_is_over_is_told_once_with_the_next_asking() -> None:
    kept, now = Kept(Slots(0, 7.5), Slots(0, 2), Slots(1, block=1)), [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds
        kept.failing = now[0] == 9.5

    window = SharedWindow(kept, "a", 100, 60, lambda: now[0], sleep)
    with pytest.raises(RetriableError):
        window.acquire()
    kept.failing = False
    window.acquire()
    window.acquire()
    assert kept.waited == [NO_WAIT, (1, 7.5), (1, 2.0), NO_WAIT]  # what could not be told was kept


def test_who_may_not_wait_counts_no_wait() -> None:
    kept = Kept(Slots(0, 7.5))
    window = SharedWindow(kept, "a", 100, 60, lambda: 0.0)
    with pytest.raises(RateLimited):
        window.acquire(max_wait=0)
    window.acquire()
    assert kept.waited == [NO_WAIT, NO_WAIT]


def test_waits_on_all_stores_of_a_database_add_up(store: Store) -> None:
    stores = [store, open_store(store.url, store.vault)]
    for place, each in enumerate(stores, 1):
        account = f"account {place}"
        full = each.windows.reserve(account, 9, 3600, 9, None)

        def give_back(_: float, each: Store = each, account: str = account, full: Slots = full) -> None:
            each.windows.reserve(account, 9, 3600, 1, (full.block, full.count))

        SharedWindow(each.windows, account, 10, 3600, sleep=give_back).acquire()
    for each in stores:
        count, seconds = each.windows.waited()
        assert count == 2
        assert 2 * 3000 < seconds <= 2 * 3600
    stores[1].close()


def test_limits_beside_sqlite_of_an_older_version_are_brought_up_to_date(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "hub.db.limits") as old:
        old.execute(
            "CREATE TABLE call_window (employer_id VARCHAR(40) NOT NULL, account VARCHAR(40) NOT NULL, held_until_ms"
            " BIGINT NOT NULL, last_block BIGINT NOT NULL, blocks JSON NOT NULL, PRIMARY KEY (employer_id, account))"
        )
        old.execute("INSERT INTO call_window VALUES ('*', 'a', 0, 4, '[]')")
    store = open_store(f"sqlite:///{tmp_path / 'hub.db'}", Vault({"k1": b"k" * 32}))
    assert store.windows.reserve("a", 9, 60, 1, None, (1, 0.5)) == Slots(1, block=5)
    assert store.windows.waited() == (1, 0.5)
    store.close()


def told_to_wait(_request: WireRequest) -> WireResponse:
    return WireResponse(429, {"retry-after": "30"}, b"{}")


def test_a_wait_of_an_account_without_a_limit_holds_for_the_others(store: Store) -> None:
    """Two books are two processes: the second one has called nobody yet."""
    other = open_store(store.url, store.vault)
    clients = []
    for kept in (store.windows, other.windows):
        wiring: dict[str, Any] = {}
        with sharing(kept):
            LimitBook().wire(wiring, "vendor", "account", None)
        called: list[WireRequest] = []
        answer = transport(lambda request, called=called: called.append(request) or told_to_wait(request))
        budget = RetryBudget(max_seconds=5)
        clients.append((VendorClient("https://vendor.example", transport=answer, budget=budget, **wiring), called))
    (first, door), (second, untouched) = clients
    with pytest.raises(RateLimited):
        first.send(read("/x", ()))
    with pytest.raises(RateLimited) as caught:
        second.send(read("/x", ()))
    assert (len(door), untouched) == (1, [])
    assert 25 < (caught.value.retry_after or 0) <= 30
    assert store.windows.held()[0] == 1
    assert store.windows.held_for("another") == 0
    other.close()


def test_a_hold_is_asked_for_twice_a_second_at_most_and_waited_out() -> None:
    kept, now, asked = Kept(), [0.0], list[float]()

    def sleep(seconds: float) -> None:
        now[0] += seconds

    hold = SharedHold(kept, "a", lambda: now[0], sleep)
    held_for = kept.held_for

    def noted(name: str) -> float:
        asked.append(now[0])
        return held_for(name)

    kept.held_for = noted  # type: ignore[method-assign] the double notes the call
    for _ in range(100):
        hold.acquire()
        now[0] += 0.01
    assert asked == pytest.approx([0.0, 0.5])
    kept.held = [7.5]
    now[0] = 2.0
    hold.acquire()
    assert now[0] == 9.5
    hold.hold(3)
    with pytest.raises(RateLimited):
        hold.acquire(2)
    hold.acquire()
    assert (kept.holds, now[0]) == ([3], 12.5)


def test_without_a_limit_and_outside_of_workers_nothing_is_asked() -> None:
    wiring: dict[str, Any] = {}
    LimitBook().wire(wiring, "vendor", "account", None)
    assert not wiring.get("limits")
