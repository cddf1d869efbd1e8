"""The stream `leave_request`: what happened to requests for time off since the cursor.

The vendor tells changes, each as the request was at that moment: created (approved, as pending ones are not asked
for), canceled or deleted. It gives half a year at most in one call. Of several changes of one request an end
outweighs the rest; where two others differ, the request is asked for as it stands now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from benehub.connect.cells import Cells, find
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.jsontext import number_text
from benehub.errors import DataError
from benehub.hours import exact_text, parse_hours
from benehub.records import LeaveStatus
from benehub_connectors.hibob.account import VENDOR, Account
from benehub_connectors.hibob.settings import HibobSettings

STREAM = "leave_request"

SPAN = timedelta(days=180)
"""The vendor refuses more than six months in one call."""

OVERLAP = timedelta(hours=1)
"""The cursor is our clock; the vendor's may go slower. What is read twice does no harm."""

_USED = frozenset({"changeType", "employeeId", "employeeDisplayName", "employeeEmail", "requestId",
                   "policyTypeDisplayName", "type", "startDate", "endDate", "date", "durationUnit", "totalCost",
                   "status", "approved", "changeReason", "description", "reasonCode", "attachmentLinks"})  # fmt: skip
"""Reasons, descriptions and attachments may tell of health: they are not kept."""

_STATUSES = {
    "created": LeaveStatus.APPROVED,
    "approved": LeaveStatus.APPROVED,
    "pending": LeaveStatus.REQUESTED,
    "declined": LeaveStatus.DENIED,
    "rejected": LeaveStatus.DENIED,
    "canceled": LeaveStatus.CANCELED,
    "cancelled": LeaveStatus.CANCELED,
}
"""By the type of a change, or by a request's own status."""

_ENDS = {"canceled": 1, "deleted": 2}


def read_time_off(link: Link, cursor: str | None) -> Iterator[Page]:
    """A page for each half year; the cursor stands on the last one.

    Raises:
        DataError: the cursor is no moment.
    """
    account, now = Account(link), link.clock().astimezone(UTC)
    since = _begin(account.settings, now) if cursor is None else _moment(cursor, link.connection) - OVERLAP
    while True:
        until = min(since + SPAN, now)
        rows = account.time_off(since, until)
        payload = account.last
        found = _translated(rows, account)
        done = until >= now
        yield Page(
            STREAM, found, payload, f"time off from {since.date()}", now.isoformat(timespec="seconds") if done else None
        )
        if done:
            return
        # A change in the second where two calls meet comes twice rather than never.
        since = until - timedelta(seconds=1)


def _begin(settings: HibobSettings, now: datetime) -> datetime:
    first = settings.leave_from
    return now - SPAN if first is None else min(datetime.combine(first, time(), UTC), now)


def _moment(cursor: str, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(cursor)
    except ValueError:
        raise DataError("not a cursor of this connector", where=where, mend="Read the stream in full once") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _translated(rows: list[Any], account: Account) -> list[Incoming]:
    """One row a request."""
    by_key: dict[str, list[Mapping[str, Any]]] = {}
    found: list[Incoming] = []
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping) or row.get("requestId") in (None, ""):
            what = "the change names no request" if isinstance(row, Mapping) else "the row is no object"
            found.append(Incoming(f"row {number}", {}, problem=what, row=number))
            continue
        by_key.setdefault(str(row["requestId"]), []).append(row)
    for number, (key, changes) in enumerate(by_key.items(), 1):
        found.append(_row(key, _newest(key, changes, account), number, account.settings))
    return found


def _newest(key: str, changes: list[Mapping[str, Any]], account: Account) -> Mapping[str, Any]:
    """The change that tells how a request stands; Bob is asked where two of them differ and none is an end."""
    last = max(changes, key=lambda one: _ENDS.get(_kind(one), 0))
    if _kind(last) in _ENDS or all(one == last for one in changes):
        return last
    now = account.request(str(last.get("employeeId") or ""), key)
    if now is None:
        return {**last, "changeType": "Deleted"}
    return {**now, "changeType": now.get("status")}


def _kind(change: Mapping[str, Any]) -> str:
    return str(change.get("changeType") or "").casefold()


def _row(key: str, told: Mapping[str, Any], number: int, settings: HibobSettings) -> Incoming:
    if _kind(told) == "deleted":
        return Incoming(key, {}, row=number, deleted=True)
    cells = Cells(told, VENDOR)
    word = cells.text("changeType")
    status = find(word, _STATUSES)
    if status is None:
        cells.wrong("changeType", f"says {word[:40]!r}, which is no change of a request")
    policy = cells.needed("policyTypeDisplayName")
    first, last = ("date", "date") if cells.text("type") == "hours" else ("startDate", "endDate")
    data = {
        "employee": cells.needed("employeeId"),
        "policy": find(policy, {}, settings.leave_policies) or policy,
        "start": cells.date(first, needed=True),
        "end": cells.date(last, needed=True),
        "hours": _hours(cells, settings),
        "status": status,
    }
    return cells.incoming(key, data, number, _USED)


def _hours(cells: Cells, settings: HibobSettings) -> str:
    """What the request takes of the balance, without days off; a day is `hours_per_day` hours."""
    unit = cells.text("durationUnit")
    factor = {"hours": 1, "days": settings.hours_per_day}.get(unit)
    if factor is None:
        cells.wrong("durationUnit", f"says {unit[:40]!r}, neither days nor hours")
        return ""
    try:
        return exact_text(parse_hours(number_text(cells.raw.get("totalCost"))) * factor)
    except (TypeError, DataError):
        cells.wrong("totalCost", "is no number")
        return ""
