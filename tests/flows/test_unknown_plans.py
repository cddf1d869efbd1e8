"""A vendor names a plan that the plan book does not have: it is a difference by itself, and all else goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import event, select

from benehub import facts, ledger, obligations, reconcile
from benehub.errors import ConfigError, DataError
from benehub.facts import Version
from benehub.flows import Hub, fixes, onboarding
from benehub.flows.onboarding import connect, load_plan_book
from benehub.flows.remittance_lines import lines_due
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.planbook import PlanBook, load
from benehub.reconcile import MONTHLY, carriers
from benehub.reconcile.bill import bills
from benehub.reconcile.credits import paid_otherwise
from benehub.reconcile.settled_by import _day, _part
from benehub.records import RemittanceLine
from benehub.store import Session
from benehub.store.tables import confirmation, difference, intake_batch, person, plan_book
from benehub.views.chain import chains, chains_of
from benehub.views.clearing import clearing
from benehub.views.credits import credits
from benehub.views.trace import trace

OCTOBER, PAY = Month(2026, 10), date(2026, 10, 15)
PLAN = """  - id: 401k
    name: 401k
    benefit_type: retirement
    recordkeeper: carrier
    effective_from: 2025-01-01
    deferral: {pretax_code: 401K}
carriers:
"""
GONE = "gold"
"""A vendor's word for a plan that nobody has mapped."""

DENTAL = """  - id: dental
    name: Dental
    benefit_type: dental
    carrier: other
    effective_from: 2026-01-01
    rates:
      - from: 2026-01-01
        tiers: {EE: 50.00}
    employer_contribution: {scheme: percent_of_tier, percent: 80%}
    deduction: {code: DEN, tax_class: pretax, method: per_month, per_month: 1}
"""
OTHER = (
    DENTAL
    + PLAN.replace("id: 401k", "id: 403b").replace("recordkeeper: carrier", "recordkeeper: other")
    .replace("401K", "403B").replace("carriers:\n", "carriers:\n  other: {pay_policy: short_pay}\n")
)  # fmt: skip
"""A second carrier and recordkeeper."""

NAMES_PLANS = {
    "invoice_line": {"coverage_month": "2026-10", "reference": "INV1", "on_date": PAY, "part": "current", "tier": "EE",
                     "detail": {"invoice_date": "2026-10-01"}},
    "roster": {"effective_from": date(2026, 1, 1), "effective_to": date(9999, 12, 31), "reference": "1001"},
    "credit": {"pay_date": PAY, "on_date": date(2026, 10, 30), "part": "pretax"},
    "loan": {"pay_date": PAY, "on_date": date(2026, 10, 30), "part": "loan"},
    "earnings_credit": {"pay_date": PAY, "on_date": date(2026, 10, 30), "part": "pretax"},
    "forfeiture_credit": {"pay_date": PAY, "on_date": date(2026, 10, 30), "part": "match"},
    "contribution_result": {"pay_date": PAY, "on_date": PAY, "part": "file", "detail": {"line": "", "status": "ok"}},
    "register_line": {"pay_date": PAY, "part": "employee", "connection_id": "payroll", "detail": {}},
    "plan_pay": {"pay_date": PAY, "part": "pretax", "connection_id": "payroll"},
}  # fmt: skip
"""What vendors say that names a plan, and what makes each of October."""


class Month_:
    """October of three employees, written by hand."""

    def __init__(self, hub: Hub) -> None:
        self.hub, self.runs, self.keys = hub, 0, 0
        with hub.store.read("acme") as session:
            rows = session.rows(select(person.c.person_id).order_by(person.c.member_id))
        self.ann, self.ben, self.cid = (str(row.person_id) for row in rows)

    def say(self, kind: str, amount: int, *, who: str | None = "", plan: str | None = GONE, **more: Any) -> None:
        """One row of a vendor, of Ann where nobody else is named."""
        self.keys += 1
        empty = {
            "connection_id": "carrier", "row_key": f"k{self.keys}", "version": 1, "current": 1, "part": "", "code": "",
            "tax_class": "", "tier": "", "coverage_month": "2026-10", "unit": "USD", "reference": f"k{self.keys}",
            "detail": {}, "row_no": 1, "seq": self.keys, "on_date": None, "pay_date": None, "effective_from": None,
            "effective_to": None, "external_id": "1001",
        }  # fmt: skip
        with self.hub.store.write("acme") as session:
            batch = session.rows(select(intake_batch.c.batch_id))[0].batch_id
            named = {"kind": "credit" if kind == "loan" else kind, "person_id": self.ann if who == "" else who}
            said = NAMES_PLANS.get(kind) or NAMES_PLANS["invoice_line"] | {"part": "fee"}
            row = empty | said | named | {"plan": plan, "amount": amount, "batch_id": batch} | more
            session.add(confirmation, [row])

    def post(self, kind: str, who: str, plan: str, debit: str, credit: str) -> None:
        """An entry of 500.00 for October's cover."""
        dims = (who, plan, "", "2026-10")
        legs = (Leg(debit, "USD", 500_00, *dims), Leg(credit, "USD", -500_00, *dims))
        with self.hub.store.write("acme") as session:
            ledger.record(session, [NewEntry(f"{kind}/{who}", kind, date(2026, 10, 1), legs, "test")])

    def flow(self, name: str, *arguments: Any) -> Any:
        self.runs += 1
        return self.hub.start_flow(name, "acme", f"u{self.runs}", *arguments)

    def differences(self) -> list[tuple[str, str | None, str | None, int | None]]:
        with self.hub.store.read("acme") as session:
            rows = session.rows(select(difference).order_by(difference.c.type, difference.c.reference))
            return [(row.type, row.person_id, row.plan, row.actual) for row in rows]

    def look(self, ask: Callable[[Session, Any], Any]) -> Any:
        with self.hub.store.read("acme") as session:
            return ask(session, self.hub.book(session))


@pytest.fixture
def october(
    sqlite_url: str, open_hub: Callable[..., Hub], tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Month_:
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 11, 2, 12, tzinfo=UTC))
    hub = open_hub(sqlite_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    load_plan_book(hub, fakehub.BOOK.replace("carriers:\n", PLAN).replace("as_enrolled", "as_billed"), "book")
    return Month_(hub)


@pytest.mark.parametrize("kind", NAMES_PLANS)
@pytest.mark.parametrize("who", ["", None])
def test_one_such_row_stops_no_comparison(october: Month_, kind: str, who: str | None) -> None:
    october.say(kind, 7_00, who=who)
    october.say("invoice_line", 500_00, who=october.ben, plan="ppo", external_id="1002")
    october.say("credit", 50_00, who=october.ben, plan="401k")
    told = october.flow("reconcile", "2026-10", [])
    assert set(told) == {one.value for one in MONTHLY}
    found = october.differences()
    assert any(row[:2] == ("CREDITED_OVER", october.ben) for row in found)
    of_ben = "COVERED_NOT_ENROLLED" if kind == "roster" else "BILLED_NOT_ENROLLED"
    assert any(row[:3] == (of_ben, october.ben, "ppo") for row in found)
    unknown = [row for row in found if row[2] == GONE and row[3] in (7_00, None)]
    assert len(unknown) == (kind != "contribution_result"), found
    if unknown and who == "" and kind not in ("register_line", "plan_pay"):
        assert unknown[0][:2] == ("UNKNOWN_PLAN", october.ann)


def test_nobody_is_late_by_it_and_it_is_posted_until_it_is_explained(october: Month_) -> None:
    for kind in ("credit", "loan", "earnings_credit", "forfeiture_credit"):
        october.say(kind, 7_00)
    assert october.flow("retirement.credits", "carrier", "2026-10")["new"] == 4
    october.flow("reconcile", "2026-10", ["retirement"])
    assert [row[0] for row in october.differences()] == ["UNKNOWN_PLAN"] * 4
    found = {one.account: one for one in october.look(lambda session, book: clearing(session, book, OCTOBER))}
    assert found[chart.DEPOSIT_TRANSIT].balance == 28_00
    assert found[chart.DEPOSIT_TRANSIT].unexplained == 0
    assert (found[chart.SUSPENSE].balance, found[chart.SUSPENSE].unexplained) == (-7_00, 0)


def test_what_was_paid_for_it_is_owed_back(october: Month_) -> None:
    """Paid as billed: nothing is owed for it, so it stands as a credit of the carrier that billed it."""
    october.say("invoice_line", 500_00)
    october.flow("reconcile", "2026-10", ["premium"])
    (due,) = october.look(lambda session, book: lines_due(session, book, "carrier", OCTOBER))
    assert (due.plan, due.paid_minor) == (GONE, 500_00)
    (one,) = october.look(
        lambda session, _: session.rows(select(difference).where(difference.c.type == "UNKNOWN_PLAN"))
    )
    assert all(each.why_not for each in fixes.options(october.hub, "acme", one.difference_id))
    october.post("premium.accrued", october.ben, "ppo", chart.BENEFIT_COST, chart.PREMIUM_PAYABLE)
    october.post("premium.remitted", october.ann, GONE, chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT)
    october.flow("reconcile", "2026-10", [])
    (credit,) = [row for row in october.look(credits) if row["plan"] == GONE]
    assert (credit["amount"], credit["unclaimed"]) == ("500.00", "500.00")
    assert not october.look(lambda session, book: lines_due(session, book, "carrier", OCTOBER))
    found = {one.account: one for one in october.look(lambda session, book: clearing(session, book, OCTOBER))}
    assert found[chart.PREMIUM_PAYABLE].unexplained == 0


def test_two_vendors_may_use_the_same_word(october: Month_, fakehub: ModuleType, tmp_path: Path) -> None:
    """Each is a difference by itself, and so is each of two ids of one person on one roster."""
    connect(
        october.hub, "acme", {"other": {"connector": "read_back", "settings": {"folder": str(tmp_path / "vendor")}}}
    )
    both = PLAN.removesuffix("carriers:\n") + OTHER
    load_plan_book(
        october.hub, fakehub.BOOK.replace("carriers:\n", both).replace("pay_as_enrolled", "short_pay"), "book"
    )
    for vendor in ("carrier", "other"):
        for kind in ("invoice_line", "credit", "earnings_credit", "loan"):
            october.say(kind, 7_00, connection_id=vendor)
        for member in ("1001", "1001-2"):
            october.say("roster", 0, who=october.ben, connection_id=vendor, external_id=member, reference=member)
    told = october.flow("reconcile", "2026-10", [])
    assert set(told) == {one.value for one in MONTHLY}
    rows = october.look(lambda session, _: session.rows(select(difference).where(difference.c.type == "UNKNOWN_PLAN")))
    assert sorted(row.reference for row in rows) == sorted(
        one.format(vendor)
        for vendor in ("carrier", "other")
        for one in (
            "{}", "roster/{}/1001", "roster/{}/1001-2", f"{PAY}/pretax/{{}}", f"{PAY}/pretax/earnings_credit/{{}}",
            f"{PAY}/loan/{{}}",
        )
    )  # fmt: skip
    parts = [(_day(row.reference), _part(row.reference)) for row in rows if row.relation == "retirement"]
    assert sorted(parts) == [(PAY, "loan")] * 2 + [(PAY, "pretax")] * 4
    for vendor in ("carrier", "other"):
        (told,) = [row.difference_id for row in rows if row.reference == vendor]
        (due,) = october.look(partial(_due, vendor))
        assert (due.paid_minor, due.disputed) == (0, f"UNKNOWN_PLAN {told}")


def _due(vendor: str, session: Session, book: PlanBook) -> list[RemittanceLine]:
    return lines_due(session, book, vendor, OCTOBER)


@pytest.mark.parametrize("policy", ["pay_as_enrolled", "pay_as_billed", "short_pay"])
def test_what_was_accrued_is_paid_after_its_plan_was_dropped(
    october: Month_, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    """A book in force since before it was refused: the plan's carrier is still owed for it, billed or not."""
    monkeypatch.setattr(onboarding, "_keeps_who_is_in", lambda *_: None)
    load_plan_book(
        october.hub, fakehub.BOOK.replace("id: ppo", "id: next").replace("pay_as_enrolled", policy), "new.yaml"
    )
    october.post("premium.accrued", october.ann, "ppo", chart.BENEFIT_COST, chart.PREMIUM_PAYABLE)
    october.say("roster", 0, who=october.ben)
    october.say("roster", 0, plan="ppo")
    if policy == "pay_as_enrolled":
        (due,) = october.look(partial(_due, "carrier"))
        assert (due.plan, due.paid_minor) == ("ppo", 500_00)
    october.say("invoice_line", 500_00, plan="ppo")
    october.say("invoice_line", 7_00, who=october.ben)
    october.flow("reconcile", "2026-10", ["premium"])
    assert not [row for row in october.differences() if row[1] == october.ann]
    lines = october.look(lambda session, book: lines_due(session, book, "carrier", OCTOBER))
    paid = {row.plan: (row.paid_minor, bool(row.disputed)) for row in lines}
    strange: dict[str, dict[str, tuple[int, bool]]] = {
        "pay_as_enrolled": {},
        "pay_as_billed": {GONE: (7_00, False)},
        "short_pay": {GONE: (0, True)},
    }
    assert paid == {"ppo": (500_00, False)} | strange[policy]


def test_what_was_accrued_and_not_billed_is_told_after_its_plan_was_dropped(
    october: Month_, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onboarding, "_keeps_who_is_in", lambda *_: None)
    load_plan_book(october.hub, fakehub.BOOK.replace("id: ppo", "id: next"), "new.yaml")
    october.post("premium.accrued", october.ann, "ppo", chart.BENEFIT_COST, chart.PREMIUM_PAYABLE)
    october.say("invoice_line", 500_00, plan="ppo", coverage_month="2026-09")
    october.say("invoice_line", 500_00, who=october.ben, plan="next")
    october.flow("reconcile", "2026-10", ["premium"])
    assert ("ENROLLED_NOT_BILLED", october.ann, "ppo", 0) in october.differences()


def test_a_plan_is_not_dropped_while_its_premium_is_open(october: Month_, fakehub: ModuleType) -> None:
    """Nobody is in it any more; what is owed for it has to reach its carrier."""
    with_dental = fakehub.BOOK.replace("carriers:\n", DENTAL.replace("other", "carrier") + "carriers:\n")
    load_plan_book(october.hub, with_dental, "with.yaml")
    october.post("premium.accrued", october.ann, "dental", chart.BENEFIT_COST, chart.PREMIUM_PAYABLE)
    with pytest.raises(ConfigError, match=r"plan 'dental' is gone, and 500\.00 of its premium is open.*Keep it under"):
        load_plan_book(october.hub, fakehub.BOOK, "new.yaml")
    october.post("premium.remitted", october.ann, "dental", chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT)
    load_plan_book(october.hub, fakehub.BOOK, "new.yaml")


@pytest.mark.parametrize(("field", "owed", "sent"), [
    ("carrier", chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT), ("recordkeeper", chart.DEFERRAL_PAYABLE, chart.BANK),
])  # fmt: skip
def test_a_plan_moves_to_another_vendor_once_nothing_of_it_is_open(
    october: Month_, fakehub: ModuleType, field: str, owed: str, sent: str
) -> None:
    """What the old one is owed, or owes, would be told of the new one: the ledger knows it by the plan alone."""
    book, plan = (fakehub.BOOK, "ppo") if field == "carrier" else (
        fakehub.BOOK.replace("carriers:\n", PLAN), "401k",
    )  # fmt: skip
    load_plan_book(october.hub, book, "book.yaml")
    moved = book.replace(f"{field}: carrier\n", f"{field}: other\n")
    october.post("t.owed", october.ann, plan, chart.PAYROLL_CLEARING, owed)
    refused = rf"plan '{plan}' moves from {field} carrier to other, and 500\.00 of it is open.*an id of its own"
    with pytest.raises(ConfigError, match=refused):
        load_plan_book(october.hub, moved, "moved.yaml")
    load_plan_book(october.hub, book, "book.yaml")  # the same vendor's plan may change
    october.post("t.sent", october.ann, plan, owed, sent)
    load_plan_book(october.hub, moved, "moved.yaml")


def _told(october: Month_, kind: str) -> list[tuple[str | None, str | None, str, int | None, int | None, str]]:
    """Person, plan, reference, both amounts and cause of each difference of a type."""
    rows = october.look(lambda session, _: session.rows(select(difference).where(difference.c.type == kind)))
    found = [(one.person_id, one.plan, one.reference, one.expected, one.actual, one.cause) for one in rows]
    return sorted(found, key=lambda one: (one[0] or "", one[1] or "", one[2]))


@pytest.mark.parametrize(
    ("billed", "same"),
    [([(GONE, 500_00)], True), ([(GONE, 505_00)], False), ([(GONE, 500_00), ("tin", 500_00)], False)],
)
def test_cover_billed_under_a_word_that_is_no_plan_is_one_mistake(
    october: Month_, billed: list[tuple[str, int]], same: bool
) -> None:
    """Two halves of one type, each with the other: but only where it is beyond doubt that they belong together."""
    october.post("premium.accrued", october.ann, "ppo", chart.BENEFIT_COST, chart.PREMIUM_PAYABLE)
    for word, amount in billed:
        october.say("invoice_line", amount, plan=word)
    october.flow("reconcile", "2026-10", ["premium"])
    halves = _told(october, "UNKNOWN_PLAN")
    alone = _told(october, "ENROLLED_NOT_BILLED")
    assert len(halves) == len(billed) + same
    assert len(alone) == (not same)
    if not same:
        assert alone[0][1:5] == ("ppo", "-", 500_00, 0)
        return
    assert [one[1:5] for one in halves] == [(GONE, "carrier", 0, 500_00), ("ppo", "-", 500_00, 0)]
    october.post("premium.remitted", october.ann, GONE, chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT)
    assert "it is plan ppo" in halves[0][-1] and "billed under 'gold'" in halves[1][-1]
    found = {one.account: one for one in october.look(lambda session, book: clearing(session, book, OCTOBER))}
    assert found[chart.PREMIUM_PAYABLE].unexplained == 0


def test_no_carrier_hides_what_another_one_says(october: Month_, fakehub: ModuleType, tmp_path: Path) -> None:
    """Both name the same persons and plans, the same strangers, the same bill, and refuse the same member."""
    connect(
        october.hub, "acme", {"other": {"connector": "read_back", "settings": {"folder": str(tmp_path / "vendor")}}}
    )
    book = fakehub.BOOK.replace("carriers:\n", DENTAL + "carriers:\n  other: {pay_policy: short_pay}\n")
    load_plan_book(october.hub, book.replace("pay_as_enrolled", "short_pay"), "book")
    october.post("premium.accrued", october.ann, "ppo", chart.BENEFIT_COST, chart.PREMIUM_PAYABLE)
    october.say("invoice_line", 500_00, plan="ppo")
    for vendor in ("carrier", "other"):
        with october.hub.store.write("acme") as session:
            obligations.want(session, [Wanted(
                "enrollment.change", f"refused/{vendor}", vendor, "2026-10", PAY, PAY, {"x": 1}, person_id=october.ben
            )])  # fmt: skip
            obligations.mark(session, [session.id("obl", f"refused/{vendor}")], "refused", "no such plan")
        ours = {"connection_id": vendor}
        october.say("invoice_line", 7_00, who=None, plan=GONE, external_id="77", **ours)
        october.say("invoice_part", 9_00, who=None, plan=None, external_id="", **ours)
        october.say("roster", 0, who=october.cid, plan="ppo", external_id="1003", reference="1003", **ours)
        october.say("roster", 0, who=None, plan=GONE, external_id="88", reference="88", **ours)
    october.say("invoice_line", 500_00, plan="ppo", connection_id="other")
    with october.hub.store.write("acme") as session:
        end = Version("coverage", october.cid, "medical", date(2026, 9, 1), None)
        facts.record(session, [end], "test")
    assert set(october.flow("reconcile", "2026-10", ["premium"])) == {"premium"}
    told = {
        kind: [one[:3] for one in _told(october, kind)]
        for kind in ("MEMBER_REFUSED", "FEE", "BILLED_NOT_ENROLLED", "ENROLLED_NOT_COVERED")
    }
    assert told == {
        "MEMBER_REFUSED": [(october.ben, None, "carrier/-"), (october.ben, None, "other/-")],
        "FEE": [(None, None, "carrier/INV1"), (None, None, "other/INV1")],
        "BILLED_NOT_ENROLLED": [
            (None, GONE, "carrier/77"), (None, GONE, "other/77"), (october.ann, "ppo", "other/-"),
        ],
        "ENROLLED_NOT_COVERED": [
            (None, GONE, "carrier/88"), (None, GONE, "other/88"), (october.cid, "ppo", "-"),
            (october.cid, "ppo", "other/-"),
        ],
    }  # fmt: skip
    # What another carrier bills of our plan is in dispute with it, and is paid to the plan's own in full.
    paid = {
        vendor: [
            (one.person, one.plan, one.paid_minor, bool(one.disputed)) for one in october.look(partial(_due, vendor))
        ]
        for vendor, lines in ((name, october.look(partial(_due, name))) for name in ("carrier", "other"))
    }
    assert paid == {
        "carrier": [(october.ann, "ppo", 500_00, False), ("", GONE, 0, True)],
        "other": [(october.ann, "ppo", 0, True), ("", GONE, 0, True)],
    }


def test_a_book_that_left_nothing_behind_is_not_taken_for_the_next(october: Month_, fakehub: ModuleType) -> None:
    """Its number is another's by then; and of all books of an employer one is held, with the texts of the others."""
    books = [fakehub.BOOK.replace("name: PPO", f"name: PPO {one}") for one in (1, 2, 3)]
    load_plan_book(october.hub, books[0], "1.yaml")

    def undone(session: Session) -> None:
        newest = session.rows(select(plan_book).order_by(plan_book.c.seq.desc()))[0]
        seq, _ = session.take_seq()
        told = {"version": load(books[1], "2.yaml").version, "content": books[1], "seq": seq}
        session.add(plan_book, [{**newest._mapping, **told}])
        assert october.hub.book(session).plan("ppo").name == "PPO 2"
        raise DataError("the transaction ends here")

    with pytest.raises(DataError, match="ends here"), october.hub.store.write("acme") as session:
        undone(session)
    load_plan_book(october.hub, books[2], "3.yaml")
    assert october.look(lambda _, book: book.plan("ppo").name) == "PPO 3"
    assert len(october.hub._books) == 1


def _refuse(session: Session, vendor: str, who: str) -> None:
    key = f"refused/{vendor}"
    wanted = Wanted("enrollment.change", key, vendor, "2026-10", PAY, PAY, {"x": 1}, person_id=who)
    obligations.want(session, [wanted])
    obligations.mark(session, [session.id("obl", key)], "refused", "no such plan")


def test_what_was_open_before_its_reference_named_the_carrier_goes_on_under_it(
    october: Month_, fakehub: ModuleType
) -> None:
    """Whose it is, what was said of it and that it was dismissed stay with it; it is told in the employer's money."""
    load_plan_book(october.hub, fakehub.BOOK.replace("name: Acme", "name: Acme, currency: EUR"), "euro.yaml")
    october.say("invoice_line", 500_00, plan="ppo")
    october.say("invoice_part", 9_00, who=None, plan=None, external_id="")
    with october.hub.store.write("acme") as session:
        _refuse(session, "carrier", october.ben)
    october.flow("reconcile", "2026-10", ["premium"])
    named = {"MEMBER_REFUSED": "carrier/-", "FEE": "carrier/INV1"}
    with october.hub.store.write("acme") as session:
        rows = session.rows(select(difference).where(difference.c.type.in_(named)))
        assert {row.type: (row.reference, row.unit) for row in rows} == {
            kind: (reference, "EUR") for kind, reference in named.items()
        }
        ids = {row.type: row.difference_id for row in rows}
        reconcile.act(session, ids["MEMBER_REFUSED"], "ann", note="asked them", to="ann")
        reconcile.act(session, ids["FEE"], "ann", state="dismissed", note="agreed by telephone")
        for row in rows:  # as the release before had them
            told = row.reference.removeprefix("carrier/")
            key = f"{row.content_key.removesuffix(row.reference)}{told}"
            session.change(difference, {"difference_id": row.difference_id}, reference=told, content_key=key)
    october.flow("reconcile", "2026-10", ["premium"])
    with october.hub.store.read("acme") as session:
        rows = session.rows(select(difference).where(difference.c.type.in_(named)))
    assert {row.type: (row.difference_id, row.reference, row.state) for row in rows} == {
        "MEMBER_REFUSED": (ids["MEMBER_REFUSED"], "carrier/-", "discrepancy"),
        "FEE": (ids["FEE"], "carrier/INV1", "dismissed"),
    }
    assert {row.assigned_to for row in rows if row.type == "MEMBER_REFUSED"} == {"ann"}


def test_a_carrier_of_whose_plans_none_is_left_is_told_from_a_member_with_a_stroke(
    october: Month_, fakehub: ModuleType, tmp_path: Path
) -> None:
    """`other` had dental, which was dropped: what it bills of ours is in dispute with it, and with nobody else."""
    connect(
        october.hub, "acme", {"other": {"connector": "read_back", "settings": {"folder": str(tmp_path / "vendor")}}}
    )
    short = fakehub.BOOK.replace("carriers:\n", "carriers:\n  other: {pay_policy: short_pay}\n").replace(
        "pay_as_enrolled", "short_pay"
    )
    load_plan_book(october.hub, short.replace("carriers:\n", DENTAL + "carriers:\n"), "with.yaml")
    load_plan_book(october.hub, short, "new.yaml")
    for vendor, member in (("other", "77"), ("carrier", "17/A")):
        made = {"invoice_date": "2026-10-20"}
        october.say("invoice_line", 7_00, who=None, plan="ppo", external_id=member, connection_id=vendor, detail=made)
    october.post("premium.remitted", october.ann, "dental", chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT)
    assert october.look(lambda session, book: carriers.to_compare(session, book, OCTOBER)) == ["carrier", "other"]
    assert october.look(lambda session, book: carriers.to_compare(session, book, OCTOBER.plus(-1))) == ["carrier"]
    october.flow("reconcile", "2026-10", ["premium"])
    rows = october.look(lambda session, _: session.rows(
        select(difference).where(difference.c.type == "BILLED_NOT_ENROLLED").order_by(difference.c.reference)
    ))  # fmt: skip
    told = october.look(lambda _, book: [carriers.told_by(book, row) for row in rows])
    assert told == [("carrier", "17/A"), ("other", "77")]
    for vendor in ("carrier", "other"):
        (due,) = october.look(partial(_due, vendor))
        assert (due.paid_minor, due.disputed[:19]) == (0, "BILLED_NOT_ENROLLED")
    (bill,) = october.look(lambda session, book: bills(session, book, "other", OCTOBER))
    assert bill.open_before == -500_00, "what was posted by hand for its dropped plan had left when it was made"


def test_what_was_paid_by_hand_for_a_plan_that_was_dropped_is_held_against_its_carriers_bill(
    october: Month_, fakehub: ModuleType
) -> None:
    """Nothing of the hub's made the payment: the plan says whose it is, and no book of now has the plan."""
    load_plan_book(
        october.hub,
        fakehub.BOOK.replace("carriers:\n", DENTAL.replace("other", "carrier") + "carriers:\n"),
        "with.yaml",
    )
    load_plan_book(october.hub, fakehub.BOOK, "new.yaml")
    october.post("premium.remitted", october.ann, "dental", chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT)

    def dental() -> list[tuple[str, int, bool]]:
        rows = october.look(lambda session, book: paid_otherwise(session, book, OCTOBER, None))
        return [(one.carrier, one.amount, one.billed) for one in rows if one.plan == "dental"]

    assert dental() == [("carrier", 500_00, False)]
    october.say("invoice_line", 480_00, plan="dental")
    assert dental() == [("carrier", 20_00, True)]
    october.say("invoice_line", 20_00, plan="dental")
    assert dental() == []


def test_a_plan_that_ended_may_be_dropped_and_stops_nothing(october: Month_, fakehub: ModuleType) -> None:
    """Its cover of August stays priced, billed and told by the book that had it; nobody can choose it any more."""
    dental = DENTAL.replace("other", "carrier") + "carriers:\n"
    load_plan_book(october.hub, fakehub.BOOK.replace("carriers:\n", dental), "with.yaml")
    with october.hub.store.write("acme") as session:
        cover = {"plan": "dental", "tier": "EE", "dependents": [], "pretax_rate": "", "roth_rate": "", "event": ""}
        day, ahead = date(2026, 3, 1), date(2027, 3, 1)
        facts.record(session, [Version("coverage", october.ann, "dental", day, cover)], "test")
        facts.record(session, [Version("coverage", october.ann, "dental", date(2026, 9, 1), None)], "test")
        facts.record(session, [Version("coverage", october.ben, "dental", ahead, cover)], "test")
    with pytest.raises(ConfigError, match="plan 'dental' is gone, and 1 are in it now or will be"):
        load_plan_book(october.hub, fakehub.BOOK, "new.yaml")
    with october.hub.store.write("acme") as session:
        facts.record(session, [Version("coverage", october.ben, "dental", ahead, None)], "test")
    for kind, *accounts in (
        ("premium.accrued", chart.BENEFIT_COST, chart.PREMIUM_PAYABLE),
        ("premium.remitted", chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT),
    ):
        october.post(kind, october.ann, "dental", *accounts)
    load_plan_book(october.hub, fakehub.BOOK, "new.yaml")
    assert "dental" in {one.plan for one in october.look(lambda session, book: list(chains(session, book, OCTOBER)))}
    statements: list[str] = []

    def one_persons(session: Session, book: PlanBook) -> list[str]:
        event.listen(session.connection, "before_cursor_execute", lambda *said: statements.append(said[2]))
        return [one.plan for one in chains_of(session, book, OCTOBER, october.ann)]

    assert "dental" in october.look(one_persons)
    whole = [one for one in statements if "FROM leg " in one and "leg.person_id IN" not in one]
    assert not whole, "one employee's page does not read the whole ledger"
    # Billed for September all the same, with another plan of a carrier that has no plan here any more.
    october.say("invoice_line", 50_00, plan="dental", coverage_month="2026-09", reference="INV9")
    for job, *asked in (
        ("premiums.accrue", "2026-08"), ("premiums.accrue", "2026-09"), ("coverage", "2026-10-01"),
        ("deductions.expect", "2026-08"), ("deductions.push", "payroll", "monthly", "2026-10-15"),
        ("enrollments.send", "carrier", "2026-10-01"), ("retro.correct",), ("reconcile", "2026-08", []),
        ("reconcile", "2026-09", []), ("premiums.credits",), ("statements.make", "2026-10-01"),
    ):  # fmt: skip
        october.flow(job, *asked)
    (one,) = [row for row in _told(october, "BILLED_NOT_ENROLLED") if row[1] == "dental"]
    assert one[:5] == (october.ann, "dental", "-", 0, 50_00)
    assert october.look(lambda session, book: trace(session, book, "1001", "dental", Month(2026, 8)))
    (chain,) = october.look(lambda session, book: list(chains(session, book, Month(2026, 9), "dental")))
    assert (chain.person_id, chain.billed) == (october.ann, 50_00)
    with pytest.raises(DataError, match="plan 'dental' is not in the plan book"):
        october.look(lambda _, book: book.offered("dental"))


def test_the_last_month_of_a_plan_that_was_dropped_is_accrued_and_worked_out_again(
    october: Month_, fakehub: ModuleType
) -> None:
    """Cover ends within August and the plan is dropped before the month is accrued: its carrier is owed for August."""
    dental = DENTAL.replace("other", "carrier") + "carriers:\n"
    load_plan_book(october.hub, fakehub.BOOK.replace("carriers:\n", dental), "with.yaml")
    cover = {"plan": "dental", "tier": "EE", "dependents": [], "pretax_rate": "", "roth_rate": "", "event": ""}
    with october.hub.store.write("acme") as session:
        facts.record(session, [Version("coverage", october.ann, "dental", date(2026, 3, 1), cover)], "test")
        facts.record(session, [Version("coverage", october.ann, "dental", date(2026, 8, 16), None)], "test")
    load_plan_book(october.hub, fakehub.BOOK, "new.yaml")

    def owed() -> list[tuple[str, int]]:
        rows = october.look(lambda session, _: ledger.balances(
            session, [chart.PREMIUM_PAYABLE], by=("coverage_month",), plan="dental", person_id=october.ann
        ))  # fmt: skip
        return [(one.dimensions["coverage_month"], one.amount) for one in rows]

    october.flow("premiums.accrue", "2026-08")
    assert owed() == [("2026-08", -50_00)]
    with october.hub.store.write("acme") as session:
        facts.record(session, [Version("coverage", october.ann, "dental", date(2026, 8, 1), None)], "test")
    assert october.flow("premiums.accrue", "2026-09")["earlier_months"] == 1
    assert owed() == []
    october.say("register_line", 10_00, plan="dental", code="DEN", tax_class="posttax")
    october.flow("reconcile", "2026-10", ["payroll"])
    assert [one[:2] for one in _told(october, "WRONG_TAX_CLASS")] == [(october.ann, "dental")]


def test_what_is_owed_for_a_plan_that_nobody_knows_is_told(october: Month_) -> None:
    """It stops no payment and no comparison, and is not forgotten."""
    october.post("premium.accrued", october.ann, GONE, chart.BENEFIT_COST, chart.PREMIUM_PAYABLE)
    october.post("premium.accrued", october.ben, "ppo", chart.BENEFIT_COST, chart.PREMIUM_PAYABLE)
    october.flow("reconcile", "2026-10", ["premium"])
    assert [one[:5] for one in _told(october, "UNKNOWN_PLAN")] == [(october.ann, GONE, "ledger", 500_00, 0)]
    assert not october.look(partial(_due, "carrier"))
    october.post("premium.remitted", october.ben, "ppo", chart.PREMIUM_PAYABLE, chart.CARRIER_TRANSIT)
    found = {one.account: one for one in october.look(lambda session, book: clearing(session, book, OCTOBER))}
    assert found[chart.PREMIUM_PAYABLE].unexplained == 0
