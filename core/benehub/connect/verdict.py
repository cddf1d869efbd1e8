"""What an answer means: from status, headers and body to a value or one of the hub's errors. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any

from benehub.connect import jsontext
from benehub.connect.inflate import READABLE, coding
from benehub.connect.messages import Request, Response
from benehub.crypto import mask
from benehub.errors import (
    BenehubError,
    ConfigError,
    DataError,
    RateLimited,
    ReauthNeeded,
    RetriableError,
    Unsupported,
    VendorUnavailable,
)
from benehub.money import shape

BodyCheck = Callable[[Response], int | None]
"""Looks into a 2xx body: None when it is fine, else the seconds to wait (0 when the vendor did not say)."""

MAX_WAIT_SECONDS = 3600
"""A longer Retry-After is cut to this; the run is not kept alive for a day by one header."""

MAX_VENDOR_TEXT = 200
"""Characters of a vendor's own message that a message of ours repeats."""

_FIGURES = re.compile(r"\d[\d.,/\-]{2,}\d")
_MAIL = re.compile(r"\S+@\S+")
_QUOTED = re.compile(r"(?P<q>[\"'`])(?P<value>[^\"'`]{1,200})(?P=q)")
_FIELD_NAME = re.compile(r"[a-z][A-Za-z0-9_.\[\]]*")
_TEXT_KEYS = ("message", "error_description", "detail", "title", "error", "code", "field", "error_key")


def unavailable(what: str, *, where: str, sent: bool, silent: bool = False) -> VendorUnavailable:
    """A `VendorUnavailable` that knows whether the request may have reached the vendor (see `was_sent`).

    `silent` says that nothing came back at all (see `is_silent`).
    """
    mend = "Read the vendor's state back before sending it again" if sent else "It is tried again within the budget"
    error = VendorUnavailable(what, where=where, mend=mend)
    vars(error)["sent"] = sent
    vars(error)["silent"] = silent
    return error


def is_silent(error: BaseException) -> bool:
    """Whether nobody answered at the vendor's: not a word on the request itself, so others would fare no better."""
    return vars(error).get("silent") is True


def was_sent(error: BaseException) -> bool:
    """Whether the request that failed may have reached the vendor; True where nothing is known."""
    return bool(vars(error).get("sent", True))


def not_yet(what: str, *, where: str) -> RetriableError:
    """A write that the vendor took and works on (a job): in doubt until a later run reads it back, and not before."""
    error = RetriableError(what, where=where, mend="The next run reads back what became of it")
    vars(error)["sent"] = True
    return error


def is_taken(error: BaseException) -> bool:
    """Whether the vendor has the write in hand: it may be applied at any moment."""
    return vars(error).get("sent") is True


def judge(request: Request, response: Response, *, where: str, body_check: BodyCheck | None) -> Response:
    """The response with its JSON parsed.

    Raises:
        ReauthNeeded: 401, 403.
        RateLimited: 429; a body that `body_check` flags; 503 with Retry-After on a read.
        VendorUnavailable: 408, 425, 5xx; HTML or broken JSON where JSON is due; see `lost`.
        Unsupported: 501.
        ConfigError: a redirect.
        DataError: any other 4xx, with the vendor's message masked; a read that is compressed as was not asked for.
    """
    if response.status >= 300 and response.status not in request.accept:
        raise failure(request, response, where=where)
    if coding(response.headers) not in READABLE:
        raise lost(request, "the answer is compressed otherwise than was asked for", where=where,
                   mend="Ask the vendor for gzip, deflate or none; see its content-encoding")  # fmt: skip
    if response.status >= 500 or not request.expect_json:
        return response
    parsed = replace(response, data=_parse(request, response, where))
    wait = body_check(parsed) if body_check is not None else None
    if wait is not None:
        raise _limited(f"the vendor asks to wait, in the body of a {response.status}", where, wait)
    return parsed


def lost(request: Request, what: str, *, where: str, mend: str) -> BenehubError:
    """The error of an answer that cannot be taken in: of a read it stays so, a write has happened all the same."""
    return unavailable(what, where=where, sent=True) if request.write else DataError(what, where=where, mend=mend)


def failure(request: Request, response: Response, *, where: str) -> BenehubError:
    """The error that a status of 300 or more stands for."""
    status = response.status
    wait = retry_after(response.headers)
    if status in (401, 403):
        return ReauthNeeded(
            f"the vendor refused our credentials ({status})",
            where=where,
            mend="Renew the connection's credentials or its permissions",
        )
    if status == 429 or (status == 503 and not request.write and wait is not None):
        return _limited(f"the vendor asks to wait ({status})", where, wait or 0)
    if status == 501:
        return Unsupported("the vendor does not offer this (501)", where=where, blocker="vendor")
    if status >= 500 or status in (408, 425):
        return unavailable(f"the vendor answered {status}", where=where, sent=True)
    if status < 400:
        return ConfigError(
            f"the vendor answered with a redirect ({status})",
            where=where,
            mend="Set the connection's base address to the one the vendor names",
        )
    text = vendor_text(response.body)
    return DataError(
        f"the vendor refused it ({status})" + (f": {text}" if text else ""),
        where=where,
        mend="Mend the record or its mapping; it is not sent again as it is",
    )


def retry_after(headers: Mapping[str, str]) -> int | None:
    """Seconds to wait by Retry-After, or None without a usable one.

    A date is measured against the answer's own Date header, so the vendor's clock is compared with itself.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        whole, _, rest = text.partition(".")
        return min(int(whole) + bool(rest.strip("0")), MAX_WAIT_SECONDS)
    try:
        then, now = parsedate_to_datetime(text), parsedate_to_datetime(headers.get("date", ""))
        seconds = int((then - now).total_seconds())
    except (TypeError, ValueError):
        return None
    return max(0, min(seconds, MAX_WAIT_SECONDS))


def vendor_text(body: bytes) -> str:
    """A vendor's own error message, cut and masked; empty for HTML, an empty body or one without words.

    Beyond `crypto.mask`, figures of four signs or more (amounts, dates), mail addresses and quoted values
    that do not look like a field's name are hidden: vendors like to repeat the value they refuse.
    """
    try:
        data = jsontext.parse(body[:65536])
    except ValueError:
        return ""
    found: list[str] = []
    _collect(data, found, depth=0)
    text = _MAIL.sub("<mail>", mask(" / ".join(dict.fromkeys(found))))
    text = _QUOTED.sub(_hide_value, text)
    text = _FIGURES.sub("#", text)
    return re.sub(r"\s+", " ", text).strip()[:MAX_VENDOR_TEXT]


def _collect(value: Any, found: list[str], *, depth: int) -> None:
    """Texts under the usual keys of an error body, in order, to a depth and number that cannot hurt."""
    if depth > 5 or len(found) >= 6:
        return
    if isinstance(value, list):
        for item in value[:5]:
            _collect(item, found, depth=depth + 1)
    elif isinstance(value, dict):
        found.extend(text for key in _TEXT_KEYS if isinstance(text := value.get(key), str) and text)
        for item in value.values():
            if isinstance(item, dict | list):
                _collect(item, found, depth=depth + 1)


def _hide_value(match: re.Match[str]) -> str:
    value = match["value"]
    shown = value if _FIELD_NAME.fullmatch(value) else shape(value)
    return f"{match['q']}{shown}{match['q']}"


def _parse(request: Request, response: Response, where: str) -> Any:
    if not response.body.strip():
        return None
    html = "html" in response.headers.get("content-type", "") or response.body.lstrip()[:1] == b"<"
    try:
        if html:
            raise ValueError("an HTML page")
        return jsontext.parse(response.body)
    except ValueError as error:
        if response.status >= 400:
            return None
        what = f"JSON was due, the answer ({response.status}) is broken: {error}"
        raise unavailable(what, where=where, sent=request.write) from None


def _limited(what: str, where: str, wait: int) -> RateLimited:
    return RateLimited(what, where=where, mend="It is sent again after the wait", retry_after=wait)
