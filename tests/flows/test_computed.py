"""Plans that plugins compute, through the real store: lines with their reasons, told to payroll, posted and settled.

The German pension is the example; a made-up plugin shows that nothing of it is known to the hub.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

import benehub_plugins.germany as germany
from benehub import facts, ledger, planbook
from benehub.connect.connector import Incoming
from benehub.errors import ConfigError, FatalError
from benehub.flows import Hub
from benehub.flows.onboarding import connect, load_plan_book
from benehub.hookspecs import hookimpl
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.records import Explanation
from benehub.records.computed import ComputedAmount, DeductionAnswer, DeductionQuestion
from benehub.store.tables import entry, leg
from benehub.views.cost import cost
from benehub.views.statement import statement
from benehub.views.why import why

EXPECT = ("deductions.expect", "2026-10")
TERMS = {"contract": "L-4711", "conversion": "200.00", "voluntary": "50.00", "health_additional_rate": "2.5%"}
OTHER = """
  - id: bav2
    name: Zweiter Vertrag
    benefit_type: retirement
    recordkeeper: allianz
    effective_from: 2025-01-01
    computed:
      rule: de.bav
      lines:
        conversion: {code: "3041", source: pretax}
        subsidy: {code: "5201", source: match}
"""


@pytest.fixture
def book(root: Path) -> str:
    return (root / "config" / "planbook.germany.example.yaml").read_text(encoding="utf-8")


class Company:
    """Two employees of a German employer, paid monthly, and their elections."""

    def __init__(self, hub: Hub, fake: ModuleType, folder: Path, book: str) -> None:
        self.folder = folder
        self.hub, self.fake, self.employer = hub, fake, load_plan_book(hub, book, "book")[0]
        one = {"connector": "read_back", "settings": {"folder": str(folder)}}
        fake.Vendor.crash, fake.Vendor.script, fake.Vendor.writes = "", [], 0
        connect(hub, self.employer, {"hris": one, "payroll": one, "allianz": one})
        fake.FakeConnector.rows = {
            "employee": [fake.person(number) for number in (1, 2)],
            "compensation": [self.pay(1, 4_000_00), self.pay(2, 6_500_00)],
            "payroll_person": [Incoming(f"p{n}", {"employee_number": str(1000 + n)}, row=n) for n in (1, 2)],
        }
        for connection, stream in (("hris", "employee"), ("hris", "compensation"), ("payroll", "payroll_person")):
            self.sync(connection, stream)

    @staticmethod
    def pay(number: int, amount: int) -> Incoming:
        data = {"employee": f"h{number}", "effective_from": "2025-01-01", "rate_minor": amount, "per": "month"}
        return Incoming(f"c{number}", {**data, "currency": "EUR"}, row=number)

    def sync(self, connection: str, stream: str) -> Any:
        self.count = getattr(self, "count", 0) + 1
        key = f"{connection}/{stream}/{self.count}"
        return self.hub.start_flow("sync", self.employer, key, connection, stream, key, False)

    def elect(self, *elections: tuple[int, str, dict[str, str]]) -> Any:
        self.fake.FakeConnector.rows["election"] = [
            Incoming(
                f"e{number}{plan}",
                {"employee": f"h{number}", "plan": plan, "effective_from": "2026-01-01", "terms": terms},
                row=row,
            )
            for row, (number, plan, terms) in enumerate(elections, 1)
        ]
        counts = self.sync("hris", "election")
        self.run("coverage", "2026-10-01")
        return counts

    def run(self, flow: str, *arguments: Any) -> Any:
        self.count += 1
        return self.hub.start_flow(flow, self.employer, f"{flow}/{self.count}", *arguments)

    def pending(self) -> dict[tuple[str, str], int]:
        """(employee number, part) -> what is expected and open."""
        with self.hub.store.read(self.employer) as session:
            rows = ledger.open_pending(session)
            names = {f.subject: f.data["employee_number"] for f in facts.as_of(session, "employee", session.today())}
            return {
                (names[row.person_id], f"{row.plan}/{row.money_source}"): row.amount for row in rows if row.amount > 0
            }


def more(book: str, plans: str) -> str:
    """The book with more plans behind its own."""
    before, leave, after = book.partition("\nleave:")
    assert leave
    return f"{before.rstrip()}\n{plans}{leave}{after}"


@pytest.fixture
def company(
    db_url: str, open_hub: Callable[..., Hub], fakehub: ModuleType, tmp_path: Path, book: str
) -> Callable[..., Company]:
    """company(extra plans, *plugins): ready to elect."""

    def start(extra: str = "", *plugins: Any) -> Company:
        return Company(open_hub(db_url, *(plugins or (germany,))), fakehub, tmp_path / "vendor", more(book, extra))

    return start


def test_three_lines_a_month_are_expected_with_their_reasons(company: Callable[..., Company]) -> None:
    one = company()
    one.elect((1, "bav", TERMS), (2, "bav", TERMS | {"voluntary": ""}))
    assert one.run(*EXPECT)["new"] == 5
    # 200 at 15 % is 30; above the health ceiling of 5,812.50 the employer saves 10.6 % only
    assert one.pending() == {
        ("1001", "bav/pretax"): 200_00,
        ("1001", "bav/match"): 30_00,
        ("1001", "bav/posttax"): 50_00,
        ("1002", "bav/pretax"): 200_00,
        ("1002", "bav/match"): 21_20,
    }
    assert one.run(*EXPECT)["unchanged"] == 5
    with one.hub.store.read(one.employer) as session:
        rows = session.rows(
            select(entry.c.entry_id, leg.c.money_source)
            .join(leg, (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id))
            .where(*session.where(entry, type="deduction.expected"), leg.c.amount > 0)
        )
        told = {row.money_source: why(session, row.entry_id).as_json() for row in rows}
    assert "bav.subsidy" in str(told["match"]) and "Section 1a (1a)" in str(told["match"])
    assert "bav.conversion" in str(told["pretax"]) and "L-4711" in str(told["pretax"])


def test_payroll_is_told_each_amount_and_an_ending(company: Callable[..., Company]) -> None:
    one = company()
    one.elect((1, "bav", TERMS))
    push = ("deductions.push", "payroll", "monthly", "2026-10-30")
    assert one.run(*push)["opened"] == 3
    held = one.fake.Vendor(str(one.folder)).state()["held"].values()
    amounts = {row["code"]: (row["employee_amount_minor"], row["employer_amount_minor"]) for row in held}
    assert amounts == {"3040": (200_00, 0), "5200": (0, 30_00), "9100": (50_00, 0)}
    assert one.run(*push)["opened"] == 0
    one.elect((1, "bav", TERMS | {"voluntary": "0"}))
    assert one.run(*push)["opened"] == 1
    held = one.fake.Vendor(str(one.folder)).state()["held"].values()
    assert {row["code"]: row["active"] for row in held} == {"3040": True, "5200": True, "9100": False}


def test_two_contracts_stand_side_by_side(company: Callable[..., Company]) -> None:
    one = company(OTHER)
    one.elect((1, "bav", TERMS), (1, "bav2", {"contract": "P-2", "contract_total": "115.00"}))
    one.run(*EXPECT)
    assert one.pending() == {
        ("1001", "bav/pretax"): 200_00,
        ("1001", "bav/match"): 30_00,
        ("1001", "bav/posttax"): 50_00,
        ("1001", "bav2/pretax"): 100_00,
        ("1001", "bav2/match"): 15_00,
    }


def test_the_register_posts_what_was_expected_and_cost_knows_it(company: Callable[..., Company]) -> None:
    one = company()
    one.elect((1, "bav", TERMS))
    one.run(*EXPECT)
    line = {"pay_run": "r1", "check": "c1", "employee": "p1", "pay_date": "2026-10-30", "gross_minor": 4_000_00}
    amounts = {"3040": ("deduction", 200_00), "9100": ("deduction", 50_00), "5200": ("employer", 30_00)}
    one.fake.FakeConnector.rows["register_line"] = [
        Incoming(f"r{code}", {**line, "kind": kind, "code": code, "amount_minor": amount}, row=number)
        for number, (code, (kind, amount)) in enumerate(amounts.items(), 1)
    ]
    one.sync("payroll", "register_line")
    assert one.run("payroll.results", "payroll", "2026-10")["new"] == 4
    assert one.pending() == {}
    with one.hub.store.read(one.employer) as session:
        balances = {one.account: one.amount for one in ledger.balances(session)}
        spent = cost(session, Month(2026, 10), "plan")
    assert balances[chart.DEFERRAL_PAYABLE] == -250_00 and balances[chart.MATCH_PAYABLE] == -30_00
    assert [(row.name, row.expected, row.actual) for row in spent] == [("bav", 30_00, 30_00), ("total", 30_00, 30_00)]
    assert one.run("reconcile", "2026-10", ["payroll"])["payroll"]["opened"] == 0


def test_what_cannot_be_computed_is_counted_and_nothing_is_taken_back(company: Callable[..., Company]) -> None:
    one = company()
    one.elect((1, "bav", TERMS))
    one.run(*EXPECT)
    one.elect((1, "bav", {name: text for name, text in TERMS.items() if name != "health_additional_rate"}))
    counts = one.run(*EXPECT)
    assert counts["not_computed"] == 3 and counts["new"] == counts["corrected"] == 0
    assert one.pending()[("1001", "bav/match")] == 30_00


def test_the_statement_shows_the_contract(company: Callable[..., Company]) -> None:
    one = company()
    one.elect((1, "bav", TERMS), (2, "bav", {"contract": "X", "conversion": "ten"}))
    with one.hub.store.read(one.employer) as session:
        book = one.hub.book(session)
        sections = statement(session, book, one.hub.plugins, "1001", session.today()).added
        wrong = statement(session, book, one.hub.plugins, "1002", session.today()).added
    found = next(one for one in sections if one.title.startswith("Betriebliche Altersversorgung"))
    assert found.lines == (
        ("contract", "L-4711"),
        ("converted pay a month", "200.00"),
        ("employer's subsidy", "30.00"),
        ("from net pay", "50.00"),
        ("into the contract", "280.00"),
    )
    assert any("not computed" in str(section.lines) for section in wrong)


def test_a_year_that_is_not_loaded_stops_the_run_and_names_the_verordnung(company: Callable[..., Company]) -> None:
    one = company()
    one.elect((1, "bav", TERMS))
    with pytest.raises(ConfigError, match="2027-01-29") as caught:
        one.run("deductions.expect", "2027-01")
    assert "Sozialversicherungsrechengroessen-Verordnung" in caught.value.mend


def test_an_election_without_terms_is_quarantined(company: Callable[..., Company]) -> None:
    one = company()
    one.fake.FakeConnector.rows["election"] = [
        Incoming("e1", {"employee": "h1", "plan": "bav", "effective_from": "2026-01-01"}, row=1)
    ]
    assert one.sync("hris", "election")["quarantined"] == 1


class Canteen:
    """A stranger's plugin: a meal line, if its rule is asked."""

    @hookimpl
    def compute_deductions(self, question: DeductionQuestion) -> DeductionAnswer | None:
        """Twice what was chosen."""
        if question.rule != "xx.canteen":
            return None
        amount = 2 * int(question.terms["meals"]) * 100
        return DeductionAnswer((ComputedAmount(question.options["line"], amount, Explanation(rule="x", version="1")),))


CANTEEN = """
  - id: canteen
    name: Canteen
    benefit_type: retirement
    recordkeeper: allianz
    effective_from: 2025-01-01
    computed: {rule: xx.canteen, options: {line: meal}, lines: {meal: {code: MEAL, source: posttax}}}
"""


def test_any_plugin_can_bring_lines(company: Callable[..., Company]) -> None:
    one = company(CANTEEN, Canteen())
    one.elect((1, "canteen", {"meals": "12"}))
    one.run(*EXPECT)
    assert one.pending() == {("1001", "canteen/posttax"): 24_00}


def test_a_rule_that_nobody_answers_and_a_line_without_a_code_are_named(company: Callable[..., Company]) -> None:
    one = company(CANTEEN.replace("line: meal", "line: drink"), Canteen())
    one.elect((1, "canteen", {"meals": "12"}))
    with pytest.raises(ConfigError, match="gives a line 'drink' that the plan does not name"):
        one.run(*EXPECT)
    one.elect((1, "bav", TERMS))
    with pytest.raises(ConfigError, match=r"no plugin answers the rule 'de\.bav'"):
        one.run("deductions.expect", "2026-10")


def test_a_plugin_that_raises_stops_the_run_without_its_words(company: Callable[..., Company]) -> None:
    one = company(CANTEEN, Canteen())
    one.elect((1, "canteen", {"meals": "900-10-0001"}))
    with pytest.raises(FatalError) as caught:
        one.run(*EXPECT)
    assert "900-10-0001" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("source: match", "source: pretax", "two lines have the source pretax"),
        ('code: "5200"', 'code: "3040"', "code '3040' is used by bav already"),
        ("rule: de.bav", "rule: BAV", "plans.bav.computed.rule"),
        ("source: match", "source: employer", "is not one of the known values"),
        ("    computed:", "    deferral: {pretax_code: X}\n    computed:", "computed by a plugin but has deferral"),
    ],
)
def test_a_computed_plan_that_contradicts_itself_is_refused(book: str, old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        planbook.load(book.replace(old, new, 1), "book")


def test_a_question_shows_no_pay_and_no_terms() -> None:
    asked = DeductionQuestion(
        "e",
        "EUR",
        "per_1",
        "bav",
        "de.bav",
        {},
        SimpleNamespace(),
        12,
        {"conversion": "200.00"},
        4_000_00,  # type: ignore[arg-type]  # any day will do
    )
    assert "200" not in repr(asked) and "4000" not in repr(asked)
