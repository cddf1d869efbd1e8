"""Which of a connection's settings are maps of a vendor's words: what a person may say from day to day, and no more.

Settings hold other maps of texts as well (whom a payment goes to, where files lie); those are changed as a whole only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benehub.connect.connector import Connector


def word_maps(connector: type[Connector], settings: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """The maps of words that the connector's settings have, and those of the columns of tables: place, words."""
    for name, field in connector.Settings.model_fields.items():
        if field.annotation == dict[str, str]:
            yield name, dict(settings.get(name) or {})
    streams = settings.get("streams")
    for stream, how in streams.items() if isinstance(streams, Mapping) else ():
        for column, words in (how.get("values") or {}).items() if isinstance(how, Mapping) else ():
            yield f"streams.{stream}.values.{column}", dict(words)
