"""Webhooks of ours: whoever answers is told, however much waits for one who does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benehub.connect.hooks_out import Answer
from benehub.flows import Hub, hook_delivery
from benehub.store.tables import hook_message, hook_subscription


@pytest.fixture
def listened(db_url: str, open_hub: Callable[..., Hub], fakehub: ModuleType, tmp_path: Path) -> Hub:
    """One who never answers, with more waiting for him than is tried at once; and one who answers."""
    hub = open_hub(db_url)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    with hub.store.write("acme") as session:
        at = session.now()
        session.add(hook_subscription, [
            {"subscription_id": name, "url": f"https://{name}.example", "events": ["period.closed"], "secret": "env:X",
             "state": "on", "who": "ann", "made_at": at}
            for name in ("silent", "awake")
        ])  # fmt: skip
        waiting = [("silent", number) for number in range(hook_delivery.AT_ONCE + 1)] + [("awake", 1), ("awake", 2)]
        session.add(hook_message, [
            {"message_id": f"m{number}{name}", "subscription_id": name, "event": "period.closed", "ref": "2026-09",
             "at": at, "state": "waiting", "tries": 0, "next_at": "2020" if name == "silent" else "2021",
             "ended_at": None, "reason": ""}
            for name, number in waiting
        ])  # fmt: skip
    return hub


def test_a_silent_receiver_holds_up_no_other(listened: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    def sent(_hub: Hub, row: Any) -> Answer:
        told.append(row.message_id)
        return Answer(200, "") if row.subscription_id == "awake" else Answer(0, "nobody answers")

    monkeypatch.setattr(hook_delivery, "_sent", sent)
    done = hook_delivery.deliver(listened)
    assert (done.delivered, done.failed) == (2, 1)
    assert told == ["m0silent", "m1awake", "m2awake"]
