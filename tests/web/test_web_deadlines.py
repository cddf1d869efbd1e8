"""Deadlines: what is open, how long is left in words, filters, parts, and the alarms with those who were told."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from tests.web.conftest import NOW, Desk, caller_of
from tests.web.test_web_trail import last

from benehub.access import Role
from benehub.flows import JOBS, meeting
from benehub.flows.deadlines import open_now
from benehub.store.tables import alarm, notification
from benehub.views.deadlines import Deadline, pay
from benehub.web import deadlines as pages


def rows(told: str) -> int:
    """Rows of the page's table."""
    return len(re.findall(r'<td role="cell" class="lead"', told))


@pytest.fixture(scope="module")
def known(shared_desk: Desk) -> list[Deadline]:
    """What is open on the demo's data within a month."""
    return open_now(shared_desk.hub, shared_desk.employer, 30)


def test_every_open_deadline_stands_there_with_what_meets_it(read_desk: Desk, known: list[Deadline]) -> None:
    told = read_desk.get("deadlines", within=30)
    assert len(known) > 3 and rows(told) == min(len(known), pages.SHOWN)
    assert "business day" in told and known[0].mend not in told, "a page leads to the place, a command to a command"
    met = {one.subject for one in known if meeting.job(one, NOW.date())}
    assert told.count('action="' + read_desk.address("deadlines/meet")) == len(met) > 1


def test_the_list_is_filtered(read_desk: Desk, known: list[Deadline]) -> None:
    level, kind = known[0].level, known[0].kind
    assert rows(read_desk.get("deadlines", within=30, level=level.value)) == sum(one.level is level for one in known)
    assert rows(read_desk.get("deadlines", within=30, kind=kind)) == sum(one.kind == kind for one in known)
    assert "Nothing has to leave" in read_desk.get("deadlines", connection="nobody")
    read_desk.get("deadlines", 422, within="soon")
    read_desk.get("deadlines", 400, kind="\x07")


def test_a_deadline_is_met_from_its_page_by_those_who_send(desk: Desk, known: list[Deadline]) -> None:
    one = next(one for one in known if one.kind == pay.PUSH and one.due >= NOW.date())
    desk.start()
    answer = desk.post("deadlines/meet", subject=one.subject, kind=one.kind)
    assert answer.status_code == 303 and "/runs/run_" in answer.headers["location"]
    assert re.findall(r"run_\w+", answer.headers["location"]) == last(desk), "the trail says what was begun"
    assert desk.post("deadlines/meet", subject="gone", kind=one.kind).status_code == 400
    by_hand = next(one for one in known if one.kind == pay.PAYOUT)
    assert desk.post("deadlines/meet", subject=by_hand.subject, kind=by_hand.kind).status_code == 400
    desk.caller = caller_of(Role.AUDITOR, employer=desk.employer)
    assert desk.post("deadlines/meet", subject=one.subject, kind=one.kind).status_code == 403
    assert "deadlines/meet" not in desk.get("deadlines")


def test_what_meets_a_deadline_is_the_job_of_its_command(known: list[Deadline]) -> None:
    for one in known:
        job, command = meeting.job(one, NOW.date()), one.mend.removeprefix("benehub ")
        if job is None:
            # Of a pay date that is past payroll takes no word.
            assert one.kind == pay.PAYOUT or (one.kind == pay.PUSH and one.due < NOW.date())
            continue
        assert job.flow.removeprefix("schedule.") in JOBS
        assert command.split()[0] == job.flow.split(".")[0] and command.split()[1].startswith(job.flow.split(".")[1])
        assert all(part in (*job.arguments, "-c", "-g", "--pay-date", "--period", "--plan")
                   for part in command.split()[2:])  # fmt: skip


def test_its_parts_are_the_whole(
    read_desk: Desk, known: list[Deadline], monkeypatch: pytest.MonkeyPatch, links: Callable[[str], list[str]]
) -> None:
    monkeypatch.setattr(pages, "SHOWN", 2)
    seen, at = 0, "deadlines?within=30"
    while at:
        told = read_desk.get(read_desk.address(at))
        seen += rows(told)
        at = next((one for one in links(told) if "after=" in one), "")
        assert seen <= len(known)
    assert seen == len(known)


def test_alarms_are_shown_with_who_was_told(desk: Desk) -> None:
    desk.start()
    assert "None raised" in desk.get("deadlines")
    desk.hub.start_flow("deadlines.check", desk.employer, "a look")
    assert "names nobody to tell" in desk.get("deadlines")
    with desk.store.write(desk.employer) as session:
        _, at = session.take_seq()
        raised = session.rows(select(alarm.c.seq))[0].seq
        common = {"seq": raised, "tries": 1, "at": at, "next_at": at}
        session.add(notification, [
            common | {"notifier": "finance", "state": "told", "error": "", "told_at": at},
            common | {"notifier": "pager", "state": "waiting", "error": "nobody answers <there>", "told_at": None},
        ])  # fmt: skip
    told = desk.get("deadlines")
    assert "Told to finance" in told and "Waits to be told to pager" in told
    assert "nobody answers &lt;there&gt;" in told and "names nobody to tell" not in told


def test_it_is_in_both_languages_and_for_those_who_may(desk: Desk) -> None:
    assert "Deadlines" in desk.get("today")
    assert "Fristen" in desk.get("deadlines", lang="de")
    desk.caller = caller_of(Role.EMPLOYEE, employer=desk.employer)
    desk.get("deadlines", 404)
