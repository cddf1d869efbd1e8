"""`benehub x12 diff`: two 834 or two 820 files against each other, by member and coverage or item."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benehub.cli.console import emit, out, working
from benehub.errors import FormatError
from benehub.formats.x12.compare import ADDED, CHANGED, ENDED, Comparison, compare

if TYPE_CHECKING:
    from benehub.formats.x12.compare import Difference, MemberChange, PartChange
    from benehub.formats.x12.kernel import Source

SIGNS = {ADDED: "+", CHANGED: "~", ENDED: "-"}
COLOURS = {ADDED: "green", CHANGED: "yellow", ENDED: "red"}
WHO = {"834": "members", "820": "entities"}


def diff(before: Path, after: Path, limit: int, clear: bool, as_json: bool) -> bool:
    """Show how `after` differs from `before`; says whether it does.

    Raises:
        FormatError: a file cannot be read, or the two are not of one kind.
    """
    with working("comparing"):
        found = compare(partial(_opened, before), partial(_opened, after), limit=limit, clear=clear)
    if as_json:
        emit(_json(found), True)
        return not found.equal
    console = out()
    for change in found.changes:
        for line in _lines(change):
            console.print(line)
    hidden = sum(found.counts.values()) - len(found.changes)
    if hidden:
        console.print(f"... and {hidden} more (--limit)")
    counts = ", ".join(f"{found.counts[name]} {name}" for name in (ADDED, CHANGED, ENDED))
    console.print(f"{found.kind} {WHO[found.kind]}: {counts}, {found.same} the same")
    return not found.equal


@contextmanager
def _opened(file: Path) -> Iterator[Source]:
    with file.open(encoding="utf-8", errors="replace", newline="") as source:
        try:
            yield source
        except FormatError as error:
            where = f"{file}, {error.where}" if error.where else str(file)
            raise FormatError(error.what, where=where, mend=error.mend) from None


def _json(found: Comparison) -> dict[str, Any]:
    counts = {name: found.counts[name] for name in (ADDED, CHANGED, ENDED)}
    return {"kind": found.kind, **counts, "same": found.same, "changes": [asdict(one) for one in found.changes]}


def _lines(change: MemberChange) -> Iterator[str]:
    yield _line(change.change, "", f"{change.member}  {change.name}".rstrip())
    for difference in change.differences:
        yield _difference("    ", difference)
    for part in change.parts:
        yield from _part_lines(part)


def _part_lines(part: PartChange) -> Iterator[str]:
    yield _line(part.change, "  ", part.part)
    for difference in part.differences:
        yield _difference("      ", difference)


def _line(change: str, indent: str, text: str) -> str:
    from rich.markup import escape

    return f"{indent}[{COLOURS[change]}]{SIGNS[change]} {escape(text)}[/]"


def _difference(indent: str, one: Difference) -> str:
    from rich.markup import escape

    if not one.before or not one.after:
        told = f"now {one.after}" if one.after else f"was {one.before}"
        return f"{indent}{escape(f'{one.what}: {told}')}"
    if one.before == one.after:
        return f"{indent}{escape(f'{one.what}: differs (masked)')}"
    return f"{indent}{escape(f'{one.what}: {one.before} -> {one.after}')}"
