"""Walks an ISO 20022 message as a stream: only what is asked for is kept, and only while it is handed out.

No DTD, no entity, nothing external (defusedxml); a limit on bytes and on depth. What is no such message is a
FormatError.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

from benehub.errors import DataError, FormatError
from benehub.money import parse_minor
from benehub.periods import parse_date

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_BYTES = 200_000_000
MAX_DEPTH = 40
"""The deepest element of a real message lies about 16 deep."""
OLDEST, NEWEST = 2, 13
"""Versions that are read; their elements differ in few places, and the readers know both forms."""

_NAMESPACE = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.[0-9]{3})\.001\.([0-9]{2})\}Document")


@dataclass(frozen=True, slots=True)
class Message:
    """What the root element says: `pain.002`, `camt.053`, and the version."""

    kind: str
    version: int


@dataclass(frozen=True, slots=True)
class Part:
    """An element that was asked for. `end` is false when a container begins; it is then still empty."""

    path: str
    element: Element
    end: bool = True


class _Limited(io.RawIOBase):
    """Refuses to read on behind the limit."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self._left = source, MAX_BYTES

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size if size >= 0 else self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise FormatError(f"larger than {MAX_BYTES} bytes", where="XML", mend="Ask the bank for smaller files")
        return data


def message(source: bytes) -> Message:
    """Which message it is.

    Raises:
        FormatError: no ISO 20022 message, or a version that is not read.
    """
    for _, element in _events(source):
        return _message(element)
    raise FormatError("no XML", where="XML", mend="Ask for the file anew")


def walk(source: bytes | BinaryIO, kind: str, keep: frozenset[str], containers: frozenset[str]) -> Iterator[Part]:
    """The elements at the paths in `keep` as they end, and beginning and end of those in `containers`.

    Paths are local names below Document, joined by `/`. What has been handed out is taken from the tree.

    Raises:
        FormatError: no XML, another message, a DTD or entity, too deep or too large.
    """
    path: list[str] = []
    parents: list[Element] = []
    inside = 0  # how many elements that are kept are open
    for event, element in _events(source):
        if event == "start":
            if not parents:
                found = _message(element)
                if found.kind != kind:
                    raise FormatError(f"a {found.kind} where a {kind} is read", where="Document", mend="Check the file")
            else:
                # by its local name from here on: looking for one is then a plain comparison
                element.tag = element.tag.rpartition("}")[2]
                path.append(element.tag)
            parents.append(element)
            here = "/".join(path)
            inside += here in keep
            if len(path) > MAX_DEPTH:
                raise FormatError(f"more than {MAX_DEPTH} elements deep", where="XML", mend="Ask for the file anew")
            if here in containers:
                yield Part(here, element, end=False)
            continue
        here = "/".join(path)
        parents.pop()
        if here in keep or here in containers:
            yield Part(here, element)
        if parents and (not inside or here in keep):
            parents[-1].remove(element)  # the first that is left of its siblings
        inside -= here in keep
        if path:
            path.pop()


def _events(source: bytes | BinaryIO) -> Iterator[tuple[str, Element]]:
    from defusedxml.ElementTree import ParseError, iterparse

    stream: Any = _Limited(io.BytesIO(source) if isinstance(source, bytes) else source)
    try:
        yield from iterparse(stream, events=("start", "end"), forbid_dtd=True)
    except DataError:
        raise
    except ParseError as error:
        line = getattr(error, "position", (0, 0))[0]
        raise FormatError(
            "no well-formed XML", where=f"line {line}", mend="Ask for the file anew", position=line
        ) from None
    except (ValueError, LookupError):
        # defusedxml's refusals are ValueErrors, an unknown encoding is one of either
        raise FormatError(
            "a DTD, an entity or an encoding that is not read", where="XML", mend="Ask for plain UTF-8 without a DTD"
        ) from None


def _message(root: Element) -> Message:
    found = _NAMESPACE.fullmatch(root.tag)
    if found is None:
        raise FormatError("no ISO 20022 message", where="Document", mend="Check that it is the right file")
    version = int(found[2])
    if not OLDEST <= version <= NEWEST:
        raise FormatError(
            f"version {version:02d} of {found[1]}; read are {OLDEST:02d} to {NEWEST}",
            where="Document",
            mend="Ask the bank for another version",
        )
    return Message(found[1], version)


@lru_cache(maxsize=256)
def _names(path: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(one.split("/")) for one in path.split("|"))


def find(element: Element, path: str) -> Element | None:
    """The first element at a path of local names; alternatives are parted by `|`."""
    for names in _names(path):
        found: Element | None = element
        for name in names:
            if found is not None:
                found = found.find(name)
        if found is not None:
            return found
    return None


def text(element: Element, path: str) -> str:
    """Its text without blanks around it; empty where there is none."""
    found = find(element, path)
    return "" if found is None or found.text is None else found.text.strip()


def every(element: Element, path: str) -> list[Element]:
    """All elements at a path."""
    return element.findall(path)


def minor(element: Element | None, where: str) -> tuple[int, str]:
    """An amount element as minor units and currency.

    Raises:
        DataError: none, no amount, negative, or an unknown currency.
    """
    if element is None or element.text is None:
        raise DataError("no amount", where=where, mend="Ask the bank for the file anew")
    currency = element.get("Ccy", "")
    amount = parse_minor(element.text, currency, where=where)
    if amount < 0:
        raise DataError("a negative amount", where=where, mend="Ask the bank for the file anew")
    return amount, currency


def day(element: Element, path: str, where: str) -> Any:
    """The date at a path, of `Dt` or of `DtTm`; None where there is none.

    Raises:
        DataError: it is no date.
    """
    found = text(element, f"{path}/Dt|{path}/DtTm")
    return parse_date(found[:10], where=where) if found else None
