"""The stream `compensation`: each employee's present salary, one row a person.

Personio tells what somebody earns and not since when. So the day is read from an attribute of the employer's own
(`fields.salary_from`); without one the row is a problem, unless the settings say that the hire date is to stand for
it. Who has no pay at all in Personio (an external) is a problem too: nobody is left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from benehub.connect.cells import Cells, all_named, find
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.jsontext import number_text
from benehub.errors import DataError
from benehub.money import EXPONENT, parse_minor
from benehub_connectors.personio import words
from benehub_connectors.personio.account import Account, cursor_of
from benehub_connectors.personio.attributes import cells_of, told_of
from benehub_connectors.personio.settings import PersonioSettings

STREAM = "compensation"
FIXED, INTERVAL, HOURLY = "fix_salary", "fix_salary_interval", "hourly_salary"


def read_pay(link: Link, cursor: str | None) -> Iterator[Page]:
    """Pages of salaries, of everybody or of those changed since; the cursor stands on the last one."""
    account, latest = Account(link), cursor_of(link)
    settings = account.settings
    day = settings.fields.salary_from or settings.fields.hire_date
    asked = ("id", FIXED, INTERVAL, HOURLY, day)
    last, count = Page(STREAM, (), b"", "salaries", full=cursor is None), 0
    for number, rows in enumerate(account.employees(asked, cursor), 1):
        if number > 1:
            yield last
        found = [_row(row, count + at, settings, asked) for at, row in enumerate(rows, 1)]
        count += len(found)
        full = cursor is None and all_named(found)
        last = Page(STREAM, found, account.last, f"salaries {number}", full=full)
    yield replace(last, payload=last.payload or account.last, cursor=latest)


def _row(row: Any, number: int, settings: PersonioSettings, asked: tuple[str, ...]) -> Incoming:
    told = told_of(row)
    if told is None:
        return Incoming(f"row {number}", {}, problem="the row has no attributes", row=number)
    day = asked[-1]
    cells = cells_of(told, asked, (day,), settings.zone)
    employee = cells.needed("id")
    start = cells.date(day, needed=True)
    if not settings.fields.salary_from and settings.undated_salary == "problem":
        cells.wrong(
            "fields.salary_from",
            "names no attribute, and Personio does not tell since when a salary holds",
            "name the custom attribute that holds the day in the connection's settings, or set undated_salary",
        )
    field, unit = _which(cells, settings)
    minor, currency = _amount(cells, told, field, settings)
    data = {"employee": employee, "effective_from": start, "rate_minor": minor, "per": unit, "currency": currency}
    # One salary a person is all that is told, so the person is its key.
    return cells.incoming(employee or f"row {number}", data, number, frozenset(asked))


def _which(cells: Cells, settings: PersonioSettings) -> tuple[str, str | None]:
    """Whether the fixed salary or the one by the hour is paid, and the unit; the vendor tells the other as 0."""
    if not _some(cells, FIXED) and _some(cells, HOURLY):
        return HOURLY, "hour"
    word = cells.text(INTERVAL)
    unit = find(word, words.PAY_PER, settings.pay_per)
    if unit is None and cells.text(FIXED):
        cells.wrong(INTERVAL, f"says {word[:40]!r}, no unit of pay", "map it in the connection's pay_per")
    return FIXED, unit


def _some(cells: Cells, field: str) -> bool:
    """Whether a salary is told and is not 0; what is no number is left for `_amount` to tell."""
    text = cells.text(field)
    try:
        return bool(text) and Fraction(text) != 0
    except (ValueError, ZeroDivisionError):
        return True


def _amount(cells: Cells, told: Mapping[str, Any], field: str, settings: PersonioSettings) -> tuple[int, str]:
    attribute = told.get(field)
    named = attribute.get("currency") if isinstance(attribute, Mapping) else None
    currency = str(named or settings.currency)
    text = cells.needed(field)
    if not text:
        return 0, currency
    if currency not in EXPONENT:
        cells.wrong(field, f"is in {currency[:3]!r}", f"benehub knows {', '.join(EXPONENT)}")
        return 0, currency
    try:
        return parse_minor(number_text(text), currency), currency
    except DataError as error:
        cells.wrong(field, f"is {error.what}")
    return 0, currency
