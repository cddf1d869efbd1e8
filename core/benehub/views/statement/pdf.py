"""A statement as a PDF that can be printed and filed: one column, proof numbers in small type, pages numbered."""

from __future__ import annotations

from datetime import UTC, datetime, time

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from benehub.views.paper import FACE, INK, MARGIN, QUIET, RULE, Paper
from benehub.views.statement.language import Language
from benehub.views.statement.parts import Statement


def pdf(statement: Statement, language: Language) -> bytes:
    """The statement in a language; the same statement gives the same bytes."""
    page = Paper(language.term("note"), language.term("page"))
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
