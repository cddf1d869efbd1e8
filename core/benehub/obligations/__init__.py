"""What is owed to vendors, and by when."""

from __future__ import annotations

from benehub.obligations.book import (
    UNFIT,
    Change,
    Wanted,
    by_ids,
    cancel,
    carry,
    content,
    late,
    mark,
    of_dispatch,
    of_dispatches,
    open_ones,
    persons_in,
    persons_of,
    settle,
    want,
)

__all__ = [
    "UNFIT",
    "Change",
    "Wanted",
    "by_ids",
    "cancel",
    "carry",
    "content",
    "late",
    "mark",
    "of_dispatch",
    "of_dispatches",
    "open_ones",
    "persons_in",
    "persons_of",
    "settle",
    "want",
]
