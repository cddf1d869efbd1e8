"""What has not left of a month's premium: held by amount against what was remitted, not by whether anything was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from benehub import ledger, obligations, planbook, reconcile
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import Finding, Relation, Type, premium
from benehub.reconcile.unpaid import unpaid
from benehub.store import Session, Store
from benehub.store.tables import confirmation, connection, intake_batch, person
from benehub.testing.kithub import BOOK
from benehub.views.deadlines import Asked, money

OCTOBER, DUE = Month(2026, 10), date(2026, 10, 1)
BILLED = BOOK.replace("pay_as_enrolled", "pay_as_billed")


@dataclass
class Office:
    """A book, what the carrier bills and what was paid; the clock of the store stands at 23 November 2026."""

    session: Session
    book: PlanBook
    number: int = 0
    month: str = "2026-10"

    def bill(self, reference: str, amounts: Mapping[str, int], due: date = DUE, part: str = "current") -> None:
        """An invoice of October, or one that comes again: member by member."""
        self.number += 1
        same = {
            "kind": "invoice_line", "connection_id": "carrier", "version": 1, "current": 1, "plan": "ppo", "part": part,
            "code": "", "tax_class": "", "tier": "EE", "coverage_month": "2026-10", "unit": "USD", "on_date": due,
            "reference": reference, "detail": {"invoice_date": "2026-09-15"}, "batch_id": "bat_1", "row_no": 1,
            "seq": 1,
        }  # fmt: skip
        rows = [
            {**same, "row_key": f"{self.number}/{one}", "person_id": one, "external_id": one, "amount": amount}
            for one, amount in amounts.items()
        ]
        self.session.add(confirmation, rows)

    def post(self, kind: str, amounts: Mapping[str, int], *accounts: str) -> None:
        """One entry a member: debit, credit."""
        self.number += 1
        entries = []
        for one, amount in amounts.items():
            dims: dict[str, Any] = {"person_id": one, "plan": "ppo", "coverage_month": self.month}
            legs = (Leg(accounts[0], "USD", amount, **dims), Leg(accounts[1], "USD", -amount, **dims))
            entries.append(NewEntry(f"{self.number}/{one}", kind, DUE, legs, "test"))
        ledger.record(self.session, entries)

    def accrue(self, amounts: Mapping[str, int]) -> None:
        """The ledger owes it."""
        self.post("premium.accrued", amounts, chart.BENEFIT_COST, chart.PREMIUM_PAYABLE)

    def pay(self, amounts: Mapping[str, int]) -> None:
        """A part of the month has left, and was posted."""
        self.post("premium.remitted", amounts, chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT)

    def owe(self, part: str, state: str, lines: Mapping[str, int]) -> None:
        """A payment that was made, and how far it has come."""
        content = {"lines": [
            {"person": one, "plan": "ppo", "coverage_month": "2026-10", "paid_minor": amount}
            for one, amount in lines.items()
        ]}  # fmt: skip
        wanted = Wanted("premium.remit", part, "carrier", "2026-10", DUE, DUE, content, worth_minor=sum(lines.values()))
        obligations.want(self.session, [wanted])
        obligations.mark(self.session, [self.session.id("obl", part)], state)

    def at_risk(self) -> list[tuple[str, int | None, int | None]]:
        """Reference, expected and actual of what a comparison says is at risk."""
        found = [
            one for one in premium.of_payments(self.session, self.book, ["carrier"], OCTOBER)
            if one.type is Type.PREMIUM_AT_RISK
        ]  # fmt: skip
        return [(one.reference, one.expected, one.actual) for one in found]

    def deadlines(self) -> list[tuple[str, date, int]]:
        """Month, due day and worth of the premiums whose deadline is open."""
        now = datetime.combine(self.session.today(), time(12), UTC)
        asked = Asked(self.session, self.book, now, now.date() + timedelta(days=60), frozenset({"carrier"}), {})
        return [(one.period, one.due, one.worth_minor) for one in money.premiums(asked)]


@pytest.fixture
def office(store: Store, request: pytest.FixtureRequest) -> Any:
    with opened(store, getattr(request, "param", BILLED)) as made:
        yield made


@contextmanager
def opened(store: Store, text: str) -> Iterator[Office]:
    """The office on its first day."""
    with store.write("acme") as session:
        session.add(connection, [{"connection_id": "carrier", "connector": "x", "settings": {}, "mode": "live"}])
        row = {"kind": "employee", "subscriber_id": "", "ssn_sealed": None, "ssn_index": None, "seq": 1}
        session.add(person, [{**row, "person_id": one, "member_id": one} for one in ("per_a", "per_b")])
        counts = dict.fromkeys(("full_read", "rows", "applied", "unchanged", "quarantined", "superseded"), 0)
        session.add(intake_batch, [
            {"batch_id": "bat_1", "connection_id": "carrier", "stream": "invoice", "run_key": "1", "state": "applied",
             "reason": "", "cursor": None, "seq": 1, "recorded_at": "2026-10-01T00:00:00.000000Z", **counts}
        ])  # fmt: skip
        yield Office(session, planbook.load(text, "book"))


def test_a_part_that_has_left_says_nothing_of_the_other(office: Office) -> None:
    office.bill("INV-10", {"per_a": 500_00, "per_b": 300_00})
    assert office.at_risk() == [("carrier/INV-10", 800_00, 0)]
    office.owe("premium.remit/carrier/2026-10", "sent", {"per_a": 500_00})
    assert office.at_risk() == [("carrier/INV-10", 800_00, 500_00)]  # it has left, and is not posted yet
    office.owe("premium.remit/carrier/2026-10/p2", "held", {"per_b": 300_00})
    assert office.deadlines() == [("2026-10", DUE, 300_00)]
    office.owe("premium.remit/carrier/2026-10/p2", "sent", {"per_b": 300_00})
    assert office.at_risk() == office.deadlines() == []


def test_a_bill_that_comes_again_higher_is_unpaid_by_the_rest(office: Office) -> None:
    office.accrue({"per_a": 500_00, "per_b": 300_00})
    office.bill("INV-10", {"per_a": 500_00, "per_b": 300_00})
    office.pay({"per_a": 500_00, "per_b": 300_00})
    assert office.at_risk() == office.deadlines() == []
    office.bill("INV-10", {"per_b": 40_00})
    assert office.at_risk() == [("carrier/INV-10", 840_00, 800_00)]
    assert office.deadlines() == [("2026-10", DUE, 40_00)]
    # One who was billed too much, and paid, is set off: the next payment of the month would take it.
    office.bill("INV-10", {"per_a": -40_00}, part="adjustment")
    assert office.at_risk() == office.deadlines() == []


def test_of_two_bills_of_a_month_the_one_that_was_paid_is_done(office: Office) -> None:
    later = date(2026, 11, 20)
    office.bill("INV-11", {"per_a": 500_00}, later)
    office.bill("INV-10", {"per_b": 300_00})
    office.pay({"per_a": 500_00})
    assert office.at_risk() == [("carrier/INV-10", 300_00, 0)]
    assert office.deadlines() == [("2026-10", DUE, 300_00)]
    office.pay({"per_b": 300_00})
    office.bill("INV-11", {"per_b": 20_00}, later)
    assert office.at_risk() == [("carrier/INV-11", 520_00, 500_00)]
    assert office.deadlines() == [("2026-10", later, 20_00)]


@pytest.mark.parametrize(
    ("office", "owner"), [(BILLED, "carrier"), (BOOK, "finance")], indirect=["office"]
)  # fmt: skip
def test_who_never_billed_moves_next(office: Office, owner: str) -> None:
    office.accrue({"per_a": 500_00})
    [risk] = premium.of_payments(office.session, office.book, ["carrier"], OCTOBER)
    assert (risk.reference, risk.owner, risk.side) == ("carrier/-", owner, "hub" if owner == "finance" else "carrier")


def test_what_came_back_is_owed_again(office: Office) -> None:
    office.bill("INV-10", {"per_a": 500_00})
    office.pay({"per_a": 500_00})
    assert office.at_risk() == []
    office.post("premium.remitted.reversed", {"per_a": 500_00}, chart.CARRIER_TRANSIT, chart.PREMIUM_PAYABLE)
    assert office.at_risk() == [("carrier/INV-10", 500_00, 0)]


@pytest.mark.parametrize("office", [BOOK.replace("pay_as_enrolled", "short_pay")], indirect=True)
def test_what_is_disputed_is_not_owed_to_a_carrier_that_is_paid_short(office: Office) -> None:
    office.bill("INV-10", {"per_a": 500_00, "per_b": 300_00})
    dispute = Finding(
        Relation.PREMIUM, Type.RATE_DIFF, "2026-10", "-", "carrier", "carrier", "another rate", "claim it",
        person_id="per_b", plan="ppo", expected=280_00, actual=300_00,
    )  # fmt: skip
    reconcile.settle(office.session, Relation.PREMIUM, "2026-10", [dispute], office.session.today())
    assert office.at_risk() == [("carrier/INV-10", 780_00, 0)]
    office.pay({"per_a": 500_00, "per_b": 280_00})
    assert office.at_risk() == office.deadlines() == []


@pytest.mark.parametrize("office", [BOOK], indirect=True)
def test_where_we_bill_ourselves_the_ledger_says_what_is_owed(office: Office) -> None:
    office.accrue({"per_a": 500_00, "per_b": 300_00})
    office.pay({"per_a": 500_00})
    assert office.at_risk() == [("carrier/-", 800_00, 500_00)]
    assert office.deadlines() == [("2026-10", DUE, 300_00)]
    office.pay({"per_b": 300_00})
    assert office.at_risk() == office.deadlines() == []
    # What is accrued for a month after it was paid is due with the next one: today is the 23rd of November.
    office.accrue({"per_a": 25_00})
    assert office.at_risk() == []
    assert office.deadlines() == [("2026-10", date(2026, 12, 1), 25_00)]


@pytest.mark.parametrize("office", [BOOK], indirect=True)
def test_a_correction_moves_the_due_day_of_nothing_but_itself(office: Office) -> None:
    office.accrue({"per_a": 500_00, "per_b": 300_00})
    office.pay({"per_a": 500_00})
    office.accrue({"per_a": 1_00})  # on the 23rd of November
    assert office.at_risk() == [("carrier/-", 800_00, 500_00)]
    assert office.deadlines() == [("2026-10", DUE, 301_00)]


def test_a_second_correction_has_a_due_day_of_its_own(store: Store) -> None:
    with opened(store, BOOK) as office:
        office.accrue({"per_a": 500_00})
        office.pay({"per_a": 500_00})
        office.accrue({"per_a": 1_00})
    with store.write("acme") as session:
        session.clock = lambda: datetime(2026, 12, 10, 12, tzinfo=UTC)
        office = Office(session, office.book, office.number)
        assert office.at_risk() == [("carrier/-", 501_00, 500_00)]
        office.pay({"per_a": 1_00})
        office.accrue({"per_a": 2_00})
        assert office.at_risk() == []
        assert office.deadlines() == [("2026-10", date(2027, 1, 1), 2_00)]


@pytest.mark.parametrize("office", [BOOK], indirect=True)
def test_months_that_were_paid_and_corrected_cost_no_statement_each(office: Office) -> None:
    office.session.today()  # its zone is looked up once
    asked: list[str] = []
    event.listen(office.session.connection, "before_cursor_execute", lambda *told: asked.append(told[2]))
    many = []
    for number in (1, 2, 3, 4):
        office.month = f"2026-0{number}"
        office.accrue({"per_a": 500_00})
        office.pay({"per_a": 500_00})
        office.accrue({"per_a": 1_00})
        asked.clear()
        assert len(unpaid(office.session, office.book, ["carrier", "another"])) == number
        many.append(len(asked))
    assert set(many) == {6}


def test_what_is_owed_and_has_left_is_found_by_month_of_cover_and_in_an_index_alone(office: Office) -> None:
    asked: list[tuple[str, Any]] = []
    office.accrue({"per_a": 500_00, "per_b": 300_00})
    office.pay({"per_a": 200_00})
    office.accrue({"per_b": 1_00})
    event.listen(office.session.connection, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    assert sum(one.rest for one in unpaid(office.session, office.book, ["carrier"])) == 601_00
    of_legs = [one for one in asked if "FROM leg" in one[0]]
    assert len(of_legs) == 3
    postgres = office.session.connection.dialect.name == "postgresql"
    for name in ("enable_seqscan", "enable_bitmapscan") if postgres else ():
        office.session.connection.exec_driver_sql(f"SET LOCAL {name} = off")
    for statement, given in of_legs:
        words = ("EXPLAIN " if postgres else "EXPLAIN QUERY PLAN ") + statement
        plan = [str(row) for row in office.session.connection.exec_driver_sql(words, given)]
        mine = [line for line in plan if "leg" in line and ("SEARCH" in line or "SCAN" in line or "Scan" in line)]
        assert mine and all("ix_leg_carriers" in line for line in mine), plan
        if "GROUP BY leg.batch" in statement:
            assert all("coverage_month" in line for line in plan if "COVERING" in line or "Index Cond" in line), plan
        if "JOIN entry" not in statement:
            assert all("COVERING" in line or "Index Only" in line for line in mine), plan


def test_a_file_whose_money_has_left_without_it_is_still_to_go(office: Office) -> None:
    office.bill("INV-10", {"per_a": 500_00})
    office.pay({"per_a": 500_00})
    office.owe("premium.remit/carrier/2026-10", "refused", {"per_a": 500_00})
    assert office.at_risk() == []
    assert office.deadlines() == [("2026-10", DUE, 500_00)]
