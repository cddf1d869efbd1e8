"""Money and cover in awkward moments: late pushes, drift, corrected bills, second runs, files in doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select, text

from benehub import dispatch, facts, ledger, obligations, planbook, reconcile
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Receipt
from benehub.dispatch import Frozen
from benehub.errors import DataError, FatalError, OutcomeUnknown
from benehub.facts import Version
from benehub.flows import Hub, enrollments, premiums
from benehub.flows.leave_books import available
from benehub.flows.linking import map_codes
from benehub.flows.onboarding import connect, load_plan_book
from benehub.flows.remittance_lines import lines_due
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.reconcile import Finding, Relation, Type, payroll, premium, retirement
from benehub.rules.retirement.deposit_due import DepositDue
from benehub.store import Session, Store
from benehub.store.tables import confirmation, connection, intake_batch, obligation, person
from benehub.store.tables import dispatch as dispatch_table

Open = Callable[..., Hub]
OCTOBER = Month(2026, 10)
DUE = DepositDue(
    due=date(2026, 10, 22), safe_harbor=None, outer_limit=date(2026, 11, 23), alert_on=date(2026, 10, 20), alert=None,
    days_late=0, within_safe_harbor=None,
)  # fmt: skip


@pytest.fixture
def hub(sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType) -> Hub:
    one = open_hub(sqlite_url)
    fakehub.set_up(one, tmp_path / "vendor", "read_back")
    return one


def mode(hub: Hub, tmp_path: Path, wanted: str) -> None:
    one = {"connector": "read_back", "settings": {"folder": str(tmp_path / "vendor")}, "mode": wanted}
    connect(hub, "acme", {"payroll": one, "carrier": one})


def first_person(session: Session) -> str:
    return str(session.rows(select(person.c.person_id).order_by(person.c.member_id))[0].person_id)


def test_a_late_push_does_not_end_every_deduction(
    hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakehub.run(hub, fakehub.PUSH)
    hub.start_flow("deductions.expect", "acme", "e", "2026-10")
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 10, 16, 2, tzinfo=UTC))
    with pytest.raises(DataError, match="is past"):
        fakehub.run(hub, fakehub.PUSH, "late")
    with hub.store.read("acme") as session:
        assert {row.state for row in session.rows(select(obligation))} == {"confirmed"}


def test_what_payroll_changed_by_hand_is_pushed_again(hub: Hub, fakehub: ModuleType) -> None:
    fakehub.run(hub, fakehub.PUSH)
    with hub.store.write("acme") as session:
        held = facts.as_of(session, "payroll_benefit", date(2026, 12, 1))[0]
        wrong = {**held.data, "employee_amount_minor": 5}
        version = Version("payroll_benefit", held.subject, held.key, date(2026, 10, 1), wrong)
        assert facts.record(session, [version], "a read of payroll")
    assert fakehub.run(hub, fakehub.PUSH, "again")["sent"] == 1
    assert "sent" not in fakehub.run(hub, fakehub.PUSH, "third")


def test_what_was_only_watched_leaves_once_the_connection_is_live(
    hub: Hub, fakehub: ModuleType, tmp_path: Path
) -> None:
    mode(hub, tmp_path, "watch")
    assert fakehub.run(hub, fakehub.PUSH)["held"] == 3
    assert fakehub.run(hub, fakehub.ENROLL)["held"] == 1
    mode(hub, tmp_path, "live")
    assert fakehub.run(hub, fakehub.PUSH, "live")["sent"] == 3
    assert fakehub.run(hub, fakehub.ENROLL, "live")["sent"] == 1
    assert fakehub.Vendor.writes == 3


def test_a_change_taken_back_before_it_left_does_not_leave(hub: Hub) -> None:
    day = date(2026, 10, 1)
    assert enrollments.want_changes(hub, "acme", "carrier", day) == 3
    with hub.store.write("acme") as session:
        one = first_person(session)
        facts.record(session, [Version("coverage", one, "medical", date(2020, 1, 1), None)], "never covered")
    assert enrollments.want_changes(hub, "acme", "carrier", day) == 0
    with hub.store.read("acme") as session:
        assert [row.person_id == one for row in session.rows(select(obligation)) if row.state == "canceled"] == [True]
        assert len(obligations.open_ones(session, "enrollment.change", "carrier")) == 2


def test_an_unexpected_error_keeps_its_values_out_of_the_engine(
    hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("input_value='900110001'")

    monkeypatch.setattr("benehub.flows.coverage._decide", broken)
    with pytest.raises(FatalError, match=r"step decide failed unexpectedly \(ValueError\)"):
        hub.start_flow("coverage", "acme", "bad", "2026-10-02")
    with hub.store.read("acme") as session:
        tables = session.rows(text("select name from sqlite_master where type = 'table'"))
        for table in (row.name for row in tables):
            assert "900110001" not in repr(session.rows(text(f'select * from "{table}"'))), table
        assert session.rows(text("select state from run where flow = 'coverage' and state = 'failed'"))


def confirm(session: Session, kind: str, key: str, **columns: Any) -> None:
    empty = {
        "connection_id": "carrier", "version": 1, "current": 1, "external_id": "1001", "part": "current", "code": "",
        "tax_class": "", "tier": "", "coverage_month": "2026-10", "amount": 0, "unit": "USD", "reference": "INV",
        "detail": {}, "batch_id": session.rows(select(intake_batch.c.batch_id))[0].batch_id, "row_no": 1, "seq": 1,
        "plan": "ppo", "on_date": date(2026, 9, 15),
    }  # fmt: skip
    session.add(confirmation, [{**empty, "kind": kind, "row_key": key, **columns}])


def test_a_corrected_bill_pays_only_the_difference(hub: Hub, fakehub: ModuleType) -> None:
    book = planbook.load(fakehub.BOOK.replace("pay_as_enrolled", "pay_as_billed"), "book")
    with hub.store.write("acme") as session:
        one = first_person(session)
        confirm(session, "invoice_line", "1", person_id=one, amount=50000)
        assert [line.paid_minor for line in lines_due(session, book, "carrier", OCTOBER)] == [50000]
        dims = {"person_id": one, "plan": "ppo", "coverage_month": "2026-10"}
        legs = (Leg(chart.PREMIUM_PAYABLE, "USD", 50000, **dims), Leg(chart.CARRIER_TRANSIT, "USD", -50000, **dims))
        ledger.record(session, [NewEntry("remit/1", "premium.remitted", date(2026, 10, 5), legs, "x")])
        assert lines_due(session, book, "carrier", OCTOBER) == []
        confirm(session, "invoice_line", "2", person_id=one, amount=1200)
        assert [line.paid_minor for line in lines_due(session, book, "carrier", OCTOBER)] == [1200]


def test_a_remittance_posted_again_tomorrow_is_the_same_posting(
    hub: Hub, fakehub: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_plan_book(hub, fakehub.BOOK.replace("pay_as_enrolled", "pay_as_billed"), "book")
    with hub.store.write("acme") as session:
        confirm(session, "invoice_line", "1", person_id=first_person(session), amount=50000)
    sent = premiums.prepare_remittance(hub, "acme", "carrier", OCTOBER)
    with hub.store.write("acme") as session:
        dispatch.begin(session, sent)
        dispatch.settle(session, sent, Receipt("there"))
        obligations.mark(session, [session.id("obl", "premium.remit/carrier/2026-10")], "sent")
    # The process died before it posted; the next one posts first, finds nothing left to pay, and may post again.
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 10, 2, 0, 5, tzinfo=UTC))
    assert premiums.prepare_remittance(hub, "acme", "carrier", OCTOBER) == ""
    assert premiums.post_remittance(hub, "acme", "carrier", "2026-10", sent) == 1
    with hub.store.read("acme") as session:
        (one,) = ledger.balances(session, [chart.CARRIER_TRANSIT])
        assert one.amount == -50000


LEAVE = """
leave:
  - {id: pto, name: PTO, accrual: {method: per_pay, annual_hours: 192, cap_hours: 120}, payout_on_termination: true,
     taken_code: PTO, payout_code: PTO-OUT}
"""


def test_leave_accrued_twice_stays_the_same_and_is_taken_back_from_who_left(hub: Hub, fakehub: ModuleType) -> None:
    load_plan_book(hub, fakehub.BOOK.replace("days: [15]", "days: [15, last]").replace("monthly, d", "semimonthly, d")
                   + LEAVE, "book")  # fmt: skip
    with hub.store.write("acme") as session:
        one = first_person(session)
        dims = (one, "pto")
        legs = (Leg(chart.LEAVE_AVAILABLE, "MIN:pto", 6180, *dims), Leg(chart.LEAVE_SOURCE, "MIN:pto", -6180, *dims))
        ledger.record(session, [NewEntry("opening/1", "opening.leave", date(2026, 9, 30), legs, "x")])
    for key in ("1", "2", "3"):
        hub.start_flow("leave.accrue", "acme", key, "2026-10")
        with hub.store.read("acme") as session:
            assert available(session, "pto")[one] == 7140
    fakehub.FakeConnector.rows["employee"] = [fakehub.person(1, termination_date="2026-10-05")]
    hub.start_flow("sync", "acme", "left", "hris", "employee", "left", False)
    hub.start_flow("leave.accrue", "acme", "4", "2026-10")
    with hub.store.read("acme") as session:
        assert available(session, "pto")[one] == 6660
        assert ledger.verify(session).ok


FILE = Frozen("carrier", "contribution.deposit", "k/2026-10-15", b"1", Guard.READ_BACK, 1, file_name="180.csv")


@pytest.mark.parametrize("state", ["sending", "unknown", "held"])
def test_a_file_that_may_have_arrived_is_not_replaced(store: Store, state: str) -> None:
    with store.write("acme") as session:
        session.add(connection, [{"connection_id": "carrier", "connector": "x", "settings": {}, "mode": "live"}])
        one = dispatch.prepare(session, FILE)
        dispatch.begin(session, one)
        if state != "sending":
            dispatch.finish(session, one, state, "broke off")
        with pytest.raises(OutcomeUnknown):
            dispatch.prepare(session, replace(FILE, content=b"2"))
        assert [row.state for row in session.rows(select(dispatch_table))] == [state]


FOUND = Finding(
    Relation.PAYROLL, Type.AMOUNT_DIFF, "2026-10", "2026-10-15", "payroll", "payroll", "c", "a", expected=100, actual=0
)


def test_a_dismissed_difference_that_grows_is_open_again(store: Store) -> None:
    with store.write("acme") as session:
        (one,) = reconcile.settle(session, Relation.PAYROLL, "2026-10", [FOUND], date(2026, 10, 20)).opened
        reconcile.act(session, one, "ann", state="dismissed", note="a dollar")
        grown = replace(FOUND, expected=1_000_000)
        assert reconcile.settle(session, Relation.PAYROLL, "2026-10", [grown], date(2026, 10, 21)).opened == (one,)


def test_past_its_clear_by_date_it_is_not_low(store: Store) -> None:
    late = replace(FOUND, type=Type.DEPOSITED_NOT_CREDITED, clear_by=date(2026, 10, 20))
    with store.write("acme") as session:
        for today, severity in ((date(2026, 10, 20), "low"), (date(2026, 10, 21), "high")):
            reconcile.settle(session, Relation.PAYROLL, "2026-10", [late], today)
            assert [row.severity for row in reconcile.listed(session)] == [severity]


def test_rows_alike_are_told_apart_or_taken_together(hub: Hub, fakehub: ModuleType) -> None:
    # Paid as billed: where the hub bills itself, a bill of what was never accrued is owed by nobody.
    book = planbook.load(fakehub.BOOK.replace("pay_as_enrolled", "pay_as_billed"), "book")
    with hub.store.write("acme") as session:
        one = first_person(session)
        taxed = {"tax_class": "posttax", "part": "employee", "pay_date": date(2026, 10, 15), "person_id": one}
        for key in ("1", "2"):
            confirm(session, "register_line", key, amount=100, connection_id="payroll", **taxed)
        confirm(session, "invoice_line", "3", amount=500, coverage_month="2026-09", person_id=one)
        confirm(session, "invoice_line", "4", amount=500, person_id=one)
        confirm(session, "invoice_line", "5", amount=-40, coverage_month="2026-08", person_id=one)
        for part in ("pretax", "match"):
            confirm(session, "credit", part, part=part, pay_date=date(2026, 10, 15), external_id="x", amount=7)
        confirm(session, "forfeiture_credit", "f", part="match", pay_date=date(2026, 10, 15), external_id="x", amount=9)
        wrong = list(payroll._wrong_class(session, book, "payroll", OCTOBER))
        assert [(found.expected, found.reference) for found in wrong] == [(200, "2026-10-15")]
        risk = list(premium._at_risk(session, book, ["carrier"], OCTOBER))
        assert [(found.period, found.reference) for found in risk] == [
            ("2026-09", "carrier/INV"), ("2026-10", "carrier/INV"),
        ]  # fmt: skip
        unknown = list(retirement._unknown(session, book, "carrier", OCTOBER))
        assert {(found.reference, found.actual) for found in unknown} == {
            ("INV/2026-10-15/pretax/x", 7), ("INV/2026-10-15/match/x", 7), ("INV/2026-10-15/match/forfeiture/x", 9),
        }  # fmt: skip


def test_money_taken_and_never_deposited_is_a_difference(store: Store) -> None:
    text_ = """
employer: {id: acme, name: Acme}
roles: {hris: hris, payroll: payroll}
pay_groups: {monthly: {frequency: monthly, days: [15]}}
plans:
  - {id: 401k, name: 401k, benefit_type: retirement, recordkeeper: keeper, effective_from: 2026-01-01,
     deferral: {pretax_code: 401K, roth_code: ROTH}}
"""
    book = planbook.load(text_, "book")
    dims = (None, "401k", "pretax", "2026-10", date(2026, 10, 15))
    legs = (Leg(chart.PAYROLL_CLEARING, "USD", 700, *dims), Leg(chart.DEFERRAL_PAYABLE, "USD", -700, *dims))
    with store.write("acme") as session:
        ledger.record(session, [NewEntry("r/1", "deduction.withheld", date(2026, 10, 15), legs, "x")])
        (found,) = retirement.compare(session, book, "keeper", OCTOBER, lambda _plan, _day: DUE)
        assert (found.type, found.expected, found.clear_by) == (
            Type.WITHHELD_NOT_DEPOSITED, 700, date(2026, 10, 22),
        )  # fmt: skip


def test_a_code_mapped_later_closes_its_difference(hub: Hub, fakehub: ModuleType) -> None:
    book = planbook.load(fakehub.BOOK, "book")
    line = {"part": "deduction", "pay_date": date(2026, 10, 15), "connection_id": "payroll", "amount": 10000}
    with hub.store.write("acme") as session:
        for code in ("MED", "NEW"):
            confirm(session, "register_line", code, code=code, person_id=first_person(session), **line, plan=None)
        assert len(list(payroll._strangers(session, book, "payroll", OCTOBER))) == 2
        assert (map_codes(session, book), map_codes(session, book)) == (1, 0)
        (left,) = payroll._strangers(session, book, "payroll", OCTOBER)
        assert left.reference.startswith("1001/NEW/")
        (mapped,) = payroll._differing(session, book, "payroll", OCTOBER)
        assert (mapped.plan, mapped.part, mapped.actual) == ("ppo", "employee", 10000)


def test_a_repayment_taken_from_somebody_unknown_is_told(hub: Hub, fakehub: ModuleType) -> None:
    book = planbook.load(fakehub.BOOK, "book")
    line = {"part": "loan", "plan": "401k", "pay_date": date(2026, 10, 15), "connection_id": "payroll"}
    with hub.store.write("acme") as session:
        confirm(session, "register_line", "1", code="LOAN", external_id="p9", amount=5000, **line)
        confirm(session, "register_line", "2", code="LOAN", person_id=first_person(session), amount=5000, **line)
        (found,) = payroll._strangers(session, book, "payroll", OCTOBER)
        assert (found.type, found.reference, found.actual) == (Type.UNKNOWN_EMPLOYEE, "p9/LOAN/2026-10-15", 5000)
