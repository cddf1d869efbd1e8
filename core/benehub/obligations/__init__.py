"""What is owed to vendors, and by when."""

from __future__ import annotations

from benehub.obligations.book import Change, Wanted, by_ids, cancel, content, late, mark, of_dispatch, open_ones, want

__all__ = ["Change", "Wanted", "by_ids", "cancel", "content", "late", "mark", "of_dispatch", "open_ones", "want"]
