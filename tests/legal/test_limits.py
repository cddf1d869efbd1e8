"""Dated legal values: the right year, its source, and an error that says which notice to load."""

from __future__ import annotations

from datetime import date

import pytest

from benehub.errors import ConfigError
from benehub.legal import limit
from benehub.legal.tables import legal_tables, read_limits

VALUES = [
    ("402g", 23_500_00, 24_500_00),
    ("catch_up_50", 7_500_00, 8_000_00),
    ("catch_up_60_63", 11_250_00, 11_250_00),
    ("415c", 70_000_00, 72_000_00),
    ("401a17", 350_000_00, 360_000_00),
    ("hce", 160_000_00, 160_000_00),
    ("key_employee", 230_000_00, 235_000_00),
    ("hsa_self", 4_300_00, 4_400_00),
    ("hsa_family", 8_550_00, 8_750_00),
    ("hdhp_deductible_self", 1_650_00, 1_700_00),
    ("hdhp_deductible_family", 3_300_00, 3_400_00),
    ("hdhp_out_of_pocket_self", 8_300_00, 8_500_00),
    ("hdhp_out_of_pocket_family", 16_600_00, 17_000_00),
    ("health_fsa", 3_300_00, 3_400_00),
    ("health_fsa_carry_over", 660_00, 680_00),
    ("dependent_care_fsa", 5_000_00, 7_500_00),
    ("dependent_care_fsa_separate", 2_500_00, 3_750_00),
    ("commuter_month", 325_00, 340_00),
    ("affordability_percent", 902, 996),
]


@pytest.mark.parametrize(("key", "in_2025", "in_2026"), VALUES, ids=[row[0] for row in VALUES])
def test_value_of_the_year(key: str, in_2025: int, in_2026: int) -> None:
    assert limit("us", key, date(2025, 12, 31)).value == in_2025
    assert limit("us", key, date(2026, 1, 1)).value == in_2026


def test_values_known_for_2027() -> None:
    assert limit("us", "hsa_self", date(2027, 6, 1)).value == 4_500_00
    assert limit("us", "hsa_family", date(2027, 6, 1)).value == 9_000_00
    assert limit("us", "dependent_care_fsa", date(2027, 6, 1)).value == 7_500_00


def test_every_value_has_a_source_and_every_key_a_notice() -> None:
    for table in legal_tables("us").values():
        assert table.meaning
        assert table.notice
        assert all(value.source and value.status in ("final", "forecast") for value in table.values)


@pytest.mark.parametrize(
    ("jurisdiction", "key", "day", "said"),
    [
        ("us", "402g", date(2027, 1, 1), "402g has no value for 2027-01-01.*IRS cost-of-living notice"),
        ("us", "402g", date(2024, 12, 31), "402g has no value for 2024-12-31"),
        ("us", "402h", date(2026, 1, 1), "no legal value is named '402h'"),
        ("zz", "402g", date(2026, 1, 1), "no legal tables are loaded for 'zz'"),
        ("../us", "402g", date(2026, 1, 1), "not a jurisdiction"),
    ],
)
def test_what_is_not_loaded_is_an_error(jurisdiction: str, key: str, day: date, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        limit(jurisdiction, key, day)


ROW = """
key:
  meaning: "m"
  unit: USD
  notice: "n"
  values:
    - {value: 1, valid_from: 2025-01-01, valid_to: 2026-01-01, source: "s", status: final}
    - {value: 2, valid_from: 2026-01-01, valid_to: , source: "s", status: final}
"""


def test_a_country_may_bring_its_own_file() -> None:
    table = read_limits(ROW, jurisdiction="xx")["key"]
    assert [value.value for value in table.values] == [1, 2]
    assert table.values[1].valid_to == date(9999, 12, 31)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("valid_from: 2026-01-01", "valid_from: 2025-12-31", "two values of key hold on 2025-12-31"),
        ("value: 2", "value: 2.5", "malformed"),
        ("status: final}", "status: rumour}", "malformed"),
        ('source: "s", ', "", "lacks source"),
    ],
)
def test_a_malformed_file_is_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_limits(ROW.replace(old, new), jurisdiction="xx")


def test_a_file_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(ConfigError, match="not a mapping"):
        read_limits("- a", jurisdiction="xx")
