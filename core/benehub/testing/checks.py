"""What a connector promises, as named checks: each says what it proves and to whom it applies.

A check plays one or more fresh stages and raises `Broken` with what went wrong; anything else that it lets out
is a fault of the connector too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benehub.connect.connector import Connector
from benehub.testing.stage import Played, Stage, StageMaker


class Broken(AssertionError):
    """A promise that is not kept: what happened, and how the connector is mended."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}. {mend}")
        self.what, self.mend = what, mend


class NotHere(Exception):
    """The check has nothing to look at in this connector; the text says why."""


@dataclass
class Ground:
    """Where a check works: it makes as many fresh stages as it wants, each in a folder of its own."""

    connector: type[Connector]
    maker: StageMaker
    folder: Path
    _made: int = field(default=0, init=False)

    def stage(self) -> Stage:
        """A fresh vendor."""
        return self.maker(self.room())

    def room(self) -> Path:
        """A fresh folder."""
        self._made += 1
        room = self.folder / str(self._made)
        room.mkdir(parents=True)
        return room

    def play(self, *, dry_run: bool = False) -> Played:
        """The connector on a fresh vendor."""
        return Played(self.connector, self.stage(), dry_run=dry_run)


@dataclass(frozen=True)
class Check:
    """One promise: its name, what it proves in a sentence, and the function that tries it."""

    name: str
    proves: str
    run: Callable[[Ground], None]

    def about(self, connector: type[Connector]) -> bool:
        """Whether a connector does at all what this is about."""
        return _ABOUT[self.name.split(".")[0]](connector)


def _calls(connector: type[Connector]) -> bool:
    return connector.client is not Connector.client


_ABOUT: dict[str, Callable[[type[Connector]], bool]] = {
    "form": lambda connector: True,
    "read": lambda connector: bool(connector.streams),
    "once": lambda connector: bool(connector.gives_once),
    "http": lambda connector: bool(connector.streams) and _calls(connector),
    "hook": lambda connector: connector.webhook is not None,
    "push": lambda connector: bool(connector.pushes),
    "write": lambda connector: bool(set(connector.guards) - connector.files_out),
    "file": lambda connector: bool(connector.files_out),
    "ack": lambda connector: "acknowledgement" in connector.streams and "enrollment.change" in connector.guards,
    "box": lambda connector: bool(connector.streams) and not _calls(connector),
}
"""First part of a check's name -> whether it is about a connector."""

_CHECKS: dict[str, Check] = {}


def promise(name: str, proves: str) -> Callable[[Callable[[Ground], None]], Callable[[Ground], None]]:
    """Register a check."""

    def register(function: Callable[[Ground], None]) -> Callable[[Ground], None]:
        if name in _CHECKS:
            raise ValueError(f"two checks are named {name}")
        _CHECKS[name] = Check(name, proves, function)
        return function

    return register


def all_checks() -> Iterator[Check]:
    """Every check, by what it is about: form, reads, calls, webhooks, pushes, writes, files, answers, inboxes."""
    from benehub.testing import answering, calling, filing, form, mailing, pushed, pushing, reading, refusing

    modules = (form, reading, calling, pushed, pushing, refusing, filing, answering, mailing)
    assert all(modules)  # their import registers them
    order = list(_ABOUT)
    yield from sorted(_CHECKS.values(), key=lambda one: order.index(one.name.split(".")[0]))


def checks_for(connector: type[Connector]) -> list[Check]:
    """The checks that are about this connector."""
    return [one for one in all_checks() if one.about(connector)]
