"""A HiBob account whose every call and answer is held against the vendor's API description."""

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
from benehub_connectors.hibob import HibobConnector, HibobSettings
from benehub_connectors.hibob.simulator import HibobSimulator

HOST = "https://api.hibob.com"
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def api(shared: Path) -> Any:
    """The description as a referee of requests and answers, loaded once (0.3 s)."""
    file = shared / "specs" / "hibob" / "openapi.yaml"
    if not file.is_file():
        pytest.skip(f"no HiBob description at {file}")
    openapi_core = pytest.importorskip("openapi_core")
    told = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    # It says of `since` that it is a timestamp, shows two, and gives it the format of a day.
    (since,) = (
        one for one in told["paths"]["/timeoff/requests/changes"]["get"]["parameters"] if one["name"] == "since"
    )
    del since["schema"]["format"]
    return openapi_core.OpenAPI.from_dict(told, config=openapi_core.Config(spec_validator_cls=None))


class CheckedSimulator(HibobSimulator):
    """The simulator, with a referee for what goes in and for what comes out without a fault."""

    def __init__(self, api: Any, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.api = api
        self.checked = 0

    def handle(self, wire: WireRequest) -> WireResponse:
        from openapi_core.testing import MockRequest, MockResponse

        asked = MockRequest(
            HOST,
            wire.method.lower(),
            wire.path,
            args=dict(wire.query),
            headers=dict(wire.headers),
            data=wire.body or None,
            content_type="application/json",
        )
        self.api.validate_request(asked)
        answer = super().handle(wire)
        if not self.log[-1].fault and answer.status == 200:
            told = MockResponse(answer.body, status_code=200, headers=answer.headers, content_type="application/json")
            self.api.validate_response(asked, told)
            self.checked += 1
        return answer


class Bench:
    """A connector on a simulator, without a wait."""

    def __init__(self, simulator: HibobSimulator) -> None:
        self.simulator = simulator
        self.connector = HibobConnector()
        self.now = NOW

    def link(self, **settings: Any) -> Link:
        """An open link."""
        usual = {"service_user": "SERVICE-1", "token": "env:TOKEN", "default_pay_group": "monthly"}
        checked = HibobSettings.model_validate(usual | settings)
        client = self.connector.client(
            checked,
            {"env:TOKEN": "bob-token"},
            name="hr",
            transport=as_transport(self.simulator),
            sleep=lambda _seconds: None,
        )
        return Link("acme", "hr", checked, lambda: self.now, client)

    def read(self, stream: str, cursor: str | None = None, **settings: Any) -> list[Page]:
        """All pages of a stream."""
        return list(self.connector.read(stream, self.link(**settings), cursor))


@pytest.fixture
def simulator(api: Any) -> CheckedSimulator:
    """An empty account."""
    return CheckedSimulator(api)


@pytest.fixture
def bench(simulator: CheckedSimulator) -> Bench:
    """A connector on the account."""
    return Bench(simulator)


@pytest.fixture
def rows() -> Callable[[list[Page]], dict[str, Any]]:
    """Rows of pages by key."""
    return lambda pages: {row.key: row for page in pages for row in page.rows}
