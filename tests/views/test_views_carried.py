"""Whom a dispatch tells of: everybody is counted, whichever way it was owed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from benehub import dispatch, obligations, plugins
from benehub.connect.capabilities import Guard
from benehub.dispatch import Frozen
from benehub.flows import Hub, dispatches
from benehub.obligations import Wanted
from benehub.store import Session, Store
from benehub.store.tables import connection
from benehub.store.tables import dispatch as table
from benehub.views import carried as view

DAY = date(2026, 11, 30)
ANN, BEN, KIM = (f"per_{number:020}" for number in range(3))
FAMILY = {"members": [{"person": ANN}, {"person": KIM}], "told": {}}


def carried(session: Session, made: str) -> view.Carried:
    """Of whom it tells, as they are named."""
    return view.first_of(view.everybody(session, made))


def frozen(session: Session, kind: str, *owed: tuple[dict[str, Any], str | None], key: str = "") -> str:
    """A dispatch that carries these contents, each owed for a person or for nobody by name."""
    key = key or f"{kind}/vendor"
    wants = [Wanted(kind, f"{key}/{who}" if who else key, "vendor", "2026-11", DAY, DAY, content, person_id=who)
             for content, who in owed]  # fmt: skip
    obligations.want(session, wants)
    made = dispatch.prepare(session, Frozen("vendor", kind, key, kind.encode(), Guard.NONE, len(owed), 0, "USD", "f"))
    obligations.mark(session, [session.id("obl", one.key) for one in wants], "open", "frozen", made)
    return made


@pytest.fixture
def session(store: Store) -> Any:
    """A vendor, and a transaction that writes."""
    with store.write("acme") as writing:
        row = {"connection_id": "vendor", "connector": "x", "settings": {}, "mode": "live"}
        writing.add(connection, [row])
        yield writing


def test_a_file_of_everybody_names_everybody_in_it(session: Session) -> None:
    rows = {"rows": [{"person": ANN}, {"person": BEN}, {"person": ANN}]}
    lines = {"lines": [{"person": BEN}, {"person": ""}]}
    keeper = frozen(session, "contribution.deposit", (rows, None))
    premium = frozen(session, "premium.remit", (lines, None))
    order = {"carrier": "c", "remittance": premium, "reference": "r", "inside": True, "order": ""}
    for made, known in (
        (keeper, [ANN, BEN]),
        (premium, [BEN]),
        (frozen(session, "payment.order", (order, None)), [BEN]),
        (frozen(session, "payment.order", (order | {"inside": False}, None), key="other"), []),
        (frozen(session, "enrollment.full", ({"families": {ANN: FAMILY}, "group": "g"}, None)), [ANN, KIM]),
        (frozen(session, "enrollment.change", (FAMILY, ANN), ({"members": [{"person": BEN}]}, BEN)), [ANN, BEN, KIM]),
        (frozen(session, "deduction.set", ({"amount_minor": 1}, BEN)), [BEN]),
    ):
        assert carried(session, made) == (known, len(known))
    key = "contribution.deposit/vendor"
    again = Wanted("contribution.deposit", key, "vendor", "2026-11", DAY, DAY, rows | {"n": 1})
    obligations.want(session, [again])  # it is owed anew: what has left stays a file of the same people
    assert carried(session, keeper) == ([ANN, BEN], 2)


def test_people_are_counted_beyond_those_that_are_named(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "NAMED", 2)
    each = frozen(session, "deduction.set", *(({"amount_minor": 1}, who) for who in (ANN, BEN, KIM)))
    whole = frozen(session, "deduction.book", ({"rows": [{"person": who} for who in (KIM, BEN, ANN)]}, None))
    for told in (carried(session, each), carried(session, whole), view.whose(session, [each, whole])):
        assert told == ([ANN, BEN], 3)


def test_of_a_file_whose_people_hang_on_a_later_one_nothing_is_kept(store: Store) -> None:
    hub = Hub(store, plugins.build(load_strangers=False))
    owed = [({"members": [{"person": who}]}, who) for who in (ANN, BEN)]
    with store.write("acme") as session:
        session.add(connection, [{"connection_id": "vendor", "connector": "x", "settings": {}, "mode": "live"}])
        made = frozen(session, "enrollment.change", *owed)
        session.change(table, {"dispatch_id": made}, file_name="834.txt", people=None, first_people=None)
        ids = [one.obligation_id for one in obligations.of_dispatch(session, made)]
        obligations.mark(session, ids, "open", "to be sent anew", "dis_later")
    assert dispatches.carried(hub, "acme", made) == ([], 0)
    with store.write("acme") as session:
        assert dispatch.told_of(session, made) is None, "nobody is not what it told of"
        obligations.mark(session, ids, "open", "frozen", made)
    assert dispatches.carried(hub, "acme", made) == ([ANN, BEN], 2)
    with store.read("acme") as session:
        assert dispatch.told_of(session, made) == ([ANN, BEN], 2)
