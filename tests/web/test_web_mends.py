"""What people read of a difference: each type has its words in each language, and a page that leads to its mend."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select
from tests.web.conftest import Desk, caller_of

from benehub.access import Role
from benehub.reconcile import Relation, Type
from benehub.store.tables import difference
from benehub.web.catalog import LANGUAGES, catalog
from benehub.web.mends import PLACES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_type_says_its_cause_and_what_to_do_next_without_a_command(language: str) -> None:
    words = catalog(language)
    wanted = [f"findings.{one}.{part}" for one in Type for part in ("cause", "next")]
    wanted += [f"types.{one}" for one in Type] + [f"relations.{one}" for one in Relation]
    wanted += [f"reconcile.mends.{kind}" for kind in set(PLACES.values())]
    assert [key for key in wanted if not words.get(key, "").strip()] == []
    assert [key for key in wanted if re.search(r"benehub [a-z]+ |`", words[key])] == []
    assert set(PLACES) == set(Type)


def test_each_difference_of_the_demo_leads_to_a_page_that_is_there(read_desk: Desk) -> None:
    with read_desk.store.read(read_desk.employer) as session:
        rows = session.rows(select(difference).where(*session.where(difference)))
    one_each = {row.type: row for row in rows}
    assert len(one_each) > 8
    for row in one_each.values():
        shown = read_desk.get(f"reconcile/differences/{row.difference_id}", lang="de")
        assert catalog("de")[f"findings.{row.type}.cause"] in shown, row.type
        led = re.search(r"Als Nächstes:</strong>.*?<a href=\"([^\"]+)\"", shown)
        assert (led is None) == (row.state == "resolved"), row.type
        if led is not None:
            assert read_desk.client.get(led[1].replace("&amp;", "&")).status_code == 200, (row.type, led[1])


def test_the_mend_is_not_offered_to_whoever_may_not_see_that_page(read_desk: Desk) -> None:
    with read_desk.store.read(read_desk.employer) as session:
        row = session.rows(select(difference).where(*session.where(difference, type="ROW_QUARANTINED")))[0]
    path = f"reconcile/differences/{row.difference_id}"
    assert 'href="/e/northwind/connections/hris">Look at what was read' in read_desk.get(path)
    owner, read_desk.caller = read_desk.caller, caller_of(Role.FINANCE)
    try:
        assert "Look at what was read" not in read_desk.get(path)
    finally:
        read_desk.caller = owner
