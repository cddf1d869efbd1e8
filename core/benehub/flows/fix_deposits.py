"""Money that a trust or a custodian should have: a pay date's file or its correction, and what a late deposit cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from benehub import dispatch, ledger
from benehub.engine import Steps
from benehub.errors import ConfigError
from benehub.flows import account_deposits, earnings_deposit, lost_earnings, retirement
from benehub.flows.contribution_file import base_key
from benehub.flows.file_chain import chain, file_key
from benehub.flows.fix_draft import Action, Asked, Content, Draft, Refusal
from benehub.flows.hub import Hub
from benehub.ledger import accounts as chart
from benehub.money import format_minor
from benehub.planbook import PlanBook
from benehub.reconcile import Relation, Type
from benehub.store import Session
from benehub.store.tables import SOURCED, entry


def _connection(book: PlanBook, row: Row[Any]) -> str:
    plan = book.find(row.plan)
    return (plan.recordkeeper or "") if plan is not None else ""


def _contributions(asked: Asked) -> Draft | Refusal:
    session, book, row = asked.session, asked.book, asked.row
    plan, day = book.plan(row.plan), date.fromisoformat(row.reference)
    files = chain(session, base_key(plan.id, day))
    if files.doubtful:
        return Refusal(f"{files.doubtful} may have arrived: settle it first (benehub dispatches settle)")
    made = retirement.file_due(session, book, plan, day)
    rows, unit = made.rows, book.employer.currency
    if not rows and made.held:
        return Refusal(f"{made.held[0].why}: {made.held[0].mend}")
    if not rows:
        return Refusal("nothing is owed to the recordkeeper for that pay date any more")
    which = f"correction {files.number}" if files.number else "the first file"
    total = made.total_minor
    says = f"deposit {format_minor(total, unit)} {unit} of the pay of {day} for {len(rows)} participants ({which})"
    if made.held:
        waits = f"{format_minor(made.held_minor, unit)} {unit}"
        says += f"; {waits} of {len(made.held)} wait: {made.held[0].why}"
    return Draft(
        {"plan": plan.id, "pay_date": day.isoformat(), "rows": [one.model_dump(mode="json") for one in rows]},
        abs(total), says,
    )  # fmt: skip


def _deposit(hub: Hub, steps: Steps, employer: str, connection_id: str, content: Content) -> dict[str, Any]:
    return retirement.deposit(hub, steps, employer, content["plan"], content["pay_date"])


def _deposit_tried(hub: Hub, employer: str, connection_id: str, content: Content) -> Sequence[str]:
    made = retirement.prepare(hub, employer, content["plan"], date.fromisoformat(content["pay_date"]))
    return [made] if made else []


def _deposit_keys(session: Session, connection_id: str, content: Content) -> list[str]:
    """The file with exactly these rows' correction number."""
    number = max((one["correction"] for one in content["rows"]), default=0)
    return [file_key(base_key(content["plan"], date.fromisoformat(content["pay_date"])), number)]


def _custodian(book: PlanBook, row: Row[Any]) -> str:
    plan = book.find(row.plan)
    return (plan.custodian or "") if plan is not None else ""


def _accounts(asked: Asked) -> Draft | Refusal:
    """All that is owed for the pay date: one file goes to a custodian, whichever of its accounts asks for it."""
    session, book, custodian = asked.session, asked.book, asked.opened.link.connection
    day = date.fromisoformat(asked.row.reference[:10])
    for sent in dispatch.revisions(session, f"{account_deposits.OPERATION}/{custodian}/{day}"):
        if sent.state in ("sending", "unknown", "held"):
            return Refusal(f"{sent.dispatch_id} may have arrived: settle it first (benehub dispatches settle)")
    rows = [line for lines in account_deposits.lines_owed(session, book, custodian, day) for line in lines]
    if not rows:
        return Refusal("nothing is owed to the custodian for that pay date any more")
    total, unit = sum(one.amount_minor for one in rows), book.employer.currency
    return Draft(
        {"pay_date": day.isoformat(), "rows": [one.model_dump(mode="json") for one in rows]},
        total, f"send {format_minor(total, unit)} {unit} of the pay of {day} to {custodian}, {len(rows)} lines",
    )  # fmt: skip


def _send(hub: Hub, steps: Steps, employer: str, connection_id: str, content: Content) -> dict[str, Any]:
    return account_deposits.deposit(hub, steps, employer, connection_id, content["pay_date"])


def _send_tried(hub: Hub, employer: str, connection_id: str, content: Content) -> Sequence[str]:
    made = account_deposits.prepare(hub, employer, connection_id, date.fromisoformat(content["pay_date"]))
    return [made] if made else []


def _send_keys(session: Session, connection_id: str, content: Content) -> list[str]:
    day = date.fromisoformat(content["pay_date"])
    return list(dict.fromkeys(account_deposits.line_key(one["plan"], day, one["person"]) for one in content["rows"]))


def _earnings(asked: Asked) -> Draft | Refusal:
    session, book, row = asked.session, asked.book, asked.row
    unit, day = book.employer.currency, date.fromisoformat(row.reference)
    posted: dict[str, Any] = {"lost_earnings_minor": 0, "tasks": []}
    if row.type == Type.LATE:
        try:
            posted = lost_earnings.summary(lost_earnings.of_difference(session, book, row, None))
        except ConfigError as error:
            return Refusal(f"{error.what}: {error.mend}")
        if not posted["lost_earnings_minor"]:
            return Refusal("the delay has cost the participants nothing")
        if _posted(session, row.difference_id) and not _owed(session, row.plan, day):
            return Refusal("its lost earnings are on their way already")
    owed = _owed(session, row.plan, day) or posted["lost_earnings_minor"]
    if not owed:
        return Refusal("no lost earnings are owed for that pay date any more")
    says = f"pay lost earnings of {format_minor(owed, unit)} {unit} for the pay of {day} to the plan"
    tasks = f"; {'; '.join(posted['tasks'])}" if posted["tasks"] else ""
    return Draft(
        {"plan": row.plan, "pay_date": day.isoformat(), "difference": row.difference_id, "owed_minor": owed},
        owed, says + tasks,
    )  # fmt: skip


def _posted(session: Session, difference_id: str) -> bool:
    query = select(entry.c.entry_id).where(*session.where(entry, source=difference_id), SOURCED).limit(1)
    return session.connection.execute(query).first() is not None


def _owed(session: Session, plan: str, day: date) -> int:
    found = ledger.balances(session, [chart.EARNINGS_PAYABLE], plan=plan, pay_date=day)
    return max(0, -sum(one.amount for one in found))


def _owe_earnings(asked: Asked, content: Content) -> list[str]:
    """The lost earnings are posted as owed; the file that pays them follows."""
    if asked.row.type == Type.LATE:
        lost_earnings.post_in(asked.session, asked.book, asked.row)
    return []


def _pay(hub: Hub, steps: Steps, employer: str, connection_id: str, content: Content) -> dict[str, Any]:
    return earnings_deposit.deposit(hub, steps, employer, content["plan"], content["pay_date"])


def _pay_tried(hub: Hub, employer: str, connection_id: str, content: Content) -> Sequence[str]:
    made = earnings_deposit.prepare(hub, employer, content["plan"], date.fromisoformat(content["pay_date"]))
    return [made] if made else []


def _pay_keys(session: Session, connection_id: str, content: Content) -> list[str]:
    return [f"{earnings_deposit.OPERATION}/{content['plan']}/{content['pay_date']}"]


CONTRIBUTIONS = Action(
    "contribution_correction",
    "deposit what the recordkeeper has not been sent",
    frozenset({(Relation.RETIREMENT, Type.WITHHELD_NOT_DEPOSITED)}),
    _connection, _contributions, _deposit, _deposit_tried, _deposit_keys,
)  # fmt: skip

ACCOUNTS = Action(
    "account_deposit",
    "send what the custodian has not been sent",
    frozenset({(Relation.ACCOUNTS, Type.WITHHELD_NOT_DEPOSITED), (Relation.ACCOUNTS, Type.CONTRIBUTION_REFUSED)}),
    _custodian, _accounts, _send, _send_tried, _send_keys,
)  # fmt: skip

EARNINGS = Action(
    "make_up_earnings",
    "make up what a late deposit has cost",
    frozenset({(Relation.RETIREMENT, Type.LATE), (Relation.RETIREMENT, Type.EARNINGS_NOT_DEPOSITED)}),
    _connection, _earnings, _pay, _pay_tried, _pay_keys, _owe_earnings,
)  # fmt: skip
