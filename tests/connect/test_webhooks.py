"""Webhooks of every variant known: what is let in, what is not, and that an outside library agrees."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from benehub.connect.webhooks import MAX_BODY, STANDARD, UNSIGNED, Encoding, Scheme, receive, sign
from benehub.errors import ConfigError, DataError

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
BODY = b'{"type":"employee.updated","id":"e1"}'

VARIANTS = {
    "standard": (STANDARD, SECRET),
    "finch": (
        Scheme("finch-signature", "{id}.{timestamp}.{body}", Encoding.BASE64, "v1,", "finch-event-id",
               "finch-timestamp", secret_base64=True),
        base64.b64encode(b"f" * 32).decode(),
    ),
    "bamboohr": (Scheme("x-bamboohr-signature", "{body}{timestamp}", timestamp="x-bamboohr-timestamp"), "bamboo"),
    "gusto": (Scheme("x-gusto-signature"), "verification-token"),
    "noyo": (Scheme("x-noyo-signature", "{timestamp}.{body}", timestamp="x-noyo-timestamp"), "noyo"),
    "kombo": (Scheme("x-kombo-signature", encoding=Encoding.BASE64URL), "kombo"),
    "frappe": (Scheme("x-frappe-webhook-signature", encoding=Encoding.BASE64), "frappe"),
    "github-like": (Scheme("x-hub-signature-256", prefix="sha256="), "hub"),
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_signed_is_let_in(name: str) -> None:
    scheme, secret = VARIANTS[name]
    got = receive(scheme, secret, sign(scheme, secret, BODY, "msg_1", NOW), BODY, NOW)
    assert (got.signed, got.body) == (True, BODY)
    assert got.id == ("msg_1" if scheme.id else hashlib.sha256(BODY).hexdigest())


@pytest.mark.parametrize("name", VARIANTS)
def test_another_body_secret_or_signature_is_not(name: str) -> None:
    scheme, secret = VARIANTS[name]
    headers = sign(scheme, secret, BODY, "msg_1", NOW)
    other = base64.b64encode(b"another-key").decode()
    for wrong in (
        lambda: receive(scheme, secret, headers, BODY + b" ", NOW),
        lambda: receive(scheme, other, headers, BODY, NOW),
        lambda: receive(scheme, secret, headers | {scheme.signature: ""}, BODY, NOW),
        lambda: receive(scheme, secret, headers | {scheme.signature: scheme.prefix + "zz"}, BODY, NOW),
        lambda: receive(scheme, secret, {k: v for k, v in headers.items() if k != scheme.signature}, BODY, NOW),
    ):
        with pytest.raises(DataError, match="signature is wrong"):
            wrong()


@pytest.mark.parametrize("name", [name for name, (scheme, _) in VARIANTS.items() if scheme.timestamp])
def test_an_old_or_early_one_is_refused(name: str) -> None:
    scheme, secret = VARIANTS[name]
    headers = sign(scheme, secret, BODY, "msg_1", NOW)
    for away in (301, -301):
        with pytest.raises(DataError, match="too old or too new"):
            receive(scheme, secret, headers, BODY, NOW + timedelta(seconds=away))
    assert receive(scheme, secret, headers, BODY, NOW + timedelta(seconds=299)).sent_at == NOW
    for text in ("", "soon", "9" * 30, "٣"):
        with pytest.raises(DataError, match="timestamp"):
            receive(scheme, secret, headers | {scheme.timestamp: text}, BODY, NOW)


def test_the_reference_library_accepts_ours_and_we_its(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)  # the library reads the clock itself
    theirs = Webhook(SECRET)
    assert theirs.verify(BODY.decode(), sign(STANDARD, SECRET, BODY, "msg_1", now)) == {
        "type": "employee.updated",
        "id": "e1",
    }
    signature = theirs.sign("msg_2", now, BODY.decode())
    headers = {"webhook-id": "msg_2", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    assert receive(STANDARD, SECRET, headers, BODY, now).id == "msg_2"
    with pytest.raises(WebhookVerificationError):
        theirs.verify(BODY.decode() + " ", sign(STANDARD, SECRET, BODY, "msg_1", now))


def test_a_secret_being_changed_signs_twice() -> None:
    old, new = (f"whsec_{base64.b64encode(c * 24).decode()}" for c in (b"o", b"n"))
    first, second = (sign(STANDARD, one, BODY, "m", NOW) for one in (old, new))
    both = f"v1a,{'A' * 40} {first['webhook-signature']} {second['webhook-signature']}"
    for secret in (old, new):
        assert receive(STANDARD, secret, first | {"webhook-signature": both}, BODY, NOW).signed


def test_ten_signatures_are_looked_at_and_each_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = f"whsec_{base64.b64encode(b'k' * 24).decode()}"
    good = sign(STANDARD, secret, BODY, "m", NOW)
    wrong, right = f"v1,{base64.b64encode(b'x' * 32).decode()}", good["webhook-signature"]
    compared: list[bytes] = []

    def compare(wanted: bytes, one: bytes) -> bool:
        compared.append(one)
        return wanted == one

    monkeypatch.setattr(hmac, "compare_digest", compare)
    for before, seen in ((9, 10), (10, 10)):
        many = " ".join([*[wrong] * before, right])
        if before < 10:
            assert receive(STANDARD, secret, good | {"webhook-signature": many}, BODY, NOW).signed
        else:
            with pytest.raises(DataError, match="signature is wrong"):
                receive(STANDARD, secret, good | {"webhook-signature": many}, BODY, NOW)
        assert len(compared) == seen
        compared.clear()
    receive(STANDARD, secret, good | {"webhook-signature": f"{right} {wrong} {wrong}"}, BODY, NOW)
    assert len(compared) == 3  # the first one fits, and the others are looked at all the same


def test_the_unsigned_are_hints_and_no_more() -> None:
    got = receive(UNSIGNED, "", {}, b"a=1", NOW)
    assert (got.signed, got.id) == (False, hashlib.sha256(b"a=1").hexdigest())


def test_gusto_signs_the_raw_body_in_lower_hex() -> None:
    scheme, secret = VARIANTS["gusto"]
    wanted = hmac.new(secret.encode(), BODY, "sha256").hexdigest()
    assert sign(scheme, secret, BODY, "", NOW) == {"x-gusto-signature": wanted}


def test_limits_and_settings() -> None:
    with pytest.raises(DataError, match="more than"):
        receive(UNSIGNED, "", {}, b"x" * (MAX_BODY + 1), NOW)
    for secret in ("whsec_", "whsec_***", ""):
        with pytest.raises(ConfigError, match="secret"):
            receive(STANDARD, secret, sign(STANDARD, SECRET, BODY, "m", NOW), BODY, NOW)


@given(body=st.binary(max_size=200), flip=st.integers(0, 10**6), name=st.sampled_from(sorted(VARIANTS)))
def test_one_bit_is_enough(body: bytes, flip: int, name: str) -> None:
    scheme, secret = VARIANTS[name]
    headers = sign(scheme, secret, body, "m", NOW)
    assert receive(scheme, secret, headers, body, NOW).signed
    if body:
        at = flip % (len(body) * 8)
        other = bytearray(body)
        other[at // 8] ^= 1 << at % 8
        with pytest.raises(DataError):
            receive(scheme, secret, headers, bytes(other), NOW)


def test_nothing_private_shows(caplog: Any) -> None:
    with pytest.raises(DataError) as error:
        receive(STANDARD, SECRET, sign(STANDARD, SECRET, BODY, "m", NOW), b'{"ssn":"900-11-0001"}', NOW)
    assert "900" not in str(error.value)
    assert SECRET not in str(error.value)


def test_an_id_in_the_body_is_the_vendors_own_and_a_digest_is_none() -> None:
    scheme = Scheme("x-sign", body_id="event.id")
    for body, known, named in (
        (b'{"event": {"id": "evt-1", "type": "x"}}', "evt-1", True),
        (b'{"event": {"id": 7}}', "", False),
        (b'{"event": []}', "", False),
        (b"no json", "", False),
    ):
        got = receive(scheme, "k", sign(scheme, "k", body, "", NOW), body, NOW)
        assert (got.id, got.named) == (known or hashlib.sha256(body).hexdigest(), named)


def test_base64_of_addresses_is_taken_with_and_without_padding() -> None:
    scheme = Scheme("x-sign", encoding=Encoding.BASE64URL)
    bodies = [str(number).encode() for number in range(40)]
    written = [sign(scheme, "k", body, "", NOW)["x-sign"] for body in bodies]
    assert any("-" in text or "_" in text for text in written) and not any("+" in text for text in written)
    for body, text in zip(bodies, written, strict=True):
        assert receive(scheme, "k", {"x-sign": text.rstrip("=")}, body, NOW).signed
