"""Every role at every route, walked from the router: what `GRANTS` gives is let in, everything else is turned away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import anyio
import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from tests.api.conftest import Desk

from benehub.access import GRANTS, Caller, Permission, Role
from benehub.api import who
from benehub.api.app import create_app
from benehub.api.guard import OPEN, Needs
from benehub.flows import users
from benehub.store.access_tables import audit
from benehub.store.schema import INSTALLATION


@dataclass(frozen=True)
class Door:
    """A route of the router, its path filled in with `acme` and made-up ids."""

    method: str
    path: str
    needs: Permission
    somewhere: bool
    """Whether it opens for the permission with any one employer, and tells of that one alone."""

    @property
    def of_employer(self) -> bool:
        """Whether it belongs to an employer."""
        return "{employer}" in self.path

    def at(self, employer: str) -> str:
        """Its address for an employer."""
        return re.sub(r"{[^}]*}", "x", self.path.replace("{employer}", employer))


def doors(app: FastAPI) -> Iterator[Door]:
    """All routes that need a permission."""
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        for one in dependant.dependencies if dependant else ():
            if isinstance(one.call, Needs):
                for method in sorted(getattr(route, "methods", None) or ()):
                    yield Door(method, str(route.path), one.call.permission, one.call.somewhere)


def application(desk: Desk, caller: Caller | None) -> FastAPI:
    """The whole application, and beside its own routes one for each permission, of an employer and of all."""
    app = create_app(desk.hub, lambda _: caller)
    for permission in Permission:
        for path in (f"/probe/{{employer}}/{permission}", f"/probe-all/{permission}"):
            app.get(path, dependencies=[Depends(Needs(permission))])(lambda: "in")
    return app


def answers(app: FastAPI, employer: str, found: Sequence[Door]) -> Iterator[tuple[Door, httpx.Response]]:
    """What the application answers at each door, in one loop: no call waits for a thread of the client's."""

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return [await client.request(door.method, door.at(employer)) for door in found]

    return zip(found, anyio.run(ask), strict=True)


def turned_away(got: httpx.Response, employer: str) -> int | None:
    """401, 403 or 404 where the guard turns away; None where a call got through to the route itself."""
    if got.status_code == 404 and f"There is no employer {employer} here" not in got.text:
        return None
    return got.status_code if got.status_code in (401, 403, 404) else None


def test_there_is_a_door_for_every_permission(desk: Desk) -> None:
    found = list(doors(application(desk, None)))
    assert {door.needs for door in found} == set(Permission) and len(found) >= 2 * len(Permission)
    assert not any(door.path in OPEN for door in found)


def test_nobody_gets_through_any_door(desk: Desk) -> None:
    app = application(desk, None)
    assert {turned_away(got, "acme") for _, got in answers(app, "acme", list(doors(app)))} == {401}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("everywhere", [False, True], ids=["of acme", "everywhere"])
def test_a_role_gets_through_the_doors_that_its_grants_name_and_no_other(
    sqlite_desk: Desk, role: Role, everywhere: bool
) -> None:
    held = frozenset({role})
    caller = Caller(
        "usr_1", "Ann", held if everywhere else frozenset(), {} if everywhere else {"acme": held}, {"acme": "per_1"}
    )
    app = application(sqlite_desk, caller)
    for door, got in answers(app, "acme", list(doors(app))):
        granted = door.needs in GRANTS[role]
        through = granted and (everywhere or door.of_employer or door.somewhere)
        assert turned_away(got, "acme") == (None if through else 403), (role, door)


@pytest.mark.parametrize("role", Role)
def test_another_employer_is_not_there_for_who_has_nothing_with_it(sqlite_desk: Desk, role: Role) -> None:
    caller = Caller("usr_1", "Ann", roles={"acme": frozenset({role})}, persons={"acme": "per_1"})
    app = application(sqlite_desk, caller)
    found = [door for door in doors(app) if door.of_employer]
    for (door, there), (_, nowhere) in zip(answers(app, "other", found), answers(app, "nobody", found), strict=True):
        assert turned_away(there, "other") == 404, door
        assert there.text.replace("other", "nobody") == nowhere.text, "whether it exists is not told"


def test_an_auditor_gets_through_no_door_that_changes_anything(sqlite_desk: Desk) -> None:
    caller = Caller("usr_1", "Ann", everywhere=frozenset({Role.AUDITOR}))
    app = application(sqlite_desk, caller)
    unsafe = [door for door in doors(app) if door.method not in ("GET", "HEAD")]
    assert all(turned_away(got, "acme") == 403 for _, got in answers(app, "acme", unsafe))


def test_the_words_of_a_route_and_its_method_go_together(desk: Desk) -> None:
    """What only sees is no permission for a route that changes something; oneself is the exception."""
    for door in doors(create_app(desk.hub)):
        if door.method not in ("GET", "HEAD") and door.needs is not Permission.SEE_SELF:
            assert not door.needs.value.startswith("see_"), door


def test_a_token_calls_in_the_name_of_its_user_and_no_further(
    desk: Desk, cheap_passwords: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    users.add(desk.hub, "test", "ann@acme.example", "Ann Lee")
    users.give(desk.hub, "test", "ann@acme.example", Role.FINANCE, "acme")
    name, token = users.add_token(desk.hub, "test", "ann@acme.example", "ci", [Permission.SEE_PEOPLE], 30)
    app = create_app(desk.hub, who.resolve)
    for permission in Permission:
        app.get(f"/api/{{employer}}/{permission}", dependencies=[Depends(Needs(permission))])(lambda: "in")
    client = TestClient(app, headers={"authorization": f"Bearer {token}"})
    told = {one: client.get(f"/api/acme/{one}").status_code for one in Permission}
    assert {one for one, status in told.items() if status == 200} == {Permission.SEE_PEOPLE}
    assert set(told.values()) == {200, 403}
    assert client.get("/api/other/see_people").status_code == 404
    rows = desk.rows(audit.select().where(audit.c.employer_id == "acme", audit.c.outcome == "done"))
    assert [(row.by_what, row.front, row.action) for row in rows] == [(name, "api", "GET /api/{employer}/see_people")]
    users.revoke_token(desk.hub, "test", name)
    assert client.get("/api/acme/see_people").status_code == 401
    said = desk.rows(audit.select().where(audit.c.employer_id == INSTALLATION).order_by(audit.c.audit_no))
    assert [row.action for row in said if row.outcome == "done"] == [
        "add a user", "give finance@acme", "add a token", "revoke a token",
    ]  # fmt: skip


def test_a_look_at_people_stands_in_the_trail_whatever_permission_lets_one_look(sqlite_desk: Desk) -> None:
    caller = Caller("usr_1", "Ann", everywhere=frozenset({Role.OWNER, Role.EMPLOYEE}), persons={"acme": "per_1"})
    app = application(sqlite_desk, caller)
    app.get("/probe/{employer}/named", dependencies=[Depends(Needs(Permission.SEE_MONEY, of_people=True))])(
        lambda: "in"
    )
    client = TestClient(app)
    for one in (*Permission, "named"):
        assert client.get(f"/probe/acme/{one}").status_code == 200
    rows = sqlite_desk.rows(audit.select().where(audit.c.employer_id == "acme").order_by(audit.c.audit_no))
    silent = {"see_overview", "see_money", "see_connections", "see_self"}
    assert [row.action.rpartition("/")[2] for row in rows] == [
        *(one.value for one in Permission if one.value not in silent), "named",
    ]  # fmt: skip


def test_the_mark_of_all_employers_is_no_employer(sqlite_desk: Desk) -> None:
    caller = Caller("usr_1", "Ann", everywhere=frozenset({Role.OWNER}))
    app = application(sqlite_desk, caller)
    found = [door for door in doors(app) if door.of_employer]
    assert {turned_away(got, INSTALLATION) for _, got in answers(app, INSTALLATION, found)} == {404}
