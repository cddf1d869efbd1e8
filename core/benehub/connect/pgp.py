"""OpenPGP around files: encrypted to the partner and signed by us as his profile says, opened and proven coming in.

GnuPG does the work in a home of its own that is made for one use and removed after it: no key of this machine is
seen, and none is left behind. Keys come by reference, like every secret. Only this room runs GnuPG.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benehub.connect.content import Content
from benehub.connect.files import Mailbox, RemoteFile
from benehub.errors import ConfigError, FileRefused

BEGIN = b"-----BEGIN PGP MESSAGE-----"
SIGNED = ("GOODSIG", "ERRSIG", "BADSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG")
"""What GnuPG says where there is a signature, whosever and however good."""


class Inbound(StrEnum):
    """What files of the partner have to be: as they come, encrypted to us, or encrypted and signed by him."""

    CLEAR = "clear"
    ENCRYPTED = "encrypted"
    SIGNED = "signed"


class Compression(StrEnum):
    """How the text is packed inside the encryption."""

    NONE = "none"
    ZIP = "zip"
    ZLIB = "zlib"
    BZIP2 = "bzip2"


class Pgp(BaseModel):
    """Keys and manners of one partner; keys and passphrase are references, never the keys themselves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    partner_key: str = Field(min_length=1)
    """Reference to the partner's public key, armoured: we encrypt to it, and he signs with it."""
    our_key: str = ""
    """Reference to our private key, armoured: we sign with it, and he encrypts to it."""
    our_passphrase: str = ""
    """Reference to the passphrase of our key, where it has one."""
    sign: bool = True
    """Whether our files are signed."""
    compress: Compression = Compression.ZIP
    """How the text is packed before it is encrypted."""
    armour: bool = False
    """Whether the file is ASCII text instead of bytes."""
    suffix: str = Field(default=".pgp", pattern=r"^\.[a-z]{3,4}$")
    """What is put behind the name of an encrypted file."""
    inbound: Inbound = Inbound.SIGNED
    """What files coming in have to be."""

    @model_validator(mode="after")
    def _has_the_keys(self) -> Self:
        if not self.our_key and (self.sign or self.inbound is not Inbound.CLEAR):
            raise ValueError("signing and opening need our_key; else set sign: false and inbound: clear")
        return self

    def keys(self, secret: Mapping[str, str]) -> Keys:
        """The keys that the references stand for.

        Raises:
            ConfigError: one stands in the profile in plain text, or for nothing.
        """
        named = {"partner_key": self.partner_key, "our_key": self.our_key, "our_passphrase": self.our_passphrase}
        for name, reference in named.items():
            if reference and not secret.get(reference):
                raise ConfigError("no reference to a secret", where=f"pgp.{name}",
                                  mend="Write env:NAME, file:PATH or keyring:NAME")  # fmt: skip
        return Keys(*(secret.get(reference, "") if reference else "" for reference in named.values()))


@dataclass(frozen=True, slots=True)
class Keys:
    """The partner's public and our private key, armoured."""

    partner: str = field(repr=False)
    ours: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)


class PgpBox:
    """A partner's keys at work.

    Args:
        pgp: the manners agreed.
        keys: the keys themselves.
    """

    def __init__(self, pgp: Pgp, keys: Keys) -> None:
        self._pgp, self._keys = pgp, keys

    def seal(self, data: bytes) -> bytes:
        """The bytes as they leave: packed, signed and encrypted as agreed. Each call gives other bytes.

        Raises:
            ConfigError: GnuPG is missing, or a key cannot be used.
        """
        with self._home() as (gpg, partner, ours):
            done = gpg.encrypt(
                data, partner, sign=ours if self._pgp.sign else None, passphrase=self._keys.passphrase or None,
                armor=self._pgp.armour, always_trust=True,
                extra_args=["--compress-algo", "uncompressed" if self._pgp.compress is Compression.NONE
                            else self._pgp.compress.value],
            )  # fmt: skip
        if not done.ok:
            raise ConfigError(f"it cannot be encrypted ({done.status or 'GnuPG failed'})", where="pgp",
                              mend="Check the keys: benehub partner check")  # fmt: skip
        return bytes(done.data)

    def open(self, data: bytes, name: str) -> bytes:
        """The text of a file of the partner's, once it is what was agreed.

        Raises:
            FileRefused: not encrypted to us, changed on the way, unsigned, or signed by somebody else.
            ConfigError: GnuPG is missing, or a key cannot be used.
        """
        if self._pgp.inbound is Inbound.CLEAR:
            return data
        if not is_encrypted(data):
            raise FileRefused("not encrypted, and the profile demands it", where=f"file {name}",
                              mend="Have the partner encrypt it to our key")  # fmt: skip
        with self._home() as (gpg, partner, _):
            done = gpg.decrypt(data, passphrase=self._keys.passphrase or None, always_trust=True)
        if not done.ok:
            raise FileRefused(f"it cannot be opened ({done.status or 'no key fits'})", where=f"file {name}",
                              mend="Ask whether it was encrypted to our present key")  # fmt: skip
        if self._pgp.inbound is Inbound.SIGNED and not (done.valid and done.pubkey_fingerprint == partner):
            signed = any(word in done.stderr for word in SIGNED)
            told = "signed by somebody else, or wrongly" if signed else "not signed"
            raise FileRefused(f"it is {told}, and the profile demands the partner's signature", where=f"file {name}",
                              mend="Ask the partner; put a new key of his into the profile")  # fmt: skip
        return bytes(done.data)

    def prove(self) -> None:
        """Encrypt a word, to see that the keys work.

        Raises:
            ConfigError: as `seal`.
        """
        self.seal(b"benehub")

    @contextmanager
    def _home(self) -> Iterator[tuple[Any, str, str]]:
        """GnuPG on an empty home with both keys in it, and their fingerprints; gone with its agent afterwards."""
        if shutil.which("gpg") is None:
            raise ConfigError("gpg is not installed", where="pgp", mend="Install GnuPG 2")
        import gnupg

        with tempfile.TemporaryDirectory(prefix="bh-") as folder:
            Path(folder).chmod(0o700)
            gpg = gnupg.GPG(gnupghome=folder, options=["--no-auto-key-retrieve", "--pinentry-mode", "loopback"])
            try:
                partner = _import(gpg, self._keys.partner, "partner_key", secret=False)
                ours = _import(gpg, self._keys.ours, "our_key", secret=True, passphrase=self._keys.passphrase)
                yield gpg, partner, ours
            finally:
                if shutil.which("gpgconf"):
                    kill = ["gpgconf", "--homedir", folder, "--kill", "all"]
                    subprocess.run(kill, capture_output=True, timeout=10, check=False)  # noqa: S603  # a fixed program on a folder of ours


def _import(gpg: Any, text: str, name: str, *, secret: bool, passphrase: str = "") -> str:
    """The fingerprint of the one key in a text, now in the home; empty for no text.

    Raises:
        ConfigError: there is no key in it, several, or one of the wrong kind.
    """
    if not text:
        return ""
    kind = "private" if secret else "public"
    if f"BEGIN PGP {kind.upper()} KEY" not in text:
        raise ConfigError(f"no armoured {kind} key", where=f"pgp.{name}",
                          mend=f"Export the {kind} key with gpg --armor")  # fmt: skip
    done = gpg.import_keys(text, passphrase=passphrase or None)
    found = sorted({one for one in done.fingerprints if one})
    if len(found) != 1:
        raise ConfigError(f"{len(found)} keys instead of one", where=f"pgp.{name}", mend="Export exactly one key")
    return str(found[0])


def is_encrypted(data: bytes) -> bool:
    """Whether bytes begin as an OpenPGP message does: armoured, or with a packet of an encrypted session key."""
    if data.lstrip()[: len(BEGIN)] == BEGIN:
        return True
    first = data[0] if data else 0
    tag = first & 0x3F if first & 0x40 else (first & 0x3C) >> 2
    return bool(first & 0x80) and tag in (1, 3, 9, 18)


class PgpMailbox:
    """A mailbox whose files are opened as they are read; what is put there has been sealed before, with its bytes."""

    def __init__(self, inner: Mailbox, box: PgpBox) -> None:
        self._inner, self._box = inner, box

    def list(self, pattern: str) -> list[RemoteFile]:
        """As the mailbox behind it; sizes are those of the encrypted files."""
        return self._inner.list(pattern)

    def read(self, name: str) -> bytes:
        """A file's text.

        Raises:
            FileRefused: it is not what was agreed; see `PgpBox.open`.
        """
        return self._box.open(self._inner.read(name), name)

    def put(self, name: str, data: Content) -> str | None:
        """As the mailbox behind it."""
        return self._inner.put(name, data)

    def archive(self, name: str) -> str:
        """As the mailbox behind it."""
        return self._inner.archive(name)

    def close(self) -> None:
        """Close the mailbox behind it, where it has a connection."""
        close = getattr(self._inner, "close", None)
        if close is not None:
            close()
