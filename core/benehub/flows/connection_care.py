"""What a person does with a connection: tries it, stops it or lets it go on, says what a word of the vendor's means.

Nothing a trial reads is kept. Settings are changed only as a whole that the connector accepts; no secret is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from benehub import connections
from benehub.connections import Open
from benehub.crypto import mask
from benehub.errors import BenehubError, DataError, Unsupported
from benehub.flows.hub import Hub
from benehub.store import Session, note_act

MODES: Final = ("live", "watch", "paused")


@dataclass(frozen=True, slots=True)
class Tried:
    """One stream of a connection, read as far as its first page."""

    stream: str
    ok: bool
    what: str


def tried(hub: Hub, employer: str, name: str) -> list[Tried]:
    """Open a connection and read the first page of each of its streams; nothing is kept.

    Raises:
        ConfigError: no such connection, or settings or secrets that do not resolve.
    """
    with hub.open(employer, name) as link:
        return [Tried(stream, *_first_page(link, stream)) for stream in link.streams]


def _first_page(link: Open, stream: str) -> tuple[bool, str]:
    try:
        page = next(iter(link.connector.read(stream, link.link, None)), None)
    except Unsupported as error:
        return True, f"not available: {mask(error.what)}"
    except BenehubError as error:
        return False, mask(str(error))
    if page is None:
        return True, "nothing to read"
    wrong = [row.problem for row in page.rows if row.problem]
    said = f"; {len(wrong)} cannot be read, first: {mask(wrong[0])}" if wrong else ""
    return not wrong, f"{len(page.rows)} rows on the first page{said}"


def set_mode(hub: Hub, employer: str, name: str, mode: str) -> str:
    """Let a connection read and write (live), read only (watch), or rest (paused); gives the mode before.

    Raises:
        ConfigError: no such connection.
        DataError: no such mode.
    """
    if mode not in MODES:
        raise DataError(f"no mode {mode[:20]!r}", mend="Choose live, watch or paused")
    with hub.store.write(employer) as session:
        row = connections.get(session, name)
        connections.add(session, name, connections.known(hub.connectors, row.connector), row.settings, mode)
    return str(row.mode)


def map_word(hub: Hub, employer: str, name: str, place: str, theirs: str, ours: str, who: str) -> None:
    """Say what a word of the vendor's means to us, in one of the connection's maps; an empty `ours` takes it out.

    `place` is the map's name in the settings, with a dot where it stands inside another. It is written down who did so.

    Raises:
        ConfigError: no such connection, or its connector does not take the word.
        DataError: there is no such map, or no word is given.
    """
    if not theirs.strip() or len(theirs) > 120 or len(ours) > 120:
        raise DataError("no word of the vendor's is given", where=name, mend="Write it as the vendor does")
    with hub.store.write(employer) as session:
        row = connections.get(session, name)
        connector = connections.known(hub.connectors, row.connector)
        settings = _mapped(connector.Settings.model_fields, row.settings, place, theirs.strip(), ours.strip())
        connections.add(session, name, connector, settings, row.mode)
        _note(session, name, place, theirs.strip(), ours.strip(), who)


def _mapped(fields: Any, settings: Mapping[str, Any], place: str, theirs: str, ours: str) -> dict[str, Any]:
    changed: dict[str, Any] = dict(settings)
    held, steps = changed, place.split(".")
    for step in steps[:-1]:
        if not isinstance(held.get(step), Mapping):
            raise _no_map(place)
        held[step] = dict(held[step])
        held = held[step]
    known = held.get(steps[-1], {} if len(steps) == 1 and steps[0] in fields else None)
    if not isinstance(known, Mapping) or not all(isinstance(value, str) for value in known.values()):
        raise _no_map(place)
    words = {word: meaning for word, meaning in known.items() if word != theirs}
    held[steps[-1]] = words | ({theirs: ours} if ours else {})
    return changed


def _no_map(place: str) -> DataError:
    return DataError("no map of words of this name", where=place[:60], mend="Take the name from the page")


def _note(session: Session, name: str, place: str, theirs: str, ours: str, who: str) -> None:
    note_act(session, f"con_{name}"[:40], who, "map a word", f"{place}: {theirs} = {ours or 'nothing'}")
