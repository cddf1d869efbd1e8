"""Premiums as lines of a bill: what Noyo says is billed for an employee's family, a plan and a month.

Noyo tells an amount a month with its first and last day, and no bill: number and day are the month's, the due day is
the connection's. Amounts over several plans, or for another period than a month, cannot be told apart and wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.jsontext import number_text
from benehub.connect.messages import path, read
from benehub.errors import DataError, Unsupported
from benehub.money import parse_minor
from benehub.periods import FOREVER, Month, parse_date
from benehub_connectors.noyo.reads import employees
from benehub_connectors.noyo.settings import NoyoBill, NoyoSettings
from benehub_connectors.noyo.words import first_day_without, part, parts, text

Row = Mapping[str, Any]

TOTAL = "total_amount"
AROUND = (-1, 0, 1)
"""Months around today's that are told at each read: what was corrected last month, and what is billed ahead."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What is billed a month for a plan, from its first day to the first day without."""

    plan: str
    start: date
    end: date
    kind: str
    amount_minor: int


def premiums(link: Link) -> Iterator[Page]:
    """What is billed for each family in the months around today, a page an employee.

    Raises:
        Unsupported: the connection has no `bill`.
        DataError: an answer is not as documented.
    """
    settings: NoyoSettings = link.settings
    if settings.bill is None:
        raise Unsupported(
            "Noyo tells no due date of premiums", where=f"connection {link.connection}",
            mend="Set `bill` with the day they are due", blocker="us",
        )  # fmt: skip
    today = link.clock().date()
    months = [Month.of(today).plus(ahead) for ahead in AROUND]
    for employee in employees(link):
        noyo_id = text(employee, "id")
        where = path("/api/v1/employees/{id}/premiums", id=noyo_id)
        got = link.http().send(read(where, {"effective_date": today.isoformat()}))
        data = got.data if isinstance(got.data, Mapping) else {}
        listed, total = parts(data, "response"), part(data, "meta").get("total_records")
        rows = list(_lines(employee, listed, months, settings, settings.bill))
        if isinstance(total, int) and total > len(listed):
            rows.append(Incoming(f"{noyo_id}/more", {}, problem="more premiums than Noyo tells in one answer"))
        yield Page("invoice_line", rows, got.body, name=f"premiums {noyo_id}")


def _lines(
    employee: Row, listed: Sequence[Row], months: Sequence[Month], settings: NoyoSettings, bill: NoyoBill
) -> Iterator[Incoming]:
    noyo_id, number = text(employee, "id"), text(employee, "custom_individual_id")
    rates: dict[str, list[Rate]] = {}
    for at, row in enumerate(listed, 1):
        try:
            if not number:
                raise DataError("premiums of an employee without our number (custom_individual_id)")
            one = _rate(row, settings)
        except DataError as error:
            yield Incoming(f"{noyo_id}/{text(row, 'id') or at}", {}, problem=error.what)
            continue
        rates.setdefault(one.plan, []).append(one)
    person = part(employee, "person")
    for plan, mine in sorted(rates.items()):
        for month in months:
            amount = _of_month(mine, month)
            if amount is None:
                continue
            data = {
                "invoice": f"premiums {month}", "invoice_date": month.first,
                "due_date": month.first.replace(day=bill.due_day), "member": number,
                "first_name": text(person, "first_name"), "last_name": text(person, "last_name"), "plan": plan,
                "coverage_month": str(month), "premium_minor": amount,
            }  # fmt: skip
            yield Incoming(f"{noyo_id}/{plan}/{month}", data)


def _rate(row: Row, settings: NoyoSettings) -> Rate:
    """A premium as Noyo tells one.

    Raises:
        DataError: it is for several plans, for none of ours, or for no month.
    """
    period = part(row, "period")
    if (text(period, "unit"), period.get("amount")) != ("month", 1):
        raise DataError("a premium that is not for one month")
    plans = {text(one, "plan_id") for one in parts(row, "billed_members")}
    if len(plans) != 1:
        raise DataError("a premium over several plans, which cannot be told apart")
    plan = settings.plan_of(plans.pop())
    if not plan:
        raise DataError("a premium of a plan that the connection's plans do not name")
    return Rate(
        plan, parse_date(text(row, "effective_start_date"), where="effective_start_date"),
        first_day_without(text(row, "effective_end_date")) or FOREVER, text(row, "premium_type"),
        _amount(row.get("amount")),
    )  # fmt: skip


def _amount(told: Any) -> int:
    try:
        return parse_minor(number_text(told))
    except TypeError as error:
        raise DataError(f"a premium whose amount is {error}") from None


def _of_month(rates: Sequence[Rate], month: Month) -> int | None:
    """What is billed in a month: by the newest rate that runs in it, the total or its two shares.

    Zero after the end of the last one: a month that was billed before is taken back. None before the first.
    """
    running = [one for one in rates if one.start <= month.last and one.end > month.first]
    if not running:
        return 0 if any(one.end <= month.first for one in rates) else None
    since = max(one.start for one in running)
    told = {one.kind: one.amount_minor for one in running if one.start == since}
    return told[TOTAL] if TOTAL in told else sum(told.values())
