"""What a vendor does not let a connection do is refused by type before anything is sent, and told when it is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select, update

from benehub.connect.capabilities import Blocker, Capability, Guard
from benehub.dispatch import outbox
from benehub.errors import Unsupported
from benehub.flows import Hub, connecting, send
from benehub.flows.rehearsal import DirectSteps
from benehub.store.tables import dispatch

LACKS = Capability("deduction.set", supported=False, blocker=Blocker.PERMISSIONS, note="Ask for the product benefits")


@pytest.fixture
def hub(
    sqlite_url: str, tmp_path: Path, open_hub: Callable[..., Hub], fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> Hub:
    """A payroll whose token has lost a permission, and two people to tell it of."""
    made = open_hub(sqlite_url)
    fakehub.set_up(made, tmp_path / "vendor", "read_back")
    fakehub.feed(2)
    for name, stream in (("hris", "employee"), ("hris", "election"), ("payroll", "payroll_person")):
        made.start_flow("sync", "acme", f"read {stream}", name, stream, stream, False)
    made.start_flow("coverage", "acme", "coverage", "2026-10-01")
    monkeypatch.setattr(fakehub.FakeConnector, "withheld", lambda *_: (LACKS,))
    return made


def push(hub: Hub, key: str) -> Any:
    return hub.start_flow("deductions.push", "acme", key, "payroll", "monthly", "2026-10-15")


def test_a_write_that_is_not_permitted_is_refused_and_nothing_leaves(
    hub: Hub, tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fakehub.FakeConnector, "discover", lambda *_: pytest.fail("nothing is asked after it"))
    with pytest.raises(Unsupported) as caught:
        push(hub, "first")
    assert (caught.value.blocker, caught.value.where) == ("permissions", "connection payroll")
    assert caught.value.mend == LACKS.note
    assert fakehub.Vendor(str(tmp_path / "vendor")).effects() == []
    with hub.store.read("acme") as session:
        states = [row.state for row in session.rows(select(dispatch))]
    assert set(states) == {"prepared"}
    monkeypatch.undo()
    assert push(hub, "second")["sent"] == len(states)


def test_what_only_a_later_part_would_send_is_looked_at_before_the_first(
    hub: Hub, tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Unsupported):
        push(hub, "first")
    with hub.store.write("acme") as session:
        ids = [str(row.dispatch_id) for row in session.rows(select(dispatch).order_by(dispatch.c.dispatch_id))]
        first = dispatch.c.dispatch_id == ids[0]
        session.connection.execute(update(dispatch).where(first).values(operation="enrollment.change"))
    known = fakehub.FakeConnector.capabilities
    more = Capability("enrollment.change", guard=Guard.READ_BACK)
    monkeypatch.setattr(fakehub.FakeConnector, "capabilities", lambda self: (*known(self), more))
    monkeypatch.setattr(send, "BATCH", 1)
    with pytest.raises(Unsupported):
        send.send(hub, DirectSteps(), "acme", "payroll", ids)  # type: ignore[arg-type] as the command line does
    assert len(ids) > 1 and fakehub.Vendor(str(tmp_path / "vendor")).effects() == []


def test_it_is_told_when_the_connection_is_tried(hub: Hub) -> None:
    _, _, tried = connecting.try_out(hub, "acme", "payroll")
    assert [(one.stream, one.ok, one.what) for one in tried][-1] == ("deduction.set", False, LACKS.note)


def test_what_is_withheld_for_one_benefit_is_refused_by_benefit_and_the_rest_leaves(
    hub: Hub, tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = replace(LACKS, benefit_type="medical")
    monkeypatch.setattr(fakehub.FakeConnector, "withheld", lambda *_: (narrow,))
    push(hub, "first")
    with hub.store.read("acme") as session:
        rows = session.rows(select(dispatch))
    told = f"deduction.set for medical is not supported here. {LACKS.note}"
    assert rows and {(row.state, row.reason) for row in rows} == {("refused", told)}
    assert fakehub.Vendor(str(tmp_path / "vendor")).effects() == []
    ids = [str(row.dispatch_id) for row in rows]
    monkeypatch.setattr(fakehub.FakeConnector, "withheld", lambda *_: (replace(LACKS, benefit_type="dental"),))
    with hub.store.write("acme") as session:
        outbox.release(session, ids)
    assert send.send_batch(hub, "acme", "payroll", ids) == ["sent"] * len(ids)
