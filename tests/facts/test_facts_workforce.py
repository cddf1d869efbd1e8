"""What an hour of somebody is worth: pay told per pay is that of his pay group's pays a year."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from benehub.facts import Fact, Worker
from benehub.periods import FOREVER

DAY = date(2026, 10, 1)


@pytest.mark.parametrize(
    ("rate", "per", "pays", "hour"),
    [
        (20_80_00, "hour", 12, Fraction(208_000)),
        (52_000_00, "year", 12, Fraction(5_200_000, 2080)),
        (4_000_00, "month", 26, Fraction(4_800_000, 2080)),
        (2_000_00, "pay", 26, Fraction(5_200_000, 2080)),
        (2_000_00, "pay", 24, Fraction(4_800_000, 2080)),
        (4_000_00, "pay", 12, Fraction(4_800_000, 2080)),
        (1_000_00, "pay", 52, Fraction(5_200_000, 2080)),
    ],
)
def test_an_hour_is_a_part_of_the_year(rate: int, per: str, pays: int, hour: Fraction) -> None:
    pay = Fact("compensation", "p", "", {"rate_minor": rate, "per": per}, date(2020, 1, 1), FOREVER, "", 0)
    assert Worker("p", {}, [], [pay], {}, {}).hourly_rate(DAY, pays) == hour
    assert Worker("p", {}, [], [], {}, {}).hourly_rate(DAY, pays) is None
