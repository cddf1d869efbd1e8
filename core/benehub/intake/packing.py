"""A row's content as bytes: what its hash is taken of, and what is sealed while it waits, are the same bytes.

The same content gives the same bytes in whatever order its fields came. A row of plain values is its values in the
order of their names; the names, which most rows share, are written down once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import itemgetter
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from benehub.connect.connector import Incoming
from benehub.store import Session, canonical

Names = tuple[str, ...]


class Waiting(NamedTuple):
    """A row that waits to be applied: its number and key, the hash of its content, and the content."""

    row_no: int
    key: str
    hash: str
    data: Mapping[str, Any]
    extra: Mapping[str, Any]
    deleted: bool
    problem: str = ""

    @property
    def filled(self) -> str:
        """The names of the fields in which something stands, with commas between."""
        data = self.data
        if all(data.values()):
            return ",".join(data)
        return ",".join([name for name, value in data.items() if value is not None and value != "" and value != []])

    @property
    def content(self) -> dict[str, Any]:
        """The content as it is sealed with a row that is kept by itself."""
        kept = {"data": self.data, "extra": self.extra, "deleted": self.deleted}
        return {**kept, "problem": self.problem} if self.problem else kept


class Packed(NamedTuple):
    """A row's content as bytes: the hash of all, which names its values have, the values, what else it has (rarely)."""

    hash: str
    layout: int
    values: bytes
    more: bytes


class Layout(NamedTuple):
    """The names of a row's fields: their number, what picks the values in the order of the names, the names hashed."""

    number: int
    pick: Callable[[Mapping[str, Any]], Any]
    hashed: blake2b


@dataclass
class Packer:
    """Packs the rows of one chunk."""

    session: Session
    _layouts: dict[Names, Layout] = field(default_factory=dict)

    def pack(self, data: Mapping[str, Any], extra: Mapping[str, Any], deleted: bool) -> Packed:
        """A row's bytes, and the keyed hash of its content."""
        names = tuple(data)
        number, pick, hashed = self._layouts.get(names) or self._layout(names)
        values = to_json(pick(data), fallback=str)
        if b"{" in values:  # an object in an object has an order of its own
            values = canonical(pick(data))
        more = canonical([extra, deleted]) if extra or deleted else b""
        found = hashed.copy()
        found.update(values + more)
        return Packed(found.hexdigest(), number, values, more)

    def sealed(self, rows: Iterable[tuple[int, str, Packed]]) -> bytes:
        """Rows (number, key, content) sealed together."""
        written = [
            b'[%d,%b,"%b",%d,%b%b]'
            % (row_no, to_json(key), one.hash.encode(), one.layout, one.values, b"," + one.more if one.more else b"")
            for row_no, key, one in rows
        ]
        names = {layout.number: sorted(names) for names, layout in self._layouts.items()}
        plain = b'{"names":%b,"rows":[%b]}' % (
            to_json([names[number] for number in range(len(names))]),
            b",".join(written),
        )
        return self.session.seal(plain, "intake_chunk")

    def _layout(self, names: Names) -> Layout:
        ordered = sorted(names)
        pick = itemgetter(*ordered) if len(ordered) > 1 else (lambda data: [data[name] for name in ordered])
        hashed = self.session.vault.hashing()
        hashed.update(to_json(ordered))
        self._layouts[names] = Layout(len(self._layouts), pick, hashed)
        return self._layouts[names]


def opened(session: Session, sealed: bytes) -> list[Waiting]:
    """The rows that were sealed together."""
    content = from_json(session.unseal(sealed, "intake_chunk"))
    names: Sequence[Names] = content["names"]
    return [
        Waiting(row_no, key, hashed, dict(zip(names[layout], values, strict=True)), *(_more(more) if more else _PLAIN))
        for row_no, key, hashed, layout, values, *more in content["rows"]
    ]


_PLAIN: tuple[Mapping[str, Any], bool] = {}, False
"""What most rows have beside their fields: nothing, and they are not deleted."""


def _more(written: Sequence[Any]) -> tuple[Mapping[str, Any], bool]:
    """What else a row has."""
    extra, deleted = written[0]
    return extra, deleted


def kept(session: Session, row_no: int, key: str, sealed: bytes) -> Waiting:
    """The row that was sealed by itself."""
    content = from_json(session.unseal(sealed, "intake_row"))
    data, extra, deleted = content["data"], content["extra"], content["deleted"]
    found = Packer(session).pack(data, extra, deleted)
    return Waiting(row_no, key, found.hash, data, extra, deleted, content.get("problem", ""))


def as_kept(row: Incoming, problem: str) -> dict[str, Any]:
    """The content of a row that is kept by itself."""
    found = {"data": dict(row.data), "extra": dict(row.extra), "deleted": row.deleted}
    return {**found, "problem": problem} if problem else found
