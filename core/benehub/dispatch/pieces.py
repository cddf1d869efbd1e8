"""Frozen bytes in pieces: a file of any size is frozen, kept and read with one piece of it in memory.

The first piece stands in the dispatch's own row, and nearly everything that is frozen has no other; the further
pieces of a long file stand beside it. Whose piece it is, its place and whether it is the last are sealed in with
it: none can be exchanged, moved or cut off without the rest refusing to open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlalchemy import Row, select

from benehub.connect.content import Content, blocks
from benehub.errors import DataError
from benehub.store import Session
from benehub.store.tables import dispatch_piece

PIECE = 1 << 20
"""Bytes of a piece; the last may be shorter."""

FROZEN, WIRE = "dispatch", "wire"
"""What pieces are of: the frozen content, or its encryption as it leaves."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was frozen: its digest, its first piece, and how many there are; all but the first are written."""

    form: str
    digest: str
    first: bytes = field(repr=False)
    count: int

    def sealed(self, session: Session, dispatch_id: str) -> bytes:
        """The first piece as it stands in the dispatch's row."""
        return session.seal(self.first, _context(self.form, dispatch_id, 1, self.count == 1))


def keep(session: Session, dispatch_id: str, form: str, content: Content) -> Kept:
    """Write the pieces behind the first; the dispatch's row is to follow in the same transaction."""
    digest = session.vault.content_digest()
    first = b""
    place = 0
    for place, (block, after) in enumerate(pairwise(_ended(blocks(content, PIECE))), 1):
        digest.update(block or b"")
        if place == 1:
            first = block or b""
        else:
            sealed = session.seal(block, _context(form, dispatch_id, place, after is None))
            session.add(
                dispatch_piece, [{"dispatch_id": dispatch_id, "form": form, "place": place, "sealed": sealed}]
            )  # fmt: skip
    return Kept(form, digest.hexdigest(), first, place)


def forget(session: Session, dispatch_id: str) -> None:
    """Take pieces back that turned out to be of a dispatch that is there already."""
    session.connection.execute(
        dispatch_piece.delete().where(*session.where(dispatch_piece, dispatch_id=dispatch_id))
    )  # fmt: skip


def opened(session: Session, row: Row[Any], form: str, place: int) -> bytes:
    """One piece of a dispatch.

    Raises:
        DataError: it is not there.
        ConfigError: it does not open.
    """
    last = place == counted(row, form)
    sealed = (
        (row.frozen_sealed if form == FROZEN else row.wire_sealed) if place == 1 else _read(session, row, form, place)
    )
    if sealed is None:
        raise DataError(
            f"piece {place} of what was frozen is missing", where=f"dispatch {row.dispatch_id}",
            mend="Restore the database",
        )  # fmt: skip
    return session.unseal(sealed, _context(form, row.dispatch_id, place, last))


def every(session: Session, row: Row[Any], form: str) -> Iterator[bytes]:
    """All pieces of a dispatch in order.

    Raises:
        DataError, ConfigError: as `opened`.
    """
    return (opened(session, row, form, place) for place in range(1, counted(row, form) + 1))


def leaving(row: Row[Any]) -> str:
    """What of a dispatch leaves: its encryption, where there is one."""
    return FROZEN if row.wire_sealed is None else WIRE


def counted(row: Row[Any], form: str) -> int:
    """How many pieces there are."""
    return int(row.frozen_pieces if form == FROZEN else row.wire_pieces)


def _read(session: Session, row: Row[Any], form: str, place: int) -> bytes | None:
    mine = session.where(dispatch_piece, dispatch_id=row.dispatch_id, form=form, place=place)
    found: bytes | None = session.connection.execute(select(dispatch_piece.c.sealed).where(*mine)).scalar()
    return found


def _context(form: str, dispatch_id: str, place: int, last: bool) -> str:
    if place == 1 and last:
        return form
    return f"{form}/{dispatch_id}/{place}{'/end' if last else ''}"


def _ended(found: Iterator[bytes]) -> Iterator[bytes | None]:
    yield from found
    yield None
