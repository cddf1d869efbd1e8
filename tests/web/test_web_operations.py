"""Money, connections, plan book and settings: what is there is shown, who may changes it, and nobody else."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.web.conftest import Desk, caller_of, close_desk, open_desk

from benehub import planbook, reconcile
from benehub.access import Role
from benehub.charts.stacked import stacked
from benehub.flows import connecting
from benehub.periods import Month
from benehub.reconcile import Finding, Relation, Type
from benehub.store.tables import act, difference, plan_book, run
from benehub.views import connected
from benehub.views.clearing import clearing
from benehub.views.deposits import deposits
from benehub.views.offers import LeftOut
from benehub.views.plan_impact import PlanImpact
from benehub.web import plan_book as pages


def book_text(desk: Desk) -> str:
    """The text of the plan book in force."""
    with desk.store.read(desk.employer) as session:
        return str(session.rows(plan_book.select())[0].content)


def versions(told: str) -> tuple[str, str]:
    """Of a book that was tried: its version, and the one of the book that it was tried on."""
    return re.findall(r'name="version" value="(\w+)"><input type="hidden" name="seen" value="([\w-]+)"', told)[0]


def load(desk: Desk, text: str) -> int:
    """Try a book and put it in force; what that was answered."""
    version, seen = versions(desk.post("plan-book/try", text=text).text)
    return int(desk.post("plan-book/load", text=text, version=version, seen=seen).status_code)


def test_money_shows_every_account_and_what_is_behind_it(read_desk: Desk) -> None:
    told = read_desk.get("money", month="2026-10")
    assert "premium.remit/" not in told
    assert "1.00 USD" in read_desk.get("settings")
    assert not re.search(r">[^<>]*\d:\d\d:\d\d", read_desk.get("runs") + read_desk.get("connections/carrier"))
    with read_desk.store.read(read_desk.employer) as session:
        accounts = clearing(session, read_desk.hub.book(session), Month.parse("2026-10"))
        owed = deposits(session, Month.parse("2026-10"))
    assert all(one.name in told for one in accounts) and any(one.items for one in accounts)
    standing = {(one.kind, one.standing) for one in owed}
    assert standing == {
        ("premium.remit", "accepted"), ("contribution.deposit", "arrived"), ("contribution.deposit", "sent"),
    }  # fmt: skip
    assert "file accepted" in told and told.count("<rect") > 3 and 'role="img"' in told and "<title" in told


def test_what_was_dismissed_is_said_to_be_so_where_it_explains_an_account(desk: Desk) -> None:
    with desk.store.write(desk.employer) as session:
        session.take_seq(0)
        one = Finding(
            Relation.RETIREMENT, Type.CREDITED_SHORT, "2026-10", "2026-10-30/pretax", "recordkeeper", "recordkeeper",
            "a cause", "an action", plan="401k", expected=1_23, actual=0,
        )  # fmt: skip
        (opened,) = reconcile.settle_within(session, one.relation, one.reference, [one], session.today()).opened
        reconcile.act(session, opened, "ann", state="dismissed", note="waived")
        session.change(difference, {"difference_id": opened}, last_seq=session.latest_seq() + 9)
    told = desk.get("money", month="2026-10")
    assert "Credited too little (dismissed)" in re.sub(r"\s+", " ", told)


def test_a_payment_on_its_way_is_named_until_somebody_should_have_confirmed_it(desk: Desk) -> None:
    way = re.compile(r'href="[^"]+/outgoing\?operation=premium.remit">Premiums to remit, carrier, October 2026')
    assert not way.search(desk.get("money", month="2026-10")), "its day is past, and nothing was compared since"
    early = open_desk(Path(desk.store.engine.url.database or "").parent, lambda: datetime(2026, 11, 5, 12, tzinfo=UTC))
    try:
        assert way.search(early.get("money", month="2026-10"))
    finally:
        close_desk(early)


def test_an_invoice_is_walked_line_by_line(read_desk: Desk, links: Callable[[str], list[str]]) -> None:
    walks = [one for one in links(read_desk.get("money", month="2026-10")) if "/invoices/" in one]
    assert walks
    differ, everything = read_desk.get(walks[0]), read_desk.get(walks[0], which="all")
    assert everything.count("<tr") > differ.count("<tr") > 1
    assert "Type it anew" in read_desk.get(walks[0], 400, after="\x00/medical")


def test_a_chart_is_as_high_as_its_amounts() -> None:
    found = stacked(["2026-01", "2026-02"], {"a": [100_00, 300_00], "b": [100_00, -5]})
    heights = {(part.series, part.column): part.height for part in found.parts}
    assert heights["a", "2026-02"] == pytest.approx(3 * heights["a", "2026-01"], abs=2)
    assert ("b", "2026-02") not in heights and found.scale[0][0] == 0
    assert stacked([], {}).parts == () and stacked(["2026-01"], {"a": [0]}).parts == ()


def test_connections_show_how_fresh_they_are_and_no_secret(read_desk: Desk) -> None:
    told = read_desk.get("connections")
    with read_desk.store.read(read_desk.employer) as session:
        names = [one.name for one in connected.listed(session)]
    assert names and all(f"connections/{name}" in told for name in names)
    for name in names:
        one = read_desk.get(f"connections/{name}")
        assert "What it can" in one
    assert "env:BENEHUB_DEMO_PAYROLL" in read_desk.get("connections/payroll")


def test_a_word_is_mapped_by_whoever_operates_and_stands_in_the_trail(desk: Desk) -> None:
    def mapped(**form: str) -> Any:
        return desk.post("connections/payroll/words", **{"seen": desk.seen("connections/payroll")} | form)

    desk.caller = caller_of(Role.ENGINEER, employer=desk.employer)
    first = desk.seen("connections/payroll")
    sent = mapped(place="leave_codes", theirs="Sick Hours", ours="SICK")
    assert sent.status_code == 303 and "SICK" in desk.get("connections/payroll")
    assert mapped(place="leave_codes", theirs="Sick Hours", ours="PTO", seen=first).status_code == 409
    assert mapped(place="leave_codes", theirs="Sick Hours", ours="PTO", seen="").status_code == 422
    assert mapped(place="client_secret", theirs="x", ours="y").status_code == 404
    assert mapped(place="leave_codes", theirs=" ", ours="y").status_code in (400, 404)
    bad = "<script>alert(1)</script>"
    mapped(place="leave_codes", theirs=bad, ours="SICK")
    assert bad not in desk.get("connections/payroll")
    with desk.store.read(desk.employer) as session:
        trail = [row.note for row in session.rows(act.select().where(act.c.what == "map a word"))]
    assert "leave_codes: Sick Hours = SICK" in trail


def test_a_connection_is_paused_and_resumed(desk: Desk) -> None:
    first = desk.seen("connections/payroll")
    for mode in ("watch", "paused", "live"):
        seen = desk.seen("connections/payroll")
        assert desk.post("connections/payroll/mode", mode=mode, seen=seen).status_code == 303
        with desk.store.read(desk.employer) as session:
            assert {one.name: one.mode for one in connected.listed(session)}["payroll"] == mode
        if mode == "watch":
            late = desk.post("connections/payroll/mode", mode="live", seen=first)
            assert late.status_code == 409 and "changed since it was looked at" in late.text
    assert desk.post("connections/payroll/mode", mode="paused").status_code == 422, "not said what was looked at"
    assert desk.post("connections/payroll/mode", mode="gone", seen=first).status_code in (400, 404)


def test_a_test_reads_the_first_page_and_says_what_is_wrong(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = [connecting.Tried("employee", False, "401 <b>")]
    monkeypatch.setattr(connecting, "try_out", lambda *_: ("gusto", "live", told))
    told = desk.post("connections/hris/test").text
    assert "401 &lt;b&gt;" in told


def test_a_connection_is_read_now_and_what_it_tells_is_followed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[tuple[str, str, tuple[Any, ...]]] = []

    def enqueue(_session: Any, flow: str, _key: str, order: str, *arguments: Any) -> str:
        begun.append((flow, order, arguments[:2]))
        return f"run_{len(begun)}"

    monkeypatch.setattr(desk.hub, "enqueue_flow", enqueue)
    monkeypatch.setattr("benehub.web.connections.must_work", lambda _: None)
    assert 'connections/hris/read"' not in desk.get("connections/hris")  # the demo's are paused
    desk.post("connections/hris/mode", mode="watch", seen=desk.seen("connections/hris"))
    assert 'connections/hris/read"' in desk.get("connections/hris")
    for name, flows in (
        ("hris", ["sync"]),
        ("payroll", ["sync", "payroll.results"]),
        ("carrier", ["sync", "enrollments.acks"]),
        ("recordkeeper", ["sync", "retirement.credits"]),
    ):
        begun.clear()
        told = desk.post(f"connections/{name}/read")
        assert told.headers["location"].startswith(f"/e/{desk.employer}/runs/run_{len(flows)}")
        assert begun == [(f"schedule.{flow}", name, (name, {})) for flow in flows]
    assert desk.post("connections/none/read").status_code in (400, 404)


def test_calls_received_are_worked_off_anew_by_their_days(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr("benehub.web.connections.flow.replay", lambda _, *asked: told.append(asked))
    done = desk.post("connections/hris/calls", since="2026-11-20", until="2026-11-22", state="failed")
    assert done.headers["location"].endswith("connections/hris?done=anew")
    desk.post("connections/hris/calls")
    assert told == [
        (desk.employer, "", "hris", "2026-11-20", "failed", "2026-11-22"), (desk.employer, "", "hris", "", "", "")
    ]  # fmt: skip
    for wrong in ({"state": "waiting"}, {"since": "20.11."}):
        assert desk.post("connections/hris/calls", **wrong).status_code == 422
    assert len(told) == 2


def test_the_plan_book_is_said_in_plain_words_and_in_german(read_desk: Desk) -> None:
    told = read_desk.get("plan-book")
    assert "Your employer adds 100% of what you save" in told and "Nothing strange" in told
    assert "Neue Beschäftigte warten 30 Tage." in read_desk.get("plan-book", lang="de")
    assert "in force" in read_desk.get("plan-book", lang="en")


def test_another_version_is_tried_on_the_people_before_it_is_put_in_force(desk: Desk) -> None:
    text = book_text(desk).replace('percent: "80%"', 'percent: "70%"')
    before = planbook.load(book_text(desk), "book").version
    told = desk.post("plan-book/try", text=text, month="2026-11").text
    assert "employer_contribution" in told and "Medical PPO" in told
    version, seen = versions(told)
    with desk.store.read(desk.employer) as session:
        assert desk.hub.book(session).version == before, "a trial puts nothing in force"
    assert desk.post("plan-book/load", text=text + "\n# other", version="0" * 12, seen=seen).status_code == 400
    assert desk.post("plan-book/load", text=text, version=version).status_code == 422, "not said what it was tried on"
    assert desk.post("plan-book/load", text=text, version=version, seen=seen).status_code == 303
    with desk.store.read(desk.employer) as session:
        assert desk.hub.book(session).version == version


def test_what_a_trial_cannot_tell_is_said_and_a_plan_that_stayed_is_shown_where_it_changes_somebody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [
        PlanImpact("ppo", "Medical PPO", "changed", True, covered=800, unpriced=800, unsettled=31, other_last_day=22),
        PlanImpact("dental", "Dental Basic", "same", True, covered=7, changed=5, employee_minor=900),
        PlanImpact("life", "Life Basic", "same", True, covered=7),
    ]
    monkeypatch.setattr("benehub.web.plan_book.impact", lambda *_: found)
    text = book_text(desk).replace('percent: "80%"', 'percent: "70%"')
    told = desk.post("plan-book/try", text=text, month="2027-01").text
    whom = told.partition("Whom it changes, priced in January 2027")[2].partition("<form")[0]
    for said in ("800 cannot be priced", "31 cannot be decided", "22 covered until another day", "Dental Basic"):
        assert said in whom
    assert "Life Basic" not in whom and "cannot be priced" not in whom.partition("Dental Basic")[2]
    assert re.search(r'<input[^>]*name="month"[^>]*type="month"[^>]*value="2027-01"', told)
    assert re.search(r'<input[^>]*name="month"[^>]*type="month"', desk.get("plan-book/try")), "it is chosen before, too"
    del found[:2]
    assert "It changes nothing for anybody." in desk.post("plan-book/try", text=text).text


def test_a_month_that_is_none_is_said_beside_what_was_written(desk: Desk) -> None:
    answer = desk.post("plan-book/try", text=book_text(desk) + "# mine", month="2026-13")
    assert "2026-13" in answer.text and "# mine</textarea>" in answer.text.replace("\n", "")
    assert "Whom it changes" not in answer.text


def test_settings_show_whom_a_second_person_looks_at_and_what_is_tolerated(desk: Desk) -> None:
    told = desk.get("settings")
    assert "needs a second person" in told and ">None<" in told and told.count("Every cent is a difference") == 3
    text = book_text(desk)
    assert "tolerance:" not in text and "second_person_above" not in text
    text = text.rstrip() + "\ntolerance:\n  premium: {line: '0.05', file: '2.00'}\n"
    text = text.replace("guards: {", "guards: {second_person_above: '500.00', ")
    assert load(desk, text) == 303
    told = desk.get("settings")
    assert "500.00 USD" in told and "Up to 0.05 USD a line, 2.00 USD a file" in told


def test_a_book_that_was_tried_on_another_one_than_is_in_force_is_shown_anew(desk: Desk) -> None:
    ours, theirs = (book_text(desk).replace('percent: "80%"', f'percent: "{share}%"') for share in (70, 60))
    version, seen = versions(desk.post("plan-book/try", text=ours).text)
    assert load(desk, theirs) == 303
    late = desk.post("plan-book/load", text=ours, version=version, seen=seen, month="2027-02")
    assert re.search(r'name="month"[^>]*value="2027-02"', late.text), "the month that was asked for stays"
    in_force = planbook.load(theirs, "book").version
    assert late.status_code == 409 and "Another version has been put in force" in late.text and in_force in late.text
    with desk.store.read(desk.employer) as session:
        assert desk.hub.book(session).version == in_force, "nothing was put over it unseen"
    assert versions(late.text) == (version, versions(desk.post("plan-book/try", text=ours).text)[1])
    desk.caller = caller_of(Role.BENEFITS_ADMIN, employer=desk.employer)
    assert desk.post("plan-book/load", text=ours, version=version, seen=seen).status_code == 409
    assert load(desk, ours) == 303


def followed(desk: Desk, answer: Any) -> str:
    """The page of the run that an answer leads to, once it has ended."""
    assert answer.status_code == 303
    path, until = answer.headers["location"].partition("?")[0], time.monotonic() + 90
    while 'hx-trigger="every 1s"' in (told := desk.get(path)):
        assert time.monotonic() < until, told
        time.sleep(0.1)
    return str(told)


def test_a_book_is_tried_on_many_people_by_a_run_whose_page_leads_to_what_it_found(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = book_text(desk).replace('percent: "80%"', 'percent: "70%"')
    at_once = desk.post("plan-book/try", text=text, month="2026-11").text
    monkeypatch.setattr("benehub.flows.trial_runs.AT_ONCE", 1)
    assert "benehub up" in desk.post("plan-book/try", text=text).text, "no job can be started"
    desk.hub_listens()
    told = followed(desk, desk.post("plan-book/try", text=text, month="2026-11"))
    assert "Try a plan book on the employees" in told and "Employees in all" in told and "Count" in told
    (place,) = re.findall(r'id="tried" href="[^"]*/(plan-book/tried/\w+)"', told)
    found = desk.get(place)
    shown = [one.partition("<main")[2].partition("<h2")[2].partition("<form")[0] for one in (found, at_once)]
    assert shown[0] == shown[1] != "", "the same, asked in another way"
    version, seen = versions(found)
    assert 'value="2026-11"' in found and versions(at_once) == (version, seen)
    theirs = book_text(desk).replace('percent: "80%"', 'percent: "60%"')
    assert "Another version" not in found
    monkeypatch.setattr("benehub.flows.trial_runs.AT_ONCE", 2_000)
    assert load(desk, theirs) == 303
    monkeypatch.setattr("benehub.flows.trial_runs.AT_ONCE", 1)
    late = desk.post("plan-book/load", text=text, version=version, seen=seen, month="2026-11")
    assert late.status_code == 409 and "Try it again" in late.text and 'name="version"' not in late.text
    stale = desk.get(place)
    assert "Try it again" in stale and 'name="version"' not in stale and "percent: &#34;70%&#34;" in stale
    again = followed(desk, desk.post("plan-book/try", text=text, month="2026-11"))
    (place,) = re.findall(r'id="tried" href="[^"]*/(plan-book/tried/\w+)"', again)
    version, seen = versions(desk.get(place))
    assert desk.post("plan-book/load", text=text, version=version, seen=seen).status_code == 303
    with desk.store.read(desk.employer) as session:
        assert desk.hub.book(session).version == version
        (other,) = session.rows(select(run.c.run_id).where(*session.where(run, flow="reconcile")).limit(1))
    assert desk.client.get(desk.address(f"plan-book/tried/{other.run_id}")).status_code == 404
    desk.caller = caller_of(Role.AUDITOR, employer=desk.employer)
    assert desk.client.get(desk.address(place)).status_code == 403
    assert 'id="tried"' not in desk.get(f"runs/{place.rpartition('/')[2]}")


def test_who_approves_does_not_raise_what_he_may_approve_alone(desk: Desk) -> None:
    def loaded(amount: str) -> int:
        held = re.sub(r"second_person_above: [\d.]+, ", "", text)
        held = held.replace("guards: {", f"guards: {{second_person_above: {amount}, ", 1) if amount else held
        return load(desk, held)

    text = book_text(desk)
    text = text if "guards: {" in text else text + "\nguards: {headcount_drop_percent: 5}\n"
    assert loaded("100.00") == 303  # an owner
    desk.caller = caller_of(Role.BENEFITS_ADMIN, employer=desk.employer)
    assert [loaded(amount) for amount in ("200.00", "", "50.00", "0.00", "50.00")] == [403, 403, 303, 303, 403]


@pytest.mark.parametrize("text", ["", "no: book", "- [", "employer: {id: x}\n<script>alert(1)</script>"])
def test_a_wrong_book_is_refused_with_what_is_wrong(desk: Desk, text: str) -> None:
    answer = desk.post("plan-book/try", text=text)
    assert answer.status_code in (200, 400, 422) and "<script>alert" not in answer.text


def test_a_book_of_another_employer_is_not_taken(desk: Desk) -> None:
    text = book_text(desk).replace("id: northwind", "id: other")
    assert "another employer" in desk.post("plan-book/try", text=text).text
    assert desk.post("plan-book/load", text=text, version="x", seen="x").status_code in (400, 409)


def test_plans_are_compared_where_they_have_designs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    told = desk.get("plan-book/compare")
    assert "compare.svg" in told
    assert "Medical" in told
    picture = desk.client.get(desk.address("plan-book/compare.svg"))
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert b"<svg" in picture.content
    assert b"<script" not in picture.content
    assert "Left out" not in told
    left = (LeftOut("hdhp", "it has no `design:` in the plan book"),)
    with desk.store.read(desk.employer) as session:
        asked, found = pages.compared(session, desk.hub.book(session))
    with monkeypatch.context() as patched:
        patched.setattr(pages, "compared", lambda *_: (replace(asked, left_out=left), found))
        told = desk.get("plan-book/compare")
        assert "Left out" in told and "hdhp" in told and "it has no `design:` in the plan book" in told
    text = re.sub(r"    design:.*\n(      .*\n)*", "", book_text(desk))
    assert "design" not in text
    assert load(desk, text) == 303
    told = desk.get("plan-book/compare")
    assert "compare.svg" not in told
    assert "design" in told


def test_settings_say_when_it_stops(read_desk: Desk) -> None:
    told = read_desk.get("settings")
    assert "10 %" in told and "Rows that end or vanish" in told


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.FINANCE, Role.EMPLOYEE])
def test_who_may_not_change_changes_nothing(desk: Desk, role: Role) -> None:
    text = book_text(desk)
    desk.caller = caller_of(role, employer=desk.employer)
    for path, form in (
        ("connections/payroll/mode", {"mode": "paused", "seen": "x"}),
        ("connections/payroll/words", {"place": "leave_codes", "theirs": "a", "ours": "b", "seen": "x"}),
        ("connections/payroll/test", {}),
        ("connections/payroll/read", {}),
        ("connections/payroll/calls", {"state": "failed"}),
        ("schedules", {"name": "x", "flow": "sync", "cron": "0 6 * * *"}),
        ("schedules/x/pause", {}),
        ("plan-book/load", {"text": text, "version": "x", "seen": "x"}),
        ("plan-book/try", {"text": text}),
    ):
        assert desk.post(path, **form).status_code in (403, 404), path


def test_what_a_vendor_called_is_told_in_words(read_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benehub.web.connections.webhooks.doors", lambda _: [{"connection": "hris"}])
    call = {"received_at": "2026-10-01T10:00:00Z", "signed": True, "reason": ""}
    calls = [
        call | {"kind": "event", "streams": "employee,election", "state": "worked"},
        call | {"kind": "handshake", "streams": "", "state": "waiting"},
        call | {"kind": "event", "streams": "", "state": "failed"},
    ]
    monkeypatch.setattr("benehub.web.connections.webhooks.listed", lambda *_: calls)
    told = re.sub(r"<[^>]*>", "\n", read_desk.get("connections/hris", lang="de").rpartition("Empfangene Aufrufe")[2])
    words = [one.strip() for one in told.splitlines()]
    assert {"Ereignis", "Person, Wahl", "Anmeldung des Eingangs", "Abgearbeitet", "Wartet", "Gescheitert"} <= {*words}
    assert not {"worked", "waiting", "failed", "event", "handshake"} & {*words}
