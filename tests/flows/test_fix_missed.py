"""A deferral that payroll missed: found, made up for by a fix, deposited as QNEC, credited, and over only then."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import select
from tests.flows.missed import MISSED, OCTOBER, RIGHT, World

from benehub import facts, ledger, reconcile
from benehub.errors import DataError
from benehub.flows import Hub, fixes, match
from benehub.flows.made_up import owe
from benehub.flows.onboarding import load_plan_book
from benehub.flows.savings import contribute, load, standings
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Interval, Month
from benehub.reconcile import fixes as frozen
from benehub.reconcile.fixes import Proposal
from benehub.records import Source
from benehub.rules.retirement.limits import retirement_limits
from benehub.store.tables import person
from benehub.views.contributions import made_up
from benehub_connectors import recordkeeper_files

OWED_BY_NONE = (
    f"employee 1001: 401k {MISSED}/pretax is owed, and by no fix: look at "
    f"`benehub ledger journal --account .* --employee 1001 --plan 401k --month {OCTOBER}`"
)


Made = Callable[..., World]


@pytest.fixture
def made(
    sqlite_url: str, tmp_path: Path, open_hub: Callable[..., Hub], fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Made:
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 11, 3, 12, tzinfo=UTC))
    return lambda *terms, **settings: World(
        open_hub(sqlite_url, recordkeeper_files), fakehub, tmp_path, *terms, **settings
    )


def test_what_was_missed_is_made_up_for_and_over_when_it_is_credited(made: Made) -> None:
    world = made(qnec_column="safe_harbor_nonelective")
    missed = {("NOT_TAKEN", f"{MISSED}/pretax"): (100_000, 0), ("EMPLOYER_LINE_DIFF", f"{MISSED}/match"): (40_000, 0)}
    world.flow("retirement.deposit", "401k", RIGHT)
    world.credited()
    # The repayment of the loan went with them: deposited and credited as what it is.
    assert world.keeper.trust.credits[-1].source is Source.LOAN
    assert world.differences() == missed
    shown = fixes.preview(world.hub, "acme", world.missed(), "missed_deferral")
    assert "50% is owed as no notice is known, and 0% once it was given" in shown.says
    assert "QNEC of 500.00 (50%), match 400.00" in shown.says and "SAFE HARBOR NEC" in shown.text
    fix = fixes.propose(world.hub, "acme", world.missed(), "ann", "missed_deferral")
    fixes.approve(world.hub, "acme", fix, "ben")
    done = world.flow("fixes.carry", fix)
    assert (done["state"], world.balances()) == ("carried_out", {})
    waiting = {
        **missed, ("DEPOSITED_NOT_CREDITED", f"{MISSED}/qnec"): (50_000, 0),
        ("DEPOSITED_NOT_CREDITED", f"{MISSED}/match"): (40_000, 0),
    }  # fmt: skip
    found = world.differences()
    earned = {key: value for key, value in found.items() if key[0] == "EARNINGS_NOT_CREDITED"}
    assert {key: value for key, value in found.items() if key not in earned} == waiting
    with pytest.raises(DataError, match=f"{fix} makes up for it already and is carried_out"):
        fixes.propose(world.hub, "acme", world.missed(), "ann", "missed_deferral")
    missed_id = world.missed()
    assert sum(value[0] for value in earned.values()) == shown.at_stake - 90_000 > 0
    world.credited()
    sources = {(one.source, one.earnings): one.amount_minor for one in world.keeper.trust.credits[-4:]}
    assert sources[Source.ER_QNEC, False] == 50_000 and sources[Source.ER_MATCH, False] == 40_000
    assert sources[Source.ER_QNEC, True] > sources[Source.ER_MATCH, True] > 0
    assert world.differences() == {}
    with world.hub.store.write("acme") as session:
        assert made_up(session, 2026, world.who) == {world.who: 90_000}
        row = frozen.get(session, fix)
        again = Proposal(
            missed_id, row.action, row.connection_id, frozen.content(session, row), "", 1, "USD", world.who
        )
        frozen.move(session, frozen.propose(session, again, "ann", ""), "benehub", "carried_out", "")
    # Two fixes of one line are the same money, told twice.
    assert world.differences() == {}


def test_a_fix_taken_back_owes_nothing_and_one_that_has_left_stays(made: Made) -> None:
    world = made(qnec_column="safe_harbor_nonelective")
    world.differences()
    before = world.balances()
    first = world.approved()
    owed = world.owe(first)
    assert owed[chart.MATCH_PAYABLE] == before[chart.MATCH_PAYABLE] - 90_000
    fixes.withdraw(world.hub, "acme", first, "ben", "payroll takes it after all")
    assert world.balances() == before
    assert world.flow("retirement.deposit", "401k", MISSED) == {"rows": 0}
    second = world.approved()
    assert world.owe(second) == owed == world.owe(second)
    world.flow("retirement.deposit", "401k", MISSED)
    with pytest.raises(DataError, match=r"left already|been deposited"):
        fixes.withdraw(world.hub, "acme", second, "ben", "too late")
    with world.hub.store.write("acme") as session:
        other = {**frozen.content(session, frozen.get(session, second)), "qnec_minor": 1}
        with pytest.raises(DataError, match=f"employee 1001: 401k {MISSED}/pretax: no approved fix makes it owed"):
            owe(session, world.hub.book(session), other)


def test_what_is_approved_is_owed_and_leaves_with_the_deposit_of_its_pay_date(made: Made) -> None:
    world = made(qnec_column="safe_harbor_nonelective")
    world.differences()
    before = world.balances()
    fix = world.approved()
    owed = world.balances()
    assert owed[chart.MATCH_PAYABLE] == before[chart.MATCH_PAYABLE] - 90_000
    assert (world.owe(fix), world.flow("retirement.deposit", "401k", MISSED)["rows"]) == (owed, 2)


def test_what_was_owed_and_refused_is_told_again_and_not_owed_twice(made: Made) -> None:
    world = made(qnec_column="safe_harbor_nonelective")
    world.flow("retirement.deposit", "401k", RIGHT)
    world.credited()
    world.differences()
    first = world.approved()
    owed = world.owe(first)
    with world.hub.store.write("acme") as session:
        frozen.move(session, first, "benehub", "failed", "its file was refused")
    assert f"send again what {first} (failed)" in fixes.preview(world.hub, "acme", world.missed()).says
    second = world.approved()
    assert world.owe(second) == owed
    assert (world.flow("fixes.carry", second)["state"], world.balances()) == ("carried_out", {})
    world.credited()
    assert world.differences() == {}


def test_a_refused_one_whose_money_went_with_the_next_deposit_is_over_when_it_is_credited(made: Made) -> None:
    world = made(qnec_column="safe_harbor_nonelective")
    world.flow("retirement.deposit", "401k", RIGHT)
    world.credited()
    world.differences()
    fix = world.approved()
    with world.hub.store.write("acme") as session:
        frozen.move(session, fix, "benehub", "failed", "its file was refused")
    world.flow("retirement.deposit", "401k", MISSED)
    world.flow("retirement.deposit-earnings", "401k", MISSED)
    assert ("NOT_TAKEN", f"{MISSED}/pretax") in world.differences()
    with pytest.raises(DataError, match=f"what {fix} .failed. has made owed has left already: read the credits"):
        fixes.propose(world.hub, "acme", world.missed(), "ann", "missed_deferral")
    world.credited()
    assert world.differences() == {}


def test_what_was_never_owed_is_not_over_whatever_its_fix_says(made: Made) -> None:
    world = made(qnec_column="safe_harbor_nonelective")
    world.differences()
    fix = fixes.propose(world.hub, "acme", world.missed(), "ann", "missed_deferral")
    with world.hub.store.write("acme") as session:
        frozen.move(session, fix, "benehub", "carried_out", "")
        # A fix of somebody else is not opened for it: this one could not be read.
        row = frozen.get(session, fix)
        others = Proposal(row.difference_id, row.action, row.connection_id, {}, "", 1, "USD", "per_other")
        frozen.move(session, frozen.propose(session, others, "ann", ""), "benehub", "carried_out", "")
        assert fixes.ACTIONS[row.action].keys(session, "keeper", frozen.content(session, row)) == []
    assert ("NOT_TAKEN", f"{MISSED}/pretax") in world.differences()


def test_what_is_owed_by_no_fix_is_named_without_an_internal_id(made: Made) -> None:
    world = made(qnec_column="safe_harbor_nonelective")
    world.differences()
    day = date.fromisoformat(MISSED)
    legs = [Leg(account, "USD", amount, world.who, "401k", "qnec", OCTOBER, day)
            for account, amount in ((chart.MATCH_EXPENSE, 50_000), (chart.MATCH_PAYABLE, -50_000))]  # fmt: skip
    base = f"correction/{world.who}/401k/{MISSED}/pretax"
    with world.hub.store.write("acme") as session:
        ledger.record(session, [NewEntry("q", "correction.accrued", date(2026, 11, 3), tuple(legs), base)])
    with pytest.raises(DataError, match=OWED_BY_NONE) as refused:
        fixes.preview(world.hub, "acme", world.missed(), "missed_deferral")
    assert world.who not in str(refused.value)


def test_what_the_recordkeeper_cannot_take_is_not_proposed_nor_held_against_the_others(made: Made) -> None:
    world = made()
    world.differences()
    with pytest.raises(DataError, match=r"keeper cannot carry it.*no column"):
        fixes.propose(world.hub, "acme", world.missed(), "ann", "missed_deferral")
    with pytest.raises(DataError, match="no employee's share"):
        fixes.preview(world.hub, "acme", world.missed(), "payroll_line")
    # The recordkeeper takes it no more after it was owed: one row waits, by name, and the flow does not fail.
    legs = [Leg(account, "USD", amount, world.who, "401k", "qnec", OCTOBER, date.fromisoformat(RIGHT))
            for account, amount in ((chart.MATCH_EXPENSE, 50_000), (chart.MATCH_PAYABLE, -50_000))]  # fmt: skip
    with world.hub.store.write("acme") as session:
        ledger.record(session, [NewEntry("q", "correction.accrued", date(2026, 11, 3), tuple(legs), "test")])
    assert world.flow("retirement.deposit", "401k", RIGHT)["held_people"] == 1


def test_two_deferrals_missed_on_one_day_are_matched_together_and_once(made: Made) -> None:
    world = made(elected=(4, 4), qnec_column="safe_harbor_nonelective")
    world.flow("retirement.deposit", "401k", RIGHT)
    world.credited()
    assert world.differences()["EMPLOYER_LINE_DIFF", f"{MISSED}/match"] == (40_000, 0)
    early = fixes.propose(world.hub, "acme", world.missed("roth"), "ann", "missed_deferral")
    first = world.approved()
    with pytest.raises(DataError, match="has changed since it was proposed"):
        fixes.approve(world.hub, "acme", early, "ben")
    fixes.withdraw(world.hub, "acme", early, "ben", "alone it is another")
    second = world.approved("roth")
    assert world.balances()[chart.MATCH_PAYABLE] == -(20_000 + 20_000 + 40_000)
    with pytest.raises(DataError, match=f"withdraw {second} first"):
        fixes.withdraw(world.hub, "acme", first, "ben", "payroll takes it after all")
    with world.hub.store.read("acme") as session:
        rows = [frozen.get(session, one) for one in (first, second)]
        told = [frozen.content(session, row) for row in rows]
        keys = fixes.ACTIONS["missed_deferral"].keys
        assert [keys(session, "keeper", one) for one in told] == [[], []]
    assert world.flow("fixes.carry", first)["state"] == "carried_out"
    # One file carries both, and both are over with it.
    with world.hub.store.read("acme") as session:
        assert (frozen.get(session, second).state, world.balances()) == ("carried_out", {})
    world.credited()
    assert world.differences() == {}


def test_the_file_of_one_deferral_is_not_that_of_the_other(made: Made) -> None:
    world = made(elected=(4, 4), qnec_column="safe_harbor_nonelective")
    world.differences()
    first = world.approved()
    world.flow("fixes.carry", first)
    second = world.approved("roth")
    keys = fixes.ACTIONS["missed_deferral"].keys
    with world.hub.store.read("acme") as session:
        told = [frozen.content(session, frozen.get(session, one)) for one in (first, second)]
        file = f"contribution.deposit/401k/{MISSED}"
        assert (keys(session, "keeper", told[0])[:1], keys(session, "keeper", told[1])) == ([file], [])
    assert world.flow("fixes.carry", second)["state"] == "carried_out"
    with world.hub.store.read("acme") as session:
        assert keys(session, "keeper", told[1])[0] == f"{file}/correction-1"


HALF = "tiers: [{rate: 50%, up_to: 7.5%}]"


def test_the_true_up_counts_what_was_made_up_for_and_pays_its_match_no_second_time(made: Made) -> None:
    world = made(f"{HALF}, true_up: true", 37_500, qnec_column="safe_harbor_nonelective")
    world.differences()
    assert match.preview(world.hub, "acme", 2026)["true_up_minor"] == 12_500
    world.owe(world.approved())
    told = match.preview(world.hub, "acme", 2026)
    assert (told["true_up_minor"], told["over_match_minor"]) == (0, 0)


def test_a_qnec_takes_room_from_the_years_additions_and_is_no_match(made: Made) -> None:
    world = made(f"{HALF}, period: monthly", 0, qnec_column="safe_harbor_nonelective")
    assert world.balances()[chart.MATCH_PAYABLE] == -50_000
    whole, day = retirement_limits(2026).additions_minor, date.fromisoformat(RIGHT)
    legs = [Leg(account, "USD", amount, world.who, "401k", "qnec", OCTOBER, day)
            for account, amount in ((chart.MATCH_EXPENSE, whole), (chart.MATCH_PAYABLE, -whole))]  # fmt: skip
    with world.hub.store.write("acme") as session:
        ledger.record(session, [NewEntry("q", "correction.accrued", date(2026, 11, 3), tuple(legs), "test")])
        book = world.hub.book(session)
        assert match.post(session, book, Month(2026, 10)).corrected == 1
        saved = load(session, date(2026, 1, 1), date(2027, 1, 1))[world.who]
        assert (saved.match, saved.qnec) == (0, whole)
        (one,) = standings(session, book, 2026)
        assert (one.additions_minor, one.state) == (100_000 + whole, "over")
        (worker,) = facts.workers(session, Interval(day, date(2026, 11, 3)), None, [world.who])
        cover = worker.coverages["retirement"][0].data
        parts = contribute(book.plan("401k"), worker, cover, 1_000_000, day, saved)
        assert (parts["pretax"], parts["match"]) == (0, 0)
    assert world.balances()[chart.MATCH_PAYABLE] == -whole


def test_a_true_up_that_counted_what_is_taken_back_is_worked_out_anew(
    made: Made, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = made(f"{HALF}, true_up: true", 37_500, qnec_column="safe_harbor_nonelective")
    world.differences()
    fix = world.approved()
    monkeypatch.setattr(fakehub, "NOW", datetime(2027, 1, 4, 12, tzinfo=UTC))
    assert world.flow("retirement.true-up", 2026)["true_up_minor"] == 0
    before = world.balances()
    fixes.withdraw(world.hub, "acme", fix, "ben", "payroll takes it after all")
    # QNEC and match of the correction are owed no more, and the year's formula again gives what it had spared.
    assert world.balances()[chart.MATCH_PAYABLE] == before[chart.MATCH_PAYABLE] + 87_500 - 12_500
    assert match.preview(world.hub, "acme", 2026)["true_up_minor"] == 12_500


def test_too_much_of_another_pay_date_keeps_no_fix_from_being_taken_back(made: Made) -> None:
    world = made(f"{HALF}, period: monthly", 0, qnec_column="safe_harbor_nonelective")
    world.differences()
    legs = [Leg(account, "USD", amount, world.who, "401k", "match", "2026-08", date(2026, 8, 31))
            for account, amount in ((chart.MATCH_EXPENSE, -100), (chart.MATCH_PAYABLE, 100))]  # fmt: skip
    with world.hub.store.write("acme") as session:
        ledger.record(session, [NewEntry("q", "match.accrued", date(2026, 8, 31), tuple(legs), "test")])
    before = world.balances()
    fixes.withdraw(world.hub, "acme", world.approved(), "ben", "payroll takes it after all")
    assert world.balances() == before
    # The match that counts it has left meanwhile: that is a reason.
    second = world.approved()
    world.flow("retirement.deposit", "401k", RIGHT)
    with pytest.raises(DataError, match="the match that counts it has been deposited"):
        fixes.withdraw(world.hub, "acme", second, "ben", "too late")


def test_the_match_of_a_longer_period_counts_what_was_missed(made: Made) -> None:
    world = made(f"{HALF}, period: monthly", 0, qnec_column="safe_harbor_nonelective")
    world.differences()
    before = world.balances()
    assert before[chart.MATCH_PAYABLE] == -50_000
    assert "counts what was missed" in fixes.preview(world.hub, "acme", world.missed(), "missed_deferral").says
    fix = world.approved()
    assert world.balances()[chart.MATCH_PAYABLE] == -75_000 - 50_000
    world.owe(fix)
    match.accrue(world.hub, "acme", Month(2026, 10))
    assert world.balances()[chart.MATCH_PAYABLE] == -75_000 - 50_000
    fixes.withdraw(world.hub, "acme", fix, "ben", "payroll takes it after all")
    assert world.balances() == before
    done = world.flow("fixes.carry", world.approved())
    assert (done["state"], world.balances()[chart.MATCH_PAYABLE]) == ("carried_out", -75_000)


def test_told_in_time_nothing_of_the_deferral_is_owed_and_all_of_the_match(made: Made) -> None:
    world = made(qnec_column="safe_harbor_nonelective")
    world.flow("retirement.deposit", "401k", RIGHT)
    world.credited()
    world.differences()
    # Payroll's own match of that pay date goes first.
    day = date.fromisoformat(MISSED)
    legs = [Leg(account, "USD", amount, world.who, "401k", "match", OCTOBER, day)
            for account, amount in ((chart.MATCH_EXPENSE, 1_000), (chart.MATCH_PAYABLE, -1_000))]  # fmt: skip
    with world.hub.store.write("acme") as session:
        ledger.record(session, [NewEntry("own", "match.accrued", day, tuple(legs), "test")])
    world.flow("retirement.deposit", "401k", MISSED)
    told, before, row = date(2026, 11, 2), world.balances(), world.missed()
    shown = fixes.preview(world.hub, "acme", row, notice_day=told)
    assert (shown.action, shown.with_notice) == ("missed_deferral", True)
    assert "QNEC of 0.00 (0%), match 400.00" in shown.says and "was told in writing on 2026-11-02" in shown.says
    assert '"notice_day": "2026-11-02"' in shown.text and '"share": "0%"' in shown.text
    first = world.approved(told=told)
    with world.hub.store.read("acme") as session:
        content = frozen.content(session, frozen.get(session, first))
        assert fixes.ACTIONS["missed_deferral"].keys(session, "keeper", content) == []
    assert world.balances()[chart.MATCH_PAYABLE] == before.get(chart.MATCH_PAYABLE, 0) - 40_000
    fixes.withdraw(world.hub, "acme", first, "ben", "payroll takes it after all")
    assert world.balances() == before
    second = world.approved(told=told)
    assert (world.flow("fixes.carry", second)["state"], world.balances()) == ("carried_out", {})
    assert ("NOT_TAKEN", f"{MISSED}/pretax") in world.differences()
    with pytest.raises(DataError, match=f"{second} makes up for it already and is carried_out"):
        fixes.propose(world.hub, "acme", row, "ann", "missed_deferral")
    with world.hub.store.read("acme") as session:
        keys = fixes.ACTIONS["missed_deferral"].keys(session, "keeper", content)
        assert keys[0] == f"contribution.deposit/401k/{MISSED}/correction-1"
    world.credited()
    assert world.differences() == {}
    assert Source.ER_QNEC not in {one.source for one in world.keeper.trust.credits}


def test_told_in_time_and_put_right_late_a_quarter_is_owed(made: Made) -> None:
    world = made(qnec_column="safe_harbor_nonelective", day="2026-06-15")
    world.differences()
    seen = [fixes.preview(world.hub, "acme", world.missed(), "missed_deferral", notice_day=day).says
            for day in (None, date(2026, 11, 2))]  # fmt: skip
    assert "QNEC of 500.00 (50%)" in seen[0] and "and 25% once it was given" in seen[0]
    assert "QNEC of 250.00 (25%), match 400.00" in seen[1]
    fix = world.approved(told=date(2026, 11, 2))
    with world.hub.store.read("acme") as session:
        content = frozen.content(session, frozen.get(session, fix))
    assert (content["qnec_minor"], content["share"], content["notice_day"]) == (25_000, "25%", "2026-11-02")
    assert world.flow("fixes.carry", fix)["state"] == "carried_out"
    world.credited()
    assert {day for _, day in world.differences()} == {"2026-06-30/pretax", "2026-06-30/match"}, "a pay of its own"


def test_pays_that_missed_it_one_after_the_other_are_one_failure(made: Made) -> None:
    """The pay of September alone was put right in time; it went wrong in May, and three months of that were over."""
    world = made(qnec_column="safe_harbor_nonelective", day="2026-09-15", before=("2026-05-15",))
    world.differences()
    says = fixes.preview(world.hub, "acme", world.missed(), "missed_deferral", notice_day=date(2026, 11, 2)).says
    assert "QNEC of 250.00 (25%)" in says


def test_a_pay_that_missed_it_by_itself_is_in_time(made: Made) -> None:
    world = made(qnec_column="safe_harbor_nonelective", day="2026-09-15")
    world.differences()
    says = fixes.preview(world.hub, "acme", world.missed(), "missed_deferral", notice_day=date(2026, 11, 2)).says
    assert "QNEC of 0.00 (0%)" in says


@pytest.mark.parametrize("nothing", ["0%", "0", ""])
def test_a_pay_with_nothing_elected_is_no_part_of_a_failure(made: Made, nothing: str) -> None:
    world = made(qnec_column="safe_harbor_nonelective", day="2026-09-15", before=("2026-04-15", "2026-05-15"))
    world.elect({date(2025, 1, 1): "10%", date(2026, 5, 1): nothing, date(2026, 9, 1): "10%"})
    world.differences()
    assert "QNEC of 0.00 (0%)" in world.told_in_time(), "what April missed ended with the election"


def test_a_pay_on_which_nothing_was_due_is_no_part_of_a_failure(made: Made) -> None:
    """As where a limit was reached: the comparison of that month has found nothing missing."""
    world = made(qnec_column="safe_harbor_nonelective", day="2026-09-15", before=("2026-05-15",))
    world.flow("reconcile", "2026-05", ["payroll"])
    world.differences()
    assert "QNEC of 0.00 (0%)" in world.told_in_time()


@pytest.mark.parametrize("taken", [0, 30_000])
def test_pays_that_missed_some_of_it_are_one_failure_until_all_of_it_is_taken(made: Made, taken: int) -> None:
    partly = {"2026-05-15": taken} if taken else {}
    world = made(qnec_column="safe_harbor_nonelective", day="2026-09-15", before=("2026-05-15",), partly=partly)
    world.compare("2026-05")
    world.differences()
    assert "QNEC of 250.00 (25%)" in world.told_in_time()
    with world.hub.store.write("acme") as session:
        found = [one for one in reconcile.listed(session) if one.reference == "2026-05-15/pretax"]
        assert [one.type for one in found] == ["AMOUNT_DIFF" if taken else "NOT_TAKEN"]
        reconcile.act(session, found[0].difference_id, "ann", state="dismissed", note="an election of that day only")
    assert "QNEC of 0.00 (0%)" in world.told_in_time(), "what was dismissed was not missed"


def test_a_pay_that_takes_some_of_it_is_not_right_again(made: Made) -> None:
    world = made(qnec_column="safe_harbor_nonelective", partly={RIGHT: 30_000})
    world.differences()
    with pytest.raises(DataError, match="payroll has not taken the deferral again since"):
        world.told_in_time()


def test_with_automatic_enrollment_nothing_is_owed_until_october_of_the_next_year(made: Made) -> None:
    """Put right in the fifth month: a quarter by the common rule, nothing by that of 26 U.S.C. 414(cc)."""
    world = made(qnec_column="safe_harbor_nonelective", day="2026-06-15")
    world.differences()
    told = date(2026, 11, 2)
    assert "(25%)" in fixes.preview(world.hub, "acme", world.missed(), "missed_deferral", notice_day=told).says
    with world.hub.store.read("acme") as session:
        content = world.hub.book(session).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    content["plans"][-1]["deferral"]["automatic_enrollment"] = True
    load_plan_book(world.hub, json.dumps(content), "book")
    says = fixes.preview(world.hub, "acme", world.missed(), "missed_deferral").says
    assert "QNEC of 500.00 (50%)" in says and "and 0% once it was given" in says, "without a notice half is owed"
    says = fixes.preview(world.hub, "acme", world.missed(), "missed_deferral", notice_day=told).says
    assert "QNEC of 0.00 (0%), match 400.00" in says
    fix = world.approved(told=told)
    assert world.flow("fixes.carry", fix)["state"] == "carried_out"
    world.credited()
    assert {day for _, day in world.differences()} == {"2026-06-30/pretax", "2026-06-30/match"}, "a pay of its own"


def test_the_match_of_a_longer_period_is_worked_out_for_him_alone(made: Made) -> None:
    """What is wrong with others' match is not put right, or spoiled, by the way."""
    world = made(f"{HALF}, period: monthly", 0, qnec_column="safe_harbor_nonelective")
    world.differences()
    day = date(2026, 10, 30)
    with world.hub.store.write("acme") as session:
        other = next(
            row.person_id for row in session.rows(select(person.c.person_id).where(*session.where(person)))
            if row.person_id != world.who
        )  # fmt: skip
        legs = [Leg(account, "USD", amount, other, "401k", "match", OCTOBER, day)
                for account, amount in ((chart.MATCH_EXPENSE, 700), (chart.MATCH_PAYABLE, -700))]  # fmt: skip
        key = f"match/401k/{other}/{day}/r1"
        ledger.record(session, [NewEntry(key, "match.accrued", day, tuple(legs), "the plan's match formula")])

    def theirs() -> int:
        with world.hub.store.read("acme") as session:
            found = ledger.balances(session, [chart.MATCH_PAYABLE], by=("person_id",), person_id=other)
            return sum(one.amount for one in found)

    assert theirs() == -700
    fix = world.approved()
    fixes.withdraw(world.hub, "acme", fix, "ben", "payroll takes it after all")
    world.flow("fixes.carry", world.approved())
    assert theirs() == -700
    match.accrue(world.hub, "acme", Month(2026, 10))
    assert theirs() == 0, "as known now he was not in the plan"


def test_a_day_of_notice_that_makes_no_smaller_part_possible_is_refused(
    made: Made, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = made(qnec_column="safe_harbor_nonelective")
    world.differences()
    row = world.missed()

    def refused(told: date, why: str, action: str = "missed_deferral") -> None:
        with pytest.raises(DataError, match=why):
            fixes.propose(world.hub, "acme", row, "ann", action, notice_day=told)

    refused(date(2026, 11, 4), "2026-11-04: it is still to come. Tell the employee first")
    refused(date(2026, 10, 14), "nothing was missed before 2026-10-15")
    refused(date(2026, 11, 2), "no fix of it depends on a notice", "payroll_line")
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 12, 16, 12, tzinfo=UTC))
    refused(date(2026, 12, 15), "the last day for it was 2026-12-14. Leave the day out")
    assert "(0%)" in fixes.preview(world.hub, "acme", row, notice_day=date(2026, 12, 14)).says
    # What is owed without a notice stays owed as it is.
    fix = world.approved()
    with world.hub.store.write("acme") as session:
        frozen.move(session, fix, "benehub", "failed", "its file was refused")
    refused(date(2026, 12, 14), f"{fix} .failed. has made it owed without that notice: leave the day of it out")


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        (f"{HALF}, period: monthly", "but the match of its period, which has to be corrected by hand"),
        ("tiers: [{rate: 50%, up_to: 0.00001%}]", "nothing is owed for it .0%, and no match.: resolve the difference"),
    ],
)
def test_where_not_even_a_match_is_owed_there_is_nothing_to_fix(made: Made, terms: str, why: str) -> None:
    world = made(terms, 0, qnec_column="safe_harbor_nonelective")
    world.differences()
    with pytest.raises(DataError, match=why):
        fixes.preview(world.hub, "acme", world.missed(), notice_day=date(2026, 11, 2))
