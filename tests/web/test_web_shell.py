"""What every page has: words in each language, a theme, a navigation by permission, and nothing inline."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from tests.web.conftest import Desk, caller_of

from benehub.access import Caller, Role
from benehub.api.app import create_app
from benehub.api.front import Front
from benehub.api.headers import POLICY
from benehub.store.tables import employer
from benehub.web.catalog import LANGUAGES, catalog, chosen
from benehub.web.pages import address
from benehub.web.words import Words

INLINE = r"<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)|\|\s*safe|hx-on|javascript:"
TEMPLATES = Path(__file__).resolve().parents[2] / "core" / "benehub" / "web" / "templates"


def values(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_says_the_same(language: str) -> None:
    first, other = catalog(LANGUAGES[0]), catalog(language)
    assert set(first) ^ set(other) == set()
    assert [key for key, text in first.items() if values(text) != values(other[key])] == []
    assert [key for key, text in other.items() if not text.strip()] == []


@pytest.mark.parametrize(
    ("language", "just_now", "before"),
    [("en", "1 second ago", "2 hours ago"), ("de", "vor 1 Sekunde", "vor 2 Stunden")],
)
def test_what_has_just_been_is_not_told_as_to_come(language: str, just_now: str, before: str) -> None:
    words = Words(language, now=datetime(2026, 12, 2, 9, tzinfo=UTC))
    assert words.ago("2026-12-02T09:00:00+00:00") == just_now
    assert words.ago("2026-12-02T07:00:00+00:00") == before


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("America/New_York", "2026-10-31T01:00:00.000000Z", "Oct 30, 2026"),
        ("Europe/Berlin", "2026-10-30T23:30:00+00:00", "Oct 31, 2026"),
        ("America/New_York", "2026-10-31", "Oct 31, 2026"),
    ],
)
def test_the_day_of_a_moment_is_the_employers(zone: str, moment: str, day: str) -> None:
    assert Words("en", ZoneInfo(zone)).day(moment) == day


@pytest.mark.parametrize(
    ("path", "room"),
    [("webhooks", "connections"), ("schedules", "connections"), ("unlinked", "people"), ("people", "people")],
)
def test_the_navigation_marks_the_room_that_a_page_belongs_to(read_desk: Desk, path: str, room: str) -> None:
    marked = re.findall(r'href="[^"]*/(\S+)" aria-current="page"', read_desk.get(path))
    assert marked == [room]


def test_the_switch_of_employers_leads_to_what_one_may_see_of_each(
    desk: Desk, links: Callable[[str], list[str]]
) -> None:
    with desk.store.write("other") as session:
        row = {"name": "Other", "country": "US", "currency": "USD", "seq": 0, "recorded_at": "", "ledger_head": ""}
        session.add(employer, [row])
    roles = {desk.employer: frozenset({Role.FINANCE}), "other": frozenset({Role.EMPLOYEE})}
    desk.caller = Caller("usr_ann", "Ann Alder", roles=roles, persons={"other": "per_x"})
    for at in (desk.address("settings"), "/e/other/me/questions"):
        switch = links(desk.client.get(at).text.partition('class="switch"')[2].partition("</details>")[0])
        assert switch == [f"/e/{desk.employer}/today", "/e/other/me"], at


def test_every_text_that_a_template_asks_for_is_there() -> None:
    known = catalog("en")
    asked = [
        (path.name, kind, key)
        for path in TEMPLATES.rglob("*.html")
        for kind, key in re.findall(r"\b([tn])\([\"']([a-z_.]+)[\"']\s*[,)]", path.read_text(encoding="utf-8"))
    ]
    assert len(asked) > 15
    missing = [one for one in asked if one[2] + (".other" if one[1] == "n" else "") not in known]
    assert missing == []


def test_nothing_is_inline() -> None:
    bad = [
        (path.name, found)
        for path in TEMPLATES.rglob("*.html")
        for found in re.findall(
            r"<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)|\|\s*safe|hx-on|javascript:", path.read_text()
        )
    ]
    assert bad == []


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        ("", "de-DE,de;q=0.9,en;q=0.8", "de"),
        ("en", "de", "en"),
        ("xx", "fr", "en"),
        ("", "", "en"),
        ("", "fr, de", "de"),
    ],
)
def test_the_language_is_the_readers(cookie: str, accepted: str, language: str) -> None:
    assert chosen(cookie, accepted) == language


def test_the_first_page_leads_on_and_nobody_is_told_nothing(desk: Desk) -> None:
    desk.caller = None
    told = desk.client.get("/")
    assert told.status_code == 401 and desk.employer not in told.text
    desk.caller = caller_of(Role.OWNER, employer="somebody_else")
    assert desk.employer not in desk.client.get("/").text


def test_style_and_script_are_served_and_a_page_may_load_nothing_else(desk: Desk) -> None:
    for path in ("/static/benehub.css", "/static/vendor/htmx.min.js", "/static/signs.svg"):
        assert desk.client.get(path).status_code == 200
    desk.caller = None
    assert desk.client.get("/").headers["content-security-policy"] == POLICY


def test_what_a_page_remembers_is_kept_as_every_cookie_of_ours(desk: Desk) -> None:
    app = create_app(desk.hub, lambda _: desk.caller, Front("https://hub.example"))
    client = TestClient(app, base_url="https://hub.example", follow_redirects=False)
    place = desk.address("settings")
    told = client.get(place, params={"theme": "dark", "lang": "de"}).headers.get_list("set-cookie")
    assert [one.partition("=")[0] for one in told] == ["__Host-benehub_lang", "__Host-benehub_theme"]
    assert all({"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(one.split("; ")) for one in told)
    shown = client.get(place).text
    assert 'lang="de"' in shown and "dark" in shown
    assert 'lang="de"' in client.get("/signin").text


def test_no_address_makes_a_page_lead_to_another_host(read_desk: Desk) -> None:
    for path in ("//evil.example/x", "///evil.example/x", "/\\evil.example/x"):
        answer = read_desk.client.get(f"http://testserver{path}", headers={"accept": "text/html"})
        found = [one for one in re.findall(r'(?:href|action)="([^"]*)"', answer.text) if "evil.example" in one]
        assert answer.status_code == 404 and found, path
        assert [one for one in found if not one.startswith("/evil.example")] == [], path


def test_a_value_of_a_query_may_have_any_name(read_desk: Desk, links: Callable[[str], list[str]]) -> None:
    for name in ("request", "query", "path"):
        assert any(
            f"{name}=x" in one
            for one in links(read_desk.client.get(read_desk.address("today"), params={name: "x"}).text)
        )
    assert address("/a b", path="x", request="y") == "/a%20b?path=x&request=y"
