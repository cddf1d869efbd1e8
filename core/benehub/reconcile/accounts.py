"""The custodian against us: taken from pay, sent and posted, per person, account, whose money and pay date."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, or_, select

from benehub.errors import ConfigError
from benehub.ledger import accounts as chart
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook
from benehub.reconcile import account_limits, nothing
from benehub.reconcile.compared import note_compared
from benehub.reconcile.differences import UNSETTLED, Outcome, settle
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.reconcile.payable import still_dismissed
from benehub.store import Session
from benehub.store.tables import confirmation, difference, dispatch, entry, leg, obligation

Due = Callable[[Plan, date], date]
"""The day by which the contributions of a pay date have to be with the custodian."""
KEY = ("plan", "pay_date", "person_id", "money_source")
ON_PAYABLE = (Type.WITHHELD_NOT_DEPOSITED, Type.CONTRIBUTION_REFUSED, Type.DEPOSITED_OVER)
"""Differences with a custodian, or of an account without one, that leave money owed, or sent beyond what is owed."""


def compare(session: Session, book: PlanBook, month: Month, due: Due) -> list[Finding]:
    """Every difference with the custodians for the month's pay dates, and who is over a limit.

    Accounts paid outside benehub have no custodian to be compared with: what is held for them is told by pay date, and
    their limits are looked at.
    """
    open_ = _open(session, month)
    plans = _accounts(book, open_)
    kept = {plan.id for plan in plans if plan.custodian}
    outside = {plan.id for plan in plans if not plan.custodian}
    return [
        *_held(book, month, _of(open_, chart.ACCOUNT_PAYABLE, outside), due),
        *_not_deposited(session, book, month, _of(open_, chart.ACCOUNT_PAYABLE, kept), due),
        *_not_credited(session, book, month, _of(open_, chart.CUSTODIAN_TRANSIT, kept), due),
        *_unknown(session, book, month, kept),
        *account_limits.compare(session, book, month),
    ]


def settle_untold(session: Session, book: PlanBook, month: Month, due: Due, read_to: int) -> Outcome:
    """Compare anew what nobody compares again by himself: earlier months whose held money no difference tells.

    They were compared, and signed off, before such money was told. What is found follows from the ledger alone, so
    nobody has to be asked; the entries of a signed month stay as they are.
    """
    outcome = Outcome((), (), 0)
    for earlier in untold(session, month.plus(-1)):
        found = compare(session, book, earlier, due)
        outcome += settle(session, Relation.ACCOUNTS, str(earlier), found, session.today(), read_to)
        note_compared(
            session, Relation.ACCOUNTS, earlier, read_to, nothing.silent(session, book, Relation.ACCOUNTS, earlier)
        )
    return outcome


def untold(session: Session, until: Month) -> list[Month]:
    """The months up to this one whose pay dates hold money for accounts of which no difference tells."""
    held = session.rows(
        select(leg.c.pay_date)
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.ACCOUNT_PAYABLE,
            leg.c.posted_as.is_not(None), leg.c.pay_date < until.end,
        )
        .group_by(leg.c.pay_date)
        .having(func.sum(leg.c.amount) != 0)
    )  # fmt: skip
    if not held:
        return []
    told = session.rows(
        select(difference.c.period)
        .where(
            *session.where(difference, relation=Relation.ACCOUNTS.value), difference.c.type.in_(ON_PAYABLE),
            or_(difference.c.state.in_(UNSETTLED), still_dismissed()),
        )
        .distinct()
    )  # fmt: skip
    return sorted({Month.of(row.pay_date) for row in held} - {Month.parse(row.period) for row in told})


def _accounts(book: PlanBook, open_: Sequence[_Open]) -> list[Plan]:
    """The accounts of the plan book, and those dropped since for which something is open."""
    here = {plan.id for plan in book.plans}
    others = (book.find(name) for name in sorted({str(one.plan) for one in open_} - here))
    return [*book.account_plans(), *(plan for plan in others if plan is not None and plan.is_account)]


def _by(due: Due, plan: Plan, day: date) -> date | None:
    """The day by which it has to be paid over; none where no bank calendar tells it: it is open at once."""
    try:
        return due(plan, day)
    except ConfigError:
        return None


@dataclass(frozen=True, slots=True)
class _Open:
    """What an account holds for a plan, pay date, person and whose money: minor units, credit below zero."""

    account: str
    plan: str
    day: date
    person_id: str
    part: str
    amount: int


def _open(session: Session, month: Month) -> list[_Open]:
    """What is owed to custodians and on its way to them for the month's pay dates."""
    keys = (leg.c.account, leg.c.unit, *(leg.c[name] for name in KEY))
    rows = session.rows(
        select(*keys, func.sum(leg.c.amount).label("amount"))
        .where(
            leg.c.employer_id == session.employer, leg.c.posted_as.is_not(None),
            leg.c.account.in_((chart.ACCOUNT_PAYABLE, chart.CUSTODIAN_TRANSIT)),
            leg.c.pay_date >= month.first, leg.c.pay_date < month.end,
        )
        .group_by(*keys)
        .having(func.sum(leg.c.amount) != 0)
        .order_by(*keys)
    )  # fmt: skip
    return [
        _Open(row.account, row.plan, row.pay_date, row.person_id, row.money_source, int(row.amount)) for row in rows
    ]


def _of(open_: Sequence[_Open], account: str, plans: Collection[str]) -> list[_Open]:
    return [one for one in open_ if one.account == account and one.plan in plans]


def _held(book: PlanBook, month: Month, open_: Sequence[_Open], due: Due) -> Iterator[Finding]:
    """What is held for accounts that no connection pays: one a pay date, until somebody has paid it over.

    What was given back too much is somebody's own, and lowers nobody else's.
    """
    held: dict[tuple[str, date], int] = {}
    action = "Pay it over and dismiss this with amount and day, or name the account's custodian in the plan book"
    unit = book.employer.currency
    for one in open_:
        plan, day, person_id, part, amount = one.plan, one.day, one.person_id, one.part, one.amount
        if amount < 0:
            held[plan, day] = held.get((plan, day), 0) - amount
        elif amount:
            yield Finding(
                Relation.ACCOUNTS, Type.DEPOSITED_OVER, str(month), f"{day}/{part}", "hub", "finance",
                "more was given back than was held: the account has no custodian", action,
                person_id=person_id, plan=plan, expected=0, actual=amount, unit=unit,
            )  # fmt: skip
    for (plan, day), owed in sorted(held.items()):
        yield Finding(
            Relation.ACCOUNTS, Type.WITHHELD_NOT_DEPOSITED, str(month), f"{day}", "hub", "finance",
            "taken from pay or granted, and held: the account has no custodian", action,
            plan=plan, expected=owed, actual=0, unit=unit, clear_by=_by(due, book.plan(plan), day),
        )  # fmt: skip


def _not_deposited(
    session: Session, book: PlanBook, month: Month, open_: Sequence[_Open], due: Due
) -> Iterator[Finding]:  # fmt: skip
    """What payroll took and nobody has sent: one a pay date; what was rejected, or sent too much, line by line."""
    refused = _refused(session, month)
    waiting: dict[tuple[str, date], int] = {}
    for one in open_:
        plan, day, person_id, part, amount = one.plan, one.day, one.person_id, one.part, one.amount
        why = refused.get((plan, person_id, day))
        if amount < 0 and why is None:
            waiting[plan, day] = waiting.get((plan, day), 0) - amount
            continue
        kind, cause = Type.CONTRIBUTION_REFUSED, f"the custodian has rejected it ({why})"[:500]
        action = "Have the account mended, then send it again: benehub accounts deposit"
        if amount > 0:
            kind, cause = Type.DEPOSITED_OVER, "more was sent to the custodian than payroll took"
            action = "Ask the custodian for the excess; it lowers nobody else's deposit"
        yield Finding(
            Relation.ACCOUNTS, kind, str(month), f"{day}/{part}", "custodian", "finance", cause, action,
            person_id=person_id, plan=plan, expected=max(0, -amount), actual=max(0, amount),
            unit=book.employer.currency,
        )  # fmt: skip
    for (plan, day), owed in sorted(waiting.items()):
        yield Finding(
            Relation.ACCOUNTS, Type.WITHHELD_NOT_DEPOSITED, str(month), f"{day}", "hub", "finance",
            "taken from pay or granted, but not sent to the custodian", "Send it now: benehub accounts deposit",
            plan=plan, expected=owed, actual=0, unit=book.employer.currency, clear_by=_by(due, book.plan(plan), day),
        )  # fmt: skip


def _refused(session: Session, month: Month) -> dict[tuple[str, str, date], str]:
    """Plan, person and pay date of what stands refused -> why."""
    rows = session.rows(
        select(obligation.c.plan, obligation.c.person_id, obligation.c.business_key, obligation.c.reason).where(
            *session.where(obligation, kind="account.deposit", state="refused", period=str(month))
        )
    )
    return {(row.plan, row.person_id, date.fromisoformat(row.business_key.split("/")[-2])): row.reason for row in rows}


def _not_credited(
    session: Session, book: PlanBook, month: Month, open_: Sequence[_Open], due: Due
) -> Iterator[Finding]:  # fmt: skip
    answered = _answered(session, month)
    for one in open_:
        plan, day, person_id, part, amount = one.plan, one.day, one.person_id, one.part, one.amount
        clear_by = None
        if (plan, person_id, part, day) not in answered:
            kind, cause = Type.DEPOSITED_NOT_CREDITED, "sent, no answer of the custodian yet"
            action, clear_by = "Ask the custodian for the status of the file", _by(due, book.plan(plan), day)
        elif amount < 0:
            kind, cause = Type.CREDITED_SHORT, "less was posted to the account than was sent"
            action = "Ask the custodian for the rest"
        else:
            kind, cause = Type.CREDITED_OVER, "more was posted to the account than was sent"
            action = "Ask the custodian where the money came from"
        yield Finding(
            Relation.ACCOUNTS, kind, str(month), f"{day}/{part}", "custodian", "custodian", cause, action,
            person_id=person_id, plan=plan, expected=max(0, -amount), actual=max(0, amount),
            unit=book.employer.currency, clear_by=clear_by,
        )  # fmt: skip


def _answered(session: Session, month: Month) -> set[tuple[str, str, str, date]]:
    """Plan, person, whose money and pay date of what the custodian has posted in whole or part."""
    rows = session.rows(
        select(leg.c.plan, leg.c.person_id, leg.c.money_source, leg.c.pay_date)
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.CUSTODIAN_TRANSIT,
            entry.c.type.in_(("account.credited", "account.credited.reversed")),
            leg.c.pay_date >= month.first,
            leg.c.pay_date < month.end,
        )
        .group_by(leg.c.plan, leg.c.person_id, leg.c.money_source, leg.c.pay_date)
        .having(func.sum(leg.c.amount) != 0)
    )
    return {(row.plan, row.person_id, row.money_source, row.pay_date) for row in rows}


def _unknown(session: Session, book: PlanBook, month: Month, kept: set[str]) -> Iterator[Finding]:
    """Answers to a line that no file of ours carried."""
    custodians = sorted({str(book.plan(plan).custodian) for plan in kept})
    files: dict[tuple[str, str], set[str]] = {}
    for row in session.rows(
        select(confirmation).where(
            *session.where(confirmation, kind="contribution_result", current=1, part="line"),
            confirmation.c.connection_id.in_(custodians),
            confirmation.c.pay_date >= month.first,
            confirmation.c.pay_date < month.end,
        )
    ):
        file = (row.connection_id, row.reference)
        if file not in files:
            files[file] = _carried(session, *file)
        if row.detail["line"] not in files[file]:
            yield Finding(
                Relation.ACCOUNTS, Type.UNKNOWN_PARTICIPANT, str(month), f"{row.connection_id}/{row.row_key}"[-120:],
                "custodian", "custodian", "the custodian answers a line that we did not send",
                "Ask the custodian which file it read", plan=row.plan, expected=0, actual=row.amount,
                unit=book.employer.currency,
            )  # fmt: skip


def _carried(session: Session, connection_id: str, control: str) -> set[str]:
    """References of the lines that a file carried, as posted."""
    rows = session.rows(
        select(entry.c.idempotency_key)
        .join(dispatch, (dispatch.c.employer_id == entry.c.employer_id) & (dispatch.c.dispatch_id == entry.c.source))
        .where(
            *session.where(entry, type="account.deposited"),
            dispatch.c.connection_id == connection_id,
            dispatch.c.control == int(control),
        )
    )
    return {row.idempotency_key.rpartition("/")[2] for row in rows}
