"""Approved leave written into the payroll that is being prepared: the hours of a time-off type on one check.

Gusto wants a payroll prepared before it is updated; preparing gives the version that the update has to name, so a
change by somebody else in between is refused. It also takes back totals that were calculated before: payroll shows
them again once it is calculated.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from typing import Any

from benehub.connect.connector import Link
from benehub.connect.messages import Request, Response, change, path
from benehub.errors import DataError
from benehub.hours import parse_hours, to_minutes
from benehub.money import Rounding, round_to_int
from benehub.records import LeaveOrder
from benehub_connectors.gusto.answers import REFUSALS, pages
from benehub_connectors.gusto.settings import GustoSettings
from benehub_connectors.gusto.words import needed, text

TAKE = "leave.take"
DAYS_AHEAD = timedelta(days=92)
"""How far ahead open payrolls are looked up; Gusto tells pay periods three months ahead."""


def open_payrolls(link: Link) -> dict[str, str]:
    """Dates -> uuid of each regular payroll that is not processed; dates that two of them share are left out.

    Raises:
        DataError: Gusto refuses, or a payroll lacks its dates.
    """
    settings: GustoSettings = link.settings
    today = link.clock().date()
    query = {
        "processing_statuses": "unprocessed",
        "payroll_types": "regular",
        "date_filter_by": "check_date",
        "start_date": today.isoformat(),
        "end_date": (today + DAYS_AHEAD).isoformat(),
    }
    found: dict[str, str] = {}
    shared: set[str] = set()
    for _, rows in pages(link, path("/v1/companies/{id}/payrolls", id=settings.company), query):
        for row in rows:
            period = row.get("pay_period") or {}
            key = dates(needed(row, "check_date"), text(period, "start_date"), text(period, "end_date"))
            uuid = needed(row, "payroll_uuid")
            if found.setdefault(key, uuid) != uuid:
                shared.add(key)
    return {key: uuid for key, uuid in found.items() if key not in shared}


def dates(check_date: str, start: str, end: str) -> str:
    """What an open payroll is known by."""
    return f"{check_date}/{start}/{end}"


def prepare(order: LeaveOrder, settings: GustoSettings) -> Request:
    """Prepare the payroll for one employee: what it shows of him now, and the version to update.

    Raises:
        DataError: no single open payroll of these dates.
    """
    body = {"employee_uuids": [order.employee]}
    return change("PUT", _place(order, settings, "/prepare"), body, accept=REFUSALS)


def to_take(order: LeaveOrder, found: Response, settings: GustoSettings) -> Request | None:
    """The update that shows the ordered hours; None where the payroll shows them already.

    Raises:
        DataError: the employee is not on that payroll, or has no such time off.
    """
    row = compensation(order, found)
    if shown(order, row, settings) == order.minutes:
        return None
    told = {"name": name_of(order, settings), "hours": thousandths(order.minutes)}
    one = {"employee_uuid": order.employee, "version": needed(row, "version"), "paid_time_off": [told]}
    return change("PUT", _place(order, settings), {"employee_compensations": [one]}, accept=REFUSALS)


def compensation(order: LeaveOrder, answer: Response) -> Mapping[str, Any]:
    """The employee's part of a payroll.

    Raises:
        DataError: there is none.
    """
    listed = answer.data.get("employee_compensations") if isinstance(answer.data, Mapping) else None
    for row in listed or ():
        if isinstance(row, Mapping) and row.get("employee_uuid") == order.employee:
            return row
    raise DataError(
        f"the employee is not on the payroll of {order.pay_date}", where=answer.place,
        mend="Add him to that payroll in Gusto, or cancel the leave",
    )  # fmt: skip


def shown(order: LeaveOrder, row: Mapping[str, Any], settings: GustoSettings) -> int:
    """Minutes of the ordered time off that a payroll shows.

    Raises:
        DataError: the employee has no such time off.
    """
    name = name_of(order, settings)
    for one in row.get("paid_time_off") or ():
        if isinstance(one, Mapping) and one.get("name") == name:
            return to_minutes(parse_hours(text(one, "hours") or "0", where=f"hours of {name}"))
    raise DataError(f"the employee has no time off {name!r} in payroll", mend="Give him the time-off policy in Gusto")


def name_of(order: LeaveOrder, settings: GustoSettings) -> str:
    """Gusto's name of the time-off type behind a code of leave taken."""
    return next((name for name, code in settings.leave_codes.items() if code == order.code), order.code)


def thousandths(minutes: int) -> str:
    """Hours as Gusto writes them: 440 minutes are "7.333"."""
    count = round_to_int(Fraction(minutes * 1000, 60), Rounding.HALF_UP)
    return f"{count // 1000}.{count % 1000:03d}"


def _place(order: LeaveOrder, settings: GustoSettings, then: str = "") -> str:
    key = dates(order.pay_date.isoformat(), order.period_start.isoformat(), order.period_end.isoformat())
    uuid = settings.open_payrolls.get(key)
    if not uuid:
        raise DataError(
            f"payroll has no single open payroll of {order.period_start} to {order.period_end}",
            where=f"pay date {order.pay_date}",
            mend="It may be processed already: then the leave belongs on the next one, or an off-cycle check",
        )
    return path("/v1/companies/{c}/payrolls/{p}", c=settings.company, p=uuid) + then
