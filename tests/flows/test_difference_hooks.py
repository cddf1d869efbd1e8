"""Plugins hear of a difference that a person closes, as of one that closes itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benehub import reconcile
from benehub.errors import DataError
from benehub.flows import Hub
from benehub.flows.reconciling import act
from benehub.hookspecs import hookimpl
from benehub.reconcile import Finding, Relation, Type
from benehub.records.notices import DifferenceNotice


class Listener:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.closed: list[tuple[str, str]] = []
        self.opened: list[tuple[str, str]] = []

    @hookimpl
    def difference_closed(self, difference: DifferenceNotice) -> None:
        """One was closed."""
        self.closed.append((difference.difference, difference.state))

    @hookimpl
    def difference_opened(self, difference: DifferenceNotice) -> None:
        """One was opened."""
        self.opened.append((difference.difference, difference.state))


@pytest.mark.parametrize("state", ["resolved", "dismissed"])
def test_a_persons_word_that_closes_is_told(
    state: str, sqlite_url: str, tmp_path: Path, open_hub: Callable[..., Hub], fakehub: ModuleType
) -> None:
    listener: Any = Listener()
    hub = open_hub(sqlite_url, listener)
    fakehub.set_up(hub, tmp_path / "vendor", "read_back")
    finding = Finding(Relation.LEAVE, Type.PAYOUT_DIFF, "2026-10", "r", "payroll", "payroll", "cause", "action")
    with hub.store.write("acme") as session:
        outcome = reconcile.settle(session, Relation.LEAVE, "2026-10", [finding], session.today())
    (one,) = outcome.opened
    act(hub, "acme", one, "ann", step="acknowledged")
    assert listener.closed == []
    with pytest.raises(DataError):
        act(hub, "acme", one, "ann", state=state)
    assert listener.closed == []
    act(hub, "acme", one, "ann", state=state, note="looked at")
    assert listener.closed == [(one, state)]
    act(hub, "acme", one, "ann", state=state, note="again")
    assert listener.closed == [(one, state)]
    if state == "dismissed":
        act(hub, "acme", one, "ben", state=reconcile.REOPENED, note="it is one")
        assert (listener.opened, len(listener.closed)) == ([(one, "discrepancy")], 1)
