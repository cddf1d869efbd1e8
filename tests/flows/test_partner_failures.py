"""The twelve ways in which an exchange of files with an insurer goes wrong, and what the hub does about each.

The number of a test is that of the list in docs/partners.md.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from benehub import dispatch, facts, reconcile
from benehub.connect.exchange import Acks, Exchange
from benehub.errors import ConfigError, DataError
from benehub.facts import Version
from benehub.flows import dispatches, exchange
from benehub.flows.onboarding import connect
from benehub.flows.told import told_state
from benehub.formats.x12 import ack_999, ack_ta1, enrollment_834
from benehub.formats.x12.envelope import Interchange
from benehub.identity import people
from benehub.periods import Month
from benehub.sandbox.story.world import partner
from benehub.store.tables import confirmation, connection, intake_row, member_state, obligation, person, seen
from benehub.store.tables import dispatch as dispatch_table
from benehub.views.members import of_carrier
from benehub.views.outgoing import outgoing
from benehub.views.statement import statement
from benehub.views.trace import trace
from benehub.views.why import why
from benehub_connectors.carrier_x12.settings import PartnerSettings

HEADER = "No,First,Last,Born,Sex,SSN,Hired,Group"
CHANGE, FULL = "enrollment.change", "enrollment.full"


def agree(office: Any, **changes: Any) -> None:
    """The partner's profile from now on."""
    settings = partner({"folder": str(office.root / "carrier")}) | changes
    connect(office.hub, "acme", {"carrier": {"connector": "carrier_x12", "settings": settings}})


def put_in(office: Any, mode: str) -> None:
    """The connection's mode from now on."""
    with office.hub.store.write("acme") as session:
        session.change(connection, {"connection_id": "carrier"}, mode=mode)


def answered(office: Any) -> dict[str, int]:
    office.carrier.collect()
    return taken(office)


def taken(office: Any) -> dict[str, int]:
    office.sync("carrier", "acknowledgement")
    tally: dict[str, int] = office.flow("enrollments.acks", "carrier")
    return tally


def hire(office: Any, *numbers: int, since: str = "2026-01-01") -> None:
    rows = [f"{n},Ann,Alder {n},1980-02-03,F,90011{n},2025-03-01,monthly" for n in numbers]
    office.drop(f"census {numbers[0]}.csv", HEADER, *rows)
    office.sync("files", "employee")
    elected = [f"{n},ppo,EE,{since}" for n in numbers]
    office.drop(f"elections {numbers[0]}.csv", "No,Plan,Tier,From", *elected)
    office.sync("files", "election")
    office.flow("coverage", "2026-10-01")


def send(office: Any, flow: str = "enrollments.send") -> Any:
    return office.flow(flow, "carrier", f"{office.now:%Y-%m-%d}")


def files(office: Any, operation: str = CHANGE) -> list[Any]:
    query = select(dispatch_table).where(dispatch_table.c.operation == operation)
    return list(office.rows(query.order_by(dispatch_table.c.seq)))


def text(office: Any, row: Any) -> str:
    with office.hub.store.read("acme") as session:
        return dispatch.frozen_bytes(session, row).decode("ascii")


def states(office: Any) -> dict[str, str]:
    """Member -> how far he has come."""
    with office.hub.store.read("acme") as session:
        return {one.member: one.state for one in of_carrier(session, "carrier", Acks())}


def told(office: Any) -> set[str]:
    with office.hub.store.read("acme") as session:
        numbers = {one: row.member_id for one, row in people.people(session).items()}
        return {numbers[who] for who, plans in told_state(session, "carrier").items() if not plans["ppo"].get("gone")}


def differences(office: Any) -> list[tuple[str, str]]:
    with office.hub.store.read("acme") as session:
        return sorted((row.type, row.state) for row in reconcile.listed(session) if row.relation == "enrollment")


def answer(office: Any, row: Any, *verdicts: tuple[str, str]) -> None:
    """A 999 for a file: (ST02, verdict) of each set."""
    sets = [ack_999.SetAck("834", control, verdict, "005010X220A1") for control, verdict in verdicts]
    ours = Interchange("SUMMITCARE", "NORTHWIND", 9000 + row.control, 1, datetime(2026, 10, 1, tzinfo=UTC))
    ack = ack_999.acknowledge(enrollment_834.GUIDE, row.control, sets)
    name = f"carrier/from-carrier/by hand {row.control}.999"
    (office.root / name).write_text("".join(ack_999.render(ours, ack)))


def test_fm01_a_member_dropped_in_silence_is_an_alarm_once_his_time_is_up(enrolled: Any) -> None:
    """A 999 A is not cover: the member stays acked until the roster shows him, and then it is late."""
    enrolled.now += timedelta(minutes=5)
    enrolled.carrier.drop_member("1003")
    hire(enrolled, 1003)
    assert answered(enrolled)["acked"] == 2
    send(enrolled)
    assert states(enrolled) == {"1001": "acked", "1002": "acked", "1003": "sent"}
    assert answered(enrolled)["acked"] == 1
    enrolled.now += timedelta(days=1)
    enrolled.carrier.write_roster(enrolled.now.date())
    enrolled.sync("carrier", "roster")
    assert taken(enrolled)["confirmed"] == 2
    assert states(enrolled) == {"1001": "confirmed", "1002": "confirmed", "1003": "acked"}
    assert differences(enrolled) == []
    with enrolled.hub.store.read("acme") as session:
        stops = trace(session, enrolled.hub.book(session), "1003", "ppo", Month(2026, 10))
        said = [stop.what for stop in stops if stop.station in ("obligation", "carrier")]
        owed = session.rows(select(obligation).where(obligation.c.person_id == people.by_member_id(session, "1003")))
        assert why(session, owed[0].obligation_id).data["state"] == "acknowledged"
    assert said == ["enrollment.change: acknowledged file accepted", "carrier: grammar accepted, cover not confirmed"]
    with enrolled.hub.store.read("acme") as session:
        book, day = enrolled.hub.book(session), enrolled.now.date()
        shown = {who: statement(session, book, enrolled.hub.plugins, who, day) for who in ("1001", "1003")}
    lines = {who: {line.key for part in one.sections for line in part.lines} for who, one in shown.items()}
    assert {"covered_tier", "not_confirmed"} <= lines["1003"] and "not_confirmed" not in lines["1001"]
    enrolled.now += timedelta(days=10)
    assert taken(enrolled)["overdue"] == 1
    assert differences(enrolled) == [("ACK_OVERDUE", "discrepancy")]
    with enrolled.hub.store.read("acme") as session:
        late = [one.member for one in of_carrier(session, "carrier", Acks()) if one.overdue]
    assert late == ["1003"]
    # Once the comparison with the roster has told it, it is told there and not twice.
    enrolled.flow("reconcile", "2026-10", ["premium"])
    with enrolled.hub.store.read("acme") as session:
        assert "MEMBER_DROPPED" in {row.type for row in reconcile.listed(session)}
    assert taken(enrolled)["overdue"] == 0


@pytest.mark.parametrize(("hours", "kinds"), [(12, 0), (25, 1), (49, 2)])
def test_fm01_an_answer_that_does_not_come_is_told_by_its_kind(enrolled: Any, hours: int, kinds: int) -> None:
    enrolled.now += timedelta(hours=hours)
    tally = enrolled.flow("enrollments.acks", "carrier")
    assert tally["overdue"] == kinds
    with enrolled.hub.store.read("acme") as session:
        told_of = sorted(row.reference.rpartition("/")[2] for row in reconcile.listed(session))
    assert told_of == ["999", "TA1"][2 - kinds :]
    # The answers come after all: the alarm ends by itself.
    assert answered(enrolled)["overdue"] == 0
    assert differences(enrolled) == []


def test_fm01_where_no_999_is_agreed_a_file_counts_as_taken_and_the_roster_still_confirms(enrolled: Any) -> None:
    agree(enrolled, exchange={"one_outstanding": False, "acks": {"ta1_hours": None, "syntax_hours": None}})
    assert enrolled.flow("enrollments.acks", "carrier")["acked"] == 2
    assert told(enrolled) == {"1001", "1002"} and set(states(enrolled).values()) == {"acked"}


def test_fm03_a_refused_file_goes_under_a_new_number_and_names_the_one_it_replaces(enrolled: Any) -> None:
    enrolled.carrier.reject_files(0)
    (first,) = files(enrolled)
    answer(enrolled, first, ("0001", "R"))
    assert taken(enrolled)["refused"] == 2
    assert dispatches.reopen(enrolled.hub, "acme", first.dispatch_id, "ann", "the carrier asks for it") == "open"
    send(enrolled)
    first, second = files(enrolled)
    assert second.control == first.control + 1
    assert text(enrolled, first).split("~")[3].startswith(f"BGN*00*{first.business_key.upper()}/1*")
    bgn = text(enrolled, second).split("~")[3].split("*")
    assert (bgn[1], bgn[2], bgn[6]) == ("15", f"{second.business_key}/2".upper(), f"{first.business_key}/1".upper())


def test_a_file_of_many_pieces_leaves_and_leaves_again_as_the_bytes_that_were_frozen(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benehub.dispatch.pieces.PIECE", 100)
    office.drop(
        "census.csv",
        "No,First,Last,Born,Sex,SSN,Hired,Group",
        *(f"{n},Ann,Alder {n},1980-02-03,F,90011{n},2025-03-01,monthly" for n in range(1001, 1006)),
    )
    office.drop("elections.csv", "No,Plan,Tier,From", *(f"{n},ppo,EE,2026-01-01" for n in range(1001, 1006)))
    office.sync("files", "employee")
    office.sync("files", "election")
    office.flow("coverage", "2026-10-01")
    assert send(office)["sent"] == 1
    (row,) = files(office)
    frozen, lying = text(office, row), office.root / "carrier" / row.file_name
    assert row.frozen_pieces == -(-len(frozen) // 100) > 10
    assert lying.read_text() == frozen and frozen.count("INS*Y") == 5
    with office.hub.store.read("acme") as session:
        (shown,) = outgoing(session, [row.dispatch_id])
    assert shown.content.startswith("ISA*00*") and len(shown.content.split("~")) == len(frozen.split("~"))
    lying.unlink()
    dispatches.same_bytes(office.hub, "acme", row.dispatch_id, "ann", "the carrier lost it")
    assert office.flow("dispatch.resend", row.dispatch_id)["sent"] == 1
    assert lying.read_text() == frozen


def test_fm03_only_when_told_so_the_same_bytes_leave_again(enrolled: Any) -> None:
    (row,) = files(enrolled)
    lost = enrolled.root / "carrier" / row.file_name
    assert not lost.exists()  # the carrier has swept it
    with pytest.raises(DataError, match="nothing of it was refused"):
        dispatches.reopen(enrolled.hub, "acme", row.dispatch_id, "ann", "lost")
    assert dispatches.same_bytes(enrolled.hub, "acme", row.dispatch_id, "ann", "the carrier lost it") == "prepared"
    assert enrolled.flow("dispatch.resend", row.dispatch_id)["sent"] == 1
    assert lost.read_text() == text(enrolled, row)
    # Whoever has read it knows the number, and refuses it; whoever has answered it is not told twice.
    enrolled.carrier.collect()
    ta1 = (enrolled.root / "carrier" / "from-carrier" / "ack_000000003.ta1").read_text()
    assert [one.note for one in ack_ta1.parse(ta1)] == ["025"]
    enrolled.sync("carrier", "acknowledgement")
    enrolled.flow("enrollments.acks", "carrier")
    with pytest.raises(DataError, match="the partner has answered it"):
        dispatches.same_bytes(enrolled.hub, "acme", row.dispatch_id, "ann", "again")


def test_fm04_a_change_waits_for_the_999_of_the_one_before(enrolled: Any) -> None:
    hire(enrolled, 1003)
    (first,) = files(enrolled)
    assert send(enrolled) == {"changes": 1, "members": 0, "waits": f"{first.dispatch_id} has no 999 yet"}
    answered(enrolled)
    assert send(enrolled)["sent"] == 1
    # A partner who takes them as they come is sent them so.
    agree(enrolled, exchange={"one_outstanding": False})
    hire(enrolled, 1004)
    assert send(enrolled)["sent"] == 1


def test_fm04_a_full_file_closes_the_changes_before_it(enrolled: Any) -> None:
    answered(enrolled)
    hire(enrolled, 1003)
    put_in(enrolled, "watch")
    send(enrolled)
    (_, waiting) = files(enrolled)
    assert waiting.state == "held"
    put_in(enrolled, "live")
    assert send(enrolled, "enrollments.full")["sent"] == 1
    (whole,) = files(enrolled, FULL)
    (_, closed) = files(enrolled)
    assert (closed.state, closed.reason) == ("refused", f"closed by the full file {whole.dispatch_id}")
    with pytest.raises(DataError, match="closed by the full file"):
        dispatches.reopen(enrolled.hub, "acme", closed.dispatch_id, "ann", "send it")
    assert answered(enrolled)["acked"] == 3
    assert send(enrolled) == {"changes": 0, "members": 0}


def test_fm04_the_answer_to_an_overtaken_file_does_not_undo_what_a_newer_one_told(enrolled: Any) -> None:
    (first,) = files(enrolled)
    for early in (enrolled.root / "carrier" / "from-carrier").iterdir():
        early.unlink()  # its answer is on the way for a long time
    send(enrolled, "enrollments.full")
    (whole,) = files(enrolled, FULL)
    answer(enrolled, whole, ("0002", "A"))
    assert taken(enrolled)["acked"] == 2
    answer(enrolled, first, ("0001", "R"))
    taken(enrolled)
    assert told(enrolled) == {"1001", "1002"} and set(states(enrolled).values()) == {"acked"}


def test_fm05_what_is_told_moves_on_only_when_it_was_accepted(enrolled: Any) -> None:
    (first,) = files(enrolled)
    assert told(enrolled) == set()
    answer(enrolled, first, ("0001", "R"))
    taken(enrolled)
    assert told(enrolled) == set() and set(states(enrolled).values()) == {"refused"}
    hire(enrolled, 1003)
    dispatches.reopen(enrolled.hub, "acme", first.dispatch_id, "ann", "mended")
    send(enrolled)
    assert text(enrolled, files(enrolled)[-1]).count("INS*Y") == 3  # nothing was lost in between
    answered(enrolled)
    assert told(enrolled) == {"1001", "1002", "1003"}


def test_fm06_of_a_partial_accept_each_set_moves_by_itself(office: Any) -> None:
    agree(office, family_per_set=True)
    hire(office, 1001, 1002, 1003)
    send(office)
    (row,) = files(office)
    assert [part.split("*")[2] for part in text(office, row).split("~") if part.startswith("ST*")] == [
        "0001", "0002", "0003",
    ]  # fmt: skip
    answer(office, row, ("0001", "A"), ("0002", "R"), ("0003", "A"))
    assert taken(office)["acked"] == 2
    sets = {one.member_id: one.set_control for one in _sets(office)}
    lost = next(member for member, control in sets.items() if control == "0002")
    assert told(office) == {"1001", "1002", "1003"} - {lost}
    assert states(office)[lost] == "refused"
    # Numbers of sets are never used again either.
    dispatches.reopen(office.hub, "acme", row.dispatch_id, "ann", "mended")
    send(office)
    assert "ST*834*0004*" in text(office, files(office)[-1])


def _sets(office: Any) -> list[Any]:
    return list(
        office.rows(
            select(member_state.c.set_control, person.c.member_id).join(
                person, member_state.c.person_id == person.c.person_id
            )
        )
    )


def test_fm07_what_lies_too_far_back_waits_for_a_person(enrolled: Any) -> None:
    answered(enrolled)
    agree(enrolled, exchange={"retro_days": 60})
    hire(enrolled, 1003)  # covered since January, and this is October
    hire(enrolled, 1004, since="2026-10-01")
    send(enrolled)
    assert text(enrolled, files(enrolled)[-1]).count("INS*Y") == 1
    (held,) = enrolled.rows(select(obligation).where(obligation.c.state == "held"))
    assert held.reason == "beyond the 60 days back that were agreed: plan ppo from 2026-01-01"
    assert differences(enrolled) == [("RETRO_LIMIT", "discrepancy")]
    answered(enrolled)
    assert send(enrolled) == {"changes": 0, "members": 0}
    with enrolled.hub.store.write("acme") as session:
        (row,) = [one for one in reconcile.listed(session) if one.type == "RETRO_LIMIT"]
        reconcile.act(session, row.difference_id, "ann", state="dismissed", note="the carrier agrees by mail")
    assert send(enrolled)["sent"] == 1
    answered(enrolled)
    assert "1003" in told(enrolled)


def test_fm07_what_lies_too_far_ahead_goes_once_it_is_near(enrolled: Any) -> None:
    answered(enrolled)
    agree(enrolled, exchange={"future_days": 30})
    hire(enrolled, 1003, since="2026-12-01")
    office = enrolled
    office.flow("coverage", "2026-12-01")
    assert "sent" not in send(office)
    assert differences(office) == [("FUTURE_LIMIT", "pending")]
    # Not in a full file either, as long as the carrier has never heard of it.
    send(office, "enrollments.full")
    assert text(office, files(office, FULL)[-1]).count("INS*Y") == 2
    answered(office)
    office.now += timedelta(days=32)
    assert send(office)["sent"] == 1
    assert differences(office) == []


def test_fm08_what_was_frozen_as_a_test_is_not_sent_in_production(enrolled: Any) -> None:
    answered(enrolled)
    hire(enrolled, 1003)
    put_in(enrolled, "watch")
    send(enrolled)
    agree(enrolled, usage="P")
    held = files(enrolled)[-1]
    dispatches.reopen(enrolled.hub, "acme", held.dispatch_id, "ann", "send it")
    enrolled.flow("dispatch.resend", held.dispatch_id)
    held = files(enrolled)[-1]
    assert held.state == "held" and held.reason.startswith("it was frozen for ZZ:NORTHWIND>ZZ:SUMMITCARE/T, and the")


@pytest.mark.parametrize("folder", ["outbox", "inbox"])
def test_fm08_a_folder_named_for_the_other_usage_is_refused(office: Any, folder: str) -> None:
    with pytest.raises(ConfigError, match=f"usage is P, and {folder} is named for the other one"):
        agree(office, usage="P", **{folder: "acme/test-files"})
    with pytest.raises(ConfigError, match=f"usage is T, and {folder} is named for the other one"):
        agree(office, **{folder: "PROD/acme"})


def test_fm08_production_begins_only_when_the_test_phase_is_over(office: Any) -> None:
    testing = {"clean_files": 1, "audit_file": True, "go": ""}
    agree(office, usage="P", exchange={"testing": testing})
    hire(office, 1001)
    assert send(office)["held"] == 1
    assert files(office)[0].reason == (
        "production before the test phase is over: 0 of 1 clean test files, no full file for the audit, "
        "nobody has said go"
    )
    agree(office, exchange={"testing": testing})
    send(office, "enrollments.full")
    assert answered(office)["acked"] == 1
    agree(office, usage="P", exchange={"testing": testing | {"go": "Jane Doe of Summit Care, 2026-10-05"}})
    office.carrier._profile = PartnerSettings.model_validate(
        partner({"folder": str(office.root / "carrier")}) | {"usage": "P"}
    )
    hire(office, 1002)
    assert send(office)["sent"] == 1
    row = files(office)[-1]
    # Production counts its own numbers, and its answers find its own file.
    assert row.control_line.endswith("/P") and "*P*:~" in text(office, row)
    assert answered(office)["acked"] == 1


def test_fm12_an_ssn_that_names_a_family_is_kept_nowhere_in_clear(office: Any) -> None:
    agree(office, identifier="ssn")
    hire(office, 1001, 1002)
    send(office)
    (row,) = files(office)
    assert "REF*0F*900111001~" in text(office, row)
    error = ack_999.SegmentError("NM1", 20, "8", "2100A", (ack_999.Context(ack_999.SUBSCRIBER, "900111002"),), ())
    sets = [ack_999.SetAck("834", "0001", "E", "005010X220A1", (error,), ("5",))]
    ours = Interchange("SUMMITCARE", "NORTHWIND", 77, 1, datetime(2026, 10, 1, tzinfo=UTC))
    ack = ack_999.acknowledge(enrollment_834.GUIDE, row.control, sets)
    (office.root / "carrier/from-carrier/named.999").write_text("".join(ack_999.render(ours, ack)))
    tally = taken(office)
    assert (tally["acked"], tally["refused"]) == (1, 1)
    assert states(office) == {"1001": "acked", "1002": "refused"}
    kept = office.rows(select(confirmation)) + office.rows(select(seen)) + office.rows(select(intake_row.c.row_key))
    assert "900111002" not in repr(kept)


def test_the_partner_takes_only_what_was_agreed_and_when(enrolled: Any) -> None:
    answered(enrolled)
    hire(enrolled, 1003)
    agree(enrolled, exchange={"files": "full"})
    assert send(enrolled)["waits"] == "the partner takes full files only"
    agree(enrolled, exchange={"files": "change", "schedule": {"weekdays": [1]}})
    assert send(enrolled, "enrollments.full")["waits"] == "the partner takes change files only"
    assert send(enrolled)["waits"] == "the partner's next pick-up is on 2026-10-05"  # Thursday now
    hire(enrolled, 1004)
    send(enrolled)
    owed = enrolled.rows(select(obligation).where(obligation.c.state == "open").order_by(obligation.c.seq))
    assert f"{owed[-1].send_by}" == "2026-10-05"
    agree(enrolled, exchange={"schedule": {"cut_off": "11:59"}})
    assert send(enrolled)["waits"] == "the partner's next pick-up is on 2026-10-02"
    agree(enrolled, exchange={"schedule": {"cut_off": "12:00"}})
    assert send(enrolled)["sent"] == 1


def test_a_family_that_lacks_what_is_demanded_waits_and_the_others_go(office: Any) -> None:
    agree(office, subgroups={"Sales": "S1"})
    office.drop("census.csv", f"{HEADER}", "1001,Ann,Alder,1980-02-03,F,900110001,2025-03-01,monthly")
    office.sync("files", "employee")
    office.drop("elections.csv", "No,Plan,Tier,From", "1001,ppo,EE,2026-01-01")
    office.sync("files", "election")
    office.flow("coverage", "2026-10-01")
    assert send(office) == {"changes": 1, "members": 0}
    (owed,) = office.rows(select(obligation))
    assert owed.state == "refused" and owed.reason.startswith("not sent: member 1001: no sub-group for department")
    agree(office)
    assert send(office)["sent"] == 1  # once the profile knows it, it is tried again


def test_ended_cover_is_kept_in_full_files_for_as_long_as_was_agreed(enrolled: Any) -> None:
    answered(enrolled)
    hire(enrolled, 1003)
    agree(enrolled, exchange={"keep_terminated_days": 60})
    _end(enrolled, "1001")
    send(enrolled)
    answered(enrolled)
    for day, kept in ((8, 1), (50, 1), (61, 0)):
        enrolled.now = datetime(2026, 10, 1, 12, tzinfo=UTC) + timedelta(days=day)
        send(enrolled, "enrollments.full")
        assert text(enrolled, files(enrolled, FULL)[-1]).count("HD*024") == kept, day
        answered(enrolled)


def _end(office: Any, number: str) -> None:
    with office.hub.store.write("acme") as session:
        who = people.by_member_id(session, number) or ""
        facts.record(session, [Version("coverage", who, "medical", date(2026, 10, 1), None)], "test")


def test_far_is_counted_from_the_day_a_line_takes_effect() -> None:
    day, both = date(2026, 10, 1), Exchange(retro_days=30, future_days=30)
    line = {"plan": "ppo", "maintenance": "021", "effective_from": "2026-09-01", "effective_to": None}
    assert exchange.far(line, None, day, both) is None  # thirty days back, to the day
    assert exchange.far(line | {"effective_from": "2026-08-31"}, None, day, both) is not None
    ended = line | {"maintenance": "024", "effective_from": "2020-01-01", "effective_to": "2026-10-31"}
    assert exchange.far(ended, {"to": None}, day, both) is None  # it is the end that takes effect
    assert exchange.far(ended | {"effective_to": "2026-11-01"}, {"to": None}, day, both) is not None
