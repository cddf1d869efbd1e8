"""A payroll behind files is told each pay date's lines once, and after that only what has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import benehub_plugins.germany as germany
from benehub import dispatch
from benehub.connect.connector import Incoming
from benehub.errors import DataError
from benehub.flows import Hub, payroll_file
from benehub.flows.onboarding import connect, load_plan_book
from benehub.formats.datev_lodas import parse
from benehub.sandbox.http import serve
from benehub_connectors import datev, kombo
from benehub_connectors.kombo.simulator import KomboSimulator

TERMS = {"contract": "L-4711", "conversion": "200.00", "voluntary": "50.00", "health_additional_rate": "2.5%"}
KEYS: dict[str, Any] = {code: {"number": int(code), "key": 3} for code in ("3040", "5200", "9100")}


class Company:
    """One employee of a German employer whose payroll an adviser runs in DATEV."""

    def __init__(
        self, hub: Hub, fake: ModuleType, root: Path, book: str, payroll: dict[str, Any] | None = None
    ) -> None:
        self.hub, self.fake, self.root, self.count = hub, fake, root, 0
        self.employer = load_plan_book(hub, book, "book")[0]
        one = {"connector": "read_back", "settings": {"folder": str(root / "hris")}}
        place = root / "adviser"
        (place / "to-datev").mkdir(parents=True)
        settings = {"place": {"folder": str(place)}, "adviser": "1234567", "client": "12345", "wage_types": KEYS}
        connect(hub, self.employer, {
            "hris": one, "allianz": one, "payroll": payroll or {"connector": "datev", "settings": settings},
        })  # fmt: skip
        pay = {"employee": "h1", "effective_from": "2025-01-01", "rate_minor": 4_000_00, "per": "month"}
        fake.FakeConnector.rows = {
            "employee": [fake.person(1)],
            "compensation": [Incoming("c1", pay | {"currency": "EUR"}, row=1)],
        }
        self.sync("employee")
        self.sync("compensation")

    def run(self, flow: str, *arguments: Any) -> Any:
        self.count += 1
        return self.hub.start_flow(flow, self.employer, f"{flow}/{self.count}", *arguments)

    def sync(self, stream: str) -> None:
        self.run("sync", "hris", stream, f"{stream}/{self.count}", False)

    def elect(self, **terms: str) -> None:
        data = {"employee": "h1", "plan": "bav", "effective_from": "2026-01-01", "terms": TERMS | terms}
        self.fake.FakeConnector.rows["election"] = [Incoming("e1", data, row=1)]
        self.sync("election")
        self.run("coverage", "2026-10-01")

    def push(self) -> Any:
        return self.run("deductions.push", "payroll", "monthly", "2026-10-30")

    def files(self) -> list[dict[int, int]]:
        """Values by wage type of each file that left, in order."""
        with self.hub.store.read(self.employer) as session:
            gone = [dispatch.frozen_bytes(session, row) for row in dispatch.in_states(session, ["sent"], "payroll")]
        return [{one.wage_type: one.value for one in parse(data).file().bookings} for data in gone]


@pytest.fixture
def company(sqlite_url: str, open_hub: Callable[..., Hub], fakehub: ModuleType, tmp_path: Path, root: Path) -> Company:
    book = (root / "config" / "planbook.germany.example.yaml").read_text(encoding="utf-8")
    return Company(open_hub(sqlite_url, germany, datev), fakehub, tmp_path, book)


def test_three_lines_go_out_once_and_then_the_difference(company: Company) -> None:
    company.elect()
    counts, ids = payroll_file.preview(company.hub, company.employer, "payroll", "monthly", date(2026, 10, 30))
    assert (counts["lines"], len(ids)) == (3, 1)
    assert company.push()["sent"] == 1
    assert company.push() == {"lines": 0}
    assert company.files() == [{3040: 200_00, 5200: 30_00, 9100: 50_00}]
    company.elect(conversion="180.00", voluntary="")
    assert company.push()["sent"] == 1
    assert company.files()[1] == {3040: -20_00, 5200: -3_00, 9100: -50_00}
    assert company.push() == {"lines": 0}
    assert len(list((company.root / "adviser" / "to-datev").iterdir())) == 2


def test_what_cannot_be_computed_takes_nothing_back(company: Company) -> None:
    company.elect()
    company.push()
    company.elect(contract="")
    assert company.push() == {"lines": 0, "not_computed": 3}


def test_a_code_without_wage_type_is_refused_and_nothing_leaves(company: Company) -> None:
    company.elect()
    place = {"folder": str(company.root / "adviser")}
    some = {"place": place, "adviser": "1", "client": "1", "wage_types": {"3040": KEYS["3040"]}}
    connect(company.hub, company.employer, {"payroll": {"connector": "datev", "settings": some}})
    with pytest.raises(DataError, match="no wage type for code '5200'"):
        company.push()
    assert company.files() == []


def test_a_past_pay_date_is_told_nothing(
    company: Company, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.elect()
    company.push()
    company.elect(conversion="100.00")
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 11, 2, 12, tzinfo=UTC))
    with pytest.raises(DataError, match="is past"):
        company.push()
    assert len(company.files()) == 1


@pytest.fixture
def pushed(
    sqlite_url: str, open_hub: Callable[..., Hub], fakehub: ModuleType, tmp_path: Path, root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[Company, KomboSimulator]]:  # fmt: skip
    """The same employer, whose DATEV is reached through Kombo, over a loopback port."""
    simulator = KomboSimulator(now="2026-10-20T12:00:00.000Z")
    monkeypatch.setenv("KOMBO_KEY", simulator.api_key)
    book = (root / "config" / "planbook.germany.example.yaml").read_text(encoding="utf-8")
    with serve(simulator) as address:
        settings = {
            "api_key": "env:KOMBO_KEY", "integration": simulator.integration, "base_url": f"{address}/v1",
            "datev": {"wage_types": KEYS, "employee_by": "remote"},
        }  # fmt: skip
        hub = open_hub(sqlite_url, germany, kombo)
        company = Company(hub, fakehub, tmp_path, book, {"connector": "kombo", "settings": settings})
        yield company, simulator


def held(company: Company) -> list[str]:
    """Reasons of what is held at payroll."""
    with company.hub.store.read(company.employer) as session:
        return [str(row.reason) for row in dispatch.in_states(session, ["held"], "payroll")]


def test_a_push_through_kombo_is_whole_and_told_once(pushed: tuple[Company, KomboSimulator]) -> None:
    company, simulator = pushed
    number = company.fake.person(1).data["employee_number"]
    simulator.add_employee(number, "Ada", "Byron", birth=date(1980, 1, 1), hired=date(2020, 1, 1), pay_minor=4_000_00)
    company.elect()
    assert company.push()["sent"] == 1
    (job,) = simulator.pushes[0]["upload_jobs"]
    booked = {one.wage_type: one.value for one in parse(job["file"].encode("cp1252")).file().bookings}
    assert booked == {3040: 200_00, 5200: 30_00, 9100: 50_00}
    assert company.push() == {"lines": 0}
    company.elect(conversion="180.00")
    with pytest.raises(DataError, match="a correction says the difference"):
        company.push()
    assert simulator.effects == 1


def test_a_month_that_somebody_else_pushed_is_held(pushed: tuple[Company, KomboSimulator]) -> None:
    company, simulator = pushed
    number = company.fake.person(1).data["employee_number"]
    simulator.add_employee(number, "Ada", "Byron", birth=date(1980, 1, 1), hired=date(2020, 1, 1), pay_minor=4_000_00)
    told = {"id": "j", "file_name": "x", "state": "UPLOADED", "file": "1;01.10.2026;1,00;3;1;1;"}
    simulator.pushes.append(
        {"id": "theirs", "type": "PAYROLL", "created_at": "2026-10-01T08:00:00.000Z", "upload_jobs": [told]}
    )
    company.elect()
    company.push()
    assert "pushed files of this month already (theirs)" in held(company)[0]
    assert simulator.effects == 0
