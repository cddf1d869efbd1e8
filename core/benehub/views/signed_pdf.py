"""The report of a signed month as a PDF: what was checked, the totals by account, what is open, and the proof."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout, XPos, YPos

from benehub.views.paper import FACE, INK, MARGIN, QUIET, RULE, Paper

LONG = 200
"""Rows of one table on paper; the rest is counted, and stands in the data."""


def signed_pdf(report: dict[str, Any]) -> bytes:
    """The report of `views.signed.signed_report`; the same report gives the same bytes."""
    page = Paper(f"closing {report['closing']}, digest {report['digest'][:16]}", "page")
    page.set_creation_date(datetime.fromisoformat(report["closed_at"]))
    page.set_title(f"Sign-off {report['period']}, {report['employer']['name']}")
    page.set_lang("en")
    page.add_page()
    _heading(page, report)
    _list(page, "What held when it was signed", report["conditions"])
    if quiet := report.get("silent"):  # what was signed earlier does not say it
        _table(page, "Of whom nothing of the month was read", quiet, ("relation", "connection"), (50, 80))
    totals = ("account", "name", "unit", "opening", "debit", "credit", "closing")
    _table(page, "Totals by account", report["accounts"], totals, (17, 55, 16, 26, 26, 26, 26))
    items = [
        {
            "account": one["account"],
            "item": item["name"],
            "amount": item["amount"],
            "clear_by": item.get("clear_by", ""),
        }
        for one in report["clearing"]
        for item in one["items"]
    ]
    _table(page, "What the clearing accounts hold", items, ("account", "item", "amount", "clear_by"), (14, 110, 30, 24))
    _table(page, "Corrections of months signed before", report["corrections"],
           ("period", "type", "entries", "amount", "unit"), (20, 80, 20, 30, 20))  # fmt: skip
    _table(page, "Open items, carried over", report["open_items"],
           ("difference", "type", "period", "amount", "unit", "age_days", "clear_by"),
           (58, 48, 20, 24, 14, 20, 24))  # fmt: skip
    if rules := report.get("rules"):  # what was signed earlier does not say it
        columns = ("rule", "relation", "type", "number", "amount", "unit", "ends")
        _table(page, "Set aside by rules, of this month and all before", rules, columns, (58, 22, 48, 16, 24, 14, 22))
    _table(page, "Differences of the month", report["differences"], ("relation", "state", "number"), (50, 50, 30))
    _table(page, "Rows read in the month", report["custody"],
           ("connection", "stream", "rows", "applied", "unchanged", "quarantined", "superseded"),
           (34, 34, 20, 22, 24, 28, 26))  # fmt: skip
    _proof(page, report)
    return bytes(page.output())


def _heading(page: FPDF, report: dict[str, Any]) -> None:
    page.set_text_color(*QUIET)
    page.set_font(FACE, size=9)
    page.cell(0, 5, report["employer"]["name"], new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_text_color(*INK)
    page.set_font(FACE, "B", 15)
    page.cell(0, 8, f"Benefits, {report['period']}: reconciled and closed", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_font(FACE, size=10)
    # Whose day it is would be guessed: the employer's own stands in no report that was signed before.
    moment = datetime.fromisoformat(report["closed_at"]).astimezone(UTC)
    said = f"Signed by {report['who']} on {moment:%Y-%m-%d at %H:%M} UTC."
    page.multi_cell(0, 5.5, f"{said} {report['note']}".strip(), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _title(page: FPDF, title: str) -> None:
    page.ln(4)
    if page.will_page_break(24):
        page.add_page()
    page.set_text_color(*INK)
    page.set_font(FACE, "B", 10.5)
    page.cell(0, 7, title, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_draw_color(*RULE)
    page.line(MARGIN, page.get_y(), page.w - MARGIN, page.get_y())
    page.ln(1.5)


def _list(page: FPDF, title: str, lines: Sequence[str]) -> None:
    _title(page, title)
    page.set_font(FACE, size=9)
    for line in lines:
        page.multi_cell(0, 4.8, f"\u2713 {line}", align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _table(
    page: FPDF, title: str, rows: Sequence[dict[str, Any]], columns: Sequence[str], widths: Sequence[int]
) -> None:
    _title(page, title)
    page.set_font(FACE, size=7.5)
    if not rows:
        page.set_text_color(*QUIET)
        page.cell(0, 5, "none", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        return
    numbers = {"opening", "debit", "credit", "closing", "amount", "number", "entries", "age_days", "rows",
               "applied", "unchanged", "quarantined", "superseded"}  # fmt: skip
    align = tuple("RIGHT" if name in numbers else "LEFT" for name in columns)
    head = FontFace(emphasis="BOLD", color=QUIET)
    with page.table(
        borders_layout=TableBordersLayout.NONE, col_widths=tuple(widths), text_align=align, headings_style=head,
        line_height=4.4, padding=(0.2, 1),
    ) as drawn:  # fmt: skip
        drawn.row([name.replace("_", " ") for name in columns])
        for row in rows[:LONG]:
            drawn.row([str(row[name]) for name in columns])
    if len(rows) > LONG:
        page.set_text_color(*QUIET)
        page.cell(0, 5, f"and {len(rows) - LONG} more, in the data of this report", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _proof(page: FPDF, report: dict[str, Any]) -> None:
    _title(page, "Proof")
    page.set_font(FACE, size=7.5)
    for name, value in (
        ("closing", report["closing"]), ("digest of the data (SHA-256)", report["digest"]),
        ("head of the ledger\u2019s hash chain", report["chain_head"]),
        ("recorded order", report["recorded_order"]), ("plan book version", report["plan_book"]),
    ):  # fmt: skip
        page.multi_cell(0, 4.4, f"{name}: {value}", align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
