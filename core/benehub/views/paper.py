"""The paper that statements and reports are printed on: A4, one face with all of Unicode, numbered pages."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos

FACE = "DejaVu"
MARGIN = 20
"""Millimeters."""
INK, QUIET, RULE = (28, 32, 38), (110, 118, 128), (208, 213, 219)


class Paper(FPDF):
    """A4 with a note and the page number at the foot."""

    def __init__(self, note: str, page: str) -> None:
        super().__init__(format="A4")
        self._note, self._page = note, page
        self.add_font(FACE, "", str(_fonts() / "DejaVuSans.ttf"))
        self.add_font(FACE, "B", str(_fonts() / "DejaVuSans-Bold.ttf"))
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=MARGIN + 6)

    def footer(self) -> None:
        """Called by the library at the end of each page."""
        self.set_y(-MARGIN)
        self.set_font(FACE, size=7)
        self.set_text_color(*QUIET)
        self.multi_cell(150, 3.4, self._note, align="L", new_x=XPos.RIGHT, new_y=YPos.TOP)
        self.cell(0, 3.4, f"{self._page} {self.page_no()}/{{nb}}", align="R")


def _fonts() -> Path:
    """The library's own fonts lack most of Unicode; these come with the library that draws charts."""
    found = find_spec("matplotlib")
    assert found is not None and found.origin is not None, "matplotlib is a dependency of benehub"
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
