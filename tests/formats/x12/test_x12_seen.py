"""What a file has shown is told from what it has not, in a few bytes each."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from benehub.formats.x12.seen import Seen


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4_000)), max_size=300), st.booleans())
def test_it_is_a_set(steps: list[tuple[bool, int]], crowded: bool) -> None:
    seen, wanted = Seen(), set[str]()
    if crowded:
        wanted = {str(number) for number in range(2_000)}
        seen.update(wanted)
    for adds, number in steps:
        assert (str(number) in seen) == (str(number) in wanted)
        if adds:
            seen.add(str(number))
            wanted.add(str(number))
    assert all(text in seen for text in wanted)


def test_a_number_takes_a_few_bytes() -> None:
    tracemalloc.start()
    seen = Seen()
    seen.update(f"E{number:08d}" for number in range(50_000))
    told, _ = tracemalloc.get_traced_memory()
    assert "E00049999" in seen and "E00050000" not in seen
    asked, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert told < 50_000 * 10 and asked < 50_000 * 25 and peak < 50_000 * 50
