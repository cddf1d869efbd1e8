"""A ledger to post to, in few words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from benehub.ledger import Leg, NewEntry

Make = Callable[..., NewEntry]


@pytest.fixture
def make() -> Make:
    """make(key, "1900 +200", "1300 -200", day=, unit=, ...): an entry of whole minor units."""

    def make(
        key: str, *legs: str, day: date = date(2026, 1, 1), unit: str = "USD",
        dims: dict[str, Any] | None = None, **more: Any,
    ) -> NewEntry:  # fmt: skip
        parts = [leg.split() for leg in legs]
        made = tuple(Leg(account, unit, int(amount), **(dims or {})) for account, amount in parts)
        return NewEntry(key, more.pop("type", "test"), day, made, more.pop("source", "test"), **more)

    return make
