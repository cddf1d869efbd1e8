"""`benehub x12 show`: a file as a tree of its loops, a segment a line, codes spelled out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from benehub.errors import FormatError
from benehub.formats.x12.explain import masked, spoken
from benehub.formats.x12.kernel import Segment, SegmentReader
from benehub.formats.x12.walk import Place, Walker
from benehub.formats.x12.words import LOOPS

INDENT = "  "


def show(file: Path, limit: int, clear: bool, as_json: bool) -> None:
    """Write the tree to standard output while the file is read.

    Raises:
        FormatError: it is no X12, or broken; what stands before the fault has been shown.
    """
    out = sys.stdout
    with file.open(encoding="utf-8", errors="replace", newline="") as source:
        try:
            for segment, place in _placed(source, limit):
                lines = [_json(segment, place, clear)] if as_json else _lines(segment, place, clear, out.isatty())
                for line in lines:
                    out.write(f"{line}\n")
        except FormatError as error:
            # Its place is the segment; the file is what a person looks for.
            raise FormatError(error.what, where=f"{file}, {error.where}", mend=error.mend) from None
        except BrokenPipeError:
            # Who reads along (`head`, a pager) has seen enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


def _placed(source: TextIO, limit: int) -> Iterator[tuple[Segment, Place]]:
    walker = Walker()
    for segment in islice(SegmentReader(source), limit):
        yield segment, walker.place(segment)


def _lines(segment: Segment, place: Place, clear: bool, bold: bool) -> Iterator[str]:
    if place.opens:
        heading = f"{LOOPS.get(place.kind, {}).get(place.loop, 'loop')} [{place.loop}]"
        yield f"{'':>7}  {INDENT * (place.depth - 1)}{_strong(heading) if bold else heading}"
    yield f"{segment.position:>7}  {INDENT * place.depth}{segment.tag:<4} {spoken(segment, clear=clear)}".rstrip()


def _strong(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m"


def _json(segment: Segment, place: Place, clear: bool) -> str:
    told = {
        "position": segment.position,
        "loop": place.loop,
        "depth": place.depth,
        "elements": list(segment.elements) if clear else masked(segment),
        "says": spoken(segment, clear=clear),
    }
    return json.dumps(told, ensure_ascii=False)
