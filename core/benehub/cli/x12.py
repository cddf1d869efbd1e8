"""`benehub x12`: look into an X12 file, and say everything that is wrong with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from benehub.cli.opening import CLEAR, JSON

if TYPE_CHECKING:
    from benehub.formats.x12.kernel import Segment

app = typer.Typer(no_args_is_help=True, help="X12 files: 834, 820, 999, TA1.")

FILE = typer.Argument(..., help="The X12 file.")
FILES = typer.Argument(..., help="X12 files, in the order they were sent, or a folder of them.")
ENVELOPE = ("ISA", "GS", "ST", "SE", "GE", "IEA")
DEPTH = {"ISA": 0, "TA1": 1, "GS": 1, "ST": 2, "SE": 2, "GE": 1, "IEA": 0}

HIDDEN = {"DMG": (2,), "ICM": (2,), "HLH": (1, 2, 3, 4, 5, 6, 7)}
"""Elements that are masked as a whole: birth date, income, health."""


@app.command()
def check(
    files: list[Path] = FILES,
    limit: int = typer.Option(1000, "--limit", min=1, max=100_000, help="Findings to show of a file at most."),
    as_json: bool = JSON,
) -> None:
    """Say everything that is wrong in files: envelope, guide, dates, totals, ISA13 used twice; then ends with 1."""
    from benehub.cli.x12_check import check as checked

    checked(files, limit, as_json)


@app.command()
def show(
    file: Path = FILE,
    limit: int = typer.Option(2000, "--limit", min=1, max=10_000_000, help="Segments to show at most."),
    clear: bool = CLEAR,
    as_json: bool = JSON,
) -> None:
    """Show a file with a segment a line, numbered and indented; SSN, birth date, pay and health masked."""
    import json

    from benehub.cli.files import must_be_file
    from benehub.errors import FormatError

    with must_be_file(file).open(encoding="utf-8", errors="replace", newline="") as source:
        try:
            for position, depth, elements in _lines(source, limit, clear):
                if as_json:
                    line = json.dumps({"position": position, "elements": elements})
                else:
                    line = f"{position:>7}  {'  ' * depth}{'*'.join(elements)}"
                sys.stdout.write(f"{line}\n")
        except FormatError as error:
            # Its place is the segment; the file is what a person looks for.
            raise FormatError(error.what, where=f"{file}, {error.where}", mend=error.mend) from None


def _lines(source: Any, limit: int, clear: bool) -> Iterator[tuple[int, int, list[str]]]:
    from itertools import islice

    from benehub.formats.x12.kernel import SegmentReader

    member = False
    for segment in islice(SegmentReader(source), limit):
        member = segment.tag == "INS" or (member and segment.tag not in ENVELOPE)
        depth = DEPTH.get(segment.tag, 3 if segment.tag == "INS" or not member else 4)
        yield segment.position, depth, segment.elements if clear else masked(segment)


def masked(segment: Segment) -> list[str]:
    """The elements with SSN, birth date, income and health masked; the envelope stays as it is."""
    from benehub.crypto import mask

    elements = list(segment.elements)
    if segment.tag in ENVELOPE:
        return elements
    for place in HIDDEN.get(segment.tag, ()):
        if place < len(elements):
            elements[place] = "*" * len(elements[place])
    return [mask(one) for one in elements]
