"""What a custodian has too much of a pay date is counted on the next one's deposit, and nothing is asked back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select
from tests.flows.test_account_deposits import REGISTER, World, build, taken

from benehub import ledger, reconcile
from benehub.connect.connector import Incoming
from benehub.errors import DataError
from benehub.flows import dispatches, fixes
from benehub.ledger import accounts as chart
from benehub.store.tables import difference, entry, fix, person
from benehub.views.money_path import money_paths

__all__ = ["build"]
NEXT = date(2026, 10, 30)


@pytest.fixture
def world(db_url: str, build: Any) -> World:
    """The custodian has 20.00 too much of one person's FSA."""
    made: World = build(db_url)
    made.deposit()
    made.answer()
    made.read([*REGISTER[:2], taken(1, "FSA", 100_00), REGISTER[3]])
    made.flow("reconcile", "2026-10", ["accounts"])
    return made


def next_pay(world: World, amount: int) -> None:
    """The register of the next pay date, too."""
    data = dict(taken(1, "FSA", amount).data) | {"pay_run": "run 2", "check": "1b", "pay_date": str(NEXT)}
    world.read([*REGISTER[:2], taken(1, "FSA", 100_00), REGISTER[3], Incoming("next", data)])


def over(world: World) -> Any:
    with world.hub.store.read("acme") as session:
        (row,) = session.rows(select(difference).where(difference.c.type == "DEPOSITED_OVER"))
    return row


def owed(world: World) -> dict[date, int]:
    with world.hub.store.read("acme") as session:
        found = ledger.balances(session, [chart.ACCOUNT_PAYABLE], by=("pay_date",))
    return {one.dimensions["pay_date"]: one.amount for one in found if one.amount}


def options(world: World) -> dict[str, str]:
    return {one.action: one.why_not for one in fixes.options(world.hub, "acme", over(world).difference_id)}


@pytest.mark.parametrize(("taken_next", "sent"), [(120_00, 100_00), (15_00, 0)])
def test_the_next_deposit_is_less_by_it_and_the_difference_closes(world: World, taken_next: int, sent: int) -> None:
    one = over(world).difference_id
    assert options(world)["account_offset"].startswith("no later pay date of the same year owes that account")
    world.fakehub.NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
    next_pay(world, taken_next)
    counted = min(20_00, taken_next)
    seen = fixes.preview(world.hub, "acme", one, "account_offset")
    assert seen.says.startswith(f"count {counted // 100}.00 USD that the custodian has too much for 2026-10-15")
    assert owed(world) == {date(2026, 10, 15): 20_00, NEXT: -taken_next}
    made = fixes.propose(world.hub, "acme", one, "ann", "account_offset")
    fixes.approve(world.hub, "acme", made, "ben")
    assert world.flow("fixes.carry", made)["state"] == "carried_out"
    done = world.flow("accounts.deposit", "bank", str(NEXT))
    assert done["rows"] == (1 if sent else 0)
    world.answer(date(2026, 11, 3))
    assert world.bank.accounts["1001", "fsa", "EMPLOYEE"] == 120_00 + sent
    world.flow("reconcile", "2026-10", ["accounts"])
    with world.hub.store.read("acme") as session:
        row = reconcile.get(session, one)
        assert (row.state == "resolved") == (counted == 20_00)
        if counted == 20_00:
            (named,) = reconcile.history(session, one)[-1].entries
            assert ledger.entry_of(session, named).type == "account.offset"
            who = session.rows(select(person.c.person_id).where(person.c.member_id == "1001"))[0].person_id
            paths = {(path.when, path.where.value, path.sent) for path in money_paths(session, who, 2026)
                     if path.plan == "fsa"}  # fmt: skip
            assert paths == {("2026-10-15", "confirmed", 100_00), ("2026-10-30", "confirmed", 120_00)}


def test_it_is_taken_back_with_its_fix_and_may_be_counted_again(world: World) -> None:
    one = over(world).difference_id
    next_pay(world, 120_00)
    for _ in range(2):
        made = fixes.propose(world.hub, "acme", one, "ann", "account_offset")
        fixes.approve(world.hub, "acme", made, "ben")
        assert owed(world) == {NEXT: -100_00}
        fixes.withdraw(world.hub, "acme", made, "ann", "the custodian gives it back")
        assert owed(world) == {date(2026, 10, 15): 20_00, NEXT: -120_00}
    with world.hub.store.read("acme") as session:
        assert len(session.rows(select(entry).where(entry.c.type == "account.offset"))) == 2


class Died(Exception):
    """What stands for a process that ends."""


def test_a_file_that_may_have_arrived_is_settled_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    next_pay(world, 120_00)
    monkeypatch.setattr("benehub.dispatch.end_all", lambda *_: (_ for _ in ()).throw(Died))
    with pytest.raises(Exception, match="Died"):
        world.flow("accounts.deposit", "bank", str(NEXT))
    assert "may have arrived" in options(world)["account_offset"]


def test_what_has_left_and_is_not_posted_yet_is_owed_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    next_pay(world, 120_00)
    monkeypatch.setattr("benehub.flows.account_deposits._post", lambda *_: (_ for _ in ()).throw(Died))
    with pytest.raises(Exception, match="Died"):
        world.flow("accounts.deposit", "bank", str(NEXT))
    assert owed(world)[NEXT] == -120_00
    assert options(world)["account_offset"].startswith("no later pay date of the same year owes that account")


def test_the_custodian_may_be_asked_instead_and_is_told_why_it_may(world: World) -> None:
    row = over(world)
    made = fixes.propose(world.hub, "acme", row.difference_id, "ann", "ask_custodian")
    fixes.approve(world.hub, "acme", made, "ben")
    done = world.flow("fixes.carry", made)
    assert (done["held"], done["state"]) == (1, "approved")
    with pytest.raises(DataError, match="is approved"):
        fixes.propose(world.hub, "acme", row.difference_id, "ann", "ask_custodian")
    # The same money is asked back once: it is not counted as well, before the letter has left or after it.
    next_pay(world, 120_00)
    assert options(world)["account_offset"] == f"{made} moves the same money and is approved"
    assert dispatches.settle(world.hub, "acme", done["dispatch"], True, "ann", "by mail") in ("sent", "confirmed")
    fixes.follow(world.hub, "acme")
    assert options(world)["account_offset"].startswith(f"{made} has asked for the same money: withdraw it once")
    with pytest.raises(DataError, match="has asked for the same money"):
        fixes.propose(world.hub, "acme", row.difference_id, "ann", "account_offset")
    fixes.withdraw(world.hub, "acme", made, "ann", "the custodian gives nothing back")
    assert options(world)["account_offset"] == ""


def test_of_two_that_move_the_same_money_one_is_proposed_and_one_approved(world: World) -> None:
    one = over(world).difference_id
    next_pay(world, 120_00)
    first = fixes.propose(world.hub, "acme", one, "ann", "account_offset")
    with pytest.raises(DataError, match=f"{first} moves the same money and is proposed"):
        fixes.propose(world.hub, "acme", one, "ann", "ask_custodian")
    # Both may stand from before; only one of them is approved.
    fixes.reject(world.hub, "acme", first, "ben", "not so")
    second = fixes.propose(world.hub, "acme", one, "ann", "ask_custodian")
    with world.hub.store.write("acme") as session:
        session.change(fix, {"fix_id": first}, state="approved")
    with pytest.raises(DataError, match=f"{first} moves the same money and is approved"):
        fixes.approve(world.hub, "acme", second, "ben")


def test_what_is_counted_is_not_asked_for_before_the_next_comparison_says_so(world: World) -> None:
    one = over(world).difference_id
    next_pay(world, 120_00)
    made = fixes.propose(world.hub, "acme", one, "ann", "account_offset")
    fixes.approve(world.hub, "acme", made, "ben")
    assert world.flow("fixes.carry", made)["state"] == "carried_out"
    assert options(world)["ask_custodian"].startswith("nothing is there too much for that pay date any more")
