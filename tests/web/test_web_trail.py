"""The trail says whom a look has shown: of a list the filter, how many, and a bounded number of ids; of one the id."""

from __future__ import annotations

from sqlalchemy import select
from tests.web.conftest import Desk, caller_of

from benehub.access import Role, audit
from benehub.api.trail import SEEN
from benehub.store.tables import difference, person


def last(desk: Desk) -> list[str]:
    """What the newest row is about."""
    with desk.store.read(desk.employer) as session:
        return str(audit.newest(session, limit=1)[0].ref).split()


def test_a_list_names_whom_it_shows_and_never_what_was_typed(desk: Desk) -> None:
    desk.get("people", state="employed", search="Smith")
    refs = last(desk)
    shown = [one for one in refs if one.startswith("per_")]
    assert refs[0] == f"people:{len(shown)}" and {"state=employed", "search=*"} <= set(refs)
    assert not any("smith" in one.casefold() for one in refs)
    desk.get("people")
    refs = last(desk)
    assert refs[0] == f"people:{len(refs) - 1}" and 1 < len(refs) <= SEEN + 1
    desk.get("reconcile", relation="premium")
    with desk.store.read(desk.employer) as session:
        query = select(difference.c.person_id).where(
            *session.where(difference, relation="premium", state="discrepancy")
        )
        known = {row.person_id for row in session.rows(query) if row.person_id}
    refs = last(desk)
    assert {one for one in refs if one.startswith("per_")} == known and "relation=premium" in refs
    desk.get("money/invoices/carrier/2026-10")
    assert any(one.startswith("per_") for one in last(desk))


def test_a_look_at_one_names_him_by_the_hubs_id(desk: Desk) -> None:
    with desk.store.read(desk.employer) as session:
        row = session.rows(select(person).where(*session.where(person, kind="employee")))[0]
    desk.get(f"people/{row.member_id}")
    assert row.person_id in last(desk)
    assert "GET /e/{employer}/people/{number}" in desk.get("trail", ref=row.person_id)


def test_the_trail_is_leafed_through_filtered_and_taken_along(desk: Desk) -> None:
    for _ in range(3):
        desk.get("people")
    page = desk.get("trail", who="usr_ann")
    assert "GET /e/{employer}/people" in page
    assert "nothing like this" in desk.get("trail", who="usr_nobody")
    first = desk.get("trail", after=2)
    assert "No. 1" in first and "No. 2" not in first
    answer = desk.client.get(desk.address("trail/export"))
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    assert len(answer.text.splitlines()) > 3
    desk.caller = caller_of(Role.FINANCE)
    desk.get("trail", 403)
