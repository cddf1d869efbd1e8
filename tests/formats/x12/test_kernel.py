"""The reader takes delimiters from the ISA, streams, and says where a file is broken."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import FormatError
from benehub.formats.x12 import kernel
from benehub.formats.x12.kernel import Delimiters, SegmentReader, neutral, rows

ISA = "ISA*00*          *00*          *ZZ*BENEHUB        *ZZ*CARRIERX       *261101*0900*^*00501*000000001*0*T*:~"
BODY = "GS*BE*BENEHUB*CARRIERX*20261101*0900*1*X*005010X220A1~ST*834*0001*005010X220A1~"


def test_positions_and_missing_elements() -> None:
    isa, gs, st_ = SegmentReader(ISA + BODY)
    assert (isa.position, gs.position, st_.position) == (1, 2, 3)
    assert (st_.tag, st_.get(2), st_.get(9)) == ("ST", "0001", "")


@pytest.mark.parametrize("size", [1, 7, 64, 5000])
def test_any_chunking_gives_the_same_segments(size: int) -> None:
    text = ISA + BODY
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    whole = list(SegmentReader(text))
    assert list(SegmentReader(chunks)) == whole
    assert list(SegmentReader(io.StringIO(text))) == whole


@pytest.mark.parametrize("end", ["~\n", "~\r\n", "\n", "\r\n", "\x1c"])
def test_terminators_and_line_breaks(end: str) -> None:
    text = (ISA + BODY).replace("~", end)
    assert [s.tag for s in SegmentReader(text)] == ["ISA", "GS", "ST"]


def test_delimiters_are_those_of_the_isa() -> None:
    text = (ISA + BODY).replace("*", "|").replace(":", ">").replace("^", "!")
    reader = SegmentReader(text)
    assert reader.delimiters == Delimiters("|", ">", "!", "~")
    assert next(iter(reader)).get(6) == "BENEHUB        "


def test_an_old_version_has_no_repetition() -> None:
    assert SegmentReader(ISA.replace("*^*", "*U*")).delimiters.repetition == ""


@pytest.mark.parametrize(
    ("text", "position", "word"),
    [
        ("", 1, "ISA"),
        ("\ufeff" + ISA, 1, "ISA"),
        (" " + ISA, 1, "ISA"),
        ("<html>", 1, "ISA"),
        (ISA[:50], 1, "fixed width"),
        (ISA.replace("BENEHUB        ", "BENEHUB"), 1, "fixed width"),
        (ISA + " GS*BE~", 2, "indented"),
        (ISA + "~", 2, "empty"),
        (ISA + "GS*BE", 2, "cut off"),
        (ISA + "G$*BE~", 2, "id"),
        (ISA + "GS*" + "A" * 30_000, 2, "size limit"),
        (ISA + "GS*" + "A" * 30_000 + "~ST*1~", 2, "20000 characters"),
        (ISA + "GS*1~ST" + "*A" * 100 + "~", 3, "100 elements"),
    ],
)
def test_broken_files_name_the_segment(text: str, position: int, word: str) -> None:
    with pytest.raises(FormatError, match=word) as caught:
        list(SegmentReader(text))
    assert caught.value.position == position


@pytest.mark.parametrize("bad", ["**^~", "-:^~", "A:^~", " :^~", ".:^~"])
def test_delimiters_that_could_be_data_are_refused(bad: str) -> None:
    with pytest.raises(FormatError):
        Delimiters(*bad)


@pytest.mark.parametrize("size", [1, 50, 5000])
def test_the_raw_reader_gives_lists(size: int) -> None:
    text = (ISA + BODY).replace("~", "~\r\n")
    chunks = (text[at : at + size] for at in range(0, len(text), size))
    assert [row[:2] for row in rows(chunks)] == [["ISA", "00"], ["GS", "BE"], ["ST", "834"]]
    assert list(rows(text)) == [segment.elements for segment in SegmentReader(text)]


@pytest.mark.parametrize("size", [1, 64, 5000])
def test_one_segment_then_the_text_up_to_another_then_the_rest(size: int) -> None:
    text = ISA + BODY + "BGN*00~INS*Y~SE*4*1~GE*1~"
    reader = SegmentReader(text[at : at + size] for at in range(0, len(text), size))
    assert [segment.tag for segment in iter(reader.take, None) if segment.position <= 3][:3] == ["ISA", "GS", "ST"]
    reader = SegmentReader(text[at : at + size] for at in range(0, len(text), size))
    for _ in range(3):
        reader.take()
    assert "".join(iter(lambda: reader.upto("SE"), "")) == "~BGN*00~INS*Y"
    assert reader.position == 5
    assert [(segment.position, segment.tag) for segment in reader] == [(6, "SE"), (7, "GE")]
    assert reader.take() is None


@pytest.mark.parametrize(("limit", "word"), [("MAX_SEGMENTS", "2 segments"), ("MAX_FILE_CHARACTERS", "2 characters")])
def test_limits_of_a_file_are_named(limit: str, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, limit, 2)
    text = (ISA + BODY * 3).replace("~", "~\n")
    with pytest.raises(FormatError, match=word):
        list(rows(text[at : at + 100] for at in range(0, len(text), 100)))


def test_repetitions_have_a_limit() -> None:
    assert len(neutral("^".join("A" * 100), Delimiters())) == 100
    with pytest.raises(FormatError, match="100 repetitions"):
        neutral("^".join("A" * 101), Delimiters())


def test_memory_does_not_grow_with_the_file() -> None:
    def long() -> Iterator[str]:
        yield ISA
        for _ in range(20_000):
            yield "REF*0F*123456789~NM1*IL*1*DOE*JANE~"

    def peak() -> int:
        tracemalloc.start()
        count = sum(1 for _ in SegmentReader(long()))
        _, top = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == 40_001
        return top

    assert peak() < 1_000_000


@given(st.text(alphabet="AB:^ ", max_size=12))
def test_neutral_elements_hold_no_delimiter(text: str) -> None:
    value = neutral(text, Delimiters())
    if isinstance(value, str):
        assert ":" not in value
        assert "^" not in value
    else:
        flat = ["^".join(part if isinstance(part, str) else ":".join(part) for part in value)]
        assert flat == [text] or ":".join(str(part) for part in value) == text
