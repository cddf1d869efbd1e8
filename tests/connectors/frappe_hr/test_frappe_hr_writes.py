"""Deductions written to Frappe by the hub's own outbox: taken once, whatever happened before or on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from benehub import dispatch
from benehub.connect.webhooks import receive, sign
from benehub.errors import DataError, Unsupported
from benehub.flows.send import send_batch
from benehub.sandbox.faults import FaultKind
from benehub.testing.stage import CONNECTION, EMPLOYER
from benehub_connectors.frappe_hr import FrappeConnector, FrappeSettings
from benehub_connectors.frappe_hr.stage import SETTINGS

ADA, MAX, LIN = "HR-EMP-00001", "HR-EMP-00002", "HR-EMP-00003"


def held(bench: Any, employee: str, component: str = "MED-PPO") -> list[tuple[str, str]]:
    return [(str(one["amount"]), one["from_date"]) for one in bench.site.running(employee, component)]


def ended(made: Any, item: Any) -> tuple[str, str]:
    """State and reason after one attempt."""
    ids = made.freeze([item])
    send_batch(made.hub, EMPLOYER, CONNECTION, ids)
    with made.hub.store.read(EMPLOYER) as session:
        (row,) = dispatch.by_ids(session, ids)
    return row.state, row.reason


def test_a_new_deduction_is_a_submitted_recurring_document_with_our_reference(bench: Any) -> None:
    with bench.desk(pay_lag_days=3) as made:
        assert made.push([bench.item(ADA, "MED-PPO", 6125)]) == ["sent"]
        (body,) = made.writes()
    assert b'"amount":61.25' in body
    told = json.loads(body)
    assert told["from_date"] == "2026-11-27"  # the pay period of that pay date ends three days before it
    assert (told["docstatus"], told["is_recurring"], told["overwrite_salary_structure_amount"]) == (1, 1, 1)
    assert told["custom_benehub_reference"] == "benehub ppo MED-PPO"


def test_a_changed_amount_ends_the_former_document_and_makes_one(bench: Any) -> None:
    with bench.desk() as made:
        made.push([bench.item(ADA, "MED-PPO", 6125, on=date(2026, 10, 30))])
        assert made.push([bench.item(ADA, "MED-PPO", 7000)]) == ["sent"]
        assert [json.loads(one).get("disabled") for one in made.writes()] == [None, 1, None]
    assert held(bench, ADA) == [("70.00", "2026-11-30")]


def test_a_change_whose_second_half_is_lost_is_finished_and_not_doubled(bench: Any) -> None:
    with bench.desk() as made:
        made.push([bench.item(ADA, "MED-PPO", 6125, on=date(2026, 10, 30))])
        made.played.wire.faults.add(
            FaultKind.APPLY_THEN_TIMEOUT, path="/api/resource/Additional%20Salary", method="POST"
        )
        assert made.push([bench.item(ADA, "MED-PPO", 7000)]) == ["sent"]
    assert held(bench, ADA) == [("70.00", "2026-11-30")]


def test_a_deduction_ends_and_a_second_end_finds_nothing(bench: Any) -> None:
    with bench.desk() as made:
        made.push([bench.item(ADA, "MED-PPO", 6125, on=date(2026, 10, 30))])
        assert made.push([bench.item(ADA, "MED-PPO", 0, active=False)]) == ["sent"]
        assert held(bench, ADA) == []
        before = made.effects()
        assert made.push([bench.item(ADA, "MED-PPO", 0, active=False)], again=True) == ["sent"]
        assert made.effects() == before


def test_a_change_that_would_cost_a_pay_waits(bench: Any) -> None:
    with bench.desk(change_ahead_days=6) as made:
        made.push([bench.item(ADA, "MED-PPO", 6125, on=date(2026, 10, 30))])
        state, why = ended(made, bench.item(ADA, "MED-PPO", 7000))
        assert held(bench, ADA) == [("61.25", "2026-10-30")]
        assert state == "prepared" and "would stop before its last pay" in why
    with bench.desk(change_ahead_days=6, today=date(2026, 11, 24)) as made:
        assert made.push([bench.item(ADA, "MED-PPO", 7000)]) == ["sent"]


def test_for_who_leaves_it_is_made_to_the_last_day(bench: Any) -> None:
    with bench.desk() as made:
        made.push([bench.item(ADA, "MED-PPO", 6125, on=date(2026, 10, 30))])
        bench.site.change("Employee", ADA, relieving_date="2026-12-31")
        assert made.push([bench.item(ADA, "MED-PPO", 7000), bench.item(ADA, "DENTAL", 1301)]) == ["sent", "sent"]
        before = made.effects()
        assert made.push([bench.item(ADA, "MED-PPO", 7000)], again=True) == ["sent"]
        assert made.effects() == before
    assert [held(bench, ADA, one) for one in ("MED-PPO", "DENTAL")] == [
        [("70.00", "2026-11-30")],
        [("13.01", "2026-11-30")],
    ]
    assert {one["to_date"] for one in bench.site.running(ADA, "MED-PPO")} == {"2026-12-31"}


def test_a_last_day_that_is_moved_moves_the_end(bench: Any) -> None:
    bench.site.change("Employee", ADA, relieving_date="2026-12-31")
    with bench.desk() as made:
        made.push([bench.item(ADA, "MED-PPO", 6125)])
        bench.site.change("Employee", ADA, relieving_date=None)
        assert made.push([bench.item(ADA, "MED-PPO", 6125)], again=True) == ["sent"]
    assert [one["to_date"] for one in bench.site.running(ADA, "MED-PPO")] == ["2099-12-31"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"status": "Suspended"}, "the employee's status is Suspended"),
        ({"relieving_date": "2026-11-29"}, "ends after the employee's last day"),
    ],
)
def test_what_frappe_would_refuse_ends_nothing(bench: Any, fields: dict[str, str], why: str) -> None:
    with bench.desk() as made:
        made.push([bench.item(ADA, "MED-PPO", 6125, on=date(2026, 10, 30))])
        bench.site.change("Employee", ADA, **fields)
        state, told = ended(made, bench.item(ADA, "MED-PPO", 7000))
        assert (state, why in told) == ("failed", True)
        assert held(bench, ADA) == [("61.25", "2026-10-30")]
        assert made.push([bench.item(ADA, "MED-PPO", 0, active=False)]) == ["sent"]
    assert held(bench, ADA) == []


def test_another_persons_document_is_left_to_a_person(bench: Any) -> None:
    with bench.desk() as made:
        state, why = ended(made, bench.item(LIN, "MED-PPO", 6125))
    assert state == "failed"
    assert "that benehub has not made: HR-ADS-26-01-00002" in why


def once(bench: Any, day: str) -> None:
    """A person has payroll take it once, on a day."""
    told = {"salary_component": "MED-PPO", "type": "Deduction", "amount": bench.site.number("5.0"), "currency": "USD"}
    bench.site.add("Additional Salary", f"HR-ADS-{day}", employee=ADA, is_recurring=0, disabled=0, payroll_date=day,
                   overwrite_salary_structure_amount=0, **told)  # fmt: skip


def test_what_payroll_takes_once_beside_is_told_before_anything_is_written(bench: Any) -> None:
    once(bench, "2026-11-28")
    with bench.desk() as made:
        state, why = ended(made, bench.item(ADA, "MED-PPO", 6125))
        assert (state, held(bench, ADA)) == ("failed", [])
        assert "in the same pay by an Additional Salary for once: HR-ADS-2026-11-28" in why
    slip = bench.site.run_payroll(date(2026, 11, 1), date(2026, 11, 30), date(2026, 11, 30))[0]
    assert [str(one["amount"]) for one in bench.site.docs["Salary Slip"][slip]["deductions"]] == ["5.0"]
    with bench.desk(beside_one_offs=True) as made:
        assert made.push([bench.item(ADA, "MED-PPO", 6125)], again=True) == ["sent"]


@pytest.mark.parametrize(("more", "state"), [({}, "sent"), ({"period_days": 30}, "failed")])
def test_what_is_taken_once_is_looked_for_in_the_whole_of_the_period(bench: Any, more: Any, state: str) -> None:
    once(bench, "2026-11-01")
    with bench.desk(**more) as made:
        assert ended(made, bench.item(ADA, "MED-PPO", 6125))[0] == state


@pytest.mark.parametrize("day", ["2026-11-16", "2026-12-01"])
def test_what_is_taken_once_in_another_pay_is_nothing_to_it(bench: Any, day: str) -> None:
    once(bench, day)
    with bench.desk() as made:
        assert made.push([bench.item(ADA, "MED-PPO", 6125)]) == ["sent"]


@pytest.mark.parametrize(
    ("longest", "end", "day", "state"),
    [
        (31, "2026-11-30", "2026-10-31", "sent"), (31, "2026-11-30", "2026-11-01", "failed"),
        (31, "2027-02-28", "2027-01-31", "sent"), (31, "2026-12-25", "2026-11-25", "sent"),
        (31, "2026-12-25", "2026-11-26", "failed"), (16, "2026-11-30", "2026-11-15", "sent"),
        (16, "2026-11-30", "2026-11-16", "failed"), (16, "2026-12-15", "2026-11-30", "sent"),
        (16, "2026-12-15", "2026-12-01", "failed"), (16, "2026-11-25", "2026-11-10", "sent"),
        (16, "2026-12-10", "2026-11-25", "sent"), (16, "2026-12-10", "2026-11-26", "failed"),
        (28, "2026-11-30", "2026-11-02", "sent"), (28, "2026-11-30", "2026-11-03", "failed"),
    ],
)  # fmt: skip
def test_what_is_taken_once_on_the_last_day_of_the_pay_before_is_nothing_to_it(
    bench: Any, longest: int, end: str, day: str, state: str
) -> None:
    once(bench, day)
    with bench.desk(period_days=longest) as made:
        assert ended(made, bench.item(ADA, "MED-PPO", 6125, on=date.fromisoformat(end)))[0] == state


def test_a_document_whose_name_has_slashes_is_ended_by_that_name(bench: Any) -> None:
    with bench.desk() as made:
        made.push([bench.item(ADA, "MED-PPO", 6125, on=date(2026, 10, 30))])
        (one,) = bench.site.running(ADA, "MED-PPO")
        del bench.site.docs["Additional Salary"][one["name"]]
        bench.site.add("Additional Salary", "HR/ADS/26-10/00001", **{**one, "name": ""})
        assert made.push([bench.item(ADA, "MED-PPO", 7000)]) == ["sent"]
    assert [call.path for call in bench.site.calls("PUT")] == [
        "/api/resource/Additional%20Salary/HR%2FADS%2F26-10%2F00001"
    ]
    assert held(bench, ADA) == [("70.00", "2026-11-30")]


def test_an_old_site_that_would_take_it_twice_never_gets_a_second(old_bench: Callable[[], Any]) -> None:
    bench = old_bench()
    item = bench.item(ADA, "DENTAL", 1301)  # not in her salary structure: Frappe drops the mark to overwrite
    with bench.desk() as made:
        made.played.wire.hit_next_write(FaultKind.APPLY_THEN_500)
        assert made.push([item]) == ["sent"]
        made.push([item], again=True)
    assert held(bench, ADA, "DENTAL") == [("13.01", "2026-11-30")]
    assert bench.site.running(ADA, "DENTAL")[0]["overwrite_salary_structure_amount"] == 0


def test_two_of_ours_are_left_to_a_person(old_bench: Callable[[], Any]) -> None:
    bench = old_bench()
    with bench.desk() as made:
        made.push([bench.item(ADA, "DENTAL", 1301)])
        (one,) = bench.site.running(ADA, "DENTAL")
        bench.site.add("Additional Salary", "HR-ADS-26-11-00099", **one)
        assert made.push([bench.item(ADA, "DENTAL", 1400)]) == ["failed"]
    assert len(held(bench, ADA, "DENTAL")) == 2


def test_what_the_business_refuses_is_told_by_class_and_without_its_traceback(bench: Any) -> None:
    with bench.desk() as made:
        state, why = ended(made, bench.item(ADA, "VISION", 6125))
    assert state == "failed"
    assert "417 LinkValidationError): Could not find Employee or Salary Component" in why
    assert "Traceback" not in why


def test_a_role_that_may_not_write_holds_the_write(bench: Any) -> None:
    bench.site.forbidden = {("POST", "Additional Salary")}
    item = bench.item(ADA, "MED-PPO", 6125)
    with bench.desk() as made:
        state, why = ended(made, item)
        assert (state, "may not write documents of type Additional Salary" in why) == ("held", True)
        bench.site.forbidden = set()
    assert held(bench, ADA) == []


@pytest.mark.parametrize(("status", "state"), [(403, "held"), (417, "failed")])
def test_a_change_that_is_refused_half_way_says_that_nothing_runs(bench: Any, status: int, state: str) -> None:
    with bench.desk() as made:
        made.push([bench.item(ADA, "MED-PPO", 6125, on=date(2026, 10, 30))])
        if status == 403:
            bench.site.forbidden = {("POST", "Additional Salary")}
        else:
            del bench.site.components["MED-PPO"]
        told, why = ended(made, bench.item(ADA, "MED-PPO", 7000))
    assert (told, held(bench, ADA)) == (state, [])
    assert f"({status} " in why
    assert "nothing of MED-PPO runs for the employee until it is made" in why
    assert "the employee's last disabled Additional Salary" in why


def test_whoever_is_not_active_is_known_however_long_ago_he_left(bench: Any) -> None:
    for number, day in ((91, "2026-11-01"), (92, "2019-11-01"), (94, None)):
        bench.site.hire(number, "Gone", "By", status="Left", relieving_date=day)
    bench.site.hire(93, "Off", "For", status="Inactive")
    played = bench.play()
    before = len(bench.site.log)
    assert dict(played.connector.discover(played.link).inactive) == {
        "HR-EMP-00091": "Left", "HR-EMP-00092": "Left", "HR-EMP-00093": "Inactive", "HR-EMP-00094": "Left",
    }  # fmt: skip
    assert len(bench.site.log) - before == 3  # nobody leaves; a page of who is not active, and its end
    assert all(int(call.query["limit_page_length"]) >= 5000 for call in bench.site.log[before:])


def test_a_rate_is_refused_by_type(bench: Any) -> None:
    played = bench.play()
    item = bench.item(ADA, "Provident", 0, employee_rate="4%")
    found = played.link.http().send(played.connector.lookup(item, played.link.settings))
    with pytest.raises(Unsupported, match="is a rate"):
        played.connector.request(item, found, played.link.settings)


def test_a_webhook_is_a_hint_signed_in_base64_and_known_by_its_digest() -> None:
    scheme, now = FrappeConnector.webhook, datetime(2026, 11, 20, tzinfo=UTC)
    assert scheme is not None
    body = b'{"doctype": "Salary Slip", "name": "Sal Slip/HR-EMP-00001/00002"}'
    headers = sign(scheme, "shared", body, "", now)
    assert (
        headers == {"x-frappe-webhook-signature": "i" + headers["x-frappe-webhook-signature"][1:]} or len(headers) == 1
    )
    first, again = (receive(scheme, "shared", headers, body, now) for _ in range(2))
    assert first.signed and first.id == again.id
    with pytest.raises(DataError, match="signature is wrong"):
        receive(scheme, "other", headers, body, now)
    connector = FrappeConnector()
    (hint,) = connector.hints(body)
    assert (hint.stream, hint.key) == ("register_line", "Sal Slip/HR-EMP-00001/00002")
    assert {one.stream for one in connector.hints(b'{"name": "x"}')} == set(connector.streams)
    with pytest.raises(DataError):
        connector.hints(b"doctype=Employee")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("timezone", "Berlin"),
        ("api_key", "plain"),
        ("components", {"A": "X", "B": "X"}),
        ("base_url", "hr.example.com"),
        ("period_days", 5),
    ],
)
def test_settings_that_cannot_be_right_are_refused(setting: str, value: Any) -> None:
    with pytest.raises(ValueError, match=setting):
        FrappeSettings.model_validate({**SETTINGS, setting: value})
