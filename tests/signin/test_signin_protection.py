"""What another site, a thief or a spreadsheet must not be able to do with a browser of ours."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from tests.access.conftest import PASSWORD, Desk
from tests.signin.conftest import HTTPS, Browser
from tests.signin.test_signin_pages import OPTIONAL, opened

from benehub.access import Caller, Permission, Role, tokens
from benehub.access import audit as trail
from benehub.api import unforged
from benehub.api.app import create_app
from benehub.api.guard import OPEN, Needs
from benehub.connect.webhooks import MAX_BODY
from benehub.flows import users
from benehub.flows.signing_in import Policy
from benehub.store.access_tables import api_token, audit, user_account, user_session

Site = Callable[..., Any]
APPROVE = "/probe/acme/approve/dif_1"


def told(browser: Browser) -> str:
    """The token that a page of this browser's session would put into its forms."""
    return str(browser.get("/probe/acme/money").json()["csrf"])


def approve(browser: Browser, token: str, **headers: str) -> int:
    return int(browser.client.post(APPROVE, data={"csrf": token}, headers=headers).status_code)


def test_a_form_of_ours_is_taken_and_no_other(desk: Desk, site: Site) -> None:
    browser = opened(desk, site, Role.FINANCE)
    token = told(browser)
    own = {"origin": "https://hub.example", "sec-fetch-site": "same-origin"}
    assert approve(browser, token, **own) == 200
    assert approve(browser, token) == 200, "a client that sends neither header shows the token"
    assert approve(browser, "", **own) == 403
    assert approve(browser, token[::-1], **own) == 403
    assert approve(browser, token, origin="https://evil.example") == 403
    assert approve(browser, token, origin="null") == 403
    assert approve(browser, token, origin="http://hub.example") == 403
    for site_ in ("cross-site", "same-site"):
        assert approve(browser, token, **{"sec-fetch-site": site_}) == 403


def test_a_header_carries_the_token_where_there_is_no_form(desk: Desk, site: Site) -> None:
    browser = opened(desk, site, Role.FINANCE)
    token = told(browser)
    post = browser.client.post
    assert post(APPROVE, json={"csrf": token}).status_code == 403
    assert post(APPROVE, json={}, headers={"x-csrf-token": token}).status_code == 200
    assert post(APPROVE, json={}, headers={"x-csrf-token": "é".encode()}).status_code == 403
    assert post(f"{APPROVE}?csrf={token}").status_code == 403, "never in an address"


def test_a_token_is_of_one_session(desk: Desk, site: Site) -> None:
    browser = opened(desk, site, Role.FINANCE)
    token = told(browser)
    browser.get("/signin/password")
    browser.post("/signout")
    browser.sign_in()
    assert approve(browser, token) == 403
    assert approve(browser, told(browser)) == 200


def test_a_bearer_needs_no_form_and_a_cookie_beside_it_is_not_looked_at(desk: Desk, site: Site) -> None:
    browser = opened(desk, site, Role.FINANCE)
    with desk.write() as session:
        (row,) = session.rows(user_session.select())
        _, token = tokens.add(session, row.user_id, "ci", [Permission.APPROVE], 30)
    post = browser.client.post
    assert post(APPROVE, headers={"authorization": f"Bearer {token}"}).status_code == 200
    assert post(APPROVE, headers={"authorization": "Bearer bhb_wrong"}).status_code == 401
    assert post(APPROVE, headers={"authorization": "Basic eDp5"}).status_code == 401
    assert browser.client.get("/probe/acme/money", headers={"authorization": f"bearer {token}"}).status_code == 403


def test_signing_somebody_in_from_another_site_is_refused(desk: Desk, site: Site) -> None:
    desk.user()
    fields = {"email": "ann@acme.example", "password": PASSWORD}
    bare = Browser(site(OPTIONAL))
    assert bare.client.post("/signin", data=fields).status_code == 403
    attacker, victim = Browser(site(OPTIONAL)), Browser(site(OPTIONAL))
    attacker.get("/signin")
    victim.get("/signin")
    assert victim.client.post("/signin", data={**fields, "csrf": attacker.token}).status_code == 403
    assert victim.post("/signin", {"sec-fetch-site": "cross-site"}, **fields).status_code == 403
    assert victim.post("/signin", **fields).status_code == 303


def test_every_unsafe_open_route_is_bound_to_its_browser_or_has_its_own_key(site: Site) -> None:
    from fastapi.routing import iter_route_contexts

    own_key = {"/hooks/{employer}/{connection}", "/scim/v2/{employer}/{path:path}"}
    for route in iter_route_contexts(site().routes):
        unsafe = set(getattr(route, "methods", None) or ()) - unforged.SAFE
        dependant = getattr(route, "dependant", None)
        calls = [one.call for one in dependant.dependencies] if dependant else []
        if unsafe and route.path not in own_key and not any(isinstance(call, Needs) for call in calls):
            assert route.path in OPEN and unforged.unforged in calls, route.path


def test_every_answer_tells_the_browser_what_not_to_do(desk: Desk, site: Site) -> None:
    browser = opened(desk, site, Role.FINANCE)
    big = browser.client.post("/signin", content=b"x" * (MAX_BODY + 1))
    broken = browser.client.post("/probe/acme/broken", data={"csrf": told(browser)})
    assert (big.status_code, broken.status_code) == (413, 503)
    paths = ("/signin", "/probe/acme/money", "/healthz", "/nowhere", "/probe/other/money")
    for got in (big.headers, broken.headers, *(browser.get(path).headers for path in paths)):
        policy = dict(part.split(" ", 1) for part in got["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert "unsafe" not in got["content-security-policy"]
        assert (got["x-content-type-options"], got["cache-control"]) == ("nosniff", "no-store")
        assert got["cross-origin-opener-policy"] == got["referrer-policy"] == "same-origin"
        assert got["strict-transport-security"].startswith("max-age=31536000")
        assert "camera=()" in got["permissions-policy"]
    here = Browser(site(), "http://127.0.0.1")
    assert "strict-transport-security" in here.get("/signin").headers, "public_url is https: a proxy is before us"


def test_no_page_of_sign_in_has_script_or_style_in_it(desk: Desk, site: Site) -> None:
    desk.user()
    browser = Browser(site())
    pages = [browser.get("/signin").text]
    browser.sign_in()
    pages.append(browser.get("/signin/enrol").text)
    for text in pages:
        assert not any(word in text for word in ("<script", "<style", "style=", "onclick", "onload", "javascript:"))


def test_no_secret_is_logged_or_stands_in_an_address_or_the_trail(
    desk: Desk, site: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    desk.user("ann@acme.example", Role.FINANCE)
    browser = Browser(site())
    steps = [browser.sign_in()]
    phone, codes = browser.enrol(desk)
    with desk.write() as session:
        (row,) = session.rows(user_session.select())
        _, token = tokens.add(session, row.user_id, "ci", [Permission.SEE_MONEY], 30)
    bearer = {"authorization": f"Bearer {token}"}
    steps += [browser.client.get("/probe/acme/money", headers=bearer), browser.get("/probe/acme/money")]
    browser.client.post("/probe/acme/broken", headers=bearer)
    secrets = [PASSWORD, phone.secret, codes[0], token, browser.cookie(), browser.token]
    seen = caplog.text + "".join(capfd.readouterr()) + str(desk.rows(audit.select()))
    seen += "".join(str(one.url) + one.headers.get("location", "") for one in steps)
    with desk.store.read("acme") as session:
        seen += str(session.rows(audit.select()))
    assert [secret for secret in secrets if secret in seen] == []


def test_looks_at_people_and_changes_stand_in_the_trail_of_the_employer(desk: Desk, site: Site) -> None:
    browser = opened(desk, site, Role.FINANCE, Role.BENEFITS_ADMIN)
    token = told(browser)
    browser.get("/probe/acme/people/per_1")
    approve(browser, token)
    approve(browser, "")
    browser.client.post("/probe/acme/broken", data={"csrf": token})
    with desk.store.read("acme") as session:
        rows = list(trail.read(session))
        assert trail.verify(session).wrong == ""
    found = [(row.action, row.permission, row.ref, row.outcome, row.of_no) for row in rows]
    assert found == [
        ("GET /probe/{employer}/people/{person}", "see_people", "per_1", "done", 0),
        ("POST /probe/{employer}/approve/{difference}", "approve", "dif_1", "asked", 0),
        ("POST /probe/{employer}/approve/{difference}", "approve", "dif_1", "done", 2),
        ("POST /probe/{employer}/approve/{difference}", "approve", "dif_1", "refused", 0),
        ("POST /probe/{employer}/broken", "approve", "", "asked", 0),
        ("POST /probe/{employer}/broken", "approve", "", "failed", 5),
    ]
    (who,) = {row.who for row in rows}
    assert who.startswith("usr_") and {row.front for row in rows} == {"web"}
    assert {row.address for row in rows} == {"192.0.2.1"} and all(row.by_what.startswith("ses_") for row in rows)


def test_who_asks_for_another_employer_stands_in_the_trail_of_the_installation(desk: Desk, site: Site) -> None:
    browser = opened(desk, site, Role.FINANCE)
    assert browser.get("/probe/other/money").status_code == 404
    gone = browser.get("/probe/nobody/money", accept="application/json")
    assert gone.json() == {"detail": "There is no employer nobody here"}
    assert browser.get("/everything").status_code == 403
    refused = [(row.action, row.ref) for row in desk.rows(audit.select()) if row.outcome == "refused"]
    assert refused == [
        ("GET /probe/{employer}/money", "other"), ("GET /probe/{employer}/money", "nobody"), ("GET /everything", ""),
    ]  # fmt: skip
    with desk.store.read("other") as session:
        assert list(trail.read(session)) == []


def test_nothing_is_shown_or_done_where_the_trail_cannot_be_written(
    desk: Desk, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = opened(desk, site, Role.FINANCE)
    token = told(browser)

    def fails(*_args: Any, **_more: Any) -> int:
        raise RuntimeError("no room")

    monkeypatch.setattr("benehub.api.trail.keep", fails)
    assert browser.get("/probe/acme/people/per_1").status_code == 500
    assert approve(browser, token) == 503  # nobody reads that answer
    assert browser.get("/probe/acme/money").status_code == 200, "what names nobody is not kept"


def test_an_export_is_safe_in_a_spreadsheet_and_whole(desk: Desk) -> None:
    with desk.store.write("acme") as session:
        for who in ("=cmd|'/c calc'!A1", "+1", "-1", "@x", "\t=1", "plain, with comma", ' "quoted"\nline'):
            trail.note(session, who, "look", "per_1")
    with desk.store.read("acme") as session:
        rows = list(csv.reader(io.StringIO("".join(trail.csv_lines(trail.read(session))), newline="")))
        lines = [json.loads(line) for line in trail.json_lines(trail.read(session))]
    assert rows[0][:4] == ["employer", "audit_no", "at", "who"] and len(rows) == 8
    assert not any(cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row)
    assert lines[0]["who"] == "=cmd|'/c calc'!A1" and lines[-1]["audit_no"] == 7
    assert desk.now.astimezone(UTC).strftime("%Y-%m-%d") in rows[1][2]


def test_what_lets_people_in_is_changed_by_who_has_just_shown_who_he_is(desk: Desk, site: Callable[..., Any]) -> None:
    """Each such page, by a session that has stood open for a while: it asks, counts what is tried, and goes on."""
    app = site()
    owner = desk.user("ann@acme.example", Role.OWNER, role_for="*")
    other = desk.user("ben@acme.example", Role.FINANCE)
    browser = Browser(app)
    browser.sign_in()
    phone, codes = browser.enrol(desk)
    routes = list(iter_route_contexts(app.routes))
    needs = {str(route.path): one.call for route in routes for one in _dependencies(route)
             if isinstance(one.call, Needs) and one.call.again}  # fmt: skip
    told = {"email": "new@acme.example", "name": "New", "role": "owner", "role_for": "*", "password": PASSWORD,
            "user": owner, "label": "ci", "days": "30", "scope": "see_money", "provider": "x"}  # fmt: skip
    known = {"users", "give", "enable", "reset", "invite", "tokens", "access"}
    assert {path.rsplit("/", 1)[1] for path in needs} == known
    desk.later(minutes=11)
    browser.get("/signin/again")
    noted = {(row.employer_id, row.audit_no) for row in desk.rows(audit.select())}
    for path, one in needs.items():
        asked = browser.post(path.format(user=other, employer="acme"), None, **told)
        then = quote(one.again.format(user=other, employer="acme"), "")
        assert (asked.status_code, asked.headers["location"]) == (303, f"/signin/again?then={then}"), path
    rows = [row for row in desk.rows(audit.select()) if (row.employer_id, row.audit_no) not in noted]
    tried = sorted((row.action.rsplit("/", 1)[1], row.outcome) for row in rows)
    assert tried == sorted((path, "refused") for path in known), "nothing was asked for, and nothing done"
    for path in ("/signin/providers", "/access/tokens"):
        assert (browser.get(path).status_code == 303) is path.startswith("/signin")
    assert desk.rows(api_token.select()) == [] and len(desk.rows(user_account.select())) == 2
    before, asks = browser.cookie(), browser.get(f"/signin/again?then=/access/users/{other}").text
    assert 'name="password"' in asks and 'name="code"' in asks
    wrong = ({"password": "no", "code": phone.at(desk.now)}, {"password": PASSWORD, "code": "000000"},
             {"password": PASSWORD, "code": ""})  # fmt: skip
    assert [browser.post("/signin/again", None, **one).status_code for one in wrong] == [401, 401, 401]
    again = browser.post("/signin/again", password=PASSWORD, code=phone.at(desk.now), then=f"/access/users/{other}")
    assert again.headers["location"] == f"/access/users/{other}" and browser.cookie() != before
    browser.get(f"/access/users/{other}")
    given = browser.post(f"/access/users/{other}/give", role="auditor", role_for="*")
    assert given.headers["location"].endswith("role_given")
    desk.later(minutes=11)
    browser.get("/signin/again")
    lost = {"password": PASSWORD, "code": codes[0], "then": "//evil.example"}
    assert browser.post("/signin/again", None, **lost).headers["location"] == "/"
    desk.later(minutes=11)
    browser.get("/signin/again")
    tried = [browser.post("/signin/again", password="no", code="000000").status_code for _ in range(7)]
    assert tried[0] == 401 and tried[-1] == 429, "it is counted as a sign-in is"
    assert browser.post("/signin/again", password=PASSWORD, code=phone.at(desk.now)).status_code == 429


def test_no_token_changes_what_lets_people_in(desk: Desk, site: Callable[..., Any]) -> None:
    app = site()
    owner = desk.user("ann@acme.example", Role.OWNER, role_for="*")
    _, token = users.add_token(desk.hub, "test", owner, "ci", [Permission.MANAGE_ACCESS], 30)
    client = TestClient(app, base_url="https://hub.example", headers={"authorization": f"Bearer {token}"})
    form = {"user": owner, "label": "more", "days": "30", "scope": "manage_access"}
    assert client.post("/access/tokens", data=form).status_code == 403
    let_in = {"email": "new@acme.example", "name": "New", "role": "owner"}
    assert client.post("/e/acme/access", data=let_in).status_code == 403
    assert len(desk.rows(api_token.select())) == 1 and len(desk.rows(user_account.select())) == 1


def test_a_phone_is_not_enrolled_from_a_browser_that_was_left_open(desk: Desk, site: Callable[..., Any]) -> None:
    desk.user("ann@acme.example", Role.FINANCE)
    browser = Browser(site(replace(HTTPS, policy=Policy(second_factor=False))))
    browser.sign_in()
    desk.later(minutes=11)
    browser.get("/signin/again")
    assert browser.get("/signin/enrol").headers["location"].startswith("/signin/again")
    assert browser.post("/signin/enrol", code="000000").headers["location"].startswith("/signin/again")
    browser.get("/signin/again")
    assert browser.post("/signin/again", password=PASSWORD).headers["location"] == "/"
    browser.enrol(desk)


def test_a_given_password_shows_nothing_until_it_is_changed(desk: Desk, site: Callable[..., Any]) -> None:
    """Whoever gave it knows it. Where nothing else can ask, the page says what can be done about it."""
    browser = opened(desk, site, Role.OWNER)
    with desk.write() as session:
        session.change(user_account, {"email": "ann@acme.example"}, must_change=True)
    desk.later(minutes=11)
    asks = browser.get("/signin/again").text
    assert 'name="password"' not in asks and "benehub users reset EMAIL --password-file FILE" in asks
    browser.get("/signin/password")
    assert browser.post("/signin/again", password=PASSWORD).status_code == 401
    assert browser.get("/signin/providers").status_code == 303
    browser.get("/signin/password")
    browser.post("/signin/password", old=PASSWORD, new=f"{PASSWORD} anew")
    browser.get("/signin/again")
    assert browser.post("/signin/again", password=f"{PASSWORD} anew").status_code == 303
    assert browser.get("/signin/providers").status_code == 200


def test_another_password_does_not_show_who_one_is(desk: Desk, site: Callable[..., Any]) -> None:
    """What was shown before counts on for as long as it did: the old password alone is not all that is asked for."""
    desk.user("ann@acme.example", Role.OWNER, role_for="*")
    browser = Browser(site())
    browser.sign_in()
    browser.enrol(desk)
    old, asked = PASSWORD, []
    for minutes in (9, 2, 0):
        desk.later(minutes=minutes)
        browser.get("/signin/password")
        new = f"{old} anew"
        assert browser.post("/signin/password", old=old, new=new).headers["location"] == "/"
        asked.append(browser.get("/signin/providers").headers.get("location", ""))
        old = new
    assert asked == ["", *["/signin/again?then=%2Fsignin%2Fproviders"] * 2]


def test_another_password_is_no_sign_in(desk: Desk, site: Callable[..., Any]) -> None:
    """It takes back nothing that is held against the account, and what is open ends when it did; so does showing."""
    desk.user("ann@acme.example", Role.OWNER, role_for="*")
    browser = Browser(site())
    browser.sign_in()
    phone, _ = browser.enrol(desk)

    def stands() -> tuple[str, str]:
        (held,), (user,) = desk.rows(user_session.select()), desk.rows(user_account.select())
        return held.ends_at, user.signed_in_at

    begun = stands()
    desk.later(minutes=5)
    browser.get("/signin/again")
    guessed = {"password": PASSWORD, "code": "000000"}
    assert [browser.post("/signin/again", None, **guessed).status_code for _ in range(3)] == [401] * 3
    browser.get("/signin/password")
    assert browser.post("/signin/password", old=PASSWORD, new=f"{PASSWORD} anew").status_code == 303
    browser.get("/signin/again")
    guessed["password"] += " anew"
    assert [browser.post("/signin/again", None, **guessed).status_code for _ in range(2)] == [401, 429]
    assert stands() == begun
    desk.later(minutes=1)
    guessed["code"] = phone.at(desk.now)
    assert browser.post("/signin/again", None, **guessed).status_code == 303
    assert stands()[0] == begun[0]


def test_a_session_that_ends_while_it_is_looked_at_has_shown_nothing(desk: Desk) -> None:
    ended = Caller("usr_ann", "Ann", everywhere=frozenset({Role.OWNER}), by="ses_ended")
    client = TestClient(create_app(desk.hub, lambda _: ended, HTTPS), base_url="https://hub.example")
    asked = client.post("/access/users", data={"email": "new@acme.example", "name": "New"}, follow_redirects=False)
    assert asked.headers.get("location") == "/signin/again?then=%2Faccess"
    assert desk.rows(user_account.select()) == []


def _dependencies(route: Any) -> Any:
    dependant = getattr(route, "dependant", None)
    return dependant.dependencies if dependant else ()
