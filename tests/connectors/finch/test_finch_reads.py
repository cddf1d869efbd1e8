"""People and enrollments as Finch tells them, and what it cannot tell."""

from __future__ import annotations

import base64
from datetime import date
from typing import Any

import pytest

from benehub.connect.capabilities import Blocker, find
from benehub.connect.webhooks import Hint, receive, sign
from benehub.errors import DataError, ReauthNeeded, Unsupported, VendorUnavailable
from benehub_connectors.finch import LIMITS, FinchConnector, FinchSettings
from benehub_connectors.finch.stage import NOW


def test_people_come_with_number_birth_and_whether_they_work(bench: Any, finch: Any) -> None:
    finch.add_person("1003", "Eva", "Neu", birth=date(1999, 1, 1), gross_minor=1, hired=date(2021, 1, 1),
                     last_day=date(2026, 11, 29))  # fmt: skip
    rows = {row.data["employee_number"]: row for row in bench.rows("payroll_person")}
    assert set(rows) == {"1001", "1002", "1003"}
    assert rows["1001"].key == finch.person("1001").id
    assert rows["1001"].data == {
        "employee_number": "1001", "first_name": "Ada", "last_name": "Byron", "birth_date": "1980-03-09",
        "active": True,
    }  # fmt: skip
    assert not rows["1003"].data["active"]
    assert "income" not in rows["1001"].extra


def test_the_number_may_stand_in_a_custom_field(bench: Any) -> None:
    rows = bench.rows("payroll_person", employee_number="Badge")
    assert [row.data["employee_number"] for row in rows] == ["B-1001", "B-1002"]
    assert [row.data["employee_number"] for row in bench.rows("payroll_person", employee_number="None")] == ["", ""]


def test_a_directory_in_pages_is_read_to_the_number_it_states(bench: Any, finch: Any) -> None:
    finch._cap = 1
    pages = bench.read("payroll_person")
    assert [len(page.rows) for page in pages] == [1, 1]
    assert all(page.full for page in pages)
    assert len(finch.calls("GET", "/employer/directory")) == 2


def test_an_item_that_finch_refuses_is_a_row_with_its_reason(bench: Any, finch: Any) -> None:
    ada, lost = (finch.person(number).id for number in ("1001", "1002"))
    finch.unreadable.add(lost)
    rows = {row.key: row for row in bench.rows("payroll_person")}
    assert set(rows) == {ada, lost}
    assert rows[lost].problem.startswith("Finch has no employment (404 individual_not_found)")
    assert not rows[ada].problem


def test_enrollments_are_cents_or_a_rate(bench: Any, finch: Any) -> None:
    finch.hand_edit("1001", "MED-PPO", employee_deduction={"type": "fixed", "amount": 6125},
                    company_contribution={"type": "fixed", "amount": 24501})  # fmt: skip
    finch.hand_edit("1001", "401K", employee_deduction={"type": "percent", "amount": 450}, annual_maximum=2_350_000,
                    company_contribution={"type": "percent", "amount": 300})  # fmt: skip
    rows = {row.data["code"]: row for row in bench.rows("payroll_benefit")}
    ada = finch.person("1001").id
    assert rows["MED-PPO"].data == {
        "employee": ada, "code": "MED-PPO", "employee_amount_minor": 6125, "employer_amount_minor": 24501,
    }  # fmt: skip
    assert rows["401K"].data == {"employee": ada, "code": "401K", "employee_rate": "4.5%", "employer_amount_minor": 0}
    assert rows["401K"].extra == {
        "annual_maximum": 2_350_000, "company_contribution": {"type": "percent", "amount": 300},
    }  # fmt: skip


def test_an_alias_may_name_a_description_or_a_type(bench: Any, finch: Any) -> None:
    for name in ("MED-PPO", "DENTAL"):
        finch.hand_edit("1001", name, employee_deduction={"type": "fixed", "amount": 100})
    codes = [row.data["code"] for row in bench.rows("payroll_benefit", aliases={"MED-PPO": "M", "s125_dental": "D"})]
    assert codes == ["M", "D"]


@pytest.mark.parametrize("amount", ["61.25", True, None])
@pytest.mark.unpublished("amounts that the vendor does not give")
def test_what_is_no_whole_amount_is_not_guessed(bench: Any, finch: Any, amount: Any) -> None:
    finch.api = None
    finch.hand_edit("1001", "MED-PPO", employee_deduction={"type": "fixed", "amount": amount})
    (row,) = bench.rows("payroll_benefit")
    assert "no whole number" in row.problem


def test_pay_groups_are_told_by_id_or_frequency_and_never_guessed(bench: Any, run: Any, finch: Any) -> None:
    group = finch.payments[run(20)].group
    for settings, wanted in (
        ({"pay_groups": {group: "salaried"}}, "salaried"),
        ({"pay_groups": {"bi_weekly": "fortnight"}}, "fortnight"),
        ({"pay_groups": {group: "a", "bi_weekly": "b"}}, ""),
        ({"pay_group": "all"}, "all"),
    ):
        assert {row.data["pay_group"] for row in bench.rows("register_line", **settings)} == {wanted}


def test_no_calendar_is_made_of_what_was_paid(bench: Any) -> None:
    """The hub would take it for all pay dates of the year, and none would be left to come."""
    with pytest.raises(Unsupported):
        bench.read("pay_calendar")
    line = find(bench.connector.capabilities(), "read.pay_calendar")
    assert line is not None
    assert line.blocker is Blocker.VENDOR


def test_a_login_that_ended_asks_the_employer_and_a_wrong_token_us(bench: Any, finch: Any) -> None:
    finch.login_ended = True
    with pytest.raises(ReauthNeeded, match=r"reauthenticate_user.*connect its payroll again"):
        bench.read("payroll_person")
    assert len(finch.log) == 1
    finch.access_token = "another"
    bench.simulator.access_token = "another"
    link = bench.link()
    finch.access_token = "the right one"
    with pytest.raises(ReauthNeeded, match=r"invalid_token_error.*Put a token"):
        list(bench.connector.read("payroll_person", link, None))


@pytest.mark.unpublished("the description has no 202")
def test_an_answer_still_being_fetched_is_no_empty_list(bench: Any, finch: Any, monkeypatch: Any) -> None:
    from benehub.sandbox.http import SimResponse

    finch.api = None
    monkeypatch.setattr(finch, "admit", lambda request: SimResponse(202, {"code": 202, "name": "accepted"}))
    with pytest.raises(VendorUnavailable, match="still fetching"):
        bench.read("payroll_person")


def test_each_endpoint_has_its_own_limit_for_all_employers() -> None:
    one, other = (FinchSettings(access_token=f"env:{name}") for name in ("ONE", "OTHER"))
    first, second = (dict[str, Any](FinchConnector().client(it, {it.access_token: "t"})._limits) for it in (one, other))
    assert {name: window.allowed for name, window in first.items()} == {
        "": 90, "directory": 18, "individual": 18, "employment": 18, "payment": 10, "pay_statement": 10,
    }  # fmt: skip
    assert first == second


def test_calls_count_against_the_limit_of_their_endpoint(bench: Any, run: Any) -> None:
    taken: list[str] = []

    class Counting:
        def __init__(self, name: str) -> None:
            self.name = name

        def acquire(self, max_wait: float) -> None:
            taken.append(self.name)

        def hold(self, seconds: float) -> None:
            raise AssertionError

    run(20)
    link = bench.link()
    link.http()._limits = {name: Counting(name) for name in LIMITS}
    for stream in bench.connector.streams:
        list(bench.connector.read(stream, link, None))
    told = [call.path.removeprefix("/employer/").replace("-", "_") for call in bench.simulator.log]
    assert taken == [name if name in LIMITS else "" for name in told]


EVENTS = {
    b'{"event_type":"individual.updated","data":{"individual_id":"p1"}}': [Hint("payroll_person", "p1")],
    b'{"event_type":"payment.created","data":{"payment_id":"x"}}': [Hint("register_line")],
    b'{"event_type":"pay_statement.updated","data":{"individual_id":"p1"}}': [Hint("register_line")],
    b'{"event_type":"job.benefit_enroll.completed","data":null}': [Hint("payroll_benefit")],
    b'{"event_type":"company.updated","data":null}': [],
}


@pytest.mark.parametrize("body", EVENTS)
def test_an_event_points_at_what_it_is_about(body: bytes) -> None:
    scheme, secret = FinchConnector.webhook, base64.b64encode(b"f" * 32).decode()
    assert scheme is not None
    got = receive(scheme, secret, sign(scheme, secret, body, "evt_1", NOW), body, NOW)
    assert (got.id, got.signed) == ("evt_1", True)
    assert FinchConnector().hints(body) == EVENTS[body]


def test_an_account_that_changed_is_read_whole_and_nonsense_is_refused() -> None:
    told = FinchConnector().hints(b'{"event_type":"account.updated"}')
    assert [one.stream for one in told] == list(FinchConnector.streams)
    for body in (b"[]", b"no json", b"{}"):
        with pytest.raises(DataError, match="no event of Finch's"):
            FinchConnector().hints(body)
