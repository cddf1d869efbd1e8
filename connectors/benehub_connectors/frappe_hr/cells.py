"""A Frappe document while it is translated: any vendor's cells, with amounts, check boxes and the document's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benehub.connect import cells
from benehub.connect.connector import Incoming
from benehub.connect.jsontext import number_text
from benehub.errors import DataError
from benehub.money import parse_minor

FILL = "fill it in Frappe, then read again"


class Cells(cells.Cells):
    """One document or child row."""

    def __init__(self, raw: Any) -> None:
        super().__init__(raw if isinstance(raw, Mapping) else {}, "Frappe")
        if not isinstance(raw, Mapping):
            self.problems.append("the row is no object: report it to the site")

    def minor(self, field: str, currency: str) -> int:
        """Minor units of the number's own digits; an amount finer than them is a fault, nothing is rounded."""
        try:
            return parse_minor(number_text(self.raw.get(field)), currency)
        except TypeError:
            self.wrong(field, "is no amount")
        except DataError as error:
            self.wrong(field, f"is {error.what}", "let Frappe round the component to the currency")
        return 0

    def flag(self, field: str) -> bool:
        """A check box: 0 or 1."""
        return self.text(field) == "1"

    def document(self, data: Mapping[str, Any], row: int, used: frozenset[str]) -> Incoming:
        """The row for intake under the document's own name."""
        return self.incoming(self.text("name") or f"row {row}", data, row, used)
