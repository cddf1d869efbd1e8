"""A word to a vendor that has to put something right itself: no file of ours can, and no program of theirs takes it.

It is frozen like all that leaves and held under BY_HAND: a person sends it, and says so (`dispatches settle --has`).
What is asked follows from the difference's type, and from what the law lets the vendor do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from benehub import dispatch, ledger, obligations
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Item
from benehub.engine import Steps
from benehub.flows.exchange import hold
from benehub.flows.fix_draft import Action, Asked, Content, Draft, Refusal
from benehub.flows.hub import Hub
from benehub.identity import people
from benehub.ledger import accounts as chart
from benehub.money import format_minor
from benehub.obligations import Wanted
from benehub.planbook import PlanBook
from benehub.reconcile import Relation, Type, carriers
from benehub.reconcile.corrected import PAYABLE
from benehub.store import Session

OPERATION = "correction.request"
"""How such a word is called among what is owed and what leaves."""

BY_HAND = "by hand: no program of the vendor's takes it"
"""How the reason begins of a word that a person sends."""

_LEFT = ("sent", "confirmed")

ERROR_OF_FACT = (
    "as long as ERISA section 403(c)(2)(A) allows it may go back to the employer as a mistake of fact, less what it "
    "lost and without what it earned; after that it stays in the plan, unallocated, and pays employer contributions"
)
EVIDENCE = (
    "it left by an administrative error, which the payroll register proves; for an HSA nothing else than such an error "
    "lets the custodian give money back to an employer"
)

RECORDKEEPER: Mapping[Type, str] = {
    Type.DEPOSITED_OVER: f"take the excess out of the participant's account: {ERROR_OF_FACT}",
    Type.CREDITED_OVER: "take back what was credited beyond the deposit, and tell where the money came from",
    Type.DUPLICATE_CREDIT: "take the second credit back; do not set it off against the next deposit",
    Type.CREDITED_SHORT: "credit the rest of the deposit as of the day it arrived, with what it would have earned",
    Type.DEPOSITED_NOT_CREDITED: "credit the deposit as of the day it arrived, with what it would have earned",
    Type.EARNINGS_NOT_CREDITED: "credit the lost earnings that were deposited",
    Type.CREDITED_WRONG_PERSON: "move the amount, with its earnings, to the participant for whom it was deposited",
    Type.WRONG_SOURCE: "move the amount, with its earnings, to the source for which it was deposited",
    Type.LOAN_IN_CONTRIB: "book the amount as what it was deposited for: contributions and repayments are not one",
    Type.FORFEITURE_OFFSET: "tell which forfeitures paid employer contributions of that pay date, and correct them",
    Type.UNKNOWN_PARTICIPANT: "tell who the participant is, or take the credit back",
    Type.OVER_LIMIT: "return what is above the limit, with its earnings, by the day the law of that limit names",
}
"""What a recordkeeper is asked, by type."""

CUSTODIAN: Mapping[Type, str] = {
    Type.DEPOSITED_OVER: f"give back what was sent beyond what payroll took: {EVIDENCE}",
    Type.CREDITED_OVER: "take back what was posted beyond the line that was sent, and tell where the money came from",
    Type.CREDITED_SHORT: "post the rest of the line that was sent",
    Type.DEPOSITED_NOT_CREDITED: "post the line that was sent, or say why it cannot be",
    Type.UNKNOWN_PARTICIPANT: "tell which file and which line it answers",
}
"""What a custodian is asked, by type."""

CARRIER: Mapping[Type, str] = dict.fromkeys(
    (
        Type.RATE_DIFF, Type.TIER_DIFF, Type.VOLUME_DIFF, Type.AGE_BAND_DIFF, Type.DEPENDANT_DIFF,
        Type.EFFECTIVE_DATE_DIFF, Type.PLAN_DIFF, Type.ENROLLED_NOT_BILLED,
    ),
    "bill the rest of that month: less was billed than the cover costs",
) | {Type.RETRO_CREDIT_DUPLICATED: "bill back the credit that was given twice"}  # fmt: skip
"""What a carrier is asked that has billed too little, by type."""

PAYROLL: Mapping[Type, str] = {
    Type.WRONG_TAX_CLASS: "move the amount to the right deduction, and correct the tax of the check",
    Type.WRONG_PERIOD: "say why it was taken with another pay, and correct what goes by the pay date",
    Type.EMPLOYER_LINE_DIFF: "correct the employer's line of the check to what the plan gives",
    Type.COMP_DIFF: "correct which pay codes count as pay of the plan, and the lines that follow from them",
    Type.TAKEN_NOT_EXPECTED: "correct the check: give back what was not due, with the tax class it was taken with",
    Type.AMOUNT_DIFF: "correct the check: give back what was too much, with the tax class it was taken with",
    Type.DUPLICATE_DEDUCTION: "correct the check: give back the second one, with the tax class it was taken with",
}
"""What payroll is asked, by type."""

LEAVE: Mapping[Type, str] = {
    Type.TAKEN_NOT_APPROVED: "say who approved the leave that was paid, or correct the check",
    Type.APPROVED_NOT_PAID: "pay the leave that was approved",
    Type.PAID_TWICE: "correct the check: the leave was paid twice",
    Type.PAYOUT_MISSING: "pay out the leave that is left, by the day the state's law names",
    Type.PAYOUT_DIFF: "correct the pay-out of leave",
}
"""What payroll is asked of leave, by type."""

DISTRIBUTE = (
    "pay what was withheld without an election out to the participant, with its earnings, and move the match that was "
    "made on it to forfeitures; it may be set off against no later deferral"
)
"""What a recordkeeper is asked about a deferral that was taken too much and is in the plan."""

OF_PAY = frozenset({Type.TAKEN_NOT_EXPECTED, Type.AMOUNT_DIFF, Type.DUPLICATE_DEDUCTION})
"""Differences of a register by which too much was taken of somebody's pay."""


def _recordkeeper(book: PlanBook, row: Row[Any]) -> str:
    plan = book.find(row.plan)
    return (plan.recordkeeper or "") if plan is not None else ""


def _custodian(book: PlanBook, row: Row[Any]) -> str:
    plan = book.find(row.plan)
    return (plan.custodian or "") if plan is not None else ""


def _carrier(book: PlanBook, row: Row[Any]) -> str:
    return carriers.told_by(book, row)[0]


def _payroll(book: PlanBook, _row: Row[Any]) -> str:
    return book.roles.payroll


def _beyond(row: Row[Any]) -> int:
    return (row.actual or 0) - (row.expected or 0)


def _billed_less(_book: PlanBook, row: Row[Any]) -> bool:
    return _beyond(row) < 0


def _about_a_check(book: PlanBook, row: Row[Any]) -> bool:
    """What payroll corrects in a check; a premium's share and what was missed have fixes of their own."""
    return row.type not in OF_PAY or _taken_too_much(book, row)


def _taken_too_much(book: PlanBook, row: Row[Any]) -> bool:
    plan = book.find(row.plan)
    return _beyond(row) > 0 and plan is not None and not plan.insured


def _asks(row: Row[Any], asks: Mapping[Type, str]) -> str:
    return asks[Type(row.type)]


def _draft(asked: Asked, asks: Mapping[Type, str]) -> Draft | Refusal:
    row = asked.row
    if row.state == "pending":
        return Refusal(f"nothing is amiss until {row.clear_by}")
    lines = _excess(asked.session, row) if row.type == Type.DEPOSITED_OVER else {}
    if row.type == Type.DEPOSITED_OVER and not lines:
        return Refusal("nothing is there too much for that pay date any more")
    amount = sum(lines.values()) or abs(_beyond(row))
    if row.type in OF_PAY and (why := _not_by_check(asked)):
        return Refusal(why)
    return _letter(asked, _asks(row, asks), amount, lines)


def _draft_distribution(asked: Asked, _asks_of: Mapping[Type, str]) -> Draft | Refusal:
    """A deferral taken too much that the plan has: payroll can give back nothing of the plan's."""
    over = _beyond(asked.row)
    if not _deposited(asked):
        return Refusal("it is not deposited yet: payroll corrects the check, and the file carries what is right")
    return _letter(asked, DISTRIBUTE, over, {})


def _not_by_check(asked: Asked) -> str:
    """Why payroll may not give back what was taken too much; empty where it may."""
    plan = asked.book.find(asked.row.plan)
    if plan is None or not plan.recordkeeper or not _deposited(asked):
        return ""
    return (
        "the deferral is deposited: the plan holds it, and a check alone gives nothing of it back; the recordkeeper "
        "pays it out with its earnings (ask_recordkeeper)"
    )


def _deposited(asked: Asked) -> bool:
    """Whether less of the line is still held here than was taken too much."""
    row, plan = asked.row, asked.book.find(asked.row.plan)
    day, _, part = row.reference.partition("/")
    account = chart.DEFERRAL_PAYABLE if plan is not None and plan.recordkeeper else chart.ACCOUNT_PAYABLE
    found = ledger.balances(
        asked.session, [account], by=("money_source",), person_id=row.person_id, plan=row.plan,
        pay_date=date.fromisoformat(day),
    )  # fmt: skip
    held = sum(-one.amount for one in found if one.dimensions["money_source"] == part)
    return held < _beyond(row)


def _excess(session: Session, row: Row[Any]) -> dict[str, int]:
    """What was deposited beyond what is owed for a pay date, by part: minor units."""
    day, _, part = row.reference.partition("/")
    found = ledger.balances(
        session, [*PAYABLE, chart.ACCOUNT_PAYABLE], by=("money_source",), person_id=row.person_id, plan=row.plan,
        pay_date=date.fromisoformat(day),
    )  # fmt: skip
    over = {str(one.dimensions["money_source"]): one.amount for one in found if one.amount > 0}
    return {name: amount for name, amount in sorted(over.items()) if not part or name == part}


def _letter(asked: Asked, asks: str, amount: int, lines: Mapping[str, int]) -> Draft:
    session, row, unit = asked.session, asked.row, asked.row.unit or asked.book.employer.currency
    vendor, money = asked.opened.link.connection, row.unit == asked.book.employer.currency
    number = people.member_ids(session, [row.person_id])[row.person_id] if row.person_id else ""
    request = {
        "person": row.person_id or "", "employee_number": number, "plan": row.plan or "", "period": row.period,
        "reference": row.reference, "reason": row.type, "expected_minor": row.expected, "actual_minor": row.actual,
        "amount_minor": amount, "parts_minor": dict(lines), "unit": unit, "asks": asks,
    }  # fmt: skip
    key = _key(session, f"{OPERATION}/{vendor}/{row.difference_id}")
    said = f"ask {vendor} in writing" + (f" ({format_minor(amount, unit)} {unit})" if money and amount else "")
    return Draft({"key": key, "request": request}, amount if money else 0, f"{said}: {asks}")


def _key(session: Session, base: str) -> str:
    """One that has left stands: what is asked after it is another one, with a number."""
    number, key = 1, base
    while any(one.state in _LEFT for one in obligations.by_ids(session, [session.id("obl", key)])):
        number += 1
        key = f"{base}/{number}"
    return key


def _owe(asked: Asked, content: Content) -> list[str]:
    session, row, request, today = asked.session, asked.row, content["request"], asked.session.today()
    wanted = Wanted(
        kind=OPERATION, key=content["key"], connection_id=asked.opened.link.connection, period=row.period[:7],
        due=today, send_by=today, content=dict(request), person_id=row.person_id, plan=row.plan,
        worth_minor=request["amount_minor"] if request["unit"] == asked.book.employer.currency else 0,
        currency=asked.book.employer.currency, anew=True,
    )  # fmt: skip
    obligations.want(session, [wanted])
    return [session.id("obl", wanted.key)]


def freeze(hub: Hub, employer: str, connection_id: str, key: str) -> str:
    """Freeze what is asked of a vendor, and hold it for the person who sends it; gives its dispatch."""
    with hub.store.write(employer) as session:
        (row,) = obligations.by_ids(session, [session.id("obl", key)])
        if row.state != "open":
            return str(row.dispatch_id or "")
        item = Item(OPERATION, key, obligations.content(session, row))
        frozen = dispatch.freeze_item(connection_id, item, Guard.NONE, row.worth_minor, row.currency)
        made = dispatch.prepare(session, frozen)
        obligations.carry(session, {row.obligation_id: made}, "frozen, not sent yet")
        hold(session, made, f"{BY_HAND}; once it is sent: benehub dispatches settle {made} --has")
        return made


def _run(hub: Hub, steps: Steps, employer: str, connection_id: str, content: Content) -> dict[str, Any]:
    return {"dispatch": steps.step("freeze", freeze, hub, employer, connection_id, content["key"]), "held": 1}


def _tried(hub: Hub, employer: str, connection_id: str, content: Content) -> Sequence[str]:
    return [freeze(hub, employer, connection_id, content["key"])]


def _keys(_session: Session, _connection_id: str, content: Content) -> list[str]:
    return [content["key"]]


def _action(
    name: str, title: str, asks: Mapping[Relation, Mapping[Type, str]],
    connection: Callable[[PlanBook, Row[Any]], str], meant: Callable[[PlanBook, Row[Any]], bool] | None = None,
) -> Action:  # fmt: skip
    def draft(asked: Asked) -> Draft | Refusal:
        of = Relation(asked.row.relation)
        make = _draft_distribution if of is Relation.PAYROLL and asks[of] is _DISTRIBUTED else _draft
        return make(asked, asks[of])

    types = frozenset((relation, kind) for relation, kinds in asks.items() for kind in kinds)
    return Action(name, title, types, connection, draft, _run, _tried, _keys, _owe, meant)


_DISTRIBUTED: Mapping[Type, str] = dict.fromkeys(sorted(OF_PAY), DISTRIBUTE)


def _in_a_plan(book: PlanBook, row: Row[Any]) -> bool:
    plan = book.find(row.plan)
    return row.relation != Relation.PAYROLL or (plan is not None and _beyond(row) > 0 and bool(plan.recordkeeper)
                                                and not row.reference.endswith("/match"))  # fmt: skip


ACTIONS = (
    _action(
        "ask_recordkeeper", "ask the recordkeeper to put it right",
        {Relation.RETIREMENT: RECORDKEEPER, Relation.PAYROLL: _DISTRIBUTED}, _recordkeeper, _in_a_plan,
    ),
    _action(
        "ask_custodian", "ask the custodian to put it right", {Relation.ACCOUNTS: CUSTODIAN}, _custodian,
    ),
    _action(
        "ask_carrier", "ask the carrier to bill the rest", {Relation.PREMIUM: CARRIER}, _carrier, _billed_less,
    ),
    _action(
        "ask_payroll", "ask payroll to correct the check", {Relation.PAYROLL: PAYROLL, Relation.LEAVE: LEAVE},
        _payroll, _about_a_check,
    ),
)  # fmt: skip
"""What is asked of whom."""
