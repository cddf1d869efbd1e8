"""A company at Rippling whose every call and answer is held against the vendor's description, if at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.connectors.published import PUBLISHED, Referee, referee

from benehub.connect.connector import Incoming, Item, Link, Receipt
from benehub.connect.testing import WireRequest, WireResponse, transport
from benehub.records import STREAMS, DeductionOrder
from benehub_connectors.rippling import RipplingConnector, RipplingSettings
from benehub_connectors.rippling.simulator import RipplingSimulator
from benehub_connectors.rippling.stage import NOW, company, settings

HOST = "https://api.rippling.com"


@pytest.fixture(scope="session")
def api() -> Referee | None:
    """The vendor's API description as a referee, loaded once; None where it is not at hand."""
    return referee(*PUBLISHED["rippling"])


class Bench:
    """A connector on a simulated company behind a referee, without a wait."""

    def __init__(self, simulator: RipplingSimulator, api: Any) -> None:
        self.simulator, self.api = simulator, api
        self.connector = RipplingConnector()
        self.tokens: list[str] = []
        self.checked: set[tuple[str, str, int]] = set()

    @property
    def ada(self) -> str:
        """Who defers four per cent already."""
        return next(iter(self.simulator.employees))

    @property
    def max(self) -> str:
        """Who defers nothing yet."""
        return list(self.simulator.employees)[1]

    def answer(self, wire: WireRequest) -> WireResponse:
        """The simulator's answer, judged."""
        got = self.simulator.handle(wire)
        if self.api is not None and self.api.hold(wire, got, bool(self.simulator.log[-1].fault)):
            self.checked.add((wire.method, wire.path.rpartition("/")[2], got.status))
        return got

    def link(self, **more: Any) -> Link:
        """An open link."""
        checked = RipplingSettings.model_validate(settings(self.simulator) | more)
        secret = {
            "env:KEY": self.simulator.api_key, "env:SECRET": self.simulator.client_secret,
            "env:REFRESH": self.simulator.refresh_token,
        }  # fmt: skip
        client = self.connector.client(
            checked, secret, name="pay", transport=transport(self.answer), sleep=lambda _: None,
            wall_clock=lambda: NOW, on_token=lambda token: self.tokens.append(token.refresh),
        )  # fmt: skip
        return Link("acme", "pay", checked, lambda: NOW, client)

    def rows(self, stream: str, cursor: str | None = None, **more: Any) -> list[Incoming]:
        """All rows of a stream; what could be translated is held against the stream's record."""
        found = [row for page in self.connector.read(stream, self.link(**more), cursor) for row in page.rows]
        for row in found:
            if not row.problem:
                STREAMS[stream].model_validate(row.data)
        return found

    def lines(self, employee: str, **more: Any) -> dict[tuple[str, str], Mapping[str, Any]]:
        """An employee's register lines by kind and code."""
        rows = [row.data for row in self.rows("register_line", **more) if row.data.get("employee") == employee]
        return {(row["kind"], row["code"]): row for row in rows}

    def push(self, code: str, employee: str, link: Link | None = None, **fields: Any) -> Receipt:
        """Look up, decide, send, confirm."""
        usual = {"plan": "401k", "tax_class": "pretax", "effective_from": "2026-12-15"}
        record = DeductionOrder.model_validate(usual | fields | {"code": code, "employee": employee})
        item, link = Item("deduction.set", f"k/{code}", record.model_dump(mode="json")), link or self.link()
        found = link.http().send(self.connector.lookup(item, link.settings))
        answer = self.connector.request(item, found, link.settings)
        if isinstance(answer, Receipt):
            return answer
        return self.connector.receipt(item, link.http().send(answer))


@pytest.fixture
def bench(api: Any) -> Bench:
    """A connector on a company with a paid run and one to come."""
    return Bench(company(), api)
