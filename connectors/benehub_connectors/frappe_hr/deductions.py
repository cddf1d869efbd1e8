"""Standing deductions as recurring Additional Salaries: what payroll holds, and the write that brings it to an order.

A submitted Additional Salary is closed: only its box `disabled` can still be set. So an amount is changed in two
steps, ending the former document and making the new one, with a look in between. What Frappe would refuse of the
second is refused before the first: it makes none for who is not active, and none beyond the last day of who leaves.
Two that run side by side are taken twice, unless each is marked to overwrite (and Frappe drops the mark where the
component is not in the employee's salary structure); newer versions refuse the second. Either way nothing is made
before what runs has been read. What is ended is named with the moment it was last changed: Frappe refuses the write
where somebody has saved it since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from benehub.connect.connector import Incoming, Link, Page, Receipt
from benehub.connect.jsontext import NumberText, number_text
from benehub.connect.messages import Request, Response, change, path
from benehub.connect.verdict import unavailable
from benehub.errors import DataError, NeedsPersonError, Unsupported
from benehub.money import format_minor, parse_minor
from benehub.periods import Month, parse_date
from benehub.records import DeductionOrder
from benehub_connectors.frappe_hr.cells import Cells
from benehub_connectors.frappe_hr.settings import FrappeSettings
from benehub_connectors.frappe_hr.site import REFUSALS, document, listing, named, pages, rows

DOCTYPE = "Additional Salary"
MONTHLY, HALF_MONTHS = range(29, 32), range(15, 17)
"""Days of the longest pay period where periods are months, or halves of months; four weeks are always 28."""
AT_MOST = 200
"""Documents of one employee and component that are looked at."""

_FIELDS = ("employee", "salary_component", "amount", "from_date", "to_date", "disabled", "docstatus", "modified")
_LOOKED_AT = (*_FIELDS, "is_recurring", "payroll_date")


@dataclass(frozen=True, slots=True)
class Held:
    """A recurring deduction as payroll holds it; both days inclusive."""

    name: str
    amount_minor: int
    starts: date
    ends: date
    ours: bool
    modified: str
    """When it was last changed, in the site's own words."""


def payroll_benefits(link: Link) -> Iterator[Page]:
    """Every deduction that recurs and has not ended; those that have are absent."""
    settings: FrappeSettings = link.settings
    today = link.clock().date().isoformat()
    running = [("docstatus", "=", 1), ("is_recurring", "=", 1), ("disabled", "=", 0),
               ("type", "=", "Deduction"), ("to_date", ">=", today)]  # fmt: skip
    count = 0
    for answer, items in pages(link, DOCTYPE, running, _FIELDS):
        made = [_benefit(Cells(row), count + at, settings) for at, row in enumerate(items, 1)]
        count += len(made)
        yield Page("payroll_benefit", made, answer.body, f"deductions to {count}", full=named(made))
    if not count:
        yield Page("payroll_benefit", (), b"", "deductions", full=True)


def _benefit(cells: Cells, number: int, settings: FrappeSettings) -> Incoming:
    data = {
        "employee": cells.needed("employee"),
        "code": settings.code_of(cells.needed("salary_component")),
        "employee_amount_minor": cells.minor("amount", settings.currency),
        "active": not cells.flag("disabled"),
        "version": cells.text("modified"),
    }
    return cells.document(data, number, frozenset({*_FIELDS, "name"}) - {"from_date", "to_date"})


def lookup(order: DeductionOrder, settings: FrappeSettings) -> Request:
    """What recurs for the employee and component today, ours and others', and what is taken once in the first pay."""
    running = [
        ("employee", "=", order.employee), ("salary_component", "=", settings.component_of(order.code)),
        ("docstatus", "=", 1), ("disabled", "=", 0),
    ]  # fmt: skip
    once = ("payroll_date", ">=", _looked_from(order, settings).isoformat())
    fields = ["name", *_LOOKED_AT, settings.reference_field]
    return listing(DOCTYPE, running, fields, AT_MOST, any_of=[("is_recurring", "=", 1), once])


def to_write(order: DeductionOrder, found: Response, settings: FrappeSettings) -> Request | Receipt:
    """The request that brings payroll nearer to the order, or the receipt where it is there.

    Raises:
        DataError: payroll holds it by another's document or more than once, or takes it once beside, so a person has to
            choose; or Frappe takes no new document for the employee, and what runs is left as it is.
        Unsupported: a rate, which an Additional Salary cannot hold.
        VendorUnavailable: too early: what runs would stop before its last pay.
    """
    wanted, first = wanted_minor(order), _first_end(order, settings)
    data = _listed(found)
    running = [one for one in _held(data, order, settings, found.place) if one.ends >= first]
    if others := [one.name for one in running if not one.ours]:
        raise DataError(
            f"payroll has an Additional Salary for {order.code} that benehub has not made: {', '.join(others[:3])}",
            mend="Disable it in Frappe, then resend; left running, the deduction would be taken twice",
        )
    if len(running) > 1:
        raise DataError(
            f"payroll holds {len(running)} running Additional Salaries for {order.code}",
            mend="Disable all but one of them in Frappe, then resend",
        )
    if not running and not wanted:
        return Receipt("", changed=False)
    for one in running:
        if wanted and wanted == one.amount_minor and one.starts <= first and one.ends >= settings.ends(order.employee):
            return Receipt(one.name, changed=False)
    if wanted:
        _can_be_made(order, first, settings)
        if (once := _once(data, order, settings)) and not settings.beside_one_offs:
            raise DataError(
                f"payroll takes {order.code} in the same pay by an Additional Salary for once: {', '.join(once[:3])}",
                mend="Disable it in Frappe, then resend; or set `beside_one_offs` where both shall be taken",
            )
    if not running:
        return _creation(order, wanted, first, settings)
    one = running[0]
    today = settings.today
    if today is not None and one.starts < first and first > today + timedelta(days=settings.change_ahead_days):
        raise unavailable(
            f"the change of {order.code} waits: what runs would stop before its last pay",
            where=f"pay period that ends {first}", sent=False,
        )  # fmt: skip
    where = path("/api/resource/{doctype}/{name}", doctype=DOCTYPE, name=one.name)
    return change("PUT", where, {"disabled": 1, "modified": one.modified}, accept=REFUSALS)


def confirmed(order: DeductionOrder, response: Response) -> Receipt:
    """What Frappe confirms: the document's name.

    Raises:
        VendorUnavailable: the former amount has ended; payroll has to be looked at again for the new one.
        DataError, NeedsPersonError: it was refused, or Frappe answers with another state than the one asked for.
    """
    told, wanted = _document(order, response), wanted_minor(order)
    name = str(told.get("name") or "")
    if name and _number(told.get("disabled")) == "1":
        if not wanted:
            return Receipt(name)
        raise unavailable(f"the former amount of {order.code} has ended", where=response.place, sent=True)
    right = told.get("employee") == order.employee and _number(told.get("docstatus")) == "1"
    if not name or not wanted or not right or _amount(told, str(told.get("currency"))) != wanted:
        raise DataError(
            f"payroll answered with another state of {order.code} than it was asked for",
            where=response.place,
            mend="Look at the employee's Additional Salaries in Frappe",
        )
    return Receipt(name, True, {"overwrites": _number(told.get("overwrite_salary_structure_amount"))})


def _document(order: DeductionOrder, response: Response) -> Mapping[str, Any]:
    """The document answered with. What refuses a new one says that none runs: the former one may have been ended."""
    try:
        return document(response)
    except (DataError, NeedsPersonError) as error:
        if not response.place.startswith("POST"):
            raise
        raise type(error)(
            f"{error.what}; nothing of {order.code} runs for the employee until it is made", where=error.where,
            mend=f"{error.mend}. What ran before is the employee's last disabled Additional Salary of the component",
        ) from None  # fmt: skip


def wanted_minor(order: DeductionOrder) -> int:
    """The amount payroll shall take each pay; 0 for none.

    Raises:
        Unsupported: a rate.
    """
    if order.active and order.employee_rate:
        raise Unsupported(
            f"an Additional Salary holds an amount, and {order.code} is a rate",
            mend="Let the component's formula in the salary structure work it out", blocker="vendor",
        )  # fmt: skip
    return order.employee_amount_minor if order.active else 0


def reference(order: DeductionOrder) -> str:
    """What our documents carry, so that a person's own is never taken for one of them."""
    return f"benehub {order.plan} {order.code}"


def code_of_reference(text: str) -> str:
    """The code of the order that one of our documents was made for; empty of a document that is not ours."""
    ours, _, rest = text.partition(" ")
    return rest.partition(" ")[2] if ours == "benehub" else ""


def _can_be_made(order: DeductionOrder, first: date, settings: FrappeSettings) -> None:
    """Raises DataError where Frappe makes no Additional Salary for the employee, as it would say once asked."""
    left = "What runs for the employee is left as it is: end it, or set up what is due in Frappe"
    if status := settings.inactive.get(order.employee):
        raise DataError(
            f"Frappe takes no new {order.code}: the employee's status is {status[:20]}",
            where=f"employee {order.employee}", mend=left,
        )  # fmt: skip
    if settings.leaving.get(order.employee, first) < first:
        raise DataError(
            f"Frappe takes no new {order.code}: the pay period that ends {first} ends after the employee's last day",
            where=f"employee {order.employee}", mend=f"{left}, as an Additional Salary with a payroll date",
        )  # fmt: skip


def _creation(order: DeductionOrder, minor: int, first: date, settings: FrappeSettings) -> Request:
    body = {
        "employee": order.employee,
        "company": settings.company,
        "salary_component": settings.component_of(order.code),
        "amount": NumberText(format_minor(minor, settings.currency)),
        "currency": settings.currency,
        "is_recurring": 1,
        "from_date": first.isoformat(),
        "to_date": settings.ends(order.employee).isoformat(),
        "overwrite_salary_structure_amount": 1,
        settings.reference_field: reference(order),
        "docstatus": 1,
    }
    return change("POST", path("/api/resource/{doctype}", doctype=DOCTYPE), body, accept=REFUSALS)


def _first_end(order: DeductionOrder, settings: FrappeSettings) -> date:
    """The last day of the order's first pay period."""
    return order.effective_from - timedelta(days=settings.pay_lag_days)


def _looked_from(order: DeductionOrder, settings: FrappeSettings) -> date:
    """From which day on something taken once falls in the order's first pay period, as far as the settings tell."""
    end = _first_end(order, settings)
    if settings.period_days is None:
        return end - timedelta(days=settings.change_ahead_days)
    return max(_end_before(end, settings.period_days), end - timedelta(days=settings.period_days)) + timedelta(days=1)


def _end_before(end: date, longest: int) -> date:
    """The last day of the pay period before the one that ends then, where the longest of them has so many days.

    Months and their halves differ in length, so that the longest one, counted back, reaches into the period before.
    """
    month, whole = Month.of(end), end == Month.of(end).last
    if longest in MONTHLY:
        last = month.plus(-1).last
        return last if whole else last.replace(day=min(end.day, last.day))
    if longest in HALF_MONTHS:
        if whole:
            return end.replace(day=15)
        if end.day > 15:
            return end.replace(day=end.day - 15)
        last = month.plus(-1).last
        return last if end.day == 15 else last.replace(day=min(end.day + 15, last.day))
    return end - timedelta(days=longest)


def _listed(found: Response) -> Sequence[Mapping[str, Any]]:
    data = rows(found)
    if len(data) >= AT_MOST:
        raise DataError("no whole list of Additional Salaries", where=found.place, mend="Disable what has ended")
    if not all(isinstance(row, Mapping) and row.get("name") for row in data):
        raise DataError("an Additional Salary has no name", where=found.place, mend="Let the API user read it")
    return data


def _recurs(row: Mapping[str, Any]) -> bool:
    return _number(row.get("is_recurring")) == "1"


def _once(data: Sequence[Mapping[str, Any]], order: DeductionOrder, settings: FrappeSettings) -> Sequence[str]:
    """Names of what is taken once in the order's first pay period."""
    first, last = _looked_from(order, settings).isoformat(), _first_end(order, settings).isoformat()
    return [str(row["name"]) for row in data if not _recurs(row) and first <= str(row.get("payroll_date")) <= last]


def _held(
    data: Sequence[Mapping[str, Any]], order: DeductionOrder, settings: FrappeSettings, where: str
) -> Sequence[Held]:
    return [_one(row, order, settings, where) for row in data if _recurs(row)]


def _one(row: Mapping[str, Any], order: DeductionOrder, settings: FrappeSettings, where: str) -> Held:
    starts, ends = (parse_date(str(row.get(name) or ""), where=name) for name in ("from_date", "to_date"))
    ours = row.get(settings.reference_field) == reference(order)
    changed = row.get("modified")
    if not isinstance(changed, str) or not changed:
        raise DataError("an Additional Salary has no modified", where=where, mend="Let the API user read it")
    return Held(str(row["name"]), _amount(row, settings.currency), starts, ends, ours, changed)


def _amount(row: Mapping[str, Any], currency: str) -> int:
    return parse_minor(_number(row.get("amount")), currency, where="amount")


def _number(value: Any) -> str:
    try:
        return number_text(value)
    except TypeError as error:
        raise DataError(str(error), where=DOCTYPE, mend="Report it to the site's owner") from None
