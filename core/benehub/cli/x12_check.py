"""What `benehub x12 check` does: the files named, or those of a folder, each held against its guide and the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import typer

from benehub.cli.console import FOUND, emit, say, table
from benehub.cli.files import must_be_file
from benehub.crypto import mask
from benehub.errors import DataError
from benehub.formats.x12.checks import Finding, check_files

COLUMNS = ("segment", "in set", "at", "loop", "code", "what", "mend")


def check(named: Sequence[Path], limit: int, as_json: bool) -> None:
    """Print the findings of all files, `limit` of each; ends with 1 where there are any.

    Raises:
        DataError: a name that is neither file nor folder, or a folder without files.
    """
    paths = [path for name in named for path in _files(name)]
    found = [(name, one) for name, one in check_files(_opened(paths), limit)]
    if not found and not as_json:
        say("\n".join(f"{path}: nothing wrong" for path in paths))
        return
    several = len(paths) > 1
    rows = [((name,) if several else ()) + _row(one) for name, one in found]
    title = f"{len(paths)} files" if several else str(paths[0])
    shown = table(title, (("file",) if several else ()) + COLUMNS, rows, ("segment", "in set"))
    emit([_data(name, one) for name, one in found], as_json, shown)
    counts = Counter(name for name, _ in found)
    cut = [name for name, count in counts.items() if count >= limit]
    if cut and not as_json:
        say("\n".join(f"{name}: the first {limit} are shown; --limit shows more" for name in cut))
    if found:
        raise typer.Exit(FOUND)


def _files(name: Path) -> list[Path]:
    if not name.is_dir():
        return [must_be_file(name)]
    inside = sorted(path for path in name.iterdir() if path.is_file() and not path.name.startswith("."))
    if not inside:
        raise DataError("the folder has no files", where=str(name), mend="Name the folder the X12 files are in")
    return inside


def _opened(paths: Sequence[Path]) -> Iterator[tuple[str, TextIO]]:
    for path in paths:
        with path.open(encoding="utf-8", errors="replace", newline="") as source:
            yield str(path), source


def _row(one: Finding) -> tuple[Any, ...]:
    return (one.position, one.in_set or "", one.place, one.loop, one.code, one.text, one.mend)


def _data(name: str, one: Finding) -> dict[str, Any]:
    return {
        "file": name,
        "position": one.position,
        "in_set": one.in_set,
        "segment": one.segment,
        "element": one.element,
        "component": one.component,
        "repeat": one.repeat,
        "loop": one.loop,
        "code": one.code,
        "ik": one.ik,
        "text": one.text,
        "mend": one.mend,
        # Some partners make the SSN the member's number.
        "member": mask(one.member),
    }
