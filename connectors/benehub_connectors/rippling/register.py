"""What payroll really took: every paid run of a window, each employee's check as register lines.

A run counts once it is PAID: before that it can still be canceled (CLOSED) or fail (FAILED).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from benehub.connect.checks import CheckHead, CheckLines
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.messages import path
from benehub.errors import BenehubError, DataError
from benehub.hours import exact_text, parse_hours
from benehub.periods import add_months, parse_date
from benehub.records import LineKind, TaxClass
from benehub_connectors.rippling.reads import Row, pages
from benehub_connectors.rippling.settings import RipplingSettings
from benehub_connectors.rippling.words import TAX_CLASSES, hours, minor, needed, parts, text


@dataclass(frozen=True, slots=True)
class PayRun:
    """The head of a paid run; only a regular one surely has a period."""

    id: str
    check_date: date
    kind: str
    start: date | None
    end: date | None
    schedule: str


def register(link: Link, cursor: str | None) -> Iterator[Page]:
    """One page for every hundred checks, runs in order of check date; the cursor is the last check date.

    Raises:
        DataError: the cursor is no date; and whatever the client raises.
    """
    settings: RipplingSettings = link.settings
    today = link.clock().date()
    since = settings.register_from or add_months(today, -12)
    if cursor:
        since = max(since, parse_date(cursor, where="cursor") - timedelta(days=settings.register_overlap_days))
    runs, unreadable = _paid_runs(link, since, today)
    yield from unreadable
    for run in runs:
        found = pages(link, path("/payroll_runs/{id}/employees", id=run.id))
        for number, (answer, checks) in enumerate(found, 1):
            lines = [line for check in checks for line in check_lines(run, check, settings)]
            name = f"run {run.check_date} {run.id} {number}"
            yield Page("register_line", lines, answer.body, name, run.check_date.isoformat())


def _paid_runs(link: Link, since: date, until: date) -> tuple[list[PayRun], list[Page]]:
    """The runs to read in order of check date, and pages of those whose head cannot be read."""
    runs: list[PayRun] = []
    unreadable: list[Page] = []
    for answer, items in pages(link, "/payroll_runs"):
        problems = []
        for number, row in enumerate(items, 1):
            try:
                if needed(row, "runState") == "PAID":
                    runs.append(_head(row))
            except (BenehubError, AttributeError) as error:
                why = error.what if isinstance(error, BenehubError) else "the row is no object"
                known = row.get("id") if isinstance(row, Mapping) else None
                problems.append(Incoming(f"run {known or number}", {}, {}, why, number))
        if problems:
            unreadable.append(Page("register_line", problems, answer.body, "runs without a head"))
    wanted = [one for one in runs if since <= one.check_date <= until]
    return sorted(wanted, key=lambda run: (run.check_date, run.id)), unreadable


def _head(row: Row) -> PayRun:
    told = row.get("payPeriod")
    period = told if isinstance(told, Mapping) else {}
    start, end = text(period, "startDate"), text(period, "endDate")
    return PayRun(
        needed(row, "id"),
        parse_date(needed(row, "checkDate"), where="checkDate"),
        needed(row, "runType"),
        parse_date(start, where="startDate") if start else None,
        parse_date(end, where="endDate") if end else None,
        text(period, "paySchedule"),
    )


def check_lines(run: PayRun, check: Any, settings: RipplingSettings) -> list[Incoming]:
    """All lines of one employee's check, or the one row that says why it cannot be read.

    A check is translated whole or not at all: half a check would look like deductions not taken.
    """
    try:
        if not isinstance(check, Mapping):
            raise DataError("a check is no object", mend="Report it to the vendor")
        return list(_Check(run, check, settings).lines())
    except BenehubError as error:
        key = check.get("id") if isinstance(check, Mapping) else None
        return [Incoming(f"{run.id}/{key or 'unknown'}", {}, {}, error.what)]


class _Check:
    """One employee's check while its lines are made."""

    def __init__(self, run: PayRun, check: Row, settings: RipplingSettings) -> None:
        self._check, self._settings = check, settings
        self._gross = minor(needed(check, "grossPay"), "grossPay")
        head = CheckHead(
            needed(check, "id"), run.id, needed(check, "role"), run.check_date, self._gross,
            minor(check["netPay"], "netPay") if check.get("netPay") is not None else None,
            settings.pay_group_of(run.schedule), run.start, run.end,
        )  # fmt: skip
        self._line = CheckLines(head, {"runType": run.kind}).line

    def lines(self) -> Iterator[Incoming]:
        """Gross pay with the hours worked, leave taken, deductions and the company's part of each."""
        leave, worked = self._settings.leave_codes, Fraction(0)
        for one in parts(self._check, "earnings"):
            told = hours(one.get("hours"), "hours of an earning")
            name = text(one, "name")
            if told and name in leave:
                yield self._line(LineKind.LEAVE_TAKEN, leave[name], told=told)
            elif told:
                worked += parse_hours(told)
        kept = {name: self._check[name] for name in ("taxes", "garnishments", "earnings") if self._check.get(name)}
        told = exact_text(worked) if worked else ""
        yield self._line(LineKind.EARNING, self._settings.earning_code, amount=self._gross, told=told, extra=kept)
        for one in parts(self._check, "deductions"):
            yield from self._deduction(one)

    def _deduction(self, one: Row) -> Iterator[Incoming]:
        code, kind = self._settings.code_of(needed(one, "name")), text(one, "deductionTypeEnum")
        taken = minor(needed(one, "employeeDeductionAmt"), f"employeeDeductionAmt of {code}")
        given = minor(needed(one, "companyContributionAmt"), f"companyContributionAmt of {code}")
        taxed = TAX_CLASSES.get(kind)
        # A line of nothing says that payroll knew of the deduction and took none.
        yield self._line(LineKind.DEDUCTION, code, taxed, amount=taken, extra={"deductionTypeEnum": kind})
        if given:
            yield self._line(LineKind.EMPLOYER, code, TaxClass.EMPLOYER, amount=given)
