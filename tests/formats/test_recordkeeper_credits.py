"""The credit report: round trip, lost zeros, unknown sources."""

from __future__ import annotations

from datetime import date

import pytest
from benehub.errors import FormatError
from benehub.formats.recordkeeper_credits import COLUMNS, CreditRow, parse, render
from benehub.records import Credit, Source

ROW = CreditRow(
    "CR000001",
    "012345678",
    "=DOE",
    "Zoë",
    "401k",
    Source.EE_ROTH,
    date(2026, 11, 6),
    date(2026, 11, 10),
    12345,
)


def lines(*rows: str) -> bytes:
    return ("\r\n".join([",".join(COLUMNS), *rows]) + "\r\n").encode()


def test_round_trip() -> None:
    data = render([ROW])
    parsed = parse(data)
    assert parsed.rows == (ROW,)
    assert parsed.problems == ()
    assert render(parsed.rows) == data
    assert b"012-34-5678" in data


def test_fields_are_those_of_the_record() -> None:
    assert set(CreditRow.__slots__) == set(Credit.model_fields)


def test_bad_rows_are_problems_without_values() -> None:
    good = "CR1,012-34-5678,Doe,Jo,401k,EE_PRETAX,2026-11-06,2026-11-10,1.00"
    parsed = parse(
        lines(
            good.replace("012-34-5678", "12345678"),
            good.replace("EE_PRETAX", "EE_GOLD"),
            good.replace("1.00", "1.001"),
            good.replace("2026-11-10", "2026-13-10"),
            good + ",more",
            good,
        )
    )
    assert len(parsed.rows) == 1
    assert [p.line for p in parsed.problems] == [2, 3, 4, 5, 6]
    assert "ssn" in parsed.problems[0].reason
    assert "zeros" in parsed.problems[0].mend
    assert "12345678" not in repr(parsed)


def test_another_header_is_refused_without_showing_it() -> None:
    with pytest.raises(FormatError) as caught:
        parse(b"Doe,Jane,012-34-5678\n")
    assert "Doe" not in str(caught.value)
    with pytest.raises(FormatError, match="order"):
        parse(",".join(reversed(COLUMNS)).encode())


def test_no_ssn_leaves_without_its_zeros() -> None:
    with pytest.raises(FormatError):
        render([CreditRow("1", "12345678", "A", "B", "p", Source.EE_ROTH, date.min, date.min, 1)])


def test_repr_hides_the_person() -> None:
    assert "012345678" not in repr(ROW)
    assert "DOE" not in repr(ROW)
