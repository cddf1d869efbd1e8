"""An employee sees himself and nobody else, is told why, and gets an answer to what he asks."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import select
from tests.web.conftest import Desk, caller_of

from benehub import facts, ledger
from benehub.access import Caller, Role
from benehub.access.audit import newest
from benehub.api.app import create_app
from benehub.facts import Version, record
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Interval
from benehub.store.tables import person
from benehub.views.mine import mine
from benehub.views.statement.parts import Line, Section, Word


def people(desk: Desk, kind: str = "employee") -> list[tuple[str, str]]:
    """Person id and number of everybody of a kind, by number."""
    with desk.store.read(desk.employer) as session:
        query = select(person.c.person_id, person.c.member_id).where(*session.where(person, kind=kind))
        return [(row.person_id, row.member_id) for row in session.rows(query.order_by(person.c.member_id))]


def as_employee(desk: Desk, person_id: str) -> None:
    """Sit down as this employee."""
    roles = {desk.employer: frozenset({Role.EMPLOYEE})}
    desk.caller = Caller("usr_own", "Own", roles=roles, persons={desk.employer: person_id})


@pytest.fixture
def own(desk: Desk) -> tuple[str, str]:
    """The employee at the desk, who has benefits: person id and number."""
    found = people(desk)[0]
    as_employee(desk, found[0])
    return found


def test_the_page_tells_what_one_has_what_it_costs_and_where_the_money_is(desk: Desk, own: tuple[str, str]) -> None:
    told = desk.get("me")
    with desk.store.read(desk.employer) as session:
        known = mine(session, desk.hub.book(session), desk.hub.plugins, own[0], session.today())
    assert own[1] in told and known.cards and known.money
    for card in known.cards:
        assert card.name in told
        assert card.pays.lines and card.who.lines and card.mine.lines and card.todo.lines
    covered = [one for one in known.cards if one.state == "covered"]
    assert covered and all(sum(p.mine for p in one.prices) == 1 for one in covered if one.prices)
    assert "Your employer adds 100% of what you save, up to 3% of your pay." in told
    assert "New employees wait 30 days." in told
    assert told.count('class="stations"') == sum(len(one.paths) for one in known.money)


def test_the_money_of_last_year_is_shown_too(desk: Desk, own: tuple[str, str]) -> None:
    with desk.store.read(desk.employer) as session:
        day, known = session.today(), mine(session, desk.hub.book(session), desk.hub.plugins, own[0], session.today())
    last = day.year - 1
    assert (known.year, known.years) == (day.year, (day.year,)) and f"year={last}" not in desk.get("me")
    plan = next(one for one in known.money if one.insured)
    of = {"plan": plan.plan, "coverage_month": f"{last}-12"}
    for person_id, amount in ((own[0], 43_21), (people(desk)[1][0], 76_54)):
        legs = (Leg(chart.EMPLOYEE_SHARE_DUE, "USD", -amount, person_id=person_id, **of),
                Leg(chart.PAYROLL_CLEARING, "USD", amount))  # fmt: skip
        with desk.store.write(desk.employer) as session:
            taken = NewEntry(f"taken/{person_id}", "deduction.withheld", date(last, 12, 15), legs, "test")
            ledger.record(session, [taken])
    told = desk.get("me")
    assert f"me?year={last}#money" in told and "$43.21" not in told
    told = desk.get("me", year=str(last))
    assert f"Taken from your pay in {last}" in told and "$43.21" in told and "$76.54" not in told
    assert f"{last} einbehalten" in desk.get("me", year=str(last), lang="de")
    for wrong in (last - 1, day.year + 1):
        desk.get("me", 400, year=str(wrong))


def test_it_is_said_in_german_too(desk: Desk, own: tuple[str, str]) -> None:
    told = desk.get("me", lang="de")
    assert "Was Sie haben" in told and "Neue Beschäftigte warten 30 Tage." in told and '<html lang="de"' in told


def test_what_was_chosen_and_lacks_a_word_of_the_employee_is_to_be_done(
    desk: Desk, own: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.store.read(desk.employer) as session:
        known = mine(session, desk.hub.book(session), desk.hub.plugins, own[0], session.today())
    quiet = [replace(one, state="covered") for one in known.cards[1:]]
    tell, nothing = Line("todo_tell", {"what": Word("data.birth_date")}), Line("todo_nothing")
    for state, line, head in (
        ("decided", tell, "One thing is open for you"), ("needs_data", nothing, "There is nothing you have to do.")
    ):  # fmt: skip
        first = replace(known.cards[0], state=state, todo=Section("plan", (line,)))
        found = replace(known, cards=[first, *quiet])
        monkeypatch.setattr("benehub.web.me.mine", lambda *_, found=found: found)
        told = re.split('<h2 id="benefits"', desk.get("me"))[0]
        assert head in told and ("Tell your benefits team your date of birth." in told) is (state == "decided")


def test_the_statement_is_a_pdf_of_oneself(desk: Desk, own: tuple[str, str]) -> None:
    answer = desk.client.get(desk.address("me/statement.pdf"), params={"lang": "de"})
    assert answer.status_code == 200 and answer.content.startswith(b"%PDF")
    assert re.fullmatch(r'attachment; filename="benefits-[\d-]+\.pdf"', answer.headers["content-disposition"])


def test_why_not_is_said_with_what_would_be_needed(desk: Desk, own: tuple[str, str]) -> None:
    with desk.store.write(desk.employer) as session:
        today = session.today()
        session.take_seq(0)
        now = facts.workers(session, Interval(today), people=[own[0]])[0]
        part = {**now.employment.data, "employment_class": "part_time", "weekly_hours": 20}
        record(session, [Version("employment", own[0], now.employment.key, now.hired, part)], "test")
        kinds = (("coverage", now.coverages), ("election", now.elections))
        ends = [
            Version(kind, own[0], slot, today, None)
            for kind, held in kinds
            for slot in ("medical", "dental")
            if held.get(slot)
        ]
        record(session, ends, "test")
    told = desk.get("me")
    assert "There is nothing you have to do." in told, "what he may not have asks nothing of him"
    assert "It is for employees who work full time; you work part time." in told
    assert "It asks for 30 hours a week; you work 20." in told


def test_a_question_reaches_whoever_answers_it_with_what_it_is_about(desk: Desk, own: tuple[str, str]) -> None:
    desk.get("me/questions", topic="money", plan="401k", when="2026-10-16")
    sent = desk.post("me/questions", text="Where is it?", topic="money", plan="401k", when="2026-10-16")
    assert sent.status_code == 303
    asked = sent.headers["location"].partition("?")[0]
    desk.caller = caller_of(Role.BENEFITS_ADMIN, employer=desk.employer)
    listed = desk.get("questions")
    name = asked.rpartition("/")[2]
    assert own[1] in listed and "401(k) savings plan" in listed and f"questions/{name}" in listed
    assert "Where is it?" in desk.get(f"questions/{name}")
    seen = desk.seen(f"questions/{name}")
    assert desk.post(f"questions/{name}", text="In your account since Monday.").status_code == 422, "what was read?"
    said = {"text": "In your account since Monday.", "seen": seen}
    assert desk.post(f"questions/{name}", **said).status_code == 303
    late = desk.post(f"questions/{name}", text="It is <lost>.", seen=seen)
    assert late.status_code == 409 and "since you began to answer" in late.text and "It is &lt;lost&gt;." in late.text
    assert desk.get(f"questions/{name}").count("In your account since Monday.") == 1 and "lost" not in desk.get(
        f"questions/{name}"
    )
    assert desk.get(f"questions/{name}").count('name="seen"') == 2, "to say more, and to close it"
    assert desk.post(f"questions/{name}/close", seen=seen).status_code == 409
    assert name not in desk.get("questions")
    as_employee(desk, own[0])
    assert "In your account since Monday." in desk.get(asked)
    assert "Your question was answered" in desk.get("me")
    assert desk.post(asked, text="Thank you").status_code == 303


def test_what_a_question_is_about_is_only_what_the_page_shows(desk: Desk, own: tuple[str, str]) -> None:
    told = desk.get("me/questions", topic="<b>", plan="nothing", ref="../etc", when="today")
    assert 'type="hidden"' not in told and "&lt;b&gt;" not in told.partition("<footer")[0]


def test_nobody_sees_anybody_else_on_any_route(desk: Desk, own: tuple[str, str]) -> None:
    """Every route that an employee may call shows himself, and every other one refuses him."""
    other = people(desk)[1]
    as_employee(desk, other[0])
    asked = desk.post("me/questions", text="of the other").headers["location"].partition("?")[0]
    as_employee(desk, own[0])
    assert desk.client.get(asked).status_code == 404 and desk.client.post(asked, data={"text": "x"}).status_code == 404
    others = [number for _, number in people(desk) if number != own[1]]
    looked = 0
    for route in iter_route_contexts(create_app(desk.hub).routes):
        named = route.path or ""
        if not named.startswith("/e/{employer}/") or "GET" not in (route.methods or ()):
            continue
        path = re.sub(r"\{\w+(:\w+)?\}", other[1], named.replace("{employer}", desk.employer))
        answer = desk.client.get(path)
        looked += 1
        if "/me" not in named:
            assert answer.status_code == 403, (path, answer.status_code)
        assert [one for one in others if one in answer.text and one not in path] == [], path
    assert looked > 5


@pytest.mark.parametrize("who", ["dependent", "stranger", "nobody"])
def test_without_an_employee_of_ones_own_there_is_no_page(desk: Desk, who: str) -> None:
    roles = {desk.employer: frozenset({Role.EMPLOYEE})}
    caller = Caller("usr_own", "Own", roles=roles)
    named = {"dependent": people(desk, "dependent")[0][0], "stranger": "per_unknown"}.get(who)
    desk.caller = caller if named is None else replace(caller, persons={desk.employer: named})
    for path in ("me", "me/statement.pdf", "me/questions"):
        assert desk.client.get(desk.address(path)).status_code in (403, 404)
    assert desk.post("me/questions", text="hello").status_code in (403, 404)


@pytest.mark.parametrize(("role", "status"), [(Role.AUDITOR, 403), (Role.ENGINEER, 403), (Role.FINANCE, 403)])
def test_who_may_not_answer_is_refused(desk: Desk, own: tuple[str, str], role: Role, status: int) -> None:
    asked = desk.post("me/questions", text="Why?").headers["location"].partition("?")[0].rpartition("/")[2]
    desk.caller = caller_of(role, employer=desk.employer)
    assert desk.post(f"questions/{asked}", text="So").status_code == status
    assert desk.post(f"questions/{asked}/close").status_code == status


def test_a_question_is_read_by_whom_its_form_names_and_a_look_is_noted(desk: Desk, own: tuple[str, str]) -> None:
    assert "So may an auditor; each look of either is noted." in desk.get("me/questions")
    asked = desk.post("me/questions", text="About my knee.").headers["location"].partition("?")[0].rpartition("/")[2]
    desk.caller = caller_of(Role.FINANCE, employer=desk.employer)
    desk.get("questions", 403)
    desk.get(f"questions/{asked}", 403)
    assert asked not in desk.get(f"people/{own[1]}", show="contact")
    assert "/questions" not in desk.get("today")
    for role in (Role.AUDITOR, Role.BENEFITS_ADMIN):
        desk.caller = caller_of(role, employer=desk.employer)
        assert asked in desk.get(f"people/{own[1]}", show="contact") and "About my knee." in desk.get(
            f"questions/{asked}"
        )
        with desk.store.read(desk.employer) as session:
            row = newest(session, limit=1)[0]
        assert (row.action, row.permission) == ("GET /e/{employer}/questions/{question}", "see_questions")
        assert {asked, own[0]} <= set(row.ref.split())


def test_what_an_employee_writes_is_text(desk: Desk, own: tuple[str, str]) -> None:
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    asked = desk.post("me/questions", text=bad).headers["location"].partition("?")[0]
    for path in (asked, "me/questions", "me"):
        assert bad not in desk.get(path)
    desk.caller = caller_of(Role.BENEFITS_ADMIN, employer=desk.employer)
    told = desk.get(f"questions/{asked.rpartition('/')[2]}")
    assert bad not in told and "&lt;script&gt;" in told
