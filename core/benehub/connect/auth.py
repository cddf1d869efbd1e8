"""Credentials as small classes that give headers.

They do no I/O of their own: the client hands in `fetch`, a plain exchange without credentials, so that a
token is got through the same transport, time-outs and size cap as everything else.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from urllib.parse import quote_plus, urlencode

from benehub.connect import jsontext
from benehub.connect.messages import Request, Response
from benehub.connect.verdict import failure, unavailable
from benehub.errors import BenehubError, DataError, ReauthNeeded
from benehub.periods import Clock

Fetch = Callable[[Request], Response]
"""One exchange without credentials; raises only for a lost connection, never for a status."""


class Auth(Protocol):
    """What the client needs of credentials."""

    def headers(self, fetch: Fetch) -> Mapping[str, str]:
        """The headers that carry them."""
        ...

    def renew(self, fetch: Fetch, used: Mapping[str, str]) -> bool:
        """After a 401 on `used`: whether newer credentials are there, so that one more try makes sense."""
        ...


@dataclass(frozen=True, slots=True)
class HeaderAuth:
    """Fixed headers, as vendors with an API key want them (`X-Api-Key`, app ids)."""

    values: Mapping[str, str] = field(repr=False)

    def headers(self, fetch: Fetch) -> Mapping[str, str]:
        """The fixed headers."""
        return self.values

    def renew(self, fetch: Fetch, used: Mapping[str, str]) -> bool:
        """Never: only a person can renew a key."""
        return False


def basic(user: str, password: str) -> HeaderAuth:
    """HTTP Basic (RFC 7617, UTF-8)."""
    return HeaderAuth({"authorization": _basic(user, password)})


def bearer(token: str) -> HeaderAuth:
    """A bearer token that does not expire by itself (RFC 6750)."""
    return HeaderAuth({"authorization": f"Bearer {token}"})


@dataclass(frozen=True, slots=True)
class Token:
    """An OAuth 2 token; `fresh_until` is when to renew it, skew taken off (None: the vendor was silent)."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    fresh_until: datetime | None = None


class Grant(StrEnum):
    """How an OAuth 2 token is renewed (RFC 6749 sections 4.4 and 6)."""

    CLIENT_CREDENTIALS = "client_credentials"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant, not a secret


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """Our registration with a vendor.

    Args:
        token_url: whole address of the token endpoint.
        client_id: public part.
        client_secret: secret part.
        grant: how tokens are renewed.
        scope: space-separated, empty for the vendor's default.
        in_header: whether id and secret go as HTTP Basic instead of in the form.
        skew_seconds: how long before its end a token is renewed (half its life at most).
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    grant: Grant = Grant.CLIENT_CREDENTIALS
    scope: str = ""
    in_header: bool = False
    skew_seconds: int = 60


class Keeper(Protocol):
    """Keeps a connection's tokens for all who open it."""

    def turn(self) -> AbstractContextManager[None]:
        """Be the only one who renews."""
        ...

    def held(self) -> Token:
        """What is kept now; the access token empty where there is none."""
        ...

    def keep(self, token: Token) -> None:
        """Keep a new token."""
        ...


class OAuth2:
    """Tokens renewed by one caller at a time; the others wait and use what it got.

    Whoever waited while a renewal failed gets the same error, so that many calls at once ask once; the next try asks
    again. A refusal is remembered for good: every caller gets the same `ReauthNeeded` until a person has mended the
    connection and a new object is made.

    Args:
        client: our registration.
        clock: the hub's clock.
        token: the stored token; needed with its refresh part for the refresh grant.
        on_token: stores a new token; called before its first use, since vendors rotate refresh tokens.
        keeper: keeps tokens between openings. A token that another one has got meanwhile is taken over, not renewed.
    """

    def __init__(
        self,
        client: OAuthClient,
        clock: Clock,
        *,
        token: Token | None = None,
        on_token: Callable[[Token], None] | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._token = token
        self._on_token = on_token
        self._keeper = keeper
        self._failed: BenehubError | None = None
        self._failures = 0
        self._lock = threading.Lock()

    def headers(self, fetch: Fetch) -> Mapping[str, str]:
        """The bearer header, with a renewed token where the old one is about to end.

        Raises:
            ReauthNeeded: the vendor refuses to renew, or there is nothing to renew with.
            VendorUnavailable, RateLimited: the token endpoint does not answer as it should.
        """
        token = self._token
        if token is None or not self._fresh(token):
            failures = self._failures
            with self._lock:
                token = self._token
                if token is None or not self._fresh(token):
                    token = self._renewed(fetch, failures)
        return {"authorization": f"Bearer {token.access}"}

    def renew(self, fetch: Fetch, used: Mapping[str, str]) -> bool:
        """Renew after a 401, unless somebody else has renewed since `used` was made."""
        failures = self._failures
        with self._lock:
            if self._token is None or used.get("authorization") == f"Bearer {self._token.access}":
                self._renewed(fetch, failures)
            return True

    def _fresh(self, token: Token) -> bool:
        return token.fresh_until is None or self._clock() < token.fresh_until

    def _renewed(self, fetch: Fetch, failures: int) -> Token:
        """Get, store and keep a new token; the lock is held. `failures` is how many there were before it was."""
        if self._failed is not None and (isinstance(self._failed, ReauthNeeded) or self._failures > failures):
            raise copy(self._failed)
        try:
            token = self._got(fetch)
        except BenehubError as error:
            self._failed = copy(error)
            self._failures += 1
            raise
        self._token, self._failed = token, None
        return token

    def _got(self, fetch: Fetch) -> Token:
        """A token that is stored: the vendor's, or one that another opening has got since ours was."""
        old = self._token or Token("")
        if self._keeper is None:
            token = self._ask(fetch, old.refresh)
        else:
            held = self._keeper.held()
            if self._is_another(held, old):  # good already: whoever renews another one is not waited for
                return held
            with self._keeper.turn():
                held = self._keeper.held()
                if self._is_another(held, old):
                    return held
                token = self._ask(fetch, held.refresh)
                self._keeper.keep(token)
        if self._on_token is not None:
            self._on_token(token)
        return token

    def _is_another(self, held: Token, old: Token) -> bool:
        return bool(held.access) and held.access != old.access and self._fresh(held)

    def _ask(self, fetch: Fetch, old: str) -> Token:
        request = self._request(old)
        where = f"token endpoint {request.place}"
        response = fetch(request)
        # RFC 6749 section 5.2: a dead refresh token or client is a 400 (invalid_grant) or a 401.
        if response.status in (400, 401, 403):
            raise ReauthNeeded(
                f"the vendor refused to renew the token ({response.status})",
                where=where,
                mend="Connect the vendor again",
            )
        if response.status >= 500:
            # Not sent: that is said of the call this token was for.
            raise unavailable(f"the vendor answered {response.status}", where=where, sent=False)
        if response.status >= 300:
            raise failure(request, response, where=where)
        return self._token_of(response, old, where)

    def _request(self, refresh: str) -> Request:
        client = self._client
        form = {"grant_type": client.grant.value}
        if client.grant is Grant.REFRESH_TOKEN:
            if not refresh:
                raise ReauthNeeded("there is no refresh token", mend="Connect the vendor again")
            form["refresh_token"] = refresh
        if client.scope:
            form["scope"] = client.scope
        headers: tuple[tuple[str, str], ...] = ()
        if client.in_header:
            # RFC 6749 section 2.3.1: both parts are form-encoded before they become Basic.
            pair = _basic(quote_plus(client.client_id), quote_plus(client.client_secret))
            headers = (("authorization", pair),)
        else:
            form |= {"client_id": client.client_id, "client_secret": client.client_secret}
        # A token request changes nothing of the employer's, so it is no write in a dry run's eyes.
        return Request(
            "POST",
            client.token_url,
            headers=headers,
            body=urlencode(form),
            content_type="application/x-www-form-urlencoded",
            write=False,
        )

    def _token_of(self, response: Response, old_refresh: str, where: str) -> Token:
        try:
            data: Any = jsontext.parse(response.body)
            access, refresh = str(data["access_token"]), str(data.get("refresh_token") or old_refresh)
            life = int(str(data["expires_in"]).partition(".")[0]) if data.get("expires_in") else None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DataError(
                "the token endpoint's answer holds no token", where=where, mend="Check the token address"
            ) from None
        if life is None:
            return Token(access, refresh)
        usable = life - min(self._client.skew_seconds, life // 2)
        return Token(access, refresh, self._clock() + timedelta(seconds=usable))


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
