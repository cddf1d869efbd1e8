"""Every route says who may call it: walked from the router itself, so that a new one that says nothing fails here."""

from __future__ import annotations

import pytest
from fastapi import APIRouter, Depends
from fastapi.routing import RouteContext, iter_route_contexts
from fastapi.testclient import TestClient
from tests.api.conftest import Desk

from benehub.access import Caller, Permission, Role
from benehub.api import unforged
from benehub.api.app import create_app
from benehub.api.guard import OPEN, Needs

TAKES = {
    "/access/tokens/{token}/revoke": "a token ends; nobody comes in by that",
    "/access/users/{user}/disable": "somebody is let in no more",
    "/access/users/{user}/take": "a role is taken back",
    "/e/{employer}/access/{user}/take": "a role with the employer is taken back",
}
"""Unsafe routes of access that ask nobody again who he is, each with the reason: they take away and let nobody in."""


def unsaid(route: RouteContext) -> bool:
    """Whether a route tells neither a permission nor that it is open."""
    dependant = getattr(route, "dependant", None)
    needs = [d.call for d in dependant.dependencies if isinstance(d.call, Needs)] if dependant else []
    return not needs and route.path not in OPEN


def test_every_route_says_who_may_call_it(desk: Desk) -> None:
    found = list(iter_route_contexts(create_app(desk.hub).routes))
    assert len(found) >= 4
    assert [route.path for route in found if unsaid(route)] == []
    assert {route.path for route in found} >= set(OPEN), "a door is listed as open that is not there"


def test_what_lets_somebody_in_asks_again_who_one_is(desk: Desk) -> None:
    free = []
    for route in iter_route_contexts(create_app(desk.hub).routes):
        dependant, unsafe = getattr(route, "dependant", None), set(route.methods or ()) - unforged.SAFE
        needs = [one.call for one in dependant.dependencies if isinstance(one.call, Needs)] if dependant else []
        if unsafe and any(one.permission is Permission.MANAGE_ACCESS and not one.again for one in needs):
            free.append(route.path)
    assert sorted(map(str, free)) == sorted(TAKES), "it asks, or is listed as one that only takes away"


def test_a_route_that_says_nothing_is_found() -> None:
    router = APIRouter()
    router.get("/new")(lambda: None)
    assert [unsaid(route) for route in iter_route_contexts(router.routes)] == [True]


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        (None, 401),
        (Caller("usr_1", "Ann", roles={"acme": frozenset({Role.ENGINEER})}), 403),
        (Caller("usr_1", "Ann", roles={"other": frozenset({Role.OWNER})}), 404),
        (Caller("usr_1", "Ann", roles={"acme": frozenset({Role.FINANCE})}), 200),
        (Caller("usr_1", "Ann", everywhere=frozenset({Role.AUDITOR})), 200),
    ],
)
def test_the_guard_asks_for_the_employer_of_the_path(desk: Desk, caller: Caller | None, status: int) -> None:
    app = create_app(desk.hub, lambda _: caller)
    app.get("/for/{employer}", dependencies=[Depends(Needs(Permission.SEE_MONEY))])(lambda employer: employer)
    assert TestClient(app).get("/for/acme").status_code == status
