"""*Today* and *Money* by the API: the same that the pages tell, from the same views."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.api.v1.conftest import Api
from tests.api.v1.test_v1_access import person_id
from tests.api.v1.test_v1_trail import trail

from benehub import ledger, obligations
from benehub.access import Role
from benehub.ledger import Leg, NewEntry
from benehub.ledger.accounts import CARRIER_TRANSIT
from benehub.money import format_minor
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.store import Session
from benehub.store.tables import confirmation, dispatch, employer, intake_batch, obligation
from benehub.views.clearing import clearing
from benehub.views.deposits import deposits
from benehub.views.today import today

OCTOBER = Month(2026, 10)


def bill(api: Api, month: str, amount: int, person: str | None) -> None:
    """A line of the carrier's bill."""
    with api.hub.store.write("acme") as session:
        batch = session.rows(select(intake_batch.c.batch_id))[0].batch_id
        session.add(confirmation, [{
            "kind": "invoice_line", "connection_id": "carrier", "row_key": f"{month}/{person}", "version": 1,
            "current": 1, "person_id": person, "external_id": "M9", "plan": "ppo", "part": "current", "code": "",
            "tax_class": "", "tier": "", "coverage_month": month, "amount": amount, "unit": "USD", "reference": "I",
            "detail": {"invoice_date": f"{month}-01"}, "batch_id": batch, "row_no": 1, "seq": 1,
            "on_date": date(2026, 10, 15),
        }])  # fmt: skip


def test_the_month_in_one_look_is_that_of_the_page(api: Api) -> None:
    found = api.get("/today", month="2026-10")
    with api.hub.store.read("acme") as session:
        known = today(session, api.hub.book(session), OCTOBER, [])
    assert (found["month"], found["state"], found["signed"]) == ("2026-10", known.state, False)
    legs = {one["name"]: (one["state"], one["discrepancies"]) for one in found["legs"]}
    assert legs == {one.name: (one.state, one.discrepancies) for one in known.legs} and any(n for _, n in legs.values())
    assert [one["connection"] for one in found["sources"]] == [one.connection for one in known.sources]
    assert found["at_risk"] == {unit: format_minor(value, unit) for unit, value in known.at_risk.items()} != {}
    assert api.get("/today")["month"] == found["month"], "the month that is worked"
    api.act_as(Role.ENGINEER)
    assert api.get("/today")["legs"]
    api.get("/clearing", 403, month="2026-10")


def test_clearing_accounts_and_deposits_are_those_of_the_page(api: Api) -> None:
    with api.hub.store.write("acme") as session:
        day, rows = session.today(), {"rows": [{"person": "x"}]}
        obligations.want(session, [
            Wanted("contribution.deposit", f"file/{one}", "payroll", "2026-10", day, day, rows) for one in (1, 2)
        ])  # fmt: skip
    with api.hub.store.read("acme") as session:
        accounts = clearing(session, api.hub.book(session), OCTOBER)
        owed = deposits(session, OCTOBER)
    told = api.get("/clearing", month="2026-10")["items"]
    assert [(one["account"], one["balance"], one["unexplained"]) for one in told] == [
        (one.account, format_minor(one.balance, "USD"), format_minor(one.unexplained, "USD")) for one in accounts
    ]
    assert any(float(one["balance"]) for one in told)
    found = api.all("/deposits", month="2026-10", limit=1)
    assert len(found) > 1
    assert [(one["obligation"], one["standing"]) for one in found] == [(one.obligation, one.standing) for one in owed]


def test_a_premium_whose_file_was_taken_and_whose_money_nobody_has_confirmed_is_accepted(api: Api) -> None:
    with api.hub.store.write("acme") as session:
        sent = session.rows(select(dispatch.c.dispatch_id).where(*session.where(dispatch, state="sent")))[0].dispatch_id
        day, mine = session.today(), obligation.c.business_key == "accepted"
        obligations.want(session, [Wanted("premium.remit", "accepted", "carrier", "2026-10", day, day, {"lines": []})])
        session.connection.execute(update(obligation).where(mine).values(state="confirmed", dispatch_id=sent))
        transit = (Leg("2100", "USD", 100, batch=sent), Leg(CARRIER_TRANSIT, "USD", -100, batch=sent))
        ledger.record(session, [NewEntry("accepted", "premium.remitted", day, transit, "test")])
    told = [one["standing"] for one in api.all("/deposits", month="2026-10") if one["kind"] == "premium.remit"]
    assert told == ["accepted"]


@pytest.mark.parametrize(
    ("zone", "at", "in_time"),
    [
        ("America/New_York", "2026-10-31T01:00:00.000000Z", True),  # the evening before, there
        ("UTC", "2026-10-31T01:00:00.000000Z", False),
        ("Europe/Berlin", "2026-10-30T23:30:00.000000Z", False),  # the next morning, there
    ],
)
def test_whether_money_left_in_time_is_said_by_the_employers_day(api: Api, zone: str, at: str, in_time: bool) -> None:
    with api.hub.store.write("acme") as session:
        sent = session.rows(select(dispatch.c.dispatch_id).where(*session.where(dispatch, state="sent")))[0].dispatch_id
        due, mine = date(2026, 10, 30), obligation.c.business_key == "evening"
        obligations.want(session, [Wanted("premium.remit", "evening", "carrier", "2026-10", due, due, {"lines": []})])
        session.connection.execute(update(obligation).where(mine).values(state="sent", dispatch_id=sent))
        session.connection.execute(update(dispatch).where(dispatch.c.dispatch_id == sent).values(sent_at=at))
        session.connection.execute(update(employer).values(timezone=zone))
    (told,) = [one["on_time"] for one in api.all("/deposits", month="2026-10") if one["kind"] == "premium.remit"]
    assert told is in_time


def test_bills_are_listed_part_by_part_and_walked_member_by_member(api: Api) -> None:
    for month, amount in (("2026-07", 100), ("2026-08", 200)):
        bill(api, month, amount, None)
    bill(api, "2026-08", 300, person_id(api))
    months, cursor = [], {}
    while True:
        page = api.get("/invoices", limit=1, **cursor)
        months += [(one["month"], one["billed"], one["unlinked"]) for one in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert months[-2:] == [("2026-08", "5.00", 1), ("2026-07", "1.00", 1)]
    assert months == sorted(months, reverse=True)
    lines = api.all("/invoices/carrier/2026-08", limit=1)
    assert {one["member"]: one["billed"] for one in lines} == {"1001": "3.00", "M9": "2.00"}
    api.get("/invoices/carrier/2026-08")
    assert person_id(api) in trail(api), "whom it names stands in the trail"
    api.get("/invoices/carrier/2026-03", 404)


@pytest.mark.parametrize("which", ["api", "pg_api"])
def test_a_page_of_a_bill_reads_its_own_lines_in_one_order_on_both(
    which: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    api: Api = request.getfixturevalue(which)
    names = [f"{first}{number:02}" for number in range(15) for first in ("a", "B", "_")]
    bill(api, "2026-10", 50_000, person_id(api))
    with api.hub.store.write("acme") as session:
        row = session.rows(select(confirmation).where(*session.where(confirmation, kind="invoice_line")))[0]._asdict()
        row.pop("employer_id")
        lines = [{**row, "row_key": one, "person_id": None, "external_id": one} for one in names]
        session.add(confirmation, lines)
    whole = api.all("/invoices/carrier/2026-10", limit=200, which="all")
    assert [one["member"] for one in whole] == sorted(one["member"] for one in whole)
    assert {one["member"] for one in whole} > {*names, "1001"}, "those accrued and not billed stand in it too"
    known = next(one for one in whole if one["member"] == "1001")
    assert (known["billed"], known["accrued"]) == ("500.00", "500.00")
    assert api.all("/invoices/carrier/2026-10", limit=7, which="all") == whole
    differ = [one for one in whole if one["billed"] != one["accrued"]]
    assert api.all("/invoices/carrier/2026-10", limit=7) == differ and known not in differ
    read: list[int] = []
    rows = Session.rows

    def counted(self: Session, *given: Any) -> Any:
        found = rows(self, *given)
        read.append(len(found))
        return found

    monkeypatch.setattr(Session, "rows", counted)
    api.get("/invoices/carrier/2026-10", limit=2)
    assert sum(read) < 20, "the rest of the bill is not read"
