"""Bob's webhooks: what they are about, and the signature that the vendor's own example gives."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from benehub.connect.webhooks import Hint, sign
from benehub.errors import DataError
from benehub_connectors.hibob.hooks import SCHEME, hints


@pytest.mark.parametrize(
    ("body", "hints_at"),
    [
        ({"type": "employee.updated", "data": {"employeeId": "7"}}, [Hint("employee"), Hint("compensation", "7")]),
        ({"type": "employee.deleted", "data": {"employeeId": "7"}}, [Hint("employee")]),
        ({"type": "employee.updated", "data": {"employeeId": "../7"}}, [Hint("employee")]),
        ({"type": "timeoff.request.approved", "data": {}}, [Hint("leave_request")]),
        ({"type": "task.status.changed", "data": {}}, []),
        ({"text": "Ping test"}, []),
        ("Ping test", []),
    ],
)
def test_what_a_webhook_is_about(body: object, hints_at: list[Hint]) -> None:
    assert hints(json.dumps(body).encode()) == hints_at
    assert hints(b"Ping test") == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"7", b"\xff", b'{"type": 7}', b'{"text": "Pong"}'])
def test_what_is_none_of_bobs_is_told(body: bytes) -> None:
    with pytest.raises(DataError, match="no event of Bob's"):
        hints(body)


def test_the_signature_is_made_as_the_vendor_shows() -> None:
    made = sign(SCHEME, "secret", b"{}", "", datetime(2026, 11, 2, tzinfo=UTC))
    wanted = base64.b64encode(hmac.new(b"secret", b"{}", hashlib.sha512).digest()).decode()
    assert made == {"bob-signature": wanted}
