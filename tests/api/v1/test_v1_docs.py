"""What docs/http.md shows works as it is written, and says what is so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.api.v1.conftest import ACME, Api

from benehub.api.v1 import limits, paging, problems
from benehub.flows import hook_delivery
from benehub.store.events import EVENTS


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    """The page."""
    return (root / "docs" / "http.md").read_text(encoding="utf-8")


def shown(page: str, kind: str) -> list[str]:
    """Its examples of a kind."""
    return re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL)


def test_the_examples_work(page: str, working: Api) -> None:
    names: dict[str, Any] = {}
    for one in shown(page, "python"):
        exec(one, names)
    working.app.state.patience.pause = 0.05
    client = TestClient(working.app, base_url=f"http://testserver{ACME}")
    found = list(names["every"](client, "/people", kind="employee"))
    assert [one["member"] for one in found] == ["1001", "1002", "1003"]
    difference = working.get("/differences")["items"][0]["difference"]
    assert names["dismiss"](client, difference, "it is none").json()["state"] == "dismissed"
    done = names["reconcile"](client, "2026-10")
    assert (done["state"], done["period"]) == ("done", "2026-10")


def test_the_webhooks_are_as_shown(page: str, api: Api) -> None:
    wanted, message = shown(page, "json")
    body = json.loads(wanted) | {"url": "https://8.8.8.8/x"}
    assert api.send("/webhooks", body, 201).json()["events"] == sorted(body["events"])
    told = json.loads(message)

    class Row:
        """A message."""

        event, at, ref = told["type"], told["timestamp"], told["data"]["id"]

    assert hook_delivery.content("acme", Row()).decode() == message.strip()  # type: ignore[arg-type]  # a row's names
    assert all(f"`{one}`" in page for one in EVENTS)


def test_the_page_says_what_is_so(page: str, api: Api) -> None:
    text = " ".join(page.split())
    assert f"{limits.CALLS} calls within any {limits.SECONDS} seconds" in text
    assert f"{paging.LIMIT} rows, or `limit` of them up to {paging.MAX_LIMIT}" in text
    kinds = {kind for _, _, kind in problems.STATUS} | {"request", "access"}
    assert all(f"| `{kind}` |" in page for kind in kinds)
    document = api.client.get("/api/v1/openapi.json").json()
    resources = {path.split("/")[5] for path in document["paths"] if path.count("/") >= 5}
    assert all(f"/{one}" in page for one in resources)
    ids = [one["operationId"] for ones in document["paths"].values() for one in ones.values()]
    assert len(ids) == len(set(ids)) > 60
