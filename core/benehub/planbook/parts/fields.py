"""The kinds of field a plan book has: amounts and rates as exact text, days of a month, short names.

Amounts are decimal text and rates exact text ("4.5%"), so that nothing passes through a float.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema

from benehub.errors import DataError
from benehub.money import parse_minor, parse_rate
from benehub.records.described import Described


def _text(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError('write amounts and rates in quotes, e.g. "612.50"')
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _amount(value: Any) -> Any:
    text = _text(value)
    if isinstance(text, str):
        _checked(parse_minor, text)
    return text


def _rate(value: Any) -> Any:
    text = _text(value)
    if isinstance(text, str) and text:
        _checked(parse_rate, text)
    return text


def _day_of_month(value: Any) -> Any:
    text = str(value)
    if text == "last":
        return text
    if not (text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= 31):
        raise ValueError("no day of a month: write 1 to 31, or last")
    return int(text)


def _time_zone(value: Any) -> Any:
    try:
        if value != "UTC":  # known without the system's table of zones
            ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise ValueError("no time zone: write its IANA name, e.g. America/Chicago") from None
    return value


def _checked(parse: Any, text: str) -> None:
    try:
        parse(text)
    except DataError as error:
        raise ValueError(error.what) from None


# Editors read 612.50 as a number; loading keeps its text, so both are fine.
_EXACT = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}]})
_DAY = WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 31}, {"const": "last"}]})

TimeZone = Annotated[str, AfterValidator(_time_zone)]
"""IANA name of a time zone."""
Amount = Annotated[str, BeforeValidator(_amount), _EXACT]
"""Decimal text of an amount in the employer's currency."""
RateText = Annotated[str, BeforeValidator(_rate), _EXACT]
"""Exact text of a rate: "4.5%", "0.045" or "1/30"."""
DayOfMonth = Annotated[int | Literal["last"], BeforeValidator(_day_of_month), _DAY]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class Part(Described):
    """Base of all parts: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
