"""A month in many payments is asked for by few queries, whole and in order."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import event

from benehub import obligations
from benehub.flows.remittance_parts import AT_ONCE, current, part_key, parts
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.store import Store
from benehub.store.tables import connection

OCTOBER = Month(2026, 10)


def owed(number: int) -> Wanted:
    return Wanted(
        kind="premium.remit", key=part_key("carrier", OCTOBER, number), connection_id="carrier", period="2026-10",
        due=date(2026, 10, 1), send_by=date(2026, 9, 30), content={"lines": []},
    )  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, AT_ONCE, 2 * AT_ONCE + 5])
def test_parts_come_in_order_by_few_queries(store: Store, count: int) -> None:
    with store.write("acme") as session:
        session.add(connection, [{"connection_id": "carrier", "connector": "x", "settings": {}, "mode": "live"}])
        # One behind a gap is none of them.
        obligations.want(session, [owed(number) for number in (*range(1, count + 1), count + 2)])
        asked: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            asked.append(statement)

        event.listen(session.connection, "before_cursor_execute", note)
        found = parts(session, "carrier", OCTOBER)
        assert len(asked) == count // AT_ONCE + 1
    assert [one.key for one in found] == [part_key("carrier", OCTOBER, number) for number in range(1, count + 1)]
    assert not any(one.left or one.posted or one.dispatch_id for one in found)


def test_the_first_that_has_not_left_is_next(store: Store) -> None:
    with store.write("acme") as session:
        session.add(connection, [{"connection_id": "carrier", "connector": "x", "settings": {}, "mode": "live"}])
        assert current(session, "carrier", OCTOBER) == "premium.remit/carrier/2026-10"
        obligations.want(session, [owed(1)])
        assert current(session, "carrier", OCTOBER) == "premium.remit/carrier/2026-10"
