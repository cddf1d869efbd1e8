"""Listens to everything a connector says: logs of any library, errors, addresses; and names what must not show."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from benehub.testing.checks import Broken
from benehub.testing.stage import Played

_SSN = re.compile(r"(?<!\d)\d{3}-?\d{2}-?\d{4}(?!\d)")


@dataclass
class Heard:
    """Words that came out while somebody listened."""

    words: list[str] = field(default_factory=list)

    def error(self, error: BaseException) -> None:
        """What an exception says, with all that led to it."""
        seen: set[int] = set()
        at: BaseException | None = error
        while at is not None and id(at) not in seen:
            seen.add(id(at))
            self.words += [f"{type(at).__name__}: {at}", repr(at), *getattr(at, "__notes__", ())]
            at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)


class _Ear(logging.Handler):
    def __init__(self, heard: Heard) -> None:
        super().__init__(logging.DEBUG)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.words.append(f"{record.name}: {record.getMessage()}")


@contextmanager
def listening() -> Iterator[Heard]:
    """Everything logged inside, from the level debug on."""
    heard, root = Heard(), logging.getLogger()
    ear, before = _Ear(heard), root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        with structlog.testing.capture_logs() as events:
            yield heard
        heard.words += [repr(event) for event in events]
    finally:
        root.setLevel(before)
        root.removeHandler(ear)


def secret_words(played: Played, rows: Iterable[object] = ()) -> set[str]:
    """What must never show: the stage's secrets, its private words, and SSNs of the rows."""
    found = {*played.stage.secrets.values(), *played.stage.private}
    for row in rows:
        found |= set(_SSN.findall(repr(row)))
    return {word for word in found if len(word) >= 4}


def silent_about(words: set[str], said: Iterable[str], where: str) -> None:
    """Raises `Broken` where something said holds one of the words."""
    bare = {re.sub(r"\D", "", word) if _SSN.fullmatch(word) else word for word in words}
    for line in said:
        if any(word in line for word in words | bare):
            raise Broken(f"a secret or an SSN shows in {where}", "Name the field or the key, never its value")


def addresses(played: Played) -> list[str]:
    """Paths and queries of all calls."""
    log = played.line.log if played.line is not None else []
    return [f"{call.path}?{'&'.join(call.query.values())}" for call in log]
