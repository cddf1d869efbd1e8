"""A connector written before mailboxes were wired is opened as ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benehub.flows import Hub


def test_a_mailbox_that_takes_no_wiring_is_opened(
    sqlite_url: str, tmp_path: Path, open_hub: Callable[..., Hub], fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = open_hub(sqlite_url)
    fakehub.set_up(made, tmp_path / "vendor", "read_back")
    now = fakehub.FakeConnector.mailbox

    def before(self: Any, settings: Any, secret: Mapping[str, str]) -> Any:
        return now(self, settings, secret)

    monkeypatch.setattr(fakehub.FakeConnector, "mailbox", before)
    with made.open("acme", "payroll") as opened:
        assert opened.link.mailbox is not None
