"""What is read from Gusto: calendar, people, benefits; every bad row kept with its reason."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from benehub.connect.messages import Response
from benehub.errors import DataError, FatalError, ReauthNeeded, Unsupported, VendorUnavailable
from benehub_connectors.gusto.answers import refuse, rows
from benehub_connectors.gusto.reads import held, pay_group_of, translated
from benehub_connectors.gusto.settings import GustoSettings


def test_the_calendar_has_a_pay_date_a_period(bench: Any, gusto: Any) -> None:
    gusto.add_pay_period("Biweekly", date(2026, 11, 6), date(2026, 10, 18), date(2026, 10, 31))
    gusto.add_pay_period("Biweekly", date(2026, 11, 20), date(2026, 11, 1), date(2026, 11, 14))
    found = bench.rows("pay_calendar", pay_groups={"Biweekly": "biweekly"})
    assert [row.data for row in found] == [
        {"pay_group": "biweekly", "pay_date": "2026-11-06", "period_start": "2026-10-18",
         "period_end": "2026-10-31"},
        {"pay_group": "biweekly", "pay_date": "2026-11-20", "period_start": "2026-11-01",
         "period_end": "2026-11-14"},
    ]  # fmt: skip
    assert not any(page.full for page in bench.read("pay_calendar"))


@pytest.mark.parametrize(
    ("schedule", "group"),
    [
        ({"uuid": "u1", "custom_name": "Salaried staff"}, "salaried"),
        ({"uuid": "u2", "custom_name": None, "name": "hourly"}, "hourly"),
        ({"uuid": "u3", "frequency": "Every other week"}, "biweekly"),
        ({"uuid": "u4", "custom_name": "By uuid"}, "fourth"),
        ({"uuid": "u5"}, "u5"),
    ],
)
def test_a_pay_schedule_is_named_by_the_settings_or_by_itself(schedule: Any, group: str, bench: Any) -> None:
    words = {"Salaried staff": "salaried", "Every other week": "biweekly", "u4": "fourth"}
    settings = bench.link(pay_groups=words).settings
    assert pay_group_of(schedule, settings) == group


@pytest.mark.unpublished("a day that the vendor does not give")
def test_a_period_without_a_check_date_is_a_problem_row(bench: Any, gusto: Any) -> None:
    gusto.api = None  # the vendor's description promises a date
    gusto.add_pay_period("Biweekly", date(2026, 11, 6), date(2026, 10, 18), date(2026, 10, 31))
    gusto.periods[0].check_date = _Undated(2026, 11, 6)
    (row,) = bench.rows("pay_calendar")
    assert "check_date is missing" in row.problem
    assert not row.data


class _Undated(date):
    def isoformat(self) -> str:
        return ""


def test_people_come_over_pages_with_those_who_left(bench: Any, gusto: Any) -> None:
    for number in range(250):
        gusto.add_employee(
            f"E{number}", "Ann", "Nym", birth=date(1990, 1, 1), pay_group="Biweekly", gross_minor=1,
            hired=date(2025, 1, 1),
        )  # fmt: skip
    gusto.terminate("1002", date(2026, 11, 13))
    gusto._employee("1001").work_email = "ada@example.org"
    pages = bench.read("payroll_person")
    assert [len(page.rows) for page in pages] == [100, 100, 52]
    assert all(page.full for page in pages)
    people = {row.data["employee_number"]: row for page in pages for row in page.rows}
    assert len(people) == 252
    assert people["1001"].data == {
        "employee_number": "1001", "first_name": "Ada", "last_name": "Byron", "birth_date": "1980-03-09",
        "active": True, "email": "ada@example.org",
    }  # fmt: skip
    assert people["1002"].data["active"] is False
    assert people["1001"].key == gusto._employee("1001").uuid
    assert "jobs" in people["1001"].extra
    assert "ssn" not in people["1001"].extra


def test_an_empty_list_is_still_a_full_read(bench: Any, gusto: Any) -> None:
    gusto.employees.clear()
    (page,) = bench.read("payroll_person")
    assert page.full
    assert not page.rows


def test_benefits_held_are_read_for_every_company_benefit(bench: Any, gusto: Any) -> None:
    gusto.enroll("1001", "MED-PPO", amount_minor=6125, employer_minor=24500)
    gusto.enroll("1001", "401K", percent="4.5%", match=(("100%", "3%"), ("50%", "5%")))
    gusto.enroll("1002", "MED-POST", amount_minor=6125)
    found = {row.key: row for row in bench.rows("payroll_benefit", aliases={"MED-POST": "MED-PPO"})}
    medical = gusto.holding("1001", "MED-PPO").uuid
    deferral = gusto.holding("1001", "401K").uuid
    assert len(found) == 3
    assert found[medical].data["employee_amount_minor"] == 6125
    assert found[medical].data["employer_amount_minor"] == 24500
    assert found[deferral].data["employee_rate"] == "4.5%"
    assert found[deferral].extra["contribution"]["type"] == "tiered"
    assert found[gusto.holding("1002", "MED-POST").uuid].data["code"] == "MED-PPO"
    assert found[medical].data["version"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("not an object", "no object"),
        ({"employee_uuid": "e"}, "uuid is missing"),
        ({"uuid": "b", "employee_uuid": "e", "employee_deduction": "12.345"}, "more than 2 decimals"),
        ({"uuid": "b", "employee_uuid": "e", "employee_deduction": "plenty"}, "not an amount"),
        ({"uuid": "b", "employee_uuid": "e", "employee_deduction": True}, "no number but bool"),
        (
            {"uuid": "b", "employee_uuid": "e", "deduct_as_percentage": True, "employee_deduction": "x"},
            "a rate",
        ),
        ({"uuid": "b", "employee_uuid": "e", "contribution": "much"}, "documented form"),
        ({"uuid": 7, "employee_uuid": "e"}, "uuid is no text"),
    ],
)
def test_a_row_that_cannot_be_translated_is_kept_with_its_reason(row: Any, reason: str) -> None:
    (one,) = translated([row], lambda found: held(found, "MED-PPO"))
    assert reason in one.problem
    assert not one.data


def test_only_documented_streams_are_read(bench: Any) -> None:
    with pytest.raises(Unsupported):
        bench.read("employee")


def test_a_refusal_tells_the_vendors_category_and_hides_values() -> None:
    inner = """{"error_key": "ssn 123-45-6789", "category": "invalid_attribute_value",
        "message": "Value '123-45-6789' of ada@byron.example is not 812.50"}"""
    body = f'{{"errors":[{{"error_key":"states","category":"nested_errors","errors":[{inner}]}}]}}'
    with pytest.raises(DataError) as caught:
        refuse(Response.of(422, body))
    told = str(caught.value)
    assert "nested_errors (states)" in told
    assert "invalid_attribute_value" in told
    for secret in ("123-45-6789", "ada@", "812.50"):
        assert secret not in told


def test_an_answer_without_a_list_is_no_empty_list() -> None:
    for body in ("{}", "null", '{"employee_compensations": {}}'):
        with pytest.raises(DataError, match="no list"):
            rows(Response.of(200, body), "employee_compensations")


def test_another_company_is_refused_in_the_vendors_words(bench: Any) -> None:
    with pytest.raises(DataError, match=r"404\): not_found \(request\)"):
        bench.read("payroll_person", company="another")


def test_a_vendor_that_repeats_a_page_is_stopped(bench: Any, gusto: Any, monkeypatch: Any) -> None:
    import benehub_connectors.gusto.simulator as simulator

    gusto.api = None
    monkeypatch.setattr(simulator, "_page", lambda request, found: found)
    gusto.run_payroll("Biweekly", date(2026, 11, 6), date(2026, 10, 18), date(2026, 10, 31))
    with pytest.raises(FatalError, match="same page"):
        bench.read("register_line")


def test_a_short_list_is_noticed_by_its_total(bench: Any, gusto: Any, monkeypatch: Any) -> None:
    import benehub_connectors.gusto.simulator as simulator

    gusto.api = None
    monkeypatch.setattr(simulator, "_page", lambda request, found: found[:1] if request.query["page"] == "1" else [])
    with pytest.raises(VendorUnavailable, match="states 2 items and gave 1"):
        bench.read("payroll_person")


def test_tokens_are_renewed_once_and_the_new_one_is_kept(bench: Any, gusto: Any, tmp_path: Any) -> None:
    gusto._rotate = True
    link = bench.link()
    list(bench.connector.read("payroll_person", link, None))
    list(bench.connector.read("payroll_person", link, None))
    assert bench.tokens == ["simulated-refresh-1"]
    assert len(gusto.calls("POST", "/oauth/token")) == 1

    file = tmp_path / "refresh"
    file.write_text(gusto.refresh_token)
    settings = GustoSettings.model_validate(bench.usual | {"refresh_token": f"file:{file}"})
    for _opening in range(2):
        secret = {"env:SECRET": gusto.client_secret, f"file:{file}": file.read_text()}
        client = bench.connector.client(settings, secret, transport=_transport(gusto))
        list(bench.connector.read("payroll_person", _link(link, settings, client), None))
        assert file.read_text() == "simulated-refresh-2"  # the access token that came with it is good yet


def test_a_used_refresh_token_asks_for_a_person_once(bench: Any, gusto: Any) -> None:
    link = bench.link()
    gusto.refresh_token = "another"
    for _ in range(2):
        with pytest.raises(ReauthNeeded):
            list(bench.connector.read("payroll_person", link, None))
    assert len(gusto.calls("POST", "/oauth/token")) == 1


def _transport(simulator: Any) -> Any:
    from benehub.sandbox.http import as_transport

    return as_transport(simulator)


def _link(link: Any, settings: Any, client: Any) -> Any:
    from dataclasses import replace

    return replace(link, settings=settings, client=client)


def test_codes_are_found_by_description_and_ambiguous_ones_left_out(bench: Any, gusto: Any) -> None:
    second = gusto.add_benefit("DENTAL", 998)
    gusto.add_benefit("OLD", 1, active=False)
    post = gusto.add_benefit("Vision (after tax)", 992)
    link = bench.link(aliases={"MED-POST": "MED-PPO", "Vision (after tax)": "VIS"}, codes={"EXTRA": second})
    codes = bench.connector.company_benefits(link)
    assert codes["MED-PPO"] == gusto._benefit("MED-PPO").uuid
    assert codes["VIS"] == post
    assert "DENTAL" not in codes
    assert "OLD" not in codes
    settings = bench.connector.discover(link)
    assert settings.codes == codes | {"EXTRA": second}
    assert settings.types["401K-ROTH"] == 105
    assert settings.types["EXTRA"] == 998
    assert link.settings.types == {}
