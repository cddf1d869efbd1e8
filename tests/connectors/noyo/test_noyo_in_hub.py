"""An employer whose insurers are reached through Noyo: sent, taken, confirmed, refused, and nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from benehub import dispatch, plugins, reconcile
from benehub.connect.exchange import Acks
from benehub.crypto import Vault
from benehub.flows import Hub, bind, dispatches, enrollment_families, enrollments
from benehub.flows.onboarding import connect, load_plan_book
from benehub.sandbox.faults import FaultKind
from benehub.sandbox.http import as_transport
from benehub.sandbox.mailbox import make_folders
from benehub.store import open_store
from benehub.store.tables import dispatch as dispatch_table
from benehub.store.tables import obligation
from benehub.views.answers import answers
from benehub.views.members import of_carrier
from benehub_connectors.noyo import NoyoConnector
from benehub_connectors.noyo.stage import NOW, PLANS, settings

BOOK = """
employer: {id: acme, name: Acme}
roles: {hris: census, payroll: census}
pay_groups:
  monthly: {frequency: monthly, days: [15]}
plans:
  - id: ppo
    name: PPO
    benefit_type: medical
    carrier: noyo
    effective_from: 2026-01-01
    rates: [{from: 2026-01-01, tiers: {EE: 500.00, ES: 900.00, EC: 800.00, FAM: 1200.00}}]
    employer_contribution: {scheme: percent_of_tier, percent: 80%}
    deduction: {code: MED, tax_class: pretax, method: per_month, per_month: 1}
carriers:
  noyo: {pay_policy: pay_as_enrolled}
"""
CENSUS = {
    "employee_number": "No", "first_name": "First", "last_name": "Last", "birth_date": "Born", "sex": "Sex",
    "ssn": "SSN", "hire_date": "Hired", "termination_date": "Left", "address1": "Street", "city": "City",
    "state": "State", "zip_code": "Zip", "pay_group": "Group",
}  # fmt: skip
FAMILY = {
    "employee": "No", "first_name": "First", "last_name": "Last", "birth_date": "Born", "sex": "Sex",
    "relationship": "Relation",
}  # fmt: skip
ELECTED = {"employee": "No", "plan": "Plan", "tier": "Tier", "effective_from": "From", "dependents": "Covered"}
ANN = ("2001", "Ann", "Alder", "1980-02-03", "F", "900110001", "2025-03-01", "", "1 Elm St", "Troy", "NY", "12180")
BEN = ("2002", "Ben", "Birch", "1990-07-09", "M", "900110002", "2025-01-05", "", "2 Elm St", "Troy", "NY", "12180")


class Firm:
    """A hub with a folder of census files and a connection to Noyo."""

    def __init__(self, root: Path, simulator: Any, url: str = "") -> None:
        self.now, self.root, self.noyo, self.runs = NOW, root, simulator, 0
        make_folders(root, "drop")
        store = open_store(url or f"sqlite:///{root / 'hub.db'}", Vault({"k1": b"k" * 32}), lambda: self.now)
        store.migrate()
        wiring = {"transport": as_transport(simulator), "sleep": lambda _seconds: None, "wall_clock": lambda: NOW}
        self.hub: Hub = bind(Hub(store, plugins.build(load_strangers=False),
                                 lambda _employer, name: dict(wiring) if name == "noyo" else {}))  # fmt: skip
        self.hub.engine.start()
        load_plan_book(self.hub, BOOK, "book")
        streams = {
            name: {"pattern": f"{name}*.csv", "columns": columns}
            for name, columns in (("employee", CENSUS), ("dependent", FAMILY), ("election", ELECTED))
        }
        drop = {"place": {"folder": str(root / "drop")}, "streams": streams}
        connect(self.hub, "acme", {"census": {"connector": "files", "settings": drop}})
        self.agree()

    def agree(self, mode: str = "live", **more: Any) -> None:
        """Write the connection to Noyo, with these settings beside the usual."""
        one = {"connector": "noyo", "settings": {**settings(self.noyo), **more}, "mode": mode}
        connect(self.hub, "acme", {"noyo": one})

    def flow(self, name: str, *arguments: Any) -> Any:
        """Run a flow as a new job."""
        self.runs += 1
        return self.hub.start_flow(name, "acme", f"run {self.runs}", *arguments)

    def drop(self, stream: str, columns: dict[str, str], *rows: tuple[str, ...]) -> None:
        """Put a file into the folder, read it, and bring cover up to date."""
        lines = [",".join(columns.values()), *(",".join(row) for row in rows)]
        (self.root / "drop" / f"{stream} {self.runs}.csv").write_text("\n".join(lines) + "\n")
        told = self.read("census", stream)
        assert told["quarantined"] == 0
        self.flow("coverage", f"{self.now:%Y-%m-%d}")

    def read(self, connection: str, stream: str) -> Any:
        """Sync a stream."""
        return self.flow("sync", connection, stream, f"read {self.runs}", False)

    def hire(self, *people: tuple[str, ...], since: str = "2026-12-01") -> None:
        """These people, covered by the PPO since a day."""
        self.drop("employee", CENSUS, *((*one, "monthly") for one in people))
        self.drop("election", ELECTED, *((one[0], "ppo", "EE", since, "") for one in people))

    def send(self) -> dict[str, Any]:
        """Send what changed."""
        told: dict[str, Any] = self.flow("enrollments.send", "noyo", f"{self.now:%Y-%m-%d}")
        return told

    def answers(self) -> dict[str, int]:
        """Read what carriers answered, and take it."""
        self.now += timedelta(hours=1)
        self.read("noyo", "acknowledgement")
        told: dict[str, int] = self.flow("enrollments.acks", "noyo")
        return told

    def members(self) -> dict[str, tuple[str, str]]:
        """Member -> how far he has come, and in which words."""
        with self.hub.store.read("acme") as session:
            return {one.member: (one.state, one.says) for one in of_carrier(session, "noyo", Acks())}

    def sent(self) -> list[Any]:
        """All dispatches, in order."""
        with self.hub.store.read("acme") as session:
            return list(session.rows(select(dispatch_table).order_by(dispatch_table.c.seq)))

    def newest(self, number: str) -> Any:
        """The dispatch that is the newest word on a member."""
        with self.hub.store.read("acme") as session:
            ids = [one.dispatch for one in of_carrier(session, "noyo", Acks()) if one.member == number]
            return dispatch.get(session, ids[0])

    def owed(self) -> dict[str, tuple[str, str]]:
        """Obligation of each family: state and reason."""
        with self.hub.store.read("acme") as session:
            return {row.business_key: (row.state, row.reason) for row in session.rows(select(obligation))}

    def differences(self) -> list[tuple[str, str]]:
        """Types and causes of the open differences with Noyo."""
        with self.hub.store.read("acme") as session:
            return sorted((row.type, row.cause) for row in reconcile.listed(session)
                          if row.relation in ("enrollment", "premium") and row.state in reconcile.OPEN)  # fmt: skip


@pytest.fixture
def firm(tmp_path: Path, noyo: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firm]:
    """The employer, with two people hired and covered; the vendor's descriptions are the referee of every call."""
    monkeypatch.setenv("SECRET", noyo.client_secret)
    made = Firm(tmp_path, noyo)
    made.hire(ANN, BEN)
    yield made
    made.hub.engine.stop()
    made.hub.store.close()


def test_sent_is_taken_and_only_the_carrier_confirms(firm: Firm) -> None:
    told = firm.send()
    assert (told["changes"], told["families"], told["sent"], told["acked"]) == (2, 2, 2, 2)
    assert firm.noyo.effects == 2
    taken = ("acked", "taken by the vendor, cover not confirmed")
    assert firm.members() == {"2001": taken, "2002": taken}
    # Noyo's own roster shows them at once: it is what it was sent, and confirms nobody.
    firm.read("noyo", "roster")
    assert firm.answers()["confirmed"] == 0
    assert firm.members() == {"2001": taken, "2002": taken}
    firm.noyo.fulfil(firm.noyo.newest("2001"), "sent")
    firm.answers()
    assert {who: state for who, (state, _) in firm.members().items()} == {"2001": "confirmed", "2002": "acked"}
    with firm.hub.store.read("acme") as session:
        (shown,) = answers(session, "noyo")
    assert (shown["member"], shown["status"], shown["dispatch"]) == (
        "2001",
        "accepted",
        firm.newest("2001").dispatch_id,
    )


def test_the_same_on_postgresql(tmp_path: Path, noyo: Any, fresh_pg_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", noyo.client_secret)
    firm = Firm(tmp_path, noyo, fresh_pg_url)
    firm.hire(ANN, BEN)
    assert firm.send()["acked"] == 2
    noyo.fulfil(noyo.newest("2001"), "sent")
    noyo.fulfil(noyo.newest("2002"), "invalid", ["class is required"])
    firm.answers()
    assert {who: state for who, (state, _) in firm.members().items()} == {"2001": "confirmed", "2002": "refused"}
    with firm.hub.store.read("acme") as session:
        (shown,) = answers(session, "noyo", noyo.newest("2001"))
    assert shown["dispatch"] == firm.newest("2001").dispatch_id
    firm.hub.engine.stop()
    firm.hub.store.close()


def test_what_stands_is_not_sent_again(firm: Firm) -> None:
    firm.send()
    writes = len(firm.noyo.snapshots)
    assert firm.send() == {"changes": 0, "members": 0}
    firm.noyo.fulfil(firm.noyo.newest("2001"), "sent")
    firm.answers()
    assert firm.send() == {"changes": 0, "members": 0}
    assert (len(firm.noyo.snapshots), firm.noyo.effects) == (writes, 2)


def test_each_family_goes_whole_and_an_end_is_told(firm: Firm) -> None:
    firm.drop("dependent", FAMILY, ("2001", "Zoe", "Alder", "2015-05-05", "F", "child"))
    firm.drop("election", ELECTED, ("2001", "ppo", "EC", "2026-12-01", "Zoe"))
    firm.send()
    number = next(row["custom_individual_id"] for row in firm.noyo.family("2001")["dependents"])
    assert set(firm.members()) == {"2001", "2002", number}
    firm.noyo.fulfil(firm.noyo.newest("2001"), "no_changes")
    firm.answers()
    assert firm.members()[number][0] == "confirmed"  # the word on a family is a word on each of it
    firm.drop("employee", CENSUS, (*BEN[:7], "2026-12-15", *BEN[8:], "monthly"))
    told = firm.send()
    assert (told["changes"], told["sent"]) == (1, 1)
    (coverage,) = firm.noyo.family("2002")["coverages"]
    assert coverage["enrolled_members"][0]["effective_end_date"] == "2026-12-31"


def test_a_change_of_tier_leaves_the_months_before_it_covered(firm: Firm) -> None:
    firm.drop("dependent", FAMILY, ("2001", "Zoe", "Alder", "2015-05-05", "F", "child"))
    firm.drop("election", ELECTED, ("2001", "ppo", "EC", "2026-12-01", "Zoe"))
    firm.send()
    firm.drop("dependent", FAMILY, ("2001", "Tom", "Alder", "1981-05-05", "M", "spouse"))
    firm.drop("election", ELECTED, ("2001", "ppo", "FAM", "2027-03-01", "Zoe; Tom"))
    assert firm.send()["sent"] == 1
    ((one,), family) = firm.noyo.family("2001")["coverages"], firm.noyo.family("2001")["dependents"]
    names = {row["id"]: row["person"]["first_name"] for row in family}
    days = {names.get(row["individual_id"], "Ann"): (row["effective_start_date"], row["effective_end_date"])
            for row in one["enrolled_members"]}  # fmt: skip
    open_ = "9999-12-31"
    assert days == {"Ann": ("2026-12-01", open_), "Zoe": ("2026-12-01", open_), "Tom": ("2027-03-01", open_)}
    assert one["enrolled_members"][0]["latest_change_effective_date"] == "2027-03-01"
    assert firm.send() == {"changes": 0, "members": 0}
    # Taken back whole, it is void from its first day, and not from the day of the change.
    firm.drop("employee", CENSUS, (*ANN[:7], "2026-11-15", *ANN[8:], "monthly"))
    firm.send()
    (one,) = firm.noyo.family("2001")["coverages"]
    assert {row["effective_end_date"] for row in one["enrolled_members"]} == {"2026-11-30"}


def test_a_carriers_no_moves_the_family_back_with_the_reason(firm: Firm) -> None:
    firm.send()
    firm.noyo.fulfil(firm.noyo.newest("2002"), "invalid", ["class is required"])
    tally = firm.answers()
    assert (tally["refused"], tally["refused_late"]) == (1, 0)
    why = "the carrier's report code invalid: class is required"
    assert firm.members()["2002"] == ("refused", f"refused {why}")
    assert [one for one in firm.owed().values() if one[0] == "refused"] == [("refused", why)]
    firm.flow("reconcile", "2026-12", ["premium"])
    assert ("MEMBER_REFUSED", f"the carrier refused the member: {why}") in firm.differences()
    assert firm.answers()["refused"] == 0  # told once
    assert firm.send()["members"] == 0  # and not sent again by itself
    # Sent anew by a person, Noyo holds it already; what its carrier says of that is the answer again.
    refused = firm.newest("2002").dispatch_id
    assert dispatches.reopen(firm.hub, "acme", refused, "J. Doe", "class set at Noyo") == "open"
    assert (firm.send()["sent"], firm.noyo.effects) == (1, 2)
    assert firm.members()["2002"][0] == "acked"
    firm.noyo.fulfil(firm.noyo.newest("2002"), "sent")
    firm.answers()
    assert firm.members()["2002"][0] == "confirmed"


def test_a_refused_family_whose_data_were_mended_goes_by_itself(firm: Firm) -> None:
    firm.send()
    firm.noyo.fulfil(firm.noyo.newest("2002"), "invalid", ["last name differs"])
    firm.answers()
    firm.drop("employee", CENSUS, (*BEN[:2], "Birk", *BEN[3:], "monthly"))
    told = firm.send()
    assert (told["changes"], told["sent"], told["acked"]) == (1, 1, 1)
    assert firm.newest("2002").revision == 2
    assert firm.noyo.family("2002")["employee"]["person"]["last_name"] == "Birk"
    # What the carrier said of the first no longer touches the family.
    assert firm.answers()["refused"] == 0
    assert firm.members()["2002"][0] == "acked"


def test_one_that_noyo_refuses_at_once_holds_up_nobody(firm: Firm) -> None:
    twin = next(iter(firm.noyo.families.values()))
    twin["employee"]["person"] |= {"first_name": "Ann", "last_name": "Alder", "date_of_birth": "1980-02-03"}
    twin["employee"]["custom_individual_id"] = "another"
    twin["coverages"][0]["plan_id"] = PLANS["dental"].id  # cover that the hub knows nothing of
    told = firm.send()
    assert (told["sent"], told["failed"]) == (1, 1)
    state, says = firm.members()["2001"]
    assert state == "refused" and "missing the following active coverages" in says
    assert firm.members()["2002"][0] == "acked"


def test_one_that_breaks_the_connector_waits_for_a_person_and_the_others_go(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = NoyoConnector.request

    def poisoned(self: Any, item: Any, found: Any, told: Any) -> Any:
        if item.content["subscriber_id"] == "2001":
            raise KeyError("900110001")
        return real(self, item, found, told)

    monkeypatch.setattr(NoyoConnector, "request", poisoned)
    told = firm.send()
    assert (told["sent"], told["held"]) == (1, 1)
    held = next(row for row in firm.sent() if row.state == "held")
    assert "failed unexpectedly (KeyError)" in held.reason and "900110001" not in held.reason
    assert firm.members()["2001"] == ("sent", "not sent: it is held")


def test_one_that_cannot_be_told_is_named_before_it_leaves(firm: Firm) -> None:
    firm.hire(("2003", "Cas", "Cedar", "1985-01-01", "M", "900110003", "2025-01-05", "", "3 Elm St", "", "NY", "12180"))
    assert firm.send()["sent"] == 2
    (reason,) = [why for state, why in firm.owed().values() if state == "refused"]
    assert reason == "not sent: member 2003: Noyo demands a whole address: fill in city in the HRIS"


@pytest.mark.parametrize("kind", [FaultKind.APPLY_THEN_TIMEOUT, FaultKind.APPLY_THEN_500])
def test_applied_and_no_receipt_is_one_effect_and_its_answer_is_found(firm: Firm, kind: FaultKind) -> None:
    firm.noyo.faults.add(kind, path="*/member_snapshots", method="POST")
    assert firm.send()["sent"] == 2
    assert firm.noyo.effects == 2
    # Of whom Noyo knows nothing else can be lost than the receipt.
    firm.drop("employee", CENSUS, (*BEN[:7], "2026-12-15", *BEN[8:], "monthly"))
    firm.noyo.faults.add(kind, path="*/member_snapshots", method="POST")
    written = len(firm.noyo.snapshots)
    assert (firm.send()["sent"], firm.noyo.effects, len(firm.noyo.snapshots) - written) == (1, 3, 1)
    receipt = firm.newest("2002").receipt
    assert (receipt["changed"], receipt["reference"]) == (False, "")
    firm.answers()
    assert firm.members()["2002"][0] == "acked"
    firm.noyo.fulfil(firm.noyo.newest("2002"), "sent")
    firm.answers()
    assert firm.members()["2002"][0] == "confirmed"


@pytest.mark.parametrize("kind", [FaultKind.APPLY_THEN_TIMEOUT, FaultKind.APPLY_THEN_500])
def test_a_new_family_whose_answer_was_lost_is_not_refused_for_being_there(firm: Firm, kind: FaultKind) -> None:
    """In the same run Noyo's id of the employee is not known yet, so her child looks like another of the same name."""
    firm.drop("dependent", FAMILY, ("2001", "Zoe", "Alder", "2015-05-05", "F", "child"))
    firm.drop("election", ELECTED, ("2001", "ppo", "EC", "2026-12-01", "Zoe"))
    firm.noyo.faults.add(kind, path="*/member_snapshots", method="POST")
    told = firm.send()
    assert (told["sent"], told["unknown"], firm.noyo.effects) == (1, 1, 2)
    assert "refused" not in {state for state, _ in firm.owed().values()}
    assert firm.send()["sent"] == 1
    assert firm.noyo.effects == 2
    assert {state for state, _ in firm.members().values()} == {"acked"}


def test_a_family_that_stays_refused_after_a_lost_answer_is_told(firm: Firm) -> None:
    twin = next(iter(firm.noyo.families.values()))
    twin["employee"]["person"] |= {"first_name": "Ann", "last_name": "Alder", "date_of_birth": "1980-02-03"}
    twin["employee"]["custom_individual_id"] = "another"
    firm.noyo.faults.add(FaultKind.TIMEOUT, path="*/member_snapshots", method="POST")
    twin["coverages"][0]["plan_id"] = PLANS["dental"].id
    assert firm.send()["unknown"] == 1
    assert firm.send()["failed"] == 1
    assert firm.members()["2001"][0] == "refused"


def test_a_process_that_dies_before_the_receipt_is_one_effect(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_arguments: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(NoyoConnector, "receipt", die)
        with pytest.raises(BaseException):  # noqa: B017 - whatever the engine makes of a process that ends
            firm.send()
    assert firm.noyo.effects == 1
    assert "sending" in {row.state for row in firm.sent()}
    firm.send()
    assert {row.state for row in firm.sent()} == {"sent"}
    assert (firm.noyo.effects, len(firm.sent())) == (2, 2)
    writes = [call for call in firm.noyo.log if call.method == "POST" and call.path.endswith("/member_snapshots")]
    assert len(writes) == 2  # what had been applied was found there, and not written again


def test_tested_first_and_sent_once_it_is_meant(firm: Firm) -> None:
    firm.agree(test=True)
    assert firm.send()["held"] == 2
    assert firm.noyo.effects == 0
    assert all(state == "held" and why.startswith("only tested: ") for state, why in firm.owed().values())
    assert firm.send() == {"changes": 0, "members": 0}  # what was tested is not tested again
    firm.agree()
    assert firm.send()["sent"] == 2
    assert firm.noyo.effects == 2


def test_a_tested_family_may_be_let_go_by_hand(firm: Firm) -> None:
    firm.agree(test=True)
    firm.send()
    one = firm.sent()[0].dispatch_id
    firm.agree()
    assert dispatches.reopen(firm.hub, "acme", one, "J. Doe", "go") == "prepared"
    assert firm.flow("dispatch.resend", one) == {"sent": 1}
    assert sorted(state for state, _ in firm.members().values()) == ["acked", "sent"]


def test_a_silent_carrier_becomes_an_alarm(firm: Firm) -> None:
    firm.agree(exchange={"answer_days": 3})
    firm.send()
    firm.noyo.fulfil(firm.noyo.newest("2001"), "sent")
    assert firm.answers()["overdue"] == 0
    firm.now += timedelta(days=4)
    assert firm.answers()["overdue"] == 1
    ((kind, cause),) = firm.differences()
    assert kind == "ACK_OVERDUE"
    assert cause.startswith("the family was sent 2026-11-02T12:00Z, and no word of the carrier's has come within 3")
    firm.noyo.fulfil(firm.noyo.newest("2002"), "sent")
    assert firm.answers()["overdue"] == 0
    assert firm.differences() == []


def test_an_open_difference_refuses_and_once_settled_the_family_stands(firm: Firm) -> None:
    firm.send()
    firm.noyo.fulfil(firm.noyo.newest("2001"), "sent")
    firm.answers()
    dates = [{"key": "effective_start_date", "carrier_value": "2027-01-01", "platform_value": "2026-12-01"}]
    one = firm.noyo.differ("2001", "ie_effective_start_date", fields=dates)
    assert firm.answers()["refused"] == 1
    state, says = firm.members()["2001"]
    assert state == "refused" and "carrier 2027-01-01, Noyo 2026-12-01" in says
    # Sent anew nothing changes at Noyo, and the difference still stands.
    dispatches.reopen(firm.hub, "acme", firm.newest("2001").dispatch_id, "J. Doe", "asked the carrier")
    firm.send()
    assert firm.answers()["refused"] == 1
    one |= {"resolved": 1_790_000_500}
    firm.answers()
    dispatches.reopen(firm.hub, "acme", firm.newest("2001").dispatch_id, "J. Doe", "the carrier has mended it")
    firm.send()
    firm.answers()
    assert firm.members()["2001"][0] == "confirmed"


def test_a_difference_older_than_the_change_lets_nobody_be_confirmed(firm: Firm) -> None:
    firm.send()
    one = firm.noyo.differ("2001", "new_hire", difference_classification="missing_from_carrier")
    assert firm.answers()["refused"] == 1
    firm.drop("employee", CENSUS, (*ANN[:2], "Adler", *ANN[3:], "monthly"))
    assert firm.send()["sent"] == 1
    firm.noyo.fulfil(firm.noyo.newest("2001"), "sent")
    firm.answers()
    assert firm.members()["2001"][0] == "acked"
    one |= {"resolved": 1_790_000_500}
    firm.answers()
    assert firm.members()["2001"][0] == "confirmed"


def test_what_noyo_holds_already_is_adopted_and_not_sent(firm: Firm) -> None:
    firm.hire(
        (
            "1001",
            "Ada",
            "Byron",
            "1980-03-09",
            "F",
            "900120001",
            "2020-01-06",
            "",
            "1 Mill Lane",
            "Springfield",
            "IL",
            "62701",
        ),
        since="2026-01-01",
    )
    firm.read("noyo", "roster")
    firm.flow("adopt")
    assert firm.send()["changes"] == 2  # the two that are new, and not the one who is there


@pytest.mark.parametrize("how", [{"test": True}, {"mode": "watch"}], ids=["tested", "watched"])
def test_what_is_taken_back_while_nothing_is_written_does_not_leave_later(firm: Firm, how: dict[str, Any]) -> None:
    firm.agree(**how)
    assert firm.send()["held"] == 2
    firm.drop("employee", CENSUS, (*BEN[:7], "2026-11-15", *BEN[8:], "monthly"))
    firm.agree()
    assert firm.send()["sent"] == 1
    assert firm.noyo.family("2001") is not None and firm.noyo.family("2002") is None
    assert sorted(state for state, _ in firm.owed().values()) == ["canceled", "confirmed"]


def test_the_preview_shows_the_very_request(firm: Firm) -> None:
    enrollments.want_changes(firm.hub, "acme", "noyo", NOW.date())
    ids = enrollments.freeze_changes(firm.hub, "acme", "noyo")
    items = list(enrollment_families.thawed(firm.hub, "acme", ids).values())
    shown = enrollment_families.calls(firm.hub, "acme", "noyo", items)
    assert firm.noyo.effects == 0
    firm.send()
    left = [call for call in firm.noyo.log if call.method == "POST" and call.path.endswith("/member_snapshots")]
    assert sorted(one.body for one in shown) == sorted(call.body.decode() for call in left)
    assert [one.place for one in shown] == [f"POST {call.path}" for call in left]
    again = enrollment_families.calls(firm.hub, "acme", "noyo", items)
    assert {one.why for one in again} == {"nothing: the vendor holds it already"}


def test_premiums_are_a_bill_that_is_compared(firm: Firm) -> None:
    firm.hire(ANN, since="2026-11-01")
    firm.send()
    firm.flow("premiums.accrue", "2026-11")
    firm.noyo.bill("2001", PLANS["ppo"], "512.40", "2026-11-01")
    told = firm.read("noyo", "invoice_line")
    assert (told["applied"], told["quarantined"]) == (2, 0)
    firm.flow("reconcile", "2026-11", ["premium"])
    assert ("RATE_DIFF", "billed at another rate") in firm.differences()


def test_many_families_go_one_by_one_and_tell_how_far_they_are(firm: Firm) -> None:
    people = [(f"3{n:03}", "Pat", f"Pine {n}", "1990-01-01", "F", f"90022{n:04}", "2025-01-05", "", "1 Oak St", "Troy",
               "NY", "12180") for n in range(1, 61)]  # fmt: skip
    firm.hire(*people)
    lines: list[str] = []
    firm.hub.progress = lines.append
    assert firm.send()["sent"] == 62
    assert lines and lines[-1].endswith("62 of 62 sent")
    with firm.hub.store.read("acme") as session:
        assert all(len(dispatch.attempts(session, row.dispatch_id)) == 1 for row in firm.sent())
