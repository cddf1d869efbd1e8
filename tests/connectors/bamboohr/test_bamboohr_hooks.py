"""BambooHR's webhooks in both formats and both encodings: whom they are about."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benehub.connect.webhooks import Hint
from benehub.errors import DataError
from benehub_connectors.bamboohr.hooks import hints

PAY = Hint("compensation")


@pytest.mark.parametrize(
    ("body", "people"),
    [
        ({"type": "employee.updated", "data": {"employeeId": "67890", "changedFields": ["firstName"]}}, ["67890"]),
        ({"type": "employee.deleted", "data": {"companyId": "1", "employeeId": "7"}}, [""]),
        ({"employees": [{"id": "12345", "action": "Updated"}, {"id": "8", "action": "Deleted"}]}, ["12345", ""]),
        (b"type=employee.updated&data[companyId]=1&data[employeeId]=67890&data[changedFields][0]=firstName", ["67890"]),
        (b"type=employee.deleted&data[employeeId]=7", [""]),
        (b"employees[12345][changedFields][0]=First+name&employees[12345][First+name]=John", [""]),
    ],
)
def test_whom_a_webhook_is_about(body: Any, people: list[str]) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert hints(raw) == [*(Hint("employee", who) for who in people), PAY]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"7", b"\xff\xfe", b"a=b", b'{"employees": [7]}'])
def test_what_is_none_of_the_vendors_is_told(body: bytes) -> None:
    with pytest.raises(DataError, match="no event of BambooHR's"):
        hints(body)
