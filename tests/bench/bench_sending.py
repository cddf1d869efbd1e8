"""Pushes to a vendor who takes 50 ms for each, with 1, 8 and 64 calls under way: what sending costs, and how long.

Ours is the whole sender, from the outbox of a hub's database to the receipts in it. Beside it stand our client alone
(`calls`: the rest is what the outbox costs), and bare httpx with a client of its own for each thread.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence
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


class Straight:
    """Runs steps as they come: what the job engine adds is told by the cases of jobs."""

    def step(self, _name: str, function: Callable[..., Any], *words: Any) -> Any:
        """Now."""
        return function(*words)


def prepare(folder: Path, size: int) -> None:
    """A hub whose outbox holds `size` deductions, one a person."""
    store = make_hub(folder, NAME)
    day = date(2026, 12, 15)
    with store.write("acme") as session:
        people = add_people(session, size)
        for start in range(0, size, PART):
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


def ours(folder: Path, size: int, at_once: int) -> Iterator[Any]:
    """The sender."""
    manager = pluggy.PluginManager("benehub")
    manager.add_hookspecs(hookspecs)
    manager.register(Plugin())
    store = open_hub(folder)
    hub = Hub(store, manager)
    with store.read("acme") as session:
        ids = [row.dispatch_id for row in session.rows(outbox.select().order_by(outbox.c.seq))]
    with served(DELAY_SECONDS) as base:
        Vendor.base, Vendor.concurrency = base, at_once
        steps: Any = Straight()
        yield
        told = send(hub, steps, "acme", NAME, ids)
        yield [told["sent"]]
    store.close()


def calls(size: int, at_once: int) -> Iterator[Any]:
    """Our client alone."""
    with served(DELAY_SECONDS) as base, VendorClient(base) as client:
        yield from _all(
            size, at_once,
            lambda n: client.send(change("POST", "/deductions", CONTENT, idempotency_key=str(n))).data["id"],
        )  # fmt: skip


def httpx(size: int, at_once: int) -> Iterator[Any]:
    """Bare httpx; a client for each thread, since a pool that many share costs more than the calls."""
    from httpx import Client

    with served(DELAY_SECONDS) as base:
        headers = {"content-type": "application/json"}
        free: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(at_once):
            free.put(Client(base_url=base, headers=headers, timeout=30, verify=tls_context()))

        def call(n: int) -> Any:
            client = free.get()
            try:
                return client.post("/deductions", content=BODY, headers={"Idempotency-Key": str(n)}).json()["id"]
            finally:
                free.put(client)

        yield from _all(size, at_once, call)


def _all(size: int, at_once: int, call: Callable[[int], Any]) -> Iterator[Any]:
    with ThreadPoolExecutor(at_once) as pool:
        yield
        told: Sequence[Any] = list(pool.map(call, range(size)))
        yield [len(told)]


def __getattr__(name: str) -> Any:
    """`many8_ours` and the like: a side with so many calls at once."""
    if not name.startswith("many"):
        raise AttributeError(name)
    at_once, _, side = name.removeprefix("many").partition("_")
    if side == "prepare":
        return prepare
    if side == "ours":
        return lambda folder, size: ours(folder, size, int(at_once))
    return lambda folder, size: {"calls": calls, "httpx": httpx}[side](size, int(at_once))
