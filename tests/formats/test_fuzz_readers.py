"""Whatever bytes arrive, a reader answers with records, findings or its named error: no crash, no hang, no flood.

Each legal sample is cut off, mangled, doubled, given a mark or another encoding; and random bytes come as they are.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import DataError, FormatError
from benehub.formats import (
    ascensus_180,
    ascensus_360,
    carrier_invoice,
    carrier_roster,
    delimited,
    recordkeeper_credits,
    workbook,
)
from benehub.formats.x12 import ack_999, ack_answer, ack_ta1, checks, compare, enrollment_834, kernel, remittance_820
from benehub.formats.x12.envelope import Interchange
from benehub.formats.x12.explain import spoken
from benehub.formats.x12.walk import Walker

Reader = Callable[[bytes], Any]

HEAD = Interchange("BENEHUB", "CARRIERX", 7, 7, datetime(2026, 11, 1, 9, 0, tzinfo=UTC))
DAY = date(2026, 11, 1)


def _enrollment() -> str:
    coverage = enrollment_834.Coverage("030", "HLT", "PPO", "EMP", (("348", DAY),), (("1L", "P1"),), (("P3", 61250),))
    member = enrollment_834.Member(
        True, "18", "030", "XN", "A", "S0001", enrollment_834.Name("DOE", "JANE", id_qualifier="34", id="100000001"),
        medicare=("A", "0"), references=(("23", "E1"),), dates=(("336", DAY),), contacts=(("EM", "J@EXAMPLE.COM"),),
        address=enrollment_834.Address("1 MAIN ST", "", "AUSTIN", "TX", "78701"),
        demographics=enrollment_834.Demographics(DAY, "F"), coverages=(coverage,),
    )  # fmt: skip
    party = enrollment_834.Party("ACME", "FI", "123456789")
    head = enrollment_834.Enrollment834("R1", DAY, "4", party, party, totals=(("TO", 1),))
    return "".join(enrollment_834.render(HEAD, head, [member]))


def _remittance() -> str:
    party = remittance_820.Party("ACME", "FI", "123456789")
    summary = remittance_820.SummaryLine("1", (remittance_820.Charge("B680", 125),), (remittance_820.HeadCount(4),))
    item = remittance_820.Remitted(
        "IK", "INV1", 61250, 61450, "PO", (("18", "PPO"),), (DAY, DAY), adjustments=((-200, "52"),), summary=summary
    )
    head = remittance_820.Remittance820(61150, "CHK", DAY, "T1", party, party, dates=(("009", DAY),), period=(DAY, DAY))
    entity = remittance_820.Entity("2L", "FI", "123456789", (item,), previous=((-100, "53"),))
    return "".join(remittance_820.render(HEAD, head, [entity]))


def _answer() -> str:
    errors = (
        ack_999.SegmentError(
            "INS", 10, "8", "2000", (ack_999.Context(ack_999.SUBSCRIBER, "S0002"),),
            (ack_999.ElementError(6, "7", "1218", "1", bad_value="Z"),),
        ),
    )  # fmt: skip
    ack = ack_999.acknowledge(enrollment_834.GUIDE, 2, [ack_999.SetAck("834", "0001", "R", "G", errors, ("5",))])
    return "".join(ack_999.render_all(HEAD, (ack,), ack_ta1.Ta1(1, "261101", "0900", "A")))


def _xlsx() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    for row in (("SSN", "Name", "Amount"), ("900-11-0001", "Ann", 12.5), ("900-11-0002", "Ben", DAY)):
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def _table(header: tuple[str, ...], *rows: tuple[str, ...]) -> bytes:
    return delimited.write_delimited(header, rows)


X12 = [_enrollment().encode(), _remittance().encode(), _answer().encode()]
TABLES = [
    _table(
        carrier_roster.LAYOUT.header, ("1", "1", "self", "Doe", "Jane", "1980-01-02", "PPO", "EMP", "2026-01-01", "")),
    _table(
        carrier_invoice.LAYOUT.header[:-4],
        ("I1", "2026-10-20", "2026-11-01", "1", "Doe", "Jane", "PPO", "EMP", "2026-11", "612.50", "N"),
        ("TOTAL", "", "", "", "", "", "", "", "", "612.50", ""),
    ),
    _table(
        recordkeeper_credits.LAYOUT.header,
        ("C1", "900-11-0001", "Doe", "Jane", "401k", "EE_PRETAX", "2026-11-13", "2026-11-16", "100.00", "CONTRIBUTION"),
    ),
    _table(ascensus_180.LAYOUT.header, ("900-11-0001", "Doe", "Jane", *["1"] * (len(ascensus_180.LAYOUT.header) - 3))),
    _table(
        ascensus_360.LAYOUT.header,
        ("D", "1", "Doe", "Jane", "", "900-11-0001", "11012026", "PT", "6", "", "", "", "", ""),
    ),
]  # fmt: skip


def _text(data: bytes) -> str:
    """As the command line opens a file."""
    return data.decode("utf-8", "replace")


def _shown(data: bytes) -> int:
    walker, characters = Walker(), 0
    for segment in kernel.SegmentReader(_text(data)):
        walker.place(segment)
        characters += len(spoken(segment)) + len(spoken(segment, clear=True))
    return characters


def _compared(data: bytes) -> compare.Comparison:
    other = X12[1] if b"*820*" in data else X12[0]
    return compare.compare(lambda: nullcontext(_text(data)), lambda: nullcontext(_text(other)))


X12_READERS: dict[str, Reader] = {
    "segments": lambda data: list(kernel.SegmentReader(_text(data))),
    "chunks": lambda data: list(kernel.SegmentReader(_text(data[at : at + 7]) for at in range(0, len(data), 7))),
    "834": lambda data: [list(one.members) for one in enrollment_834.parse(_text(data))],
    "820": lambda data: [list(one.entities) for one in remittance_820.parse(_text(data))],
    "999": lambda data: [list(ack_999.members_named(one.ack)) for one in ack_999.parse(_text(data))],
    "ta1": lambda data: [one.text for one in ack_ta1.parse(_text(data))],
    "check": lambda data: checks.check(_text(data)),
    "answer": lambda data: ["".join(ack_answer.render(HEAD, one)) for one in ack_answer.answer(_text(data))],
    "show": _shown,
    "diff": _compared,
}
TABLE_READERS: dict[str, Reader] = {
    "roster": lambda data: list(carrier_roster.parse(data)),
    "invoice": lambda data: carrier_invoice.parse(data),
    "credits": lambda data: list(recordkeeper_credits.parse(data)),
    "180": lambda data: list(ascensus_180.parse(data)),
    "360": lambda data: list(ascensus_360.parse(data)),
    "delimited": lambda data: delimited.read_delimited(data),
    "workbook": lambda data: workbook.read_workbook(data),
}

SNIPPETS = st.sampled_from(
    [
        b"~", b"*", b":", b"^", b"\n", b"\r\n", b",", b'"', b";", b"\x00", b"\xff", b"\xc3\x28", b"-", b"9" * 400,
        b"ISA", b"GS*", b"ST*834*0001~", b"SE*1*0001~", b"IEA*1*000000007~", b"RMR*", b"ENT*1*2J~", b"INS*Y~", b"HD*~",
        b"ADX*9e999*52~", b"DTP*348*D8*20260230~", b"DTM*582****RD8*1-2~", b"IK3*~", b"IK4*:::~", b"CTX*:~", b"AK9~",
        b"\xe2\x88\x92", "１２".encode(), "²".encode(), b"1e5", b"NaN", b"0" * 5000,
    ]
)  # fmt: skip
SPOT = st.floats(0, 1, exclude_max=True)
EDITS = st.lists(st.tuples(st.sampled_from("idrcx"), SPOT, st.integers(1, 40), SNIPPETS), min_size=1, max_size=6)
WRAPS = st.sampled_from(["", "", "", "bom", "utf-16", "latin", "crlf", "cut", "doubled"])


def edited(data: bytes, edits: list[tuple[str, float, int, bytes]], wrap: str) -> bytes:
    """A sample with its edits: insert, delete, replace, copy a span elsewhere, swap two spans."""
    for how, spot, size, snippet in edits:
        at = int(spot * (len(data) + 1))
        piece = data[at : at + size]
        if how == "i":
            data = data[:at] + snippet + data[at:]
        elif how == "d":
            data = data[:at] + data[at + size :]
        elif how == "r":
            data = data[:at] + snippet + data[at + size :]
        elif how == "c":
            data += piece
        else:
            data = data[:at] + data[at + size : at + 2 * size] + piece + data[at + 2 * size :]
    if wrap == "bom":
        return b"\xef\xbb\xbf" + data
    if wrap == "utf-16":
        return data.decode("latin-1").encode("utf-16")
    if wrap == "latin":
        return data.replace(b"DOE", b"D\xd6E").replace(b"Doe", b"D\xf6e")
    if wrap == "crlf":
        return data.replace(b"~", b"~\r\n").replace(b"\n", b"\r\n")
    if wrap == "cut":
        return data[: len(data) // 2]
    return data * 2 if wrap == "doubled" else data


def survives(read: Reader, data: bytes) -> None:
    """The reader gives something or raises its named error, whose message shows nothing of a person."""
    try:
        read(data)
    except DataError as error:
        said = str(error)
        assert len(said) < 1000
        assert "100000001" not in said
        assert "900-11-000" not in said


@pytest.mark.parametrize("name", X12_READERS)
@given(st.sampled_from(X12), EDITS, WRAPS)
def test_a_mangled_x12_file(name: str, sample: bytes, edits: list[Any], wrap: str) -> None:
    survives(X12_READERS[name], edited(sample, edits, wrap))


@pytest.mark.parametrize("name", TABLE_READERS)
@given(st.sampled_from([*TABLES, _xlsx()]), EDITS, WRAPS)
def test_a_mangled_table(name: str, sample: bytes, edits: list[Any], wrap: str) -> None:
    survives(TABLE_READERS[name], edited(sample, edits, wrap))


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_random_bytes(data: bytes) -> None:
    for read in (*X12_READERS.values(), *TABLE_READERS.values()):
        survives(read, data)
        survives(read, X12[0][:106] + data)


@pytest.mark.parametrize("name", X12_READERS)
def test_a_segment_without_end_is_not_gathered(name: str) -> None:
    head = X12[0][: X12[0].index(b"~BGN") + 1]
    for flood in (b"A" * 5_000_000, b"REF*" + b"*" * 5_000_000, b"~" * 1_000_000):
        try:
            found = X12_READERS[name](head + flood)
        except FormatError as error:
            found = error
        assert len(repr(found)) < 100_000


@pytest.mark.parametrize(
    "read",
    [
        lambda source: list(kernel.SegmentReader(source)),
        lambda source: [list(one.members) for one in enrollment_834.parse(source)],
        checks.check,
        ack_answer.answer,
    ],
)
@pytest.mark.parametrize("piece", ["A" * 65_536, "REF*" * 16_384, "\x00" * 65_536])
def test_an_endless_segment_ends_the_reading(read: Callable[[Iterator[str]], Any], piece: str) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        yield X12[0][: X12[0].index(b"~BGN") + 1].decode()
        while True:
            taken += 1
            yield piece

    with suppress(FormatError):
        read(endless())
    assert taken < 10


@pytest.mark.parametrize("name", X12_READERS)
@pytest.mark.parametrize("sample", X12)
def test_every_cut_of_a_legal_file_is_noticed_or_read(name: str, sample: bytes) -> None:
    for cut in range(0, len(sample), 23):
        survives(X12_READERS[name], sample[:cut])
