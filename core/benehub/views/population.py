"""The world that plans are compared in: who has which charges, and the years of care an employee looks at.

The table that ships is synthetic and says so; an employer puts its own in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from benehub.errors import BenehubError, DataError
from benehub.money import parse_minor, parse_rate
from benehub.records import Tier
from benehub.rules.compare.employee import Scenario
from benehub.rules.compare.value import ClaimLevel

_MEND = "Take core/benehub/views/continuance.yaml as the pattern: population, scenarios, persons, source"


@dataclass(frozen=True, slots=True)
class World:
    """Charges in minor units; `source` says where they come from."""

    source: str
    population: tuple[ClaimLevel, ...]
    scenarios: tuple[Scenario, ...]
    persons: Mapping[Tier, int]


def synthetic(currency: str = "USD") -> World:
    """The table that ships."""
    text = resources.files("benehub.views").joinpath("continuance.yaml").read_text(encoding="utf-8")
    return read_world(text, "continuance.yaml", currency)


def read_world(text: str, name: str, currency: str = "USD") -> World:
    """A table in YAML or JSON of the same form.

    Raises:
        DataError: a part is missing or wrong; the part and the place in it are named.
    """
    try:
        data = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - BaseLoader makes nothing but text, lists and maps
    except yaml.YAMLError as error:
        raise DataError(f"it is no YAML ({str(error).splitlines()[0]})", where=name, mend=_MEND) from None
    if not isinstance(data, dict):
        raise DataError("it is no map", where=name, mend=_MEND)
    population = [
        ClaimLevel(
            charges_minor=_amount(row, "charges", f"{name}: population[{number}]", currency),
            weight=_field(parse_rate, row, "weight", f"{name}: population[{number}]"),
        )
        for number, row in enumerate(_part(data, "population", list, name))
    ]
    scenarios = [
        Scenario(
            name=str(label),
            charges_minor=tuple(
                _amount({"charges": one}, "charges", f"{name}: scenarios.{label}[{number}]", currency)
                for number, one in enumerate(amounts if isinstance(amounts, list) else [amounts])
            ),
        )
        for label, amounts in _part(data, "scenarios", dict, name).items()
    ]
    persons = {_tier(key, name): _count(value, name) for key, value in data.get("persons", {}).items()}
    return World(str(data.get("source") or name), tuple(population), tuple(scenarios), persons)


def _part(data: Mapping[str, Any], part: str, kind: type, name: str) -> Any:
    found = data.get(part)
    if not isinstance(found, kind) or not found:
        raise DataError(f"`{part}` is missing or of the wrong form", where=name, mend=_MEND)
    return found


def _field(parse: Any, row: Any, field: str, where: str) -> Any:
    if not isinstance(row, dict) or not isinstance(row.get(field), str):
        raise DataError(f"{field} is missing", where=where, mend=_MEND)
    try:
        value = parse(row[field])
    except BenehubError as error:
        raise DataError(f"{field}: {error.what}", where=where, mend=error.mend or _MEND) from None
    if value < 0:
        raise DataError(f"{field} is below zero", where=where, mend="Write zero or more")
    return value


def _amount(row: Any, field: str, where: str, currency: str) -> int:
    found: int = _field(lambda text: parse_minor(text, currency), row, field, where)
    return found


def _tier(text: str, name: str) -> Tier:
    if text not in Tier.__members__:
        raise DataError(f"no tier {text[:10]!r} in persons", where=name, mend=f"There are {', '.join(Tier)}")
    return Tier(text)


def _count(text: Any, name: str) -> int:
    if not (isinstance(text, str) and text.isdecimal() and 1 <= int(text) <= 20):
        raise DataError("a number of persons is not 1 to 20", where=name, mend=_MEND)
    return int(text)
