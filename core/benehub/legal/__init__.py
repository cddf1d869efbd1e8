"""Legal numbers as dated data with their source: limits, thresholds and bank calendars, by jurisdiction."""

from __future__ import annotations

from benehub.legal.tables import LegalValue, bank_holidays, limit

__all__ = ["LegalValue", "bank_holidays", "limit"]
