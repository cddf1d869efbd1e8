"""Employees, read twice over: whole for the HRIS, and as the people that payroll knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from benehub.connect.connector import Incoming, Link, Page
from benehub.errors import DataError
from benehub.hours import parse_hours
from benehub.money import Rounding, round_to_int
from benehub.periods import parse_date
from benehub.records import EmploymentClass, Sex
from benehub_connectors.frappe_hr.cells import FILL, Cells
from benehub_connectors.frappe_hr.settings import FrappeSettings
from benehub_connectors.frappe_hr.site import Filter, changed_since, named, named_ones, newest, pages

GRACE = timedelta(days=2)
"""How long Frappe may still call somebody active after the last day: nobody sets the status at midnight."""

STATUSES_A_PAGE = 5000
"""Names with a status, of which a page holds more than of whole employees: 20,000 leavers are four calls a push."""

CLASSES = {
    "full-time": EmploymentClass.FULL_TIME,
    "part-time": EmploymentClass.PART_TIME,
    "contract": EmploymentClass.CONTRACTOR,
}
"""Frappe's Employment Types that mean the same to every employer; Probation, Intern and others do not."""

SEXES = {"female": Sex.FEMALE, "male": Sex.MALE}
_PERSON = ("employee_number", "first_name", "last_name", "date_of_birth", "status", "relieving_date")


def employees(link: Link, cursor: str | None) -> Iterator[Page]:
    """Pages of employees, those who left too; the cursor stands on the last one.

    It is the newest change before the first page was read, so that a change made meanwhile comes with the next read.

    Raises:
        DataError: Frappe refuses, or the cursor is none.
    """
    settings: FrappeSettings = link.settings
    latest = newest(link, "Employee") or cursor
    since = changed_since(cursor, settings, link.connection)
    found = pages(link, "Employee", since, _asked(settings))
    today, used = link.clock().date(), _used(settings)
    page, count = Page("employee", (), b"", "employees", full=cursor is None), 0
    for answer, items in found:
        if page.payload:
            yield page
        made = [_employee(Cells(row), count + at, settings, today, used) for at, row in enumerate(items, 1)]
        count += len(made)
        page = Page("employee", made, answer.body, f"employees to {count}", full=cursor is None and named(made))
    yield replace(page, cursor=latest)


def some_employees(link: Link, keys: Sequence[str]) -> Iterator[Page]:
    """These employees, as a webhook named them.

    Raises:
        DataError: Frappe refuses.
    """
    settings: FrappeSettings = link.settings
    today, used = link.clock().date(), _used(settings)
    for answer, items in named_ones(link, "Employee", keys, [], _asked(settings)):
        made = [_employee(Cells(row), number, settings, today, used) for number, row in enumerate(items, 1)]
        yield Page("employee", made, answer.body, "employees named")


def _fields(settings: FrappeSettings) -> list[str]:
    return [name for name in settings.fields.model_dump().values() if name]


def _asked(settings: FrappeSettings) -> list[str]:
    return [*_fields(settings), "status", "modified", *filter(None, settings.extra_fields)]


def _used(settings: FrappeSettings) -> frozenset[str]:
    """Fields that a record takes up; the others are kept beside it."""
    return frozenset({*_fields(settings), "name", "modified"} - {settings.fields.weekly_hours})


def payroll_people(link: Link) -> Iterator[Page]:
    """Everybody payroll knows. Never an SSN."""
    count = 0
    for answer, items in pages(link, "Employee", [], _PERSON):
        made = [_person(Cells(row), count + at) for at, row in enumerate(items, 1)]
        count += len(made)
        yield Page("payroll_person", made, answer.body, f"people to {count}", full=named(made))
    if not count:
        yield Page("payroll_person", (), b"", "people", full=True)


def leaving(link: Link) -> dict[str, date]:
    """The last day of everybody who is active and has one.

    Raises:
        DataError: Frappe refuses, or a last day is no date.
    """
    asked = [("status", "=", "Active"), ("relieving_date", ">=", "1900-01-01")]
    found = _by_name(link, asked, "relieving_date")
    return {name: parse_date(day, where=f"relieving_date of {name}") for name, day in found.items()}


def inactive(link: Link) -> dict[str, str]:
    """The status of everybody who is not active, however long ago he left and whether or not a last day says so.

    Raises:
        DataError: Frappe refuses.
    """
    return _by_name(link, [("status", "!=", "Active")], "status")


def _by_name(link: Link, asked: list[Filter], field: str) -> dict[str, str]:
    found = pages(link, "Employee", asked, [field], max(STATUSES_A_PAGE, link.settings.page_size))
    rows = (row for _, items in found for row in items)
    return {str(row["name"]): str(row.get(field) or "") for row in rows}


def _person(cells: Cells, number: int) -> Incoming:
    data = {
        "employee_number": cells.text("employee_number"),
        "first_name": cells.text("first_name"),
        "last_name": cells.text("last_name"),
        "birth_date": cells.date("date_of_birth"),
        "active": cells.text("status") != "Left",
    }
    return cells.document(data, number, frozenset({*_PERSON, "name"}))


def _employee(cells: Cells, number: int, settings: FrappeSettings, today: date, used: frozenset[str]) -> Incoming:
    fields = settings.fields
    data: dict[str, Any] = {
        name: cells.needed(getattr(fields, name)) for name in ("employee_number", "first_name", "last_name")
    }
    for name in ("middle_name", "email", "address1", "address2", "city", "state", "zip_code", "department",
                 "location", "marital_status"):  # fmt: skip
        data[name] = cells.text(getattr(fields, name))
    data["country"] = cells.text(fields.country) or "US"
    data["sex"] = SEXES.get(cells.text(fields.sex).casefold(), Sex.UNKNOWN)
    data["ssn"] = cells.ssn(fields.ssn)
    data["birth_date"] = cells.date(fields.birth_date, needed=True)
    data |= _employment(cells, settings, today)
    return cells.document(data, number, used)


def _employment(cells: Cells, settings: FrappeSettings, today: date) -> dict[str, Any]:
    fields = settings.fields
    hired, left = cells.date(fields.hire_date, needed=True), cells.date(fields.termination_date)
    status = cells.needed("status")
    if status == "Left" and not left:
        cells.wrong(fields.termination_date, "is empty for somebody who has left", FILL)
    if status == "Active" and left and left < (today - GRACE).isoformat():
        cells.wrong(fields.termination_date, "is past for somebody who is active")
    group = cells.text(fields.pay_group) or settings.default_pay_group or cells.needed(fields.pay_group)
    data: dict[str, Any] = {
        "hire_date": hired,
        "termination_date": left,
        "pay_group": settings.pay_groups.get(group, group),
    }
    word = cells.needed(fields.employment_class)
    found = {name.casefold(): one for name, one in settings.employment_classes.items()}.get(word.casefold())
    found = found or CLASSES.get(word.casefold())
    if found is None and word:
        told = f"says {word[:40]!r}, which is no class"
        cells.wrong(fields.employment_class, told, "map it in the connection's employment_classes")
    hours = _hours(cells, settings, found, status == "Left")
    data |= {"employment_class": found} if found else {}
    return data if hours is None else data | {"weekly_hours": hours}


def _hours(cells: Cells, settings: FrappeSettings, found: EmploymentClass | None, ended: bool) -> int | None:
    """Whole weekly hours: 37.5 is 37, which leaves every threshold in whole hours where it was."""
    field = settings.fields.weekly_hours
    text = cells.text(field)
    if not text:
        if found in (EmploymentClass.PART_TIME, EmploymentClass.SEASONAL) and not ended:
            cells.wrong(field or "fields.weekly_hours", "is empty for part-time work", FILL)
        return settings.full_time_hours if found is EmploymentClass.FULL_TIME else None
    try:
        hours: Fraction = parse_hours(text)
    except DataError:
        cells.wrong(field, "is no number of hours")
        return None
    return round_to_int(hours, Rounding.DOWN)
