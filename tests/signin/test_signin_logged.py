"""What a served process writes down while secrets go through it: none of them, whatever goes wrong."""

from __future__ import annotations

import logging
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import structlog
from sqlalchemy import select
from tests.access.conftest import PASSWORD, Desk
from tests.signin.test_signin_oidc import CLIENT, at_provider, claims, invited, issuer
from tests.signin.test_signin_oidc import front as front

from benehub import connections
from benehub.access import Permission, Role, tokens
from benehub.api.front import Front
from benehub.api.serving import serve
from benehub.cli import logs
from benehub.connect.oidc import OidcClient
from benehub.connections import doors
from benehub.flows.hook_delivery import deliver
from benehub.store.access_tables import audit
from benehub.store.tables import hook_message

__all__ = ["front", "issuer"]

SIGNING = "whsec_UGxhbnRlZFNlY3JldE9mT3Vyc0xvbmdFbm91Z2g="
BAD = "not-base64-PlantedHookSecret!"
VENDORS, METRICS = "PlantedVendorSecret-77", "PlantedMetricsToken-88"


class Through(httpx.BaseTransport):
    """What a proxy does: people call the public address, the served process is called here."""

    def __init__(self, port: int) -> None:
        self._port, self._inner = port, httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Pass it on."""
        headers = {**request.headers, "x-forwarded-proto": "https", "host": "hub.example"}
        here = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return self._inner.handle_request(httpx.Request(request.method, here, headers=headers, content=request.read()))


@contextmanager
def served(desk: Desk, front: Front) -> Iterator[httpx.Client]:
    """A browser's client of a process that serves as `benehub up` does, as much logged as can be."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    stop, ready = threading.Event(), threading.Event()
    before = structlog.get_config()
    logs.configure("DEBUG", "json", runs=True)
    work = threading.Thread(target=serve, args=(desk.hub, "127.0.0.1", port, lambda _: ready.set(), stop, front))
    work.start()
    try:
        assert ready.wait(60)
        with httpx.Client(base_url="https://hub.example", transport=Through(port), follow_redirects=False,
                          timeout=60) as client:  # fmt: skip
            yield client
    finally:
        stop.set()
        work.join(60)
        structlog.configure(**before)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets that stand by reference."""
    for name, value in (("BENEHUB_HOOK_ACME", SIGNING), ("BENEHUB_HOOK_BAD", BAD), ("VENDOR_HOOK", VENDORS)):
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("planted")
def test_a_served_process_writes_no_secret_down(
    desk: Desk, front: Front, issuer: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    secrets = [PASSWORD, SIGNING, BAD, VENDORS, CLIENT, b64encode(f"benehub:{CLIENT}".encode()).decode()]
    exchanged: list[str] = []
    user = invited(desk, "login", Role.OWNER)
    claims(issuer, "p1", email="ann@acme.example", email_verified=True)
    with desk.write() as session:
        _, token = tokens.add(session, user, "ci", [Permission.OPERATE, Permission.SEE_CONNECTIONS], 30)
    secrets.append(token)
    _vendor(desk)
    desk.hub.hook_hosts = frozenset({"127.0.0.1:1"})
    ask = OidcClient._token

    def told(self: Any, client: Any, address: str, back: str, code: str, verifier: str) -> dict[str, Any]:
        found = ask(self, client, address, back, code, verifier)
        exchanged.extend([code, verifier, found["access_token"], found["id_token"]])
        if len(exchanged) > 4:
            raise RuntimeError(f"{code} {verifier} {found} {CLIENT}")
        return found

    monkeypatch.setattr(OidcClient, "_token", told)
    with served(desk, front) as client:
        secrets += _signed_in(client, issuer)
        secrets += _hooks(client, {"authorization": f"Bearer {token}"})
        deliver(desk.hub)
        for headers in ({}, {"x-kombo-signature": VENDORS}, {"authorization": f"Bearer {VENDORS}"}):
            assert client.post("/hooks/acme/kombo", json={"secret": VENDORS}, headers=headers).status_code in (401, 503)
        client.get("/metrics", headers={"authorization": f"Bearer {METRICS}"})
        client.get(f"/api/v1/employers?token={token}", headers={"authorization": f"Bearer {token}x"})
    assert len(exchanged) == 8, "the second exchange broke with everything in its error"
    with desk.store.read("acme") as session:
        kept = str(session.rows(audit.select())) + str(session.rows(select(hook_message)))
    seen = caplog.text + "".join(capfd.readouterr()) + kept + str(desk.rows(audit.select()))
    assert "a call failed" in seen and "RuntimeError" in seen, "it is logged that something broke"
    assert [one for one in [*secrets, *exchanged, METRICS] if one in seen] == []


def _signed_in(client: httpx.Client, issuer: str) -> list[str]:
    """Come in by the provider, and once more where that breaks; gives the session's secret and the states."""
    made: list[str] = []
    for status in (303, 503):
        begun = client.get("/signin/by/login")
        back = at_provider(begun.headers["location"], "p1")
        assert client.get(back).status_code == status
        query = parse_qs(urlsplit(back).query)
        made += query["code"] + query["state"]
    client.post("/signin", data={"email": "ann@acme.example", "password": PASSWORD})
    return [*made, client.cookies["__Host-benehub"]]


def _hooks(client: httpx.Client, bearer: dict[str, str]) -> list[str]:
    """Add webhooks with secrets of each kind, change one and try them; gives the secrets that the hub made."""
    at, made = "/api/v1/employers/acme/webhooks", list[str]()
    for number, secret in enumerate((None, "env:BENEHUB_HOOK_ACME", "env:BENEHUB_HOOK_BAD", SIGNING)):
        body = {"url": "http://127.0.0.1:1/in", "events": ["run.ended"]} | ({"secret": secret} if secret else {})
        got = client.post(at, json=body, headers=bearer | {"idempotency-key": f"add-{number}"})
        assert got.status_code == (422 if secret == SIGNING else 201), got.text
        assert SIGNING not in got.text
        if got.status_code == 201:
            one = got.json()
            path = f"{at}/{one['subscription']}"
            client.post(f"{path}/test", headers=bearer | {"idempotency-key": f"test-{number}"})
            made += [one["signing_secret"]] if one["signing_secret"] else []
            if not secret:
                turn = bearer | {"idempotency-key": "turn", "if-match": "*"}
                made.append(client.post(f"{path}/rotate", json={}, headers=turn).json()["signing_secret"])
    assert len(made) == 2
    return made


def _vendor(desk: Desk) -> None:
    """A connection whose vendor calls us, with his secret."""
    connector = connections.known(desk.hub.connectors, "kombo")
    settings = {"api_key": "env:VENDOR_HOOK", "integration": "x:y", "default_pay_group": "monthly"}
    with desk.store.write("acme") as session:
        connections.add(session, "kombo", connector, settings, "live")
        doors.open_door(session, "kombo", connector, "env:VENDOR_HOOK")
