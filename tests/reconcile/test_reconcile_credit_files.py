"""Two files of contributions against each other: every class, exact amounts, and errors that name file and column."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benehub.errors import DataError, FormatError
from benehub.reconcile.credit_files import compare

SENT = "ssn,plan,source,pay_date,amount"
CREDITED = "credit_id,ssn,plan,source,pay_date,trade_date,amount"
DAY, TRADED, LATE = "2026-11-13", "2026-11-16", "2026-11-25"


def write(folder: Path, sent: list[str], credited: list[str]) -> tuple[Path, Path]:
    one, other = folder / "sent.csv", folder / "credits.csv"
    one.write_text("\n".join([SENT, *sent]) + "\n")
    other.write_text("\n".join([CREDITED, *(f"C{number},{row}" for number, row in enumerate(credited))]) + "\n")
    return one, other


def found(folder: Path, sent: list[str], credited: list[str]) -> list[tuple[str, str, int, int]]:
    rows = compare(*write(folder, sent, credited), 5).iter_rows(named=True)
    return [(row["type"], row["source"], row["sent"], row["credited"]) for row in rows]


@pytest.mark.parametrize(
    ("source", "credited", "expected"),
    [
        ("EE_PRETAX", [f"1,p,EE_PRETAX,{DAY},{TRADED},100.05"], []),
        ("EE_PRETAX", [f"1,p,EE_PRETAX,{DAY},{TRADED},60.00", f"1,p,EE_PRETAX,{DAY},{TRADED},40.05"], []),
        ("EE_PRETAX", [], [("DEPOSITED_NOT_CREDITED", "EE_PRETAX", 10005, 0)]),
        ("EE_PRETAX", [f"1,p,EE_PRETAX,{DAY},{TRADED},100.04"], [("CREDITED_SHORT", "EE_PRETAX", 10005, 10004)]),
        ("EE_PRETAX", [f"1,p,EE_PRETAX,{DAY},{TRADED},101"], [("CREDITED_OVER", "EE_PRETAX", 10005, 10100)]),
        ("EE_PRETAX", [f"1,p,EE_PRETAX,{DAY},{TRADED},100.05"] * 2, [("DUPLICATE_CREDIT", "EE_PRETAX", 10005, 20010)]),
        ("EE_PRETAX", [f"1,p,EE_ROTH,{DAY},{TRADED},100.05"], [("WRONG_SOURCE", "EE_PRETAX", 10005, 0)]),
        ("EE_ROTH", [f"1,p,EE_PRETAX,{DAY},{TRADED},100.05"], [("WRONG_SOURCE", "EE_ROTH", 10005, 0)]),
        ("ER_MATCH", [f"1,p,EE_ROTH,{DAY},{TRADED},100.05"],
         [("UNKNOWN_PARTICIPANT", "EE_ROTH", 0, 10005), ("DEPOSITED_NOT_CREDITED", "ER_MATCH", 10005, 0)]),
        ("EE_PRETAX", [f"1,p,EE_PRETAX,{DAY},{LATE},100.05"], [("LATE", "EE_PRETAX", 10005, 10005)]),
    ],
)  # fmt: skip
def test_each_class(
    tmp_path: Path, source: str, credited: list[str], expected: list[tuple[str, str, int, int]]
) -> None:
    assert found(tmp_path, [f"1,p,{source},{DAY},100.05"], credited) == expected


def test_two_lines_that_offset_each_other_stay_two(tmp_path: Path) -> None:
    sent = [f"1,p,EE_PRETAX,{DAY},50.00", f"1,p,ER_MATCH,{DAY},50.00"]
    credited = [f"1,p,EE_PRETAX,{DAY},{TRADED},60.00", f"1,p,ER_MATCH,{DAY},{TRADED},40.00"]
    assert [row[0] for row in found(tmp_path, sent, credited)] == ["CREDITED_OVER", "CREDITED_SHORT"]


amounts = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(("EE_PRETAX", "ER_MATCH")), st.integers(-9999, 99999)))


@given(sent=amounts, credited=amounts)
def test_what_differs_is_what_a_plain_loop_finds(
    tmp_path_factory: pytest.TempPathFactory, sent: list[tuple[int, str, int]], credited: list[tuple[int, str, int]]
) -> None:
    def text(minor: int) -> str:
        return f"{'-' if minor < 0 else ''}{abs(minor) // 100}.{abs(minor) % 100:02d}"

    folder = tmp_path_factory.mktemp("files")
    files = write(
        folder, [f"{who},p,{source},{DAY},{text(minor)}" for who, source, minor in sent],
        [f"{who},p,{source},{DAY},{TRADED},{text(minor)}" for who, source, minor in credited],
    )  # fmt: skip
    sums: dict[tuple[str, str], list[int]] = {}
    for place, path in enumerate(files):
        for row in csv.DictReader(path.open()):
            sums.setdefault((row["ssn"], row["source"]), [0, 0])[place] += int(row["amount"].replace(".", ""))
    rows = compare(*files, 5)
    assert {(one["ssn"], one["source"]): [one["sent"], one["credited"]] for one in rows.iter_rows(named=True)} == {
        key: both for key, both in sums.items() if both[0] != both[1]
    }


def test_a_file_that_cannot_be_compared_is_refused_by_name(tmp_path: Path) -> None:
    good = f"1,p,EE_PRETAX,{DAY},100.05"
    with pytest.raises(DataError, match="no such file"):
        compare(tmp_path / "none.csv", tmp_path / "none.csv", 5)
    for odd in ("1,234.00", "100.055", "100.5", "+5.00", "1e3", "", "$5"):
        sent, credited = write(tmp_path, [good, f'2,p,EE_PRETAX,{DAY},"{odd}"'], [])
        with pytest.raises(DataError, match=r"1 amounts are none.*") as told:
            compare(sent, credited, 5)
        assert sent.name in str(told.value)
    sent, credited = write(tmp_path, ["1,p,EE_PRETAX,13.11.2026,5.00"], [])
    with pytest.raises(DataError, match="a day is none"):
        compare(sent, credited, 5)
    credited.write_text("ssn,plan\n")
    with pytest.raises(FormatError, match="missing"):
        compare(credited, credited, 5)
