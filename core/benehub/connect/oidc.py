"""OpenID Connect, our side: discovery, the address to send a browser to, and what a provider says of who comes back.

Authorization code with PKCE (S256), state and nonce. The ID token's signature, issuer, audience, times and nonce are
checked with the keys that the provider publishes; email and groups come from userinfo, for the same subject.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_plus

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwk, jwt
from joserfc.errors import JoseError

from benehub.connect.http import tls_context
from benehub.connect.inflate import coding, inflated
from benehub.errors import ConfigError, DataError, VendorUnavailable

ALGORITHMS: Final = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]
"""How an ID token may be signed: by a key pair only, never with a secret that both know, never not at all."""

SECONDS: Final = 10.0
"""How long a provider may take for an answer, from the question to its last byte."""

MOST: Final = 1024 * 1024
"""Bytes of an answer, as it was before it was compressed: more is none of a provider's."""

ACCEPTED: Final = {"accept": "application/json", "accept-encoding": "gzip, deflate"}
"""What is asked for: JSON, compressed in no way that is not undone piece by piece."""

LEEWAY: Final = 60
"""Seconds by which clocks may differ."""


@dataclass(frozen=True)
class Provider:
    """A provider as it is configured."""

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False, default="")
    scope: str = "openid email profile"
    groups_claim: str = ""
    employee_claim: str = ""


def same_issuer(one: str, other: str) -> bool:
    """Whether two names are one issuer: some write theirs with a slash at the end, and settings leave it out."""
    return one.rstrip("/") == other.rstrip("/")


@dataclass(frozen=True)
class Begun:
    """A sign-in that was begun; the browser brings it back sealed, so that no other can end it."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True)
class Claims:
    """What the provider says of somebody."""

    issuer: str
    subject: str
    email: str = field(repr=False)
    verified: bool
    name: str = field(repr=False)
    groups: tuple[str, ...]
    employee: str = field(repr=False, default="")
    """The employee number, where the provider tells it."""
    asked_at: int | None = None
    """When the provider last asked who is there (`auth_time`), in seconds of Unix time; None: it does not say."""


class OidcClient:
    """Speaks with one provider.

    Args:
        provider: as configured.
        clock: for the times of ID tokens.
        transport: replaces the network.
        since: monotonic seconds.
    """

    def __init__(
        self, provider: Provider, clock: Callable[[], datetime], transport: httpx.BaseTransport | None = None,
        since: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        if not provider.issuer.startswith("https://") and not _local(provider.issuer):
            raise ConfigError("a provider is spoken with over https", where=f"setting oidc.{provider.name}.issuer",
                              mend="Write its https address")  # fmt: skip
        self._provider = provider
        self._clock = clock
        self._transport = transport
        self._since = since

    def begin(self, back: str, again: bool = False) -> tuple[str, Begun]:
        """The address to send the browser to, and what has to come back with it; `again` has the provider ask anew.

        The address goes through the browser, where it can be changed: only `asked_at` tells whether it did ask.

        Raises:
            VendorUnavailable: the provider does not answer.
            ConfigError: it is not what the setting says it is.
        """
        begun = Begun(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))
        with self._client() as client:
            told = self._discovered(client)
        address = prepare_grant_uri(
            _text(told, "authorization_endpoint"), self._provider.client_id, "code", back, self._provider.scope,
            begun.state, nonce=begun.nonce, code_challenge=create_s256_code_challenge(begun.verifier),
            code_challenge_method="S256", **({"prompt": "login", "max_age": "0"} if again else {}),
        )  # fmt: skip
        return str(address), begun

    def finish(self, back: str, begun: Begun, query: Mapping[str, str]) -> Claims:
        """Who came back.

        Raises:
            DataError: the answer belongs to another sign-in, or is not to be believed.
            VendorUnavailable: the provider does not answer.
        """
        if not secrets.compare_digest(query.get("state", "").encode(), begun.state.encode()):
            raise self._unbelievable("the answer belongs to another sign-in")
        if query.get("iss", self._provider.issuer).rstrip("/") != self._provider.issuer.rstrip("/"):
            raise self._unbelievable("another provider answers")
        if not query.get("code"):
            raise self._unbelievable("the provider let nobody in")
        with self._client() as client:
            told = self._discovered(client)
            try:
                token = self._token(client, _text(told, "token_endpoint"), back, query["code"], begun.verifier)
                claims = self._id_token(client, told, str(token.get("id_token", "")), begun.nonce)
                bearer = {"authorization": f"Bearer {token.get('access_token', '')}"}
                said = self._json(client.build_request("GET", _text(told, "userinfo_endpoint"), headers=bearer), client)
            except httpx.HTTPError as error:
                raise self._away(error) from None
        if said.get("sub") != claims["sub"]:
            raise self._unbelievable("userinfo tells of somebody else")
        groups = said.get(self._provider.groups_claim, claims.get(self._provider.groups_claim, ()))
        listed = groups if isinstance(groups, list) else [groups] if isinstance(groups, str) else []
        asked = claims.get("auth_time")
        return Claims(
            str(claims["iss"]), str(claims["sub"]), str(said.get("email") or ""), said.get("email_verified") is True,
            str(said.get("name") or ""), tuple(str(group) for group in listed),
            str(said.get(self._provider.employee_claim) or "") if self._provider.employee_claim else "",
            int(asked) if isinstance(asked, int | float) and not isinstance(asked, bool) else None,
        )  # fmt: skip

    def _client(self) -> httpx.Client:
        return httpx.Client(timeout=SECONDS, transport=self._transport, verify=tls_context(), headers=ACCEPTED)

    def _json(self, request: httpx.Request, client: httpx.Client, auth: httpx.Auth | None = None) -> dict[str, Any]:
        """What a provider answers, read no further and no longer than an answer of one goes.

        Raises:
            httpx.HTTPError: it does not answer so.
        """
        by = self._since() + SECONDS
        # Nobody's redirection is followed: an answer of somebody else's would be taken for the provider's.
        response = client.send(request, auth=auth, stream=True)
        try:
            response.raise_for_status()
            return _object(b"".join(self._bounded(response, by)))
        finally:
            response.close()

    def _bounded(self, response: httpx.Response, by: float) -> Iterator[bytes]:
        size = 0
        assert isinstance(response.stream, httpx.SyncByteStream)
        for piece in inflated(response.stream, coding(response.headers)):
            size += len(piece)
            if size > MOST:
                raise httpx.DecodingError(f"an answer of more than {MOST} bytes")
            if self._since() > by:
                raise httpx.ReadTimeout("an answer that does not end")
            yield piece

    def _token(self, client: httpx.Client, address: str, back: str, code: str, verifier: str) -> dict[str, Any]:
        """What the provider gives for the code (RFC 6749, 4.1.3)."""
        one = self._provider
        more = {"code": code, "code_verifier": verifier, **({} if one.client_secret else {"client_id": one.client_id})}
        body = prepare_token_request("authorization_code", redirect_uri=back, **more)
        # Both are form-encoded before they become Basic credentials (2.3.1).
        auth = httpx.BasicAuth(quote_plus(one.client_id), quote_plus(one.client_secret)) if one.client_secret else None
        form = {"content-type": "application/x-www-form-urlencoded"}
        asked = client.build_request("POST", address, content=body, headers=form)
        try:
            return self._json(asked, client, auth or httpx.Auth())
        except httpx.HTTPStatusError as error:
            if error.response.is_client_error:
                raise self._unbelievable(f"the provider refuses the code ({error.response.status_code})") from None
            raise

    def _discovered(self, client: httpx.Client) -> dict[str, Any]:
        place = f"{self._provider.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            told = self._json(client.build_request("GET", place), client)
        except httpx.HTTPError as error:
            raise self._away(error) from None
        if not same_issuer(str(told.get("issuer", "")), self._provider.issuer):
            raise ConfigError("the provider calls itself otherwise", where=f"setting oidc.{self._provider.name}.issuer",
                              mend=f"It says {str(told.get('issuer', ''))[:80]!r}")  # fmt: skip
        return told

    def _id_token(self, client: httpx.Client, told: Mapping[str, Any], token: str, nonce: str) -> dict[str, Any]:
        keys = self._json(client.build_request("GET", _text(told, "jwks_uri")), client)
        try:
            decoded = jwt.decode(token, jwk.KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]  # a JWKS as parsed
            jwt.JWTClaimsRegistry(
                now=int(self._clock().timestamp()), leeway=LEEWAY,
                iss={"essential": True, "value": told["issuer"]},
                aud={"essential": True, "value": self._provider.client_id},
                exp={"essential": True}, iat={"essential": True}, sub={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(decoded.claims)  # fmt: skip
        except (JoseError, ValueError, KeyError) as error:
            raise self._unbelievable(f"the ID token does not hold ({type(error).__name__})") from None
        claims = dict(decoded.claims)
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != self._provider.client_id:
            raise self._unbelievable("the ID token was made for somebody else")
        return claims

    def _unbelievable(self, what: str) -> DataError:
        return DataError(what, where=f"sign-in by {self._provider.name}", mend="Begin again from the sign-in page")

    def _away(self, error: httpx.HTTPError) -> VendorUnavailable:
        return VendorUnavailable(f"the sign-in provider does not answer ({type(error).__name__})",
                                 where=self._provider.name, mend="Try again, or sign in by password")  # fmt: skip


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise httpx.DecodingError("no JSON") from None
    if not isinstance(told, dict):
        raise httpx.DecodingError("no JSON object")
    return told


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        raise ConfigError(f"the provider tells no {name}", where="setting oidc", mend="Ask whoever runs it")
    if value.startswith("http://") and not _local(value):
        raise ConfigError(f"the provider's {name} is not https", where="setting oidc", mend="Ask whoever runs it")
    return value


def _local(address: str) -> bool:
    return httpx.URL(address).host in ("127.0.0.1", "localhost", "::1")
