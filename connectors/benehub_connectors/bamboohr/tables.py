"""The streams beside the employee: pay, dependents, leave.

Pay has a row's date as its key within the employee, since the vendor tells a row's id in a full read only.
Dependents and leave know no "changed since": they are read whole (leave within a window of days).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from benehub.connect.cells import EMPTY, Cells, all_named, find
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.jsontext import number_text
from benehub.errors import DataError
from benehub.hours import exact_text, parse_hours
from benehub.money import EXPONENT, parse_minor
from benehub.records import Sex
from benehub_connectors.bamboohr import words
from benehub_connectors.bamboohr.account import DAWN, VENDOR, Account, moment
from benehub_connectors.bamboohr.settings import BambooSettings

TABLE = "compensation"
_PAY_USED = frozenset({"id", "employeeId", "startDate", "rate", "paidPer"})
_DEPENDENT_USED = frozenset(
    {
        "id",
        "employeeId",
        "firstName",
        "middleName",
        "lastName",
        "dateOfBirth",
        "gender",
        "relationship",
        "maskedSSN",
        "maskedSIN",
    }
)
_LEAVE_USED = frozenset({"id", "employeeId", "name", "start", "end", "status", "type", "amount", "actions"})
_DECIDED = "approved,denied,canceled,superceded"


def read_compensation(link: Link, cursor: str | None) -> Iterator[Page]:
    """Pay rows of everybody, or of the employees changed since the cursor; one page either way.

    The vendor names no `latest` with changed rows: the newest `lastChanged` among them is the cursor.
    """
    account = Account(link)
    if cursor is None:
        latest = account.changed(DAWN)["latest"]
        rows = account.table(TABLE)
        yield Page("compensation", pay_rows(rows, account.settings), account.last, TABLE, latest, full=True)
        return
    changed = account.changed_rows(TABLE, cursor)
    times = [cursor, *(what["lastChanged"] for what in changed.values() if what.get("lastChanged"))]
    rows = [
        row | {"employeeId": one} if isinstance(row, dict) else row
        for one, what in changed.items()
        for row in what.get("rows") or ()
    ]
    latest = max(times, key=lambda text: moment(text, link.connection))
    yield Page("compensation", pay_rows(rows, account.settings), account.last, TABLE, latest)


def pay_rows(rows: list[Any], settings: BambooSettings) -> list[Incoming]:
    """Pay rows in the order they were entered: of two on one day the later one holds."""

    def order(row: Any) -> tuple[str, int]:
        one = row if isinstance(row, dict) else {}
        number = str(one.get("id") or "0")
        return str(one.get("employeeId")), int(number) if number.isdecimal() else 0

    return [_pay(row, number, settings) for number, row in enumerate(sorted(rows, key=order), 1)]


def _pay(row: Any, number: int, settings: BambooSettings) -> Incoming:
    if not isinstance(row, dict):
        return Incoming(f"row {number}", {}, problem="the row is no object", row=number)
    cells = Cells(row, VENDOR)
    employee = cells.needed("employeeId")
    start = cells.date("startDate", needed=True)
    minor, currency = _rate(cells, settings)
    per = cells.text("paidPer") or ("hour" if cells.text("type").casefold() == "hourly" else "")
    unit = find(per, words.PAY_PER, settings.pay_per)
    if unit is None:
        cells.wrong("paidPer", f"says {per[:40]!r}, no unit of pay", "map it in the connection's pay_per")
    data = {
        "employee": employee,
        "effective_from": start,
        "rate_minor": minor,
        "per": unit,
        "currency": currency,
    }
    return cells.incoming(f"{employee or '?'}/{start or f'row {number}'}", data, number, _PAY_USED)


def _rate(cells: Cells, settings: BambooSettings) -> tuple[int, str]:
    """Minor units and currency of `{"value": "52000.00", "currency": "USD"}` or `52000.00 USD`."""
    rate = cells.raw.get("rate")
    currency = settings.currency
    if isinstance(rate, Mapping):
        currency, rate = str(rate.get("currency") or currency), rate.get("value")
    try:
        text = number_text(rate).strip() if rate is not None else ""
    except TypeError:
        text = ""
    if named := re.fullmatch(r"(.*\d)\s*([A-Z]{3})", text):
        text, currency = named[1], named[2]
    if not text:
        cells.wrong("rate", EMPTY, cells.fill)
    elif currency not in EXPONENT:
        cells.wrong("rate", f"is in {currency[:3]!r}", f"benehub knows {', '.join(EXPONENT)}")
    else:
        try:
            return parse_minor(text, currency), currency
        except DataError as error:
            cells.wrong("rate", f"is {error.what}")
    return 0, currency


def read_dependents(link: Link) -> Iterator[Page]:
    """All dependents. The vendor shows their SSN masked only, so it stays empty."""
    account = Account(link)
    rows = account.dependents()
    settings = account.settings
    found = [_dependent(row, number, settings) for number, row in enumerate(rows, 1)]
    yield Page("dependent", found, account.last, "dependents", full=all_named(found))


def _dependent(row: Any, number: int, settings: BambooSettings) -> Incoming:
    if not isinstance(row, dict):
        return Incoming(f"row {number}", {}, problem="the row is no object", row=number)
    cells = Cells(row, VENDOR)
    key = cells.needed("id") or f"row {number}"
    word = cells.needed("relationship")
    relationship = find(word, words.RELATIONSHIPS, settings.relationships)
    if word and relationship is None:
        cells.wrong("relationship", f"says {word[:40]!r}", "map it in the connection's relationships")
    data = {
        "employee": cells.needed("employeeId"),
        "first_name": cells.needed("firstName"),
        "middle_name": cells.text("middleName"),
        "last_name": cells.needed("lastName"),
        "birth_date": cells.date("dateOfBirth", needed=True),
        "sex": find(cells.text("gender"), words.SEXES) or Sex.UNKNOWN,
        "relationship": relationship,
    }
    return cells.incoming(key, data, number, _DEPENDENT_USED)


def read_leave(link: Link) -> Iterator[Page]:
    """Leave that was decided on, within the window: a request canceled later comes with its new status."""
    account = Account(link)
    settings, today = account.settings, link.clock().date()
    start = today - timedelta(days=settings.leave_days_back)
    end = today + timedelta(days=settings.leave_days_ahead)
    rows = account.time_off(start.isoformat(), end.isoformat(), _DECIDED)
    # Never full: what slides out of the window has not been taken back.
    found = [_leave(row, number, settings) for number, row in enumerate(rows, 1)]
    yield Page("leave_request", found, account.last, "time off")


def _leave(row: Any, number: int, settings: BambooSettings) -> Incoming:
    if not isinstance(row, dict):
        return Incoming(f"row {number}", {}, problem="the row is no object", row=number)
    cells = Cells(row, VENDOR)
    key = cells.needed("id") or f"row {number}"
    kind, status = Cells(_part(row, "type"), VENDOR), Cells(_part(row, "status"), VENDOR)
    name = kind.text("name") or kind.text("id")
    policy = find(kind.text("id"), {}, settings.leave_policies)
    word = status.text("status")
    meaning = find(word, words.LEAVE_STATUSES)
    if meaning is None:
        cells.wrong("status", f"says {word[:40]!r}, which is no status of a request")
    if not name:
        cells.wrong("type", "has no name")
    data = {
        "employee": cells.needed("employeeId"),
        "policy": policy or find(name, {}, settings.leave_policies) or name,
        "start": cells.date("start", needed=True),
        "end": cells.date("end", needed=True),
        "hours": _hours(cells, settings),
        "status": meaning,
    }
    return cells.incoming(key, data, number, _LEAVE_USED)


def _hours(cells: Cells, settings: BambooSettings) -> str:
    """Hours as told; a day is `hours_per_day` hours."""
    amount = _part(cells.raw, "amount")
    factor = {"hours": 1, "days": settings.hours_per_day}.get(str(amount.get("unit")))
    try:
        text = number_text(amount.get("amount"))
        parse_hours(text)
    except (TypeError, ValueError, DataError):
        cells.wrong("amount", "is no number")
        return ""
    if factor is None:
        cells.wrong("amount", "is neither in hours nor in days")
        return ""
    return text if factor == 1 else exact_text(parse_hours(text) * factor)


def _part(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = row.get(name)
    return found if isinstance(found, Mapping) else {}
