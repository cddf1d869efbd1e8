"""Whom Noyo covers, what carriers answered, and who may say that something changed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from benehub.connect.webhooks import Hint, receive, sign
from benehub.errors import DataError
from benehub_connectors.noyo import NoyoConnector
from benehub_connectors.noyo.stage import NOW, child, member

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
