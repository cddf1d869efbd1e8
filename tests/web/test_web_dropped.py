"""A plan book that lacks a pay group or plan that somebody is in: refused, and said plainly where one is in force."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from tests.web.conftest import Desk

from benehub.errors import ConfigError, DataError
from benehub.flows import onboarding
from benehub.flows.deductions import expected
from benehub.periods import Month
from benehub.store.tables import person, plan_book


def test_what_somebody_is_in_is_not_dropped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk.store.read(desk.employer) as session:
        text = session.rows(select(plan_book))[0].content
    group = text.replace("  semimonthly: {frequency: semimonthly, days: [15, last]}\n", "")
    plan = text[: text.index("  - id: vision")] + text[text.index("  - id: 401k") :]
    for book, named in ((group, "pay group 'semimonthly' is gone, and "), (plan, "plan 'vision' is gone, and ")):
        assert book != text
        with pytest.raises(ConfigError, match=named):
            onboarding.load_plan_book(desk.hub, book, "new.yaml")
    onboarding.load_plan_book(desk.hub, text + "\n", "same.yaml")
    monkeypatch.setattr(onboarding, "_keeps_who_is_in", lambda *_: None)  # a book in force since before it was held
    onboarding.load_plan_book(desk.hub, group, "old.yaml")
    with desk.store.read(desk.employer) as session:
        query = select(person.c.member_id).where(*session.where(person, kind="employee"))
        numbers = [row.member_id for row in session.rows(query.order_by(person.c.member_id).limit(12))]
        with pytest.raises(DataError, match="pay group 'semimonthly' is not in the plan book"):
            list(expected(session, desk.hub.plugins, desk.hub.book(session), Month(2026, 10)))
    paths = ["plan-book", "today", "plan-book/compare", *(f"people/{one}" for one in numbers)]
    assert {one: desk.client.get(desk.address(one)).status_code for one in paths} == dict.fromkeys(paths, 200)
