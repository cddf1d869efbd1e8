"""The connections as people look at them: how fresh, what they can, which words are mapped, which wait for a meaning.

Of a credential only the reference is shown: where the secret lies, never what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from benehub import connections
from benehub.connect.capabilities import Capability
from benehub.connect.connector import Connector
from benehub.connections import accounts, word_maps
from benehub.identity import strangers
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import confirmation, intake_batch, stream_state

REFERENCES = ("env:", "file:", "keyring:")
NO_PLAN = ("earning", "leave_taken", "leave_payout", "leave")
"""Parts of a register that belong to no plan."""

UNMAPPED = 50
"""Codes without a meaning that are shown of one connection."""


@dataclass(frozen=True, slots=True)
class Connected:
    """One connection of the list."""

    name: str
    connector: str
    mode: str
    unlinked: int
    waiting: int
    """Batches that are held or have rows in quarantine."""
    last_read: str
    """When something of it was read last; empty where nothing was read yet. Each stream has its own in the detail."""


@dataclass(frozen=True, slots=True)
class Map:
    """A map of words in a connection's settings: their word -> ours."""

    place: str
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A code that a vendor uses and no plan of the book has, with how often it came."""

    code: str
    part: str
    lines: int


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything about one connection."""

    name: str
    connector: str
    mode: str
    capabilities: tuple[Capability, ...]
    streams: tuple[tuple[str, str], ...]
    """(stream, when it was read last)."""
    references: tuple[tuple[str, str], ...]
    """(setting, where its secret lies)."""
    settings: tuple[tuple[str, str], ...]
    maps: tuple[Map, ...]
    unmapped: tuple[Unmapped, ...]
    unlinked: int
    roles: tuple[str, ...]


def listed(session: Session) -> list[Connected]:
    """Every connection."""
    unknown, waits, read = strangers.counted(session), _waiting(session), _read(session)
    return [
        Connected(
            row.connection_id, row.connector, row.mode, unknown.get(row.connection_id, 0),
            waits.get(row.connection_id, 0), max(read.get(row.connection_id, {}).values(), default=""),
        )
        for row in connections.listed(session)
    ]  # fmt: skip


def detail(session: Session, book: PlanBook, known: Mapping[str, type[Connector]], name: str) -> Detail:
    """One connection.

    Raises:
        ConfigError: there is none, or its connector is not installed.
    """
    row = connections.get(session, name)
    connector = connections.known(known, row.connector)
    flat = list(_flat(accounts.masked(connector, row.settings)))
    maps = words(session, known, name)
    roles = tuple(role for role, who in book.roles.model_dump().items() if who == name)
    return Detail(
        name, row.connector, row.mode, connector().capabilities(),
        tuple(sorted(_read(session).get(name, {}).items())),
        tuple((place, text) for place, text in flat if text.startswith(REFERENCES)),
        tuple((place, text) for place, text in flat if not text.startswith(REFERENCES) and not _within(place, maps)),
        maps,
        unmapped(session, name), strangers.counted(session).get(name, 0), roles,
    )  # fmt: skip


def _read(session: Session) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for row in session.rows(select(stream_state).where(*session.where(stream_state))):
        found.setdefault(row.connection_id, {})[row.stream] = row.read_at
    return found


def _waiting(session: Session) -> dict[str, int]:
    rows = session.rows(
        select(intake_batch.c.connection_id, func.count().label("n"))
        .where(*session.where(intake_batch), (intake_batch.c.state == "held") | (intake_batch.c.quarantined > 0))
        .group_by(intake_batch.c.connection_id)
    )
    return {row.connection_id: int(row.n) for row in rows}


def words(session: Session, known: Mapping[str, type[Connector]], name: str) -> tuple[Map, ...]:
    """The maps of words of one connection, by their place; one that the connector knows and nobody has filled, too.

    Raises:
        ConfigError: there is none, or its connector is not installed.
    """
    row = connections.get(session, name)
    found = dict(word_maps(connections.known(known, row.connector), row.settings))
    return tuple(Map(place, told) for place, told in sorted(found.items()))


def unmapped(session: Session, name: str) -> tuple[Unmapped, ...]:
    """The vendor's codes that no plan of the book has, those that came most often first: `UNMAPPED` at most."""
    rows = session.rows(
        select(confirmation.c.code, confirmation.c.part, func.count().label("n"))
        .where(
            *session.where(confirmation, connection_id=name, kind="register_line", current=1),
            confirmation.c.plan.is_(None),
            confirmation.c.part.not_in(NO_PLAN),
        )
        .group_by(confirmation.c.code, confirmation.c.part)
        .order_by(func.count().desc(), confirmation.c.code, confirmation.c.part)
        .limit(UNMAPPED)
    )
    return tuple(Unmapped(row.code, row.part, int(row.n)) for row in rows)


def _flat(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _flat(one, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list):
        yield place, ", ".join(map(str, value))[:200]
    elif value not in (None, ""):
        yield place, str(value)


def _within(place: str, maps: Iterable[Map]) -> bool:
    return any(place.startswith(f"{one.place}.") for one in maps)
