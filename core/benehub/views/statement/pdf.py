"""A statement as a PDF that can be printed and filed: one column, proof numbers in small type, pages numbered."""

from __future__ import annotations

from datetime import UTC, datetime, time
from importlib.util import find_spec
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from benehub.views.statement.language import Language
from benehub.views.statement.parts import Statement

FACE = "DejaVu"
MARGIN = 20
"""Millimeters."""
INK, QUIET, RULE = (28, 32, 38), (110, 118, 128), (208, 213, 219)


class _Page(FPDF):
    """A4 with the page number and the note at the foot."""

    def __init__(self, language: Language) -> None:
        super().__init__(format="A4")
        self._language = language
        self.add_font(FACE, "", str(_fonts() / "DejaVuSans.ttf"))
        self.add_font(FACE, "B", str(_fonts() / "DejaVuSans-Bold.ttf"))
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=MARGIN + 6)

    def footer(self) -> None:
        """Called by the library at the end of each page."""
        self.set_y(-MARGIN)
        self.set_font(FACE, size=7)
        self.set_text_color(*QUIET)
        self.multi_cell(150, 3.4, self._language.term("note"), align="L", new_x=XPos.RIGHT, new_y=YPos.TOP)
        self.cell(0, 3.4, f"{self._language.term('page')} {self.page_no()}/{{nb}}", align="R")


def _fonts() -> Path:
    """The library's own fonts lack most of Unicode; these come with the library that draws charts."""
    found = find_spec("matplotlib")
    assert found is not None and found.origin is not None, "matplotlib is a dependency of benehub"
    return Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"


def pdf(statement: Statement, language: Language) -> bytes:
    """The statement in a language; the same statement gives the same bytes."""
    page = _Page(language)
    # Of the day it speaks of, not of the moment it is written: the same statement gives the same bytes.
    page.set_creation_date(datetime.combine(statement.day, time(), UTC))
    page.set_title(f"{language.title}, {language.subtitle(statement)}")
    page.set_lang(language.code)
    page.add_page()
    _heading(page, statement, language)
    for section in statement.sections:
        _section(page, language.heading(section))
        for line in section.lines:
            _line(page, language.line(section, line), line.refs, language)
    for added in statement.added:
        _section(page, added.title)
        for label, text in added.lines:
            _line(page, f"{label}: {text}", (), language)
    if not statement.sections and not statement.added:
        _line(page, language.term("none"), (), language)
    return bytes(page.output())


def _heading(page: FPDF, statement: Statement, language: Language) -> None:
    page.set_text_color(*QUIET)
    page.set_font(FACE, size=9)
    page.cell(0, 5, statement.employer, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_text_color(*INK)
    page.set_font(FACE, "B", 15)
    page.cell(0, 8, language.title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_font(FACE, size=10.5)
    page.cell(0, 6, language.subtitle(statement), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _section(page: FPDF, title: str) -> None:
    page.ln(5)
    if page.will_page_break(20):
        page.add_page()
    page.set_text_color(*INK)
    page.set_font(FACE, "B", 10.5)
    page.cell(0, 7, title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_draw_color(*RULE)
    page.line(MARGIN, page.get_y(), page.w - MARGIN, page.get_y())
    page.ln(2)


def _line(page: FPDF, text: str, refs: tuple[str, ...], language: Language) -> None:
    page.set_text_color(*INK)
    page.set_font(FACE, size=9.5)
    page.multi_cell(0, 5, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if refs:
        page.set_text_color(*QUIET)
        page.set_font(FACE, size=6.5)
        said = f"{language.term('refs')}: {', '.join(refs)}"
        page.multi_cell(0, 3.4, said, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.ln(1)
