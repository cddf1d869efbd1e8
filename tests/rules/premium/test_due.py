"""Due date, grace and the latest safe moment through the bank calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from benehub.errors import ConfigError, DataError
from benehub.legal import bank_holidays
from benehub.rules.premium.due import premium_due
from benehub.rules.registry import calculate

HOLIDAYS = bank_holidays("us", [2026, 2027])

CASES = [
    ("a plain week", date(2026, 12, 4), 2, date(2026, 12, 2)),
    ("over a weekend", date(2026, 11, 2), 2, date(2026, 10, 29)),
    ("due on a Sunday", date(2026, 11, 1), 1, date(2026, 10, 29)),
    ("due on a holiday", date(2027, 1, 1), 1, date(2026, 12, 30)),
    ("over Thanksgiving", date(2026, 11, 27), 1, date(2026, 11, 25)),
    ("the same day", date(2026, 12, 4), 0, date(2026, 12, 4)),
]


@pytest.mark.parametrize(("due", "bank_days", "send_by"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_send_by(due: date, bank_days: int, send_by: date) -> None:
    found = premium_due(invoice_due=due, holidays=HOLIDAYS, bank_days=bank_days).required()
    assert found.send_by == send_by


def test_grace_is_31_days_and_moments_are_utc() -> None:
    found = premium_due(invoice_due=date(2026, 12, 1), holidays=HOLIDAYS).required()
    assert found.grace_ends == date(2027, 1, 1)
    assert found.latest_safe == datetime(2026, 11, 27, 22, 0, tzinfo=UTC)
    # 1 January is closed, so money for the end of grace has to arrive on 31 December
    assert found.last_chance == datetime(2026, 12, 29, 22, 0, tzinfo=UTC)


def test_summer_time_is_kept() -> None:
    answer = calculate("premium.due", {"invoice_due": "2026-07-01", "cutoff": "14:30"})
    assert answer["result"]["latest_safe"] == "2026-06-29T18:30:00Z"


def test_a_year_beyond_the_calendars_is_refused() -> None:
    with pytest.raises(ConfigError, match="no bank holidays are known for 2051"):
        calculate("premium.due", {"invoice_due": "2051-06-01"})


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", ""])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(DataError, match="time zone"):
        calculate("premium.due", {"invoice_due": "2026-06-01", "timezone": zone})
