"""What a Frappe site tells: asked for by name, to the cent, and with a reason where it cannot be read."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from benehub.connect import jsontext
from benehub.connect.http import VendorClient
from benehub.connect.messages import read
from benehub.connect.testing import WireResponse
from benehub.errors import DataError, NeedsPersonError, ReauthNeeded
from benehub.records import STREAMS, Employee, LineKind
from benehub.sandbox.http import as_transport
from benehub_connectors.frappe_hr.settings import FrappeSettings
from benehub_connectors.frappe_hr.site import NAMES_A_CALL, changed_since
from benehub_connectors.frappe_hr.stage import SETTINGS

ADA, MAX, LIN = "HR-EMP-00001", "HR-EMP-00002", "HR-EMP-00003"


def at(text: str) -> datetime:
    """A time of the site's wall clock, which has no offset."""
    return datetime.fromisoformat(text)


def test_a_page_is_asked_for_by_fields_size_order_and_the_name_before_it(bench: Any) -> None:
    assert [row.key for row in bench.rows("payroll_person")] == [ADA, MAX, LIN]
    first, second, last = bench.asked("Employee")
    assert "date_of_birth" in jsontext.parse(first["fields"])
    assert (first["order_by"], first["limit_page_length"]) == ("name asc", "2")
    assert jsontext.parse(first["filters"]) == [["company", "=", "Acme"]]
    assert [jsontext.parse(one["filters"])[-1] for one in (second, last)] == [["name", ">", MAX], ["name", ">", LIN]]


def test_somebody_deleted_in_mid_read_hides_nobody(bench: Any) -> None:
    played = bench.play()
    pages = played.connector.read("payroll_person", played.link, None)
    seen = [row.key for row in next(pages).rows]
    del bench.site.docs["Employee"][ADA]
    assert seen + [row.key for page in pages for row in page.rows] == [ADA, MAX, LIN]


def test_an_employee_in_the_hubs_words(bench: Any) -> None:
    bench.site.change("Employee", MAX, employment_type="Probation", custom_pay_group="Weekly", gender="Male")
    ada, max_, _ = bench.rows(
        "employee", employment_classes={"Probation": "full_time"}, pay_groups={"Weekly": "weekly"}
    )
    told = Employee.model_validate(max_.data)
    assert (told.pay_group, told.sex, told.weekly_hours, told.ssn) == ("weekly", "M", 40, "900020002")
    assert ada.extra == {"status": "Active"}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"custom_ssn": "90002002"}, "custom_ssn is no SSN (shape '99999999')"),
        ({"last_name": None}, "last_name is empty"),
        ({"employment_type": "Intern"}, "map it in the connection's employment_classes"),
        ({"employment_type": "Part-time"}, "is empty for part-time work"),
        ({"status": "Left"}, "relieving_date is empty for somebody who has left"),
        ({"relieving_date": "2026-09-30"}, "relieving_date is past for somebody who is active"),
    ],
)
def test_what_frappe_does_not_tell_is_a_problem_of_the_row(bench: Any, fields: dict[str, Any], problem: str) -> None:
    bench.site.change("Employee", MAX, **fields)
    found = {row.key: row for row in bench.rows("employee")}
    assert problem in found[MAX].problem
    assert not found[ADA].problem


def test_a_read_goes_on_from_the_sites_own_time_with_an_overlap(bench: Any) -> None:
    cursor = bench.pages("employee")[-1].cursor
    assert cursor == "2026-11-02 09:30:00.000000"
    bench.site.now = at("2026-11-03T08:00")
    bench.site.change("Employee", LIN, branch="Lindon")
    pages = bench.pages("employee", cursor)
    assert not any(page.full for page in pages)
    assert jsontext.parse(bench.asked("Employee")[-1]["filters"])[1] == ["modified", ">=", "2026-11-02 09:20:00.000000"]
    assert pages[-1].cursor == "2026-11-03 08:00:00.000000"
    assert [row.key for row in bench.rows("employee", pages[-1].cursor)] == [LIN]


def test_the_hour_that_comes_twice_is_read_again_whole() -> None:
    settings = FrappeSettings.model_validate(SETTINGS)
    # 25 October 2026: at 3:00 the clocks of Berlin went back to 2:00; a change at "2:05" may come after one at "2:50".
    ((_, _, since),) = changed_since("2026-10-25 02:50:00", settings, "")
    assert since == "2026-10-25 01:40:00.000000"
    ((_, _, since),) = changed_since("2026-10-25 03:10:00", settings, "")
    assert since == "2026-10-25 03:00:00.000000"
    with pytest.raises(DataError, match="not a time of Frappe's"):
        changed_since("yesterday", settings, "")


def test_who_a_webhook_names_is_read_alone(bench: Any) -> None:
    played = bench.play()
    bench.site.change("Employee", LIN, last_name="Wong")
    names = [*(f"HR-EMP-{number:05d}" for number in range(100, 150)), LIN, "HR/EMP 7"]
    pages = list(played.connector.reread("employee", played.link, names))
    assert [(row.key, row.data["last_name"]) for page in pages for row in page.rows] == [(LIN, "Wong")]
    assert not any(page.full or page.cursor for page in pages)
    assert max(len(jsontext.parse(one["filters"])[1][2]) for one in bench.asked("Employee")) == NAMES_A_CALL
    assert played.connector.reread("payroll_benefit", played.link, [LIN]) is None


def test_a_slip_that_a_webhook_names_is_read_alone_and_a_draft_is_none(bench: Any) -> None:
    played = bench.play()
    ada, max_ = f"Sal Slip/{ADA}/00001", f"Sal Slip/{MAX}/00001"
    bench.site.change("Salary Slip", ada, docstatus=0)
    found = [row for page in played.connector.reread("register_line", played.link, [ada, max_]) for row in page.rows]
    assert {row.data["check"] for row in found} == {max_}
    assert {row.key: row.data for row in found} == {
        row.key: row.data for row in bench.rows("register_line") if row.data["check"] == max_
    }
    later = bench.play(register_from="2026-11-01")
    assert list(later.connector.reread("register_line", later.link, [max_])) == []


def test_a_slips_lines_name_the_document_that_was_pushed(bench: Any) -> None:
    rows = {row.key: row for row in bench.rows("register_line", components={"DEN": "DENTAL"}, pay_lag_days=1)}
    line = rows[f"Sal Slip/{MAX}/00001/deduction/DEN"]
    assert (line.data["amount_minor"], line.data["tax_class"], line.data["pay_date"]) == (1250, "posttax", "2026-10-30")
    assert line.extra == {"additional_salary": "HR-ADS-26-01-00001"}
    assert line.data["net_pay_minor"] == 500_000 - 1250
    assert next(call.path for call in bench.site.calls("GET") if "Slip/" in call.path) == (
        "/api/resource/Salary%20Slip/Sal%20Slip%2FHR-EMP-00001%2F00001"
    )


def test_what_was_taken_has_the_code_that_its_document_was_pushed_for(bench: Any) -> None:
    """The component is called otherwise, or mapped to something else, since: the document says what it was."""
    line = f"Sal Slip/{MAX}/00001/deduction/DEN 1"
    bench.site.change("Additional Salary", "HR-ADS-26-01-00001", custom_benehub_reference="benehub dental DEN 1")
    for words in ({}, {"components": {"DEN": "DENTAL"}}):
        taken = {row.key: row for row in bench.rows("register_line", **words)}[line]
        assert (taken.data["code"], taken.extra) == ("DEN 1", {"additional_salary": "HR-ADS-26-01-00001"})
    before = len(bench.asked("Additional%20Salary"))
    bench.site.run_payroll(date(2026, 11, 1), date(2026, 11, 30), date(2026, 11, 30))
    bench.rows("register_line")
    assert len(bench.asked("Additional%20Salary")) == before + 2, "each document once, however many slips name it"


def test_a_document_that_is_not_ours_goes_by_its_component(bench: Any) -> None:
    bench.site.change("Additional Salary", "HR-ADS-26-01-00001", custom_benehub_reference="of somebody else")
    rows = {row.key for row in bench.rows("register_line", components={"DEN": "DENTAL"})}
    assert f"Sal Slip/{MAX}/00001/deduction/DEN" in rows


def test_slips_are_read_by_a_role_that_may_not_read_what_was_pushed(bench: Any) -> None:
    bench.site.change("Additional Salary", "HR-ADS-26-01-00001", custom_benehub_reference="benehub dental DENTAL")
    bench.site.forbidden.add(("GET", "Additional Salary"))
    bench.site.run_payroll(date(2026, 11, 1), date(2026, 11, 30), date(2026, 11, 30))
    with capture_logs() as said:
        rows = {row.key for row in bench.rows("register_line", components={"DEN": "DENTAL"})}
    assert f"Sal Slip/{MAX}/00001/deduction/DEN" in rows
    assert [one["why"] for one in said if "by their component" in one["event"]] == [
        "the API user's role may not read Additional Salary"
    ]


def test_slips_of_a_site_without_a_field_for_the_reference_go_by_their_component(bench: Any) -> None:
    with capture_logs() as said:
        rows = bench.rows("register_line", components={"DEN": "DENTAL"}, reference_field="custom_other")
    assert f"Sal Slip/{MAX}/00001/deduction/DEN" in {row.key for row in rows}
    assert "Additional Salary has no field custom_other" in [one.get("why") for one in said]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (
            417,
            {"exc_type": "ValidationError", "exception": "frappe.exceptions.ValidationError: custom_benehub_reference"},
        ),
        (
            417,
            {"exc_type": "DataError", "exception": "frappe.exceptions.DataError: Field not permitted in query: name"},
        ),
        (200, {"message": "a proxy's page"}),
    ],
)
def test_a_slip_waits_whose_documents_were_refused_and_the_next_is_read(
    bench: Any, monkeypatch: pytest.MonkeyPatch, status: int, told: Any
) -> None:
    """By its component the line would stand beside the one of its code that was read before."""
    bench.site.change("Additional Salary", "HR-ADS-26-01-00001", custom_benehub_reference="benehub dental DENTAL")
    later = [
        one for one in bench.site.run_payroll(date(2026, 11, 1), date(2026, 11, 30), date(2026, 11, 30)) if MAX in one
    ]
    real, left = bench.site.handle, [1]

    def once(wire: Any) -> Any:
        if "Additional%20Salary" in wire.path and left:
            left.clear()
            return WireResponse(status, {"content-type": "application/json"}, json.dumps(told).encode())
        return real(wire)

    monkeypatch.setattr(bench.site, "handle", once)
    rows = {row.key: row for row in bench.rows("register_line", components={"DEN": "ANOTHER"})}
    assert rows[f"Sal Slip/{MAX}/00001"].problem
    assert not [key for key in rows if key.startswith(f"Sal Slip/{MAX}/00001/")]
    assert f"{later[0]}/deduction/DENTAL" in rows, "the next one is looked up again"


def test_a_deduction_posted_twice_stands_twice_on_the_slip(bench: Any) -> None:
    one = bench.site.docs["Additional Salary"]["HR-ADS-26-01-00001"]
    bench.site.add("Additional Salary", "HR-ADS-26-01-00009", **{**one, "name": ""})
    slip = next(
        name
        for name in bench.site.run_payroll(date(2026, 11, 1), date(2026, 11, 30), date(2026, 11, 30))
        if MAX in name
    )
    taken = {row.key: row.data["amount_minor"] for row in bench.rows("register_line") if row.data["check"] == slip}
    assert taken[f"{slip}/deduction/DENTAL"] == taken[f"{slip}/deduction/DENTAL#2"] == 1250


def test_an_amount_finer_than_a_cent_leaves_the_slip_out_whole(bench: Any) -> None:
    slip = bench.site.docs["Salary Slip"][f"Sal Slip/{LIN}/00001"]
    slip["deductions"][0]["amount"] = bench.site.number("61.255")
    found = [row for row in bench.rows("register_line") if LIN in row.key]
    assert [row.key for row in found] == [f"Sal Slip/{LIN}/00001"]
    assert "amount is more than 2 decimals" in found[0].problem and "255" not in found[0].problem


def test_figures_for_other_figures_are_no_lines_and_a_foreign_currency_is_a_problem(bench: Any) -> None:
    ada, max_ = (bench.site.docs["Salary Slip"][f"Sal Slip/{one}/00001"] for one in (ADA, MAX))
    max_["deductions"][0]["do_not_include_in_total"] = 1
    ada["currency"] = "EUR"
    rows = bench.rows("register_line")
    assert [row.data["kind"] for row in rows if MAX in row.key] == [LineKind.EARNING]
    assert "currency is not the connection's" in next(row.problem for row in rows if ADA in row.key)


def test_a_cancelled_slip_is_told_with_its_reversal(bench: Any) -> None:
    cursor = bench.pages("register_line")[-1].cursor
    bench.site.now = at("2026-11-05T08:00")
    name = f"Sal Slip/{MAX}/00001"
    bench.site.change("Salary Slip", name, docstatus=2)
    rows = [row.data for row in bench.rows("register_line", cursor) if MAX in row.key]
    assert sum(row["amount_minor"] for row in rows) == 0
    assert {row["reverses"] for row in rows if row["check"] == f"{name}/cancelled"} == {name}
    for row in rows:
        STREAMS["register_line"].model_validate(row)


def test_leave_counts_once_it_is_submitted_and_days_become_hours(bench: Any) -> None:
    bench.site.add("Leave Application", "HR-LAP-2026-00003", employee=MAX, leave_type="Sick", from_date="2026-11-09",
                   to_date="2026-11-09", total_leave_days=bench.site.number("0.5"), status="Approved",
                   docstatus=0)  # fmt: skip
    bench.site.change("Leave Application", "HR-LAP-2026-00002", docstatus=2)
    rows = bench.rows("leave_request", leave_policies={"Privilege Leave": "pto"})
    told = [(row.data["policy"], row.data["hours"], row.data["status"]) for row in rows]
    assert told == [("pto", "12", "approved"), ("pto", "16", "canceled"), ("Sick", "4", "requested")]


def test_what_is_left_of_an_allocation_is_frappes_own_figure(bench: Any) -> None:
    (row,) = bench.rows("leave_balance", leave_codes={"Privilege Leave": "PTO"})
    assert (row.data["code"], row.data["hours"], row.data["as_of"]) == ("PTO", "148", "2026-11-20")


def test_without_a_token_a_person_is_asked(bench: Any) -> None:
    with (
        pytest.raises(ReauthNeeded, match="403"),
        VendorClient("https://hr.example.com", transport=as_transport(bench.site)) as client,
    ):
        client.send(read("/api/resource/Employee"))


def test_a_role_that_lacks_a_right_is_no_matter_of_credentials(bench: Any) -> None:
    bench.site.forbidden = {("GET", "Salary Slip")}
    with pytest.raises(NeedsPersonError, match="may not read documents of type Salary Slip") as told:
        bench.rows("register_line")
    assert not isinstance(told.value, ReauthNeeded) and "key and secret are good" in told.value.mend
    assert bench.rows("employee")


@pytest.mark.parametrize(
    "body",
    [
        b'{"exc_type": "PermissionError", "exception": "User Guest does not have doctype access"}',
        b'{"exc_type": "CSRFTokenError"}',
        b"<html>",
    ],
)
def test_another_403_is(bench: Any, body: bytes) -> None:
    played = bench.play()
    played.wire.change = lambda _wire, _got: WireResponse(403, {"content-type": "application/json"}, body)
    with pytest.raises(ReauthNeeded, match="does not know who asks"):
        list(played.connector.read("employee", played.link, None))


def test_a_refused_read_names_the_class_of_the_error(bench: Any) -> None:
    with pytest.raises(DataError, match=r"417 DataError\): Field not permitted in query: custom_nick"):
        bench.rows("employee", extra_fields=["custom_nick"])
