"""What a provider may not tell us: each ID token and answer that is not to be believed."""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwk, jws, jwt

from benehub.connect.oidc import Begun, Claims, OidcClient, Provider
from benehub.errors import ConfigError, DataError, VendorUnavailable

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
ISSUER = "https://login.example"
BEGUN = Begun("state-1", "nonce-1", "v" * 50)
BACK = "https://hub.example/signin/by/login/back"
KEY, OTHER = (jwk.ECKey.generate_key("P-256", {"kid": "k1"}) for _ in range(2))


class Issuer:
    """A provider whose every answer can be bent."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {
            "issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/auth", "token_endpoint": f"{ISSUER}/token",
            "userinfo_endpoint": f"{ISSUER}/me", "jwks_uri": f"{ISSUER}/keys",
        }  # fmt: skip
        self.claims: dict[str, Any] = {
            "iss": ISSUER, "sub": "s1", "aud": "benehub", "exp": SECONDS + 300, "iat": SECONDS, "nonce": "nonce-1",
        }  # fmt: skip
        self.me: dict[str, Any] = {"sub": "s1", "email": "ann@acme.example", "email_verified": True, "groups": ["hr"]}
        self.token: Callable[[], str] = lambda: jwt.encode({"alg": "ES256", "kid": "k1"}, self.claims, KEY)
        self.sent: dict[str, list[str]] = {}

    def answer(self, request: httpx.Request) -> httpx.Response:
        """As a provider does."""
        match request.url.path:
            case "/.well-known/openid-configuration":
                return httpx.Response(200, json=self.told)
            case "/keys":
                return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})
            case "/token":
                self.sent = parse_qs(request.content.decode())
                return httpx.Response(
                    200, json={"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": self.token()}
                )
            case "/me":
                assert request.headers["authorization"] == "Bearer at"
                return httpx.Response(200, json=self.me)
        return httpx.Response(404)

    def client(self, **more: Any) -> OidcClient:
        """A client that speaks with it."""
        given = {"groups_claim": "groups", "client_secret": "secret", **more}
        provider = Provider("login", ISSUER, "benehub", **given)
        return OidcClient(provider, lambda: NOW, httpx.MockTransport(self.answer))

    def finish(self, **query: str) -> Claims:
        """Somebody comes back."""
        return self.client().finish(BACK, BEGUN, {"state": "state-1", "code": "c1", **query})


@pytest.fixture
def issuer() -> Issuer:
    """A provider."""
    return Issuer()


def test_what_is_well_told_is_believed(issuer: Issuer) -> None:
    assert issuer.finish(iss=ISSUER) == Claims(ISSUER, "s1", "ann@acme.example", True, "", ("hr",))
    assert issuer.sent["code_verifier"] == [BEGUN.verifier] and issuer.sent["redirect_uri"] == [BACK]


def test_the_challenge_is_that_of_the_verifier(issuer: Issuer) -> None:
    address, begun = issuer.client().begin(BACK)
    query = parse_qs(address.partition("?")[2])
    assert query["code_challenge"] == [create_s256_code_challenge(begun.verifier)]
    assert query["scope"] == ["openid email profile"]
    again = issuer.client().begin(BACK)[1]
    assert len({begun.state, begun.nonce, begun.verifier, again.state, again.nonce, again.verifier}) == 6


@pytest.mark.parametrize(
    "bent",
    [
        {"iss": "https://evil.example"}, {"aud": "another"}, {"aud": ["another"]}, {"exp": SECONDS - 61},
        {"nonce": "nonce-2"}, {"nonce": None}, {"sub": "s2"}, {"iat": SECONDS + 3600}, {"sub": None},
        {"aud": ["benehub", "another"]}, {"aud": ["benehub", "another"], "azp": "another"},
    ],
    ids=str,
)  # fmt: skip
def test_an_id_token_of_another_is_not_believed(issuer: Issuer, bent: dict[str, Any]) -> None:
    issuer.claims = {name: value for name, value in (issuer.claims | bent).items() if value is not None}
    with pytest.raises(DataError):
        issuer.finish()


def unsigned(claims: dict[str, Any]) -> str:
    from base64 import urlsafe_b64encode

    parts = [urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in ({"alg": "none"}, claims)]
    return f"{parts[0]}.{parts[1]}."


def by_secret(claims: dict[str, Any]) -> str:
    """Signed with the public key as if it were a secret that both know."""
    public = json.dumps(KEY.as_dict(private=False)).encode()
    return jws.serialize_compact({"alg": "HS256"}, json.dumps(claims).encode(), jwk.OctKey.import_key(public))


@pytest.mark.parametrize(
    "token",
    [
        lambda claims: jwt.encode({"alg": "ES256", "kid": "k1"}, claims, OTHER), unsigned, by_secret,
        lambda _: "", lambda _: "a.b.c",
        lambda claims: jwt.encode({"alg": "ES256", "kid": "k1"}, claims, KEY)[:-8] + "AAAAAAAA",
    ],
    ids=["another key", "unsigned", "by secret", "none", "no token", "bent"],
)  # fmt: skip
def test_a_signature_that_is_not_the_provider_s_is_not_believed(
    issuer: Issuer, token: Callable[[dict[str, Any]], str]
) -> None:
    issuer.token = lambda: token(issuer.claims)
    with pytest.raises(DataError, match="ID token"):
        issuer.finish()


@pytest.mark.parametrize(
    "query", [{"state": "state-2"}, {"state": ""}, {"code": ""}, {"iss": "https://evil.example"}, {"state": "stäte"}]
)
def test_an_answer_to_another_sign_in_is_not_looked_at(issuer: Issuer, query: dict[str, str]) -> None:
    with pytest.raises(DataError):
        issuer.finish(**query)
    assert issuer.sent == {}


def test_who_is_to_be_asked_anew_is_and_when_he_was_is_told_by_the_token_alone(issuer: Issuer) -> None:
    query = parse_qs(issuer.client().begin(BACK, again=True)[0].partition("?")[2])
    assert (query["prompt"], query["max_age"]) == (["login"], ["0"])
    assert not {"prompt", "max_age"} & parse_qs(issuer.client().begin(BACK)[0].partition("?")[2]).keys()
    issuer.me["auth_time"] = SECONDS
    found = []
    for value in (SECONDS, SECONDS + 0.5, str(SECONDS), True, None):
        issuer.claims["auth_time"] = value
        found.append(issuer.finish().asked_at)
    assert found == [SECONDS, SECONDS, None, None, None]


@pytest.mark.parametrize("value", ["true", 1, None, "yes"])
def test_only_a_verified_address_is_verified(issuer: Issuer, value: object) -> None:
    issuer.me["email_verified"] = value
    assert issuer.finish().verified is False


def test_a_provider_is_the_one_that_was_set_and_speaks_https(issuer: Issuer) -> None:
    issuer.told["issuer"] = "https://evil.example"
    with pytest.raises(ConfigError, match="calls itself otherwise"):
        issuer.client().begin(BACK)
    issuer.told |= {"issuer": ISSUER, "authorization_endpoint": "http://login.example/auth"}
    with pytest.raises(ConfigError, match="not https"):
        issuer.client().begin(BACK)
    with pytest.raises(ConfigError, match="over https"):
        OidcClient(Provider("x", "http://login.example", "benehub"), lambda: NOW)


def test_a_provider_that_breaks_is_away() -> None:
    for status, body in ((500, ""), (200, "no json"), (200, "[]")):
        transport = httpx.MockTransport(lambda _, status=status, body=body: httpx.Response(status, text=body))
        client = OidcClient(Provider("login", ISSUER, "benehub"), lambda: NOW, transport)
        with pytest.raises(VendorUnavailable):
            client.begin(BACK)


@pytest.mark.parametrize("place", ["/.well-known/openid-configuration", "/keys", "/token", "/me"])
def test_a_provider_whose_answer_never_ends_is_away(issuer: Issuer, place: str) -> None:
    """Too much at once, too much out of little, or too little for ever: whoever signs in waits for none of it."""
    looked = itertools.count()
    given: list[int] = []

    def endless(piece: bytes) -> Iterator[bytes]:
        for number in itertools.count():
            given.append(number)
            yield piece

    def packed() -> Iterator[bytes]:
        pack = zlib.compressobj(wbits=31)
        return (pack.compress(b" " * 1024 * 1024) + pack.flush(zlib.Z_SYNC_FLUSH) for _ in itertools.count())

    for body, coded, most in ((endless(b"x" * 65_536), "", 17), (packed(), "gzip", 0), (endless(b" "), "", 12)):
        given.clear()

        def answer(request: httpx.Request, body: Iterator[bytes] = body, coded: str = coded) -> httpx.Response:
            if request.url.path != place:
                return issuer.answer(request)
            return httpx.Response(200, content=body, headers={"content-encoding": coded} if coded else {})

        client = OidcClient(
            Provider("login", ISSUER, "benehub"), lambda: NOW, httpx.MockTransport(answer), lambda: next(looked)
        )
        with pytest.raises(VendorUnavailable, match="does not answer"):
            client.finish(BACK, BEGUN, {"state": "state-1", "code": "c1"})
        assert len(given) <= most
