"""Reads the YAML text so that every value keeps its line, and no value is changed by being read.

YAML itself would turn 612.50 into a float and a bare date into something else; here numbers with decimals and
dates stay text. Anchors, tags and repeated keys are refused: what a person reads is what the hub reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from benehub.errors import ConfigError

MAX_CHARACTERS = 500_000
MAX_DEPTH = 20
MAX_FAULTS_SHOWN = 50

_KNOWN = ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in _KNOWN)
_INTEGER = re.compile(r"^-?(0|[1-9]\d{0,17})$")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

Path = tuple[str | int, ...]
"""The way to a value: field names, and positions in lists."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, with its place and its mend."""

    line: int
    field: str
    what: str
    mend: str


@dataclass(frozen=True)
class Source:
    """A parsed file: its plain data, and the tree that knows the lines."""

    name: str
    data: Any
    root: Node = field(repr=False)

    def line_of(self, path: Path) -> int:
        """The 1-based line of the value at `path`, or of the nearest part around it that exists."""
        line = self.root.start_mark.line + 1
        for _, mark_line, found in self._walk(path):
            line = mark_line if found else line
        return line

    def label(self, path: Path) -> str:
        """`path` for people: list items by their id where they have one; parts pydantic adds are left out."""
        shown = ""
        steps = list(self._walk(path))
        for position, (part, _, found) in enumerate(steps):
            if not found and position < len(steps) - 1:
                continue
            shown += f"[{part}]" if isinstance(part, int) else f".{part}" if shown else str(part)
        return shown or "the file"

    def _walk(self, path: Path) -> Iterator[tuple[str | int, int, bool]]:
        node: Node | None = self.root
        for part in path:
            name, line, child = _child(node, part)
            if child is None:
                yield name, 0, False
            else:
                node = child
                yield name, line, True


def _child(node: Node | None, part: str | int) -> tuple[str | int, int, Node | None]:
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        item: Node = node.value[part]
        return _id_of(item) or part, item.start_mark.line + 1, item
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return part, key.start_mark.line + 1, value
    return part, 0, None


def _id_of(node: Node) -> str:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value in ("id", "from") and isinstance(value, ScalarNode):
                return str(value.value)[:40]
    return ""


def read(text: str, name: str) -> Source:
    """Parse `text`; `name` is what messages call the file.

    Raises:
        ConfigError: it is too large, no YAML, or uses YAML that hides what it says.
    """
    if len(text) > MAX_CHARACTERS:
        raise ConfigError(
            f"the plan book has more than {MAX_CHARACTERS} characters",
            where=name,
            mend="Is it the right file?",
        )
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise refused(name, [_syntax_fault(error, text)]) from None
    except RecursionError:
        raise refused(name, [_too_deep(1)]) from None
    if root is None:
        raise refused(name, [Fault(1, "the file", "is empty", "Start from config/planbook.example.yaml")])
    faults: list[Fault] = []
    data = _plain(root, set(), faults, 0)
    if faults:
        raise refused(name, faults)
    return Source(name, data, root)


def refused(name: str, faults: Sequence[Fault]) -> ConfigError:
    """One error that lists every fault on a line of its own, in the order of the file."""
    ordered = sorted(set(faults), key=lambda fault: (fault.line, fault.field))
    lines = [f"{name}:{f.line}: {f.field}: {f.what}. {f.mend}" for f in ordered[:MAX_FAULTS_SHOWN]]
    if len(ordered) > MAX_FAULTS_SHOWN:
        lines.append(f"and {len(ordered) - MAX_FAULTS_SHOWN} more")
    count = "1 error" if len(ordered) == 1 else f"{len(ordered)} errors"
    return ConfigError(f"the plan book has {count}\n" + "\n".join(lines), where=name)


def _syntax_fault(error: yaml.YAMLError, text: str) -> Fault:
    mark = getattr(error, "problem_mark", None)
    # of a character YAML does not allow, the reader knows the position and not the line
    line = mark.line + 1 if mark else text.count("\n", 0, getattr(error, "position", 0)) + 1
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or "is no YAML"
    lines = text.splitlines()
    if line <= len(lines) and "\t" in lines[line - 1]:
        return Fault(line, "layout", "a tab stands where YAML wants spaces", "Use spaces, never tabs")
    return Fault(line, "layout", str(said), "Mend the layout: spaces to indent, `name: value`, `- ` for items")


def _too_deep(line: int) -> Fault:
    return Fault(line, "layout", f"more than {MAX_DEPTH} levels deep", "Write it flatter")


def _plain(node: Node, seen: set[int], faults: list[Fault], depth: int) -> Any:
    line = node.start_mark.line + 1
    if depth > MAX_DEPTH:
        faults.append(_too_deep(line))
        return None
    if id(node) in seen:
        faults.append(Fault(line, "layout", "an anchor is used again (*name)", "Write the value out in both places"))
        return None
    seen.add(id(node))
    if node.tag not in _PLAIN_TAGS:
        faults.append(Fault(line, "layout", "a value has a tag (!name)", "Take the tag out"))
        return None
    if isinstance(node, MappingNode):
        return _mapping(node, seen, faults, depth)
    if isinstance(node, SequenceNode):
        return [_plain(item, seen, faults, depth + 1) for item in node.value]
    return _scalar(node)


def _mapping(node: MappingNode, seen: set[int], faults: list[Fault], depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode):
            faults.append(Fault(line, "layout", "a list or map is used as a name", "Use plain text as name"))
        elif key.value in found:
            faults.append(Fault(line, key.value, "stands here twice", "Take one of the two out"))
        else:
            found[key.value] = _plain(value, seen, faults, depth + 1)
    return found


def _scalar(node: Node) -> Any:
    text = str(node.value)
    if getattr(node, "style", None) is not None:
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    return int(text) if _INTEGER.match(text) else text
