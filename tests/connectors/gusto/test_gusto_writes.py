"""Deduction orders: the state that is wanted, reached by one write or none, whatever happens on the way."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from benehub.connect.capabilities import Guard, narrowed, require
from benehub.connect.connector import Item, Receipt
from benehub.connect.http import was_sent
from benehub.connect.messages import Request, Response
from benehub.errors import DataError, Unsupported, VendorUnavailable
from benehub_connectors.gusto import GustoConnector, GustoSettings
from benehub_connectors.gusto.words import percent, percent_text, tax_class

MATCH = (("100%", "3%"), ("50%", "5%"))


def sent(request: Any) -> Any:
    assert isinstance(request, Request)
    return json.loads(request.body or "")


def test_a_new_deduction_is_made_once(bench: Any, gusto: Any) -> None:
    item = bench.order("MED-PPO", employee_amount_minor=6125)
    assert sent(bench.ask(item)) == {
        "company_benefit_uuid": gusto._benefit("MED-PPO").uuid, "active": True, "employee_deduction": "61.25",
        "deduct_as_percentage": False, "effective_date": "2026-12-04",
    }  # fmt: skip
    first = bench.push(item)
    held = gusto.holding("1001", "MED-PPO")
    assert first == Receipt(held.uuid, True, first.detail)
    assert (held.deduction_minor, held.starts) == (6125, date(2026, 12, 4))
    again = bench.push(item)
    assert (again.reference, again.changed) == (held.uuid, False)
    assert len(bench.writes) == 1


def test_a_change_names_the_version_that_was_read(bench: Any, gusto: Any) -> None:
    gusto.enroll("1001", "MED-PPO", amount_minor=6000, employer_minor=24500)
    item = bench.order("MED-PPO", employee_amount_minor=6125)
    body = sent(bench.ask(item))
    assert set(body) == {"version", "active", "employee_deduction", "deduct_as_percentage"}
    assert bench.push(item).changed
    assert not bench.push(item).changed
    held = gusto.holding("1001", "MED-PPO")
    # A flat order without a company amount leaves what people set in payroll.
    assert (held.deduction_minor, held.contribution_minor) == (6125, 24500)


def test_a_deferral_goes_as_percentage_with_its_match(bench: Any, gusto: Any) -> None:
    item = bench.order("401K", plan="401k", employee_rate="4%", employer_match=MATCH)
    body = sent(bench.ask(item))
    assert (body["employee_deduction"], body["deduct_as_percentage"]) == ("4.0", True)
    assert body["contribution"] == {
        "type": "tiered",
        "value": [{"rate": "100.0", "threshold": "3.0"}, {"rate": "50.0", "threshold": "5.0"}],
    }
    assert bench.push(item).changed
    assert not bench.push(item).changed
    assert not bench.push(bench.order("401K", employee_rate="0.04", employer_match=MATCH)).changed
    assert bench.push(bench.order("401K", employee_rate="4.5%", employer_match=MATCH)).changed
    assert len(bench.writes) == 2


def test_a_match_that_moved_elsewhere_is_taken_off(bench: Any, gusto: Any) -> None:
    gusto.enroll("1001", "401K-ROTH", percent="2%", match=MATCH)
    item = bench.order("401K-ROTH", tax_class="roth", employee_rate="2%")
    assert sent(bench.ask(item))["contribution"] == {"type": "amount", "value": "0.00"}
    assert bench.push(item).changed
    assert gusto.holding("1001", "401K-ROTH").tiers == ()
    assert not bench.push(item).changed


def test_a_company_amount_is_set_where_the_order_names_one(bench: Any, gusto: Any) -> None:
    item = bench.order("MED-PPO", employee_amount_minor=0, employer_amount_minor=24500)
    assert bench.push(item).changed
    held = gusto.holding("1001", "MED-PPO")
    assert (held.deduction_minor, held.contribution_minor, held.active) == (0, 24500, True)
    assert not bench.push(item).changed


def test_an_ended_deduction_is_made_inactive_once(bench: Any, gusto: Any) -> None:
    gusto.enroll("1001", "DENTAL", amount_minor=1500)
    item = bench.order("DENTAL", active=False)
    assert set(sent(bench.ask(item))) == {"version", "active"}
    assert bench.push(item).changed
    assert not gusto.holding("1001", "DENTAL").active
    assert not bench.push(item).changed
    assert bench.push(bench.order("VISION", tax_class="posttax", active=False)) == Receipt("", changed=False)
    assert len(bench.writes) == 1


def test_an_order_over_nothing_ends_what_is_held(bench: Any, gusto: Any) -> None:
    gusto.enroll("1001", "DENTAL", amount_minor=1500)
    assert bench.push(bench.order("DENTAL", employee_amount_minor=0)).changed
    assert not gusto.holding("1001", "DENTAL").active


def test_an_ended_deduction_is_taken_up_again_not_doubled(bench: Any, gusto: Any) -> None:
    gusto.enroll("1001", "DENTAL", amount_minor=1500, ends=date(2026, 6, 30))
    assert bench.push(bench.order("DENTAL", employee_amount_minor=1600)).changed
    (held,) = gusto.holdings.values()
    assert (held.deduction_minor, held.ends, held.active) == (1600, None, True)


def test_a_deduction_that_starts_too_late_is_moved_forward(bench: Any, gusto: Any) -> None:
    gusto.enroll("1001", "DENTAL", amount_minor=1500, starts=date(2027, 1, 1))
    item = bench.order("DENTAL", employee_amount_minor=1500)
    assert sent(bench.ask(item))["effective_date"] == "2026-12-04"
    assert bench.push(item).changed
    assert not bench.push(item).changed
    assert len(gusto.holdings) == 1


def test_two_running_deductions_need_a_person(bench: Any, gusto: Any) -> None:
    for _ in range(2):
        gusto.enroll("1001", "DENTAL", amount_minor=1500)
    for fields in ({"employee_amount_minor": 1500}, {"active": False}):
        with pytest.raises(DataError, match="2 running benefits for DENTAL"):
            bench.push(bench.order("DENTAL", **fields))
    assert bench.writes == []


@pytest.mark.parametrize("fault", ["apply_then_500", "apply_then_timeout", "malformed_json"])
@pytest.mark.parametrize("held", [False, True])
def test_an_unknown_outcome_is_read_back(bench: Any, gusto: Any, fault: str, held: bool) -> None:
    if held:
        gusto.enroll("1001", "MED-PPO", amount_minor=6000)
    item = bench.order("MED-PPO", employee_amount_minor=6125)
    gusto.faults.add(fault, path="/v1/*employee_benefits*", method="write")
    with pytest.raises(VendorUnavailable) as caught:
        bench.push(item)
    assert was_sent(caught.value)
    assert not bench.push(item).changed
    assert len(bench.writes) == 1
    assert len(gusto.holdings) == 1


def test_a_write_that_was_not_applied_is_sent_again_after_the_look(bench: Any, gusto: Any) -> None:
    item = bench.order("MED-PPO", employee_amount_minor=6125)
    gusto.faults.add("unavailable", path="/v1/*", method="write")
    with pytest.raises(VendorUnavailable):
        bench.push(item)
    assert bench.push(item).changed
    assert len(gusto.holdings) == 1


def test_a_refused_rate_waits_and_goes_on(bench: Any, gusto: Any) -> None:
    gusto.faults.add("burst_429", path="/v1/*", method="write", retry_after=7)
    assert bench.push(bench.order("MED-PPO", employee_amount_minor=6125)).changed
    assert max(bench.waits) >= 7


def test_a_version_conflict_asks_for_another_look(bench: Any, gusto: Any) -> None:
    gusto.enroll("1001", "MED-PPO", amount_minor=6000)
    item = bench.order("MED-PPO", employee_amount_minor=6125)
    link = bench.link()
    request = bench.ask(item, link)
    gusto.hand_edit("1001", "MED-PPO", 5999)
    with pytest.raises(VendorUnavailable, match="invalid_resource_version") as caught:
        bench.connector.receipt(item, link.http().send(request))
    assert not was_sent(caught.value)
    assert gusto.holding("1001", "MED-PPO").deduction_minor == 5999
    assert bench.push(item).changed
    assert gusto.holding("1001", "MED-PPO").deduction_minor == 6125


def test_a_code_that_payroll_does_not_know_is_named(bench: Any) -> None:
    with pytest.raises(DataError, match="no single active company benefit for LIFE"):
        bench.push(bench.order("LIFE", employee_amount_minor=100))


def test_a_code_that_payroll_taxes_otherwise_is_refused(bench: Any) -> None:
    with pytest.raises(DataError, match="takes 401K-ROTH as roth, the plan book says pretax"):
        bench.push(bench.order("401K-ROTH", employee_rate="2%"))
    assert bench.writes == []


def test_a_wrongly_taxed_deduction_can_still_be_ended(bench: Any, gusto: Any) -> None:
    gusto.enroll("1001", "401K-ROTH", percent="2%")
    assert bench.push(bench.order("401K-ROTH", active=False)).changed
    assert not gusto.holding("1001", "401K-ROTH").active


def test_an_unknown_employee_is_the_vendors_404(bench: Any, gusto: Any) -> None:
    item = bench.order("MED-PPO", employee_amount_minor=6125)
    gone = Item(item.operation, item.key, {**item.content, "employee": "nobody"})
    with pytest.raises(DataError, match=r"404\): not_found \(request\)"):
        bench.push(gone)


def test_a_second_401k_is_refused_in_the_vendors_words(bench: Any, gusto: Any) -> None:
    gusto.add_benefit("401K-OLD", 5)
    gusto.enroll("1001", "401K-OLD", percent="1%")
    with pytest.raises(DataError, match=r"invalid_operation \(base\)"):
        bench.push(bench.order("401K", employee_rate="4%"))


def test_a_rate_that_payroll_cannot_hold_is_refused(bench: Any) -> None:
    with pytest.raises(DataError, match="cannot hold exactly"):
        bench.push(bench.order("401K", employee_rate="1/30"))


def test_an_answer_with_another_state_is_no_receipt(bench: Any) -> None:
    item = bench.order("MED-PPO", employee_amount_minor=6125)
    for body in ('{"uuid":"b","employee_deduction":"50.00"}', '{"employee_deduction":"61.25"}', "[]"):
        with pytest.raises(DataError, match="another state of MED-PPO") as caught:
            bench.connector.receipt(item, Response.of(200, body))
        assert "61.25" not in str(caught.value)


@pytest.mark.parametrize("body", ["{}", "[" + ",".join(['{"uuid":"b"}'] * 100) + "]"])
def test_a_list_that_may_not_be_whole_is_not_written_on(bench: Any, body: str) -> None:
    settings = bench.connector.discover(bench.link())
    with pytest.raises(DataError, match="no whole list"):
        item = bench.order("MED-PPO", employee_amount_minor=6125)
        bench.connector.request(item, Response.of(200, body), settings)


def test_a_dollar_for_dollar_match_is_no_flat_contribution(bench: Any, gusto: Any) -> None:
    gusto.enroll("1001", "MED-PPO", amount_minor=6125, employer_minor=24500)
    gusto.holding("1001", "MED-PPO").elective = True
    item = bench.order("MED-PPO", employee_amount_minor=6125, employer_amount_minor=24500)
    assert bench.push(item).changed
    assert not gusto.holding("1001", "MED-PPO").elective
    assert not bench.push(item).changed


def test_what_it_can_do_is_said_as_data() -> None:
    written = [line for line in GustoConnector().capabilities() if line.guard is not None]
    assert [(line.operation, line.guard) for line in written] == [
        ("deduction.set", Guard.READ_BACK),
        ("leave.take", Guard.READ_BACK),
    ]
    with pytest.raises(Unsupported):
        settings = GustoSettings(company="c", client_id="i", client_secret="env:S", refresh_token="env:R")
        GustoConnector().lookup(Item("enrollment.full", "k", {}), settings)


def test_settings_hide_their_references() -> None:
    settings = GustoSettings(company="c", client_id="i", client_secret="env:S", refresh_token="env:R")
    assert "env:" not in repr(settings)


@pytest.mark.parametrize(
    ("figure", "again"), [("4", "4.0"), ("4.25", "4.25"), ("0.0001", "0.0001"), ("100.00", "100.0")]
)
def test_percentages_keep_their_value(figure: str, again: str) -> None:
    assert percent_text(percent(figure, "")) == again


def test_every_published_type_has_one_tax_class(api: Any) -> None:
    if api is None:
        pytest.skip("no description of Gusto's API; set BENEHUB_SHARED")
    found = api.api.spec.read_value()["components"]["responses"]["Supported-Benefit-List"]["content"]
    rows = found["application/json"]["examples"]
    published = next(iter(rows.values()))["value"]
    assert len(published) > 25
    for row in published:
        told = tax_class(row["benefit_type"])
        assert told is not None, row["name"]
        assert (told.value == "pretax") is row["pretax"], row["name"]
        assert (told.value == "roth") is (row["posttax"] and row["retirement"]), row["name"]


def test_every_kind_of_exchange_was_refereed(bench: Any, gusto: Any, run: Any) -> None:
    if gusto.api is None:
        pytest.skip("no description of Gusto's API; set BENEHUB_SHARED")
    item = bench.order("401K", employee_rate="4%", employer_match=MATCH)
    bench.push(item)
    gusto.hand_edit("1001", "401K", 100)
    bench.push(item)
    run(20)
    for stream in GustoConnector.streams:
        assert bench.rows(stream) is not None
    assert {("POST", 201), ("PUT", 200), ("GET", 200)} <= gusto.checked


def test_what_a_token_has_no_scope_for_is_withheld(bench: Any, gusto: Any) -> None:
    assert bench.connector.withheld(bench.link()) == ()
    gusto.scope = "public pay_schedules:read payrolls:read employees:read company_benefits:read employee_benefits:read"
    found = bench.connector.withheld(bench.link())
    assert {one.operation: one.note.rpartition(" scopes ")[2] for one in found if one.benefit_type is None} == {
        "deduction.set": "employee_benefits:write", "leave.take": "payrolls:write",
    }  # fmt: skip
    lines = narrowed(bench.connector.capabilities(), found)
    for operation, benefit in (("deduction.set", None), ("deduction.set", "retirement"), ("leave.take", None)):
        with pytest.raises(Unsupported) as caught:
            require(lines, operation, benefit)
        assert caught.value.blocker == "permissions"
    gusto.scope = None
    assert bench.connector.withheld(bench.link()) == ()


def test_health_benefits_that_gusto_would_not_show_are_withheld_and_the_others_are_not(bench: Any, gusto: Any) -> None:
    gusto.scope = gusto.scope.replace(" employee_benefits:read:phi", "")
    lines = narrowed(bench.connector.capabilities(), bench.connector.withheld(bench.link()))
    with pytest.raises(Unsupported, match=r"deduction\.set for medical.* employee_benefits:read:phi$"):
        require(lines, "deduction.set", "medical")
    with pytest.raises(Unsupported, match=r"read\.register_line for dental"):
        require(lines, "read.register_line", "dental")
    assert require(lines, "deduction.set", "retirement") and require(lines, "deduction.set")
    assert bench.writes == []
