"""What our SCIM 2.0 endpoint (RFC 7644) answers. Ways and headers are here; what they do is a flow's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Response
from scim2_models import ResponseParameters, SCIMException

from benehub.api.scim import Call
from benehub.flows import Hub
from benehub.flows.scim import Caller, Users, admit
from benehub.formats.scim import messages, resources
from benehub.formats.scim.messages import Refused
from benehub.formats.scim.resources import ScimUser

MEDIA = "application/scim+json"


def answer(hub: Hub, employer: str, call: Call) -> Response:
    """What a client is told: its call carried out by a flow, or the reason why not."""
    try:
        kind, _, token = call.headers.get("authorization", "").partition(" ")
        caller = admit(hub, employer, token.strip()) if kind.casefold() == "bearer" and token.strip() else None
        if caller is None:
            raise Refused(401, "A bearer token is needed")
        return _routed(caller, call)
    except SCIMException as error:
        more = {401: {"www-authenticate": 'Bearer realm="scim"'}, 503: {"retry-after": "60"}}.get(error.status, {})
        return _json(messages.error(error), int(error.status), more)


def _routed(caller: Caller, call: Call) -> Response:
    match call.path:
        case ("Users",):
            return _one_of(call, {"GET": _list, "POST": _create})(Users(caller), call)
        case ("Users", ".search") | (".search",):
            return _one_of(call, {"POST": _search})(Users(caller), call)
        case ("Users", _):
            ways = {"GET": _get, "PUT": _replace, "PATCH": _patch, "DELETE": _delete}
            return _one_of(call, ways)(Users(caller), call)
        case ("ServiceProviderConfig",):
            return _one_of(call, {"GET": _config})(Users(caller), call)
        case ("Schemas" | "ResourceTypes",):
            return _one_of(call, {"GET": _described})(Users(caller), call)
        case ("Schemas" | "ResourceTypes", _):
            return _one_of(call, {"GET": _described_one})(Users(caller), call)
        case ("Bulk",) | ("Me",):
            raise Refused(501, f"{call.path[0]} is not supported")
    raise Refused(404, "No such resource")


Way = Callable[[Users, Call], Response]


def _one_of(call: Call, ways: Mapping[str, Way]) -> Way:
    if call.method not in ways:
        raise Refused(405, f"Here are {', '.join(ways)} only")
    sent = call.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if call.body and sent not in ("", MEDIA, "application/json"):
        raise Refused(415, f"Send {MEDIA}")
    return ways[call.method]


def _create(users: Users, call: Call) -> Response:
    asked = _asked(call)
    return _user(users.create(call.body), call, asked, 201)


def _get(users: Users, call: Call) -> Response:
    asked = _asked(call)
    user = users.get(call.path[1])
    assert user.meta is not None
    known = {tag.strip() for tag in call.headers.get("if-none-match", "").split(",")}
    if user.meta.version in known or "*" in known:
        return Response(status_code=304, headers={"etag": user.meta.version or ""})
    return _user(user, call, asked)


def _replace(users: Users, call: Call) -> Response:
    asked = _asked(call)
    return _user(users.replace(call.path[1], call.body, call.headers.get("if-match", "")), call, asked)


def _patch(users: Users, call: Call) -> Response:
    asked = _asked(call)
    return _user(users.patch(call.path[1], call.body, call.headers.get("if-match", "")), call, asked)


def _delete(users: Users, call: Call) -> Response:
    users.delete(call.path[1], call.headers.get("if-match", ""))
    return Response(status_code=204)


def _list(users: Users, call: Call) -> Response:
    return _found(users, call, call.query)


def _search(users: Users, call: Call) -> Response:
    return _found(users, call, messages.parsed(call.body))


def _found(users: Users, call: Call, told: Any) -> Response:
    request = messages.search(told)
    total, found = users.search(request)
    rows = [messages.shown(user, call.base, request) for user in found]
    return _json(messages.listing(total, request.start_index or 1, rows))


def _config(_users: Users, call: Call) -> Response:
    config = resources.provider().config
    assert config is not None
    return _json(messages.described(config, f"{call.base}/ServiceProviderConfig"))


def _described(_users: Users, call: Call) -> Response:
    address = f"{call.base}/{call.path[0]}"
    told = [messages.described(one, f"{address}/{one.id}") for one in resources.discovery(call.path[0])]
    return _json(messages.listing(len(told), 1, told))


def _described_one(_users: Users, call: Call) -> Response:
    for one in resources.discovery(call.path[0]):
        if one.id == call.path[1]:
            return _json(messages.described(one, f"{call.base}/{call.path[0]}/{one.id}"))
    raise Refused(404, "No such resource")


def _asked(call: Call) -> ResponseParameters[Any]:
    """What the answer shall show: a mistake in it is told before anything is written."""

    return messages.asked(call.query)


def _user(user: ScimUser, call: Call, asked: ResponseParameters[Any], status: int = 200) -> Response:
    told = messages.shown(user, call.base, asked)
    assert user.meta is not None
    address, version = user.meta.location or "", user.meta.version or ""
    where = {"etag": version, "content-location": address}
    return _json(told, status, where | ({"location": address} if status == 201 else {}))


def _json(told: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(told), status, dict(headers or {}), MEDIA)
