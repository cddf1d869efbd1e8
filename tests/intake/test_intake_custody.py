"""Custody: every row ends somewhere, told why, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from benehub import connections, facts, intake
from benehub.connect.connector import Incoming, Page
from benehub.errors import DataError, IntegrityError, RetriableError
from benehub.facts import Version
from benehub.identity import people
from benehub.intake import Counts, applying, guards, staging, superseding, told, untranslated
from benehub.intake.applying import in_quarantine
from benehub.planbook import Guards, PlanBook
from benehub.store import Session
from benehub.store.tables import fact, intake_batch, intake_row, payload, seen, waited

Person = Callable[..., Incoming]
TODAY = date(2026, 11, 23)


def outcomes(session: Session) -> list[tuple[str, str]]:
    batches = session.rows(select(intake_batch.c.batch_id).order_by(intake_batch.c.batch_id))
    return [(row.outcome, row.reason) for one in batches for row in told.outcomes(session, one.batch_id)]


def names(session: Session) -> dict[str, str]:
    return {
        found.data["employee_number"]: found.data["last_name"]
        for found in facts.as_of(session, "employee", date(2026, 12, 1))
    }


def count(session: Session, table: Any) -> int:
    return int(session.connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_every_row_is_accounted_for(desk: Any, person: Person) -> None:
    rows = [
        person(1),
        person(2, birth_date="yesterday"),
        person(3),
        person(3, last_name="Bell"),
        Incoming("v4", {}, problem="line 9 has no pay group for 900-11-0004"),
        person(5, pay_group="moonly"),
    ]
    counts = desk.take("employee", *rows)
    assert counts == Counts(rows=6, applied=2, quarantined=3, superseded=1)
    assert counts.balanced
    with desk.store.read("acme") as session:
        assert outcomes(session) == [
            ("applied", ""),
            ("quarantined", outcomes(session)[1][1]),
            ("superseded", "a later row has its key"),
            ("applied", ""),
            ("quarantined", "line 9 has no pay group for ***-**-****"),
            ("quarantined", outcomes(session)[5][1]),
        ]
        assert "birth_date: Input should be a valid date" in outcomes(session)[1][1]
        assert "'moonly' is not in the plan book" in outcomes(session)[5][1]
        assert names(session) == {"1001": "Alder 1", "1003": "Bell"}


def test_what_is_unchanged_is_counted_and_not_stored(desk: Any, person: Person) -> None:
    desk.take("employee", person(1), person(2))
    with desk.store.read("acme") as session:
        before = (len(outcomes(session)), count(session, fact))
    assert desk.take("employee", person(1), person(2)) == Counts(rows=2, unchanged=2)
    assert desk.take("employee", person(1), person(2, city="Oslo")) == Counts(rows=2, applied=1, unchanged=1)
    with desk.store.read("acme") as session:
        assert len(outcomes(session)) == before[0] + 1
        assert count(session, fact) > before[1]


def test_who_is_told_again_with_the_same_facts_records_none(desk: Any, person: Person) -> None:
    desk.take("employee", person(1))
    with desk.store.read("acme") as session:
        before = count(session, fact)
    desk.take("employee", replace(person(1), extra={"badge": "7"}))
    with desk.store.read("acme") as session:
        assert count(session, fact) == before


def test_of_two_who_read_one_batch_the_later_alone_stages(desk: Any, person: Person) -> None:
    def opened() -> tuple[str, int | None]:
        with desk.store.write("acme") as session:
            batch_id = intake.open_batch(session, "hris", "employee", "run")
            return batch_id, intake.begun(session, batch_id)

    def stage(batch_id: str, begun_at: int | None, *rows: Incoming) -> None:
        with desk.store.write("acme") as session:
            intake.stage(session, batch_id, Page("employee", rows, b"page"), begun_at=begun_at)

    batch_id, first = opened()
    stage(batch_id, first, person(1))
    _, second = opened()  # who was taken for dead lives
    for late in (person(1), person(2)):
        with pytest.raises(RetriableError, match="begun to read it anew"):
            stage(batch_id, first, late)
    stage(batch_id, second, person(1))
    stage(batch_id, second, person(2))
    assert desk.apply(batch_id) == Counts(rows=2, applied=2)
    with pytest.raises(RetriableError):  # nor beside what is done
        stage(batch_id, second, person(3))


def test_what_a_broken_off_read_of_changes_has_kept_is_taken_up(desk: Any, person: Person) -> None:
    def opened(run: str) -> tuple[str, int | None]:
        with desk.store.write("acme") as session:
            batch_id = intake.open_batch(session, "hris", "employee", run)
            return batch_id, intake.begun(session, batch_id)

    def stage(batch_id: str, begun_at: int | None, page: Page) -> None:
        with desk.store.write("acme") as session:
            intake.stage(session, batch_id, page, begun_at=begun_at)

    def taken_up() -> list[str]:
        with desk.store.write("acme") as session:
            return intake.take_up(session, "hris", "employee")

    (one, first), (other, second), (whole, third), _ = (opened(run) for run in ("one", "other", "whole", "empty"))
    stage(one, first, Page("employee", [person(1)], b"page"))
    stage(other, second, Page("employee", [person(1, last_name="Later")], b"page"))
    stage(whole, third, Page("employee", [person(3)], b"page", full=True))
    assert taken_up() == [one, other]
    with pytest.raises(RetriableError, match="begun to read it anew"):  # who was taken for dead lives
        stage(one, first, Page("employee", [person(2)], b"page"))
    assert [desk.apply(batch_id).applied for batch_id in (one, other)] == [1, 1]
    assert taken_up() == []


@pytest.mark.parametrize(("whole", "told"), [(True, Counts(rows=2, superseded=2)), (False, Counts(2, 1, superseded=1))])
def test_what_is_taken_up_late_does_not_go_over_what_was_told_since(
    desk: Any, person: Person, whole: bool, told: Counts
) -> None:
    old = desk.stage("employee", [person(1), person(2)])
    desk.take("employee", person(1, last_name="Later"), full=whole)
    with desk.store.write("acme") as session:
        assert intake.take_up(session, "hris", "employee") == [old]
    assert desk.apply(old) == told
    with desk.store.read("acme") as session:
        assert names(session) == {"1001": "Later"} | ({} if whole else {"1002": "Alder 2"})


def late(desk: Any, first: Page, second: Page, apart: int = 1, gone: int = 0) -> tuple[Counts, Counts]:
    """Of two reads the later one is applied first: the run of the other had failed, and goes on after it.

    They begin so many minutes `apart`; the late one then has so many rows `gone`.
    """
    batches = []
    for minute, page in enumerate((first, second)):
        moment = desk.store.clock() + timedelta(minutes=apart * minute)
        with replace(desk.store, clock=lambda moment=moment: moment).write("acme") as session:
            batches.append(intake.open_batch(session, "hris", page.stream, f"read {minute}"))
            intake.stage(session, batches[-1], page)
    newer = desk.apply(batches[1])
    while desk.chunk(batches[0]):
        continue
    with desk.store.write("acme") as session:
        assert intake.note_gone(session, batches[0]) == gone
    return desk.apply(batches[0]), newer


def test_what_was_told_later_and_waits_is_not_resolved_by_an_earlier_word(desk: Any, person: Person) -> None:
    batches = []
    for number, row in enumerate((person(1), replace(person(1, last_name="New"), problem="no such pay group"))):
        with desk.store.write("acme") as session:
            batches.append(intake.open_batch(session, "hris", "employee", f"read {number}"))
            intake.stage(session, batches[-1], Page("employee", [row], b"%d" % number))
    for batch_id in batches:
        desk.apply(batch_id)
        with desk.store.read("acme") as session:
            assert [row.batch_id for row in session.rows(in_quarantine(session))] == batches[1:]


def test_whom_a_later_read_has_told_is_not_missing_when_a_whole_one_is_checked_late(desk: Any, person: Person) -> None:
    desk.take("employee", *(person(number) for number in range(1, 11)))
    batches = []
    for number, page in enumerate((
        Page("employee", [person(number) for number in range(1, 11)], b"1", full=True),
        Page("employee", [person(number) for number in range(11, 21)], b"2"),
    )):  # fmt: skip
        with desk.store.write("acme") as session:
            batches.append(intake.open_batch(session, "hris", "employee", f"read {number}"))
            intake.stage(session, batches[-1], page)
    desk.apply(batches[1])
    with desk.store.read("acme") as session:
        header = intake.batch(session, batches[0])
        assert header is not None and guards.check(session, header, Guards()) == ""


def told_gone(session: Session) -> set[str]:
    return {row.row_key for row in session.rows(select(seen.c.row_key).where(seen.c.gone_seq.is_not(None)))}


def test_what_is_applied_late_takes_back_nothing(desk: Any, person: Person) -> None:
    desk.take("employee", person(1))
    first = Page("employee", [person(1, last_name="Old"), person(2), person(3)], b"1", cursor="1")
    second = Page("employee", [person(1, last_name="New"), person(4)], b"2", cursor="2")
    older, newer = late(desk, first, second)
    assert (older, newer) == (Counts(rows=3, applied=2, superseded=1), Counts(rows=2, applied=2))
    with desk.store.read("acme") as session:
        assert names(session) == {"1001": "New", "1002": "Alder 2", "1003": "Alder 3", "1004": "Alder 4"}
        assert connections.cursor(session, "hris", "employee") == "2"
        assert ("superseded", "a read that was begun later has told it") in outcomes(session)


def test_a_whole_list_overtakes_all_of_the_one_before(
    desk: Any, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.take("employee", person(1))
    first = Page("employee", [person(1, last_name="Old"), person(2)], b"1", full=True)
    second = Page("employee", [person(1), person(3)], b"2", full=True)  # he has his old name again
    older, newer = late(desk, first, second)
    assert (older, newer) == (Counts(rows=2, superseded=2), Counts(rows=2, applied=2))
    with desk.store.read("acme") as session:
        assert names(session) == {"1001": "Alder 1", "1003": "Alder 3"}


def test_what_is_applied_late_takes_back_nothing_while_the_clock_stands(desk: Any, person: Person) -> None:
    first, second = (Page("employee", [person(1, last_name=name)], b"1") for name in ("Old", "New"))
    assert late(desk, first, second, apart=0)[0] == Counts(rows=1, superseded=1)
    with desk.store.read("acme") as session:
        assert names(session) == {"1001": "New"}


def test_what_a_later_read_says_again_stays(desk: Any, person: Person) -> None:
    """The vendor has taken the change back that waits: what was known before is his newest word."""
    desk.take("employee", person(1), person(2))
    first = Page("employee", [person(1, last_name="Old")], b"1")
    second = Page("employee", [person(1), person(2)], b"2")
    older, newer = late(desk, first, second)
    assert (older, newer) == (Counts(rows=1, superseded=1), Counts(rows=2, applied=1, unchanged=1))
    with desk.store.read("acme") as session:
        assert names(session) == {"1001": "Alder 1", "1002": "Alder 2"}
    assert desk.take("employee", person(1)).unchanged == 1  # nothing waits any more


def test_who_was_told_since_is_not_gone_and_the_others_are(desk: Any, person: Person) -> None:
    desk.take("employee", *[person(number) for number in range(1, 6)])
    first = Page("employee", [person(1), person(2)], b"1", full=True)
    second = Page("employee", [person(3), person(4, last_name="New"), person(6)], b"2")  # of changes only
    older, newer = late(desk, first, second, gone=1)
    assert (older.gone, newer) == (1, Counts(rows=3, applied=3))
    with desk.store.read("acme") as session:
        assert told_gone(session) == {"v5"}


@pytest.mark.usefixtures("small_chunks")
def test_what_was_told_since_is_asked_for_once_and_again_when_more_is_told(
    desk: Any, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def told_in(*args: Any) -> Any:
        asked.append(args)
        return told.told_in(*args)

    monkeypatch.setattr(superseding, "told_in", told_in)
    first = desk.stage("employee", [person(number, last_name="Old") for number in range(1, 10)])
    desk.take("employee", person(8, last_name="New"))
    assert desk.chunk(first) and desk.chunk(first) and len(asked) == 1
    desk.take("employee", person(9, last_name="New"))
    assert desk.apply(first) == Counts(rows=9, applied=7, superseded=2)
    assert len(asked) == 2
    with desk.store.read("acme") as session:
        assert names(session) == {f"100{number}": "Old" for number in range(1, 8)} | {"1008": "New", "1009": "New"}
    second = desk.stage("employee", [person(number, last_name="Older") for number in range(1, 10)])
    whole = desk.stage("employee", [person(number, last_name="Newest") for number in range(1, 10)], full=True)
    desk.apply(whole)
    assert desk.apply(second) == Counts(rows=9, superseded=9)
    assert len(asked) == 2


def test_who_begins_anew_waits_for_whoever_stages_right_now(desk: Any, person: Person) -> None:
    with desk.store.write("acme") as session:
        batch_id = intake.open_batch(session, "hris", "employee", "run")
        first = intake.begun(session, batch_id)

    def again() -> int | None:
        with desk.store.write("acme") as session:
            return intake.begun(session, intake.open_batch(session, "hris", "employee", "run"))

    with ThreadPoolExecutor(1) as beside:
        with desk.store.write("acme") as session:
            intake.stage(session, batch_id, Page("employee", [person(1)], b"page"), begun_at=first)
            opening = beside.submit(again)
            with pytest.raises(TimeoutError):
                opening.result(0.3)
        second = opening.result(10)
    with desk.store.write("acme") as session:
        intake.stage(session, batch_id, Page("employee", [person(1)], b"page"), begun_at=second)
    assert desk.apply(batch_id) == Counts(rows=1, applied=1)


def test_changed_and_changed_back_within_one_batch(desk: Any, person: Person) -> None:
    desk.take("employee", person(1))
    rows = [person(1, last_name="Wrong"), person(1)]
    assert desk.take("employee", *rows) == Counts(rows=2, applied=1, superseded=1)
    with desk.store.read("acme") as session:
        assert names(session) == {"1001": "Alder 1"}


def test_a_later_row_that_is_no_record_supersedes_none(desk: Any, person: Person) -> None:
    def rows(one: int, two: int) -> list[Incoming]:
        return [
            person(one, last_name="Old"), person(two, last_name="Old"), person(one, last_name="Right"),
            person(one, birth_date="yesterday"), person(two, birth_date="yesterday"), person(two, last_name="Right"),
        ]  # fmt: skip

    with desk.store.write("acme") as session:  # each row a chunk
        batch_id = intake.open_batch(session, "hris", "employee", "run 0")
        for number, row in enumerate(rows(1, 2)):
            intake.stage(session, batch_id, Page("employee", [row], b"%d" % number))
    assert desk.apply(batch_id) == Counts(rows=6, applied=2, quarantined=1, superseded=3)
    assert desk.take("employee", *rows(3, 4)) == Counts(rows=6, applied=2, quarantined=1, superseded=3)
    with desk.store.read("acme") as session:
        assert set(names(session).values()) == {"Right"}
        wanted = ["superseded", "superseded", "applied", "quarantined", "superseded", "applied"]
        assert [outcome for outcome, _ in outcomes(session)] == wanted * 2


def test_a_key_that_comes_again_on_a_later_page(desk: Any, person: Person) -> None:
    for last_name in ("Wrong", "Right"):
        with desk.store.write("acme") as session:
            batch_id = session.id("int", "hris", "employee", "run 1")
            if last_name == "Wrong":
                assert intake.open_batch(session, "hris", "employee", "run 1") == batch_id
            page = Page("employee", [person(1, last_name=last_name)], last_name.encode())
            intake.stage(session, batch_id, page)
    assert desk.apply(batch_id) == Counts(rows=2, applied=1, superseded=1)
    with desk.store.read("acme") as session:
        assert names(session) == {"1001": "Right"}


def test_quarantined_rows_are_driven_again(desk: Any, person: Person, book: PlanBook) -> None:
    counts = desk.take("employee", person(1), person(2, pay_group="weekly"))
    assert counts == Counts(rows=2, applied=1, quarantined=1)
    assert desk.redrive() == Counts(rows=1, quarantined=1)
    desk.book = book.model_copy(update={"pay_groups": {**book.pay_groups, "weekly": None}})
    assert desk.redrive() == Counts(rows=1, applied=1)
    assert desk.redrive() == Counts()
    with desk.store.read("acme") as session:
        assert set(names(session)) == {"1001", "1002"}
        (row,) = session.rows(select(intake_row).where(intake_row.c.outcome == "quarantined"))
        assert row.resolved_seq == session.latest_seq()
        (batch,) = session.rows(select(intake_batch))
        assert intake.counts_of(batch) == counts  # as they were at the time
    # What was driven again is known now.
    assert desk.take("employee", person(2, pay_group="weekly")) == Counts(rows=1, unchanged=1)


def test_a_mended_row_resolves_the_one_in_quarantine(desk: Any, person: Person, book: PlanBook) -> None:
    desk.take("employee", person(1, pay_group="weekly", last_name="Old"))
    desk.take("employee", person(1, last_name="New"))
    desk.book = book.model_copy(update={"pay_groups": {**book.pay_groups, "weekly": None}})
    assert desk.redrive() == Counts()  # else the older row would overwrite the newer one
    with desk.store.read("acme") as session:
        assert names(session) == {"1001": "New"}


def test_back_to_what_was_applied_resolves_it_too(desk: Any, person: Person) -> None:
    desk.take("employee", person(1))
    desk.take("employee", person(1, pay_group="weekly"))
    assert desk.take("employee", person(1)) == Counts(rows=1, applied=1)
    assert desk.redrive() == Counts()
    assert desk.take("employee", person(1)) == Counts(rows=1, unchanged=1)


def test_of_two_in_quarantine_the_newest_is_driven(desk: Any, person: Person, book: PlanBook) -> None:
    desk.take("employee", person(1, pay_group="weekly", last_name="Old"))
    desk.take("employee", person(1, pay_group="weekly", last_name="New"))
    desk.book = book.model_copy(update={"pay_groups": {**book.pay_groups, "weekly": None}})
    assert desk.redrive() == Counts(rows=2, applied=1, superseded=1)
    with desk.store.read("acme") as session:
        assert names(session) == {"1001": "New"}
    assert desk.redrive() == Counts()


def test_of_two_in_quarantine_the_newest_is_the_one_whose_read_was_begun_last(
    desk: Any, person: Person, book: PlanBook
) -> None:
    first = Page("employee", [replace(person(1), problem="not translated"), person(2, last_name="Old")], b"1")
    second = Page("employee", [person(1, pay_group="weekly", last_name="New"), person(2, last_name="New")], b"2")
    older, newer = late(desk, first, second)
    assert (older, newer) == (
        Counts(rows=2, quarantined=1, superseded=1), Counts(rows=2, applied=1, quarantined=1),
    )  # fmt: skip
    with desk.store.read("acme") as session:
        (leaf,) = untranslated.leaves(session)
        assert untranslated.told_later(session, leaf, {"v1", "v2"}) == {"v2"}
        both = untranslated.told_again(session, "hris", "employee", leaf.opened_seq, {"v1", "v2"})
        assert both == {"v1", "v2"}
    desk.book = book.model_copy(update={"pay_groups": {**book.pay_groups, "weekly": None}})
    assert desk.redrive() == Counts(rows=2, applied=1, superseded=1)
    with desk.store.read("acme") as session:
        assert names(session) == {"1001": "New", "1002": "New"}


def test_an_ssn_is_asked_for_in_the_us_alone_and_one_not_told_again_stays(desk: Any, person: Person) -> None:
    assert desk.take("employee", person(1, ssn=None), person(2)).quarantined == 1
    home = desk.book.employer.model_copy(update={"country": "DE"})
    desk.book = desk.book.model_copy(update={"employer": home})
    assert desk.redrive().applied == 1
    assert desk.take("employee", person(2, ssn=None, city="Ulm"), person(3, ssn=None)).applied == 2
    with desk.store.read("acme") as session:
        ids = {number: people.by_member_id(session, str(1000 + number)) or "" for number in (1, 2, 3)}
        assert people.ssns(session, list(ids.values())) == {ids[2]: "900110002"}
    desk.take("employee", person(1, ssn="900110009"))  # somebody gets one later
    with desk.store.read("acme") as session:
        assert people.by_ssn(session, "900110009") == ids[1]


def test_what_must_be_mended_at_the_source_stays(desk: Any, person: Person) -> None:
    desk.take("employee", person(1))
    rows = [replace(person(1, last_name="Gone"), deleted=True), replace(person(2), problem="no such code")]
    assert desk.take("employee", *rows) == Counts(rows=2, quarantined=2)
    assert desk.redrive() == Counts(rows=2, quarantined=2)
    with desk.store.read("acme") as session:
        assert names(session) == {"1001": "Alder 1"}
        reasons = [reason for outcome, reason in outcomes(session) if outcome == "quarantined"]
        assert sorted(reasons)[0] == "no such code"
        assert "the vendor deleted it" in sorted(reasons)[1]


def test_a_held_batch_is_not_driven_again(desk: Any, person: Person) -> None:
    batch_id = desk.stage("employee", [person(1, birth_date="x"), person(2)])
    with desk.store.write("acme") as session:
        intake.hold(session, batch_id, "a person looks")
        assert intake.state(session, batch_id) == "held"
    assert desk.redrive() == Counts()
    assert desk.redrive(batch_id) == Counts()


def test_an_applier_that_fails_half_way_leaves_nothing(desk: Any, person: Person) -> None:
    def half(session: Session, book: PlanBook, origin: Any, row: Any) -> None:
        intake.APPLIERS["employee"](session, book, origin, row)
        if row.employee_number == "1002":
            facts.record(session, [Version("note", "x", "", TODAY, {})], str(origin))
            raise DataError("no for 900-11-0002")

    desk.appliers = {"employee": half}
    assert desk.take("employee", person(1), person(2), person(3)) == Counts(rows=3, applied=2, quarantined=1)
    with desk.store.read("acme") as session:
        assert set(names(session)) == {"1001", "1003"}
        assert people.find(session, "hris", "v2") is None
        assert facts.as_of(session, "note", TODAY) == []
        assert outcomes(session)[1] == ("quarantined", "no for ***-**-****")


def test_an_applier_that_breaks_leaves_nothing_of_its_chunk(desk: Any, person: Person) -> None:
    def breaks(session: Session, book: PlanBook, origin: Any, row: Any) -> None:
        intake.APPLIERS["employee"](session, book, origin, row)
        if row.employee_number == "1002":
            raise ZeroDivisionError

    batch_id = desk.stage("employee", [person(1), person(2)])
    desk.appliers = {"employee": breaks}
    with pytest.raises(ZeroDivisionError):
        desk.chunk(batch_id)
    with desk.store.read("acme") as session:
        assert names(session) == {}
        assert [outcome for outcome, _ in outcomes(session)] == ["staged", "staged"]
    desk.appliers = intake.APPLIERS
    assert desk.apply(batch_id) == Counts(rows=2, applied=2)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of four rows."""
    monkeypatch.setattr(staging, "CHUNK", 4)


@pytest.mark.usefixtures("small_chunks")
def test_a_crash_between_chunks_goes_on_where_it_was(desk: Any, person: Person) -> None:
    rows = [person(number) for number in range(1, 10)] + [person(2, last_name="Bell")]
    batch_id = desk.stage("employee", rows)
    assert desk.chunk(batch_id) == 4
    with desk.store.read("acme") as session:
        assert set(names(session)) == {"1001", "1003", "1004"}
        assert intake.state(session, batch_id) == "staged"
        # What is half-way cannot be closed, by us or by hand.
    with pytest.raises(IntegrityError, match="custody does not balance"), desk.store.write("acme") as session:
        intake.finish(session, batch_id)
    desk.check(batch_id)
    assert desk.apply(batch_id) == Counts(rows=10, applied=9, superseded=1)
    with desk.store.read("acme") as session:
        assert names(session)["1002"] == "Bell"
        assert len(names(session)) == 9


@pytest.mark.usefixtures("small_chunks")
def test_reading_again_after_a_crash_accounts_for_every_row_too(desk: Any, person: Person) -> None:
    rows = [person(number) for number in range(1, 10)]
    batch_id = desk.stage("employee", rows, run="one")
    desk.chunk(batch_id)
    assert desk.stage("employee", rows, run="one") == batch_id
    assert desk.apply(batch_id) == Counts(rows=9, applied=5, unchanged=4)


def test_a_batch_is_closed_once(desk: Any, person: Person) -> None:
    batch_id = desk.stage("employee", [person(1)], run="one")
    first = desk.apply(batch_id)
    assert desk.apply(batch_id) == first
    with desk.store.write("acme") as session:
        seq = session.latest_seq()
        assert intake.open_batch(session, "hris", "employee", "one") == batch_id
        assert intake.state(session, batch_id) == "applied"
        assert session.latest_seq() == seq
    with pytest.raises(DataError, match="no intake batch int_none"):
        desk.apply("int_none")


def test_the_database_refuses_a_batch_that_does_not_balance(desk: Any, person: Person) -> None:
    desk.stage("employee", [person(1), person(2)])
    with pytest.raises(DBAPIError, match=r"(?i)check"), desk.store.write("acme") as session:
        session.connection.execute(text("UPDATE intake_batch SET state = 'applied', applied = 1"))


def test_the_cursor_moves_with_the_batch(desk: Any, person: Person) -> None:
    def cursor() -> str | None:
        with desk.store.read("acme") as session:
            return connections.cursor(session, "hris", "employee")

    batch_id = desk.stage("employee", [person(1)], cursor="page 1")
    assert cursor() is None
    desk.apply(batch_id)
    assert cursor() == "page 1"
    desk.take("employee", person(2), cursor=None)
    assert cursor() == "page 1"
    desk.take("employee", person(3), cursor="page 2")
    assert cursor() == "page 2"


def test_a_payload_is_kept_once_and_sealed(desk: Any, person: Person) -> None:
    content = b"the very bytes for 900110001"
    for number, stream in enumerate(("employee", "employee", "compensation")):
        with desk.store.write("acme") as session:
            batch_id = intake.open_batch(session, "hris", stream, f"run {number}")
            assert not intake.file_seen(session, "hris", stream, content)
            intake.stage(session, batch_id, Page(stream, [], content, name="in/900110001.csv"))
    with desk.store.write("acme") as session:
        intake.finish(session, batch_id)
        assert intake.file_seen(session, "hris", "compensation", content)
        assert not intake.file_seen(session, "hris", "employee", content)
        assert not intake.file_seen(session, "payroll", "compensation", content)
        assert not intake.file_seen(session, "hris", "compensation", content + b"x")
        (row,) = session.rows(select(payload))
        assert session.unseal(row.payload_sealed, "payload") == content


def test_long_keys_stay_apart(desk: Any, person: Person) -> None:
    long = "x" * 200
    rows = [replace(person(1), key=f"{long}1"), replace(person(2), key=f"{long}2")]
    assert desk.take("employee", *rows) == Counts(rows=2, applied=2)
    assert desk.take("employee", *rows) == Counts(rows=2, unchanged=2)


@pytest.mark.parametrize("db_url", [pytest.param("postgres", marks=pytest.mark.pg)], indirect=True)
def test_a_value_too_long_for_its_column_is_quarantined(desk: Any, person: Person) -> None:
    line = {
        "invoice": "i" * 500, "invoice_date": "2026-11-01", "due_date": "2026-12-01", "member": "1001",
        "plan": "ppo", "coverage_month": "2026-12", "premium_minor": 100,
    }  # fmt: skip
    rows = [Incoming("1", line), Incoming("2", {**line, "invoice": "i"})]
    assert desk.take("invoice_line", *rows, connection="carrier") == Counts(rows=2, applied=1, quarantined=1)


def test_an_origin_is_cited() -> None:
    assert str(applying.Origin("hris", "employee", "int_a", 7, "v7")) == "int_a#7"


def test_why_a_row_waited_at_first_stays_when_it_is_tried_again(desk: Any, person: Person) -> None:
    desk.take("employee", person(2, pay_group="weekly"))
    with desk.store.read("acme") as session:
        (first,) = session.rows(select(intake_row))
    assert desk.redrive().quarantined == 1  # for the same reason: counted, and no more
    known = desk.appliers

    def other(*_: Any) -> None:
        raise DataError("something else is wrong")

    desk.appliers = {**known, "employee": other}
    assert desk.redrive().quarantined == 1
    with desk.store.read("acme") as session:
        (now,), before = session.rows(select(intake_row)), session.rows(select(waited))
    assert (first.tries, first.tried_at, now.tries, now.reason) == (0, None, 2, "something else is wrong")
    assert now.tried_at and [(one.try_no, one.reason) for one in before] == [(2, first.reason)]
