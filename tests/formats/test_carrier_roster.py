"""The roster: inclusive in the file, half-open in the hub."""

from __future__ import annotations

from datetime import date

from benehub.formats.carrier_roster import RosterRow, parse, render
from benehub.records import RosterMember

OPEN = RosterRow("S1", "S1", "self", "Doe", "Jane", date(1980, 1, 2), "PPO", "FAM", date(2026, 1, 1))
ENDED = RosterRow("S1-01", "S1", "child", "Doe", "Kit", None, "PPO", "", date(2026, 1, 1), date(2026, 12, 1))


def test_round_trip_with_the_last_day_covered_in_the_file() -> None:
    data = render([OPEN, ENDED])
    parsed = parse(data)
    assert parsed.rows == (OPEN, ENDED)
    assert parsed.problems == ()
    assert render(parsed.rows) == data
    assert b"2026-11-30" in data


def test_fields_are_those_of_the_record() -> None:
    assert set(RosterRow.__slots__) == set(RosterMember.model_fields)


def test_no_end_is_also_written_as_the_last_day_of_all() -> None:
    assert parse(render([ENDED]).replace(b"2026-11-30", b"9999-12-31")).rows[0].effective_to is None


def test_bad_rows_are_problems() -> None:
    data = render([OPEN, ENDED, ENDED])
    bad = data.replace(b"2026-11-30", b"2025-11-30", 1).replace(b"1980-01-02", b"02.01.1980")
    parsed = parse(bad)
    assert parsed.rows == (ENDED,)
    assert [p.line for p in parsed.problems] == [2, 3]
    assert "1980" not in repr(parsed)
