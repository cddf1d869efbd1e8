"""Gusto's webhooks: the handshake held against the vendor's description, and what its events point at."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benehub.connect.webhooks import Hint
from benehub.errors import DataError
from benehub.sandbox.http import as_transport
from benehub_connectors.gusto import GustoConnector
from benehub_connectors.gusto.hooks import ABOUT


def test_a_subscription_is_verified_with_the_applications_own_token(bench: Any) -> None:
    told = bench.connector.handshake(bench.simulator.subscribe("https://hub.example/hooks/acme/pay"))
    (subscription,) = bench.simulator.subscriptions.values()
    assert told.key in told.confirm.body and told.key not in repr(told)
    link = bench.link()
    secret = {"env:SECRET": bench.simulator.client_secret}
    with bench.connector.webhook_client(
        link.settings, secret, name="pay", transport=as_transport(bench.simulator), sleep=bench.waits.append
    ) as client:
        assert client.send(told.confirm).data["status"] == "verified"
        bench.simulator.subscriptions.clear()
        with pytest.raises(DataError, match="404"):
            client.send(told.confirm)
    assert subscription["status"] == "verified"
    grants = [json.loads(call.body)["grant_type"] for call in bench.simulator.calls("POST", "/oauth/token")]
    assert grants == ["system_access"]
    if bench.simulator.api is not None:
        assert ("PUT", 200) in bench.simulator.checked


def test_an_employee_is_read_by_himself(bench: Any) -> None:
    link = bench.link()
    whole = {row.key: row for row in bench.rows("payroll_person")}
    uuid = sorted(whole)[0]
    pages = list(bench.connector.reread("payroll_person", link, (uuid, "nobody")))
    (row,) = [row for page in pages for row in page.rows]
    assert (row.key, row.data, row.extra) == (uuid, whole[uuid].data, whole[uuid].extra)
    assert not any(page.full or page.cursor for page in pages)
    assert bench.connector.reread("register_line", link, (uuid,)) is None


def test_events_point_at_what_is_read(bench: Any) -> None:
    told = {kind: bench.connector.hints(bench.simulator.event(1, kind, "x1")) for kind in (*ABOUT, "Signatory")}
    assert told["Employee"] == [Hint("payroll_person", "x1")]
    assert told["Payroll"] == [Hint("register_line")]
    assert told["Signatory"] == []
    for strange in (b"", b"[]", b'{"uuid": "u"}', b'{"entity_type": "Employee"}', b"\xff"):
        with pytest.raises(DataError):
            bench.connector.hints(strange)
    assert GustoConnector().handshake(b"{}") is None
    assert GustoConnector().handshake(b'{"verification_token": 7, "webhook_subscription_uuid": "u"}') is None
