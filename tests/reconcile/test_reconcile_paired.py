"""Two lists in order, told where they differ: held to what plain dicts say, however the lists come in parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from benehub.reconcile.paired import Cells, differing

ROWS = st.lists(st.tuples(st.sampled_from([None, "a", "b", "c", "d"]), st.integers(0, 2)), max_size=12)


def parts(rows: list[Cells], size: int) -> Iterator[list[Cells]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def in_order(rows: list[Cells]) -> list[Cells]:
    return sorted(rows, key=lambda row: (row[0] is not None, row[0] or ""))


def by_key(rows: list[Cells]) -> dict[str | None, list[Cells]]:
    found: dict[str | None, list[Cells]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found


@given(ROWS, ROWS, st.integers(1, 4), st.integers(1, 4))
def test_each_key_whose_rows_differ_is_told_once_with_all_of_them(
    left: list[Cells], right: list[Cells], one: int, other: int
) -> None:
    left, right = in_order(left), in_order(right)
    ours, theirs = by_key(left), by_key(right)
    wanted = {key: (ours[key], theirs[key]) for key in {*ours, *theirs} if ours[key] != theirs[key]}
    told = list(differing(parts(left, one), parts(right, other), 1))
    assert {(mine or yours)[0][0]: (mine, yours) for mine, yours in told} == wanted
    assert len(told) == len(wanted)
