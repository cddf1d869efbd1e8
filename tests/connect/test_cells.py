"""A row's faults: all of them, each with field and mend, none with a value."""

from __future__ import annotations

import re
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.connect.cells import Cells, all_named, find, german_number
from benehub.connect.connector import Incoming

FILL = "fill it in Acme, then read again"


def cells(**raw: Any) -> Cells:
    return Cells(raw, "Acme")


def test_all_faults_of_a_row_come_at_once_and_nothing_else_of_it() -> None:
    row = cells(name=" ", born="31.12.1980", ssn="1020003", kind=["a"], note="secret")
    for read, name in ((row.needed, "name"), (row.date, "born"), (row.ssn, "ssn"), (row.text, "kind")):
        read(name)
    told = row.incoming("7", {"first_name": "x"}, 3, frozenset())
    assert (told.key, told.row, told.data, told.extra) == ("7", 3, {}, {})
    assert told.problem.split("; ") == [
        f"name is empty, or the API user may not see it: {FILL}",
        "born is no date (shape '99.99.9999'): correct it in Acme, then read again",
        "ssn is no SSN (shape '9999999'): write all nine digits with their leading zeros in Acme, then read again",
        "kind holds a list instead of text: correct it in Acme, then read again",
    ]


def test_a_sound_row_keeps_what_was_not_used() -> None:
    row = cells(id=7, name=" Ada ", note="kept", empty="", none=None)
    told = row.incoming(row.needed("id"), {"first_name": row.needed("name")}, 1, frozenset({"id", "name"}))
    assert told == Incoming("7", {"first_name": "Ada"}, {"note": "kept"}, row=1)


@pytest.mark.parametrize("text", ["", None, "0000-00-00"])
def test_a_day_that_is_none(text: str | None) -> None:
    row = cells(day=text)
    assert row.date("day") is None and not row.problems
    assert row.date("day", needed=True) is None and row.problems == [
        f"day is empty, or the API user may not see it: {FILL}"
    ]


@pytest.mark.parametrize("text", ["001020003", "001-02-0003", "001 02 0003"])
def test_nine_digits_however_they_are_written(text: str) -> None:
    assert cells(ssn=text).ssn("ssn") == "001020003"


def test_a_masked_ssn_is_said_to_be_masked() -> None:
    row = cells(ssn="xxx-xx-0003")
    assert row.ssn("ssn") is None
    assert row.problems == ["ssn is masked: let the API user see it, then read again"]


def test_an_ssn_that_is_not_there_is_none_and_no_fault() -> None:
    row = cells(ssn=" ")
    assert (row.ssn("ssn"), row.ssn("other"), row.ssn(""), row.problems) == (None, None, None, [])


@pytest.mark.parametrize(
    ("text", "german"),
    [("15 070649 C 103", True), ("15070649c103", True), ("86095742719", True), ("86 095 742 719", True),
     ("900110001", False), ("", False)],
)  # fmt: skip
def test_german_numbers_are_known(text: str, german: bool) -> None:
    assert german_number(text) is german


@given(st.text(string.digits + string.ascii_letters + " -.", min_size=4, max_size=20))
def test_no_value_shows_in_a_problem(value: str) -> None:
    row = cells(f=value)
    row.ssn("f")
    row.date("f")
    runs = [run for run in re.findall(r"[0-9]{3,}", value) if run.strip("9")]  # a shape writes every digit as 9
    assert not any(run in problem for run in runs for problem in row.problems)


def test_an_employers_own_words_come_first() -> None:
    usual = {"full time": "F", "part time": "P"}
    assert [find(word, usual, {"Full Time": "own"}) for word in (" full TIME ", "Part time", "other", "")] == [
        "own", "P", None, None,
    ]  # fmt: skip


def test_a_row_without_an_id_of_the_vendors_may_be_anybodys() -> None:
    assert all_named([Incoming("7", {}), Incoming("arrow 8", {})])
    assert not all_named([Incoming("7", {}), Incoming("row 8", {})])
