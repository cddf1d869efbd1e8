"""One thing that is wrong or strange in a plan book, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

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


def said(refused: ValidationError) -> str:
    """What a rule's own model refuses, in the words of the book: the field, and what it has to be."""
    fault = refused.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part).removesuffix("_minor") for part in fault["loc"])
    text = str(fault["msg"]).removeprefix("Value error, ").replace("Input should be", "has to be").replace("_minor", "")
    return f"{field}: {text}" if field else text
