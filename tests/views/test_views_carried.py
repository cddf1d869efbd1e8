"""Whom a dispatch tells of: everybody is counted, whichever way it was owed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from benehub import dispatch, obligations
from benehub.connect.capabilities import Guard
from benehub.dispatch import Frozen
from benehub.obligations import Wanted
from benehub.store import Session, Store
from benehub.store.tables import connection
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
