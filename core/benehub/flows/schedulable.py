"""The flows that may start by themselves, each with what it needs; the one list that commands and worker go by.

A schedule names one of them, its connection and a few options. What that means at an occasion (which pay date, which
month, which streams) is looked up when it runs, as a step of its own: after a crash it goes on with the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from benehub.errors import ConfigError, DataError
from benehub.flows import job_history
from benehub.flows.hub import Hub
from benehub.flows.money import pay_calendar
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.records import STREAMS
from benehub.views import schedules
from benehub.views.own_times import STEPS

Call = tuple[str, list[Any]]
"""A job by name, and its arguments."""

PREFIX = schedules.PREFIX
"""Before the name of a flow: it was started by its schedule."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One time that a schedule runs."""

    hub: Hub
    employer: str
    book: PlanBook
    connection: str
    options: Mapping[str, str]
    today: date
    """The employer's day."""
    key: str
    """The run; makes what is read at this occasion one batch a stream, however often it is tried."""

    def months(self, usual: str) -> list[str]:
        """The months meant by the option `month`."""
        now = Month.of(self.today)
        return [str(now.plus(step)) for step in STEPS[self.options.get("month", usual)]]

    def reads(self, *streams: str) -> list[Call]:
        """Reading those of the streams (all when none is named) that the connection tells."""
        with self.hub.open(self.employer, self.connection) as opened:
            told = opened.streams
        full = self.options.get("full") == "yes"
        return [
            ("sync", [self.connection, name, f"{self.key}/{name}", full])
            for name in told
            if not streams or name in streams
        ]

    def pay_days(self, first: date, last: date) -> list[tuple[str, str]]:
        """Pay group and pay date of every pay date from `first` to `last`."""
        with self.hub.store.read(self.employer) as session:
            calendars = [pay_calendar(session, self.book, year) for year in range(first.year, last.year + 1)]
        wanted = self.options.get("group", "")
        if wanted:
            self.book.pay_group(wanted)
        return sorted(
            (group, str(one.pay_date))
            for calendar in calendars
            for group, periods in calendar.items()
            for one in periods
            if first <= one.pay_date <= last and wanted in ("", group)
        )


@dataclass(frozen=True, slots=True)
class Option:
    """One thing a schedule may say."""

    says: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Schedulable:
    """A flow that may start by itself."""

    says: str
    """What it does, one sentence."""
    calls: Callable[[Occasion], Sequence[Call]]
    """The jobs of an occasion."""
    connection: str = ""
    """Which connection it needs; empty: none."""
    usual: Callable[[PlanBook], str | None] = lambda _book: None
    """The connection that is meant when none is named."""
    options: tuple[str, ...] = ()
    in_order: bool = True
    """A job that stops keeps back those behind it; else they do not need each other."""
    writes: bool = False
    """Whether it tells or pays somebody outside."""


OPTIONS: dict[str, Option] = {
    "stream": Option("Read this stream only.", "|".join(STREAMS)),
    "full": Option("Read everything each time: yes or no.", "yes|no"),
    "month": Option("Month that is meant: last, this, next, or both (last and this).", "last|this|next|both"),
    "group": Option("Only this pay group.", r"[a-z0-9][a-z0-9_-]{0,39}"),
    "plan": Option("Only this plan.", r"[a-z0-9][a-z0-9_-]{0,39}"),
    "ahead": Option("Days ahead in which a pay date is told; 14 unless said.", r"\d{1,2}"),
    "back": Option("Days back in which a pay date's contributions are sent; 10 unless said.", r"\d{1,2}"),
    "keep": Option("Days for which what is done is kept; 90 unless said, 30 at least.", r"[3-9]\d|\d{3,4}"),
    "days": Option("Days that the step-by-step record of a job that is done is kept; 90 unless said.", r"[1-9]\d{0,3}"),
    "relation": Option("Only this relation.", "intake|payroll|premium|retirement|accounts|leave"),
}
"""What schedules may say, by name."""


def _monthly(job: str, usual: str) -> Callable[[Occasion], list[Call]]:
    return lambda one: [(job, [month]) for month in one.months(usual)]


def _read_then(job: str, *streams: str, monthly: bool = False) -> Callable[[Occasion], list[Call]]:
    """Read what the job goes by, then the job itself."""

    def calls(one: Occasion) -> list[Call]:
        then = [[one.connection, month] for month in one.months("both")] if monthly else [[one.connection]]
        return [*one.reads(*streams), *((job, arguments) for arguments in then)]

    return calls


def _sync(one: Occasion) -> list[Call]:
    """A stream that is named is asked for, so that a connector that has it not says so."""
    if "stream" in one.options:
        name = one.options["stream"]
        return [("sync", [one.connection, name, f"{one.key}/{name}", one.options.get("full") == "yes"])]
    found = one.reads()
    if not found:
        raise ConfigError("it reads nothing", where=f"connection {one.connection}",
                          mend="Map its streams in its settings, or remove the schedule")  # fmt: skip
    return found


def _coming(one: Occasion) -> list[tuple[str, str]]:
    """The next pay date to come of every group, where it is near."""
    ahead = one.today + timedelta(days=int(one.options.get("ahead", "14")))
    coming: dict[str, str] = {}
    for group, day in one.pay_days(one.today + timedelta(days=1), ahead):
        coming.setdefault(group, day)
    return list(coming.items())


def _next_pay_date(job: str) -> Callable[[Occasion], list[Call]]:
    """Telling payroll what the next pay date of each group shall show."""
    return lambda one: [(job, [one.connection, group, day]) for group, day in _coming(one)]


def _deposit(one: Occasion) -> list[Call]:
    """What is deposited already is not sent again: the flow sends what is still owed, or nothing."""
    plans = [
        plan.id
        for plan in one.book.retirement_plans()
        if plan.vendor == one.connection and plan.computed is None and one.options.get("plan", plan.id) == plan.id
    ]
    return [("retirement.deposit", [plan, day]) for day in _paid(one) for plan in plans]


def _paid(one: Occasion) -> list[str]:
    back = one.today - timedelta(days=int(one.options.get("back", "10")))
    return sorted({day for _, day in one.pay_days(back, one.today)})


def _reconcile(one: Occasion) -> list[Call]:
    named = [one.options["relation"]] if "relation" in one.options else []
    return [("reconcile", [month, named]) for month in one.months("both")]


def _invoice(one: Occasion) -> list[Call]:
    return [*one.reads("invoice_line"), *(("reconcile", [month, ["premium"]]) for month in one.months("both"))]


def _carrier(book: PlanBook) -> str | None:
    names = {plan.carrier for plan in book.insurance_plans() if plan.carrier}
    return names.pop() if len(names) == 1 else None


def _custodian(book: PlanBook) -> str | None:
    names = {plan.custodian for plan in book.account_plans() if plan.custodian}
    return names.pop() if len(names) == 1 else None


def _hris(book: PlanBook) -> str | None:
    return book.roles.hris


def _payroll(book: PlanBook) -> str | None:
    return book.roles.payroll


def _keeper(book: PlanBook) -> str | None:
    return book.roles.recordkeeper


def _mail(book: PlanBook) -> str | None:
    return book.roles.mail


def _reports(one: Occasion) -> list[Call]:
    return [*one.reads("acknowledgement"), ("notices.reports", [])]


CARRIER, PAYROLL, KEEPER, CUSTODIAN = "a carrier", "payroll", "the recordkeeper", "the custodian of accounts"

FLOWS: dict[str, Schedulable] = {
    "sync": Schedulable(
        "Read a connection and apply what it says.", _sync, "any that is read", _hris, ("stream", "full")
    ),
    "coverage": Schedulable(
        "Bring coverage up to date: elections, eligibility, and children who age out.",
        lambda one: [("coverage", [str(one.today)])],
    ),
    "payroll.calendar": Schedulable(
        "Read payroll's pay dates.", lambda one: one.reads("pay_calendar"), PAYROLL, _payroll, ("full",)
    ),
    "payroll.results": Schedulable(
        "Read payroll's registers and post what was really taken.",
        _read_then("payroll.results", "register_line", monthly=True), PAYROLL, _payroll, ("month", "full"),
    ),
    "deductions.expect": Schedulable(
        "Write what the month's pay dates should take.", _monthly("deductions.expect", "this"), options=("month",)
    ),
    "deductions.push": Schedulable(
        "Tell payroll what the next pay date of each group shall take.", _next_pay_date("deductions.push"), PAYROLL,
        _payroll, ("group", "ahead"), in_order=False, writes=True,
    ),
    "enrollments.send": Schedulable(
        "Send a carrier what changed since he was last told.",
        lambda one: [("enrollments.send", [one.connection, str(one.today)])], CARRIER, _carrier, writes=True,
    ),
    "enrollments.acks": Schedulable(
        "Read a carrier's answers and roster, and open what is overdue.",
        _read_then("enrollments.acks", "acknowledgement", "roster"), CARRIER, _carrier, ("full",),
    ),
    "premiums.accrue": Schedulable(
        "Post the premium of every coverage of the month.", _monthly("premiums.accrue", "this"), options=("month",)
    ),
    "premiums.invoice": Schedulable(
        "Read a carrier's invoices and compare them.", _invoice, CARRIER, _carrier, ("month", "full")
    ),
    "premiums.credits": Schedulable(
        "Tell what must be claimed back from carriers, and post what nobody claimed in time as lost.",
        lambda one: [("premiums.credits", [])],
    ),
    "premiums.remit": Schedulable(
        "Pay a carrier for the month.",
        lambda one: [("premiums.remit", [one.connection, month]) for month in one.months("this")],
        CARRIER, _carrier, ("month",), writes=True,
    ),
    "premiums.answers": Schedulable(
        "Read what the bank answered, and follow it.", _read_then("premiums.answers", "payment_answer"), "a bank",
        options=("full",),
    ),
    "retirement.deposit": Schedulable(
        "Send the contributions of the pay dates just past to the recordkeeper.", _deposit, KEEPER, _keeper,
        ("plan", "back"), in_order=False, writes=True,
    ),
    "retirement.credits": Schedulable(
        "Read the recordkeeper's credits and post them.", _read_then("retirement.credits", "credit", monthly=True),
        KEEPER, _keeper, ("month", "full"),
    ),
    "accounts.deposit": Schedulable(
        "Send the account contributions of the pay dates just past to the custodian.",
        lambda one: [("accounts.deposit", [one.connection, day]) for day in _paid(one)], CUSTODIAN, _custodian,
        ("back",), in_order=False, writes=True,
    ),
    "accounts.confirmations": Schedulable(
        "Read what the custodian answered to each line, and post it.",
        _read_then("accounts.confirmations", "contribution_result", monthly=True), CUSTODIAN, _custodian,
        ("month", "full"),
    ),
    "leave.accrue": Schedulable(
        "Accrue leave for the month's pay dates.", _monthly("leave.accrue", "this"), options=("month",)
    ),
    "leave.handover": Schedulable(
        "Tell payroll the approved leave of the next pay date of each group.", _next_pay_date("leave.handover"),
        PAYROLL, _payroll, ("group", "ahead"), in_order=False, writes=True,
    ),
    "webhooks.work": Schedulable(
        "Work off what came through the doors for webhooks.", lambda one: [("webhooks.work", [""])], in_order=False
    ),
    "notices.send": Schedulable(
        "Tell employees what is due today.", lambda one: [("notices.send", [str(one.today)])], writes=True
    ),
    "notices.reports": Schedulable(
        "Read what the mail server reported of notices: delivered, or come back.", _reports, "the mail server", _mail,
        ("full",),
    ),
    "deadlines.check": Schedulable(
        "Raise what is due soon or late, and tell those who are to know.", lambda one: [("deadlines.check", [])],
        in_order=False,
    ),
    "statements.make": Schedulable(
        "Make and keep everybody's statement of the day.", lambda one: [("statements.make", [str(one.today)])],
        in_order=False,
    ),
    "retention": Schedulable(
        "Delete what is done and is of no further use: see `benehub retention --help`.",
        lambda one: [("retention", [int(one.options.get("keep", "90"))])], options=("keep",), in_order=False,
    ),
    "reconcile": Schedulable(
        "Compare the systems for last month and this one.", _reconcile, options=("relation", "month"), in_order=False
    ),
    "jobs.trim": Schedulable(
        "Forget the step-by-step record of jobs that were done long ago.",
        lambda one: [("jobs.trim", [int(one.options.get("days", job_history.DAYS))])], options=("days",),
    ),
}  # fmt: skip
"""Every flow that may start by itself, by name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a schedule shall start, checked."""

    flow: str
    connection: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


def check(book: PlanBook, wanted: Wanted) -> Wanted:
    """What is wanted, with the usual connection filled in.

    Raises:
        DataError: no such flow, option or pay group, an option's value is none, or the connection is missing or too
            much.
    """
    flow = FLOWS.get(wanted.flow)
    if flow is None:
        raise DataError(f"no flow {wanted.flow[:40]!r} starts by itself", mend=f"There are: {', '.join(FLOWS)}")
    for name, value in wanted.options.items():
        if name not in flow.options:
            raise DataError(f"{wanted.flow} has no option {name[:40]!r}",
                            mend=f"It has: {', '.join(flow.options) or 'none'}")  # fmt: skip
        if re.fullmatch(OPTIONS[name].pattern, value) is None:
            raise DataError(f"option {name} cannot be {value[:40]!r}", mend=OPTIONS[name].says)
    if "group" in wanted.options:
        book.pay_group(wanted.options["group"])
    if not flow.connection:
        if wanted.connection:
            raise DataError(f"{wanted.flow} needs no connection", mend="Leave --connection out")
        return wanted
    connection = wanted.connection or flow.usual(book) or ""
    if not connection:
        raise DataError(f"{wanted.flow} needs {flow.connection}", mend="Name it: --connection")
    return Wanted(wanted.flow, connection, wanted.options)
