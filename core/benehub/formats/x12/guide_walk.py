"""Walks a transaction set along its guide: order of loops and segments, how often each, and what stands in each.

Memory is that of the loops open at the moment, whatever the length of the set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benehub.formats.x12.findings import Finding, Scope
from benehub.formats.x12.guide import GUIDES, LoopSpec, SegmentSpec, guide
from benehub.formats.x12.guide_elements import ElementCheck
from benehub.formats.x12.guide_moves import Fork, Machine, Move
from benehub.formats.x12.kernel import Segment

_NONE: tuple[Finding, ...] = ()
_WRITE_ANEW = "Write the file anew in the guide's order"


@dataclass(slots=True)
class _Frame:
    """A loop while it is open: how often each of its children came, and where the first stood."""

    loop: LoopSpec
    counts: dict[int, int] = field(default_factory=dict)
    firsts: dict[int, int] = field(default_factory=dict)


class Walker:
    """Fed the segments between ST and SE, it says what the guide has against each."""

    def __init__(self, compiled: Machine, scope: Scope) -> None:
        self._machine = compiled
        self._scope = scope
        self._elements = ElementCheck(compiled.marks)
        self._mark = compiled.marks.element
        self._node = compiled.start
        self._frames = [_Frame(compiled.root)]

    def feed(self, segment: Segment) -> Sequence[Finding]:
        """Findings about the next segment, and about what should have come before it."""
        elements = segment.elements
        step = self._node.moves.get(elements[0])
        if isinstance(step, Fork):
            place = step.place
            step = (step.by_code.get(elements[place]) if place < len(elements) else None) or step
        if not isinstance(step, Move):
            return self._stray(step, segment)
        return self._enter(step, segment, [], whole=True)

    def _enter(self, move: Move, segment: Segment, found: list[Finding], whole: bool) -> Sequence[Finding]:
        if move.closes or move.opens is not None:
            self._cross(move, segment, found)
        node, frame, elements = move.node, self._frames[-1], segment.elements
        self._node = node
        count = frame.counts.get(node.key, 0)
        frame.counts[node.key] = count + 1
        if not count:
            frame.firsts[node.key] = segment.position
        elif count >= node.spec.most:
            found.append(self._too_often(node.spec, segment))
        matches = node.matches or node.compile(self._machine.marks)
        if elements[-1] and matches(self._mark.join(elements)):
            for check in node.checks:
                if not check(elements):
                    break
            else:
                return found or _NONE
        faults = self._elements.findings(node.spec, segment, self._scope)
        # Of a segment whose very qualifier is wrong nothing else can be judged.
        found.extend(faults if whole else (one for one in faults if one.element == node.spec.qualifier))
        return found

    def _cross(self, move: Move, segment: Segment, found: list[Finding]) -> None:
        frames, scope = self._frames, self._scope
        for _ in range(move.closes):
            self._close(segment, found)
        loop = move.opens
        if loop is not None:
            around, key = frames[-1], self._machine.loop_keys[loop]
            count = around.counts[key] = around.counts.get(key, 0) + 1
            around.firsts.setdefault(key, segment.position)
            if len(frames) == 1:
                scope.member = ""
            if count > loop.most:
                text = f"loop {loop.name} comes more than {loop.most} times"
                found.append(
                    scope.found(segment, "loop-too-often", text, "Leave the others out", ik="4", loop=loop.name)
                )
            frames.append(_Frame(loop))
        scope.loop = _name(frames[-1].loop)

    def _close(self, segment: Segment, found: list[Finding]) -> None:
        frame = self._frames.pop()
        found.extend(
            self._missing(child, frame, segment)
            for child in self._machine.required[frame.loop]
            if self._machine.key(child) not in frame.counts
        )

    def _missing(self, child: SegmentSpec | LoopSpec, frame: _Frame, segment: Segment) -> Finding:
        later = [self._machine.key(one) for one in frame.loop.children if one.order > child.order]
        position = min((frame.firsts[key] for key in later if key in frame.firsts), default=segment.position)
        loop = child if isinstance(child, LoopSpec) else frame.loop
        tag = child.head.tag if isinstance(child, LoopSpec) else child.tag
        what = f"{tag}{_codes(child.head if isinstance(child, LoopSpec) else child)}"
        where = f" in loop {loop.name}" if loop.parent else ""
        return Finding(
            position, tag, "required", f"the required {what}{where} is missing", "Write it where the guide wants it",
            position - self._scope.first + 1, self._scope.member, loop=_name(loop), ik="3",
        )  # fmt: skip

    def _too_often(self, spec: SegmentSpec, segment: Segment) -> Finding:
        text = f"{spec.tag}{_codes(spec)} comes more than {spec.most} times"
        return self._scope.found(segment, "too-often", text, "Leave the others out", ik="5")

    def _stray(self, step: Fork | None, segment: Segment) -> Sequence[Finding]:
        tag, found = segment.elements[0], list[Finding]()
        behind = self._machine.behind(self._frames[-1].loop, tag, segment.elements)
        if behind is not None and (step is None or behind.opens is not None):
            if behind.closes and behind.opens is None:
                self._outside(behind, segment, found)
            else:
                self._enter(behind, segment, found, whole=True)
            found.append(self._scope.found(segment, "order", f"{tag} comes too late here", _WRITE_ANEW, ik="7"))
            return found
        if step is not None:
            return self._enter(self._likeliest(step), segment, found, whole=False)
        if tag in self._machine.guide.tags:
            text = f"{tag} cannot come here"
            return [self._scope.found(segment, "unexpected", text, _WRITE_ANEW, ik="2")]
        known = any(tag in guide(name).tags for name in GUIDES)
        text = f"the {self._machine.guide.name} has no segment {tag}"
        return [self._scope.found(segment, "unknown-segment", text, "Remove it", ik="6" if known else "1")]

    def _outside(self, behind: Move, segment: Segment, found: list[Finding]) -> None:
        # It belongs to a loop around; the walk stays where it is, or all that follows would be lost.
        node, frame = behind.node, self._frames[-1 - behind.closes]
        frame.counts[node.key] = frame.counts.get(node.key, 0) + 1
        frame.firsts.setdefault(node.key, segment.position)
        here, self._scope.loop = self._scope.loop, _name(frame.loop)
        found.extend(self._elements.findings(node.spec, segment, self._scope))
        self._scope.loop = here

    def _likeliest(self, step: Fork) -> Move:
        # What is still missing is what was meant; else the widest place of the loop at hand.
        nearest = [move for move in step.moves if move.closes == step.moves[0].closes]
        for move in nearest:
            child = move.opens or move.node.spec
            frame = self._frames[-1 - move.closes]
            if child.required and self._machine.key(child) not in frame.counts:
                return move
        return nearest[-1]

    def finish(self, trailer: Segment) -> Iterator[Finding]:
        """Findings about what never came; `trailer` is the SE."""
        found: list[Finding] = []
        while self._frames:
            self._close(trailer, found)
        return iter(found)


def _name(loop: LoopSpec) -> str:
    return loop.name if loop.parent else ""


def _codes(spec: SegmentSpec) -> str:
    codes = spec.codes
    return f"*{'|'.join(sorted(codes))}" if 0 < len(codes) <= 4 and spec.qualifier == 1 else ""
