"""The stream `compensation`: each employee's salary history, one call and one page a person.

A row is known by its employee and day: of two entries of one day the later one holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from benehub.connect.cells import EMPTY, Cells, find
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.jsontext import number_text
from benehub.errors import DataError
from benehub.money import EXPONENT, parse_minor
from benehub_connectors.hibob import words
from benehub_connectors.hibob.account import VENDOR, Account
from benehub_connectors.hibob.employees import ID, value_at
from benehub_connectors.hibob.settings import HibobSettings

STREAM = "compensation"
_USED = frozenset({"id", "effectiveDate", "base", "payPeriod", "reason"})


def read_pay(link: Link) -> Iterator[Page]:
    """The list of people as an empty page, then a page a person."""
    account = Account(link)
    told = account.people((ID,))
    ids = [str(value_at(row, ID) or "") if isinstance(row, Mapping) else "" for row in told]
    nameless = [
        Incoming(f"row {number}", {}, problem=f"{ID} {EMPTY}: let the service user see it, then read again", row=number)
        for number, one in enumerate(ids, 1)
        if not one
    ]
    yield Page(STREAM, nameless, account.last, "people", full=not nameless)
    yield from _of(account, filter(None, ids))


def reread_pay(link: Link, employees: Iterable[str]) -> Iterator[Page]:
    """A page of each of these employees; nothing is said of anybody else."""
    for page in _of(Account(link), employees):
        yield replace(page, full=False)


def _of(account: Account, employees: Iterable[str]) -> Iterator[Page]:
    for one in employees:
        rows = account.salaries(one)
        if rows is None:
            what = "Bob knows no such employee any more: read again"
            yield Page(STREAM, [Incoming(one, {}, problem=what)], account.last, "salaries")
            continue
        found = [_row(row, one, number, account.settings) for number, row in enumerate(_last_of_day(rows), 1)]
        yield Page(STREAM, found, account.last, "salaries", full=not any("/row " in row.key for row in found))


def _last_of_day(rows: list[Any]) -> list[Any]:
    """The rows, of those of one day the one that was entered last; what has no day stays."""

    def entered(row: Any) -> int:
        number = row.get("id") if isinstance(row, Mapping) else None
        return number if isinstance(number, int) else 0

    kept: dict[Any, Any] = {}
    for at, row in enumerate(sorted(rows, key=entered)):
        day = row.get("effectiveDate") if isinstance(row, Mapping) else None
        kept[day if isinstance(day, str) and day else at] = row
    return list(kept.values())


def _row(row: Any, employee: str, number: int, settings: HibobSettings) -> Incoming:
    if not isinstance(row, Mapping):
        return Incoming(f"{employee}/row {number}", {}, problem="the row is no object", row=number)
    cells = Cells(row, VENDOR)
    start = cells.date("effectiveDate", needed=True)
    word = cells.needed("payPeriod")
    unit = find(word, words.PAY_PER, settings.pay_per)
    if word and unit is None:
        cells.wrong("payPeriod", f"says {word[:40]!r}, no unit of pay", "map it in the connection's pay_per")
    minor, currency = _base(cells)
    data = {"employee": employee, "effective_from": start, "rate_minor": minor, "per": unit, "currency": currency}
    return cells.incoming(f"{employee}/{start or f'row {number}'}", data, number, _USED)


def _base(cells: Cells) -> tuple[int, str]:
    """Minor units and currency of `{"value": 52000.5, "currency": "GBP"}`."""
    told = cells.raw.get("base")
    base = told if isinstance(told, Mapping) else {}
    currency = str(base.get("currency") or "")
    if base.get("value") is None or not currency:
        cells.wrong("base", EMPTY, cells.fill)
    elif currency not in EXPONENT:
        cells.wrong("base", f"is in {currency[:3]!r}", f"benehub knows {', '.join(EXPONENT)}")
    else:
        try:
            return parse_minor(number_text(base["value"]), currency), currency
        except DataError as error:
            cells.wrong("base", f"is {error.what}")
        except TypeError:
            cells.wrong("base", "is no number")
    return 0, currency
