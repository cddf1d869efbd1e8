"""The one HTTP client: limits, retries within a budget, typed errors, and honesty about writes.

A read is repeated when that may help. A write is repeated only when the vendor surely did not take it:
refused with 429, or never sent. After anything else its outcome is unknown and `VendorUnavailable` with
`was_sent` true goes up to the dispatch, which reads back first.

A pool of connections that many threads share costs more than the calls (measured), so each call under way at once
has a line to itself, kept for the next one. All share one TLS context.
"""

from __future__ import annotations

import logging
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass, replace
from functools import lru_cache
from types import TracebackType

import httpx
import structlog
from tenacity import RetryCallState, Retrying, wait_exponential, wait_random

from benehub.connect.auth import Auth
from benehub.connect.limits import Limiter, Pause
from benehub.connect.messages import Pairs, Request, Response
from benehub.connect.verdict import BodyCheck, judge, lost, retry_after, unavailable, was_sent
from benehub.connect.wire import Answered, Line, NetworkLine, Outgoing, ReplacedLine, errors_told, tls_context
from benehub.errors import BenehubError, ConfigError, FatalError, RateLimited, VendorUnavailable

__all__ = [
    "Caps",
    "Request",
    "Response",
    "RetryBudget",
    "VendorClient",
    "asking",
    "may_write",
    "tls_context",
    "was_sent",
]

log = structlog.get_logger("benehub.connect")

SENT_ALWAYS = {"accept": "application/json", "accept-encoding": "gzip, deflate", "user-agent": "benehub"}
"""Headers of every call, unless a connector says otherwise."""

LEAST_PAUSE = 0.5
"""Seconds for which nothing is sent after a vendor's 429 that names no wait."""

# Both libraries log whole addresses, with their query strings, and at debug level the headers.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """How long one call may be tried: attempts in all, and seconds from the first one to the last."""

    max_attempts: int = 5
    max_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits of one exchange.

    Args:
        max_bytes: largest answer, decompressed.
        connect_seconds: for the connection.
        idle_seconds: without a byte.
        exchange_seconds: from the request to the end of the answer, so that a vendor cannot drip for ever.
    """

    max_bytes: int = 32 * 1024 * 1024
    connect_seconds: float = 10.0
    idle_seconds: float = 30.0
    exchange_seconds: float = 120.0


_before_write: ContextVar[Callable[[], None] | None] = ContextVar("before_write", default=None)


@contextmanager
def asking(ask: Callable[[], None]) -> Iterator[None]:
    """Have `ask` called right before each write in here leaves, behind all waits; what it raises is raised instead."""
    token = _before_write.set(ask)
    try:
        yield
    finally:
        _before_write.reset(token)


def may_write() -> None:
    """Call what `asking` has put up; nothing where that is not."""
    ask = _before_write.get()
    if ask is not None:
        ask()


class VendorClient:
    """Speaks with one account at one vendor; may be shared by threads, as many calls are under way at once.

    A vendor's wait slows all of them, whether limits were given or not; where its limiters are shared, all workers.

    Args:
        base_url: https, or http on this machine.
        auth: credentials; None sends none.
        limits: limiters by bucket name; the empty name counts whatever has no bucket of its own.
        budget: for each call.
        caps: for each exchange.
        body_check: finds a refusal in a 2xx body.
        headers: sent with every call, e.g. the API version.
        also: base addresses of the same account's other APIs: whole addresses there get the credentials too.
        transport: replaces the network (a simulator, a recorder).
        tls: a context of its own, for client certificates.
        dry_run: refuses every write.
        name: the connection's name for messages.
        clock: monotonic seconds.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth | None = None,
        limits: Mapping[str, Limiter] | None = None,
        budget: RetryBudget | None = None,
        caps: Caps | None = None,
        body_check: BodyCheck | None = None,
        headers: Mapping[str, str] | None = None,
        also: Sequence[str] = (),
        transport: httpx.BaseTransport | None = None,
        tls: ssl.SSLContext | None = None,
        dry_run: bool = False,
        name: str = "vendor",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._origins = {_origin(one) for one in (self._base, *also)}
        self._auth = auth
        self._limits = dict(limits or {})
        self._budget = budget or RetryBudget()
        self._caps = caps or Caps()
        self._body_check = body_check
        self._headers = SENT_ALWAYS | dict(headers or {})
        self._dry_run = dry_run
        self._name = name
        self._clock = clock
        self._sleep = sleep
        self.rate_limited = 0
        """How often the vendor has asked to wait since the client was made."""
        self._counting = threading.Lock()
        self._pause = Pause(clock, sleep)
        self._transport = transport
        self._tls = tls
        self._idle = [self._line()]
        """Lines that no call is using; the newest goes first, so that few connections stay open."""

    def _line(self) -> Line:
        if self._transport is not None:
            return ReplacedLine(self._transport)
        return NetworkLine(self._tls, self._caps.connect_seconds, self._caps.idle_seconds)

    @contextmanager
    def _own_line(self) -> Iterator[Line]:
        """A line that nobody else uses meanwhile."""
        try:
            line = self._idle.pop()
        except IndexError:
            line = self._line()
        try:
            yield line
        finally:
            self._idle.append(line)

    def __enter__(self) -> VendorClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        for line in self._idle:
            line.close()

    @property
    def longest_exchange(self) -> float:
        """Seconds from a write's leave to the moment at which surely nothing more of it leaves or is awaited."""
        return max(self._caps.exchange_seconds, self._caps.connect_seconds)

    def acting_as(self, auth: Auth) -> VendorClient:
        """The same door with other credentials, such as those of an application: its connections and limits are shared.

        It is closed with this one.
        """
        other = copy(self)
        other._auth = auth
        return other

    def send(self, request: Request) -> Response:
        """The vendor's answer, its JSON parsed.

        Raises:
            FatalError: a write in a dry run.
            ReauthNeeded: 401 or 403; asked once (once more after an OAuth 2 renewal).
            RateLimited: the vendor's wait, or our own, does not fit the budget.
            VendorUnavailable: no usable answer; see `was_sent` for a write.
            DataError: the vendor refuses this request, or its answer is larger than the cap.
            ConfigError: the address is wrong.
            Unsupported: 501.
        """
        if request.write and self._dry_run:
            raise FatalError(
                "a write was asked for in a dry run",
                where=self._where(request),
                mend="Run it without dry run",
            )
        started = self._clock()
        retrying = Retrying(
            retry=lambda state: _may_repeat(request, state),
            wait=_pause,
            stop=lambda state: self._spent(state, started),
            sleep=self._sleep,
            reraise=True,
        )
        response = retrying(self._attempt, request, started + self._budget.max_seconds)
        return replace(response, attempts=int(retrying.statistics["attempt_number"]))

    def _attempt(self, request: Request, give_up: float) -> Response:
        response = self._authorised(request, give_up)
        try:
            return judge(request, response, where=self._where(request), body_check=self._body_check)
        except (RateLimited, VendorUnavailable) as error:
            limited = isinstance(error, RateLimited)
            asked = retry_after(response.headers) or 0
            if isinstance(error, RateLimited):
                asked = max(asked, error.retry_after)
            if asked or limited:
                self._pause.hold(asked or LEAST_PAUSE)
                self._hold(asked or LEAST_PAUSE)
            with self._counting:
                self.rate_limited += limited
            raise

    def _hold(self, seconds: float) -> None:
        """Have the account's other workers wait. Where they cannot be told, what the vendor said still goes up: whether
        a write was sent hangs on it."""
        for limiter in self._limits.values():
            try:
                limiter.hold(seconds)
            except BenehubError as error:
                log.warning("other workers are not told to wait", connection=self._name, why=type(error).__name__)

    def _authorised(self, request: Request, give_up: float) -> Response:
        """One exchange with credentials; a second one only after a 401 that renewed them."""
        self._admit(request, give_up)
        if self._auth is None:
            return self._exchange(request, {})
        used = self._auth.headers(self._fetch)
        response = self._exchange(request, used)
        if response.status != 401 or not self._auth.renew(self._fetch, used):
            return response
        self._admit(request, give_up)
        return self._exchange(request, self._auth.headers(self._fetch))

    def _admit(self, request: Request, give_up: float) -> None:
        limiter = self._limits.get(request.bucket) or self._limits.get("")
        # The pause comes last: whoever waited for a slot must not pass one that began meanwhile.
        for one in (limiter, self._pause):
            if one is not None:
                one.acquire(max(0.0, give_up - self._clock()))

    def _fetch(self, request: Request) -> Response:
        """An exchange for `auth`: no credentials, no retry, and an address of its own.

        Where it does not answer all calls pause, so that not each of them finds it out for itself.
        """
        _origin(request.path)
        try:
            response = self._exchange(request, {}, url=request.path)
        except VendorUnavailable as error:
            self._pause.hold(LEAST_PAUSE)
            # Whatever became of the token request, the caller's own request has not been sent.
            raise unavailable(error.what, where=error.where, sent=False) from None
        if response.status == 429 or response.status >= 500:
            self._pause.hold(retry_after(response.headers) or LEAST_PAUSE)
        return response

    def _exchange(self, request: Request, credentials: Mapping[str, str], *, url: str = "") -> Response:
        where = self._where(request)
        headers = self._headers | dict(request.headers) | dict(credentials)
        if request.body is not None:
            headers["content-type"] = request.content_type
        if request.idempotency_key:
            headers[request.idempotency_header] = request.idempotency_key
        # Checked here, not by the HTTP library: its own text may repeat the value.
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise _unusable(where)
        with errors_told(where, _unusable):
            whole = _whole(url or self._url(request), request.query)
            content = None if request.body is None else request.body.encode()
            if request.write and not url:
                may_write()
            until = self._clock() + self._caps.exchange_seconds
            out = Outgoing(request.method, whole, headers, content, lambda: until - self._clock())
            with self._own_line() as line, line.exchange(out) as answer:
                return self._receive(request, answer, out.left)

    def _receive(self, request: Request, answer: Answered, left: Callable[[], float]) -> Response:
        """The whole answer, or an error once it is larger or slower than the caps allow."""
        where, size, chunks = self._where(request), 0, []
        for chunk in answer.chunks:
            size += len(chunk)
            chunks.append(chunk)
            if size > self._caps.max_bytes:
                what = f"the answer is larger than {self._caps.max_bytes} bytes"
                raise lost(request, what, where=where, mend="Ask for smaller pages")
            if left() < 0:
                raise unavailable("the answer drips too slowly", where=where, sent=True)
        return Response(answer.status, answer.headers, b"".join(chunks), place=request.place)

    def _url(self, request: Request) -> str:
        """The whole address; an absolute one has to stay with the vendor our credentials are for."""
        if request.path.startswith("/"):
            return self._base + request.path
        if _origin(request.path) not in self._origins:
            raise ConfigError(
                "an address on another host than the connection's",
                where=self._where(request),
                mend="Credentials go to the connection's own host only; set its base address",
            )
        return request.path

    def _spent(self, state: RetryCallState, started: float) -> bool:
        late = self._clock() - started + state.upcoming_sleep > self._budget.max_seconds
        return late or state.attempt_number >= self._budget.max_attempts

    def _where(self, request: Request) -> str:
        return f"{self._name} {request.place}"


_backoff = wait_exponential(multiplier=LEAST_PAUSE, max=30) + wait_random(0, 0.5)


@lru_cache(maxsize=64)
def _whole(address: str, query: Pairs) -> httpx.URL:
    """Many writes go to the same few addresses."""
    return httpx.URL(address, params=list(query)) if query else httpx.URL(address)


def _unusable(where: str) -> ConfigError:
    return ConfigError(
        "the address or a header is not usable in HTTP",
        where=where,
        mend="Check the base address and the credentials for stray characters",
    )


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    pause = _backoff(state)
    return max(pause, float(error.retry_after)) if isinstance(error, RateLimited) else pause


def _may_repeat(request: Request, state: RetryCallState) -> bool:
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, RateLimited):
        return True
    return isinstance(error, VendorUnavailable) and not (request.write and was_sent(error))


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port.

    Raises:
        ConfigError: no whole address, or plain http to another machine.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    local = parsed.host in ("127.0.0.1", "localhost", "::1")
    if not re.fullmatch(r"[\w.:-]+", parsed.host) or not (
        parsed.scheme == "https" or (parsed.scheme == "http" and local)
    ):
        raise ConfigError("not an https address", where="connection base address", mend="Write https://host/path")
    return parsed.scheme, parsed.host, parsed.port or (443 if parsed.scheme == "https" else 80)
