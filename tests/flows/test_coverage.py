"""Who is covered when: rehires, changes of class, measured hours, ageing out, and no silent rescission."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benehub import facts, ledger, reconcile
from benehub.errors import DataError
from benehub.facts import Version
from benehub.facts.surroundings import surroundings
from benehub.flows import Hub
from benehub.flows.onboarding import load_plan_book
from benehub.identity import people
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import FOREVER, Interval
from benehub.store.tables import person
from benehub.views.ageing import upcoming_dependent_ends
from benehub.views.decisions import decisions
from benehub.views.mine.cards import cards
from benehub.views.why import why

Open = Callable[..., Hub]
ALWAYS = Interval(date.min, FOREVER)
WAITS = "    eligibility: {classes: [full_time], waiting: {days: 60}, entry: first_of_month}\n"


class Office:
    """The hub of three employees, of whom the first is looked at."""

    def __init__(self, hub: Hub, fakehub: ModuleType) -> None:
        self.hub, self.fakehub, self.runs = hub, fakehub, 0
        with hub.store.read("acme") as session:
            rows = session.rows(person.select().order_by(person.c.member_id))
        self.who = str(rows[0].person_id)
        self.number = str(rows[0].member_id)

    def book(self, wording: str) -> None:
        """Load a plan book whose plan has this wording."""
        text = self.fakehub.BOOK.replace("    rates:\n", f"{wording}    rates:\n", 1)
        load_plan_book(self.hub, text, "book")

    def tell(self, *versions: Version) -> None:
        with self.hub.store.write("acme") as session:
            facts.record(session, versions, "a test")

    def employed(self, hired: str, end: str = "", since: str = "", **changed: Any) -> None:
        """An employment from `since` (the hire when left out) up to the day before `end`."""
        with self.hub.store.read("acme") as session:
            known = facts.timelines(session, "employment", ALWAYS, subjects=[self.who])
        data = {**next(iter(known.values()))[-1].data, "hire_date": hired, **changed}
        start, to = date.fromisoformat(since or hired), date.fromisoformat(end) if end else FOREVER
        versions = [Version("employment", self.who, hired, start, data, to)]
        if end:
            versions.append(Version("employment", self.who, hired, to, None))
        self.tell(*versions)

    def elected(self, start: str, **changed: Any) -> None:
        data = {"plan": "ppo", "tier": "EE", "dependents": [], "pretax_rate": "", "roth_rate": "", "event": ""}
        data |= {"waived": False, **changed}
        self.tell(Version("election", self.who, "medical", date.fromisoformat(start), data))

    def decide(self, day: str) -> list[tuple[str, str, str]]:
        """Decide as of a day; gives the believed cover: first day, first day without, tier."""
        self.runs += 1
        self.hub.start_flow("coverage", "acme", f"run {self.runs}", day)
        return self.cover()

    def cover(self) -> list[tuple[str, str, str]]:
        with self.hub.store.read("acme") as session:
            known = facts.timelines(session, "coverage", ALWAYS, subjects=[self.who])
        return [
            (str(one.effective_from), "" if one.effective_to == FOREVER else str(one.effective_to), one.data["tier"])
            for one in known.get((self.who, "medical"), [])
        ]

    def decided(self) -> Sequence[Any]:
        with self.hub.store.read("acme") as session:
            return decisions(session, self.number, "ppo")

    def paid(self, *months: str) -> None:
        """A hundred was taken from pay for each coverage month."""
        entries = []
        for month in months:
            dims = (self.who, "ppo", "employee", month, date.fromisoformat(f"{month}-15"))
            legs = (
                Leg(chart.PAYROLL_CLEARING, "USD", 10000, *dims),
                Leg(chart.EMPLOYEE_SHARE_DUE, "USD", -10000, *dims),
            )
            entries.append(NewEntry(f"test/{month}", "deduction.withheld", dims[4], legs, "a test"))
        with self.hub.store.write("acme") as session:
            ledger.restate(session, entries)

    def differences(self, *states: str) -> Sequence[Any]:
        with self.hub.store.read("acme") as session:
            found = reconcile.listed(session, states or reconcile.OPEN)
            return [row for row in found if row.relation == "coverage"]

    def act(self, state: str) -> None:
        (row,) = self.differences()
        with self.hub.store.write("acme") as session:
            reconcile.act(session, row.difference_id, "ann", state=state, note="agreed with counsel")


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType) -> Office:
    hub = open_hub(sqlite_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    return Office(hub, fakehub)


def test_a_short_break_is_no_new_wait_and_no_cover_spans_it(office: Office) -> None:
    office.book(WAITS)
    office.employed("2024-01-01", "2026-03-01")
    office.employed("2026-04-10")
    assert office.decide("2026-10-01") == [("2026-01-01", "2026-03-01", "EE"), ("2026-04-10", "", "EE")]


def test_after_a_long_break_the_wait_begins_anew(office: Office) -> None:
    office.book(WAITS)
    office.employed("2024-01-01", "2026-03-01")
    office.employed("2026-06-10")
    assert office.decide("2026-10-01") == [("2026-01-01", "2026-03-01", "EE"), ("2026-09-01", "", "EE")]


def test_two_rows_of_employments_that_overlap_are_one(office: Office) -> None:
    office.book(WAITS)
    office.employed("2024-01-01", "2026-07-01")
    office.employed("2026-06-10")
    assert office.decide("2026-10-01") == [("2026-01-01", "", "EE")]


def test_the_plan_may_let_everybody_go_on(office: Office) -> None:
    office.book(WAITS.replace("}, entry", "}, rehire: never, entry"))
    office.employed("2024-01-01", "2026-03-01")
    office.employed("2026-06-10")
    assert office.decide("2026-10-01") == [("2026-01-01", "2026-03-01", "EE"), ("2026-06-10", "", "EE")]


def test_a_change_of_class_ends_cover_from_then_on_and_not_from_the_start(office: Office) -> None:
    office.book(WAITS)
    office.employed("2024-01-01", since="2026-11-15", employment_class="part_time")
    assert office.decide("2026-11-01") == [("2026-01-01", "2026-12-01", "EE")]
    assert office.decided()[0].status == "not_eligible"


def test_a_plan_that_closed_takes_nothing_back(office: Office) -> None:
    office.book("    effective_to: 2027-01-01\n")
    assert office.decide("2026-10-01") == [("2026-01-01", "", "EE")]
    assert office.decide("2027-01-05") == [("2026-01-01", "2027-01-01", "EE")]


MEASURED = """    eligibility:
      measured: {standard_start: 2024-10-15, admin: 78, admin_unit: days}
"""


def hours(office: Office, start: str, end: str, total: int) -> Version:
    data = {"hours": total, "paid_leave": 0, "excluded": False}
    return Version("hours", office.who, start, date.fromisoformat(start), data, date.fromisoformat(end))


def test_hours_nobody_told_are_visible_and_end_nothing(office: Office) -> None:
    assert office.cover() == [("2026-01-01", "", "EE")]
    office.book(MEASURED)
    assert office.decide("2026-10-01") == [("2026-01-01", "", "EE")]
    assert office.decided()[0].status == "needs_data"
    assert "measured_hours unknown, needs measured_full_time True" in office.decided()[0].stands_in_the_way


def test_hours_nobody_told_begin_nothing(office: Office) -> None:
    office.tell(Version("coverage", office.who, "medical", date(2026, 1, 1), None))
    office.book(MEASURED)
    assert office.decide("2026-10-01") == []
    assert office.decided()[0].status == "needs_data"


@pytest.mark.parametrize(("weekly", "covered"), [(32, [("2026-01-01", "", "EE")]), (28, [])])
def test_measured_hours_decide(office: Office, weekly: int, covered: list[Any]) -> None:
    office.book(MEASURED)
    office.tell(hours(office, "2024-10-15", "2025-10-15", weekly * 100 * 365 // 7))
    assert office.decide("2026-10-01") == covered


SAVINGS = """  - id: saver
    name: Savings plan
    benefit_type: retirement
    recordkeeper: carrier
    effective_from: 2026-01-01
    entry: {age: 21, dates: monthly}
    deferral: {pretax_code: 401K}
    match: {code: MATCH, tiers: [{rate: "100%", up_to: "3%"}]}
    deposit: {standard_bank_days: 3, small_plan: false}
carriers:
"""
RIDER = """    eligibility: {rules: {kind: enrolled_elsewhere, any_of: [ppo]}}
"""


def could(office: Office, day: str, plan: str = "ppo") -> tuple[str, str, list[str]]:
    """How a plan stands for the employee on a day: the card's state, its first sentence, and what is left to do."""
    with office.hub.store.read("acme") as session:
        book = office.hub.book(session)
        (worker,) = facts.workers(session, ALWAYS, people=[office.who])
        on = date.fromisoformat(day)
        known = surroundings(session, book, [worker], on).known(worker, covered=True)
        card = next(one for one in cards(book, worker, known, (), (), on) if one.plan == plan)
    return card.state, card.mine.lines[0].key, [one.key for one in card.todo.lines]


def uncovered(office: Office) -> None:
    """Neither elected nor covered."""
    office.tell(*(Version(kind, office.who, "medical", date(2026, 1, 1), None) for kind in ("election", "coverage")))


@pytest.mark.parametrize(("weekly", "state"), [(32, "open"), (28, "not_eligible")])
def test_who_is_measured_is_told_what_the_hours_come_to(office: Office, weekly: int, state: str) -> None:
    uncovered(office)
    office.book(MEASURED)
    assert could(office, "2026-10-01") == ("needs_data", "why_unknown", ["todo_nothing"])  # hours are payroll's to tell
    office.tell(hours(office, "2024-10-15", "2025-10-15", weekly * 100 * 365 // 7))
    assert could(office, "2026-10-01")[0] == state


def test_an_age_or_service_of_a_retirement_plan_is_waited_for(office: Office) -> None:
    load_plan_book(office.hub, office.fakehub.BOOK.replace("carriers:\n", SAVINGS), "book")
    assert could(office, "2026-10-01", "saver")[0] == "open"
    with office.hub.store.read("acme") as session:
        (worker,) = facts.workers(session, ALWAYS, people=[office.who])
    born = Version("employee", office.who, "", date(2026, 1, 1), {**worker.identity, "birth_date": "2006-03-20"})
    office.tell(born)
    assert could(office, "2026-10-01", "saver") == ("waiting", "is_waiting", ["todo_later"])
    assert could(office, "2027-04-01", "saver")[0] == "open"
    office.tell(born._replace(data={**worker.identity, "birth_date": ""}))
    assert could(office, "2026-10-01", "saver") == ("needs_data", "why_unknown", ["todo_tell"])


def test_who_has_the_other_plan_may_have_what_asks_for_it(office: Office) -> None:
    dental = office.fakehub.BOOK.partition("plans:\n")[2].partition("carriers:")[0]
    dental = (
        dental.replace("id: ppo", "id: rider").replace("medical", "dental").replace("    rates", f"{RIDER}    rates")
    )
    book = office.fakehub.BOOK.replace("carriers:\n", f"{dental}carriers:\n".replace("MED", "DEN"))
    load_plan_book(office.hub, book, "book")
    assert could(office, "2026-10-01", "rider")[0] == "open"
    uncovered(office)
    assert could(office, "2026-10-01", "rider") == ("not_eligible", "why_other", ["todo_nothing"])


def child(office: Office, born: str, **more: Any) -> str:
    with office.hub.store.write("acme") as session:
        dependent = people.add_dependent(session, "hris", f"dep:{born}", office.who, None)
        data = {"first_name": "Sky", "last_name": "Alder", "birth_date": born, "sex": "U", "relationship": "child"}
        data |= {"employee": office.who, **more}
        facts.record(session, [Version("dependent", dependent, "", date.fromisoformat(born), data)], "a test")
    return str(dependent)


def test_a_child_ages_out_of_the_family_cover(office: Office) -> None:
    old, young = child(office, "2000-10-20"), child(office, "2015-05-05")
    office.elected("2026-01-01", tier="EC", dependents=[old, young])
    assert office.decide("2026-09-30") == [("2026-01-01", "", "EC")]
    assert office.decide("2026-10-01") == [("2026-01-01", "2026-11-01", "EC"), ("2026-11-01", "", "EC")]
    assert office.decide("2026-10-02") == [("2026-01-01", "2026-11-01", "EC"), ("2026-11-01", "", "EC")]
    office.elected("2026-01-01", tier="EC", dependents=[old])
    assert office.decide("2026-10-02") == [("2026-01-01", "2026-11-01", "EC"), ("2026-11-01", "", "EE")]
    assert any(one.rule == "eligibility.dependent-end" for one in office.decided())


def test_evidence_of_a_disability_keeps_a_child_covered(office: Office) -> None:
    office.elected(
        "2026-01-01", tier="EC", dependents=[child(office, "2000-10-20", disabled_evidence_until="2027-12-31")]
    )
    assert office.decide("2026-11-15") == [("2026-01-01", "", "EC")]


def test_an_age_that_was_missed_takes_no_cover_back(office: Office) -> None:
    old = child(office, "2000-03-20")
    office.elected("2026-01-01", tier="EC", dependents=[old])
    office.tell(Version("coverage", office.who, "medical", date(2026, 1, 1), {
        "plan": "ppo", "tier": "EC", "dependents": [old], "pretax_rate": "", "roth_rate": "", "event": "",
    }))  # fmt: skip
    wanted = [("2026-01-01", "2026-11-01", "EC"), ("2026-11-01", "", "EE")]
    assert office.decide("2026-10-01") == wanted
    assert office.decide("2026-12-20") == wanted


def test_ageing_out_is_listed_with_letter_and_change(office: Office) -> None:
    office.elected("2026-01-01", tier="EC", dependents=[child(office, "2000-12-10"), child(office, "2001-02-01")])
    office.decide("2026-10-01")
    with office.hub.store.read("acme") as session:
        book = office.hub.book(session)
        (soon,) = upcoming_dependent_ends(session, book, date(2026, 10, 15))
        assert upcoming_dependent_ends(session, book, date(2026, 10, 1), within=60) == []
        last, after = upcoming_dependent_ends(session, book, date(2026, 12, 1))
    assert (soon.employee, soon.last_day, soon.tier, soon.tier_after) == (office.number, date(2026, 12, 31), "EC", "EC")
    assert (soon.next_notice, soon.notice) == (date(2026, 11, 1), "60 days ahead")
    assert last.notice == "30 days ahead, continuation notice"
    assert last.tax_free_until == date(2026, 12, 31)
    assert (after.last_day, after.tier_after) == (date(2027, 2, 28), "EE")
    assert "birth" not in str(soon.as_json())


def test_a_retroactive_end_that_was_not_paid_for_goes_through(office: Office) -> None:
    office.paid("2026-05", "2026-06")
    office.employed("2024-01-01", "2026-06-21")
    assert office.decide("2026-10-01") == [("2026-01-01", "2026-07-01", "EE")]
    assert office.differences() == []


def test_e20_cover_that_was_paid_for_is_not_taken_back(office: Office) -> None:
    office.paid("2026-06", "2026-07", "2026-08")
    office.employed("2024-01-01", "2026-06-21")
    held = [("2026-01-01", "2026-11-01", "EE")]
    assert office.decide("2026-10-01") == held
    (row,) = office.differences()
    assert (row.type, row.at_stake, row.reference, row.period) == ("RESCISSION_BLOCKED", 20000, "2026-07-01", "2026-07")
    # it stays the same difference and the same end, however often cover is decided
    assert office.decide("2026-12-05") == held
    assert [one.difference_id for one in office.differences()] == [row.difference_id]


def test_an_override_needs_a_reason_and_keeps_it(office: Office) -> None:
    office.paid("2026-07")
    office.employed("2024-01-01", "2026-06-21")
    office.decide("2026-10-01")
    (row,) = office.differences()
    with pytest.raises(DataError, match="needs a note"), office.hub.store.write("acme") as session:
        reconcile.act(session, row.difference_id, "ann", state="dismissed")
    office.act("dismissed")
    assert office.decide("2026-10-02") == [("2026-01-01", "2026-07-01", "EE")]
    assert office.differences() == []
    newest = next(one for one in office.decided() if one.rule == "eligibility.coverage-end")
    with office.hub.store.read("acme") as session:
        told = why(session, newest.decision)
    assert told.data["inputs"]["override_reason"] == "ann: agreed with counsel"


def test_an_override_speaks_of_what_was_paid_then(office: Office) -> None:
    office.paid("2026-07")
    office.employed("2024-01-01", "2026-06-21")
    office.decide("2026-10-01")
    office.act("dismissed")
    office.paid("2026-08")
    assert office.decide("2026-10-02") == [("2026-01-01", "2026-11-01", "EE")]
    assert office.differences()[0].at_stake == 20000


def test_the_prospective_end_may_be_accepted(office: Office) -> None:
    office.paid("2026-07")
    office.employed("2024-01-01", "2026-06-21")
    office.decide("2026-10-01")
    office.act("resolved")
    assert office.decide("2026-12-05") == [("2026-01-01", "2026-11-01", "EE")]
    assert office.differences() == []


def test_once_it_is_refunded_the_end_goes_through_by_itself(office: Office) -> None:
    office.paid("2026-07")
    office.employed("2024-01-01", "2026-06-21")
    office.decide("2026-10-01")
    with office.hub.store.write("acme") as session:
        ledger.restate(session, [NewEntry("test/2026-07", "deduction.withheld", date(2026, 7, 15), (), "refunded")])
    assert office.decide("2026-10-02") == [("2026-01-01", "2026-07-01", "EE")]
    assert [one.state for one in office.differences("resolved")] == ["resolved"]


def test_every_decision_also_a_refusal_is_kept_and_answers_why(office: Office) -> None:
    first = office.decided()
    assert [one.status for one in first] == ["eligible"]
    assert first[0].decision.startswith("elg_")
    office.decide("2026-10-05")
    assert office.decided() == first  # the same answer on another day is the same decision
    office.book("    eligibility: {classes: [seasonal]}\n")
    office.decide("2026-10-06")
    refused, before = (one for one in office.decided() if one.rule == "eligibility")
    assert before.decision == first[0].decision
    assert (refused.status, refused.stands_in_the_way) == (
        "not_eligible", ("class fail, needs employment_class ['seasonal']",),
    )  # fmt: skip
    with office.hub.store.read("acme") as session:
        told = why(session, refused.decision)
        with pytest.raises(DataError, match="no eligibility decision elg_nothing"):
            why(session, "elg_nothing")
    assert told.title == "eligibility decision by eligibility"
    assert told.data["about"]["employee"] == office.who
    assert {one["rule"] for one in told.data["reasons"]} == {"employed", "class", "hours", "waiting", "plan_open"}
