"""Whether there was anything to compare at all: a month of which nothing was read agrees with nothing.

Without it a comparison of a month whose file was never read would look like one in which all agrees.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from benehub.periods import Month
from benehub.reconcile.findings import Relation
from benehub.store import Session
from benehub.store.tables import confirmation

PARTNERS = {
    Relation.PAYROLL: (("register_line",), "register"),
    Relation.PREMIUM: (("invoice_line",), "bill"),
    Relation.RETIREMENT: (("credit",), "credits"),
    Relation.ACCOUNTS: (("contribution_result",), "answer of a custodian"),
    Relation.LEAVE: (("register_line", "leave_balance"), "register"),
}
"""What each relation holds ours against: the kinds of confirmation, and what a person calls them."""


def absent(session: Session, relation: Relation, month: Month) -> str:
    """What of the month was not read, as `register`; empty where some of it was, or where nothing is to be read."""
    if relation not in PARTNERS:
        return ""
    kinds, name = PARTNERS[relation]
    asked = (
        select(confirmation.c.kind)
        .where(*session.where(confirmation, current=1), confirmation.c.kind == kind, _within(kind, month))
        .limit(1)
        for kind in kinds
    )
    return "" if any(session.connection.execute(one).first() for one in asked) else name


def _within(kind: str, month: Month) -> ColumnElement[bool]:
    if kind == "invoice_line":
        return confirmation.c.coverage_month == str(month)
    day = confirmation.c.on_date if kind == "leave_balance" else confirmation.c.pay_date
    return (day >= month.first) & (day < month.end)


def told(name: str, month: Month) -> str:
    """The state of such a comparison, in words."""
    return f"nothing to compare: no {name} for {month}"
