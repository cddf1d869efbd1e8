"""The stream `employee`: everybody in a few large answers, later only those whom the vendor names as changed.

A full read asks for the changes since ever first: their `latest` is the cursor, taken before the rows are
read, so that a change made meanwhile comes with the next read. An incremental read asks for the changes and
then for those employees' rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import islice
from typing import Any

from benehub.connect.cells import Cells, all_named, find
from benehub.connect.connector import Incoming, Link, Page
from benehub.money import Rounding, round_to_int, shape
from benehub.records import EmploymentClass, Sex
from benehub_connectors.bamboohr import words
from benehub_connectors.bamboohr.account import DAWN, VENDOR, Account, moment
from benehub_connectors.bamboohr.settings import BambooSettings

STREAM = "employee"

GRACE = timedelta(days=2)
"""How long the vendor may still call somebody active after the last day: time zones, its nightly run."""


def read_employees(link: Link, cursor: str | None) -> Iterator[Page]:
    """Pages of employees; the cursor stands on the last one.

    The vendor's deletions come with an incremental read, as rows of their own. In a full read those who are
    gone are absent.
    """
    account = Account(link)
    changes = account.changed(cursor or DAWN)
    latest = max(changes["latest"], cursor or DAWN, key=lambda text: moment(text, link.connection))
    if cursor is None:
        first = Page(STREAM, (), account.last, "changed", full=True)
        rest = _everybody(account, link)
    else:
        new = _new(changes["employees"], cursor, link.connection)
        gone = [one for one in new if changes["employees"][one].get("action") == "Deleted"]
        first = Page(STREAM, [Incoming(one, {}, deleted=True) for one in gone], account.last, "changed")
        rest = _some(account, link, cursor, changes["employees"], frozenset(new))
    for page in rest:
        yield first
        first = page
    yield replace(first, cursor=latest)


def read_some(link: Link, ids: Sequence[str]) -> Iterator[Page]:
    """The rows of these employees, whom a webhook named; somebody without a row is the next read's to tell."""
    account = Account(link)
    translator = Translator(account, link, None)
    for start in range(0, len(ids), account.settings.ids_per_request):
        for rows in account.employees(ids[start : start + account.settings.ids_per_request]):
            yield Page(STREAM, translator.page(rows), account.last, "employees named")


def _new(changes: Mapping[str, Mapping[str, Any]], cursor: str, where: str) -> list[str]:
    """The ids changed after the cursor: those in its own second were told before."""
    since = moment(cursor, where)
    return [one for one, what in changes.items() if moment(what.get("lastChanged"), where) > since]


def _everybody(account: Account, link: Link) -> Iterator[Page]:
    translator = Translator(account, link, None)
    for number, rows in enumerate(account.employees(None), 1):
        payload = account.last
        found = translator.page(rows)
        yield Page(STREAM, found, payload, f"employees {number}", full=all_named(found))


def _some(
    account: Account, link: Link, cursor: str, changes: Mapping[str, Mapping[str, Any]], new: frozenset[str]
) -> Iterator[Page]:
    """The rows of the changed; a new change without a row is a problem, for nobody is dropped."""
    translator = Translator(account, link, cursor)
    ids = iter([one for one, what in changes.items() if what.get("action") != "Deleted"])
    while chunk := list(islice(ids, account.settings.ids_per_request)):
        missing = dict.fromkeys(one for one in chunk if one in new)
        for rows in account.employees(chunk):
            payload = account.last
            found = translator.page(rows)
            for row in found:
                missing.pop(row.key, None)
            yield Page(STREAM, found, payload, "employees changed")
        if missing:
            what = "changed, but BambooHR shows no row: let the API user see this employee, then read in full"
            yield Page(STREAM, [Incoming(one, {}, problem=what) for one in missing], b"", "employees unseen")


class Translator:
    """Turns the dataset's rows into the record's fields."""

    def __init__(self, account: Account, link: Link, cursor: str | None) -> None:
        self._account = account
        self._settings: BambooSettings = account.settings
        self._cursor = cursor
        self._today: date = link.clock().date()
        self._used = frozenset(self._settings.fields.asked()) - {self._settings.fields.weekly_hours}
        self._statuses: dict[str, str] | None = None
        self._count = 0

    def page(self, rows: Any) -> list[Incoming]:
        """One page's rows, each translated or with its problem."""
        return [self._row(row) for row in rows]

    def _row(self, row: Any) -> Incoming:
        self._count += 1
        raw = row.get("fields") if isinstance(row, Mapping) else None
        if not isinstance(raw, Mapping):
            return Incoming(f"row {self._count}", {}, problem="the row has no fields", row=self._count)
        cells, fields = Cells(raw, VENDOR), self._settings.fields
        key = cells.needed(fields.id) or f"row {self._count}"
        data: dict[str, Any] = {
            name: cells.needed(getattr(fields, name)) for name in ("employee_number", "first_name", "last_name")
        }
        for name in ("middle_name", "email", "address1", "address2", "city", "zip_code", "department",
                     "location", "marital_status"):  # fmt: skip
            data[name] = cells.text(getattr(fields, name))
        data["state"] = words.code_or_text(cells.text(fields.state), words.STATES)
        country = cells.text(fields.country)
        data["country"] = words.code_or_text(country, words.COUNTRIES, self._settings.countries) or "US"
        data["sex"] = find(cells.text(fields.sex), words.SEXES) or Sex.UNKNOWN
        data["ssn"] = cells.ssn(fields.ssn)
        data["birth_date"] = cells.date(fields.birth_date, needed=True)
        data |= self._employment(cells, key)
        return cells.incoming(key, data, self._count, self._used)

    def _employment(self, cells: Cells, key: str) -> dict[str, Any]:
        fields, settings = self._settings.fields, self._settings
        group = cells.text(fields.pay_group) or settings.default_pay_group or cells.needed(fields.pay_group)
        data: dict[str, Any] = {
            "hire_date": cells.date(fields.hire_date, needed=True),
            "original_hire_date": cells.date(fields.original_hire_date),
            "termination_date": cells.date(fields.termination_date),
            "pay_group": find(group, {}, settings.pay_groups) or group,
        }
        ended = self._ended(cells, data)
        word = cells.needed(fields.employment_class)
        if ended:
            # "Terminated" says nothing of how somebody was employed; the status before it does.
            word = self._before(key)
        found = find(word, words.CLASSES, settings.employment_classes)
        if found is not None:
            data["employment_class"] = found
        elif word and not ended:
            cells.wrong(
                fields.employment_class,
                f"says {word[:40]!r}, which is no class",
                "map it in the connection's employment_classes",
            )
        hours = self._hours(cells, found, ended)
        return data if hours is None else data | {"weekly_hours": hours}

    def _ended(self, cells: Cells, data: dict[str, Any]) -> bool:
        """Whether the status says that the employment is over; that and the last day must agree."""
        fields = self._settings.fields
        over = {word.casefold() for word in self._settings.terminated_words}
        ended = cells.text(fields.employment_class).casefold() in over
        status = cells.text(fields.status).casefold()
        hired, left = data["hire_date"], data["termination_date"]
        if left and hired and left < hired:
            # A rehire: the vendor keeps the old last day beside the new hire date.
            data["termination_date"] = left = None
        if not left and hired and (ended or (status == "inactive" and hired <= self._today.isoformat())):
            cells.wrong(fields.termination_date, "is empty for somebody who is no longer active")
        if left and status == "active" and not ended and left < (self._today - GRACE).isoformat():
            cells.wrong(fields.termination_date, "is past for somebody who is active")
        return ended

    def _hours(self, cells: Cells, found: EmploymentClass | None, ended: bool) -> int | None:
        """Whole weekly hours: 37.5 is 37, which leaves every threshold in whole hours where it was."""
        field = self._settings.fields.weekly_hours
        text = cells.text(field)
        if not text:
            if found in (EmploymentClass.PART_TIME, EmploymentClass.SEASONAL) and not ended:
                cells.wrong(field or "fields.weekly_hours", "is empty for part-time work", cells.fill)
            return self._settings.full_time_hours if found is EmploymentClass.FULL_TIME else None
        try:
            return round_to_int(Fraction(text), Rounding.DOWN)
        except (ValueError, ZeroDivisionError):
            cells.wrong(field, f"is no number of hours (shape {shape(text)!r})")
            return None

    def _before(self, key: str) -> str:
        """The last employment status before the end, from the status table: one call for all, when needed."""
        if self._statuses is None:
            if self._cursor is None:
                rows = self._account.table("employmentStatus")
            else:
                changed = self._account.changed_rows("employmentStatus", self._cursor)
                rows = [
                    row | {"employeeId": one}
                    for one, what in changed.items()
                    for row in what.get("rows") or ()
                    if isinstance(row, dict)
                ]
            self._statuses = _last_statuses(rows, self._settings.terminated_words)
        return self._statuses.get(key, "")


def _last_statuses(rows: list[Any], over: tuple[str, ...]) -> dict[str, str]:
    ends = {word.casefold() for word in over}
    dated = sorted(
        (str(row.get("date") or ""), str(row.get("employeeId") or ""), str(row.get("employmentStatus") or ""))
        for row in rows
        if isinstance(row, dict)
    )
    return {one: status for _, one, status in dated if status.casefold() not in ends}
