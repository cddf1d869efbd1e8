"""What is in a month's way comes with the command that mends it."""

from __future__ import annotations

from datetime import date
from typing import Any

from benehub import ledger, planbook
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.reconcile import Finding, Relation, Type, settle
from benehub.store import Session, Store
from benehub.store.tables import person
from benehub.testing.kithub import BOOK
from benehub.views.closing import Condition, checklist

OCTOBER = Month(2026, 10)


def unexplained(session: Session) -> Condition:
    book = planbook.load(BOOK, "book")
    return next(one for one in checklist(session, book, OCTOBER) if one.name.startswith("Every clearing balance"))


def held(session: Session, day: date) -> None:
    dims: dict[str, Any] = {"person_id": "per_a", "plan": "hsa", "money_source": "employee", "pay_date": day}
    legs = (Leg(chart.BANK, "USD", 500, **dims), Leg(chart.ACCOUNT_PAYABLE, "USD", -500, **dims))
    ledger.record(session, [NewEntry(f"hsa/{day}", "account.withheld", day, legs, "test")])


def test_money_held_for_accounts_names_the_months_that_were_compared_before_it_was_told(store: Store) -> None:
    with store.write("acme") as session:
        row = {"kind": "employee", "subscriber_id": "", "ssn_sealed": None, "ssn_index": None, "seq": 1}
        session.add(person, [{**row, "person_id": "per_a", "member_id": "per_a"}])
        for day in (date(2026, 7, 10), date(2026, 8, 14), date(2026, 11, 13)):
            held(session, day)
        found = Finding(
            Relation.ACCOUNTS, Type.WITHHELD_NOT_DEPOSITED, "2026-08", "2026-08-14", "hub", "finance", "held", "pay it",
            plan="hsa", expected=500, actual=0, unit="USD",
        )  # fmt: skip
        settle(session, Relation.ACCOUNTS, "2026-08", [found], session.today(), session.latest_seq())
        one = unexplained(session)
        assert not one.holds
        assert one.mend.startswith("benehub reconcile accounts -p 2026-07; then benehub ledger journal")
