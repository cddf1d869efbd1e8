"""The door for webhooks: who is let in, what is kept, and what a caller hears."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

from benehub import hookspecs
from benehub.connect.bases import ApiConnector, Listing
from benehub.connect.connector import Kind
from benehub.connect.webhooks import MAX_BODY, STANDARD, sign
from benehub.flows import webhooks
from benehub.intake import deliveries
from benehub.sandbox.http import as_transport
from benehub.store.tables import webhook_delivery
from benehub.views.webhooks import details, doors, listed
from benehub_connectors.bamboohr.hooks import SCHEME
from benehub_connectors.bamboohr.simulator import BambooSimulator

KEY = "bamboo-private-key"
BODY = json.dumps({"type": "employee.updated", "data": {"employeeId": "1", "changedFields": ["lastName"]}}).encode()


@pytest.fixture
def hris(desk: Any, monkeypatch: pytest.MonkeyPatch) -> BambooSimulator:
    """A BambooHR account behind an open door; the usual caller signs at the desk's time."""
    monkeypatch.setenv("HRIS_KEY", "bamboo-key")
    monkeypatch.setenv("HOOK_KEY", KEY)
    vendor = BambooSimulator()
    desk.wired["hris"] = {"transport": as_transport(vendor), "sleep": lambda _seconds: None}
    desk.connect("hris", "bamboohr", company="acme", api_key="env:HRIS_KEY", base_url="https://acme.bamboohr.com")
    webhooks.open_door(desk.hub, "acme", "hris", "env:HOOK_KEY")
    return vendor


def knock(desk: Any, body: bytes = BODY, at: datetime | None = None, key: str = KEY, name: str = "hris") -> int:
    """A call of the vendor's; gives the status."""
    headers = sign(SCHEME, key, body, "", at or desk.now)
    return int(desk.call().post(f"/hooks/acme/{name}", content=body, headers=headers).status_code)


def kept(desk: Any) -> list[Any]:
    return list(desk.rows(select(webhook_delivery).order_by(webhook_delivery.c.received_at)))


def test_a_signed_call_is_kept_sealed_and_nothing_else_happens(desk: Any, hris: BambooSimulator) -> None:
    assert knock(desk) == 200
    (row,) = kept(desk)
    assert (row.state, row.signed, row.kind) == ("waiting", 1, "event")
    assert b"employeeId" not in row.body_sealed
    assert hris.log == []
    with desk.store.read("acme") as session:
        assert listed(session, "", "waiting", 10)[0]["delivery"] == row.delivery_id
        assert details(session, row.delivery_id, False)["body"] == ""
        assert json.loads(details(session, row.delivery_id, True)["body"]) == json.loads(BODY)


def test_a_repetition_is_counted_and_not_kept_twice(desk: Any, hris: BambooSimulator) -> None:
    assert [knock(desk), knock(desk), knock(desk, BODY.replace(b'"1"', b'"2"'))] == [200, 200, 200]
    assert sorted(row.repeats for row in kept(desk)) == [0, 1]


@pytest.mark.parametrize(
    ("key", "seconds"), [("another-key", 0), (KEY, -301), (KEY, 301)], ids=["another key", "too old", "too early"]
)
def test_who_is_turned_away_is_counted_and_leaves_nothing(
    desk: Any, hris: BambooSimulator, key: str, seconds: int
) -> None:
    assert knock(desk, at=desk.now + timedelta(seconds=seconds), key=key) == 401
    assert kept(desk) == []
    with desk.store.read("acme") as session:
        (door,) = doors(session)
    assert (door["refused"], door["waiting"]) == (1, 0)
    assert "signature" in door["why"] or "too old or too new" in door["why"]


@pytest.mark.parametrize("path", ["/hooks/acme/nobody", "/hooks/acme/idp", "/hooks/other/hris", "/hooks/acme"])
def test_an_unknown_door_is_404_without_a_word(desk: Any, hris: BambooSimulator, path: str) -> None:
    got = desk.call().post(path, content=BODY, headers=sign(SCHEME, KEY, BODY, "", desk.now))
    assert got.status_code == 404
    assert got.content in (b"", b'{"detail":"Not Found"}')


def test_a_body_is_bounded_before_it_is_read(desk: Any, hris: BambooSimulator) -> None:
    big = b"x" * (MAX_BODY + 1)
    assert knock(desk, big) == 413
    pieces = (b"x" * 65536 for _ in range(17))  # no length is declared
    assert desk.call().post("/hooks/acme/hris", content=pieces).status_code == 413
    assert kept(desk) == []


def test_more_than_may_wait_are_asked_to_come_again(
    desk: Any, hris: BambooSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "MAX_WAITING", 2)
    told = [knock(desk, BODY.replace(b'"1"', f'"{number}"'.encode())) for number in range(3)]
    assert told == [200, 200, 429]


def test_a_secret_that_is_gone_is_ours_to_mend_and_the_vendor_comes_again(
    desk: Any, hris: BambooSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOOK_KEY")
    headers = sign(SCHEME, KEY, BODY, "", desk.now)
    got = desk.call().post("/hooks/acme/hris", content=BODY, headers=headers)
    assert (got.status_code, got.json(), "retry-after" in got.headers) == (503, {"error": "not now"}, True)


class Widget(ApiConnector):
    """A stranger's connector whose vendor keeps to Standard Webhooks."""

    name, kind, base_url = "widget", Kind.HRIS, "https://widget.example"
    lists = {"employee": Listing("/people", fields={"employee_number": "number"})}  # noqa: RUF012 - as the base has it
    webhook = STANDARD


class Package:
    """The stranger's package."""

    @hookspecs.hookimpl
    def register_connectors(self) -> list[type[ApiConnector]]:
        """Its connector."""
        return [Widget]


def test_the_reference_library_gets_in_and_its_clock_counts(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "whsec_" + base64.b64encode(b"w" * 32).decode()
    monkeypatch.setenv("WIDGET_KEY", "k")
    monkeypatch.setenv("WIDGET_HOOK", secret)
    desk.hub.plugins.register(Package())
    desk.connect("widget", "widget", api_key="env:WIDGET_KEY")
    webhooks.open_door(desk.hub, "acme", "widget", "env:WIDGET_HOOK")

    def post(at: datetime, number: str) -> int:
        text = '{"type":"employee.updated"}'
        signature = Webhook(secret).sign(number, at, text)
        headers = {"webhook-id": number, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
        return int(desk.call().post("/hooks/acme/widget", content=text, headers=headers).status_code)

    assert [post(desk.now, "msg_1"), post(desk.now, "msg_1"), post(desk.now, "msg_2")] == [200, 200, 200]
    assert post(desk.now - timedelta(minutes=6), "msg_3") == 401
    assert len(kept(desk)) == 2


def test_it_tells_whether_it_lives_and_whether_it_can_work(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = desk.call()
    assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    monkeypatch.setattr("benehub.views.health.revisions", lambda _store: ("0001", "0002"))
    assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 503]
    assert client.get("/docs").status_code == client.get("/openapi.json").status_code == 404


def test_what_breaks_is_told_to_nobody_by_its_words(
    desk: Any, hris: BambooSimulator, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_given: Any) -> Any:
        raise ValueError("900-11-0001 of Ada")

    monkeypatch.setattr("benehub.api.hooks.receive", broken)
    monkeypatch.setattr("benehub.api.scim_answers.admit", broken)
    client = desk.call()
    for path, headers in (("/hooks/acme/hris", {}), ("/scim/v2/acme/Users", {"authorization": "Bearer x"})):
        got = client.post(path, content=b"{}", headers=headers)
        assert (got.status_code, got.json()) == (503, {"error": "not now"})
    said = capfd.readouterr()
    assert "900-11" not in said.out + said.err
