"""Dated legal values: the right year, its source, and an error that says which notice to load."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from benehub.errors import ConfigError
from benehub.legal import add_tables, limit, tables
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
        ("valid_to: 2026-01-01", "valid_to: 2024-01-01", "malformed"),
        ("valid_to: 2026-01-01", "valid_to: soon", "malformed"),
        ('notice: "n"', 'notice: ""', "the table key lacks notice"),
        ("  unit: USD\n", "", "the table key lacks unit"),
        ("- {value: 1", "- 1\n    - {value: 1", "a value of key is no mapping"),
        ("- {value: 1", "- {value: [", "no YAML"),
    ],
)
def test_a_malformed_file_is_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_limits(ROW.replace(old, new), jurisdiction="xx")


def test_a_file_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(ConfigError, match="not a mapping"):
        read_limits("- a", jurisdiction="xx")


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tables, "_ADDED", {})
    legal_tables.cache_clear()
    yield
    legal_tables.cache_clear()


@pytest.mark.usefixtures("added")
class TestAdded:
    def test_a_plugin_adds_a_country_and_twice_is_once(self) -> None:
        add_tables("xx", ROW)
        add_tables("XX", ROW)
        assert limit("xx", "key", date(2025, 6, 1)).value == 1
        assert limit("XX", "key", date(2030, 1, 1)).jurisdiction == "xx"

    def test_a_later_year_joins_what_is_loaded(self) -> None:
        add_tables("us", LATER)
        assert limit("us", "402g", date(2027, 5, 1)).value == 2550000
        assert limit("us", "402g", date(2026, 5, 1)).value == 2450000
        assert [value.valid_from.year for value in legal_tables("us")["402g"].values] == [2025, 2026, 2027]

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ("2027-01-01", "2026-07-01", "two values of 402g hold on 2026-07-01"),
            ("USD", "EUR", "402g is added in EUR, but is loaded in USD"),
        ],
    )
    def test_a_contradiction_adds_nothing(self, old: str, new: str, said: str) -> None:
        before = legal_tables("us")
        with pytest.raises(ConfigError, match=said):
            add_tables("us", LATER.replace(old, new))
        assert legal_tables("us") == before


LATER = """
402g:
  meaning: "m"
  unit: USD
  notice: "n"
  values:
    - {value: 2550000, valid_from: 2027-01-01, valid_to: 2028-01-01, source: "s", status: forecast}
"""
