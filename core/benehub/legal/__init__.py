"""Legal numbers as dated data with their source, and bank calendars, by jurisdiction; plugins add theirs."""

from __future__ import annotations

from benehub.legal.calendars import bank_holidays
from benehub.legal.tables import LegalValue, add_tables, limit

__all__ = ["LegalValue", "add_tables", "bank_holidays", "limit"]
