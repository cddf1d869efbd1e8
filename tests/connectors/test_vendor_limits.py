"""Every vendor that is called has its limit at its door: published, or as the employer sets it, and one an account."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from benehub import plugins
from benehub.connect.connector import Connector
from benehub.connect.limits import SharedHold, SharedWindow
from benehub.connections import connectors, open_connection
from benehub.connections.registry import add, check
from benehub.errors import RateLimited, VendorUnavailable
from benehub.testing.stage import stage_maker
from benehub_connectors.kombo.push import KomboMailbox

CALLING = {
    name: one for name, one in connectors(plugins.build(load_strangers=False)).items()
    if one.client is not Connector.client
}  # fmt: skip
SET = {"bamboohr", "frappe_hr", "kombo", "noyo", "rippling", "scim"}
"""Those of whose vendor no limit is known: the settings have it."""


@pytest.mark.parametrize("name", sorted(CALLING))
def test_calls_to_an_account_are_limited_together(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = stage_maker(CALLING[name])(tmp_path)
    more = {"calls_a_minute": 10} if name in SET else {}
    settings = check("vendor", CALLING[name], {**stage.settings, **more})
    monkeypatch.setattr("benehub_connectors.adp_workforce_now.client_tls", lambda *_: None)
    one, other = (CALLING[name]().client(settings, _Secrets(stage.secrets)) for _ in range(2))
    assert one is not None and other is not None
    assert one._limits and one._limits == other._limits
    if name in SET:
        window = one._limits[""]
        for _ in range(9):  # nine tenths of ten
            window.acquire(0)
        with pytest.raises(RateLimited):
            other._limits[""].acquire(0)
    played = CALLING[name]().client(settings, _Secrets(stage.secrets), transport=httpx.MockTransport(_never))
    assert played is not None and not played._limits
    for client in (one, other, played):
        client.close()


@pytest.mark.parametrize("name", sorted(CALLING))
def test_an_opened_connection_counts_with_all_workers(name: str, tmp_path: Path, store: Any, monkeypatch: Any) -> None:
    stage = stage_maker(CALLING[name])(tmp_path)
    monkeypatch.setattr("benehub_connectors.adp_workforce_now.client_tls", lambda *_: None)
    monkeypatch.setattr("benehub.connections.registry.resolve_secret", "secret of {}".format)
    settings = {**stage.settings, **({"calls_a_minute": 10} if name in SET else {})}
    with store.write("acme") as session:
        add(session, "vendor", CALLING[name], settings, "live")
    with open_connection(store, plugins.build(load_strangers=False), "acme", "vendor") as opened:
        hook = opened.webhook_client()
        push = opened.link.mailbox
        callers = [opened.link.client, hook, *([push._client] if isinstance(push, KomboMailbox) else [])]
        for one in callers:
            assert one is not None
            assert one._limits and one._limits == opened.link.http()._limits
            # A part of whose limit nothing is known has what lets all workers wait where the vendor asks one to.
            assert all(isinstance(limit, SharedWindow | SharedHold) for limit in one._limits.values())
            assert any(isinstance(limit, SharedWindow) for limit in one._limits.values())
        assert hook is not None
        hook.close()


def test_a_mailbox_that_calls_goes_where_the_hub_is_wired(tmp_path: Path, store: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("benehub.connections.registry.resolve_secret", "secret of {}".format)
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(500)

    with store.write("acme") as session:
        add(session, "push", CALLING["kombo"], stage_maker(CALLING["kombo"])(tmp_path).settings, "live")

    def wiring(*_: str) -> Mapping[str, Any]:
        return {"transport": httpx.MockTransport(answer), "sleep": lambda _seconds: None}

    told = b'{"created": "2026-11-25T12:00:00+00:00", "payroll_month": "2026-11-01", "employees": []}'
    with (
        open_connection(store, plugins.build(load_strangers=False), "acme", "push", wiring) as opened,
        pytest.raises(VendorUnavailable, match="push"),
    ):
        opened.link.files().put("x.json", told)
    assert set(asked) == {"/v1/custom/datev/data-pushes"}


def _never(_request: httpx.Request) -> httpx.Response:
    raise AssertionError("nothing is called")


class _Secrets(dict[str, str]):
    """Whatever a reference stands for."""

    def __missing__(self, key: str) -> str:
        return f"secret of {key}"
