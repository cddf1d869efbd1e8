"""Amounts as people read them, whatever unit they are kept in."""

from __future__ import annotations

from benehub.money import EXPONENT, format_minor


def amount(minor: int, unit: str) -> str:
    """Decimal text of minor units, or of hundredths of an hour."""
    return format_minor(minor, unit if unit in EXPONENT else "USD")
