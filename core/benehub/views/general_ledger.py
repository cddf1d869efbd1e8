"""A month of the books as the general ledger takes it: a journal as CSV, or DATEV's booking batch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from benehub import ledger
from benehub.errors import ConfigError, DataError, NeedsPersonError
from benehub.formats.datev_postings import BatchHead, Booking, render
from benehub.ledger import Book
from benehub.ledger.general import Pair, numbers, pairs
from benehub.money import EXPONENT, format_minor
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.store import Session

HEADER = "date,reference,text,account,contra_account,debit,credit,currency,entries,corrects"


def _journal(session: Session, book: PlanBook, of_month: Book, draft: bool) -> Iterator[Pair]:
    if not of_month.signed and not draft:
        raise NeedsPersonError(
            f"{of_month.month} is not closed: its books can still change",
            mend=f"Close it (benehub period close -p {of_month.month}), or ask for a draft (--draft)",
        )
    # Leave in minutes is kept beside the money, and no general ledger takes it.
    units = sorted(EXPONENT)
    return pairs(ledger.postings(session, of_month, units), numbers(book.books.chart, book.books.accounts))


def journal_csv(session: Session, book: PlanBook, month: Month, draft: bool = False) -> Iterator[str]:
    """The journal, two lines a pair, as CSV; debits and credits are decimal text and sum to the same.

    Raises:
        NeedsPersonError: the month is not closed, and no draft is asked for.
        ConfigError: an account without a number in the general ledger.
    """
    lines = _journal(session, book, ledger.book_of(session, month), draft)
    yield HEADER
    for number, one in enumerate(lines, 1):
        amount, tail = format_minor(one.amount, one.unit), f"{one.unit},{one.entries},{one.corrects}"
        head = f"{one.booked},{_reference(month, number)},{_text(one)}"
        yield f"{head},{one.debit},{one.credit},{amount},,{tail}"
        yield f"{head},{one.credit},{one.debit},,{amount},{tail}"


def datev_batch(session: Session, book: PlanBook, month: Month, draft: bool = False) -> Iterator[bytes]:
    """The journal as DATEV's booking batch; that of a closed month asks to be fixed there.

    Raises:
        NeedsPersonError: the month is not closed, and no draft is asked for.
        ConfigError: no adviser and client number, or an account without a number in the general ledger.
        DataError: the employer's money is not the euro.
    """
    terms, of_month = book.books, ledger.book_of(session, month)
    if terms.datev is None:
        raise ConfigError("no adviser and client number", where="plan book, books.datev", mend="Add both")
    if book.employer.currency != "EUR":
        raise DataError(
            f"the books are in {book.employer.currency}", where="DATEV batch", mend="Use the journal: --format journal"
        )
    begins = date(month.year if month.month >= terms.year_starts else month.year - 1, terms.year_starts, 1)
    head = BatchHead(
        terms.datev.consultant, terms.datev.client, begins, month.first, month.last, session.local_now(),
        f"Benefits {month}{'' if of_month.signed else ' ENTWURF'}", terms.datev.account_length,
        final=of_month.signed,
    )  # fmt: skip
    lines = _journal(session, book, of_month, draft)
    return render(
        head,
        (
            Booking(one.booked, one.debit, one.credit, one.amount, _reference(month, number), _text(one))
            for number, one in enumerate(lines, 1)
        ),
    )


def _reference(month: Month, number: int) -> str:
    return f"BH{month.year:04d}{month.month:02d}-{number:05d}"


def _text(one: Pair) -> str:
    return f"{one.type} (zu {one.corrects})" if one.corrects else one.type
