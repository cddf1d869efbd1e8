"""Reads the dated legal tables: which value held on which day, and where it comes from.

A number of law is never code and never guessed: a day without a loaded value is an error that says which
notice to load, because last year's limit used in silence is a wrong deposit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from typing import Any

import yaml

from benehub.errors import ConfigError
from benehub.periods import FOREVER

STATUSES = ("final", "forecast")


@dataclass(frozen=True, slots=True)
class LegalValue:
    """One value of law for `[valid_from, valid_to)`.

    `value` is minor units where `unit` is a currency, hundredths of a percent where it is `BP`, and a plain
    count otherwise (`YEARS`, `HOURS`, `DAYS`).
    """

    jurisdiction: str
    key: str
    value: int
    unit: str
    valid_from: date
    valid_to: date
    source: str
    status: str


@dataclass(frozen=True, slots=True)
class LegalTable:
    """All dated values of one key, oldest first, and the notice that brings the next one."""

    key: str
    meaning: str
    notice: str
    values: tuple[LegalValue, ...]


def limit(jurisdiction: str, key: str, day: date, file: str = "limits.yaml") -> LegalValue:
    """The value of `key` in a file of the jurisdiction that holds on `day`.

    Raises:
        ConfigError: no such jurisdiction or key, or no value is loaded for the day.
    """
    tables = legal_tables(jurisdiction, file)
    table = tables.get(key)
    where = f"legal/{jurisdiction}/{file}"
    if table is None:
        raise ConfigError(
            f"no legal value is named {key!r}", where=where, mend=f"Known keys: {', '.join(sorted(tables))}"
        )
    for value in table.values:
        if value.valid_from <= day < value.valid_to:
            return value
    raise ConfigError(
        f"{key} has no value for {day.isoformat()} (loaded: {table.values[0].valid_from.isoformat()} up to "
        f"{table.values[-1].valid_to.isoformat()})",
        where=where,
        mend=f"Add the year {day.year} with its source: {table.notice}",
    )


@lru_cache(maxsize=16)
def legal_tables(jurisdiction: str, file: str = "limits.yaml") -> Mapping[str, LegalTable]:
    """All tables of a jurisdiction by key.

    Raises:
        ConfigError: there is no table for the jurisdiction, or it is malformed.
    """
    return read_limits(_package_text(jurisdiction, file), jurisdiction=jurisdiction, file=file)


def read_limits(text: str, *, jurisdiction: str, file: str = "limits.yaml") -> Mapping[str, LegalTable]:
    """Read a limits file (also that of a country plugin).

    Raises:
        ConfigError: a value lacks a field, has an unknown status, or two values overlap.
    """
    where = f"legal/{jurisdiction}/{file}"
    found: dict[str, LegalTable] = {}
    for key, entry in _mapping(yaml.safe_load(text), where).items():
        values = tuple(_value(jurisdiction, key, entry, row, where) for row in entry["values"])
        for earlier, later in pairwise(values):
            if later.valid_from < earlier.valid_to:
                raise ConfigError(
                    f"two values of {key} hold on {later.valid_from.isoformat()}",
                    where=where,
                    mend="Let each value end where the next begins",
                )
        found[key] = LegalTable(key, entry["meaning"], entry["notice"], values)
    return found


def _value(jurisdiction: str, key: str, entry: Mapping[str, Any], row: Mapping[str, Any], where: str) -> LegalValue:
    try:
        value = LegalValue(
            jurisdiction=jurisdiction,
            key=key,
            value=row["value"],
            unit=entry["unit"],
            valid_from=row["valid_from"],
            valid_to=row["valid_to"] or FOREVER,
            source=row["source"],
            status=row["status"],
        )
    except KeyError as missing:
        raise ConfigError(
            f"a value of {key} lacks {missing.args[0]}", where=where, mend="Every value has all six fields"
        ) from None
    if type(value.value) is not int or value.status not in STATUSES or value.valid_to <= value.valid_from:
        raise ConfigError(
            f"the value of {key} from {value.valid_from} is malformed",
            where=where,
            mend=f"An integer value, a status of {' or '.join(STATUSES)}, and valid_from before valid_to",
        )
    return value


def bank_holidays(country: str, years: Iterable[int]) -> frozenset[date]:
    """Days on which the banks of `country` are closed besides weekends, in the given years.

    Raises:
        ConfigError: a year is not loaded.
    """
    calendar, source = _holiday_calendar(country)
    days: set[date] = set()
    for year in years:
        if year not in calendar:
            raise ConfigError(
                f"no bank holidays are loaded for {year}",
                where=f"legal/{country}/bank_holidays.yaml",
                mend=f"Add the year {year} from: {source}",
            )
        days |= calendar[year]
    return frozenset(days)


@lru_cache(maxsize=16)
def _holiday_calendar(country: str) -> tuple[Mapping[int, frozenset[date]], str]:
    where = f"legal/{country}/bank_holidays.yaml"
    data = _mapping(yaml.safe_load(_package_text(country, "bank_holidays.yaml")), where)
    years = {year: frozenset(day for day in names.values() if day) for year, names in data["years"].items()}
    return years, data["source"]


def _package_text(jurisdiction: str, name: str) -> str:
    if not jurisdiction.isalpha():
        raise ConfigError(f"not a jurisdiction: {jurisdiction!r}", where="legal", mend="Use a country code such as us")
    file = resources.files("benehub.legal").joinpath(jurisdiction.lower(), name)
    if not file.is_file():
        raise ConfigError(
            f"no legal tables are loaded for {jurisdiction!r}",
            where=f"legal/{jurisdiction.lower()}/{name}",
            mend="Install the plugin of that country, or add the file with its sources",
        )
    return file.read_text(encoding="utf-8")


def _mapping(data: Any, where: str) -> Mapping[Any, Any]:
    if not isinstance(data, dict):
        raise ConfigError("the table is not a mapping", where=where, mend="Write keys with their values")
    return data
