"""Sealed values, blind indexes, masks."""

from __future__ import annotations

import pytest

from benehub.crypto import Vault, mask, mask_ssn
from benehub.errors import ConfigError
from benehub.ids import PREFIXES, derive, numbered

SSN = "900-11-0001"
OLD, NEW = b"o" * 32, b"n" * 32


@pytest.fixture
def vault() -> Vault:
    """A vault with one key."""
    return Vault({"k1": OLD})


def test_what_is_sealed_opens_again(vault: Vault) -> None:
    sealed = vault.seal(SSN.encode(), "acme/ssn")
    assert SSN.encode() not in sealed
    assert vault.open(sealed, "acme/ssn") == SSN.encode()
    assert vault.seal(SSN.encode(), "acme/ssn") != sealed  # equal values do not look equal
    assert vault.open(vault.seal(b"", "c"), "c") == b""


def test_it_opens_in_its_own_place_only(vault: Vault) -> None:
    with pytest.raises(ConfigError, match="does not open"):
        vault.open(vault.seal(b"x", "acme/ssn"), "other/ssn")


def test_a_changed_byte_is_noticed(vault: Vault) -> None:
    sealed = vault.seal(b"x", "c")
    for place in range(len(sealed)):
        changed = bytes([*sealed[:place], sealed[place] ^ 1, *sealed[place + 1 :]])
        with pytest.raises(ConfigError):
            vault.open(changed, "c")


@pytest.mark.parametrize("length", range(20))
def test_a_cut_value_is_noticed(vault: Vault, length: int) -> None:
    with pytest.raises(ConfigError):
        vault.open(vault.seal(b"x", "c")[:length], "c")


def test_rotation(vault: Vault) -> None:
    sealed = vault.seal(b"x", "c")
    both = Vault({"k1": OLD, "k2": NEW}, current="k2")
    assert both.open(sealed, "c") == b"x"
    assert both.blind_index(SSN, "ssn") == vault.blind_index(SSN, "ssn")
    assert both.content_hash(b"x") == vault.content_hash(b"x")
    fresh = both.seal(b"x", "c")
    with pytest.raises(ConfigError, match="'k2', which is not loaded"):
        vault.open(fresh, "c")


def test_index_and_hash_are_keyed_and_apart(vault: Vault) -> None:
    found = {
        vault.blind_index(SSN, "ssn"),
        vault.blind_index(SSN, "bank"),
        vault.content_hash(SSN.encode()),
        Vault({"k1": NEW}).blind_index(SSN, "ssn"),
        vault.blind_index("900-11-0002", "ssn"),
    }
    assert len(found) == 5


@pytest.mark.parametrize(("keys", "current"), [({}, "k1"), ({"k1": OLD}, "k2"), ({"k1": b"short"}, "k1")])
def test_no_usable_key_is_said(keys: dict[str, bytes], current: str) -> None:
    with pytest.raises(ConfigError, match="no usable master key"):
        Vault(keys, current)


def test_no_key_stands_in_a_repr(vault: Vault) -> None:
    assert "oooo" not in repr(vault)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("SSN 900-11-0001 is", "SSN ***-**-**** is"),
        ("SSN 900110001.", "SSN ***-**-****."),
        ("ssn900110001x", "ssn***-**-****x"),
        ("emp_900110001.csv", "emp_***-**-****.csv"),
        ("account 1234567890123", "account *********"),
        ("acct1234567890", "acct*********"),
        ("2026-11-23 row 12345678", "2026-11-23 row 12345678"),
        ("a plain text", "a plain text"),
        ("fct_00000000000312345678", "fct_00000000000312345678"),
        ("fct_900110001", "fct_***-**-****"),
        ("iba_4111111111111111aaaa", "iba_*********aaaa"),
        ("per_4111111111111111aaaaz", "per_*********aaaaz"),
        ("per_4111111111111111zzzz", "per_*********zzzz"),
        ("per_4111111111111111aaaaaaaa", "per_*********aaaaaaaa"),
        ("xper_4111111111111111aaaa", "xper_*********aaaa"),
    ],
)
def test_mask(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize("prefix", sorted(PREFIXES))
def test_no_id_of_ours_is_masked(prefix: str) -> None:
    many = [numbered(prefix, 900_110_001_000 + number, "acme") for number in range(300)]
    many += [derive(prefix, "acme", str(number)) for number in range(300)]
    told = f"of {many[0]}: {', '.join(many)}."
    assert mask(told) == told
    assert mask(f"{told} 900-11-0001") == f"{told} ***-**-****"


def test_mask_ssn() -> None:
    assert mask_ssn("900-11-1234") == mask_ssn("900111234") == "***-**-1234"
    assert mask_ssn("12-1234") == mask_ssn("") == "***-**-****"


def test_many_values_at_once_are_sealed_and_indexed_as_one_is(vault: Vault) -> None:
    values = [SSN, "", "900-11-0002"]
    assert vault.blind_indexes(values, "ssn") == [vault.blind_index(value, "ssn") for value in values]
    seal = vault.sealing("acme/ssn")
    sealed = [seal(value.encode()) for value in values]
    assert [vault.open(one, "acme/ssn").decode() for one in sealed] == values
    assert len({one[3:15] for one in [*sealed, seal(b"")]}) == 4  # never the same nonce
