"""The lists Rippling keeps: people, the deductions each holds, and the pay runs that make up the calendar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from benehub.connect import paging
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.messages import Response, read
from benehub.errors import BenehubError, DataError
from benehub.periods import parse_date
from benehub_connectors.rippling.settings import RipplingSettings
from benehub_connectors.rippling.words import minor, needed, percent, percent_text, text

LIMIT = 100
"""Rows asked for at once; Rippling times out (504) over long answers."""

Row = Mapping[str, Any]

COMING = frozenset({"DRAFT", "APPROVED", "PAID"})
"""States of a run that has a pay date: it did not fail (FAILED) and was not canceled (CLOSED)."""

_PERSON_FIELDS = {"id", "employeeNumber", "firstName", "lastName", "dob", "roleState", "ssn", "workEmail"}


def rows(response: Response) -> list[Any]:
    """The bare list of an answer.

    Raises:
        DataError: there is none: an empty answer must not look like an empty list.
    """
    if not isinstance(response.data, list):
        raise DataError("the answer is no list", where=response.place, mend="Report it to the vendor")
    return response.data


def pages(link: Link, where: str) -> Iterator[tuple[Response, Sequence[Any]]]:
    """Every page of a list with the answer it came in, up to the first empty one: no total is told.

    Raises:
        DataError: an answer is no list.
        FatalError, VendorUnavailable: as the pager and the client tell.
    """
    last: list[Response] = []

    def fetch(offset: int) -> paging.Page[Any]:
        last[:] = [link.http().send(read(where, {"limit": str(LIMIT), "offset": str(offset)}))]
        return paging.Page(rows(last[0]))

    for items in paging.by_offset(fetch, where=f"{link.connection} {where}"):
        yield last[0], items


def payroll_people(link: Link) -> Iterator[Page]:
    """Everybody payroll knows, those who left too. An SSN in the answer stays in the payload."""
    for number, (answer, items) in enumerate(pages(link, "/employees/include_terminated"), 1):
        yield _full("payroll_person", number, answer, translated(items, _person))


def _person(row: Row) -> Incoming:
    born = text(row, "dob")
    data = {
        "employee_number": text(row, "employeeNumber"),
        "first_name": needed(row, "firstName"),
        "last_name": needed(row, "lastName"),
        "birth_date": parse_date(born, where="dob").isoformat() if born else None,
        "active": needed(row, "roleState") != "TERMINATED",
        "email": text(row, "workEmail"),
    }
    return Incoming(needed(row, "id"), data, {name: one for name, one in row.items() if name not in _PERSON_FIELDS})


def payroll_benefits(link: Link) -> Iterator[Page]:
    """Every employee's deduction of every company deduction, as held today; both lists come whole."""
    settings: RipplingSettings = link.settings
    company = {needed(one, "id"): one for one in rows(link.http().send(read("/company_deductions")))}
    answer = link.http().send(read("/employee_deductions"))
    yield _full("payroll_benefit", 1, answer, translated(rows(answer), lambda row: _held(row, company, settings)))


def _held(row: Row, company: Mapping[str, Row], settings: RipplingSettings) -> Incoming:
    """One employee's deduction; what he does not override is the company's.

    Raises:
        DataError: no such company deduction, an amount that is none, or one that is told by the month.
    """
    kind = company.get(needed(row, "companyDeductionType"))
    if kind is None:
        raise DataError("its company deduction is not in the list", mend="Read it again")
    taken, given = (_own(row, kind, name) for name in ("employeeDeduction", "companyContribution"))
    by_rate = row.get("isEEPercent") is True
    if row.get("isMonthly") is True and (minor(given, "companyContribution") or (taken is not None and not by_rate)):
        raise DataError("its amounts are told by the month, not by the pay", mend="Set them per pay period in payroll")
    # The vendor's specification and its examples spell this differently.
    flat = str(row.get("isERPercent", row.get("isERPecent"))).casefold() != "true"
    data: dict[str, Any] = {
        "employee": needed(row, "role"),
        "code": settings.code_of(needed(kind, "name")),
        "employer_amount_minor": minor(given, "companyContribution") if flat else 0,
    }
    if by_rate:
        data["employee_rate"] = f"{percent_text(percent(taken, 'employeeDeduction'), 'employeeDeduction')}%"
    else:
        data["employee_amount_minor"] = minor(taken, "employeeDeduction")
    extra = {"deductionType": kind.get("deductionType")} | ({} if flat else {"companyContribution": given})
    return Incoming(needed(row, "id"), data, extra)


def _own(row: Row, company: Row, name: str) -> Any:
    return row[name] if row.get(name) is not None else company.get(name)


def pay_calendar(link: Link) -> Iterator[Page]:
    """The regular pay runs with their period; one that failed or was canceled has no pay date."""
    settings: RipplingSettings = link.settings
    for number, (answer, items) in enumerate(pages(link, "/payroll_runs"), 1):
        regular = [one for one in items if not isinstance(one, Mapping) or _has_pay_date(one)]
        yield _full("pay_calendar", number, answer, translated(regular, lambda row: _pay_date(row, settings)))


def _has_pay_date(row: Row) -> bool:
    """Whether a run is a regular one with a pay date; of one that does not say, it is told as a problem."""
    return row.get("runType", "REGULAR") == "REGULAR" and row.get("runState", "PAID") in COMING


def _pay_date(row: Row, settings: RipplingSettings) -> Incoming:
    period, known = row.get("payPeriod"), {name: needed(row, name) for name in ("runType", "runState")}
    if not isinstance(period, Mapping):
        raise DataError("a regular run without a pay period", mend="Complete it in payroll")
    days = {"pay_date": needed(row, "checkDate"), "period_start": needed(period, "startDate"),
            "period_end": needed(period, "endDate")}  # fmt: skip
    data = {
        "pay_group": settings.pay_group_of(needed(period, "paySchedule")),
        **{name: parse_date(day, where=name).isoformat() for name, day in days.items()},
    }
    return Incoming(needed(row, "id"), data, {**known, "name": row.get("name")})


def translated(found: Sequence[Any], translate: Callable[[Row], Incoming]) -> list[Incoming]:
    """Each row translated; one that cannot be is kept with the reason, under its id or its place."""
    made = []
    for number, row in enumerate(found, 1):
        try:
            if not isinstance(row, Mapping):
                raise DataError("the row is no object", mend="Report it to the vendor")
            made.append(translate(row))
        except BenehubError as error:
            key = row.get("id") if isinstance(row, Mapping) else None
            made.append(Incoming(key if isinstance(key, str) and key else f"row {number}", {}, {}, error.what, number))
    return made


def _full(stream: str, number: int, answer: Response, made: Sequence[Incoming]) -> Page:
    # A row without its id may be anybody's: then nobody who is absent is called gone.
    full = not any(row.key.startswith("row ") for row in made)
    return Page(stream, made, answer.body, f"{stream} {number}", full=full)
