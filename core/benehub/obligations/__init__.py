"""What is owed to vendors, and by when."""

from __future__ import annotations

from benehub.obligations.book import (
    ADOPTED,
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
    plans_in,
    settle,
    want,
)
from benehub.obligations.held_back import held_back, hold_back, part_key, parts_of

__all__ = [
    "ADOPTED",
    "UNFIT",
    "Change",
    "Wanted",
    "by_ids",
    "cancel",
    "carry",
    "content",
    "held_back",
    "hold_back",
    "late",
    "mark",
    "of_dispatch",
    "of_dispatches",
    "open_ones",
    "part_key",
    "parts_of",
    "persons_in",
    "persons_of",
    "plans_in",
    "settle",
    "want",
]
