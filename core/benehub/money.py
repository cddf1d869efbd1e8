"""Money without floats: integer minor units, exact rates, and rounding that has a name.

Amounts are `int` minor units (cents) beside an ISO currency; rates are `fractions.Fraction`. A vendor's
number becomes minor units from its own text, so 19.99 never passes through a binary float.
"""

from __future__ import annotations

import re
from enum import StrEnum
from fractions import Fraction

from benehub.errors import DataError

EXPONENT = {"USD": 2, "EUR": 2, "GBP": 2, "CAD": 2, "CHF": 2, "JPY": 0}
"""Decimal places of a currency's minor unit (ISO 4217)."""

_PLAIN = re.compile(r"^(?P<sign>-?)(?=\.?[0-9])(?P<whole>[0-9]{0,15})(?:\.(?P<frac>[0-9]{0,12}))?$")
_RATE = re.compile(r"^-?\d{1,9}(?:\.\d{0,12}|/\d{1,9})?$|^-?\.\d{1,12}$")
_GROUPED = re.compile(r"^\d{1,3}(,\d{3})+(\.\d*)?$")


class Rounding(StrEnum):
    """How a raw value becomes minor units; every calculation names one."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"
    UP = "up"


def round_to_int(raw: Fraction, mode: Rounding) -> int:
    """Round `raw` to an integer; HALF_UP, DOWN and UP work on the magnitude (away from or toward zero)."""
    sign = -1 if raw < 0 else 1
    whole, rest = divmod(abs(raw).numerator, raw.denominator)
    twice = 2 * rest
    match mode:
        case Rounding.DOWN:
            up = False
        case Rounding.UP:
            up = rest > 0
        case Rounding.HALF_UP:
            up = twice >= raw.denominator
        case Rounding.HALF_EVEN:
            up = twice > raw.denominator or (twice == raw.denominator and whole % 2 == 1)
    return sign * (whole + up)


def parse_minor(text: str, currency: str = "USD", *, where: str = "") -> int:
    """Minor units from a decimal text ("1234.5" -> 123450 for USD).

    Accepts a leading minus, one currency sign, comma groups and accounting parentheses. Digits beyond
    the currency's minor unit are an error unless they are zeros: nothing is rounded in silence.

    Raises:
        DataError: the text is no amount, or has excess digits. The message shows the shape only.
    """
    bare = text.strip().replace("$", "", 1)
    if bare.startswith("(") and bare.endswith(")"):
        bare = "-" + bare[1:-1]
    sign, digits = ("-", bare[1:]) if bare.startswith("-") else ("", bare)
    if _GROUPED.match(digits):
        digits = digits.replace(",", "")
    found = _PLAIN.match(sign + digits)
    if found is None:
        raise DataError(f"not an amount (shape {shape(text)!r})", where=where, mend="Write it as digits, e.g. 1234.50")
    places = _places(currency)
    frac: str = found["frac"] or ""
    if frac[places:].strip("0"):
        raise DataError(
            f"more than {places} decimals for {currency} (shape {shape(text)!r})",
            where=where,
            mend="Send whole minor units; benehub does not round what a vendor says",
        )
    minor: int = int(found["whole"] or "0") * 10**places + int(frac[:places].ljust(places, "0") or "0")
    return -minor if found["sign"] else minor


def format_minor(minor: int, currency: str = "USD") -> str:
    """Decimal text of minor units, without grouping or sign of currency (123450 -> "1234.50")."""
    places = _places(currency)
    if places == 0:
        return str(minor)
    whole, frac = divmod(abs(minor), 10**places)
    return f"{'-' if minor < 0 else ''}{whole}.{frac:0{places}d}"


def _places(currency: str) -> int:
    if currency not in EXPONENT:
        raise DataError(f"unknown currency {currency[:8]!r}", mend=f"Known are {', '.join(EXPONENT)}")
    return EXPONENT[currency]


def parse_rate(text: str, *, where: str = "") -> Fraction:
    """An exact rate from "0.045", "4.5%" or "1/30".

    Raises:
        DataError: the text is no rate.
    """
    bare = text.strip()
    percent = bare.endswith("%")
    bare = bare.removesuffix("%").strip()
    try:
        # Checked first: Fraction takes "1e999999999" too, and works on it for hours.
        value = Fraction(bare if _RATE.match(bare) else "")
    except (ValueError, ZeroDivisionError):
        raise DataError(
            f"not a rate (shape {shape(text)!r})", where=where, mend='Write "4.5%", "0.045" or "1/30"'
        ) from None
    return value / 100 if percent else value


def cumulative_share(total: int, k: int, n: int, mode: Rounding = Rounding.HALF_UP) -> int:
    """The k-th of n parts (k from 1) of `total` so that all parts sum to `total` exactly.

    part k = R(total*k/n) - R(total*(k-1)/n); two parts differ by one minor unit at most (worked case D11).
    """
    if not 1 <= k <= n:
        raise ValueError(f"part {k} of {n}")
    return round_to_int(Fraction(total * k, n), mode) - round_to_int(Fraction(total * (k - 1), n), mode)


def shape(text: str) -> str:
    """The masked shape of a value: digits as 9, letters as A, cut at 24 characters."""
    return re.sub(r"[A-Za-z]", "A", re.sub(r"\d", "9", text))[:24]
