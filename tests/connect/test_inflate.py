"""Compressed answers: undone a little at a time, whole or not at all."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.connect.http import VendorClient
from benehub.connect.inflate import PIECE, coding, inflated
from benehub.connect.messages import read


def bare(body: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(body) + packing.flush()


def two(body: bytes) -> bytes:
    return gzip.compress(body[:7]) + gzip.compress(body[7:])


FORMS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress), ("gzip", two), ("deflate", zlib.compress), ("deflate", bare), ("identity", bytes),
]  # fmt: skip


@pytest.mark.parametrize(("coded", "pack"), FORMS)
@given(body=st.binary(max_size=300).map(lambda some: some * 700), size=st.sampled_from([1, 2, 3, 1000, 100_000]))
def test_what_was_packed_comes_out(coded: str, pack: Callable[[bytes], bytes], body: bytes, size: int) -> None:
    packed = pack(body)
    pieces = [b"", *(packed[at : at + size] for at in range(0, len(packed), size))]
    found = list(inflated(pieces, coded))
    assert b"".join(found) == body
    assert coded == "identity" or max(map(len, found)) <= PIECE


@pytest.mark.parametrize("coded", ["gzip", "deflate"])
def test_a_body_that_breaks_off_is_none(coded: str) -> None:
    packed = dict(FORMS[::2])[coded](b"some text and more of it" * 9)
    for size in range(1, len(packed)):
        with pytest.raises(httpx.DecodingError):
            list(inflated([packed[:size]], coded))
    for said in (packed + b"more", b"{}"):
        with pytest.raises(httpx.DecodingError):
            list(inflated([said], coded))
    assert list(inflated([], coded)) == []


def test_the_header_is_read_in_any_case() -> None:
    assert coding({"content-encoding": " GZip "}) == "gzip"
    assert coding({}) == ""


def test_what_stands_in_the_networks_place_is_undone_too() -> None:
    packed = httpx.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b'{"a": 1}'))
    with VendorClient("https://vendor.example", transport=httpx.MockTransport(lambda _: packed)) as client:
        assert [client.send(read("/a")).data for _ in range(2)] == [{"a": 1}] * 2
