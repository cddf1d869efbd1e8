"""What rows become: facts with the right days, confirmations with their versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from benehub import facts, ledger
from benehub.connect.connector import Incoming
from benehub.identity import people, strangers
from benehub.intake import APPLIERS, Counts
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.ledger.credited import POSTED, credited_key
from benehub.periods import FOREVER, Interval
from benehub.records import STREAMS
from benehub.store import Session
from benehub.store.tables import confirmation, fact, intake_row

Person = Callable[..., Incoming]
NOV = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def ann(desk: Any, person: Person) -> Any:
    """The desk on 23 November 2026, with Ann (v1, 1001) hired on 1 January 2024."""
    desk.store = replace(desk.store, clock=lambda: NOV)
    desk.take("employee", person(1))
    return desk


def lines(session: Session, kind: str, key: str | None = None) -> list[tuple[date, date, Any]]:
    """Believed facts of Ann."""
    person_id = people.find(session, "hris", "v1")
    return [
        (f.effective_from, f.effective_to, f.data)
        for (subject, name), found in sorted(facts.timelines(session, kind, Interval(date.min)).items())
        if subject == person_id and key in (None, name)
        for f in found
    ]


def days(desk: Any, kind: str, field: str = "", key: str | None = None) -> list[tuple[Any, ...]]:
    with desk.store.read("acme") as session:
        return [
            (str(start), "" if end == FOREVER else str(end), *([data[field]] if field else []))
            for start, end, data in lines(session, kind, key)
        ]


def reason(desk: Any) -> str:
    with desk.store.read("acme") as session:
        rows = session.rows(select(intake_row).where(intake_row.c.outcome == "quarantined"))
        return str(rows[-1].reason)


def test_every_stream_has_an_applier() -> None:
    assert set(APPLIERS) == set(STREAMS)


def test_an_employee_changes_from_today_on(ann: Any, person: Person) -> None:
    ann.take("employee", person(1, last_name="Bell", weekly_hours=20))
    assert days(ann, "employee", "last_name") == [
        ("2024-01-01", "2026-11-23", "Alder 1"), ("2026-11-23", "", "Bell"),
    ]  # fmt: skip
    assert days(ann, "employment", "weekly_hours") == [
        ("2024-01-01", "2026-11-23", 40), ("2026-11-23", "", 20),
    ]  # fmt: skip


def test_the_last_day_of_work_is_still_employment(ann: Any, person: Person) -> None:
    ann.take("employee", person(1, termination_date="2026-11-30"))
    assert days(ann, "employment") == [("2024-01-01", "2026-12-01")]
    ann.take("employee", person(1, termination_date="2026-11-15"))
    assert days(ann, "employment") == [("2024-01-01", "2026-11-16")]
    ann.take("employee", person(1))
    assert days(ann, "employment") == [("2024-01-01", "")]


def test_who_left_and_stays_gone_is_recorded_once(ann: Any, person: Person) -> None:
    ann.take("employee", person(1, termination_date="2026-10-31"))
    with ann.store.read("acme") as session:
        before = len(session.rows(select(fact).where(fact.c.kind == "employment")))
    ann.take("employee", person(1, termination_date="2026-10-31", department="Sales"))
    ann.take("employee", person(1, termination_date="2026-10-31", department="Sales", city="Oslo"))
    with ann.store.read("acme") as session:
        assert len(session.rows(select(fact).where(fact.c.kind == "employment"))) == before
    assert days(ann, "employment") == [("2024-01-01", "2026-11-01")]


def test_an_end_that_moves_with_a_change_leaves_no_gap(ann: Any, person: Person) -> None:
    ann.take("employee", person(1, termination_date="2026-10-31"))
    ann.take("employee", person(1, termination_date="2026-12-31", department="Sales"))
    assert days(ann, "employment", "department") == [
        ("2024-01-01", "2026-11-01", ""), ("2026-11-01", "2027-01-01", "Sales"),
    ]  # fmt: skip


def test_a_rehire_stands_beside_the_first_employment(ann: Any, person: Person) -> None:
    ann.take("employee", person(1, termination_date="2025-06-30"))
    ann.take("employee", person(1, hire_date="2026-12-01", original_hire_date="2024-01-01"))
    assert days(ann, "employment", "hire_date") == [
        ("2024-01-01", "2025-07-01", "2024-01-01"), ("2026-12-01", "", "2026-12-01"),
    ]  # fmt: skip
    with ann.store.read("acme") as session:
        assert len(people.people(session)) == 1
        assert facts.as_of(session, "employment", date(2026, 1, 1)) == []


def test_a_corrected_hire_date_takes_the_place_of_the_wrong_one(ann: Any, person: Person) -> None:
    ann.take("employee", person(1, hire_date="2024-02-01"))
    assert days(ann, "employment") == [("2024-02-01", "")]
    ann.take("employee", person(1, hire_date="2023-12-01"))
    assert days(ann, "employment") == [("2023-12-01", "")]


def test_what_contradicts_itself_is_quarantined(ann: Any, person: Person) -> None:
    assert ann.take("employee", person(2, termination_date="2023-12-31")).quarantined == 1
    assert "termination_date lies before hire_date" in reason(ann)


def test_pay_from_a_date_on(ann: Any) -> None:
    for day, rate in (("2026-01-01", 5_000_000), ("2026-07-01", 5_500_000)):
        data = {"employee": "v1", "effective_from": day, "rate_minor": rate}
        assert ann.take("compensation", Incoming(f"c{day}", data)).applied == 1
    assert days(ann, "compensation", "rate_minor") == [
        ("2026-01-01", "2026-07-01", 5_000_000), ("2026-07-01", "", 5_500_000),
    ]  # fmt: skip
    unknown = {"employee": "v9", "effective_from": "2026-01-01", "rate_minor": 1}
    assert ann.take("compensation", Incoming("c9", unknown)).quarantined == 1
    assert "employee 'v9' is unknown on connection hris" in reason(ann)


def election(**changed: Any) -> dict[str, Any]:
    return {"employee": "v1", "plan": "ppo", "tier": "EE", "effective_from": "2026-01-01", **changed}


def test_an_election_for_another_plan_takes_over(ann: Any) -> None:
    ann.take("election", Incoming("e1", election()))
    ann.take("election", Incoming("e2", election(plan="hdhp", effective_from="2027-01-01")))
    ann.take("election", Incoming("e3", election(plan="dental")))
    assert days(ann, "election", "plan", "medical") == [
        ("2026-01-01", "2027-01-01", "ppo"), ("2027-01-01", "", "hdhp"),
    ]  # fmt: skip
    assert days(ann, "election", "plan", "dental") == [("2026-01-01", "", "dental")]


def test_an_election_that_gets_an_end_ends(ann: Any) -> None:
    ann.take("election", Incoming("e1", election()))
    ann.take("election", Incoming("e1", election(effective_to="2026-07-01")))
    assert days(ann, "election", "plan") == [("2026-01-01", "2026-07-01", "ppo")]


def test_an_end_leaves_what_comes_after_it(ann: Any) -> None:
    ann.take("election", Incoming("e1", election()))
    ann.take("election", Incoming("e2", election(plan="hdhp", effective_from="2026-10-01")))
    ann.take("election", Incoming("e1", election(effective_to="2026-07-01")))
    assert days(ann, "election", "plan") == [
        ("2026-01-01", "2026-07-01", "ppo"), ("2026-10-01", "", "hdhp"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"plan": "gold"}, "plan 'gold' is not in the plan book"),
        ({"tier": None}, "no coverage tier for plan ppo"),
        ({"plan": "401k"}, "no deferral rate for plan 401k"),
        ({"dependents": ["Kim"]}, "a covered dependent is unknown"),
    ],
)
def test_an_election_that_cannot_be_is_quarantined(ann: Any, changed: dict[str, Any], told: str) -> None:
    assert ann.take("election", Incoming("e1", election(**changed))).quarantined == 1
    assert told in reason(ann)


def test_covered_dependents_are_resolved_within_the_family(ann: Any, person: Person) -> None:
    child = {"first_name": "Kim", "last_name": "A", "birth_date": "2020-05-05", "relationship": "child"}
    ann.take("employee", person(2))
    ann.take("dependent", Incoming("d1", {**child, "employee": "v1"}), Incoming("d2", {**child, "employee": "v2"}))
    ann.take("election", Incoming("e1", election(tier="EC", dependents=["kim"])))
    with ann.store.read("acme") as session:
        mine = people.find(session, "hris", "dep:d1")
        assert [data["dependents"] for _, _, data in lines(session, "election")] == [[mine]]


def test_each_dependents_provider_is_kept_by_person(ann: Any) -> None:
    child = {"last_name": "A", "birth_date": "2020-05-05", "relationship": "child", "employee": "v1"}
    rows = [Incoming(key, {**child, "first_name": name}) for key, name in (("d1", "Kim"), ("d2", "Lou"))]
    ann.take("dependent", *rows)
    chosen = {"provider": "1234567893", "providers": {"kim": "D-77"}}
    ann.take("election", Incoming("e1", election(tier="EC", dependents=["Kim", "Lou"], **chosen)))
    with ann.store.read("acme") as session:
        kim = people.find(session, "hris", "dep:d1")
        told = [(data["provider"], data["providers"]) for _, _, data in lines(session, "election")]
    assert told == [("1234567893", {kim: "D-77"})]
    row = election(tier="EC", dependents=["Kim"], providers={"Lou": "D-78"})
    assert ann.take("election", Incoming("e2", row)).quarantined == 1
    assert "a provider for a dependent who is not covered" in reason(ann)


def test_a_moved_leave_takes_its_old_days_back(ann: Any) -> None:
    leave = {"employee": "v1", "policy": "pto", "hours": "16", "status": "approved"}
    ann.take("leave_request", Incoming("l1", {**leave, "start": "2026-12-01", "end": "2026-12-02"}))
    assert days(ann, "leave_request", "status") == [("2026-12-01", "2026-12-03", "approved")]
    ann.take("leave_request", Incoming("l1", {**leave, "start": "2026-12-02", "end": "2026-12-04"}))
    ann.take("leave_request", Incoming("l2", {**leave, "start": "2026-12-07", "end": "2026-12-07"}))
    assert days(ann, "leave_request", key="l1") == [("2026-12-02", "2026-12-05")]
    assert days(ann, "leave_request", key="l2") == [("2026-12-07", "2026-12-08")]
    assert ann.take("leave_request", Incoming("l3", {**leave, "start": "2026-12-01", "end": "2026-12-01",
                                                     "policy": "sabbatical"})).quarantined == 1  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        (("2026-12-01", "2026-12-04", "32"), ("2026-12-03", "2026-12-03", "4"), 1),
        (("2026-12-01", "2026-12-04", "32"), ("2026-12-05", "2026-12-05", "4"), 0),
        (("2026-12-01", "2026-12-01", "4"), ("2026-12-01", "2026-12-01", "3:30"), 0),
        (("2026-12-01", "2026-12-01", "16"), ("2026-12-01", "2026-12-01", "8.5"), 1),
        (("2026-12-01", "2026-12-01", "4"), ("2026-12-02", "2026-12-01", "4"), 1),
        (("2026-12-01", "2026-12-01", "4"), ("2026-12-02", "2026-12-02", "-4"), 1),
        (("2026-12-01", "2026-12-01", "4"), ("2026-12-02", "2026-12-02", "a day"), 1),
    ],
)
def test_leave_that_cannot_be_is_quarantined(ann: Any, first: Any, second: Any, refused: int) -> None:
    for key, (start, end, hours), wanted in (("l1", first, 0), ("l2", second, refused)):
        row = {"employee": "v1", "policy": "pto", "status": "approved", "start": start, "end": end, "hours": hours}
        assert ann.take("leave_request", Incoming(key, row)).quarantined == wanted


def test_a_notice_is_for_leave_that_lapses_by_law(ann: Any) -> None:
    row = {"employee": "v1", "policy": "pto", "year": 2026, "kind": "notice", "on": "2026-11-02"}
    assert ann.take("leave_notice", Incoming("n1", row)).quarantined == 1


def test_a_deferral_change_keeps_the_other_source(ann: Any) -> None:
    ann.take("election", Incoming("e1", {"employee": "v1", "plan": "401k", "pretax_rate": "4%",
                                         "effective_from": "2026-01-01"}))  # fmt: skip
    change = {"ssn": "900110001", "plan": "401k", "source": "EE_ROTH", "effective_from": "2026-12-01"}
    ann.take("deferral_change", Incoming("x1", {**change, "rate": "2%"}), connection="summit")
    with ann.store.read("acme") as session:
        told = [(str(start), d["pretax_rate"], d["roth_rate"]) for start, _, d in lines(session, "election")]
    assert told == [("2026-01-01", "4%", ""), ("2026-12-01", "4%", "2%")]
    flat = {**change, "amount_minor": 10000}
    assert ann.take("deferral_change", Incoming("x2", flat), connection="summit").quarantined == 1
    assert "names no rate" in reason(ann)


def test_payroll_people_are_linked_or_kept(ann: Any) -> None:
    rows = [Incoming("p1", {"employee_number": "1001"}), Incoming("p2", {"employee_number": "4711"})]
    assert ann.take("payroll_person", *rows, connection="payroll") == Counts(rows=2, applied=2)
    with ann.store.read("acme") as session:
        assert people.find(session, "payroll", "p1") == people.find(session, "hris", "v1")
        assert strangers.counted(session) == {"payroll": 1}


def test_what_payroll_holds_is_adopted(ann: Any) -> None:
    ann.take("payroll_person", Incoming("p1", {"employee_number": "1001"}), connection="payroll")
    held = {"employee": "p1", "code": "MED-PPO", "employee_amount_minor": 5000}
    for version in ("1", "2"):  # a lock version is no content
        ann.take("payroll_benefit", Incoming("b1", {**held, "version": version}), connection="payroll")
    assert days(ann, "payroll_benefit", "employee_amount_minor") == [("2026-11-23", "", 5000)]
    with ann.store.read("acme") as session:
        assert len(session.rows(select(fact).where(fact.c.kind == "payroll_benefit"))) == 1


def test_a_pay_date_of_a_pay_group(ann: Any) -> None:
    pay = {
        "pay_group": "biweekly",
        "pay_date": "2026-11-27",
        "period_start": "2026-11-09",
        "period_end": "2026-11-22",
    }
    assert ann.take("pay_calendar", Incoming("1", pay), connection="payroll").applied == 1
    assert ann.take("pay_calendar", Incoming("2", {**pay, "pay_group": "x"}), connection="payroll").quarantined == 1
    with ann.store.read("acme") as session:
        (found,) = facts.as_of(session, "pay_date", date(2026, 11, 27))
    assert (found.subject, found.data["period_end"]) == ("biweekly", "2026-11-22")


def test_hours_of_service_and_what_is_left_out(ann: Any) -> None:
    week = {"employee": "v1", "start": "2026-03-02", "end": "2026-03-08", "hours_hundredths": 3200}
    assert ann.take("hours_worked", Incoming("1", {**week, "paid_leave_hundredths": 800})).applied == 1
    assert days(ann, "hours", "paid_leave") == [("2026-03-02", "2026-03-09", 800)]
    # told again as a shorter span: what lies after its end is taken back
    assert ann.take("hours_worked", Incoming("1", {**week, "end": "2026-03-04"})).applied == 1
    assert days(ann, "hours", "hours") == [("2026-03-02", "2026-03-05", 3200)]
    leave = {"employee": "v1", "start": "2026-03-02", "end": "2026-03-31", "excluded": True}
    assert ann.take("hours_worked", Incoming("2", leave)).applied == 1
    assert len(days(ann, "hours", "excluded")) == 2
    assert ann.take("hours_worked", Incoming("3", {**week, "end": "2026-03-01"})).quarantined == 1
    assert reason(ann).startswith("the span ends before it starts")
    assert ann.take("hours_worked", Incoming("4", {**week, "hours_hundredths": 16801})).quarantined == 1
    assert reason(ann).startswith("more hours than the days have")
    assert ann.take("hours_worked", Incoming("5", {**week, "hours_hundredths": -1})).quarantined == 1


def test_what_not_every_hris_tells_is_kept_where_it_is_told(ann: Any, person: Person) -> None:
    assert ann.take("employee", person(1, union="local-12")).applied == 1
    (before, *_, now) = days(ann, "employment")
    with ann.store.read("acme") as session:
        told = [data for _, _, data in lines(session, "employment")]
    assert "union" not in told[0] and told[-1]["union"] == "local-12"
    assert before[0] == "2024-01-01" and now[0] == "2026-11-23"


def confirmed(desk: Any, kind: str) -> list[Any]:
    with desk.store.read("acme") as session:
        return list(
            session.rows(
                select(confirmation)
                .where(confirmation.c.kind == kind)
                .order_by(confirmation.c.row_key, confirmation.c.version)
            )
        )


def test_a_register_line_again_is_a_new_version(ann: Any) -> None:
    line = {"pay_run": "r1", "check": "c1", "employee": "1001", "pay_date": "2026-11-13", "kind": "deduction",
            "code": "MED-PPO", "tax_class": "pretax", "amount_minor": 5000}  # fmt: skip
    for amount in (5000, 4000, 4000):
        ann.take("register_line", Incoming("c1/MED-PPO", {**line, "amount_minor": amount}), connection="payroll")
    found = confirmed(ann, "register_line")
    assert [(row.version, row.current, row.amount) for row in found] == [(1, 0, 5000), (2, 1, 4000)]
    assert (found[1].plan, found[1].part, found[1].pay_date) == ("ppo", "employee", date(2026, 11, 13))
    with ann.store.read("acme") as session:
        assert {row.person_id for row in found} == {people.find(session, "hris", "v1")}


def test_the_parts_of_a_register(ann: Any) -> None:
    base = {"pay_run": "r1", "check": "c1", "employee": "nobody", "pay_date": "2026-11-13", "amount_minor": 1}
    kinds = [("deduction", "401K"), ("deduction", "401K-ROTH"), ("employer", "401K-MATCH"),
             ("employer", "MED-PPO"), ("deduction", "UNKNOWN"), ("leave_taken", "PTO")]  # fmt: skip
    rows = [Incoming(code, {**base, "kind": kind, "code": code}) for kind, code in kinds]
    ann.take("register_line", *rows, connection="payroll")
    found = {row.code: (row.plan, row.part, row.person_id) for row in confirmed(ann, "register_line")}
    assert found == {
        "401K": ("401k", "pretax", None), "401K-ROTH": ("401k", "roth", None),
        "401K-MATCH": ("401k", "match", None), "MED-PPO": ("ppo", "employer", None),
        "UNKNOWN": (None, "deduction", None), "PTO": (None, "leave_taken", None),
    }  # fmt: skip


def test_what_carriers_confirm(ann: Any) -> None:
    bill = {"invoice": "i1", "invoice_date": "2026-11-10", "due_date": "2026-12-01", "member": "1001",
            "plan": "ppo", "tier": "EE", "coverage_month": "2026-12", "premium_minor": 61250}  # fmt: skip
    rows = [Incoming("i1/1", bill), Incoming("i1/2", {**bill, "adjustment": True, "member": "x"})]
    ann.take("invoice_line", *rows, connection="carrier")
    current, adjustment = confirmed(ann, "invoice_line")
    assert (current.part, current.amount, current.on_date) == ("current", 61250, date(2026, 12, 1))
    assert (adjustment.part, adjustment.person_id, adjustment.external_id) == ("adjustment", None, "x")
    member = {"member": "1001", "subscriber": "1001", "relationship": "self", "first_name": "A",
              "last_name": "B", "plan": "ppo", "effective_from": "2026-01-01"}  # fmt: skip
    ann.take("roster", Incoming("1001/ppo", member), connection="carrier")
    (row,) = confirmed(ann, "roster")
    assert (row.person_id is not None, row.effective_to) == (True, FOREVER)


def test_a_line_of_a_bill_that_is_sent_again_as_a_part_of_the_whole_is_no_line_any_more(ann: Any) -> None:
    line = {"invoice": "i1", "invoice_date": "2026-11-10", "due_date": "2026-12-01", "member": "1001",
            "plan": "ppo", "coverage_month": "2026-12", "premium_minor": 500}  # fmt: skip
    for kind, told in (("premium", "line"), ("fee", "part"), ("payment", "part"), ("premium", "line")):
        rows = [Incoming("i1/1", {**line, "kind": kind}), Incoming("i1/2", {**line, "member": "x"})]
        ann.take("invoice_line", *rows, connection="carrier")
        with ann.store.read("acme") as session:
            mine = select(confirmation).where(confirmation.c.row_key == "i1/1", confirmation.c.current == 1)
            found = session.rows(mine)
        assert [(row.kind, row.amount) for row in found] == [(f"invoice_{told}", 500)]


def test_what_the_recordkeeper_credits(ann: Any) -> None:
    credit = {"credit_id": "cr1", "ssn": "900110001", "plan": "401k", "source": "ER_MATCH",
              "pay_date": "2026-11-13", "trade_date": "2026-11-18", "amount_minor": 2500}  # fmt: skip
    ann.take("credit", Incoming("cr1", credit), connection="summit")
    (row,) = confirmed(ann, "credit")
    assert (row.part, row.amount, row.on_date, row.reference) == ("match", 2500, date(2026, 11, 18), "cr1")
    assert row.person_id is not None


def standing(desk: Any, *kinds: str) -> dict[str, int]:
    """Amounts of the confirmations that hold, by kind."""
    with desk.store.read("acme") as session:
        rows = session.rows(select(confirmation).where(confirmation.c.kind.in_(kinds), confirmation.c.current == 1))
        return {row.kind: row.amount for row in rows}


def test_a_credit_of_another_kind_is_no_longer_what_it_was(ann: Any) -> None:
    row = {"credit_id": "cr1", "ssn": "900110001", "plan": "401k", "source": "ER_MATCH",
           "pay_date": "2026-11-13", "trade_date": "2026-11-18", "amount_minor": 2500}  # fmt: skip
    legs = (Leg(chart.DEPOSIT_TRANSIT, "USD", 2500), Leg(chart.BANK, "USD", -2500))
    told: tuple[tuple[str, dict[str, bool]], ...] = (
        ("credit", {}), ("forfeiture_credit", {"forfeiture": True}), ("earnings_credit", {"earnings": True}),
        ("credit", {}),
    )  # fmt: skip
    for kind, more in told:
        ann.take("credit", Incoming("cr1", {**row, **more}), Incoming("cr2", row), connection="summit")
        assert standing(ann, *POSTED) == {kind: 2500, "credit": 2500}
        with ann.store.write("acme") as session:
            assert ledger.clearing(session)[chart.DEPOSIT_TRANSIT] == 0, "what it had posted is taken back"
            one = NewEntry(credited_key(kind, "summit", "cr1"), POSTED[kind][0], date(2026, 11, 18), legs, "x")
            ledger.restate(session, [one])
            assert ledger.clearing(session)[chart.DEPOSIT_TRANSIT] == 2500


def test_pay_that_a_corrected_line_does_not_tell_any_more_is_told_no_more(ann: Any) -> None:
    line = {"pay_run": "r1", "check": "c1", "employee": "1001", "pay_date": "2026-11-13", "amount_minor": 100,
            "kind": "deduction", "code": "401K"}  # fmt: skip
    ann.take("register_line", Incoming("1", {**line, "plan_pay_minor": 1000}), connection="payroll")
    assert standing(ann, "register_line", "plan_pay") == {"register_line": 100, "plan_pay": 1000}
    ann.take("register_line", Incoming("1", line), connection="payroll")
    assert standing(ann, "register_line", "plan_pay") == {"register_line": 100}
    ann.take("register_line", Incoming("1", {**line, "plan_pay_minor": 900}), connection="payroll")
    assert standing(ann, "register_line", "plan_pay") == {"register_line": 100, "plan_pay": 900}
