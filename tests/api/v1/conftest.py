"""An employer with a little of everything, and callers of its API; made once, copied for every test."""

from __future__ import annotations

import importlib.util
import itertools
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from benehub import hookspecs, reconcile
from benehub.access import Caller, Role
from benehub.api.app import create_app
from benehub.api.v1.limits import Limits
from benehub.connect.connector import Connector
from benehub.connect.limits import NO_WAIT, Slots, Waited
from benehub.flows import Hub, bind
from benehub.flows.onboarding import load_plan_book
from benehub.identity import strangers, suggestions
from benehub.identity.matching import Guess, Told
from benehub.reconcile import Finding, Relation, Type, fixes
from benehub.reconcile.fixes import Proposal
from benehub.store.tables import difference, dispatch, person
from benehub_connectors.files import FilesConnector

ACME = "/api/v1/employers/acme"
OWNER = Caller("usr_owner", "Ann", everywhere=frozenset({Role.OWNER}))


def ticking(start: datetime) -> Callable[[], datetime]:
    """A clock that goes on by a millisecond whenever it is looked at: no two things happen at once."""
    looked = itertools.count()
    return lambda: start + timedelta(milliseconds=next(looked))


def start_clock(hub: Hub, start: datetime) -> None:
    """Let the hub's clock tick from a moment on."""
    object.__setattr__(hub.store, "clock", ticking(start))


class Tables:
    """Brings the connector by which tables are imported by hand."""

    @hookspecs.hookimpl
    def register_connectors(self) -> list[type[Connector]]:
        """It alone."""
        return [FilesConnector]


def reads_tables(hub: Hub) -> None:
    """Let the hub know that connector, beside the pretended ones."""
    hub.plugins.register(Tables())
    vars(hub).pop("connectors", None)


class Boundless:
    """Keeps windows that are never used up."""

    def reserve(
        self,
        name: str,
        allowed: int,
        hold_seconds: float,
        wanted: int,
        back: tuple[int, int] | None,
        waited: Waited = NO_WAIT,
    ) -> Slots:
        """All that is wanted."""
        return Slots(wanted)

    def hold(self, name: str, seconds: float) -> None:
        """Nothing is held."""

    def held_for(self, name: str) -> float:
        """Nothing is."""
        return 0.0


class Api:
    """A hub, and callers of its API."""

    def __init__(self, hub: Hub, token: str = "") -> None:
        self.hub = hub
        self.caller: Caller | None = OWNER
        self.token = token
        self.app = create_app(hub, self.resolve)
        self.client = TestClient(self.app, raise_server_exceptions=False)
        self.app.state.limits = Limits(Boundless())
        self.number = 0

    def resolve(self, request: Request) -> Caller | None:
        """The caller, where he shows the token."""
        shown = request.headers.get("authorization", "")
        return self.caller if not self.token or shown == f"Bearer {self.token}" else None

    def get(self, path: str, status: int = 200, **params: Any) -> Any:
        """What an address of the employer answers."""
        found = self.client.get(f"{ACME}{path}", params=params)
        assert found.status_code == status, found.text
        return found.json()

    def all(self, path: str, limit: int = 1, **params: Any) -> list[Any]:
        """Every item of a list, page by page."""
        items: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            page = self.get(path, limit=limit, cursor=cursor, **params)
            assert len(page["items"]) <= limit
            items, cursor = [*items, *page["items"]], page["next"]
        return items

    def send(
        self, path: str, body: Any = None, status: int = 200, key: str = "", etag: str = "", method: str = "POST"
    ) -> Any:
        """A write; its answer as it came."""
        self.number += 1
        headers = {"idempotency-key": key or f"key-{self.number}"} | ({"if-match": etag} if etag else {})
        found = self.client.request(method, f"{ACME}{path}", json=body, headers=headers)
        assert found.status_code == status, found.text
        return found

    def etag(self, path: str) -> str:
        """The version of a thing."""
        return str(self.client.get(f"{ACME}{path}").headers["etag"])

    def act_as(self, *roles: Role, user: str = "usr_1", employer: str = "acme") -> None:
        """Whoever calls from now on has these roles with one employer."""
        self.caller = Caller(user, "Ben", roles={employer: frozenset(roles)})


@pytest.fixture(scope="session")
def fakes() -> ModuleType:
    """The fake vendor of the flows' tests."""
    path = Path(__file__).parents[2] / "flows" / "fakehub.py"
    spec = importlib.util.spec_from_file_location("api_fakehub", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def furnish(hub: Hub, folder: Path, fakes: ModuleType) -> None:
    """A month's work, and what does not agree in it."""
    fakes.set_up(hub, folder, "read_back")
    load_plan_book(hub, fakes.BOOK.replace("acme, name: Acme", "other, name: Other"), "book")
    for flow, *arguments in (
        ("premiums.accrue", "2026-10"),
        ("deductions.expect", "2026-10"),
        ("deductions.push", "payroll", "monthly", "2026-10-15"),
        ("enrollments.send", "carrier", "2026-10-01"),
    ):
        hub.start_flow(flow, "acme", "1", *arguments)
    with hub.store.write("acme") as session:
        ids = [row.person_id for row in session.rows(select(person).order_by(person.c.member_id))]
        findings = [
            Finding(Relation.LEAVE, kind, "2026-10", f"r{number}", "payroll", "payroll", "cause", "action",
                    person_id=ids[0], plan="ppo", expected=1000 * number, actual=0)
            for number, kind in enumerate((Type.PAYOUT_DIFF, Type.BALANCE_DIFF, Type.PAID_TWICE), 1)
        ]  # fmt: skip
        reconcile.settle(session, Relation.LEAVE, "2026-10", findings, date(2026, 10, 2))
        reconcile.suppress(session, "premium", "RATE_DIFF", None, 2, session.today() + timedelta(30), "ann", "cents")
        dropped = Finding(Relation.PREMIUM, Type.MEMBER_DROPPED, "2026-10", "dropped", "carrier", "carrier", "cause",
                          "action", person_id=ids[1], plan="ppo", expected=500_00, actual=0)  # fmt: skip
        reconcile.settle(session, Relation.PREMIUM, "2026-10", [dropped], date(2026, 10, 2))
        row = session.rows(select(difference).where(*session.where(difference, type="MEMBER_DROPPED")))[0]
        made = Proposal(row.difference_id, "enrollment_correction", "carrier", {"n": 1}, "what would leave", 500_00,
                        "USD", ids[1])  # fmt: skip
        fixes.propose(session, made, "ann", "they lost him")
        for number in ("9001", "9002"):
            strangers.note(session, "payroll", number, "payroll_person", Told(first_name="Ann", last_name="Person1"))
        suggestions.replace(session, "payroll", [Guess("9001", ids[0], 55, ("last name",))])
        # One that stopped half-way, for a person to settle.
        first = session.rows(select(dispatch.c.dispatch_id).order_by(dispatch.c.dispatch_id))[0]
        session.connection.execute(
            update(dispatch).where(dispatch.c.dispatch_id == first.dispatch_id).values(state="held", reason="unknown")
        )


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, fakes: ModuleType) -> Path:
    """The furnished database, closed."""
    folder = tmp_path_factory.mktemp("api")
    hub = fakes.open_hub(f"sqlite:///{folder / 'hub.db'}")
    furnish(hub, folder / "vendor", fakes)
    hub.engine.stop()
    hub.store.close()
    return folder


@pytest.fixture
def make_api(template: Path, tmp_path: Path, fakes: ModuleType) -> Iterator[Callable[..., Api]]:
    """make_api(engine=False): callers of a copy of it."""
    made: list[Hub] = []

    def make(engine: bool = False) -> Api:
        shutil.copy(template / "hub.db", tmp_path / "hub.db")
        hub = fakes.make_hub(f"sqlite:///{tmp_path / 'hub.db'}")
        made.append(hub)
        start_clock(hub, fakes.NOW + timedelta(days=1))
        if engine:
            bind(hub).engine.start(listen=True)
        return Api(hub)

    yield make
    for hub in made:
        if hasattr(hub, "engine"):
            hub.engine.stop()
        hub.store.close()


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    """Callers of an API whose process has no job engine."""
    return make_api()


@pytest.fixture
def working(make_api: Callable[..., Api]) -> Api:
    """Callers of an API whose process is a worker too."""
    return make_api(engine=True)


@pytest.fixture
def pg_api(fresh_pg_url: str, tmp_path: Path, fakes: ModuleType) -> Iterator[Api]:
    """The same on PostgreSQL, a worker too."""
    hub = fakes.make_hub(fresh_pg_url)
    bind(hub).engine.start(listen=True)
    furnish(hub, tmp_path / "vendor", fakes)
    start_clock(hub, fakes.NOW + timedelta(days=1))
    yield Api(hub)
    hub.engine.stop()
    hub.store.close()


def problem(found: Any, status: int, kind: str) -> Mapping[str, Any]:
    """The problem that an answer is."""
    assert found.status_code == status, found.text
    assert found.headers["content-type"] == "application/problem+json"
    told: Mapping[str, Any] = found.json()
    assert (told["status"], told["kind"], told["type"]) == (status, kind, f"urn:benehub:problem:{kind}")
    assert told["title"] and told["detail"] and told["mend"]
    return told
