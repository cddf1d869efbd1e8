"""The people ADP knows, in the words of HR and of payroll: one list, read whole or named by the event queue.

A worker has a work assignment for each position; the primary one is meant, else the only one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from benehub.connect.cells import Cells, all_named, find
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.figures import hours, minor, part, parts, text
from benehub.connect.messages import Response
from benehub.errors import DataError
from benehub.money import EXPONENT, Rounding, round_to_int
from benehub.records import EmploymentClass, Sex
from benehub_connectors.adp_workforce_now import words
from benehub_connectors.adp_workforce_now.answers import Row, pages, rows
from benehub_connectors.adp_workforce_now.settings import AdpSettings

VENDOR = "ADP"
WORKERS = "/hr/v2/workers"

EXTRA = frozenset({"jobTitle", "positionID", "payrollFileNumber"})
"""Kept beside a row: what people at ADP know a position by."""

Translate = Callable[[Row, int, AdpSettings], Incoming]


def listed(link: Link) -> Iterator[tuple[Response, list[Any]]]:
    """Pages of everybody, those who left and those to come included."""
    for answer, found in pages(link, WORKERS, lambda answer: rows(answer, "workers")):
        yield answer, list(found)


def read_workers(link: Link, stream: str, translate: Translate) -> Iterator[Page]:
    """One row a worker, pages as ADP gives them."""
    count = 0
    for number, (answer, found) in enumerate(listed(link), 1):
        made = [translated(row, count + at, link.settings, translate) for at, row in enumerate(found, 1)]
        count += len(made)
        yield Page(stream, made, answer.body, f"workers {number}", full=all_named(made))


def translated(row: Any, number: int, settings: AdpSettings, translate: Translate) -> Incoming:
    """A worker's row, or the one that says why it cannot be read."""
    key = row.get("associateOID") if isinstance(row, Mapping) else None
    named = key if isinstance(key, str) and key else f"row {number}"
    try:
        if not isinstance(row, Mapping):
            raise DataError("the row is no object", mend="Report it to the vendor")
        return translate(row, number, settings)
    except DataError as error:
        return Incoming(named, {}, {}, str(error), number)


def assignment(worker: Row) -> Row:
    """The primary work assignment, else the only one; empty for somebody without any.

    Raises:
        DataError: several, and none of them primary.
    """
    found = parts(worker, "workAssignments")
    primary = [one for one in found if one.get("primaryIndicator") is True]
    if len(primary) == 1 or len(found) <= 1:
        return (primary or found or [{}])[0]
    raise DataError("several positions, not one of them primary", mend="Mark one as primary in ADP, then read again")


def number_of(worker: Row, settings: AdpSettings) -> str:
    """The employee number, as the settings take it."""
    if settings.employee_number == "worker_id":
        return text(part(worker, "workerID"), "idValue")
    return text(assignment(worker), "payrollFileNumber")


def ended(worker: Row) -> bool:
    """Whether the person's employment is over."""
    return text(part(worker, "workerStatus", "statusCode"), "codeValue") == "Terminated"


def flat(worker: Row, settings: AdpSettings) -> dict[str, str]:
    """What a record is made of, by ADP's names."""
    person, job, dates = part(worker, "person"), assignment(worker), part(worker, "workerDates")
    name, address = part(person, "legalName"), part(person, "legalAddress")
    at_work = part(parts(job, "assignedWorkLocations")[0], "address") if job.get("assignedWorkLocations") else {}
    company = text(job, "payrollGroupCode")
    cycle = part(job, "payCycleCode")
    return {
        "associateOID": text(worker, "associateOID"),
        settings.employee_number: number_of(worker, settings),
        **{field: text(name, field) for field in ("givenName", "middleName", "familyName1")},
        "birthDate": text(person, "birthDate"),
        "genderCode": text(part(person, "genderCode"), "codeValue"),
        "SSN": ssn_of(person),
        "emailUri": _mail(worker),
        **{field: text(address, field) for field in ("lineOne", "lineTwo", "cityName", "postalCode", "countryCode")},
        "countrySubdivisionLevel1": text(part(address, "countrySubdivisionLevel1"), "codeValue"),
        "maritalStatusCode": text(part(person, "maritalStatusCode"), "shortName"),
        "hireDate": text(job, "hireDate") or text(dates, "rehireDate") or text(dates, "originalHireDate"),
        "originalHireDate": text(dates, "originalHireDate"),
        "terminationDate": text(job, "terminationDate") or text(dates, "terminationDate"),
        "payrollGroupCode": settings.pay_group_of(company, (text(cycle, "codeValue"), text(cycle, "shortName"))),
        "Department": _unit(job, "Department"),
        "workLocation": text(at_work, "cityName"),
        **{field: text(job, field) for field in sorted(EXTRA)},
        "laborUnionCode": text(part(job, "laborUnion", "laborUnionCode"), "codeValue"),
        "workerTypeCode": _word(part(job, "workerTypeCode")),
        "fullTimeEquivalenceRatio": hours(job.get("fullTimeEquivalenceRatio"), "fullTimeEquivalenceRatio"),
        "standardHours": _week(job),
    }


def employee(worker: Row, number: int, settings: AdpSettings) -> Incoming:
    """Stream `employee`: everything of a person that HR knows."""
    cells = Cells(flat(worker, settings), VENDOR)
    key = cells.needed("associateOID") or f"row {number}"
    data: dict[str, Any] = {
        "employee_number": cells.needed(settings.employee_number),
        "first_name": cells.needed("givenName"),
        "middle_name": cells.text("middleName"),
        "last_name": cells.needed("familyName1"),
        "birth_date": birth_date(cells, needed=True),
        "sex": find(cells.text("genderCode"), words.SEXES) or Sex.UNKNOWN,
        "ssn": cells.ssn("SSN"),
        "email": cells.text("emailUri"),
        "address1": cells.text("lineOne"), "address2": cells.text("lineTwo"), "city": cells.text("cityName"),
        "state": cells.text("countrySubdivisionLevel1"), "zip_code": cells.text("postalCode"),
        "country": cells.text("countryCode") or "US",
        "marital_status": cells.text("maritalStatusCode"),
        "department": cells.text("Department"), "location": cells.text("workLocation"),
        "union": cells.text("laborUnionCode") or None,
        "pay_group": cells.needed("payrollGroupCode"),
        "hire_date": cells.date("hireDate", needed=True),
        "original_hire_date": cells.date("originalHireDate"),
        "termination_date": _last_day(cells, over=ended(worker)),
    }  # fmt: skip
    data |= _how(cells, settings, over=ended(worker))
    return cells.incoming(key, data, number, frozenset(cells.raw) - EXTRA)


def payroll_person(worker: Row, number: int, settings: AdpSettings) -> Incoming:
    """Stream `payroll_person`: what is needed to link somebody by number."""
    cells = Cells(flat(worker, settings), VENDOR)
    data = {
        "employee_number": cells.text(settings.employee_number),
        "first_name": cells.needed("givenName"), "last_name": cells.needed("familyName1"),
        "birth_date": None if _masked(cells) else cells.date("birthDate"),
        "active": not ended(worker),
    }  # fmt: skip
    return cells.incoming(cells.needed("associateOID") or f"row {number}", data, number, frozenset(cells.raw) - EXTRA)


def compensation(worker: Row, number: int, settings: AdpSettings) -> Incoming:
    """Stream `compensation`: the present base pay, one row a person."""
    told = part(assignment(worker), "baseRemuneration")
    kinds = [name for name in words.PAY_PER if told.get(name) is not None]
    cells = Cells({"associateOID": text(worker, "associateOID"), "effectiveDate": text(told, "effectiveDate")}, VENDOR)
    key = cells.needed("associateOID") or f"row {number}"
    start, amount, currency = cells.date("effectiveDate", needed=True), 0, "USD"
    if len(kinds) != 1:
        what = "holds no pay by year, month, period or hour" if not kinds else f"holds {len(kinds)} kinds of pay"
        cells.wrong("baseRemuneration", what)
    else:
        one = part(told, kinds[0])
        currency = text(one, "currencyCode") or currency
        if currency in EXPONENT:
            amount = minor(one.get("amountValue"), kinds[0], currency)
        else:
            cells.wrong(kinds[0], f"is in {currency[:3]!r}", f"benehub knows {', '.join(EXPONENT)}")
    data = {
        "employee": key, "effective_from": start, "rate_minor": amount,
        "per": words.PAY_PER[kinds[0]] if kinds else "year", "currency": currency,
    }  # fmt: skip
    return cells.incoming(key, data, number, frozenset(cells.raw) - EXTRA)


def birth_date(cells: Cells, *, needed: bool) -> str | None:
    """The birth date; ADP masks its year as 0000."""
    if _masked(cells):
        cells.wrong("birthDate", "is masked", "let the project see personal data unmasked, then read again")
        return None
    return cells.date("birthDate", needed=needed)


def ssn_of(person: Row) -> str:
    """The SSN as ADP writes it, masked or not; empty for somebody without."""
    for one in parts(person, "governmentIDs"):
        kind = part(one, "nameCode")
        if "SSN" in (text(kind, "codeValue"), text(kind, "shortName")):
            return text(one, "idValue")
    return ""


def _masked(cells: Cells) -> bool:
    return cells.text("birthDate").startswith("0000")


def _mail(worker: Row) -> str:
    for place in (part(worker, "businessCommunication"), part(worker, "person", "communication")):
        if found := parts(place, "emails"):
            return text(found[0], "emailUri")
    return ""


def _unit(job: Row, kind: str) -> str:
    for one in parts(job, "homeOrganizationalUnits"):
        if text(part(one, "typeCode"), "codeValue") == kind:
            return text(part(one, "nameCode"), "codeValue")
    return ""


def _word(code: Row) -> str:
    return text(code, "shortName") or text(code, "codeValue")


def _week(job: Row) -> str:
    """Standard hours of a week; empty where ADP tells none, or for a span that is no number of weeks."""
    told = part(job, "standardHours")
    weeks = words.WEEKS.get(text(part(told, "unitCode"), "shortName").casefold())
    found = hours(told.get("hoursQuantity"), "standardHours")
    return str(round_to_int(Fraction(found) / weeks, Rounding.DOWN)) if found and weeks else ""


def _last_day(cells: Cells, *, over: bool) -> str | None:
    """The last day; one before the hire date is of an employment before this one."""
    left, hired = cells.date("terminationDate"), cells.date("hireDate")
    if left and hired and left < hired:
        left = None
    if over and not left:
        cells.wrong("terminationDate", "is empty for somebody who has left", cells.fill)
    return left


def _how(cells: Cells, settings: AdpSettings, *, over: bool) -> dict[str, Any]:
    """Employment class and weekly hours; how somebody was employed who has left does not matter."""
    word, ratio = cells.text("workerTypeCode"), cells.text("fullTimeEquivalenceRatio")
    found = find(word, words.CLASSES, settings.employment_classes)
    if found is None and not word and ratio:
        found = EmploymentClass.FULL_TIME if Fraction(ratio) >= 1 else EmploymentClass.PART_TIME
    if found is None and not over:
        what = f"says {word[:40]!r}, which is no class" if word else "is empty"
        cells.wrong("workerTypeCode", what, "map it in the connection's employment_classes, or fill it in ADP")
    if found is None:
        return {}
    if found is EmploymentClass.FULL_TIME:
        return {"employment_class": found, "weekly_hours": settings.full_time_hours}
    week = cells.text("standardHours")
    if not week and found is not EmploymentClass.CONTRACTOR and not over:
        cells.wrong("standardHours", "is empty by week for part-time work", cells.fill)
    return {"employment_class": found} | ({"weekly_hours": int(week)} if week else {})
