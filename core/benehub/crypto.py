"""Sensitive values at rest: AES-256-GCM, a blind index to find them, keyed content hashes, masking.

Three keys are derived from the installation's master key for three purposes, so that an index or a
hash never helps against the ciphertext. Keys are named; an old key still opens what it sealed.
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b, sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from benehub.errors import ConfigError
from benehub.ids import ID_PATTERN

_SSN = re.compile(r"(?<!\d)\d{3}[- ]?\d{2}[- ]?\d{4}(?!\d)")
_WRITTEN_SSN = re.compile(r"(?<![A-Za-z0-9])\d{3}([- ])\d{2}\1\d{4}(?![A-Za-z0-9])")
_LONG_NUMBER = re.compile(r"(?<!\d)\d{9,18}(?!\d)")
_ID = re.compile(rf"\b({ID_PATTERN})\b")
"""An id of ours: its digits may look like a number."""


@lru_cache(maxsize=64)
def _derive(master: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"benehub/{purpose}".encode()).derive(master)


@lru_cache(maxsize=64)
def _cipher(master: bytes) -> AESGCM:
    return AESGCM(_derive(master, "seal"))


@dataclass(frozen=True)
class Vault:
    """Seals and opens sensitive values with named 32-byte master keys.

    Args:
        keys: master keys by name; the ciphertext says which one sealed it.
        current: the name of the key that seals from now on.
    """

    keys: dict[str, bytes] = field(repr=False)
    current: str = "k1"

    def __post_init__(self) -> None:
        if self.current not in self.keys or any(len(k) < 32 for k in self.keys.values()):
            raise ConfigError(
                "no usable master key", where="setting secret_key", mend="Name an env:, file: or keyring key"
            )

    def seal(self, plain: bytes, context: str) -> bytes:
        """Encrypt; `context` (e.g. the employer and column) must be given again to open it."""
        return self.sealing(context)(plain)

    def sealing(self, context: str) -> Callable[[bytes], bytes]:
        """What seals values for `context` as `seal` does, many of them one after the other."""
        encrypt, named = _cipher(self.keys[self.current]).encrypt, context.encode()
        name = self.current.encode()
        before = bytes([len(name)]) + name

        def seal(plain: bytes) -> bytes:
            nonce = os.urandom(12)
            return before + nonce + encrypt(nonce, plain, named)

        return seal

    def open(self, sealed: bytes, context: str) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            ConfigError: the key is not here, or the bytes or context are not those sealed.
        """
        size = sealed[0] if sealed else 0
        name = sealed[1 : 1 + size].decode(errors="replace")
        nonce, box = sealed[1 + size : 13 + size], sealed[13 + size :]
        if name not in self.keys:
            raise ConfigError(f"sealed with key {name!r}, which is not loaded", mend="Load the old key too")
        try:
            return _cipher(self.keys[name]).decrypt(nonce, box, context.encode())
        except (InvalidTag, ValueError):
            raise ConfigError("sealed value does not open", where=context, mend="Restore the key") from None

    def blind_index(self, value: str, purpose: str) -> str:
        """A keyed digest that finds equal values (e.g. an SSN) without showing them."""
        return self._keyed(value.encode(), f"index/{purpose}")

    def blind_indexes(self, values: Iterable[str], purpose: str) -> list[str]:
        """The `blind_index` of each of these values."""
        # HMAC as RFC 2104 defines it, its two hashes begun once: a third of what a new one for each costs.
        key = self._key_of(f"index/{purpose}").ljust(sha256().block_size, b"\0")
        inner, outer = (sha256(bytes(byte ^ pad for byte in key)) for pad in (0x36, 0x5C))
        found = []
        for value in values:
            inside, digest = inner.copy(), outer.copy()
            inside.update(value.encode())
            digest.update(inside.digest())
            found.append(digest.hexdigest())
        return found

    def content_hash(self, content: bytes) -> str:
        """A keyed digest of content that may hold personal data."""
        return self._keyed(content, "content")

    def content_digest(self) -> hmac.HMAC:
        """As `content_hash`, of content that comes in pieces: `update` it with each, then ask for `hexdigest`."""
        return hmac.new(self._key_of("content"), digestmod="sha256")

    def hashing(self) -> blake2b:
        """A keyed digest ready to take content: a copy of it for each costs half of `content_hash`."""
        return blake2b(key=self._key_of("rows"), digest_size=32)

    def fingerprint(self, name: str) -> str:
        """A digest by which a key is known again and from which nothing of it can be learnt."""
        return _derive(self.keys[name], "fingerprint").hex()

    def _keyed(self, value: bytes, purpose: str) -> str:
        return hmac.digest(self._key_of(purpose), value, "sha256").hex()

    def _key_of(self, purpose: str) -> bytes:
        # Always the first key by name: an index must stay comparable over key rotation.
        return _derive(self.keys[min(self.keys)], purpose)


def mask(text: str) -> str:
    """`text` with everything that looks like an SSN or a bank number masked, for logs and messages; ids stay."""
    parts = _ID.split(text)
    parts[::2] = [_LONG_NUMBER.sub("*********", _SSN.sub("***-**-****", part)) for part in parts[::2]]
    return "".join(parts)


def as_ssn(text: str) -> str:
    """The nine digits of a text that is shaped like an SSN and nothing else; empty for any other."""
    return re.sub(r"\D", "", text) if _SSN.fullmatch(text.strip()) else ""


def tells_ssn(text: str) -> bool:
    """Whether something in it is written as an SSN is. Nine digits without a sign between may be an employee number."""
    return _WRITTEN_SSN.search(text) is not None


def mask_ssn(ssn: str) -> str:
    """An SSN as `***-**-1234`."""
    digits = re.sub(r"\D", "", ssn)
    return f"***-**-{digits[-4:]}" if len(digits) == 9 else "***-**-****"
