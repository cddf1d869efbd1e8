"""Validating an 834 against its guide: beside pyx12, which walks the same guide for its own maps, and a bare split."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

PYX12_SHARE = 20
"""pyx12 is given one in so many members; its CPU time is taken that many times."""


def check_prepare(folder: Path, size: int) -> None:
    """A file of `size` members with 15 segments each, and the small one for pyx12."""
    from bench_x12 import member, pieces, raws

    for name, members in (("in.834", size), ("small.834", max(size // PYX12_SHARE, 1))):
        with (folder / name).open("w", encoding="ascii") as file:
            file.writelines(pieces(member(raw) for raw in raws(members)))


def check_ours(folder: Path, size: int) -> Iterator[Any]:
    """`checks.findings` over the whole file: envelope, guide, balances."""
    from benehub.formats.x12 import checks

    yield
    with (folder / "in.834").open(encoding="ascii") as file:
        count = sum(1 for _ in checks.findings(file))
    yield f"{count} findings"


def check_pyx12(folder: Path, size: int) -> Iterator[Any]:
    """pyx12's map walk of the small file, no acknowledgement written."""
    import logging

    import pyx12.params
    import pyx12.x12n_document

    logging.disable(logging.CRITICAL)
    yield
    with (folder / "small.834").open(encoding="ascii") as file:
        sound = pyx12.x12n_document.x12n_document(pyx12.params.params(), file, None, None, None)
    yield "0 findings" if sound else "refused"


def check_split(folder: Path, size: int) -> Iterator[Any]:
    """Split at the two delimiters, nothing understood: the limit."""
    yield
    count = 0
    for segment in (folder / "in.834").read_text(encoding="ascii").split("~"):
        count += segment.split("*")[0] == "INS"
    yield None
