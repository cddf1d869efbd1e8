"""A SCIM service that lives in memory: users with extensions, in pages, filtered by their last change.

It knows the two filters that the connector makes, and answers any other with `invalidFilter`. A service that nobody
here wrote stands beside it in the tests.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from benehub.sandbox.http import SimRequest, SimResponse, Simulator
from benehub_connectors.scim.attributes import CORE, ENTERPRISE, parse_path

HR = "urn:acme:params:scim:schemas:extension:hr:2.0:User"
"""The extension in which this employer's service tells what SCIM does not."""

_CHANGED = re.compile(r'(?:\((userType eq "([^"]*)")\) and )?meta\.lastModified gt "([^"]+)"')
_KIND = re.compile(r'userType eq "([^"]*)"')
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


class ScimSimulator(Simulator):
    """One service; `page_limit` cuts `count` down, as services may."""

    client_id, client_secret = "benehub", "scim-secret-1"

    def __init__(self, *, page_limit: int = 1000) -> None:
        super().__init__()
        self.users: dict[str, dict[str, Any]] = {}
        self.page_limit = page_limit
        self._tokens = 0
        self.route("POST", "/oauth/token", self._token)
        self.route("GET", "/scim/v2/Users", self._list)

    def add(self, user_id: str, at: datetime, **fields: Any) -> dict[str, Any]:
        """A user as the service tells it; it replaces one of that id."""
        meta = {"resourceType": "User", "lastModified": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        self.users[user_id] = {"schemas": [CORE, ENTERPRISE, HR], "id": user_id, "meta": meta} | fields
        return self.users[user_id]

    def populate(self, people: list[dict[str, Any]], at: datetime) -> None:
        """Users with ids of their own."""
        for number, person in enumerate(people, 1):
            self.add(f"u{number:04d}", at, **person)

    def admit(self, request: SimRequest) -> SimResponse | None:
        """401 without the newest token."""
        if request.path == "/oauth/token" or (self._tokens and request.headers.get("authorization") == self._bearer()):
            return None
        return _refusal(401, "", "Authentication is needed")

    def _bearer(self) -> str:
        return f"Bearer access-{self._tokens}"

    def _token(self, request: SimRequest) -> SimResponse:
        form = dict(parse_qsl(request.body.decode()))
        told = (form.get("grant_type"), form.get("client_id"), form.get("client_secret"))
        if told != ("client_credentials", self.client_id, self.client_secret):
            return SimResponse(400, {"error": "invalid_client"})
        self._tokens += 1
        return SimResponse(200, {"access_token": f"access-{self._tokens}", "token_type": "Bearer", "expires_in": 3600})

    def _list(self, request: SimRequest) -> SimResponse:
        found = list(self.users.values())
        if wanted := request.query.get("filter"):
            changed, kind = _CHANGED.fullmatch(wanted), _KIND.fullmatch(wanted)
            if changed is None and kind is None:
                return _refusal(400, "invalidFilter", "This filter is not supported")
            kept = changed[2] if changed else kind[1] if kind else None
            since = changed[3] if changed else ""
            found = [one for one in found if one["meta"]["lastModified"] > since]
            found = [one for one in found if kept is None or one.get("userType") == kept]
        start, count = max(1, int(request.query.get("startIndex", 1))), int(request.query.get("count", 100))
        page = found[start - 1 : start - 1 + min(count, self.page_limit)]
        if asked := request.query.get("attributes"):
            page = [_shown(one, asked.split(",")) for one in page]
        body: dict[str, Any] = {
            "schemas": [_LIST], "totalResults": len(found), "startIndex": start, "itemsPerPage": len(page),
        }  # fmt: skip
        return SimResponse(200, body | ({"Resources": page} if page else {}))


def person(number: int, first: str, last: str, **fields: Any) -> dict[str, Any]:
    """A made-up user, as one would be created; the SSN is from a range never given out."""
    usual: dict[str, Any] = {
        "userName": f"{first}.{last}@example.com".lower(), "active": True, "userType": "Employee",
        "name": {"givenName": first, "familyName": last},
        "emails": [{"value": f"{first}@{kind}.example", "type": kind} for kind in ("home", "work")],
        "addresses": [{"streetAddress": f"{number} Main Street", "locality": "Provo", "region": "UT",
                       "postalCode": "84604", "country": "US", "type": "home", "primary": True}],
        ENTERPRISE: {"employeeNumber": f"E{number:04d}", "department": "Sales"},
        HR: {"ssn": f"900-{number:02d}-{number:04d}", "birthDate": "1984-03-09", "hireDate": "2022-02-01",
             "payGroup": "biweekly"},
    }  # fmt: skip
    return usual | fields


def _shown(user: dict[str, Any], asked: list[str]) -> dict[str, Any]:
    """The attributes asked for, and what is always told; of `emails.value` the values alone, without their type."""
    shown: dict[str, Any] = {"schemas": user["schemas"], "id": user["id"]}
    for one in map(parse_path, asked):
        holder = user.get(one.urn, {}) if one.urn else user
        value = holder.get(one.name)
        if isinstance(value, list) and one.sub:
            value = [{one.sub: each.get(one.sub)} for each in value]
        elif isinstance(value, dict) and one.sub:
            value = {one.sub: value.get(one.sub)}
        if value is not None:
            (shown.setdefault(one.urn, {}) if one.urn else shown)[one.name] = value
    return shown


def _refusal(status: int, kind: str, detail: str) -> SimResponse:
    told = {"schemas": [_ERROR], "status": str(status), "detail": detail} | ({"scimType": kind} if kind else {})
    return SimResponse(status, told)
