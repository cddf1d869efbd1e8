"""One thing that is wrong or strange in a plan book, as a value."""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where in the book: field names and positions, from the top."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or strange: `error` refuses the book, `warning` does not."""

    severity: str
    path: tuple[str | int, ...]
    text: str
    mend: str


def error(path: tuple[str | int, ...], text: str, mend: str) -> Finding:
    """A finding that refuses the book."""
    return Finding("error", path, text, mend)
