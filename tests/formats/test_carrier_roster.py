"""The roster: the last day covered in the file, half-open for the hub."""

from __future__ import annotations

from datetime import date

import pytest

from benehub.errors import DataError
from benehub.formats.carrier_roster import LAYOUT, RosterRow, parse, render
from benehub.formats.rows import records

OPEN = RosterRow("S1", "S1", "self", "Doe", "Jane", "PPO", date(2026, 1, 1), date(1980, 1, 2), "FAM")
ENDED = RosterRow("S1-01", "S1", "child", "Doe", "Kit", "PPO", date(2026, 1, 1), last_day=date(2026, 11, 30))


def test_the_columns() -> None:
    assert ",".join(LAYOUT.header) == (
        "member_id,subscriber_id,relationship,last_name,first_name,birth_date,plan,tier,effective_from,effective_to"
    )


def test_round_trip() -> None:
    data = "".join(render([OPEN, ENDED])).encode()
    assert list(records(parse(data))) == [OPEN, ENDED]
    assert "".join(render(records(parse(data)))).encode() == data
    assert b"2026-11-30" in data


def test_the_end_is_the_first_day_not_covered() -> None:
    assert OPEN.end is None
    assert ENDED.end == date(2026, 12, 1)


@pytest.mark.parametrize(("old", "new"), [("2026-11-30", "2025-11-30"), ("1980-01-02", "02.01.1980")])
def test_a_bad_row_is_an_error_of_its_own(old: str, new: str) -> None:
    data = "".join(render([OPEN, ENDED])).replace(old, new).encode()
    bad = [one for one in parse(data) if one.error]
    assert len(bad) == 1
    assert new not in str(bad[0].error)


def test_cover_does_not_end_before_it_begins() -> None:
    with pytest.raises(DataError):
        RosterRow("1", "1", "self", "A", "B", "P", date(2026, 1, 2), last_day=date(2026, 1, 1))


def test_repr_hides_the_birth_date() -> None:
    assert "1980" not in repr(OPEN)
