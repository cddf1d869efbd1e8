"""Stories of people in a real Chromium: each signs in by password and phone, and meets what his role lets him do."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
import uvicorn
from sqlalchemy import select
from tests.e2e.test_pages import CHROMIUM, PHONE, WIDE, axe, browser
from tests.web.conftest import NOW, Desk, close_desk, open_desk

from benehub.access import Permission, Role
from benehub.api import who
from benehub.api.app import create_app
from benehub.flows import users
from benehub.sandbox.demo import run_demo
from benehub.sandbox.story.world import SECRETS
from benehub.store.tables import difference, fix, person

__all__ = ["browser"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

PASSWORD = "correct horse battery staple"


class House:
    """The demo behind a real port, with people who sign in."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
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
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The demo with an owner, somebody of finance, an auditor and an employee."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        folder = tmp_path_factory.mktemp("demo")
        run_demo(1, keep=folder, employees=70)
        desk = open_desk(folder)
        desk.hub_listens()
        users.first_owner(desk.hub, "init", "own@acme.example", "Own Er", PASSWORD)
        with desk.store.read(desk.employer) as session:
            own = session.rows(select(person).where(*session.where(person, kind="employee")))[0].person_id
        for role in (Role.FINANCE, Role.AUDITOR, Role.EMPLOYEE):
            users.add(desk.hub, "init", f"{role}@acme.example", role.title(), f"{PASSWORD} first")
            users.give(desk.hub, "init", f"{role}@acme.example", role, desk.employer, own if role == "employee" else "")
        made = House(desk)
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
        page.get_by_label("Code that the app shows").fill(pyotp.TOTP(secret[0]).at(NOW))
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


def test_a_fix_of_one_is_approved_by_another_and_an_auditor_only_looks(house: House, enter: Any) -> None:
    with house.desk.store.read(house.desk.employer) as session:
        row = session.rows(select(difference).where(*session.where(difference, type="MEMBER_DROPPED")))[0]
    path = f"reconcile/differences/{row.difference_id}"
    admin = enter("own")
    at(house, admin, f"{path}/fix")
    admin.get_by_role("link", name="Preview it").first.click()
    admin.get_by_role("heading", name="What would leave").wait_for()
    admin.get_by_label("Note").fill("they lost her")
    admin.get_by_role("button", name="Propose it").click()
    admin.get_by_text("Proposed.").first.wait_for()
    proposed = admin.url.split("?")[0]

    auditor = enter("auditor")
    auditor.goto(proposed)
    auditor.get_by_text("they lost her").wait_for()
    assert auditor.locator("main form[method=post]").count() == 0
    for part in ("today", "reconcile", path, "people", "money", "outgoing", "runs", "closing", "settings"):
        at(house, auditor, part)
        assert auditor.locator("main form[method=post]").count() == 0, part
    at(house, auditor, "trail")
    auditor.get_by_role("heading", name="Audit trail").wait_for()

    finance = enter("finance")
    finance.goto(proposed)
    finance.get_by_role("button", name="Approve and carry out").click()
    finance.wait_for_url("**/runs/run_*")
    with house.desk.store.read(house.desk.employer) as session:
        decided = session.rows(select(fix).where(*session.where(fix)))
    assert [one.state != "proposed" for one in decided] == [True]


def test_an_employee_sees_only_himself(house: House, enter: Any) -> None:
    page = enter("employee", PHONE)
    assert page.url.endswith("/me")
    assert page.locator("nav.side a").count() == 1
    for path in ("today", "people", "reconcile", "trail", "settings"):
        assert page.goto(house.url(path)).status == 403, path
    assert page.goto(f"{house.address}/access").status == 403
    page.get_by_text("Employee").first.click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/signin")
    page.goto(house.url("me"))
    assert "/signin?then=" in page.url


def test_an_owner_manages_users_tokens_and_reads_the_trail(house: House, browser: Any, tmp_path: Path) -> None:
    users.add(house.desk.hub, "init", "second@acme.example", "Second", f"{PASSWORD} first")
    users.give(house.desk.hub, "init", "second@acme.example", Role.OWNER, "*")
    _, token = users.add_token(house.desk.hub, "init", "second@acme.example", "story", list(Permission), 1)
    context = browser.new_context(viewport=WIDE, extra_http_headers={"authorization": f"Bearer {token}"}, locale="en")
    page, judge, found = context.new_page(), axe.Axe(), []
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
    context.close()
    assert found == []
