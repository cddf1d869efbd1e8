"""Cents of a vendor's rounding within the tolerance go to the rounding account; what is more stays a difference."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.flows.test_credits import TERMS
from tests.flows.test_fixes import BOOK, october
from tests.flows.test_given_up import OCTOBER, Office

from benehub import ledger, reconcile
from benehub.errors import ConfigError
from benehub.flows import Hub, reconciling
from benehub.flows.onboarding import load_plan_book
from benehub.ledger import Leg, NewEntry, arrears
from benehub.ledger import accounts as chart
from benehub.planbook import load
from benehub.planbook.parts.employer import Tolerance
from benehub.reconcile import Finding, Relation, Type, tolerance
from benehub.store.tables import confirmation, difference, entry, leg, person
from benehub.views.clearing import clearing


class Books(Office):
    """An employer whose plan book tolerates so much of a carrier's bill."""

    def allow(self, line: str, file: str, relation: str = "premium", policy: str = "pay_as_billed") -> None:
        """Load the plan book with a tolerance."""
        book = self._fakehub.BOOK.replace("{pay_policy: pay_as_enrolled}", TERMS.replace("POLICY", policy))
        load_plan_book(self.hub, f'{book}\ntolerance: {{{relation}: {{line: "{line}", file: "{file}"}}}}\n', "book")

    def others(self) -> list[str]:
        """The people of the hub."""
        with self.hub.store.read("acme") as session:
            rows = session.rows(select(person.c.person_id).order_by(person.c.member_id))
        return [str(row.person_id) for row in rows]

    def members(self, *amounts: tuple[int, int]) -> None:
        """October of so many members: accrued, billed and paid as billed."""
        for who, (accrued, billed) in zip(self.others(), amounts, strict=False):
            self.who = who
            self.accrue("2026-10", accrued)
            self.bill("2026-10", billed, external_id=who)
            self.pay("2026-10", billed)
            self.post("2026-10", "premium.confirmed", chart.CARRIER_TRANSIT, chart.BANK, billed)

    def compare(self) -> dict[str, Any]:
        """The flow, and what it says of premiums."""
        self._lines += 1
        found: dict[str, Any] = self.hub.start_flow("reconcile", "acme", f"t{self._lines}", "2026-10", ["premium"])
        return dict(found["premium"])

    def rounded(self) -> list[tuple[str, int]]:
        """Whose cents stand on the rounding account, one by one."""
        with self.hub.store.read("acme") as session:
            rows = ledger.balances(session, [chart.ROUNDING], by=("person_id",))
        return [(str(row.dimensions["person_id"]), row.amount) for row in rows if row.amount]

    def unexplained_of(self, account: str) -> tuple[int, int]:
        """Balance of an account at October's end, and what no item explains."""
        with self.hub.store.read("acme") as session:
            found = {one.account: one for one in clearing(session, self.hub.book(session), OCTOBER)}
        return found[account].balance, found[account].unexplained


@pytest.fixture
def books(
    db_url: str, open_hub: Callable[..., Hub], tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Books:
    hub = open_hub(db_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    made = Books(hub, fakehub, monkeypatch, "pay_as_billed")
    made.on(date(2026, 10, 20))
    return made


def test_cents_either_way_go_to_the_rounding_account_and_no_closing_is_in_their_way(books: Books) -> None:
    books.allow("0.02", "1.00")
    books.members((100_00, 100_01), (200_00, 199_98))
    told = books.compare()
    assert (told["opened"], told["tolerated"], told["tolerated_minor"]) == (0, 2, 3)
    first, second = books.others()[:2]
    assert sorted(books.rounded()) == sorted([(first, 1), (second, -2)])
    assert books.unexplained_of(chart.PREMIUM_PAYABLE) == (0, 0)
    assert books.in_the_way(OCTOBER) == {}
    assert (books.credits(), books.differences()) == ([], [])
    # Each is told, with its entry; and a second comparison posts nothing more.
    with books.hub.store.read("acme") as session:
        rows = session.rows(select(difference).where(difference.c.work_step == reconcile.TOLERATED))
        entries = session.rows(select(entry).where(entry.c.type == arrears.TOLERATED))
        linked = {row.difference_id: reconcile.history(session, row.difference_id)[-1].entries for row in rows}
    assert {row.state for row in rows} == {"resolved"}
    assert linked == {one.source: [one.entry_id] for one in entries}
    again = books.compare()
    assert (again["opened"], again["closed"], again["seen_again"]) == (0, 0, 2)
    assert sorted(books.rounded()) == sorted([(first, 1), (second, -2)])
    with books.hub.store.read("acme") as session:
        assert len(session.rows(select(entry).where(entry.c.type == arrears.TOLERATED))) == 2


@pytest.mark.parametrize(("line", "file", "differences"), [
    ("0.09", "1.00", 2),  # each is above what a line may have
    ("0.10", "0.19", 2),  # they come to nothing by their signs, and to 0.20 without
    ("0.10", "0.20", 0),
])  # fmt: skip
def test_lines_that_offset_each_other_stay_two(books: Books, line: str, file: str, differences: int) -> None:
    books.allow(line, file)
    books.members((100_00, 100_10), (100_00, 99_90))
    books.compare()
    assert len(books.differences()) == differences
    assert sorted(amount for _, amount in books.rounded()) == ([] if differences else [-10, 10])


def test_nothing_is_tolerated_unless_the_plan_book_says_so(books: Books) -> None:
    books.members((100_00, 100_01))
    assert "tolerated" not in books.compare()
    assert (books.differences(), books.rounded()) == ([("RATE_DIFF", 100_00, 100_01)], [])


def test_it_is_taken_back_when_the_bill_changes(books: Books) -> None:
    books.allow("0.02", "0.02")
    books.members((100_00, 100_01))
    for billed, rounded, told in ((100_02, [2], []), (100_00, [], []), (99_99, [-1], []),
                                  (99_90, [], [("RATE_DIFF", 100_00, 99_90)]), (100_01, [1], [])):  # fmt: skip
        books.compare()
        with books.hub.store.write("acme") as session:
            session.connection.execute(
                update(confirmation).where(confirmation.c.kind == "invoice_line").values(amount=billed)
            )
        books.compare()
        assert ([amount for _, amount in books.rounded()], books.differences()) == (rounded, told), billed
    with books.hub.store.read("acme") as session:
        (row,) = session.rows(select(difference).where(difference.c.type == "RATE_DIFF"))
        said = [one.note for one in reconcile.history(session, row.difference_id)]
    assert "both sides agree now" in said
    assert "it returned" not in said  # it was covered again, and never a new one


def test_what_was_a_difference_closes_with_the_tolerance_and_opens_without(books: Books) -> None:
    books.members((100_00, 100_01))
    books.compare()
    assert len(books.differences()) == 1
    books.allow("0.01", "0.01")
    told = books.compare()
    assert (told["closed"], told["tolerated"], books.differences()) == (1, 1, [])
    books.allow("0.00", "0.00")
    assert books.compare()["opened"] == 1
    assert (len(books.differences()), books.rounded()) == (1, [])


def test_a_dismissed_cent_stays_dismissed_and_counts_in_no_file(books: Books) -> None:
    books.members((100_00, 100_01), (100_00, 100_02))
    books.compare()
    with books.hub.store.read("acme") as session:
        (row,) = session.rows(select(difference).where(difference.c.actual == 100_01))
    reconciling.act(books.hub, "acme", row.difference_id, "ann", state="dismissed", note="they round")
    books.allow("0.02", "0.02")
    assert books.compare()["tolerated"] == 1
    assert len(books.differences("dismissed")) == 1
    assert sum(amount for _, amount in books.rounded()) == 3


@pytest.mark.parametrize("policy", ["pay_as_enrolled", "short_pay"])
def test_it_is_named_where_the_carrier_is_not_paid_as_billed(books: Books, policy: str) -> None:
    books.allow("0.02", "1.00", policy=policy)
    books.accrue("2026-10", 100_00)
    books.bill("2026-10", 100_01)
    books.pay("2026-10", 100_00 if policy == "pay_as_enrolled" else 100_01)
    assert books.compare()["tolerated"] == 1
    assert books.unexplained_of(chart.PREMIUM_PAYABLE) == (0, 0)
    assert [amount for _, amount in books.rounded()] == ([] if policy == "pay_as_enrolled" else [1])


def found(books: Books, one: Finding) -> tolerance.Tolerated:
    """One finding is settled, and what is within the tolerance posted, as a comparison does."""
    with books.hub.store.write("acme") as session:
        book = books.hub.book(session)
        small = tolerance.within(session, book, one.relation, [one])
        reconcile.settle(session, one.relation, one.period, [one], session.today(), tolerated=small)
        return tolerance.post(session, book, one.relation, one.period)


def of(books: Books, relation: Relation, kind: Type, plan: str, reference: str, expected: int, actual: int,
       **more: Any) -> Finding:  # fmt: skip
    return Finding(relation, kind, "2026-10", reference, "payroll", "payroll", "another amount", "ask",
                   person_id=books.who, plan=plan, expected=expected, actual=actual, **more)  # fmt: skip


def put(books: Books, kind: str, debit: str, credit: str, amount: int, **dims: Any) -> None:
    with books.hub.store.write("acme") as session:
        of_leg = {"person_id": books.who, **dims}
        legs = (Leg(debit, "USD", amount, **of_leg), Leg(credit, "USD", -amount, **of_leg))
        ledger.record(session, [NewEntry(f"p/{kind}", kind, date(2026, 10, 15), legs, "x")])


@pytest.mark.parametrize("taken", [49_99, 50_01])
def test_a_share_of_a_premium_is_neither_owed_nor_asked_for(books: Books, taken: int) -> None:
    books.allow("0.01", "0.05", "payroll")
    day = date(2026, 10, 15)
    dims: dict[str, Any] = {"plan": "ppo", "money_source": "employee", "coverage_month": "2026-10"}
    put(books, "premium.accrued", chart.EMPLOYEE_SHARE_DUE, chart.BENEFIT_COST, 50_00, **dims)
    put(books, "deduction.withheld", chart.PAYROLL_CLEARING, chart.EMPLOYEE_SHARE_DUE, taken, **dims, pay_date=day)
    told = found(books, of(books, Relation.PAYROLL, Type.AMOUNT_DIFF, "ppo", f"{day}/employee", 50_00, taken))
    assert (told.lines, told.amount) == (1, 1)
    assert [amount for _, amount in books.rounded()] == [50_00 - taken]
    with books.hub.store.read("acme") as session:
        due = ledger.balances(session, [chart.EMPLOYEE_SHARE_DUE], by=("person_id",), plan="ppo")
    assert not [one for one in due if one.dimensions["person_id"] == books.who and one.amount]


def test_a_deferral_off_by_a_cent_leaves_nothing_to_post(books: Books) -> None:
    books.allow("0.01", "0.05", "payroll")
    told = found(books, of(books, Relation.PAYROLL, Type.AMOUNT_DIFF, "401k", "2026-10-15/pretax", 50_00, 49_99))
    assert (told.lines, books.rounded(), books.differences()) == (1, [], [])


@pytest.mark.parametrize(("kind", "credited"), [(Type.CREDITED_SHORT, 99_99), (Type.CREDITED_OVER, 100_01)])
def test_what_was_credited_otherwise_leaves_the_deposit_in_transit(books: Books, kind: Type, credited: int) -> None:
    books.allow("0.01", "0.05", "retirement")
    dims: dict[str, Any] = {"plan": "401k", "money_source": "pretax", "pay_date": date(2026, 10, 15)}
    put(books, "contribution.deposited", chart.DEFERRAL_PAYABLE, chart.DEPOSIT_TRANSIT, 100_00, **dims)
    put(books, "contribution.credited", chart.DEPOSIT_TRANSIT, chart.BANK, credited, **dims)
    one = of(books, Relation.RETIREMENT, kind, "401k", "2026-10-15/pretax", 100_00, credited)
    assert found(books, one).lines == 1
    assert books.unexplained_of(chart.DEPOSIT_TRANSIT) == (0, 0)
    assert [amount for _, amount in books.rounded()] == [credited - 100_00]


@pytest.mark.parametrize("one", [
    {"clear_by": date(2026, 11, 1)},  # timing first: the rules explain it
    {"kind": Type.TIER_DIFF}, {"expected": 0, "actual": 1}, {"expected": 1, "actual": 0},
])  # fmt: skip
def test_what_is_no_rounding_is_none_at_any_amount(books: Books, one: dict[str, Any]) -> None:
    books.allow("0.05", "1.00")
    given = {"kind": Type.RATE_DIFF, "expected": 100_00, "actual": 100_01} | one
    assert found(books, of(books, Relation.PREMIUM, plan="ppo", reference="-", **given)).lines == 0
    assert books.rounded() == []


def test_each_carrier_and_pay_date_is_a_file_of_its_own(books: Books) -> None:
    books.allow("0.01", "0.01", "payroll")
    days = ("2026-10-15", "2026-10-30", "2026-10-30")
    lines = [
        of(books, Relation.PAYROLL, Type.AMOUNT_DIFF, plan, f"{day}/{part}", 50_00, 50_01)
        for day, plan, part in zip(days, ("ppo", "ppo", "401k"), ("employee", "employee", "pretax"), strict=True)
    ]
    with books.hub.store.read("acme") as session:
        small = tolerance.within(session, books.hub.book(session), Relation.PAYROLL, lines)
    assert set(small) == {lines[0].key}  # the other pay date has two of them


@pytest.mark.parametrize(("line", "file", "why"), [
    ("-0.01", "1.00", "no amount below zero"), ("0.02", "0.01", "`file` is less than `line`"),
    ("0.02", "0.00", "`file` is less than `line`"),
])  # fmt: skip
def test_a_tolerance_that_makes_no_sense_is_refused(fakehub: ModuleType, line: str, file: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        load(f'{fakehub.BOOK}\ntolerance: {{premium: {{line: "{line}", file: "{file}"}}}}\n', "book")
    assert Tolerance(line="0.02", file="1").minor("USD") == (2, 100)


@pytest.mark.parametrize(("first", "asked"), [(99_99, 0), (79_99, 20_01)])
def test_a_cent_that_a_coming_pay_was_told_to_collect_is_asked_from_nobody(
    db_url: str, open_hub: Callable[..., Hub], tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch,
    first: int, asked: int,
) -> None:  # fmt: skip
    """With more that is owed of the same month, the line is less by the cent, and stands."""
    text = BOOK.replace("arrears: {carry: false}", "arrears: {carry: true}") + (
        'tolerance: {payroll: {line: "0.01", file: "0.05"}}\n'
    )
    pay = october(open_hub(db_url), tmp_path, fakehub, monkeypatch, text)

    def coming() -> int:
        with pay.hub.store.read("acme") as session:
            rows = session.rows(
                select(leg.c.amount).join(entry, leg.c.entry_id == entry.c.entry_id).where(
                    entry.c.type.in_((arrears.ARREARS, f"{arrears.ARREARS}.void")),
                    leg.c.account == chart.PAYROLL_CLEARING, leg.c.pay_date == date(2026, 11, 13),
                )
            )  # fmt: skip
        return sum(int(row.amount) for row in rows)

    pay.day(11, 3)
    pay.taken(10, 15, first)
    pay.taken(10, 30, 99_99 if first == 79_99 else 100_00)
    pay.flow("deductions.expect", "2026-11")
    assert coming() == asked + 1
    pay.flow("reconcile", "2026-10", ["payroll"])
    assert coming() == asked
    pay.flow("deductions.expect", "2026-11")
    assert coming() == asked
