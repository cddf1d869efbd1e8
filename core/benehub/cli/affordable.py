"""How `benehub plan affordability` tells its answers: counts, and those who have no affordable offer or no answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benehub.periods import Month
    from benehub.rules.eligibility.affordability import Basis
    from benehub.views.affordable import Offer


def to_basis(text: str) -> Basis:
    """The income named.

    Raises:
        DataError: there is none of this name.
    """
    from benehub.errors import DataError
    from benehub.rules.eligibility.affordability import Basis

    try:
        return Basis(text)
    except ValueError:
        raise DataError(f"no income is named {text!r}", where="--basis", mend="Write rate_of_pay or fpl") from None


def show(found: Iterable[Offer], month: Month, currency: str, as_json: bool) -> int:
    """Print who has no affordable offer, or no answer; gives how many."""
    from benehub.cli.console import emit, fields, table
    from benehub.money import format_minor

    counts = {"full_time": 0, "affordable": 0, "not_affordable": 0, "unknown": 0}
    rows = []
    for one in found:
        counts["full_time"] += 1
        word = {True: "affordable", False: "not_affordable", None: "unknown"}[one.affordable]
        counts[word] += 1
        if not one.affordable:
            share = format_minor(one.share_minor, currency) if one.plan else ""
            rows.append((one.employee_number, one.plan, share, word, ", ".join(one.needs)))
    columns = ("employee", "plan", "share", "answer", "lacks")
    data = {"month": str(month), **counts, "open": [dict(zip(columns, row, strict=True)) for row in rows]}
    listed = table("no affordable own cover, or no answer", columns, rows, ("share",))
    emit(data, as_json, fields(f"own cover of full-time employees in {month}", counts), listed)
    return len(rows)
