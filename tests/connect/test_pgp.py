"""OpenPGP with the real gpg: encrypted and signed out, opened and proven in, and nothing left behind."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from benehub.connect.files import FolderMailbox
from benehub.connect.pgp import Keys, Pgp, PgpBox, PgpMailbox, is_encrypted
from benehub.errors import ConfigError, FileRefused

Pair = Any
"""A key: its public and its private half, armoured."""

TEXT = b"ISA*00*          *00*" + b"INS*Y*18*030~" * 400


@pytest.fixture(scope="session")
def us(make_pgp_key: Any) -> Pair:
    return make_pgp_key("us@acme.example", "open sesame")


@pytest.fixture(scope="session")
def them(make_pgp_key: Any) -> Pair:
    return make_pgp_key("them@carrier.example")


@pytest.fixture(scope="session")
def stranger(make_pgp_key: Any) -> Pair:
    return make_pgp_key("x@elsewhere.example")


def pgp(**manners: object) -> Pgp:
    return Pgp.model_validate({"partner_key": "env:THEIRS", "our_key": "env:OURS", **manners})


def ours(us: Pair, them: Pair, **manners: object) -> PgpBox:
    return PgpBox(pgp(**manners), Keys(them.public, us.private, "open sesame"))


def theirs(us: Pair, them: Pair, **manners: object) -> PgpBox:
    return PgpBox(pgp(**manners), Keys(us.public, them.private))


def test_what_we_seal_the_partner_opens_and_knows_it_is_from_us(us: Pair, them: Pair) -> None:
    sealed = ours(us, them).seal(TEXT)
    assert is_encrypted(sealed) and TEXT[:20] not in sealed and len(sealed) < len(TEXT) / 2  # packed
    assert theirs(us, them).open(sealed, "a.834.pgp") == TEXT


def test_the_manners_show_in_the_bytes(us: Pair, them: Pair) -> None:
    armoured = ours(us, them, armour=True).seal(TEXT)
    assert armoured.startswith(b"-----BEGIN PGP MESSAGE-----") and is_encrypted(armoured)
    assert len(ours(us, them, compress="none").seal(TEXT)) > len(TEXT)
    unsigned = ours(us, them, sign=False).seal(TEXT)
    with pytest.raises(FileRefused, match="it is not signed, and the profile demands the partner's signature"):
        theirs(us, them).open(unsigned, "a.834")
    assert theirs(us, them, inbound="encrypted").open(unsigned, "a.834") == TEXT


def test_what_a_stranger_signed_is_refused_by_whoever_demands_the_partner(us: Pair, them: Pair, stranger: Pair) -> None:
    sealed = PgpBox(pgp(), Keys(us.public, stranger.private)).seal(TEXT)
    with pytest.raises(FileRefused, match="signed by somebody else"):
        ours(us, them).open(sealed, "a.999")
    # Our own signature is at hand when a file is opened, and is no partner's.
    mirrored = PgpBox(pgp(), Keys(us.public, us.private, "open sesame")).seal(TEXT)
    with pytest.raises(FileRefused, match="signed by somebody else"):
        ours(us, them).open(mirrored, "a.999")


@pytest.mark.parametrize(
    ("change", "why"),
    [(lambda data: data[:-40], "cannot be opened"),
     (lambda data: data[:200] + b"!!!!" + data[204:], "cannot be opened"),
     (lambda _: b"ISA*00*", "not encrypted, and the profile demands it")],
)  # fmt: skip
def test_what_was_changed_or_never_encrypted_is_refused(us: Pair, them: Pair, change: object, why: str) -> None:
    sealed = theirs(us, them).seal(TEXT)
    assert callable(change)
    with pytest.raises(FileRefused, match=why):
        ours(us, them).open(change(sealed), "a.999")


def test_another_ones_mail_is_not_ours(us: Pair, them: Pair, stranger: Pair) -> None:
    sealed = PgpBox(pgp(), Keys(stranger.public, them.private)).seal(TEXT)
    with pytest.raises(FileRefused, match="cannot be opened"):
        ours(us, them).open(sealed, "a.999")


@pytest.mark.parametrize(
    ("keys", "why"),
    [(lambda us, them: Keys("no key", us.private), "no armoured public key"),
     (lambda us, them: Keys(them.public, them.public), "no armoured private key"),
     (lambda us, them: Keys(them.public, us.private, "wrong"), "cannot be encrypted"),
     (lambda us, them: Keys(them.public[:200], us.private), "0 keys instead of one")],
)  # fmt: skip
def test_a_key_that_cannot_be_used_is_named(us: Pair, them: Pair, keys: object, why: str) -> None:
    assert callable(keys)
    with pytest.raises(ConfigError, match=why) as told:
        PgpBox(pgp(), keys(us, them)).prove()
    assert told.value.where.startswith("pgp") and told.value.mend
    assert us.private[100:140] not in str(told.value)


def test_keys_come_by_reference_only(us: Pair, them: Pair) -> None:
    with pytest.raises(ConfigError, match="no reference to a secret"):
        Pgp(partner_key=them.public, our_key="env:OURS").keys({"env:OURS": us.private})
    assert us.private not in repr(Keys(them.public, us.private))


def test_a_mailbox_opens_what_it_reads_and_puts_what_it_is_given(us: Pair, them: Pair, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.999.pgp").write_bytes(theirs(us, them).seal(TEXT))
    box = PgpMailbox(FolderMailbox(tmp_path), ours(us, them))
    assert [file.name for file in box.list("in/*.pgp")] == ["in/a.999.pgp"]
    assert box.read("in/a.999.pgp") == TEXT
    box.put("out/b.834.pgp", b"sealed before")
    assert (tmp_path / "out" / "b.834.pgp").read_bytes() == b"sealed before"
    assert box.archive("in/a.999.pgp") == "archive/in/a.999.pgp"


def test_no_key_and_no_agent_is_left_behind(
    us: Pair, them: Pair, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    homes = tempfile.mkdtemp(prefix="bh")
    monkeypatch.setattr(tempfile, "tempdir", homes)
    ours(us, them).seal(TEXT)
    assert list(Path(homes).iterdir()) == []
    Path(homes).rmdir()


def test_without_gpg_a_person_is_told_what_to_install(us: Pair, them: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    box = ours(us, them)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigError, match="gpg is not installed"):
        box.seal(TEXT)
