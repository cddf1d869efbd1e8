"""Answers that come compressed, undone piece by piece: a few hundred bytes can stand for gigabytes.

httpx undoes a piece whole and as many codings as are named, so a cap on what comes out would be counted too late.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping

import httpx

PIECE = 64 * 1024
"""Bytes that are undone at a time."""

READABLE = ("", "identity", "gzip", "deflate")
"""What `coding` may be for the body to be read."""


def coding(headers: Mapping[str, str]) -> str:
    """How the body is compressed, by its headers; a list where it is so more than once."""
    return headers.get("content-encoding", "").strip().lower()


def inflated(pieces: Iterable[bytes], coded: str) -> Iterator[bytes]:
    """The body as it was before it was compressed, 64 KB at a time; as it comes where it is not one gzip or deflate.

    Raises:
        httpx.DecodingError: it breaks off, or was never so compressed.
    """
    return _undone(filter(None, pieces), coded) if coded in ("gzip", "deflate") else iter(pieces)


def _undone(pieces: Iterator[bytes], coded: str) -> Iterator[bytes]:
    begun = b""
    while len(begun) < 2 and (piece := next(pieces, b"")):
        begun += piece
    if not begun:  # an answer without a body
        return
    form = zlib.MAX_WBITS | 16 if coded == "gzip" else _deflate_form(begun)
    undo, rest = zlib.decompressobj(form), begun
    try:
        while True:
            # An empty one is given too, so that whoever reads can look at the clock.
            yield undo.decompress(rest, PIECE)
            rest = undo.unused_data if undo.eof else undo.unconsumed_tail
            if not rest and (rest := next(pieces, b"")) == b"":
                break
            if undo.eof:  # a gzip may be followed by another (RFC 1952, 2.2)
                undo = zlib.decompressobj(form)
        yield undo.flush()
    except zlib.error:
        raise httpx.DecodingError(f"not in {coded}") from None
    if not undo.eof:
        raise httpx.DecodingError(f"the {coded} breaks off")


def _deflate_form(begun: bytes) -> int:
    """With its header (RFC 1950), or without one as some servers send it."""
    with_header = begun[0] & 15 == zlib.DEFLATED and int.from_bytes(begun[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if with_header else -zlib.MAX_WBITS
