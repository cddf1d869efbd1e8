"""Pushes to a vendor who takes 50 ms for each, with 1, 8 and 64 calls under way: what sending costs, and how long.

Ours is the whole sender, from the outbox of a hub's database to the receipts in it. Beside it stand our client alone
(`calls`: the rest is what the outbox costs), and bare httpx with a client of its own for each thread.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pluggy
from bench_http import BODY, DELAY_SECONDS, served
from bench_hub import add_people, make_hub, open_hub
from pydantic import BaseModel

from benehub import dispatch, hookspecs, obligations
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Connector, Item, Kind, Receipt
from benehub.connect.http import VendorClient, tls_context
from benehub.connect.messages import Request, change
from benehub.flows.hub import Hub
from benehub.flows.rehearsal import DirectSteps
from benehub.flows.send import send
from benehub.hookspecs import hookimpl
from benehub.store.tables import dispatch as outbox

NAME = "bench"
CONTENT = {"employee": "v1", "code": "MEDPPO", "amount_minor": 5000, "effective": "2026-12-01"}
PART = 1000


class Nothing(BaseModel):
    """No settings."""


class Vendor(Connector):
    """Takes a deduction in one call."""

    name = NAME
    kind = Kind.PAYROLL
    Settings = Nothing
    guards: ClassVar[dict[str, Guard]] = {"deduction.set": Guard.IDEMPOTENCY_KEY}
    base = ""

    def client(self, settings: Any, secret: Any, **wiring: Any) -> VendorClient:
        """The usual one."""
        return VendorClient(self.base, **wiring)

    def request(self, item: Item, found: Any, settings: Any) -> Request:
        """The write."""
        return change("POST", "/deductions", dict(item.content), idempotency_key=item.key)

    def receipt(self, item: Item, response: Any) -> Receipt:
        """Its id."""
        return Receipt(response.data["id"])


class Plugin:
    """Brings the vendor."""

    @hookimpl
    def register_connectors(self) -> list[type[Connector]]:
        """Him alone."""
        return [Vendor]


def prepare(folder: Path, size: int) -> None:
    """A hub whose outbox holds a deduction for each call, one a person."""
    store = make_hub(folder, NAME)
    day = date(2026, 12, 15)
    with store.write("acme") as session:
        people = add_people(session, 1 + sum(count for _, count in parts(size)))
        for start in range(0, len(people), PART):
            keys = [f"deduction.set/{one}/MEDPPO" for one in people[start : start + PART]]
            ids = dispatch.prepare_all(session, [
                dispatch.freeze_item(NAME, Item("deduction.set", key, CONTENT), Guard.IDEMPOTENCY_KEY, 5000, "USD")
                for key in keys
            ])  # fmt: skip
            obligations.want(session, [
                obligations.Wanted("deduction.set", key, NAME, "2026-12", day, day, CONTENT, key.split("/")[1])
                for key in keys
            ])  # fmt: skip
            obligations.carry(session, {session.id("obl", key): one for key, one in zip(keys, ids, strict=True)}, "")
    store.close()


def parts(size: int) -> list[tuple[int, int]]:
    """Calls at once, and how many calls in all: one call after the other takes too long for all of them."""
    return [(1, size // 50), (8, size // 5), (64, size)]


def ours(folder: Path, size: int) -> Iterator[Any]:
    """The sender."""
    manager = pluggy.PluginManager("benehub")
    manager.add_hookspecs(hookspecs)
    manager.register(Plugin())
    store = open_hub(folder)
    hub, told = Hub(store, manager), []
    steps: Any = DirectSteps()
    with store.read("acme") as session:
        ids = [row.dispatch_id for row in session.rows(outbox.select().order_by(outbox.c.seq))]
    with served(DELAY_SECONDS) as base:
        Vendor.base, first, ids = base, ids[:1], ids[1:]
        send(hub, steps, "acme", NAME, first)  # what is loaded at the first use is no part of it
        for Vendor.concurrency, count in parts(size):
            yield
            part, ids = ids[:count], ids[count:]
            told.append(send(hub, steps, "acme", NAME, part)["sent"])
        yield told
    store.close()


def calls(folder: Path, size: int) -> Iterator[Any]:
    """Our client alone."""
    with served(DELAY_SECONDS) as base, VendorClient(base) as client:

        def call(number: int) -> Any:
            return client.send(change("POST", "/deductions", CONTENT, idempotency_key=str(number))).data["id"]

        yield from _all(size, call)


def httpx(folder: Path, size: int) -> Iterator[Any]:
    """Bare httpx; a client for each call under way, since a pool that many share costs more than the calls."""
    from httpx import Client

    free: queue.LifoQueue[Any] = queue.LifoQueue()
    with served(DELAY_SECONDS) as base:

        def call(number: int) -> Any:
            try:
                client = free.get_nowait()
            except queue.Empty:
                client = Client(
                    base_url=base, headers={"content-type": "application/json"}, timeout=30, verify=tls_context()
                )
            try:
                return client.post("/deductions", content=BODY, headers={"Idempotency-Key": str(number)}).json()["id"]
            finally:
                free.put(client)

        yield from _all(size, call)


def _all(size: int, call: Callable[[int], Any]) -> Iterator[Any]:
    told = []
    call(0)
    for at_once, count in parts(size):
        with ThreadPoolExecutor(at_once) as pool:
            yield
            told.append(len(list(pool.map(call, range(count)))))
    yield told
