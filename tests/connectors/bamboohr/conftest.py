"""A BambooHR account whose every call and answer is held against the vendor's API description."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from benehub.connect.connector import Link, Page
from benehub.connect.testing import WireRequest, WireResponse
from benehub.sandbox.http import as_transport
from benehub_connectors.bamboohr import BambooConnector, BambooSettings
from benehub_connectors.bamboohr.simulator import BambooSimulator

HOST = "https://acme.bamboohr.com"
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
SECRETS = {"env:KEY": "bamboo-key", "env:CLIENT": "bamboo-secret", "env:REFRESH": "refresh-0"}


@pytest.fixture(scope="session")
def described(shared: Path) -> Any:
    """The vendor's API description, loaded once (0.6 s)."""
    file = shared / "specs" / "bamboohr" / "public.yaml"
    if not file.is_file():
        pytest.skip(f"no BambooHR description at {file}")
    return yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@pytest.fixture(scope="session")
def api(described: Any) -> Any:
    """The description as a referee of requests and answers."""
    openapi_core = pytest.importorskip("openapi_core")
    return openapi_core.OpenAPI.from_dict(described, config=openapi_core.Config(spec_validator_cls=None))


class CheckedSimulator(BambooSimulator):
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
            content_type=wire.headers.get("content-type", "application/json"),
        )
        outside = wire.path == "/token.php"
        if not outside:
            with warnings.catch_warnings():
                # It knows no OAuth 2 security; which calls take which credentials has a test of its own.
                warnings.simplefilter("ignore", UserWarning)
                self.api.validate_request(asked)
        answer = super().handle(wire)
        if not outside and not self.log[-1].fault and answer.body:
            told = MockResponse(
                answer.body,
                status_code=answer.status,
                headers=answer.headers,
                content_type=answer.headers.get("content-type", "application/json"),
            )
            self.api.validate_response(asked, told)
            self.checked += 1
        return answer


class Bench:
    """A connector on a simulator, without a wait."""

    def __init__(self, simulator: BambooSimulator) -> None:
        self.simulator = simulator
        self.connector = BambooConnector()
        self.waits: list[float] = []
        self.at = 0.0
        self.tokens: list[Any] = []

    def link(self, **settings: Any) -> Link:
        """An open link; by API key unless the settings say otherwise."""
        usual: dict[str, Any] = {"company": "acme"}
        if "oauth" not in settings:
            usual["api_key"] = "env:KEY"
        checked = BambooSettings.model_validate(usual | settings)
        client = self.connector.client(
            checked,
            SECRETS,
            name="hr",
            transport=as_transport(self.simulator),
            clock=lambda: self.at,
            sleep=self._wait,
            wall_clock=lambda: NOW,
            on_token=self.tokens.append,
        )
        return Link("acme", "hr", checked, lambda: NOW, client)

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += seconds

    def read(self, stream: str, cursor: str | None = None, **settings: Any) -> list[Page]:
        """All pages of a stream."""
        return list(self.connector.read(stream, self.link(**settings), cursor))


@pytest.fixture
def simulator(api: Any) -> CheckedSimulator:
    """An empty account."""
    return CheckedSimulator(api)


@pytest.fixture
def bench(simulator: CheckedSimulator) -> Iterator[Bench]:
    """A connector on the account; at the end, everything it said was checked."""
    yield Bench(simulator)


@pytest.fixture
def rows() -> Callable[[list[Page]], dict[str, Any]]:
    """Rows of pages by key."""
    return lambda pages: {row.key: row for page in pages for row in page.rows}
