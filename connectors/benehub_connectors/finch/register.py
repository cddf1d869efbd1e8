"""What payroll really took: every payment of a window, each pay statement as register lines.

The first statements of several payments are asked for in one call, because Finch allows twelve a minute; a payment
with more of them is then read on by itself. A payment whose statements Finch is still fetching holds the cursor back,
so that no later sync passes over it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from benehub.connect import paging
from benehub.connect.checks import CheckHead, CheckLines
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.figures import rows
from benehub.connect.messages import Response
from benehub.errors import BenehubError, DataError
from benehub.hours import exact_text, parse_hours
from benehub.periods import add_months, parse_date
from benehub.records import LineKind, TaxClass
from benehub_connectors.finch.answers import ask, body, items, problem
from benehub_connectors.finch.benefits import CompanyBenefit, company_benefits, taken
from benehub_connectors.finch.payments import Payment, listed, payment, spans
from benehub_connectors.finch.people import stated
from benehub_connectors.finch.settings import FinchSettings
from benehub_connectors.finch.words import dollars, hours, mapping, money, needed, tax_class, text, whole

PER_PAGE = 200
"""Statements of a payment that are asked for at once: with as many payments in a call, some ten megabytes."""

PAYMENTS_A_CALL = 10

LEAVE_TYPES = frozenset({"pto", "sick"})
"""Types of earnings that are paid leave."""

_NOT_PAY = frozenset({"reimbursement"})


@dataclass
class _Reading:
    """One read of the register: statements seen, and the day from which the next one has to start."""

    settings: FinchSettings
    benefits: Sequence[CompanyBenefit]
    """Those of the company, where the settings name any by its id."""
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    unfinished: date | None = None

    def cursor(self, day: date) -> str:
        """The day to go on from once everything up to `day` is applied."""
        return min(day, self.unfinished or day).isoformat()

    def code(self, name: str, kind: str) -> str:
        """The code of what a statement names, by the id of the benefit that is called so; empty where nothing names it.

        Raises:
            DataError: benefits of several codes are called so, or one whose code is another's by that one's id.
        """
        alike = [one for one in self.benefits if one.description == name and kind in ("", one.kind)]
        codes = {self.settings.code_of(one.description, one.kind, one.id) for one in alike}
        if len(codes) > 1:
            raise DataError(
                "the statement names a deduction as benefits of several codes are called",
                mend="Give each benefit a description of its own in payroll",
            )
        if other := next((one.id for one in alike if taken(one, self.settings)), ""):
            raise DataError(
                f"the statement names a benefit that answers to {codes.pop()}, as another one does",
                mend=f"Name the id of each under `codes` of the connection; this one is {other}",
            )
        return codes.pop() if codes else self.settings.code_of(name, kind)

    def wait_for(self, run: Payment) -> None:
        """Let the next read start at this payment again."""
        self.unfinished = min(run.pay_date, self.unfinished or run.pay_date)


def register(link: Link, cursor: str | None) -> Iterator[Page]:
    """Pages of statements, payments in order of pay date; the cursor is a pay date.

    Only payments of today or before are read: what is dated later can still change.

    Raises:
        DataError: the cursor is no date, or Finch refuses; ConfigError: the window is too long.
    """
    settings: FinchSettings = link.settings
    # Only where the settings name benefits by their ids is there anything to look up.
    reading = _Reading(settings, company_benefits(link) if settings.codes else ())
    for first, last in spans(*_window(link, cursor)):
        answer = listed(link, first, last)
        runs, problems = _heads(rows(answer), reading.settings)
        if problems:
            yield Page("register_line", problems, answer.body, f"payments from {first} without a head")
        for start in range(0, len(runs), PAYMENTS_A_CALL):
            yield from _batch(link, runs[start : start + PAYMENTS_A_CALL], reading)


def _window(link: Link, cursor: str | None) -> tuple[date, date]:
    """First and last pay date to read."""
    settings: FinchSettings = link.settings
    today = link.clock().date()
    if cursor:
        since = parse_date(cursor, where="cursor") - timedelta(days=settings.register_overlap_days)
        return max(since, settings.register_from or since), today
    return settings.register_from or add_months(today, -12), today


def _heads(found: Sequence[Any], settings: FinchSettings) -> tuple[list[Payment], list[Incoming]]:
    """The payments in order of pay date, each once, and the rows of those whose head cannot be read."""
    heads: dict[str, Payment] = {}
    problems = []
    for number, row in enumerate(found, 1):
        try:
            head = payment(mapping(row, "a payment"), settings)
        except (BenehubError, AttributeError, TypeError) as error:
            named = row.get("id") if isinstance(row, Mapping) else None
            problems.append(problem(f"{named}/unknown" if named else "", error, number))
            continue
        heads[head.id] = head
    return sorted(heads.values(), key=lambda one: (one.pay_date, one.id)), problems


def _batch(link: Link, runs: Sequence[Payment], reading: _Reading) -> Iterator[Page]:
    """The pages of some payments: one of their first statements together, then what is left of each."""
    first = _ask(link, runs, 0)
    lines: list[Incoming] = []
    unread = []
    for run in runs:
        try:
            part = _part(first, run)
        except DataError as error:
            if _pending(first, run):
                reading.wait_for(run)
            lines.append(problem(f"{run.id}/unknown", error))
            continue
        lines += _lines(part.items, run, reading)
        if part.items and (part.total is None or len(part.items) < part.total):
            unread.append(run)
    done = runs[0] if unread else runs[-1]
    yield Page(
        "register_line",
        lines,
        first.body,
        f"payments from {runs[0].pay_date} {runs[0].id}",
        reading.cursor(done.pay_date),
    )
    for run in unread:
        for number, (answer, found) in enumerate(_further(link, run, first), 2):
            made = _lines(found, run, reading)
            name = f"payment {run.pay_date} {run.id} {number}"
            yield Page("register_line", made, answer.body, name, reading.cursor(runs[0].pay_date))


def _ask(link: Link, runs: Sequence[Payment], offset: int) -> Response:
    requests = [{"payment_id": one.id, "limit": PER_PAGE, "offset": offset} for one in runs]
    return ask(link, "/employer/pay-statement", requests, "pay_statement")


def _part(answer: Response, run: Payment) -> paging.Page[Any]:
    """The statements of one payment in a batch's answer.

    Raises:
        DataError: Finch could not tell them, or tells no list.
    """
    told = body(items(rows(answer, "responses"), "payment_id").get(run.id), "pay statements of the payment")
    found = told.get("pay_statements")
    if not isinstance(found, list):
        raise DataError("the payment tells no list of pay statements", mend="Report it to the vendor")
    return paging.Page(found, total=stated(told))


def _pending(answer: Response, run: Payment) -> bool:
    item = items(rows(answer, "responses"), "payment_id").get(run.id)
    return item is None or item.get("code") == 202


def _further(link: Link, run: Payment, first: Response) -> Iterator[tuple[Response, Sequence[Any]]]:
    """Pages of a payment's statements after the first, which is there already.

    Raises:
        FatalError, VendorUnavailable: as `paging.by_offset`; DataError as `_part`.
    """
    answers = [first]

    def fetch(offset: int) -> paging.Page[Any]:
        answers[:] = [_ask(link, [run], offset) if offset else first]
        return _part(answers[0], run)

    for found in paging.by_offset(fetch, where=f"{link.connection} /employer/pay-statement"):
        if answers[0] is not first:
            yield answers[0], found


def _lines(found: Sequence[Any], run: Payment, reading: _Reading) -> list[Incoming]:
    """The lines of some statements.

    A statement is translated whole or not at all: half of one would look like deductions not taken.
    """
    made: list[Incoming] = []
    for number, row in enumerate(found, 1):
        told = row.get("individual_id") if isinstance(row, Mapping) else None
        employee = told if isinstance(told, str) and told else f"unknown {number}"
        reading.seen[run.id, employee] += 1
        times = reading.seen[run.id, employee]
        # A bonus paid with the salary is a statement of its own, not a newer version of the first.
        name = f"{run.id}/{employee}" + (f"#{times}" if times > 1 else "")
        try:
            made += _Statement(run, mapping(row, "a pay statement"), name, reading).lines()
        except (BenehubError, AttributeError, TypeError) as error:
            made.append(problem(name, error, number))
    return made


class _Statement:
    """One pay statement while its lines are made."""

    def __init__(self, run: Payment, told: Mapping[str, Any], name: str, reading: _Reading) -> None:
        self._told, self._settings, self._reading = told, reading.settings, reading
        self._earned = self._listed("earnings")
        self._gross = self._gross_pay()
        head = CheckHead(
            name, run.id, needed(told, "individual_id"), run.pay_date, self._gross,
            money(told.get("net_pay"), "net_pay"), run.group, run.start, run.end,
        )  # fmt: skip
        self._line = CheckLines(head).line

    def lines(self) -> list[Incoming]:
        """Gross pay, deductions, the company's contributions and paid leave."""
        return [self._earning(), *self._deductions(), *self._contributions(), *self._leave()]

    def _gross_pay(self) -> int:
        """Gross pay; where Finch tells none, what the earnings come to."""
        gross = money(self._told.get("gross_pay"), "gross_pay")
        if gross is not None:
            return gross
        if not self._earned:
            raise DataError("the statement tells no gross pay", mend="Look at it in payroll")
        return sum(_amount(one, "an earning") for one in self._earned if text(one, "type") not in _NOT_PAY)

    def _earning(self) -> Incoming:
        worked = [
            hours(one.get("hours"), "hours worked") for one in self._earned if text(one, "type") not in LEAVE_TYPES
        ]
        total = sum((parse_hours(one) for one in worked if one), Fraction(0))
        extra = {
            name: self._told[name] for name in ("type", "payment_method", "earnings", "taxes") if self._told.get(name)
        }
        code = self._settings.earning_code
        return self._line(
            LineKind.EARNING, code, amount=self._gross, told=exact_text(total) if total else "", extra=extra
        )

    def _deductions(self) -> Iterator[Incoming]:
        listed = self._listed("employee_deductions")
        if self._told.get("employee_deductions") is None and not self._contractor():
            raise DataError("the statement shows no list of deductions", mend="Look at it in payroll: Finch tells none")
        for one in listed:
            kind = text(one, "type")
            code = self._code(one)
            taxed = tax_class(kind, one.get("pre_tax"))
            # A line of nothing says that payroll knew of the deduction and took none.
            yield self._line(LineKind.DEDUCTION, code, taxed, amount=_amount(one, f"deduction {code}"))

    def _contributions(self) -> Iterator[Incoming]:
        for one in self._listed("employer_contributions"):
            code = self._code(one)
            if given := _amount(one, f"contribution {code}"):
                yield self._line(LineKind.EMPLOYER, code, TaxClass.EMPLOYER, amount=given)

    def _leave(self) -> Iterator[Incoming]:
        codes = self._settings.leave_codes
        for one in self._earned:
            name, kind = text(one, "name"), text(one, "type")
            if kind not in LEAVE_TYPES and name not in codes:
                continue
            if taken := hours(one.get("hours"), "hours of leave"):
                yield self._line(LineKind.LEAVE_TAKEN, codes.get(name) or codes.get(kind) or name or kind, told=taken)

    def _contractor(self) -> bool:
        return bool(self._earned) and all(text(one, "type") == "1099" for one in self._earned)

    def _code(self, one: Mapping[str, Any]) -> str:
        code = self._reading.code(text(one, "name"), text(one, "type"))
        if not code:
            raise DataError("a deduction or contribution has neither name nor type", mend="Look at it in payroll")
        return code

    def _listed(self, name: str) -> Sequence[Mapping[str, Any]]:
        found = self._told.get(name) or []
        if not isinstance(found, list):
            raise DataError(f"{name} is no list", mend="Report it to the vendor")
        # Finch allows null in the place of an object.
        return [mapping(one, f"a part of {name}") for one in found if one is not None]


def _amount(one: Mapping[str, Any], where: str) -> int:
    dollars(one, where)
    return whole(one.get("amount"), where)
