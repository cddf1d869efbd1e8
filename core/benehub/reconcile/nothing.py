"""Whether there was anything to compare at all: a month of which nothing was read agrees with nothing.

Without it a comparison of a month whose file was never read would look like one in which all agrees.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, select

from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile.findings import Relation
from benehub.store import Session
from benehub.store.tables import confirmation, leg

PARTNERS = {
    Relation.PAYROLL: (("register_line",), "register"),
    Relation.PREMIUM: (("invoice_line",), "bill"),
    Relation.RETIREMENT: (("credit",), "credits"),
    Relation.ACCOUNTS: (("contribution_result",), "answer of a custodian"),
    Relation.LEAVE: (("register_line", "leave_balance"), "register"),
}
"""What each relation holds ours against: the kinds of confirmation, and what a person calls them."""

REGISTERED = (Relation.PAYROLL, Relation.LEAVE)
"""What payroll's registers tell: everybody's pay, whoever is in a plan."""


def absent(session: Session, relation: Relation, month: Month) -> str:
    """What of the month was not read, as `register`; empty where some of it was, or where nothing is to be read."""
    return PARTNERS[relation][1] if relation in PARTNERS and not _read(session, relation, month) else ""


def silent(session: Session, book: PlanBook, relation: Relation, month: Month) -> tuple[str, ...]:
    """The connections that are to tell of the month, by the plan book, and of which nothing of it was read.

    A register is to be told of every month. A bill, a credit or an answer is so only where something of ours stands in
    the month: of a plan nobody is in there is none.
    """
    expected = _expected(book, relation, month)
    rest = sorted(expected.keys() - _read(session, relation, month)) if expected else []
    return tuple(one for one in rest if relation in REGISTERED or _ours(session, relation, expected[one], month))


def _expected(book: PlanBook, relation: Relation, month: Month) -> dict[str, set[str]]:
    """Connection -> the plans that it tells of in this relation.

    A plan that ended before the month has nothing to tell. A carrier that is paid as enrolled may send no bill at all.
    """
    open_plans = {plan.id for plan in book.plans if plan.effective_to > month.first}
    enrolled = {name for name, terms in book.carriers.items() if terms.pay_policy == "pay_as_enrolled"}
    plans: dict[Relation, list[tuple[str | None, str]]] = {
        Relation.PREMIUM: [
            (plan.carrier, plan.id)
            for plan in book.insurance_plans()
            if plan.id in open_plans and plan.carrier not in enrolled
        ],
        Relation.RETIREMENT: [(one.recordkeeper, one.id) for one in book.retirement_plans() if one.id in open_plans],
        Relation.ACCOUNTS: [(plan.custodian, plan.id) for plan in book.account_plans() if plan.id in open_plans],
        Relation.PAYROLL: [(book.roles.payroll, plan) for plan in open_plans],
        Relation.LEAVE: [(book.roles.payroll, policy.id) for policy in book.leave],
    }
    found: dict[str, set[str]] = {}
    for connection_id, plan in plans.get(relation, ()):
        if connection_id:
            found.setdefault(connection_id, set()).add(plan)
    return found


def _read(session: Session, relation: Relation, month: Month) -> set[str]:
    """The connections of which something of the month was read."""
    return {
        row.connection_id
        for kind in PARTNERS[relation][0]
        for row in session.rows(
            select(confirmation.c.connection_id)
            .where(*session.where(confirmation, current=1), confirmation.c.kind == kind, _within(kind, month))
            .distinct()
        )
    }


def _ours(session: Session, relation: Relation, plans: Collection[str], month: Month) -> bool:
    """Whether anything of these plans stands in the ledger for the month."""
    day = leg.c.pay_date
    within = leg.c.coverage_month == str(month) if relation is Relation.PREMIUM else (
        (day >= month.first) & (day < month.end)
    )  # fmt: skip
    asked = select(leg.c.plan).where(leg.c.employer_id == session.employer, leg.c.plan.in_(sorted(plans)), within)
    return session.connection.execute(asked.limit(1)).first() is not None


def _within(kind: str, month: Month) -> ColumnElement[bool]:
    if kind == "invoice_line":
        return confirmation.c.coverage_month == str(month)
    day = confirmation.c.on_date if kind == "leave_balance" else confirmation.c.pay_date
    return (day >= month.first) & (day < month.end)


def told(name: str, month: Month) -> str:
    """The state of such a comparison, in words."""
    return f"nothing to compare: no {name} for {month}"
