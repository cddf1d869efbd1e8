"""The credit report: round trip, lost zeros, unknown sources, nothing of a person in a message."""

from __future__ import annotations

from datetime import date

import pytest

from benehub.errors import DataError, FormatError
from benehub.formats.recordkeeper_credits import LAYOUT, CreditKind, CreditRow, parse, render
from benehub.formats.rows import records
from benehub.records import Source

DAYS = (date(2026, 11, 6), date(2026, 11, 10))
ROW = CreditRow("CR000001", "012345678", "401k", Source.EE_ROTH, *DAYS, 12345, "=DOE", "Zoë")
GOOD = "CR1,012-34-5678,Doe,Jo,401k,EE_PRETAX,2026-11-06,2026-11-10,1.00"


COLUMNS = "credit_id,ssn,last_name,first_name,plan,source,pay_date,trade_date,amount"


def file(*rows: str) -> bytes:
    return ("\r\n".join([COLUMNS, *rows]) + "\r\n").encode()


def test_the_columns() -> None:
    assert ",".join(LAYOUT.header) == f"{COLUMNS},kind"


def test_the_kind_may_be_left_out_and_tells_earnings_apart() -> None:
    (plain,) = records(parse(file(GOOD)))
    (told,) = records(parse(f"{COLUMNS},kind\r\n{GOOD},earnings\r\n".encode()))
    assert (plain.kind, told.kind) == (CreditKind.CONTRIBUTION, CreditKind.EARNINGS)


def test_round_trip() -> None:
    data = "".join(render([ROW])).encode()
    assert list(records(parse(data))) == [ROW]
    assert "".join(render(records(parse(data)))).encode() == data
    assert b"012-34-5678" in data
    assert b"'=DOE" in data


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("012-34-5678", "12345678", "ssn"),
        ("012-34-5678", "", "ssn"),
        ("401k", "", "plan"),
        ("EE_PRETAX", "EE_GOLD", "source"),
        ("1.00", "1.001", "amount"),
        ("2026-11-10", "2026-13-10", "trade_date"),
        (",1.00", ",1.00,more", ""),
    ],
)
def test_a_bad_row_is_an_error_of_its_own(old: str, new: str, column: str) -> None:
    bad, good = parse(file(GOOD.replace(old, new), GOOD))
    assert (bad.row, bad.record) == (2, None)
    assert bad.error is not None
    assert column in str(bad.error)
    assert bad.error.mend
    assert not new or new not in str(bad.error)
    assert good.get().amount == 100


def test_lost_zeros_are_named() -> None:
    (bad,) = parse(file(GOOD.replace("012-34-5678", "12345678")))
    assert "zeros" in str(bad.error)


@pytest.mark.parametrize("data", [b"", b"a,b\n", ",".join(reversed(LAYOUT.header)).encode()])
def test_another_header_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse(data)


def test_no_ssn_leaves_without_its_zeros() -> None:
    with pytest.raises(DataError, match="ssn"):
        list(render([CreditRow("1", "12345678", "p", Source.EE_ROTH, *DAYS, 1)]))


def test_repr_hides_ssn_and_amount() -> None:
    assert "012345678" not in repr(ROW)
    assert "12345" not in repr(ROW)


def test_a_value_that_slipped_into_the_header_is_masked() -> None:
    header = ",".join((*LAYOUT.header, "900-11-0001"))
    with pytest.raises(FormatError, match=r"\*\*\*-\*\*-\*\*\*\*") as caught:
        list(parse(f"{header}\n".encode()))
    assert "900-11-0001" not in str(caught.value)
