"""Users are what they were made, and nothing that was taken away works on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from tests.access.conftest import PASSWORD, Desk

from benehub.access import Permission, Role, audit, identities, sessions, tokens, users
from benehub.access.identities import Told
from benehub.access.sessions import Lifetimes, Stage
from benehub.errors import ConflictError, DataError
from benehub.flows.users import disable, first_owner, reset
from benehub.store.tables import person

LIFE = Lifetimes()


def opened(desk: Desk, user: str) -> str:
    with desk.write() as session:
        return sessions.begin(session, user, Stage.OPEN, "password", LIFE)


def stands(desk: Desk, secret: str) -> bool:
    with desk.write() as session:
        return sessions.standing(session, secret, LIFE) is not None


def test_a_user_is_found_by_address_whatever_its_case_and_is_there_once(desk: Desk) -> None:
    user = desk.user("Ann@Acme.Example")
    with desk.write() as session:
        assert users.named(session, " ANN@acme.example").user_id == user
        with pytest.raises(ConflictError, match="there is a user"):
            users.add(session, "ann@ACME.example", "Another")


@pytest.mark.parametrize("email", ["", "ann", "ann@", "@acme", "a b@c.de", "a@b@c", '<a@b.de>"'])
def test_what_is_no_address_is_refused(desk: Desk, email: str) -> None:
    with desk.write() as session, pytest.raises(DataError, match="no email address"):
        users.add(session, email, "Ann")


def test_a_caller_has_the_roles_given_and_no_others(desk: Desk) -> None:
    user = desk.user("ann@acme.example", Role.FINANCE)
    with desk.write() as session:
        users.give(session, user, Role.AUDITOR, "*", "test")
        caller = users.caller(session, user, "ses_1")
    assert caller is not None
    assert (caller.everywhere, dict(caller.roles)) == ({Role.AUDITOR}, {"acme": {Role.FINANCE}})
    assert caller.may(Permission.APPROVE, "acme") and not caller.may(Permission.APPROVE, "other")


def test_a_role_is_for_an_employer_that_there_is(desk: Desk) -> None:
    user = desk.user()
    with desk.write() as session:
        with pytest.raises(DataError, match="no employer"):
            users.give(session, user, Role.FINANCE, "nobody", "test")
        with pytest.raises(DataError, match="nobody is an employee of everybody"):
            users.give(session, user, Role.EMPLOYEE, "*", "test")


def test_who_was_disabled_is_nobody_and_his_tokens_are_gone(desk: Desk) -> None:
    user = desk.user("ann@acme.example", Role.FINANCE)
    secret = opened(desk, user)
    with desk.write() as session:
        _, token = tokens.add(session, user, "ci", [Permission.SEE_MONEY], 30)
        users.disable(session, user)
    assert not stands(desk, secret)
    with desk.write() as session:
        users.enable(session, user)
        assert tokens.caller(session, token) == (None, False)
        assert users.caller(session, user, "") is not None


@pytest.mark.parametrize("change", ["give", "take", "password", "person"])
def test_another_privilege_ends_what_was_open(desk: Desk, change: str) -> None:
    user = desk.user("ann@acme.example", Role.FINANCE)
    with desk.store.write("acme") as session:
        session.add(person, [{"kind": "employee", "person_id": "per_1"} | needed()])
    secret = opened(desk, user)
    assert stands(desk, secret)
    with desk.write() as session:
        match change:
            case "give":
                users.give(session, user, Role.AUDITOR, "acme", "test")
            case "take":
                users.take(session, user, Role.FINANCE, "acme")
            case "password":
                users.set_password(session, user, "another")
            case _:
                users.be(session, user, "acme", "per_1")
    assert not stands(desk, secret)


def needed() -> dict[str, object]:
    """What else a row of a person has to have."""
    return {
        column.name: "" if column.type.python_type is str else 0
        for column in person.columns
        if not column.nullable
        and column.server_default is None
        and column.name not in ("employer_id", "person_id", "kind")
    }


def test_two_users_are_not_one_person_and_a_person_is_one_of_that_employer(desk: Desk) -> None:
    ann, bob = desk.user("ann@acme.example", Role.EMPLOYEE), desk.user("bob@acme.example")
    with desk.store.write("acme") as session:
        session.add(person, [{"kind": "employee", "person_id": "per_1"} | needed()])
    with desk.write() as session:
        users.be(session, ann, "acme", "per_1")
        with pytest.raises(ConflictError, match="another user is this person"):
            users.be(session, bob, "acme", "per_1")
        with pytest.raises(DataError, match="no employee"):
            users.be(session, bob, "other", "per_1")
        caller = users.caller(session, ann, "")
    assert caller is not None and dict(caller.persons) == {"acme": "per_1"}


@pytest.mark.parametrize("way", ["take", "disable"])
def test_who_is_no_employee_any_more_leaves_his_person_to_another_account(desk: Desk, way: str) -> None:
    ann, anew = desk.user("ann@acme.example", Role.EMPLOYEE), desk.user("ann.lee@acme.example", Role.EMPLOYEE)
    with desk.store.write("acme") as session:
        session.add(person, [{"kind": "employee", "person_id": "per_1"} | needed()])
    with desk.write() as session:
        users.be(session, ann, "acme", "per_1")
        if way == "take":
            users.take(session, ann, Role.EMPLOYEE, "acme")
        else:
            users.disable(session, ann)
        assert users.be(session, anew, "acme", "per_1")
        users.enable(session, ann)
        told = [users.caller(session, one, "") for one in (ann, anew)]
    assert [dict(one.persons) for one in told if one] == [{}, {"acme": "per_1"}]


@pytest.mark.parametrize("way", ["take", "disable"])
def test_the_last_owner_stays(desk: Desk, way: str) -> None:
    user = desk.user("own@acme.example", Role.OWNER, role_for="*")
    with pytest.raises(ConflictError, match="nobody would be left"), desk.write() as session:
        if way == "take":
            users.take(session, user, Role.OWNER, "*")
        else:
            users.disable(session, user)
    with desk.write() as session:
        assert users.owners(session) == [user]


def test_two_owners_who_disable_each_other_at_once_leave_one(desk: Desk) -> None:
    ann, bob = (desk.user(f"{name}@acme.example", Role.OWNER, role_for="*") for name in ("ann", "bob"))
    told: list[str] = []

    def disable() -> None:
        try:
            with desk.write() as session:
                users.disable(session, ann)
        except ConflictError as error:
            told.append(error.what)

    other = threading.Thread(target=disable)
    with desk.write() as session:
        users.disable(session, bob)
        other.start()
        other.join(0.3)  # it has to wait
        assert other.is_alive()
    other.join(60)
    assert told == ["nobody would be left who may manage access"]
    with desk.write() as session:
        assert users.owners(session) == [ann]


def test_a_list_shows_no_hash_and_no_seed(desk: Desk) -> None:
    desk.user("ann@acme.example", Role.FINANCE)
    with desk.write() as session:
        (told,) = users.listed(session)
    assert told["roles"] == ["finance@acme"] and told["password"] is True and told["second_factor"] is False
    assert "argon2" not in str(told)


def test_a_list_goes_on_where_it_stopped_and_finds_a_part(desk: Desk) -> None:
    for name in ("cem", "ann", "bob"):
        desk.user(f"{name}@acme.example", Role.FINANCE)
    with desk.write() as session:

        def emails(**asked: Any) -> list[str]:
            return [one["email"][:3] for one in users.listed(session, **asked)]

        assert emails() == ["ann", "bob", "cem"] and emails(limit=2) == ["ann", "bob"]
        assert emails(after="ann@acme.example") == ["bob", "cem"] and emails(find="BOB@") == ["bob"]
        assert emails(find="ann lee") == ["ann", "bob", "cem"] and emails(find="%") == []


def test_of_two_first_owners_at_once_one_is_the_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    both, add = Barrier(2), users.add

    def together(*arguments: Any, **more: Any) -> str:
        # Who is here has seen no owner; the other one has to wait outside until he is done.
        with suppress(BrokenBarrierError):
            both.wait(0.2)
        return add(*arguments, **more)

    monkeypatch.setattr(users, "add", together)

    def first(name: str) -> str:
        try:
            return first_owner(desk.hub, "init", f"{name}@acme.example", name, PASSWORD)
        except ConflictError as error:
            return error.what

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(first, ("ann", "ben")))
    with desk.write() as session:
        assert [told[1]] == users.owners(session) and told[0] == "the installation has an owner"


@pytest.mark.parametrize("way", ["password", "let in again"])
def test_a_provider_that_was_linked_is_taken_away(desk: Desk, way: str) -> None:
    user, other = desk.user(), desk.user("bob@acme.example")
    mine, his = Told("https://idp.example", "s1"), Told("https://idp.example", "s2")
    with desk.write() as session:
        assert identities.link(session, mine, user) and identities.link(session, his, other)
        identities.invite(session, user, "login", "test")
    if way == "let in again":
        disable(desk.hub, "test", user)
        with desk.write() as session:
            assert identities.recognise(session, "login", mine, {}) == user, "it holds out who is somebody disabled"
        disable(desk.hub, "test", user, undo=True)
    else:
        reset(desk.hub, "test", user, f"{PASSWORD} anew")
    with desk.write() as session:
        assert identities.recognise(session, "login", mine, {}) == "" and not identities.invited(session, user)
        assert identities.recognise(session, "login", his, {}) == other
        assert audit.newest(session, limit=1)[0].action == "unlink the providers of a user"
        assert identities.link(session, mine, user)
