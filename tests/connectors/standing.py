"""The referee at the door of every simulator: what any test has said to a vendor, and what that one answered.

He stands in one place, `Simulator.handle`, for the whole run, and judges by what the vendor of that simulator has
published. What he finds is told by the test that was running. Calls of one form are judged once: the same operation,
parts and kinds of values, and every word that the description lists as allowed just as it is.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatch
from functools import cache
from typing import Any

import pytest
from tests.connectors.published import BESIDE, PUBLISHED, UNTOLD, Description, Referee, document, referee, specs

from benehub.connect.testing import WireRequest, WireResponse
from benehub.sandbox.http import Simulator

HOME = "benehub_connectors."

Handle = Callable[[Simulator, WireRequest], WireResponse]
Words = frozenset[str]


def vendor_of(simulator: Simulator) -> str:
    """The connector in whose folder a simulator's class lies; empty for the wires and vendors that tests make up."""
    homes = (one.__module__ for one in type(simulator).__mro__)
    return next((one.split(".")[1] for one in homes if one.startswith(HOME)), "")


def descriptions(simulator: Simulator) -> tuple[Description, ...]:
    """What its vendor has published; none where nobody has."""
    name = vendor_of(simulator)
    beside = BESIDE if name == "finch" and getattr(simulator, "_jobs", False) else ()
    return (*beside, *PUBLISHED.get(name, ()))


def untold(name: str, wire: WireRequest) -> bool:
    """Whether it is listed, with the reason, that nobody judges such a call."""
    return any(wire.method == method and fnmatch(wire.path, path) for method, path in UNTOLD.get(name, ()))


@cache
def words_of(described: tuple[Description, ...]) -> Words:
    """Every word that a value must be one of somewhere in these descriptions, and every property's name."""
    found: set[str] = set()
    waiting: list[Any] = [document(one) for one in described]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            told = [one.get("const"), *(one["enum"] if isinstance(one.get("enum"), list) else ())]
            told += one["properties"] if isinstance(one.get("properties"), dict) else ()
            found |= {word for word in told if isinstance(word, str)}
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return frozenset(found)


_PARTS = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-f]{24}|\d|[^\W\d_]{4,}|[A-Z]|[^\W\d_]")


def kind_of(text: str, words: Words) -> str:
    """A text by what a format, a pattern or a list of words could see of it."""
    if text in words:
        return f"={text}"
    return ("long " if len(text) > 100 else "") + _PARTS.sub(_kind, text)[:100]


def _kind(part: re.Match[str]) -> str:
    text = part.group()
    if text.isdigit():
        return "9" if len(text) == 1 else "#"
    return "#" if len(text) >= 24 else "w" if len(text) >= 4 else "A" if text.isupper() else "a"


def _name(text: str, words: Words) -> str:
    """A property by its name; what may be somebody's id by its kind."""
    return kind_of(text, words) if re.search(r"\d", text) else text


def form_of(value: Any, words: Words) -> Hashable:
    """A value of JSON by its parts and their kinds; of a list, each form once."""
    if isinstance(value, dict):
        return frozenset((_name(name, words), form_of(one, words)) for name, one in value.items())
    if isinstance(value, list):
        return ("list", frozenset(form_of(one, words) for one in value))
    if isinstance(value, str):
        return kind_of(value, words)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (type(value).__name__, value < 0, value == 0)
    return (type(value).__name__, value)


def _body(body: bytes, words: Words) -> Hashable:
    try:
        return form_of(json.loads(body), words)
    except ValueError:
        return body


def _heads(headers: Mapping[str, str], words: Words) -> Hashable:
    return frozenset((name, kind_of(value, words)) for name, value in headers.items() if name != "content-length")


def form(wire: WireRequest, answer: WireResponse | None, words: Words) -> Hashable:
    """A call and its answer by their form."""
    path = tuple(_name(part, words) for part in wire.path.split("/"))
    asked = (
        wire.method, path, tuple((name, kind_of(value, words)) for name, value in wire.query),
        _heads(wire.headers, words), _body(wire.body, words),
    )  # fmt: skip
    if answer is None:
        return asked
    return (*asked, answer.status, _heads(answer.headers, words), _body(answer.body, words))


@cache
def _judge(described: tuple[Description, ...]) -> Referee | None:
    return referee(*described)


class Standing:
    """Judges calls as they come; `found` is what was wrong since it was last taken, `judged` counts by connector."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.judged: Counter[str] = Counter()
        self._known: set[Hashable] = set()
        self._turn = threading.Lock()

    def hold(self, simulator: Simulator, wire: WireRequest, answer: WireResponse | None, fault: bool) -> None:
        """Judge a call and its answer; without an answer (a time-out) the call alone."""
        described = descriptions(simulator)
        with self._turn:  # a simulator on a port answers in threads
            judge = _judge(described) if described else None
            if judge is None:
                return
            name = vendor_of(simulator)
            known = (name, fault, form(wire, answer, words_of(described)))
            if known in self._known:
                return
            if not judge.knows(wire):
                if not untold(name, wire):
                    self.found.append(f"{wire.method} {wire.path} of {name}: no description is about it")
                return
            try:
                judge.hold(wire, answer, fault)
            except Exception as error:
                self.found.append(f"{wire.method} {wire.path} of {name}: {error!r} {error.__cause__!r}"[:900])
            else:
                self._known.add(known)
                self.judged[name] += 1

    @staticmethod
    def present() -> bool:
        """Whether the descriptions are at hand; without them nobody is judged."""
        return all((specs() / one.file).is_file() for each in PUBLISHED.values() for one in each)

    def taken(self) -> list[str]:
        """What was found, once."""
        with self._turn:
            found, self.found = self.found, []
        return found

    @contextmanager
    def at_the_door(self) -> Iterator[None]:
        """Stand there for the length of the block."""
        real: Handle = Simulator.handle

        def handle(simulator: Simulator, wire: WireRequest) -> WireResponse:
            with simulator._lock:  # so that the last line of the log is this call's
                try:
                    answer = real(simulator, wire)
                except TimeoutError:
                    self.hold(simulator, wire, None, fault=True)
                    raise
                self.hold(simulator, wire, answer, fault=bool(simulator.log[-1].fault))
            return answer

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Simulator, "handle", handle)
            yield
