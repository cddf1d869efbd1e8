"""One fact that is told late corrects every leg it touches at once, and each correction names it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select
from tests.flows.books import late

from benehub import obligations
from benehub.connect.connector import Incoming
from benehub.flows import (
    Hub,
    corrections,
    coverage,
    deductions,
    enrollments,
    leave,
    match,
    payroll_results,
    premiums,
    sync,
)
from benehub.flows.acknowledgements import record_told
from benehub.flows.onboarding import load_plan_book
from benehub.flows.rehearsal import DirectSteps
from benehub.periods import Month
from benehub.store.tables import obligation
from benehub.views.why import why

BOOK = (
    late()
    + """\
  - id: life
    name: Life
    benefit_type: life
    carrier: carrier
    effective_from: 2026-01-01
    volume: {basis: year, multiple: 1, guarantee_issue: 500000, max: 500000}
    rates: [{from: 2026-01-01, rate: 0.50}]
    employer_contribution: {scheme: percent_of_tier, percent: 50%}
    deduction: {code: LIFE, tax_class: posttax, method: per_month, retro: {window_months: 4}}
  - id: 401k
    name: 401k
    benefit_type: retirement
    recordkeeper: carrier
    effective_from: 2026-01-01
    coverage_end: last_day
    deferral: {pretax_code: 401K}
    match: {code: M, tiers: [{rate: 50%, up_to: 6%}], period: monthly}
carriers:
  carrier: {pay_policy: pay_as_enrolled}
leave:
  - {id: pto, accrual: {method: monthly, annual_hours: 120}, payout_on_termination: true, taken_code: PTO,
     payout_code: PTO-OUT}
guards: {mass_removal_percent: 100, headcount_drop_percent: 100}
"""
)
GROSS, DEFERRED = 2_000_00, 100_00
PAYS = {8: (date(2026, 8, 14), date(2026, 8, 31)), 9: (date(2026, 9, 15), date(2026, 9, 30))}


class Firm:
    """A hub without its engine, and the words of the story."""

    def __init__(self, hub: Hub, fakehub: ModuleType, runs: int) -> None:
        self.hub, self.fakehub, self.runs = hub, fakehub, runs

    def flow(self, job: Callable[..., Any], *arguments: Any) -> Any:
        return job(self.hub, DirectSteps(), "acme", *arguments)

    def read(self, connection: str, stream: str, *rows: Incoming) -> None:
        self.runs += 1
        self.fakehub.FakeConnector.rows[stream] = list(rows)
        self.flow(sync.sync, connection, stream, f"r{self.runs}", False)

    def elect(self, plan: str, since: str, **more: str) -> None:
        data = {"employee": "1001", "plan": plan, "effective_from": since, **more}
        self.read("hris", "election", Incoming(f"{plan}/{since}", data, row=1))

    def earns(self, rate: int, since: str) -> None:
        data = {"employee": "1001", "effective_from": since, "rate_minor": rate, "per": "hour"}
        self.read("hris", "compensation", Incoming(since, data, row=1))

    def month(self, number: int) -> None:
        """A month's cover, premiums, pay, match and leave, all in time."""
        name = f"2026-{number:02d}"
        self.flow(coverage.decide, f"{name}-01")
        self.flow(premiums.accrue, name)
        self.flow(deductions.expect, name)
        register = [
            Incoming(f"{day}/{code}", {
                "pay_run": f"R{day}", "check": f"{day}", "employee": "1001", "pay_date": day.isoformat(),
                "kind": kind, "code": code, "amount_minor": amount, "gross_minor": GROSS, "net_pay_minor": 900_00,
            }, row=row)
            for day in PAYS[number]
            for row, (code, kind, amount) in enumerate(
                (("REG", "earning", GROSS), ("401K", "deduction", DEFERRED)), 1)
        ]  # fmt: skip
        self.read("payroll", "register_line", *register)
        self.flow(payroll_results.post, "payroll", name)

    def close(self, number: int) -> None:
        match.accrue(self.hub, "acme", Month(2026, number))
        self.flow(leave.accrue, f"2026-{number:02d}")

    def billed(self) -> None:
        """September is billed as it was known."""
        amounts = {"ppo": 800_00, "life": 26_00}
        rows = [
            Incoming(plan, {
                "invoice": "INV-9", "member": "1001", "plan": plan, "coverage_month": "2026-09",
                "premium_minor": amount, "due_date": "2026-09-01", "invoice_date": "2026-08-25",
            }, row=row)
            for row, (plan, amount) in enumerate(amounts.items(), 1)
        ]  # fmt: skip
        self.read("carrier", "invoice_line", *rows)

    def accepted(self) -> None:
        """The carrier has taken what he was told."""
        with self.hub.store.write("acme") as session:
            for row in session.rows(select(obligation).where(obligation.c.kind == "enrollment.change")):
                content = obligations.content(session, row)
                record_told(session, "carrier", str(row.person_id), content["told"], content["gone"], row.dispatch_id)


def at(fakehub: ModuleType, month: int, day: int) -> None:
    vars(fakehub)["NOW"] = datetime(2026, month, day, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def told(fakehub: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The database of a firm of two up to 20 October, copied for each story."""
    folder = tmp_path_factory.mktemp("firm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fakehub, "BOOK", BOOK)
        patch.setattr(fakehub, "NOW", datetime(2026, 8, 1, 12, tzinfo=UTC))
        feed = fakehub.feed
        patch.setattr(fakehub, "feed", lambda: feed(2))
        hub = fakehub.open_hub(f"sqlite:///{folder / 'hub.db'}")
        fakehub.set_up(hub, folder / "vendor", "read_back")
        hub.engine.stop()
        firm = Firm(hub, fakehub, 0)
        firm.earns(25_00, "2026-01-01")
        firm.elect("life", "2026-01-01")
        firm.elect("401k", "2026-01-01", pretax_rate="5%")
        for number in (8, 9):
            at(fakehub, number, 1)
            firm.month(number)
            at(fakehub, number + 1, 1)
            firm.close(number)
        firm.billed()
        firm.flow(enrollments.change_file, "carrier", "2026-10-01")
        firm.accepted()
        at(fakehub, 10, 20)
        hub.store.close()
        yield folder / "hub.db"


@pytest.fixture
def firm(told: Path, tmp_path: Path, fakehub: ModuleType) -> Iterator[Firm]:
    """The firm on a copy of its database."""
    shutil.copy(told, tmp_path / "hub.db")
    hub = fakehub.make_hub(f"sqlite:///{tmp_path / 'hub.db'}")
    yield Firm(hub, fakehub, 100)
    hub.store.close()


def ends(firm: Firm) -> None:
    firm.read("hris", "employee", firm.fakehub.person(1, termination_date="2026-08-31"), firm.fakehub.person(2))


def child(firm: Firm) -> None:
    firm.elect("ppo", "2026-09-01", tier="EC", event="birth")


def rise(firm: Firm) -> None:
    firm.earns(50_00, "2026-09-01")


def rates(firm: Firm) -> None:
    first = "      - from: 2026-01-01\n"
    later = "      - from: 2026-09-01\n        tiers: {EE: 900.00, ES: 1100.00, EC: 1000.00, FAM: 1300.00}\n"
    book = BOOK.replace(first, f"{later}{first}        to: 2026-09-01\n")
    load_plan_book(firm.hub, book, "book")


MONEY = {"payroll", "premium", "employer", "invoice"}
CASES = [
    ("termination", ends, MONEY | {"carrier", "match", "leave"}, "fact employment"),
    ("birth", child, MONEY | {"carrier"}, "fact election"),
    ("raise", rise, MONEY | {"leave"}, "fact compensation"),
    ("rate", rates, MONEY, "plan book"),
]


@pytest.mark.parametrize(("tell", "legs", "cause"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_one_fact_told_late_corrects_every_leg_and_each_names_it(
    firm: Firm, tell: Callable[[Firm], None], legs: set[str], cause: str
) -> None:
    tell(firm)
    found = corrections.preview(firm.hub, "acme")
    assert found.held == ()
    mine = [one for one in found.found if cause != "plan book" or one.plan == "ppo"]
    assert {one.part.value for one in mine} == legs
    with firm.hub.store.read("acme") as session:
        names = {ref: why(session, ref).title if ref.startswith("fct_") else ref.rpartition(" ")[0]
                 for one in mine for ref in one.causes}  # fmt: skip
    assert [one for one in mine if [names[ref] for ref in one.causes] != [cause]] == []
    done = firm.flow(corrections.correct)
    assert {name: done.get(name, 0) for name in sorted(legs)} == {
        name: sum(1 for one in mine if one.part.value == name) for name in sorted(legs)
    }
    assert corrections.preview(firm.hub, "acme").found == ()  # and nothing twice
