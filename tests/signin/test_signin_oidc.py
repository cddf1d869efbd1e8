"""Sign-in by a provider that runs as a process of its own and is spoken with over the loopback."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.access.conftest import Desk
from tests.signin.conftest import Browser

from benehub.access import Permission, Role, users
from benehub.api.front import Front
from benehub.connect.oidc import Provider
from benehub.flows.providers import SignInBy
from benehub.flows.signing_in import Policy
from benehub.flows.users import invite
from benehub.periods import system_clock
from benehub.store.access_tables import audit, user_identity, user_invitation
from benehub.store.tables import person

Site = Callable[..., Any]
CLIENT = "PlantedClientSecret-99"
"""The secret of ours at the provider."""


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A provider; who is given to it by `claims` can sign in there."""
    pytest.importorskip("oidc_provider_mock", reason="no provider: install the dev extra")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-p", str(port), "-n", "true"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(900):
            assert process.poll() is None
            try:
                httpx.get(f"{address}/.well-known/openid-configuration").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def front(desk: Desk, issuer: str) -> Front:
    """Two names of one provider: `login` knows people, `groups` also gives roles. The clock is the provider's."""
    desk.now = system_clock()
    login = Provider("login", issuer, "benehub", CLIENT)
    grouped = Provider("groups", issuer, "benehub-2", CLIENT, groups_claim="groups", employee_claim="employee_number")
    roles = {"hr": ["benefits_admin@acme"], "audit": ["auditor"], "all": ["employee@acme"]}
    by = {"login": SignInBy(login, "Acme Login"), "groups": SignInBy(grouped, "Groups", roles)}
    return Front("https://hub.example", providers=by)


def claims(issuer: str, subject: str, **told: Any) -> None:
    """Somebody at the provider."""
    httpx.put(f"{issuer}/users/{subject}", json=told).raise_for_status()


def at_provider(address: str, subject: str) -> str:
    """What a person does there; gives the path and query of the address that the browser is sent back to."""
    got = httpx.post(address, data={"sub": subject}, follow_redirects=False)
    assert got.status_code == 302, got.text
    back = urlsplit(got.headers["location"])
    assert f"{back.scheme}://{back.netloc}" == "https://hub.example"
    return f"{back.path}?{back.query}"


def invited(desk: Desk, provider: str = "login", *roles: Role) -> str:
    """Ann, whom an owner lets come by a provider."""
    user = desk.user("ann@acme.example", *(roles or (Role.FINANCE,)))
    invite(desk.hub, "test", user, provider)
    return user


def onward(browser: Browser) -> str:
    """Where the form of somebody signed in leads, to link a provider."""
    begun = browser.post("/signin/providers/login")
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]*)"', begun.text)
    assert found is not None, begun.text
    return unescape(found[1])


def sign_in(browser: Browser, subject: str, name: str = "login", then: str = "") -> Any:
    """All of it."""
    begun = browser.get(f"/signin/by/{name}" + (f"?then={then}" if then else ""))
    assert begun.status_code == 303, begun.text
    return browser.get(at_provider(begun.headers["location"], subject))


def test_somebody_known_by_a_verified_address_is_let_in_and_then_by_subject(
    desk: Desk, site: Site, front: Front, issuer: str
) -> None:
    user = invited(desk)
    claims(issuer, "s1", email="Ann@Acme.example", email_verified=True)
    browser = Browser(site(front))
    assert "Sign in by Acme Login" in browser.get("/signin").text
    assert sign_in(browser, "s1", then="/probe/acme/money").headers["location"] == "/probe/acme/money"
    assert browser.get("/probe/acme/money").json()["caller"] == user
    claims(issuer, "s1", email="someone.else@acme.example", email_verified=False)
    again = Browser(site(front))
    sign_in(again, "s1")
    assert again.get("/probe/acme/money").json()["caller"] == user, "issuer and subject are the identity"
    assert [(row.subject, row.user_id) for row in desk.rows(user_identity.select())] == [("s1", user)]


@pytest.mark.parametrize(
    "told",
    [
        {"email": "ann@acme.example", "email_verified": False}, {"email": "ann@acme.example"},
        {"email": "ann@acme.example", "email_verified": "true"},
        {"email": "stranger@acme.example", "email_verified": True}, {},
    ],
    ids=["not verified", "nothing said", "a text", "nobody's", "no address"],
)  # fmt: skip
def test_who_is_not_known_is_not_let_in(
    desk: Desk, site: Site, front: Front, issuer: str, told: dict[str, Any]
) -> None:
    invited(desk)
    claims(issuer, "s2", **told)
    browser = Browser(site(front))
    assert sign_in(browser, "s2").status_code == 403 and not browser.cookie()
    assert desk.rows(user_identity.select()) == []
    assert [row.outcome for row in desk.rows(audit.select())] == ["done", "refused"]


def test_another_subject_with_the_address_of_somebody_is_not_him(
    desk: Desk, site: Site, front: Front, issuer: str
) -> None:
    invited(desk)
    for subject in ("s3", "s4"):
        claims(issuer, subject, email="ann@acme.example", email_verified=True)
    app = site(front)
    assert sign_in(Browser(app), "s3").status_code == 303
    thief = Browser(app)
    assert sign_in(thief, "s4").status_code == 403 and not thief.cookie()


@pytest.mark.parametrize("role", [Role.OWNER, Role.FINANCE])
def test_an_address_is_not_enough_to_become_a_user(
    desk: Desk, site: Site, front: Front, issuer: str, role: Role
) -> None:
    invited(desk, "groups", role)
    claims(issuer, "s9", email="ann@acme.example", email_verified=True)
    thief = Browser(site(front))
    refused = sign_in(thief, "s9")
    assert refused.status_code == 403 and not thief.cookie() and "invite you" in refused.text
    assert desk.rows(user_identity.select()) == []
    assert sign_in(Browser(site(front)), "s9", "groups").status_code == 303, "by the provider of the invitation"
    assert desk.rows(user_invitation.select()) == [], "it counts once"


def test_a_group_does_not_make_somebody_a_user_that_there_is(desk: Desk, site: Site, front: Front, issuer: str) -> None:
    desk.user("ann@acme.example", Role.OWNER, role_for="*")
    claims(issuer, "s10", email="ann@acme.example", email_verified=True, groups=["hr"])
    assert sign_in(Browser(site(front)), "s10", "groups").status_code == 403


def test_who_is_signed_in_links_what_is_his(desk: Desk, site: Site, front: Front, issuer: str) -> None:
    front = replace(front, policy=Policy(second_factor=False))
    ann, ben = desk.user("ann@acme.example", Role.FINANCE), desk.user("ben@acme.example", Role.FINANCE)
    claims(issuer, "s11", email="private@home.example", email_verified=False)
    claims(issuer, "s12", email="other@home.example")
    app = site(front)
    browser = Browser(app)
    assert browser.get("/signin/providers").headers["location"] == "/signin"
    assert browser.post("/signin/providers/login").status_code in (401, 403)
    browser.sign_in()
    assert "Link Acme Login" in browser.get("/signin/providers").text

    def links(browser: Browser, subject: str) -> Any:
        browser.get("/signin/providers")
        return browser.get(at_provider(onward(browser), subject))

    assert links(browser, "s11").headers["location"] == "/signin/providers"
    assert "Acme Login: linked" in browser.get("/signin/providers").text
    assert links(browser, "s12").status_code == 409, "he comes by another account of it"
    by_provider = Browser(app)
    assert sign_in(by_provider, "s11").status_code == 303
    assert by_provider.get("/probe/acme/money").json()["caller"] == ann
    other = Browser(app)
    other.sign_in("ben@acme.example")
    assert links(other, "s11").status_code == 409, "it leads to somebody else"
    assert [(row.subject, row.user_id) for row in desk.rows(user_identity.select())] == [("s11", ann)] and ben


def test_only_the_session_that_began_a_link_ends_it(desk: Desk, site: Site, front: Front, issuer: str) -> None:
    front = replace(front, policy=Policy(second_factor=False))
    desk.user("ann@acme.example", Role.FINANCE)
    desk.user("ben@acme.example", Role.FINANCE)
    claims(issuer, "s13", email="x@home.example")
    browser = Browser(site(front))
    browser.sign_in()
    browser.get("/signin/providers")
    back = at_provider(onward(browser), "s13")
    browser.get("/signin/providers")
    browser.post("/signout")
    browser.sign_in("ben@acme.example")
    assert browser.get(back).status_code == 403 and desk.rows(user_identity.select()) == []


def test_groups_give_roles_and_take_them_back(desk: Desk, site: Site, front: Front, issuer: str) -> None:
    app = site(front)
    told = {"email": "new@acme.example", "email_verified": True, "name": "New One"}
    claims(issuer, "s5", **told, groups=["hr", "audit", "others"])
    browser = Browser(app)
    assert sign_in(browser, "s5", "groups").status_code == 303
    with desk.write() as session:
        (row,) = users.listed(session)
        caller = users.caller(session, row["user"], "")
    assert (row["name"], row["roles"]) == ("New One", ["auditor@*", "benefits_admin@acme"])
    assert caller is not None and caller.may(Permission.EDIT_PEOPLE, "acme")
    assert not caller.may(Permission.EDIT_PEOPLE, "other") and caller.may(Permission.SEE_AUDIT, "other")
    claims(issuer, "s5", **told, groups="audit")
    second = Browser(app)
    sign_in(second, "s5", "groups")
    with desk.write() as session:
        assert users.listed(session)[0]["roles"] == ["auditor@*"]
    assert browser.get("/everything").status_code == 303, "what was open with more ends"
    assert second.get("/everything").status_code == 200


def test_who_is_in_no_group_of_ours_is_no_new_user(desk: Desk, site: Site, front: Front, issuer: str) -> None:
    claims(issuer, "s6", email="x@acme.example", email_verified=True, groups=["others"])
    assert sign_in(Browser(site(front)), "s6", "groups").status_code == 403
    with desk.write() as session:
        assert users.listed(session) == []


def test_who_is_disabled_here_is_not_let_in(desk: Desk, site: Site, front: Front, issuer: str) -> None:
    user = invited(desk)
    with desk.write() as session:
        users.disable(session, user)
    claims(issuer, "s7", email="ann@acme.example", email_verified=True)
    assert sign_in(Browser(site(front)), "s7").status_code == 403


def test_it_is_ended_by_the_browser_that_began_it_once_and_in_time(
    desk: Desk, site: Site, front: Front, issuer: str
) -> None:
    invited(desk)
    claims(issuer, "s8", email="ann@acme.example", email_verified=True)
    app = site(front)
    attacker, victim = Browser(app), Browser(app)
    back = at_provider(attacker.get("/signin/by/login").headers["location"], "s8")
    assert victim.get(back).status_code == 401, "begun by nobody"
    victim.get("/signin/by/login")
    assert victim.get(back).status_code == 401, "begun by another"
    attacker.get("/signin/by/groups")
    assert attacker.get(back).status_code == 401, "begun with another provider"
    back = at_provider(attacker.get("/signin/by/login").headers["location"], "s8")
    kept = attacker.client.cookies.get("__Host-benehub-oidc")
    assert kept and attacker.get(back).status_code == 303
    attacker.client.cookies.set("__Host-benehub-oidc", kept, domain="hub.example")
    assert attacker.get(back).status_code == 401, "a code counts once"
    late = Browser(app)
    back = at_provider(late.get("/signin/by/login").headers["location"], "s8")
    desk.later(minutes=10)
    assert late.get(back).status_code == 401


def test_what_is_sent_has_pkce_state_and_nonce_and_keeps_its_secrets(desk: Desk, site: Site, front: Front) -> None:
    browser = Browser(site(front))
    begun = browser.get("/signin/by/login")
    query = parse_qs(urlsplit(begun.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"] and len(query["code_challenge"][0]) == 43
    assert query["redirect_uri"] == ["https://hub.example/signin/by/login/back"]
    assert len(query["state"][0]) >= 32 and len(query["nonce"][0]) >= 32 and query["response_type"] == ["code"]
    (kept,) = [one for one in begun.headers.get_list("set-cookie") if "benehub-oidc" in one]
    assert {"HttpOnly", "Secure", "SameSite=lax", "Max-Age=600"} <= {part.strip() for part in kept.split(";")}
    assert query["state"][0] not in kept and query["nonce"][0] not in kept


def test_a_provider_that_is_away_or_unknown_is_said_so(desk: Desk, site: Site) -> None:
    gone = Provider("gone", "http://127.0.0.1:9", "benehub")
    browser = Browser(site(Front("https://hub.example", providers={"gone": SignInBy(gone, "Gone")})))
    assert browser.get("/signin/by/gone").status_code == 503
    assert browser.get("/signin/by/other").status_code == 404


def test_an_employee_is_the_person_with_his_number(desk: Desk, site: Site, front: Front, issuer: str) -> None:
    person_id = "per_1"
    row = {"person_id": person_id, "kind": "employee", "subscriber_id": person_id, "member_id": "1001", "seq": 1}
    with desk.store.write("acme") as session:
        session.add(person, [row])
    app = site(front)
    for subject, number in (("e1", "1001"), ("e2", "1001"), ("e3", "9999")):
        told = {"email": f"{subject}@acme.example", "email_verified": True, "groups": ["all"]}
        claims(issuer, subject, **told, employee_number=number)
        browser = Browser(app)
        assert sign_in(browser, subject, "groups").status_code == 303
        assert sign_in(Browser(app), subject, "groups").status_code == 303
        # Signed in still; who is no person of acme has nothing with it.
        assert browser.get("/probe/acme/money").status_code == (403 if subject == "e1" else 404)
    with desk.write() as session:
        assert [one["persons"] for one in users.listed(session)] == [{"acme": person_id}, {}, {}]
        caller = users.caller(session, users.named(session, "e1@acme.example").user_id, "")
    assert caller is not None and caller.may(Permission.SEE_SELF, "acme")
    linked = [(row.ref, row.outcome) for row in desk.rows(audit.select()) if "is a person" in row.action]
    assert linked == [(person_id, "done"), *[(person_id, "refused")] * 2, *[("", "refused")] * 2]
