"""The application as a browser meets it: with cookies, forms and the headers that browsers send."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

import pyotp
import pytest
from fastapi import Depends, Request
from fastapi.testclient import TestClient
from httpx import Response
from tests.access.conftest import PASSWORD, Desk

from benehub.access import Caller, Permission
from benehub.api import who
from benehub.api.app import create_app
from benehub.api.front import Front
from benehub.api.guard import Needs
from benehub.store import Store

HTTPS = Front("https://hub.example")


class Browser:
    """A browser at our pages: it fills forms that it was shown."""

    def __init__(self, app: Any, base: str = "https://hub.example", address: str = "192.0.2.1") -> None:
        self.client = TestClient(
            app, base_url=base, follow_redirects=False, raise_server_exceptions=False, client=(address, 4711)
        )
        self.token = ""

    def get(self, path: str, **headers: str) -> Response:
        """Go somewhere; a form there is remembered."""
        got = self.client.get(path, headers={"accept": "text/html", **headers})
        found = re.search(r'name="csrf" value="([^"]*)"', got.text)
        self.token = found[1] if found else self.token
        return got

    def post(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> Response:
        """Send the form that was seen last."""
        sent = {"origin": str(self.client.base_url).rstrip("/"), "sec-fetch-site": "same-origin", **(headers or {})}
        got = self.client.post(path, data={"csrf": self.token, **fields}, headers=sent)
        found = re.search(r'name="csrf" value="([^"]*)"', got.text)
        self.token = found[1] if found else self.token
        return got

    def sign_in(self, email: str = "ann@acme.example", password: str = PASSWORD) -> Response:
        """The first step."""
        self.get("/signin")
        return self.post("/signin", email=email, password=password)

    def enrol(self, desk: Desk) -> tuple[pyotp.TOTP, list[str]]:
        """Read the picture's key and send its first code; gives what the phone has, and the recovery codes."""
        secret = re.search(r"<code>([A-Z2-7]{32})</code>", self.get("/signin/enrol").text)
        assert secret is not None
        phone = pyotp.TOTP(secret[1])
        got = self.post("/signin/enrol", code=phone.at(desk.now))
        assert got.status_code == 200, got.text
        return phone, re.findall(r"<code>([a-z2-9-]{19})</code>", got.text)

    def cookie(self) -> str:
        """The session's secret."""
        return self.client.cookies.get("__Host-benehub") or self.client.cookies.get("benehub") or ""


@pytest.fixture(autouse=True)
def _cheap(cheap_passwords: Callable[..., None]) -> None:
    """Every test has them."""


@pytest.fixture
def desk(store: Store) -> Desk:
    """An installation with the employers `acme` and `other`, and nobody in it."""
    return Desk(store)


@pytest.fixture
def site(desk: Desk) -> Callable[..., Any]:
    """site(front): the application, with a page of an employer, one of people, one that changes, and one of oneself."""

    def make(front: Front = HTTPS) -> Any:
        app = create_app(desk.hub, who.resolve, front)

        def shown(request: Request, caller: Annotated[Caller, Depends(Needs(Permission.SEE_MONEY))]) -> dict[str, str]:
            return {"caller": caller.user, "csrf": getattr(request.state, "csrf", "")}

        def done(employer: str) -> str:
            return employer

        def broken(employer: str) -> None:
            raise RuntimeError(employer)

        app.get("/probe/{employer}/money")(shown)
        app.get("/probe/{employer}/people/{person}", dependencies=[Depends(Needs(Permission.SEE_PEOPLE))])(done)
        app.post("/probe/{employer}/approve/{difference}", dependencies=[Depends(Needs(Permission.APPROVE))])(done)
        app.post("/probe/{employer}/broken", dependencies=[Depends(Needs(Permission.APPROVE))])(broken)
        app.get("/everything", dependencies=[Depends(Needs(Permission.SEE_AUDIT))])(lambda: "all")
        return app

    return make
