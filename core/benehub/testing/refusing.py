"""Promises of writes that a vendor refuses in its own way: item by item within a 2xx, or for an old lock version."""

from __future__ import annotations

from benehub.testing.checks import Broken, Ground, NotHere, promise
from benehub.testing.pushing import desk

PUSHES = 3
"""Pushes within which a write gets through after a version conflict."""


@promise("write.item-refused", "an item that is refused within a 2xx (207) is not taken for sent, and the others are")
def _item_refused(ground: Ground) -> None:
    with desk(ground) as made:
        refused, items = made.played.stage.item_refused, made.items()
        if refused is None:
            made.push(items)
            log = made.played.wire.log
            if any(call.status == 207 and made.played.wire.is_write(call.method, call.path) for call in log):
                raise Broken("a write is answered 207", "Give the stage `item_refused`, and judge each item")
            raise NotHere("its vendor answers no write item by item")
        made.played.wire.change_write = refused
        states = made.push(items)
        if states[0] == "sent":
            raise Broken(f"{items[0].operation}: a refused item counts as sent", "Judge the item's own code in receipt")
        if set(states[1:]) - {"sent"}:
            raise Broken("one refused item keeps the others back", "Raise DataError for the item alone")


@promise("write.version-conflict", "when somebody else saves it in between, it is looked at again and written once")
def _version_conflict(ground: Ground) -> None:
    with desk(ground) as made:
        touch = made.played.stage.touch
        if touch is None:
            raise NotHere("its vendor has no lock versions")
        refusals = 0
        for one in made.items():
            before, calls = made.effects(), len(made.played.wire.log)
            made.played.wire.before_write = touch
            (state,) = made.push([one])
            for _ in range(PUSHES - 1):
                (state,) = made.push([one]) if state in ("unknown", "prepared") else (state,)
            made.played.wire.before_write = None
            wire = made.played.wire
            writes = [call for call in wire.log[calls:] if wire.is_write(call.method, call.path)]
            refusals += sum(call.status >= 400 for call in writes)
            if state != "sent":
                raise Broken(f"{one.operation}: it ends {state} after a conflict", "Raise `unavailable(sent=False)`")
            if made.effects() - before != 1:
                raise Broken(f"{one.operation}: {made.effects() - before} effects", "Send the version that was read")
        if not refusals:
            raise Broken("the vendor refused no old version", "Send the version that was read; `touch` moves it")
