"""Leave: what was asked for, and what is left of what was allotted. Frappe counts it in days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.jsontext import number_text
from benehub.connect.messages import read
from benehub.errors import DataError
from benehub.hours import exact_text, parse_hours
from benehub.records import LeaveStatus
from benehub_connectors.frappe_hr.cells import Cells
from benehub_connectors.frappe_hr.settings import FrappeSettings
from benehub_connectors.frappe_hr.site import REFUSALS, changed_since, named, newest, pages, refuse

BALANCE = "/api/method/hrms.hr.doctype.leave_application.leave_application.get_leave_balance_on"
"""What a Leave Allocation comes to on a day is worked out by Frappe alone: carry-forward, expiry, the ledger."""

_REQUEST = ("employee", "leave_type", "from_date", "to_date", "total_leave_days", "status", "docstatus", "modified")
_ALLOCATION = ("employee", "leave_type", "from_date", "to_date", "total_leaves_allocated")


def leave_requests(link: Link, cursor: str | None) -> Iterator[Page]:
    """Pages of Leave Applications; the cursor stands on the last one."""
    settings: FrappeSettings = link.settings
    latest = newest(link, "Leave Application") or cursor
    since = changed_since(cursor, settings, link.connection)
    page, count = Page("leave_request", (), b"", "leave", full=cursor is None), 0
    for answer, items in pages(link, "Leave Application", since, _REQUEST):
        if page.payload:
            yield page
        made = [_request(Cells(row), count + at, settings) for at, row in enumerate(items, 1)]
        count += len(made)
        page = Page("leave_request", made, answer.body, f"leave to {count}", full=cursor is None and named(made))
    yield replace(page, cursor=latest)


def leave_balances(link: Link) -> Iterator[Page]:
    """What is left today of every allocation that holds today: one call each, for only Frappe can tell it."""
    settings: FrappeSettings = link.settings
    today = link.clock().date()
    running = [("docstatus", "=", 1), ("from_date", "<=", today.isoformat()), ("to_date", ">=", today.isoformat())]
    count = 0
    for answer, items in pages(link, "Leave Allocation", running, _ALLOCATION):
        made = [_balance(link, Cells(row), count + at, settings, today) for at, row in enumerate(items, 1)]
        count += len(made)
        yield Page("leave_balance", made, answer.body, f"balances to {count}")


def _request(cells: Cells, number: int, settings: FrappeSettings) -> Incoming:
    kind = cells.needed("leave_type")
    data: dict[str, Any] = {
        "employee": cells.needed("employee"),
        "policy": settings.leave_policies.get(kind, kind),
        "start": cells.date("from_date", needed=True),
        "end": cells.date("to_date", needed=True),
        "hours": _hours(cells, "total_leave_days", cells.raw.get("total_leave_days"), settings),
        "status": _status(cells),
    }
    return cells.document(data, number, frozenset({*_REQUEST, "name"}))


def _status(cells: Cells) -> LeaveStatus | None:
    """An application counts once it is submitted; one that is approved and still a draft is only asked for."""
    word, state = cells.needed("status"), cells.text("docstatus")
    if state == "2" or word == "Cancelled":
        return LeaveStatus.CANCELED
    known = {"Open": LeaveStatus.REQUESTED, "Approved": LeaveStatus.APPROVED, "Rejected": LeaveStatus.DENIED}
    if word not in known or state not in ("0", "1"):
        cells.wrong("status", f"says {word[:40]!r}, which is no status of an application")
        return None
    return LeaveStatus.REQUESTED if state == "0" else known[word]


def _balance(link: Link, cells: Cells, number: int, settings: FrappeSettings, today: date) -> Incoming:
    employee, kind = cells.needed("employee"), cells.needed("leave_type")
    left: Any = None
    if employee and kind:
        asked = {"employee": employee, "leave_type": kind, "date": today.isoformat()}
        try:
            answer = link.http().send(read(BALANCE, asked, accept=REFUSALS))
            refuse(answer)
            left = answer.data.get("message") if isinstance(answer.data, dict) else None
        except DataError as error:
            cells.problems.append(str(error))
    data = {
        "employee": employee,
        "code": settings.leave_codes.get(kind, kind),
        "as_of": today.isoformat(),
        "hours": _hours(cells, "balance", left, settings),
    }
    return cells.document(data, number, frozenset({"name", "employee", "leave_type"}))


def _hours(cells: Cells, field: str, days: Any, settings: FrappeSettings) -> str:
    """Hours of a figure of days, exactly."""
    try:
        return exact_text(parse_hours(number_text(days)) * settings.hours_per_day)
    except (TypeError, DataError):
        cells.wrong(field, "is no number of days")
        return ""
