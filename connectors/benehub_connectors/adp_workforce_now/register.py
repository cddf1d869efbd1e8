"""What payroll really took: every finished payroll of a window, each payment as register lines.

ADP tells a payroll's earnings and its deductions in two lists of the same people. They are read page by page beside
each other. Half a check would look like deductions not taken: a payment that one list alone names is a row with that
problem, and the others go on. Lists that have nothing in common are no register.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import zip_longest
from typing import Any

from benehub.connect import jsontext
from benehub.connect.checks import CheckHead, CheckLines
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.figures import hours, minor, needed, part, parts, text
from benehub.connect.messages import Response, path
from benehub.connect.verdict import unavailable
from benehub.errors import DataError, VendorUnavailable
from benehub.hours import exact_text, parse_hours
from benehub.periods import add_months, parse_date
from benehub.records import LineKind, TaxClass
from benehub_connectors.adp_workforce_now.answers import TOP, Row, pages, rows
from benehub_connectors.adp_workforce_now.settings import AdpSettings
from benehub_connectors.adp_workforce_now.words import tax_class

STREAM = "register_line"
OUTPUT = "/payroll/v2/payroll-output"

UNFINISHED = frozenset({"EER", "PVI", "PVC", "NTI", "NTC"})
"""States of a payroll that is still worked on: errors, preview, net."""

SIDES = ("earnings", "deductions")
"""What the two lists tell."""

HALF = "Look at it in Workforce Now, then read it again: benehub sync"

Payment = tuple[Row | None, Row | None]
"""What was earned and what was taken; None where no list has told it."""

LOOSE = 2 * TOP
"""Payments that may wait for their other half: with more, the two lists are of different people."""

MARGIN_DAYS = 62
"""Payrolls are listed by the end of their period and chosen by pay date, which lies about it by two months at most."""


@dataclass(frozen=True, slots=True)
class Run:
    """The head of a finished payroll."""

    item: str
    job: str
    group: str


def register(link: Link, cursor: str | None) -> Iterator[Page]:
    """Pages of payments, payrolls in the order of their ids; the last page has the latest pay date as cursor.

    Only payments of today or before are read: what is dated later can still change.

    Raises:
        DataError: the cursor is no date; VendorUnavailable: the two lists of a payroll differ.
    """
    settings: AdpSettings = link.settings
    today = link.clock().date()
    since = settings.register_from or add_months(today, -12)
    if cursor:
        since = max(since, parse_date(cursor, where="cursor") - timedelta(days=settings.register_overlap_days))
    latest = parse_date(cursor, where="cursor") if cursor else since
    runs, unreadable = _runs(link, since - timedelta(days=MARGIN_DAYS))
    yield from unreadable
    for run in runs:
        for number, (payload, payments, made) in enumerate(_payments(link, run), 1):
            for one in payments:
                made += _lines(one, run, settings, since, today)
            paid = [str(row.data["pay_date"]) for row in made if row.data]
            latest = max([latest, *(parse_date(day) for day in paid)])
            yield Page(STREAM, made, payload, f"payroll {run.job} {number}")
    yield Page(STREAM, (), b"", "payrolls read", latest.isoformat())


def _runs(link: Link, since: date) -> tuple[list[Run], list[Page]]:
    """The finished payrolls, and pages of those whose head cannot be read."""
    runs: list[Run] = []
    unreadable: list[Page] = []
    window = {"$filter": f"payPeriodEndDate ge {since:%Y%m%d}"}
    for answer, found in pages(link, OUTPUT, lambda told: rows(told, "payrollOutputs"), window):
        problems = []
        for number, row in enumerate(found, 1):
            try:
                if (run := _head(row, link.settings)) is not None:
                    runs.append(run)
            except DataError as error:
                known = row.get("payrollProcessingJobID") if isinstance(row, Mapping) else None
                problems.append(Incoming(f"payroll {known or number}", {}, {}, str(error), number))
        if problems:
            unreadable.append(Page(STREAM, problems, answer.body, "payrolls without a head"))
    return sorted(runs, key=lambda run: run.job), unreadable


def _head(row: Any, settings: AdpSettings) -> Run | None:
    """The payroll, or None where it is not done or not the one that is meant."""
    if not isinstance(row, Mapping):
        raise DataError("a payroll is no object", mend="Report it to the vendor")
    state = needed(part(row, "payrollProcessingJobStatusCode"), "codeValue")
    company = text(part(row, "payrollGroupCode"), "codeValue")
    if state in UNFINISHED or (settings.payroll_group and company != settings.payroll_group):
        return None
    if state not in settings.finished:
        raise DataError(
            f"a payroll in a state that nobody has told: {state[:20]}", mend="Name it under `finished` if it is done"
        )
    job = needed(row, "payrollProcessingJobID")
    return Run(text(row, "itemID") or job, job, company)


def _payments(link: Link, run: Run) -> Iterator[tuple[bytes, list[Payment], list[Incoming]]]:
    """Pages of payments: what was earned and what was taken, of the same people; and rows that are no payment.

    The last one has the payments whose other half no page has told.
    """
    summary = path(f"{OUTPUT}/{{id}}/associate-payment-summary", id=run.item)
    earned = pages(link, f"{summary}/earnings", _people)
    taken = pages(link, f"{summary}/non-statutory-deductions", _people)
    halves: tuple[dict[str, Row], dict[str, Row]] = ({}, {})
    met, nameless = 0, Counter[int]()
    for both in zip_longest(earned, taken):
        unreadable: list[Incoming] = []
        for side, page in enumerate(both):
            found, odd = _by_name(page[1] if page else ())
            halves[side].update(found)
            for problem in odd:
                nameless[side] += 1
                unreadable.append(Incoming(f"{run.job}/{SIDES[side]} {nameless[side]}", {}, {}, problem))
        whole = [name for name in halves[0] if name in halves[1]]
        met += len(whole)
        yield (
            b"\n".join(page[0].body for page in both if page),
            [(halves[0].pop(name), halves[1].pop(name)) for name in whole],
            unreadable,
        )
        if max(map(len, halves)) > LOOSE:
            raise _strangers(link, summary)
    left = [*halves[0].items(), *halves[1].items()]
    if len(left) > 1 and not met:
        raise _strangers(link, summary)
    if left:
        payload = jsontext.dump([row for _, row in left]).encode()
        alone: list[Payment] = [(row, None) for row in halves[0].values()]
        yield payload, [*alone, *((None, row) for row in halves[1].values())], []


def _strangers(link: Link, summary: str) -> VendorUnavailable:
    return unavailable(
        "earnings and deductions of a payroll are told of different people", where=f"{link.connection} {summary}",
        sent=False,
    )  # fmt: skip


def _people(answer: Response) -> list[Any]:
    return [
        one
        for output in rows(answer, "payrollOutputs")
        for one in (parts(output, "associatePayments") if isinstance(output, Mapping) else ())
    ]


def _by_name(people: Sequence[Row]) -> tuple[dict[str, Row], list[str]]:
    """Payments of a page by person and payment, the person in each; and why others have no name."""
    found: dict[str, Row] = {}
    odd: list[str] = []
    for person in people:
        try:
            who = needed(person, "associateOID")
            for one in parts(person, "payments"):
                found[f"{who}/{needed(one, 'itemID')}"] = {**one, "associateOID": who}
        except DataError as error:
            odd.append(str(error))
    return found, odd


def _lines(payment: Payment, run: Run, settings: AdpSettings, since: date, today: date) -> list[Incoming]:
    """All lines of one payment, or the one row that says why it cannot be read."""
    earned, taken = payment
    told = earned or taken or {}
    name = f"{run.job}/{told['associateOID']}/{told['itemID']}"
    try:
        paid = parse_date(needed(told, "paymentDate"), where="paymentDate")
        if not since <= paid <= today:
            return []
        if earned is None or taken is None:
            raise DataError(f"payroll tells no {SIDES[earned is not None]} of this payment", mend=HALF)
        return list(_check_lines(CheckLines(_check(name, earned, paid, run, settings)), earned, taken, settings))
    except DataError as error:
        return [Incoming(name, {}, {}, str(error))]


def _check(name: str, earned: Row, paid: date, run: Run, settings: AdpSettings) -> CheckHead:
    start, end = text(earned, "payPeriodStartDate"), text(earned, "payPeriodEndDate")
    return CheckHead(
        name, run.job, str(earned["associateOID"]), paid,
        gross_minor=_gross(part(earned, "paymentSummary", "earnings")),
        net_minor=minor(part(earned, "paymentAmount").get("amountValue"), "paymentAmount"),
        pay_group=settings.pay_group_of(run.group, ()),
        start=parse_date(start, where="payPeriodStartDate") if start else None,
        end=parse_date(end, where="payPeriodEndDate") if end else None,
    )  # fmt: skip


def _gross(earnings: Row) -> int:
    """Gross pay of this payroll.

    Raises:
        DataError: ADP tells none.
    """
    for one in parts(earnings, "payrollAccumulations"):
        kind, span = part(one, "accumulatorCode"), part(one, "accumulatorTimeUnitCode")
        amount = part(one, "accumulatedAmount").get("amountValue")
        if text(kind, "codeValue") == "GRS" and text(span, "codeValue") == "P" and amount is not None:
            return minor(amount, "gross pay")
    raise DataError("the payment tells no gross pay of this payroll", mend="Look at it in Workforce Now")


def _check_lines(check: CheckLines, earned: Row, taken: Row, settings: AdpSettings) -> Iterator[Incoming]:
    worked, items = Fraction(0), []
    for section in parts(part(earned, "paymentSummary", "earnings"), "earningsSections"):
        items += parts(section, "earningsItems")
    for one in items:
        code = needed(part(one, "earningID"), "idValue")
        told = hours(part(one, "timeWorkedQuantity").get("quantityValue"), f"hours of {code}")
        if told and code in settings.leave_codes:
            yield check.line(LineKind.LEAVE_TAKEN, settings.leave_codes[code], told=told)
        elif told:
            worked += parse_hours(told)
    told, gross = exact_text(worked) if worked else "", check.head.gross_minor
    yield check.line(LineKind.EARNING, settings.earning_code, amount=gross, told=told, extra={"earningsItems": items})
    deductions = part(taken, "paymentSummary", "nonStatutoryDeductions")
    if "nonStatutoryDeductionSections" not in deductions:
        raise DataError("the payment shows no list of deductions", mend="Give the project the scope to read them")
    for section in parts(deductions, "nonStatutoryDeductionSections"):
        for one in parts(section, "nonStatutoryDeductionsItems"):
            yield from _deduction(check, one, text(section, "sectionCategory"), settings)


def _deduction(check: CheckLines, one: Row, section: str, settings: AdpSettings) -> Iterator[Incoming]:
    theirs = needed(part(one, "deductionID"), "idValue")
    code = settings.code_of(theirs)
    amount = minor(part(one, "associateDeductionAmount").get("amountValue"), f"deduction {code}")
    given = minor(part(one, "employerPaidAmount").get("amountValue"), f"company's part of {code}")
    # A line of nothing says that payroll knew of the deduction and took none.
    yield check.line(LineKind.DEDUCTION, code, tax_class(theirs), amount=amount, extra={"sectionCategory": section})
    if given:
        yield check.line(LineKind.EMPLOYER, code, TaxClass.EMPLOYER, amount=given)
