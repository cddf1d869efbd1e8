"""What leave policies may not say."""

from __future__ import annotations

from collections.abc import Iterator

from benehub.planbook.book import PlanBook
from benehub.planbook.checks.findings import Finding, error


def leave(book: PlanBook) -> Iterator[Finding]:
    """What is wrong with the leave policies."""
    seen: set[str] = set()
    for number, policy in enumerate(book.leave):
        if policy.id in seen:
            yield error(("leave", number, "id"), f"policy {policy.id!r} stands here twice", "Give each its own id")
        seen.add(policy.id)
        if policy.payout_on_termination and not policy.payout_code:
            yield error(("leave", number), "leave is paid out, but there is no payout_code", "Give payroll's code")
