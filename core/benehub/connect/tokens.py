"""Where the tokens of a connection are kept between its openings: beside the refresh token, in the file that a
`file:` reference names.

Vendors rotate refresh tokens: each is good for one use. So whoever renews has the file's turn, before all processes
of the machine, and reads the file again before he asks; and the access token that came with the refresh token is kept
until its end, so that not each opening spends one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from benehub.connect import jsontext
from benehub.connect.auth import Token
from benehub.errors import ConfigError, RetriableError
from benehub.filelocks import locked

TURN_SECONDS = 60.0
"""Waited at most for whoever renews right now: longer than one call to a vendor that answers at all."""

TURN_PAUSE = 0.05
"""Seconds between two looks whether he has done."""


class TokenFile:
    """A refresh token in a file of its own, the access token beside it in NAME.access; for their owner alone."""

    def __init__(
        self, path: Path, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._path, self._clock, self._sleep = path, clock, sleep
        self._beside = path.with_name(f"{path.name}.access")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Be the only one, of all threads and processes, who renews this token.

        Raises:
            ConfigError: nothing can be written in its folder, so a new token would be lost.
            RetriableError: another one has been at it for longer than `TURN_SECONDS`.
        """
        try:
            lock = self._path.with_name(f"{self._path.name}.lock")
            file = os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        except OSError as error:
            raise self._unusable(error) from None
        with file:
            until = self._clock() + TURN_SECONDS
            while not self._taken(file.fileno()):
                if self._clock() > until:
                    raise RetriableError(
                        "another process is renewing the token", where=str(self._path), mend="Try again when it is done"
                    )
                self._sleep(TURN_PAUSE)
            yield

    def _taken(self, descriptor: int) -> bool:
        try:
            return locked(descriptor)
        except OSError as error:  # a disk that knows no locks
            raise self._unusable(error) from None

    def held(self) -> Token:
        """The refresh token as it is now, with the access token that came with it.

        Raises:
            ConfigError: the file cannot be read.
        """
        try:
            refresh = self._path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise self._unusable(error) from None
        try:
            told = jsontext.parse(self._beside.read_bytes())
            # A person has put another refresh token there: what came with the former one is nothing to him.
            if told["with"] == _digest(refresh):
                until = told["until"]
                return Token(str(told["access"]), refresh, None if until is None else datetime.fromisoformat(until))
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return Token("", refresh)

    def keep(self, token: Token) -> None:
        """Write both over the former ones, each whole or not at all, the refresh token first.

        Raises:
            ConfigError: they cannot be written.
        """
        until = None if token.fresh_until is None else token.fresh_until.isoformat()
        told = {"with": _digest(token.refresh), "access": token.access, "until": until}
        try:
            _replace(self._path, token.refresh)
            _replace(self._beside, jsontext.dump(told))
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: Exception) -> ConfigError:
        return ConfigError(
            f"a refresh token cannot be kept ({type(error).__name__})", where=str(self._path),
            mend="Let benehub read and write the file and its folder: each renewal puts a new token there",
        )  # fmt: skip


def kept_in(reference: str) -> TokenFile | None:
    """Where the token of a `file:` reference is kept; None for another one, which nothing can be written to."""
    return TokenFile(Path(reference.removeprefix("file:"))) if reference.startswith("file:") else None


def _replace(path: Path, content: str) -> None:
    handle, part = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(part).replace(path)
        _kept_by_disk(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            Path(part).unlink()
        raise


def _kept_by_disk(folder: Path) -> None:
    """Have the folder's new entry outlast a power cut, where system and disk take that (Windows does not)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _digest(refresh: str) -> str:
    return hashlib.sha256(refresh.encode()).hexdigest()
