"""A Personio account whose every call and answer is held against the vendor's API descriptions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from benehub.connect.connector import Link, Page
from benehub.connect.testing import WireRequest, WireResponse
from benehub.sandbox.http import as_transport
from benehub_connectors.personio import PersonioConnector, PersonioSettings
from benehub_connectors.personio.simulator import BORN, GROUP, NUMBER, SINCE, SSN, PersonioSimulator

HOST = "https://api.personio.de"
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
FIELDS = {"birth_date": BORN, "ssn": SSN, "employee_number": NUMBER, "pay_group": GROUP, "salary_from": SINCE}


@pytest.fixture(scope="session")
def apis(shared: Path) -> dict[bool, Any]:
    """The descriptions as referees: of authentication (True) and of personnel data (False)."""
    openapi_core = pytest.importorskip("openapi_core")
    found = {}
    for auth, name in ((True, "personio-auth-api.yaml"), (False, "personio-personnel-data-api-oa3.yaml")):
        file = shared / "specs" / "personio" / name
        if not file.is_file():
            pytest.skip(f"no Personio description at {file}")
        told = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        if not auth:
            # It says of every list that its data is an object and a list at once.
            told["components"]["schemas"]["Response"]["properties"]["data"] = {}
        found[auth] = openapi_core.OpenAPI.from_dict(told, config=openapi_core.Config(spec_validator_cls=None))
    return found


class CheckedSimulator(PersonioSimulator):
    """The simulator, with a referee for what goes in and for what comes out without a fault."""

    def __init__(self, apis: dict[bool, Any], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.apis = apis
        self.checked = 0

    def handle(self, wire: WireRequest) -> WireResponse:
        from openapi_core.testing import MockRequest, MockResponse
        from werkzeug.datastructures import ImmutableMultiDict

        api = self.apis[wire.path == "/v1/auth"]
        asked = MockRequest(
            HOST,
            wire.method.lower(),
            wire.path,
            args=ImmutableMultiDict(wire.query),
            headers=dict(wire.headers),
            data=wire.body or None,
            content_type="application/json",
        )
        api.validate_request(asked)
        answer = super().handle(wire)
        if not self.log[-1].fault and answer.status == 200:
            told = MockResponse(answer.body, status_code=answer.status, headers=answer.headers,
                                content_type="application/json")  # fmt: skip
            api.validate_response(asked, told)
            self.checked += 1
        return answer


class Bench:
    """A connector on a simulator, without a wait."""

    def __init__(self, simulator: PersonioSimulator) -> None:
        self.simulator = simulator
        self.connector = PersonioConnector()
        self.now = NOW

    def link(self, fields: dict[str, str] | None = None, **settings: Any) -> Link:
        """An open link."""
        checked = PersonioSettings.model_validate(
            {"client_id": "papi-benehub", "client_secret": "env:SECRET", "fields": FIELDS | (fields or {})} | settings
        )
        client = self.connector.client(
            checked,
            {"env:SECRET": "papi-secret"},
            name="hr",
            transport=as_transport(self.simulator),
            sleep=lambda _seconds: None,
            wall_clock=lambda: self.now,
        )
        return Link("acme", "hr", checked, lambda: self.now, client)

    def read(self, stream: str, cursor: str | None = None, **settings: Any) -> list[Page]:
        """All pages of a stream."""
        return list(self.connector.read(stream, self.link(**settings), cursor))


@pytest.fixture
def simulator(apis: dict[bool, Any]) -> CheckedSimulator:
    """An empty account."""
    return CheckedSimulator(apis)


@pytest.fixture
def bench(simulator: CheckedSimulator) -> Bench:
    """A connector on the account."""
    return Bench(simulator)


@pytest.fixture
def rows() -> Callable[[list[Page]], dict[str, Any]]:
    """Rows of pages by key."""
    return lambda pages: {row.key: row for page in pages for row in page.rows}
