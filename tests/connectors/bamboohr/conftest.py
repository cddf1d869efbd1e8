"""A BambooHR account whose every call and answer is held against the vendor's API description."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.connectors.published import PUBLISHED, Referee, document, referee

from benehub.connect.connector import Link, Page
from benehub.connect.testing import WireRequest, WireResponse
from benehub.sandbox.http import as_transport
from benehub_connectors.bamboohr import BambooConnector, BambooSettings
from benehub_connectors.bamboohr.simulator import BambooSimulator

HOST = "https://acme.bamboohr.com"
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
SECRETS = {"env:KEY": "bamboo-key", "env:CLIENT": "bamboo-secret", "env:REFRESH": "refresh-0"}


@pytest.fixture(scope="session")
def api(shared: Path) -> Referee:
    """The vendor's API description as a referee, loaded once."""
    made = referee(*PUBLISHED["bamboohr"])
    if made is None:
        pytest.skip(f"no description of the vendor's in {shared}")
    return made


@pytest.fixture(scope="session")
def described(api: Referee) -> Any:
    """The description itself."""
    return document(PUBLISHED["bamboohr"][0])


class CheckedSimulator(BambooSimulator):
    """The simulator, with a referee for what goes in and for what comes out without a fault."""

    def __init__(self, api: Any, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.api = api
        self.checked = 0

    def handle(self, wire: WireRequest) -> WireResponse:
        answer = super().handle(wire)
        self.checked += self.api.hold(wire, answer, bool(self.log[-1].fault))
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

    def opened(self, **settings: Any) -> Link:
        """As the hub opens a connection, which hands in nothing that stores a token."""
        checked = BambooSettings.model_validate({"company": "acme"} | settings)
        secret = SECRETS | {checked.oauth.refresh_token: "as it was read"} if checked.oauth else SECRETS
        client = self.connector.client(
            checked, secret, name="hr", transport=as_transport(self.simulator), wall_clock=lambda: NOW
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
