"""The client against scripted vendors: what is repeated, what never is, and what its errors say."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import pytest
import respx

from benehub.connect.auth import bearer
from benehub.connect.http import Caps, RetryBudget, VendorClient, tls_context, was_sent
from benehub.connect.limits import SlidingWindow
from benehub.connect.messages import Response, change, read, search
from benehub.errors import (
    BenehubError,
    ConfigError,
    DataError,
    FatalError,
    RateLimited,
    ReauthNeeded,
    RetriableError,
    VendorUnavailable,
)

BASE = "https://api.example.com"
Script = list[httpx.Response | Exception]


class Vendor:
    """Answers from a script (the last line for ever) and counts what it was asked."""

    def __init__(self, *script: httpx.Response | Exception) -> None:
        self.script: Script = list(script)
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []
        self.now = 0.0

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def client(self, **wiring: Any) -> VendorClient:
        return VendorClient(
            BASE,
            transport=httpx.MockTransport(self.handle),
            clock=lambda: self.now,
            sleep=self.sleep,
            name="acme",
            **wiring,
        )


def ok(text: str = '{"ok":true}') -> httpx.Response:
    return httpx.Response(200, text=text)


def fails(vendor: Vendor, request: Any, kind: type[BenehubError], **wiring: Any) -> BenehubError:
    with vendor.client(**wiring) as client, pytest.raises(kind) as caught:
        client.send(request)
    assert type(caught.value) is kind
    return caught.value


def test_a_read_comes_back_parsed_with_its_numbers_text() -> None:
    vendor = Vendor(ok('{"pay": 10.10}'))
    with vendor.client(headers={"x-api-version": "1"}, auth=bearer("tok")) as client:
        response = client.send(read("/v1/pay", (("page[limit]", "5"), ("page[limit]", "6"))))
    assert response.json() == {"pay": "10.10"}
    assert response.attempts == 1
    sent = vendor.asked[0]
    assert sent.url.params.get_list("page[limit]") == ["5", "6"]
    assert (sent.headers["authorization"], sent.headers["x-api-version"]) == ("Bearer tok", "1")


def test_a_write_sends_exactly_its_text_and_key() -> None:
    vendor = Vendor(httpx.Response(204))
    with vendor.client() as client:
        assert client.send(change("PUT", "/x", {"a": "1.50"}, idempotency_key="k1")).json() is None
    assert vendor.asked[0].content == b'{"a":"1.50"}'
    assert vendor.asked[0].headers["idempotency-key"] == "k1"
    assert vendor.asked[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(500),
        httpx.ReadTimeout("t"),
        httpx.ConnectError("c"),
        httpx.RemoteProtocolError("r"),
        httpx.Response(200, html="<html>maintenance</html>"),
        httpx.Response(200, text='{"people":[{"id": 1'),
    ],
    ids=["500", "timeout", "no connection", "hung up", "html", "truncated"],
)
def test_a_read_survives_what_may_pass(trouble: httpx.Response | Exception) -> None:
    vendor = Vendor(trouble, trouble, ok())
    with vendor.client() as client:
        assert client.send(read("/x")).attempts == 3
    assert len(vendor.slept) == 2


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(500),
        httpx.Response(503, headers={"retry-after": "1"}),
        httpx.ReadTimeout("t"),
        httpx.WriteTimeout("w"),
        httpx.ReadError("r"),
        httpx.RemoteProtocolError("r"),
        httpx.Response(200, html="<html>maintenance</html>"),
        httpx.Response(201, text='{"id": 1'),
    ],
    ids=["500", "503", "timeout", "write timeout", "reset", "hung up", "html", "truncated"],
)
def test_a_write_of_unknown_outcome_is_sent_once_and_says_so(trouble: httpx.Response | Exception) -> None:
    vendor = Vendor(trouble)
    error = fails(vendor, change("POST", "/x", {}), VendorUnavailable)
    assert len(vendor.asked) == 1
    assert was_sent(error)
    assert "Read the vendor's state back" in str(error)


@pytest.mark.parametrize("trouble", [httpx.ConnectError("c"), httpx.ConnectTimeout("c"), httpx.Response(429)])
def test_a_write_the_vendor_did_not_take_is_repeated(trouble: httpx.Response | Exception) -> None:
    vendor = Vendor(trouble, ok())
    with vendor.client() as client:
        assert client.send(change("POST", "/x", {})).attempts == 2


def test_a_write_that_never_left_says_so() -> None:
    error = fails(Vendor(httpx.ConnectError("c")), change("POST", "/x", {}), VendorUnavailable)
    assert not was_sent(error)


def test_the_attempts_of_an_endless_500_are_bounded() -> None:
    vendor = Vendor(httpx.Response(500))
    fails(vendor, read("/x"), VendorUnavailable, budget=RetryBudget(max_attempts=4))
    assert len(vendor.asked) == 4


def test_the_seconds_are_bounded_too() -> None:
    vendor = Vendor(httpx.Response(500))
    fails(vendor, read("/x"), VendorUnavailable, budget=RetryBudget(max_attempts=100, max_seconds=20))
    assert vendor.now <= 20


def test_429_waits_as_told() -> None:
    vendor = Vendor(httpx.Response(429, headers={"retry-after": "17"}), ok())
    with vendor.client() as client:
        client.send(read("/x"))
    assert vendor.now >= 17


def test_429_slows_the_whole_account() -> None:
    vendor = Vendor(httpx.Response(429, headers={"retry-after": "300"}), ok())
    window = SlidingWindow(100, 1, lambda: vendor.now, vendor.sleep)
    with vendor.client(limits={"": window}) as client:
        with pytest.raises(RateLimited) as caught:
            client.send(read("/x"))
        assert caught.value.retry_after == 300
        with pytest.raises(RateLimited, match="our own limit"):
            client.send(read("/y"))
        assert len(vendor.asked) == 1
        vendor.now += 300
        client.send(read("/y"))
    assert len(vendor.asked) == 2


def test_a_200_whose_body_says_429_is_one() -> None:
    def check(response: Response) -> int | None:
        error = response.json().get("error")
        return 9 if error and error["code"] == 429 else None

    vendor = Vendor(ok('{"error":{"code":429}}'), ok())
    with vendor.client(body_check=check) as client:
        assert client.send(change("POST", "/x", {})).json() == {"ok": True}
    assert vendor.now >= 9


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_asked_once(status: int) -> None:
    vendor = Vendor(httpx.Response(status, text="secret reason"))
    error = fails(vendor, read("/x"), ReauthNeeded, auth=bearer("tok-hush"))
    assert len(vendor.asked) == 1
    assert "hush" not in str(error)
    assert "secret" not in str(error)


def test_no_message_holds_query_body_token_or_a_persons_data() -> None:
    said = '{"message":"amount 5200.00 of 123-45-6789 refused"}'
    for trouble in (
        httpx.Response(422, text=said),
        httpx.Response(500, text=said),
        httpx.Response(302, headers={"location": "https://x/?q=hush"}),
        httpx.ReadTimeout("hush"),
        httpx.Response(200, text='{"pay": 5200.00, "ssn": "123-45-6789"'),
    ):
        error: BaseException | None = fails(
            Vendor(trouble),
            change("POST", "/v1/p/123-45-6789?key=hush", {"pay": "5200.00"}),
            type(_expected(trouble)),
            auth=bearer("hush"),
        )
        assert error is not None
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None
        for secret in ("hush", "5200", "123-45"):
            assert secret not in str(error)
            assert secret not in repr(error)


def _expected(trouble: httpx.Response | Exception) -> BenehubError:
    status = trouble.status_code if isinstance(trouble, httpx.Response) else 0
    return {422: DataError("x"), 302: ConfigError("x")}.get(status, VendorUnavailable("x"))


def test_the_http_library_logs_no_addresses(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"), Vendor(ok()).client() as client:
        client.send(read("/x", {"key": "hush"}))
    assert "hush" not in caplog.text


def test_a_dry_run_reads_and_refuses_every_write() -> None:
    vendor = Vendor(ok())
    with vendor.client(dry_run=True) as client:
        client.send(read("/x"))
        client.send(search("/search", {}))
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            with pytest.raises(FatalError, match="dry run"):
                client.send(change(method, "/x", {}))
    assert [request.url.path for request in vendor.asked] == ["/x", "/search"]


def test_an_answer_larger_than_the_cap_is_not_swallowed() -> None:
    vendor = Vendor(ok("[" + "1," * 5000 + "1]"))
    caps = Caps(max_bytes=1000)
    assert "larger than 1000 bytes" in str(fails(vendor, read("/x"), DataError, caps=caps))
    assert was_sent(fails(vendor, change("POST", "/x"), VendorUnavailable, caps=caps))


def test_a_dripping_answer_ends() -> None:
    vendor = Vendor(ok())

    class Drip(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            for _ in range(1000):
                vendor.now += 1
                yield b" "

    vendor.script = [httpx.Response(200, stream=Drip())]
    error = fails(
        vendor,
        read("/x"),
        VendorUnavailable,
        caps=Caps(exchange_seconds=5),
        budget=RetryBudget(max_attempts=1),
    )
    assert "drips" in str(error)
    assert vendor.now < 10


def test_credentials_stay_with_their_host() -> None:
    vendor = Vendor(ok())
    with vendor.client(auth=bearer("tok")) as client:
        client.send(read(f"{BASE}/v1/people?cursor=2"))
        for elsewhere in (
            "https://evil.example.com/v1",
            "http://api.example.com/v1",
            f"{BASE}:8443/",
            "v1/x",
            "//e/x",
        ):
            if elsewhere.startswith("//"):
                client.send(read(elsewhere))  # a path on our host, not another host
                assert vendor.asked[-1].url.host == "api.example.com"
                continue
            with pytest.raises(ConfigError):
                client.send(read(elsewhere))
    assert str(vendor.asked[0].url) == f"{BASE}/v1/people?cursor=2"
    assert {request.url.host for request in vendor.asked} == {"api.example.com"}


@pytest.mark.parametrize("base", ["http://api.example.com", "api.example.com", "", "ftp://x", "https://", "https://[x"])
def test_only_https_or_this_machine(base: str) -> None:
    with pytest.raises(ConfigError, match="not an https address"):
        VendorClient(base)
    VendorClient("http://127.0.0.1:1").close()


def test_an_unusable_header_names_the_credentials_without_showing_them() -> None:
    with (
        VendorClient("http://127.0.0.1:9", auth=bearer("hush\nhush")) as client,
        pytest.raises(ConfigError, match="header is not usable") as caught,
    ):
        client.send(read("/x"))
    assert "hush" not in str(caught.value)


def test_buckets_have_their_own_limit() -> None:
    vendor = Vendor(ok())
    counted: list[str] = []

    def limiter(name: str) -> Any:
        class Counting:
            def acquire(self, max_wait: float) -> None:
                counted.append(name)

            def hold(self, seconds: float) -> None:
                counted.append(f"hold {name}")

        return Counting()

    with vendor.client(limits={"": limiter("general"), "pay": limiter("pay")}) as client:
        client.send(read("/x"))
        client.send(read("/x", bucket="pay"))
        client.send(read("/x", bucket="unknown"))
    assert counted == ["general", "pay", "general"]


def test_a_write_stays_in_doubt_where_the_other_workers_cannot_be_told_to_wait() -> None:
    held: list[float] = []

    class Locked:
        def acquire(self, max_wait: float) -> None:
            pass

        def hold(self, seconds: float) -> None:
            held.append(seconds)
            raise RetriableError("the database is locked")

    vendor = Vendor(httpx.Response(503, headers={"retry-after": "9"}))
    error = fails(vendor, change("POST", "/x", {}), VendorUnavailable, limits={"": Locked(), "pay": Locked()})
    assert was_sent(error)
    assert (held, len(vendor.asked)) == ([9.0, 9.0], 1)


def test_tls_is_shared_and_verifies() -> None:
    assert tls_context() is tls_context()
    assert tls_context().verify_mode is ssl.CERT_REQUIRED


def test_it_works_under_respx_as_connector_tests_use_it() -> None:
    with respx.mock(base_url=BASE) as mock, VendorClient(BASE) as client:
        mock.get("/v1/people", params={"page": "2"}).respond(json=[{"id": "7"}])
        assert client.send(read("/v1/people", {"page": "2"})).json() == [{"id": "7"}]
