"""A push is looked at as a whole before any of it leaves: many changed, many ended, far more money, stop and ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select

from benehub import dispatch, facts, obligations
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Item, Receipt
from benehub.dispatch import Frozen
from benehub.errors import ConfigError, DataError, GuardTripped
from benehub.facts import Version
from benehub.flows import Hub, push_guard
from benehub.flows.onboarding import connect, load_plan_book
from benehub.flows.push_guard import Effect
from benehub.identity import people
from benehub.obligations import Wanted
from benehub.planbook.parts.employer import PushGuard
from benehub.store import Session, Store, acts
from benehub.store.tables import connection, push_permit, run
from benehub.store.tables import dispatch as dispatch_table

Open = Callable[..., Hub]
MANY = 12
BOOK: Any = None
"""No plan book: only what is told of a month's premium asks for one."""


def whom(count: int, start: int = 0) -> set[str]:
    return {f"per_{number}" for number in range(start, start + count)}


@pytest.mark.parametrize(
    ("standing", "changed", "ended", "stops"),
    [
        (3, 2, 0, ""),  # an employer of three
        (5, 0, 5, ""),
        (100, 30, 0, ""),
        (100, 31, 0, "over 30 % changed or ended"),
        (100, 0, 10, ""),
        (100, 0, 11, "over 10 % ended"),
        (100, 21, 10, "over 30 % changed or ended"),
        (0, 0, 0, ""),
    ],
)
def test_from_when_on_it_stops(standing: int, changed: int, ended: int, stops: str) -> None:
    effect = Effect(whom(standing), whom(changed), whom(ended, changed))
    why, count = effect.against(PushGuard())
    assert (stops in why) if stops else not why
    assert count == (changed + ended if stops else 0)


def test_money_stops_when_it_is_more_than_twice_the_last() -> None:
    assert Effect(people=50, growth=100).against(PushGuard()) == ("", 0)
    assert Effect(people=50, growth=101).against(PushGuard()) == (
        "it is worth 101 % more than the last one, over 100 %", 50,
    )  # fmt: skip
    assert Effect(people=5, growth=900).against(PushGuard()) == ("", 0)


def test_who_changes_plans_is_changed_and_not_ended() -> None:
    effect = Effect(whom(4), set(), whom(2), whom(1))
    effect.settle()
    assert (effect.changed, effect.ended) == ({"per_0"}, {"per_1"})


class Desk:
    """A hub of twelve people whose deductions payroll holds."""

    def __init__(self, hub: Hub, fakehub: ModuleType, folder: Path) -> None:
        self.hub, self.fakehub, self.vendor = hub, fakehub, fakehub.Vendor(str(folder))
        self.runs = 0
        fakehub.set_up(hub, folder, "read_back")
        fakehub.feed(MANY)
        for name, stream in (("hris", "employee"), ("hris", "election"), ("payroll", "payroll_person")):
            self.flow("sync", name, stream, f"read {stream}", False)
        self.flow("coverage", "2026-10-01")

    def flow(self, name: str, *arguments: Any) -> Any:
        self.runs += 1
        return self.hub.start_flow(name, "acme", f"run {self.runs}", *arguments)

    def push(self) -> Any:
        return self.flow("deductions.push", "payroll", "monthly", "2026-10-15")

    def book(self, **changed: str) -> None:
        """The plan book with other words."""
        text = self.fakehub.BOOK
        for old, new in changed.items():
            text = text.replace({"rate": "EE: 500.00", "guards": "carriers:\n"}[old], new)
        load_plan_book(self.hub, text, "book")
        self.flow("coverage", "2026-10-01")

    def end(self, *numbers: int) -> None:
        """Their cover was never wanted."""
        with self.hub.store.write("acme") as session:
            for number in numbers:
                who = people.by_member_id(session, str(1000 + number)) or ""
                ended = Version("coverage", who, "medical", date(2026, 1, 1), None)
                facts.record(session, [ended], "test")

    def states(self) -> list[str]:
        with self.hub.store.read("acme") as session:
            return sorted(row.state for row in session.rows(select(dispatch_table)))


@pytest.fixture
def desk(sqlite_url: str, tmp_path: Path, open_hub: Open, fakehub: ModuleType) -> Desk:
    """The hub, its first push sent: nothing stood there, so nothing was changed."""
    desk = Desk(open_hub(sqlite_url), fakehub, tmp_path / "vendor")
    assert desk.push()["sent"] == MANY
    return desk


def test_a_push_that_changes_everybody_leaves_nothing_and_asks(desk: Desk) -> None:
    desk.book(rate="EE: 600.00")
    with pytest.raises(GuardTripped) as caught:
        desk.push()
    assert caught.value.what == (
        "deduction.set stops before anything has left: it would change 12 and end 0 of 12 people (100 %), over 30 % "
        "changed or ended"
    )
    assert "benehub dispatches permit payroll deduction.set --people 12" in caught.value.mend
    assert len(desk.vendor.effects()) == MANY
    assert desk.states() == ["prepared"] * MANY + ["sent"] * MANY
    with desk.hub.store.read("acme") as session:
        assert [row.state for row in session.rows(select(run))].count("held") == 1
    with pytest.raises(GuardTripped):
        desk.push()  # asking again is no permit


def test_what_has_stopped_is_told_until_it_is_permitted_and_its_run_goes(desk: Desk) -> None:
    desk.book(rate="EE: 600.00")
    for _ in range(2):
        with pytest.raises(GuardTripped):
            desk.push()
    (stop,) = stopped(desk)
    assert (stop.connection, stop.operation, stop.people, stop.permitted) == ("payroll", "deduction.set", MANY, False)
    assert stop.why.startswith("connection payroll: deduction.set stops") and stop.why.endswith("changed or ended")
    push_guard.permit(desk.hub, "acme", "payroll", "deduction.set", stop.people, "ann", "new rates")
    assert stopped(desk)[0].permitted
    assert desk.hub.retry("acme", stop.run)["sent"] == MANY
    with desk.hub.store.read("acme") as session:
        assert push_guard.stopped(session)[0].run != stop.run, "the earlier one stands held"


def stopped(desk: Desk) -> list[push_guard.Stop]:
    with desk.hub.store.read("acme") as session:
        return push_guard.stopped(session)


def test_a_person_permits_as_many_as_named_and_for_a_day(desk: Desk) -> None:
    desk.book(rate="EE: 600.00")
    push_guard.permit(desk.hub, "acme", "payroll", "deduction.set", 11, "ann", "new rates")
    with pytest.raises(GuardTripped):
        desk.push()
    later = replace(desk.hub.store, clock=lambda: desk.fakehub.NOW + timedelta(hours=25))
    push_guard.permit(desk.hub, "acme", "payroll", "deduction.set", 12, "ann", "new rates")
    with later.read("acme") as session:
        assert dispatch.permitted(session, "payroll", "deduction.set") == 0
    assert desk.push()["sent"] == MANY
    with desk.hub.store.read("acme") as session:
        assert [(one.who, one.what, one.note) for one in acts(session, "payroll")] == [
            ("ann", "permit deduction.set", "11 people: new rates"),
            ("ann", "permit deduction.set", "12 people: new rates"),
        ]
        assert dispatch.permitted(session, "payroll", "deduction.book") == 0


def test_a_permit_keeps_no_number_of_a_person(desk: Desk) -> None:
    push_guard.permit(desk.hub, "acme", "payroll", "deduction.set", 2, "ann 900-11-0001", "for 900-11-0001 alone")
    with desk.hub.store.read("acme") as session:
        (kept,) = session.rows(select(push_permit).where(*session.where(push_permit)))
        (told,) = acts(session, "payroll")
    assert "900-11-0001" not in f"{kept.who} {kept.note}" and "alone" in kept.note
    assert (kept.who, f"2 people: {kept.note}") == (told.who, told.note)
    for wrong in (("payroll", "deduction.set", 0, "ann", "why"), ("payroll", "deduction.set", 5, "ann", " ")):
        with pytest.raises(DataError):
            push_guard.permit(desk.hub, "acme", *wrong)
    with pytest.raises(ConfigError):
        push_guard.permit(desk.hub, "acme", "nowhere", "deduction.set", 5, "ann", "why")


def test_a_few_may_end_and_many_may_not(desk: Desk) -> None:
    desk.end(1, 2)
    assert desk.push()["sent"] == 2
    desk.end(3, 4, 5, 6, 7, 8)
    with pytest.raises(GuardTripped, match=r"change 0 and end 6 of 10 people \(60 %\), over 10 % ended"):
        desk.push()


def test_a_connection_has_limits_of_its_own(desk: Desk) -> None:
    guards = "guards: {push: {floor: 0, end_percent: 0}, pushes: {payroll: {change_percent: 100}}}\ncarriers:\n"
    desk.book(rate="EE: 600.00", guards=guards)
    assert desk.push()["sent"] == MANY
    desk.book(rate="EE: 650.00", guards="guards: {push: {floor: 0, change_percent: 99}}\ncarriers:\n")
    with pytest.raises(GuardTripped, match="over 99 %"):
        desk.push()


def test_cents_that_alternate_are_no_change(desk: Desk) -> None:
    desk.book(rate="EE: 504.00")  # the employee's fifth moves by 0.80
    assert desk.push()["sent"] == MANY
    desk.book(rate="EE: 510.00")  # by 1.20
    with pytest.raises(GuardTripped):
        desk.push()


def test_where_nothing_is_written_nothing_is_asked(desk: Desk) -> None:
    one = {"connector": "read_back", "settings": {"folder": str(desk.vendor.root)}, "mode": "watch"}
    connect(desk.hub, "acme", {"payroll": one})
    desk.book(rate="EE: 600.00")
    assert desk.push()["held"] == MANY


def test_one_let_go_by_a_person_is_not_counted(desk: Desk) -> None:
    desk.book(rate="EE: 600.00")
    with pytest.raises(GuardTripped):
        desk.push()
    with desk.hub.store.read("acme") as session:
        rows = session.rows(select(dispatch_table).where(dispatch_table.c.state == "prepared"))
    from benehub.flows import dispatches

    dispatches.reopen(desk.hub, "acme", rows[0].dispatch_id, "ann", "this one is right")
    assert desk.flow("dispatch.resend", rows[0].dispatch_id)["sent"] == 1


@pytest.fixture
def kept(store: Store) -> Store:
    """A store with one connection."""
    with store.write("acme") as session:
        session.add(connection, [{"connection_id": "keeper", "connector": "x", "settings": {}, "mode": "live"}])
    return store


def told(session: Session, key: str, persons: Sequence[str], worth: int, sent: bool = True, file: str = "f") -> str:
    """A file about these people."""
    wanted = Wanted(
        kind="contribution.deposit", key=key, connection_id="keeper", period="2026-10", due=date(2026, 10, 15),
        send_by=date(2026, 10, 14), content={"rows": [{"person": one, "amounts": {}} for one in persons]},
        worth_minor=worth,
    )  # fmt: skip
    obligations.want(session, [wanted])
    frozen = Frozen("keeper", "contribution.deposit", key, key.encode(), Guard.NONE, 1, worth, file_name=file)
    dispatch_id = dispatch.prepare(session, frozen)
    obligations.mark(session, [session.id("obl", key)], "open", "", dispatch_id)
    if sent:
        dispatch.begin(session, dispatch_id)
        dispatch.settle(session, dispatch_id, Receipt("there"))
    return dispatch_id


def effect(session: Session, dispatch_id: str) -> Effect:
    return push_guard.effect(session, "keeper", dispatch.waiting(session, [dispatch_id]), PushGuard(), BOOK)


def test_a_file_of_money_is_held_against_the_last_of_its_plan(kept: Store) -> None:
    everybody = sorted(whom(20))
    with kept.write("acme") as session:
        first = told(session, "contribution.deposit/401k/2026-10-01", everybody, 1000, sent=False)
        assert effect(session, first) == Effect()  # a first one changes nothing
    with kept.write("acme") as session:
        dispatch.begin(session, first)
        dispatch.settle(session, first, Receipt("there"))
        told(session, "contribution.deposit/401k/2026-10-01/correction-1", everybody[:1], 5)
        told(session, "contribution.deposit/other/2026-10-08", everybody[:3], 90_000)
        fewer = told(session, "contribution.deposit/401k/2026-10-15", everybody[:12], 1200, sent=False)
        found = effect(session, fewer)
        assert (len(found.standing), len(found.ended), found.growth) == (20, 8, 20)
        assert found.against(PushGuard())[0] == (
            "it would change 0 and end 8 of 20 people (40 %), over 10 % ended"
        )  # fmt: skip
        more = told(session, "contribution.deposit/401k/2026-10-29", everybody, 2500, sent=False)
        assert effect(session, more).against(PushGuard())[0].startswith("it is worth 150 % more")
        mended = told(session, "contribution.deposit/401k/2026-10-01/correction-2", everybody[:2], 50_000, sent=False)
        assert effect(session, mended) == Effect()


def test_what_takes_the_place_of_a_stopped_file_is_looked_at_too(kept: Store) -> None:
    everybody, key = sorted(whom(20)), "contribution.deposit/401k/2026-10-15"

    def again(session: Session, worth: int) -> str:
        frozen = Frozen("keeper", "contribution.deposit", key, b"%d" % worth, Guard.NONE, 1, worth, file_name="f")
        dispatch_id = dispatch.prepare(session, frozen)
        obligations.mark(session, [session.id("obl", key)], "open", "", dispatch_id)
        return dispatch_id

    with kept.write("acme") as session:
        told(session, "contribution.deposit/401k/2026-10-01", everybody, 1000)
        told(session, key, everybody, 90_000, sent=False)
        second = again(session, 90_001)
        assert effect(session, second).growth == 8900
        dispatch.begin(session, second)
        dispatch.settle(session, second, Receipt("there"))
        assert effect(session, again(session, 90_002)) == Effect()


def test_items_are_compared_part_by_part(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """More keys than a part holds, on both databases; what is ended already counts for nothing."""
    monkeypatch.setattr("benehub.dispatch.standing.CHUNK", 3)

    def item(number: int, amount: int, active: bool = True) -> Frozen:
        key = f"deduction.set/keeper/per_{number}/MED"
        content = {"employee_amount_minor": amount, "active": active, "effective_from": f"2026-10-{number + 1:02d}"}
        return dispatch.freeze_item("keeper", Item("deduction.set", key, content), Guard.NONE, amount, "USD")

    def sent(session: Session, wanted: Sequence[Frozen]) -> None:
        for one in dispatch.prepare_all(session, wanted):
            dispatch.begin(session, one)
            dispatch.settle(session, one, Receipt("there"))

    with kept.write("acme") as session:
        obligations.want(session, [
            Wanted(kind="deduction.set", key=f"deduction.set/keeper/per_{n}/MED", connection_id="keeper",
                   period="2026-10", due=date(2026, 10, 15), send_by=date(2026, 10, 14), content={})
            for n in range(20)
        ])  # fmt: skip
        sent(session, [item(number, 500) for number in range(10)])
        sent(session, [item(0, 500, active=False)])
        sent(session, [item(1, 700)])
        wanted = [item(1, 700_00), item(2, 600_00), item(3, 500, active=False), item(4, 501)]
        wanted += [item(number, 500) for number in range(10, 15)]
        ids = dispatch.prepare_all(session, wanted)
        rows = dispatch.waiting(session, ids)
        found = push_guard.effect(session, "keeper", rows, PushGuard(floor=0), BOOK)
    keys = {f"deduction.set/keeper/per_{number}/MED" for number in range(20)}
    assert len(found.standing) == 9 and found.standing <= keys
    assert (len(found.changed), len(found.ended), len(found.begun)) == (2, 1, 5)
