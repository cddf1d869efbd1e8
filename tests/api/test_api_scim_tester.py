"""The SCIM tester of PyPI drives our endpoint over a loopback port: discovery, users, attributes, patches, errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("scim2_tester", reason="scim2-tester is not installed (the dev extra has it)")

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server


def test_it_passes_every_check(sqlite_desk: Any, served: Callable[..., Any]) -> None:
    with served(sqlite_desk.hub) as address:
        headers = {"authorization": "Bearer tok-for-tests"}
        with httpx2.Client(base_url=f"{address}/scim/v2/acme", headers=headers, timeout=120) as http:
            found = check_server(SyncSCIMClient(http))
    wrong = [f"{one.title}: {one.reason}" for one in found if one.status is not Status.SUCCESS]
    assert wrong == []
    assert len(found) > 100
    # Whatever it wrote was taken into custody; its made-up people lack what an employee needs.
    assert sqlite_desk.batches() and sqlite_desk.waiting()
