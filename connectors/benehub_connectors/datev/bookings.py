"""From deduction lines to LODAS bookings: the wage type by the adviser's map, the month by the pay date."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from benehub.connect.connector import Envelope, FileOut, Item
from benehub.errors import DataError
from benehub.formats.datev_header import LodasHeader
from benehub.formats.datev_lodas import Booking, LodasFile, render, totals, window
from benehub.periods import Month
from benehub.records import DeductionBooking
from benehub_connectors.datev.settings import DatevSettings, WageType


def bookings(lines: Sequence[tuple[str, DeductionBooking]], settings: DatevSettings) -> Iterator[Booking]:
    """One booking for each employee, month, wage type and key; lines that meet in one are added up.

    Args:
        lines: (name, line), the name for messages. A pension by conversion has three: conversion, subsidy, voluntary.

    Raises:
        DataError: a code without wage type, or an employee whose number is no personnel number; names the line.
    """
    sums: dict[tuple[int, Month, int, int], int] = {}
    for name, line in lines:
        how = wage_type_of(name, line, settings.wage_types)
        key = (_number(name, line), Month.of(line.pay_date), how.number, how.key)
        sums[key] = sums.get(key, 0) + (-line.amount_minor if how.negate else line.amount_minor)
    for (number, month, wage_type, key_), value in sorted(sums.items(), key=lambda one: one[0]):
        if value:
            yield Booking(number, month, wage_type, key_, value, settings.cost_centers.get(str(number), ""))


def wage_type_of(name: str, line: DeductionBooking, wage_types: Mapping[str, WageType]) -> WageType:
    """The adviser's wage type for a line; `name` is the line's, for messages.

    Raises:
        DataError: the code is not in the map.
    """
    code = f"{line.code}:employer" if line.employer_side else line.code
    found = wage_types.get(code)
    if found is None:
        mend = f"Ask the adviser for it, and add {code!r} to wage_types"
        raise DataError(f"no wage type for code {code!r}", where=f"item {name}", mend=mend)
    return found


def one_pay_date(items: Sequence[Item], envelope: Envelope) -> list[tuple[str, DeductionBooking]]:
    """The lines of a file by name, all of one pay date and of the envelope's total.

    Raises:
        DataError: nobody, several pay dates, or a sum that is not the envelope's.
    """
    lines = [(item.key, item.as_record(DeductionBooking)) for item in items]
    if not lines:
        raise DataError("a file of no bookings", where=envelope.reference, mend="Send nothing")
    first = lines[0][1]
    for name, line in lines:
        if (line.pay_date, line.correction) != (first.pay_date, first.correction):
            raise DataError("another pay date or correction than the first item's", where=f"item {name}",
                            mend="Send a file for each")  # fmt: skip
    if sum(line.amount_minor for _, line in lines) != envelope.total_minor:
        raise DataError("the lines are not the total of the file", where=envelope.reference, mend="Freeze it anew")
    return lines


def _number(name: str, line: DeductionBooking) -> int:
    if re.fullmatch(r"0*[1-9][0-9]{0,4}", line.employee) is None:
        raise DataError(
            "the employee's number is no personnel number from 1 to 99999",
            where=f"item {name}",
            mend="Take the number of the adviser's payroll over into the HRIS; it is never made up",
        )
    return int(line.employee)


def render_bookings(items: Sequence[Item], envelope: Envelope, settings: DatevSettings) -> FileOut:
    """The LODAS file of `items`, all of one pay date.

    Raises:
        DataError: nobody, several pay dates, a sum that is not the envelope's, a month that payroll cannot book any
            more, or a line that cannot be written; names it.
    """
    lines = one_pay_date(items, envelope)
    first = lines[0][1]
    made = tuple(bookings(lines, settings))
    for one in made:
        for finding in window(one, Month.of(envelope.created.date())):
            raise DataError(f"{finding.code}: {finding.text}", where=envelope.reference, mend=finding.mend)
    head = LodasHeader(
        settings.adviser, settings.client, settings.date_format, interface_version=settings.interface_version
    )
    month = Month.of(first.pay_date)
    part = f"-C{first.correction}" if first.correction else ""
    name = f"lodas-{settings.client}-{month}{part}-{envelope.control:06d}.txt"
    told = {"rows": len(made)} | {f"wage_type_{number}_minor": value for number, value in totals(made).items()}
    data = render(LodasFile(head, made), settings.characters)
    return FileOut(f"{settings.outbox}/{name}" if settings.outbox else name, data, "LODAS", told)
