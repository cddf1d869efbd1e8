"""What a custodian was sent beyond what payroll took, counted on what the same person's next pay date owes it.

The account is the employee's own and its next money is put in already, so nothing is asked back. Only of the same
account, the same part of the money and the same year: an account's limits and elections are the year's. A retirement
plan has no such way: what is in it before it was withheld is no deferral (26 CFR 1.401(k)-1(a)(3)(iii)).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from benehub import dispatch, ledger
from benehub.engine import Steps
from benehub.flows import account_deposits
from benehub.flows.fix_draft import Action, Asked, Content, Draft, Refusal
from benehub.flows.hub import Hub
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.money import format_minor
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import Relation, Type
from benehub.store import Session
from benehub.store.tables import entry

TYPE = "account.offset"
"""The entry that counts a pay date's excess on another one's deposit."""

MAY_HAVE_LEFT = ("sending", "unknown", "held")


def _connection(book: PlanBook, row: Row[Any]) -> str:
    plan = book.find(row.plan)
    return (plan.custodian or "") if plan is not None else ""


def _draft(asked: Asked) -> Draft | Refusal:
    session, book, row = asked.session, asked.book, asked.row
    told, _, part = row.reference.partition("/")
    day, unit = date.fromisoformat(told), book.employer.currency
    open_ = _open(asked, part)
    over = open_.get(day, 0)
    if over <= 0:
        return Refusal("nothing is with the custodian too much for that pay date any more")
    plan = book.plan(row.plan)
    year = account_deposits.contribution_year(plan, day)
    later = [one for one, amount in sorted(open_.items())
             if one > day and amount < 0 and account_deposits.contribution_year(plan, one) == year]  # fmt: skip
    if not later:
        return Refusal(
            "no later pay date of the same year owes that account anything yet: propose it once payroll's results of "
            "the next one are posted, or ask the custodian (ask_custodian)"
        )
    to = later[0]
    for sent in dispatch.revisions(session, f"{account_deposits.OPERATION}/{asked.opened.link.connection}/{to}"):
        if sent.state in MAY_HAVE_LEFT:
            return Refusal(f"{sent.dispatch_id} may have arrived: settle it first (benehub dispatches settle)")
    amount = min(over, -open_[to])
    base = f"account-offset/{plan.id}/{row.person_id}/{part}/{day}/{to}"
    return Draft(
        {"person": row.person_id, "plan": plan.id, "part": part, "pay_date": day.isoformat(), "to": to.isoformat(),
         "amount_minor": amount, "key": _key(session, base)},
        amount,
        f"count {format_minor(amount, unit)} {unit} that the custodian has too much for {day} on the deposit of {to}",
    )  # fmt: skip


def _open(asked: Asked, part: str) -> dict[date, int]:
    """What is owed to the account by pay date, below zero; above it: sent too much, posted already or not."""
    session, row, bank = asked.session, asked.row, asked.opened.link.connection
    found = ledger.balances(
        session, [chart.ACCOUNT_PAYABLE], by=("pay_date", "money_source"), person_id=row.person_id, plan=row.plan
    )
    posted = {one.dimensions["pay_date"]: one.amount for one in found
              if one.dimensions["money_source"] == part and one.dimensions["pay_date"] and one.amount}  # fmt: skip
    return {
        day: amount + account_deposits.left_unposted(session, asked.book, bank, day, row.person_id, row.plan, part)
        for day, amount in posted.items()
    }


def _key(session: Session, base: str) -> str:
    """What was counted before, and taken back, keeps its key."""
    number, keys = 1, select(entry.c.entry_id)
    while session.rows(keys.where(*session.where(entry, idempotency_key=f"{base}/{number}"))):
        number += 1
    return f"{base}/{number}"


def _owe(asked: Asked, content: Content) -> list[str]:
    """It is counted with the word: the next deposit is worked out from the ledger."""
    unit, month = asked.book.employer.currency, {}
    for name in ("pay_date", "to"):
        day = date.fromisoformat(content[name])
        month[name] = (content["person"], content["plan"], content["part"], str(Month.of(day)), day)
    legs = (
        Leg(chart.ACCOUNT_PAYABLE, unit, -content["amount_minor"], *month["pay_date"]),
        Leg(chart.ACCOUNT_PAYABLE, unit, content["amount_minor"], *month["to"]),
    )
    made = NewEntry(content["key"], TYPE, asked.session.today(), legs, asked.row.difference_id)
    ledger.record(asked.session, [made])
    return []


def _posted(session: Session, content: Content) -> str:
    """The entry that stands; empty where none does."""
    keys = (content["key"], f"reverse:{content['key']}")
    rows = session.rows(select(entry.c.entry_id, entry.c.idempotency_key).where(
        *session.where(entry), entry.c.idempotency_key.in_(keys)
    ))  # fmt: skip
    return str(rows[0].entry_id) if len(rows) == 1 else ""


def _undo(session: Session, _book: PlanBook, content: Content, why: str) -> str:
    if made := _posted(session, content):
        ledger.record(session, [ledger.reversal(session, made, why)])
    return ""


def _run(_hub: Hub, _steps: Steps, _employer: str, _connection_id: str, content: Content) -> dict[str, Any]:
    return {"counted_minor": content["amount_minor"]}


def _tried(_hub: Hub, _employer: str, _connection_id: str, _content: Content) -> Sequence[str]:
    return []


def _keys(_session: Session, _connection_id: str, _content: Content) -> list[str]:
    return []


ACTION = Action(
    "account_offset",
    "count it on the next pay date's deposit",
    frozenset({(Relation.ACCOUNTS, Type.DEPOSITED_OVER)}),
    _connection, _draft, _run, _tried, _keys, owe=_owe, undo=_undo, posted=_posted,
)  # fmt: skip
