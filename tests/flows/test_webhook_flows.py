"""Webhooks worked off: what they point at is read from the vendor, once, in whatever order they came."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from benehub import facts, plugins
from benehub.connect.webhooks import Hint, sign
from benehub.connections import doors
from benehub.crypto import Vault
from benehub.errors import ConfigError, DataError, GuardTripped
from benehub.flows import Hub, bind, webhooks
from benehub.flows.onboarding import connect, load_plan_book
from benehub.flows.webhooks import MAX_TRIES, Answer
from benehub.intake import deliveries
from benehub.sandbox.faults import FaultKind
from benehub.sandbox.http import as_transport
from benehub.store import open_store
from benehub.store.tables import connection, intake_batch, webhook_delivery
from benehub_connectors.bamboohr import BambooConnector
from benehub_connectors.bamboohr.hooks import SCHEME
from benehub_connectors.bamboohr.simulator import BambooSimulator
from benehub_connectors.gusto import GustoConnector
from benehub_connectors.gusto.application import verification_token
from benehub_connectors.gusto.simulator import GustoSimulator
from benehub_connectors.rippling import RipplingConnector
from benehub_connectors.rippling.simulator import RipplingSimulator

MORNING = datetime(2026, 10, 1, 6, tzinfo=UTC)
KEY = "bamboo-private-key"


class Post:
    """An employer with an HRIS and two payrolls that call, each behind an open door where it is asked for."""

    def __init__(self, url: str, book: str) -> None:
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)
        self.hris = BambooSimulator()
        self.gusto = GustoSimulator(today=date(2026, 11, 20))
        self.rippling = RipplingSimulator()
        sides = {"hris": self.hris, "gusto": self.gusto, "rippling": self.rippling}

        def wiring(_employer: str, name: str) -> dict[str, Any]:
            if name not in sides:
                return {}
            more = {} if name == "hris" else {"wall_clock": lambda: self.now}
            return {"transport": as_transport(sides[name]), "sleep": lambda _seconds: None, **more}

        self.store = open_store(url, Vault({"k1": b"k" * 32}), lambda: self.now)
        self.store.migrate()
        self.hub = bind(Hub(self.store, plugins.build(load_strangers=False), wiring))
        self.hub.engine.start()
        load_plan_book(self.hub, book, "book")
        self.runs = 0

    def open(self, name: str, connector: str, secret: str = "", **settings: Any) -> None:
        """A connection with an open door."""
        connect(self.hub, "acme", {name: {"connector": connector, "settings": settings}})
        webhooks.open_door(self.hub, "acme", name, secret)

    def bamboo(self) -> None:
        """The HRIS."""
        self.open("hris", "bamboohr", "env:HOOK_KEY", company="acme", api_key="env:HRIS_KEY",
                  base_url="https://acme.bamboohr.com")  # fmt: skip

    def told(self, employee: str, kind: str = "updated") -> Answer:
        """The HRIS calls about somebody."""
        data = {"employeeId": employee, "changedFields": ["lastName"]}
        body = json.dumps({"type": f"employee.{kind}", "timestamp": self.now.isoformat(), "data": data}).encode()
        headers = sign(SCHEME, KEY, body, "", self.now)
        return webhooks.receive(self.hub, "acme", "hris", headers, body)

    def work(self, name: str = "") -> dict[str, int]:
        """Work off what waits."""
        self.runs += 1
        told: dict[str, int] = self.hub.start_flow("webhooks.work", "acme", f"run {self.runs}", name)
        return told

    def names(self) -> set[str]:
        """Last names as now known."""
        with self.store.read("acme") as session:
            return {one.data["last_name"] for one in facts.as_of(session, "employee", self.now.date())}

    def states(self) -> list[tuple[str, int]]:
        """State and tries of each delivery, in their order."""
        query = select(webhook_delivery).order_by(webhook_delivery.c.received_at, webhook_delivery.c.delivery_id)
        with self.store.read("acme") as session:
            return [(row.state, row.tries) for row in session.rows(query)]

    def batches(self) -> list[Any]:
        """Batches in their order; each balances."""
        with self.store.read("acme") as session:
            found = list(session.rows(select(intake_batch).order_by(intake_batch.c.seq)))
        assert all(one.rows == one.applied + one.unchanged + one.quarantined + one.superseded for one in found)
        return found


@pytest.fixture
def post(db_url: str, fakehub: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    monkeypatch.setenv("HRIS_KEY", "bamboo-key")
    monkeypatch.setenv("HOOK_KEY", KEY)
    made = Post(db_url, fakehub.BOOK)
    yield made
    made.hub.engine.stop()
    made.store.close()


def test_the_person_named_is_read_and_nobody_else(post: Post) -> None:
    post.bamboo()
    for number in ("1", "2", "3"):
        post.hris.add_person(number, MORNING, payGroup="monthly", lastName=f"Name{number}")
    assert post.told("2") is Answer.TAKEN
    counts = post.work()
    assert (counts["worked"], counts["waiting"], counts["failed"]) == (1, 0, 0)
    assert post.names() == {"Name2"}
    read = next(one for one in post.batches() if one.stream == "employee")
    assert (read.rows, read.applied, read.full_read, read.cursor) == (1, 1, 0, None)


def test_the_body_is_never_a_fact(post: Post) -> None:
    post.bamboo()
    post.hris.add_person("1", MORNING, payGroup="monthly", lastName="Alder")
    body = json.dumps({"employees": [{"id": "1", "action": "Updated", "fields": {"Last Name": "Forged"}}]}).encode()
    headers = sign(SCHEME, KEY, body, "", post.now)
    webhooks.receive(post.hub, "acme", "hris", headers, body)
    post.work()
    assert post.names() == {"Alder"}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 0, 2, 1, 2)], ids=["in order", "reversed", "doubled"])
def test_order_and_number_do_not_show(post: Post, order: tuple[int, ...]) -> None:
    post.bamboo()
    for number in ("1", "2", "3"):
        post.hris.add_person(number, MORNING, payGroup="monthly", lastName=f"Name{number}")
    for at in order:
        post.told(str(at + 1))
    counts = post.work()
    assert (counts["worked"], post.names()) == (3, {"Name1", "Name2", "Name3"})
    assert sum(one.applied for one in post.batches() if one.stream == "employee") == 3
    for at in order:
        post.told(str(at + 1))  # no id of the vendor's: the same words are news once they have been worked off
    assert post.work()["applied"] == 0


def test_somebody_deleted_is_told_by_the_list_of_changes(post: Post) -> None:
    post.bamboo()
    post.hris.add_person("1", MORNING, payGroup="monthly")
    post.told("1", "created")
    post.work()
    asked = len(post.hris.calls("GET", "/api/v1/employees/changed"))
    post.told("1", "deleted")
    post.work()
    assert len(post.hris.calls("GET", "/api/v1/employees/changed")) > asked


def test_a_vendor_that_is_away_keeps_them_waiting_then_they_fail_and_replay(post: Post) -> None:
    post.bamboo()
    post.hris.add_person("1", MORNING, payGroup="monthly", lastName="Alder")
    post.told("1")
    post.hris.faults.add(FaultKind.UNAVAILABLE, times=10_000)
    for tries in range(1, MAX_TRIES):
        assert post.work()["waiting"] == 1
        assert post.states() == [("waiting", tries)]
    assert post.work()["failed"] == 1
    assert post.work()["worked"] == 0
    post.hris.faults.clear()
    assert webhooks.replay(post.hub, "acme", "", "hris", "2026-11-20", "failed") == 1
    assert (post.work()["worked"], post.names()) == (1, {"Alder"})


def test_only_what_came_within_the_days_is_worked_off_anew(post: Post) -> None:
    post.bamboo()
    post.hris.add_person("1", MORNING, payGroup="monthly", lastName="Alder")
    post.told("1")
    post.work()
    today = post.now.date().isoformat()
    assert webhooks.replay(post.hub, "acme", "", "hris", "", "", today) == 0
    with pytest.raises(DataError, match="after the begin"):
        webhooks.replay(post.hub, "acme", "", "hris", today, "", today)
    tomorrow = (post.now + timedelta(days=1)).date().isoformat()
    assert webhooks.replay(post.hub, "acme", "", "hris", today, "", tomorrow) == 1


def test_refused_credentials_wait_for_a_person_however_long(post: Post) -> None:
    post.bamboo()
    post.told("1")
    post.hris.faults.add(FaultKind.UNAUTHORIZED, times=10_000)
    for _ in range(MAX_TRIES + 2):
        post.work()
    assert post.states()[0][0] == "waiting"


def test_a_guard_that_holds_what_was_kept_before_keeps_the_call_waiting(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.bamboo()
    post.hris.add_person("1", MORNING, payGroup="monthly", lastName="Alder")
    post.told("1")

    def held(*_given: Any) -> Any:
        raise GuardTripped("what an earlier read has kept is held")

    with monkeypatch.context() as patch:
        patch.setattr(webhooks, "read", held)
        told = post.work()
    assert (told["worked"], told["waiting"], post.states()) == (0, 1, [("waiting", 1)])
    assert (post.work()["worked"], post.names()) == (1, {"Alder"})


def test_replay_reads_again_even_at_the_same_moment(post: Post) -> None:
    post.bamboo()
    post.hris.add_person("1", MORNING, payGroup="monthly", lastName="Alder")
    post.told("1")
    post.work()
    post.hris.add_person("1", post.now, payGroup="monthly", lastName="Birch")
    with post.store.read("acme") as session:
        (row,) = session.rows(select(webhook_delivery))
    assert webhooks.replay(post.hub, "acme", row.delivery_id, "", "", "") == 1
    post.work()
    assert post.names() == {"Birch"}
    with pytest.raises(DataError, match="no webhook delivery"):
        webhooks.replay(post.hub, "acme", "whd_none", "", "", "")


def test_a_paused_connection_is_left_alone_and_others_go_on(post: Post) -> None:
    post.bamboo()
    post.told("1")
    with post.store.read("acme") as session:
        settings = next(row.settings for row in session.rows(select(connection)))
    connect(post.hub, "acme", {"hris": {"connector": "bamboohr", "settings": settings, "mode": "paused"}})
    assert post.work() | {"forgotten": 0} == dict.fromkeys(post.work(), 0)
    assert post.states() == [("waiting", 0)]


def test_what_is_old_and_done_is_forgotten_and_what_waits_is_not(post: Post) -> None:
    post.bamboo()
    post.hris.add_person("1", MORNING, payGroup="monthly")
    post.told("1")
    post.work()
    post.now += timedelta(days=deliveries.KEPT_DAYS - 1)
    assert post.work()["forgotten"] == 0
    post.told("2")
    post.now += timedelta(days=2)
    assert post.work()["forgotten"] == 1
    assert len(post.states()) == 1


def test_a_step_that_runs_twice_has_one_batch(post: Post) -> None:
    post.bamboo()
    post.hris.add_person("1", MORNING, payGroup="monthly")
    post.told("1")
    at, due = webhooks._due(post.hub, "acme", "")
    for _ in range(2):
        webhooks._work(post.hub, "acme", "hris", due["hris"], at)
    assert len([one for one in post.batches() if one.stream == "employee"]) == 1


def test_an_unsigned_call_costs_a_read_and_proves_nothing(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIPPLING_KEY", "api-key-1")
    post.open("rippling", "rippling", api_key="env:RIPPLING_KEY")
    answer = webhooks.receive(post.hub, "acme", "rippling", {}, b"event_name=employee.updated&id=e1")
    assert answer is Answer.TAKEN
    with post.store.read("acme") as session:
        (row,) = session.rows(select(webhook_delivery))
    assert row.signed == 0
    post.work()
    assert post.rippling.log
    assert webhooks.receive(post.hub, "acme", "rippling", {}, b"nonsense") is Answer.TAKEN
    assert post.work()["failed"] == 1


def test_a_body_that_breaks_its_connector_keeps_nobody_waiting(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIPPLING_KEY", "api-key-1")
    post.open("rippling", "rippling", api_key="env:RIPPLING_KEY")
    post.bamboo()
    for body in (b"&".join(b"a=1" for _ in range(60)), b"event_name=employee.updated&id=e1", b"event_name=break.it"):
        assert webhooks.receive(post.hub, "acme", "rippling", {}, body) is Answer.TAKEN
    post.told("e1")
    hints = RipplingConnector.hints

    def broken(self: RipplingConnector, body: bytes) -> Any:
        return {}["key"] if b"break" in body else hints(self, body)

    monkeypatch.setattr(RipplingConnector, "hints", broken)
    told = post.work()
    assert (told["failed"], told["waiting"]) == (2, 2)  # these two are broken, those two their vendors refused


@pytest.mark.parametrize("key", ["\ud800", "a\x00b", "x" * 300])
def test_a_key_that_is_no_id_reads_the_stream(post: Post, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    post.bamboo()
    monkeypatch.setattr(BambooConnector, "hints", lambda _self, _body: [Hint("employee", key)])
    post.told("e1")
    assert post.work()["worked"] == 1
    assert not [one for one in post.hris.log if key in str(one)]


@pytest.fixture
def payroll(post: Post, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[bytes, str], Answer]:
    """Gusto behind a door that waits for its handshake; gives how Gusto calls: a body, and the key it signs with."""
    (tmp_path / "refresh").write_text(post.gusto.refresh_token)
    monkeypatch.setenv("GUSTO_SECRET", post.gusto.client_secret)
    post.gusto.add_schedule("monthly", date(2026, 11, 30), "Monthly")
    post.open("gusto", "gusto", company=post.gusto.company, client_id="benehub", client_secret="env:GUSTO_SECRET",
              refresh_token=f"file:{tmp_path / 'refresh'}")  # fmt: skip

    def call(body: bytes, key: str = "") -> Answer:
        scheme = GustoConnector.webhook
        assert scheme is not None
        return webhooks.receive(post.hub, "acme", "gusto", sign(scheme, key, body, "", post.now) if key else {}, body)

    return call


def test_gustos_handshake_brings_the_key_once_gusto_has_confirmed_it(post: Post, payroll: Any) -> None:
    ada = post.gusto.add_employee("1001", "Ada", "Byron", birth=date(1980, 3, 9), pay_group="monthly",
                                  gross_minor=320_000, hired=date(2020, 1, 6))  # fmt: skip
    event = post.gusto.event(1, "Employee", ada)
    first = post.gusto.subscribe("https://hub.example/hooks/acme/gusto")
    (uuid,) = post.gusto.subscriptions
    assert payroll(event, verification_token(uuid)) is Answer.REFUSED  # there is no key yet
    assert payroll(first) is Answer.TAKEN
    assert post.work()["worked"] == 1
    assert post.gusto.subscriptions[uuid]["status"] == "verified"
    assert payroll(event) is Answer.REFUSED
    assert payroll(event, "another key") is Answer.REFUSED
    assert payroll(event, verification_token(uuid)) is Answer.TAKEN
    assert payroll(event, verification_token(uuid)) is Answer.TAKEN
    counts = post.work()
    assert (counts["worked"], counts["reads"]) == (1, 1)
    assert [call.path for call in post.gusto.calls("GET")] == [f"/v1/employees/{ada}"]
    assert payroll(first) is Answer.REFUSED  # a new handshake is let in only once a person opens the door anew


def test_a_forged_handshake_is_no_key(post: Post, payroll: Any) -> None:
    post.gusto.subscribe("https://hub.example/hooks/acme/gusto")
    (uuid,) = post.gusto.subscriptions
    for token, subscription in (("forged", uuid), ("forged", "none")):
        body = json.dumps({"verification_token": token, "webhook_subscription_uuid": subscription}).encode()
        assert payroll(body) is Answer.TAKEN
    post.work()
    with post.store.read("acme") as session:
        (door,) = doors.doors(session)
        assert doors.key_of(session, door) == ""
    assert payroll(post.gusto.event(1, "Payroll", "p1"), "forged") is Answer.REFUSED


def _handshake(post: Post) -> str:
    with post.store.read("acme") as session:
        (row,) = session.rows(select(webhook_delivery).where(webhook_delivery.c.kind == "handshake"))
    return str(row.delivery_id)


def _key(post: Post) -> str:
    with post.store.read("acme") as session:
        (door,) = doors.doors(session)
        return doors.key_of(session, door)


def test_a_handshake_of_old_is_not_sent_again_and_overrides_no_key(
    post: Post, payroll: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert payroll(post.gusto.subscribe("https://hub.example/hooks/acme/gusto")) is Answer.TAKEN
    post.work()
    monkeypatch.setenv("GUSTO_HOOK", "a newer key")
    webhooks.open_door(post.hub, "acme", "gusto", "env:GUSTO_HOOK")
    assert webhooks.replay(post.hub, "acme", "", "gusto", "", "") == 0
    with pytest.raises(DataError, match="its door has a key"):
        webhooks.replay(post.hub, "acme", _handshake(post), "", "", "")
    post.work()
    assert (len(post.gusto.calls("PUT")), _key(post)) == (1, "a newer key")


def test_a_handshake_that_failed_is_worked_off_anew_while_there_is_no_key(post: Post, payroll: Any) -> None:
    assert payroll(post.gusto.subscribe("https://hub.example/hooks/acme/gusto")) is Answer.TAKEN
    post.gusto.faults.add(FaultKind.UNAVAILABLE, times=10_000)
    for _ in range(MAX_TRIES):
        post.work()
    post.gusto.faults.clear()
    assert webhooks.replay(post.hub, "acme", "", "gusto", "", "failed") == 0
    assert webhooks.replay(post.hub, "acme", _handshake(post), "", "", "") == 1
    assert post.work()["worked"] == 1
    (uuid,) = post.gusto.subscriptions
    assert _key(post) == verification_token(uuid)


@pytest.mark.parametrize("named", ["before", "meanwhile"])
def test_a_handshake_that_waited_does_not_override_what_a_person_has_named(
    post: Post, payroll: Any, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("GUSTO_HOOK", "a newer key")
    assert payroll(post.gusto.subscribe("https://hub.example/hooks/acme/gusto")) is Answer.TAKEN

    def name_it(*_: Any) -> None:
        webhooks.open_door(post.hub, "acme", "gusto", "env:GUSTO_HOOK")

    if named == "before":
        name_it()
    else:
        monkeypatch.setattr(webhooks._Worker, "_confirm", name_it)
    post.work()
    assert (len(post.gusto.calls("PUT")), _key(post)) == (0, "a newer key")
    assert post.states() == [("failed", 1)], "that its key was not kept is told"


def test_handshakes_are_few(post: Post, payroll: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "MAX_HANDSHAKES", 2)
    bodies = [json.dumps({"verification_token": f"t{n}", "webhook_subscription_uuid": "u"}).encode() for n in range(3)]
    assert [payroll(body) for body in bodies] == [Answer.TAKEN, Answer.TAKEN, Answer.FULL]


def test_a_door_is_opened_with_what_its_vendor_needs(post: Post) -> None:
    post.bamboo()
    for name, secret, why in (
        ("hris", "", "needs a secret"),
        ("hris", "env:NOBODY", "is empty or missing"),
        ("hris", KEY, "plain text"),
        ("nobody", "", "no connection"),
    ):
        with pytest.raises(ConfigError, match=why):
            webhooks.open_door(post.hub, "acme", name, secret)
    connect(post.hub, "acme", {"idp": {"connector": "scim_inbound", "settings": {"token": "env:HOOK_KEY"}}})
    with pytest.raises(ConfigError, match="sends no webhooks"):
        webhooks.open_door(post.hub, "acme", "idp", "")
    post.told("1")
    assert webhooks.close_door(post.hub, "acme", "hris") == 1
    assert post.told("1") is Answer.UNKNOWN
