"""Kombo's model in the hub's words, what has changed since, refusals by code, pass-through and webhooks."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import date, timedelta
from typing import Any

import pytest

from benehub.connect.webhooks import Hint, receive, sign
from benehub.errors import BenehubError, ConfigError, DataError, ReauthNeeded, Unsupported, VendorUnavailable
from benehub_connectors.kombo import KomboConnector
from benehub_connectors.kombo.stage import DEPENDENTS, NOW, events


def test_employees_are_read_with_their_hours_and_last_day(bench: Any) -> None:
    rows = {row.data["employee_number"]: row.data for row in bench.rows("employee")}
    assert set(rows) == {"1000", "1001", "1002"}
    ada, max_, eva = rows["1001"], rows["1002"], rows["1000"]
    assert (ada["ssn"], ada["birth_date"], ada["department"], ada["location"]) == (
        "900000001", "1980-03-09", "Engineering", "Berlin",
    )  # fmt: skip
    assert (ada["weekly_hours"], max_["weekly_hours"], max_["employment_class"]) == (40, 19, "part_time")
    assert eva["termination_date"] == "2026-06-30"


def test_custom_fields_hold_what_kombos_model_has_not(bench: Any) -> None:
    custom = {"no": "A1", "group": "M", "tax": "900-00-0009"}
    bench.simulator.touch(bench.ada, "2026-11-01T08:00:00.000Z", custom=custom)
    more = {"employee_number": "no", "ssn": "tax", "pay_group": "group", "pay_groups": {"M": "monthly-de"}}
    rows = {row.key: row for row in bench.rows("employee", **more)}
    told = rows[bench.ada].data
    assert (told["employee_number"], told["ssn"], told["pay_group"]) == ("A1", "900000009", "monthly-de")
    assert "employee_number is empty" in rows[bench.max].problem


def test_a_german_number_in_kombos_own_field_is_no_ssn(bench: Any) -> None:
    bench.simulator.touch(bench.ada, "2026-11-01T08:00:00.000Z", ssn="15 070649 C 103")
    bench.simulator.touch(bench.max, "2026-11-01T08:00:00.000Z", ssn="12345678")
    found = {row.key: row for row in bench.rows("employee")}
    ada = found[bench.ada]
    assert (ada.problem, ada.data["ssn"]) == ("", None)
    assert "070649" not in repr((ada.data, ada.extra))
    assert "is no SSN" in found[bench.max].problem


def test_what_only_the_employer_can_say_is_a_problem(bench: Any) -> None:
    bench.simulator.touch(bench.ada, "2026-11-01T08:00:00.000Z", type="APPRENTICESHIP", pay_period="WEEK")
    bench.simulator.touch(bench.eva, "2026-11-01T08:00:00.000Z", last_day=None)
    people = {row.key: row for row in bench.rows("employee")}
    assert "'APPRENTICESHIP', which is no class" in people[bench.ada].problem
    assert "termination_date is empty for somebody who is inactive" in people[bench.eva].problem
    assert "'WEEK', no unit of pay" in next(r for r in bench.rows("compensation") if r.key == f"pay{bench.ada}").problem
    known = bench.rows("compensation", pay_per={"WEEK": "pay"})
    assert next(row for row in known if row.key == f"pay{bench.ada}").data["per"] == "pay"


def test_pay_is_told_to_the_cent(bench: Any) -> None:
    pay = {row.data["employee"]: row.data for row in bench.rows("compensation")}
    told = pay[bench.ada]
    assert (told["rate_minor"], told["per"], told["currency"]) == (520_050, "month", "EUR")


def test_absences_in_days_and_hours_without_the_note(bench: Any) -> None:
    off, taken_back = bench.rows("leave_request")
    assert (off.data["policy"], off.data["hours"], off.data["status"]) == ("pto", "20", "approved")
    assert (taken_back.data["hours"], taken_back.data["status"]) == ("4", "canceled")
    assert "cold" not in repr([off.extra, taken_back.extra])


def test_later_only_what_changed_is_read_and_what_was_deleted_is_gone(bench: Any) -> None:
    *_, last = bench.connector.read("employee", bench.link(), None)
    assert last.cursor == "2026-11-25T12:00:00+00:00"
    assert bench.rows("employee", last.cursor) == []
    late = (NOW + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    bench.simulator.touch(bench.max, late, last_name="Stone")
    bench.simulator.touch(bench.ada, late, deleted=late)
    rows = {row.key: row for row in bench.rows("employee", last.cursor)}
    assert (rows[bench.max].data["last_name"], rows[bench.ada].deleted) == ("Stone", True)
    with pytest.raises(DataError, match="not a cursor"):
        bench.rows("employee", "yesterday")


@pytest.mark.parametrize(
    ("code", "error", "blocker"),
    [
        ("INTEGRATION.MODEL_NOT_AVAILABLE", Unsupported, "vendor"),
        ("INTEGRATION.MODEL_DISABLED", Unsupported, "permissions"),
        ("INTEGRATION.AUTHENTICATION_INVALID", ReauthNeeded, ""),
        ("INTEGRATION.SETUP_INCOMPLETE", ReauthNeeded, ""),
        ("INTEGRATION.SETUP_SYNC_PENDING", VendorUnavailable, ""),
        ("REMOTE.SERVICE_UNAVAILABLE", VendorUnavailable, ""),
        ("REMOTE.INPUT_INVALID", VendorUnavailable, ""),
        ("PLATFORM.INPUT_INVALID", DataError, ""),
    ],
)
def test_a_refusal_is_told_by_its_code(bench: Any, code: str, error: type[BenehubError], blocker: str) -> None:
    bench.simulator.switched_off["/hris/employees"] = code
    with pytest.raises(error) as refused:
        bench.rows("employee")
    assert getattr(refused.value, "blocker", "") == blocker


def test_another_integration_is_a_mistake_in_the_settings(bench: Any) -> None:
    with pytest.raises(ConfigError, match="no such integration"):
        bench.rows("employee", integration="personio:other")


def test_dependents_come_through_from_the_system_behind(bench: Any) -> None:
    (child,) = bench.rows("dependent")
    assert (child.key, child.data["employee"], child.data["relationship"]) == ("7", bench.ada, "child")
    assert bench.rows("dependent", dependents=DEPENDENTS | {"page": ""}) == [child]
    bench.simulator.behind["/dependents"][0]["items"][0]["kind"] = "Hund"
    assert "no word of ours" in bench.rows("dependent")[0].problem
    with pytest.raises(DataError, match="refused it \\(404\\)"):
        bench.rows("dependent", dependents=DEPENDENTS | {"path": "/nowhere"})
    with pytest.raises(DataError, match="no list in 'rows'"):
        bench.rows("dependent", dependents=DEPENDENTS | {"items": "rows"})
    with pytest.raises(Unsupported):
        bench.rows("dependent", dependents=None)


def test_a_webhook_is_signed_in_base64url_and_points_at_streams(bench: Any) -> None:
    scheme = KomboConnector.webhook
    assert scheme is not None
    body = events(bench.simulator)[0]
    headers = sign(scheme, "hook-secret", body, "", NOW)
    mac = hmac.digest(b"hook-secret", body, hashlib.sha256)
    assert headers == {"x-kombo-signature": urlsafe_b64encode(mac).decode()}
    for told in (headers["x-kombo-signature"], headers["x-kombo-signature"].rstrip("=")):
        assert receive(scheme, "hook-secret", {"x-kombo-signature": told}, body, NOW).signed
    with pytest.raises(DataError, match="signature is wrong"):
        receive(scheme, "hook-secret", headers, body + b" ", NOW)
    found = [bench.connector.hints(one) for one in events(bench.simulator)]
    assert found == [[Hint("employee")], [Hint("leave_request")], [Hint("employee"), Hint("compensation")]]
    assert len(bench.connector.hints(b'{"id": "e", "type": "sync-finished", "data": {}}')) == 3
    assert bench.connector.hints(b'{"id": "e", "type": "integration-created", "data": {}}') == []
    with pytest.raises(DataError, match="no event"):
        bench.connector.hints(b"[]")


def test_a_day_before_1900_is_no_surprise(bench: Any) -> None:
    bench.simulator.touch(bench.ada, "2026-11-01T08:00:00.000Z", birth=date(1899, 1, 1))
    assert next(row for row in bench.rows("employee") if row.key == bench.ada).data["birth_date"] == "1899-01-01"
