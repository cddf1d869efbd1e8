"""A person's word on what stopped: settled as sent or not, let go, or made anew; always with name and reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select
from tests.flows.pushing import Pushing

from benehub import facts
from benehub.errors import DataError, FatalError
from benehub.flows import Hub, dispatches
from benehub.flows.onboarding import connect
from benehub.hookspecs import hookimpl
from benehub.records.notices import Decision, DispatchNotice, Verdict
from benehub.store import acts
from benehub.store.tables import dispatch as dispatch_table

Open = Callable[..., Hub]


class Bench(Pushing):
    """Three people to push, at a vendor of which nothing can be asked."""

    def __init__(self, hub: Hub, fakehub: ModuleType, folder: Path, guard: str = "none") -> None:
        super().__init__(hub, fakehub, folder, guard)

    def trail(self, dispatch_id: str) -> list[tuple[str, str, str]]:
        """Who did what to it, and why."""
        with self.hub.store.read("acme") as session:
            return [(one.who, one.what, one.note) for one in acts(session, dispatch_id)]


@pytest.fixture
def doubtful(sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType) -> Bench:
    """One write was applied and answered with 500: nothing can tell, so it is held."""
    bench = Bench(open_hub(sqlite_url), fakehub, tmp_path / "vendor")
    assert bench.push("apply_then_500") == {"held": 1, "sent": 2}
    return bench


def test_the_vendor_has_it(doubtful: Bench) -> None:
    held = doubtful.only("held")
    assert dispatches.settle(doubtful.hub, "acme", held.dispatch_id, True, "ann", "seen in payroll") == "sent"
    assert doubtful.owed() == ["confirmed"] * 3
    assert doubtful.trail(held.dispatch_id) == [("ann", "settle: the vendor has it", "seen in payroll")]
    with doubtful.hub.store.read("acme") as session:
        assert len(facts.as_of(session, "payroll_benefit", session.today())) == 3  # what payroll holds is known again
    assert doubtful.push() == {}
    assert len(doubtful.vendor.effects()) == 3


def test_the_vendor_has_it_not(doubtful: Bench) -> None:
    held = doubtful.only("held")
    assert dispatches.settle(doubtful.hub, "acme", held.dispatch_id, False, "ann", "not in payroll") == "failed"
    assert doubtful.owed() == ["confirmed", "confirmed", "open"]
    assert doubtful.push() == {"sent": 1}
    newest = doubtful.rows(dispatch_table)[-1]
    assert (newest.revision, newest.business_key) == (2, held.business_key)


def test_what_may_have_arrived_is_not_sent_again_unsettled(doubtful: Bench) -> None:
    held = doubtful.only("held")
    with pytest.raises(DataError, match="may have arrived"):
        dispatches.reopen(doubtful.hub, "acme", held.dispatch_id, "ann", "again, please")
    assert doubtful.trail(held.dispatch_id) == []
    assert doubtful.only("held").dispatch_id == held.dispatch_id


@pytest.fixture
def waiting(sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType) -> Bench:
    """Three are frozen, and the process died before the first left."""
    bench = Bench(open_hub(sqlite_url), fakehub, tmp_path / "vendor")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benehub.flows.send._send_part", lambda *_: 1 / 0)
        with pytest.raises(FatalError):
            bench.push()
    assert [row.state for row in bench.rows(dispatch_table)] == ["prepared"] * 3
    return bench


def test_what_a_person_holds_waits_until_a_person_lets_it_go(waiting: Bench) -> None:
    first = waiting.rows(dispatch_table)[0].dispatch_id
    dispatches.hold(waiting.hub, "acme", first, "ann", "wait for 900-11-0001")
    assert waiting.only("held").reason == "held by ann: wait for ***-**-****"
    assert waiting.push() == {"sent": 2} and waiting.push() == {}
    assert waiting.owed() == ["confirmed", "confirmed", "held"]
    assert dispatches.reopen(waiting.hub, "acme", first, "bob", "it is right") == "prepared"
    assert waiting.hub.start_flow("dispatch.resend", "acme", "r", first) == {"sent": 1}
    assert (len(waiting.vendor.effects()), waiting.owed()) == (3, ["confirmed"] * 3)
    assert [(who, what) for who, what, _ in waiting.trail(first)] == [("ann", "hold"), ("bob", "resend")]
    with pytest.raises(DataError, match="no longer waits"):
        dispatches.hold(waiting.hub, "acme", first, "ann", "too late")


@pytest.mark.parametrize(("who", "note"), [("", "seen"), ("ann", " ")])
def test_a_word_without_name_or_reason_counts_nothing(doubtful: Bench, who: str, note: str) -> None:
    held = doubtful.only("held")
    with pytest.raises(DataError, match="needs a name and a reason"):
        dispatches.settle(doubtful.hub, "acme", held.dispatch_id, True, who, note)
    assert doubtful.only("held").dispatch_id == held.dispatch_id


def test_a_word_holds_no_ssn(doubtful: Bench) -> None:
    held = doubtful.only("held")
    dispatches.settle(doubtful.hub, "acme", held.dispatch_id, True, "ann", "seen for 900-11-0001")
    assert "900-11-0001" not in repr(doubtful.trail(held.dispatch_id))


def test_what_was_sent_is_neither_settled_nor_sent_again(doubtful: Bench) -> None:
    sent = next(row for row in doubtful.rows(dispatch_table) if row.state == "sent")
    with pytest.raises(DataError, match="nothing about it is open"):
        dispatches.settle(doubtful.hub, "acme", sent.dispatch_id, False, "ann", "why not")
    with pytest.raises(DataError, match="nothing of it was refused"):
        dispatches.reopen(doubtful.hub, "acme", sent.dispatch_id, "ann", "why not")


class Objector:
    """Holds or refuses everything."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision

    @hookimpl
    def before_dispatch(self, dispatch: DispatchNotice) -> Verdict:
        """No."""
        return Verdict(self.decision, "a person looks")


@pytest.mark.parametrize("decision", list(Decision))
def test_what_a_plugin_stopped_leaves_by_a_persons_word(
    decision: Decision, sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType
) -> None:
    bench = Bench(open_hub(sqlite_url, Objector(decision)), fakehub, tmp_path / "vendor")
    bench.push()
    first = bench.rows(dispatch_table)[0]
    assert dispatches.reopen(bench.hub, "acme", first.dispatch_id, "ann", "looked at") == "prepared"
    assert bench.hub.start_flow("dispatch.resend", "acme", "r", first.dispatch_id) == {"sent": 1}
    assert len(bench.vendor.effects()) == 1
    assert bench.owed().count("confirmed") == 1
    assert bench.trail(first.dispatch_id) == [("ann", "resend", "looked at")]


def test_a_connection_that_does_not_write_is_not_overruled(
    sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType
) -> None:
    bench = Bench(open_hub(sqlite_url), fakehub, tmp_path / "vendor")
    one = {"connector": "none", "settings": {"folder": str(bench.folder)}, "mode": "watch"}
    connect(bench.hub, "acme", {"payroll": one})
    bench.push()
    first = bench.rows(dispatch_table)[0]
    dispatches.reopen(bench.hub, "acme", first.dispatch_id, "ann", "let it go")
    assert bench.hub.start_flow("dispatch.resend", "acme", "r", first.dispatch_id) == {"held": 1}
    assert bench.vendor.effects() == []


def test_what_the_vendor_refused_is_made_anew(
    sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType
) -> None:
    bench = Bench(open_hub(sqlite_url), fakehub, tmp_path / "vendor", "read_back")
    assert bench.push("400") == {"failed": 1, "sent": 2}
    assert bench.push() == {}
    failed = bench.only("failed")
    assert dispatches.reopen(bench.hub, "acme", failed.dispatch_id, "ann", "payroll has mended it") == "open"
    assert bench.push() == {"sent": 1}
    assert bench.rows(dispatch_table)[-1].revision == 2
    with pytest.raises(DataError, match="newer revision"):
        dispatches.reopen(bench.hub, "acme", failed.dispatch_id, "ann", "once more")


def test_a_rejected_change_file_is_made_anew_when_a_person_says_so(enrolled: Any) -> None:
    enrolled.sync("carrier", "acknowledgement")
    enrolled.flow("enrollments.acks", "carrier")
    (sent,) = enrolled.rows(select(dispatch_table))
    enrolled.carrier.reject_late(sent.control)
    enrolled.sync("carrier", "acknowledgement")
    enrolled.flow("enrollments.acks", "carrier")
    assert "sent" not in enrolled.flow("enrollments.send", "carrier", "2026-10-01")
    assert dispatches.reopen(enrolled.hub, "acme", sent.dispatch_id, "ann", "the carrier has mended it") == "open"
    assert enrolled.flow("enrollments.send", "carrier", "2026-10-01")["sent"] == 1
    newest = enrolled.rows(select(dispatch_table).order_by(dispatch_table.c.seq))[-1]
    assert (newest.revision, newest.control > sent.control) == (2, True)


def test_the_calls_of_an_item_are_told_without_a_call(
    sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType
) -> None:
    bench = Bench(open_hub(sqlite_url), fakehub, tmp_path / "vendor")
    bench.push()
    writes = fakehub.Vendor.writes
    first = bench.rows(dispatch_table)[0]
    ((place, body),) = dispatches.calls(bench.hub, "acme", first.dispatch_id)
    assert place.startswith("POST /d/") and '"code"' in body
    assert fakehub.Vendor.writes == writes
