"""Leave of years is counted order by order: none is kept for what is told of a pay date."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from benehub import planbook
from benehub.dispatch.standing import Pair, Waiting
from benehub.flows import push_guard
from benehub.planbook.parts.employer import PushGuard
from benehub.store import Session, Store
from benehub.testing.kithub import BOOK as TEXT

PART, PARTS = 50, 40
BOOK = planbook.load(TEXT, "book")


class Order(dict[str, Any]):
    """An order whose end is seen."""

    alive = 0
    most = 0

    def __init__(self, day: str) -> None:
        super().__init__(pay_group="monthly", pay_date=day, minutes=60, employee="1")
        Order.alive += 1
        Order.most = max(Order.most, Order.alive)
        weakref.finalize(self, Order.gone)

    @classmethod
    def gone(cls) -> None:
        """One is kept no more."""
        cls.alive -= 1


def before(*_: object) -> Iterator[list[Pair]]:
    """Years of pay dates, each part with as much leave as the others."""
    for part in range(PARTS):
        day = f"20{part:02}-01-15"
        yield [Pair(f"leave/{day}/{number}", Order(day), None) for number in range(PART)]


def now(session: Session, ids: list[str]) -> Iterator[Order]:
    """What is told of this pay date."""
    return (Order("2026-11-15") for _ in ids)


def test_no_order_is_kept_in_memory(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benehub.flows.push_guard.dispatch.held_against", before)
    monkeypatch.setattr("benehub.flows.push_guard.dispatch.contents", now)
    Order.alive = Order.most = 0
    rows = [
        Waiting(f"dis_{number}", "leave.take", f"leave/2026-11-15/{number}", 1, False, 0) for number in range(3 * PART)
    ]
    with store.write("acme") as session:
        found = push_guard.effect(session, "keeper", rows, PushGuard(floor=0), BOOK)
    assert found.growth == 200
    assert Order.most <= 2 * PART + 2
