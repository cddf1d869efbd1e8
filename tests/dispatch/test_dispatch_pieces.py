"""A long file is frozen in pieces, and opens as the bytes that were frozen or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from benehub import dispatch
from benehub.connect.capabilities import Guard
from benehub.dispatch import Frozen, pieces
from benehub.errors import ConfigError, DataError
from benehub.store import Session, Store
from benehub.store.tables import connection, dispatch_piece
from benehub.store.tables import dispatch as dispatch_table

TEXT = b"ISA*00*~ST*834*0001~INS*Y*18~SE*3*0001~IEA*1~"
LONG = Frozen("carrier", "enrollment.full", "834/2026-11", TEXT, Guard.NONE, 3, file_name="out/834.x12")


def streamed() -> Iterator[bytes]:
    """The same text as a connector gives it."""
    return iter([TEXT[:3], TEXT[3:30], b"", TEXT[30:]])


@pytest.fixture
def wired(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A carrier; a piece is ten bytes."""
    monkeypatch.setattr(pieces, "PIECE", 10)
    with store.write("acme") as session:
        session.add(connection, [{"connection_id": "carrier", "connector": "x", "settings": {}, "mode": "live"}])
    return store


def count(session: Session) -> int:
    return int(session.connection.execute(select(func.count()).select_from(dispatch_piece)).scalar() or 0)


def test_pieces_are_bounded_and_open_as_what_was_frozen(wired: Store) -> None:
    with wired.write("acme") as session:
        one = dispatch.prepare(session, replace(LONG, content=streamed))
    with wired.read("acme") as session:
        row = dispatch.get(session, one)
        assert dispatch.frozen_bytes(session, row) == dispatch.wire_bytes(session, row) == TEXT
        assert row.frozen_pieces == dispatch.pieces_leaving(row) == 5 == count(session) + 1
        assert [len(dispatch.piece_leaving(session, row, place)) for place in range(1, 6)] == [10, 10, 10, 10, 5]
        sealed = session.rows(select(dispatch_piece.c.sealed))
        assert not any(word in one.sealed for one in sealed for word in (b"834", b"INS", b"IEA"))


def test_the_same_content_is_the_same_dispatch_however_it_comes(wired: Store) -> None:
    with wired.write("acme") as session:
        one = dispatch.prepare(session, LONG)
        assert dispatch.prepare(session, replace(LONG, content=streamed)) == one
        assert count(session) == 4
        other = dispatch.prepare(session, replace(LONG, content=TEXT + b"~"))
        assert other != one and dispatch.get(session, one).state == "refused"
        assert dispatch.frozen_bytes(session, dispatch.get(session, one)) == TEXT
        assert dispatch.frozen_bytes(session, dispatch.get(session, other)) == TEXT + b"~"
        short = dispatch.prepare(session, replace(LONG, key="short", content=TEXT[:10]))
        assert dispatch.get(session, short).frozen_pieces == 1 and count(session) == 8


def test_what_leaves_encrypted_has_pieces_of_its_own(wired: Store) -> None:
    with wired.write("acme") as session:
        one = dispatch.prepare(session, replace(LONG, wire=b"-----encrypted-----"))
        row = dispatch.get(session, one)
        assert dispatch.frozen_bytes(session, row) == TEXT
        assert dispatch.wire_bytes(session, row) == b"-----encrypted-----"
        assert dispatch.pieces_leaving(row) == 2


@pytest.mark.parametrize("harm", ["lost", "cut", "swapped", "alone"])
def test_what_was_harmed_does_not_open(wired: Store, harm: str) -> None:
    with wired.write("acme") as session:
        one = dispatch.prepare(session, LONG)
        table = dispatch_piece.c
        if harm == "lost":
            session.connection.execute(dispatch_piece.delete().where(table.place == 3))
        elif harm in ("cut", "alone"):
            left = 4 if harm == "cut" else 1
            session.change(dispatch_table, {"dispatch_id": one}, frozen_pieces=left)
        else:
            second = session.connection.execute(select(table.sealed).where(table.place == 2)).scalar()
            session.connection.execute(update(dispatch_piece).where(table.place == 3).values(sealed=second))
        with pytest.raises(DataError if harm == "lost" else ConfigError):
            dispatch.frozen_bytes(session, dispatch.get(session, one))
