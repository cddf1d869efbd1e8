"""The outbox: frozen once, honest about every attempt."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from benehub import dispatch
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Item, Receipt
from benehub.dispatch import Frozen
from benehub.errors import DataError
from benehub.store import Session, Store
from benehub.store.tables import connection

FILE = Frozen("carrier", "enrollment.full", "834/2026-11", b"ISA*...~", Guard.NONE, 3, file_name="out/834.x12")


@pytest.fixture
def wired(store: Store) -> Store:
    """Both employers have a carrier and a payroll connection."""
    for employer in ("acme", "other"):
        with store.write(employer) as session:
            for name in ("carrier", "payroll"):
                session.add(connection, [{"connection_id": name, "connector": "x", "settings": {}, "mode": "live"}])
    return store


def outcomes(session: Session, dispatch_id: str) -> list[str]:
    return [row.outcome for row in dispatch.attempts(session, dispatch_id)]


def test_the_same_content_is_the_same_dispatch(wired: Store) -> None:
    with wired.write("acme") as session:
        one = dispatch.prepare(session, FILE)
    with wired.write("acme") as session:
        assert dispatch.prepare(session, FILE) == one
        row = dispatch.get(session, one)
        assert (row.state, row.revision, row.items) == ("prepared", 1, 3)
        assert dispatch.frozen_bytes(session, row) == FILE.content
        assert FILE.content not in row.frozen_sealed
        assert len(dispatch.in_states(session, ["prepared"])) == 1
    with wired.read("other") as session, pytest.raises(DataError, match="no dispatch"):
        dispatch.get(session, one)


def test_an_item_thaws_as_it_was_frozen(wired: Store) -> None:
    item = Item("deduction.set", "deduction.set/per_a/MED", {"amount": 5000, "active": True})
    frozen = dispatch.freeze_item("payroll", item, Guard.READ_BACK, 5000, "USD")
    assert dispatch.thaw_item(frozen.content) == item
    assert frozen == dispatch.freeze_item("payroll", item, Guard.READ_BACK, 5000, "USD")
    assert "5000, 'active'" not in repr(frozen)


@pytest.mark.parametrize("state", ["prepared", "held"])
def test_other_content_replaces_what_was_not_sent(wired: Store, state: str) -> None:
    with wired.write("acme") as session:
        one = dispatch.prepare(session, FILE)
        if state == "held":
            dispatch.finish(session, one, "held", "a person looks")
        two = dispatch.prepare(session, replace(FILE, content=b"other"))
        assert two != one
        old, new = dispatch.get(session, one), dispatch.get(session, two)
        assert (old.state, old.reason) == ("refused", "replaced by revision 2")
        assert (new.state, new.revision) == ("prepared", 2)
        assert dispatch.begin(session, one) is None
        # The first content again is news after the second.
        three = dispatch.prepare(session, FILE)
        assert dispatch.get(session, three).revision == 3


def test_other_content_after_sending_leaves_what_was_sent(wired: Store) -> None:
    with wired.write("acme") as session:
        one = dispatch.prepare(session, FILE)
        dispatch.begin(session, one)
        dispatch.settle(session, one, Receipt("ref 1"))
        assert dispatch.prepare(session, FILE) == one
        two = dispatch.prepare(session, replace(FILE, content=b"other"))
        assert [dispatch.get(session, each).state for each in (one, two)] == ["sent", "prepared"]


def test_a_failed_one_is_prepared_anew(wired: Store) -> None:
    with wired.write("acme") as session:
        one = dispatch.prepare(session, FILE)
        dispatch.begin(session, one)
        dispatch.finish(session, one, "failed", "422: SSN 900-11-0001 is unknown")
        assert dispatch.get(session, one).reason == "422: SSN ***-**-**** is unknown"
        assert dispatch.prepare(session, FILE) != one


def test_an_attempt_is_open_until_it_is_told(wired: Store) -> None:
    with wired.write("acme") as session:
        one = dispatch.prepare(session, FILE)
        begun = dispatch.begin(session, one)
        assert begun is not None
        assert begun.state == "sending"
        assert outcomes(session, one) == ["started"]
        dispatch.settle(session, one, Receipt("900110001", detail={"text": "for 900-11-0001", "n": 1}), "ok")
        row = dispatch.get(session, one)
        assert (row.state, outcomes(session, one)) == ("sent", ["sent"])
        assert row.sent_at is not None
        assert row.receipt["detail"] == {"text": "for ***-**-****", "n": 1}
        assert dispatch.begin(session, one) is None


def test_begin_after_a_crash_finds_the_outcome_unknown(wired: Store) -> None:
    with wired.write("acme") as session:
        one = dispatch.prepare(session, FILE)
        dispatch.begin(session, one)
    # The process dies here; the next one looks at the same row.
    with wired.write("acme") as session:
        found = dispatch.begin(session, one)
        assert found is not None
        assert (found.state, outcomes(session, one)) == ("unknown", ["unknown"])
    with wired.write("acme") as session:
        again = dispatch.begin(session, one)
        assert again is not None
        assert again.state == "unknown"  # it stays so, and no attempt is opened blindly
        assert outcomes(session, one) == ["unknown"]
        dispatch.resend(session, one)
        assert dispatch.get(session, one).state == "sending"
        dispatch.settle(session, one, Receipt("ref"), "read back")
        assert outcomes(session, one) == ["unknown", "sent"]


@pytest.mark.parametrize("state", ["held", "refused", "failed"])
def test_what_is_over_or_held_is_not_begun(wired: Store, state: str) -> None:
    with wired.write("acme") as session:
        one = dispatch.prepare(session, FILE)
        dispatch.finish(session, one, state, "test")
        assert dispatch.begin(session, one) is None


def test_only_one_of_two_claims_a_dispatch(wired: Store) -> None:
    with wired.write("acme") as session:
        ids = [dispatch.prepare(session, replace(FILE, key=f"k{n}")) for n in range(8)]

    def claim(_: int) -> list[str]:
        found = []
        for one in ids:
            with wired.write("acme") as session:
                row = dispatch.begin(session, one)
                found.append(row.state if row else "")
        return found

    with ThreadPoolExecutor(2) as pool:
        for states in zip(*pool.map(claim, range(2)), strict=True):
            assert states.count("sending") == 1
    with wired.read("acme") as session:
        assert all(len(dispatch.attempts(session, one)) == 1 for one in ids)


def test_control_numbers_are_never_given_twice(wired: Store) -> None:
    def take(_: int) -> list[int]:
        found = []
        for _ in range(12):
            with wired.write("acme") as session:
                found.append(dispatch.next_control(session, "carrier"))
                session.take_seq()  # as preparing the file does
        return found

    with ThreadPoolExecutor(2) as pool:
        taken = [number for part in pool.map(take, range(2)) for number in part]
    assert sorted(taken) == list(range(1, 25))
    with wired.write("acme") as session:
        assert dispatch.next_control(session, "payroll") == 1
    with wired.write("other") as session:
        assert dispatch.next_control(session, "carrier") == 1


def test_a_number_of_a_transaction_that_failed_is_free_again(wired: Store) -> None:
    with pytest.raises(RuntimeError), wired.write("acme") as session:
        assert dispatch.next_control(session, "carrier") == 1
        raise RuntimeError
    with wired.write("acme") as session:
        assert dispatch.next_control(session, "carrier") == 1


def test_an_acknowledgement_finds_its_file(wired: Store) -> None:
    with wired.write("acme") as session:
        one = dispatch.prepare(session, replace(FILE, control=dispatch.next_control(session, "carrier")))
        found = dispatch.by_control(session, "carrier", 1)
        assert found is not None
        assert found.dispatch_id == one
        dispatch.acknowledge(session, one, "accepted")
        assert dispatch.get(session, one).ack_state == "accepted"
        assert dispatch.by_control(session, "carrier", 2) is None
        assert dispatch.by_control(session, "payroll", 1) is None
        assert dispatch.in_states(session, ["prepared"], "payroll") == []


LINE = "ZZ:US>ZZ:THEM/T"


def test_numbers_count_by_sender_receiver_and_usage_whichever_connection_uses_them(wired: Store) -> None:
    with wired.write("acme") as session:
        assert dispatch.next_control(session, "carrier", LINE) == 1
        assert dispatch.next_control(session, "payroll", LINE) == 2
        assert dispatch.next_control(session, "carrier", "ZZ:US>ZZ:THEM/P") == 1
        assert dispatch.next_control(session, "carrier") == 1
        # Transaction sets count by themselves, and are taken in a row.
        assert [dispatch.next_sets(session, LINE, count) for count in (1, 40, 2)] == [1, 2, 42]


def test_a_line_that_is_new_begins_behind_what_its_connection_has_used(wired: Store) -> None:
    with wired.write("acme") as session:
        for _ in range(3):
            dispatch.next_control(session, "carrier")
        dispatch.prepare(session, replace(FILE, control=17))
        assert dispatch.next_control(session, "carrier", LINE) == 18


def test_two_sessions_never_get_one_number_and_what_rolls_back_was_never_given(wired: Store) -> None:
    """Interchange and sets, taken together with the frozen file; one in three transactions fails at its end."""

    def take(worker: int) -> list[tuple[int, int]]:
        kept = []
        for turn in range(9):
            try:
                with wired.write("acme") as session:
                    numbers = dispatch.next_control(session, "carrier", LINE), dispatch.next_sets(session, LINE, 2)
                    frozen = replace(FILE, key=f"{worker}/{turn}", control=numbers[0], control_line=LINE)
                    dispatch.prepare(session, frozen)
                    if turn % 3 == 2:
                        raise RuntimeError
                kept.append(numbers)
            except RuntimeError:
                continue
        return kept

    with ThreadPoolExecutor(2) as pool:
        taken = [numbers for part in pool.map(take, range(2)) for numbers in part]
    controls = sorted(control for control, _ in taken)
    sets = sorted(first for _, first in taken)
    assert len(controls) == 12 and len(set(controls)) == 12
    assert all(later - earlier >= 2 for earlier, later in itertools.pairwise(sets))
    with wired.read("acme") as session:
        assert sorted(row.control for row in dispatch.in_states(session, ["prepared"])) == controls


def test_test_and_production_may_use_one_number_and_each_answer_finds_its_own(wired: Store) -> None:
    with wired.write("acme") as session:
        ids = [
            dispatch.prepare(session, replace(FILE, key=usage, control=5, control_line=f"ZZ:US>ZZ:THEM/{usage}"))
            for usage in "TP"
        ]
        found = [dispatch.by_control(session, "carrier", 5, usage) for usage in "TP"]
        assert [row.dispatch_id for row in found if row is not None] == ids


def test_what_leaves_is_kept_beside_what_was_frozen(wired: Store) -> None:
    with wired.write("acme") as session:
        one = dispatch.prepare(session, replace(FILE, wire=b"encrypted"))
        row = dispatch.get(session, one)
        assert dispatch.frozen_bytes(session, row) == FILE.content and dispatch.wire_bytes(session, row) == b"encrypted"
        assert b"encrypted" not in row.wire_sealed
        plain = dispatch.get(session, dispatch.prepare(session, replace(FILE, key="plain")))
        assert dispatch.wire_bytes(session, plain) == FILE.content
