"""Configured connections to vendors."""

from __future__ import annotations

from benehub.connections.registry import (
    Open,
    Wiring,
    add,
    check,
    check_given,
    connectors,
    cursor,
    get,
    known,
    listed,
    no_wiring,
    open_connection,
    put_mode,
    put_settings,
    streams_read,
)
from benehub.connections.word_maps import word_maps

__all__ = [
    "Open",
    "Wiring",
    "add",
    "check",
    "check_given",
    "connectors",
    "cursor",
    "get",
    "known",
    "listed",
    "no_wiring",
    "open_connection",
    "put_mode",
    "put_settings",
    "streams_read",
    "word_maps",
]
