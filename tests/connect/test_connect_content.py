"""Bytes in pieces are the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.connect.content import blocks, pieces, same, size_of, whole
from benehub.connect.files import FolderMailbox
from benehub.errors import ConflictError, DataError


@given(st.lists(st.binary(max_size=9), max_size=8), st.integers(1, 7), st.binary(max_size=20))
def test_pieces_are_the_same_bytes(parts: list[bytes], size: int, other: bytes) -> None:
    data = b"".join(parts)

    def content() -> Iterator[bytes]:
        return iter(parts)

    assert whole(content) == whole(data) == data == b"".join(pieces(content))
    assert size_of(content) == size_of(data) == len(data)
    found = list(blocks(content, size))
    assert b"".join(found) == data and found == list(blocks(data, size))
    assert all(len(one) == size for one in found[:-1]) and (0 < len(found[-1]) <= size or found == [b""])
    assert same(content, data, size) and same(data, content, size)
    assert same(content, other, size) == (data == other) == same(other, content, size)


def test_a_file_that_comes_in_pieces_lies_in_the_folder_as_one(tmp_path: Path) -> None:
    box = FolderMailbox(tmp_path, max_bytes=10)
    box.put("out/long.834", lambda: iter((b"ISA*", b"", b"IEA~")))
    assert (tmp_path / "out/long.834").read_bytes() == b"ISA*IEA~"
    box.put("out/long.834", b"ISA*IEA~")
    for other in (b"ISA*IEA!", b"ISA*"):
        with pytest.raises(ConflictError):
            box.put("out/long.834", lambda other=other: iter((other,)))
    with pytest.raises(DataError, match="more than the cap"):
        box.put("out/longer.834", lambda: iter((b"ISA*",) * 3))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["long.834"]
