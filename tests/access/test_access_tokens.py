"""API tokens are shown once, do no more than their scopes, and end."""

from __future__ import annotations

import pytest
from tests.access.conftest import Desk

from benehub.access import Caller, Permission, Role, tokens
from benehub.errors import DataError
from benehub.store.access_tables import api_token


def made(desk: Desk, *scopes: Permission, days: int = 30) -> tuple[str, str]:
    user = desk.user("ann@acme.example", Role.FINANCE)
    with desk.write() as session:
        return tokens.add(session, user, "payroll export", scopes, days)


def calls(desk: Desk, token: str) -> Caller | None:
    with desk.write() as session:
        return tokens.caller(session, token)[0]


def test_it_is_kept_as_a_digest_and_never_listed(desk: Desk) -> None:
    name, token = made(desk, Permission.SEE_MONEY)
    assert token.startswith("bhb_") and len(token) >= 47
    assert token not in str(desk.rows(api_token.select()))
    with desk.write() as session:
        (told,) = tokens.listed(session)
    assert told["token"] == name and token not in str(told) and told["state"] == "stands"


def test_it_does_what_user_and_scope_both_allow(desk: Desk) -> None:
    name, token = made(desk, Permission.SEE_MONEY, Permission.SEND)
    caller = calls(desk, token)
    assert caller is not None and caller.by == name
    assert {one for one in Permission if caller.may(one, "acme")} == {Permission.SEE_MONEY}
    assert not any(caller.may(one, "other") for one in Permission)


@pytest.mark.parametrize("token", ["", "bhb_", "bhb_" + "a" * 43, "Bearer x"])
def test_another_opens_nothing(desk: Desk, token: str) -> None:
    made(desk, Permission.SEE_MONEY)
    assert calls(desk, token) is None


def test_it_ends_with_its_day(desk: Desk) -> None:
    _, token = made(desk, Permission.SEE_MONEY, days=2)
    desk.later(hours=47)
    assert calls(desk, token) is not None
    desk.later(hours=1)
    assert calls(desk, token) is None
    with desk.write() as session:
        assert tokens.listed(session)[0]["state"] == "ended"


def test_it_ends_when_it_is_revoked(desk: Desk) -> None:
    name, token = made(desk, Permission.SEE_MONEY)
    with desk.write() as session:
        tokens.revoke(session, name)
        assert tokens.listed(session)[0]["state"] == "revoked"
        with pytest.raises(DataError, match="no token"):
            tokens.revoke(session, name)
    assert calls(desk, token) is None


def test_its_last_use_is_told_to_the_minute(desk: Desk) -> None:
    name, token = made(desk, Permission.SEE_MONEY)
    with desk.write() as session:
        assert tokens.caller(session, token)[1]
        tokens.used(session, name)
        assert not tokens.caller(session, token)[1]
        desk.later(seconds=60)
        assert tokens.caller(session, token)[1]
        assert tokens.listed(session)[0]["used_at"] is not None


@pytest.mark.parametrize(
    ("scopes", "days", "label"),
    [((), 30, "x"), (("see_money",), 0, "x"), (("see_money",), 367, "x"), (("see_money",), 9, " ")],
)
def test_it_has_a_scope_an_end_and_a_label(desk: Desk, scopes: tuple[str, ...], days: int, label: str) -> None:
    user = desk.user()
    with desk.write() as session, pytest.raises(DataError):
        tokens.add(session, user, label, map(Permission, scopes), days)
