"""Carriers' own reports: two layouts that come with benehub, as examples and for carriers that happen to use them."""

from __future__ import annotations

from benehub.connect.reports import ReportFormat
from benehub_connectors.carrier_x12.reports import discrepancy, error_warning

FORMATS: tuple[ReportFormat, ...] = (discrepancy.FORMAT, error_warning.FORMAT)
"""What this package registers."""
