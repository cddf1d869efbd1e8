"""People, money, imports and the employee's own page in a real Chromium: asked and answered, judged by axe."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests import browsers
from tests.e2e.test_pages import CHROMIUM, PHONE, WIDE, Served, axe, browser, faults, look, served, visit
from tests.e2e.test_pages import paths as others
from tests.web.conftest import Desk, caller_of
from tests.web.test_web_import import COLUMNS as FIELDS

from benehub.access import Caller, Role
from benehub.flows import users
from benehub.identity import strangers
from benehub.identity.matching import Told
from benehub.sandbox.story.world import SECRETS
from benehub.store.tables import difference, fact, person
from benehub.views import custody
from benehub.web import PAGES

__all__ = ["browser", "look", "served"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=browsers.NONE)

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


UNSEEN = {
    "/e/{employer}/closing/{month}/report.pdf": "a paper",
    "/e/{employer}/me/statement.pdf": "a paper",
    "/e/{employer}/plan-book/compare.svg": "a picture; the page that shows it says the same in a table",
    "/e/{employer}/runs/{run_id}/progress": "a part of the page of the run",
    "/e/{employer}/trail/export": "a table to keep",
    "/access/trail/export": "a table to keep",
}
"""What a page's route gives that is no page, by its path, with what it is."""


def made(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Pages of what nobody has made yet, with one of each."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("benehub.flows.closing.checklist", lambda *_: [])
    with desk.store.write(desk.employer) as session:
        session.take_seq(0)
        strangers.note(session, "payroll", "x-77", "payroll_person", Told("Zoe", "Zander", "1990-01-02"))
        unlinked = strangers.ref(session, "payroll", "x-77")
        dropped, wrong = (
            session.rows(select(difference).where(*session.where(difference, type=one)))[0].difference_id
            for one in ("MEMBER_DROPPED", "TIER_DIFF")
        )
        waits = custody.batches(session, waiting=True, connection_id="hris")[0]["batch"]
    user = users.add(desk.hub, "test", "bo@example.com", "Bo Birch")
    place = f"reconcile/differences/{wrong}/fix"
    forms = {
        "question": ("me/questions", {"text": "Who pays this?"}),
        "schedule": ("schedules", {"name": "nightly", "flow": "sync", "connection": "hris", "cron": "0 6 * * *"}),
        "fix": (
            f"reconcile/differences/{dropped}/fix/propose",
            {"action": "enrollment_correction", "note": "they lost her"},
        ),
        "closed": ("closing/2026-10/sign", {"sure": "yes"}),
    }
    found = {
        name: desk.post(path, **form).headers["location"].partition("?")[0] for name, (path, form) in forms.items()
    }
    table = {"table": ("census.csv", CENSUS + ROW, "text/csv")}
    sent = desk.client.post(desk.address("import"), data={"source": "census", "stream": "employee"}, files=table)
    upload = sent.headers["location"]
    assert (
        desk.client.post(upload, data={f"column.{name}": column for name, column in FIELDS.items()}).headers["location"]
        == f"{upload}/preview"
    )
    question = found["question"].rpartition("/")[2]
    return found | {
        "upload": upload, "preview": f"{upload}/preview", "closed": "closing/2026-10",
        "answer": f"questions/{question}", "fixes": place,
        "what a fix sends": f"{place}/preview?action=enrollment_correction",
        "unlinked": f"unlinked/{unlinked}", "read": f"connections/hris/reads/{waits}", "users": "/access",
        "user": f"/access/users/{user}", "tokens": "/access/tokens", "whole trail": "/access/trail",
        "deadlines": "deadlines",
    }  # fmt: skip


def test_axe_judges_every_page_that_there_is(everybody: Served, look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = everybody.desk
    assert desk.caller is not None
    desk.caller = replace(desk.caller, everywhere=frozenset({Role.OWNER}))
    some = made(desk, monkeypatch)
    page, judge = look(), axe.Axe()
    found: list[tuple[Any, ...]] = []
    for name, path in some.items():
        visit(page, everybody, path)
        found += faults(page, judge, name, [("light", WIDE), ("dark", PHONE)])
    assert found == []
    judged = [desk.address(path) for path in (*some.values(), *paths(everybody).values(), *others(desk).values())]
    routes = [route.path for one in PAGES for route in one.router.routes if "GET" in route.methods]
    # An address belongs to the route that says most of it: `outgoing/owed` is no page of a dispatch.
    shapes = {
        path: re.compile(re.sub(r"\{\w+\}", "[^/]+", path)) for path in sorted(routes, key=lambda one: one.count("{"))
    }
    seen = {
        next((path for path, shape in shapes.items() if shape.fullmatch(one.partition("?")[0])), "") for one in judged
    }
    assert sorted(set(routes) - seen) == sorted(UNSEEN)
