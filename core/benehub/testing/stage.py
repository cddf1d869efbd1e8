"""The stage a connector is proven on: a vendor of its own, settings that fit it, and something to write.

A connector folder brings its stage in `stage.py` (a function `stage(folder)`) where it has a stateful simulator,
else in `samples/exchanges.json`, recorded answers that the kit replays.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benehub.connect.connector import Connector, Link
from benehub.connect.files import Mailbox
from benehub.connect.http import RetryBudget
from benehub.connect.testing import WireRequest, WireResponse, transport
from benehub.connections.registry import check
from benehub.errors import ConfigError
from benehub.testing.line import Answer, Line

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
"""The kit's today, unless a stage says otherwise."""

EMPLOYER, CONNECTION = "acme", "vendor"


def _none() -> int:
    return 0


@dataclass
class Stage:
    """One vendor with state, made anew for each check.

    Args:
        settings: the connection's settings; a mailbox lies in the folder the stage was made in.
        secrets: what the references in the settings stand for, by the reference.
        answer: the vendor's side of HTTP; None for connectors that exchange files.
        items: operation -> contents to write, at least one each; the kit writes them in order.
        effects: how many changes the vendor's books have had so far. A repetition that it recognises is none.
        deliver: puts into the mailbox what the vendor sends; called once before a read.
        answers: the vendor says what he has to say later of the requests he took; for those whose receipts are not
            their last word.
        streams: what of the connector's streams the settings map; all unless said.
        mailbox: stands in for the connector's own mailbox, where that is a server.
        harmless: patterns of paths whose POST or PUT changes nothing (a token, a search).
        renews: whether a 401 in mid-read is cured by renewing a token.
        known: employee number -> SSN of people whom the hub knows before it reads; for vendors that name people by SSN.
        now: the hub's clock.
        wiring: further arguments of the connector's `client` (a token store, a wall clock).
        private: words beside the secrets that must never show (a bank number).
        webhooks: bodies of webhooks the vendor sends about its books as they are, each of another event, in order.
        item_refused: an answer to a write, as it is when the vendor has refused the item within a 2xx (207); for
            vendors that answer item by item.
        pushed: resources as a client writes them at our endpoint, whole, with an `id`; for connectors that take them.
        changes: the vendor's books change, at two places or more; for vendors who give each change once.
        touch: somebody else at the vendor's saves what is about to be written, so that its lock version moves on; for
            vendors that have such versions.
    """

    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    answer: Answer | None = None
    items: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict, repr=False)
    effects: Callable[[], int] = _none
    deliver: Callable[[], None] | None = None
    answers: Callable[[], None] | None = None
    streams: tuple[str, ...] = ()
    mailbox: Mailbox | None = None
    harmless: tuple[str, ...] = ()
    renews: bool = False
    known: Mapping[str, str] = field(default_factory=dict, repr=False)
    now: datetime = NOW
    wiring: Mapping[str, Any] = field(default_factory=dict)
    private: tuple[str, ...] = field(default=(), repr=False)
    webhooks: tuple[bytes, ...] = field(default=(), repr=False)
    item_refused: Callable[[WireRequest, WireResponse], WireResponse] | None = None
    touch: Callable[[], None] | None = None
    changes: Callable[[], None] | None = None
    pushed: Sequence[Mapping[str, Any]] = field(default=(), repr=False)


StageMaker = Callable[[Path], Stage]


class Played:
    """A connector on its stage, linked as the hub would link it, without a wait.

    `line` is the wire: it logs every call, plays scripted faults, and can be tampered with.
    """

    def __init__(self, connector: type[Connector], stage: Stage, *, dry_run: bool = False) -> None:
        self.connector, self.stage = connector(), stage
        self.line = Line(stage.answer, stage.harmless) if stage.answer is not None else None
        self.waits: list[float] = []
        settings = self.connector.resolved(check(CONNECTION, connector, stage.settings), stage.secrets)
        client = None
        if self.line is not None:
            client = self.connector.client(
                settings, stage.secrets, name=CONNECTION, transport=transport(self.line.handle),
                sleep=self.waits.append, dry_run=dry_run, budget=RetryBudget(4, 600.0), **stage.wiring,
            )  # fmt: skip
        mailbox = stage.mailbox or self.connector.mailbox(settings, stage.secrets)
        self.link = Link(EMPLOYER, CONNECTION, settings, lambda: stage.now, client, mailbox, secret=stage.secrets)

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams that can be read here."""
        return self.stage.streams or tuple(self.connector.streams)

    @property
    def wire(self) -> Line:
        """The line of an HTTP connector.

        Raises:
            ConfigError: its stage has no HTTP side.
        """
        if self.line is None:
            raise ConfigError(f"the stage of {self.connector.name} answers no call", mend="Give it `answer`")
        return self.line


def stage_maker(connector: type[Connector]) -> StageMaker:
    """The stage that lies in a connector's folder.

    Raises:
        ConfigError: there is neither `stage.py` nor `samples/exchanges.json`.
    """
    from benehub.testing.recorded import recorded

    package = connector.__module__
    home = Path(str(importlib.import_module(package).__file__)).parent
    if (home / "stage.py").is_file():
        maker: StageMaker = importlib.import_module(f"{package}.stage").stage
        return maker
    file = home / "samples" / "exchanges.json"
    if file.is_file():
        return lambda folder: recorded(file, folder)
    raise ConfigError(
        f"connector {connector.name!r} brings no stage",
        where=str(home.name),
        mend="Write stage.py with stage(folder), or record samples/exchanges.json; see docs/connectors.md",
    )
