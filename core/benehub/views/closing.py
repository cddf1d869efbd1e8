"""Whether a month can be signed off: the definition of reconciled as a list that holds or names what does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, and_, exists, func, or_, select

from benehub import ledger
from benehub.ledger import accounts as chart
from benehub.ledger.books import closed
from benehub.money import EXPONENT, format_minor
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.reconcile import MONTHLY, Relation, given_up, to_come
from benehub.reconcile.accounts import untold
from benehub.reconcile.compared import compared, stale, stale_before
from benehub.reconcile.differences import is_of_now
from benehub.reconcile.suppression import beyond, by_rule, set_aside, without_rule
from benehub.store import Session
from benehub.store.session import iso
from benehub.store.tables import difference, dispatch, entry, intake_batch, intake_row, obligation
from benehub.views import suspense
from benehub.views.clearing import clearing
from benehub.views.own_work import undone

NAMED = 10
"""So many of what is in the way are named; the rest is counted."""

OURS = ("premium.accrued", "deduction.expected")
"""What is posted of a month once it is worked out here."""

UNSETTLED = ("prepared", "sending", "unknown", "held")
"""States of a dispatch of which nobody knows the end yet."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold before a month is signed off."""

    name: str
    """What must hold, as a sentence."""
    count: int
    """How many things are in its way; zero when it holds."""
    found: tuple[str, ...]
    """The first of them, each with its id."""
    mend: str
    """What to do about them."""

    @property
    def holds(self) -> bool:
        """Whether nothing is in the way."""
        return self.count == 0

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "found": list(self.found), "holds": self.holds}


def checklist(session: Session, book: PlanBook, month: Month) -> list[Condition]:
    """Every condition of a month's sign-off, in the order in which one works them; nothing is changed."""
    return [
        _over(session, month),
        _in_order(session, month),
        _own_work(session, book, month),
        _compared(session, book, month),
        _custody(session),
        _unsettled(session, month),
        _expected(session, month),
        _discrepancies(session, book, month),
        _overdue(session, month),
        _ruled(session, month),
        _unexplained(session, book, month),
        _proof(session),
    ]


def silent(session: Session, month: Month) -> list[dict[str, str]]:
    """With whom nothing was compared, as nothing of the month was read of him, by relation: whoever signs should know.

    It keeps nobody from signing: money that is owed without a bill is in the way by its clearing account.
    """
    known = compared(session, month)
    return [
        {"relation": relation.value, "connection": one}
        for relation in MONTHLY
        if relation.value in known
        for one in known[relation.value].silent
    ]


def _condition(name: str, found: Sequence[str], mend: str, count: int | None = None) -> Condition:
    return Condition(name, len(found) if count is None else count, tuple(found[:NAMED]), mend)


def _over(session: Session, month: Month) -> Condition:
    today = session.today()
    found = [] if today >= month.end else [f"{month} ends on {month.last}; today is {today}"]
    return _condition("The month is over", found, f"Close it from {month.end} on")


def _in_order(session: Session, month: Month) -> Condition:
    signed = closed(session)
    found: list[str] = []
    if any(one.month >= month for one in signed):
        found = [f"{month} is signed off already"]
    elif signed and signed[-1].month.plus(1) != month:
        found = [f"{signed[-1].month.plus(1)} is still open"]
    return _condition("It is the next month to be closed", found, "Close the months one after the other")


def _own_work(session: Session, book: PlanBook, month: Month) -> Condition:
    """Whether it was done, of the months that are signed along, too."""
    found = undone(session, book, month, _along(session, month))
    work = f"benehub premiums accrue -p {month}; benehub deductions expect -p {month}"
    mend = f"{work}; benehub schedule list; benehub runs retry RUN; benehub schedule run-now NAME"
    return _condition("The month's own work was done", found, mend)


def _compared(session: Session, book: PlanBook, month: Month) -> Condition:
    """Whether every relation was compared since anything last came in, or was let in by a person.

    A pay date whose register is still to come was compared with nothing.

    The first closing signs earlier months along: each of them from the first that was worked out here has to be, too;
    not on the same day once all its days are due.
    """
    found = [f"{one.value} was not compared {why}".rstrip() for one, why in stale(session, month).items()]
    along = stale_before(session, _along(session, month))
    found += [f"{one} is signed along and was not compared since the last read" for one in along]
    mend = f"benehub reconcile all -p {month if len(found) > len(along) or not along else along[0]}"
    coming = to_come.days(session, book, month)
    found += [f"payroll was not compared for {day}: its register is still to come" for day in coming]
    if coming:
        mend = f"benehub sync {book.roles.payroll}; {mend}"
    return _condition("Every relation was compared since the last read", found, mend)


def _along(session: Session, month: Month) -> list[Month]:
    """Months that are signed with this one: none once a month was signed; those before anything was worked out are not.

    What vendors told of earlier months, and opening balances, are no work of ours. A month that is not over cannot be
    signed at all, and there is no end to those: nothing is looked up for it.
    """
    if closed(session) or session.today() < month.end:
        return []
    query = select(func.min(entry.c.effective_date)).where(*session.where(entry), entry.c.type.in_(OURS))
    first = session.connection.execute(query).scalar()
    found: list[Month] = []
    while first is not None and Month.of(first).plus(len(found)) < month:
        found.append(Month.of(first).plus(len(found)))
    return found


_later = intake_batch.alias()
_last = ~(
    select(_later.c.batch_id)
    .where(
        _later.c.employer_id == intake_batch.c.employer_id,
        _later.c.connection_id == intake_batch.c.connection_id,
        _later.c.stream == intake_batch.c.stream,
        _later.c.state == "applied",
        _later.c.seq > intake_batch.c.seq,
    )
    .exists()
)
"""No later read of the stream was applied: one that broke off and was begun anew stays as it was."""


def _custody(session: Session) -> Condition:
    rows = session.rows(
        select(intake_batch.c.connection_id, intake_batch.c.stream, func.count().label("number"))
        .join(
            intake_row,
            (intake_row.c.employer_id == intake_batch.c.employer_id)
            & (intake_row.c.batch_id == intake_batch.c.batch_id),
        )
        .where(*session.where(intake_batch), intake_row.c.outcome == "quarantined", intake_row.c.resolved_seq.is_(None))
        .group_by(intake_batch.c.connection_id, intake_batch.c.stream)
        .order_by(intake_batch.c.connection_id, intake_batch.c.stream)
    )
    found = [f"{row.number} rows of {row.connection_id} {row.stream} in quarantine" for row in rows]
    held = session.rows(
        select(intake_batch)
        .where(
            *session.where(intake_batch),
            or_(intake_batch.c.state == "held", and_(intake_batch.c.state == "staged", _last)),
        )
        .order_by(intake_batch.c.seq)
    )
    found += [
        f"{row.batch_id} of {row.connection_id} {row.stream} is held"
        if row.state == "held"
        else f"{row.batch_id} of {row.connection_id} {row.stream} is read and not applied yet"
        for row in held
    ]
    mend = "Mend each row at its source and read again: benehub intake list --waiting; release or discard what is held"
    count = sum(row.number for row in rows) + sum(max(row.rows, 1) for row in held)
    return _condition("Every row that was read is accounted for", found, mend, count)


def _unsettled(session: Session, month: Month) -> Condition:
    before = iso(datetime.combine(month.end, time(), session.zone()))
    of_it = exists().where(  # a month's premium is often made in the next one
        obligation.c.employer_id == dispatch.c.employer_id, obligation.c.dispatch_id == dispatch.c.dispatch_id,
        obligation.c.period < str(month.plus(1)), obligation.c.period != "",
    )  # fmt: skip
    rows = session.rows(
        select(dispatch.c.dispatch_id, dispatch.c.operation, dispatch.c.state)
        .where(
            dispatch.c.employer_id == session.employer,
            dispatch.c.state.in_(UNSETTLED),
            or_(dispatch.c.prepared_at < before, of_it),
        )
        .order_by(dispatch.c.seq)
    )
    found = [f"{row.dispatch_id} {row.operation} is {row.state}" for row in rows]
    return _condition("Nothing that was to be sent is left open", found, "benehub dispatches list")


def _expected(session: Session, month: Month) -> Condition:
    today = session.today()
    late = {
        row.entry_id: f"{row.entry_id} {row.type}, due {row.due_date}"
        for row in ledger.open_pending(session)
        if row.effective_date < month.end and row.due_date is not None and row.due_date < today
    }
    mend = "Read the results, or say what became of it: benehub differences list"
    return _condition("Nothing that was expected is past its due day", list(late.values()), mend)


def _open(session: Session, month: Month, state: str) -> Sequence[Row[Any]]:
    """Differences of the month and of earlier ones, and of what is so now, whichever month it was found for."""
    return session.rows(
        select(difference)
        .where(*session.where(difference, state=state), or_(difference.c.period < f"{month.plus(1)}", is_of_now()))
        .order_by(difference.c.at_stake.desc(), difference.c.difference_id)
    )


def _discrepancies(session: Session, book: PlanBook, month: Month) -> Condition:
    found = [f"{row.difference_id} {row.relation} {row.type}" for row in _open(session, month, "discrepancy")]
    found += [
        f"{row.difference_id} {row.relation} {row.type} is dismissed; so much takes a second person's word"
        for row in given_up.alone(session, book, difference.c.period < f"{month.plus(1)}")
    ]
    currency, alone_up_to = book.employer.currency, book.guards.alone_up_to_minor
    found += [
        f"{row.difference_id} {row.relation} {row.type} is set aside; so much takes a second person's word"
        for row in beyond(session, currency, month, alone_up_to)
    ]
    mend = "Work them: benehub differences list"
    return _condition("No discrepancy is open", found, mend)


def _overdue(session: Session, month: Month) -> Condition:
    today = session.today()
    found = [
        f"{row.difference_id} {row.relation} {row.type}, to clear by {row.clear_by}"
        for row in _open(session, month, "pending")
        if row.clear_by is not None and row.clear_by < today
    ]
    mend = "Compare again; what has not cleared becomes a discrepancy"
    return _condition("What was to clear by itself has cleared in time", found, mend)


def _ruled(session: Session, month: Month) -> Condition:
    rows = without_rule(session, month)
    found = [f"{row.difference_id} of {row.period}: {row.relation} {row.type}" for row in rows]
    return _condition("What is set aside has a rule in force", found, _again(rows[0]) if rows else "")


def _again(row: Row[Any]) -> str:
    """How what a rule had set aside is looked at once more: by whatever finds differences of its relation."""
    match row.relation:
        case Relation.YEAR:
            how = f"Tie its year out again: benehub reconcile year --year {row.period[:4]}"
        case Relation.COVERAGE:
            how = "Decide cover again: benehub enrollments decide"
        case Relation.ENROLLMENT:
            how = "Take the answers, then send what is due: benehub enrollments acks, benehub enrollments send"
        case _:  # credits are looked at with every comparison of premiums
            how = f"Compare its month again: benehub reconcile all -p {row.period[:7]}"
    return f"{how}; or say what became of it: benehub differences list"


def _unexplained(session: Session, book: PlanBook, month: Month) -> Condition:
    rest = [one for one in clearing(session, book, month) if one.unexplained]
    currency = book.employer.currency
    found = [f"{one.account} {one.name}: {format_minor(one.unexplained, currency)} {currency}" for one in rest]
    again = untold(session, month)[:NAMED] if any(one.account == chart.ACCOUNT_PAYABLE for one in rest) else []
    compare = "; ".join(f"benehub reconcile accounts -p {one}" for one in again) or "benehub reconcile all"
    mend = f"{compare}; then benehub ledger journal --account of what is left"
    if any(one.account == chart.SUSPENSE for one in rest):
        found += [_in_suspense(one, currency) for one in suspense.unnamed(session, month)]
        mend = f"benehub retirement credits; {mend}"
    return _condition("Every clearing balance is the sum of named items", found, mend)


def _in_suspense(one: suspense.Held, currency: str) -> str:
    return f"{chart.SUSPENSE}, {one.told}: {format_minor(one.amount, currency)} {currency}"


def _proof(session: Session) -> Condition:
    proof = ledger.verify(session)
    return _condition("The ledger verifies", list(proof.problems), "benehub ledger verify")


def report(
    session: Session, book: PlanBook, month: Month, held: Sequence[Condition], who: str, note: str
) -> dict[str, Any]:
    """What is signed: totals by account, clearing items, open items with their age, custody counts, the chain's head.

    `held` are the conditions as they were just looked at, the ledger's proof among them. Plain values without personal
    data, amounts as decimal text; the same books give the same report.
    """
    of_month = ledger.book_of(session, month)
    seq, currency = session.latest_seq(), book.employer.currency
    return {
        "employer": {"id": session.employer, "name": book.employer.name, "currency": currency},
        "period": str(month),
        "closed_at": session.now(),
        "who": who,
        "note": note,
        "plan_book": book.version,
        "recorded_order": seq,
        "chain_head": ledger.head(session),
        "conditions": [one.name for one in held],
        "silent": silent(session, month),
        "accounts": [_movement(one) for one in ledger.movements(session, of_month)],
        "clearing": [
            {
                "account": one.account, "name": one.name, "balance": format_minor(one.balance, currency),
                "items": [
                    {"name": item.name, "amount": format_minor(item.amount, currency),
                     "clear_by": "" if item.clear_by is None else str(item.clear_by)}
                    for item in one.items
                ],
            }
            for one in clearing(session, book, month)
        ],
        "corrections": list(_corrections(session, of_month)),
        "open_items": list(_carried_over(session, month)),
        "rules": _rules(session, month),
        "differences": _decided(session, month),
        "custody": _counts(session, month),
    }  # fmt: skip


def _movement(one: ledger.Movement) -> dict[str, str]:
    amounts = {"opening": one.opening, "debit": one.debit, "credit": one.credit, "closing": one.closing}
    return {
        "account": one.account, "name": one.name, "unit": one.unit,
        **{name: _text(value, one.unit) for name, value in amounts.items()},
    }  # fmt: skip


def _text(value: int, unit: str) -> str:
    return format_minor(value, unit) if unit in EXPONENT else str(value)


def _corrections(session: Session, of_month: ledger.Book) -> Iterator[dict[str, Any]]:
    """Entries of months that were signed off before, by month and kind: their number and their debits."""
    if of_month.since is None:
        return
    sums: dict[tuple[str, str, str], list[Any]] = {}
    for one in ledger.postings(session, of_month):
        if one.corrects:
            seen, debit = sums.setdefault((one.corrects, one.type, one.unit), [set(), 0])
            seen.add(one.entry_id)
            sums[(one.corrects, one.type, one.unit)][1] = debit + max(one.amount, 0)
    for (of, kind, unit), (seen, debit) in sorted(sums.items()):
        yield {"period": of, "type": kind, "entries": len(seen), "amount": _text(debit, unit), "unit": unit}


def _carried_over(session: Session, month: Month) -> Iterator[dict[str, Any]]:
    """What is in its time, and what a rule sets aside of the month: until its last day. Earlier months said theirs."""
    for row in _open(session, month, "pending"):
        yield _item(session, row, row.clear_by)
    for one in set_aside(session, month):
        yield _item(session, one.row, None if one.rule is None else one.rule.ends)


def _rules(session: Session, month: Month) -> list[dict[str, Any]]:
    """What each rule sets aside of this month and all before."""
    return [
        {
            "rule": one.rule.suppression_id, "relation": one.rule.relation, "type": one.rule.type,
            "ends": str(one.rule.ends), "number": one.number, "amount": _text(one.at_stake, one.unit), "unit": one.unit,
        }
        for one in by_rule(session, month)
    ]  # fmt: skip


def _item(session: Session, row: Row[Any], until: date | None) -> dict[str, Any]:
    age = session.today() - session.day_of(row.first_seen)
    return {
        "difference": row.difference_id, "relation": row.relation, "type": row.type, "period": row.period,
        "amount": _text(row.at_stake, row.unit), "unit": row.unit, "age_days": age // timedelta(days=1),
        "clear_by": "" if until is None else str(until), "owner": row.owner, "state": row.state,
    }  # fmt: skip


def _decided(session: Session, month: Month) -> list[dict[str, Any]]:
    """How many differences of the month stand in which state, by relation."""
    rows = session.rows(
        select(difference.c.relation, difference.c.state, func.count().label("number"))
        .where(*session.where(difference), difference.c.period.in_((str(month), *_days(month))))
        .group_by(difference.c.relation, difference.c.state)
        .order_by(difference.c.relation, difference.c.state)
    )
    return [{"relation": row.relation, "state": row.state, "number": row.number} for row in rows]


def _days(month: Month) -> list[str]:
    return [str(date(month.year, month.month, day)) for day in range(1, month.days + 1)]


COUNTS = ("rows", "applied", "unchanged", "quarantined", "superseded", "gone")


def _counts(session: Session, month: Month) -> list[dict[str, Any]]:
    """Rows read in the month by connection and stream: in = applied + unchanged + quarantined + superseded."""
    start, end = (iso(datetime.combine(day, time(), session.zone())) for day in (month.first, month.end))
    sums = [func.sum(intake_batch.c[name]).label(name) for name in COUNTS]
    rows = session.rows(
        select(intake_batch.c.connection_id, intake_batch.c.stream, func.count().label("batches"), *sums)
        .where(
            *session.where(intake_batch),
            intake_batch.c.state == "applied",
            intake_batch.c.recorded_at >= start,
            intake_batch.c.recorded_at < end,
        )
        .group_by(intake_batch.c.connection_id, intake_batch.c.stream)
        .order_by(intake_batch.c.connection_id, intake_batch.c.stream)
    )
    return [
        {
            "connection": row.connection_id, "stream": row.stream, "batches": row.batches,
            **{name: int(row._mapping[name] or 0) for name in COUNTS},
        }
        for row in rows
    ]  # fmt: skip
