"""An employer at Kombo whose every call and answer is held against Kombo's description, if at hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from benehub.connect import jsontext
from benehub.connect.connector import Envelope, FileOut, Incoming, Item, Link
from benehub.connect.testing import WireRequest, WireResponse, transport
from benehub.records import STREAMS
from benehub_connectors.kombo import BOOK, KomboConnector, KomboSettings
from benehub_connectors.kombo.push import KomboMailbox
from benehub_connectors.kombo.simulator import KomboSimulator
from benehub_connectors.kombo.stage import NOW, employer, settings

HOST = "https://api.kombo.dev"


@pytest.fixture(scope="session")
def api(root: Path) -> Any:
    """Kombo's API description as a referee; None where it is not at hand."""
    shared = Path(os.environ.get("BENEHUB_SHARED", root.parent / "shared"))
    file = shared / "specs" / "kombo" / "kombo-openapi.json"
    if not file.is_file():
        return None
    openapi_core = pytest.importorskip("openapi_core")
    told = jsontext.parse(file.read_bytes())
    _mended(told)
    return openapi_core.OpenAPI.from_dict(told, config=openapi_core.Config(spec_validator_cls=None))


def _mended(told: Any) -> None:
    """The description as it is meant: days and times that it calls null are text, and bounds of a float are none."""
    waiting = [told]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if one.get("type") == "null" and "`" in str(one.get("description", "")):
                one["type"] = ["string", "null"]
            if str(one.get("minimum", "")).startswith("-1.79"):
                del one["minimum"]
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


class CheckedKombo:
    """The simulator behind a referee for what goes in and for what comes out without a fault."""

    def __init__(self, simulator: KomboSimulator, api: Any) -> None:
        self.simulator, self.api = simulator, api

    def handle(self, wire: WireRequest) -> WireResponse:
        """Answer, and hold both sides against the description."""
        answer = self.simulator.handle(wire)
        if self.api is None or self.simulator.log[-1].fault:
            return answer
        from openapi_core.testing import MockRequest, MockResponse

        asked = MockRequest(
            HOST, wire.method.lower(), wire.path, args=dict(wire.query), headers=dict(wire.headers),
            data=wire.body or None, content_type="application/json",
        )  # fmt: skip
        self.api.validate_request(asked)
        told = MockResponse(answer.body, status_code=answer.status, content_type="application/json")
        self.api.validate_response(asked, told)
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
