"""Runs, Outgoing and Closing: a comparison followed live, what leaves byte for byte, and a month that is signed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from tests.web.conftest import Desk, caller_of

from benehub import dispatch as outbox
from benehub.access import Role, audit, users
from benehub.errors import DataError
from benehub.flows import Hub, runs
from benehub.store import acts, note_act
from benehub.store.access_tables import audit as audit_table
from benehub.store.locks import WAITING
from benehub.store.schema import INSTALLATION
from benehub.store.tables import attempt, closing, difference, dispatch, obligation, person, run
from benehub.views import closing as closing_view
from benehub.views.carried import everybody, first_of
from benehub.views.outgoing import segments
from benehub.views.unpriced import Unpriced
from benehub.views.why import why
from benehub.web.runs import AGAIN

SOON = date(2026, 12, 3)


def found(desk: Desk, table: Any, **equal: Any) -> list[Any]:
    with desk.store.read(desk.employer) as session:
        return list(session.rows(select(table).where(*session.where(table, **equal))))


def test_a_comparison_is_started_and_followed_to_its_end(desk: Desk) -> None:
    refused = desk.post("reconcile/start", month="2026-10", relations=["retirement"])
    assert refused.status_code == 409 and "benehub up" in refused.text, "no engine runs in this process"
    desk.hub_listens()
    started = desk.post("reconcile/start", month="2026-10", relations=["retirement", "accounts", "leave"])
    assert started.status_code == 303
    path = started.headers["location"].split("?")[0]
    first = desk.get(path)
    assert "Compare, October 2026" in first
    until = time.monotonic() + 90
    while 'hx-trigger="every 1s"' in (page := desk.get(f"{path}/progress")):
        assert time.monotonic() < until, page
        assert "<html" not in page
        time.sleep(0.2)
    assert "Compare: Retirement" in page and "Compare: Leave" in page and "Done" in page
    counted = re.findall(r"relation=(\w+)", page)
    assert counted == ["retirement", "accounts", "leave"]
    assert page.count("Nothing to compare") == 1 and "no answer of a custodian was read" in page
    assert "compared 0 seconds ago" in desk.get("today").lower() or "Compared" in desk.get("today")
    assert desk.post("reconcile/start", month="2026-10").status_code == 400
    assert desk.post("reconcile/start", month="2026-13", relations=["leave"]).status_code == 400


def test_runs_are_listed_by_state_and_part_by_part(desk: Desk) -> None:
    page = desk.get("runs", flow="reconcile")
    assert page.count('href="/e/northwind/runs/run_') == len(found(desk, run, flow="reconcile"))
    total, names, place = len(found(desk, run)), set[str](), ""
    while True:
        page = desk.get("runs", **({"after": place} if place else {}))
        names |= set(re.findall(r"/runs/(run_\w+)", page))
        following = re.search(r'rel="next" href="[^"]*after=([^"&]+)', page)
        if following is None:
            break
        place = following[1].replace("%3A", ":").replace("%7E", "~")
    assert len(names) == total > 50


def test_a_run_that_failed_says_why_and_goes_on(desk: Desk) -> None:
    desk.start()
    (one, *_) = found(desk, run, flow="reconcile")
    with desk.store.write(desk.employer) as session:
        session.change(run, {"run_id": one.run_id}, state="running")
        runs.fail(session, one.run_id, DataError("a <b>bad</b> row", mend="Mend it"))
    page = desk.get(f"runs/{one.run_id}")
    assert "a &lt;b&gt;bad&lt;/b&gt; row" in page and "Mend it" in page and "DataError" in page
    assert "One run failed this week" in desk.get("today") or one.started_at < "2026-11-25"
    desk.caller = caller_of(Role.AUDITOR)
    assert desk.post(f"runs/{one.run_id}/retry").status_code == 403
    desk.caller = caller_of(Role.ENGINEER)
    assert desk.post(f"runs/{one.run_id}/retry").status_code == 303
    assert found(desk, run, run_id=one.run_id)[0].state == "done"
    assert "done" not in AGAIN and desk.post(f"runs/{one.run_id}/retry").status_code == 400
    assert desk.post(f"runs/{one.run_id}/cancel").status_code == 400
    desk.get("runs/run_none", 404)


def test_what_left_is_shown_as_it_was_frozen_and_masked(read_desk: Desk) -> None:
    (one, *_) = found(read_desk, dispatch, operation="enrollment.change")
    page = read_desk.get(f"outgoing/{one.dispatch_id}")
    assert "Answers by member" in page and "Refused" in page
    content = read_desk.get(f"outgoing/{one.dispatch_id}/content")
    lines = re.findall(r'<span class="line">(.*)</span>', content)
    assert lines[0].startswith("ISA*00*") and lines[1].startswith("GS*BE*") and lines[2].startswith("ST*834*")
    assert "DMG*D8*********" in content
    (pay, *_) = found(read_desk, dispatch, operation="contribution.deposit")
    content = read_desk.get(f"outgoing/{pay.dispatch_id}/content")
    with read_desk.store.read(read_desk.employer) as session:
        people = first_of(everybody(session, pay.dispatch_id))
        refs = set(str(audit.newest(session, limit=1)[0].ref).split())
    assert people.number > 1 and {f"people:{people.number}", *people.people} <= refs
    assert "SOCIAL SECURITY" in content and not re.search(r"\b\d{3}-?\d{2}-?\d{4}\b", content)
    read_desk.get("outgoing/dis_none", 404)
    read_desk.get("outgoing/../../x", 404)


def test_whoever_may_send_takes_the_exact_bytes_and_it_stands_in_the_trail(desk: Desk) -> None:
    (pay, *_) = found(desk, dispatch, operation="contribution.deposit")
    where = f"outgoing/{pay.dispatch_id}/bytes"
    assert f'href="{desk.address(where)}"' in desk.get(f"outgoing/{pay.dispatch_id}")
    answer = desk.client.get(desk.address(where))
    with desk.store.read(desk.employer) as session:
        assert answer.content == outbox.frozen_bytes(session, outbox.get(session, pay.dispatch_id))
        people, row = first_of(everybody(session, pay.dispatch_id)), audit.newest(session, limit=1)[0]
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff" and "no-store" in answer.headers["cache-control"]
    assert re.fullmatch(rf'attachment; filename="{pay.dispatch_id}(\.\w+)?"', answer.headers["content-disposition"])
    assert (row.action, row.outcome) == ("GET /e/{employer}/outgoing/{dispatch}/bytes", "done")
    assert {pay.dispatch_id, f"people:{people.number}", *people.people} <= set(str(row.ref).split())
    desk.get("outgoing/dis_none/bytes", 404)
    for role in (Role.AUDITOR, Role.FINANCE, Role.ENGINEER):
        desk.caller = caller_of(role)
        desk.get(where, 403)
    desk.caller = caller_of(Role.AUDITOR)
    assert f"{pay.dispatch_id}/bytes" not in desk.get(f"outgoing/{pay.dispatch_id}")


def test_of_whom_a_file_tells_is_kept_when_it_is_frozen(read_desk: Desk) -> None:
    with read_desk.store.read(read_desk.employer) as session:
        files = [row for row in session.rows(select(dispatch).where(*session.where(dispatch))) if row.file_name]
        kept = {row.dispatch_id: outbox.told_of(session, row.dispatch_id) for row in files}
        named = {made: told for made, told in kept.items() if told is not None}
        assert {made: first_of(everybody(session, made)) for made in named} == named
        assert any(number for _, number in named.values())
        unkept = {row.operation for row in files if row.dispatch_id not in named}
    assert unkept <= {"payment.order"}, "a payment alone does not say it by itself"


def test_segments_are_found_where_masking_has_moved_them() -> None:
    head = "ISA*00*          *00*          *ZZ*A              *ZZ*B              *261001*0800*^*00501"
    assert segments(f"{head}*000000001*1*T*:~GS*BE*A*B~ST*834~")[1:] == ["GS*BE*A*B~", "ST*834~"]
    assert segments(f"{head}*-*1*T*:~\nGS*BE*A*B~\nST*834~\n")[1:] == ["GS*BE*A*B~", "ST*834~"]
    assert segments("a,b\nISA,c\n") == []


def test_a_long_file_is_read_in_parts(read_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benehub.web.outgoing.LINES", 7)
    (one, *_) = found(read_desk, dispatch, operation="enrollment.change")
    lines: list[str] = []
    path: str | None = f"outgoing/{one.dispatch_id}/content"
    while path:
        part = read_desk.client.get(read_desk.address(path), headers={"hx-request": "true"}).text
        assert "<html" not in part
        lines += re.findall(r'<span class="line">(.*)</span>', part)
        ways = re.findall(r'href="(/e/[^"]+first=(\d+))"', part)
        path = next((way for way, first in ways if int(first) == len(lines)), None)
        keeps_focus(part)
    assert lines[0].startswith("ISA") and lines[-1].startswith("IEA")
    assert len(lines) == len(set(range(len(lines)))) > 30


def test_all_that_may_have_the_focus_keeps_it_while_a_run_is_followed(desk: Desk) -> None:
    counts = {one: {"opened": 1, "closed": 0, "seen_again": 2} for one in ("payroll", "leave")}
    base = {"flow": "reconcile", "subject": "all/2026-10", "executor": WAITING, "counts": counts, "ended_at": None}
    wrong = {"error": "no connection payroll; see `benehub connection list`", "error_class": "config"}
    with desk.store.write(desk.employer) as session:
        base["started_at"] = session.now()
        session.add(run, [
            base | {"run_id": "run_going", "state": "running", "error": ""},
            base | {"run_id": "run_stuck", "state": "failed"} | wrong,
        ])  # fmt: skip
    assert keeps_focus(desk.get("runs/run_going/progress")) >= {"counts", "of-payroll", "of-leave", "cancel"}
    assert keeps_focus(desk.get("runs/run_stuck/progress")) >= {"retry", "cancel"}


def test_a_run_tells_what_lacks_and_whose_it_is_is_told_to_whom_people_are_shown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.store.write(desk.employer) as session:
        told = session.rows(select(person).where(*session.where(person, kind="employee")).limit(1))[0]
        counts = {"lines": 1200, "lacking": 2, "needs": {"tobacco": 1, "members.2.birth_date": 1}}
        before = {"problems": [f"employee {told.member_id}, plan life: lacks tobacco"], "parts": ["dis_a", "dis_b"]}
        base = {"flow": "premiums.accrue", "subject": "2026-10", "executor": "", "error": "", "state": "done"}
        base |= {"started_at": session.now(), "ended_at": session.now()}
        rows = {"run_now": counts, "run_before": before, "run_none": {"needs": {}}}
        session.add(run, [base | {"run_id": name, "counts": one} for name, one in rows.items()])
    monkeypatch.setattr(
        "benehub.web.money.unpriced",
        lambda *_: [Unpriced(told.person_id, told.member_id, "life", ("tobacco", "members.2.birth_date"))],
    )
    desk.caller = caller_of(Role.ENGINEER, employer=desk.employer)
    shown = desk.get("runs/run_now")
    assert "use of tobacco: 1, birth date: 1" in shown and "1,200" in shown and "money/lacking" not in shown
    assert told.member_id not in desk.get("runs/run_before") and "<dd>dis_a, dis_b</dd>" in desk.get("runs/run_before")
    assert "<dd>–</dd>" in desk.get("runs/run_none")
    desk.get("money/lacking", 403, month="2026-10")
    desk.caller = caller_of(Role.FINANCE, employer=desk.employer)
    assert "money/lacking?month=2026-10" in desk.get("runs/run_now")
    assert f"people/{told.member_id}" in (page := desk.get("money/lacking", month="2026-10"))
    assert "use of tobacco, birth date" in page
    assert told.person_id in found(desk, audit_table)[-1].ref
    desk.client.headers["accept-language"] = "de"
    assert "Tabakkonsum: 1, Geburtsdatum: 1" in desk.get("runs/run_now")


def keeps_focus(part: str) -> set[str]:
    """The ids of all that may have the focus in a part that is put in place of itself: by them alone it is kept."""
    tags = re.findall(r"""<(?:a|button|input|select|textarea|summary)\b[^>]*>|<[^>]* tabindex="0"[^>]*>""", part)
    ids = [re.search(r' id="([^"]+)"', one) for one in tags if 'type="hidden"' not in one]
    assert None not in ids, tags
    found = [one[1] for one in ids if one]
    assert len(found) == len(set(found))
    return set(found)


def test_what_is_held_leaves_when_somebody_approves_and_what_is_unknown_is_settled(desk: Desk) -> None:
    desk.start()
    (one, *_) = [row for row in found(desk, dispatch, operation="deduction.set") if row.revision == 2]
    path = f"outgoing/{one.dispatch_id}"
    with desk.store.write(desk.employer) as session:
        session.change(dispatch, {"dispatch_id": one.dispatch_id}, state="unknown", sent_at=None)
    assert "Of one dispatch nobody knows whether it arrived" in desk.get("today")
    assert "Has the vendor got it?" in desk.get(path)
    assert desk.post(f"{path}/settle", arrived="perhaps", note="x").status_code == 422
    assert desk.post(f"{path}/settle", arrived="yes", note="").status_code == 400
    assert desk.post(f"{path}/leave", note="go").status_code == 400, "it may have arrived"
    desk.caller = caller_of(Role.FINANCE)
    assert desk.post(f"{path}/settle", arrived="yes", note="x").status_code == 403
    desk.caller = caller_of(Role.BENEFITS_ADMIN)
    assert desk.post(f"{path}/settle", arrived="yes", note="seen in payroll").status_code == 303
    page = desk.get(path)
    assert "seen in payroll" in page and "usr_ann" in page
    assert found(desk, dispatch, dispatch_id=one.dispatch_id)[0].state == "sent"
    for said in ("no", "returned"):
        assert desk.post(f"{path}/settle", arrived=said, note="an old page").status_code == 400
    with desk.store.write(desk.employer) as session:
        session.change(dispatch, {"dispatch_id": one.dispatch_id}, operation="contribution.deposit")
    assert 'name="arrived" value="returned"' in (page := desk.get(path)) and 'value="no"' not in page


def test_what_waits_to_leave_is_held_with_a_reason_and_let_go_by_whoever_approves(desk: Desk) -> None:
    one = found(desk, dispatch, operation="deduction.set")[0]
    path = f"outgoing/{one.dispatch_id}"
    assert desk.post(f"{path}/hold", note="wait").status_code == 400, "it has left"
    with desk.store.write(desk.employer) as session:
        session.change(dispatch, {"dispatch_id": one.dispatch_id}, state="prepared", sent_at=None)
        session.connection.execute(delete(attempt).where(attempt.c.dispatch_id == one.dispatch_id))
    assert "Hold it" in desk.get(path)
    assert desk.post(f"{path}/hold", note=" ").status_code == 400
    desk.caller = caller_of(Role.ENGINEER)
    assert desk.post(f"{path}/hold", note="x").status_code == 403
    desk.caller = caller_of(Role.BENEFITS_ADMIN)
    assert desk.post(f"{path}/hold", note="<b>wrong</b> plan").headers["location"].endswith("done=held")
    shown = desk.get(path, lang="de")
    assert "&lt;b&gt;wrong&lt;/b&gt; plan" in shown and "Anhalten" not in shown and "Freigeben" in shown
    assert path in desk.get("outgoing", state="held")


def test_whoever_approves_and_may_not_send_lets_nothing_leave_by_himself(desk: Desk) -> None:
    desk.start()
    one = max(found(desk, dispatch, operation="deduction.set"), key=lambda row: (row.revision, row.seq))
    path = f"outgoing/{one.dispatch_id}"
    with desk.store.write(desk.employer) as session:
        session.change(dispatch, {"dispatch_id": one.dispatch_id}, state="prepared", sent_at=None)
        session.connection.execute(delete(attempt).where(attempt.c.dispatch_id == one.dispatch_id))
    desk.caller = caller_of(Role.FINANCE)
    before = len(found(desk, run))
    assert desk.post(f"{path}/leave", note="go").headers["location"].endswith("done=approved_waits")
    assert (found(desk, dispatch, dispatch_id=one.dispatch_id)[0].state, len(found(desk, run))) == ("prepared", before)
    desk.caller = caller_of(Role.BENEFITS_ADMIN)
    run_id = re.search(r"/runs/(run_\w+)", desk.post(f"{path}/leave", note="go").headers["location"])
    assert run_id is not None
    with desk.store.read(desk.employer) as session:
        first = runs.started_by(session, run_id[1])
    assert first is not None and first.permissions == ("approve", "send"), "its approval alone starts no such run"


def test_what_a_dispatch_has_posted_leads_to_why(desk: Desk) -> None:
    (pay, *_) = found(desk, dispatch, operation="contribution.deposit")
    with desk.store.read(desk.employer) as session:
        posted = why(session, pay.dispatch_id).data["entries"]
    page = desk.get(f"outgoing/{pay.dispatch_id}")
    assert posted and f'href="{desk.address(f"why/{posted[0]}")}"' in page


def test_a_push_that_stopped_is_shown_and_permitted_by_whoever_approves(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = found(desk, run, flow="reconcile")[0]
    why = ("connection payroll: deduction.set stops before anything has left: it would change 1234 and end 2 of 3000 "
           "people (41 %), over 30 % changed or ended")  # fmt: skip
    mend = ("Look at what would leave (benehub dispatches list --state prepared). To let it leave: benehub dispatches "
            "permit payroll deduction.set --people 1236 --note WHY, and run it again; limits stand in the plan book, "
            "guards")  # fmt: skip
    assert 'id="stops"' not in desk.get("outgoing")
    with desk.store.write(desk.employer) as session:
        session.change(run, {"run_id": one.run_id}, state="held", error=f"{why}. {mend}",
                       error_class="GuardTripped", mend=mend)  # fmt: skip
    shown = desk.get(f"runs/{one.run_id}", lang="de")
    assert 'href="/e/northwind/outgoing#stops">Erlauben' in shown and "im Ausgang mit Notiz erlauben" in shown
    shown = desk.get("outgoing", lang="de")
    assert "würde bei 1234 Personen etwas ändern und 2 von 3000 Personen abmelden (41 %), mehr als 30 %" in shown
    assert "permit" not in shown.partition('id="stops"')[2].partition("<form")[0]
    assert "höchstens 1.236 Personen" in shown and 'name="people" value="1236"' in shown
    form = {"connection": "payroll", "operation": "deduction.set", "people": 1236}
    for role in (Role.AUDITOR, Role.ENGINEER):
        desk.caller = caller_of(role)
        assert desk.post("outgoing/permit", **form, note="looked").status_code == 403
        assert "/outgoing/permit" not in desk.client.get(desk.address("outgoing")).text
    desk.caller = caller_of(Role.BENEFITS_ADMIN)
    assert desk.post("outgoing/permit", **form).status_code == 400
    assert desk.post("outgoing/permit", **form | {"people": 0}, note="x").status_code == 422
    told = desk.post("outgoing/permit", **form, note="looked").headers["location"]
    assert told == f"/e/northwind/runs/{one.run_id}?done=permitted"
    shown = desk.get("outgoing", lang="en")
    assert "It is permitted" in shown and "/outgoing/permit" not in shown
    with desk.store.read(desk.employer) as session:
        assert outbox.permitted(session, "payroll", "deduction.set") == 1236
        assert [(one.who, one.note) for one in acts(session, "payroll")] == [("usr_ann", "1236 people: looked")]
        assert "outgoing/permit" in str(audit.newest(session, limit=3))
    goes_on: list[str] = []
    monkeypatch.setattr(Hub, "retry_beside", lambda _hub, _employer, run_id: goes_on.append(run_id))
    way = {"connection": "payroll", "operation": "deduction.set"}
    desk.start()
    desk.caller = caller_of(Role.FINANCE)
    assert "/outgoing/go-on" not in desk.get("outgoing") and desk.post("outgoing/go-on", **way).status_code == 403
    assert desk.post("outgoing/permit", **form, note="yes").headers["location"].endswith("done=permitted")
    desk.caller = caller_of(Role.BENEFITS_ADMIN)
    assert "/outgoing/go-on" in desk.get("outgoing") and goes_on == []
    for path, sent in (("go-on", way), ("permit", form | {"note": "yes"})):
        told = desk.post(f"outgoing/{path}", **sent).headers["location"]
        assert told == f"/e/northwind/runs/{one.run_id}?done=retried"
    assert goes_on == [one.run_id] * 2
    assert desk.post("outgoing/go-on", **way | {"operation": "deduction.book"}).status_code == 400


def test_what_was_tried_and_said_of_a_dispatch_is_told_without_codes(desk: Desk) -> None:
    one = next(row for row in found(desk, dispatch, operation="deduction.set") if row.revision == 2)
    other = next(row for row in found(desk, dispatch, business_key=one.business_key) if row.revision == 1)
    with desk.store.write(INSTALLATION) as session:
        ann = users.add(session, "ann@alder.example", "Ann Alder")
    with desk.store.write(desk.employer) as session:
        session.change(dispatch, {"dispatch_id": other.dispatch_id}, state="refused", ack_state="rejected")
        session.change(dispatch, {"dispatch_id": one.dispatch_id}, state="held", reason=f"held by {ann}: hold: it")
        session.connection.execute(delete(attempt).where(attempt.c.dispatch_id == one.dispatch_id))
        row = {"dispatch_id": one.dispatch_id, "started_at": session.now()}
        session.add(attempt, [
            {**row, "attempt_no": 1, "outcome": "unknown", "detail": "time-out (ReadTimeout)"},
            {**row, "attempt_no": 2, "outcome": "prepared", "detail": "the exchange broke (ReadError)"},
        ])  # fmt: skip
        for what, note in (("hold", "hold: <it>"), ("settle: not there", "asked"), ("resend", "the same bytes: lost")):
            note_act(session, one.dispatch_id, ann, what, note)
    told = re.sub(r"<svg.*?</svg>", "", desk.get(f"outgoing/{one.dispatch_id}", lang="de"))
    for line in ("Ausgang unbekannt</span> Zeitüberschreitung (ReadTimeout)",
                 "wurde nicht gesendet</span> der Austausch brach ab (ReadError)", "angehalten von Ann Alder: hold: it",
                 "<strong>Ann Alder</strong>: angehalten</p><p class=\"said\">hold: &lt;it&gt;</p>",
                 "der Partner hat es nicht</p><p class=\"said\">asked</p>",
                 "dieselben Bytes noch einmal senden lassen</p><p class=\"said\">lost</p>",
                 f'/outgoing/{other.dispatch_id}">Fassung 1</a>',
                 "Abgelehnt</span>", "Zurückgewiesen</span>"):  # fmt: skip
        assert line in told, line
    assert not re.search(r"usr_|unknown time-out|rejected", told)


def test_what_is_owed_is_listed_by_the_day_it_must_leave(desk: Desk) -> None:
    assert "Nothing is owed" in desk.get("outgoing/owed")
    with desk.store.write(desk.employer) as session:
        session.connection.execute(
            update(obligation)
            .where(obligation.c.kind == "deduction.set")
            .values(state="open", send_by=date(2026, 12, 3))
        )
    seen, place = set[str](), ""
    page = desk.get("outgoing/owed", kind="deduction.set")
    assert "Dec 3, 2026" in page and "Dec 3, 2026" in desk.get("today")
    count = 0
    while True:
        page = desk.get("outgoing/owed", **({"after": place} if place else {}))
        count += page.count('<td role="cell" class="lead"')
        following = re.search(r'rel="next" href="[^"]*after=([^"&]+)', page)
        if following is None or following[1] in seen:
            break
        seen.add(place := following[1].replace("%7E", "~"))
    assert count == len(found(desk, obligation, kind="deduction.set"))
    desk.get("outgoing/owed", 400, after="x~y")


def test_a_month_is_signed_when_everything_holds(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    page = desk.get("closing/2026-10/checklist")
    assert "No discrepancy is open" in page and "dif_" in page and '/sign"' not in page
    assert desk.post("closing/2026-10/sign", sure="yes", note="").status_code == 409
    assert found(desk, closing) == []
    monkeypatch.setattr("benehub.flows.closing.checklist", lambda *_: [])
    monkeypatch.setattr("benehub.web.closing.checklist", lambda *_: [closing_view.Condition("It holds", 0, (), "")])
    assert "/closing/2026-10/sign" in desk.get("closing/2026-10/checklist")
    desk.caller = caller_of(Role.AUDITOR)
    assert desk.post("closing/2026-10/sign", sure="yes").status_code == 403
    desk.caller = caller_of(Role.FINANCE)
    assert desk.post("closing/2026-10/sign").status_code == 400
    assert desk.post("closing/2026-10/sign", sure="yes", note="All good <i>").status_code == 303
    report = desk.get("closing/2026-10")
    assert "Signed by Ann Alder" in report and "All good &lt;i&gt;" in report
    paper = desk.client.get(desk.address("closing/2026-10/report.pdf"))
    assert paper.headers["content-type"] == "application/pdf" and paper.content.startswith(b"%PDF-")
    assert "October 2026" in desk.get("closing") and found(desk, difference, state="discrepancy")
    desk.get("closing/2026-09", 400)


def test_what_a_dispatch_carries_leads_to_why(read_desk: Desk, links: Callable[[str], list[str]]) -> None:
    sent = found(read_desk, dispatch, operation="deduction.set")[0]
    behind = [one for one in links(read_desk.get(f"outgoing/{sent.dispatch_id}")) if "/why/obl_" in one]
    assert behind and "deduction" in read_desk.get(behind[0]).lower()
