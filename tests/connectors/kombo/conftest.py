"""An employer at Kombo whose every call and answer is held against Kombo's description, if at hand."""

from __future__ import annotations

from typing import Any

import pytest
from tests.connectors.published import PUBLISHED, Referee, referee

from benehub.connect.connector import Envelope, FileOut, Incoming, Item, Link
from benehub.connect.testing import WireRequest, WireResponse, transport
from benehub.records import STREAMS
from benehub_connectors.kombo import BOOK, KomboConnector, KomboSettings
from benehub_connectors.kombo.push import KomboMailbox
from benehub_connectors.kombo.simulator import KomboSimulator
from benehub_connectors.kombo.stage import NOW, employer, settings

HOST = "https://api.kombo.dev"


@pytest.fixture(scope="session")
def api() -> Referee | None:
    """The vendor's API description as a referee, loaded once; None where it is not at hand."""
    return referee(*PUBLISHED["kombo"])


class CheckedKombo:
    """The simulator behind a referee for what goes in and for what comes out without a fault."""

    def __init__(self, simulator: KomboSimulator, api: Any) -> None:
        self.simulator, self.api = simulator, api

    def handle(self, wire: WireRequest) -> WireResponse:
        """Answer, and hold both sides against the description."""
        answer = self.simulator.handle(wire)
        if self.api is not None:
            self.api.hold(wire, answer, bool(self.simulator.log[-1].fault))
        return answer


class Bench:
    """A connector on a simulated employer, without a wait."""

    def __init__(self, simulator: KomboSimulator, api: Any) -> None:
        self.simulator = simulator
        self.connector = KomboConnector()
        self.checked = CheckedKombo(simulator, api)
        self.ada, self.max, self.eva = list(simulator.employees)
        self.usual = settings(simulator)

    def client(self, **more: Any) -> Any:
        """A client without a network."""
        made = KomboSettings.model_validate(self.usual | more)
        secret = {"env:KEY": self.simulator.api_key}
        wire = transport(self.checked.handle)
        return self.connector.client(made, secret, name="kombo", transport=wire, sleep=lambda _: None)

    def link(self, **more: Any) -> Link:
        """An open link."""
        made = KomboSettings.model_validate(self.usual | more)
        return Link("acme", "kombo", made, lambda: NOW, self.client(**more))

    def rows(self, stream: str, cursor: str | None = None, **more: Any) -> list[Incoming]:
        """All rows of a stream; what could be translated is held against the stream's record."""
        found = [row for page in self.connector.read(stream, self.link(**more), cursor) for row in page.rows]
        for row in found:
            if not row.problem and not row.deleted:
                STREAMS[stream].model_validate(row.data)
        return found

    def line(self, amount: int, **fields: Any) -> Item:
        """A line to book."""
        usual = {"person": "per_1", "employee": self.ada, "plan": "bav", "code": "BAV", "pay_date": "2026-11-30"}
        return Item(BOOK, f"line {amount}", {**usual, "amount_minor": amount, **fields})

    def render(self, *lines: Item, control: int = 7, **more: Any) -> FileOut:
        """The file of a push."""
        total = sum(int(one.content["amount_minor"]) for one in lines)
        made = KomboSettings.model_validate(self.usual | more)
        return self.connector.render(BOOK, lines, Envelope(control, NOW, f"BOOK{control}", total), made)

    def box(self) -> KomboMailbox:
        """A mailbox that has delivered nothing yet."""
        return KomboMailbox(self.client())


@pytest.fixture
def bench(api: Any) -> Bench:
    """A connector on the employer of the stage."""
    return Bench(employer(), api)
