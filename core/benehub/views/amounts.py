"""Amounts as people read them, whatever unit they are kept in."""

from __future__ import annotations

from benehub.hours import format_hours, is_leave
from benehub.money import EXPONENT, format_minor


def amount(minor: int, unit: str) -> str:
    """Decimal text of minor units, or hours of leave."""
    return format_hours(minor) if is_leave(unit) else format_minor(minor, unit if unit in EXPONENT else "USD")
