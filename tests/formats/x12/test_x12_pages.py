"""The examples of the 820 and acknowledgement pages run, and what they write is taken by the checks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from benehub.formats.x12.checks import check

DOCS = Path(__file__).resolve().parents[3] / "docs"


def run(page: str) -> dict[str, Any]:
    """Every Python block of a page in order, in one namespace."""
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert blocks
    names: dict[str, Any] = {"__name__": page}
    for block in blocks:
        exec(compile(block, page, "exec"), names)
    return names


def test_the_820_page() -> None:
    names = run("x12-820.md")
    for name in ("text", "payment", "remittance"):
        assert check(names[name]) == [], name


def test_the_acknowledgements_page() -> None:
    names = run("x12-acknowledgements.md")
    assert check(names["reply"]) == []
    (brought,) = names["register_carrier_reports"]()
    (line,) = brought.parse(b"E1;unknown", "X")
    assert (line.report.member_key, line.report.text) == ("E1", "unknown")


@pytest.mark.parametrize("layout", ["discrepancy", "error_warning"])
def test_the_page_names_the_layouts_there_are(layout: str) -> None:
    from benehub_connectors.carrier_x12.reports import FORMATS

    assert layout in {one.name for one in FORMATS}
    assert f"| `{layout}` |" in (DOCS / "x12-acknowledgements.md").read_text(encoding="utf-8")
