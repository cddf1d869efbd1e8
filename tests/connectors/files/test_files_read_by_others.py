"""What leaves as a file is read by a program that nobody here wrote, cell for cell: polars, told to guess nothing."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benehub.connect.connector import Envelope, Item
from benehub.testing.stage import Played
from benehub_connectors.files import FilesConnector
from benehub_connectors.files.stage import stage

ENVELOPE = Envelope(7, datetime(2026, 11, 23, 12, tzinfo=UTC), "ref")
NASTY = ("plain", 'a "quoted" word', "Müller, Åsa", "a;semicolon", "0012", "1e3", "'0")
"""What breaks a CSV that is written by hand."""

WHERE = {"leave.take": ("policy", "employee"), "premium.claim": ("plan", "member_id")}
"""Operation -> a text of its record that stands in a cell as it is, and who it is about."""


@pytest.mark.parametrize("operation", WHERE)
def test_a_file_that_leaves_is_read_by_polars_cell_for_cell(operation: str, tmp_path: Path) -> None:
    played = Played(FilesConnector, stage(tmp_path))
    (told,), (cell, who) = played.stage.items[operation], WHERE[operation]
    items = [Item(operation, f"k{n}", {**told, cell: text, who: f"{n:04}"}) for n, text in enumerate(NASTY)]
    out = played.connector.render(operation, items, ENVELOPE, played.link.settings)
    assert isinstance(out.content, bytes)
    read = pl.read_csv(io.BytesIO(out.content), infer_schema=False)
    rows = read.to_dicts()[: len(NASTY)]
    assert [row[cell] for row in rows] == list(NASTY)
    assert _figures(operation, rows) == _figures(operation, [_written(told, n) for n in range(len(NASTY))])


def _written(told: Any, number: int) -> dict[str, str]:
    """The row's other cells as they should be, made from the record by hand."""
    return {**told, "employee_number": f"{number:04}", "minutes": "480", "member_id": f"{number:04}",
            "billed": "1200.00", "owed": "500.00", "claimed": "700.00"}  # fmt: skip


def _figures(operation: str, rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    names = {
        "leave.take": ("employee_number", "pay_date", "hours", "minutes"),
        "premium.claim": ("member_id", "coverage_month", "billed", "owed", "claimed", "currency", "reason"),
    }[operation]
    return [tuple(row[name] for name in names) for row in rows]
