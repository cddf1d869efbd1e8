"""Whoever a provider lets in has shown nothing by that: it may have known the browser for days. What it says of when it
asked is what counts, for who began it and for nobody else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.access.conftest import Desk
from tests.connect.test_oidc import ISSUER, Issuer
from tests.signin.conftest import Browser

from benehub.access import Role
from benehub.api.front import Front
from benehub.connect.oidc import OidcClient, Provider
from benehub.flows import providers
from benehub.flows.providers import SignInBy
from benehub.flows.users import invite
from benehub.store.access_tables import audit, user_account

LINKS: Final = "/signin/providers"
"""A page that asks again who one is."""


class Sat:
    """A browser at which an owner sits who comes by a provider, and that provider."""

    def __init__(self, desk: Desk, site: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.desk, self.issuer = desk, Issuer()
        spoken = partial(OidcClient, transport=httpx.MockTransport(self.issuer.answer))
        monkeypatch.setattr(providers, "OidcClient", spoken)
        by = SignInBy(Provider("login", ISSUER, "benehub", "secret"), "Login")
        for name in ("ann", "ben"):
            user = desk.user(f"{name}@acme.example", Role.OWNER, role_for="*")
            invite(desk.hub, "test", user, "login")
        self.browser = Browser(site(Front("https://hub.example", providers={"login": by})))

    def comes(self, again: bool = False, subject: str = "ann", asked: float | None = None) -> Any:
        """Go to the provider and come back from it; it asked `asked` seconds after that was begun, or does not say."""
        begun = self.browser.get("/signin/by/login" + f"?again=true&then={LINKS}" * again)
        query = parse_qs(urlsplit(begun.headers["location"]).query)
        assert ("prompt" in query) is again
        now = int(self.desk.now.timestamp())
        told = {"sub": subject, "nonce": query["nonce"][0], "iat": now, "exp": now + 300}
        self.issuer.claims |= told | {"auth_time": None if asked is None else now + asked}
        self.issuer.me |= {"sub": subject, "email": f"{subject}@acme.example"}
        return self.browser.get(f"/signin/by/login/back?state={query['state'][0]}&code=c1")

    @property
    def shown(self) -> bool:
        """Whether it counts as having shown who one is."""
        return self.browser.get(LINKS).status_code == 200


@pytest.fixture
def sat(desk: Desk, site: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Sat:
    """The browser; nobody is signed in yet."""
    return Sat(desk, site, monkeypatch)


def test_only_who_was_asked_by_his_provider_anew_has_shown_who_he_is(sat: Sat) -> None:
    assert sat.comes(subject="ben", asked=0).status_code == 303
    for asked in (None, -86_400, 0):
        assert sat.comes(asked=asked).status_code == 303
        assert not sat.shown, "to come in is not to show again who one is"
    before = sat.browser.cookie()
    for subject, late in (("ann", None), ("ann", -86_400), ("ann", -61), ("ben", 0), ("stranger", 0)):
        refused = sat.comes(True, subject, late)
        assert refused.status_code == (403 if subject == "stranger" else 409), (subject, late)
        told = "did not ask anew" in refused.text and "--password-file" in refused.text
        assert told is (subject != "stranger")
        assert sat.browser.cookie() == before and not sat.shown, "what is open stays as it is"
    assert [row.outcome for row in sat.desk.rows(audit.select()) if row.action == "show who one is by login"] == [
        "refused"
    ] * 4
    shown = sat.comes(True, asked=-60)  # clocks may differ by a minute
    assert shown.headers["location"] == LINKS and sat.shown and sat.browser.cookie() != before
    sat.desk.later(minutes=10)
    assert not sat.shown


def test_an_issuer_that_ends_with_a_slash_is_the_one_of_the_settings(sat: Sat) -> None:
    """Else whoever comes by it has no button to show again who he is, and is asked to link what is linked."""
    sat.issuer.told["issuer"] = sat.issuer.claims["iss"] = f"{ISSUER}/"
    assert sat.comes(asked=0).status_code == 303
    (ann, *_) = [row.user_id for row in sat.desk.rows(user_account.select()) if row.email == "ann@acme.example"]
    assert f"/signin/by/login?again=true&amp;then={LINKS}" in sat.browser.get(f"/signin/again?then={LINKS}").text
    assert "Comes by: Login" in " ".join(sat.browser.get(f"/access/users/{ann}").text.split())
    assert sat.comes(True, asked=0).headers["location"] == LINKS
    assert "Login: linked" in sat.browser.get(LINKS).text


def test_asked_for_by_nobody_it_is_a_sign_in_that_shows_nothing(sat: Sat) -> None:
    begun = sat.browser.get("/signin/by/login?again=true")
    assert "prompt" not in parse_qs(urlsplit(begun.headers["location"]).query)
    assert sat.comes(asked=0).status_code == 303 and not sat.shown
