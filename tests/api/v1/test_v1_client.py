"""A client that a generator makes of the served description drives a hub that is served by HTTP, with a token."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import uvicorn
from tests.api.v1.conftest import Api

from benehub.access import Permission, Role, tokens, users
from benehub.api import who
from benehub.api.app import create_app
from benehub.store.schema import INSTALLATION

PACKAGE = "made_of_the_description"
BIN = Path(sys.executable).parent
GENERATOR = shutil.which("openapi-python-client", path=f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}")
pytestmark = pytest.mark.skipif(GENERATOR is None, reason="no openapi-python-client: install the dev extra")


@pytest.fixture
def address(working: Api) -> Iterator[str]:
    """Where a hub with a worker is served, to whoever shows a token."""
    server = uvicorn.Server(
        uvicorn.Config(create_app(working.hub, who.resolve), host="127.0.0.1", port=0, log_config=None)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(60)


@pytest.fixture
def token(working: Api) -> str:
    """A benefits admin's token for what the story needs."""
    with working.hub.store.write(INSTALLATION) as session:
        user = users.add(session, "ann@acme.example", "Ann")
        users.give(session, user, Role.BENEFITS_ADMIN, "acme", "test")
        wanted = (Permission.SEE_OVERVIEW, Permission.SEE_PEOPLE, Permission.SEE_MONEY, Permission.WORK_DIFFERENCES)
        return tokens.add(session, user, "story", wanted, 1)[1]


def generate(described: Path, into: Path) -> str:
    """Make a client of a description; gives what the generator says, its warnings above all."""
    made = subprocess.run(
        [str(GENERATOR), "generate", "--path", str(described), "--meta", "none",
         "--output-path", str(into / PACKAGE), "--fail-on-warning"],
        # It has the formatter of the same environment tidy up.
        env=os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    return made.stdout


@pytest.fixture
def call(address: str, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """call(tag, operation, ...): what the client's function of an operation answers."""
    told = httpx.get(f"{address}/api/v1/openapi.json", timeout=60)
    described = tmp_path / "openapi.json"
    described.write_bytes(told.content)
    said = generate(described, tmp_path)
    assert "warning" not in said.lower() and "skip" not in said.lower(), said
    made = {one.stem for one in (tmp_path / PACKAGE / "api").glob("*/*.py")} - {"__init__"}
    wanted = {one["operationId"] for path in told.json()["paths"].values() for one in path.values()}
    assert made == wanted, made ^ wanted
    monkeypatch.syspath_prepend(str(tmp_path))
    client = importlib.import_module(f"{PACKAGE}.client").AuthenticatedClient(base_url=address, token=token)

    def called(tag: str, operation: str, *places: str, **given: Any) -> Any:
        module: ModuleType = importlib.import_module(f"{PACKAGE}.api.{tag}.{operation}")
        return module.sync_detailed("acme", *places, client=client, **given)

    yield called
    for name in [one for one in sys.modules if one.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def model(name: str, **values: Any) -> Any:
    """An object of the client's."""
    return getattr(importlib.import_module(f"{PACKAGE}.models"), name)(**values)


def test_a_generated_client_does_a_month(call: Callable[..., Any]) -> None:
    first = call("people", "list_people", limit=2)
    second = call("people", "list_people", limit=200, cursor=first.parsed.next_)
    members = [one.member for one in [*first.parsed.items, *second.parsed.items]]
    assert len(first.parsed.items) == 2 and second.parsed.next_ is None and len(set(members)) == len(members) >= 3
    assert call("people", "get_person", members[0]).parsed.member == members[0]

    begun = call(
        "reconciliations", "start_reconciliation", body=model("Wanted", period="2026-10"), idempotency_key="r-1"
    )
    again = call(
        "reconciliations", "start_reconciliation", body=model("Wanted", period="2026-10"), idempotency_key="r-1"
    )
    run = begun.parsed.run
    assert begun.status_code == 202 and begun.headers["location"].endswith(run)
    assert again.parsed.run == run and again.headers["idempotency-replayed"] == "true"
    events = call("runs", "follow_run", run).parsed
    assert isinstance(events, str) and "event: ended" in events
    assert json.loads(events.rpartition("data: ")[2])["state"] == "done"
    assert call("runs", "get_run", run).parsed.state == "done"
    assert call("reconciliations", "get_reconciliation", run).parsed.period == "2026-10"


def test_a_generated_client_edits_what_it_saw_and_hears_what_is_wrong(call: Callable[..., Any]) -> None:
    problem = importlib.import_module(f"{PACKAGE}.models").Problem
    difference = call("differences", "list_differences").parsed.items[0].difference
    seen = call("differences", "get_difference", difference)
    body = model("Dismissed", note="billed again next month")
    edit = {"body": body, "if_match": seen.headers["etag"]}
    done = call("differences", "dismiss_difference", difference, idempotency_key="d-1", **edit)
    assert done.parsed.state == "dismissed" and done.headers["etag"] != seen.headers["etag"]
    late = call("differences", "dismiss_difference", difference, idempotency_key="d-2", **edit)
    assert late.status_code == 412 and isinstance(late.parsed, problem) and late.parsed.changed
    nobody = call("people", "get_person", "no-such-number")
    assert isinstance(nobody.parsed, problem) and (nobody.status_code, nobody.parsed.status) == (404, 404)
    assert nobody.parsed.kind == "request" and nobody.parsed.mend
    refused = call("schedules", "run_schedule", "nightly", idempotency_key="s-1")
    assert refused.status_code == 403 and refused.parsed.kind == "access"
