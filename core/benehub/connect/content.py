"""The bytes of a file: all at once, or a piece at a time where a file may be larger than memory should hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator

Content = bytes | Callable[[], Iterator[bytes]]
"""Bytes, or what gives them in pieces; each call gives the same bytes from the beginning."""


def pieces(content: Content) -> Iterator[bytes]:
    """The bytes from the beginning, in pieces of any size."""
    if isinstance(content, bytes):
        yield content
    else:
        yield from content()


def whole(content: Content) -> bytes:
    """All bytes in memory, for what is known to be small or cannot be dealt with in pieces."""
    return content if isinstance(content, bytes) else b"".join(content())


def size_of(content: Content) -> int:
    """How many bytes; the pieces are gone through for it."""
    return sum(map(len, pieces(content)))


def blocks(content: Content, size: int) -> Iterator[bytes]:
    """The same bytes in blocks of `size`, but for the last; one empty block where there are none."""
    held = bytearray()
    for piece in pieces(content):
        held += piece
        # A full block waits until more comes: it may be the last.
        full = max(len(held) - 1, 0) // size * size
        yield from (bytes(held[start : start + size]) for start in range(0, full, size))
        del held[:full]
    yield bytes(held)


def same(content: Content, other: Content, size: int = 1 << 20) -> bool:
    """Whether both are the same bytes."""
    left, right = blocks(content, size), blocks(other, size)
    return all(one == next(right, None) for one in left) and next(right, None) is None
