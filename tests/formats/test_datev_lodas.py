"""LODAS bookings: the observed form, any file written and read back, its character set, and months that are closed."""

from __future__ import annotations

import doctest
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import DataError, FormatError
from benehub.formats.datev_header import DateFormat, LodasHeader
from benehub.formats.datev_lodas import (
    BOOKING,
    MAX_BYTES,
    Booking,
    LodasFile,
    parse,
    render,
    totals,
    validate,
)
from benehub.formats.datev_text import Characters, to_cp1252
from benehub.periods import Month

HEAD = LodasHeader("1234567", "12345")
AUGUST = Month(2026, 8)
ONE = Booking(26, AUGUST, 3040, 3, -200_00)
FILE = LodasFile(HEAD, (ONE, Booking(26, AUGUST, 5200, 3, 30_00)))
TEXT = (
    "[Allgemein]\r\nZiel=LODAS\r\nBeraterNr=1234567\r\nMandantenNr=12345\r\nDatumsformat=TT.MM.JJJJ\r\n"
    "Feldtrennzeichen=;\r\nZahlenkomma=,\r\nStringbegrenzer='\r\nVersion_SST=1.0\r\n\r\n"
    f"[Satzbeschreibung]\r\n1;{BOOKING};abrechnung_zeitraum#bwd;bs_wert_butab#bwd;bs_nr#bwd;la_eigene#bwd;pnr#bwd;\r\n"
    "\r\n[Bewegungsdaten]\r\n1;01.08.2026;-200,00;3;3040;26;\r\n1;01.08.2026;30,00;3;5200;26;\r\n"
)


def test_a_file_byte_by_byte() -> None:
    assert render(FILE) == TEXT.encode("cp1252")
    assert parse(TEXT.encode()).file() == FILE
    assert totals(FILE.bookings) == {3040: -200_00, 5200: 30_00}
    assert "20000" not in repr(FILE)


def test_the_form_is_the_observed_one(shared: Path) -> None:
    observed = shared / "specs" / "datev-lodas" / "observed.json"
    if not observed.exists():
        pytest.skip(f"nothing observed at {observed}")
    seen: Mapping[str, Any] = json.loads(observed.read_text("utf-8"))
    described = seen["satzbeschreibung_bwd"].replace("{n}", "1").replace("[;kostenstelle#bwd]", ";kostenstelle#bwd")
    with_center = render(LodasFile(HEAD, (replace(ONE, cost_center="K1"),))).decode("cp1252").splitlines()
    assert described in with_center
    names = [line.partition("=")[0] for line in with_center[1:9]]
    assert set(names) <= {name.split(" ")[0] for name in seen["allgemein"]}
    for how in DateFormat:
        assert how in seen["allgemein"]["Datumsformat"] or how is DateFormat.COMPACT
    # The observed line is of a program that describes its fields in another order.
    order = "abrechnung_zeitraum#bwd;bs_wert_butab#bwd;pnr#bwd;la_eigene#bwd;bs_nr#bwd;kostenstelle#bwd;bemerkung#bwd;"
    text = TEXT.partition("[Satzbeschreibung]")[0] + f"[Satzbeschreibung]\n1;{BOOKING};{order}\n[Bewegungsdaten]\n"
    (row,) = parse((text + seen["bewegungsdaten_example"][0]).encode()).rows
    assert row.get() == Booking(26, AUGUST, 1214, 1, 1_00)


CENTERS = st.text(st.characters(codec="cp1252", exclude_characters="'"), max_size=12)
BOOKINGS = st.builds(
    Booking,
    st.integers(1, 99_999),
    st.builds(Month, st.integers(2000, 2099), st.integers(1, 12)),
    st.integers(1, 9_999),
    st.integers(1, 99),
    st.integers(-(10**9), 10**9),
    CENTERS.map(lambda text: " ".join("".join(one for one in text if one.isprintable()).split())),
)
HEADS = st.builds(
    LodasHeader,
    st.from_regex(r"[0-9]{1,7}", fullmatch=True),
    st.from_regex(r"[0-9]{1,5}", fullmatch=True),
    st.sampled_from(DateFormat),
    st.sampled_from(";|"),
    st.sampled_from(",."),
    st.just("'"),
    st.sampled_from(["1.0", ""]),
    st.none() | st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    st.just({"Kommentarzeichen": "*"}) | st.just({}),
)


@given(HEADS, st.lists(BOOKINGS, max_size=5))
def test_what_is_written_is_read_back_and_written_the_same(head: LodasHeader, bookings: list[Booking]) -> None:
    file = LodasFile(head, tuple(bookings))
    data = render(file)
    assert parse(data).file() == file
    assert render(parse(data).file()) == data


LINES = TEXT.splitlines()


@given(st.binary(max_size=120), st.integers(0, 3), st.integers(0, len(TEXT)), st.integers(0, len(LINES) - 1))
def test_noise_is_a_named_error_or_rows_with_reasons(noise: bytes, way: int, at: int, line: int) -> None:
    raw = TEXT.encode("cp1252")
    broken = [one.encode() for one in LINES]
    broken[line] += noise
    data = (noise, raw[:at] + noise + raw[at:], raw[:at] + noise[:1] + raw[at + 1 :], b"\r\n".join(broken))[way]
    try:
        read = parse(data)
        found = validate(data, AUGUST)
    except DataError as error:
        assert error.mend and error.where
        return
    assert all(row.error is None or row.error.mend for row in read.rows)
    assert {row.row for row in read.rows if row.error} <= {one.line for one in found}
    if not any(row.error for row in read.rows):
        assert render(parse(render(read.file())).file()) == render(read.file())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1;02.08.2026;1,00;3;3040;26;", "row 15, abrechnung_zeitraum: is not the first of a month"),
        ("1;2026-08-01;1,00;3;3040;26;", "not a date"),
        ("1;01.13.2026;1,00;3;3040;26;", "not a date"),
        ("1;01.08.2026;1.00;3;3040;26;", "row 15, bs_wert_butab: not a number of two decimals"),
        ("1;01.08.2026;1,005;3;3040;26;", "two decimals"),
        ("1;01.08.2026;1,00;3;3040;0;", "row 15, pnr: is not from 1 to 99999"),
        ("1;01.08.2026;1,00;3;3040;100000;", "pnr: is not from"),
        ("1;01.08.2026;1,00;3;;26;", "row 15, la_eigene: is empty"),
        ("1;01.08.2026;1,00;0;3040;26;", "bs_nr: is not from 1"),
        ("1;01.08.2026;1,00;3;3040;26;K1;", "more fields than described"),
        ("2;01.08.2026;1,00;3;3040;26;", "does not describe"),
        ("1;01.08.2026;'1,00;3;3040;26;", "not closed"),
    ],
)
def test_a_bad_line_is_an_error_of_its_own(line: str, said: str) -> None:
    lines = [*LINES[:14], line, LINES[14]]
    bad, good = parse("\n".join(lines).encode()).rows
    assert said in str(bad.error)
    assert good.get() == ONE


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Ziel=LODAS", "Ziel=LUG", "not for LODAS"),
        ("BeraterNr=1234567", "BeraterNr=12345678", "1 to 7 digits"),
        ("MandantenNr=12345\r\n", "", "no MandantenNr"),
        ("TT.MM.JJJJ", "MM/TT/JJ", "Datumsformat"),
        ("Zahlenkomma=,", "Zahlenkomma=;", "Zahlenkomma"),
        ("[Bewegungsdaten]", "[Bewegung]", "not known"),
        (BOOKING, "u_lod_psd_mitarbeiter", "no bookings are described"),
        ("la_eigene#bwd;", "", "bookings without la_eigene"),
        ("pnr#bwd;", "pnr#bwd;pnr#bwd;", "stands twice"),
        ("[Allgemein]\r\n", "", "before the first section"),
        ("Ziel=LODAS", "Ziel=LODAS\r\nZiel=LODAS", "stands twice"),
        ("[Allgemein]", "\x81", "not Windows-1252"),
    ],
)
def test_a_file_that_is_not_what_it_claims_is_refused(old: str, new: str, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        parse(TEXT.replace(old, new).encode("latin-1"))


def test_master_data_and_large_files_are_not_passed_over() -> None:
    described = f"1;{BOOKING};{';'.join(f'{n}#bwd' for n in ('abrechnung_zeitraum', 'bs_wert_butab'))}"
    assert described in TEXT
    (row,) = parse(TEXT.partition("[Bewegungsdaten]")[0].encode() + b"[Stammdaten]\r\n2;26;Ann;").rows
    assert "master data" in str(row.error)
    with pytest.raises(FormatError, match="larger than"):
        parse(b" " * (MAX_BYTES + 1))
    with pytest.raises(DataError, match="Split it"):
        render(LodasFile(HEAD, (ONE,) * 120_000))


def test_only_this_year_and_the_one_before_can_be_corrected() -> None:
    months = [Month(2024, 12), Month(2025, 1), Month(2026, 8), Month(2027, 1)]
    data = render(LodasFile(HEAD, tuple(replace(ONE, month=month) for month in months)))
    assert [(one.line, one.code, one.field) for one in validate(data, AUGUST)] == [
        (15, "closed-year", "abrechnung_zeitraum"),
        (18, "ahead", "abrechnung_zeitraum"),
    ]


def test_the_same_booking_twice_is_told_for_lodas_books_both() -> None:
    other = replace(ONE, value=1)
    found = validate(render(LodasFile(HEAD, (ONE, other, replace(ONE, key=4)))), AUGUST)
    assert [(one.line, one.code) for one in found] == [(16, "twice")]


@pytest.mark.parametrize(
    ("text", "refused", "written"),
    [
        ("Grün & Söhne €", False, "Grün & Söhne €"),
        ("Łódź", True, "Lódz"),
        ("Dvořák  Ş", True, "Dvorák S"),
        ("u\u0308ber", False, "über"),
    ],
)
def test_what_windows_1252_does_not_have(text: str, refused: bool, written: str) -> None:
    if refused:
        with pytest.raises(DataError, match="Windows-1252 does not have") as caught:
            to_cp1252(text, Characters.REFUSE)
        assert text not in str(caught.value)
    else:
        assert to_cp1252(text, Characters.REFUSE) == written
    assert to_cp1252(text, Characters.TRANSLITERATE) == written


@pytest.mark.parametrize("text", ["東京", "Отдел", "a\x00b", "☃"])
def test_what_has_no_latin_letters_is_refused_by_either(text: str) -> None:
    for policy in Characters:
        with pytest.raises(DataError):
            to_cp1252(text, policy)
    with pytest.raises(DataError, match="booking 1, kostenstelle"):
        render(LodasFile(HEAD, (replace(ONE, cost_center=text),)), Characters.TRANSLITERATE)


@given(st.text(max_size=20))
def test_a_text_is_written_or_refused_never_spoilt(text: str) -> None:
    try:
        line = to_cp1252(text, Characters.TRANSLITERATE)
    except DataError:
        return
    assert line.encode("cp1252").decode("cp1252") == line
    assert "?" not in line or "?" in text or "\uff1f" in text or "\u2047" in text or any(ord(c) > 255 for c in text)
    assert to_cp1252(line, Characters.REFUSE) == line


def test_a_head_takes_no_second_line() -> None:
    for others in ({"A": "x\r\n[Bewegungsdaten]"}, {"Ziel": "LUG"}, {"A": "日"}, {"A B": "x"}):
        with pytest.raises(DataError):
            replace(HEAD, others=others)


def test_the_page_about_these_files_runs(root: Path) -> None:
    failed, tried = doctest.testfile(str(root / "docs" / "datev.md"), module_relative=False)
    assert (failed, tried > 5) == (0, True)
