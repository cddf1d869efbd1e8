"""The employer's match rides on one deferral order: payroll is told of it whenever it cannot be known to hold it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select

from benehub import facts, obligations
from benehub.connect.connector import Incoming
from benehub.facts import Version
from benehub.flows import Hub
from benehub.flows.onboarding import load_plan_book
from benehub.store.tables import obligation, person

TIERS = [["100%", "3%"], ["50%", "5%"]]
"""The match of the basic formula."""
PLAN = """  - id: 401k
    name: 401k
    benefit_type: retirement
    recordkeeper: carrier
    effective_from: 2025-01-01
    deferral: {pretax_code: 401K, roth_code: ROTH}
    MATCH
    coverage_end: last_day
carriers:
"""
BASIC = "match: {code: M, formula: basic}"


class Saver:
    """One employee who saves, and what payroll was told of him."""

    def __init__(self, hub: Hub, fakehub: ModuleType, folder: Path) -> None:
        self.hub, self.fakehub, self.folder = hub, fakehub, folder
        self.book(BASIC)
        self.pushes = 0
        with hub.store.read("acme") as session:
            self.person = str(session.rows(select(person.c.person_id).order_by(person.c.member_id))[0].person_id)

    def book(self, match: str) -> None:
        """The plan's match is this."""
        text = self.fakehub.BOOK.replace("carriers:\n", PLAN.replace("MATCH", match))
        load_plan_book(self.hub, text.replace("\n    \n", "\n"), "book")

    def elect(self, pretax: str, roth: str) -> None:
        """He saves so much."""
        cover = {"plan": "401k", "tier": "", "dependents": [], "pretax_rate": pretax, "roth_rate": roth, "event": ""}
        with self.hub.store.write("acme") as session:
            facts.record(session, [Version("coverage", self.person, "retirement", date(2025, 1, 1), cover)], "test")

    def payroll_tells(self, **rates: str) -> None:
        """Payroll's own list of what it holds is read."""
        rows = [
            Incoming(f"b/{code}", {"employee": "p1", "code": code, "employee_rate": rate}, row=number)
            for number, (code, rate) in enumerate(rates.items(), 1)
        ]
        self.fakehub.FakeConnector.rows["payroll_benefit"] = rows
        self.hub.start_flow("sync", "acme", f"held/{self.pushes}", "payroll", "payroll_benefit", "1", False)

    def push(self) -> dict[str, int]:
        """Push the pay date."""
        self.pushes += 1
        done: dict[str, int] = self.fakehub.run(self.hub, self.fakehub.PUSH, f"push {self.pushes}")
        return done

    def told(self) -> dict[str, Any]:
        """Code -> the rate and match that payroll was last told."""
        held = [one for one in self._held() if one["employee_rate"]]
        return {one["code"]: (one["employee_rate"], one["employer_match"]) for one in held}

    def ended(self) -> list[str]:
        """Codes that payroll was last told to end."""
        return [one["code"] for one in self._held() if not one["active"]]

    def _held(self) -> list[dict[str, Any]]:
        return list(self.fakehub.Vendor(str(self.folder)).state()["held"].values())


@pytest.fixture
def saver(
    sqlite_url: str, tmp_path: Path, open_hub: Callable[..., Hub], fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Saver:
    monkeypatch.setattr(fakehub, "NOW", datetime(2026, 10, 1, 12, tzinfo=UTC))
    hub = open_hub(sqlite_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    return Saver(hub, fakehub, tmp_path / "vendor")


def test_the_match_moves_to_the_deferral_that_came_first(saver: Saver) -> None:
    saver.elect("", "3%")
    saver.push()
    assert saver.told() == {"ROTH": ("3%", TIERS)}
    saver.elect("4%", "3%")
    saver.push()
    assert saver.told() == {"401K": ("4%", TIERS), "ROTH": ("3%", [])}
    assert saver.push()["opened"] == 0


def test_the_match_moves_to_the_deferral_that_is_left(saver: Saver) -> None:
    saver.elect("4%", "3%")
    saver.push()
    saver.elect("", "3%")
    saver.push()
    assert saver.told()["ROTH"] == ("3%", TIERS) and saver.ended() == ["401K"]


def test_other_tiers_are_told_though_the_rate_stays(saver: Saver) -> None:
    saver.elect("4%", "")
    saver.push()
    saver.book('match: {code: M, tiers: [{rate: "50%", up_to: "6%"}]}')
    saver.push()
    assert saver.told() == {"401K": ("4%", [["50%", "6%"]])}
    saver.book("")
    saver.push()
    assert saver.told() == {"401K": ("4%", [])}


def test_a_match_that_nobody_told_payroll_is_not_taken_for_held(saver: Saver) -> None:
    saver.elect("4%", "")
    saver.payroll_tells(**{"401K": "4%"})
    done = saver.push()
    assert (done["adopted"], saver.told()) == (0, {"401K": ("4%", TIERS)})
    assert saver.push()["opened"] == 0


def test_without_a_match_in_the_plan_book_what_payroll_holds_is_adopted(saver: Saver) -> None:
    saver.book("")
    saver.elect("4%", "")
    saver.payroll_tells(**{"401K": "4%"})
    assert saver.push()["adopted"] == 1 and saver.told() == {}


def test_what_an_older_release_adopted_with_its_match_is_told_once(saver: Saver) -> None:
    saver.elect("4%", "")
    saver.push()
    (saver.folder / "state.json").unlink()
    with saver.hub.store.write("acme") as session:
        (row,) = [one for one in session.rows(select(obligation)) if one.business_key.endswith("/401K")]
        session.change(obligation, {"obligation_id": row.obligation_id}, reason=obligations.ADOPTED)
    saver.push()
    assert saver.told() == {"401K": ("4%", TIERS)}
    assert saver.push()["opened"] == 0
