r"""Segments as neutral lines, before a partner's delimiters and character policy are known.

A record of which there are millions writes each of its segments as one line of text, and says how many marks it
put between the parts of its lines: `\t` between elements, `\v` between components, `\f` between repetitions. No
partner lets a control character through as data, so the writer can look at many members at once: whoever's name
holds a mark or a delimiter, it finds one more than were put.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from benehub.formats.x12.kernel import Element, Elements

Lines = list[str]
"""Segments without terminators, in order."""

MARKS = "\t\n\v\f"
"""What parts elements, lines, components and repetitions."""

Record = TypeVar("Record")
P = ParamSpec("P")

_BARE = str.maketrans(MARKS, "\r" * len(MARKS))


def put(lines: Lines, segments: Iterable[Elements]) -> int:
    """Append segments; gives how many marks stand in their lines."""
    marks = 0
    for elements in segments:
        told = [element if isinstance(element, str) else _joined(element) for element in elements]
        lines.append("\t".join(told))
        marks += len(elements) - 1 + sum(_marks(one) for one in elements if not isinstance(one, str))
    return marks


def segments_of(
    write: Callable[Concatenate[Record, Lines, P], int], record: Record, *args: P.args, **named: P.kwargs
) -> list[Elements]:
    """What `write` tells of a record, as segments of elements; a mark in its data becomes no structure.

    Raises:
        FormatError: as `write`.
    """
    lines: Lines = []
    marks = write(record, lines, *args, **named)
    if sum(line.count(mark) for line in lines for mark in MARKS) != marks:
        # Another control character stands in for a mark: the policy deals with either alike.
        lines, again = [], cast("Callable[..., int]", write)
        again(_bare(record), lines, *map(_bare, args), **{name: _bare(one) for name, one in named.items()})
    return [elements_of(line) for line in lines]


def elements_of(line: str) -> Elements:
    """The elements of a line no data of which holds a mark."""
    return tuple(map(_element, line.split("\t")))


def _joined(element: tuple[Any, ...]) -> str:
    return "\v".join(element) if _single(element) else "\f".join(one if isinstance(one, str) else "\v".join(one)
                                                                for one in element)  # fmt: skip


def _marks(element: tuple[Any, ...]) -> int:
    inner = 0 if _single(element) else sum(max(len(one) - 1, 0) for one in element if not isinstance(one, str))
    return max(len(element) - 1, 0) + inner


def _single(element: tuple[Any, ...]) -> bool:
    return all(isinstance(part, str) for part in element)


def _element(text: str) -> Element:
    if "\f" in text:
        return tuple(tuple(repeat.split("\v")) for repeat in text.split("\f"))
    return tuple(text.split("\v")) if "\v" in text else text


def _bare(value: Any) -> Any:
    """A record, or a part of one, with a carriage return wherever its text holds a mark."""
    if isinstance(value, str):
        return value.translate(_BARE)
    if isinstance(value, tuple):
        return tuple(map(_bare, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _bare(getattr(value, one.name)) for one in fields(value)})
    return value
