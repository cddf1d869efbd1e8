"""Delimited text: what is recognised, what is refused, and that a guarded cell comes back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benehub.errors import FormatError
from benehub.formats.delimited import read_delimited, write_delimited
from benehub.formats.guard import guarded, unguarded


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encoding_and_delimiter_are_recognised(delimiter: str, encoding: str) -> None:
    text = f"name{delimiter}city\r\nMüller{delimiter}Köln\r\n"
    table = read_delimited(text.encode(encoding))
    assert table.header == ("name", "city")
    assert table.rows[0].cells == ("Müller", "Köln")
    assert not table.problems


def test_lines_count_blank_lines_and_breaks_inside_cells() -> None:
    table = read_delimited(b'\na,b\n\n1,"x\ny"\n2,z\n')
    assert [(row.line, row.cells) for row in table.rows] == [(4, ("1", "x\ny")), (6, ("2", "z"))]


def test_a_row_of_another_width_is_a_problem_and_the_rest_is_read() -> None:
    table = read_delimited(b"a,b\n1,2\n1,2,3\n1\n4,5\n")
    assert [row.line for row in table.rows] == [2, 5]
    assert [(p.line, p.reason) for p in table.problems] == [
        (3, "3 cells where the header has 2"),
        (4, "1 cells where the header has 2"),
    ]


def test_an_open_quote_is_a_problem_that_says_what_it_swallowed() -> None:
    table = read_delimited(b'a,b\n1,2\n3,"4\n5,6\n')
    assert [row.line for row in table.rows] == [2]
    assert table.problems[0].line == 3
    assert "swallowed" in table.problems[0].reason


def test_a_stray_quote_costs_its_own_row_only() -> None:
    table = read_delimited(b'a,b\n"1"x,2\n3,4\n')
    assert [row.line for row in table.rows] == [3]
    assert [p.line for p in table.problems] == [2]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"a,A\n1,2\n", b"a\x00b\n", b"PK\x03\x04\x81\x00", b'"a,b\n1,2\n'])
def test_what_is_no_table_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_delimited(data)


def test_sizes_are_limited() -> None:
    with pytest.raises(FormatError, match="bytes"):
        read_delimited(b"a,b\n1,2\n", max_bytes=5)
    with pytest.raises(FormatError, match="rows"):
        read_delimited(b"a\n1\n2\n3\n", max_rows=2)


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-cmd|' /C calc'!A0", "@SUM(A1)", "\tx", "\rx", "-5-5"])
def test_formulas_are_guarded(text: str) -> None:
    assert guarded(text) == f"'{text}"
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["-12.50", "+5", "0.1", "O'Neil", "", "1-2"])
def test_numbers_and_names_are_not(text: str) -> None:
    assert guarded(text) == text


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="'=+-@\t1a.", max_size=6))
def test_the_guard_loses_nothing(text: str) -> None:
    assert unguarded(guarded(text)) == text


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.text(alphabet='a,";\n\r=é', max_size=5), st.just("x")), max_size=5))
def test_what_is_written_is_read(rows: list[tuple[str, str]]) -> None:
    table = read_delimited(write_delimited(("p", "q"), rows))
    assert [tuple(map(unguarded, row.cells)) for row in table.rows] == rows
    assert not table.problems


def test_the_writer_refuses_a_row_of_another_width() -> None:
    with pytest.raises(FormatError):
        write_delimited(("a", "b"), [("1",)])


def test_the_repr_of_a_row_shows_no_cell() -> None:
    assert "SECRET" not in repr(read_delimited(b"a\nSECRET\n"))


def test_a_forgotten_header_shows_nobody() -> None:
    with pytest.raises(FormatError) as caught:
        read_delimited(b"Doe,Doe,012-34-5678\nRoe,Jo,012-34-5679\n")
    assert "doe" not in str(caught.value).casefold()
