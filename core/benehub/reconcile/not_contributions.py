"""Credits that are no contributions: repayments of loans, and money from the plan's forfeitures.

Both are told beside contributions, and both are right as long as they stay apart: a repayment that is booked as a
contribution leaves the loan unpaid, and forfeitures may pay for a match where the plan says so, and for nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, and_, func, or_, select

from benehub.ledger import accounts as chart
from benehub.ledger.credited import CREDIT, FORFEITURE, KINDS
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook
from benehub.reconcile.findings import UNKNOWN_PLAN, Finding, Relation, Type
from benehub.reconcile.lines import Key, Line
from benehub.store import Session
from benehub.store.tables import confirmation, leg

LOAN = "loan"
_PAYABLE = (chart.DEFERRAL_PAYABLE, chart.LOAN_PAYABLE, chart.MATCH_PAYABLE)


def without_others(lines: Sequence[Line], book: PlanBook) -> list[Line]:
    """The lines without repayments that payroll sends itself: the hub deposits none, so it has nothing to compare."""
    return [line for line in lines if line.part != LOAN or carried(book.plan(line.plan))]


def others(lines: Sequence[Line], book: PlanBook) -> list[Line]:
    """Those lines alone: a contribution that is booked as a loan's repayment is seen by them."""
    return [line for line in lines if line.part == LOAN and not carried(book.plan(line.plan))]


def plans_of(session: Session, book: PlanBook, month: Month) -> list[Plan]:
    """The plans of a month: those of the plan book, and those dropped since for which money was withheld or granted."""
    rows = session.rows(
        select(leg.c.plan)
        .where(
            leg.c.employer_id == session.employer, leg.c.account.in_(_PAYABLE),
            leg.c.pay_date >= month.first, leg.c.pay_date < month.end,
            leg.c.plan.not_in([plan.id for plan in book.plans]),
        )
        .distinct()
    )  # fmt: skip
    return [*book.plans, *(plan for row in rows if (plan := book.find(row.plan)) is not None)]


def deposited_here(plans: Collection[Plan]) -> ColumnElement[bool]:
    """Which credits the hub's deposits answer for: all in these plans, but repayments that payroll sends."""
    carrying = [plan.id for plan in plans if carried(plan)]
    here = confirmation.c.plan.in_([plan.id for plan in plans])
    return and_(here, or_(confirmation.c.part != LOAN, confirmation.c.plan.in_(carrying)))


def carried(plan: Plan) -> bool:
    """Whether repayments of the plan's loans leave with its contributions."""
    return plan.deferral is not None and bool(plan.deferral.loan_code)


def of_plans_here(lines: Sequence[Line], book: PlanBook) -> list[Line]:
    """The lines without those that were credited alone, under a word that is no plan here: `no_plan` tells of them."""
    return [line for line in lines if line.deposited or book.find(line.plan) is not None]


def no_plan(session: Session, book: PlanBook, connection_id: str, month: Month) -> Iterator[Finding]:
    """What a recordkeeper has credited to people in plans that the plan book does not have: none holds up another."""
    keys = (confirmation.c.person_id, confirmation.c.plan, confirmation.c.part, confirmation.c.pay_date)
    rows = session.rows(
        select(*keys, confirmation.c.kind, func.sum(confirmation.c.amount).label("amount"))
        .where(
            *session.where(confirmation, connection_id=connection_id, current=1), confirmation.c.kind.in_(KINDS),
            confirmation.c.pay_date >= month.first, confirmation.c.pay_date < month.end,
            confirmation.c.person_id.is_not(None), confirmation.c.plan.not_in([plan.id for plan in book.plans]),
        )
        .group_by(*keys, confirmation.c.kind)
        .having(func.sum(confirmation.c.amount) != 0)
    )  # fmt: skip
    for row in rows:
        if book.find(row.plan) is not None:
            continue  # dropped since: it is compared like any other
        more = "" if row.kind == CREDIT else f"/{row.kind}"
        reference = f"{row.pay_date}/{row.part}{more}/{connection_id}"  # another may say the same word
        yield Finding(
            Relation.RETIREMENT, Type.UNKNOWN_PLAN, str(month), reference, "recordkeeper",
            "hub", f"credited under {row.plan!r}, which is no plan of the plan book", UNKNOWN_PLAN,
            person_id=row.person_id, plan=row.plan, expected=0, actual=int(row.amount), unit=book.employer.currency,
        )  # fmt: skip


def mixed(lines: Sequence[Line], others: Sequence[Line] = ()) -> tuple[list[tuple[Line, Line]], list[Line]]:
    """Pairs of what lacks everything and what is over by as much, one of them a loan's repayment; and all other lines.

    `others` are repayments that payroll sends itself: they are looked at for such pairs, and for nothing else. Of
    several parts that are off by the same amount it is not certain which one it was: they stay what they are.
    """
    loans = {_owner(line): line for line in (*lines, *others) if line.part == LOAN}
    beside: dict[tuple[object, ...], list[Line]] = defaultdict(list)
    for line in lines:
        if line.part != LOAN:
            beside[_owner(line)].append(line)
    pairs: list[tuple[Line, Line]] = []
    for owner, loan in loans.items():
        twins = [line for line in beside.get(owner, ()) if line.gap == -loan.gap]
        if len(twins) == 1:
            short, over = (loan, twins[0]) if loan.gap < 0 else (twins[0], loan)
            pairs += [(short, over)] if not short.credited else []
    gone = {id(line) for pair in pairs for line in pair}
    return pairs, [line for line in lines if id(line) not in gone]


def _owner(line: Line) -> tuple[object, ...]:
    return line.person_id, line.plan, line.pay_date


def mixed_up(short: Line, over: Line, month: Month, unit: str) -> Finding:
    """The difference of such a pair, told by what is missing where it belongs."""
    names = {LOAN: "a loan repayment", "pretax": "pre-tax", "roth": "Roth", "match": "match", "qnec": "a QNEC"}
    return Finding(
        Relation.RETIREMENT, Type.LOAN_IN_CONTRIB, str(month), f"{short.pay_date}/{short.part}", "recordkeeper",
        "recordkeeper", f"deposited as {names[short.part]}, credited as {names[over.part]}",
        "Have the recordkeeper move the amount: a loan that is not repaid is in default, and a contribution that is "
        "none counts toward the limits",
        person_id=short.person_id, plan=short.plan, expected=short.deposited, actual=short.credited, unit=unit,
    )  # fmt: skip


def forfeited(session: Session, book: PlanBook, connection_id: str, month: Month) -> Mapping[Key, int]:
    """What was credited from forfeitures of plans that are here, by person, plan, part and pay date."""
    keys = (confirmation.c.person_id, confirmation.c.plan, confirmation.c.part, confirmation.c.pay_date)
    here = [plan.id for plan in plans_of(session, book, month)]
    rows = session.rows(
        select(*keys, func.sum(confirmation.c.amount).label("amount"))
        .where(
            *session.where(confirmation, kind=FORFEITURE, connection_id=connection_id, current=1),
            confirmation.c.pay_date >= month.first, confirmation.c.pay_date < month.end,
            confirmation.c.person_id.is_not(None), confirmation.c.plan.in_(here),
        )
        .group_by(*keys)
        .having(func.sum(confirmation.c.amount) != 0)
    )  # fmt: skip
    return {(row.person_id, row.plan, row.part, row.pay_date): int(row.amount) for row in rows}


def offset(lines: Sequence[Line], used: Mapping[Key, int], book: PlanBook) -> tuple[list[Line], list[Line]]:
    """Lines that forfeitures paid against the plan's rule, and what else differs once the rest of them is counted.

    What the plan lets them pay for, and what they make whole to the cent, is tied out: it is no difference.
    """
    known = {line.key: line for line in lines}
    wrong, rest = [], [line for line in lines if line.key not in used]
    for key, amount in used.items():
        line = known.get(key)
        if line is None:
            # The deposit was credited whole, and this on top of it.
            rest.append(Line(*key, 0, amount, 1))
        elif not _allowed(book.plan(line.plan), line.part):
            wrong.append(replace(line, credited=line.deposited - amount))
            rest += [left] if (left := replace(line, credited=line.credited + amount)).gap else []
        elif (whole := replace(line, credited=line.credited + amount)).gap:
            rest.append(whole)
    return wrong, rest


def _allowed(plan: Plan, part: str) -> bool:
    return part == "match" and plan.match is not None and plan.match.from_forfeitures


def paid_wrongly(lines: Sequence[Line], month: Month, book: PlanBook) -> Iterator[Finding]:
    """One difference a line: forfeitures have paid what the employer has to."""
    for line in lines:
        rule = (
            "the plan does not let them pay for the match" if line.part == "match"
            else "they may pay for no deferral and no correction"
        )  # fmt: skip
        yield Finding(
            Relation.RETIREMENT, Type.FORFEITURE_OFFSET, str(month), f"{line.pay_date}/{line.part}", "recordkeeper",
            "finance", f"a part was credited from forfeitures: {rule}",
            "Have the recordkeeper put the forfeitures back and credit the deposit; deposit what is missing",
            person_id=line.person_id, plan=line.plan, expected=line.deposited, actual=line.credited,
            unit=book.employer.currency,
        )  # fmt: skip
