"""What payroll really took: every processed payroll of a window, each employee's check as register lines.

A check names its benefits by description only, without id or type. Where benefits of one description have different
codes, by their uuids, whoever was paid is looked up among those who held them on the day; what is switched on today
says nothing of a past check. The description has to be unique among the benefits of a code for a line to carry a tax
class. Gusto leaves out benefits it holds to be health data when the application lacks the scope for it: a check without
any list of benefits is therefore a problem row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from benehub.connect.checks import CheckHead, CheckLines
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.messages import path
from benehub.errors import BenehubError, ConfigError, DataError
from benehub.hours import exact_text, parse_hours
from benehub.periods import add_months, parse_date
from benehub.records import LineKind, TaxClass
from benehub_connectors.gusto.answers import pages
from benehub_connectors.gusto.reads import CompanyBenefit, company_benefits, confounded, pay_groups, problem
from benehub_connectors.gusto.settings import GustoSettings
from benehub_connectors.gusto.words import hours, minor, needed, tax_class, text

WINDOW_DAYS = 300
"""Gusto lists payrolls over at most a year at once."""

MAX_WINDOWS = 30

LIST_MARGIN_DAYS = 92
"""Payrolls are listed by pay period and chosen by check date; a correction is paid long after its period."""

AHEAD_DAYS = 31
"""A pay period may end after its check date, by a month at most."""


@dataclass(frozen=True, slots=True)
class PayRun:
    """The head of a processed payroll."""

    uuid: str
    check_date: date
    period_start: date | None
    period_end: date | None
    schedule: str
    reason: str
    reverses: str = ""
    """The payroll it takes back, where the vendor says so."""


@dataclass(frozen=True, slots=True)
class Holding:
    """That an employee holds a company benefit, or has held it."""

    employee: str
    code: str
    kind: int | None
    starts: str
    ends: str
    alike: str = ""
    """The uuid of a benefit that its description does not tell from another one."""

    def may_run_on(self, day: date) -> bool:
        """Whether it may have run then: a benefit that was switched off without a last day ended nobody knows when."""
        return (not self.starts or self.starts <= day.isoformat()) and (not self.ends or day.isoformat() <= self.ends)


@dataclass(frozen=True, slots=True)
class Book:
    """What a register is read with."""

    settings: GustoSettings
    groups: Mapping[str, str]
    types: Mapping[str, frozenset[int | None]]
    """Benefit types by description of the company benefit."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Code by description, where all benefits of that description have the same."""
    shared: Mapping[str, Sequence[Holding]] = field(default_factory=dict)
    """Description of benefits of several codes, or of one whose code is another's -> who holds which."""

    def benefit(self, name: str, employee: str, day: date) -> tuple[str, frozenset[int | None]]:
        """The code of a benefit that a check names, and the types it may be of.

        Raises:
            DataError: it may be more than one of several, or none, by the days that the employee held them; or the
                one is not told from another by its description.
        """
        if name not in self.shared:
            return self.names.get(name) or self.settings.code_of(name), self.types.get(name, frozenset())
        mine = [one for one in self.shared[name] if one.employee == employee and one.may_run_on(day)]
        if len({one.code for one in mine}) != 1:
            # The code is in the line's key: a guess that a later read made otherwise would stand there twice.
            raise DataError(
                "the check names a benefit as several are described; the employee may have held none or more of them",
                mend="Tell in Gusto from when to when the employee has each of them (effective and expiration date)",
            )
        if alike := next((one.alike for one in mine if one.alike), ""):
            raise DataError(
                f"the check names a benefit that answers to {mine[0].code}, as another one does",
                mend=f"Name the uuid of each under `codes` of the connection; this one is {alike}",
            )
        return mine[0].code, frozenset({one.kind for one in mine})


def register(link: Link, cursor: str | None) -> Iterator[Page]:
    """One page for every hundred checks, payrolls in order of check date; the cursor is the last check date.

    Only checks dated today or before are read: a processed payroll can still be cancelled until then.

    Raises:
        DataError: the cursor is no date, or Gusto refuses; ConfigError: the window is too long.
    """
    settings: GustoSettings = link.settings
    since, until = _window(link, cursor)
    book = _book(link, company_benefits(link))
    runs, unreadable = _pay_runs(link, since, until)
    yield from unreadable
    for run in runs:
        where = path("/v1/companies/{c}/payrolls/{p}", c=settings.company, p=run.uuid)
        found = pages(link, where, {"include": "benefits"}, inside="employee_compensations")
        for number, (answer, checks) in enumerate(found, 1):
            lines = [line for check in checks for line in check_lines(run, check, book)]
            name = f"payroll {run.check_date} {run.uuid} {number}"
            yield Page("register_line", lines, answer.body, name, run.check_date.isoformat())


def check_lines(run: PayRun, check: Any, book: Book) -> list[Incoming]:
    """All lines of one employee's check, or the one row that says why it cannot be read.

    A check is translated whole or not at all: half a check would look like deductions not taken.
    """
    try:
        if not isinstance(check, Mapping):
            raise DataError("a check is no object", mend="Report it to the vendor")
        if check.get("excluded") is True:
            return []
        return _Check(run, check, book).lines()
    except (BenehubError, AttributeError, TypeError) as error:
        row = problem(check, error, 1)
        employee = check.get("employee_uuid") if isinstance(check, Mapping) else None
        return [Incoming(f"{run.uuid}/{employee or 'unknown'}", {}, {}, row.problem)]


class _Check:
    """One employee's check while its lines are made."""

    def __init__(self, run: PayRun, check: Mapping[str, Any], book: Book) -> None:
        self._check, self._book = check, book
        employee, net = needed(check, "employee_uuid"), check.get("net_pay")
        self._employee, self._day = employee, run.check_date
        self._gross = minor(check.get("gross_pay"), "gross_pay")
        noted = {"off_cycle_reason": run.reason} if run.reason else {}
        head = CheckHead(
            f"{run.uuid}/{employee}", run.uuid, employee, run.check_date, self._gross,
            None if net is None else minor(net, "net_pay"), book.groups.get(run.schedule, ""), run.period_start,
            run.period_end, f"{run.reverses}/{employee}" if run.reverses else "",
        )  # fmt: skip
        self._line = CheckLines(head, noted).line

    def lines(self) -> list[Incoming]:
        """Gross pay, benefits, time off taken and paid out."""
        return [self._earning(), *self._benefits(), *self._time_off()]

    def _earning(self) -> Incoming:
        settings = self._book.settings
        kept = {name: self._check.get(name) for name in ("hourly_compensations", "check_amount", "reimbursements")}
        kept["fixed_compensations"] = [
            one for one in self._listed("fixed_compensations") if text(one, "name") not in settings.payouts
        ]
        extra = {name: value for name, value in kept.items() if value}
        return self._line(LineKind.EARNING, settings.earning_code, amount=self._gross, told=self._worked(), extra=extra)

    def _worked(self) -> str:
        """Hours worked on the check: regular and overtime count alike; paid leave stands elsewhere."""
        told = [hours(one.get("hours"), "hours worked") for one in self._listed("hourly_compensations")]
        worked = sum((parse_hours(one) for one in told if one), Fraction(0))
        return exact_text(worked) if worked else ""

    def _benefits(self) -> Iterator[Incoming]:
        if not isinstance(self._check.get("benefits"), list):
            raise DataError(
                "the check shows no list of benefits",
                mend="Give the connection the scopes employee_benefits:read and employee_benefits:read:phi",
            )
        for one in self._listed("benefits"):
            name = needed(one, "name")
            code, kinds = self._book.benefit(name, self._employee, self._day)
            imputed = one.get("imputed") is True
            taken = minor(one.get("employee_deduction"), f"employee_deduction of {code}")
            given = minor(one.get("company_contribution"), f"company_contribution of {code}")
            taxed = tax_class(next(iter(kinds))) if len(kinds) == 1 else None
            extra = {} if taxed else {"benefit_types": sorted(kind or 0 for kind in kinds)}
            # A line of nothing says that payroll knew of the deduction and took none.
            yield self._line(LineKind.DEDUCTION, code, taxed, amount=taken, extra=extra)
            if given:
                share = TaxClass.IMPUTED if imputed else TaxClass.EMPLOYER
                yield self._line(LineKind.EMPLOYER, code, share, amount=given)

    def _time_off(self) -> Iterator[Incoming]:
        settings = self._book.settings
        leave = {needed(one, "name"): one for one in self._listed("paid_time_off")}
        for name, one in leave.items():
            if taken := hours(one.get("hours"), f"hours of {name}"):
                yield self._line(LineKind.LEAVE_TAKEN, settings.leave_codes.get(name, name), told=taken)
        for paid in self._listed("fixed_compensations"):
            payout = settings.payouts.get(text(paid, "name"))
            amount = minor(paid.get("amount"), "amount") if payout else 0
            if payout and amount:
                unused = leave.get(payout.hours_of, {}).get("final_payout_unused_hours_input")
                out = hours(unused, f"pay-out hours of {payout.hours_of}")
                yield self._line(LineKind.LEAVE_PAYOUT, payout.code, amount=amount, told=out)

    def _listed(self, name: str) -> Sequence[Mapping[str, Any]]:
        found = self._check.get(name) or []
        if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
            raise DataError(f"{name} is no list of objects", mend="Report it to the vendor")
        return found


def _book(link: Link, benefits: Sequence[CompanyBenefit]) -> Book:
    settings: GustoSettings = link.settings
    doubtful, codes = confounded(benefits, settings), dict[str, set[str]]()
    for one in benefits:
        codes.setdefault(one.description, set()).add(settings.code_of(one.description, one.uuid))
    # Two of one description that nobody named are of one code, so their sum is right; whose code is another's is not.
    taken = {
        one.description for one in benefits if one.uuid in doubtful and codes[one.description] & set(settings.codes)
    }
    shared: dict[str, list[Holding]] = {name: [] for name, found in codes.items() if len(found) > 1 or name in taken}
    for one in benefits:
        if one.description in shared:
            code, alike = settings.code_of(one.description, one.uuid), one.uuid if one.uuid in doubtful else ""
            shared[one.description] += _holdings(link, one, code, alike)
    names = {name: next(iter(found)) for name, found in codes.items() if name not in shared}
    return Book(settings, pay_groups(link, settings), _types(benefits), names, shared)


def _holdings(link: Link, benefit: CompanyBenefit, code: str, alike: str) -> Iterator[Holding]:
    """Who holds a company benefit, and who held it."""
    where, query = path("/v1/company_benefits/{id}/employee_benefits", id=benefit.uuid), {"include": "all_benefits"}
    for _, found in pages(link, where, query):
        for row in found:
            if isinstance(row, Mapping):
                yield Holding(
                    text(row, "employee_uuid"), code, benefit.benefit_type,
                    text(row, "effective_date"), text(row, "expiration_date"), alike,
                )  # fmt: skip


def _types(benefits: Sequence[CompanyBenefit]) -> dict[str, frozenset[int | None]]:
    found: dict[str, frozenset[int | None]] = {}
    for one in benefits:
        found[one.description] = found.get(one.description, frozenset()) | {one.benefit_type}
    return found


def _window(link: Link, cursor: str | None) -> tuple[date, date]:
    """First and last check date to read."""
    settings: GustoSettings = link.settings
    today = link.clock().date()
    if cursor:
        since = parse_date(cursor, where="cursor") - timedelta(days=settings.register_overlap_days)
        return max(since, settings.register_from or since), today
    return settings.register_from or add_months(today, -12), today


def _pay_runs(link: Link, since: date, until: date) -> tuple[list[PayRun], list[Page]]:
    """The payrolls to read in order of check date, and pages of those whose head cannot be read."""
    settings: GustoSettings = link.settings
    heads: dict[str, PayRun] = {}
    taken_back: dict[str, str] = {}
    unreadable: list[Page] = []
    for first, last in _spans(since - timedelta(days=LIST_MARGIN_DAYS), until + timedelta(days=AHEAD_DAYS)):
        query = {
            "processing_statuses": "processed",
            "payroll_types": "regular,off_cycle",
            "include": "reversals",
            "start_date": first.isoformat(),
            "end_date": last.isoformat(),
        }
        for answer, items in pages(link, path("/v1/companies/{id}/payrolls", id=settings.company), query):
            problems = []
            for number, row in enumerate(items, 1):
                try:
                    head = _head(row)
                    taken_back |= dict.fromkeys(row.get("reversal_payroll_uuids") or (), head.uuid)
                except (BenehubError, AttributeError, TypeError) as error:
                    problems.append(problem(row, error, number))
                    continue
                if row.get("processed") is True and row.get("external") is not True:
                    heads[head.uuid] = head
            if problems:
                unreadable.append(Page("register_line", problems, answer.body, "payrolls without a head"))
    wanted = [one for one in heads.values() if since <= one.check_date <= until]
    runs = [replace(one, reverses=taken_back.get(one.uuid, "")) for one in wanted]
    return sorted(runs, key=lambda run: (run.check_date, run.uuid)), unreadable


def _head(row: Mapping[str, Any]) -> PayRun:
    period = row.get("pay_period") or {}
    start, end = text(period, "start_date"), text(period, "end_date")
    return PayRun(
        needed(row, "payroll_uuid"),
        parse_date(needed(row, "check_date"), where="check_date"),
        parse_date(start, where="start_date") if start else None,
        parse_date(end, where="end_date") if end else None,
        text(period, "pay_schedule_uuid"),
        text(row, "off_cycle_reason"),
    )


def _spans(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The window in parts that Gusto takes, a day over each edge: whether edges count is not documented."""
    if (last - first).days > WINDOW_DAYS * MAX_WINDOWS:
        raise ConfigError(
            "the register would be read over more than twenty years",
            where="register_from",
            mend="Set register_from to the first check date that matters",
        )
    while first <= last:
        end = min(first + timedelta(days=WINDOW_DAYS), last)
        yield first - timedelta(days=1), end + timedelta(days=1)
        first = end + timedelta(days=1)
