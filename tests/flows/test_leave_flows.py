"""Leave through the hub: earned by hours really worked, valued, closed at the year's end, handed over, compared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select

import benehub_connectors.files
from benehub import facts, ledger, reconcile
from benehub.connect.connector import Incoming
from benehub.errors import ConfigError, DataError, Unsupported
from benehub.flows import Hub, corrections
from benehub.flows.leave_books import available
from benehub.flows.onboarding import connect, load_plan_book
from benehub.flows.rehearsal import DirectSteps
from benehub.ledger import accounts as chart
from benehub.periods import FOREVER, Interval
from benehub.reconcile.leave import _Earlier, _shared_out
from benehub.store.tables import entry, explanation, leg
from benehub.views.leave import meters

Open = Callable[..., Hub]
SEMI = "\npay_groups:\n  monthly: {frequency: semimonthly, days: [15, last]}\n"
PTO = """
leave:
  - {id: pto, accrual: {method: per_hour, rate: 1/30, cap_hours: 120}, payout_on_termination: true,
     taken_code: PTO, payout_code: PTO-OUT}
"""


class Leave:
    """A hub with one policy, and the words a test needs."""

    def __init__(self, hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hub, self.fakehub, self._patch = hub, fakehub, monkeypatch
        self._count = 0

    def book(self, policies: str) -> None:
        head, tail = self.fakehub.BOOK.split("\npay_groups:\n", 1)
        load_plan_book(self.hub, head + SEMI + tail.split("\n", 1)[1] + policies, "book")

    def today(self, year: int, month: int, day: int) -> None:
        self._patch.setattr(self.fakehub, "NOW", datetime(year, month, day, 12, tzinfo=UTC))

    def sync(self, stream: str, *rows: Incoming, connection: str = "hris") -> Any:
        self._count += 1
        self.fakehub.FakeConnector.rows[stream] = list(rows)
        return self.hub.start_flow(
            "sync", "acme", f"{stream}{self._count}", connection, stream, str(self._count), False
        )

    def flow(self, name: str, *arguments: Any) -> Any:
        self._count += 1
        return self.hub.start_flow(name, "acme", f"run{self._count}", *arguments)

    def pay(self, rate: str, since: str = "2024-01-01", number: int = 1) -> None:
        self.sync("compensation", Incoming(f"c{number}/{since}", {
            "employee": str(1000 + number), "effective_from": since, "rate_minor": int(rate), "per": "hour",
        }))  # fmt: skip

    def opening(self, minutes: int, day: str = "2026-09-30", plan: str = "pto", number: int = 1) -> None:
        data = {"employee": str(1000 + number), "kind": "leave_minutes", "plan": plan, "as_of": day, "amount": minutes}
        self.sync("opening_balance", Incoming(f"o{number}/{plan}", data))

    def request(self, key: str, start: str, end: str, hours: str, **more: Any) -> Any:
        data = {"employee": "1001", "policy": "pto", "start": start, "end": end, "hours": hours, "status": "approved"}
        return self.sync("leave_request", Incoming(key, {**data, **more}))

    def line(self, day: str, kind: str, code: str, hours: str = "", amount: int = 0, check: str = "K") -> None:
        data = {
            "pay_run": f"R{day}", "check": f"{check}{day}", "employee": "p1", "pay_date": day, "kind": kind,
            "code": code, "hours": hours, "amount_minor": amount,
        }  # fmt: skip
        self.sync("register_line", Incoming(f"{check}/{day}/{code}", data), connection="payroll")

    def minutes(self, plan: str = "pto", number: int = 1) -> int:
        with self.hub.store.read("acme") as session:
            return available(session, plan).get(self.person(number), 0)

    def person(self, number: int = 1) -> str:
        with self.hub.store.read("acme") as session:
            return next(w.person_id for w in facts.workers(session, Interval(date.min, FOREVER))
                        if w.identity["employee_number"] == str(1000 + number))  # fmt: skip

    def money(self, *accounts: str, number: int = 1) -> dict[str, int]:
        with self.hub.store.read("acme") as session:
            found = ledger.balances(session, accounts, by=("person_id",))
        return {
            b.account: b.amount for b in found if b.dimensions["person_id"] == self.person(number) and b.unit == "USD"
        }

    def entries(self, kind: str) -> list[Any]:
        with self.hub.store.read("acme") as session:
            return list(session.rows(select(entry).where(*session.where(entry, type=kind)).order_by(entry.c.seq)))

    def found(self, month: str = "2026-10") -> list[tuple[str, int | None, int | None]]:
        self.flow("reconcile", month, ["leave"])
        with self.hub.store.read("acme") as session:
            return [
                (row.type, row.expected, row.actual)
                for row in reconcile.listed(session)
                if row.person_id == self.person()
            ]


@pytest.fixture
def leave(
    sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Leave:
    hub = open_hub(sqlite_url, benehub_connectors.files)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    (tmp_path / "out" / "leave").mkdir(parents=True)
    settings = {"place": {"folder": str(tmp_path / "out")}, "outbox": "leave", "streams": {"leave_balance": {
        "pattern": "b*.csv", "columns": {"employee": "E", "code": "C", "as_of": "D", "hours": "H"}}}}  # fmt: skip
    connect(hub, "acme", {"csv": {"connector": "files", "settings": settings}})
    one = Leave(hub, fakehub, monkeypatch)
    one.book(PTO)
    return one


def test_hours_worked_earn_leave_and_scheduled_ones_say_so(leave: Leave) -> None:
    leave.opening(600)
    leave.line("2026-10-15", "earning", "GROSS", "90.5", 100_00)
    done = leave.flow("leave.accrue", "2026-10")
    # 90.5 h and 40 x 52 / 24 h, a thirtieth each: 3.0167 h and 2.8889 h, 354 1/3 minutes in all.
    assert leave.minutes() == 600 + 354
    assert done["scheduled_hours"] >= 1
    rows = [row for row in leave.entries("leave.accrued") if leave.person() in row.idempotency_key]
    with leave.hub.store.read("acme") as session:
        why = {row.explanation_id: row.content for row in session.rows(select(explanation))}
    told = [why[row.explanation_id]["steps"][0]["value"] for row in rows]
    assert told == ["as payroll's register tells them", "scheduled: payroll's register tells none"]
    assert {why[row.explanation_id]["rule"] for row in rows} == {"leave.accrue"}


def test_an_opening_gets_its_value_and_a_raise_makes_it_dearer(leave: Leave) -> None:
    leave.book(PTO.replace("method: per_hour, rate: 1/30, cap_hours: 120", "method: none"))
    leave.pay("2000")
    leave.opening(7200)
    leave.flow("leave.accrue", "2026-10")
    assert leave.money(chart.LEAVE_LIABILITY, chart.OPENING) == {chart.LEAVE_LIABILITY: -240000, chart.OPENING: 240000}
    leave.pay("2050", "2026-10-12")
    for _ in range(2):
        leave.flow("leave.accrue", "2026-10")
        assert leave.money(chart.LEAVE_LIABILITY, chart.LEAVE_EXPENSE) == {
            chart.LEAVE_LIABILITY: -246000, chart.LEAVE_EXPENSE: 6000,
        }  # fmt: skip


def test_a_leaver_told_late_is_paid_nothing_of_months_that_are_not_earned(leave: Leave) -> None:
    leave.pay("2000")
    leave.opening(600)
    for month in ("2026-10", "2026-11", "2026-12"):
        leave.flow("leave.accrue", month)
    assert leave.minutes() == 600 + 6 * 173 + 2  # 40 x 52 / 24 h a pay date, a thirtieth each: 173 1/3 minutes
    leave.sync("employee", leave.fakehub.person(1, termination_date="2026-10-09"))
    # The month of leaving alone: what stands of later ones goes first, and is not paid out.
    leave.flow("leave.accrue", "2026-10")
    assert leave.minutes() == 600 + 173
    for month in ("2026-12", "2026-11", "2026-10"):
        leave.flow("leave.accrue", month)
    (owed,) = leave.entries("leave.payout_expected")
    with leave.hub.store.read("acme") as session:
        rows = session.rows(select(leg).where(*session.where(leg, entry_id=owed.entry_id)))
    assert -600 - 173 in [row.amount for row in rows if row.account == chart.LEAVE_AVAILABLE]
    assert leave.minutes() == 600 + 173


def test_z05_what_a_leaver_is_paid_closes_hours_and_liability(leave: Leave) -> None:
    leave.book(PTO.replace("method: per_hour, rate: 1/30, cap_hours: 120", "method: none"))
    leave.pay("2000")
    leave.opening(7200)
    leave.flow("leave.accrue", "2026-09")
    leave.pay("2050", "2026-10-05")
    leave.sync("employee", leave.fakehub.person(1, termination_date="2026-10-09"))
    leave.today(2026, 10, 14)
    leave.flow("leave.accrue", "2026-10")
    assert leave.found() == []  # the pay date is tomorrow
    leave.today(2026, 10, 20)
    assert leave.found() == [("PAYOUT_MISSING", 246000, 0)]
    leave.line("2026-10-15", "leave_payout", "PTO-OUT", "120", 2_460_00)
    leave.flow("payroll.results", "payroll", "2026-10")
    assert leave.found() == []
    leave.flow("leave.accrue", "2026-10")
    assert leave.minutes() == 0
    # Valued at 20.00 against the opening account, 0.50 an hour more is this year's expense, and nothing is left.
    assert leave.money(chart.LEAVE_LIABILITY, chart.LEAVE_EXPENSE, chart.OPENING, chart.PAYROLL_CLEARING) == {
        chart.LEAVE_EXPENSE: 6000, chart.OPENING: 240000, chart.PAYROLL_CLEARING: -246000,
    }  # fmt: skip


def test_leave_that_is_paid_out_to_somebody_who_is_owed_nothing_is_told(leave: Leave) -> None:
    leave.line("2026-10-15", "leave_payout", "PTO-OUT", "8", 164_00)
    assert leave.found() == [("PAYOUT_DIFF", 0, 16400)]
    leave.line("2026-10-15", "leave_payout", "PTO-OUT", "0", 0)
    assert leave.found() == []


def test_what_was_paid_out_before_leave_was_kept_here_is_no_difference(leave: Leave) -> None:
    for day in ("2026-08-14", "2026-09-15"):
        leave.line(day, "leave_payout", "PTO-OUT", "8", 164_00)
    leave.opening(480, "2026-09-30")
    assert leave.found("2026-08") == leave.found("2026-09") == []
    leave.line("2026-10-15", "leave_payout", "PTO-OUT", "8", 164_00)
    assert leave.found() == [("PAYOUT_DIFF", 0, 16400)]


def test_a_pay_out_that_a_later_month_takes_back_is_missing(leave: Leave) -> None:
    leave.book(PTO.replace("method: per_hour, rate: 1/30, cap_hours: 120", "method: none"))
    leave.pay("2000")
    leave.opening(7200)
    leave.sync("employee", leave.fakehub.person(1, termination_date="2026-10-09"))
    leave.today(2026, 11, 20)
    leave.flow("leave.accrue", "2026-10")
    leave.line("2026-10-15", "leave_payout", "PTO-OUT", "120", 2_400_00)
    assert leave.found() == leave.found("2026-11") == []
    leave.line("2026-11-13", "leave_payout", "PTO-OUT", "-120", -2_400_00)
    assert leave.found() == []
    assert leave.found("2026-11") == [("PAYOUT_MISSING", 240000, 0)]


def test_what_is_taken_back_beyond_what_was_owed_and_paid_is_no_loss() -> None:
    """50 were paid too much and 100 as owed; what goes beyond both recovers leave that was taken in advance."""
    then = _Earlier(over=50, paid=100)
    assert [then.takes_back(amount) for amount in (30, 60, 100, 5)] == [0, 40, 60, 0]


def test_what_recovers_an_earlier_overpayment_undoes_no_pay_of_the_month() -> None:
    then, paid = _Earlier(over=300), {date(2026, 11, 15): 500, date(2026, 11, 20): -300}
    assert _shared_out({date(2026, 11, 15): 500}, then.recovered(paid), 0) == ({date(2026, 11, 15): 500}, {})
    assert then.over == 0


FIRST, BETWEEN, SECOND = date(2026, 10, 15), date(2026, 10, 20), date(2026, 10, 30)
SHARED = {
    "each its own": ({FIRST: 100, SECOND: 50}, {FIRST: 100, SECOND: 50}, 0, {FIRST: 100, SECOND: 50}, {}),
    "one of two": ({FIRST: 100, SECOND: 50}, {FIRST: 100}, 0, {FIRST: 100, SECOND: 0}, {}),
    "both by an off-cycle check": ({FIRST: 100, SECOND: 50}, {BETWEEN: 150}, 0, {FIRST: 100, SECOND: 50}, {}),
    "one twice": ({FIRST: 100, SECOND: 50}, {FIRST: 100, SECOND: 150}, 0, {FIRST: 100, SECOND: 150}, {}),
    "the first again later": ({FIRST: 100}, {FIRST: 100, SECOND: 100}, 0, {FIRST: 200}, {}),
    "taken back": ({FIRST: 100}, {FIRST: 100, SECOND: -100}, 0, {FIRST: 0}, {}),
    "taken back before it is paid": ({SECOND: 100}, {FIRST: -40, SECOND: 100}, 0, {SECOND: 100}, {FIRST: -40}),
    "late, of the month before": ({}, {FIRST: 100}, 100, {}, {}),
    "more than was late": ({}, {FIRST: 120}, 100, {}, {FIRST: 20}),
    "nobody is owed": ({}, {SECOND: 70}, 0, {}, {SECOND: 70}),
}  # fmt: skip
"""Owed and paid by pay date, still owed from before; what each pay date got, and what was paid beyond."""


@pytest.mark.parametrize("what", sorted(SHARED))
def test_each_pay_date_is_held_against_what_it_got(what: str) -> None:
    owed, paid, late, got, beyond = SHARED[what]
    assert _shared_out(owed, paid, late) == (got, beyond)


def of_kind(leave: Leave, account: str, kind: str) -> int:
    """What the first employee's entries of a kind have come to, those that only expect too; minor units."""
    with leave.hub.store.read("acme") as session:
        rows = session.rows(
            select(leg.c.amount)
            .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
            .where(
                *session.where(leg, account=account, person_id=leave.person()),
                entry.c.type.startswith(kind),
            )
        )
    return sum(row.amount for row in rows)


def test_what_an_earlier_month_gets_late_is_paid_out_and_dearer_by_a_later_raise(leave: Leave) -> None:
    """300 hours of July told in October are ten hours more: of one who left in September, after a raise in August."""
    leave.pay("2000")
    leave.pay("3000", "2026-08-10")
    leave.today(2026, 10, 20)
    for day in ("2026-07-15", "2026-08-14", "2026-09-15"):
        leave.line(day, "earning", "GROSS", "90", 100_00)
    leave.sync("employee", leave.fakehub.person(1, termination_date="2026-09-15"))
    for month in ("2026-07", "2026-08", "2026-09"):
        leave.flow("leave.accrue", month)

    def worth() -> tuple[int, int]:
        """What he is paid out, and by how much the raise made his leave dearer."""
        paid = of_kind(leave, chart.PAYROLL_CLEARING, "leave.payout_expected")
        return -paid, of_kind(leave, chart.LEAVE_EXPENSE, "leave.revalued")

    paid, dearer = worth()
    assert paid == -(-leave.minutes() * 30_00 // 60)
    leave.line("2026-07-15", "earning", "GROSS", "300", 100_00, check="L")
    steps: Any = DirectSteps()
    corrections.correct(leave.hub, steps, "acme")
    assert worth() == (paid + 300_00, dearer + 100_00)


CLOSES = [
    ("carry: {max_hours: 40}", 2400, {"forfeited": 1, "carried": 0, "payouts": 0}),
    ("carry: {max_hours: 0}", 0, {"forfeited": 1, "carried": 0, "payouts": 0}),
    ("carry: {max_hours: 40, rest: payout}", 2400, {"forfeited": 0, "carried": 0, "payouts": 1}),
    ("carry: {}", 3000, {"forfeited": 0, "carried": 0, "payouts": 0}),
]


@pytest.mark.parametrize(("carry", "left", "counts"), CLOSES, ids=[one[0] for one in CLOSES])
def test_the_end_of_a_leave_year(leave: Leave, carry: str, left: int, counts: dict[str, int]) -> None:
    leave.book(PTO.replace("{method: per_hour, rate: 1/30, cap_hours: 120}", "{method: none}, " + carry))
    leave.pay("2000")
    leave.opening(3000)
    leave.flow("leave.accrue", "2026-10")
    leave.pay("2200", "2027-01-01")
    leave.today(2027, 1, 4)
    first = leave.flow("leave.close", 2026)
    assert {name: first[name] for name in counts} == counts
    assert leave.flow("leave.close", 2026)["new"] == 0
    assert leave.minutes() == left
    owed = 22000 if "payout" in carry else 0  # ten hours at the new rate, on the next pay date
    stands = leave.money(chart.LEAVE_LIABILITY).get(chart.LEAVE_LIABILITY, 0)
    assert -stands == left * 2000 // 60 + owed
    leave.flow("leave.accrue", "2027-01")
    revalued = leave.money(chart.LEAVE_LIABILITY).get(chart.LEAVE_LIABILITY, 0)
    assert -revalued == left * 2200 // 60 + owed


def test_a_year_that_has_not_begun_is_not_closed(leave: Leave) -> None:
    with pytest.raises(DataError, match="2027 has not begun"):
        leave.flow("leave.close", 2027)


def test_carried_hours_lapse_on_their_day_and_the_meter_says_when(leave: Leave) -> None:
    monthly = "{method: monthly, annual_hours: 120}, carry: {max_hours: 40, expires_after_months: 3}"
    leave.book(PTO.replace("{method: per_hour, rate: 1/30, cap_hours: 120}", monthly))
    leave.opening(3000)
    leave.today(2027, 1, 4)
    for month in ("2026-10", "2026-11", "2026-12", "2027-01"):
        leave.flow("leave.accrue", month)
    leave.flow("leave.close", 2026)
    with leave.hub.store.read("acme") as session:
        (one,) = [row for row in meters(session, leave.hub.book(session), date(2027, 1, 4)) if row.member == "1001"]
    assert (one.accrued, one.available, one.expiring) == (2400, 2400, ((date(2027, 4, 1), 2400),))
    assert (one.next_on, one.next_minutes) == (date(2027, 1, 31), 600)
    leave.today(2027, 4, 2)
    for month in ("2027-02", "2027-03"):
        leave.flow("leave.accrue", month)
    leave.flow("leave.close", 2027)
    assert leave.minutes() == 1800


GERMAN = """
leave:
  - {id: urlaub, unit: days, hours_per_day: 8, jurisdiction: DE, germany: {agreed_days: 30}, taken_code: URL}
"""


@pytest.mark.parametrize(("notice", "left"), [(False, 50), (True, 30)])
def test_german_days_lapse_only_after_a_notice(leave: Leave, notice: bool, left: int) -> None:
    leave.book(GERMAN)
    for year in ("2026-01", "2027-01"):
        leave.flow("leave.accrue", year)
    assert leave.minutes("urlaub") == 2 * 30 * 480
    leave.line("2026-10-15", "leave_taken", "URL", "80")
    leave.flow("payroll.results", "payroll", "2026-10")
    if notice:
        leave.sync("leave_notice", Incoming("n1", {"employee": "1001", "policy": "urlaub", "year": 2026,
                                                   "kind": "notice", "on": "2026-10-20"}))  # fmt: skip
    leave.today(2027, 1, 4)
    leave.flow("leave.close", 2026)
    assert leave.minutes("urlaub") == left * 480
    assert len(leave.entries("leave.lapsed")) == (2 if notice else 0)  # statutory and contractual days


def test_leave_over_two_pay_dates_is_split_and_handed_over_as_a_file(leave: Leave, tmp_path: Path) -> None:
    leave.request("r1", "2026-10-14", "2026-10-20", "40")
    counts = leave.flow("leave.handover", "csv", "monthly", "2026-10-15")
    assert (counts["opened"], counts["sent"]) == (1, 1)
    (file,) = (tmp_path / "out" / "leave").iterdir()
    assert file.read_text("utf-8-sig").splitlines()[1].split(",") == [
        "1001", "pto", "PTO", "monthly", "2026-10-15", "2026-10-01", "2026-10-15", "16.00", "960",
    ]  # fmt: skip
    again = leave.flow("leave.handover", "csv", "monthly", "2026-10-15")
    assert (again["opened"], again["unchanged"]) == (0, 1)
    leave.request("r1", "2026-10-14", "2026-10-20", "40", status="canceled")
    leave.flow("leave.handover", "csv", "monthly", "2026-10-15")
    newest = max((tmp_path / "out" / "leave").iterdir())
    assert newest.read_text("utf-8-sig").splitlines()[1].endswith(",0.00,0")


def test_a_payroll_that_takes_no_leave_says_so(leave: Leave) -> None:
    with pytest.raises(Unsupported, match=r"leave\.take is not supported here"):
        leave.flow("leave.handover", "payroll", "monthly", "2026-10-15")


def test_a_past_or_unknown_pay_date_is_refused(leave: Leave) -> None:
    for day, said in (("2026-09-30", "is past"), ("2026-10-16", "is no pay date")):
        with pytest.raises(DataError, match=said):
            leave.flow("leave.handover", "csv", "monthly", day)


TAKEN = [
    ("not paid", [], [("APPROVED_NOT_PAID", 960, 0)]),
    ("paid", [("2026-10-15", "16", "K")], []),
    ("paid in two decimals", [("2026-10-15", "16.003", "K")], []),
    ("a minute short", [("2026-10-15", "15.98", "K")], [("APPROVED_NOT_PAID", 960, 959)]),
    ("more than approved", [("2026-10-15", "20", "K")], [("TAKEN_NOT_APPROVED", 960, 1200)]),
    ("twice on a day", [("2026-10-15", "16", "K"), ("2026-10-15", "16", "L")], [("PAID_TWICE", 960, 1920)]),
    ("again on the next pay date", [("2026-10-15", "16", "K"), ("2026-10-30", "16", "K")], [("PAID_TWICE", 0, 960)]),
]


@pytest.mark.parametrize(("lines", "wanted"), [one[1:] for one in TAKEN], ids=[one[0] for one in TAKEN])
def test_approved_leave_against_the_register(leave: Leave, lines: Any, wanted: Any) -> None:
    leave.request("r1", "2026-10-05", "2026-10-06", "16")
    for day, hours, check in lines:
        leave.line(day, "leave_taken", "PTO", hours, check=check)
    leave.today(2026, 11, 2)
    assert leave.found() == wanted


def test_balances_of_payroll_are_compared_on_their_day(leave: Leave) -> None:
    leave.opening(600)
    told = {"employee": "p1", "code": "PTO", "as_of": "2026-10-01"}
    leave.sync("leave_balance", Incoming("b1", {**told, "hours": "10.004"}), connection="payroll")
    assert leave.found() == []
    leave.sync("leave_balance", Incoming("b1", {**told, "hours": "9.5"}), connection="payroll")
    assert leave.found() == [("BALANCE_DIFF", 600, 570)]


def test_leave_in_advance_is_a_difference_until_it_is_recovered(leave: Leave) -> None:
    leave.opening(-480)
    leave.book(PTO.replace("rate: 1/30", "rate: 1/3000"))
    leave.sync("employee", leave.fakehub.person(1, termination_date="2026-10-02"))
    leave.today(2026, 10, 20)
    assert leave.found() == [("NEGATIVE_NOT_RECOVERED", 0, -480)]
    leave.line("2026-10-15", "leave_payout", "PTO-OUT", "-8", -16000)
    leave.flow("payroll.results", "payroll", "2026-10")
    assert leave.found() == []


def test_leave_taken_uses_up_the_liability_through_payroll(leave: Leave) -> None:
    leave.pay("2000")
    leave.opening(6000)
    leave.flow("leave.accrue", "2026-09")
    leave.line("2026-10-15", "leave_taken", "PTO", "7.33")
    leave.flow("payroll.results", "payroll", "2026-10")
    assert leave.minutes() == 6000 - 440
    assert leave.money(chart.LEAVE_LIABILITY) == {chart.LEAVE_LIABILITY: -(200000 - 14667)}
    with leave.hub.store.read("acme") as session:
        assert ledger.clearing(session)[chart.PAYROLL_CLEARING] == 0
        assert ledger.verify(session).ok


def test_a_policy_is_not_dropped_while_a_balance_of_it_stands(leave: Leave) -> None:
    leave.pay("3000")
    leave.opening(120)
    with pytest.raises(ConfigError, match=r"leave policy 'pto' is gone, and 1 have a balance of it.*Keep it"):
        leave.book("")
    with leave.hub.store.read("acme") as session:
        assert [one.id for one in leave.hub.book(session).leave] == ["pto"]
    leave.line("2026-10-15", "leave_taken", "PTO", "2")
    leave.flow("payroll.results", "payroll", "2026-10")
    assert leave.minutes() == 0
    leave.book("")
