"""*Reconcile*: the list and its filters, one difference with its chain, and two people who work the same one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from tests.web.conftest import Desk, caller_of

from benehub import reconcile
from benehub.access import Role
from benehub.store.tables import difference, leg, suppression
from benehub.views.worklist import Filters, part


def rows(desk: Desk, **equal: Any) -> list[Any]:
    with desk.store.read(desk.employer) as session:
        return list(session.rows(select(difference).where(*session.where(difference, **equal))))


def seen(page: str) -> str:
    return re.findall(r'name="seen" value="([^"]+)"', page)[0]


def shown(page: str) -> list[str]:
    return re.findall(r'class="dif" href="[^"]*/(dif_\w+)"', page)


def test_the_list_has_every_discrepancy_the_most_at_stake_first(read_desk: Desk) -> None:
    known = sorted(rows(read_desk, state="discrepancy"), key=lambda one: (-one.at_stake, one.difference_id))
    assert shown(read_desk.get("reconcile")) == [one.difference_id for one in known]
    oldest = sorted(known, key=lambda one: (one.first_seq, one.difference_id))
    assert shown(read_desk.get("reconcile", order="age")) == [one.difference_id for one in oldest]


@pytest.mark.parametrize("column", ["relation", "type", "severity", "owner", "plan", "period"])
def test_each_filter_keeps_what_it_says_and_all_of_it(read_desk: Desk, column: str) -> None:
    known = [one for one in rows(read_desk, state="discrepancy") if getattr(one, column)]
    for value in {getattr(one, column) for one in known}:
        wanted = {one.difference_id for one in known if getattr(one, column) == value}
        assert set(shown(read_desk.get("reconcile", **{column: value}))) == wanted


def test_filters_by_person_amount_age_step_and_text(read_desk: Desk) -> None:
    known = rows(read_desk, state="discrepancy")
    one = next(row for row in known if row.person_id and row.plan)
    whose = {row.difference_id for row in known if row.person_id == one.person_id}
    with read_desk.store.read(read_desk.employer) as session:
        (member,) = part(session, Filters(person=one.person_id), "USD").members.values()
    assert set(shown(read_desk.get("reconcile", person=member))) == whose
    assert set(shown(read_desk.get("reconcile", person=one.person_id))) == whose
    big = {row.difference_id for row in known if row.at_stake >= 10_000}
    assert set(shown(read_desk.get("reconcile", least="100.00"))) == big and big
    assert set(shown(read_desk.get("reconcile", most="99.99"))) == {row.difference_id for row in known} - big
    assert len(shown(read_desk.get("reconcile", days="1"))) == len(known)
    assert shown(read_desk.get("reconcile", days="9999")) == []
    assert len(shown(read_desk.get("reconcile", step="none"))) == len(known)
    assert set(shown(read_desk.get("reconcile", text="BILLED"))) == {
        row.difference_id for row in known if "billed" in f"{row.cause}{row.action}{row.reference}".lower()
    }
    assert shown(read_desk.get("reconcile", text="%")) == [], "a wildcard of SQL is a letter like any other"


@pytest.mark.parametrize("order", ["amount", "age"])
def test_a_long_list_is_read_part_by_part_without_a_gap(desk: Desk, order: str) -> None:
    with desk.store.write(desk.employer) as session:
        base = dict(session.rows(select(difference))[0]._mapping)
        session.connection.execute(
            insert(difference),
            [
                {**base, "difference_id": f"dif_x{number:03d}", "content_key": f"x{number}", "state": "discrepancy",
                 "at_stake": number // 7, "first_seq": number // 5}
                for number in range(160)
            ],
        )  # fmt: skip
    found: list[str] = []
    page = desk.get("reconcile", order=order)
    while True:
        found += shown(page)
        following = re.search(r'rel="next" href="([^"]+after=[^"]+)"', page)
        if following is None:
            break
        page = desk.get(following[1].replace("&amp;", "&"))
    assert len(found) == len(set(found)) == len(rows(desk, state="discrepancy"))
    with desk.store.read(desk.employer) as session:
        whole = part(session, Filters(order=order), "USD", limit=1000)
    assert found == [row.difference_id for row in whole.rows]


def test_one_shows_its_cause_its_amounts_and_the_way_to_the_vendor(read_desk: Desk) -> None:
    (row,) = rows(read_desk, type="CREDITED_SHORT")
    page = read_desk.get(f"reconcile/differences/{row.difference_id}")
    assert row.cause in page and row.action.split("'")[0] in page
    assert "breaks: paid, not confirmed" in page
    for station in ("HR fact", "Owed", "Sent", "Ledger", "Vendor&#39;s line"):
        assert f">{station} <" in page or f"<summary>{station}" in page
    assert read_desk.get("reconcile/differences/dif_none", 404)


def test_a_word_on_it_is_kept_with_the_name(desk: Desk) -> None:
    (row,) = rows(desk, type="CREDITED_SHORT")
    path = f"reconcile/differences/{row.difference_id}"
    version = seen(desk.get(path))
    done = desk.post(f"{path}/note", seen=version, note="asked them", step="waiting_on_partner")
    assert (done.status_code, done.headers["location"]) == (303, desk.address(f"{path}?done=noted"))
    page = desk.get(path, done="noted")
    assert "Noted." in page and "asked them" in page and "usr_ann" in page and "Waiting on a partner" in page
    version = seen(page)
    assert "None was found: name one" in page
    refused = desk.post(f"{path}/resolve", seen=version, note="they credited it")
    assert refused.status_code == 400 and "no ledger entry is named that made it right" in refused.text
    with desk.store.read(desk.employer) as session:
        mine = (leg.c.person_id == row.person_id, leg.c.plan == row.plan, leg.c.posted_as.is_not(None))
        entry_id = session.rows(select(leg.c.entry_id).where(*mine))[0].entry_id
    desk.post(f"{path}/resolve", seen=version, note="they credited it", entries=entry_id)
    assert f'href="{desk.address(f"why/{entry_id}")}"' in desk.get(path)
    (after,) = rows(desk, type="CREDITED_SHORT")
    assert (after.state, after.work_step) == ("resolved", "waiting_on_partner")
    assert desk.post(f"{path}/note", seen=seen(desk.get(path)), note=" ").status_code == 400


def test_a_resolution_needs_a_reason(desk: Desk) -> None:
    (row,) = rows(desk, type="CREDITED_SHORT")
    path = f"reconcile/differences/{row.difference_id}"
    for word in ("resolve", "dismiss"):
        answer = desk.post(f"{path}/{word}", seen=seen(desk.get(path)), note="")
        assert answer.status_code == 400 and "needs a note" in answer.text
    assert rows(desk, type="CREDITED_SHORT")[0].state == "discrepancy"


def test_of_two_who_work_one_the_later_is_told_what_is_new_and_overwrites_nothing(desk: Desk) -> None:
    (row,) = rows(desk, type="CREDITED_SHORT")
    path = f"reconcile/differences/{row.difference_id}"
    both = seen(desk.get(path))
    desk.caller = caller_of(Role.FINANCE, name="Ben Birch")
    assert desk.post(f"{path}/note", seen=both, note="I have called them").status_code == 303
    desk.caller = caller_of(Role.BENEFITS_ADMIN)
    late = desk.post(f"{path}/dismiss", seen=both, note="it is nothing")
    assert late.status_code == 409
    assert "This changed while you were looking" in late.text and "I have called them" in late.text
    assert re.search(r"<textarea[^>]*>it is nothing</textarea>", late.text), "his own text is kept"
    assert rows(desk, type="CREDITED_SHORT")[0].state == "discrepancy"
    assert desk.post(f"{path}/dismiss", seen=seen(late.text), note="it is nothing").status_code == 303
    assert rows(desk, type="CREDITED_SHORT")[0].state == "dismissed"


def test_what_was_dismissed_by_mistake_is_opened_again(desk: Desk) -> None:
    (row,) = rows(desk, type="CREDITED_SHORT")
    path = f"reconcile/differences/{row.difference_id}"
    assert "Open it again" not in desk.get(path)
    old = seen(desk.get(path))
    desk.post(f"{path}/dismiss", seen=old, note="it is nothing")
    page = desk.get(path)
    assert "Open it again" in page
    (form,) = [one for one in re.findall(r"<form.*?</form>", page, re.DOTALL) if f'{path}/reopen"' in one]
    assert re.search(r'name="seen" value="[\w/-]+"', form)
    assert desk.post(f"{path}/reopen", seen=seen(page)).status_code == 400
    late = desk.post(f"{path}/reopen", seen=old, note="it is something")
    assert late.status_code == 409 and re.search(r"<textarea[^>]*>it is something</textarea>", late.text)
    done = desk.post(f"{path}/reopen", seen=seen(page), note="it is something")
    assert done.status_code == 303 and done.headers["location"].endswith("done=reopened")
    assert rows(desk, type="CREDITED_SHORT")[0].state == "discrepancy"
    page = desk.get(path)
    assert "it is something" in page and "Open it again" not in page


def test_seen_again_alike_is_no_change_and_another_amount_is(desk: Desk) -> None:
    (row,) = rows(desk, type="CREDITED_SHORT")
    path = f"reconcile/differences/{row.difference_id}"
    version = seen(desk.get(path))
    with desk.store.write(desk.employer) as session:
        session.connection.execute(update(difference).values(times_seen=9))
    assert seen(desk.get(path)) == version
    with desk.store.write(desk.employer) as session:
        session.connection.execute(update(difference).where(difference.c.type == "CREDITED_SHORT").values(at_stake=5))
    late = desk.post(f"{path}/dismiss", seen=version, note="it is nothing")
    assert late.status_code == 409 and "changed by a comparison" in late.text


def test_a_rule_is_made_listed_and_lifted(desk: Desk) -> None:
    (row,) = rows(desk, type="CREDITED_SHORT")
    path = f"reconcile/differences/{row.difference_id}"
    made = desk.post(f"{path}/suppress", ends="2027-01-31", note="they round", up_to="12.00", plan=row.plan)
    assert made.status_code == 303
    with desk.store.read(desk.employer) as session:
        (rule,) = reconcile.suppressions(session)
    assert (rule.relation, rule.type, rule.plan, rule.up_to) == ("retirement", "CREDITED_SHORT", "401k", 1200)
    page = desk.get("reconcile/rules")
    assert "they round" in page and "$12.00" in page and "Jan 31, 2027" in page
    assert desk.post(f"reconcile/rules/{rule.suppression_id}/lift").status_code == 303
    assert "Lifted" in desk.get("reconcile/rules")
    assert desk.post(f"{path}/suppress", ends="2030-01-31", note="for ever").status_code == 400
    assert desk.post(f"{path}/suppress", ends="2026-13-01", note="x").status_code == 400
    with desk.store.read(desk.employer) as session:
        assert len(session.rows(select(suppression))) == 1


def test_an_auditor_sees_it_and_can_say_nothing(desk: Desk, links: Callable[[str], list[str]]) -> None:
    (row,) = rows(desk, type="CREDITED_SHORT")
    path = f"reconcile/differences/{row.difference_id}"
    desk.caller = caller_of(Role.AUDITOR)
    page = desk.get(path)
    assert "<form" not in page
    assert [one for one in links(desk.get("reconcile")) if one.endswith("/start")] == []
    for word in ("note", "resolve", "dismiss", "reopen", "suppress"):
        assert desk.post(f"{path}/{word}", seen="", note="x", ends="2026-12-31").status_code == 403
    assert desk.post("reconcile/start", month="2026-10", relations=["payroll"]).status_code == 403
    assert rows(desk, type="CREDITED_SHORT")[0].state == "discrepancy"
