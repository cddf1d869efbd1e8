"""A claim to a carrier for premium it billed beyond what was owed, before its days are over.

No carrier that is connected takes claims from a program yet. The claim is frozen like all that leaves and held under
the word BY_HAND: a person sends it, and says so (`dispatches settle --has`). A connector that takes `premium.claim`
sends it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from benehub import dispatch, obligations
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Item
from benehub.engine import Steps
from benehub.flows.exchange import hold
from benehub.flows.fix_draft import Action, Asked, Content, Draft, Refusal
from benehub.flows.hub import Hub
from benehub.flows.send import send
from benehub.identity import people
from benehub.money import format_minor
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import Relation, Type
from benehub.records import CreditClaim
from benehub.store import Session
from benehub.store.tables import confirmation

CLAIM = "premium.claim"
BY_HAND = "by hand: the carrier takes no claims from a program"
"""How the reason begins of a claim that a person sends."""


def _connection(book: PlanBook, row: Row[Any]) -> str:
    return (book.plan(row.plan).carrier or "") if row.plan else ""


def _draft(asked: Asked) -> Draft | Refusal:
    session, row, book = asked.session, asked.row, asked.book
    over = (row.actual or 0) - (row.expected or 0)
    if over <= 0:
        return Refusal("the carrier billed no more than was owed: there is nothing to claim")
    last = book.terms(asked.opened.link.connection).claim_by(Month.parse(row.period))
    if session.today() > last:
        return Refusal(f"the carrier's days of the claim ended on {last}")
    bills = session.rows(
        select(confirmation.c.reference, confirmation.c.external_id)
        .where(
            *session.where(confirmation, kind="invoice_line", connection_id=asked.opened.link.connection, current=1,
                           plan=row.plan, coverage_month=row.period),
            confirmation.c.person_id == row.person_id if row.person_id else confirmation.c.external_id == row.reference,
        )
        .order_by(confirmation.c.reference)
    )  # fmt: skip
    member = people.member_ids(session, [row.person_id])[row.person_id] if row.person_id else row.reference
    claim = CreditClaim(
        person=row.person_id or "", member_id=member, plan=row.plan, coverage_month=row.period,
        billed_minor=row.actual or 0, owed_minor=row.expected or 0, claim_minor=over,
        invoices=tuple(dict.fromkeys(one.reference for one in bills if one.reference)), reason=row.type, claim_by=last,
    )  # fmt: skip
    unit = book.employer.currency
    key = f"{CLAIM}/{asked.opened.link.connection}/{row.difference_id}"
    says = f"claim {format_minor(over, unit)} {unit} for {row.period} from the carrier until {last}"
    return Draft({"key": key, "claim": claim.model_dump(mode="json")}, over, says)


def _owe(asked: Asked, content: Content) -> list[str]:
    session, claim = asked.session, CreditClaim.model_validate(content["claim"])
    wanted = Wanted(
        kind=CLAIM, key=content["key"], connection_id=asked.opened.link.connection, period=claim.coverage_month,
        due=claim.claim_by, send_by=claim.claim_by, content=dict(content["claim"]), person_id=claim.person or None,
        plan=claim.plan, worth_minor=claim.claim_minor, currency=asked.book.employer.currency, anew=True,
    )  # fmt: skip
    obligations.want(session, [wanted])
    return [session.id("obl", wanted.key)]


def freeze(hub: Hub, employer: str, connection_id: str, key: str) -> str:
    """Freeze a claim that is owed; gives its dispatch, which is held where a person has to send it."""
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        (row,) = obligations.by_ids(session, [session.id("obl", key)])
        if row.state != "open":
            return str(row.dispatch_id or "")
        item = Item(CLAIM, key, obligations.content(session, row))
        guard = opened.connector.guards.get(CLAIM, Guard.NONE)
        made = dispatch.prepare(
            session, dispatch.freeze_item(connection_id, item, guard, row.worth_minor, row.currency)
        )
        obligations.carry(session, {row.obligation_id: made}, "frozen, not sent yet")
        if CLAIM not in opened.connector.guards:
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
    frozenset(
        (Relation.PREMIUM, kind)
        for kind in (Type.BILLED_NOT_ENROLLED, Type.DUPLICATE_MEMBER, Type.TIER_DIFF, Type.RATE_DIFF)
    ),
    _connection, _draft, _run, _tried, _keys, _owe,
)  # fmt: skip
