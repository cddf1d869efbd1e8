"""A company at Gusto whose every call and answer is held against the vendor's description, if at hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.connectors.published import PUBLISHED, Referee, referee

from benehub.connect.connector import Incoming, Item, Link, Page, Receipt
from benehub.connect.messages import Request
from benehub.connect.testing import WireRequest, WireResponse
from benehub.records import STREAMS, DeductionOrder
from benehub.sandbox.http import as_transport
from benehub_connectors.gusto import GustoConnector, GustoSettings
from benehub_connectors.gusto.simulator import GustoSimulator

HOST = "https://api.gusto.com"
TODAY = date(2026, 11, 30)
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def api() -> Referee | None:
    """The vendor's API description as a referee, loaded once; None where it is not at hand."""
    return referee(*PUBLISHED["gusto"])


class CheckedGusto(GustoSimulator):
    """The simulator, with a referee for what goes in and for what comes out without a fault."""

    def __init__(self, api: Any, **arguments: Any) -> None:
        super().__init__(today=TODAY, **arguments)
        self.api = api
        self.checked: set[tuple[str, int]] = set()

    def handle(self, wire: WireRequest) -> WireResponse:
        answer = super().handle(wire)
        if self.api is not None and self.api.hold(wire, answer, bool(self.log[-1].fault)):
            self.checked.add((wire.method, answer.status))
        return answer


class Bench:
    """A connector on a simulated company, without a wait."""

    def __init__(self, simulator: GustoSimulator) -> None:
        self.simulator = simulator
        self.connector = GustoConnector()
        self.waits: list[float] = []
        self.now = NOW
        self.tokens: list[str] = []
        self.usual: dict[str, Any] = {
            "company": simulator.company,
            "client_id": simulator.client_id,
            "client_secret": "env:SECRET",
            "refresh_token": "env:REFRESH",
            "leave_codes": {"Vacation Hours": "PTO"},
            "payouts": {"PTO Payout": {"code": "PTO-OUT"}},
            "register_from": date(2026, 9, 1),
        }

    def link(self, **settings: Any) -> Link:
        """An open link."""
        checked = GustoSettings.model_validate(self.usual | settings)
        secret = {
            checked.client_secret: self.simulator.client_secret,
            checked.refresh_token: self.simulator.refresh_token,
        }
        client = self.connector.client(
            checked, secret, name="pay", transport=as_transport(self.simulator), sleep=self.waits.append,
            wall_clock=lambda: NOW, on_token=lambda token: self.tokens.append(token.refresh),
        )  # fmt: skip
        return Link("acme", "pay", checked, lambda: self.now, client, secret=secret)

    def read(self, stream: str, cursor: str | None = None, **settings: Any) -> list[Page]:
        """All pages of a stream."""
        return list(self.connector.read(stream, self.link(**settings), cursor))

    def rows(self, stream: str, cursor: str | None = None, **settings: Any) -> list[Incoming]:
        """All rows of a stream; what could be translated is held against the stream's record."""
        found = [row for page in self.read(stream, cursor, **settings) for row in page.rows]
        for row in found:
            if not row.problem:
                STREAMS[stream].model_validate(row.data)
        return found

    def lines(self, employee: str, kind: str, **settings: Any) -> dict[str, Mapping[str, Any]]:
        """The register lines of one employee and kind, by code."""
        who = self.simulator._employee(employee).uuid
        return {
            row.data["code"]: row.data
            for row in self.rows("register_line", **settings)
            if row.data and row.data["employee"] == who and row.data["kind"] == kind
        }

    def order(self, code: str, employee: str = "1001", **fields: Any) -> Item:
        """A deduction order as the hub freezes it."""
        usual: dict[str, Any] = {"plan": "ppo", "tax_class": "pretax", "effective_from": date(2026, 12, 4)}
        uuid = self.simulator._employee(employee).uuid
        record = DeductionOrder.model_validate(usual | fields | {"code": code, "employee": uuid})
        return Item("deduction.set", f"deduction.set/{code}", record.model_dump(mode="json"))

    def ask(self, item: Item, link: Link | None = None) -> Request | Receipt:
        """Look up and decide, as the hub does; nothing is written."""
        link = link or self.link()
        settings = self.connector.discover(link)
        found = link.http().send(self.connector.lookup(item, settings))
        return self.connector.request(item, found, settings)

    def push(self, item: Item) -> Receipt:
        """Look up, decide, send, confirm."""
        link = self.link()
        answer = self.ask(item, link)
        if isinstance(answer, Receipt):
            return answer
        return self.connector.receipt(item, link.http().send(answer))

    @property
    def writes(self) -> list[Any]:
        """The calls that may have changed something, those for a token left out."""
        return [call for call in self.simulator.calls("write") if call.path != "/oauth/token"]


@pytest.fixture
def gusto(api: Any) -> CheckedGusto:
    """A company with two employees paid every other week, and six benefits."""
    company = CheckedGusto(api)
    company.add_schedule("Biweekly", date(2026, 11, 6))
    for code, first, last, gross in (("1001", "Ada", "Byron", 320_000), ("1002", "Max", "Stein", 210_000)):
        company.add_employee(
            code, first, last, birth=date(1980, 3, 9), pay_group="Biweekly", gross_minor=gross,
            hired=date(2020, 1, 6),
        )  # fmt: skip
    for description, kind in (
        ("MED-PPO", 1), ("DENTAL", 2), ("VISION", 992), ("401K", 5), ("401K-ROTH", 105), ("MED-POST", 100),
    ):  # fmt: skip
        company.add_benefit(description, kind)
    return company


@pytest.fixture
def bench(gusto: CheckedGusto) -> Bench:
    """A connector on that company."""
    return Bench(gusto)


@pytest.fixture
def run(gusto: CheckedGusto) -> Any:
    """Runs the company's payroll of a pay date in November 2026."""

    def process(day: int, **arguments: Any) -> str:
        paid = date(2026, 11, day)
        return gusto.run_payroll("Biweekly", paid, date(2026, 10, 25), date(2026, 11, 7), **arguments)

    return process
