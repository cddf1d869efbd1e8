"""What only a vendor can put right is asked of it in writing: frozen, sent by a person, and never against the law."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select
from tests.flows.test_contribution_corrections import DAY, Keeper, keeper
from tests.flows.test_given_up import OCTOBER, Office, bought

from benehub import ledger
from benehub.errors import DataError
from benehub.flows import Hub, dispatches, fixes
from benehub.flows.fix_letters import BY_HAND
from benehub.flows.fix_none import WHY_NONE
from benehub.ledger import accounts as chart
from benehub.reconcile import Type
from benehub.store.tables import difference
from benehub.views import fixes as view

__all__ = ["keeper"]


def one_of(hub: Hub, kind: str) -> Any:
    with hub.store.read("acme") as session:
        rows = session.rows(select(difference).where(difference.c.type == kind, difference.c.state == "discrepancy"))
    return rows[0]


def options(hub: Hub, kind: str) -> dict[str, str]:
    found = fixes.options(hub, "acme", one_of(hub, kind).difference_id)
    return {one.action: one.why_not or one.says for one in found}


def asked(hub: Hub, flow: Callable[..., Any], kind: str, action: str) -> dict[str, Any]:
    """A fix by this action, up to the word that it was sent."""
    made = fixes.propose(hub, "acme", one_of(hub, kind).difference_id, "ann", action)
    fixes.approve(hub, "acme", made, "ben")
    done = flow("fixes.carry", made)
    assert (done["held"], done["state"]) == (1, "approved")
    with hub.store.read("acme") as session:
        assert view.shown(session, made)["obligations"][0]["reason"].startswith(BY_HAND)
    assert dispatches.settle(hub, "acme", done["dispatch"], True, "ann", "by mail") in ("sent", "confirmed")
    with hub.store.read("acme") as session:
        return view.shown(session, made)


def test_every_type_has_a_fix_or_says_why_it_has_none() -> None:
    fixed = {kind for action in fixes.ACTIONS.values() for _, kind in action.types}
    assert fixed | set(WHY_NONE) == set(Type)
    assert fixed & set(WHY_NONE) == set()


def test_a_recordkeeper_is_asked_to_take_back_what_was_deposited_too_much(keeper: Keeper) -> None:
    keeper.settings["negative_amounts"] = False
    keeper.mode("live")
    keeper.deposit()
    keeper.check(1, 5_000_00, 200_00, 150_00)
    keeper.results()
    keeper.deposit()
    keeper.flow("reconcile", "2026-11", ["retirement"])
    told = options(keeper.hub, "DEPOSITED_OVER")
    assert set(told) == {"ask_recordkeeper"} and "mistake of fact" in told["ask_recordkeeper"]
    seen = asked(keeper.hub, keeper.flow, "DEPOSITED_OVER", "ask_recordkeeper")
    assert seen["state"] == "carried_out"
    assert '"amount_minor": 5000' in seen["preview"] and '"pretax": 5000' in seen["preview"]
    # Asked is not settled.
    assert one_of(keeper.hub, "DEPOSITED_OVER").work_step == "waiting_on_partner"
    with pytest.raises(DataError, match="account_offset is no fix"):
        fixes.propose(keeper.hub, "acme", one_of(keeper.hub, "DEPOSITED_OVER").difference_id, "ann", "account_offset")


def test_a_deferral_taken_too_much_goes_back_by_the_check_until_it_is_deposited_then_by_the_plan(
    keeper: Keeper,
) -> None:  # fmt: skip
    keeper.flow("reconcile", "2026-11", ["payroll"])
    told = options(keeper.hub, "TAKEN_NOT_EXPECTED")
    assert told["ask_payroll"].startswith("ask payroll in writing")
    assert told["ask_recordkeeper"].startswith("it is not deposited yet")
    assert "never given back with another pay" in told["payroll_line"]
    keeper.deposit()
    told = options(keeper.hub, "TAKEN_NOT_EXPECTED")
    assert "the plan holds it" in told["ask_payroll"]
    assert "set off against no later deferral" in told["ask_recordkeeper"]
    seen = asked(keeper.hub, keeper.flow, "TAKEN_NOT_EXPECTED", "ask_recordkeeper")
    assert seen["connection"] == "keeper" and DAY in seen["preview"]


@pytest.fixture
def office(
    sqlite_url: str, open_hub: Callable[..., Hub], tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Office:
    hub = open_hub(sqlite_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    made = Office(hub, fakehub, monkeypatch, "pay_as_billed")
    made.on(date(2026, 10, 20))
    return made


def test_a_carrier_that_billed_too_little_is_told_and_the_rest_stays_owed(office: Office) -> None:
    bought(office, 100_00, 90_00)

    def flow(name: str, *arguments: Any) -> Any:
        return office.hub.start_flow(name, "acme", f"{name}/{arguments}", *arguments)

    told = options(office.hub, "RATE_DIFF")
    assert told["ask_carrier"].startswith("ask carrier in writing (10.00 USD): bill the rest")
    assert told["credit_claim"] == "the carrier billed no more than was owed: there is nothing to claim"
    seen = asked(office.hub, flow, "RATE_DIFF", "ask_carrier")
    assert seen["state"] == "carried_out"
    with office.hub.store.read("acme") as session:
        assert {one.amount for one in ledger.balances(session, [chart.PREMIUM_PAYABLE])} == {-10_00}
    office.bill("2026-10", 10_00, part="retro")
    office.reconcile(OCTOBER)
    assert office.differences() == []


def test_what_has_no_fix_says_why(office: Office) -> None:
    bought(office, 100_00, 90_00)
    with office.hub.store.write("acme") as session:
        session.change(difference, {"difference_id": one_of(office.hub, "RATE_DIFF").difference_id}, type="FEE")
    with pytest.raises(DataError, match="monthly_fee"):
        fixes.propose(office.hub, "acme", one_of(office.hub, "FEE").difference_id, "ann")
