"""What every vendor has said of one family, beside what we believe: the same question to each, one answer a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from benehub import connections, facts, obligations
from benehub.identity import strangers
from benehub.periods import FOREVER, Interval
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import confirmation, crosswalk, obligation, of_family, person
from benehub.views.members import said_of

SHOWN = ("roster", "register_line", "invoice_line", "credit", "leave_balance")
"""What vendors say that is shown, by kind."""

NEWEST = 12
"""Lines of a kind that are shown of each vendor; older ones are a page of their own kind."""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing a vendor said, or we do; amounts are minor units of `unit`."""

    kind: str
    about: str
    plan: str
    part: str
    tier: str
    when: str
    until: str
    amount: int | None
    unit: str
    ref: str
    """The batch that brought it; of ours, the fact or obligation."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """One connection: by which ids it knows the family, what it said last, and what we believe beside it."""

    connection: str
    connector: str
    ids: tuple[tuple[str, str, str, str], ...]
    """(member id, the vendor's id, how they were linked, the link's typed id)."""
    state: str
    """How far the family has come there, in the vendor's words; empty where it was not told of anybody."""
    told: tuple[Told, ...]
    ours: tuple[Told, ...]


def vendors(session: Session, book: PlanBook, person_id: str) -> list[Vendor]:
    """Every connection that knows the family by an id, or has said something of it."""
    rows = session.rows(
        select(person.c.person_id, person.c.member_id).where(
            *session.where(person), of_family(session.employer, person_id)
        )
    )
    family = {row.person_id: str(row.member_id) for row in rows}
    ids = _ids(session, family)
    said = _said(session, family)
    held = _held(session, person_id, book)
    found = []
    for row in connections.listed(session):
        name = row.connection_id
        told = [*held.get(name, []), *said.get(name, [])]
        if told or ids.get(name):
            ours = (*_ours(session, book, person_id, name), *_ordered(session, person_id, name))
            state = said_of(session, person_id, name)
            found.append(Vendor(name, row.connector, tuple(ids.get(name, ())), state, tuple(told), ours))
    return found


def _ids(session: Session, family: dict[str, str]) -> dict[str, list[tuple[str, str, str, str]]]:
    rows = session.rows(select(crosswalk).where(*session.where(crosswalk), crosswalk.c.person_id.in_(sorted(family))))
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    for row in rows:
        ref = strangers.ref(session, row.connection_id, row.external_id)
        line = (family[row.person_id], strangers.shown(row.external_id), row.how, ref)
        found.setdefault(row.connection_id, []).append(line)
    return found


def _said(session: Session, family: dict[str, str]) -> dict[str, list[Told]]:
    found: dict[str, list[Told]] = {}
    for kind in SHOWN:
        rows = session.rows(
            select(confirmation)
            .where(*session.where(confirmation, kind=kind, current=1), confirmation.c.person_id.in_(sorted(family)))
            .where(confirmation.c.part != "earning")  # what somebody earns is no matter of his benefits
            .order_by(confirmation.c.seq.desc(), confirmation.c.row_no)
            .limit(NEWEST * 5)
        )
        for row in rows:
            own = found.setdefault(row.connection_id, [])
            if sum(one.kind == kind for one in own) < NEWEST:
                own.append(_told(row, family))
    return found


def _told(row: Row[Any], family: dict[str, str]) -> Told:
    when = row.pay_date or row.coverage_month or row.effective_from or row.on_date
    money = row.kind != "roster"
    return Told(
        row.kind, family[row.person_id], row.plan or row.code, row.part, row.tier, str(when or ""),
        "" if row.effective_to in (None, FOREVER) else str(row.effective_to),
        int(row.amount) if money else None, row.unit, row.batch_id,
    )  # fmt: skip


def _held(session: Session, person_id: str, book: PlanBook) -> dict[str, list[Told]]:
    """The deductions that payroll holds for the employee, as last read."""
    found: dict[str, list[Told]] = {}
    for (connection, _, code), fact in facts.payroll_holds(session, session.today(), [person_id]).items():
        amount = fact.data.get("employee_amount_minor")
        text = str(fact.data.get("employee_rate") or "")
        found.setdefault(connection, []).append(
            Told("payroll_benefit", "", code, text, "", fact.effective_from.isoformat(), "",
                 int(amount) if amount and not text else None, book.employer.currency, fact.fact_id)
        )  # fmt: skip
    return found


def _ours(session: Session, book: PlanBook, person_id: str, connection_id: str) -> Iterator[Told]:
    """The cover that we believe in and that this vendor should know of."""
    always = Interval(date.min, FOREVER)
    for segments in facts.timelines(session, "coverage", always, subjects=[person_id]).values():
        for one in segments:
            plan = next((plan for plan in book.plans if plan.id == one.data["plan"]), None)
            if plan is not None and plan.vendor == connection_id:
                until = "" if one.effective_to == FOREVER else one.effective_to.isoformat()
                tier = str(one.data.get("tier") or "")
                yield Told(
                    "coverage", "", plan.id, "", tier, one.effective_from.isoformat(), until, None, "", one.fact_id
                )


def _ordered(session: Session, person_id: str, connection_id: str) -> list[Told]:
    """The deductions that payroll was told of or is to be told of: the newest word of each code that still holds."""
    rows = session.rows(
        select(obligation)
        .where(*session.where(obligation, kind="deduction.set", person_id=person_id, connection_id=connection_id))
        .order_by(obligation.c.seq)
    )
    newest = {row.business_key: row for row in rows if row.state != "canceled"}
    found = []
    for row in newest.values():
        one = obligations.content(session, row)
        if one["active"]:
            rate = str(one.get("employee_rate") or "")
            amount = None if rate else int(one["employee_amount_minor"])
            found.append(Told("deduction.set", "", row.plan or str(one["code"]), rate, "", str(row.due_date), "",
                              amount, row.currency, row.obligation_id))  # fmt: skip
    return found
