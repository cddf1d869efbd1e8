"""The stream `leave_request`: absences of both of the vendor's lists, those told in days and those in hours.

An absence that is taken back is deleted at the vendor's, and no list tells that. So the stream is read whole, from a
fixed day on where the settings name one: what is absent is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from benehub.connect.cells import EMPTY, Cells, all_named, find
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.jsontext import number_text
from benehub.errors import DataError
from benehub.hours import exact_text, parse_hours
from benehub_connectors.personio import words
from benehub_connectors.personio.account import VENDOR, Account
from benehub_connectors.personio.attributes import day_text, told_of
from benehub_connectors.personio.employees import own_id
from benehub_connectors.personio.settings import PersonioSettings

STREAM = "leave_request"
_DAYS_USED = frozenset({"id", "employee", "time_off_type", "start_date", "end_date", "days_count", "status",
                        "certificate"})  # fmt: skip
_HOURS_USED = frozenset({"id", "employee", "absence_type", "start", "end", "effective_duration", "breakdowns",
                         "timezone", "status", "certificate", "comment"})  # fmt: skip
"""A certificate and a comment may tell of health: they are not kept."""


_Told = tuple[dict[str, Any], frozenset[str]]
"""Fields of the record, and which of the vendor's they came from."""

_Translate = Callable[[Cells, PersonioSettings], _Told]


def read_absences(link: Link) -> Iterator[Page]:
    """Pages of all absences."""
    account = Account(link)
    settings, count = account.settings, 0
    lists = (("days", account.days_off, _in_days), ("hours", account.hours_off, _in_hours))
    for name, fetch, translate in lists:
        for number, rows in enumerate(fetch(), 1):
            found = [_row(row, count + at, settings, translate) for at, row in enumerate(rows, 1)]
            count += len(found)
            yield Page(STREAM, found, account.last, f"{name} {number}", full=all_named(found))
    if not count:
        yield Page(STREAM, (), account.last, "absences", full=True)


def _row(
    row: Any, number: int, settings: PersonioSettings, translate: Callable[[Cells, PersonioSettings], _Told]
) -> Incoming:
    told = told_of(row)
    if told is None:
        return Incoming(f"row {number}", {}, problem="the row has no attributes", row=number)
    cells = Cells(told, VENDOR)
    key = cells.needed("id") or f"row {number}"
    employee = own_id(told_of(told.get("employee")) or {})
    if not employee:
        cells.wrong("employee", EMPTY, cells.fill)
    word = cells.text("status")
    status = find(word, words.LEAVE_STATUSES)
    if status is None:
        cells.wrong("status", f"says {word[:40]!r}, which is no status of an absence")
    data, used = translate(cells, settings)
    return cells.incoming(key, {"employee": employee, "status": status, **data}, number, used)


def _in_days(cells: Cells, settings: PersonioSettings) -> _Told:
    kind = told_of(cells.raw.get("time_off_type")) or {}
    days = {name: day_text(cells.raw.get(name), settings.zone) for name in ("start_date", "end_date")}
    dated = Cells(days, VENDOR)
    data = {
        "policy": _policy(cells, "time_off_type", kind, "id", settings),
        "start": dated.date("start_date", needed=True),
        "end": dated.date("end_date", needed=True),
        "hours": _hours_of_days(cells, settings),
    }
    cells.problems += dated.problems
    return data, _DAYS_USED


def _hours_of_days(cells: Cells, settings: PersonioSettings) -> str:
    """A day is `hours_per_day` hours; half days are counted as such in the vendor's figure."""
    try:
        return exact_text(parse_hours(number_text(cells.raw.get("days_count"))) * settings.hours_per_day)
    except (TypeError, ValueError, DataError):
        cells.wrong("days_count", "is no number")
        return ""


def _in_hours(cells: Cells, settings: PersonioSettings) -> _Told:
    told = cells.raw.get("absence_type")
    kind = told if isinstance(told, Mapping) else {}
    first, last = _span(cells, settings)
    data = {
        "policy": _policy(cells, "absence_type", kind, "time_off_type_id", settings),
        "start": first,
        "end": last,
        "hours": _hours_of_minutes(cells),
    }
    return data, _HOURS_USED


def _hours_of_minutes(cells: Cells) -> str:
    minutes = cells.raw.get("effective_duration")
    if not isinstance(minutes, int) or isinstance(minutes, bool) or minutes < 0:
        cells.wrong("effective_duration", "is no number of minutes")
        return ""
    return f"{minutes // 60}:{minutes % 60:02d}"


def _policy(cells: Cells, field: str, kind: Mapping[str, Any], number: str, settings: PersonioSettings) -> str:
    """The plan book's policy by the type's id or name; else the vendor's name."""
    names = [str(kind[name]) for name in ("id", number, "name") if kind.get(name) is not None]
    for name in names:
        if (found := find(name, {}, settings.leave_policies)) is not None:
            return found
    if not names:
        cells.wrong(field, "has no name")
        return ""
    return names[-1]


def _span(cells: Cells, settings: PersonioSettings) -> tuple[str | None, str | None]:
    """First and last day: by the vendor's breakdown into days, else by its moments in the absence's zone."""
    parts = cells.raw.get("breakdowns")
    days = [str(one.get("date") or "") for one in parts if isinstance(one, Mapping)] if isinstance(parts, list) else []
    if days and all(days):
        told = Cells({"breakdowns": min(days), "last": max(days)}, VENDOR)
        first, last = told.date("breakdowns"), told.date("last")
        cells.problems += told.problems
        return first, last
    try:
        zone = ZoneInfo(cells.text("timezone") or settings.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        cells.wrong("timezone", "is no time zone")
        return None, None
    return _day(cells, "start", zone, last=False), _day(cells, "end", zone, last=True)


def _day(cells: Cells, field: str, zone: ZoneInfo, *, last: bool) -> str | None:
    """The day of a moment; an end at midnight is the end of the day before."""
    text = cells.text(field)
    if not text:
        cells.wrong(field, EMPTY if not last else "is open", cells.fill)
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        cells.wrong(field, "is no moment")
        return None
    local = found.astimezone(zone) if found.tzinfo else found
    if last and local.time() == time():
        local -= timedelta(days=1)
    return local.date().isoformat()
