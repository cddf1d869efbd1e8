"""Obligations: wanted once, re-opened by other content, adopted where the vendor holds it already."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Row, select

from benehub import obligations
from benehub.obligations import Change, Wanted
from benehub.store import Session, Store
from benehub.store.tables import connection, obligation

ONE = Wanted(
    kind="deduction.set", key="deduction.set/per_a/MED", connection_id="payroll", period="2026-11",
    due=date(2026, 11, 30), send_by=date(2026, 11, 25), content={"amount": 5000}, person_id="per_a",
    worth_minor=5000,
)  # fmt: skip


@pytest.fixture
def wired(store: Store) -> Store:
    """Both employers have a payroll connection."""
    for employer in ("acme", "other"):
        with store.write(employer) as session:
            session.add(connection, [{"connection_id": "payroll", "connector": "x", "settings": {}, "mode": "live"}])
    return store


def only(session: Session) -> Row[Any]:
    (row,) = session.rows(select(obligation).where(*session.where(obligation)))
    return row


def test_wanted_again_changes_nothing(wired: Store) -> None:
    with wired.write("acme") as session:
        assert obligations.want(session, [ONE]) == Change(opened=1)
        before = only(session)
        assert obligations.want(session, [ONE]) == Change(unchanged=1)
        assert only(session) == before
        assert obligations.content(session, before) == {"amount": 5000}
    with wired.read("other") as session:
        assert session.rows(select(obligation).where(*session.where(obligation))) == []


@pytest.mark.parametrize("state", ["sent", "confirmed", "refused", "held"])
def test_other_content_opens_it_again(wired: Store, state: str) -> None:
    with wired.write("acme") as session:
        obligations.want(session, [ONE])
        row = only(session)
        obligations.mark(session, [row.obligation_id], state, "test", "dis_1")
        assert obligations.want(session, [ONE]) == Change(unchanged=1)
        assert only(session).state == state
        assert obligations.want(session, [replace(ONE, content={"amount": 6000})]) == Change(opened=1)
        after = only(session)
        assert (after.obligation_id, after.state, after.reason, after.dispatch_id) == (
            row.obligation_id, "open", "", None,
        )  # fmt: skip
        assert after.seq > row.seq
        assert obligations.content(session, after) == {"amount": 6000}


def test_a_canceled_one_opens_when_it_is_wanted_again(wired: Store) -> None:
    with wired.write("acme") as session:
        obligations.want(session, [ONE])
        obligations.mark(session, [only(session).obligation_id], "canceled", "no longer owed")
        assert obligations.want(session, [ONE]) == Change(opened=1)
        assert only(session).state == "open"


def test_what_the_vendor_holds_already_is_adopted_and_never_sent(wired: Store) -> None:
    with wired.write("acme") as session:
        assert obligations.want(session, [replace(ONE, adopted=True)]) == Change(adopted=1)
        assert (only(session).state, only(session).dispatch_id) == ("confirmed", None)
        assert "adopted" in only(session).reason
        assert obligations.open_ones(session, "deduction.set", "payroll") == []
        assert obligations.want(session, [ONE]) == Change(unchanged=1)
        assert obligations.want(session, [replace(ONE, content={"amount": 1})]) == Change(opened=1)


def test_the_most_pressing_come_first(wired: Store) -> None:
    days = {"c": 20, "a": 25, "b": 20}
    with wired.write("acme") as session:
        obligations.want(session, [replace(ONE, key=key, send_by=date(2026, 11, day)) for key, day in days.items()])
        obligations.want(session, [replace(ONE, key="z", kind="premium.remit")])
        found = obligations.open_ones(session, "deduction.set", "payroll")
        assert [row.business_key for row in found] == ["b", "c", "a"]
        assert len(obligations.open_ones(session, "deduction.set", "payroll", limit=2)) == 2
        assert obligations.open_ones(session, "deduction.set", "elsewhere") == []


def test_late_is_open_past_the_latest_safe_day(wired: Store) -> None:
    with wired.write("acme") as session:
        obligations.want(session, [ONE, replace(ONE, key="done")])
        done = session.id("obl", "done")
        obligations.mark(session, [done], "sent", dispatch_id="dis_1")
        assert obligations.late(session, ONE.send_by) == []
        assert [row.business_key for row in obligations.late(session, date(2026, 11, 26))] == [ONE.key]
        assert [row.obligation_id for row in obligations.of_dispatch(session, "dis_1")] == [done]


def test_content_is_sealed(wired: Store) -> None:
    with wired.write("acme") as session:
        obligations.want(session, [replace(ONE, content={"ssn": "900110001"})])
        assert b"900110001" not in only(session).content_sealed
    assert "900110001" not in repr(replace(ONE, content={"ssn": "900110001"}))
