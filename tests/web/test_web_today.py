"""*Today* says what is not right, for how much, and leads there; by permission."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import event, select, update
from tests.web.conftest import Desk, caller_of

from benehub.access import Role
from benehub.flows import hook_subscriptions, questions
from benehub.flows.deadlines import open_now
from benehub.flows.job_schedules import first_from
from benehub.periods import Month
from benehub.reconcile import MONTHLY
from benehub.reconcile.compared import note_compared
from benehub.store.tables import difference, employer, hook_subscription, person, schedule
from benehub.views.today import SOON, today, working_month
from benehub.web.words import Words


def test_the_month_that_is_worked_is_the_one_with_something_open(read_desk: Desk) -> None:
    page = read_desk.get("today")
    with read_desk.store.read(read_desk.employer) as session:
        found = today(session, read_desk.hub.book(session), Month(2026, 10), [])
    assert "October 2026 is not right yet" in page
    assert f"{found.discrepancies} discrepancies are open" in page
    assert f"${found.at_risk['USD'] / 100:,.2f}" in page
    assert all(leg.at_risk for leg in found.legs if leg.name != "intake")
    for leg in found.legs:
        assert f"${leg.at_risk.get('USD', 0) / 100:,.2f}" in page or not leg.at_risk


def test_its_numbers_are_those_of_the_list_they_lead_to(read_desk: Desk, links: Callable[[str], list[str]]) -> None:
    ways = [one for one in links(read_desk.get("today")) if "reconcile?" in one]
    assert len(ways) >= 4
    with read_desk.store.read(read_desk.employer) as session:
        legs = {one.name: one for one in today(session, read_desk.hub.book(session), Month(2026, 10), []).legs}
    for name, leg in legs.items():
        way = next(one for one in ways if f"leg={name}&" in one and "state=discrepancy" in one)
        assert read_desk.get(way).count('class="dif"') == leg.discrepancies > 0


def test_it_counts_the_webhooks_that_do_not_arrive_and_leads_to_them(desk: Desk) -> None:
    before = desk.get("today")
    assert "webhook" not in before.casefold().split("<main")[1].split("</main")[0]
    with desk.store.write(desk.employer) as session:
        for name, state, failed in (("a", "on", 3), ("b", "on", 1), ("c", "on", 0), ("d", "paused", 9)):
            session.add(hook_subscription, [{
                "subscription_id": f"whs_{name}", "url": f"https://{name}.example/x", "events": ["run.ended"],
                "secret": "env:X", "failed_in_row": failed, "state": state, "who": "usr_x", "made_at": session.now(),
            }])  # fmt: skip
    with desk.store.read(desk.employer) as session:
        found = today(session, desk.hub.book(session), Month(2026, 10), [])
    assert found.unheard == 3, "one that paused itself, as its receiver is gone, is not heard either"
    hook_subscriptions.set_state(desk.hub, desk.employer, "whs_d", "paused")
    page = desk.get("today")
    assert re.search(r'<a href="[^"]*/webhooks">2 webhooks do not arrive</a>', page)
    told = desk.client.get(desk.address("today"), headers={"accept-language": "de"}).text
    assert "2 Webhooks kommen nicht an" in told


def test_a_question_waits_on_it_and_beside_the_navigation_for_whoever_sees_people(
    desk: Desk, links: Callable[[str], list[str]]
) -> None:
    with desk.store.write(desk.employer) as session:
        own = session.rows(select(person).where(*session.where(person, kind="employee")))[0].person_id
    assert "question" not in re.split("</?main", desk.get("today"))[1] and "wait</span>" not in desk.get("today")
    made = [questions.ask(desk.hub, desk.employer, own, {}, f"Why {n}?", "usr_zoe") for n in range(3)]
    desk.post(f"questions/{made[0]}", text="So.", seen=desk.seen(f"questions/{made[0]}"))
    page = desk.get("today")
    assert re.search(r'<a href="[^"]*/questions">2 questions wait for an answer</a>', page)
    assert "Nothing else waits" not in page and re.search(r'/questions">Questions <span class="badge warn">2<', page)
    assert re.search(r'/questions">Questions <span class="badge warn">2<', desk.get("settings")), "wherever one is"
    desk.caller = caller_of(Role.ENGINEER)
    page = desk.get("today")
    assert "2 questions wait for an answer" in page and not [one for one in links(page) if "questions" in one]


def test_it_counts_what_is_open_once_and_from_an_index_alone(read_desk: Desk) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, sql: str, values: Any, *_: Any) -> None:
        asked.append((sql, values))

    engine = read_desk.store.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        read_desk.get("today")
        read_desk.get("reconcile")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    grouped = [one for one in asked if "GROUP BY difference.state, difference.relation" in one[0]]
    listed = [one for one in asked if "ORDER BY difference.at_stake DESC" in one[0]]
    assert (len(grouped), len(listed)) == (1, 1)
    with engine.connect() as connection:
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all() for sql, values in
                 (*grouped, *listed)]  # fmt: skip
    assert [len(plan) for plan in plans] == [1, 1], "nothing is sorted"
    assert "COVERING INDEX ix_difference_sums" in plans[0][0][3]
    assert "INDEX ix_difference_stake" in plans[1][0][3]


def test_its_deadlines_are_those_of_their_page(read_desk: Desk, links: Callable[[str], list[str]]) -> None:
    known = open_now(read_desk.hub, read_desk.employer, SOON.days)
    assert known, "the demo leaves something open"
    first = min(known, key=lambda one: (one.send_by, one.kind))
    page = read_desk.get("today")
    assert any(one.endswith(f"deadlines?kind={first.kind}") for one in links(page))
    assert "Nothing has to leave" not in page


def test_it_speaks_german(read_desk: Desk) -> None:
    page = read_desk.client.get(read_desk.address("today"), headers={"accept-language": "de"}).text
    assert "Oktober 2026 stimmt noch nicht" in page
    assert re.search(r"\d\.\d{3},\d\d\xa0\$", page)


def test_a_month_of_which_nothing_is_open_is_told_as_it_is(desk: Desk) -> None:
    with desk.store.write(desk.employer) as session:
        session.connection.execute(update(difference).values(state="pending", clear_by=date(2026, 12, 5)))
        for relation in MONTHLY:
            note_compared(session, relation, Month(2026, 10), session.latest_seq())
    page = desk.get("today")
    assert "October 2026 is right so far" in page
    assert "Explained differences that must have cleared" in page
    with desk.store.write(desk.employer) as session:
        session.connection.execute(update(difference).values(state="resolved"))
        assert working_month(session) == Month(2026, 12)
    assert "October 2026 is right" in desk.get("today", month="2026-10")
    assert "December 2026 has not been compared yet" in desk.get("today")


def test_an_engineer_sees_the_counts_and_no_way_to_the_money(
    read_desk: Desk, links: Callable[[str], list[str]]
) -> None:
    owner, read_desk.caller = read_desk.caller, caller_of(Role.ENGINEER)
    try:
        page = read_desk.get("today")
        assert "to settle" in page
        assert [one for one in links(page) if "/reconcile" in one or "/outgoing" in one] == []
        waiting = re.findall(r'href="([^"]+)">[^<]* in quarantine</a>', page)
        assert waiting and all("/connections/" in one for one in waiting)
        for one in waiting:
            assert "/reads/" in read_desk.get(one), "and from there to the read"
        read_desk.caller = caller_of(Role.EMPLOYEE)
        read_desk.get("today", 404)
        read_desk.caller = None
        read_desk.get("today", 401)
    finally:
        read_desk.caller = owner


def test_a_row_in_quarantine_that_a_leg_counts_is_not_counted_again(desk: Desk) -> None:
    with desk.store.write(desk.employer) as session:
        found = today(session, desk.hub.book(session), Month(2026, 10), ())
        rows = sum(found.quarantine.values())
        assert rows == found.told_rows == 1 and "in quarantine" in desk.get("today", month="2026-10")
        session.connection.execute(
            update(difference).where(difference.c.type == "ROW_QUARANTINED").values(state="resolved")
        )
        again = today(session, desk.hub.book(session), Month(2026, 10), ())
    assert (again.told_rows, again.elsewhere) == (0, found.elsewhere + rows)


def test_what_a_name_holds_is_text_and_nothing_else(desk: Desk) -> None:
    with desk.store.write(desk.employer) as session:
        session.connection.execute(update(employer).values(name='<script>alert("x")</script>'))
    page = desk.get("today")
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_a_month_that_is_none_is_refused_in_words(read_desk: Desk) -> None:
    page = read_desk.get("today", 400, month="<b>2026")
    assert "That did not work" in page and "<b>2026" not in page


def test_of_several_employers_each_ones_month_is_told(desk: Desk) -> None:
    with desk.store.write("other") as session:
        row = {"name": "Other <b>", "country": "US", "currency": "USD", "seq": 0, "recorded_at": "", "ledger_head": ""}
        session.add(employer, [row])
    page = desk.client.get("/").text
    assert "Other &lt;b&gt;" in page and "October 2026" in page
    assert "Retirement: Not right" in page and "Payroll: Not right" in page
    with desk.store.read(desk.employer) as session:
        found = today(session, desk.hub.book(session), Month(2026, 10), [])
    at_risk = Words("en").money(found.at_risk["USD"], "USD")
    assert found.at_risk["USD"] > 0 and page.count(f"{at_risk} at risk") == 1
    desk.caller = caller_of(Role.FINANCE, employer="other")
    alone = desk.client.get("/")
    assert (alone.status_code, alone.headers["location"]) == (303, "/e/other/today")


def test_it_names_a_schedule_that_started_nothing_for_a_month_and_leads_to_it(desk: Desk) -> None:
    with desk.store.write(desk.employer) as session:
        session.add(schedule, [{
            "name": "accruals", "flow": "premiums.accrue", "connection_id": None, "options": {}, "cron": "0 6 28 * *",
            "every_s": 0, "anchor_at": "2020-01-01T00:00:00.000000Z", "zone": "UTC", "closed_days": "run",
            "country": "us", "blackouts": [], "jitter_s": 0, "catch_up": "once", "state": "on",
            "slot_at": "2099-01-28T06:00:00.000000Z", "next_at": "2099-01-28T06:00:00.000000Z", "last_at": None,
            "last_run": None, "note": "",
        }])  # fmt: skip
    with desk.store.read(desk.employer) as session:
        found = today(session, desk.hub.book(session), Month(2026, 10), [], times=first_from).passed
    assert found and {one.schedule for one in found} == {"accruals"}
    page = desk.get("today")
    assert re.search(r'<a href="[^"]*/connections">The schedule accruals has started nothing for [A-Z]', page)
    desk.client.headers["accept-language"] = "de"
    assert "Der Zeitplan accruals hat für" in desk.get("today")
