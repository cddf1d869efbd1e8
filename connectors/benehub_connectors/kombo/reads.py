"""Employees, their pay and absences in Kombo's model: one page after the other, later only what has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from benehub.connect.cells import Cells, all_named, find, german_number
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.figures import figure, minor, part, parts, text, word
from benehub.errors import DataError
from benehub.hours import exact_text, parse_hours
from benehub.money import EXPONENT, Rounding, round_to_int
from benehub.records import EmploymentClass, Sex
from benehub_connectors.kombo import words
from benehub_connectors.kombo.answers import Row, cursor_of, pages
from benehub_connectors.kombo.settings import KomboSettings

VENDOR = "the system behind Kombo"
Translate = Callable[[Row, KomboSettings], Incoming]


def read_model(link: Link, stream: str, path: str, translate: Translate, cursor: str | None) -> Iterator[Page]:
    """Pages of a model; the cursor stands on the last one. What the system has deleted is told as gone."""
    now, count = cursor_of(link), 0
    last = Page(stream, (), b"", path, full=cursor is None)
    for number, (payload, rows) in enumerate(pages(link, path, cursor), 1):
        if number > 1:
            yield last
        made = [translated(row, count + at, link.settings, translate) for at, row in enumerate(rows, 1)]
        count += len(made)
        last = Page(stream, made, payload, f"{stream} {number}", full=cursor is None and all_named(made))
    yield replace(last, cursor=now)


def translated(row: Any, number: int, settings: KomboSettings, translate: Translate) -> Incoming:
    """One row; one that cannot be translated says why."""
    key = row.get("id") if isinstance(row, Mapping) else None
    named = key if isinstance(key, str) and key else f"row {number}"
    try:
        if not isinstance(row, Mapping):
            raise DataError("the row is no object", mend="Report it to Kombo")
        if text(row, "remote_deleted_at"):
            return Incoming(named, {}, deleted=True, row=number)
        made = translate(row, settings)
    except DataError as error:
        return Incoming(named, {}, {}, str(error), number)
    return Incoming(named, made.data, made.extra, made.problem, number)


def employee(row: Row, settings: KomboSettings) -> Incoming:
    """Stream `employee`."""
    cells = Cells(_flat(row, settings), VENDOR)
    group = cells.text("pay_group")
    data: dict[str, Any] = {
        "employee_number": cells.needed("employee_number"),
        "first_name": cells.needed("first_name"), "last_name": cells.needed("last_name"),
        "birth_date": cells.date("date_of_birth", needed=True),
        "sex": find(cells.text("gender"), words.SEXES) or Sex.UNKNOWN,
        "ssn": cells.ssn("ssn"), "email": cells.text("work_email"),
        "address1": cells.text("street_1"), "address2": cells.text("street_2"), "city": cells.text("city"),
        "state": cells.text("state"), "zip_code": cells.text("zip_code"), "country": cells.text("country") or "US",
        "department": cells.text("DEPARTMENT"), "location": cells.text("work_location"),
        "marital_status": cells.text("marital_status"),
        "hire_date": cells.date("start_date", needed=True),
        "termination_date": cells.date("termination_date"),
        "pay_group": find(group, {}, settings.pay_groups) or group or settings.default_pay_group,
    }  # fmt: skip
    if not data["pay_group"]:
        cells.wrong(settings.pay_group or "pay_group", "is empty", "name the custom field, or default_pay_group")
    if cells.text("employment_status") == "INACTIVE" and not data["termination_date"]:
        cells.wrong("termination_date", "is empty for somebody who is inactive", cells.fill)
    data |= _how(cells, settings)
    return cells.incoming(text(row, "id"), data, 0, frozenset(cells.raw) - {"job_title"})


def compensation(row: Row, settings: KomboSettings) -> Incoming:
    """Stream `compensation`: one row an employment, with the day it holds from."""
    flat = {name: text(row, name) for name in ("employee_id", "pay_period", "pay_currency", "employment_type")}
    cells = Cells(flat | {"effective_date": _day(row, "effective_date")}, VENDOR)
    word, currency, amount = cells.needed("pay_period"), cells.needed("pay_currency"), 0
    unit = find(word, words.PAY_PER, settings.pay_per)
    if word and unit is None:
        cells.wrong("pay_period", f"says {word[:40]!r}, no unit of pay", "map it in the connection's pay_per")
    if row.get("pay_rate") is None:
        cells.wrong("pay_rate", "is empty, or the scope config leaves it out", cells.fill)
    elif currency in EXPONENT:
        amount = minor(row["pay_rate"], "pay_rate", currency)
    elif currency:
        cells.wrong("pay_currency", f"is {currency[:3]!r}", f"benehub knows {', '.join(EXPONENT)}")
    data = {
        "employee": cells.needed("employee_id"), "effective_from": cells.date("effective_date", needed=True),
        "rate_minor": amount, "per": unit, "currency": currency,
    }  # fmt: skip
    return cells.incoming("", data, 0, frozenset(cells.raw) - {"employment_type"})


def leave_request(row: Row, settings: KomboSettings) -> Incoming:
    """Stream `leave_request`; an employee's note may tell of health and is not kept."""
    kind = part(row, "type")
    flat = {name: text(row, name) for name in ("employee_id", "start_date", "end_date", "status", "unit")}
    cells = Cells(flat | {"type": text(kind, "name") or text(kind, "id") or text(row, "type_id")}, VENDOR)
    word, status = cells.needed("type"), find(cells.text("status"), words.LEAVE_STATUSES)
    if status is None:
        cells.wrong("status", f"says {flat['status'][:40]!r}, which is no status of an absence")
    data = {
        "employee": cells.needed("employee_id"),
        "policy": settings.leave_policies.get(text(row, "type_id")) or find(word, {}, settings.leave_policies) or word,
        "start": cells.date("start_date", needed=True), "end": cells.date("end_date", needed=True),
        "hours": _hours(cells, row, settings), "status": status,
    }  # fmt: skip
    return cells.incoming("", data, 0, frozenset(cells.raw))


def _flat(row: Row, settings: KomboSettings) -> dict[str, Any]:
    """What an employee is made of, by Kombo's names; dates without their time, custom fields where they are named."""
    names = ("first_name", "last_name", "gender", "work_email", "marital_status", "employment_status",
             "employment_type", "job_title")  # fmt: skip
    own, home = part(row, "custom_fields"), part(row, "home_address")
    flat: dict[str, Any] = {name: text(row, name) for name in names}
    for name in ("employee_number", "ssn"):
        custom = getattr(settings, name)
        flat[name] = word(own, custom) if custom else text(row, name)
    if not settings.ssn and german_number(flat["ssn"]):
        flat["ssn"] = ""  # Kombo's own field holds whatever number the country has
    flat["pay_group"] = word(own, settings.pay_group) if settings.pay_group else ""
    flat |= {name: _day(row, name) for name in ("date_of_birth", "start_date", "termination_date")}
    flat |= {name: text(home, name) for name in ("street_1", "street_2", "city", "state", "zip_code", "country")}
    groups = [text(one, "name") for one in parts(row, "groups") if one.get("type") == "DEPARTMENT"]
    flat["DEPARTMENT"] = next(iter(groups), "")
    flat["work_location"] = text(part(row, "work_location"), "name")
    flat["weekly_hours"] = "" if row.get("weekly_hours") is None else figure(row["weekly_hours"], "weekly_hours")
    return flat


def _day(row: Row, name: str) -> str:
    """The day of a moment at midnight UTC, which is how Kombo writes days."""
    return text(row, name).partition("T")[0]


def _how(cells: Cells, settings: KomboSettings) -> dict[str, Any]:
    """Employment class and weekly hours."""
    word, told = cells.text("employment_type"), cells.text("weekly_hours")
    found = find(word, words.CLASSES, settings.employment_classes)
    left = cells.text("employment_status") == "INACTIVE"
    if found is None and not left:
        what = f"says {word[:40]!r}, which is no class" if word else "is empty"
        cells.wrong("employment_type", what, "map it in the connection's employment_classes, or fill it in the system")
    if told:
        hours = {"weekly_hours": round_to_int(Fraction(told), Rounding.DOWN)}
    elif found is EmploymentClass.FULL_TIME:
        hours = {"weekly_hours": settings.full_time_hours}
    else:
        hours = {}
        if found is EmploymentClass.PART_TIME and not left:
            cells.wrong("weekly_hours", "is empty for part-time work", cells.fill)
    return hours if found is None else {"employment_class": found, **hours}


def _hours(cells: Cells, row: Row, settings: KomboSettings) -> str:
    unit, amount = cells.text("unit"), row.get("amount")
    if amount is None or unit not in ("HOURS", "DAYS"):
        cells.wrong("amount", "has no hours or days", cells.fill)
        return ""
    told = parse_hours(figure(amount, "amount"), where="amount")
    return exact_text(told * settings.hours_per_day if unit == "DAYS" else told)
