"""The connector against the scim2-server of PyPI, a server nobody here wrote: the whole contract kit by its WSGI
application, and one read over a loopback port."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from benehub.connect.connector import Link
from benehub.connect.testing import WireRequest, WireResponse
from benehub.errors import ConfigError, ReauthNeeded
from benehub.records import Employee
from benehub.testing import Stage, contract
from benehub.testing.stage import Played
from benehub_connectors.scim import ScimConnector, ScimSettings
from benehub_connectors.scim.attributes import CORE, ENTERPRISE
from benehub_connectors.scim.simulator import HR
from benehub_connectors.scim.stage import AT, NOW, SETTINGS, people

pytest.importorskip("scim2_server", reason="scim2-server is not installed (the dev extra has it)")

from scim2_models import ResourceType, Schema, ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME, BearerTokenApplication
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

TOKEN = "tok-for-tests"
TOLD: dict[str, Any] = {**SETTINGS, "base_url": "https://idp.example.com/v2", "token": "env:TOKEN"}


class Numbered(InMemoryStorage):
    """Its storage, with ids that are the same in every run."""

    def generate_id(self, resource_type: Any, resource: Any) -> str:
        """The next number."""
        return f"u{next(self.versions):04d}"


class ScimServer:
    """Its WSGI application; `now` is the moment of the next write.

    Args:
        now: of the first writes.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        config = load_default_service_provider_config()
        config.authentication_schemes = [BEARER_TOKEN_SCHEME]
        provider = ScimProvider.from_discovery(
            [*load_default_schemas().values(), _extension()], [*_resource_types()], config=config
        )
        storage = Numbered(lambda: self.now)
        self.app = BearerTokenApplication(storage, provider, bearer_tokens=[TOKEN])

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One call of an administrator's."""
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/scim+json"}
        raw = json.dumps(body).encode() if body is not None else b""
        got = self.handle(WireRequest(method, f"/v2{path}", (), headers, raw))
        assert got.status < 300, got.body
        return json.loads(got.body or b"null")

    def create(self, user: Mapping[str, Any]) -> str:
        """A user; gives the id."""
        schemas = [CORE, *(urn for urn in (ENTERPRISE, HR) if urn in user)]
        return str(self.ask("POST", "/Users", {"schemas": schemas, **user})["id"])

    def patch(self, user_id: str, path: str, value: Any) -> None:
        """One attribute of a user."""
        schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
        told = {"schemas": schemas, "Operations": [{"op": "replace", "path": path, "value": value}]}
        self.ask("PATCH", f"/Users/{user_id}", told)

    def handle(self, wire: WireRequest) -> WireResponse:
        """A call as the connector's transport gives it."""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": wire.method, "PATH_INFO": unquote(wire.path), "QUERY_STRING": urlencode(wire.query),
            "SCRIPT_NAME": "", "SERVER_NAME": "idp.example.com", "SERVER_PORT": "443", "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(wire.body), "CONTENT_LENGTH": str(len(wire.body)),
            "CONTENT_TYPE": wire.headers.get("content-type", ""),
        }  # fmt: skip
        environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in wire.headers.items()}
        told: list[Any] = []
        body = b"".join(self.app(environ, lambda status, headers, *_: told.extend((status, headers))))
        return WireResponse(int(told[0][:3]), dict(told[1]), body)


def _extension() -> Schema:
    names = ("ssn", "birthDate", "hireDate", "terminationDate", "payGroup")
    attributes = [
        {"name": name, "type": "string", "multiValued": False, "required": False, "caseExact": True,
         "mutability": "readWrite", "returned": "default", "uniqueness": "none", "description": name}
        for name in names
    ]  # fmt: skip
    schemas = ["urn:ietf:params:scim:schemas:core:2.0:Schema"]
    told = {"schemas": schemas, "id": HR, "name": "HR", "description": "What SCIM does not tell"}
    return Schema.model_validate({**told, "attributes": attributes})


def _resource_types() -> list[ResourceType]:
    found = load_default_resource_types().values()
    told = [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in found]
    for one in told:
        if one.get("id") == "User":
            one["schemaExtensions"] = [*one.get("schemaExtensions", ()), {"schema": HR, "required": False}]
    return [ResourceType.model_validate(one) for one in told]


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


class Quiet(WSGIRequestHandler):
    """Without a log of its own."""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def address(server: ScimServer) -> Iterator[str]:
    with make_server("127.0.0.1", 0, server.app, handler_class=Quiet) as line:
        thread = threading.Thread(target=line.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{line.server_port}/v2"
        line.shutdown()
        thread.join(60)


def test_over_a_loopback_port_the_cursor_is_the_servers_own_clock(address: str) -> None:
    settings = ScimSettings.model_validate({**TOLD, "base_url": address})
    connector = ScimConnector()
    with connector.client(settings, {"env:TOKEN": TOKEN}) as client:
        pages = list(connector.read("employee", Link("acme", "idp", settings, lambda: NOW, client), None))
    assert sum(len(page.rows) for page in pages) == 5
    assert pages[-1].cursor != "2026-11-02T12:00:00Z"
