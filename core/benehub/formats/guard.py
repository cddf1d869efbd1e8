"""The guard against formulas: a name like `=HYPERLINK(...)` stays a name in the spreadsheet that opens it."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def guarded(text: str) -> str:
    """`text` with a leading apostrophe where it would start a formula; plain numbers stay as they are.

    A text that already looks guarded gets one more apostrophe, so `unguarded` gives back what went in.
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unguarded(text: str) -> str:
    """The text before `guarded`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
