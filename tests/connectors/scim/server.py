"""The scim2-server of PyPI, a server nobody here wrote, with the people of the connector's stage."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import unquote, urlencode
from wsgiref.simple_server import WSGIRequestHandler, make_server

from scim2_models import ResourceType, Schema, ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME, BearerTokenApplication
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

from benehub.connect.testing import WireRequest, WireResponse
from benehub_connectors.scim.attributes import CORE, ENTERPRISE
from benehub_connectors.scim.simulator import HR
from benehub_connectors.scim.stage import SETTINGS

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
        self.app: Any = BearerTokenApplication(Numbered(lambda: self.now), _provider(), bearer_tokens=[TOKEN])

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


@cache
def _provider() -> ScimProvider:
    """What all of them offer: its models take longer to make than all that is asked of them."""
    config = load_default_service_provider_config()
    config.authentication_schemes = [BEARER_TOKEN_SCHEME]
    return ScimProvider.from_discovery(
        [*load_default_schemas().values(), _extension()], _resource_types(), config=config
    )


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


class Quiet(WSGIRequestHandler):
    """Without a log of its own."""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def served(server: ScimServer) -> Iterator[str]:
    """It on a loopback port; gives its base address."""
    with make_server("127.0.0.1", 0, server.app, handler_class=Quiet) as line:
        thread = threading.Thread(target=line.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{line.server_port}/v2"
        line.shutdown()
        thread.join(60)
