"""How the command line speaks: tables on stdout, errors as one red line on stderr, JSON for programs.

Exit codes: 0 all right; 1 something is wrong or was found; 2 usage or bad input; 3 a person has to decide.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from benehub.errors import BenehubError, ConfigError, DataError, NeedsPersonError

OK, FOUND, BAD_INPUT, NEEDS_PERSON = 0, 1, 2, 3
"""Exit codes."""

FILE_WIDTH = 180
"""Columns of a table that goes into a file or a pipe, where nobody's window is the limit."""

IDS = frozenset({"id", "ref", "entry", "batch", "run", "dispatch"})
"""Columns of ids: never broken, so that they can be copied."""


def out() -> Console:
    """The console for results; made anew, so that a redirected stdout is the one written to."""
    console = Console(soft_wrap=True, highlight=False)
    if not console.is_terminal:
        console.width = FILE_WIDTH
    return console


def err() -> Console:
    """The console for errors and progress."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def exit_code(error: BenehubError) -> int:
    """What a shell is told about an error."""
    if isinstance(error, NeedsPersonError):
        return NEEDS_PERSON
    return BAD_INPUT if isinstance(error, ConfigError | DataError) else FOUND


def tell_error(what: str, where: str = "", mend: str = "") -> None:
    """One red line: what is wrong, where, and the mend."""
    place = f"{escape(where)}: " if where else ""
    then = f" [not bold]{escape(mend)}[/]" if mend else ""
    stop = "" if what.endswith((".", "!", "?")) else "."
    err().print(f"[bold red]{place}{escape(what)}{stop}{then}[/]")


def say(text: str) -> None:
    """A line of text for a person."""
    out().print(escape(text))


def emit(data: Any, as_json: bool, *shown: RenderableType) -> None:
    """Print `data` as JSON, or what is `shown` of it to a person."""
    if as_json:
        # Not through rich: a program reads this, and a wrapped line would be no JSON.
        out().file.write(json.dumps(data, indent=2, default=str, ensure_ascii=False) + "\n")
        return
    console = out()
    for one in shown:
        console.print(one)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], right: Sequence[str] = ()) -> Table:
    """A table; the columns named in `right` are aligned to the right. One with a title says so when it is empty."""
    made = Table(title=escape(title) if title else None, title_justify="left", header_style="bold", box=None)
    for name in columns:
        side: Literal["left", "right"] = "right" if name in right else "left"
        made.add_column(name, justify=side, overflow="fold", no_wrap=name in IDS)
    for row in rows:
        made.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
    if title and not made.row_count:
        made.caption, made.caption_justify = "none", "left"
    return made


def fields(title: str, values: Mapping[str, Any]) -> Table:
    """A two-column table of names and values."""
    made = table(title, ("", " "), [(name, _text(value)) for name, value in values.items()])
    made.show_header = False
    return made


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(part)}" for name, part in value.items())
    return "" if value is None else str(value)


def working(text: str) -> AbstractContextManager[Status]:
    """A spinner on stderr while something takes long; silent where stderr is no terminal."""
    return err().status(escape(text))
