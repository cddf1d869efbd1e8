"""One read of a system on its page: why something of it waits, and who lays it aside, tries it again or lets it in."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select, update
from tests.web.conftest import Desk, caller_of

from benehub.access import Role
from benehub.flows import Hub, custody
from benehub.flows.runs import By
from benehub.store.tables import intake_batch, intake_row, row_waits, waited
from benehub.views.custody import batches
from benehub.web import reads


def waiting(desk: Desk) -> str:
    """The page of a read of the HRIS that has rows in quarantine."""
    with desk.store.read(desk.employer) as session:
        row = batches(session, waiting=True, connection_id="hris")[0]
    return f"connections/hris/reads/{row['batch']}"


def test_what_waits_is_tried_again_and_laid_aside_with_a_reason(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    place = waiting(desk)
    desk.caller = caller_of(Role.ENGINEER, employer=desk.employer)
    assert f"/{place}" in desk.get("connections/hris")
    told = desk.get(place)
    assert "hireDate" in told and ">waits<" in told and "Release" not in told
    desk.caller = caller_of(Role.OWNER, employer=desk.employer)
    monkeypatch.setattr(reads, "must_work", lambda _hub: None)
    for what in ("again", "discard", "release"):
        assert desk.post(f"{place.replace('hris', 'payroll')}/{what}", note="x", seen="1").status_code == 404, what
    monkeypatch.undo()
    desk.caller = caller_of(Role.ENGINEER, employer=desk.employer)
    assert desk.post(f"{place}/again", note="mapped").status_code == 409, "no engine runs"
    desk.start()
    assert desk.post(f"{place}/again", note=" ").status_code == 400
    run = desk.post(f"{place}/again", note="mapped it").headers["location"].removesuffix("?done=started")
    assert "Try again what waits" in desk.get(run) and "waiting" in desk.get(f"{run}/progress").lower()
    told = desk.get(place)
    assert ">waits<" in told and "tried again" in told and "mapped it" in told
    assert desk.post(f"{place}/discard", note=" ", seen="1").status_code == 400
    assert desk.post(f"{place}/discard", note="<b>a test</b>", seen="1").status_code == 303
    told = desk.get(place, lang="de")
    assert "beiseitegelegt" in told and "&lt;b&gt;a test&lt;/b&gt;" in told and "wartet<" not in told
    assert desk.post(f"{place}/discard", note="again", seen="1").status_code == 404, "nothing waits any more"
    desk.get(place.replace("hris", "payroll"), 404)
    desk.get("connections/hris/reads/int_none", 404)


def test_a_row_says_why_it_waited_first_why_it_does_now_and_how_often_it_was_tried(desk: Desk) -> None:
    place = waiting(desk)
    batch = place.rpartition("/")[2]
    assert "At first:" not in desk.get(place) and "in vain" not in desk.get(place), "it has waited for one reason"
    with desk.store.write(desk.employer) as session:
        mine = session.where(intake_row, batch_id=batch)
        no = session.rows(select(intake_row.c.row_no).where(*mine, row_waits))[0].row_no
        session.add(waited, [
            {"batch_id": batch, "row_no": no, "try_no": number, "at": "2026-12-01T09:00:00+00:00", "reason": reason}
            for number, reason in ((0, "no <b>pay group</b>"), (1, "what was said between"))
        ])  # fmt: skip
        session.connection.execute(
            update(intake_row).where(*mine, intake_row.c.row_no == no)
            .values(reason="its SSN is missing", tries=2, tried_at="2026-12-02T08:30:00+00:00")
        )  # fmt: skip
    told = desk.get(place)
    assert "its SSN is missing" in told and "At first: no &lt;b&gt;pay group&lt;/b&gt;" in told
    assert "Tried again 2 times in vain. Last on" in told and "said between" not in told
    told = desk.get(place, lang="de")
    assert "die SSN fehlt" in told and "Zuerst:" in told and "2-mal vergeblich neu versucht. Zuletzt am" in told


def test_rows_that_wait_come_first_and_only_those_shown_are_laid_aside(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = waiting(desk)
    batch = place.rpartition("/")[2]
    with desk.store.write(desk.employer) as session:
        row = session.rows(select(intake_row).where(*session.where(intake_row, batch_id=batch), row_waits))[0]._mapping
        more = {900_001: None, 900_002: None, row["row_no"] - 1: 1}
        session.connection.execute(delete(intake_row).where(*session.where(intake_row, row_no=row["row_no"] - 1)))
        session.add(intake_row, [{**row, "row_no": no, "resolved_seq": at} for no, at in more.items()])
    monkeypatch.setattr(reads, "PART", 2)
    shown = desk.get(place)
    assert "2 of 4" in shown and ">settled<" not in shown and "Lay all 3 that wait aside" in shown
    assert 'name="row" value="900001"' in shown and 'value="900002"' not in shown and "after=w900001" in shown
    shown = desk.get(place, after="w900001")
    assert shown.index('value="900002"') < shown.index(">settled<") and "Lay row 900,002 aside" in shown
    desk.get(place, 422, after="x1")
    assert desk.post(f"{place}/discard", note="gone", row=900_001).status_code == 303
    changed = desk.post(f"{place}/discard", note="all", seen="3")
    assert changed.status_code == 409 and "has changed since it was shown" in changed.text
    assert desk.post(f"{place}/discard", note="all", seen="held").status_code == 409
    assert desk.post(f"{place}/discard", note="all").status_code == 422
    assert desk.post(f"{place}/discard", note="all", seen="2").status_code == 303
    assert ">waits<" not in desk.get(place)


def test_a_held_read_is_let_in_by_whoever_approves_and_edits_people(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = waiting(desk)
    with desk.store.write(desk.employer) as session:
        of = update(intake_batch).where(intake_batch.c.batch_id == place.rpartition("/")[2])
        session.connection.execute(of.values(state="held", reason="9 % of the rows would end somebody"))
    let_in: list[tuple[object, ...]] = []

    def asked(_hub: Hub, *told: object) -> str:
        let_in.append(told)
        return "run_made"

    monkeypatch.setattr(reads, "must_work", lambda _hub: None)
    monkeypatch.setattr(custody, "release_by_run", asked)
    for role, status in ((Role.FINANCE, 403), (Role.AUDITOR, 403), (Role.BENEFITS_ADMIN, 303)):
        desk.caller = caller_of(role, employer=desk.employer)
        assert desk.post(f"{place}/release", note="the plant closed").status_code == status
    mine = By("usr_ann", ("approve", "edit_people"))
    assert let_in == [(desk.employer, place.rpartition("/")[2], "usr_ann", "the plant closed", mine)]
    told = desk.get(place)
    assert "would end somebody" in told and "/release" in told and "/discard" not in told
    desk.caller = caller_of(Role.ENGINEER, employer=desk.employer)
    assert 'name="seen" value="held"' in desk.get(place)
    assert desk.post(f"{place}/discard", note="no", seen="1").status_code == 409
    assert desk.post(f"{place}/discard", note="no", seen="held").status_code == 303
