"""Two 834 or two 820 files against each other: who was added, changed or ended, and in which coverage or item.

Memory holds a digest a member, not the member: both files are read once for the digests, and once more for the details
of what differs, of which at most `limit` are told. Members are known by REF*0F and their own id (REF*23, else NM109,
else first name and birth date), an entity of an 820 by its ENT id; a member who stands in a file twice is compared
place by place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice

from benehub.crypto import mask
from benehub.errors import FormatError
from benehub.formats.x12.envelope import read_sets
from benehub.formats.x12.explain import label, masked, value
from benehub.formats.x12.kernel import Delimiters, Segment, Source
from benehub.formats.x12.words import SILENT

ADDED, CHANGED, ENDED = "added", "changed", "ended"
Opener = Callable[[], AbstractContextManager[Source]]
"""Opens a file anew; it is read twice."""

Key = bytes
"""A digest of what a member is known by: a million of them fit in memory."""
MAX_SEGMENTS_A_MEMBER = 500_000
"""An organization of an 820 may pay many invoices in one entity."""
_ENDS = ("024", "002")
_OVER = b"\1"
_NAMELESS = "born"
"""Kind of an id made of name and birth date; it is not shown, the name is."""
_QUALIFIED = frozenset({"REF", "DTP", "DTM", "AMT", "NM1"})
"""Segments that are told apart by their first element, so that it never differs."""
_STARTS = {"834": "INS", "820": "ENT"}
_PARTS = {"834": "HD", "820": "RMR"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that differs: what it is, and before and after as people read them (masked unless asked)."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PartChange:
    """A coverage of a member, or an item paid for him."""

    part: str
    change: str
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A member, or an entity paid for. `member` is the family's key and his own id."""

    member: str
    name: str
    change: str
    differences: tuple[Difference, ...] = ()
    parts: tuple[PartChange, ...] = ()


@dataclass(slots=True)
class Comparison:
    """How two files differ: counts of all members, and the first of the changes in the order of the second file."""

    kind: str
    same: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    changes: list[MemberChange] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether no member differs."""
        return not self.counts


@dataclass(slots=True)
class _Block:
    """The segments of one member or entity; composites in one spelling whatever the delimiters of the file."""

    kind: str
    segments: list[Segment]
    number: int = 1
    """Which of the members of his key he is."""

    def key(self) -> tuple[str, str, str]:
        """What he is known by."""
        if self.kind == "820":
            head = self.segments[0]
            return value("ENT", 2, head.get(2)), head.get(3), head.get(4)
        found = {(s.tag, s.get(1)): s for s in reversed(self._own())}
        number = found[("REF", "0F")].get(2) if ("REF", "0F") in found else ""
        if ("REF", "23") in found:
            return number, "23", found[("REF", "23")].get(2)
        name = found.get(("NM1", "IL")) or found.get(("NM1", "74"))
        born = next((s.get(2) for s in self._own() if s.tag == "DMG"), "")
        if name and name.get(9):
            return number, name.get(8), name.get(9)
        return number, _NAMELESS, f"{name.get(4)} {born}" if name else ""

    def _own(self) -> list[Segment]:
        tag = _PARTS[self.kind]
        end = next((at for at, s in enumerate(self.segments) if s.tag == tag), len(self.segments))
        return self.segments[:end]

    def digest(self) -> bytes:
        """Equal where nothing differs but numbering; its first byte tells whether the member ends."""
        made = blake2b(digest_size=16)
        for segment in self.segments:
            elements = segment.elements
            if elements[0] == "ENT":
                elements = [elements[0], "", *elements[2:]]
            made.update("\x1f".join(elements).rstrip("\x1f").encode())
            made.update(b"\x1e")
        over = self.kind == "834" and self.segments[0].get(3) in _ENDS
        return (_OVER if over else b"\0") + made.digest()

    def name(self, clear: bool) -> str:
        """Last and first name as `explain` masks them."""
        for segment in self._own():
            if segment.tag == "NM1" and segment.get(1) in ("IL", "74", "EY", "QE", "DO"):
                elements = segment.elements if clear else masked(segment)
                return ", ".join(part for part in elements[3:5] if part)
        return ""

    def parts(self) -> dict[str, list[Segment]]:
        """Coverages or items by what they are known by; equal ones are numbered."""
        tag = _PARTS[self.kind]
        starts = [at for at, s in enumerate(self.segments) if s.tag == tag]
        found: dict[str, list[Segment]] = {}
        for start, end in zip(starts, [*starts[1:], len(self.segments)], strict=bool(starts)):
            loop = self.segments[start:end]
            name = _part_name(self.kind, loop)
            number = 2
            while name in found:
                name, number = f"{name.partition(' #')[0]} #{number}", number + 1
            found[name] = loop
        return found


def _part_name(kind: str, loop: list[Segment]) -> str:
    head = loop[0]
    if kind == "834":
        return " ".join(part for part in (value("HD", 3, head.get(3)), head.get(4)) if part)
    plan = next((s.get(2) for s in loop if s.tag == "REF" and s.get(1) == "18"), "")
    period = next((value("DTM", 6, s.get(6)) for s in loop if s.tag == "DTM" and s.get(6)), "")
    return " ".join(part for part in (value("RMR", 1, head.get(1)), head.get(2), plan, period) if part)


def compare(before: Opener, after: Opener, *, limit: int = 1_000, clear: bool = False) -> Comparison:
    """How `after` differs from `before`.

    Args:
        limit: members told in detail at most; the counts tell all.
        clear: personal data as they are.

    Raises:
        FormatError: a file that cannot be read, is neither 834 nor 820, or two files of different kinds.
    """
    digests, kind = _digests(before)
    differing = _differing(after, digests, kind)
    absent = [key for key, found in digests.items() if found]
    both = len(digests) - len(absent)
    made = Comparison(kind, both - sum(key in digests for key in differing), Counter(differing.values()))
    if absent:
        made.counts[ENDED] += len(absent)
    told = set(islice(differing, limit))
    wanted = {*told, *absent[: limit - len(told)]}
    old = {key: block for key, block in _numbered(before, kind) if key in wanted} if wanted else {}
    for key, block in _numbered(after, kind) if told else ():
        if key in told:
            made.changes.append(_change(old.pop(key, None), block, differing[key], clear))
    made.changes += [_change(block, None, ENDED, clear) for block in old.values()]
    return made


def _digests(source: Opener) -> tuple[dict[Key, bytes], str]:
    kinds: list[str] = []
    digests = {key: block.digest() for key, block in _numbered(source, "", kinds)}
    if not kinds:
        raise FormatError("no member and no payment is in the file", mend="Name two files, 834 or 820")
    return digests, kinds[0]


def _differing(source: Opener, digests: dict[Key, bytes], kind: str) -> dict[Key, str]:
    """What became of each member who is new or differs; in `digests` what was met is emptied."""
    changes: dict[Key, str] = {}
    for key, block in _numbered(source, kind):
        known, now = digests.get(key), block.digest()
        if known is None:
            changes[key] = ENDED if now[:1] == _OVER else ADDED
            continue
        if known != now:
            changes[key] = ENDED if now[:1] == _OVER != known[:1] else CHANGED
        digests[key] = b""
    return changes


def _numbered(source: Opener, kind: str, kinds: list[str] | None = None) -> Iterator[tuple[Key, _Block]]:
    """Every member of a file with his key; the second of a key gets a number."""
    seen: Counter[Key] = Counter()
    with source() as opened:
        for block in _blocks(opened, kind):
            if kinds is not None and not kinds:
                kinds.append(block.kind)
            known_as = block.key()
            key = _short(known_as)
            seen[key] += 1
            if seen[key] > 1:
                block.number = seen[key]
                key = _short((*known_as, str(block.number)))
            yield key, block


def _short(known_as: Iterable[str]) -> Key:
    return blake2b("\x1f".join(known_as).encode(), digest_size=12).digest()


def _blocks(source: Source, kind: str) -> Iterator[_Block]:
    for one in read_sets(source):
        found = one.guide.transaction
        if found not in _STARTS or found != (kind or found):
            raise FormatError(
                f"transaction set {found} where {kind or '834 or 820'} is compared",
                where=f"segment {one.first} (ST)",
                mend="Name two files of one kind, 834 or 820",
                position=one.first,
            )
        kind = found
        start, marks = _STARTS[kind], one.interchange.delimiters
        loop: list[Segment] = []
        for segment in one.segments:
            if segment.elements[0] == start:
                if loop:
                    yield _Block(kind, loop)
                loop = []
            if len(loop) >= MAX_SEGMENTS_A_MEMBER:
                raise FormatError(
                    f"a member or entity of more than {MAX_SEGMENTS_A_MEMBER} segments",
                    where=f"segment {loop[0].position} ({start})",
                    mend="Ask the sender to check the file",
                    position=loop[0].position,
                )
            if loop or segment.elements[0] == start:
                loop.append(_plain(segment, marks))
        if loop:
            yield _Block(kind, loop)


def _plain(segment: Segment, marks: Delimiters) -> Segment:
    if marks.component == ":" and marks.repetition in ("^", ""):
        return segment
    swap = str.maketrans({marks.component: ":", **({marks.repetition: "^"} if marks.repetition else {})})
    return Segment(segment.position, [element.translate(swap) for element in segment.elements])


def _change(old: _Block | None, new: _Block | None, change: str, clear: bool) -> MemberChange:
    block = new or old
    assert block is not None
    family, kind, own = block.key()
    number = f"#{block.number}" if block.number > 1 else ""
    shown = " ".join(part for part in (family, "" if kind == _NAMELESS else own, number) if part)
    member = shown if clear else mask(shown)
    if old is None or new is None:
        return MemberChange(member, block.name(clear), change, (), tuple(PartChange(p, change) for p in block.parts()))
    differences = tuple(_differences(old._own(), new._own(), clear))
    parts = tuple(_parts(old, new, clear))
    return MemberChange(member, new.name(clear), change, differences, parts)


def _parts(old: _Block, new: _Block, clear: bool) -> Iterator[PartChange]:
    before, after = old.parts(), new.parts()
    for name, loop in after.items():
        if name not in before:
            yield PartChange(name, ADDED)
            continue
        differences = tuple(_differences(before[name], loop, clear))
        if differences:
            yield PartChange(name, ENDED if _ends(before[name], loop) else CHANGED, differences)
    yield from (PartChange(name, ENDED) for name in before if name not in after)


def _ends(before: list[Segment], after: list[Segment]) -> bool:
    """Whether a coverage that ran on ends now: by its code, or by a last day it did not have."""
    if before[0].tag != "HD":
        return False

    def over(loop: list[Segment]) -> bool:
        return loop[0].get(1) in _ENDS or any(s.tag == "DTP" and s.get(1) == "349" for s in loop)

    return over(after) and not over(before)


def _differences(before: list[Segment], after: list[Segment], clear: bool) -> Iterator[Difference]:
    old, new = _by_place(before), _by_place(after)
    for place in dict.fromkeys((*old, *new)):
        yield from _of_segment(old.get(place), new.get(place), clear)


def _by_place(loop: Iterable[Segment]) -> dict[tuple[str, str, int], Segment]:
    """Segments by id, qualifier, and which of these it is."""
    seen: Counter[tuple[str, str]] = Counter()
    found: dict[tuple[str, str, int], Segment] = {}
    for segment in loop:
        first = segment.get(1) if segment.tag in _QUALIFIED else ""
        first = segment.get(2) if segment.tag == "ADX" else first
        seen[segment.tag, first] += 1
        found[segment.tag, first, seen[segment.tag, first]] = segment
    return found


def _of_segment(old: Segment | None, new: Segment | None, clear: bool) -> Iterator[Difference]:
    either = new or old
    assert either is not None
    tag = either.tag
    width = max(len(one.elements) for one in (old, new) if one)
    for at in range(1, width):
        before, after = (one.get(at) if one else "" for one in (old, new))
        if before == after or (tag, at) in SILENT or (tag, at) == ("ENT", 1) or (at == 1 and tag in _QUALIFIED):
            continue
        qualifier = either.get(1) if at > 1 else ""
        yield Difference(label(tag, at, qualifier), _shown(old, at, clear), _shown(new, at, clear))


def _shown(segment: Segment | None, at: int, clear: bool) -> str:
    if segment is None or at >= len(segment.elements):
        return ""
    text = segment.elements[at] if clear else masked(segment)[at]
    return value(segment.tag, at, text)
