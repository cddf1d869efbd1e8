"""Random events in random order, with crashes in between: a clearing account holds what is pending and what is open.

The flows are the real ones on a real database. Whatever was elected, billed, paid, deposited, credited, taken off or
fixed when, and whatever died on the way and was taken up again, no money is left that no pending item and no difference
names, and no hour of leave.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select
from tests.flows import savings_machine
from tests.flows.books import late
from tests.flows.savings_machine import GROSS, LEAVE, PLAN, SAVER, Savings

from benehub import ledger
from benehub.connect.connector import Incoming
from benehub.errors import BenehubError
from benehub.flows import Hub, coverage, deductions, fixes, payroll_results, premiums, reconciling, sync
from benehub.flows.rehearsal import DirectSteps
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.store.tables import difference, entry, leg
from benehub.views.clearing import Clearing, clearing
from benehub_connectors import recordkeeper_files

BOOK = (
    late("801.01", 3)
    + """\
carriers:
  carrier: {pay_policy: pay_as_billed}
"""
)
BOOK = BOOK.replace("carriers:\n", f"{PLAN}carriers:\n") + LEAVE
PAYS = [date(2026, 10, 15), date(2026, 10, 30), date(2026, 11, 13)]
PEOPLE = (1, 2, 3)
RELATIONS = ("payroll", "premium", "retirement", "leave")
BOUNDS = settings(max_examples=5, stateful_step_count=9, deadline=None, phases=[Phase.explicit, Phase.generate])
"""Without shrinking: each step runs whole flows, and a failing story is short."""


class Crash(Exception):
    """The process is gone."""


class Dying(DirectSteps):
    """Steps of a process that dies: before its `at`-th step, or after it has been committed."""

    def __init__(self, at: int, after: bool) -> None:
        self.at, self.after, self.done = at, after, 0

    def step(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run it, unless this is where it dies."""
        self.done += 1
        if self.done == self.at and not self.after:
            raise Crash
        result = super().step(name, function, *args, **kwargs)
        if self.done == self.at:
            raise Crash
        return result


class Money(Savings, RuleBasedStateMachine):
    """Two months of an employer of three, told in any order."""

    open: ClassVar[Callable[[Path], Hub]]
    template: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copytree(self.template, self.folder, dirs_exist_ok=True)
        self.fakehub.NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
        self.hub = type(self).open(self.folder)
        self.runs, self.paid, self.bills = 0, 0, dict[str, dict[int, int]]()
        self.register: list[Incoming] = []
        self.crash: tuple[int, bool] | None = None
        self.days: list[date] = []
        self.touched = set(RELATIONS)
        self.begin()
        self.work()

    def teardown(self) -> None:
        self.hub.store.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def last(self) -> Month:
        return Month.of(self.today).plus(1)

    def flow(self, job: Callable[..., Any], *arguments: Any) -> Any:
        """Run a flow; one that dies is taken up again, as the engine does."""
        if self.crash is not None:
            at, after = self.crash
            self.crash = None
            with suppress(Crash):
                return job(self.hub, Dying(at, after), "acme", *arguments)
        return job(self.hub, DirectSteps(), "acme", *arguments)

    def read(self, connection: str, stream: str, rows: list[Incoming]) -> None:
        self.runs += 1
        self.fakehub.FakeConnector.rows[stream] = rows
        self.flow(sync.sync, connection, stream, f"r{self.runs}", False)

    def work(self) -> None:
        """What an office does every day."""
        self.touched.update(RELATIONS)
        self.flow(coverage.decide, str(self.today))
        for month in (self.last.plus(-1), self.last):
            self.flow(premiums.accrue, str(month))
            self.flow(deductions.expect, str(month))
        self.earn()

    @precondition(lambda self: self.crash is None)
    @rule(at=st.integers(1, 3), after=st.booleans())
    def die_soon(self, at: int, after: bool) -> None:
        """The next flow dies at one of its steps."""
        self.crash = at, after

    @rule(number=st.sampled_from(PEOPLE), tier=st.sampled_from(("EE", "ES", "FAM")), back=st.integers(-10, 40),
          event=st.sampled_from(("birth", "marriage", "")))  # fmt: skip
    def elect(self, number: int, tier: str, back: int, event: str) -> None:
        """Somebody elects, perhaps for a time that is over."""
        since = max(date(2026, 10, 1), self.today - timedelta(days=back))
        data = {"employee": str(1000 + number), "plan": "ppo", "effective_from": since.isoformat(), "tier": tier,
                "event": event}  # fmt: skip
        self.read("hris", "election", [Incoming(f"{number}/{self.runs}", data, row=1)])
        self.work()

    @precondition(lambda self: self.paid < len(PAYS))
    @rule(modes=st.tuples(*[st.sampled_from(("all", "none", "half", "more"))] * 3))
    def pay(self, modes: tuple[str, str, str]) -> None:
        """The next pay date: payroll takes what it was asked for, or something else."""
        day = PAYS[self.paid]
        self.paid += 1
        with self.hub.store.read("acme") as session:
            waiting = payroll_results.pending_by_line(session, Month.of(day))
            numbers = {who: int(row) - 1000 for who, row in self._numbers(session).items()}
        self.fakehub.NOW = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC).replace(hour=12)
        asked: dict[tuple[int, str], int] = {}
        for (who, _plan, _part, on), lines in waiting.items():
            for one in lines if on == day else ():
                key = (numbers[who], one.code)
                asked[key] = asked.get(key, 0) + one.left
        for number in PEOPLE:
            self._row(day, number, "REG", GROSS, "earning")
        for (number, code), amount in sorted(asked.items()):
            mode = modes[number - 1] if amount > 0 else "all"
            taken = {"all": amount, "none": 0, "half": amount // 2, "more": amount + 7_00}[mode]
            if taken:
                self._row(day, number, code, taken, "employer" if code == "M" else "deduction")
                self.took(day, code, taken)
        self._row(day, SAVER, "PTO", 0, "leave_taken", **self.shows_leave(day, modes[SAVER - 1]))
        self.days.append(day)
        self.read("payroll", "register_line", self.register)
        self.flow(payroll_results.post, "payroll", str(Month.of(day)))
        self.work()

    def _row(self, day: date, number: int, code: str, amount: int, kind: str, **more: Any) -> None:
        data = {
            "pay_run": f"run {day}", "check": f"{day}/{number}", "employee": str(1000 + number),
            "pay_date": day.isoformat(), "kind": kind, "code": code, "amount_minor": amount, "net_pay_minor": 900_00,
            "gross_minor": GROSS, **more,
        }  # fmt: skip
        self.register.append(Incoming(f"{day}/{number}/{code}", data, row=len(self.register) + 1))

    @rule(off=st.sampled_from((0, 0, 100_00, -50_00)), number=st.sampled_from(PEOPLE), ahead=st.booleans())
    def bill(self, off: int, number: int, ahead: bool) -> None:
        """The carrier bills a month, anew perhaps, and perhaps wrongly."""
        month = str(self.last if ahead else self.last.plus(-1))
        with self.hub.store.read("acme") as session:
            owed = {int(self._numbers(session)[one.dimensions["person_id"]]) - 1000: -one.amount
                    for one in ledger.balances(session, [chart.PREMIUM_PAYABLE], by=("person_id",),
                                               coverage_month=month)}  # fmt: skip
        told = self.bills.setdefault(month, dict.fromkeys(PEOPLE, 0))
        for one in PEOPLE:
            told[one] = max(told[one], owed.get(one, 0)) + (off if one == number else 0)
        rows = [
            Incoming(f"{month}/{one}", {
                "invoice": f"INV-{month}", "member": str(1000 + one), "plan": "ppo", "coverage_month": month,
                "premium_minor": amount, "due_date": f"{month}-01", "invoice_date": f"{month}-01",
            }, row=row)
            for row, (one, amount) in enumerate(told.items(), 1)
        ]  # fmt: skip
        self.read("carrier", "invoice_line", rows)
        self.touched.add("premium")

    @rule(ahead=st.booleans())
    def remit(self, ahead: bool) -> None:
        """The month's premium is paid."""
        month = str(self.last if ahead else self.last.plus(-1))
        done = self.flow(premiums.remit, "carrier", month)
        if done.get("sent"):
            self.flow(premiums.confirm_paid, done["dispatch"], str(self.today))
        self.touched.add("premium")

    @rule(place=st.integers(0, 5))
    def fix(self, place: int) -> None:
        """A difference of pay is put right."""
        self.compare()
        with self.hub.store.read("acme") as session:
            rows = session.rows(
                select(difference).where(difference.c.relation == "payroll").order_by(difference.c.content_key)
            )
        open_ones = [row.difference_id for row in rows if row.state == "discrepancy"]
        if open_ones:
            with suppress(BenehubError):  # not every one can be, and it says why
                made = fixes.propose(self.hub, "acme", open_ones[place % len(open_ones)], "ann")
                fixes.approve(self.hub, "acme", made, "ben")
                self.flow(fixes.carry_out, made)
        self.work()

    def compare(self) -> None:
        """Compare what an event has touched since the last time, up to the last month that anything can be of."""
        for number in range(10, self.last.month + 1):
            for relation in (one for one in RELATIONS if one in self.touched):
                reconciling._one(self.hub, "acme", relation, Month(2026, number))
        self.touched.clear()

    @invariant()
    def no_money_is_unnamed(self) -> None:
        """Every clearing account: what is pending, and what is open; to the cent."""
        self.compare()
        with self.hub.store.read("acme") as session:
            assert ledger.verify(session).ok
            self.leave_is_named(session)
            found = clearing(session, self.hub.book(session), self.last)
            not_read = self.not_read(session)
            rest = {one.account: one.unexplained for one in found if one.unexplained}
            assert rest == ({chart.PREMIUM_PAYABLE: -not_read} if not_read else {})
            self.deposits_are_named(session, {one.account: one for one in found})
            self.bills_are_named(session, next(one for one in found if one.account == chart.PREMIUM_PAYABLE))

    def not_read(self, session: Any) -> int:
        """What was accrued for months that are due and of which no bill was read, until their grace is over.

        Each person's month is owed once, by its newest accrual: what stands beside that is owed to nobody.
        """
        total = 0
        for number in range(10, self.last.month + 1):
            month = Month(2026, number)
            if str(month) not in self.bills and month.first <= self.today <= month.first + timedelta(days=31):
                total += self.accrued(session, str(month))
        return total

    @staticmethod
    def accrued(session: Any, month: str) -> int:
        rows = session.rows(
            select(entry.c.entry_id, entry.c.reverses_id, leg.c.person_id, leg.c.amount)
            .join(leg, (leg.c.entry_id == entry.c.entry_id) & (leg.c.employer_id == entry.c.employer_id))
            .where(leg.c.account == chart.PREMIUM_PAYABLE, leg.c.coverage_month == month,
                   entry.c.type.in_(("premium.accrued", "premium.accrued.reversed")))
            .order_by(entry.c.seq)
        )  # fmt: skip
        back = {row.reverses_id for row in rows}
        newest = {row.person_id: row for row in rows if row.reverses_id is None}
        return -sum(int(row.amount) for row in newest.values() if row.entry_id not in back)

    def bills_are_named(self, session: Any, payable: Clearing) -> None:
        """What is named as billed and not paid, or paid beyond a bill: what left of those months less the bills."""
        paid = session.connection.execute(
            select(func.coalesce(func.sum(-leg.c.amount), 0))
            .where(leg.c.account == chart.CARRIER_TRANSIT, leg.c.coverage_month.in_(list(self.bills)),
                   leg.c.posted_as == "premium.remitted")
        ).scalar_one()  # fmt: skip
        billed = sum(sum(of.values()) for month, of in self.bills.items() if month <= str(self.last))
        named = sum(item.amount for item in payable.items if item.name.startswith(("billed by", "paid to")))
        assert named == int(paid) - billed

    @staticmethod
    def _numbers(session: Any) -> dict[str, str]:
        from benehub.identity import people

        return {who: row.member_id for who, row in people.people(session).items()}


def test_clearing_accounts_are_what_is_pending_and_what_is_open(
    tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fakehub, "BOOK", BOOK)
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 10, 1, 12, tzinfo=UTC))
    template = tmp_path / "template"
    template.mkdir()
    first = fakehub.open_hub(f"sqlite:///{template / 'hub.db'}", recordkeeper_files)
    fakehub.set_up(first, tmp_path / "vendor", "read_back")
    Money.keeper_folder = tmp_path / "keeper"
    savings_machine.found(first, Money.keeper_folder)
    first.engine.stop()
    first.store.close()
    Money.template, Money.fakehub = template, fakehub
    Money.open = staticmethod(lambda folder: fakehub.make_hub(f"sqlite:///{folder / 'hub.db'}", recordkeeper_files))
    run_state_machine_as_test(Money, settings=BOUNDS)
