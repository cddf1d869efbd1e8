"""Retirement and leave as rules of a state machine: deposits, credits and leave in any order beside pay and premiums.

Mixed into the machine of a month's money, which brings the hub, the pay dates and crashes.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import func, select

from benehub.connect.connector import Incoming
from benehub.flows import Hub, leave, retirement, sync
from benehub.flows.contribution_file import base_key
from benehub.flows.file_chain import chain
from benehub.flows.onboarding import connect
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.reconcile import fixes as frozen
from benehub.records import Source
from benehub.store import Session
from benehub.store.tables import difference, leg
from benehub.views.clearing import Clearing
from benehub.views.leave_history import TAKEN
from benehub_connectors.recordkeeper_files import RecordkeeperSettings
from benehub_connectors.recordkeeper_files.simulator import RecordkeeperSimulator

PLAN = """  - id: 401k
    name: 401k
    benefit_type: retirement
    recordkeeper: keeper
    effective_from: 2026-01-01
    deferral: {pretax_code: 401K}
    match: {code: M, formula: basic}
"""
LEAVE = """leave:
  - {id: pto, accrual: {method: per_hour, rate: 1/30, cap_hours: 120}, taken_code: PTO}
"""
SETTINGS = {"plan": "401k", "plan_id": "P-401", "client_id": "ACME", "qnec_column": "safe_harbor_nonelective"}
SAVER = 1
"""The employee who saves and takes leave."""
GROSS, HOURS, MOST_LEAVE = 2_000_00, 8, 3
SAVED = ("payroll", "retirement")
"""Relations that deposits and credits touch: what was missed and made up for is over in both when it is credited."""
OWED = {
    chart.DEFERRAL_PAYABLE: ("401K", (Source.EE_PRETAX,)),
    chart.MATCH_PAYABLE: ("M", (Source.ER_MATCH, Source.ER_QNEC)),
}
"""Account -> the code by which payroll takes it, and the sources by which it is deposited."""


def found(hub: Hub, keeper: Path) -> None:
    """Connect the recordkeeper that lies in a folder."""
    told = SETTINGS | {"place": {"folder": str(keeper)}}
    connect(hub, "acme", {"keeper": {"connector": "recordkeeper_files", "settings": told}})


class Savings:
    """Rules about deposits, credits and leave, and what the ledger has to hold of them."""

    fakehub: ClassVar[Any]
    keeper_folder: ClassVar[Path]
    hub: Hub
    flow: Callable[..., Any]
    read: Callable[..., None]
    runs: int
    touched: set[str]
    """Relations in which something has changed since they were compared."""
    days: list[date]
    """Pay dates that are over."""

    @property
    def today(self) -> date:
        """The hub's day."""
        now: datetime = self.fakehub.NOW
        return now.date()

    def begin(self) -> None:
        """An empty mailbox, a participant, and leave that nobody has taken yet."""
        shutil.rmtree(self.keeper_folder, ignore_errors=True)
        told = {**SETTINGS, "place": {"folder": str(self.keeper_folder)}}
        self.keeper = RecordkeeperSimulator(self.keeper_folder, RecordkeeperSettings.model_validate(told))
        self.taken: Counter[tuple[str, date]] = Counter()
        """What payroll took for the plan: code and pay date -> minor units."""
        self.approved: list[Incoming] = []
        self.hours: Counter[date] = Counter()
        """Hours of leave that payroll showed by pay date."""
        who = {"employee": str(1000 + SAVER), "effective_from": "2026-10-01"}
        self.read("hris", "compensation", [Incoming("pay", {**who, "rate_minor": GROSS, "per": "pay"}, row=1)])
        saves = {**who, "plan": "401k", "pretax_rate": "10%"}
        self.read("hris", "election", [Incoming("saves", saves, row=1)])

    @precondition(lambda self: self.days)
    @rule(place=st.integers(0, 2))
    def deposit(self, place: int) -> None:
        """The contributions of a pay date leave, perhaps again."""
        day = self.days[place % len(self.days)]
        self.flow(retirement.deposit, "401k", day.isoformat())
        self.touched.update(SAVED)

    @precondition(lambda self: self.days)
    @rule(short=st.sampled_from((0, 0, 5_00)))
    def credit(self, short: int) -> None:
        """The recordkeeper takes what lies there and reports it, perhaps too little of it."""
        if short:
            self.keeper.credit_short(f"90011{SAVER:04d}", Source.EE_PRETAX, short)
        self.keeper.collect(self.today)
        self.keeper.write_credit_report()
        self.runs += 1
        self.flow(sync.sync, "keeper", "credit", f"k{self.runs}", False)
        for month in sorted({Month.of(day) for day in self.days}):
            self.flow(retirement.credits, "keeper", str(month))
        self.touched.update(SAVED)

    @precondition(lambda self: len(self.approved) < MOST_LEAVE)
    @rule(ahead=st.integers(-12, 12))
    def approve_leave(self, ahead: int) -> None:
        """A day of leave is approved, perhaps one that is over."""
        day = self.today + timedelta(days=ahead)
        key = f"leave {day}"
        if day < date(2026, 10, 1) or any(one.key == key for one in self.approved):
            return
        data = {"employee": str(1000 + SAVER), "policy": "pto", "start": day.isoformat(), "end": day.isoformat(),
                "hours": str(HOURS), "status": "approved"}  # fmt: skip
        self.approved.append(Incoming(key, data, row=len(self.approved) + 1))
        self.read("hris", "leave_request", self.approved)
        self.touched.add("leave")

    def earn(self) -> None:
        """The month's leave is accrued."""
        self.flow(leave.accrue, str(Month.of(self.today)))

    def leave_on(self, day: date) -> int:
        """Hours of leave that were approved for the pay period of a pay date."""
        first = date(day.year, day.month, 1 if day.day <= 15 else 16)
        last = date(day.year, day.month, 15) if day.day <= 15 else Month.of(day).last
        return HOURS * sum(first <= date.fromisoformat(one.data["start"]) <= last for one in self.approved)

    def shows_leave(self, day: date, mode: str) -> dict[str, Any]:
        """What payroll shows of the leave of a pay date: all that was approved, none, half of it, or more."""
        approved = self.leave_on(day)
        shown = {"all": approved, "none": 0, "half": approved // 2, "more": approved + 4}[mode]
        self.hours[day] = shown
        return {"hours": f"{shown}.00"} if shown else {}

    def leave_is_named(self, session: Session) -> None:
        """Hours taken are those that payroll showed, and what differs from those approved is open; to the hour."""
        posted = session.rows(
            select(leg.c.pay_date, func.sum(leg.c.amount).label("minutes"))
            .where(leg.c.account == chart.LEAVE_SOURCE, leg.c.posted_as.in_((TAKEN, f"{TAKEN}.reversed")))
            .group_by(leg.c.pay_date)
        )
        shown = {day: 60 * hours for day, hours in self.hours.items() if hours}
        assert {row.pay_date: row.minutes for row in posted if row.minutes} == shown
        rows = session.rows(
            select(difference).where(*session.where(difference, relation="leave"), difference.c.state == "discrepancy")
        )
        open_ones = {date.fromisoformat(row.reference): row.expected - row.actual for row in rows}
        gaps = {day: 60 * (self.leave_on(day) - self.hours[day]) for day in self.days}
        assert open_ones == {day: gap for day, gap in gaps.items() if gap}

    def took(self, day: date, code: str, amount: int) -> None:
        """Payroll took this."""
        self.taken[code, day] += amount

    def deposits_are_named(self, session: Session, found: Mapping[str, Clearing]) -> None:
        """What the hub names as to be deposited is what was taken and stands in no file that has left; to the cent."""
        for account in OWED:
            named = [item.amount for item in found[account].items] if account in found else []
            assert sum(named) == -self.to_be_deposited(session, account)

    def to_be_deposited(self, session: Session, account: str) -> int:
        """What was taken or made owed for the plan and stands in no file that has left, in minor units."""
        code, sources = OWED[account]
        owed = sum(amount for (taken, _), amount in self.taken.items() if taken == code)
        if account == chart.MATCH_PAYABLE:
            made = frozen.listed(session, ("approved", frozen.DONE, "failed"))
            told = [frozen.content(session, row) for row in made if row.action == "missed_deferral"]
            owed += sum(one["qnec_minor"] + one["match_minor"] for one in told)
        for day in self.days:
            for file in chain(session, base_key("401k", day)).contents:
                owed -= sum(row["amounts"].get(source, 0) for row in file["rows"] for source in sources)
        return owed
