"""What a carrier hears of dependents whose employee's cover goes on: one who joins begins, one who leaves ends."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select

from benehub import dispatch, facts
from benehub.facts import Fact, Version
from benehub.flows.enrollments import _goes_on, _of_member
from benehub.formats.x12 import checks, enrollment_834
from benehub.identity import people
from benehub.periods import FOREVER
from benehub.store.tables import dispatch as dispatch_table


def child(office: Any, name: str, born: str) -> str:
    """A child of 1001."""
    with office.hub.store.write("acme") as session:
        employee = people.by_member_id(session, "1001") or ""
        who = people.add_dependent(session, "hris", f"dep:{name}", employee, None)
        data = {"employee": employee, "first_name": name, "last_name": "Alder", "relationship": "child",
                "birth_date": born, "sex": "F"}  # fmt: skip
        facts.record(session, [Version("dependent", who, "", date.fromisoformat(born), data)], "a test")
    return who


def covers(office: Any, tier: str, since: str, *dependents: str) -> None:
    """1001's cover from a day on."""
    data = {"plan": "ppo", "tier": tier, "dependents": list(dependents), "pretax_rate": "", "roth_rate": "",
            "event": ""}  # fmt: skip
    with office.hub.store.write("acme") as session:
        employee = people.by_member_id(session, "1001") or ""
        facts.record(session, [Version("coverage", employee, "medical", date.fromisoformat(since), data)], "a test")


def told(office: Any) -> dict[str, tuple[str, list[tuple[str, date | None, date | None]]]]:
    """The newest change file: member -> INS03, and HD01 with begin and end of each cover."""
    assert office.flow("enrollments.send", "carrier", "2026-10-01")["sent"] == 1
    row = office.rows(select(dispatch_table).order_by(dispatch_table.c.seq))[-1]
    with office.hub.store.read("acme") as session:
        text = dispatch.frozen_bytes(session, row).decode("ascii")
    assert checks.check(text) == []
    (received,) = enrollment_834.parse(text)
    found = {
        dict(one.references).get("23", ""): (
            one.maintenance, [(line.maintenance, line.date("348"), line.date("349")) for line in one.coverages]
        )
        for one in received.members
    }  # fmt: skip
    office.carrier.collect()
    office.sync("carrier", "acknowledgement")
    office.flow("enrollments.acks", "carrier")
    return found


def covered(office: Any, day: date) -> set[str]:
    return {row.member for row in office.carrier.book.roster(day)}


def test_who_joins_begins_and_who_leaves_ends_while_the_others_stay(enrolled: Any) -> None:
    enrolled.carrier.book.rates["ppo"] |= {"EC": 80000}
    enrolled.sync("carrier", "acknowledgement")
    enrolled.flow("enrollments.acks", "carrier")
    kim, lou = child(enrolled, "Kim", "2015-03-04"), child(enrolled, "Lou", "2017-05-06")
    covers(enrolled, "EC", "2026-10-01", kim, lou)
    begun = told(enrolled)
    assert begun["1001"][0] == "001"
    for who in ("1001-01", "1001-02"):
        assert begun[who] == ("021", [("021", date(2026, 10, 1), None)])
    assert covered(enrolled, date(2026, 10, 15)) >= {"1001", "1001-01", "1001-02"}

    covers(enrolled, "EC", "2026-11-01", kim)
    ended = told(enrolled)
    assert ended["1001-01"][0] == "001"
    assert ended["1001-02"] == ("024", [("024", date(2026, 10, 1), date(2026, 10, 31))])
    assert covered(enrolled, date(2026, 11, 15)) >= {"1001", "1001-01"}
    assert "1001-02" not in covered(enrolled, date(2026, 11, 15))

    covers(enrolled, "EE", "2026-12-01")
    last = told(enrolled)
    assert last["1001"][0] == "001"
    assert last["1001-01"][0] == "024"
    assert covered(enrolled, date(2026, 12, 15)) & {"1001", "1001-01", "1001-02"} == {"1001"}


def test_one_who_should_never_have_been_covered_is_void(enrolled: Any) -> None:
    enrolled.carrier.book.rates["ppo"] |= {"EC": 80000}
    enrolled.sync("carrier", "acknowledgement")
    enrolled.flow("enrollments.acks", "carrier")
    kim = child(enrolled, "Kim", "2015-03-04")
    covers(enrolled, "EC", "2026-10-01", kim)
    told(enrolled)
    covers(enrolled, "EE", "2026-10-01")
    assert told(enrolled)["1001-01"][0] == "024"
    assert "1001-01" not in covered(enrolled, date(2026, 10, 15))


def chooses(office: Any, provider: str, **providers: str) -> None:
    """1001 elects again, with a provider and those of single dependents."""
    data = {"plan": "ppo", "tier": "EC", "provider": provider, "providers": providers}
    with office.hub.store.write("acme") as session:
        employee = people.by_member_id(session, "1001") or ""
        facts.record(session, [Version("election", employee, "medical", date(2026, 1, 1), data)], "a test")


def providers(office: Any) -> dict[str, list[str]]:
    """The newest change file: member -> NM109 of the providers of his cover."""
    told(office)
    row = office.rows(select(dispatch_table).order_by(dispatch_table.c.seq))[-1]
    with office.hub.store.read("acme") as session:
        (received,) = enrollment_834.parse(dispatch.frozen_bytes(session, row).decode("ascii"))
    return {
        dict(one.references).get("23", ""): [doctor.name.id for line in one.coverages for doctor in line.providers]
        for one in received.members
    }


def test_each_member_has_a_provider_of_his_own_and_a_change_of_one_is_told(enrolled: Any) -> None:
    enrolled.carrier.book.rates["ppo"] |= {"EC": 80000}
    enrolled.sync("carrier", "acknowledgement")
    enrolled.flow("enrollments.acks", "carrier")
    kim, lou, max_ = (child(enrolled, name, "2015-03-04") for name in ("Kim", "Lou", "Max"))
    covers(enrolled, "EC", "2026-10-01", kim, lou, max_)
    chooses(enrolled, "1234567893", **{kim: "1003000126", max_: ""})
    assert providers(enrolled) == {
        "1001": ["1234567893"], "1001-01": ["1003000126"], "1001-02": ["1234567893"], "1001-03": [],
    }  # fmt: skip
    assert enrolled.flow("enrollments.send", "carrier", "2026-10-01")["members"] == 0
    chooses(enrolled, "1234567893", **{kim: "1003000126", lou: "1003000134", max_: ""})
    assert providers(enrolled)["1001-02"] == ["1003000134"]


def test_a_time_without_cover_is_an_end_and_a_reinstatement(enrolled: Any) -> None:
    enrolled.carrier.book.rates["ppo"] |= {"EC": 80000}
    enrolled.sync("carrier", "acknowledgement")
    enrolled.flow("enrollments.acks", "carrier")
    kim, lou = child(enrolled, "Kim", "2015-03-04"), child(enrolled, "Lou", "2017-05-06")
    covers(enrolled, "EC", "2026-10-01", kim)
    told(enrolled)
    with enrolled.hub.store.write("acme") as session:
        who = people.by_member_id(session, "1001") or ""
        gap = Version("coverage", who, "medical", date(2026, 11, 1), None, date(2026, 12, 1))
        facts.record(session, [gap], "a test")
    covers(enrolled, "EC", "2026-12-01", kim, lou)
    both = ("001", [("024", date(2026, 10, 1), date(2026, 10, 31)), ("025", date(2026, 12, 1), None)])
    assert told(enrolled) == {"1001": both, "1001-01": both, "1001-02": ("021", [("021", date(2026, 12, 1), None)])}
    on = {day: covered(enrolled, day) - {"1002"} for day in (date(2026, 11, 15), date(2026, 12, 15))}
    assert on == {date(2026, 11, 15): set(), date(2026, 12, 15): {"1001", "1001-01", "1001-02"}}
    assert enrolled.flow("enrollments.send", "carrier", "2026-10-01")["members"] == 0


def test_one_cover_dropped_is_no_end_of_the_member() -> None:
    data = {"plan": "dental", "tier": "EC", "dependents": ["kim"]}
    dental = Fact("coverage", "ann", "dental", data, date(2026, 1, 1), FOREVER, "fct_1", 1)
    medical = {"plan": "ppo", "dependents": ["kim", "lou"], "left": [], "effective_to": None}
    for kind in ("021", "024"):
        assert _of_member([kind], _goes_on({"dental": dental}, [medical])) == "001"
        assert _of_member([kind], _goes_on({"dental": dental}, [medical], "kim")) == "001"
        assert _of_member([kind], _goes_on({"dental": dental}, [medical], "lou")) == kind
        assert _of_member([kind], _goes_on({}, [medical])) == kind
    ending = {**medical, "effective_to": "2026-11-01"}
    for day, goes_on in ((date(2026, 11, 1), False), (date(2027, 1, 1), True)):
        assert _goes_on({"dental": dental._replace(effective_to=day)}, [ending]) is goes_on
    assert _of_member(["030"], True) == "030"
    assert _of_member(["024", "001"], False) == "001"
