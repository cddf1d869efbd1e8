"""A partner who takes a file for each group: each policy has files, numbers, guards and answers of its own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from benehub import dispatch, facts
from benehub.connect.exchange import Acks
from benehub.facts import Version
from benehub.flows.enrollments import told_state
from benehub.flows.onboarding import connect, load_plan_book
from benehub.formats.x12 import ack_999, checks, enrollment_834
from benehub.formats.x12.envelope import Interchange
from benehub.identity import people
from benehub.sandbox.story.world import partner
from benehub.store.tables import dispatch as dispatch_table
from benehub.store.tables import obligation
from benehub.views.members import of_carrier
from benehub_connectors.carrier_x12.settings import PartnerSettings

FULL, CHANGE = "enrollment.full", "enrollment.change"
DENTAL = """  - id: dental
    name: Dental
    benefit_type: dental
    carrier: carrier
    effective_from: 2026-01-01
    rates:
      - from: 2026-01-01
        tiers: {EE: 30.00, ES: 60.00, EC: 50.00, FAM: 80.00}
    employer_contribution: {scheme: percent_of_tier, percent: 50%}
    deduction: {code: DEN, tax_class: pretax, method: per_month, per_month: 1}
carriers:"""


def agree(office: Any, **changes: Any) -> None:
    """The partner's profile from now on: one group a file."""
    settings = partner({"folder": str(office.root / "carrier")}) | {"groups_per_file": "one"} | changes
    connect(office.hub, "acme", {"carrier": {"connector": "carrier_x12", "settings": settings}})
    office.carrier._profile = PartnerSettings.model_validate(settings)


def files(office: Any, operation: str) -> list[Any]:
    query = select(dispatch_table).where(dispatch_table.c.operation == operation)
    return list(office.rows(query.order_by(dispatch_table.c.seq)))


def text(office: Any, row: Any) -> str:
    with office.hub.store.read("acme") as session:
        return dispatch.frozen_bytes(session, row).decode("ascii")


def taken(office: Any) -> dict[str, int]:
    office.sync("carrier", "acknowledgement")
    tally: dict[str, int] = office.flow("enrollments.acks", "carrier")
    return tally


def answered(office: Any) -> dict[str, int]:
    office.carrier.collect()
    return taken(office)


def answer(office: Any, row: Any, verdict: str) -> dict[str, int]:
    """A 999 for one file of ours."""
    sets = [ack_999.SetAck("834", "0001", verdict, "005010X220A1")]
    ours = Interchange("SUMMITCARE", "NORTHWIND", 9000 + row.control, 1, office.now)
    ack = ack_999.acknowledge(enrollment_834.GUIDE, row.control, sets)
    (office.root / f"carrier/from-carrier/by hand {row.control}.999").write_text("".join(ack_999.render(ours, ack)))
    return taken(office)


def told(office: Any) -> set[tuple[str, str]]:
    """Member and plan that the carrier has accepted."""
    with office.hub.store.read("acme") as session:
        numbers = {one: row.member_id for one, row in people.people(session).items()}
        found = told_state(session, "carrier")
    return {(numbers[who], plan) for who, plans in found.items() for plan, one in plans.items() if not one.get("gone")}


def states(office: Any) -> list[tuple[str, str]]:
    with office.hub.store.read("acme") as session:
        return [(one.member, one.state) for one in of_carrier(session, "carrier", Acks())]


def send(office: Any, flow: str = "enrollments.send") -> Any:
    return office.flow(flow, "carrier", f"{office.now:%Y-%m-%d}")


def hire(office: Any, *numbers: int, plans: tuple[str, ...] = ("ppo", "dental")) -> None:
    rows = [f"{n},Ann,Alder {n},1980-02-03,F,90011{n},2025-03-01,monthly" for n in numbers]
    office.drop(f"census {numbers[0]}.csv", "No,First,Last,Born,Sex,SSN,Hired,Group", *rows)
    office.sync("files", "employee")
    elected = [f"{n},{plan},EE,2026-01-01" for n in numbers for plan in plans]
    office.drop(f"elections {numbers[0]}.csv", "No,Plan,Tier,From", *elected)
    office.sync("files", "election")
    office.flow("coverage", "2026-10-01")


@pytest.fixture
def grouped(office: Any) -> Any:
    """1001 and 1002 have medical of policy 1001P and dental of policy 1001D; 1003 has medical alone."""
    load_plan_book(office.hub, office.book.replace("carriers:", DENTAL), "dental")
    office.carrier.book.rates["dental"] = {"EE": 3000}
    agree(office)
    hire(office, 1001, 1002)
    hire(office, 1003, plans=("ppo",))
    return office


def test_each_policy_has_a_file_of_its_own(grouped: Any) -> None:
    done = send(grouped)
    assert done["sent"] == 2 and len(done["dispatches"]) == 2
    rows = files(grouped, CHANGE)
    assert [row.file_group for row in rows] == ["1001D", "1001P"]
    dental, medical = (text(grouped, row) for row in rows)
    assert "REF*38*1001D~" in dental and "HD*021**DEN*" in dental and "PPO" not in dental and "1003" not in dental
    assert "REF*38*1001P~" in medical and "HD*021**PPO*" in medical and "DEN" not in medical
    assert medical.count("INS*Y") == 3 and dental.count("INS*Y") == 2
    assert checks.check(dental) == checks.check(medical) == []
    assert len({row.control for row in rows}) == len({row.file_name for row in rows}) == 2
    assert [row.file_name.rpartition("/")[2].split("_")[0] for row in rows] == ["1001D", "1001P"]
    assert answered(grouped)["acked"] == 5
    assert told(grouped) == {
        ("1001", "ppo"), ("1001", "dental"), ("1002", "ppo"), ("1002", "dental"), ("1003", "ppo"),
    }  # fmt: skip
    assert send(grouped) == {"changes": 0, "members": 0}


def test_the_answer_to_one_file_says_nothing_of_the_other(grouped: Any) -> None:
    send(grouped)
    dental, medical = files(grouped, CHANGE)
    answer(grouped, medical, "A")
    assert told(grouped) == {("1001", "ppo"), ("1002", "ppo"), ("1003", "ppo")}
    assert states(grouped) == [
        ("1001", "sent"), ("1001", "acked"), ("1002", "sent"), ("1002", "acked"), ("1003", "acked"),
    ]  # fmt: skip
    # The set is outstanding while one of its files is: nothing of the next leaves.
    grouped.now += timedelta(hours=1)
    hire(grouped, 1004, plans=("ppo",))
    assert send(grouped)["waits"] == f"{dental.dispatch_id} has no 999 yet"
    answer(grouped, dental, "R")
    assert told(grouped) == {("1001", "ppo"), ("1002", "ppo"), ("1003", "ppo")}
    owed = {(row.state, row.business_key.rpartition("/")[2]) for row in grouped.rows(select(obligation))
            if row.kind == CHANGE and row.state != "open"}  # fmt: skip
    assert owed == {("confirmed", "1001P"), ("refused", "1001D")}
    assert send(grouped)["sent"] == 1 and files(grouped, CHANGE)[-1].file_group == "1001P"


def test_a_file_refused_whole_is_sent_in_place_of_its_own_group_alone(grouped: Any) -> None:
    send(grouped)
    dental, medical = files(grouped, CHANGE)
    answer(grouped, dental, "R")
    answer(grouped, medical, "A")
    grouped.now += timedelta(hours=1)
    with grouped.hub.store.write("acme") as session:
        for row in session.rows(select(obligation).where(obligation.c.state == "refused")):
            session.change(obligation, {"obligation_id": row.obligation_id}, state="open")
    hire(grouped, 1004, plans=("ppo",))
    assert send(grouped)["sent"] == 2
    by_group = {row.file_group: text(grouped, row) for row in files(grouped, CHANGE)[2:]}
    assert "BGN*15*" in by_group["1001D"] and f"{dental.business_key}/{dental.control}".upper() in by_group["1001D"]
    assert "BGN*00*" in by_group["1001P"]


def test_a_full_file_of_each_group_has_a_guard_of_its_own(grouped: Any) -> None:
    hire(grouped, *range(2001, 2021))
    assert send(grouped, "enrollments.full")["sent"] == 2
    assert answered(grouped)["acked"] == 22 + 23
    dental, medical = files(grouped, FULL)
    assert (dental.heads, medical.heads) == (22, 23)
    # Dental loses half of its members, and medical one more: only the former waits.
    grouped.now += timedelta(days=7)
    ends(grouped, "dental", range(2001, 2013))
    done = send(grouped, "enrollments.full")
    assert (done["sent"], done["held"]) == (1, 1)
    newest = {row.file_group: row for row in files(grouped, FULL)[2:]}
    assert newest["1001D"].state == "held" and "covers 10 members, and the carrier covers 22" in newest["1001D"].reason
    assert newest["1001P"].state == "sent"


def ends(office: Any, plan: str, numbers: range) -> None:
    """Their cover in a plan is taken back from its beginning."""
    with office.hub.store.write("acme") as session:
        for number in numbers:
            who = people.by_member_id(session, str(number)) or ""
            facts.record(session, [Version("coverage", who, plan, date(2026, 1, 1), None)], "test")


def test_one_group_that_cannot_be_written_holds_its_own_full_file_alone(grouped: Any) -> None:
    agree(grouped, replace_delimiters=False)
    row = "1009,Ann,Al*der,1980-02-03,F,900111009,2025-03-01,monthly"
    grouped.drop("census 1009.csv", "No,First,Last,Born,Sex,SSN,Hired,Group", row)
    grouped.sync("files", "employee")
    grouped.drop("elections 1009.csv", "No,Plan,Tier,From", "1009,dental,EE,2026-01-01")
    grouped.sync("files", "election")
    grouped.flow("coverage", "2026-10-01")
    done = send(grouped, "enrollments.full")
    assert done["sent"] == 1 and "member 1009: a delimiter" in done["waits"]
    assert [one.file_group for one in files(grouped, FULL)] == ["1001P"]
