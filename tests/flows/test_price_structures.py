"""An employer with every price structure: accrued, deducted, told to payroll, billed and reconciled like tiers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select

from benehub import ledger, reconcile
from benehub.connect.connector import Incoming
from benehub.errors import DataError
from benehub.facts import Fact
from benehub.flows import Hub, corrections, deductions
from benehub.flows.accounts import employee_amounts
from benehub.flows.onboarding import connect, load_plan_book
from benehub.ledger import accounts as chart
from benehub.periods import FOREVER, Month
from benehub.reconcile import Type
from benehub.store.tables import intake_row, person, run
from benehub.views.clearing import clearing
from benehub.views.unpriced import unpriced
from benehub.views.why import why

Open = Callable[..., Hub]
OCTOBER = Month(2026, 10)
BOOK = """
employer: {id: acme, name: Acme}
roles: {hris: hris, payroll: payroll}
pay_groups:
  monthly: {frequency: semimonthly, days: [15, last]}
plans:
  - id: ppo
    name: PPO
    benefit_type: medical
    carrier: carrier
    effective_from: 2026-01-01
    rates: [{from: 2026-01-01, tiers: {EE: 500.00, ES: 900.00, EC: 800.00, FAM: 1200.00}}]
    employer_contribution: {scheme: percent_of_tier, percent: 80%}
    deduction: {code: MED, per_month: 2}
  - id: life
    name: Life
    benefit_type: life
    carrier: carrier
    effective_from: 2026-01-01
    volume: {basis: year, multiple: 2, round: {to: 1000, mode: up}, guarantee_issue: 100000, max: 500000}
    rates: [{from: 2026-01-01, rate: 0.15}]
    employer_contribution: {scheme: percent_of_tier, percent: 100%}
    deduction: {code: LIFE, per_month: 2}
  - id: ltd
    name: Long-term disability
    benefit_type: ltd
    carrier: carrier
    effective_from: 2026-01-01
    volume: {basis: month, max: 10000, unit: per_100}
    rates: [{from: 2026-01-01, rate: 0.37}]
    employer_contribution: {scheme: percent_of_tier, percent: 50%}
    deduction: {code: LTD, tax_class: posttax, per_month: 2}
  - id: vlife
    name: Voluntary life
    benefit_type: voluntary_life
    carrier: carrier
    effective_from: 2026-01-01
    volume: {elected: true, guarantee_issue: 100000}
    age_rating: {basis: january_1}
    rates:
      - from: 2026-01-01
        tobacco: false
        ages: [{from: 0, through: 34, rate: 0.06}, {from: 35, through: 39, rate: 0.09}, {from: 40, rate: 0.2}]
      - from: 2026-01-01
        tobacco: true
        ages: [{from: 0, through: 34, rate: 0.10}, {from: 35, through: 39, rate: 0.155}, {from: 40, rate: 0.4}]
    deduction: {code: VLIFE, tax_class: posttax, per_month: 2}
  - id: hsa
    name: HSA
    benefit_type: hsa
    effective_from: 2026-01-01
    account: {employer_yearly: {EE: 750.00, FAM: 1500.00}}
    deduction: {code: HSA, method: every_pay}
carriers:
  carrier: {pay_policy: pay_as_enrolled}
"""
PREMIUMS = {
    ("1001", "ppo"): (1200_00, 240_00),
    # 2 x 73,450 up to 147,000, of which 100,000 is granted without evidence
    ("1001", "life"): (15_00, 0),
    # 73,450 / 12 x .37 / 100 = 22.6471; half of it is the employer's
    ("1001", "ltd"): (22_65, 11_32),
    # 150,000 elected, 100,000 in force, age 36
    ("1001", "vlife"): (9_00, 9_00),
    ("1002", "ppo"): (500_00, 100_00),
    ("1002", "life"): (15_00, 0),
    ("1002", "ltd"): (18_50, 9_25),
    ("1002", "vlife"): (7_75, 7_75),
}
"""Premium of October and the employee's share, by employee and plan."""


def election(number: int, plan: str, **told: Any) -> Incoming:
    data = {"employee": str(1000 + number), "plan": plan, "effective_from": "2026-01-01", **told}
    return Incoming(f"e{number}{plan}", data, row=number)


def pay(number: int, rate_minor: int) -> Incoming:
    return Incoming(f"c{number}", {"employee": f"h{number}", "effective_from": "2026-01-01", "rate_minor": rate_minor})


def sync(hub: Hub, connection: str, stream: str, key: str = "1") -> Any:
    return hub.start_flow("sync", "acme", f"{connection}/{stream}/{key}", connection, stream, key, False)


@pytest.fixture
def hub(sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType) -> Hub:
    one = open_hub(sqlite_url)
    fakehub.Vendor.crash, fakehub.Vendor.script, fakehub.Vendor.writes = "", [], 0
    load_plan_book(one, BOOK, "book")
    vendor = {"connector": "read_back", "settings": {"folder": str(tmp_path / "vendor")}, "mode": "live"}
    connect(one, "acme", {"hris": vendor, "payroll": vendor, "carrier": vendor})
    fakehub.FakeConnector.rows = {
        "employee": [fakehub.person(number) for number in (1, 2)],
        "compensation": [pay(1, 73_450_00), pay(2, 60_000_00)],
        "payroll_person": [Incoming(f"p{n}", {"employee_number": str(1000 + n)}, row=n) for n in (1, 2)],
        "election": [
            election(1, "ppo", tier="FAM"),
            election(1, "life"),
            election(1, "ltd"),
            election(1, "vlife", volume_minor=150_000_00, tobacco=False),
            election(1, "hsa", amount_minor=2_000_00),
            election(2, "ppo", tier="EE"),
            election(2, "life"),
            election(2, "ltd"),
            election(2, "vlife", volume_minor=50_000_00, tobacco=True),
            election(2, "hsa", amount_minor=0),
        ],
    }
    for connection, stream in (
        ("hris", "employee"), ("hris", "compensation"), ("hris", "election"), ("payroll", "payroll_person"),
    ):  # fmt: skip
        sync(one, connection, stream)
    one.start_flow("coverage", "acme", "1", "2026-10-01")
    return one


def members(session: Any) -> dict[str, str]:
    return {row.person_id: row.member_id for row in session.rows(select(person.c.person_id, person.c.member_id))}


def balances(hub: Hub, account: str) -> dict[tuple[str, str], int]:
    with hub.store.read("acme") as session:
        names = members(session)
        return {
            (names[one.dimensions["person_id"]], one.dimensions["plan"]): one.amount
            for one in ledger.balances(session, [account], by=("person_id", "plan"))
        }


def expected(hub: Hub) -> list[tuple[str, str, str, date, int]]:
    with hub.store.read("acme") as session:
        names = members(session)
        lines = deductions.expected(session, hub.plugins, hub.book(session), OCTOBER)
        return [(names[one.person_id], one.code, one.part, one.pay_date, one.amount_minor) for one in lines]


def accrue(hub: Hub, key: str = "a") -> Any:
    return hub.start_flow("premiums.accrue", "acme", key, "2026-10")


def test_a_month_accrues_to_the_cent_whatever_the_rates_go_by(hub: Hub) -> None:
    assert accrue(hub)["lines"] == len(PREMIUMS)
    premium = {key: -amount for key, amount in balances(hub, chart.PREMIUM_PAYABLE).items()}
    employee = balances(hub, chart.EMPLOYEE_SHARE_DUE)
    employer = balances(hub, chart.BENEFIT_COST)
    assert premium == {key: minor for key, (minor, _) in PREMIUMS.items()}
    assert {key: minor for key, minor in employee.items() if minor} == {
        key: own for key, (_, own) in PREMIUMS.items() if own
    }
    for key, minor in premium.items():
        assert employee.get(key, 0) + employer.get(key, 0) == minor
    assert accrue(hub, "again") | {"lines": 0} == {
        "lines": 0, "new": 0, "corrected": 0, "unchanged": len(PREMIUMS), "lacking": 0, "needs": {},
    }  # fmt: skip


def test_pay_dates_expect_each_share_and_each_account_contribution(hub: Hub) -> None:
    sums: dict[tuple[str, str, str], int] = {}
    for number, code, part, _, amount in expected(hub):
        sums[number, code, part] = sums.get((number, code, part), 0) + amount
    codes = {"ppo": "MED", "life": "LIFE", "ltd": "LTD", "vlife": "VLIFE"}
    shares = {(number, codes[plan], "employee"): own for (number, plan), (_, own) in PREMIUMS.items() if own}
    assert sums == shares | {
        ("1001", "HSA", "employee"): 166_67,  # 2,000 over 24 pays: what the 19th and 20th take
        ("1001", "HSA", "employer"): 125_00,  # by the medical tier: 1,500 a year
        ("1002", "HSA", "employer"): 62_50,
    }


def test_payroll_is_told_both_parts_of_an_account(hub: Hub, fakehub: ModuleType, tmp_path: Path) -> None:
    fakehub.run(hub, fakehub.PUSH)
    held = {order["code"]: order for order in fakehub.Vendor(str(tmp_path / "vendor")).state()["held"].values()
            if order["employee"] == "p1"}  # fmt: skip
    assert set(held) == {"MED", "LTD", "VLIFE", "HSA"}
    assert (held["HSA"]["employee_amount_minor"], held["HSA"]["employer_amount_minor"]) == (83_33, 62_50)
    assert held["VLIFE"]["tax_class"] == "posttax"
    again = fakehub.run(hub, fakehub.PUSH, "again")
    assert (again["opened"], again["unchanged"] + again["adopted"]) == (0, 8)


def taken(lines: list[tuple[str, str, str, date, int]]) -> list[Incoming]:
    """The register as payroll would give it: everything taken as told."""
    tax = {"MED": "pretax", "HSA": "pretax", "LTD": "posttax", "VLIFE": "posttax"}
    return [
        Incoming(
            f"r{n}",
            {
                "pay_run": f"run {day}", "check": f"{number}/{day}", "employee": number, "pay_date": day.isoformat(),
                "kind": "employer" if part == "employer" else "deduction", "code": code, "amount_minor": amount,
                "tax_class": None if part == "employer" else tax[code],
            },
        )
        for n, (number, code, part, day, amount) in enumerate(lines)
    ]  # fmt: skip


def bill(changed: dict[tuple[str, str], int]) -> list[Incoming]:
    return [
        Incoming(
            f"i{n}",
            {
                "invoice": "INV1", "invoice_date": "2026-09-20", "due_date": "2026-11-01", "member": number,
                "plan": plan, "coverage_month": "2026-10", "premium_minor": changed.get((number, plan), minor),
            },
        )
        for n, ((number, plan), (minor, _)) in enumerate(PREMIUMS.items())
    ]  # fmt: skip


def test_what_is_taken_and_billed_as_expected_leaves_no_difference(hub: Hub, fakehub: ModuleType) -> None:
    accrue(hub)
    hub.start_flow("deductions.expect", "acme", "x", "2026-10")
    fakehub.FakeConnector.rows |= {"register_line": taken(expected(hub)), "invoice_line": bill({})}
    sync(hub, "payroll", "register_line")
    sync(hub, "carrier", "invoice_line")
    hub.start_flow("payroll.results", "acme", "r", "payroll", "2026-10")
    hub.start_flow("reconcile", "acme", "c", "2026-10", ["payroll", "premium"])
    with hub.store.read("acme") as session:
        assert list(reconcile.listed(session)) == []
    hub.start_flow("reconcile", "acme", "a", "2026-10", ["accounts"])  # what is held for them has its day
    with hub.store.read("acme") as session:
        assert {(one.type, one.state) for one in reconcile.listed(session)} == {
            (Type.WITHHELD_NOT_DEPOSITED, "pending")
        }
        rest = {one.account: (one.balance, one.unexplained) for one in clearing(session, hub.book(session), OCTOBER)}
    assert rest[chart.EMPLOYEE_SHARE_DUE] == (0, 0)
    assert rest[chart.ACCOUNT_PAYABLE] == (-(166_67 + 125_00 + 62_50), 0)
    assert rest[chart.DEFERRAL_PAYABLE] == (0, 0)


def test_a_bill_by_another_age_band_and_a_short_employer_contribution_are_found(hub: Hub, fakehub: ModuleType) -> None:
    accrue(hub)
    hub.start_flow("deductions.expect", "acme", "x", "2026-10")
    lines = [
        (number, code, part, day, amount - 1_00 if (number, part, day.day) == ("1002", "employer", 15) else amount)
        for number, code, part, day, amount in expected(hub)
    ]
    rows = {"register_line": taken(lines), "invoice_line": bill({("1001", "vlife"): 20_00})}
    fakehub.FakeConnector.rows |= rows
    sync(hub, "payroll", "register_line")
    sync(hub, "carrier", "invoice_line")
    hub.start_flow("reconcile", "acme", "c", "2026-10", ["payroll", "premium"])
    with hub.store.read("acme") as session:
        names = members(session)
        found = {(one.type, names[one.person_id], one.plan, one.expected, one.actual)
                 for one in reconcile.listed(session)}  # fmt: skip
    assert found == {
        (Type.RATE_DIFF, "1001", "vlife", 9_00, 20_00),
        (Type.EMPLOYER_LINE_DIFF, "1002", "hsa", 31_25, 30_25),
    }


def test_a_cover_that_cannot_be_priced_is_counted_and_told_and_the_rest_goes_on(hub: Hub, fakehub: ModuleType) -> None:
    accrue(hub)
    fakehub.FakeConnector.rows |= {
        "employee": [fakehub.person(3)],
        "election": [election(3, "ppo", tier="EE"), election(3, "ltd"), election(3, "vlife", volume_minor=1_000_00)],
    }
    sync(hub, "hris", "employee", "2")
    sync(hub, "hris", "election", "2")
    hub.start_flow("coverage", "acme", "2", "2026-10-01")
    done = accrue(hub, "b")
    assert (done["lines"], done["lacking"]) == (len(PREMIUMS) + 1, 2)
    assert done["needs"] == {"pay_minor": 1, "tobacco": 1} and "1003" not in str(done), "a run names nobody"
    with hub.store.read("acme") as session:
        told = unpriced(session, hub.book(session), OCTOBER)
        assert [(one.number, one.plan, one.needs) for one in told] == [
            ("1003", "ltd", ("pay_minor",)), ("1003", "vlife", ("tobacco",)),
        ]  # fmt: skip
        assert unpriced(session, hub.book(session), OCTOBER, limit=1) == told[:1]
        assert unpriced(session, hub.book(session), OCTOBER, (told[0].person, told[0].plan)) == told[1:]
    handle = told[0].person
    with pytest.raises(DataError, match=rf"employee {handle}: a premium of 2026-10 cannot.*without pay_minor") as one:
        hub.start_flow("deductions.expect", "acme", "y", "2026-10")
    assert "employees" not in one.value.what and "ltd" not in str(one.value) and "1003" not in str(one.value)
    assert "premiums lacking -p 2026-10" in one.value.mend


def test_an_error_of_a_run_names_nobody_with_what_he_has(hub: Hub, fakehub: ModuleType) -> None:
    """Whoever reads what failed may see no person: it has a handle, and of how many employees something lacks."""
    fakehub.FakeConnector.rows |= {
        "employee": [fakehub.person(number) for number in (3, 4, 5)],
        "compensation": [pay(4, 60_000_00)],
        "election": [
            election(3, "ltd"), election(4, "vlife", volume_minor=50_000_00), election(5, "hsa", amount_minor=0),
        ],
    }  # fmt: skip
    for stream in ("employee", "compensation", "election"):
        sync(hub, "hris", stream, "2")
    hub.start_flow("coverage", "acme", "2", "2026-10-01")
    with pytest.raises(DataError) as refused:
        hub.start_flow("deductions.expect", "acme", "y", "2026-10")
    text, person_id = str(refused.value), refused.value.where.removeprefix("employee ")
    assert person_id.startswith("per_") and "employees of whom something lacks: 3" in text
    named = ("1003", "1004", "1005", "ltd", "vlife", "hsa", "Ann", "Employee")
    assert not [one for one in named if one in text.replace(person_id, "")]
    with hub.store.read("acme") as session:
        row = session.where(run, flow="deductions.expect", state="failed")
        kept = session.rows(select(run).where(*row))[0]
    assert not [one for one in named if one in f"{kept.error}{kept.mend}".replace(person_id, "")]


def test_the_tier_of_a_family_is_not_told_with_whose_it_is(hub: Hub, fakehub: ModuleType) -> None:
    fakehub.FakeConnector.rows |= {
        "employee": [fakehub.person(3)], "election": [election(3, "hsa", amount_minor=0)],
    }  # fmt: skip
    for stream in ("employee", "election"):
        sync(hub, "hris", stream, "2")
    hub.start_flow("coverage", "acme", "2", "2026-10-01")
    with pytest.raises(DataError, match=r"employee per_\w+: .*goes by tier, and no tier is told") as refused:
        hub.start_flow("deductions.expect", "acme", "y", "2026-10")
    assert "benehub statement per_" in refused.value.mend


@pytest.mark.parametrize(
    ("plan", "told", "says"),
    [
        ("ppo", {}, "no coverage tier"),
        ("vlife", {}, "no volume"),
        ("hsa", {}, "no amount"),
        ("vlife", {"volume_minor": -1}, "greater than or equal to 0"),
    ],
)
def test_an_election_without_what_its_plan_is_priced_by_is_quarantined(
    hub: Hub, fakehub: ModuleType, plan: str, told: dict[str, Any], says: str
) -> None:
    fakehub.FakeConnector.rows["election"] = [election(1, plan, effective_to="2027-01-01", **told)]
    done = sync(hub, "hris", "election", says)
    assert done["quarantined"] == 1
    with hub.store.read("acme") as session:
        (row,) = session.rows(select(intake_row.c.reason).where(intake_row.c.outcome == "quarantined"))
    assert says in row.reason


def test_a_yearly_amount_is_spread_over_the_pays_that_are_left() -> None:
    year = [date(2026, month, day) for month in range(1, 13) for day in (10, 25)]

    def elected(start: date, end: date, minor: int) -> Fact:
        return Fact("coverage", "p", "hsa", {"amount_minor": minor, "amount_per": "year"}, start, end, "", 1)

    july = date(2026, 7, 1)
    covers = [elected(year[0], july, 1_000_00), elected(july, FOREVER, 1_600_01)]
    amounts = employee_amounts(covers, year, year, {}, date(2026, 1, 1))
    assert sum(amounts.values()) == 1_600_01
    assert {amounts[day] for day in year if day >= july} <= {91_66, 91_67}
    # What payroll was told in the past stays, and what is left goes over the rest.
    told = {day: 50_00 for day in year if day < july}
    amounts = employee_amounts(covers, year, year, told, july)
    assert amounts[year[0]] == 50_00 and sum(amounts.values()) == 1_600_01


def test_a_raise_told_late_corrects_what_is_priced_by_pay(
    hub: Hub, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    accrue(hub)
    hub.start_flow("deductions.expect", "acme", "x", "2026-10")
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 11, 5, 12, tzinfo=UTC))
    raised = Incoming("c2b", {"employee": "h2", "effective_from": "2026-10-01", "rate_minor": 72_000_00})
    fakehub.FakeConnector.rows["compensation"] = [raised]
    sync(hub, "hris", "compensation", "late")
    found = [one for one in corrections.preview(hub, "acme", "").found if one.month == "2026-10"]
    # 72,000 / 12 x .37 / 100 = 22.20, half of it the employer's; life stays at what is in force without evidence.
    told = {(one.part.value, one.plan): one.amount_minor for one in found}
    assert told == {("payroll", "ltd"): 1_85, ("premium", "ltd"): 3_70, ("employer", "ltd"): 1_85}
    with hub.store.read("acme") as session:
        assert {why(session, fact).title for one in found for fact in one.causes} == {"fact compensation"}
