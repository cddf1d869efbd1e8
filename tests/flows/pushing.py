"""Three employees whose deductions are pushed, and the vendor they are pushed to: what tests of sending ask of both."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import select

from benehub import ledger
from benehub.flows import Hub
from benehub.store.tables import dispatch as dispatch_table
from benehub.store.tables import obligation


class Pushing:
    """A hub whose people wait to be pushed, and the vendor; `guard` is what the connector declares."""

    def __init__(self, hub: Hub, fakehub: ModuleType, folder: Path, guard: str) -> None:
        self.hub, self.fakehub, self.folder, self.guard = hub, fakehub, folder, guard
        fakehub.set_up(hub, folder, guard)
        self.vendor = fakehub.Vendor(str(folder))
        self.pushes = 0

    def push(self, *script: str) -> dict[str, int]:
        """Push once more; `script` is what the vendor does to the next writes. Gives how many ended how."""
        self.pushes += 1
        self.fakehub.Vendor.script = list(script)
        tally = self.fakehub.run(self.hub, self.fakehub.PUSH, f"push {self.pushes}")
        self.fakehub.Vendor.script = []
        return {name: tally[name] for name in tally if name not in ("opened", "unchanged", "adopted", "unlinked")}

    def rows(self, table: Any) -> list[Any]:
        """All rows of a table, from a ledger that verifies."""
        with self.hub.store.read("acme") as session:
            assert ledger.verify(session).ok
            return list(session.rows(select(table).order_by(table.c.seq)))

    def only(self, state: str) -> Any:
        """The one dispatch in a state."""
        (found,) = [row for row in self.rows(dispatch_table) if row.state == state]
        return found

    def states(self) -> list[str]:
        """Every dispatch's state, sorted."""
        return sorted(row.state for row in self.rows(dispatch_table))

    def owed(self) -> list[str]:
        """Every obligation's state, sorted."""
        return sorted(row.state for row in self.rows(obligation))
