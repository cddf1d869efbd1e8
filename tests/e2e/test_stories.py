"""Stories of people in a real Chromium: each signs in by password and phone, and meets what his role lets him do."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
import uvicorn
from sqlalchemy import select
from tests import browsers
from tests.e2e.test_pages import CHROMIUM, PHONE, WIDE, axe, browser
from tests.web.conftest import NOW, Desk, close_desk, copy_demo, open_desk

from benehub.access import Role
from benehub.api import who
from benehub.api.app import create_app
from benehub.flows import connecting, users
from benehub.flows.onboarding import connect
from benehub.sandbox.story.world import SECRETS, keeper_settings
from benehub.store.tables import difference, person
from benehub.views import people

__all__ = ["browser"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=browsers.NONE)

PASSWORD = "correct horse battery staple"


class Clock:
    """Stands until it is moved on."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class House:
    """The demo behind a real port, with people who sign in."""

    def __init__(self, desk: Desk, clock: Clock, employee: str) -> None:
        self.desk, self.clock, self.employee = desk, clock, employee
        app = create_app(desk.hub, who.resolve)
        self.server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False))
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()
            time.sleep(0.01)
        self.address = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    def url(self, path: str) -> str:
        return f"{self.address}{self.desk.address(path)}"


@pytest.fixture(scope="module")
def house(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The demo with an owner, somebody of finance, an auditor and an employee."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        folder = tmp_path_factory.mktemp("demo")
        copy_demo(demo_folder, folder)
        clock = Clock()
        desk = open_desk(folder, clock)
        desk.hub_listens()
        users.first_owner(desk.hub, "init", "own@acme.example", "Own Er", PASSWORD)
        with desk.store.read(desk.employer) as session:
            own = session.rows(select(person).where(*session.where(person, kind="employee")))[0].person_id
        for role in (Role.FINANCE, Role.AUDITOR, Role.EMPLOYEE):
            users.add(desk.hub, "init", f"{role}@acme.example", role.title(), f"{PASSWORD} first")
            users.give(desk.hub, "init", f"{role}@acme.example", role, desk.employer, own if role == "employee" else "")
        made = House(desk, clock, own)
        yield made
        made.server.should_exit = True
        made.thread.join(60)
        close_desk(desk)


@pytest.fixture
def enter(house: House, browser: Any) -> Iterator[Any]:
    """enter(name): a page of a browser of its own, in which somebody has signed in for the first time."""
    contexts = []

    def signed_in(name: str, size: Any = WIDE) -> Any:
        context = browser.new_context(viewport=size, locale="en")
        contexts.append(context)
        page = context.new_page()
        page.goto(house.address)
        given = PASSWORD if name == "own" else f"{PASSWORD} first"
        page.get_by_label("Email address").fill(f"{name}@acme.example")
        page.get_by_label("Password").fill(given)
        page.get_by_role("button", name="Sign in").click()
        if name != "own":
            page.wait_for_url("**/signin/password")
            page.get_by_label("Password until now").fill(given)
            page.get_by_label("New password").fill(f"{PASSWORD} of {name}")
            page.get_by_role("button", name="Continue").click()
        page.wait_for_url("**/signin/enrol")
        secret = re.search(r"[A-Z2-7]{32}", page.inner_text("main"))
        assert secret is not None
        page.get_by_label("Code that the app shows").fill(pyotp.TOTP(secret[0]).at(house.clock()))
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("heading", name="Recovery codes").wait_for()
        page.get_by_role("link", name="Continue").click()
        page.wait_for_url("**/e/**")
        return page

    yield signed_in
    for context in contexts:
        context.close()


def at(house: House, page: Any, path: str) -> None:
    page.goto(house.url(path))
    page.wait_for_load_state("networkidle")


@pytest.fixture
def owed(house: House, tmp_path: Path) -> str:
    """What a late deposit has cost is posted and owed to the plan; the recordkeeper's mailbox is a folder again."""
    desk = house.desk
    (tmp_path / "keeper").mkdir()
    place = keeper_settings({"folder": str(tmp_path / "keeper")})
    connect(desk.hub, desk.employer, {"recordkeeper": {"connector": "recordkeeper_files", "settings": place}})
    connecting.set_mode(desk.hub, desk.employer, "recordkeeper", "live")
    with desk.store.read(desk.employer) as session:
        late = session.rows(select(difference).where(*session.where(difference, type="LATE")))[0].difference_id
    with ThreadPoolExecutor(1) as aside:  # the browser's loop runs in this thread, and no flow starts within one
        aside.submit(desk.hub.start_flow, "retirement.lost-earnings", desk.employer, late, late).result()
    return str(tmp_path / "keeper")


def compare_retirement(page: Any) -> None:
    """Start it from the list, and follow it to its end."""
    page.get_by_role("link", name="Reconcile").click()
    page.get_by_role("link", name="Compare now").click()
    page.get_by_label("Month").fill("2026-10")
    for one in page.get_by_role("checkbox").all():
        one.uncheck()
    page.get_by_role("checkbox", name=re.compile("Retirement")).check()
    page.get_by_role("button", name="Compare now").click()
    page.locator(".head .badge.ok").wait_for(timeout=60_000)


def test_what_a_comparison_finds_is_fixed_by_two_people_and_seen_to_close(house: House, enter: Any, owed: str) -> None:
    admin = enter("own")
    compare_retirement(admin)
    admin.get_by_role("link", name="Reconcile").click()
    admin.get_by_role("link", name="Lost earnings not deposited").click()
    path = admin.url.split("?")[0]
    admin.get_by_text("pay lost earnings of").wait_for()
    admin.get_by_role("link", name="Preview it").click()
    admin.get_by_role("heading", name="What would leave").wait_for()
    assert "earnings.deposit to recordkeeper" in admin.inner_text("pre.bytes")
    admin.get_by_label("Note").fill("the trust was late")
    admin.get_by_role("button", name="Propose it").click()
    admin.get_by_text("Proposed.").first.wait_for()
    proposed = admin.url.split("?")[0]

    auditor = enter("auditor")
    auditor.goto(proposed)
    auditor.get_by_text("the trust was late").wait_for()
    assert auditor.locator("main form[method=post]").count() == 0
    seen = ("today", "reconcile", path, "people", "money", "outgoing", "connections", "runs", "closing", "settings")
    for part in seen:
        auditor.goto(part if part == path else house.url(part))
        auditor.wait_for_load_state("networkidle")
        assert auditor.locator("main form[method=post]").count() == 0, part
    at(house, auditor, "trail")
    auditor.get_by_role("heading", name="Audit trail").wait_for()

    finance = enter("finance")
    finance.goto(proposed)
    finance.get_by_role("button", name="Approve", exact=True).click()
    finance.get_by_text("Somebody who may send carries it out.").first.wait_for()
    assert list(Path(owed).rglob("*earnings*.csv")) == []
    admin.goto(proposed)
    admin.get_by_role("button", name="Carry it out").click()
    admin.wait_for_url("**/runs/run_*")
    admin.locator(".head .badge.ok").wait_for(timeout=60_000)
    finance.goto(proposed)
    assert finance.locator(".head .badge").first.inner_text() == "Carried out"
    assert len(list(Path(owed).rglob("*earnings*.csv"))) == 1

    house.clock.now += timedelta(minutes=1)
    compare_retirement(admin)
    admin.goto(path)
    assert admin.locator(".head .badge").first.inner_text() == "Resolved"


def test_an_employee_sees_only_himself(house: House, enter: Any) -> None:
    page = enter("employee", PHONE)
    assert page.url.endswith("/me")
    with house.desk.store.read(house.desk.employer) as session:
        everybody = {one.person: one for one in people.listed(session, limit=200).rows}
    mine, others = everybody.pop(house.employee), everybody.values()
    assert len(others) > 5
    assert mine.first_name in page.get_by_role("heading", level=1).inner_text()
    for path in ("me", "me/questions"):
        page.goto(house.url(path))
        told = page.content()
        assert [one.number for one in others if one.number in told or f"{one.first_name} {one.last_name}" in told] == []
    assert page.locator("nav.side a").count() == 1
    for path in ("today", "people", "reconcile", "trail", "settings"):
        assert page.goto(house.url(path)).status == 403, path
    assert page.goto(f"{house.address}/access").status == 403
    page.get_by_text("Employee").first.click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/signin")
    page.goto(house.url("me"))
    assert "/signin?then=" in page.url


def test_an_owner_manages_users_tokens_and_reads_the_trail(house: House, enter: Any, tmp_path: Path) -> None:
    users.add(house.desk.hub, "init", "second@acme.example", "Second", f"{PASSWORD} first")
    users.give(house.desk.hub, "init", "second@acme.example", Role.OWNER, "*")
    page, judge, found = enter("second"), axe.Axe(), []
    page.goto(f"{house.address}/access")
    page.get_by_label("Email address").fill("new@acme.example")
    page.get_by_label("Name", exact=True).fill("New One")
    page.get_by_role("button", name="Add a user").click()
    page.locator("select[name=role]").select_option("auditor")
    page.get_by_role("button", name="Give a role").click()
    page.get_by_text("The role is given.").wait_for()
    user = page.url.split("?")[0]
    page.goto(f"{house.address}/access/tokens")
    page.get_by_label("In whose name").fill("new@acme.example")
    page.get_by_label("What it is for").fill("export")
    page.get_by_label("See money").check()
    page.get_by_role("button", name="Make a token").click()
    assert page.locator(".secret").inner_text().startswith("bhb_")
    page.get_by_role("button", name="Revoke export").click()
    page.get_by_text("Revoked.", exact=True).wait_for()
    page.goto(user)
    page.get_by_role("button", name="Disable").click()
    page.get_by_text("Let in no more.", exact=True).wait_for()
    kept = Path(os.environ.get("BENEHUB_PICTURES", tmp_path))
    shown = {"users": "/access", "user": user.removeprefix(house.address), "tokens": "/access/tokens",
             "trail": "/access/trail"}  # fmt: skip
    for size in (WIDE, PHONE):
        page.set_viewport_size(size)
        for name, path in shown.items():
            page.goto(f"{house.address}{path}")
            found += [
                (name, one["id"]) for one in judge.run(page).response["violations"]
                if one["impact"] in ("serious", "critical")
            ]  # fmt: skip
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name
            if name == "users" and size is WIDE:
                page.screenshot(path=kept / "users-wide-light.png")
    assert found == []
