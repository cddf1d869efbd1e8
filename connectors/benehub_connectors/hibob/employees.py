"""The stream `employee`: everybody in one answer, read whole each time. The hub's own comparison finds what changed.

A list's value is an id for machines and a word for people, so the answer is asked for with both: dates and numbers
come from the first, words from the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from benehub.connect.cells import Cells, all_named, find
from benehub.connect.connector import Incoming, Link, Page
from benehub.money import Rounding, round_to_int, shape
from benehub.records import EmploymentClass, Sex
from benehub_connectors.hibob import words
from benehub_connectors.hibob.account import VENDOR, Account
from benehub_connectors.hibob.settings import HibobSettings

STREAM = "employee"
ID = "root.id"

GRACE = timedelta(days=2)
"""How long the vendor may still call somebody active after the last day: time zones, its nightly run."""

_WORDS = ("sex", "country", "employment_class", "employment_type", "pay_group", "department", "location",
          "marital_status", "state")  # fmt: skip
"""Fields that are lists at the vendor's. The status is none: its word for people is in their language."""


def read_employees(link: Link) -> Iterator[Page]:
    """All employees in one page."""
    account = Account(link)
    translator = Translator(account.settings, link.clock().date())
    told = account.people(translator.asked, readable=True)
    found = [translator.row(row, number) for number, row in enumerate(told, 1)]
    yield Page(STREAM, found, account.last, "people", full=all_named(found))


class Translator:
    """Turns the vendor's employees into the record's fields."""

    def __init__(self, settings: HibobSettings, today: date) -> None:
        self._settings, self._today = settings, today
        fields = settings.fields.model_dump()
        mapped = dict.fromkeys((ID, *filter(None, fields.values())))
        self.asked = tuple(dict.fromkeys((*mapped, *filter(None, settings.extra_fields))))
        """Ids of the fields to ask for."""
        self._lists = frozenset(fields[name] for name in _WORDS)
        self._used = frozenset(mapped) - {settings.fields.weekly_hours}

    def row(self, row: Any, number: int) -> Incoming:
        """One employee, translated or with its problem."""
        if not isinstance(row, Mapping):
            return Incoming(f"row {number}", {}, problem="the row is no object", row=number)
        human = row.get("humanReadable")
        raw = {name: value_at(row, name) for name in self.asked}
        for name in self._lists & raw.keys():
            word = value_at(human, name) if isinstance(human, Mapping) else None
            raw[name] = raw[name] if word in (None, "") else word
        cells, fields = Cells(raw, VENDOR), self._settings.fields
        key = cells.needed(ID) or f"row {number}"
        data: dict[str, Any] = {
            name: cells.needed(getattr(fields, name)) for name in ("employee_number", "first_name", "last_name")
        }
        for name in ("middle_name", "email", "address1", "address2", "city", "state", "zip_code", "department",
                     "location", "marital_status"):  # fmt: skip
            data[name] = cells.text(getattr(fields, name))
        country = cells.text(fields.country)
        data["country"] = find(country, {}, self._settings.countries) or country or self._settings.country
        data["sex"] = find(cells.text(fields.sex), words.SEXES) or Sex.UNKNOWN
        data["ssn"] = cells.ssn(fields.ssn)
        data["birth_date"] = cells.date(fields.birth_date, needed=True)
        data |= self._employment(cells)
        return cells.incoming(key, data, number, self._used)

    def _employment(self, cells: Cells) -> dict[str, Any]:
        fields, settings = self._settings.fields, self._settings
        group = cells.text(fields.pay_group) or settings.default_pay_group or cells.needed(fields.pay_group)
        hired = cells.date(fields.hire_date, needed=True)
        word = cells.needed(fields.employment_class)
        found = find(word, words.CLASSES, settings.employment_classes)
        if word and found is None:
            cells.wrong(
                fields.employment_class,
                f"says {word[:40]!r}, which is no class",
                "map it in the connection's employment_classes",
            )
        hours = self._hours(cells, found)
        data: dict[str, Any] = {
            "hire_date": hired,
            "original_hire_date": cells.date(fields.original_hire_date),
            "termination_date": self._last_day(cells, hired),
            "employment_class": found,
            "employment_type": cells.text(fields.employment_type) or None,
            "pay_group": find(group, {}, settings.pay_groups) or group,
        }
        return data if hours is None else data | {"weekly_hours": hours}

    def _last_day(self, cells: Cells, hired: str | None) -> str | None:
        """The last day; that and the status must agree."""
        fields = self._settings.fields
        left, status = cells.date(fields.termination_date), cells.text(fields.status).casefold()
        if left and hired and left < hired:
            # A rehire: the last day is that of the employment before.
            left = None
        if status == "inactive" and not left and hired and hired <= self._today.isoformat():
            cells.wrong(fields.termination_date, "is empty for somebody who is no longer active")
        if left and status == "active" and left < (self._today - GRACE).isoformat():
            cells.wrong(fields.termination_date, "is past for somebody who is active")
        return left

    def _hours(self, cells: Cells, found: EmploymentClass | None) -> int | None:
        """Whole weekly hours: 37.5 is 37, which leaves every threshold in whole hours where it was."""
        field = self._settings.fields.weekly_hours
        text = cells.text(field)
        if not text:
            if found in (EmploymentClass.PART_TIME, EmploymentClass.SEASONAL):
                cells.wrong(field or "fields.weekly_hours", "is empty for part-time work", cells.fill)
            full = found in (EmploymentClass.FULL_TIME, EmploymentClass.CONTRACTOR)
            return self._settings.full_time_hours if full else None
        try:
            return round_to_int(Fraction(text), Rounding.DOWN)
        except (ValueError, ZeroDivisionError):
            cells.wrong(field, f"is no number of hours (shape {shape(text)!r})")
            return None


def value_at(told: Mapping[str, Any], field: str) -> Any:
    """A field's value: `work.startDate` in its category or as `/work/startDate`; `root.id` at the top.

    None where the vendor left it out.
    """
    parts = field.split(".")
    found: Any = told
    for part in parts[1:] if parts[0] == "root" else parts:
        found = found.get(part) if isinstance(found, Mapping) else None
    if found is None:
        flat = told.get("/" + "/".join(parts))
        found = flat.get("value") if isinstance(flat, Mapping) else flat
    return found
