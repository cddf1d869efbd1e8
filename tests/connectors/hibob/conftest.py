"""A HiBob account whose every call and answer is held against the vendor's API description."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.connectors.published import PUBLISHED, Referee, referee

from benehub.connect.connector import Link, Page
from benehub.connect.testing import WireRequest, WireResponse
from benehub.sandbox.http import as_transport
from benehub_connectors.hibob import HibobConnector, HibobSettings
from benehub_connectors.hibob.simulator import HibobSimulator

HOST = "https://api.hibob.com"
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def api(shared: Path) -> Referee:
    """The vendor's API description as a referee, loaded once."""
    made = referee(*PUBLISHED["hibob"])
    if made is None:
        pytest.skip(f"no description of the vendor's in {shared}")
    return made


class CheckedSimulator(HibobSimulator):
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
