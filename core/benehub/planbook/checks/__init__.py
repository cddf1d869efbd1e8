"""What a plan book may not say: contradictions, found before anybody is enrolled under them."""

from __future__ import annotations

from benehub.planbook.checks.book import check
from benehub.planbook.checks.diff import Change, diff
from benehub.planbook.checks.findings import Finding

__all__ = ["Change", "Finding", "check", "diff"]
