"""A recording of a server that nobody here wrote: nobody's value is in it, and it is a stage of its own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from benehub.testing.recorded import recorded
from benehub.testing.stage import Played
from benehub_connectors.scim import ScimConnector
from benehub_connectors.scim.stage import AT, people

pytest.importorskip("scim2_server", reason="scim2-server is not installed (the dev extra has it)")
from tests.connectors.scim.server import TOKEN, TOLD, ScimServer, served

WORDS = ("schemas", "userType", "payGroup", "type")
"""Fields whose values are words of the server, no person's."""


def test_a_recording_of_scim2_server_has_nobody_in_it(
    cli: Any, employed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = ScimServer(AT)
    for one in people():
        server.create(one)
    monkeypatch.setenv("BENEHUB_TEST_SCIM", TOKEN)
    with served(server) as address:
        told = {**TOLD, "base_url": address, "token": "env:BENEHUB_TEST_SCIM", "count": 2}
        (employed / "idp.yaml").write_text(yaml.safe_dump(told))
        cli.run("connection", "add", "idp", "--connector", "scim", "--settings", "idp.yaml")
        kept = [word for name in WORDS for word in ("--keep", name)]
        cli.run("connector", "record", "idp", "--stream", "employee", *kept, "--to", "samples.json")
    text = (employed / "samples.json").read_text()
    # as a word: an id of chance may have a short name in it
    quoted = {one: re.escape(json.dumps(one)[1:-1]) for one in _values(list(people()))}
    shown = {one for one, said in quoted.items() if re.search(rf"(?<!\w){said}(?!\w)", text)}
    assert TOKEN not in text and shown == set()
    stage = recorded(employed / "samples.json", tmp_path)
    played = Played(ScimConnector, stage)
    rows = [row for page in played.connector.read("employee", played.link, None) for row in page.rows]
    assert [row.problem for row in rows] == [""] * 5 and len({row.data["ssn"] for row in rows}) == 5


def _values(told: Any, name: str = "") -> list[str]:
    """Everything that is said of somebody, but for what was kept, yes and no, and single letters."""
    if isinstance(told, dict):
        return [value for name, one in told.items() for value in _values(one, name)]
    if isinstance(told, list):
        return [value for one in told for value in _values(one, name)]
    return [told] if isinstance(told, str) and len(told) > 2 and name not in WORDS else []
