"""Closing a month: each condition stands in the way by itself, and what is signed stays as it was signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, select, update

from benehub import ledger, obligations, planbook, reconcile
from benehub.errors import DataError, IntegrityError, NeedsPersonError
from benehub.flows import Hub, closing
from benehub.flows.onboarding import load_plan_book
from benehub.ledger import Leg, NewEntry
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import Finding, Relation, Type, nothing
from benehub.store import Session, guards
from benehub.store.tables import (
    act,
    comparison,
    confirmation,
    crosswalk,
    difference,
    dispatch,
    intake_batch,
    intake_row,
    obligation,
    plan_book,
    run,
)
from benehub.store.tables import closing as closing_table
from benehub.views.closing import checklist, report, silent
from benehub.views.general_ledger import datev_batch, journal_csv
from benehub.views.signed import signed, signed_report
from benehub.views.signed_pdf import signed_pdf
from benehub.views.today import legs
from benehub.views.why import why
from benehub.views.worklist import Filters, part

SEPTEMBER, OCTOBER = Month(2026, 9), Month(2026, 10)
LEGS_THEN = {"payroll": "unread", "premiums": "right", "leave": "right", "intake": "right"}
"""What *Today* says of September's legs once it is ready to close: no register was read of it."""


def billed(text: str) -> str:
    """The plan book with a carrier that is paid by its bills."""
    return text.replace("pay_as_enrolled", "pay_as_billed")


def ready(hub: Hub, fakehub: Any, folder: Path) -> Hub:
    """On 1 October, with September compared and one bill accrued, remitted and confirmed in it."""
    fakehub.set_up(hub, folder, "read_back")
    with hub.store.write("acme") as session:
        ledger.record(
            session,
            [
                entry("a", "premium.accrued", "5100 +100", "2100 -100"),
                entry("b", "premium.remitted", "2100 +100", "1010 -100"),
                entry("c", "premium.confirmed", "1010 +100", "1000 -100"),
            ],
        )
    hub.start_flow("reconcile", "acme", "all/2026-09/1", "2026-09", [])
    return hub


@pytest.fixture
def hub(sqlite_url: str, open_hub: Callable[..., Hub], fakehub: Any, tmp_path: Path) -> Hub:
    """The hub that is ready to close September."""
    return ready(open_hub(sqlite_url), fakehub, tmp_path)


@pytest.fixture
def either(db_url: str, open_hub: Callable[..., Hub], fakehub: Any, tmp_path: Path) -> Hub:
    """The same, once on SQLite and once on PostgreSQL."""
    return ready(open_hub(db_url), fakehub, tmp_path)


def entry(key: str, kind: str, *legs: str, day: date = date(2026, 9, 4), **more: Any) -> NewEntry:
    """An entry of September's cover."""
    parts = [leg.split() for leg in legs]
    made = tuple(Leg(account, "USD", int(amount), plan="ppo", coverage_month="2026-09") for account, amount in parts)
    return NewEntry(key, kind, day, made, "test", **more)


def failing(hub: Hub, month: Month = SEPTEMBER) -> dict[str, tuple[str, ...]]:
    """Condition by name -> what is in its way."""
    with hub.store.read("acme") as session:
        return {one.name: one.found for one in checklist(session, hub.book(session), month) if not one.holds}


def test_a_month_that_is_right_is_signed_and_stays_so(either: Hub) -> None:
    assert failing(either) == {}
    done = closing.close(either, "acme", SEPTEMBER, "Ann", "all bills looked at")
    with either.store.write("acme") as session:
        before = signed_report(session, SEPTEMBER)
        ledger.record(session, [entry("late", "premium.accrued", "5100 +7", "2100 -7")])
        assert signed_report(session, SEPTEMBER) == before
        later = ledger.movements(session, ledger.book_of(session, OCTOBER))
        moved = {one.account: (one.opening, one.debit, one.credit) for one in later}
        assert (moved["2100"], moved["5100"]) == ((0, 0, 7), (100, 7, 0))
        answer = why(session, done["closing"]).as_json()
    assert (before["who"], before["note"], before["digest"]) == ("Ann", "all bills looked at", done["digest"])
    signed_as = {one["account"]: (one["debit"], one["credit"]) for one in before["accounts"]}
    assert signed_as["2100"] == ("1.00", "1.00") and signed_as["5100"] == ("1.00", "0.00")
    assert answer["who"] == "Ann" and len(answer["held"]) == 12
    with pytest.raises(NeedsPersonError, match="2026-09 is signed off already"):
        closing.close(either, "acme", SEPTEMBER, "Ann", "")
    with pytest.raises(NeedsPersonError, match="2026-10 is still open"):
        closing.close(either, "acme", OCTOBER.plus(1), "Ann", "")
    with either.store.read("acme") as session:
        assert [one["period"] for one in signed(session)] == ["2026-09"]


def test_nobody_signs_without_a_name_and_october_is_not_over(hub: Hub) -> None:
    with pytest.raises(DataError, match="nobody is named"):
        closing.close(hub, "acme", SEPTEMBER, " ", "")
    assert "The month is over" in failing(hub, OCTOBER)
    with hub.store.read("acme") as session:
        with pytest.raises(DataError, match="2026-09 is not signed off"):
            signed_report(session, SEPTEMBER)
        with pytest.raises(DataError, match="no closing"):
            why(session, session.id("clo", "2026-09"))


def _unexplained(session: Session) -> None:
    ledger.record(session, [entry("x", "premium.accrued", "5100 +5", "2100 -5")])


def _expected(session: Session) -> None:
    late = entry("x", "deduction.expected", "1900 +5", "1300 -5", status="pending", due_date=date(2026, 9, 30))
    ledger.record(session, [late])


def _difference(session: Session, clear_by: date | None, period: str = "2026-09") -> None:
    one = Finding(
        Relation.INTAKE, Type.ROW_QUARANTINED, period, "x", "hris", "hris", "a cause", "an action", clear_by=clear_by
    )
    reconcile.settle(session, Relation.INTAKE, period, [one], date(2026, 9, 1))


def _ruled(session: Session, period: str, *, lifted: bool) -> None:
    """One difference that a rule set aside, and whether the rule was lifted since."""
    rule = reconcile.suppress(
        session, "payroll", "WRONG_PERIOD", None, None, date(2026, 12, 31), "Ann", "they pay a day late"
    )
    _late(session, period)
    if lifted:
        reconcile.lift(session, rule)


def _late(session: Session, period: str) -> None:
    one = Finding(
        Relation.PAYROLL, Type.WRONG_PERIOD, period, "x", "payroll", "payroll", "a cause", "an action", expected=5
    )
    reconcile.settle(session, Relation.PAYROLL, period, [one], session.today())


def _quarantined(session: Session) -> None:
    batch = session.rows(intake_batch.select().where(*session.where(intake_batch, stream="employee")))[0]
    session.add(
        intake_row,
        [
            {"batch_id": batch.batch_id, "row_no": 900, "row_key": "x", "outcome": "quarantined", "reason": "r",
             "row_sealed": None, "resolved_seq": None}
        ],
    )  # fmt: skip


def _batch_held(session: Session) -> None:
    session.connection.execute(
        update(intake_batch).where(intake_batch.c.stream == "employee").values(state="held", reason="many would end")
    )


def _let_in(session: Session, what: str = "release") -> None:
    row = {"subject": "bat_x", "act_no": 1, "at": "2026-10-02T10:00:00.000000Z", "who": "Ann", "what": what}
    session.add(act, [{**row, "note": "they have left"}])


def _held(session: Session) -> None:
    session.add(
        dispatch,
        [
            {"dispatch_id": "dis_x", "connection_id": "carrier", "operation": "premium.remit", "business_key": "x",
             "revision": 1, "guard": "none", "file_name": "", "frozen_sealed": b"", "frozen_hash": "", "items": 1,
             "worth_minor": 1, "currency": "USD", "control": None, "state": "held", "reason": "r", "receipt": None,
             "seq": 1, "prepared_at": "2026-09-30T10:00:00.000000Z", "sent_at": None, "ack_state": ""}
        ],
    )  # fmt: skip


def _made_later(session: Session) -> None:
    """September's premium, made in October."""
    _held(session)
    session.connection.execute(update(dispatch).values(prepared_at="2026-10-01T10:00:00.000000Z"))
    obligations.want(
        session,
        [Wanted("premium.remit", "x", "carrier", "2026-09", date(2026, 10, 1), date(2026, 10, 1), {"lines": []})],
    )
    session.connection.execute(update(obligation).where(obligation.c.business_key == "x").values(dispatch_id="dis_x"))


def _not_compared(session: Session) -> None:
    session.connection.execute(comparison.delete().where(comparison.c.relation != "payroll"))


def _along(session: Session) -> None:
    august = entry("x", "premium.accrued", "5100 +5", "1000 -5", day=date(2026, 8, 4))
    ledger.record(session, [august])
    at = "2026-09-01T06:00:00.000000Z"
    session.add(run, [
        {"run_id": "run_august", "flow": "premiums.accrue", "subject": "2026-08", "executor": "x", "state": "done",
         "counts": {}, "error": "", "started_at": at, "ended_at": at}
    ])  # fmt: skip


BROKEN: dict[str, tuple[Callable[[Session], None], str, str]] = {
    "unexplained": (_unexplained, "Every clearing balance is the sum of named items", "2100 Premium payable"),
    "expected": (_expected, "Nothing that was expected is past its due day", "deduction.expected, due 2026-09-30"),
    "open": (lambda session: _difference(session, None), "No discrepancy is open", "ROW_QUARANTINED"),
    "open now": (lambda session: _difference(session, None, "2026-10"), "No discrepancy is open", "ROW_QUARANTINED"),
    "overdue": (
        lambda session: _difference(session, date(2026, 9, 15)), "What was to clear by itself has cleared in time",
        "to clear by 2026-09-15",
    ),
    "no rule": (
        lambda session: _ruled(session, "2026-08", lifted=True), "What is set aside has a rule in force",
        "of 2026-08: payroll WRONG_PERIOD",
    ),
    "quarantine": (_quarantined, "Every row that was read is accounted for", "1 rows of hris employee"),
    "batch held": (_batch_held, "Every row that was read is accounted for", "of hris employee is held"),
    "let in": (_let_in, "Every relation was compared since the last read", "intake was not compared"),
    "signed along": (
        _along, "Every relation was compared since the last read",
        "2026-08 is signed along and was not compared since the last read",
    ),
    "held": (_held, "Nothing that was to be sent is left open", "dis_x premium.remit is held"),
    "held, made later": (_made_later, "Nothing that was to be sent is left open", "dis_x premium.remit is held"),
    "not compared": (_not_compared, "Every relation was compared since the last read", "intake was not compared"),
}  # fmt: skip
"""What is wrong, the condition that it breaks, and how it is named."""


@pytest.mark.parametrize("what", sorted(BROKEN))
def test_each_condition_stands_in_the_way_by_itself(hub: Hub, what: str) -> None:
    spoil, name, told = BROKEN[what]
    with hub.store.write("acme") as session:
        session.take_seq(0)
        spoil(session)
    found = failing(hub)
    assert set(found) == {name} and any(told in one for one in found[name])
    with pytest.raises(NeedsPersonError, match=name):
        closing.close(hub, "acme", SEPTEMBER, "Ann", "")


def states(hub: Hub) -> dict[str, str]:
    """What *Today* says of the legs."""
    with hub.store.read("acme") as session:
        return {one.name: one.state for one in legs(session, hub.book(session), SEPTEMBER)}


def _link(session: Session) -> None:
    session.connection.execute(update(crosswalk).values(seq=session.latest_seq() + 1))


def _never(session: Session) -> None:
    session.connection.execute(comparison.delete())


NEWS: dict[str, tuple[Callable[[Session], None], str]] = {
    "a link": (_link, "old"),
    "let in with others": (lambda session: _let_in(session, "release.all"), "old"),
    "never compared": (_never, "unknown"),
}
"""What makes a comparison out of date, and what *Today* calls a leg then."""


@pytest.mark.parametrize("what", sorted(NEWS))
def test_today_asks_for_a_comparison_as_the_closing_does(hub: Hub, what: str) -> None:
    assert states(hub) == LEGS_THEN and not failing(hub)
    spoil, state = NEWS[what]
    with hub.store.write("acme") as session:
        session.take_seq(0)
        spoil(session)
    assert "Every relation was compared since the last read" in failing(hub)
    assert set(states(hub).values()) == {state}


def read(session: Session, kind: str, connection_id: str) -> None:
    """Something of September was read."""
    batch = session.rows(select(intake_batch.c.batch_id))[0].batch_id
    row = {
        "kind": kind, "connection_id": connection_id, "row_key": "1", "version": 1, "current": 1, "external_id": "x",
        "part": "current", "code": "", "tax_class": "", "tier": "", "coverage_month": "2026-09", "amount": 100,
        "unit": "USD", "reference": "INV1", "detail": {"invoice_date": "2026-09-01"}, "batch_id": batch, "row_no": 1,
        "seq": 1, "plan": "ppo", "on_date": date(2026, 9, 15), "pay_date": date(2026, 9, 15),
    }  # fmt: skip
    session.add(confirmation, [row])


def test_a_month_of_which_nothing_was_read_is_not_right_and_is_signed_as_such(either: Hub, fakehub: Any) -> None:
    load_plan_book(either, billed(fakehub.BOOK), "book")
    either.start_flow("reconcile", "acme", "all/2026-09/1b", "2026-09", [])
    with either.store.read("acme") as session:
        found = {one.name: one.silent for one in legs(session, either.book(session), SEPTEMBER)}
    quiet = {"payroll": [("payroll", "payroll")], "premiums": [("premium", "carrier")]}
    assert found == {**quiet, "leave": [], "intake": []}
    with either.store.write("acme") as session:
        read(session, "register_line", "payroll")
    either.start_flow("reconcile", "acme", "all/2026-09/2", "2026-09", [])
    assert states(either)["premiums"] == "unread"
    with either.store.read("acme") as session:
        assert silent(session, SEPTEMBER) == [{"relation": "premium", "connection": "carrier"}]
        signed_as = report(session, either.book(session), SEPTEMBER, [], "Ann", "")
    assert signed_as["silent"] == [{"relation": "premium", "connection": "carrier"}]


def test_of_two_carriers_each_one_has_to_have_billed(either: Hub, fakehub: Any) -> None:
    more = (
        fakehub.BOOK.split("  - id: ppo")[1]
        .split("carriers:")[0]
        .replace("carrier: carrier", "carrier: other")
        .replace("MED", "DEN")
    )
    book = planbook.load(billed(fakehub.BOOK).replace("carriers:", f"  - id: dental{more}carriers:"), "book")
    with either.store.write("acme") as session:
        session.take_seq(0)
        assert nothing.silent(session, book, Relation.PREMIUM, SEPTEMBER) == ("carrier",)
        assert nothing.silent(session, book, Relation.ACCOUNTS, SEPTEMBER) == (), "no such plan"
        read(session, "invoice_line", "carrier")
        assert nothing.silent(session, book, Relation.PREMIUM, SEPTEMBER) == (), "nobody is in the other one's plan"
        owed = entry("d", "premium.accrued", "5100 +9", "2100 -9")
        ledger.record(session, [replace(owed, legs=tuple(replace(one, plan="dental") for one in owed.legs))])
        assert nothing.silent(session, book, Relation.PREMIUM, SEPTEMBER) == ("other",)


def test_nobody_waits_for_a_bill_that_no_carrier_sends(either: Hub, fakehub: Any) -> None:
    def waited_for(text: str, month: Month = SEPTEMBER) -> tuple[str, ...]:
        with either.store.read("acme") as session:
            return nothing.silent(session, planbook.load(text, "book"), Relation.PREMIUM, month)

    book = billed(fakehub.BOOK)
    first = "    effective_from: 2026-01-01\n"
    assert first in book and waited_for(book) == ("carrier",)
    assert waited_for(book.replace(first, f"{first}    effective_to: 2026-09-02\n")) == ("carrier",)
    assert waited_for(book.replace(first, f"{first}    effective_to: 2026-09-01\n")) == (), "its plan has ended before"
    assert waited_for(book, OCTOBER) == (), "nobody is in its plan in October"
    assert waited_for(fakehub.BOOK) == (), "who is paid as enrolled may send none"


def test_a_variance_in_its_time_is_carried_over_by_name(either: Hub) -> None:
    with either.store.write("acme") as session:
        _difference(session, date(2026, 10, 20))
    assert closing.close(either, "acme", SEPTEMBER, "Ann", "")["open_items"] == 1
    with either.store.read("acme") as session:
        report = signed_report(session, SEPTEMBER)
        answer = why(session, report["closing"])
    assert [(one["type"], one["clear_by"]) for one in report["open_items"]] == [("ROW_QUARANTINED", "2026-10-20")]
    assert [one.ref for one in answer.behind] == [report["open_items"][0]["difference"]]


def test_what_a_rule_sets_aside_is_carried_over_by_name_until_its_last_day(hub: Hub) -> None:
    with hub.store.write("acme") as session:
        _ruled(session, "2026-09", lifted=False)
    assert failing(hub) == {} and states(hub) == LEGS_THEN
    closing.close(hub, "acme", SEPTEMBER, "Ann", "")
    with hub.store.read("acme") as session:
        (item,) = signed_report(session, SEPTEMBER)["open_items"]
    assert (item["type"], item["state"], item["clear_by"]) == ("WRONG_PERIOD", "suppressed", "2026-12-31")


def test_what_a_rule_set_aside_in_earlier_months_is_summed_up_in_the_report(either: Hub) -> None:
    """What was an open item of August is none of September too: the rule says how many and how much in all."""
    with either.store.write("acme") as session:
        _ruled(session, "2026-08", lifted=False)
        _late(session, "2026-09")
        (rule,) = reconcile.suppressions(session)
        content = report(session, either.book(session), SEPTEMBER, [], "Ann", "")
    assert [(one["type"], one["period"]) for one in content["open_items"]] == [("WRONG_PERIOD", "2026-09")]
    assert content["rules"] == [
        {"rule": rule.suppression_id, "relation": "payroll", "type": "WRONG_PERIOD", "ends": "2026-12-31",
         "number": 2, "amount": "0.10", "unit": "USD"}
    ]  # fmt: skip


def test_what_a_lifted_rule_had_set_aside_is_compared_again_before_anybody_signs(hub: Hub) -> None:
    with hub.store.write("acme") as session:
        _ruled(session, "2026-09", lifted=True)
    assert failing(hub)["Every relation was compared since the last read"] == (
        "payroll was not compared since a rule that set differences aside has ended",
    )
    assert "What is set aside has a rule in force" in failing(hub) and "old" in states(hub).values()
    hub.start_flow("reconcile", "acme", "all/2026-09/2", "2026-09", [])
    assert failing(hub) == {}


def test_what_is_so_now_stands_in_the_way_of_an_earlier_month_and_today_says_so(hub: Hub) -> None:
    """A file is rejected, and found for October first: it keeps September from being signed, and its leg is broken."""
    before = set(states(hub).values())
    one = Finding(
        Relation.PREMIUM, Type.FILE_REJECTED, "2026-10", "dis_x", "carrier", "hub", "a cause", "an action"
    )  # fmt: skip
    other = replace(one, type=Type.RATE_DIFF)
    with hub.store.write("acme") as session:
        reconcile.settle(session, Relation.PREMIUM, "2026-10", [one, other], session.today())
        (leg,) = [each for each in legs(session, hub.book(session), SEPTEMBER) if each.name == "premiums"]
        listed = part(session, Filters(leg="premiums", state="discrepancy", until=str(SEPTEMBER)), "USD")
    (told,) = failing(hub)["No discrepancy is open"]  # and the list that Today leads to names it
    assert "FILE_REJECTED" in told and "broken" not in before
    assert (leg.state, leg.discrepancies, [row.type for row in listed.rows]) == ("broken", 1, ["FILE_REJECTED"])


def test_today_counts_what_keeps_a_month_from_being_signed_whatever_is_compared(hub: Hub) -> None:
    """A discrepancy of each relation in turn: the sum of the legs is what the checklist counts, and its list has it."""
    for number, relation in enumerate(Relation, 1):
        one = Finding(relation, Type.RATE_DIFF, "2026-09", "x", "carrier", "hub", "a cause", "an action", expected=7)
        with hub.store.write("acme") as session:
            reconcile.settle(session, relation, "2026-09", [one], session.today())
        with hub.store.read("acme") as session:
            book = hub.book(session)
            told, conditions = legs(session, book, SEPTEMBER), checklist(session, book, SEPTEMBER)
            listed = [
                row.relation
                for leg in told
                for row in part(session, Filters(leg=leg.name, state="discrepancy", until=str(SEPTEMBER)), "USD").rows
            ]
        (counted,) = [each.count for each in conditions if each.name == "No discrepancy is open"]
        assert sum(leg.discrepancies for leg in told) == counted == number == len(listed), relation
        assert relation.value in listed and sum(leg.at_risk.get("USD", 0) for leg in told) == 7 * number


def test_what_was_read_is_a_leg_that_was_compared_or_was_not(hub: Hub) -> None:
    assert states(hub)["intake"] == "right" and "year" not in states(hub)
    with hub.store.write("acme") as session:
        session.connection.execute(delete(comparison).where(comparison.c.relation == "intake"))
    assert "intake was not compared" in failing(hub)["Every relation was compared since the last read"][0]
    assert states(hub)["intake"] == "unknown"


@pytest.mark.parametrize(
    ("relation", "command"),
    [
        ("year", "benehub reconcile year --year 2026"),
        ("coverage", "benehub enrollments decide"),
        ("enrollment", "benehub enrollments acks"),
        ("credit", "benehub reconcile all -p 2026-08"),
    ],
)
def test_what_is_set_aside_without_a_rule_names_what_looks_at_it_again(hub: Hub, relation: str, command: str) -> None:
    with hub.store.write("acme") as session:
        _ruled(session, "2026-08", lifted=True)
        session.connection.execute(update(difference).values(relation=relation))
        (found,) = [one for one in checklist(session, hub.book(session), SEPTEMBER) if "rule in force" in one.name]
    assert command in found.mend and found.count == 1


def test_a_report_that_was_changed_is_told(either: Hub) -> None:
    closing.close(either, "acme", SEPTEMBER, "Ann", "")
    with either.store.write("acme") as session:
        name = "closing_no_update"
        on = "" if session.connection.dialect.name == "sqlite" else " ON closing"
        session.connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")
        session.connection.execute(update(closing_table).values(report=closing_table.c.report + " "))
        assert name in guards.missing(session.connection)
        with pytest.raises(IntegrityError, match="not the one that was signed"):
            signed_report(session, SEPTEMBER)


def test_a_month_that_is_signed_along_is_compared_first(hub: Hub) -> None:
    with hub.store.write("acme") as session:
        _along(session)
    hub.start_flow("reconcile", "acme", "all/2026-08/1", "2026-08", [])
    assert failing(hub) == {}
    closing.close(hub, "acme", SEPTEMBER, "Ann", "")


def test_of_a_month_far_ahead_no_more_is_asked_than_of_the_next(hub: Hub) -> None:
    """There is no end to those: each month up to it would be asked for its comparisons."""
    with hub.store.write("acme") as session:
        _along(session)
        book = hub.book(session)
        asked: list[str] = []
        event.listen(session.connection, "before_cursor_execute", lambda _c, _u, said, *_: asked.append(said))
        counts = []
        for month in ("2026-12", "2120-01"):
            asked.clear()
            held = checklist(session, book, Month.parse(month))
            assert not held[0].holds
            counts.append(len(asked))
    assert counts[1] <= counts[0]


def test_the_report_on_paper_is_the_same_each_time(hub: Hub) -> None:
    closing.close(hub, "acme", SEPTEMBER, "Ann", "")
    with hub.store.read("acme") as session:
        report = signed_report(session, SEPTEMBER)
    assert signed_pdf(report) == signed_pdf(report)
    assert signed_pdf(report).startswith(b"%PDF-")


def euro(book: PlanBook) -> PlanBook:
    """The same book of an employer in Germany."""
    content = book.model_dump(mode="json", by_alias=True)
    content["employer"] |= {"country": "DE", "currency": "EUR"}
    content["books"] = {"chart": "skr04", "datev": {"consultant": 29098, "client": 55003}}
    return PlanBook.model_validate(content)


def test_the_general_ledger_takes_a_closed_month_or_a_draft(either: Hub) -> None:
    with either.store.read("acme") as session:
        book = either.book(session)
        with pytest.raises(NeedsPersonError, match="2026-09 is not closed"):
            list(journal_csv(session, book, SEPTEMBER))
        draft = list(journal_csv(session, book, SEPTEMBER, draft=True))
        with pytest.raises(DataError, match="books are in USD"):
            datev_batch(session, book.model_copy(update={"books": euro(book).books}), SEPTEMBER, True)
        with pytest.raises(Exception, match="no adviser and client number"):
            datev_batch(session, book, SEPTEMBER, True)
    closing.close(either, "acme", SEPTEMBER, "Ann", "")
    with either.store.read("acme") as session:
        assert list(journal_csv(session, book, SEPTEMBER)) == draft
        late = b"".join(datev_batch(session, euro(book), OCTOBER, True)).decode("cp1252").splitlines()
    assert draft[1:3] == [
        "2026-09-04,BH202609-00001,premium.accrued,6120,2210,1.00,,USD,1,",
        "2026-09-04,BH202609-00001,premium.accrued,2210,6120,,1.00,USD,1,",
    ]
    assert len(draft) == 7
    assert "ENTWURF" in late[0] and len(late) == 2


def test_a_signed_month_is_exported_by_the_numbers_it_was_signed_with(hub: Hub, fakehub: Any) -> None:
    """A plan book that is loaded later numbers the accounts of later months; the client of the adviser it may add."""
    closing.close(hub, "acme", SEPTEMBER, "Ann", "")
    with hub.store.read("acme") as session:
        signed_as = list(journal_csv(session, hub.book(session), SEPTEMBER))
    load_plan_book(hub, f'{fakehub.BOOK}\nbooks: {{chart: us, accounts: {{"2100": "2299"}}}}\n', "book")
    with hub.store.write("acme") as session:
        book = hub.book(session)
        assert list(journal_csv(session, book, SEPTEMBER)) == signed_as
        ledger.record(session, [entry("later", "premium.accrued", "5100 +7", "2100 -7", day=date(2026, 10, 4))])
        assert "2299" in list(journal_csv(session, book, OCTOBER, draft=True))[1]
        then = datev_batch(session, euro(book), SEPTEMBER)
        assert b"29098;55003" in next(iter(then))


def test_a_signed_month_is_exported_though_its_plan_book_would_be_refused_by_now(hub: Hub, fakehub: Any) -> None:
    """What a later version of benehub refuses in another part of the book has nothing to do with its numbers."""
    load_plan_book(hub, f'{fakehub.BOOK}\nbooks: {{chart: us, accounts: {{"2100": "2298"}}}}\n', "book")
    hub.start_flow("reconcile", "acme", "all/2026-09/2", "2026-09", [])
    closing.close(hub, "acme", SEPTEMBER, "Ann", "")
    with hub.store.write("acme") as session:
        signed_as = list(journal_csv(session, hub.book(session), SEPTEMBER))
        then = hub.book(session).version
        session.connection.execute(
            update(plan_book).where(plan_book.c.version == then).values(content=plan_book.c.content + "\nonce: 1\n")
        )
        book = planbook.load(fakehub.BOOK, "book")
        assert list(journal_csv(session, book, SEPTEMBER)) == signed_as and "2298" in signed_as[1]
