"""Codes count once, in their time, and recovery codes once at all."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from tests.access.conftest import Desk

from benehub.access import second_factor, users
from benehub.errors import DataError
from benehub.store.access_tables import recovery_code, user_account


def enrolled(desk: Desk, user: str) -> tuple[pyotp.TOTP, list[str]]:
    with desk.write() as session:
        address = second_factor.propose(session, user)
        maker = pyotp.parse_uri(address)
        assert isinstance(maker, pyotp.TOTP)
        codes = second_factor.enrol(session, user, maker.at(desk.now))
    return maker, codes


def holds(desk: Desk, user: str, code: str) -> bool:
    with desk.write() as session:
        return second_factor.holds(session, users.get(session, user), code)


def test_the_picture_names_the_installation_and_the_user(desk: Desk) -> None:
    user = desk.user()
    with desk.write() as session:
        address = second_factor.propose(session, user)
        assert second_factor.propose(session, user) == address
    query = parse_qs(urlsplit(address).query)
    assert address.startswith("otpauth://totp/benehub:ann%40acme.example")
    assert query["issuer"] == ["benehub"] and len(query["secret"][0]) == 32


def test_a_seed_is_sealed_and_a_wrong_first_code_changes_nothing(desk: Desk) -> None:
    user = desk.user()
    with desk.write() as session:
        seed = parse_qs(urlsplit(second_factor.propose(session, user)).query)["secret"][0]
        assert second_factor.enrol(session, user, "000000" if pyotp.TOTP(seed).at(desk.now) != "000000" else "1") == []
    (row,) = desk.rows(user_account.select())
    assert row.totp_sealed is None and seed.encode() not in row.totp_new_sealed


def test_a_code_counts_once_and_no_older_one_after_it(desk: Desk) -> None:
    user = desk.user()
    maker, _ = enrolled(desk, user)
    assert not holds(desk, user, maker.at(desk.now)), "the code that enrolled it is used up"
    desk.later(seconds=60)
    code = maker.at(desk.now)
    older = maker.at(desk.now - timedelta(seconds=30))
    assert not holds(desk, user, "12345") and not holds(desk, user, "")
    assert holds(desk, user, f"{code[:3]} {code[3:]}")
    assert not holds(desk, user, code)
    assert not holds(desk, user, older)


@pytest.mark.parametrize(("by", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phone_may_be_a_step_off(desk: Desk, by: int, taken: bool) -> None:
    user = desk.user()
    maker, _ = enrolled(desk, user)
    desk.later(minutes=10)
    assert holds(desk, user, maker.at(desk.now + timedelta(seconds=30 * by))) is taken


def test_a_recovery_code_counts_once_and_is_kept_as_a_digest(desk: Desk) -> None:
    user, other = desk.user(), desk.user("bob@acme.example")
    _, codes = enrolled(desk, user)
    assert len(set(codes)) == second_factor.RECOVERY
    assert not {row.code_hash for row in desk.rows(recovery_code.select())} & set(codes)
    with desk.write() as session:
        assert not second_factor.recovers(session, other, codes[0])
        assert second_factor.recovers(session, user, codes[0].upper().replace("-", " "))
        assert not second_factor.recovers(session, user, codes[0])
        again = second_factor.new_recovery(session, user)
        assert not second_factor.recovers(session, user, codes[1])
        assert second_factor.recovers(session, user, again[0])


def test_what_is_forgotten_opens_nothing(desk: Desk) -> None:
    user = desk.user()
    maker, codes = enrolled(desk, user)
    desk.later(minutes=5)
    with desk.write() as session:
        second_factor.forget(session, user)
        assert not second_factor.recovers(session, user, codes[0])
        with pytest.raises(DataError, match="no second factor"):
            second_factor.forget(session, user)
    assert not holds(desk, user, maker.at(desk.now))
