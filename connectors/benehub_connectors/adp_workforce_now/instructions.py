"""Payroll instructions: the deductions ADP holds for a worker, by position, as of a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.figures import minor, needed, part, parts, percent, percent_text, text
from benehub.connect.messages import Request, Response, path, read
from benehub.errors import DataError
from benehub_connectors.adp_workforce_now.answers import REFUSALS, Row, refuse, rows
from benehub_connectors.adp_workforce_now.settings import AdpSettings
from benehub_connectors.adp_workforce_now.words import tax_class
from benehub_connectors.adp_workforce_now.workers import ended, listed

STREAM = "payroll_benefit"
AMOUNT, PERCENT = "Amount", "Percent"


@dataclass(frozen=True, slots=True)
class Rate:
    """What is taken: an amount in minor units, or a rate of pay."""

    amount_minor: int = 0
    rate: Fraction | None = None

    @property
    def unit(self) -> str:
        """ADP's word for the kind."""
        return AMOUNT if self.rate is None else PERCENT

    @property
    def figure(self) -> str:
        """ADP's text of it: two decimals at most, whatever the kind.

        Raises:
            DataError: a rate that has more.
        """
        if self.rate is not None:
            return percent_text(self.rate, "employee_rate", least=2, most=2)
        sign, minor_ = ("-", -self.amount_minor) if self.amount_minor < 0 else ("", self.amount_minor)
        return f"{sign}{minor_ // 100}.{minor_ % 100:02d}"


@dataclass(frozen=True, slots=True)
class Held:
    """One deduction as ADP holds it."""

    item: str
    code: str
    rate: Rate
    active: bool


@dataclass(frozen=True, slots=True)
class Position:
    """Where deductions are held: payroll's company code and file number of one of a worker's positions."""

    group: Row
    file_number: str
    held: tuple[Held, ...]

    @property
    def company(self) -> str:
        """The company code."""
        return text(self.group, "codeValue")


def ask(employee: str, day: date, *, accept: tuple[int, ...] = REFUSALS) -> Request:
    """The read of what holds on a day."""
    where = path("/payroll/v1/workers/{id}/payroll-instructions", id=employee)
    return read(where, {"asOfDate": day.isoformat()}, accept=accept)


def positions(answer: Response) -> list[Position]:
    """All positions of a worker with what each holds.

    Raises:
        DataError: ADP refuses, or an instruction cannot be read.
    """
    refuse(answer)
    found = []
    for row in rows(answer, "payrollInstructions"):
        if not isinstance(row, dict):
            raise DataError("a position is no object", where=answer.place, mend="Report it to the vendor")
        held = tuple(held_of(one) for one in parts(row, "generalDeductionInstructions"))
        group = {name: value for name, value in part(row, "payrollGroupCode").items() if value}
        found.append(Position(group, text(row, "payrollFileNumber"), held))
    return found


def held_of(row: Row) -> Held:
    """One deduction.

    Raises:
        DataError: it has no code, or its rate is none.
    """
    return Held(
        text(row, "itemID"),
        needed(part(row, "deductionCode"), "codeValue"),
        rate_of(part(row, "deductionRate")),
        row.get("inactiveIndicator") is not True,
    )


def rate_of(told: Row) -> Rate:
    """The rate that ADP tells; without a unit it is an amount, as for codes of older companies.

    Raises:
        DataError: no figure, or a unit that nobody has told.
    """
    unit, value = text(part(told, "unitCode"), "codeValue") or AMOUNT, told.get("rateValue")
    if unit in (PERCENT, "Percentage"):
        return Rate(rate=percent(value, "rateValue"))
    if unit != AMOUNT:
        raise DataError(f"a deduction in {unit[:20]!r}", mend="Report it: benehub knows Amount and Percent")
    return Rate(minor(value, "rateValue"))


def read_instructions(link: Link) -> Iterator[Page]:
    """Everything held today, one call a worker who has not left."""
    today = link.clock().date()
    for answer, people in listed(link):
        nameless = [
            Incoming(f"row {at}", {}, problem="a worker without associateOID: report it to ADP", row=at)
            for at, one in enumerate(people, 1)
            if not (isinstance(one, dict) and one.get("associateOID"))
        ]
        if nameless:
            yield Page(STREAM, nameless, answer.body, "workers without id")
        for one in people:
            if isinstance(one, dict) and one.get("associateOID") and not ended(one):
                yield _page(link, str(one["associateOID"]), today)


def _page(link: Link, employee: str, today: date) -> Page:
    answer = link.http().send(ask(employee, today))
    refuse(answer)
    made: dict[str, Incoming] = {}
    for row in rows(answer, "payrollInstructions"):
        group = text(part(row, "payrollGroupCode"), "codeValue") if isinstance(row, dict) else ""
        number = text(row, "payrollFileNumber") if isinstance(row, dict) else ""
        if link.settings.payroll_group and group != link.settings.payroll_group:
            continue
        found: list[Any] = list(row.get("generalDeductionInstructions") or ()) if isinstance(row, dict) else [row]
        for at, one in enumerate(found, 1):
            line = _row(one, f"{employee}/{group}-{number}", employee, at, link.settings)
            # An amount and a percentage beside each other bear the same id.
            made[line.key if line.key not in made else f"{line.key}#{at}"] = line
    lines = [Incoming(key, one.data, one.extra, one.problem, one.row) for key, one in made.items()]
    return Page(STREAM, lines, answer.body, "payroll instructions", full=not any("/row " in key for key in made))


def _row(row: Any, place: str, employee: str, number: int, settings: AdpSettings) -> Incoming:
    key = f"{place}/row {number}"
    try:
        if not isinstance(row, dict):
            raise DataError("the instruction is no object", mend="Report it to the vendor")
        held = held_of(row)
        key = f"{place}/{held.item or held.code}/{held.rate.unit}"
        data: dict[str, Any] = {
            "employee": employee, "code": settings.code_of(held.code), "active": held.active, "version": held.item,
        }  # fmt: skip
        if held.rate.rate is None:
            data["employee_amount_minor"] = held.rate.amount_minor
        else:
            data["employee_rate"] = f"{percent_text(held.rate.rate)}%"
    except DataError as error:
        return Incoming(key, {}, {}, str(error), number)
    taxed = tax_class(held.code)
    extra = {"deductionCode": held.code, "deductionStartDate": row.get("deductionStartDate"),
             "deductionGoal": row.get("deductionGoal"), "tax_class": taxed.value if taxed else None}  # fmt: skip
    return Incoming(key, data, {name: value for name, value in extra.items() if value}, row=number)
