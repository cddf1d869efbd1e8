"""People, money, imports and the employee's own page in a real Chromium: asked and answered, judged by axe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.e2e.test_pages import CHROMIUM, PHONE, WIDE, Served, axe, browser, faults, look, served, visit
from tests.web.conftest import caller_of

from benehub.access import Caller, Role
from benehub.store.tables import fact, person

__all__ = ["browser", "look", "served"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

CENSUS = "Emp ID,First Name,Last Name,Date of Birth,SSN,Hire Date,FT/PT,Payroll Group\n"
ROW = "Q7,Ann,Alder,1990-02-03,900-11-2233,2025-01-06,Full-Time,biweekly\n"


def paths(served: Served) -> dict[str, str]:
    """One of each kind of page."""
    with served.desk.store.read(served.desk.employer) as session:
        number = session.rows(select(person).where(*session.where(person, kind="employee")))[0].member_id
        ref = session.rows(select(fact.c.fact_id).where(*session.where(fact, kind="coverage")).limit(1))[0].fact_id
    parts = {f"one {part}": f"people/{number}?show={part}" for part in ("now", "money", "vendors", "facts", "contact")}
    return parts | {
        "people": "people", "unlinked": "unlinked", "questions": "questions", "why": f"why/{ref}",
        "money": "money?month=2026-10", "invoice": "money/invoices/carrier/2026-10", "import": "import",
        "connections": "connections", "connection": "connections/payroll", "schedule": "schedules",
        "access": "access", "trail": "trail", "plan book": "plan-book",
        "try": "plan-book/try", "compare": "plan-book/compare", "settings": "settings", "me": "me",
        "own questions": "me/questions",
    }  # fmt: skip


@pytest.fixture
def everybody(served: Served) -> Served:
    """Somebody who owns the hub and is an employee too."""
    with served.desk.store.read(served.desk.employer) as session:
        own = session.rows(select(person).where(*session.where(person, kind="employee")))[0].person_id
    roles = {served.desk.employer: frozenset({Role.OWNER, Role.EMPLOYEE})}
    served.desk.caller = Caller("usr_ann", "Ann Alder", roles=roles, persons={served.desk.employer: own})
    return served


def test_axe_finds_no_serious_fault(everybody: Served, look: Any) -> None:
    page, judge, found = look(), axe.Axe(), []
    for name, path in paths(everybody).items():
        visit(page, everybody, path)
        found += faults(page, judge, name, [("light", WIDE), ("dark", WIDE), ("light", PHONE)])
    assert found == []


def test_an_employee_asks_and_is_answered(everybody: Served, look: Any) -> None:
    page = look()
    visit(page, everybody, "me")
    page.get_by_role("link", name="Ask about this").first.click()
    page.get_by_label("Your question").fill("Who pays <b>this</b>?")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Your question was sent.").wait_for()
    page.get_by_role("link", name="Questions", exact=True).click()
    page.get_by_role("table").get_by_role("link").first.click()
    page.get_by_text("Who pays <b>this</b>?").wait_for()
    page.get_by_label("Your answer").fill("Your employer does.")
    page.get_by_role("button", name="Answer").click()
    visit(page, everybody, "me")
    page.get_by_role("link", name="Read the answer").click()
    page.get_by_text("Your employer does.").wait_for()


def test_a_census_comes_in_by_hand(everybody: Served, look: Any, tmp_path: Path) -> None:
    everybody.desk.caller = caller_of(Role.BENEFITS_ADMIN, employer=everybody.desk.employer)
    table = tmp_path / "census.csv"
    table.write_text(CENSUS + ROW)
    page = look()
    visit(page, everybody, "import")
    page.get_by_label("Where it comes from").fill("census")
    page.get_by_label("File").set_input_files(table)
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("button", name="See what it would change").click()
    page.get_by_role("heading", name="What it would change").wait_for()
    page.get_by_role("button", name="Take it in").click()
    page.get_by_text("None is missing.").wait_for()
