"""Who may manage access manages it within his bounds: of one employer, or of the installation; users and tokens."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import select
from tests.web.conftest import Desk, caller_of

from benehub.access import Permission, Role, audit, sessions, users
from benehub.access.sessions import Lifetimes, Stage
from benehub.store.access_tables import api_token, user_role
from benehub.store.schema import INSTALLATION
from benehub.store.tables import person

LIFE = Lifetimes()
PASSWORD = "correct horse battery staple"


def held(desk: Desk) -> set[tuple[str, str, str]]:
    """Every role there is: whose address, with whom, which."""
    with desk.store.read(INSTALLATION) as session:
        rows = session.rows(select(user_role).where(*session.where(user_role)))
        return {(users.get(session, row.user_id).email, row.role_for, row.role) for row in rows}


@pytest.fixture
def own(desk: Desk) -> Desk:
    """An owner of this employer alone; beside him one of the installation."""
    with desk.store.write(INSTALLATION) as session:
        boss = users.add(session, "boss@acme.example", "Boss")
        users.give(session, boss, Role.OWNER, INSTALLATION, "test")
    desk.caller = caller_of(Role.OWNER, employer=desk.employer)
    return desk


def test_an_owner_of_one_employer_gives_and_takes_roles_there_and_nowhere_else(own: Desk) -> None:
    before = held(own)
    shown = own.get("access")
    assert "boss@acme.example" not in shown and "Nobody has a role" in shown
    new = {"email": "New@acme.example", "name": "<b>New</b>", "role": "finance"}
    assert own.post("access", **new).status_code == 303
    assert own.post("access", email="boss@acme.example", name="Another", role="auditor").status_code == 303
    assert held(own) - before == {
        ("new@acme.example", own.employer, "finance"), ("boss@acme.example", own.employer, "auditor"),
    }  # fmt: skip
    shown = own.get("access", lang="de")
    assert "&lt;b&gt;New&lt;/b&gt;" in shown and "every employer" not in shown and "Zugang" in shown
    with own.store.read(INSTALLATION) as session:
        boss = users.named(session, "boss@acme.example")
        assert boss.name == "Boss", "what was given is of a new user alone"
        assert [row.who for row in audit.newest(session, limit=3)] == ["usr_ann"] * 3
    assert own.post(f"access/{boss.user_id}/take", role="owner").status_code == 400, "that is the installation's"
    assert own.post(f"access/{boss.user_id}/take", role="auditor").status_code == 303
    assert held(own) - before == {("new@acme.example", own.employer, "finance")}


def test_a_first_password_is_the_installations_to_give(own: Desk) -> None:
    before = held(own)
    assert 'name="password"' not in own.get("access")
    for email in ("cfo@b.example", "boss@acme.example"):
        refused = own.post("access", email=email, name="New", role="auditor", password=PASSWORD)
        assert refused.status_code == 409 and "not yours to give" in refused.text and PASSWORD not in refused.text
    assert held(own) == before
    own.caller = caller_of(Role.OWNER)
    assert 'name="password"' in own.get("access")
    weak = own.post("access", email="cfo@b.example", name="New", role="auditor", password="password1234")
    assert weak.status_code == 400
    assert own.post("access", email="cfo@b.example", name="New", role="auditor", password=PASSWORD).status_code == 303
    assert own.post("access", email="boss@acme.example", role="auditor", password=PASSWORD).status_code == 303
    with own.store.read(INSTALLATION) as session:
        assert users.named(session, "cfo@b.example").must_change
        assert not users.named(session, "boss@acme.example").password_hash, "it is of a new user alone"


def test_an_owner_of_one_employer_signs_nobody_out(own: Desk) -> None:
    with own.store.write(INSTALLATION) as session:
        boss = users.named(session, "boss@acme.example").user_id
        secret = sessions.begin(session, boss, Stage.OPEN, "password", LIFE)
    assert own.post("access", email="boss@acme.example", role="auditor").status_code == 303
    assert own.post(f"access/{boss}/take", role="auditor").status_code == 303
    with own.store.write(INSTALLATION) as session:
        assert sessions.standing(session, secret, LIFE) is not None


@pytest.mark.parametrize("form", [{"role": "king"}, {"role": "employee"}, {"role": "employee", "person": "per_lost"}])
def test_what_is_no_role_or_no_person_is_refused(own: Desk, form: dict[str, str]) -> None:
    before = held(own)
    assert own.post("access", email="new@acme.example", name="New", **form).status_code == 400
    assert held(own) == before
    with own.store.read(INSTALLATION) as session:
        assert users.by_email(session, "new@acme.example") is None, "nobody is added who then gets nothing"


def test_nobody_gives_more_than_he_has(own: Desk) -> None:
    before = held(own)
    assert own.caller is not None
    own.caller = replace(own.caller, scopes=frozenset({Permission.MANAGE_ACCESS, Permission.SEE_OVERVIEW}))
    assert 'value="owner"' not in own.get("access")
    refused = own.post("access", email="new@acme.example", name="New", role="owner")
    assert refused.status_code == 409 and "more than you may" in refused.text
    for path in ("/e/*/access", "/e/another/access", "/access", "/access/tokens"):
        assert own.client.get(path).status_code in (403, 404), path
    assert (
        own.client.post("/e/*/access", data={"email": "n@a.example", "name": "N", "role": "owner"}).status_code == 404
    )
    assert held(own) == before
    for role in (Role.BENEFITS_ADMIN, Role.AUDITOR, Role.FINANCE, Role.ENGINEER):
        own.caller = caller_of(role, employer=own.employer)
        own.get("access", 403)
        assert own.post("access", email="n@acme.example", name="N", role="auditor").status_code == 403


def test_an_employee_is_bound_to_his_person(own: Desk) -> None:
    with own.store.read(own.employer) as session:
        one = session.rows(select(person).where(*session.where(person, kind="employee")))[0].person_id
    assert own.post("access", email="emp@acme.example", name="Emp", role="employee", person=one).status_code == 303
    with own.store.read(INSTALLATION) as session:
        known = users.caller(session, users.named(session, "emp@acme.example").user_id, "")
    assert known is not None and known.persons == {own.employer: one}


def test_users_of_the_installation_are_added_found_disabled_and_reset(desk: Desk) -> None:
    made = desk.client.post("/access/users", data={"email": "a@acme.example", "name": "A<i>", "password": PASSWORD})
    path = made.headers["location"].split("?")[0]
    assert "A&lt;i&gt;" in desk.get("/access", find="a@acme") and "Nobody fits" in desk.get("/access", find="zz")
    assert desk.client.post("/access/users", data={"email": "a@acme.example", "name": "B"}).status_code == 409
    weak = desk.client.post("/access/users", data={"email": "b@acme.example", "name": "B", "password": "password1234"})
    assert weak.status_code == 400 and "password1234" not in weak.text
    assert desk.client.post(f"{path}/disable").status_code == 303 and "Enable" in desk.get(path)
    assert desk.client.post(f"{path}/enable").status_code == 303 and "Disable" in desk.get(path)
    assert desk.client.post(f"{path}/reset").status_code == 400, "nothing to reset"
    assert desk.client.post(f"{path}/reset", data={"password": f"{PASSWORD} anew"}).status_code == 303
    assert desk.client.post(f"{path}/give", data={"role": "king", "role_for": desk.employer}).status_code == 400
    assert desk.client.post(f"{path}/give", data={"role": "auditor", "role_for": "lost"}).status_code == 400
    assert desk.client.post(f"{path}/give", data={"role": "auditor", "role_for": "*"}).status_code == 303
    assert ("a@acme.example", "*", "auditor") in held(desk)
    assert desk.client.post(f"{path}/take", data={"role": "auditor", "role_for": "*"}).status_code == 303
    assert desk.client.get("/access/users/usr_lost").status_code == 400


def test_a_token_is_shown_once_and_ends_when_it_is_revoked(desk: Desk) -> None:
    desk.client.post("/access/users", data={"email": "a@acme.example", "name": "A"})
    form = {"user": "a@acme.example", "label": "<u>export</u>", "days": "30", "scope": ["see_money"]}
    made = desk.client.post("/access/tokens", data=form)
    found = re.search(r"bhb_[A-Za-z0-9_-]+", made.text)
    assert made.status_code == 201 and found is not None and made.headers["cache-control"] == "no-store"
    listed = desk.get("/access/tokens")
    assert found[0] not in listed and "&lt;u&gt;export&lt;/u&gt;" in listed
    with desk.store.read(INSTALLATION) as session:
        (row,) = session.rows(select(api_token).where(*session.where(api_token)))
    assert found[0] not in repr(row)
    for wrong in ({"scope": ["rule"]}, {"days": "0"}, {"days": "99999"}, {"user": "lost@acme.example"}):
        assert desk.client.post("/access/tokens", data={**form, **wrong}).status_code == 400, wrong
    assert desk.client.post(f"/access/tokens/{row.token_id}/revoke").status_code == 303
    assert "Revoked" in desk.get("/access/tokens")
    assert desk.client.post(f"/access/tokens/{row.token_id}/revoke").status_code == 400
