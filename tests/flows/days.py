"""A story of payroll that is told day by day."""

from __future__ import annotations

from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from benehub.connect.connector import Incoming
from benehub.flows import Hub


class Days:
    """A hub, its day, and the register that its payroll has told so far."""

    def __init__(self, hub: Hub, fakehub: ModuleType, patch: pytest.MonkeyPatch) -> None:
        self.hub, self.fakehub, self.patch = hub, fakehub, patch
        self.runs = 0
        self.register: list[Incoming] = []

    def day(self, month: int, day: int) -> None:
        """It is this day."""
        self.patch.setattr(self.fakehub, "NOW", datetime(2026, month, day, 12, tzinfo=UTC))

    def flow(self, name: str, *arguments: Any) -> Any:
        """A flow runs."""
        self.runs += 1
        return self.hub.start_flow(name, "acme", f"{name}/{self.runs}", *arguments)

    def post(self, month: int) -> Any:
        """The register is read as it is now, and posted."""
        self.runs += 1
        rows = [Incoming(one.key, one.data, row=number) for number, one in enumerate(self.register, 1)]
        self.fakehub.FakeConnector.rows["register_line"] = rows
        self.hub.start_flow("sync", "acme", f"r{self.runs}", "payroll", "register_line", f"r{self.runs}", False)
        return self.flow("payroll.results", "payroll", f"2026-{month:02d}")
