"""A payroll behind Finch whose every call and answer is held against the vendor's description, if at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest
from tests.connectors.published import FINCH, FINCH_JOBS, FINCH_TOKEN, Referee, referee

from benehub.connect.connector import Incoming, Item, Link, Page, Receipt
from benehub.connect.messages import Request
from benehub.connect.testing import WireRequest, WireResponse
from benehub.records import STREAMS, DeductionOrder
from benehub.sandbox.http import as_transport
from benehub_connectors.finch import FinchConnector, FinchSettings
from benehub_connectors.finch.simulator import FinchSimulator
from benehub_connectors.finch.stage import NOW

HOST = "https://api.tryfinch.com"


@pytest.fixture(scope="session")
def api() -> Referee | None:
    """The descriptions of 2024: enrollments are made while one waits; None where they are not at hand."""
    return referee(FINCH, FINCH_TOKEN)


@pytest.fixture(scope="session")
def jobs_api() -> Referee | None:
    """The description in which enrollments are jobs."""
    return referee(FINCH_JOBS)


class CheckedFinch(FinchSimulator):
    """The simulator, with a referee for what goes in and for what comes out without a fault."""

    def __init__(self, api: Any, jobs_api: Any = None, *, jobs: bool = False) -> None:
        super().__init__(today=NOW.date(), jobs=jobs)
        self.api, self.jobs_api = api, jobs_api

    def handle(self, wire: WireRequest) -> WireResponse:
        answer = super().handle(wire)
        enrolling = wire.method in ("POST", "DELETE") and wire.path.endswith("/individuals")
        api = self.jobs_api if self.jobs_api is not None and enrolling else self.api
        if api is not None:
            api.hold(wire, answer, bool(self.log[-1].fault))
        return answer


class Bench:
    """A connector on a simulated payroll, without a wait."""

    def __init__(self, simulator: CheckedFinch) -> None:
        self.simulator = simulator
        self.connector = FinchConnector()
        self.waits: list[float] = []

    def link(self, **settings: Any) -> Link:
        """An open link."""
        usual = {"access_token": "env:TOKEN", "pay_group": "biweekly", "register_from": "2026-09-01"}
        checked = FinchSettings.model_validate(usual | settings)
        secret = {"env:TOKEN": self.simulator.access_token}
        transport = as_transport(self.simulator)
        client = self.connector.client(checked, secret, name="pay", transport=transport, sleep=self.waits.append)
        return Link("acme", "pay", checked, lambda: NOW, client)

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

    def lines(self, number: str, kind: str, **settings: Any) -> dict[str, Mapping[str, Any]]:
        """The register lines of one person and kind, by code."""
        who = self.simulator.person(number).id
        return {
            row.data["code"]: row.data
            for row in self.rows("register_line", **settings)
            if row.data and row.data["employee"] == who and row.data["kind"] == kind
        }

    def order(self, code: str, number: str = "1001", **fields: Any) -> Item:
        """A deduction order as the hub freezes it."""
        usual: dict[str, Any] = {"plan": "ppo", "tax_class": "pretax", "effective_from": date(2026, 12, 4)}
        who = fields.pop("employee", None) or self.simulator.person(number).id
        record = DeductionOrder.model_validate(usual | fields | {"code": code, "employee": who})
        return Item("deduction.set", f"deduction.set/{code}", record.model_dump(mode="json"))

    def ask(self, item: Item, link: Link | None = None) -> Request | Receipt:
        """Look up and decide, as the hub does; nothing is written."""
        link = link or self.link()
        settings = self.connector.discover(link)
        found = link.http().send(self.connector.lookup(item, settings))
        return self.connector.request(item, found, settings)

    def push(self, item: Item, **settings: Any) -> Receipt:
        """Look up, decide, send, confirm."""
        link = self.link(**settings)
        answer = self.ask(item, link)
        if isinstance(answer, Receipt):
            return answer
        return self.connector.receipt(item, link.http().send(answer))


def staffed(made: CheckedFinch) -> CheckedFinch:
    """The payroll with two employees and six benefits."""
    for number, first, last, gross in (("1001", "Ada", "Byron", 320_000), ("1002", "Max", "Stein", 210_000)):
        made.add_person(number, first, last, birth=date(1980, 3, 9), gross_minor=gross, hired=date(2020, 1, 6))
    for description, kind in (
        ("MED-PPO", "s125_medical"), ("DENTAL", "s125_dental"), ("LIFE", "custom_post_tax"), ("401K", "401k"),
        ("ROTH", "401k_roth"), ("HSA", "hsa_pre"),
    ):  # fmt: skip
        made.add_benefit(description, kind)
    return made


@pytest.fixture
def finch(api: Any) -> CheckedFinch:
    """A payroll that enrolls while one waits."""
    return staffed(CheckedFinch(api))


@pytest.fixture
def bench(finch: CheckedFinch) -> Bench:
    """A connector on that payroll."""
    return Bench(finch)


@pytest.fixture
def slow(api: Any, jobs_api: Any) -> Bench:
    """A connector on a payroll where an enrollment is a job."""
    return Bench(staffed(CheckedFinch(api, jobs_api, jobs=True)))


@pytest.fixture(scope="session")
def fresh() -> Callable[[], Bench]:
    """Makes a connector on a payroll of its own, without a referee."""
    return lambda: Bench(staffed(CheckedFinch(None)))


@pytest.fixture
def run(finch: CheckedFinch) -> Any:
    """Pays on a day of November 2026."""

    def process(day: int, **arguments: Any) -> str:
        return finch.run_payroll(date(2026, 11, day), date(2026, 10, 25), date(2026, 11, 7), **arguments)

    return process
