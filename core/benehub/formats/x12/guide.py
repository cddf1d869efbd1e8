"""The implementation guides as data: which segments may follow each other, and what may stand in each.

The tables lie in `guides/`: facts of the guides (ids, sizes, codes), none of their words. `elements.txt` sizes X12's
data elements, `shared.txt` holds code lists of several guides, the others are a guide each. A line is

    ORDER TAG R|S MOST /WIDTH ELEMENTS RULES      a segment: required or situational, how often (`*` without limit)
    ORDER loop NAME R|S MOST                      a loop; its first segment opens it, what is inside is indented

Segments and loops of the same ORDER come in any order. WIDTH is how many elements the segment has; those not named are
not used. An element is `PLACE R|S :NUMBER` with `=A,B` or `@LIST` for its codes (`_` is a blank), `xN` for its
repeats; a composite has its width and components in brackets. A rule is `!P0304`: X12's letter (P all or none, R one at
least, E one at most, C the first asks for all others, L the first asks for one other) and the places it binds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from benehub.errors import ConfigError

UNLIMITED = 10**9


@dataclass(frozen=True, slots=True)
class ElementSpec:
    """An element, or a component of one: `number` and `kind` (AN, ID, N0, N2, R, DT, TM) are X12's data element.

    A composite has no number of its own but `parts`; None stands in them for a component that is not used.
    """

    place: int
    required: bool
    number: str = ""
    kind: str = ""
    least: int = 1
    most: int = UNLIMITED
    codes: frozenset[str] = frozenset()
    repeats: int = 1
    parts: tuple[ElementSpec | None, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A syntax rule of a segment: which elements ask for, or exclude, each other."""

    letter: str
    places: tuple[int, ...]


@dataclass(slots=True, eq=False)
class LoopSpec:
    """A loop. `segments` and `loops` are what is directly inside; the first segment opens it."""

    name: str
    required: bool
    most: int
    order: int
    parent: LoopSpec | None
    children: list[SegmentSpec | LoopSpec] = field(default_factory=list)

    @property
    def head(self) -> SegmentSpec:
        """The segment that opens the loop."""
        first = self.children[0]
        assert isinstance(first, SegmentSpec)
        return first

    @property
    def chain(self) -> tuple[LoopSpec, ...]:
        """The loop and all around it, innermost first; the last is the transaction set itself."""
        return (self, *(self.parent.chain if self.parent else ()))

    def segments(self) -> Iterator[SegmentSpec]:
        """Every segment of the loop, those of inner loops too."""
        for child in self.children:
            if isinstance(child, LoopSpec):
                yield from child.segments()
            else:
                yield child


@dataclass(slots=True, eq=False)
class SegmentSpec:
    """A place for a segment in a guide. `elements` has an entry for each place, None where it is not used."""

    tag: str
    required: bool
    most: int
    order: int
    loop: LoopSpec
    elements: tuple[ElementSpec | None, ...]
    rules: tuple[RuleSpec, ...]

    @property
    def qualifier(self) -> int:
        """The element (1 or 2) whose codes tell this place from others of the same tag; 0 when it has none."""
        for place, spec in enumerate(self.elements[:2], 1):
            if spec and spec.codes:
                return place
        return 0

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the qualifier."""
        spec = self.elements[self.qualifier - 1] if self.qualifier else None
        return spec.codes if spec else frozenset()


@dataclass(frozen=True, slots=True)
class Guide:
    """All of a transaction set between ST and SE: `root` stands for the set itself."""

    name: str
    root: LoopSpec
    tags: frozenset[str]


_LINE = re.compile(r"(?P<indent> *)(?P<order>\d+) (?P<what>loop \S+|\S+) (?P<usage>[RS]) (?P<most>\*|\d+)(?P<rest>.*)")
_ELEMENT = re.compile(
    r"(?P<place>\d+)(?P<usage>[RS])(x(?P<repeats>\d+))?"
    r"(:(?P<number>\w+)((?P<mark>[=@])(?P<codes>\S+))?|/(?P<width>\d+)\((?P<parts>[^)]*)\))$"
)
_TOKEN = re.compile(r"[^\s(]+(?:\([^)]*\))?")

GUIDES = ("834", "820", "999", "997", "envelope")


@cache
def guide(name: str) -> Guide:
    """The guide of a transaction set (ST01), or "envelope".

    Raises:
        ConfigError: no such guide, or a line of its table that cannot be read.
    """
    if name not in GUIDES:
        raise ConfigError(f"there is no guide {name}", mend=f"Name one of {', '.join(GUIDES)}")
    lists = {
        key: frozenset(code.replace("_", " ") for code in codes) for key, *codes in (*_sets("shared"), *_sets(name))
    }
    root = LoopSpec(name, True, 1, 0, None)
    open_loops = [root]
    for number, line in enumerate(_lines(name), 1):
        if not line or line.startswith(("#", "set ")):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise ConfigError("a line that is neither segment nor loop", where=f"guides/{name}.txt:{number}")
        del open_loops[len(found["indent"]) // 2 + 1 :]
        parent = open_loops[-1]
        most = UNLIMITED if found["most"] == "*" else int(found["most"])
        place = (found["usage"] == "R", most, int(found["order"]), parent)
        if found["what"].startswith("loop "):
            loop = LoopSpec(found["what"][5:], *place)
            parent.children.append(loop)
            open_loops.append(loop)
        else:
            parent.children.append(SegmentSpec(found["what"], *place, *_contents(found["rest"], lists)))
    return Guide(name, root, frozenset(one.tag for one in root.segments()))


def _lines(name: str) -> list[str]:
    return resources.files("benehub.formats.x12").joinpath("guides", f"{name}.txt").read_text("ascii").splitlines()


def _sets(name: str) -> Iterator[list[str]]:
    return (line.split()[1:] for line in _lines(name) if line.startswith("set "))


@cache
def _sizes() -> dict[str, tuple[str, int, int]]:
    rows = (line.split() for line in _lines("elements") if not line.startswith("#"))
    return {number: (kind, int(least), int(most)) for number, kind, least, most in rows}


def _contents(
    text: str, lists: dict[str, frozenset[str]]
) -> tuple[tuple[ElementSpec | None, ...], tuple[RuleSpec, ...]]:
    width, *tokens = _TOKEN.findall(text)
    elements = [_element(token, lists) for token in tokens if token[0] != "!"]
    rules = tuple(
        RuleSpec(token[1], tuple(int(token[at : at + 2]) for at in range(2, len(token), 2)))
        for token in tokens
        if token[0] == "!"
    )
    return _placed(elements, int(width[1:])), rules


def _element(token: str, lists: dict[str, frozenset[str]]) -> ElementSpec:
    found = _ELEMENT.match(token)
    if found is None:
        raise ConfigError(f"an element {token} that cannot be read", where="guides")
    head = (int(found["place"]), found["usage"] == "R")
    repeats = int(found["repeats"] or 1)
    if found["width"]:
        parts = [_element(part, lists) for part in found["parts"].split()]
        return ElementSpec(*head, repeats=repeats, parts=_placed(parts, int(found["width"])))
    codes = lists[found["codes"]] if found["mark"] == "@" else frozenset((found["codes"] or "").split(",")) - {""}
    kind, least, most = _sizes()[found["number"]]
    return ElementSpec(*head, found["number"], kind, least, most, codes, repeats)


def _placed(specs: list[ElementSpec], width: int) -> tuple[ElementSpec | None, ...]:
    by_place = {spec.place: spec for spec in specs}
    return tuple(by_place.get(place) for place in range(1, width + 1))
