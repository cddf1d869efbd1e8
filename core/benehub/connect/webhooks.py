"""Webhooks: who sent it, is it fresh, and what does it point at. Never more than a hint.

A vendor's call says that something has changed; the hub reads it from the vendor, whatever the call's body claims.
So an unsigned call costs a read at most, one that is lost costs nothing but time, and order does not matter.
The signature is over the raw body, compared in constant time; every variant known is data (`Scheme`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal

from benehub.connect import jsontext
from benehub.connect.messages import Request
from benehub.errors import ConfigError, DataError

MAX_BODY = 1024 * 1024
"""Bytes of a webhook's body at most."""


class Encoding(StrEnum):
    """How a signature is written."""

    HEX = "hex"
    BASE64 = "base64"
    BASE64URL = "base64url"


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one vendor signs.

    Args:
        signature: header that carries the signature; empty for a vendor that does not sign.
        message: what is signed, of {body}, {id} and {timestamp}.
        encoding: of the signature.
        prefix: stands before each signature.
        separator: what parts several signatures in a header (a secret being changed); empty for blanks.
        id: header of the delivery's id; empty where there is none (the body's digest stands in).
        timestamp: header of the moment it was sent, in seconds since 1970; empty where there is none.
        secret_prefix: stands before a secret that is base64 text of the key (Standard Webhooks: `whsec_`).
        secret_base64: whether a secret without that prefix is base64 text of the key, too.
        tolerance_seconds: how far the moment may lie from ours, either way.
        body_id: where the delivery's id stands in a JSON body, as in `event.id`, for a vendor that has no header for
            it; a body without it is known by its digest.
        digest: the hash under the signature.
    """

    signature: str = ""
    message: str = "{body}"
    encoding: Encoding = Encoding.HEX
    prefix: str = ""
    id: str = ""
    timestamp: str = ""
    secret_prefix: str = ""
    secret_base64: bool = False
    tolerance_seconds: int = 300
    separator: str = ""
    body_id: str = ""
    digest: Literal["sha256", "sha512"] = "sha256"

    @property
    def signed(self) -> bool:
        """Whether the vendor signs at all."""
        return bool(self.signature)


STANDARD = Scheme(
    "webhook-signature",
    "{id}.{timestamp}.{body}",
    Encoding.BASE64,
    "v1,",
    "webhook-id",
    "webhook-timestamp",
    secret_prefix="whsec_",  # noqa: S106 - what a secret begins with, not one
    secret_base64=True,
)
"""Standard Webhooks 1.0 (standardwebhooks.com)."""

UNSIGNED = Scheme()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that was let in: its id (the same for a repetition), and whether its sender is proven.

    `named` says that the id is the vendor's own. A digest of the body is none: a change, its undoing and the change
    again may come in the same words, so it tells a repetition only while the first one waits.
    """

    id: str
    signed: bool
    body: bytes = field(repr=False)
    sent_at: datetime | None = None
    named: bool = True


@dataclass(frozen=True, slots=True)
class Hint:
    """What a webhook points at: a stream, and the vendor's key of the row where it names one."""

    stream: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Handshake:
    """A vendor's first call, which brings the key that its later ones are signed with.

    It is unsigned, so the key counts only once the vendor has taken it back: by the request `confirm`, which asks
    the vendor itself.
    """

    key: str = field(repr=False)
    confirm: Request


def receive(scheme: Scheme, secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Delivery:
    """Check a webhook as it came over the line.

    Args:
        scheme: how the vendor signs.
        secret: the secret shared with the vendor; unused for a vendor that does not sign.
        headers: names in lower case.
        body: the raw bytes.
        now: aware.

    Raises:
        DataError: too large, a header is missing, the signature is wrong, or it is too old or too new.
        ConfigError: the secret is not what the vendor gives out.
    """
    if len(body) > MAX_BODY:
        raise _refused(f"more than {MAX_BODY} bytes")
    given = {
        name: headers.get(header, "") for name, header in (("id", scheme.id), ("timestamp", scheme.timestamp)) if header
    }
    if missing := [name for name, value in given.items() if not value]:
        raise _refused(f"no {missing[0]} in its headers")
    sent_at = _fresh(given["timestamp"], scheme.tolerance_seconds, now) if "timestamp" in given else None
    if scheme.signed and not _genuine(scheme, secret, headers.get(scheme.signature, ""), body, given):
        raise _refused("the signature is wrong")
    known = given.get("id") or _in_body(scheme, body)
    return Delivery(known or hashlib.sha256(body).hexdigest(), scheme.signed, body, sent_at, bool(known))


def sign(scheme: Scheme, secret: str, body: bytes, delivery_id: str, at: datetime) -> dict[str, str]:
    """The headers a vendor of this scheme sends with a body; for simulators, and for webhooks of our own.

    Raises:
        ConfigError: the secret is not what the vendor gives out.
    """
    given = {"id": delivery_id, "timestamp": str(int(at.timestamp()))}
    headers = {header: given[name] for name, header in (("id", scheme.id), ("timestamp", scheme.timestamp)) if header}
    if scheme.signed:
        headers[scheme.signature] = scheme.prefix + _written(scheme, _mac(scheme, secret, body, given))
    return headers


def sign_with(scheme: Scheme, secrets: Sequence[str], body: bytes, delivery_id: str, at: datetime) -> dict[str, str]:
    """As `sign`, with every one of these secrets: while one is being changed, a receiver has the old or the new.

    Raises:
        ConfigError: one is not what the vendor gives out.
    """
    signed = [sign(scheme, one, body, delivery_id, at) for one in secrets]
    together = (scheme.separator or " ").join(dict.fromkeys(one[scheme.signature] for one in signed))
    return {**signed[0], scheme.signature: together}


def _in_body(scheme: Scheme, body: bytes) -> str:
    if not scheme.body_id:
        return ""
    try:
        told = jsontext.parse(body)
        for name in scheme.body_id.split("."):
            told = told[name]
    except (ValueError, KeyError, TypeError, IndexError):
        return ""
    return told if isinstance(told, str) else ""


def _genuine(scheme: Scheme, secret: str, signature: str, body: bytes, given: Mapping[str, str]) -> bool:
    wanted = _mac(scheme, secret, body, given)
    found = False
    for one in _signatures(scheme, signature):
        found |= hmac.compare_digest(wanted, one)  # no early end: the time tells nothing
    return found


def _mac(scheme: Scheme, secret: str, body: bytes, given: Mapping[str, str]) -> bytes:
    before, _, after = scheme.message.partition("{body}")
    message = before.format(**given).encode() + body + after.format(**given).encode()
    return hmac.digest(_key(scheme, secret), message, scheme.digest)


def _key(scheme: Scheme, secret: str) -> bytes:
    coded = scheme.secret_base64 or (scheme.secret_prefix and secret.startswith(scheme.secret_prefix))
    try:
        key = base64.b64decode(secret.removeprefix(scheme.secret_prefix), validate=True) if coded else secret.encode()
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ConfigError("the webhook secret is empty or no base64", mend="Copy it again from the vendor's page")
    return key


def _written(scheme: Scheme, mac: bytes) -> str:
    if scheme.encoding is Encoding.HEX:
        return mac.hex()
    return base64.b64encode(mac, _ALPHABET[scheme.encoding]).decode()


_ALPHABET = {Encoding.BASE64: b"+/", Encoding.BASE64URL: b"-_"}


def _signatures(scheme: Scheme, text: str) -> Iterator[bytes]:
    """Every signature of the header that is of this scheme; at most ten are looked at."""
    for one in (part.strip() for part in text.split(scheme.separator or None)[:10]):
        if not one.startswith(scheme.prefix):
            continue
        bare = one.removeprefix(scheme.prefix)
        try:
            yield bytes.fromhex(bare) if scheme.encoding is Encoding.HEX else _decoded(scheme.encoding, bare)
        except (binascii.Error, ValueError):
            continue


def _decoded(encoding: Encoding, text: str) -> bytes:
    """Base64 of either alphabet; senders of the second one leave out the padding at times."""
    padded = text + "=" * (-len(text) % 4) if encoding is Encoding.BASE64URL else text
    return base64.b64decode(padded, _ALPHABET[encoding], validate=True)


def _fresh(text: str, tolerance: int, now: datetime) -> datetime:
    try:
        sent_at = datetime.fromtimestamp(int(text), UTC) if len(text) <= 12 and text.isascii() else None
    except (ValueError, OverflowError, OSError):
        sent_at = None
    if sent_at is None:
        raise _refused("its timestamp is no number of seconds")
    if abs((now - sent_at).total_seconds()) > tolerance:
        raise _refused("it is too old or too new")
    return sent_at


def _refused(what: str) -> DataError:
    return DataError(
        f"a webhook is refused: {what}", where="webhook",
        mend="Check the secret and the clocks; nothing is lost, the next sync reads it",
    )  # fmt: skip
