"""A SCIM service in memory with the connector in front of it."""

from __future__ import annotations

from typing import Any

import pytest

from benehub.connect.connector import Incoming, Page
from benehub.testing.stage import Played, Stage
from benehub_connectors.scim import ScimConnector
from benehub_connectors.scim.simulator import ScimSimulator
from benehub_connectors.scim.stage import AT, NOW, OAUTH, SETTINGS, people


class Bench:
    """One service, read with the settings it is given."""

    def __init__(self) -> None:
        self.service = ScimSimulator()
        self.service.populate(people(), AT)

    def play(self, **settings: Any) -> Played:
        told = {**SETTINGS, "oauth": OAUTH, **settings}
        stage = Stage(told, {"env:SECRET": ScimSimulator.client_secret}, self.service.handle, now=NOW)
        return Played(ScimConnector, stage)

    def pages(self, cursor: str | None = None, **settings: Any) -> list[Page]:
        played = self.play(**settings)
        return list(played.connector.read("employee", played.link, cursor))

    def rows(self, cursor: str | None = None, **settings: Any) -> list[Incoming]:
        return [row for page in self.pages(cursor, **settings) for row in page.rows]

    def queries(self) -> list[dict[str, str]]:
        return [call.query for call in self.service.calls("GET", "/scim/v2/Users")]


@pytest.fixture
def bench() -> Bench:
    return Bench()
