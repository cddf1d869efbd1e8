"""A claim to a carrier for premium it billed beyond what was owed, before its days are over.

A connection that takes `premium.claim` sends it: the carrier's own, or the one that the plan book names for its claims
(`claims_through`), which writes a file. Where none does, the claim is frozen like all that leaves and held under the
word BY_HAND: a person sends it, and says so (`dispatches settle --has`). What a person has claimed by himself
(`premiums claim`) is not claimed once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from benehub import dispatch, obligations
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Item
from benehub.connections import Open
from benehub.engine import Steps
from benehub.errors import DataError
from benehub.flows.exchange import hold
from benehub.flows.files import freeze_file
from benehub.flows.fix_draft import Action, Asked, Content, Draft, Refusal
from benehub.flows.hub import Hub
from benehub.flows.send import send
from benehub.identity import people
from benehub.money import format_minor
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import OPEN, Relation, Type, carriers
from benehub.reconcile.credits import CLAIM, LEFT
from benehub.reconcile.credits import asked as asked_of
from benehub.records import CreditClaim
from benehub.store import Session
from benehub.store.tables import confirmation, difference

BY_HAND = "by hand: the carrier takes no claims from a program"
"""How the reason begins of a claim that a person sends."""

TYPES = (
    Type.BILLED_NOT_ENROLLED, Type.DUPLICATE_MEMBER, Type.PLAN_DIFF, Type.TIER_DIFF, Type.RATE_DIFF,
    Type.EFFECTIVE_DATE_DIFF, Type.VOLUME_DIFF, Type.AGE_BAND_DIFF, Type.DEPENDANT_DIFF,
)  # fmt: skip
"""Differences by which a carrier has billed too much."""


def _carrier(book: PlanBook, row: Row[Any]) -> str:
    return carriers.told_by(book, row)[0]


def _connection(book: PlanBook, row: Row[Any]) -> str:
    carrier = _carrier(book, row)
    return (book.terms(carrier).claims_through or carrier) if carrier else ""


def _draft(asked: Asked) -> Draft | Refusal:
    session, row, book = asked.session, asked.row, asked.book
    carrier, whom = carriers.told_by(book, row)
    over = (row.actual or 0) - (row.expected or 0)
    if over <= 0:
        return Refusal("the carrier billed no more than was owed: there is nothing to claim")
    last = book.terms(carrier).claim_by(Month.parse(row.period))
    if last is not None and session.today() > last:
        return Refusal(f"the carrier's days of the claim ended on {last}")
    over = min(over, _unasked(session, row))
    if over <= 0:
        return Refusal("all of it is claimed already: see `benehub premiums credits` and `benehub fixes list`")
    bills = session.rows(
        select(confirmation.c.reference, confirmation.c.external_id)
        .where(
            *session.where(confirmation, kind="invoice_line", connection_id=carrier, current=1,
                           plan=row.plan, coverage_month=row.period),
            confirmation.c.person_id == row.person_id if row.person_id else confirmation.c.external_id == whom,
        )
        .order_by(confirmation.c.reference)
    )  # fmt: skip
    member = people.member_ids(session, [row.person_id])[row.person_id] if row.person_id else whom
    unit = book.employer.currency
    claim = CreditClaim(
        person=row.person_id or "", carrier=carrier, member_id=member, plan=row.plan, coverage_month=row.period,
        billed_minor=row.actual or 0, owed_minor=row.expected or 0, claim_minor=over,
        invoices=tuple(dict.fromkeys(one.reference for one in bills if one.reference)), reason=row.type, claim_by=last,
        currency=unit,
    )  # fmt: skip
    key = _key(session, f"{CLAIM}/{carrier}/{row.difference_id}")
    says = f"claim {format_minor(over, unit)} {unit} for {row.period} from the carrier"
    says += f" until {last}" if last is not None else "; the plan book does not tell its last day (credit_days)"
    return Draft({"key": key, "claim": claim.model_dump(mode="json")}, over, says)


def _key(session: Session, base: str) -> str:
    """A claim that has left stands: what the bill says too much beyond it is another one, with a number."""
    number, key = 1, base
    while any(one.state in LEFT for one in obligations.by_ids(session, [session.id("obl", key)])):
        number += 1
        key = f"{base}/{number}"
    return key


def _unasked(session: Session, row: Row[Any]) -> int:
    """What bills of the person, plan and month say too much, less what is claimed of it, in whichever way."""
    found = session.rows(
        select(difference.c.expected, difference.c.actual).where(
            *session.where(difference, relation=Relation.PREMIUM, plan=row.plan, period=row.period),
            difference.c.person_id == row.person_id,
            difference.c.type.in_(TYPES),
            difference.c.state.in_(OPEN),
        )
    )
    over = sum(max(0, (one.actual or 0) - (one.expected or 0)) for one in found)
    return over - asked_of(session, (row.person_id, row.plan, row.period))


def _owe(asked: Asked, content: Content) -> list[str]:
    session, claim = asked.session, CreditClaim.model_validate(content["claim"])
    due = claim.claim_by or session.today()  # where nobody knows the last day it is due at once
    wanted = Wanted(
        kind=CLAIM, key=content["key"], connection_id=asked.opened.link.connection, period=claim.coverage_month,
        due=due, send_by=due, content=dict(content["claim"]), person_id=claim.person or None,
        plan=claim.plan, worth_minor=claim.claim_minor, currency=asked.book.employer.currency, anew=True,
    )  # fmt: skip
    obligations.want(session, [wanted])
    return [session.id("obl", wanted.key)]


def freeze(hub: Hub, employer: str, connection_id: str, key: str) -> str:
    """Freeze a claim that is owed; gives its dispatch, which is held where a person has to send it.

    Raises:
        DataError: the carrier's days of the claim are over.
    """
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        (row,) = obligations.by_ids(session, [session.id("obl", key)])
        if row.state != "open":
            return str(row.dispatch_id or "")
        content = obligations.content(session, row)
        last = CreditClaim.model_validate(content).claim_by
        if last is not None and session.today() > last:
            raise DataError(
                f"the carrier's days of the claim ended on {last}", where=f"claim of {row.period}",
                mend="Withdraw the fix: the credit is posted as lost; ask the carrier for goodwill",
            )  # fmt: skip
        return _frozen(session, opened, row, key, content)


def _frozen(session: Session, opened: Open, row: Row[Any], key: str, content: Mapping[str, Any]) -> str:
    connector, money = opened.connector, (row.worth_minor, row.currency)
    takes = connector.takes(CLAIM, opened.link.settings)
    if takes and CLAIM in connector.files_out:
        return freeze_file(session, opened, CLAIM, key, [content], [row.obligation_id], *money)
    guard = connector.guards[CLAIM] if takes else Guard.NONE
    item = Item(CLAIM, key, content)
    made = dispatch.prepare(session, dispatch.freeze_item(opened.link.connection, item, guard, *money))
    obligations.carry(session, {row.obligation_id: made}, "frozen, not sent yet")
    if not takes:
        hold(session, made, f"{BY_HAND}; once it is sent: benehub dispatches settle {made} --has")
    return made


def _run(hub: Hub, steps: Steps, employer: str, connection_id: str, content: Content) -> dict[str, Any]:
    made = steps.step("freeze", freeze, hub, employer, connection_id, content["key"])
    if steps.step("by hand", _by_hand, hub, employer, made):
        return {"dispatch": made, "held": 1}
    return {"dispatch": made, **send(hub, steps, employer, connection_id, [made])}


def _by_hand(hub: Hub, employer: str, dispatch_id: str) -> bool:
    with hub.store.read(employer) as session:
        return str(dispatch.get(session, dispatch_id).reason).startswith(BY_HAND)


def _tried(hub: Hub, employer: str, connection_id: str, content: Content) -> Sequence[str]:
    return [freeze(hub, employer, connection_id, content["key"])]


def _keys(session: Session, connection_id: str, content: Content) -> list[str]:
    return [content["key"]]


ACTION = Action(
    "credit_claim",
    "claim the credit from the carrier",
    frozenset((Relation.PREMIUM, kind) for kind in TYPES),
    _connection, _draft, _run, _tried, _keys, _owe,
)  # fmt: skip
