"""Who is absent from a full read is gone: noted once, never in silence, and back as soon as he is told again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from benehub import facts, intake
from benehub.connect.connector import Incoming, Page
from benehub.errors import GuardTripped
from benehub.intake.absence import absent
from benehub.periods import Interval, Month
from benehub.reconcile import vanished
from benehub.store.tables import confirmation, intake_same, seen

Person = Callable[..., Incoming]
NOVEMBER = Month(2026, 11)


def member(number: int, tier: str = "EE", plan: str = "ppo") -> Incoming:
    data = {
        "member": str(1000 + number), "subscriber": str(1000 + number), "relationship": "self", "plan": plan,
        "first_name": "Ann", "last_name": "Alder",
        "tier": tier, "effective_from": "2026-01-01",
    }  # fmt: skip
    return Incoming(f"{1000 + number}/{plan}", data, row=number)


def full(desk: Any, stream: str, *rows: Incoming, connection: str = "hris") -> intake.Counts:
    """A full read, applied as the flow does; the counts balance."""
    batch_id = desk.stage(stream, rows, connection=connection, full=True)
    desk.check(batch_id)
    while desk.chunk(batch_id):
        continue
    with desk.store.write("acme") as session:
        while intake.note_gone(session, batch_id):
            continue
    counts = desk.apply(batch_id)
    assert counts.balanced
    with desk.store.read("acme") as session:
        assert session.rows(select(intake_same)) == []
    return counts


def missing(desk: Any) -> list[tuple[str, str]]:
    """Type and reference of every difference of absence."""
    with desk.store.read("acme") as session:
        return [(one.type.value, one.reference) for one in vanished.compare(session, NOVEMBER)]


def on_roster(desk: Any) -> list[str]:
    with desk.store.read("acme") as session:
        rows = session.rows(
            select(confirmation.c.row_key)
            .where(*session.where(confirmation, kind="roster", current=1))
            .order_by(confirmation.c.row_key)
        )
        return [row.row_key for row in rows]


def test_an_employee_the_hris_no_longer_shows_is_a_difference_and_nobody_is_ended(desk: Any, person: Person) -> None:
    rows = [person(number) for number in range(1, 4)]
    assert full(desk, "employee", *rows).gone == 0
    counts = full(desk, "employee", *rows[1:])
    assert (counts.rows, counts.unchanged, counts.gone) == (2, 2, 1)
    assert missing(desk) == [("MISSING_FROM_HRIS", "hris/employee/v1")]
    with desk.store.read("acme") as session:
        assert len(facts.workers(session, Interval(NOVEMBER.first, NOVEMBER.end))) == 3
    assert full(desk, "employee", *rows[1:]).gone == 0  # noted once


def test_who_comes_back_unchanged_is_taken_in_again(desk: Any, person: Person) -> None:
    rows = [person(number) for number in range(1, 4)]
    full(desk, "employee", *rows)
    full(desk, "employee", *rows[1:])
    counts = full(desk, "employee", *rows)
    assert (counts.applied, counts.unchanged, counts.gone) == (1, 2, 0)
    assert missing(desk) == []


def test_who_left_with_a_date_before_is_not_missed(desk: Any, person: Person) -> None:
    rows = [person(number) for number in range(1, 4)]
    full(desk, "employee", *rows)
    full(desk, "employee", person(1, termination_date="2026-11-20"), *rows[1:])
    assert full(desk, "employee", *rows[1:]).gone == 1
    assert missing(desk) == []


def test_a_read_of_changes_says_nothing_of_who_is_absent(desk: Any, person: Person) -> None:
    full(desk, "employee", *[person(number) for number in range(1, 4)])
    batch_id = desk.stage("employee", [person(1, city="Oslo")])
    desk.check(batch_id)
    while desk.chunk(batch_id):
        continue
    with desk.store.write("acme") as session:
        assert intake.note_gone(session, batch_id) == 0
    assert desk.apply(batch_id).gone == 0
    assert missing(desk) == []


def test_the_guard_stops_first(desk: Any, person: Person) -> None:
    rows = [person(number) for number in range(1, 21)]
    full(desk, "employee", *rows)
    batch_id = desk.stage("employee", rows[:5], full=True)
    with pytest.raises(GuardTripped, match="15 of 20"):
        desk.check(batch_id)
    with desk.store.read("acme") as session:
        assert session.rows(select(seen.c.row_key).where(seen.c.gone_seq.is_not(None))) == []


def test_who_is_gone_already_does_not_count_against_the_guard_again(desk: Any, person: Person) -> None:
    rows = [person(number) for number in range(1, 41)]
    full(desk, "employee", *rows)
    assert full(desk, "employee", *rows[2:]).gone == 2
    assert full(desk, "employee", *rows[3:]).gone == 1  # one of 38 that are left, not three of 40
    assert len(missing(desk)) == 3


def test_a_row_in_quarantine_is_there(desk: Any, person: Person) -> None:
    rows = [person(number) for number in range(1, 4)]
    full(desk, "employee", *rows)
    counts = full(desk, "employee", person(1, birth_date="x"), *rows[1:])
    assert (counts.quarantined, counts.gone) == (1, 0)


def test_a_member_off_the_roster_is_confirmed_no_longer_and_the_past_stays(desk: Any) -> None:
    full(desk, "roster", member(1), member(2), connection="carrier")
    with desk.store.read("acme") as session:
        before = session.latest_seq()
    assert full(desk, "roster", member(2), connection="carrier").gone == 1
    assert on_roster(desk) == ["1002/ppo"]
    with desk.store.read("acme") as session:
        versions = session.rows(
            select(confirmation.c.version, confirmation.c.current, confirmation.c.seq, confirmation.c.detail)
            .where(*session.where(confirmation, row_key="1001/ppo"))
            .order_by(confirmation.c.version)
        )
    assert [(row.version, row.current, row.detail.get("gone", False)) for row in versions] == [
        (1, 0, False),
        (2, 0, True),
    ]
    assert versions[0].seq <= before < versions[1].seq
    full(desk, "roster", member(1), member(2), connection="carrier")
    assert on_roster(desk) == ["1001/ppo", "1002/ppo"]


def test_another_carriers_roster_is_its_own(desk: Any) -> None:
    full(desk, "roster", member(1), connection="carrier")
    full(desk, "roster", member(2), connection="summit")
    assert on_roster(desk) == ["1001/ppo", "1002/ppo"]


def files(desk: Any, stream: str, *pages: list[Incoming], connection: str = "carrier") -> intake.Counts:
    """Several files in one read, each of which tells everything by itself."""
    desk.runs += 1
    with desk.store.write("acme") as session:
        batch_id = intake.open_batch(session, connection, stream, f"run {desk.runs}")
        for number, rows in enumerate(pages):
            payload = f"payload {desk.runs}/{number}".encode()
            whole = not any(row.problem for row in rows)
            intake.stage(session, batch_id, Page(stream, rows, payload, full=whole, alone=True))
    while desk.chunk(batch_id):
        continue
    with desk.store.write("acme") as session:
        while intake.note_gone(session, batch_id):
            continue
    return desk.apply(batch_id)


def test_of_two_files_read_together_the_newer_one_is_the_whole(desk: Any) -> None:
    files(desk, "roster", [member(1), member(2)])
    assert files(desk, "roster", [member(1), member(2), member(3)], [member(2), member(3)]).gone == 1
    assert on_roster(desk) == ["1002/ppo", "1003/ppo"]
    # Who came and went between two reads is gone too.
    assert files(desk, "roster", [member(2), member(3), member(4)], [member(2), member(3)]).gone == 1
    assert on_roster(desk) == ["1002/ppo", "1003/ppo"]


def test_a_file_with_a_broken_row_ends_nobody(desk: Any) -> None:
    files(desk, "roster", [member(1), member(2)])
    broken = Incoming("file#2", {}, problem="row 2, column tier: no tier", row=2)
    counts = files(desk, "roster", [member(2), broken])
    assert (counts.quarantined, counts.gone) == (1, 0)
    assert on_roster(desk) == ["1001/ppo", "1002/ppo"]


def test_of_pages_each_has_to_be_full(desk: Any, person: Person) -> None:
    rows = [person(number) for number in range(1, 4)]
    full(desk, "employee", *rows)
    with desk.store.write("acme") as session:
        batch_id = intake.open_batch(session, "hris", "employee", "paged")
        intake.stage(session, batch_id, Page("employee", rows[:1], b"1", full=True))
        intake.stage(session, batch_id, Page("employee", rows[1:2], b"2"))
        assert intake.batch(session, batch_id).full_read == 0  # type: ignore[union-attr]  # it is there


def benefit(key: str, code: str = "MED", amount: int = 100) -> Incoming:
    return Incoming(key, {"employee": "v1", "code": code, "employee_amount_minor": amount})


def held(desk: Any, connection: str = "hris") -> dict[str, tuple[bool, int]]:
    with desk.store.read("acme") as session:
        return {
            code: (fact.data["active"], fact.data["employee_amount_minor"])
            for (at, _, code), fact in facts.payroll_holds(session, session.today()).items()
            if at == connection
        }


def test_a_deduction_gone_from_payroll_is_no_longer_held_there(desk: Any, person: Person) -> None:
    desk.take("employee", person(1))
    full(desk, "payroll_benefit", benefit("a"), benefit("b", "DEN"))
    assert full(desk, "payroll_benefit", benefit("b", "DEN")).gone == 1
    assert held(desk) == {"MED": (False, 0), "DEN": (True, 100)}


def test_a_deduction_with_a_new_id_is_still_held(desk: Any, person: Person) -> None:
    desk.take("employee", person(1))
    full(desk, "payroll_benefit", benefit("a"))
    assert full(desk, "payroll_benefit", benefit("a2", amount=120)).gone == 1
    assert held(desk) == {"MED": (True, 120)}


def test_a_deduction_gone_from_one_payroll_is_still_held_at_another(desk: Any, person: Person) -> None:
    desk.take("employee", person(1))
    linked = Incoming("v1", {"employee_number": person(1).data["employee_number"]})
    desk.take("payroll_person", linked, connection="payroll")
    full(desk, "payroll_benefit", benefit("a"), benefit("b", "DEN"))
    full(desk, "payroll_benefit", benefit("a", amount=120), benefit("b", "DEN"), connection="payroll")
    assert full(desk, "payroll_benefit", benefit("b", "DEN")).gone == 1
    assert held(desk)["MED"] == (False, 0) and held(desk, "payroll")["MED"] == (True, 120)


def pay_date(day: str) -> Incoming:
    data = {"pay_group": "biweekly", "pay_date": day, "period_start": day, "period_end": day}
    return Incoming(day, data)


def test_a_pay_date_to_come_that_is_taken_off_the_calendar_ends_and_a_past_one_stays(desk: Any) -> None:
    full(desk, "pay_calendar", pay_date("2026-11-06"), pay_date("2026-12-04"), pay_date("2026-12-18"))
    assert full(desk, "pay_calendar", pay_date("2026-12-18")).gone == 2
    with desk.store.read("acme") as session:
        told = facts.timelines(session, "pay_date", Interval(NOVEMBER.first, NOVEMBER.end)) | facts.timelines(
            session, "pay_date", Interval(Month(2026, 12).first, Month(2026, 12).end)
        )
    assert sorted(day for _, day in told) == ["2026-11-06", "2026-12-18"]


def test_lines_of_a_period_are_never_gone(desk: Any) -> None:
    def line(number: int) -> Incoming:
        data = {
            "invoice": f"INV-{number}", "invoice_date": "2026-11-01", "due_date": "2026-11-15", "member": "1001",
            "plan": "ppo", "coverage_month": "2026-11", "premium_minor": 50000,
        }  # fmt: skip
        return Incoming(f"INV-{number}/1001", data)

    full(desk, "invoice_line", line(1), connection="carrier")
    assert full(desk, "invoice_line", line(2), connection="carrier").gone == 0


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_who_is_absent_is_not_asked_row_by_row(desk: Any, person: Person) -> None:
    batch_id = desk.stage("employee", [person(1), person(2)], full=True)
    with desk.store.read("acme") as session:
        header = intake.batch(session, batch_id)
        assert header is not None
        query = absent(session, header).compile(session.connection, compile_kwargs={"literal_binds": True})
        plan = session.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
    assert plan
    assert [step for step in plan if "CORRELATED" in step[-1]] == []


def child(number: int) -> Incoming:
    """A child of employee v1, v2 or v3."""
    data = {"first_name": "Kim", "last_name": "Alder", "birth_date": f"2020-05-0{number}", "relationship": "child"}
    return Incoming(f"d{number}", {**data, "employee": f"v{number}"}, row=number)


def choice(number: int, **changed: Any) -> Incoming:
    """An election of employee v1, v2 or v3."""
    data = {"employee": f"v{number}", "plan": "ppo", "tier": "EE", "effective_from": "2026-01-01", **changed}
    return Incoming(f"e{number}", data, row=number)


def test_a_dependent_is_missed_only_while_the_employee_works_here(desk: Any, person: Person) -> None:
    rows = [person(number) for number in range(1, 4)]
    full(desk, "employee", *rows)
    full(desk, "dependent", *[child(number) for number in range(1, 4)])
    assert full(desk, "dependent", child(2), child(3)).gone == 1
    assert missing(desk) == [("MISSING_FROM_HRIS", "hris/dependent/d1")]
    full(desk, "employee", person(1, termination_date="2026-11-20"), *rows[1:])
    assert missing(desk) == []


def test_an_election_that_is_gone_is_missed_until_it_has_ended(desk: Any, person: Person) -> None:
    full(desk, "employee", *[person(number) for number in range(1, 4)])
    full(desk, "election", *[choice(number) for number in range(1, 4)])
    assert full(desk, "election", choice(2), choice(3)).gone == 1
    assert missing(desk) == [("GONE_FROM_SOURCE", "hris/election/e1")]
    desk.take("election", choice(1, effective_to="2026-02-01"))
    assert full(desk, "election", choice(2), choice(3)).gone == 1
    assert missing(desk) == []


def test_whom_payroll_no_longer_shows_is_missed_while_he_works_here(desk: Any, person: Person) -> None:
    rows = [person(number) for number in range(1, 4)]
    full(desk, "employee", *rows)
    paid = [Incoming(f"p{n}", {"employee_number": str(1000 + n)}, row=n) for n in range(1, 4)]
    full(desk, "payroll_person", *paid, connection="payroll")
    assert full(desk, "payroll_person", *paid[1:], connection="payroll").gone == 1
    assert missing(desk) == [("GONE_FROM_SOURCE", "payroll/payroll_person/p1")]
    full(desk, "employee", person(1, termination_date="2026-11-20"), *rows[1:])
    assert missing(desk) == []
