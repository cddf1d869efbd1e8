"""A fix on the pages: seen as it would leave, proposed, and decided by somebody who may."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select, update
from tests.web.conftest import Desk, caller_of

from benehub.access import Role
from benehub.access.audit import newest
from benehub.errors import RetriableError
from benehub.flows import Hub
from benehub.flows import fixes as flow
from benehub.flows.fix_none import WHY_NONE
from benehub.flows.fixes import WAITS
from benehub.reconcile import Type
from benehub.sandbox.story.world import SECRETS
from benehub.store.tables import difference, fix, obligation, run


@pytest.fixture
def dropped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of a difference that telling the carrier again puts right; its connection opens."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with desk.store.read(desk.employer) as session:
        row = session.rows(select(difference).where(*session.where(difference, type="MEMBER_DROPPED")))[0]
    return f"reconcile/differences/{row.difference_id}"


def fixes(desk: Desk) -> list[tuple[str, str]]:
    with desk.store.read(desk.employer) as session:
        return [(row.fix_id, row.state) for row in session.rows(select(fix).where(*session.where(fix)))]


def owed(desk: Desk) -> int:
    with desk.store.read(desk.employer) as session:
        return len(session.rows(select(obligation.c.obligation_id).where(*session.where(obligation))))


def test_a_fix_is_previewed_proposed_and_approved(desk: Desk, dropped: str, links: Callable[[str], list[str]]) -> None:
    before = owed(desk)
    offered = desk.get(f"{dropped}/fix")
    assert "Tell the carrier again" in offered
    (preview,) = [one for one in links(offered) if "fix/preview" in one]
    shown = desk.get(preview)
    assert "What would leave" in shown and not re.search(r"\b\d{3}-\d{2}-\d{4}\b", shown)
    assert (fixes(desk), owed(desk)) == ([], before), "looking writes nothing"
    made = desk.post(f"{dropped}/fix/propose", action="enrollment_correction", note="they lost her")
    assert made.status_code == 303
    path = made.headers["location"].split("?")[0]
    ((_, state),) = fixes(desk)
    assert state == "proposed" and "they lost her" in desk.get(path)
    assert "A fix is proposed" in desk.get(dropped)
    desk.caller = caller_of(Role.AUDITOR)
    assert "<form" not in desk.get(path)
    assert [desk.post(f"{path}/{word}", note="x").status_code for word in ("approve", "reject", "withdraw")] == [
        403
    ] * 3
    desk.caller = caller_of(Role.BENEFITS_ADMIN)
    seen = desk.seen(path)
    refused = desk.post(f"{path}/approve", seen=seen)
    assert (refused.status_code, fixes(desk)[0][1]) == (409, "proposed"), "no engine runs: nothing is half done"
    desk.start()
    done = desk.post(f"{path}/approve", note="yes", seen=seen)
    assert done.status_code == 303 and "/runs/run_" in done.headers["location"]
    assert fixes(desk)[0][1] == "approved"
    late = desk.post(f"{path}/withdraw", note="not what I saw", seen=seen)
    assert (late.status_code, fixes(desk)[0][1]) == (409, "approved"), "it was looked at while it was only proposed"
    assert desk.post(f"{path}/withdraw", note="unseen").status_code == 422


def test_what_waits_for_approval_is_told_to_whoever_looks_at_today_and_listed(
    desk: Desk, dropped: str, links: Callable[[str], list[str]]
) -> None:
    assert "fix" not in re.split("</?main", desk.get("today"))[1]
    desk.post(f"{dropped}/fix/propose", action="enrollment_correction", note="they lost her")
    ((made, _),) = fixes(desk)
    desk.caller = caller_of(Role.BENEFITS_ADMIN)
    page = desk.get("today")
    assert "One fix waits for approval" in page
    (way,) = [one for one in links(page) if "/fixes?" in one]
    listed = desk.get(way)
    assert way.endswith("state=proposed") and f"/fixes/{made}" in listed and "Tell the carrier again" in listed
    assert made not in desk.get("fixes", state="failed") and made in desk.get("fixes")
    path = f"/api/v1/employers/{desk.employer}"
    assert desk.client.get(f"{path}/today").json()["fixes"] == {"proposed": 1}
    desk.post(f"fixes/{made}/reject", note="no", seen=desk.seen(f"fixes/{made}"))
    assert desk.client.get(f"{path}/today").json()["fixes"] == {}
    with desk.store.write(desk.employer) as session:
        session.connection.execute(update(fix).values(state="failed"))
    assert "One fix failed" in desk.get("today")
    with desk.store.write(desk.employer) as session:
        session.connection.execute(update(difference).values(state="resolved"))
    assert "One fix failed" not in desk.get("today"), "nothing is left to put right"
    desk.caller = caller_of(Role.ENGINEER)
    desk.get("fixes", 403)


def test_a_no_needs_a_reason_and_is_kept(desk: Desk, dropped: str) -> None:
    made = desk.post(f"{dropped}/fix/propose", action="enrollment_correction")
    path = made.headers["location"].split("?")[0]
    seen = desk.seen(path)
    assert desk.post(f"{path}/reject", note=" ", seen=seen).status_code == 400
    assert desk.post(f"{path}/reject", note="<i>no</i>", seen=seen).status_code == 303
    page = desk.get(path)
    assert "Rejected" in page and "&lt;i&gt;no&lt;/i&gt;" in page
    etag = desk.client.get(f"/api/v1{path.replace('/e/', '/employers/')}").headers["etag"]
    assert desk.post(f"{path}/withdraw", note="x", seen=etag.strip('"')).status_code == 400


def test_the_day_of_a_notice_is_read_and_belongs_to_fixes_that_depend_on_it(
    desk: Desk, dropped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "notice_day" not in desk.get(f"{dropped}/fix/preview")
    for day, why in (("2026-11-20", "no fix of it depends on a notice"), ("soon", "no day that can be read")):
        refused = desk.post(f"{dropped}/fix/propose", action="enrollment_correction", notice_day=day)
        assert refused.status_code in (400, 404) and why in refused.text
    place = f"/api/v1/employers/{desk.employer}/differences/{dropped.rsplit('/', 1)[1]}"
    (option,) = desk.client.get(f"{place}/fix-options").json()["items"]
    assert option["with_notice"] is False
    assert desk.client.get(f"{place}/fix-preview", params={"notice_day": "2026-11-20"}).status_code == 422
    made = desk.client.post(f"{place}/fixes", json={"notice_day": "2026-11-20"}, headers={"idempotency-key": "one"})
    assert made.status_code == 422 and fixes(desk) == []
    action = flow.ACTIONS["enrollment_correction"]
    monkeypatch.setitem(flow.ACTIONS, action.name, replace(action, with_notice=True))
    assert 'name="notice_day" type="date" value=""' in desk.get(f"{dropped}/fix/preview")
    asked = desk.get(f"{dropped}/fix/preview", notice_day="2026-11-20")
    assert 'type="hidden" name="notice_day" value="2026-11-20"' in asked
    assert desk.post(f"{dropped}/fix/propose", notice_day="2026-11-20").status_code == 303


def test_by_the_api_it_is_the_same_fix(desk: Desk, dropped: str) -> None:
    place = f"/api/v1/employers/{desk.employer}"
    difference = f"{place}/differences/{dropped.rsplit('/', 1)[1]}"
    key = {"idempotency-key": "one"}
    (option,) = desk.client.get(f"{difference}/fix-options").json()["items"]
    seen = desk.client.get(f"{difference}/fix-preview").json()
    assert seen["says"] == option["says"] and seen["text"] and not re.search(r"\b\d{3}-\d{2}-\d{4}\b", seen["text"])
    made = desk.client.post(f"{difference}/fixes", json={"note": "they lost her"}, headers=key)
    fix, etag = made.json()["fix"], made.headers["etag"]
    assert (
        made.status_code == 201
        and made.json()["preview"] == seen["text"]
        and "they lost her" in desk.get(f"fixes/{fix}")
    )
    desk.start()
    word = f"{place}/fixes/{fix}"
    started = desk.client.post(f"{word}/approve", json={}, headers={"idempotency-key": "two", "if-match": etag})
    assert started.status_code == 202 and desk.client.get(started.headers["location"]).json()["flow"] == "fixes.carry"
    found = desk.client.get(word).json()
    assert found["state"] == "approved" and found["obligations"] and found["digest"] == made.json()["digest"]
    again = desk.client.post(f"{word}/carry-out", headers={"idempotency-key": "three"})
    assert again.status_code == 202 and again.json()["run"] != started.json()["run"]


def test_what_no_fix_puts_right_is_told_so(desk: Desk) -> None:
    with desk.store.read(desk.employer) as session:
        taxed = session.rows(select(difference).where(*session.where(difference, type="WRONG_TAX_CLASS")))[0]
        row = session.rows(select(difference).where(*session.where(difference), difference.c.type.in_(WHY_NONE)))[0]
    assert "Ask payroll to correct the check" in desk.get(f"reconcile/differences/{taxed.difference_id}/fix")
    told = html.unescape(desk.get(f"reconcile/differences/{row.difference_id}/fix"))
    assert f"no fix of the hub's puts this difference right: {WHY_NONE[Type(row.type)][:20]}" in told
    assert desk.post(f"reconcile/differences/{row.difference_id}/fix/propose").status_code == 404


def test_what_cannot_be_queued_is_not_approved_and_the_same_call_goes_on(
    desk: Desk, dropped: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = desk.post(f"{dropped}/fix/propose", action="enrollment_correction")
    path, before = made.headers["location"].split("?")[0], owed(desk)
    word = f"/api/v1{path.replace('/e/', '/employers/')}"
    etag = desk.client.get(word).headers["etag"]
    desk.start()

    def approve(key: str) -> int:
        headers = {"idempotency-key": key, "if-match": etag}
        return desk.client.post(f"{word}/approve", json={}, headers=headers).status_code

    def away(*_: object) -> str:
        raise RetriableError("the database went away", mend="Try again")

    with monkeypatch.context() as broken:
        broken.setattr(Hub, "enqueue_flow", away)
        assert [desk.post(f"{path}/approve", seen=desk.seen(path)).status_code, approve("one")] == [503, 503]
    assert (fixes(desk)[0][1], owed(desk)) == ("proposed", before), "the word and its run stand together"
    assert (approve("two"), fixes(desk)[0][1]) == (202, "approved")


def test_who_may_not_send_approves_and_nothing_leaves(desk: Desk, dropped: str) -> None:
    path = desk.post(f"{dropped}/fix/propose").headers["location"].split("?")[0]
    desk.start()
    desk.caller = caller_of(Role.FINANCE)
    assert "Approve and carry out" not in desk.get(path)
    done = desk.post(f"{path}/approve", note="yes", seen=desk.seen(path))
    assert (done.status_code, done.headers["location"]) == (303, f"{path}?done=approved_waits")
    told = desk.get(done.headers["location"])
    assert "Somebody who may send carries it out" in told and "It is approved: it leaves with the flows" in told
    assert (fixes(desk)[0][1], carried(desk)) == ("approved", []), "approve is not send"
    assert desk.post(f"{path}/carry-out").status_code == 403
    desk.caller = caller_of(Role.OWNER)
    desk.post(f"{path}/withdraw", note="by the API", seen=desk.seen(path))
    word = f"/api/v1/employers/{desk.employer}"
    difference = f"{word}/differences/{dropped.rsplit('/', 1)[1]}"
    made = desk.client.post(f"{difference}/fixes", json={}, headers={"idempotency-key": "one"})
    desk.caller = caller_of(Role.FINANCE)
    word, headers = f"{word}/fixes/{made.json()['fix']}", {"idempotency-key": "two", "if-match": made.headers["etag"]}
    answer = desk.client.post(f"{word}/approve", json={}, headers=headers)
    assert (answer.status_code, answer.json()) == (202, {"run": None, "waits": WAITS})
    assert "location" not in answer.headers and desk.client.get(word).json()["state"] == "approved"
    assert desk.client.post(f"{word}/carry-out", headers={"idempotency-key": "three"}).status_code == 403
    assert carried(desk) == []
    desk.caller = caller_of(Role.BENEFITS_ADMIN)
    assert desk.client.post(f"{word}/carry-out", headers={"idempotency-key": "four"}).status_code == 202
    assert carried(desk) == ["fixes.carry"]


def test_a_look_at_a_fix_of_many_names_them_in_the_trail(desk: Desk, dropped: str) -> None:
    """The difference is of nobody by name; the file that would leave is of everybody of a pay date."""
    with desk.store.read(desk.employer) as session:
        (late,) = session.rows(select(difference).where(*session.where(difference, relation="retirement", type="LATE")))
    assert late.person_id is None
    place, named = f"/api/v1/employers/{desk.employer}", []
    theirs = f"{place}/differences/{late.difference_id}"

    def look(path: str) -> None:
        answer = desk.client.get(path)
        assert answer.status_code == 200, answer.text
        with desk.store.read(desk.employer) as session:
            named.append(newest(session, limit=1)[0].ref.split()[1:])

    look(f"/e/{desk.employer}/reconcile/differences/{late.difference_id}/fix/preview")
    look(f"{theirs}/fix-preview")
    fix = desk.client.post(f"{theirs}/fixes", json={}, headers={"idempotency-key": "one"}).json()["fix"]
    look(f"/e/{desk.employer}/fixes/{fix}")
    look(f"{place}/fixes/{fix}")
    look(f"/e/{desk.employer}/{dropped}/fix")
    *many, one = named
    assert all(refs == many[0] for refs in many) and many[0][0] == f"people:{len(many[0]) - 1}"
    assert len(set(many[0])) > 40 and all(ref.startswith("per_") for ref in many[0][1:])
    assert one[0] == "people:1" and len(one) == 2


def carried(desk: Desk) -> list[str]:
    """The runs that carry something out."""
    with desk.store.read(desk.employer) as session:
        return [row.flow for row in session.rows(select(run.c.flow).where(*session.where(run, flow="fixes.carry")))]
