"""Guards of a call that nothing else would miss: who has to wait for whose wait, and who asks for a token."""

from __future__ import annotations

import logging
import threading
import zlib
from datetime import UTC, datetime

import httpx
import pytest
from tests.connect.test_http_client import Vendor, ok

from benehub.connect.auth import OAuth2, OAuthClient
from benehub.connect.http import LEAST_PAUSE, RetryBudget
from benehub.connect.inflate import PIECE, inflated
from benehub.connect.messages import Request, Response, change, read
from benehub.connect.verdict import lost, vendor_text, was_sent
from benehub.errors import BenehubError, ConfigError, DataError, RateLimited, VendorUnavailable

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ONCE = RetryBudget(max_attempts=1)
TOKEN = httpx.Response(200, json={"access_token": "t1", "expires_in": 600})


class Counted:
    """A limiter that lets all pass and keeps what it is asked."""

    def __init__(self) -> None:
        self.acquired, self.held = 0, list[float]()

    def acquire(self, max_wait: float) -> None:
        """Let it pass."""
        self.acquired += 1

    def hold(self, seconds: float) -> None:
        """Keep it."""
        self.held.append(seconds)


def renewing(url: str = "https://accounts.example.com/token") -> OAuth2:
    return OAuth2(OAuthClient(url, "us", "secret"), lambda: NOON)


@pytest.mark.parametrize(("asked", "least"), [({"retry-after": "17"}, 17), ({}, LEAST_PAUSE)])
def test_a_wait_that_one_call_is_told_stops_the_next_call_too(asked: dict[str, str], least: float) -> None:
    vendor = Vendor(httpx.Response(429, headers=asked), ok())
    with vendor.client(budget=ONCE) as client:
        with pytest.raises(RateLimited):
            client.send(read("/x"))
        assert vendor.now == 0
        client.send(read("/y"))
    assert vendor.now >= least


def test_a_wait_is_told_to_every_limiter_of_the_account() -> None:
    vendor, general, own = Vendor(httpx.Response(503, headers={"retry-after": "9"})), Counted(), Counted()
    with vendor.client(budget=ONCE, limits={"": general, "own": own}) as client, pytest.raises(BenehubError):
        client.send(read("/x"))
    assert general.held == own.held == [9]


@pytest.mark.parametrize(
    "trouble", [httpx.ConnectError("no"), httpx.Response(500), httpx.Response(429, headers={"retry-after": "1"})]
)
def test_a_token_endpoint_in_trouble_stops_the_calls_behind_it(trouble: httpx.Response | Exception) -> None:
    vendor = Vendor(trouble, TOKEN, ok())
    with vendor.client(auth=renewing(), budget=ONCE) as client:
        with pytest.raises((VendorUnavailable, RateLimited)):
            client.send(read("/x"))
        assert vendor.now == 0
        client.send(read("/y"))
    assert vendor.now >= LEAST_PAUSE


def test_the_call_after_a_renewal_is_counted_too() -> None:
    vendor, general = Vendor(TOKEN, httpx.Response(401), TOKEN, ok()), Counted()
    with vendor.client(auth=renewing(), limits={"": general}) as client:
        client.send(read("/x"))
    assert general.acquired == 2


def test_a_refused_token_is_renewed_and_the_call_made_again() -> None:
    vendor = Vendor(TOKEN, httpx.Response(401), TOKEN, ok())
    with vendor.client(auth=renewing()) as client:
        assert client.send(read("/x")).status == 200
    assert len(vendor.asked) == 4


def test_no_secret_goes_to_a_token_address_in_the_clear() -> None:
    vendor = Vendor(TOKEN, ok())
    with vendor.client(auth=renewing("http://accounts.example.com/token")) as client, pytest.raises(ConfigError):
        client.send(read("/x"))
    assert vendor.asked == []


def test_who_waited_for_a_renewal_does_not_renew_again() -> None:
    auth, asking, second, forms = renewing(), threading.Event(), threading.Event(), list[Request]()

    def fetch(request: Request) -> Response:
        forms.append(request)
        asking.set()
        second.wait(60)  # until the other one has come to the lock, or passed it
        return Response.of(200, TOKEN.content)

    def late() -> None:
        asking.wait(60)
        threading.Timer(0.05, second.set).start()
        auth.headers(fetch)

    threads = [threading.Thread(target=lambda: auth.headers(fetch)), threading.Thread(target=late)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(forms) == 1


@pytest.mark.parametrize("name", ["httpx", "httpcore"])
def test_a_library_that_names_addresses_says_nothing_below_a_warning(name: str) -> None:
    assert logging.getLogger(name).level == logging.WARNING


def test_a_bomb_comes_out_in_pieces() -> None:
    found = list(inflated([zlib.compress(bytes(20 * PIECE))], "deflate"))
    assert sum(map(len, found)) == 20 * PIECE and max(map(len, found)) <= PIECE


def test_an_ssn_in_a_vendors_words_is_hidden_however_it_is_written() -> None:
    for said in ("900-11-0001", "900 11 0001", "900110001", "900 110001"):
        assert not any(part in vendor_text(f'{{"message":"SSN {said} is used"}}'.encode()) for part in ("900", "11"))


def test_a_write_whose_answer_was_lost_is_in_doubt_and_a_read_is_not() -> None:
    write = lost(change("POST", "/x", {}), "too large", where="acme", mend="Ask for less")
    assert isinstance(write, VendorUnavailable) and was_sent(write)
    assert isinstance(lost(read("/x"), "too large", where="acme", mend="Ask for less"), DataError)
