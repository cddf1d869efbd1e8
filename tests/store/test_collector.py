"""Many rows are read and written without a search for cycles, then or right after; a full one finds them still."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from benehub.store import without_collector


class Ring:
    """Refers to itself."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def searches() -> Iterator[list[int]]:
    """The generations that are gone through, as it happens; nothing is due at first."""
    found: list[int] = []

    def note(phase: str, told: dict[str, int]) -> None:
        if phase == "start":
            found.append(told["generation"])

    gc.collect()
    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)


def test_what_was_made_meanwhile_is_not_gone_through_right_afterwards(searches: list[int]) -> None:
    with without_collector():
        kept = [[number] for number in range(5000)]
    after = [[number] for number in range(100)]
    assert searches == []
    assert len(kept) + len(after) == 5100


def test_the_search_is_on_again_and_finds_what_was_left(searches: list[int]) -> None:
    with without_collector():
        left = weakref.ref(Ring())
    assert left() is not None
    assert gc.isenabled()
    gc.collect()
    assert left() is None
    assert searches == [2]
