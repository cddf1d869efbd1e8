"""Reads the dated legal tables: which value held on which day, and where it comes from.

A number of law is never code and never guessed: a day without a loaded value is an error that says which
notice to load, because last year's limit used in silence is a wrong deposit.

The tables of the United States are package data. A country plugin brings its own as a text of the same form
and adds it when it is imported: `add_tables("de", TEXT)`; from then on `limit("de", key, day)` answers. A text
may also add later years to a key that is loaded already; a value is never replaced.
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

from benehub import shipped
from benehub.errors import ConfigError
from benehub.periods import FOREVER

STATUSES = ("final", "forecast")
TABLE_FIELDS = ("meaning", "unit", "notice", "values")


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


def limit(jurisdiction: str, key: str, day: date) -> LegalValue:
    """The value of `key` that holds on `day`.

    Raises:
        ConfigError: no such jurisdiction or key, or no value is loaded for the day.
    """
    tables = legal_tables(jurisdiction)
    table = tables.get(key)
    where = _where(jurisdiction.lower())
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
def legal_tables(jurisdiction: str) -> Mapping[str, LegalTable]:
    """All tables of a jurisdiction by key: those of the package and those a plugin added.

    Raises:
        ConfigError: there is no table for the jurisdiction, or it is malformed.
    """
    code = _code(jurisdiction)
    texts = (*_package_texts(code), *_ADDED.get(code, ()))
    if not texts:
        raise ConfigError(
            f"no legal tables are loaded for {jurisdiction!r}",
            where=_where(code),
            mend="Install the plugin of that country, or add the file with its sources",
        )
    tables: dict[str, LegalTable] = {}
    for text in texts:
        tables = _merged(tables, read_limits(text, jurisdiction=code), code)
    return tables


def add_tables(jurisdiction: str, text: str) -> None:
    """Add a plugin's tables for `jurisdiction`: YAML of the form of `legal/us/*.yaml`.

    Call it at the plugin's import. The same text again changes nothing. A key that is loaded already gains
    the new text's years; its unit has to be the same and no day may get a second value.

    Raises:
        ConfigError: the text is malformed, or contradicts what is loaded; nothing is added then.
    """
    code = _code(jurisdiction)
    if text in _ADDED.get(code, ()):
        return
    added = read_limits(text, jurisdiction=code)
    loaded = legal_tables(code) if code in _ADDED or _package_texts(code) else {}
    _merged(loaded, added, code)
    _ADDED[code] = (*_ADDED.get(code, ()), text)
    legal_tables.cache_clear()


_ADDED: dict[str, tuple[str, ...]] = {}
"""Texts that plugins added, by jurisdiction, in the order they came."""


def read_limits(text: str, *, jurisdiction: str) -> Mapping[str, LegalTable]:
    """Read a limits file (also that of a country plugin).

    Raises:
        ConfigError: it is no YAML mapping, a key or value lacks a field, has an unknown status, or two values
            overlap.
    """
    where = _where(jurisdiction)
    try:
        data = shipped.parse(text)
    except yaml.YAMLError as error:
        raise ConfigError(
            f"the table is no YAML ({str(error).splitlines()[0]})", where=where, mend="Mend the text"
        ) from None
    return {key: _table(jurisdiction, key, entry, where) for key, entry in _mapping(data, where).items()}


def _table(jurisdiction: str, key: str, entry: Any, where: str) -> LegalTable:
    lacking = [name for name in TABLE_FIELDS if not (isinstance(entry, dict) and entry.get(name))]
    if lacking:
        raise ConfigError(
            f"the table {key} lacks {', '.join(lacking)}",
            where=where,
            mend="Every key has a meaning, a unit, the notice that brings the next value, and values",
        )
    values = tuple(_value(jurisdiction, key, entry, row, where) for row in entry["values"])
    return LegalTable(key, entry["meaning"], entry["notice"], _dated(key, values, where))


def _dated(key: str, values: Iterable[LegalValue], where: str) -> tuple[LegalValue, ...]:
    """The values, oldest first, once no two of them hold on one day."""
    ordered = tuple(sorted(values, key=lambda value: value.valid_from))
    for earlier, later in pairwise(ordered):
        if later.valid_from < earlier.valid_to:
            raise ConfigError(
                f"two values of {key} hold on {later.valid_from.isoformat()}",
                where=where,
                mend="Let each value end where the next begins",
            )
    return ordered


def _merged(loaded: Mapping[str, LegalTable], added: Mapping[str, LegalTable], code: str) -> dict[str, LegalTable]:
    merged = dict(loaded)
    for key, table in added.items():
        known = loaded.get(key)
        if known is None:
            merged[key] = table
            continue
        units = {value.unit for value in (*known.values, *table.values)}
        if len(units) > 1:
            raise ConfigError(
                f"{key} is added in {table.values[0].unit}, but is loaded in {known.values[0].unit}",
                where=_where(code),
                mend="Give it in the loaded unit, or name it otherwise",
            )
        values = _dated(key, (*known.values, *table.values), _where(code))
        merged[key] = LegalTable(key, known.meaning, known.notice, values)
    return merged


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
    except (KeyError, TypeError) as missing:
        raise ConfigError(
            f"a value of {key} lacks {missing.args[0]}"
            if isinstance(missing, KeyError)
            else f"a value of {key} is no mapping",
            where=where,
            mend="Every value has value, valid_from, valid_to, source and status",
        ) from None
    dated = type(value.valid_from) is date and type(value.valid_to) is date and value.valid_from < value.valid_to
    if type(value.value) is not int or value.status not in STATUSES or not dated:
        raise ConfigError(
            f"the value of {key} from {value.valid_from} is malformed",
            where=where,
            mend=f"An integer value, a status of {' or '.join(STATUSES)}, and valid_from before valid_to",
        )
    return value


def _code(jurisdiction: str) -> str:
    if not jurisdiction.isalpha():
        raise ConfigError(f"not a jurisdiction: {jurisdiction!r}", where="legal", mend="Use a country code such as us")
    return jurisdiction.lower()


def _where(code: str) -> str:
    return f"legal/{code}"


def _package_texts(code: str) -> tuple[str, ...]:
    folder = resources.files("benehub.legal").joinpath(code)
    if not folder.is_dir():
        return ()
    files = sorted((one for one in folder.iterdir() if one.name.endswith(".yaml")), key=lambda one: one.name)
    return tuple(file.read_text(encoding="utf-8") for file in files)


def _mapping(data: Any, where: str) -> Mapping[Any, Any]:
    if not isinstance(data, dict):
        raise ConfigError("the table is not a mapping", where=where, mend="Write keys with their values")
    return data
