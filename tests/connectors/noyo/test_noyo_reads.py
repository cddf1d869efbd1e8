"""Whom Noyo covers, what carriers answered, and who may say that something changed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from benehub.connect.messages import read
from benehub.connect.webhooks import Hint, receive, sign
from benehub.errors import ConfigError, DataError, Unsupported
from benehub_connectors.noyo import NoyoConnector
from benehub_connectors.noyo.simulator import sim_id
from benehub_connectors.noyo.stage import NOW, PLANS, child, member

EVENT = b'{"data":{"id":"x"},"event":{"id":"e1","created":1,"type":"member_snapshot.status_change"}}'


def test_the_roster_tells_each_member_and_plan(bench: Any) -> None:
    lines = [{"plan": "ppo", "tier": "FAM", "maintenance": "021", "effective_from": "2026-12-01",
              "effective_to": "2027-01-01"}]  # fmt: skip
    ben = child("1001", "Ben", "Byron", "2015-02-03", coverages=lines)
    bench.push(member("1001", "Ada", "Byron", "1980-03-09", family=[ben], coverages=[]))
    rows = {row.data["member"]: row.data for row in bench.rows("roster")}
    assert set(rows) == {"1001", "1001-01", "1002"}
    assert rows["1001"]["effective_to"] is None
    told = rows["1001-01"]
    assert (told["subscriber"], told["relationship"], told["plan"]) == ("1001", "child", "ppo")
    assert (told["effective_from"], told["effective_to"]) == (date(2026, 12, 1), date(2027, 1, 1))


def test_a_member_without_our_number_is_told_as_a_problem(bench: Any) -> None:
    bench.simulator.family("1002")["employee"].pop("custom_individual_id")
    problems = [row.problem for row in bench.rows("roster") if row.problem]
    assert problems == ["a member without our number (custom_individual_id)"]


def test_a_carrier_answers_once_it_has_decided(bench: Any) -> None:
    assert bench.rows("acknowledgement") == []
    first, second = bench.simulator.snapshots
    bench.simulator.fulfil(first["id"], "sent")
    bench.simulator.fulfil(second["id"], "invalid", ["SSN 123-45-6789 is not on file"])
    taken, refused = bench.rows("acknowledgement")
    assert (taken.data["status"], taken.data["member"], taken.data["control"]) == ("accepted", "1001", first["id"])
    assert (refused.data["status"], refused.data["code"]) == ("rejected", "invalid")
    assert "is not on file" in refused.data["text"]
    assert "6789" not in refused.data["text"]


@pytest.mark.unpublished("a status that the vendor does not give")
def test_a_status_of_tomorrow_is_a_problem_and_no_answer(bench: Any) -> None:
    bench.simulator.api = None  # the description does not know it either
    bench.simulator.fulfil(bench.simulator.snapshots[0]["id"], "pondering")
    (row,) = bench.rows("acknowledgement")
    assert row.problem == "no word of ours for this fulfillment status"


def test_a_webhook_is_signed_over_its_moment_and_body() -> None:
    scheme = NoyoConnector.webhook
    assert scheme is not None
    headers = sign(scheme, "key", EVENT, "", NOW)
    both = headers | {"x-noyo-signature": f"{'0' * 64},{headers['x-noyo-signature']}"}
    assert receive(scheme, "key", headers, EVENT, NOW).signed
    assert receive(scheme, "key", both, EVENT, NOW).id == receive(scheme, "key", headers, EVENT, NOW).id
    with pytest.raises(DataError, match="signature is wrong"):
        receive(scheme, "other", headers, EVENT, NOW)
    with pytest.raises(DataError, match="too old"):
        receive(scheme, "key", headers, EVENT, datetime(2026, 11, 3, tzinfo=UTC))


@pytest.mark.parametrize(
    ("kind", "streams"),
    [
        ("member_snapshot.status_change", ["acknowledgement"]),
        ("member_snapshot_carrier_fulfillment_status.status_change", ["acknowledgement"]),
        ("difference.created", ["acknowledgement"]),
        ("test.hello_world", []),
    ],
)
def test_an_event_points_at_a_stream(kind: str, streams: list[str]) -> None:
    body = EVENT.replace(b"member_snapshot.status_change", kind.encode())
    assert NoyoConnector().hints(body) == [Hint(one) for one in streams]


def test_a_body_that_is_no_event_is_refused() -> None:
    with pytest.raises(DataError, match="no event"):
        NoyoConnector().hints(b"[]")


def test_a_snapshot_is_accepted_once_each_of_its_carriers_has_taken_it(bench: Any) -> None:
    one = bench.simulator.snapshots[0]
    one["fulfillment_summary"] = [
        {"carrier_id": one["fulfillment_summary"][0]["carrier_id"], "status": "sent", "errors": []},
        {"carrier_id": bench.simulator.group, "status": "scheduled", "errors": []},
    ]
    assert bench.rows("acknowledgement") == []
    one["fulfillment_summary"][1]["status"] = "no_changes"
    assert [row.data["status"] for row in bench.rows("acknowledgement")] == ["accepted", "accepted"]
    one["fulfillment_summary"][1]["status"] = "processing"
    one["fulfillment_summary"][0]["status"] = "not_connected"  # a no is told at once
    assert [(row.data["status"], row.data["code"]) for row in bench.rows("acknowledgement")] == [
        ("rejected", "not_connected")
    ]


def test_only_the_newest_snapshot_of_a_family_is_the_latest(bench: Any) -> None:
    bench.simulator.fulfil(bench.simulator.snapshots[0]["id"], "sent")
    bench.push(child_born())
    bench.simulator.fulfil(bench.simulator.newest("1001"), "sent")
    told = {row.data["control"]: row.data["latest"] for row in bench.rows("acknowledgement")}
    assert told == {bench.simulator.snapshots[0]["id"]: False, bench.simulator.newest("1001"): True}


def test_what_became_of_member_requests_is_told_by_member_and_speaks_of_no_snapshot(bench: Any) -> None:
    asked = {kind: bench.simulator.ask("1001", kind) for kind in ("new_hire", "termination", "open_enrollment")}
    asked["demographic"] = bench.simulator.ask("1002", "demographic")
    assert bench.rows("acknowledgement") == []
    asked["new_hire"]["status"], asked["termination"]["status"] = "completed", "failed"
    asked["demographic"]["status"] = "canceled"
    found = {row.key: row.data for row in bench.rows("acknowledgement")}
    assert {key: (one["member"], one["status"], one["code"]) for key, one in found.items()} == {
        f"member_request/{asked['new_hire']['id']}": ("1001", "accepted", "completed"),
        f"member_request/{asked['termination']['id']}": ("1001", "rejected", "failed"),
        f"member_request/{asked['demographic']['id']}": ("1002", "rejected", "canceled"),
    }
    assert [one["control"] for one in found.values()] == [key.partition("/")[2] for key in found]
    assert not any(one.get("latest") for one in found.values())
    bench.simulator.requests[:] = [dict(asked["termination"], id=sim_id("many", str(one))) for one in range(150)]
    assert len(bench.rows("acknowledgement")) == 150  # two pages


@pytest.mark.unpublished("a status that the vendor does not give")
def test_a_status_of_a_request_of_tomorrow_is_a_problem_and_no_answer(bench: Any) -> None:
    bench.simulator.api = None
    bench.simulator.ask("1001", "new_hire")["status"] = "pondering"
    (row,) = bench.rows("acknowledgement")
    assert (row.problem, row.data) == ("no word of ours for the status of a member request", {})


def test_member_requests_are_read_where_the_connection_asks_for_them_only(bench: Any) -> None:
    bench.simulator.ask("1001", "new_hire")["status"] = "completed"
    link = bench.link(member_requests=False)
    assert [row for page in NoyoConnector().read("acknowledgement", link, None) for row in page.rows] == []
    assert not any(call.path.endswith("/member_requests") for call in bench.simulator.log)


def child_born() -> dict[str, Any]:
    """Ada's child."""
    ben = child("1001", "Ben", "Byron", "2015-02-03")
    return member("1001", "Ada", "Byron", "1980-03-09", reason="02", family=[ben], coverages=[])


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        ({}, "rejected", "effective_end_date: carrier 2026-10-31, Noyo 9999-12-31"),
        (
            {"about": "employee", "difference_classification": "missing_from_carrier"},
            "rejected",
            "missing from carrier",
        ),
        ({"about": "employee"}, "accepted_with_errors", "field mismatch"),
        ({"resolved": 1_790_000_001}, "accepted", "settled: "),
        ({"is_dismissed": True}, "accepted", "settled: "),
        ({"replaced_by": "8666a9fa-b4ae-58b2-8fd2-f1cd8ccdfea9"}, "accepted", "settled: "),
    ],
)
def test_a_difference_is_an_answer_without_a_snapshot(bench: Any, more: dict[str, Any], status: str, said: str) -> None:
    fields = [
        {"key": "effective_end_date", "carrier_value": "2026-10-31", "platform_value": "9999-12-31"},
        {"key": "person.date_of_birth", "carrier_value": "1989-01-12", "platform_value": "1999-01-12"},
    ]
    bench.simulator.differ("1002", "ie_effective_end_date", **{"fields": fields} | more)
    (row,) = bench.rows("acknowledgement")
    assert (row.data["member"], row.data["control"], row.data["status"]) == ("1002", "", status)
    assert said in row.data["text"] and "person.date_of_birth" in row.data["text"]
    assert "1989" not in row.data["text"]  # whose birthday it is stays with Noyo


def test_a_change_on_its_way_is_no_difference_yet(bench: Any) -> None:
    bench.simulator.differ("1002", "new_hire").pop("discrepancy_time")
    assert bench.rows("acknowledgement") == []


def test_without_the_tracking_api_differences_are_not_asked_for(bench: Any) -> None:
    bench.simulator.differ("1002", "ie_effective_end_date")
    link = bench.link(tracking=False)
    assert [row for page in NoyoConnector().read("acknowledgement", link, None) for row in page.rows] == []
    assert not [call for call in bench.simulator.log if call.path.endswith("/differences")]


def premiums(bench: Any) -> dict[str, tuple[str, int]]:
    """Month -> plan and amount of 1001's bill."""
    rows = [row for row in bench.rows("invoice_line") if not row.problem]
    return {row.data["coverage_month"]: (row.data["plan"], row.data["premium_minor"]) for row in rows}


def test_a_premium_is_a_line_of_each_month_around_today(bench: Any) -> None:
    bench.simulator.bill("1001", PLANS["ppo"], "512.40", "2026-01-01", "2026-11-30")
    bench.simulator.bill("1001", PLANS["ppo"], "540.00", "2026-12-01")
    assert premiums(bench) == {"2026-10": ("ppo", 51240), "2026-11": ("ppo", 51240), "2026-12": ("ppo", 54000)}
    (first, *_) = bench.rows("invoice_line")
    assert (first.data["invoice"], first.data["due_date"]) == ("premiums 2026-10", date(2026, 10, 1))


def test_shares_make_up_the_total_where_no_total_is_told(bench: Any) -> None:
    bench.simulator.bill("1001", PLANS["ppo"], "400.00", "2026-11-01", premium_type="employer_amount")
    bench.simulator.bill("1001", PLANS["ppo"], "112.40", "2026-11-01", premium_type="employee_amount")
    assert premiums(bench) == {"2026-11": ("ppo", 51240), "2026-12": ("ppo", 51240)}
    bench.simulator.bill("1001", PLANS["ppo"], "512.41", "2026-11-01")
    assert premiums(bench)["2026-11"] == ("ppo", 51241)


def test_what_has_ended_is_billed_no_more(bench: Any) -> None:
    bench.simulator.bill("1001", PLANS["ppo"], "512.40", "2026-01-01", "2026-10-31")
    assert premiums(bench) == {"2026-10": ("ppo", 51240), "2026-11": ("ppo", 0), "2026-12": ("ppo", 0)}


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"period": {"amount": 1, "unit": "annual"}}, "a premium that is not for one month"),
        ({"period": {"amount": 3, "unit": "month"}}, "a premium that is not for one month"),
        ({"billed_members": []}, "a premium over several plans, which cannot be told apart"),
    ],
)
def test_what_is_no_line_of_a_month_and_plan_waits(bench: Any, more: dict[str, Any], problem: str) -> None:
    bench.simulator.bill("1001", PLANS["ppo"], "512.40", "2026-01-01", **more)
    (row,) = bench.rows("invoice_line")
    assert row.problem == problem


def test_without_a_due_day_there_is_no_bill(bench: Any) -> None:
    with pytest.raises(Unsupported, match="no due date") as caught:
        list(NoyoConnector().read("invoice_line", bench.link(bill=None), None))
    assert caught.value.blocker == "us"  # a setting of ours mends it, not what the employer pays Noyo for


def test_differences_go_to_the_host_of_the_same_account_only(bench: Any) -> None:
    settings = bench.link().settings
    assert settings.tracking_address == "https://tracking.noyo.com"
    assert settings.model_copy(update={"sandbox": True}).tracking_address == "https://tracking-sandbox.noyo.com"
    with pytest.raises(ConfigError, match="another host"):
        bench.link().http().send(read("https://elsewhere.example/api/v1/differences"))
