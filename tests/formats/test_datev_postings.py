"""DATEV's booking batch: what is written reads back, and what is wrong is named with its place."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import DataError, FormatError
from benehub.formats.datev_postings import COLUMNS, BatchHead, Booking, parse, render

HEAD = BatchHead(
    29098, 55003, date(2026, 1, 1), date(2026, 10, 1), date(2026, 10, 31), datetime(2026, 11, 3, 9, 30, 1, 250_000),  # noqa: DTZ001  # the file has no zone
    "Benefits 2026-10",
)  # fmt: skip
ONE = Booking(date(2026, 10, 5), "4140", "1700", 123_456, "BH202610-00001", 'premium "accrued"; März')

TEXT = st.text(st.sampled_from('abcÄÖÜß ;"0129-/€'), max_size=60).map(lambda text: " ".join(text.split()))
BOOKINGS = st.builds(
    Booking,
    day=st.dates(HEAD.first, HEAD.last),
    debit=st.integers(1, 9999).map(lambda number: f"{number:04d}"),
    credit=st.integers(1, 9999).map(lambda number: f"{number:04d}"),
    amount=st.integers(1, 10**11),
    reference=st.text(st.sampled_from("AZaz09$&%*+-/"), max_size=36),
    text=TEXT,
)


@given(st.lists(BOOKINGS, max_size=5), st.booleans())
def test_what_is_written_reads_back(bookings: list[Booking], final: bool) -> None:
    head = replace(HEAD, final=final)
    found = parse(b"".join(render(head, bookings)))
    assert found.head == head
    assert list(found.bookings) == bookings


def test_the_form_by_another_reader() -> None:
    data = b"".join(render(HEAD, [ONE]))
    assert data.endswith(b"\r\n") and data.count(b"\r\n") == 3
    top, names, row = csv.reader(io.StringIO(data.decode("cp1252"), newline=""), delimiter=";")
    assert len(top) == 31 and len(names) == len(row) == len(COLUMNS) == 125
    assert top[:6] == ["EXTF", "700", "21", "Buchungsstapel", "13", "20261103093001250"]
    assert top[10:16] == ["29098", "55003", "20260101", "4", "20261001", "20261031"]
    told = {name: cell for name, cell in zip(names, row, strict=True) if cell}
    assert told == {
        "Umsatz (ohne Soll/Haben-Kz)": "1234,56", "Soll/Haben-Kennzeichen": "S", "WKZ Umsatz": "EUR",
        "Konto": "4140", "Gegenkonto (ohne BU-Schlüssel)": "1700", "Belegdatum": "0510",
        "Belegfeld 1": "BH202610-00001", "Buchungstext": 'premium "accrued"; März',
    }  # fmt: skip
    assert names.index("Belegdatum") == 9 and names.index("Buchungstext") == 13 and names.index("Festschreibung") == 113


def test_a_credit_side_booking_is_turned_round() -> None:
    data = b"".join(render(HEAD, [ONE])).replace(b';"S";', b';"H";')
    assert parse(data).bookings == (replace(ONE, debit="1700", credit="4140"),)


def test_a_batch_over_the_turn_of_a_year_has_its_years() -> None:
    head = replace(HEAD, year_starts=date(2026, 7, 1), first=date(2026, 12, 1), last=date(2027, 1, 31))
    bookings = [replace(ONE, day=date(2026, 12, 31)), replace(ONE, day=date(2027, 1, 1))]
    assert list(parse(b"".join(render(head, bookings))).bookings) == bookings


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"day": date(2026, 11, 1)}, "outside the batch"),
        ({"debit": "41401"}, "more than 4 digits"),
        ({"text": "Łódź"}, "Windows-1252"),
    ],
)
def test_what_cannot_be_written_is_named(change: dict[str, object], told: str) -> None:
    with pytest.raises(DataError, match=told):
        list(render(HEAD, [replace(ONE, **change)]))  # type: ignore[arg-type]  # one field of the booking


@pytest.mark.parametrize(
    ("change", "told"),
    [({"amount": 0}, "above zero"), ({"debit": "41a"}, "no number"), ({"reference": "a b"}, "reference")],
)
def test_a_booking_that_is_none(change: dict[str, object], told: str) -> None:
    with pytest.raises(DataError, match=told):
        replace(ONE, **change)  # type: ignore[arg-type]  # one field of the booking


def test_one_file_holds_days_of_one_business_year() -> None:
    with pytest.raises(DataError, match="business year"):
        replace(HEAD, year_starts=date(2026, 11, 1))
    with pytest.raises(DataError, match="consultant"):
        replace(HEAD, consultant=7)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b'"EXTF"', b'"CSV"', "not a DATEV booking batch"),
        (b";21;", b";16;", "not a DATEV booking batch"),
        (b"1234,56", b"1234.56", "amount or side"),
        (b";0510;", b";5;", "no day and month"),
        (b";0510;", b";3102;", "no such day"),
        (b"20260101", b"2026XX01", "number or day"),
    ],
)
def test_what_is_not_as_described_is_named_with_its_line(old: bytes, new: bytes, told: str) -> None:
    with pytest.raises(FormatError, match=told):
        parse(b"".join(render(HEAD, [ONE])).replace(old, new, 1))


@given(st.binary(max_size=300))
def test_rubbish_is_refused_and_never_crashes(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse(data)
