"""A hub of three employees and a vendor that keeps its state in files, so that both outlive a kill.

Run as a program it sets the hub up and starts one flow, killing itself (SIGKILL) at the point it is given.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import pluggy
from pydantic import BaseModel
from sqlalchemy import select

from benehub import hookspecs, intake
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Connector, FileOut, Incoming, Kind, Page, Receipt
from benehub.connect.content import Content
from benehub.connect.files import FolderMailbox
from benehub.connect.http import VendorClient
from benehub.connect.messages import Request, change, path, read
from benehub.connect.testing import WireRequest, WireResponse, transport
from benehub.crypto import Vault
from benehub.flows import Hub, bind, deadlines, deductions, notifying, send, sync
from benehub.flows.onboarding import connect, load_plan_book
from benehub.hookspecs import hookimpl
from benehub.intake import staging
from benehub.records.notices import AlarmNotice, NotifierTerms
from benehub.rules import registry
from benehub.store import open_store
from benehub.store.tables import explanation
from benehub.views.why.explanations import reproduced

BOOK = """
employer: {id: acme, name: Acme}
roles: {hris: hris, payroll: payroll}
pay_groups:
  monthly: {frequency: monthly, days: [15]}
plans:
  - id: ppo
    name: PPO
    benefit_type: medical
    carrier: carrier
    effective_from: 2026-01-01
    rates:
      - from: 2026-01-01
        tiers: {EE: 500.00, ES: 900.00, EC: 800.00, FAM: 1200.00}
    employer_contribution: {scheme: percent_of_tier, percent: 80%}
    deduction: {code: MED, tax_class: pretax, method: per_month, per_month: 1}
carriers:
  carrier: {pay_policy: pay_as_enrolled}
"""
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
LONGEST_CALL = 1.0
"""So long is waited for a call that a dead sender may have under way; a call itself may last as long as any."""
PUSH = ("deductions.push", "push", "payroll", "monthly", "2026-10-15")
ENROLL = ("enrollments.send", "enroll", "carrier", "2026-10-01")
MANY = 7
"""Rows of the sync that is killed between chunks of two."""


def kill() -> None:
    """What a power cut does."""
    os.kill(os.getpid(), signal.SIGKILL)


class VendorSettings(BaseModel):
    """Where the vendor keeps its state, and what its words mean."""

    folder: str
    codes: dict[str, str] = {}


class Vendor:
    """The vendor's side: what it holds, every effect it ever had, and a script of what goes wrong."""

    crash: ClassVar[str] = ""
    crash_at: ClassVar[int] = 2
    script: ClassVar[list[str]] = []
    writes: ClassVar[int] = 0

    def __init__(self, folder: str) -> None:
        self.root = Path(folder)
        self.root.mkdir(parents=True, exist_ok=True)

    def state(self) -> dict[str, Any]:
        """Business key -> what it holds; and the idempotency keys it has seen."""
        file = self.root / "state.json"
        return json.loads(file.read_text()) if file.exists() else {"held": {}, "keys": []}

    def effects(self) -> list[str]:
        """Every effect in order."""
        file = self.root / "effects"
        return file.read_text().split() if file.exists() else []

    def answer(self, request: WireRequest) -> WireResponse:
        """GET gives what is held, POST adds an effect; a repeated idempotency key adds none."""
        if request.method == "GET":
            return self._said(200, self.state()["held"].get(request.path, {}))
        Vendor.writes += 1
        fault = Vendor.script.pop(0) if Vendor.script else ""
        if fault == "429":
            return WireResponse(429, {"retry-after": "1"}, b"{}")
        if fault == "500":
            return self._said(500, {})
        if fault == "400":
            return self._said(400, {"message": "no"})
        self._crash("before_apply")
        state, key = self.state(), request.headers.get("idempotency-key", "")
        if not key or key not in state["keys"]:
            state["held"][request.path] = json.loads(request.body)
            state["keys"].append(key)
            (self.root / "state.json").write_text(json.dumps(state))
            with (self.root / "effects").open("a") as file:
                file.write(request.path + "\n")
        self._crash("after_apply")
        return self._said(500 if fault == "apply_then_500" else 200, {"id": request.path})

    def _crash(self, point: str) -> None:
        if Vendor.crash == point and Vendor.writes == Vendor.crash_at:
            kill()

    @staticmethod
    def _said(status: int, content: Any) -> WireResponse:
        return WireResponse(status, {"content-type": "application/json"}, json.dumps(content).encode())


class Box(FolderMailbox):
    """A folder that may kill the process around a delivery."""

    def put(self, name: str, data: Content) -> None:
        """Deliver."""
        if Vendor.crash == "before_put":
            kill()
        super().put(name, data)
        if Vendor.crash == "after_put":
            kill()


class Brief(VendorClient):
    """A real client of which whoever takes over waits for a short call only."""

    @property
    def longest_exchange(self) -> float:
        """Seconds."""
        return LONGEST_CALL


class FakeConnector(Connector):
    """Reads `ROWS` and writes deductions and change files."""

    kind = Kind.PAYROLL
    Settings: ClassVar[type[BaseModel]] = VendorSettings
    streams: ClassVar[Mapping[str, str]] = dict.fromkeys(("employee", "election", "payroll_person"), "full")
    rows: ClassVar[dict[str, list[Incoming]]] = {}

    def client(self, settings: Any, secret: Mapping[str, str], **wiring: Any) -> VendorClient:
        """A real client on the fake vendor."""
        vendor = Vendor(settings.folder)
        return Brief("https://vendor.example", transport=transport(vendor.answer), sleep=lambda _seconds: None)

    def mailbox(self, settings: Any, secret: Mapping[str, str], **wiring: Any) -> Box:
        """Its folder."""
        box = Path(settings.folder) / "box"
        (box / "out").mkdir(parents=True, exist_ok=True)
        return Box(box)

    def read(self, stream: str, link: Any, cursor: str | None) -> Iterator[Page]:
        """Pages of three rows."""
        rows = self.rows[stream]
        for start in range(0, len(rows), 3):
            part = rows[start : start + 3]
            yield Page(stream, part, repr([row.key for row in part]).encode(), cursor=str(start))

    def lookup(self, item: Any, settings: Any) -> Request | None:
        """Only the vendor with a read-back can be asked."""
        if self.guards["deduction.set"] is not Guard.READ_BACK:
            return None
        return read(path("/d/{key}", key=item.key))

    def request(self, item: Any, found: Any, settings: Any) -> Request | Receipt:
        """The write, unless it is there."""
        if found is not None and found.data == dict(item.content):
            return Receipt("there", changed=False)
        keyed = self.guards["deduction.set"] is Guard.IDEMPOTENCY_KEY
        return change(
            "POST", path("/d/{key}", key=item.key), dict(item.content),
            idempotency_key=item.key if keyed else "",
        )  # fmt: skip

    def receipt(self, item: Any, response: Any) -> Receipt:
        """What it said."""
        return Receipt("done")

    def render(self, operation: str, items: Sequence[Any], envelope: Any, settings: Any) -> FileOut:
        """One line a member."""
        lines = "\n".join(item.content["member_id"] for item in items)
        return FileOut(f"out/{envelope.control}.txt", lines.encode(), "834")


class ReadBack(FakeConnector):
    """Can be asked what it holds."""

    name = "read_back"
    guards: ClassVar[Mapping[str, Guard]] = {"deduction.set": Guard.READ_BACK}


class Blind(FakeConnector):
    """Nothing tells whether a write arrived."""

    name = "none"
    guards: ClassVar[Mapping[str, Guard]] = {"deduction.set": Guard.NONE}


class Keyed(FakeConnector):
    """Knows a repeated write by its key."""

    name = "idempotency_key"
    guards: ClassVar[Mapping[str, Guard]] = {"deduction.set": Guard.IDEMPOTENCY_KEY}


class Fakes:
    """The plugin that brings them."""

    @hookimpl
    def register_connectors(self) -> Sequence[type[Connector]]:
        """All three."""
        return (ReadBack, Blind, Keyed)


def person(number: int, **changed: Any) -> Incoming:
    """An employee's row."""
    data = {
        "employee_number": str(1000 + number), "first_name": "Ann", "last_name": f"Alder {number}",
        "birth_date": "1990-01-01", "ssn": f"90011{number:04d}", "hire_date": "2024-01-01",
        "pay_group": "monthly", "sex": "F",
    }  # fmt: skip
    return Incoming(f"h{number}", {**data, **changed}, row=number)


def election(number: int, tier: str = "EE") -> Incoming:
    """An election's row."""
    data = {"employee": str(1000 + number), "plan": "ppo", "effective_from": "2026-01-01", "tier": tier}
    return Incoming(f"e{number}", data, row=number)


def feed(people: int = 3) -> None:
    """What the vendors tell at the next read."""
    numbers = range(1, people + 1)
    FakeConnector.rows = {
        "employee": [person(number) for number in numbers],
        "election": [election(number) for number in numbers],
        "payroll_person": [
            Incoming(f"p{number}", {"employee_number": str(1000 + number)}, row=number) for number in numbers
        ],
    }


def open_hub(url: str, *plugins: Any) -> Hub:
    """The hub on a database, started: work that was pending goes on."""
    hub = bind(make_hub(url, *plugins))
    hub.engine.start()
    return hub


def make_hub(url: str, *plugins: Any) -> Hub:
    """The hub on a database, without its engine."""
    manager = pluggy.PluginManager("benehub")
    manager.add_hookspecs(hookspecs)
    for plugin in (Fakes(), *plugins):
        manager.register(plugin)
    store = open_store(url, Vault({"k1": b"k" * 32}), lambda: NOW)
    store.migrate()
    return Hub(store, manager)


def not_reproduced(hub: Hub) -> list[tuple[str, str]]:
    """Rule and answer of every explanation kept that today's code, asked again, does not give as it was kept.

    Reasons alone, which no rule can be asked for again, are left out.
    """
    registry.load_plugin_rules(hub.plugins)
    with hub.store.read("acme") as session:
        rows = session.rows(select(explanation))
    told = [(row.rule, reproduced(row.rule, row.rule_version, row.content)) for row in rows]
    return [one for one in told if not one[1].startswith(("today's code gives", "cannot"))]


def set_up(hub: Hub, folder: Path, guard: str, mode: str = "live") -> None:
    """Employer, connections, people and their decided cover."""
    Vendor.crash, Vendor.script, Vendor.writes, Vendor.crash_at = "", [], 0, 2
    load_plan_book(hub, BOOK, "book")
    one = {"connector": guard, "settings": {"folder": str(folder)}}
    connect(hub, "acme", {"hris": one, "payroll": one | {"mode": mode}, "carrier": one})
    feed()
    for connection, stream in (("hris", "employee"), ("hris", "election"), ("payroll", "payroll_person")):
        hub.start_flow("sync", "acme", f"{connection}/{stream}", connection, stream, "1", False)
    hub.start_flow("coverage", "acme", "1", "2026-10-01")


def run(hub: Hub, flow: tuple[str, ...], key: str = "") -> Any:
    """Start a flow by its words: name, key, arguments."""
    return hub.start_flow(flow[0], "acme", key or flow[1], *flow[2:])


def sync_many(hub: Hub) -> Any:
    """The read that is killed: new people behind the known ones."""
    feed(3 + MANY)
    return hub.start_flow("sync", "acme", "many", "hris", "employee", "many", False)


def _dying(function: Callable[..., Any], at: int, after: bool = False) -> Callable[..., Any]:
    calls = 0

    def dying(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at and not after:
            kill()
        result = function(*args, **kwargs)
        if calls == at:
            kill()
        return result

    return dying


POINTS: dict[str, tuple[Any, str, int, bool]] = {
    "prepared": (deductions, "freeze_orders", 1, True),
    "before_send": (send, "_claim", 2, False),
    "claimed": (send, "_call", 2, False),
    "noted": (deductions, "note_held", 1, False),
    "between_pages": (intake, "stage", 3, False),
    "between_chunks": (intake, "apply_chunk", 3, False),
    "chunk_applied": (intake, "finish", 1, False),
    "some_raised": (deadlines, "_raise_owed", 1, True),
    "unqueued": (notifying, "queue", 1, False),
    "raised": (deadlines, "raise_alarms", 1, True),
    "told": (notifying, "_call", 1, True),
    "told_noted": (notifying, "_note", 1, True),
}
"""Crash point -> the function killed at its n-th call, before it or after it has committed."""


WATCHED = """
deadlines:
  notify:
    pager: {kind: pager}
    finance: {kind: pager, level: late}
"""


class Pager:
    """A notifier's plugin that outlives its process: it keeps the reference of all it is told in a file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "told"

    @hookimpl
    def notify(self, notice: AlarmNotice, notifier: NotifierTerms) -> str | None:
        """Keep it."""
        assert notifier.kind == "pager"
        with self.file.open("a") as file:
            file.write(f"{notice.reference} {sum(one.count for one in notice.lines)}\n")
        return "told"

    def told(self) -> list[str]:
        """What it was told, in order."""
        return self.file.read_text().splitlines() if self.file.exists() else []


def main(url: str, folder: str, guard: str, flow: str, crash: str) -> None:
    """Set up, then run into the crash."""
    hub = open_hub(url)
    set_up(hub, Path(folder), guard)
    Vendor.crash = crash
    if crash in POINTS:
        room, name, at, after = POINTS[crash]
        mock.patch.object(room, name, _dying(getattr(room, name), at, after)).start()
    if crash == "before_send":
        send.WINDOW = 1
    if flow == "deadlines.check":
        load_plan_book(hub, BOOK + WATCHED, "book")
        hub.plugins.register(Pager(Path(folder)))
        hub.start_flow(flow, "acme", "killed")
    elif flow == "sync":
        staging.CHUNK = 2
        sync.STAGED = 1  # each page by itself
        sync_many(hub)
    else:
        run(hub, PUSH if flow == "push" else ENROLL)


if __name__ == "__main__":
    main(*sys.argv[1:])
