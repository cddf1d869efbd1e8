"""The stream `employee`: everybody with the attributes asked for, later those changed since.

The cursor is the moment before the read, so a change made meanwhile comes with the next one. The vendor names
nobody whom it has deleted: only a full read tells, by their absence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from benehub.connect.cells import Cells, all_named, find, german_number
from benehub.connect.connector import Incoming, Link, Page
from benehub.money import Rounding, round_to_int, shape
from benehub.records import EmploymentClass, Sex
from benehub_connectors.personio import words
from benehub_connectors.personio.account import Account, cursor_of
from benehub_connectors.personio.attributes import cells_of, told_of
from benehub_connectors.personio.settings import PersonioSettings

STREAM = "employee"

GRACE = timedelta(days=2)
"""How long the vendor may still call somebody active after the last day: time zones, its nightly run."""

CONTRACT_END = "contract_end_date"
STATUS = "status"
_DAYS = ("birth_date", "hire_date", "original_hire_date", "termination_date")


def read_employees(link: Link, cursor: str | None) -> Iterator[Page]:
    """Pages of employees; the cursor stands on the last one."""
    account, latest = Account(link), cursor_of(link)
    translator = Translator(account.settings, link.clock().date())
    last = Page(STREAM, (), b"", "employees", full=cursor is None)
    for number, rows in enumerate(account.employees(translator.asked, cursor), 1):
        if number > 1:
            yield last
        found = [translator.row(row) for row in rows]
        full = cursor is None and all_named(found)
        last = Page(STREAM, found, account.last, f"employees {number}", full=full)
    # An account without anybody says so too: the answer of its empty page.
    yield replace(last, payload=last.payload or account.last, cursor=latest)


class Translator:
    """Turns the vendor's employees into the record's fields."""

    def __init__(self, settings: PersonioSettings, today: date) -> None:
        self._settings, self._today = settings, today
        fields = settings.fields.model_dump(exclude={"salary_from"})
        mapped = dict.fromkeys(("id", *filter(None, fields.values()), STATUS, CONTRACT_END))
        self.asked = tuple(dict.fromkeys((*mapped, *filter(None, settings.extra_attributes))))
        """Keys of the attributes to ask for."""
        self._days = (*(fields[name] for name in _DAYS if fields[name]), CONTRACT_END)
        self._used = frozenset(mapped) - {settings.fields.weekly_hours}
        self._count = 0

    def row(self, row: Any) -> Incoming:
        """One employee, translated or with its problem."""
        self._count += 1
        told = told_of(row)
        if told is None:
            return Incoming(f"row {self._count}", {}, problem="the row has no attributes", row=self._count)
        cells, fields = cells_of(told, self.asked, self._days, self._settings.zone), self._settings.fields
        key = cells.needed("id") or f"row {self._count}"
        data: dict[str, Any] = {
            name: cells.needed(getattr(fields, name)) for name in ("employee_number", "first_name", "last_name")
        }
        for name in ("middle_name", "email", "address1", "address2", "city", "state", "zip_code", "department",
                     "location", "marital_status"):  # fmt: skip
            data[name] = cells.text(getattr(fields, name))
        data["country"] = cells.text(fields.country) or self._settings.country
        data["sex"] = find(cells.text(fields.sex), words.SEXES) or Sex.UNKNOWN
        data["ssn"] = _ssn(cells, fields.ssn)
        data["birth_date"] = cells.date(fields.birth_date, needed=True)
        data |= self._employment(cells)
        return cells.incoming(key, data, self._count, self._used)

    def _employment(self, cells: Cells) -> dict[str, Any]:
        fields, settings = self._settings.fields, self._settings
        group = cells.text(fields.pay_group) or settings.default_pay_group or cells.needed(fields.pay_group)
        hired = cells.date(fields.hire_date, needed=True)
        hours = self._hours(cells)
        data: dict[str, Any] = {
            "hire_date": hired,
            "original_hire_date": cells.date(fields.original_hire_date),
            "termination_date": self._last_day(cells, hired),
            "employment_class": self._class(cells, hours),
            "pay_group": find(group, {}, settings.pay_groups) or group,
        }
        return data if hours is None else data | {"weekly_hours": hours}

    def _last_day(self, cells: Cells, hired: str | None) -> str | None:
        """The last day; of a contract that has run out without a termination, its end."""
        field = self._settings.fields.termination_date
        left, ends = cells.date(field), cells.date(CONTRACT_END)
        status = cells.text(STATUS).casefold()
        today = self._today.isoformat()
        if left and hired and left < hired:
            # A rehire: the last day is that of the employment before.
            left = None
        if status == "inactive" and not left:
            left = ends if ends and ends < today else None
            if not left and hired and hired <= today:
                cells.wrong(field, "is empty for somebody who is no longer active")
        if left and status == "active" and left < (self._today - GRACE).isoformat():
            cells.wrong(field, "is past for somebody who is active")
        return left

    def _class(self, cells: Cells, hours: int | None) -> EmploymentClass | None:
        """The class by the employment type's word; who is simply employed has one by weekly hours."""
        fields, settings = self._settings.fields, self._settings
        word = cells.needed(fields.employment_class)
        found = find(word, words.CLASSES, settings.employment_classes)
        if found is not None or not word:
            return found
        if word.casefold() != words.BY_HOURS:
            cells.wrong(
                fields.employment_class,
                f"says {word[:40]!r}, which is no class",
                "map it in the connection's employment_classes",
            )
        elif hours is not None:
            full = hours >= settings.full_time_from
            return EmploymentClass.FULL_TIME if full else EmploymentClass.PART_TIME
        return None

    def _hours(self, cells: Cells) -> int | None:
        """Whole weekly hours: 38.5 is 38, which leaves every threshold in whole hours where it was."""
        field, contractor = self._settings.fields.weekly_hours, self._settings.fields.employment_class
        text = cells.text(field)
        if not text:
            if cells.text(contractor).casefold() == words.BY_HOURS:
                cells.wrong(field, "is empty", cells.fill)
            return None
        try:
            return round_to_int(Fraction(text), Rounding.DOWN)
        except (ValueError, ZeroDivisionError):
            cells.wrong(field, f"is no number of hours (shape {shape(text)!r})")
            return None


def _ssn(cells: Cells, field: str) -> str | None:
    """The nine digits of the attribute that holds them, where one does.

    The hub's record takes no other national number; a German one is said to be one, and not cut to fit.
    """
    if german_number(cells.text(field)):
        cells.wrong(
            field,
            "holds a German insurance or tax number, and the employee's record takes nine digits",
            "name an attribute with nine digits in fields.ssn of the connection's settings, or none",
        )
        return None
    return cells.ssn(field)


def own_id(told: Mapping[str, Any]) -> str:
    """The vendor's id of an employee; empty where it is missing."""
    value = told.get("id")
    found = value.get("value") if isinstance(value, Mapping) else None
    return "" if found is None or isinstance(found, bool | Mapping | list) else str(found)
