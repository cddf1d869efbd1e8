"""People, money, imports and the employee's own page in a real Chromium: asked and answered, judged by axe."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests import browsers
from tests.e2e.test_pages import CHROMIUM, PHONE, WIDE, Served, axe, browser, faults, look, served, visit
from tests.web import places
from tests.web.conftest import caller_of
from tests.web.places import CENSUS, ROW

from benehub.access import Role

__all__ = ["browser", "look", "served"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=browsers.NONE)


@pytest.fixture
def everybody(served: Served) -> Served:
    """Somebody who owns the hub and is an employee too."""
    places.sit_down(served.desk)
    return served


def test_axe_finds_no_serious_fault(everybody: Served, look: Any) -> None:
    page, judge, found = look(), axe.Axe(), []
    for name, path in places.of_people(everybody.desk).items():
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
    page.get_by_role("link", name=re.compile("^Questions")).click()  # one waits, and is counted beside it
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
    page.get_by_role("status").get_by_text("Done", exact=True).wait_for()
    page.get_by_role("link", name="Look at the uploaded table").click()
    page.get_by_text("None is missing.").wait_for()


def test_axe_judges_every_page_that_there_is(everybody: Served, look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = everybody.desk
    some = places.made(desk, monkeypatch)
    page, judge = look(), axe.Axe()
    found: list[tuple[Any, ...]] = []
    for name, path in some.items():
        visit(page, everybody, path)
        found += faults(page, judge, name, [("light", WIDE), ("dark", PHONE)])
    assert found == []
    known = (*some.values(), *places.of_people(desk).values(), *places.of_work(desk).values())
    assert places.unvisited(map(desk.address, known)) == sorted(places.UNSEEN)
