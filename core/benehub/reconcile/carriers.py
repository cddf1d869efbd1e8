"""Which carrier a line of premium is of, and which one tells a difference.

A plan has one carrier. What a carrier says of another one's plan, or under a word that is no plan here, is a difference
of its own: two of them may say the same of one person and month, and neither may hide the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, exists, func, select

from benehub import ledger
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile.findings import UNKNOWN_PLAN, Finding, Relation, Type
from benehub.store import Session
from benehub.store.tables import SOURCED, confirmation, connection, dispatch, entry, leg

Key = tuple[str | None, str, str]
"""Person (None: a member nobody here knows), plan and coverage month."""


def to_compare(session: Session, book: PlanBook, month: Month) -> list[str]:
    """The carriers of a month: those of the plan book, and whoever has billed this month or an earlier one.

    A carrier whose last plan was dropped still bills, and its last bill may not be paid yet; one that has taken its
    bill back may have been paid.
    """
    named = {plan.carrier for plan in book.insurance_plans() if plan.carrier}
    # Of each connection the first such line is enough; each has billed for years.
    billed = exists().where(
        *session.where(confirmation, kind="invoice_line"),
        confirmation.c.connection_id == connection.c.connection_id, confirmation.c.coverage_month <= str(month),
    )  # fmt: skip
    other = connection.c.connection_id.not_in(sorted(named))
    rows = session.rows(select(connection.c.connection_id).where(*session.where(connection), other, billed))
    return sorted(named | {row.connection_id for row in rows})


def to_pay(session: Session, book: PlanBook, month: Month) -> list[str]:
    """The carriers of a month (`to_compare`), and whose last plan was dropped and who is owed, or was paid, something.

    A carrier that sends no bills is in no bill: its money is held against the ledger all the same.
    """
    found = {*to_compare(session, book, month), *_paid(session)}
    for one in ledger.balances(session, [chart.PREMIUM_PAYABLE], by=("plan", "coverage_month")):
        plan = book.find(one.dimensions["plan"])
        if plan is not None and plan.carrier and (one.dimensions["coverage_month"] or "") <= str(month):
            found.add(plan.carrier)
    return sorted(found)


def _paid(session: Session) -> set[str]:
    """Connections that were sent payments."""
    rows = session.rows(
        select(dispatch.c.connection_id)
        .where(
            *session.where(dispatch, operation="premium.remit", state="sent"),
            exists().where(
                entry.c.employer_id == dispatch.c.employer_id, entry.c.source == dispatch.c.dispatch_id, SOURCED,
                entry.c.type == "premium.remitted",
            ),
        )
        .distinct()
    )  # fmt: skip
    return {row.connection_id for row in rows}


def reference(book: PlanBook, plan: str | None, carrier: str, whom: str = "-") -> str:
    """What tells a carrier's word on a plan from another carrier's; of its own plans it needs no name.

    A member's id with a stroke of its own stands behind the carrier all the same: what is before the first stroke is
    always a carrier, also one that no plan is of any more.
    """
    found = book.find(plan)
    own = found is not None and found.carrier == carrier
    return whom if own and "/" not in whom else f"{carrier}/{whom}"[:120]


ALWAYS_NAMED = (Type.MEMBER_REFUSED, Type.FEE, Type.CASH_APPLICATION)
"""Differences of no plan: their reference always names the carrier, and did not always."""


def formerly(finding: Finding) -> str:
    """The key of the same difference from before its reference named the carrier; empty where it always did."""
    if finding.relation is not Relation.PREMIUM or finding.type not in ALWAYS_NAMED:
        return ""
    return replace(finding, reference=finding.reference.partition("/")[2]).key


def told_by(book: PlanBook, row: Row[Any] | Finding) -> tuple[str, str]:
    """The carrier whose word a difference of premiums is, and whom it names (see `reference`); empty where unknown."""
    plan = book.find(row.plan)
    own = (plan.carrier or "") if plan is not None else ""
    if row.type == Type.UNKNOWN_PLAN and not own:
        return row.reference.removeprefix("roster/").partition("/")[0], ""
    first, slash, rest = row.reference.partition("/")
    return (first, rest) if slash else (own, row.reference)


def of_nobody(session: Session, book: PlanBook, month: Month) -> Iterator[Finding]:
    """Premium that stands accrued for a plan that no plan book ever had and no carrier bills: nobody would be paid."""
    rows = session.rows(
        select(leg.c.person_id, leg.c.plan, func.sum(-leg.c.amount).label("amount"))
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.PREMIUM_PAYABLE,
            leg.c.coverage_month == str(month), leg.c.plan.not_in([plan.id for plan in book.plans]),
            entry.c.type.in_(("premium.accrued", "premium.accrued.reversed")),
        )
        .group_by(leg.c.person_id, leg.c.plan)
        .having(func.sum(leg.c.amount) != 0)
        .order_by(leg.c.person_id, leg.c.plan)
    )  # fmt: skip
    whose = of_keys(session, book, [(row.person_id, row.plan, str(month)) for row in rows]) if rows else {}
    for row in rows:
        plan = book.find(row.plan)
        if (row.person_id, row.plan, str(month)) not in whose and (plan is None or plan.insured):
            yield Finding(
                Relation.PREMIUM, Type.UNKNOWN_PLAN, str(month), "ledger", "hub", "hub",
                f"owed under {row.plan!r}, which is no plan of the plan book and nobody bills", UNKNOWN_PLAN,
                person_id=row.person_id, plan=row.plan, expected=int(row.amount), actual=0,
                unit=book.employer.currency,
            )  # fmt: skip


def of_keys(session: Session, book: PlanBook, keys: Iterable[Key]) -> dict[Key, str]:
    """Key -> the carrier it is owed to: its plan's; of a word that no plan book ever had, the one that bills it.

    Two carriers may bill one word: it is then of the one that bills this very person and month of cover; where both do,
    of the one that was paid for it. What nobody bills either is of none, and left out.
    """
    found: dict[Key, str] = {}
    unknown: set[Key] = set()
    for key in keys:
        plan = book.find(key[1])
        if plan is None:
            unknown.add(key)
        elif plan.carrier:
            found[key] = plan.carrier
    return found | _of_no_plan(session, unknown) if unknown else found


def _of_no_plan(session: Session, keys: Collection[Key]) -> dict[Key, str]:
    """The carriers of keys whose plan no book ever had."""
    line = confirmation.c
    by_key: dict[Key, set[str]] = {}
    by_plan: dict[str, set[str]] = {}
    plans = sorted({plan for _, plan, _ in keys})
    for row in session.rows(
        select(line.connection_id, line.person_id, line.plan, line.coverage_month)
        .where(*session.where(confirmation, kind="invoice_line"), session.among(line.plan, plans))
        .distinct()
    ):
        by_key.setdefault((row.person_id, row.plan, row.coverage_month), set()).add(row.connection_id)
        by_plan.setdefault(row.plan, set()).add(row.connection_id)
    told = {key: by_key.get(key) or by_plan.get(key[1], set()) for key in keys}
    paid = _paid_to(session, plans) if any(len(some) > 1 for some in told.values()) else {}
    found = {}
    for key, some in told.items():
        if some:
            _, found[key] = min((-paid.get((one, *key), 0), one) for one in some)
    return found


def _paid_to(session: Session, plans: Sequence[str]) -> dict[tuple[str, str | None, str, str], int]:
    """What has left to each carrier in these plans, by carrier and key."""
    by = (dispatch.c.connection_id, leg.c.person_id, leg.c.plan, leg.c.coverage_month)
    rows = session.tuples(
        select(*by, func.sum(-leg.c.amount))
        .join(dispatch, (dispatch.c.employer_id == leg.c.employer_id) & (dispatch.c.dispatch_id == leg.c.batch))
        .where(leg.c.employer_id == session.employer, leg.c.account == chart.CARRIER_TRANSIT,
               session.among(leg.c.plan, plans))
        .group_by(*by)
    )  # fmt: skip
    return {(one[0], one[1], one[2], one[3]): int(one[4]) for part in rows for one in part}
