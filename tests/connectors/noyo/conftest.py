"""A group at Noyo whose every call and answer is held against the vendor's description, if at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.connectors.published import PUBLISHED, Referee, referee

from benehub.connect.connector import Incoming, Item, Link, Receipt
from benehub.connect.messages import Request
from benehub.connect.testing import WireRequest, WireResponse
from benehub.records import STREAMS
from benehub.sandbox.http import as_transport
from benehub_connectors.noyo import NoyoConnector, NoyoSettings
from benehub_connectors.noyo.simulator import NoyoSimulator
from benehub_connectors.noyo.stage import NOW, PLANS, family, settings


@pytest.fixture(scope="session")
def api() -> Referee | None:
    """The vendor's API description as a referee, loaded once; None where it is not at hand."""
    return referee(*PUBLISHED["noyo"])


class CheckedNoyo(NoyoSimulator):
    """The simulator, with a referee for what goes in and for what comes out."""

    def __init__(self, api: Any) -> None:
        super().__init__(today=NOW.date(), plans=list(PLANS.values()))
        self.api = api
        self.checked: set[tuple[str, str, int]] = set()

    def handle(self, wire: WireRequest) -> WireResponse:
        answer = super().handle(wire)
        if self.api is not None and self.api.hold(wire, answer, bool(self.log[-1].fault)):
            self.checked.add((wire.method, wire.path.rpartition("/")[2], answer.status))
        return answer


class Bench:
    """A connector on a simulated group, without a wait."""

    def __init__(self, simulator: CheckedNoyo) -> None:
        self.simulator = simulator
        self.connector = NoyoConnector()

    def link(self, **more: Any) -> Link:
        """An open link."""
        checked = NoyoSettings.model_validate(settings(self.simulator) | more)
        secret = {checked.client_secret: self.simulator.client_secret}
        client = self.connector.client(
            checked, secret, name="noyo", transport=as_transport(self.simulator), sleep=lambda _: None,
            wall_clock=lambda: NOW,
        )  # fmt: skip
        return Link("acme", "noyo", checked, lambda: NOW, client)

    def rows(self, stream: str) -> list[Incoming]:
        """All rows of a stream; what could be translated is held against the stream's record."""
        found = [row for page in self.connector.read(stream, self.link(), None) for row in page.rows]
        for row in found:
            if not row.problem:
                STREAMS[stream].model_validate(row.data)
        return found

    def ask(self, content: Mapping[str, Any], link: Link) -> Request | Receipt:
        """Look up and decide, as the hub does; nothing is written."""
        item = Item("enrollment.change", "k", content)
        known = self.connector.discover(link)
        return self.connector.request(item, link.http().send(self.connector.lookup(item, known)), known)

    def push(self, content: Mapping[str, Any], **more: Any) -> Receipt:
        """Look up, decide, send, confirm."""
        link = self.link(**more)
        answer = self.ask(content, link)
        if isinstance(answer, Receipt):
            return answer
        return self.connector.receipt(Item("enrollment.change", "k", content), link.http().send(answer))

    def cover(self, number: str, plan: str = "ppo") -> dict[str, tuple[str, str]]:
        """Who is covered in a plan of a family: individual's number -> first and last day."""
        found = self.simulator.family(number)
        assert found is not None
        return {
            one["custom_individual_id"]: (one["effective_start_date"], one["effective_end_date"])
            for coverage in found["coverages"] if coverage["plan_id"] == PLANS[plan].id
            for one in coverage["enrolled_members"]
        }  # fmt: skip


@pytest.fixture
def noyo(api: Any) -> CheckedNoyo:
    """A group of two families."""
    made = CheckedNoyo(api)
    made.enroll(family("1001", "Ada", "Byron", "1980-03-09"))
    made.enroll(family("1002", "Max", "Stein", "1975-07-01"))
    return made


@pytest.fixture
def bench(noyo: CheckedNoyo) -> Bench:
    """A connector on that group."""
    return Bench(noyo)
