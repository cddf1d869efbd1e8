"""What each kind of push would do, held against what was sent before: each that a connector can make is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from benehub import dispatch, obligations, plugins
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Item, Receipt
from benehub.connections import connectors
from benehub.dispatch import Frozen
from benehub.flows import push_guard, remittance_months
from benehub.flows.acknowledgements import record_told
from benehub.flows.push_guard import Effect
from benehub.flows.remittance_months import Paid
from benehub.obligations import Wanted
from benehub.planbook.parts.employer import PushGuard
from benehub.store import Session, Store
from benehub.store.tables import connection
from benehub.store.tables import dispatch as dispatch_table

PEOPLE = [f"per_{number:02d}" for number in range(40)]
Content = dict[str, Any]


@pytest.fixture
def kept(store: Store) -> Store:
    """A store with one connection."""
    with store.write("acme") as session:
        session.add(connection, [{"connection_id": "keeper", "connector": "x", "settings": {}, "mode": "live"}])
    return store


def owed(session: Session, kind: str, key: str, content: Content, person: str | None = None) -> str:
    """An obligation; gives its id."""
    one = Wanted(kind=kind, key=key, connection_id="keeper", period="2026-10", due=date(2026, 10, 15),
                 send_by=date(2026, 10, 14), content=content, person_id=person)  # fmt: skip
    obligations.want(session, [one])
    return session.id("obl", key)


def file(session: Session, kind: str, key: str, contents: Mapping[str, Content], worth: int = 0) -> str:
    """A file that carries these obligations, by key; their person stands in the key where there are several."""
    ids = [owed(session, kind, name, one, name.rpartition("/")[2] if len(contents) > 1 else None)
           for name, one in contents.items()]  # fmt: skip
    frozen = Frozen("keeper", kind, key, key.encode(), Guard.NONE, 1, worth, file_name="f")
    made = dispatch.prepare(session, frozen)
    obligations.mark(session, ids, "open", "", made)
    return made


def sent(session: Session, *ids: str) -> None:
    """They have left."""
    for one in ids:
        dispatch.begin(session, one)
        dispatch.settle(session, one, Receipt("there"))


def effect(session: Session, *ids: str) -> Effect:
    waiting = dispatch.waiting(session, ids)
    return push_guard.effect(session, "keeper", waiting, PushGuard(), None)  # type: ignore[arg-type] it asks nothing


def rows(session: Session, kind: str, day: str, line: Callable[[str], Content], worth: int = 0) -> str:
    """A file with a row a person."""
    key = f"{kind}/401k/{day}"
    return file(session, kind, key, {key: {"rows": [{"person": one, **line(one)} for one in PEOPLE]}}, worth)


def items(session: Session, kind: str, key: str, content: Callable[[str], Content]) -> list[str]:
    """A request a person."""
    keys = {who: key.format(who) for who in PEOPLE}
    for who, one in keys.items():
        owed(session, kind, one, content(who), who)
    wanted = [dispatch.freeze_item("keeper", Item(kind, one, content(who)), Guard.NONE, 0, "USD")
              for who, one in keys.items()]  # fmt: skip
    return dispatch.prepare_all(session, wanted)


def booked(session: Session) -> Effect:
    def line(amount: int) -> Callable[[str], Content]:
        return lambda _: {"plan": "bav", "code": "BAV", "employer_side": False, "amount_minor": amount}

    sent(session, rows(session, "deduction.book", "2026-10-15", line(20_000), 800_000))
    return effect(session, rows(session, "deduction.book", "2026-10-31", line(21_000), 840_000))


def deposited(kind: str) -> Callable[[Session], Effect]:
    """All of it moves from one source to the other: the total stays, and so does who is told."""

    def make(session: Session) -> Effect:
        def told(day: str, pretax: int, roth: int) -> str:
            line = {"plan": "401k", "amounts": {"pretax": pretax, "roth": roth}}
            return rows(session, kind, day, lambda _: line, 40 * (pretax + roth))

        sent(session, told("2026-10-15", 30_000, 10_000))
        return effect(session, told("2026-10-31", 10_000, 30_000))

    return make


def accounts(session: Session) -> Effect:
    def told(day: str, amount: int) -> str:
        line = {"plan": "hsa", "account": "hsa", "part": "employee", "amount_minor": amount}
        lines = {f"account.deposit/hsa/{day}/{who}": {"lines": [{"person": who, **line}]} for who in PEOPLE}
        return file(session, "account.deposit", f"account.deposit/hsa/{day}", lines, 40 * amount)

    sent(session, told("2026-10-15", 10_000))
    return effect(session, told("2026-10-31", 100))


def _order(day: str, minutes: int) -> dict[str, Any]:
    return {"employee": "e", "policy": "pto", "code": "PTO", "pay_group": "all", "pay_date": day, "minutes": minutes}


def leave_in_a_file(session: Session) -> Effect:
    def told(day: str, minutes: int) -> str:
        orders = {f"leave.take/keeper/pto/{day}/{who}": _order(day, minutes) for who in PEOPLE}
        return file(session, "leave.take", f"leave.take/keeper/all/{day}", orders)

    sent(session, told("2026-10-15", 480))
    return effect(session, told("2026-10-31", 480 * 60))


def leave_by_request(session: Session) -> Effect:
    def told(day: str, minutes: int) -> list[str]:
        return items(session, "leave.take", f"leave.take/keeper/{{}}/pto/{day}", lambda _: _order(day, minutes))

    sent(session, *told("2026-10-15", 480))
    assert effect(session, *told("2026-10-29", 900)).against(PushGuard()) == ("", 0)
    return effect(session, *told("2026-10-31", 480 * 60))


def deductions(session: Session) -> Effect:
    def told(amount: int) -> list[str]:
        content = {"employee_amount_minor": amount, "active": True}
        return items(session, "deduction.set", "deduction.set/keeper/{}/MED", lambda _: content)

    sent(session, *told(5_000))
    return effect(session, *told(6_000))


def _member(who: str, maintenance: str = "021", tier: str = "EE") -> dict[str, Any]:
    line = {"plan": "ppo", "tier": tier, "maintenance": maintenance}
    return {"person": who, "subscriber": who, "member_id": who, "coverages": [line]}


def families_by_request(session: Session) -> Effect:
    """Some of the families is ended: more than may end, less than may change."""

    def told(maintenance: str) -> list[str]:
        def family(who: str) -> Content:
            return {**_member(who, maintenance if who in PEOPLE[:6] else "021"), "family": []}

        return items(session, "enrollment.change", "enrollment.change/keeper/{}", family)

    sent(session, *told("021"))
    found = effect(session, *told("024"))
    assert (found.ended, found.changed) == (set(PEOPLE[:6]), set())
    return found


def _state(tier: str) -> dict[str, Any]:
    return {"tier": tier, "from": "2026-01-01", "to": None, "dependents": []}


def _accepted(session: Session) -> None:
    for who in PEOPLE:
        record_told(session, "keeper", who, {"ppo": _state("EE")}, [], "before")
    for number in range(200):  # who left years ago stands for nothing
        record_told(session, "keeper", f"per_gone{number}", {}, ["ppo"], "before")


def families_in_a_file(session: Session) -> Effect:
    _accepted(session)
    changes = {f"enrollment.change/keeper/{who}": {"members": [_member(who, "024")]} for who in PEOPLE[:6]}
    found = effect(session, file(session, "enrollment.change", "enrollment.change/keeper/1", changes))
    assert (len(found.standing), found.ended) == (40, set(PEOPLE[:6]))
    return found


def everybody_in_a_file(session: Session) -> Effect:
    _accepted(session)

    def told(key: str, tier: str) -> str:
        families = {who: {"members": [_member(who, "030", tier)], "told": {"ppo": _state(tier)}, "gone": []}
                    for who in PEOPLE}  # fmt: skip
        return file(session, "enrollment.full", key, {key: {"day": "2026-10-15", "families": families}})

    same = effect(session, told("enrollment.full/keeper/1", "EE"))
    assert (len(same.standing), same.changed, same.ended) == (40, set(), set())
    return effect(session, told("enrollment.full/keeper/2", "FAM"))


def _two_groups(session: Session) -> dict[str, str]:
    """A small group beside a large one, at a partner who takes a file for each; gives the group of each plan."""
    for who in PEOPLE[:12]:
        record_told(session, "keeper", who, {"small": _state("EE")}, [], "before")
    for number in range(200):
        record_told(session, "keeper", f"per_large{number}", {"large": _state("EE")}, [], "before")
    return {"small": "S", "large": "L"}


@pytest.mark.parametrize("kind", ["enrollment.full", "enrollment.change"])
def test_a_file_of_one_group_is_held_against_that_group(kept: Store, kind: str) -> None:
    with kept.write("acme") as session:
        groups, small = _two_groups(session), PEOPLE[:12]
        if kind == "enrollment.full":
            families = {who: {"members": [], "told": {"small": _state("FAM")}, "gone": []} for who in small}
            contents: dict[str, Content] = {f"{kind}/1": {"day": "2026-10-15", "families": families, "group": "S"}}
        else:
            contents = {f"{kind}/{who}": {"members": [_member(who, tier="FAM")], "group": "S"} for who in small}
        rows = dispatch.waiting(session, [file(session, kind, f"{kind}/keeper/1", contents)])
        found = push_guard.effect(session, "keeper", rows, PushGuard(), None, groups)  # type: ignore[arg-type] it asks nothing
    assert found.standing == found.changed == set(small)
    assert found.against(PushGuard())[0]


def premium(kind: str) -> Callable[[Session], Effect]:
    """Everybody is paid for, at a hundredth."""

    def make(session: Session) -> Effect:
        everybody = set(PEOPLE)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(remittance_months, "compared", lambda *_: (Paid(everybody, 10), Paid(everybody, 1_000)))
            key = f"{kind}/keeper/2026-11/1"
            return effect(session, file(session, kind, key, {key: {}}))

    return make


def notices(session: Session, kind: str, count: int, number: int) -> list[str]:
    """A message a person, each as a file of its own, as `notices.send` freezes them."""
    made = []
    for who in PEOPLE[:count]:
        key = f"notice.send/{kind}/{who}/{number}"
        ref = owed(session, "notice.send", key, {"says": {}}, who)
        one = dispatch.prepare(
            session, Frozen("keeper", "notice.send", key, key.encode(), Guard.NONE, 1, file_name="f")
        )
        obligations.mark(session, [ref], "open", "", one)
        made.append(one)
    return made


def left_on(session: Session, day: str, ids: list[str]) -> None:
    sent(session, *ids)
    for one in ids:
        session.change(dispatch_table, {"dispatch_id": one}, sent_at=f"{day}T08:00:00.000000Z")


def crowd_of_notices(session: Session) -> Effect:
    left_on(session, "2026-09-01", notices(session, "deduction_change", 5, 1))
    return effect(session, *notices(session, "deduction_change", 40, 2))


def test_notices_are_held_against_how_many_were_told_on_a_day_before(kept: Store) -> None:
    with kept.write("acme") as session:
        first = notices(session, "leave_lapse", 40, 1)
        assert effect(session, *first).against(PushGuard()) == ("", 0), "nobody was told before"
        left_on(session, "2025-10-01", first)
        again = effect(session, *notices(session, "leave_lapse", 40, 2))
        assert again.against(PushGuard()) == ("", 0), "as many as a year ago"
        left_on(session, "2026-09-01", notices(session, "limit_near", 6, 1))
        few = notices(session, "limit_near", 12, 2)
        assert effect(session, *few).against(PushGuard()) == ("", 0), "twice as many"
        many = notices(session, "limit_near", 13, 3)
        said = "it would tell 13 people of the same on one day, where 6 were the most (116 % more), over 100 %"
        assert effect(session, *many).against(PushGuard()) == (said, 13)
        assert effect(session, *many).against(PushGuard(floor=13)) == ("", 0)
        sent(session, *few)  # today: they count with those who wait
        why, people = effect(session, *notices(session, "limit_near", 6, 4)).against(PushGuard())
        assert "18 people" in why and people == 6
        new = effect(session, *notices(session, "year_over", 40, 1))
        assert new.against(PushGuard()) == ("", 0), "a new kind is held against all: forty were told of another"


def test_a_few_notices_of_a_kind_stop_nobody_beside_them(kept: Store) -> None:
    with kept.write("acme") as session:
        left_on(session, "2026-09-01", [*notices(session, "arrears", 1, 1), *notices(session, "limit_near", 6, 1)])
        few, usual = notices(session, "arrears", 3, 2), notices(session, "limit_near", 6, 2)
        assert effect(session, *few, *usual).against(PushGuard()) == ("", 0)
        many = notices(session, "limit_near", 13, 3)
        said = "it would tell 13 people of the same on one day, where 6 were the most (116 % more), over 100 %"
        found = effect(session, *few, *many).against(PushGuard())
        assert found == (said, 13), "few of one kind, which grow more, hide no crowd of another"
        assert effect(session, *notices(session, "arrears", 6, 4), *usual).against(PushGuard())[0]
        today = str(session.today())
        left_on(session, today, [*notices(session, "arrears", 4, 5)])
        told = effect(session, *notices(session, "arrears", 3, 6)).against(PushGuard())[0]
        assert "it would tell 7 people" in told, "by the day, in however many pushes"


STOPS: dict[tuple[str, bool], Callable[[Session], Effect]] = {
    ("account.deposit", True): accounts,
    ("contribution.deposit", True): deposited("contribution.deposit"),
    ("deduction.book", True): booked,
    ("deduction.set", False): deductions,
    ("earnings.deposit", True): deposited("earnings.deposit"),
    ("enrollment.change", False): families_by_request,
    ("enrollment.change", True): families_in_a_file,
    ("enrollment.full", True): everybody_in_a_file,
    ("leave.take", False): leave_by_request,
    ("leave.take", True): leave_in_a_file,
    ("notice.send", True): crowd_of_notices,
    ("payment.order", True): premium("payment.order"),
    ("premium.remit", True): premium("premium.remit"),
}
"""Operation, and whether it leaves as a file -> a push that does damage to everybody, or to too many."""

ALONE = {("premium.claim", True)}
"""It is about one person, asks a carrier for money and changes nothing that stands."""


def test_every_push_that_a_connector_can_make_is_looked_at_here() -> None:
    found = connectors(plugins.build(load_strangers=False)).values()
    assert {(name, name in one.files_out) for one in found for name in one.guards} == STOPS.keys() | ALONE


@pytest.mark.parametrize(("operation", "as_file"), sorted(STOPS))
def test_a_push_that_does_damage_stops(kept: Store, operation: str, as_file: bool) -> None:
    with kept.write("acme") as session:
        why, people = STOPS[operation, as_file](session).against(PushGuard())
    assert why
    assert people > PushGuard().floor


def test_money_stops_when_it_is_less_than_half_of_the_last() -> None:
    assert Effect(people=50, shrink=100).against(PushGuard()) == ("", 0)
    why = "even the least of those before was worth 101 % more, over 100 %"
    assert Effect(people=50, shrink=101).against(PushGuard()) == (why, 50)
    assert Effect(people=5, shrink=900).against(PushGuard()) == ("", 0)


@pytest.mark.parametrize("kind", ["contribution.deposit", "earnings.deposit"])
def test_a_file_after_an_unusual_one_is_held_against_the_least_of_its_kind(kept: Store, kind: str) -> None:
    def told(session: Session, day: str, pretax: int) -> str:
        return rows(session, kind, day, lambda _: {"plan": "401k", "amounts": {"pretax": pretax}}, 40 * pretax)

    with kept.write("acme") as session:
        sent(session, told(session, "2026-09-15", 10_000))
        sent(session, told(session, "2026-09-20", 60_000))  # of bonuses
        regular, little = (effect(session, told(session, day, pretax))
                           for day, pretax in (("2026-09-30", 10_000), ("2026-10-15", 4_000)))  # fmt: skip
    assert regular.shrink <= 0
    assert little.shrink == (150 if kind == "contribution.deposit" else 0)


def test_what_payroll_took_moves_with_pay_and_what_is_absent_is_no_change(kept: Store) -> None:
    def told(session: Session, day: str, amounts: Content) -> str:
        return rows(session, "contribution.deposit", day, lambda _: {"plan": "401k", "amounts": amounts}, 1_200_000)

    with kept.write("acme") as session:
        sent(session, told(session, "2026-09-15", {"pretax": 30_000, "roth": 9_000}))
        sent(session, told(session, "2026-09-30", {"pretax": 30_000}))
        assert effect(session, told(session, "2026-10-15", {"pretax": 45_000})).changed == set()
        assert effect(session, told(session, "2026-10-16", {"pretax": 45_001})).changed == set(PEOPLE)
        assert effect(session, told(session, "2026-10-17", {"pretax": 30_000, "match": 100})).changed == set()
        assert effect(session, told(session, "2026-10-18", {"pretax": 30_000, "roth": 90})).changed == set(PEOPLE)
