"""The end of a leave year: lapse first, then carry, then what is lost or paid."""

from __future__ import annotations

from typing import Any

import pytest

from benehub.errors import ConfigError
from benehub.rules.registry import calculate

LOTS = [{"earned_on": "2026-12-31", "hours": "22.5"}, {"earned_on": "2026-06-30", "hours": "30"}]


def close(carry: dict[str, Any] | None, lots: Any = LOTS, **more: Any) -> Any:
    law = more.pop("jurisdiction", "")
    policy = {"method": "per_pay", "tenure": [{"annual_hours": "120"}], "carry": carry, "jurisdiction": law}
    return calculate("leave.carry-over", {"policy": policy, "day": "2027-01-01", "lots": lots, **more})["result"]


CASES = [
    ("all", {}, ("52.5", "0", "0", None)),
    ("at most 40", {"max_hours": "40"}, ("40", "12.5", "0", None)),
    ("for three months", {"max_hours": "40", "expires_after_months": 3}, ("40", "12.5", "0", "2027-04-01")),
    ("use it or lose it", {"max_hours": "0"}, ("0", "52.5", "0", None)),
    ("the rest is paid", {"max_hours": "40", "rest": "payout"}, ("40", "0", "12.5", None)),
    ("no leave year", None, ("52.5", "0", "0", None)),
]


@pytest.mark.parametrize(("carry", "wanted"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_what_goes_over(carry: dict[str, Any] | None, wanted: tuple[Any, ...]) -> None:
    found = close(carry)
    names = ("carried_hours", "forfeited_hours", "paid_out_hours", "expires_on")
    assert tuple(found[name] for name in names) == wanted


def test_what_lapses_on_the_day_is_gone_before_anything_is_carried() -> None:
    lots = [{"earned_on": "2026-01-01", "hours": "30", "expires_on": "2027-01-01"}, LOTS[0]]
    found = close({"max_hours": "40"}, lots)
    assert (found["expired_hours"], found["carried_hours"], found["forfeited_hours"]) == ("30", "22.5", "0")


def test_a_debt_goes_over_whole() -> None:
    assert close({"max_hours": "40"}, [], debt_hours="6")["carried_hours"] == "-6"


@pytest.mark.parametrize("carry", [{"max_hours": "0"}, {"max_hours": "40"}, {"expires_after_months": 3}])
def test_l24_california_lets_no_earned_leave_be_lost(carry: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="US-CA forbids that earned leave is lost"):
        close(carry, jurisdiction="US-CA")


def test_l24_a_cap_or_a_pay_out_may_stand_in_california() -> None:
    assert close({}, jurisdiction="US-CA")["carried_hours"] == "52.5"
    assert close({"max_hours": "40", "rest": "payout"}, jurisdiction="US-CA")["paid_out_hours"] == "12.5"
    assert close({"max_hours": "0"}, jurisdiction="US-TX")["forfeited_hours"] == "52.5"
