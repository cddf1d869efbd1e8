"""Configured connections to vendors."""

from __future__ import annotations

from benehub.connections.registry import (
    Configured,
    Open,
    Wiring,
    add,
    check,
    check_given,
    connectors,
    cursor,
    find,
    get,
    known,
    listed,
    no_wiring,
    open_connection,
    put_mode,
    put_settings,
    seal_accounts,
    streams_read,
)
from benehub.connections.word_maps import word_maps

__all__ = [
    "Configured",
    "Open",
    "Wiring",
    "add",
    "check",
    "check_given",
    "connectors",
    "cursor",
    "find",
    "get",
    "known",
    "listed",
    "no_wiring",
    "open_connection",
    "put_mode",
    "put_settings",
    "seal_accounts",
    "streams_read",
    "word_maps",
]
