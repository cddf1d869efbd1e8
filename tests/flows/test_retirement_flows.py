"""Contributions under every limit, the match over its own period, true-up, late deposits, and entry into a plan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select

from benehub import facts, ledger, planbook, reconcile
from benehub.cli.rehearsal import DirectSteps
from benehub.errors import DataError
from benehub.facts import Version
from benehub.flows import Hub, history, lost_earnings, match, over_limit
from benehub.flows.deductions import expected
from benehub.flows.onboarding import load_plan_book
from benehub.flows.reconciling import reconcile_month
from benehub.flows.retirement import credits, due
from benehub.flows.savings import Saved, contribute, load, standings
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import PlanBook
from benehub.reconcile import Relation, Type, retirement
from benehub.store import Session
from benehub.store.tables import confirmation, intake_batch, person
from benehub.views.clearing import clearing
from benehub.views.statement import language, statement
from benehub.views.statement.parts import Money

Open = Callable[..., Hub]
PLAN = """  - id: 401k
    name: 401k
    benefit_type: retirement
    recordkeeper: carrier
    effective_from: 2025-01-01
    deferral: {{pretax_code: 401K, roth_code: ROTH}}
    match: {{code: M, {match}}}
    {more}
carriers:
"""
BASIC = "formula: basic"
YEAR = 2026
NOVEMBER = Month(2026, 11)


def text_of(fakehub: ModuleType, terms: str = BASIC, more: str = "coverage_end: last_day") -> str:
    return str(fakehub.BOOK).replace("carriers:\n", PLAN.format(match=terms, more=more))


@pytest.fixture
def hub(sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 11, 20, 12, tzinfo=UTC))
    one = open_hub(sqlite_url)
    fakehub.set_up(one, tmp_path / "vendor", "read_back")
    return one


@pytest.fixture
def saver(hub: Hub, fakehub: ModuleType) -> str:
    """One employee of 2024, born in 1970, 10,000.00 a pay, 10 % pre-tax."""
    load_plan_book(hub, text_of(fakehub), "book")
    with hub.store.write("acme") as session:
        one = str(session.rows(select(person.c.person_id).order_by(person.c.member_id))[0].person_id)
        born = {
            **facts.as_of(session, "employee", date(2026, 1, 1), subjects=[one])[0].data,
            "birth_date": "1970-06-01",
        }
        cover = {"plan": "401k", "tier": "", "dependents": [], "pretax_rate": "10%", "roth_rate": "", "event": ""}
        pay = {"rate_minor": 10_000_00, "per": "pay", "currency": "USD"}
        start = date(2025, 1, 1)
        facts.record(session, [
            Version("employee", one, "", date(1970, 6, 1), born),
            Version("compensation", one, "", start, pay),
            Version("coverage", one, "retirement", start, cover),
        ], "test")  # fmt: skip
    return one


def confirm(session: Session, kind: str, key: str, **columns: Any) -> None:
    empty = {
        "connection_id": "payroll", "version": 1, "current": 1, "external_id": "1001", "part": "earning", "code": "",
        "tax_class": "", "tier": "", "coverage_month": "2026-11", "amount": 0, "unit": "USD", "reference": key,
        "detail": {}, "batch_id": session.rows(select(intake_batch.c.batch_id))[0].batch_id, "row_no": 1, "seq": 1,
        "plan": None, "on_date": None,
    }  # fmt: skip
    session.add(confirmation, [{**empty, "kind": kind, "row_key": key, **columns}])


def pay(
    session: Session, one: str, day: date, gross: int, deferred: int, part: str = "pretax", matched: int = 0
) -> None:
    """A check as payroll reported it, and what was posted of it."""
    confirm(session, "register_line", f"{one}/{day}", person_id=one, pay_date=day, amount=gross)
    entries = []
    for kind, source, amount, accounts in (
        ("deduction.withheld", part, deferred, (chart.PAYROLL_CLEARING, chart.DEFERRAL_PAYABLE)),
        ("match.accrued", "match", matched, (chart.MATCH_EXPENSE, chart.MATCH_PAYABLE)),
    ):
        dims = (one, "401k", source, str(Month.of(day)), day)
        legs = tuple(Leg(account, "USD", sign * amount, *dims) for account, sign in zip(accounts, (1, -1), strict=True))
        entries += [NewEntry(f"t/{source}/{one}/{day}", kind, day, legs, "test")] if amount else []
    ledger.record(session, entries)


def lines(hub: Hub, month: Month = NOVEMBER) -> dict[str, int]:
    with hub.store.read("acme") as session:
        found = expected(session, hub.plugins, hub.book(session), month)
        return {one.part: one.amount_minor for one in found if one.plan.id == "401k"}


def owed(session: Session, account: str) -> int:
    return sum(-one.amount for one in ledger.balances(session, [account]))


def test_an_ordinary_pay_defers_and_is_matched(hub: Hub, saver: str) -> None:
    assert lines(hub) == {"pretax": 1_000_00, "match": 400_00}


def wages(hub: Hub, one: str, amount: int) -> None:
    with hub.store.write("acme") as session:
        told = Version("prior_wages", one, "", date(2026, 1, 1), {"wages_minor": amount}, date(2027, 1, 1))
        facts.record(session, [told], "test")


LIMITED = [
    ("wages unknown: catch-up waits", None, {"pretax": 100_00, "match": 100_00}),
    ("not a high earner", 150_000_00, {"pretax": 1_000_00, "match": 400_00}),
    (
        "R12 a high earner: the part above 402(g) is Roth",
        150_000_01,
        {"pretax": 100_00, "roth": 900_00, "match": 400_00},
    ),
]


@pytest.mark.parametrize(("prior", "expect"), [row[1:] for row in LIMITED], ids=[row[0] for row in LIMITED])
def test_the_limit_is_reached(hub: Hub, saver: str, prior: int | None, expect: dict[str, int]) -> None:
    with hub.store.write("acme") as session:
        pay(session, saver, date(2026, 10, 15), 10_000_00, 24_400_00)
    if prior is not None:
        wages(hub, saver, prior)
    assert lines(hub) == expect


def test_roth_made_earlier_counts_toward_roth_catch_up(hub: Hub, saver: str) -> None:
    wages(hub, saver, 200_000_00)
    with hub.store.write("acme") as session:
        pay(session, saver, date(2026, 9, 15), 10_000_00, 23_800_00)
        pay(session, saver, date(2026, 10, 15), 10_000_00, 600_00, "roth")
    assert lines(hub) == {"pretax": 700_00, "roth": 300_00, "match": 400_00}


def test_the_match_base_is_the_year_to_date(hub: Hub, saver: str) -> None:
    with hub.store.write("acme") as session:
        pay(session, saver, date(2026, 10, 15), 358_000_00, 1_000_00)
    # 2,000.00 of pay are left under 401(a)(17): 3 % at 100 % and 2 % at 50 % of it
    assert lines(hub)["match"] == 80_00


def test_additions_stop_the_match(hub: Hub, saver: str) -> None:
    with hub.store.write("acme") as session:
        pay(session, saver, date(2026, 10, 15), 10_000_00, 20_000_00, matched=50_900_00)
    assert lines(hub) == {"pretax": 1_000_00, "match": 100_00}


def test_who_is_near_a_limit_is_told(hub: Hub, saver: str) -> None:
    with hub.store.write("acme") as session:
        pay(session, saver, date(2026, 10, 15), 10_000_00, 24_400_00, matched=500_00)

    def standing() -> tuple[int, int, str]:
        with hub.store.read("acme") as session:
            (one,) = standings(session, hub.book(session), YEAR)
        return one.percent, one.additions_minor, one.state.partition(":")[0]

    assert standing() == (99, 24_900_00, "catch-up held")
    wages(hub, saver, 0)
    assert standing() == (99, 24_900_00, "near")
    with hub.store.write("acme") as session:
        pay(session, saver, date(2026, 11, 15), 10_000_00, 9_000_00)
    assert standing()[2] == "over"


def over(hub: Hub, month: Month = NOVEMBER) -> list[tuple[str, str, int | None, int | None]]:
    """What is over a limit in a month: which, and most and taken."""
    with hub.store.read("acme") as session:
        found = over_limit.compare(session, hub.book(session), month)
    return [(one.type.value, one.reference, one.expected, one.actual) for one in found]


def test_what_went_over_a_limit_is_a_difference_of_its_month(hub: Hub, saver: str) -> None:
    with hub.store.write("acme") as session:
        pay(session, saver, date(2026, 10, 15), 10_000_00, 24_500_00)
    assert over(hub, Month(2026, 10)) == over(hub) == []
    with hub.store.write("acme") as session:
        pay(session, saver, date(2026, 11, 15), 10_000_00, 8_000_01, matched=60_000_00)
    # 24,500.00 and a catch-up of 8,000.00; additions are without it
    deferral = ("OVER_LIMIT", "deferral", 32_500_00, 32_500_01)
    assert over(hub) == [deferral, ("OVER_LIMIT", "additions", 72_000_00, 84_500_00)]
    assert over(hub, Month(2026, 12)) == over(hub)  # it stands: the same difference, of November
    assert over(hub, Month(2026, 10)) == []
    told = reconcile_month(hub, DirectSteps(), "acme", "2026-11", ["retirement"])
    assert told["retirement"]["opened"] >= 2
    with hub.store.read("acme") as session:
        items = clearing(session, hub.book(session), NOVEMBER)
    assert "OVER_LIMIT" not in {item.name.split()[0] for one in items for item in one.items}  # it leaves no money


def test_what_was_saved_before_the_hub_counts_against_the_limit(hub: Hub, saver: str) -> None:
    legs = (
        Leg(chart.DEFERRAL_PAYABLE, "USD", -32_000_00, saver, "401k", "pretax"),
        Leg(chart.OPENING, "USD", 32_000_00, saver, "401k"),
    )
    with hub.store.write("acme") as session:
        ledger.record(session, [NewEntry("t/opening", "opening.deferral", date(2026, 6, 30), legs, "test")])
        pay(session, saver, date(2026, 11, 15), 10_000_00, 500_01)
    assert over(hub) == [("OVER_LIMIT", "deferral", 32_500_00, 32_500_01)]


def test_a_statement_tells_what_was_saved_before_the_hub_apart(hub: Hub, saver: str) -> None:
    legs = (
        Leg(chart.DEFERRAL_PAYABLE, "USD", -32_000_00, saver, "401k", "pretax"),
        Leg(chart.OPENING, "USD", 32_000_00, saver, "401k"),
    )
    with hub.store.write("acme") as session:
        ledger.record(session, [NewEntry("t/opening", "opening.deferral", date(2026, 6, 30), legs, "test")])
        pay(session, saver, date(2026, 11, 15), 10_000_00, 500_00)
        told = statement(session, hub.book(session), hub.plugins, saver, date(2026, 11, 20))
    (section,) = [one for one in told.sections if one.key == "retirement"]
    amounts = {line.key: line.values["amount"] for line in section.lines if "amount" in line.values}
    assert amounts == {"own": Money(32_500_00, "USD"), "opened": Money(32_000_00, "USD")}
    assert "32,000.00" in language("en").line(section, section.lines[1])


def settled(hub: Hub, month: Month) -> dict[str, tuple[str, str, int]]:
    """What of limits stands once a month was compared: reference -> month, state and minor units at stake."""
    with hub.store.write("acme") as session:
        found = over_limit.compare(session, hub.book(session), month)
        reconcile.settle(session, Relation.RETIREMENT, str(month), found, session.today())
        rows = reconcile.listed(session, ("pending", "discrepancy", "resolved", "dismissed"))
        assert len({row.reference for row in rows}) == len(rows)  # never two of one limit
        return {row.reference: (row.period, row.state, row.at_stake) for row in rows}


def test_who_may_be_in_catch_up_is_not_told_to_return_it(hub: Hub, saver: str) -> None:
    """Without a birth date nothing below the highest catch-up is over: what is missing is named."""
    with hub.store.write("acme") as session:
        born = facts.as_of(session, "employee", date(2026, 1, 1), subjects=[saver])[0].data
        told = {name: value for name, value in born.items() if name != "birth_date"}
        facts.record(session, [Version("employee", saver, "", date(1970, 6, 1), told)], "test")
        pay(session, saver, date(2026, 10, 15), 10_000_00, 35_750_00)
    for month in (NOVEMBER, NOVEMBER.plus(2)):
        assert over(hub, month) == [("LIMIT_UNKNOWN", "age", 24_500_00, 35_750_00)]
        assert settled(hub, month) == {"age": ("2026-10", "discrepancy", 11_250_00)}
    with hub.store.write("acme") as session:
        (one,) = standings(session, hub.book(session), YEAR)
        assert one.state == "catch-up held: birth date unknown"
        pay(session, saver, date(2026, 11, 13), 10_000_00, 1)
    assert over(hub) == [("OVER_LIMIT", "deferral", 35_750_00, 35_750_01)]


def test_an_excess_is_one_difference_of_the_year_until_it_was_returned(hub: Hub, saver: str) -> None:
    """It never counts twice, and a person's word that it was returned holds until it grows."""
    october, november, december, january = (NOVEMBER.plus(one) for one in (-1, 0, 1, 2))
    with hub.store.write("acme") as session:
        pay(session, saver, date(2026, 10, 15), 10_000_00, 32_600_00)
        pay(session, saver, date(2026, 11, 13), 10_000_00, 500_00)
    assert settled(hub, november) == settled(hub, december) == {"deferral": ("2026-10", "discrepancy", 600_00)}
    assert settled(hub, october) == settled(hub, january) == settled(hub, november)
    with hub.store.write("acme") as session:
        (row,) = reconcile.listed(session)
        for note, why in (
            ("they sent it back", "how much was returned"),
            ("500.00 on 2026-11-18", "less was returned"),
        ):
            with pytest.raises(DataError, match=why):
                reconcile.act(session, row.difference_id, "ann", state="resolved", note=note)
        told = "500.00 on 2026-11-18 and 104.20, earnings and all, on 2026-11-20"
        assert reconcile.act(session, row.difference_id, "ann", state="resolved", note=told) == ()
    for month in (october, november, january):
        assert settled(hub, month) == {"deferral": ("2026-10", "resolved", 600_00)}
    with hub.store.write("acme") as session:
        # a QNEC of an earlier pay, approved later, and a match: what is added is of its pay date, and no deferral
        dims = (saver, "401k", "qnec", "2026-09", date(2026, 9, 15))
        legs = (Leg(chart.MATCH_EXPENSE, "USD", 1_00, *dims), Leg(chart.MATCH_PAYABLE, "USD", -1_00, *dims))
        ledger.record(session, [NewEntry("q", "correction.accrued", date(2026, 12, 2), legs, "test")])
    assert settled(hub, december) == {"deferral": ("2026-10", "resolved", 600_00)}
    with hub.store.write("acme") as session:
        pay(session, saver, date(2026, 12, 15), 10_000_00, 500_00)
    assert settled(hub, december) == {"deferral": ("2026-10", "discrepancy", 1_100_00)}
    with hub.store.write("acme") as session:  # payroll gives it all back: the hub closes it, and may open it again
        pay(session, saver, date(2026, 12, 16), 0, -1_100_00)
    assert settled(hub, december)["deferral"][:2] == ("2026-10", "resolved")
    with hub.store.write("acme") as session:
        pay(session, saver, date(2026, 12, 17), 0, 1_100_00)
    assert settled(hub, december) == settled(hub, january) == {"deferral": ("2026-10", "discrepancy", 1_100_00)}


PERIODS = [
    ("monthly", "formula: basic, period: monthly", Month(2026, 10), 400_00),
    ("quarter still open", "formula: basic, period: quarterly", Month(2026, 10), 0),
    ("quarterly", "formula: basic, period: quarterly", Month(2026, 9), 700_00),
    ("fixed a pay", "fixed: 25.00", Month(2026, 10), 25_00),
]


@pytest.mark.parametrize(("terms", "month", "expect"), [row[1:] for row in PERIODS], ids=[row[0] for row in PERIODS])
def test_a_match_of_its_own_period_accrues_at_its_end(
    hub: Hub, saver: str, fakehub: ModuleType, terms: str, month: Month, expect: int
) -> None:
    load_plan_book(hub, text_of(fakehub, terms), "book")
    assert "match" not in lines(hub)  # payroll does not work it out
    with hub.store.write("acme") as session:
        pay(session, saver, date(2026, 8, 14), 10_000_00, 0)
        pay(session, saver, date(2026, 9, 15), 10_000_00, 1_000_00 if "monthly" in terms else 800_00)
        pay(session, saver, date(2026, 10, 15), 10_000_00, 1_000_00)
    counts = match.accrue(hub, "acme", month)
    with hub.store.read("acme") as session:
        assert owed(session, chart.MATCH_PAYABLE) == expect
    assert counts["new"] == bool(expect)
    again = match.accrue(hub, "acme", month)
    assert (again["new"], again["corrected"]) == (0, 0)


def test_the_true_up_pays_the_formula_of_the_year(
    hub: Hub, saver: str, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_plan_book(hub, text_of(fakehub, "formula: basic, true_up: true"), "book")
    with hub.store.write("acme") as session:
        pay(session, saver, date(2026, 9, 15), 10_000_00, 1_000_00, matched=400_00)
        pay(session, saver, date(2026, 10, 15), 10_000_00, 0)
    assert match.preview(hub, "acme", YEAR)["true_up_minor"] == 400_00
    with hub.store.read("acme") as session:
        whole = load(session, date(2026, 1, 1), date(2027, 1, 1))
        assert load(session, date(2026, 1, 1), date(2027, 1, 1), [saver]) == whole == {saver: whole[saver]}
        assert load(session, date(2026, 1, 1), date(2027, 1, 1), ["per_other"]) == {}
    with pytest.raises(DataError, match="2026 is not over"):
        match.true_up_year(hub, DirectSteps(), "acme", YEAR)
    monkeypatch.setattr(fakehub, "NOW", datetime(2027, 1, 15, 12, tzinfo=UTC))
    done = match.true_up_year(hub, DirectSteps(), "acme", YEAR)
    assert (done["employees"], done["true_up_minor"], done["new"]) == (1, 400_00, 1)
    assert match.true_up_year(hub, DirectSteps(), "acme", YEAR)["unchanged"] == 1
    with hub.store.read("acme") as session:
        assert owed(session, chart.MATCH_PAYABLE) == 800_00
        assert ledger.balances(session, [chart.MATCH_EXPENSE])[0].amount == 800_00


def test_the_true_up_is_of_the_years_additions_and_keeps_their_limit(
    hub: Hub, saver: str, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_plan_book(hub, text_of(fakehub, "fixed: 60000.00, period: quarterly, true_up: true"), "book")
    with hub.store.write("acme") as session:
        pay(session, saver, date(2026, 9, 15), 200_000_00, 20_000_00, matched=50_000_00)
    monkeypatch.setattr(fakehub, "NOW", datetime(2027, 1, 15, 12, tzinfo=UTC))
    for _ in range(2):  # the second finds its own of the first, and leaves it
        assert match.true_up_year(hub, DirectSteps(), "acme", YEAR)["true_up_minor"] == 2_000_00
    december = Month(2026, 12)
    assert over(hub, december) == []
    with hub.store.write("acme") as session:
        (one,) = standings(session, hub.book(session), YEAR)
        assert one.additions_minor == 72_000_00
        pay(session, saver, date(2026, 10, 15), 0, 3_000_00)
    assert over(hub, december) == [("OVER_LIMIT", "additions", 72_000_00, 75_000_00)]


def test_over_match_is_listed_and_takes_nothing_back(hub: Hub, saver: str, fakehub: ModuleType) -> None:
    load_plan_book(hub, text_of(fakehub, "formula: basic, true_up: true"), "book")
    with hub.store.write("acme") as session:
        pay(session, saver, date(2026, 9, 15), 10_000_00, 1_000_00, matched=450_00)
    found = match.preview(hub, "acme", YEAR)
    assert (found["true_up_minor"], found["over_match_minor"], found["forfeiture_review"]) == (0, 50_00, ["1001"])


def late_difference(hub: Hub, one: str) -> str:
    """Two credits of 13 November that the trust had six days after the due day, and what is not late by that."""
    with hub.store.write("acme") as session:
        book = hub.book(session)
        parts = [("pretax", 700_000_00), ("roth", 300_000_00), ("match", 5_00), ("loan", 100_000_00)]
        for number, (part, amount) in enumerate(parts):
            confirm(
                session, "credit", str(number), connection_id="carrier", person_id=one, plan="401k", part=part,
                pay_date=date(2026, 11, 13), on_date=date(2026, 11, 24), amount=amount,
            )  # fmt: skip
        findings = retirement.compare(session, book, "carrier", NOVEMBER, lambda plan, day: due(book, plan, day))
        (late,) = [one for one in findings if one.type is Type.LATE]
        assert "Pay lost earnings of 1151.24 to the plan" in late.action
        reconcile.settle(session, Relation.RETIREMENT, str(NOVEMBER), [late], session.today())
        (row,) = [row for row in reconcile.listed(session) if row.type == "LATE"]
        return str(row.difference_id)


def test_lost_earnings_of_a_late_deposit(hub: Hub, saver: str) -> None:
    difference = late_difference(hub, saver)
    # 1,000,000.00 withheld, due on the 18th, with the trust on the 24th: six days at 7 %
    done = lost_earnings.post(hub, DirectSteps(), "acme", difference)
    assert (done["principal_minor"], done["total_minor"], done["participants"]) == (1_000_000_00, 1_151_24, 1)
    assert any("Form 5330" in task for task in done["tasks"])
    assert lost_earnings.post(hub, DirectSteps(), "acme", difference)["unchanged"] == 2
    with hub.store.read("acme") as session:
        rows = ledger.balances(session, [chart.EARNINGS_PAYABLE], by=("money_source",))
        assert {one.dimensions["money_source"]: -one.amount for one in rows} == {"pretax": 805_87, "roth": 345_37}
        assert reconcile.get(session, difference).work_step == "fix_proposed"
        account = next(one for one in clearing(session, hub.book(session), NOVEMBER) if one.account == "2330")
        assert (account.balance, account.unexplained) == (-1_151_24, 0)


def test_lost_earnings_paid_later_earn_interest(hub: Hub, saver: str) -> None:
    difference = late_difference(hub, saver)
    done = lost_earnings.post(hub, DirectSteps(), "acme", difference, "2026-12-24")
    assert (done["lost_earnings_minor"], done["interest_minor"]) == (1_151_24, 6_64)


def test_repayments_that_payroll_sends_itself_are_neither_late_nor_posted(hub: Hub, saver: str) -> None:
    """The deferral booked as one of them is told; what such a repayment has earned is posted like all earnings."""
    one: dict[str, Any] = {
        "connection_id": "carrier", "person_id": saver, "plan": "401k", "pay_date": date(2026, 11, 13),
        "on_date": date(2026, 11, 24),
    }  # fmt: skip
    with hub.store.write("acme") as session:
        book = hub.book(session)
        confirm(session, "credit", "1", part="loan", amount=700_00, **one)
        confirm(session, "earnings_credit", "2", part="loan", amount=80, **one)
        dims = (saver, "401k", "pretax", "2026-11", date(2026, 11, 13))
        legs = (Leg(chart.DEFERRAL_PAYABLE, "USD", 700_00, *dims), Leg(chart.DEPOSIT_TRANSIT, "USD", -700_00, *dims))
        ledger.record(session, [NewEntry("d/1", "contribution.deposited", date(2026, 11, 16), legs, "x")])
        found = retirement.compare(session, book, "carrier", NOVEMBER, lambda plan, day: due(book, plan, day))
        reconcile.settle(session, Relation.RETIREMENT, str(NOVEMBER), found, session.today())
        told = {one.type: (one.expected, one.actual) for one in found}
        assert told == {Type.LOAN_IN_CONTRIB: (700_00, 0)}
    done = credits(hub, DirectSteps(), "acme", "carrier", "2026-11")
    assert (done["rows"], done["new"]) == (2, 1)
    with hub.store.write("acme") as session:
        found = retirement.compare(session, book, "carrier", NOVEMBER, lambda plan, day: due(book, plan, day))
        reconcile.settle(session, Relation.RETIREMENT, str(NOVEMBER), found, session.today())
        account = next(one for one in clearing(session, book, NOVEMBER) if one.account == chart.DEPOSIT_TRANSIT)
        assert (account.balance, account.unexplained) == (-700_00 + 80, 0)


def test_only_a_late_deposit_has_lost_earnings(hub: Hub, saver: str) -> None:
    with hub.store.write("acme") as session:
        confirm(
            session, "credit", "x", connection_id="carrier", person_id=None, plan="401k", part="pretax",
            pay_date=date(2026, 11, 13), on_date=date(2026, 11, 16), amount=1,
        )  # fmt: skip
        findings = list(retirement._unknown(session, hub.book(session), "carrier", NOVEMBER))
        reconcile.settle(session, Relation.RETIREMENT, str(NOVEMBER), findings, session.today())
        (row,) = reconcile.listed(session)
    with pytest.raises(DataError, match="is UNKNOWN_PARTICIPANT, no late deposit"):
        lost_earnings.post(hub, DirectSteps(), "acme", row.difference_id)


ENTRY = [
    (
        "21 and a year of service: in at the next entry date",
        "entry: {age: 21, service_months: 12, dates: dual}",
        "2025-01-01",
    ),
    ("hours as scheduled", "entry: {service_months: 12, hours: 1000}", "2025-01-01"),
]


@pytest.mark.parametrize(("terms", "start"), [row[1:] for row in ENTRY], ids=[row[0] for row in ENTRY])
def test_entry_into_the_plan_decides_the_first_deferral(hub: Hub, fakehub: ModuleType, terms: str, start: str) -> None:
    # the three employees were hired on 1 January 2024
    load_plan_book(hub, text_of(fakehub, BASIC, terms), "book")
    with hub.store.write("acme") as session:
        one = str(session.rows(select(person.c.person_id))[0].person_id)
        chosen = {
            "plan": "401k", "tier": "", "dependents": [], "pretax_rate": "5%", "roth_rate": "", "event": "",
            "waived": False,
        }  # fmt: skip
        facts.record(session, [Version("election", one, "retirement", date(2024, 2, 1), chosen)], "test")
    hub.start_flow("coverage", "acme", "entry", "2026-11-20")
    with hub.store.read("acme") as session:
        (found,) = facts.timelines(session, "coverage", Interval(date.min, FOREVER), subjects=[one])[
            (one, "retirement")
        ]
    assert found.effective_from == max(date(2025, 1, 1), date.fromisoformat(start))


def test_the_whole_of_a_month_is_taken_on_pay_by_pay(hub: Hub, saver: str, fakehub: ModuleType) -> None:
    with hub.store.read("acme") as session:
        book: PlanBook = planbook.load(text_of(fakehub), "book")
        (worker,) = [one for one in facts.workers(session, Interval(NOVEMBER.first, NOVEMBER.end)) if one.pay]
        cover = worker.coverages["retirement"][0].data
        saved = Saved(prior_wages=0)
        plan = book.plan("401k")
        year = [contribute(plan, worker, cover, 20_000_00, date(2026, month, 15), saved) for month in range(1, 13)]
        assert sum(one["pretax"] for one in year) == 24_000_00 == saved.deferrals
        more = [contribute(plan, worker, cover, 100_000_00, date(2026, 12, 31), saved)["pretax"] for _ in range(3)]
        assert (more, saved.deferrals) == ([8_500_00, 0, 0], 32_500_00)
        assert load(session, date(2026, 1, 1), date(2027, 1, 1)) == {}
        assert history.start(session, NOVEMBER).savings.of(worker, YEAR).deferrals == 0
