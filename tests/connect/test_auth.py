"""Credentials: headers, renewal by one caller at a time, and one refusal for all."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import httpx
import pytest

from benehub.connect.auth import Grant, HeaderAuth, OAuth2, OAuthClient, Token, basic, bearer
from benehub.connect.http import RetryBudget, VendorClient, was_sent
from benehub.connect.messages import Request, Response, change, read
from benehub.errors import DataError, ReauthNeeded, VendorUnavailable

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BASE = "https://api.example.com"
TOKEN_URL = "https://accounts.example.com/oauth/token"


class Vendor:
    """A vendor with a token endpoint; knows which access token is alive."""

    def __init__(self) -> None:
        self.now = NOON
        self.alive = "t0"
        self.count = 0
        self.forms: list[dict[str, list[str]]] = []
        self.calls = 0
        self.lock = threading.Lock()
        self.token_answer: httpx.Response | Exception | None = None
        self.rush: threading.Barrier | None = None

    def handle(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) == TOKEN_URL:
            return self.token(request)
        with self.lock:
            self.calls += 1
            good = request.headers["authorization"] == f"Bearer {self.alive}"
        if not good and self.rush is not None:
            self.rush.wait(60)  # every thread has got its 401 before the first one renews
        return httpx.Response(200 if good else 401, json={})

    def token(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            self.forms.append(parse_qs(request.content.decode()))
            if isinstance(self.token_answer, Exception):
                raise self.token_answer
            if self.token_answer is not None:
                return self.token_answer
            self.count += 1
            self.alive = f"t{self.count}"
        body = {"access_token": self.alive, "expires_in": 600, "refresh_token": f"r{self.count}"}
        return httpx.Response(200, json=body)

    def client(self, auth: OAuth2 | HeaderAuth) -> VendorClient:
        return VendorClient(
            BASE,
            auth=auth,
            transport=httpx.MockTransport(self.handle),
            sleep=lambda seconds: None,
            budget=RetryBudget(max_attempts=3),
        )


def registration(grant: Grant = Grant.CLIENT_CREDENTIALS, **more: object) -> OAuthClient:
    return OAuthClient(TOKEN_URL, "id", "s3cret", grant, **more)  # type: ignore[arg-type]  # test shorthand


def test_fixed_headers() -> None:
    def no_fetch(request: object) -> object:
        raise AssertionError("fixed headers fetch nothing")

    assert basic("key", "x").headers(no_fetch) == {"authorization": "Basic a2V5Ong="}  # type: ignore[arg-type]  # a stand-in
    assert bearer("t").headers(no_fetch) == {"authorization": "Bearer t"}  # type: ignore[arg-type]  # a stand-in
    assert "hush" not in repr(bearer("hush"))
    assert "hush" not in repr(registration()) + repr(Token("hush", "hush"))
    assert "s3cret" not in repr(registration())


def test_a_token_is_got_once_and_renewed_before_its_end() -> None:
    vendor = Vendor()
    with vendor.client(OAuth2(registration(), lambda: vendor.now)) as client:
        client.send(read("/x"))
        client.send(read("/x"))
        assert len(vendor.forms) == 1
        vendor.now += timedelta(seconds=539)
        client.send(read("/x"))
        assert len(vendor.forms) == 1
        vendor.now += timedelta(seconds=1)
        client.send(read("/x"))
    assert len(vendor.forms) == 2
    assert vendor.forms[0] == {
        "grant_type": ["client_credentials"],
        "client_id": ["id"],
        "client_secret": ["s3cret"],
    }


def test_a_401_renews_once_and_tries_once_more() -> None:
    vendor = Vendor()
    stored: list[Token] = []
    auth = OAuth2(
        registration(Grant.REFRESH_TOKEN),
        lambda: vendor.now,
        token=Token("dead", "r0"),
        on_token=stored.append,
    )
    with vendor.client(auth) as client:
        assert client.send(change("POST", "/x", {})).status == 200
    assert vendor.calls == 2
    assert vendor.forms[0]["refresh_token"] == ["r0"]
    assert [token.refresh for token in stored] == ["r1"]


def test_a_401_on_a_new_token_too_asks_a_person() -> None:
    vendor = Vendor()

    def always_401(request: httpx.Request) -> httpx.Response:
        answer = vendor.handle(request)
        return answer if str(request.url) == TOKEN_URL else httpx.Response(401)

    with (
        VendorClient(
            BASE, auth=OAuth2(registration(), lambda: vendor.now), transport=httpx.MockTransport(always_401)
        ) as client,
        pytest.raises(ReauthNeeded),
    ):
        client.send(read("/x"))
    assert vendor.calls == 2
    assert len(vendor.forms) == 2


def test_eight_threads_renew_once() -> None:
    vendor = Vendor()
    vendor.rush = threading.Barrier(8)
    auth = OAuth2(registration(Grant.REFRESH_TOKEN), lambda: vendor.now, token=Token("dead", "r0"))
    statuses: list[int] = []
    with vendor.client(auth) as client:
        threads = [threading.Thread(target=lambda: statuses.append(client.send(read("/x")).status)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert statuses == [200] * 8
    assert len(vendor.forms) == 1


class Queue:
    """A lock that knows when so many have come to it."""

    def __init__(self) -> None:
        self.lock, self.full = threading.RLock(), threading.Semaphore(0)

    def __enter__(self) -> None:
        self.full.release()
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()


@pytest.mark.parametrize("known", [None, Token("dead", "r0")])
def test_a_renewal_that_fails_is_asked_once_by_all_who_waited_for_it(
    known: Token | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue, others, seen = Queue(), 7, []
    with monkeypatch.context() as patched:
        patched.setattr(threading, "Lock", lambda: queue)
        auth = OAuth2(registration(), lambda: NOON, token=known)

    def fetch(request: Request) -> Response:
        seen.append(request)
        for _ in range(others + 1):  # it fails only when everybody has come
            assert queue.full.acquire(timeout=60)
        return Response(503, {}, b"")

    errors: list[Exception] = []

    def call() -> None:
        try:
            if known is None:
                auth.headers(fetch)
            else:
                auth.renew(fetch, {"authorization": "Bearer dead"})
        except VendorUnavailable as error:
            errors.append(error)

    threads = [threading.Thread(target=call) for _ in range(others + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(seen) == 1
    assert len(errors) == others + 1 == len({id(error) for error in errors})
    assert {str(error) for error in errors} == {str(errors[0])}
    assert not any(was_sent(error) for error in errors)
    others = 0
    with pytest.raises(VendorUnavailable):
        auth.headers(fetch) if known is None else auth.renew(fetch, {"authorization": "Bearer dead"})
    assert len(seen) == 2  # the next try asks again


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_renewal_is_asked_once_for_all(status: int) -> None:
    vendor = Vendor()
    vendor.token_answer = httpx.Response(status, json={"error": "invalid_grant", "hint": "s3cret"})
    with vendor.client(OAuth2(registration(), lambda: vendor.now)) as client:
        for _ in range(3):
            with pytest.raises(ReauthNeeded, match="refused to renew") as caught:
                client.send(read("/x"))
            assert "s3cret" not in str(caught.value)
    assert len(vendor.forms) == 1
    assert vendor.calls == 0


def test_a_missing_refresh_token_asks_a_person() -> None:
    vendor = Vendor()
    with (
        vendor.client(OAuth2(registration(Grant.REFRESH_TOKEN), lambda: vendor.now)) as client,
        pytest.raises(ReauthNeeded, match="no refresh token"),
    ):
        client.send(read("/x"))
    assert vendor.forms == []


@pytest.mark.parametrize("trouble", [httpx.Response(502), httpx.ReadTimeout("t")])
def test_a_token_endpoint_that_is_down_means_the_write_was_not_sent(
    trouble: httpx.Response | Exception,
) -> None:
    vendor = Vendor()
    vendor.token_answer = trouble
    with (
        vendor.client(OAuth2(registration(), lambda: vendor.now)) as client,
        pytest.raises(VendorUnavailable) as caught,
    ):
        client.send(change("POST", "/x", {}))
    assert not was_sent(caught.value)
    assert vendor.calls == 0
    assert len(vendor.forms) == 3


@pytest.mark.parametrize("body", ["", "{}", "[]", "<html>", '{"access_token":"t","expires_in":"soon"}'])
def test_an_answer_without_a_token_is_a_data_error(body: str) -> None:
    vendor = Vendor()
    vendor.token_answer = httpx.Response(200, text=body)
    with (
        vendor.client(OAuth2(registration(), lambda: vendor.now)) as client,
        pytest.raises(DataError, match="no token"),
    ):
        client.send(read("/x"))


def test_scope_and_credentials_in_the_header() -> None:
    vendor = Vendor()
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return vendor.handle(request)

    auth = OAuth2(registration(scope="a b", in_header=True), lambda: vendor.now)
    with VendorClient(BASE, auth=auth, transport=httpx.MockTransport(handle), dry_run=True) as client:
        client.send(read("/x"))
    assert seen[0].headers["authorization"] == "Basic aWQ6czNjcmV0"
    assert vendor.forms[0] == {"grant_type": ["client_credentials"], "scope": ["a b"]}


def test_a_short_life_is_not_eaten_by_the_skew() -> None:
    vendor = Vendor()
    vendor.token_answer = httpx.Response(200, json={"access_token": "t0", "expires_in": 30})
    with vendor.client(OAuth2(registration(), lambda: vendor.now)) as client:
        client.send(read("/x"))
        vendor.now += timedelta(seconds=14)
        client.send(read("/x"))
    assert len(vendor.forms) == 1
