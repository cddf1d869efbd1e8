"""Passwords: kept as argon2id, renewed when the parameters change, refused when they are guessed first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benehub.access import passwords
from benehub.errors import DataError


def test_our_parameters_are_those_of_the_rfc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    made = passwords.hasher()
    assert (made.time_cost, made.memory_cost, made.parallelism, made.type.name) == (3, 65536, 4, "ID")


def test_a_hash_is_of_this_password_alone() -> None:
    kept = passwords.digest("correct horse battery")
    assert kept.startswith("$argon2id$") and passwords.digest("correct horse battery") != kept
    assert passwords.matches(kept, "correct horse battery")
    assert not passwords.matches(kept, "correct horse batterY")
    assert not passwords.matches("", "correct horse battery")
    assert not passwords.matches("no hash", "correct horse battery")


def test_the_same_text_from_another_keyboard_is_the_same() -> None:
    assert passwords.matches(passwords.digest("na\u00efve caf\u00e9 owner"), "nai\u0308ve cafe\u0301 owner")


def test_other_parameters_make_a_hash_outdated(cheap_passwords: Callable[..., None]) -> None:
    kept = passwords.digest("correct horse battery")
    assert not passwords.outdated(kept)
    cheap_passwords(time_cost=2)
    assert passwords.outdated(kept) and passwords.matches(kept, "correct horse battery")


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "x" * 257,
        "aaaaaaaaaaaaaaaa",
        "Password123!",
        "P@ssw0rd2026!!",
        "ann.lee.1234567",
        "annlee-annlee-1",
        "123456789012",
    ],
)  # fmt: skip
def test_what_is_tried_first_is_refused(password: str) -> None:
    with pytest.raises(DataError, match="password"):
        passwords.check(password, "annlee@acme.example", "Annlee Leeann")


@pytest.mark.parametrize("password", ["correct horse battery staple", "die Katze schläft im Heu", "kX9#mQ2$vL7!pz"])
def test_others_are_taken(password: str) -> None:
    passwords.check(password, "ann.lee@acme.example", "Ann Lee")
