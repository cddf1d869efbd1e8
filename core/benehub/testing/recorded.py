"""A stage out of recorded answers: the shortest way to a connector that can be proven without its vendor.

`samples/exchanges.json` holds

    {"settings": {...}, "secrets": {"env:KEY": "..."}, "now": "2026-11-02T12:00:00+00:00",
     "exchanges": [{"call": "GET /v1/people?page=1", "status": 200, "headers": {}, "json": ...}, ...],
     "items": {"deduction.set": [{...}, ...]}, "folders": ["out"], "files": {"in/credits.csv": "..."}}

A recorded call gets its answer; `"search": true` marks a POST that only asks. A write gets the first answer recorded
for its method and path, `*` standing for any part between slashes. What was written to a path is read back from
it. A repeated idempotency key, or a body that is there already, has no second effect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from benehub.connect import jsontext
from benehub.connect.testing import WireRequest, WireResponse
from benehub.errors import ConfigError
from benehub.testing.stage import NOW, Stage


class RecordedVendor:
    """Answers from a recording; keeps what is written."""

    def __init__(self, exchanges: list[Mapping[str, Any]]) -> None:
        self._recorded = [_Recorded(*_call(one["call"]), one) for one in exchanges]
        self._held: dict[str, bytes] = {}
        self._keys: dict[str, WireResponse] = {}
        self.effects = 0

    def answer(self, wire: WireRequest) -> WireResponse:
        """The recorded answer, or what has been written since; 404 for what was never recorded."""
        if wire.method in ("GET", "HEAD"):
            held = self._held.get(wire.path)
            return WireResponse(200, _JSON, held) if held is not None else self._found(wire)
        found = self._found(wire)
        if found.status >= 300 or any(one.meets(wire) and one.told.get("search") for one in self._recorded):
            return found
        key = wire.headers.get("idempotency-key", "")
        if key and key in self._keys:
            return self._keys[key]
        if wire.method == "POST" or self._held.get(wire.path) != wire.body:
            self.effects += 1
        self._held[wire.path] = wire.body
        if key:
            self._keys[key] = found
        return found

    def _found(self, wire: WireRequest) -> WireResponse:
        query = sorted(wire.query)
        for asked in self._recorded:
            if asked.meets(wire) and (asked.query == query or wire.method != "GET"):
                one = asked.told
                body = jsontext.dump(one["json"]) if "json" in one else one.get("text", "")
                headers = (_JSON if "json" in one else {}) | dict(one.get("headers", {}))
                return WireResponse(int(one.get("status", 200)), headers, body.encode())
        return WireResponse(404, _JSON, b'{"message":"not recorded"}')


_JSON = {"content-type": "application/json"}


class _Recorded(NamedTuple):
    method: str
    path: re.Pattern[str]
    query: list[tuple[str, str]]
    told: Mapping[str, Any]

    def meets(self, wire: WireRequest) -> bool:
        return self.method == wire.method and self.path.fullmatch(wire.path) is not None


def _call(text: str) -> tuple[str, re.Pattern[str], list[tuple[str, str]]]:
    method, _, target = text.partition(" ")
    path, _, query = target.partition("?")
    pattern = re.compile("[^/]+".join(re.escape(part) for part in path.split("*")))
    return method, pattern, sorted(parse_qsl(query, keep_blank_values=True))


def recorded(file: Path, folder: Path) -> Stage:
    """The stage of a recording; `{folder}` in its settings is the folder of the check.

    Raises:
        ConfigError: the file is no recording; the message says where.
    """
    try:
        told = jsontext.parse(file.read_text(encoding="utf-8"))
        vendor = RecordedVendor(told["exchanges"])
        for name in told.get("folders", ()):
            (folder / name).mkdir(parents=True, exist_ok=True)
        inbox: dict[str, str] = told.get("files", {})
        return Stage(
            _placed(told["settings"], folder),
            dict(told.get("secrets", {})),
            vendor.answer if told["exchanges"] else None,
            told.get("items", {}),
            lambda: vendor.effects,
            (lambda: _deliver(inbox, folder)) if inbox else None,
            renews=bool(told.get("renews")),
            now=datetime.fromisoformat(told["now"]) if "now" in told else NOW,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"not a recording ({type(error).__name__}: {error})"[:200], where=f"samples/{file.name}",
            mend="See docs/connectors.md, The contract kit",
        ) from None  # fmt: skip


def _placed(settings: Any, folder: Path) -> Any:
    if isinstance(settings, dict):
        return {name: _placed(one, folder) for name, one in settings.items()}
    return settings.replace("{folder}", str(folder)) if isinstance(settings, str) else settings


def _deliver(inbox: Mapping[str, str], folder: Path) -> None:
    for name, text in inbox.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
