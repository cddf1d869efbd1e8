"""The books by month: which entries a month holds once it is signed off, and what its accounts moved by.

An entry is true on its effective date, for ever. In the books it stands in the month of that date, unless that
month was signed off before the entry was recorded: then it is a correction and stands in the first month that
was open. So a signed month never changes, no entry has to be moved, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from benehub.ledger.accounts import CHART
from benehub.periods import Month
from benehub.store import Session
from benehub.store.tables import closing, entry, leg


@dataclass(frozen=True, slots=True)
class Closed:
    """A month that is signed off, and how far in the recorded order the sign-off goes."""

    month: Month
    seq: int
    closing_id: str
    head: str
    closed_at: str
    who: str
    digest: str


@dataclass(frozen=True, slots=True)
class Movement:
    """What an account moved by in a month of the books: minor units, debits and credits both positive."""

    account: str
    unit: str
    opening: int
    debit: int
    credit: int

    @property
    def name(self) -> str:
        """The account's name in the chart."""
        return CHART[self.account].name

    @property
    def closing(self) -> int:
        """Its balance at the month's end; a debit is positive."""
        return self.opening + self.debit - self.credit


@dataclass(frozen=True, slots=True)
class Posting:
    """One leg as it stands in the books of a month."""

    entry_id: str
    type: str
    booked: date
    corrects: str
    """Month that was signed off before this was known; empty for an entry of the month itself."""
    account: str
    unit: str
    amount: int


def closed(session: Session) -> tuple[Closed, ...]:
    """The months that are signed off, in their order."""
    rows = session.rows(select(closing).where(*session.where(closing)).order_by(closing.c.period))
    return tuple(
        Closed(Month.parse(row.period), row.seq, row.closing_id, row.head, row.closed_at, row.who, row.digest)
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class Book:
    """The books of one month: of a signed one as they were signed, of an open one as they are."""

    month: Month
    until: int | None
    """Last number of the recorded order that a signed month holds; None while it is open."""
    since: int | None
    """From the number after this one on, entries of earlier months are corrections; None: nothing was signed."""

    @property
    def signed(self) -> bool:
        """Whether the month is signed off."""
        return self.until is not None

    def holds(self) -> ColumnElement[bool]:
        """Whether an entry stands in this month's books."""
        own = and_(entry.c.effective_date >= self.month.first, entry.c.effective_date < self.month.end)
        late = and_(entry.c.effective_date < self.month.first, entry.c.seq > (self.since or 0))
        return and_(own if self.since is None else or_(own, late), self._known())

    def reaches(self) -> ColumnElement[bool]:
        """Whether an entry stands in the books of this month or an earlier one."""
        return and_(entry.c.effective_date < self.month.end, self._known())

    def _known(self) -> ColumnElement[bool]:
        return entry.c.seq <= self.until if self.until is not None else entry.c.seq > 0


def book_of(session: Session, month: Month) -> Book:
    """The books of a month."""
    signed = closed(session)
    covering = next((one for one in signed if one.month >= month), None)
    before = next((one for one in reversed(signed) if one.month < month), None)
    if before is not None and before.month.plus(1) != month:
        before = None  # corrections stand in the first open month, which lies between
    return Book(month, covering.seq if covering else None, before.seq if before else None)


def movements(session: Session, book: Book) -> list[Movement]:
    """What every account that ever moved stood at and moved by, by account and unit; posted entries alone."""
    inside = book.holds()
    amount = leg.c.amount

    def total(which: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((which, amount), else_=0)), 0)

    query = (
        select(
            leg.c.account,
            leg.c.unit,
            total(~inside).label("opening"),
            total(and_(inside, amount > 0)).label("debit"),
            total(and_(inside, amount < 0)).label("credit"),
        )
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(leg.c.employer_id == session.employer, entry.c.status == "posted", book.reaches())
        .group_by(leg.c.account, leg.c.unit)
        .order_by(leg.c.account, leg.c.unit)
    )
    return [
        Movement(row.account, row.unit, int(row.opening), int(row.debit), -int(row.credit))
        for row in session.rows(query)
    ]


def postings(session: Session, book: Book, units: Sequence[str] = ()) -> Iterator[Posting]:
    """The posted legs of a month's books in the order of the day they stand at, then as recorded; streamed."""
    booked = case((entry.c.effective_date < book.month.first, book.month.first), else_=entry.c.effective_date)
    query = (
        select(
            entry.c.entry_id, entry.c.type, entry.c.effective_date, leg.c.account, leg.c.unit, leg.c.amount
        )
        .join(leg, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(entry.c.employer_id == session.employer, entry.c.status == "posted", book.holds())
        .order_by(booked, entry.c.seq, leg.c.leg_no)
    )  # fmt: skip
    if units:
        query = query.where(leg.c.unit.in_(units))
    for row in session.connection.execute(query.execution_options(yield_per=1000)):
        late = row.effective_date < book.month.first
        yield Posting(
            row.entry_id, row.type, book.month.first if late else row.effective_date,
            str(Month.of(row.effective_date)) if late else "", row.account, row.unit, int(row.amount),
        )  # fmt: skip
