"""A guide compiled for walking: for each place, which segments may come next and where each leads.

From a place the walk looks ahead in its own loop, then in the loops around it, as a reader of the guide would; that
is worked out once a guide, so that a file's segment costs one look-up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from benehub.formats.x12.guide import Guide, LoopSpec, SegmentSpec, guide
from benehub.formats.x12.guide_match import Check, checks, pattern
from benehub.formats.x12.kernel import Delimiters

Matches = Callable[[str], re.Match[str] | None]
"""`fullmatch` of a compiled pattern."""


@dataclass(slots=True, eq=False)
class Node:
    """A place of a guide made ready: `matches` says of a segment's text whether it is clean, `checks` the rest.

    `moves` leads from here by segment id; `key` counts the places of the guide.
    """

    spec: SegmentSpec
    key: int
    moves: dict[str, Move | Fork] = field(default_factory=dict)
    matches: Matches | None = None
    checks: tuple[Check, ...] = ()

    def compile(self, marks: Delimiters) -> Matches:
        """The pattern, made when a file first comes by."""
        self.checks = checks(self.spec)
        self.matches = pattern(self.spec, marks).fullmatch
        return self.matches


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """A step to a place: how many loops end with it, and which one it opens."""

    node: Node
    closes: int
    opens: LoopSpec | None


@dataclass(frozen=True, slots=True, eq=False)
class Fork:
    """Several steps with one segment id: the code in element `place` says which."""

    place: int
    by_code: dict[str, Move]
    moves: tuple[Move, ...]


class Machine:
    """A guide compiled for one set of delimiters; it keeps nothing of a file and is shared by all."""

    def __init__(self, told: Guide, marks: Delimiters) -> None:
        self.guide = told
        self.marks = marks
        self.root = told.root
        self.nodes = {spec: Node(spec, key) for key, spec in enumerate(told.root.segments())}
        self.loop_keys = {loop: len(self.nodes) + at for at, loop in enumerate(_loops(told.root))}
        self.required = {loop: tuple(_required(loop)) for loop in (told.root, *self.loop_keys)}
        for node in self.nodes.values():
            node.moves = _table(self._ahead(node.spec.loop, node.spec.order))
        self.start = Node(_opening(told.root), -1, _table(self._ahead(told.root, 0)))

    def key(self, child: SegmentSpec | LoopSpec) -> int:
        """The number under which a loop's frame counts what came."""
        return self.loop_keys[child] if isinstance(child, LoopSpec) else self.nodes[child].key

    def _ahead(self, loop: LoopSpec, order: int) -> Iterator[Move]:
        for closes, around in enumerate(loop.chain):
            yield from self._inside(around, closes, order)
            order = around.order

    def _inside(self, loop: LoopSpec, closes: int, order: int = 0) -> Iterator[Move]:
        for child in loop.children:
            if child.order < order:
                continue
            if isinstance(child, LoopSpec):
                yield Move(self.nodes[child.head], closes, child)
            elif child is not loop.children[0] or loop.parent is None:
                yield Move(self.nodes[child], closes, None)

    def behind(self, loop: LoopSpec, tag: str, elements: list[str]) -> Move | None:
        """Where a segment would have belonged in this loop or one around it, had it come in time."""
        for closes, around in enumerate(loop.chain):
            for move in self._inside(around, closes):
                spec = move.node.spec
                place = spec.qualifier
                if spec.tag == tag and (not place or (place < len(elements) and elements[place] in spec.codes)):
                    return move
        return None


def _loops(loop: LoopSpec) -> Iterator[LoopSpec]:
    for child in loop.children:
        if isinstance(child, LoopSpec):
            yield child
            yield from _loops(child)


def _required(loop: LoopSpec) -> Iterator[SegmentSpec | LoopSpec]:
    # The head of a loop is there when the loop is.
    inside = loop.children if loop.parent is None else loop.children[1:]
    return (child for child in inside if child.required)


def _opening(root: LoopSpec) -> SegmentSpec:
    return SegmentSpec("", False, 1, 0, root, (), ())


def _table(ahead: Iterator[Move]) -> dict[str, Move | Fork]:
    by_tag: dict[str, list[Move]] = {}
    for move in ahead:
        by_tag.setdefault(move.node.spec.tag, []).append(move)
    return {tag: _choice(moves) for tag, moves in by_tag.items()}


def _choice(moves: list[Move]) -> Move | Fork:
    first = moves[0]
    place = first.node.spec.qualifier
    if not place or (len(moves) == 1 and first.opens is None):
        return first
    by_code: dict[str, Move] = {}
    for move in moves:
        for code in move.node.spec.codes:
            by_code.setdefault(code, move)
    return Fork(place, by_code, tuple(moves))


@lru_cache(maxsize=16)
def machine(name: str, marks: Delimiters) -> Machine:
    """The compiled guide of a transaction set."""
    return Machine(guide(name), marks)
