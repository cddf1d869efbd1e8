"""Sign-in as a browser does it: every step, and everything that must not lead in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.access.conftest import PASSWORD, Desk
from tests.signin.conftest import HTTPS, Browser

from benehub.access import Role, passwords, users
from benehub.access.sessions import Lifetimes
from benehub.api.front import Front
from benehub.flows.signing_in import Policy
from benehub.store.access_tables import audit, user_account, user_session

OPTIONAL = Front("https://hub.example", Policy(Lifetimes(), second_factor=False))

Site = Callable[..., Any]


def opened(desk: Desk, site: Site, *roles: Role) -> Browser:
    """A browser signed in as a user with these roles at acme."""
    desk.user("ann@acme.example", *roles)
    browser = Browser(site(OPTIONAL))
    assert browser.sign_in().status_code == 303
    return browser


def test_the_first_sign_in_enrols_a_phone_and_the_next_asks_for_its_code(desk: Desk, site: Site) -> None:
    desk.user("ann@acme.example", Role.FINANCE)
    app = site()
    browser = Browser(app)
    assert browser.sign_in().headers["location"] == "/signin/enrol"
    assert browser.get("/probe/acme/money").status_code == 303, "a sign-in that is not whole opens nothing"
    phone, codes = browser.enrol(desk)
    assert len(codes) == 10 and browser.get("/probe/acme/money").status_code == 200

    desk.later(minutes=2)
    again = Browser(app)
    assert again.sign_in().headers["location"] == "/signin/code"
    assert again.get("/probe/acme/money").headers["location"].startswith("/signin?then=")
    again.get("/signin/code")
    assert again.post("/signin/code", code="000000").status_code == 401
    assert again.post("/signin/code", code=phone.at(desk.now)).headers["location"] == "/"
    assert again.get("/probe/acme/money").status_code == 200

    lost = Browser(app)
    lost.sign_in()
    lost.get("/signin/code")
    assert lost.post("/signin/code", code=phone.at(desk.now)).status_code == 401, "a code counts once"
    assert lost.post("/signin/code", code=codes[3]).status_code == 303


def test_a_session_has_the_flags_that_keep_it_ours(desk: Desk, site: Site) -> None:
    desk.user()
    browser = Browser(site(OPTIONAL))
    browser.get("/signin")
    browser.get("/signin")
    set_ = browser.post("/signin", email="ann@acme.example", password=PASSWORD).headers.get_list("set-cookie")
    (mine,) = [one for one in set_ if one.startswith("__Host-benehub=")]
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= {part.strip() for part in mine.split(";")}
    assert "Domain" not in mine and "Max-Age" not in mine


def test_over_plain_http_nobody_signs_in_but_on_this_machine(desk: Desk, site: Site) -> None:
    desk.user()
    away = Browser(site(Front("", OPTIONAL.policy)), "http://hub.example")
    assert away.sign_in().status_code == 403 and not away.cookie()
    here = Browser(site(Front("", OPTIONAL.policy)), "http://127.0.0.1")
    answer = here.sign_in()
    assert answer.status_code == 303
    assert any(one.startswith("benehub=") and "Secure" not in one for one in answer.headers.get_list("set-cookie"))


def test_a_session_planted_before_is_worth_nothing_after(desk: Desk, site: Site) -> None:
    desk.user("ann@acme.example", Role.FINANCE)
    app = site(OPTIONAL)
    attacker = Browser(app)
    attacker.get("/signin")
    victim = Browser(app)
    victim.client.cookies.set("__Host-benehub", "planted", domain="hub.example")
    victim.sign_in()
    assert victim.cookie() not in ("planted", "")
    attacker.client.cookies.set("__Host-benehub", "planted", domain="hub.example")
    assert attacker.get("/probe/acme/money").status_code == 303


def test_each_step_gives_another_secret_and_ends_the_one_before(desk: Desk, site: Site) -> None:
    desk.user("ann@acme.example", Role.FINANCE)
    app = site()
    browser = Browser(app)
    browser.sign_in()
    first = browser.cookie()
    browser.enrol(desk)
    second = browser.cookie()
    browser.get("/signin/password")
    browser.post("/signin/password", old=PASSWORD, new="another horse battery staple")
    third = browser.cookie()
    assert len({first, second, third}) == 3
    for old in (first, second):
        thief = Browser(app)
        thief.client.cookies.set("__Host-benehub", old, domain="hub.example")
        assert thief.get("/probe/acme/money").status_code == 303
    assert browser.get("/probe/acme/money").status_code == 200


def test_signing_in_again_ends_what_the_browser_had_open(desk: Desk, site: Site) -> None:
    browser = opened(desk, site)
    before = browser.cookie()
    assert browser.get("/signin/password").status_code == 200
    assert browser.post("/signin", email="ann@acme.example", password=PASSWORD).status_code == 303
    assert browser.cookie() != before
    assert len(desk.rows(user_session.select())) == 1


def test_out_is_out(desk: Desk, site: Site) -> None:
    browser = opened(desk, site, Role.FINANCE)
    secret = browser.cookie()
    browser.get("/signin/password")
    assert browser.post("/signout").headers["location"] == "/signin"
    browser.client.cookies.set("__Host-benehub", secret, domain="hub.example")
    assert browser.get("/probe/acme/money").status_code == 303


def test_who_was_disabled_or_changed_is_out_at_once(desk: Desk, site: Site) -> None:
    browser = opened(desk, site, Role.FINANCE)
    assert browser.get("/probe/acme/money").status_code == 200
    with desk.write() as session:
        users.disable(session, users.named(session, "ann@acme.example").user_id)
    assert browser.get("/probe/acme/money").status_code == 303
    assert browser.sign_in().status_code == 401


def test_a_session_ends_by_itself(desk: Desk, site: Site) -> None:
    browser = opened(desk, site, Role.FINANCE)
    desk.later(minutes=29)
    assert browser.get("/probe/acme/money").status_code == 200
    desk.later(minutes=31)
    assert browser.get("/probe/acme/money").status_code == 303


def test_a_given_password_is_changed_first_and_a_weak_one_refused(desk: Desk, site: Site) -> None:
    user = desk.user("ann@acme.example", Role.FINANCE)
    with desk.write() as session:
        users.set_password(session, user, passwords.digest(PASSWORD), must_change=True)
    browser = Browser(site(OPTIONAL))
    assert browser.sign_in().headers["location"] == "/signin/password"
    assert browser.get("/probe/acme/money").status_code == 303
    browser.get("/signin/password")
    assert browser.post("/signin/password", old=PASSWORD, new=PASSWORD).status_code == 422
    assert browser.post("/signin/password", old=PASSWORD, new="Password2026!").status_code == 422
    assert browser.post("/signin/password", old="not this one", new="another horse battery").status_code == 401
    assert browser.post("/signin/password", old=PASSWORD, new="another horse battery").status_code == 303
    assert browser.get("/probe/acme/money").status_code == 200


def test_a_hash_of_other_parameters_is_renewed_at_sign_in(
    desk: Desk, site: Site, cheap_passwords: Callable[..., None]
) -> None:
    desk.user()
    cheap_passwords(time_cost=2)
    Browser(site(OPTIONAL)).sign_in()
    (row,) = desk.rows(user_account.select())
    assert "t=2" in row.password_hash and passwords.matches(row.password_hash, PASSWORD)


def test_guessing_is_held_over_addresses_and_the_right_password_waits_too(desk: Desk, site: Site) -> None:
    desk.user()
    app = site(OPTIONAL)
    for number in range(5):
        assert Browser(app, address=f"192.0.2.{number}").sign_in(password="wrong").status_code == 401
    held = Browser(app, address="198.51.100.2").sign_in()
    assert (held.status_code, held.headers["retry-after"]) == (429, "30")
    assert "30 seconds" in held.text
    desk.later(seconds=30)
    assert Browser(app, address="198.51.100.3").sign_in().status_code == 303


def test_knowing_the_password_does_not_let_one_guess_codes(desk: Desk, site: Site) -> None:
    desk.user()
    app = site()
    owner = Browser(app)
    owner.sign_in()
    owner.enrol(desk)
    desk.later(hours=2)
    told = []
    for _ in range(4):
        thief = Browser(app)
        told.append(thief.sign_in().status_code)
        thief.get("/signin/code")
        told.append(thief.post("/signin/code", code="000000").status_code)
    # The last one has no session to give a code in.
    assert told == [303, 401, 303, 401, 303, 429, 429, 401]


def test_an_account_that_is_not_there_costs_the_same_calls(
    desk: Desk, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.user()
    app = site(OPTIONAL)
    made = passwords.hasher()
    seen: list[str] = []

    class Watched:
        def verify(self, kept: str, password: str) -> bool:
            seen.append(f"verify {kept.rsplit('$', 2)[0]}")
            return made.verify(kept, password)

        def hash(self, password: str) -> str:
            return made.hash(password)

        def check_needs_rehash(self, kept: str) -> bool:
            return made.check_needs_rehash(kept)

    monkeypatch.setattr(passwords, "hasher", Watched)
    answers = {}
    for email in ("ann@acme.example", "nobody@acme.example"):
        before = len(desk.rows(audit.select()))
        seen.clear()
        got = Browser(app).sign_in(email, "wrong password")
        text = re.sub(r'value="[^"]*"', "", got.text)
        answers[email] = (got.status_code, text, tuple(seen), len(desk.rows(audit.select())) - before)
    assert len(set(answers.values())) == 1
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("then", "goes"),
    [
        ("/probe/acme/money?a=b", "/probe/acme/money?a=b"), ("//evil.example", "/"), ("/\\evil.example", "/"),
        ("https://evil.example", "/"), ("javascript:alert(1)", "/"), ("/a\r\nset-cookie: x=y", "/"), ("", "/"),
    ],
)  # fmt: skip
def test_it_leads_on_to_our_own_pages_only(desk: Desk, site: Site, then: str, goes: str) -> None:
    desk.user()
    browser = Browser(site(OPTIONAL))
    browser.get("/signin")
    got = browser.post("/signin", email="ann@acme.example", password=PASSWORD, then=then)
    assert (got.status_code, got.headers["location"]) == (303, goes)


def test_what_is_typed_is_shown_as_text(desk: Desk, site: Site) -> None:
    browser = Browser(site(HTTPS))
    got = browser.sign_in('"><script>alert(1)</script>', "x")
    assert got.status_code == 401 and "<script>" not in got.text


def test_a_page_that_needs_a_sign_in_leads_there_and_a_program_is_told(desk: Desk, site: Site) -> None:
    browser = Browser(site())
    assert browser.get("/probe/acme/money?x=1").headers["location"] == "/signin?then=%2Fprobe%2Facme%2Fmoney%3Fx%3D1"
    assert browser.get("/probe/acme/money", **{"hx-request": "true"}).headers["hx-redirect"] == "/signin"
    assert browser.client.get("/probe/acme/money").status_code == 401


def test_it_speaks_german(site: Site) -> None:
    got = Browser(site()).get("/signin", **{"accept-language": "de-DE,de;q=0.9"})
    assert '<html lang="de">' in got.text and "Anmelden" in got.text
