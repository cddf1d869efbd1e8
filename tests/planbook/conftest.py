"""A plan book of the usual parts, and a way to change one place in it; the examples that ship are tested apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Changed = Callable[..., str]


@pytest.fixture(scope="session")
def example() -> str:
    """Text of the book beside this file."""
    return Path(__file__).with_name("book.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def changed(example: str) -> Changed:
    """The example with the first `old` replaced; an `old` that is not there is a mistake of the test."""

    def change(old: str, new: str) -> str:
        assert old in example, old
        return example.replace(old, new, 1)

    return change
