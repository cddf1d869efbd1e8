"""The pages in a real Chromium on the demo's data: walked as an admin does, judged by axe, both themes and a phone.

`BENEHUB_PICTURES=docs/pictures` keeps the pictures that the documentation shows.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import select
from tests import browsers
from tests.web import places
from tests.web.conftest import Desk, caller_of, close_desk, copy_demo, open_desk

from benehub import reconcile
from benehub.access import Role
from benehub.api.app import create_app
from benehub.store.locks import WAITING
from benehub.store.tables import difference, entry, leg, run

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (the dev extra has it)")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (the dev extra has it)")

CHROMIUM = browsers.find()
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=browsers.NONE)

WIDE, PHONE = {"width": 1200, "height": 760}, {"width": 390, "height": 844}


class Served:
    """The desk behind a real port."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        app = create_app(desk.hub, lambda _request: desk.caller)
        self.server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False))
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def start(self) -> None:
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()
            time.sleep(0.01)
        self.address = f"http://127.0.0.1:{self.server.servers[0].sockets[0].getsockname()[1]}"

    def url(self, path: str) -> str:
        return self.address + self.desk.address(path)


@pytest.fixture(scope="module")
def served(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo, its engine taking what is queued, and a server before it."""
    folder = tmp_path_factory.mktemp("demo")
    copy_demo(demo_folder, folder)
    desk = open_desk(folder)
    desk.hub_listens()
    made = Served(desk)
    made.start()
    yield made
    made.server.should_exit = True
    made.thread.join(60)
    close_desk(desk)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium for all tests."""
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def look(browser: Any) -> Iterator[Any]:
    """look(theme, size): a page of a browser of its own; what its console calls an error fails the test."""
    contexts, said = [], []

    def opened(theme: str = "light", size: Any = WIDE, language: str = "en") -> Any:
        context = browser.new_context(viewport=size, color_scheme=theme, locale=language)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda one: said.append(str(one)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [one for one in said if "409" not in one] == []


def visit(page: Any, served: Served, path: str) -> None:
    page.goto(served.url(path))
    page.wait_for_load_state("networkidle")


def faults(page: Any, judge: Any, name: str, looks: Iterable[tuple[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """What axe finds serious on the page at hand, opened wide, and where it is wider than its window: in each look."""
    page.evaluate("document.querySelectorAll('details:not(.switch)').forEach(one => { one.open = true })")
    for theme, size in looks:
        wear(page, theme, size)
        for one in judge.run(page).response["violations"]:
            if one["impact"] in ("serious", "critical"):
                where = [node["target"] for node in one["nodes"]][:3]
                yield name, theme, size["width"], one["id"], one["impact"], where
        if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
            yield name, theme, size["width"], "wider than its window"


def wear(page: Any, theme: str, size: Any) -> None:
    """The page at hand in another theme and window; nothing of it is asked of the server again."""
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=theme)


def test_axe_finds_no_serious_fault_and_no_page_is_wider_than_its_window(
    served: Served, look: Any, tmp_path: Path
) -> None:
    page = look()
    judge, found = axe.Axe(), []
    looks = [("light", WIDE), ("dark", WIDE), ("light", PHONE), ("dark", PHONE)]
    kept = Path(os.environ.get("BENEHUB_PICTURES", tmp_path))
    kept.mkdir(exist_ok=True)
    for name, path in places.of_work(served.desk).items():
        visit(page, served, path)
        if name in ("today", "reconcile", "difference", "file", "closing"):
            for theme, size in looks:
                wear(page, theme, size)
                where = "phone" if size is PHONE else "wide"
                page.screenshot(path=kept / f"{name}-{where}-{theme}.png", full_page=False)
        found += faults(page, judge, name, looks)
    assert found == []


def test_in_german_no_page_is_wider_than_a_phone(served: Served, look: Any) -> None:
    page = look("dark", PHONE, "de")
    judge, found = axe.Axe(), []
    for name, path in places.of_work(served.desk).items():
        page.goto(served.url(path))
        assert page.evaluate("document.documentElement.lang") == "de", name
        if name in ("today", "difference", "closing"):
            page.wait_for_load_state("networkidle")
            found += faults(page, judge, name, [("dark", PHONE)])
        elif page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]:
            wide = page.evaluate("""[...document.querySelectorAll('main *')].filter(
                one => one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 160))""")
            found.append((name, "wider than its window", wide[:6]))
    assert found == []


def posted_for(served: Served, difference_id: str) -> str:
    """The newest posted entry about the employee and plan of a difference."""
    with served.desk.store.read(served.desk.employer) as session:
        row = reconcile.get(session, difference_id)
        return str(
            session.rows(
                select(entry.c.entry_id)
                .join(leg, (leg.c.employer_id == entry.c.employer_id) & (leg.c.entry_id == entry.c.entry_id))
                .where(*session.where(entry, status="posted"), leg.c.person_id == row.person_id, leg.c.plan == row.plan)
                .order_by(entry.c.seq.desc())
            )[0].entry_id
        )


def test_an_admin_compares_follows_it_and_settles_what_is_found(served: Served, look: Any) -> None:
    page = look()
    visit(page, served, "today")
    page.get_by_role("link", name="Reconcile").click()
    page.get_by_role("link", name="Compare now").click()
    for one in page.get_by_role("checkbox").all():
        one.uncheck()
    page.get_by_role("checkbox", name=re.compile("Retirement")).check()
    page.get_by_role("button", name="Compare now").click()
    page.get_by_text("Started.").wait_for()
    page.locator(".head .badge.ok").wait_for(timeout=60_000)
    page.get_by_role("link", name="Retirement").click()
    page.get_by_role("link", name="Credited too little").first.click()
    page.get_by_label("Work step").select_option("waiting_on_partner")
    page.get_by_label("Note").first.fill("<b>asked</b> them")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("<b>asked</b> them").wait_for()
    page.get_by_text("Resolve", exact=True).first.click()
    page.get_by_label("How was it settled?").fill("credited on the 3rd")
    page.get_by_label("Ledger entries that settle it").fill(
        posted_for(served, page.url.rpartition("/")[2].partition("?")[0])
    )
    page.get_by_role("button", name="Resolve").click()
    page.get_by_text("Resolved.", exact=True).wait_for()
    assert page.locator(".head .badge").first.inner_text() == "Resolved"


def test_two_admins_at_one_difference(served: Served, look: Any) -> None:
    with served.desk.store.read(served.desk.employer) as session:
        row = session.rows(select(difference).where(*session.where(difference, type="LATE")))[0]
    path = f"reconcile/differences/{row.difference_id}"
    first, second = look(), look()
    visit(first, served, path)
    visit(second, served, path)
    first.get_by_label("Note").first.fill("I am at it")
    first.get_by_role("button", name="Save").click()
    first.get_by_text("Noted.").wait_for()
    second.get_by_text("Dismiss", exact=True).first.click()
    second.get_by_label("Why is it none?").fill("my reason")
    second.get_by_role("button", name="Dismiss").click()
    second.get_by_text("This changed while you were looking.").wait_for()
    assert "I am at it" in second.get_by_role("alert").inner_text()
    assert second.get_by_label("Why is it none?").input_value() == "my reason"


def test_it_is_worked_by_the_keyboard_alone(served: Served, look: Any) -> None:
    page = look()
    visit(page, served, "today")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid", "focus is seen"
    for words, tag in (("Reconcile", "A"), ("Compare now", "A"), ("Compare now", "BUTTON")):
        reach(page, words, tag)
        with page.expect_navigation():
            page.keyboard.press("Enter")
    page.get_by_text("Started.").wait_for()
    page.locator(".head .badge.ok").wait_for(timeout=60_000)
    visit(page, served, "reconcile?type=TIER_DIFF")
    reach(page, page.locator("a.dif").first.inner_text().splitlines()[0], "A")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    reach(page, "Dismiss", "SUMMARY")
    page.keyboard.press("Enter")
    reach(page, "", "TEXTAREA", "document.activeElement.closest('details[open]') !== null")
    page.keyboard.type("they are right")
    reach(page, "Dismiss", "BUTTON")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.get_by_text("they are right").wait_for()
    assert page.locator(".head .badge").first.inner_text() == "Dismissed"


def reach(page: Any, words: str, tag: str, also: str = "true") -> None:
    """Press Tab until such an element has the focus."""
    for _ in range(150):
        page.keyboard.press("Tab")
        here = page.evaluate(f"[document.activeElement.tagName, document.activeElement.innerText || '', {also}]")
        if here[0] == tag and words in here[1] and here[2]:
            return
    raise AssertionError(f"no key leads to {tag} {words!r}")


def test_a_button_keeps_its_focus_while_its_page_goes_on(served: Served, look: Any) -> None:
    with served.desk.store.write(served.desk.employer) as session:
        session.add(run, [{
            "run_id": "run_waits", "flow": "reconcile", "subject": "all/2026-10", "executor": WAITING, "counts": {},
            "state": "running", "error": "", "started_at": session.now(), "ended_at": None,
        }])  # fmt: skip
    page = look()
    page.goto(served.url("runs/run_waits"))
    reach(page, "Cancel", "BUTTON")
    for _ in range(2):
        with page.expect_response("**/progress"):
            pass
    page.wait_for_timeout(200)
    assert page.evaluate("document.activeElement.innerText") == "Cancel it"
    with served.desk.store.write(served.desk.employer) as session:
        session.change(run, {"run_id": "run_waits"}, state="canceled")


def test_language_and_theme_are_chosen_and_kept(served: Served, look: Any) -> None:
    page = look()
    visit(page, served, "today")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("link", name="Dark").click()
    page.get_by_role("link", name="Deutsch").click()
    visit(page, served, "reconcile")
    assert page.evaluate("document.documentElement.lang") == "de"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.get_by_role("link", name="Wie das System").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == before


def test_a_long_file_is_leafed_through_without_leaving_the_page(served: Served, look: Any) -> None:
    page = look()
    visit(page, served, places.of_work(served.desk)["file"])
    assert page.locator(".bytes .line").first.inner_text().startswith("ISA*")
    page.get_by_role("link", name="Runs").click()
    page.get_by_role("heading", name="Runs").wait_for()


def test_axe_judges_the_pages_of_what_went_wrong(served: Served, browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No address, no right, no answer: each is a page too, and is judged in every look."""

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("on purpose")

    looks = [("light", WIDE), ("dark", WIDE), ("light", PHONE), ("dark", PHONE)]
    context = browser.new_context(locale="en")
    page, judge, found = context.new_page(), axe.Axe(), []
    whole, desk = served.desk.caller, served.desk
    try:
        for name, status, path in (
            ("no page", 404, "/nothing"), ("no difference", 404, "reconcile/differences/dif_lost"),
            ("no month", 400, "closing/2026-13"), ("no right", 403, "/access"), ("broken", 500, "settings"),
        ):  # fmt: skip
            desk.caller = caller_of(Role.FINANCE, employer=desk.employer) if status == 403 else whole
            if status == 500:
                monkeypatch.setattr("benehub.web.settings.page", broken)
            answer = page.goto(served.url(path))
            assert answer.status == status, (name, answer.status)
            found += faults(page, judge, name, looks)
    finally:
        desk.caller = whole
        context.close()
    assert found == []
