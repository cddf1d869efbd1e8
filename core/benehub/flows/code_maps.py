"""What a person says that a word of a vendor's means: kept in the connection's own maps, and written down who said so.

Settings are changed only as a whole that the connector accepts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benehub import connections
from benehub.connect.connector import Connector
from benehub.connections import word_maps
from benehub.errors import DataError
from benehub.flows.connecting import edited, must_name_listed
from benehub.flows.hub import Hub
from benehub.store import Session, note_act
from benehub.store.version import must_be


def map_word(
    hub: Hub, employer: str, name: str, place: str, theirs: str, ours: str, who: str, expected: str = ""
) -> None:
    """Say what a word of the vendor's means to us, in one of the connection's maps; an empty `ours` takes it out.

    `place` is the map's name in the settings, with a dot where it stands inside another. It is written down who did so.

    Raises:
        ConfigError: no such connection, or its connector does not take the word.
        DataError: there is no such map, no word is given, or it names a reference or address that is not listed.
        ChangedMeanwhile: the connection's version is not the one `expected`, where one is named.
    """
    if not theirs.strip() or len(theirs) > 120 or len(ours) > 120:
        raise DataError("no word of the vendor's is given", where=name, mend="Write it as the vendor does")
    with hub.store.write(employer) as session:
        session.take_seq(0)  # of two changes at once the second reads what the first has made
        row = connections.get(session, name)
        must_be(expected, edited(row), f"connection {name}")
        connector = connections.known(hub.connectors, row.connector)
        settings = _mapped(connector, row.settings, place, theirs.strip(), ours.strip())
        must_name_listed(hub, employer, connector, settings, row.settings)
        connections.put_settings(session, name, connector, settings)
        _note(session, name, place, theirs.strip(), ours.strip(), who)


def _mapped(
    connector: type[Connector], settings: Mapping[str, Any], place: str, theirs: str, ours: str
) -> dict[str, Any]:
    known = dict(word_maps(connector, settings)).get(place)
    if known is None:
        raise _no_map(place)
    changed: dict[str, Any] = dict(settings)
    held, steps = changed, place.split(".")
    for step in steps[:-1]:
        held[step] = dict(held[step])
        held = held[step]
    words = {word: meaning for word, meaning in known.items() if word != theirs}
    held[steps[-1]] = words | ({theirs: ours} if ours else {})
    return changed


def _no_map(place: str) -> DataError:
    return DataError("no map of words of this name", where=place[:60], mend="Take the name from the page")


def _note(session: Session, name: str, place: str, theirs: str, ours: str, who: str) -> None:
    note_act(session, f"con_{name}"[:40], who, "map a word", f"{place}: {theirs} = {ours or 'nothing'}")
