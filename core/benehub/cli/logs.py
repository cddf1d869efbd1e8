"""Logging is configured here, once a process: structured lines on stderr, personal data masked in each."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

OURS = frozenset({"executor", "worker", "run"})
"""Fields that hold a name of a process or a run and nothing else: the digits in it may look like a number."""


def configure(level: str = "WARNING", form: str = "text", runs: bool = False) -> None:
    """Log what is at least as severe as `level`; an unknown name stands for WARNING.

    Args:
        form: text, or json with one object a line.
        runs: also how runs end; a command says that in words of its own, a worker has no others.
    """
    number = logging.getLevelNamesMapping().get(level.upper(), logging.WARNING)
    render: Any = structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"])
    if form == "json":
        render = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            *([] if runs else [told_otherwise]),
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            masked,  # the last but the renderer: it sees what all the others added
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def told_otherwise(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave out what the command line says in words of its own: a run that ended with an error."""
    if event.get("event") == "run ended":
        raise structlog.DropEvent
    return event


def masked(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A log line with everything that looks like an SSN or a bank number masked, in nested values too; the names that
    processes of ours and runs have stay."""
    return {name: value if name in OURS and isinstance(value, str) else _masked(value) for name, value in event.items()}


def _masked(value: Any) -> Any:
    # crypto is loaded with the first line that is logged, not with every help text
    from benehub.crypto import mask

    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {name: _masked(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(part) for part in value]
    return value if value is None or isinstance(value, int | bool) else mask(str(value))
