"""Every vendor that is called has its limit at its door: published, or as the employer sets it, and one an account."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from benehub import plugins
from benehub.connect.connector import Connector
from benehub.connections import connectors
from benehub.connections.registry import check
from benehub.errors import RateLimited
from benehub.testing.stage import stage_maker

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


def _never(_request: httpx.Request) -> httpx.Response:
    raise AssertionError("nothing is called")


class _Secrets(dict[str, str]):
    """Whatever a reference stands for."""

    def __missing__(self, key: str) -> str:
        return f"secret of {key}"
