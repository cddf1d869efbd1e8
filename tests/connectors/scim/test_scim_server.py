"""The connector against the scim2-server of PyPI, a server nobody here wrote: the whole contract kit by its WSGI
application, and one read over a loopback port."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from benehub.connect.connector import Link
from benehub.errors import ConfigError, ReauthNeeded
from benehub.records import Employee
from benehub.testing import Stage, contract
from benehub.testing.stage import Played
from benehub_connectors.scim import ScimConnector, ScimSettings
from benehub_connectors.scim.simulator import HR
from benehub_connectors.scim.stage import AT, NOW, people

pytest.importorskip("scim2_server", reason="scim2-server is not installed (the dev extra has it)")
from tests.connectors.scim.server import TOKEN, TOLD, ScimServer, served


def stage(_folder: Path) -> Stage:
    """The five people of the connector's own stage, created by POST."""
    server = ScimServer(AT)
    for one in people():
        server.create(one)
    return Stage(TOLD, {"env:TOKEN": TOKEN}, server.handle, now=NOW)


test_contract = contract(ScimConnector, stage=stage)


@pytest.fixture
def server() -> ScimServer:
    made = ScimServer(AT)
    for one in people():
        made.create(one)
    return made


def read(server: ScimServer, cursor: str | None = None, **settings: Any) -> list[Any]:
    played = Played(ScimConnector, Stage({**TOLD, **settings}, {"env:TOKEN": TOKEN}, server.handle, now=NOW))
    return list(played.connector.read("employee", played.link, cursor))


def test_everybody_is_an_employee(server: ScimServer) -> None:
    rows = [row for page in read(server) for row in page.rows]
    told = {one.employee_number: one for one in (Employee.model_validate(row.data) for row in rows)}
    assert sorted(told) == ["E0001", "E0002", "E0003", "E0004", "E0005"]
    assert (told["E0001"].email, told["E0001"].ssn) == ("Ada@work.example", "900010001")


def test_only_the_changed_come_again(server: ScimServer) -> None:
    user = next(row.key for page in read(server) for row in page.rows if row.data["first_name"] == "Max")
    cursor = read(server)[-1].cursor
    assert not [row for page in read(server, cursor) for row in page.rows]
    server.now = NOW + timedelta(hours=1)
    server.patch(user, "active", False)
    server.patch(user, f"{HR}:terminationDate", "2026-11-30")
    (row,) = [row for page in read(server, cursor) for row in page.rows]
    assert (row.key, row.data["termination_date"]) == (user, "2026-11-30")


def test_its_refusals_are_told_by_type(server: ScimServer) -> None:
    with pytest.raises(ConfigError, match="400 invalidFilter"):
        read(server, filter="userType eq")
    server.app.bearer_tokens = {"another"}
    with pytest.raises(ReauthNeeded, match="401"):
        read(server)


@pytest.fixture
def address(server: ScimServer) -> Iterator[str]:
    with served(server) as there:
        yield there


def test_over_a_loopback_port_the_cursor_is_the_servers_own_clock(address: str) -> None:
    settings = ScimSettings.model_validate({**TOLD, "base_url": address})
    connector = ScimConnector()
    with connector.client(settings, {"env:TOKEN": TOKEN}) as client:
        pages = list(connector.read("employee", Link("acme", "idp", settings, lambda: NOW, client), None))
    assert sum(len(page.rows) for page in pages) == 5
    assert pages[-1].cursor != "2026-11-02T12:00:00Z"
