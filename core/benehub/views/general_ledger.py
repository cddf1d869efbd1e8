"""A month of the books as the general ledger takes it: a journal as CSV, or DATEV's booking batch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sqlalchemy import select

from benehub import ledger, planbook
from benehub.errors import ConfigError, DataError, NeedsPersonError
from benehub.formats.datev_postings import BatchHead, Booking, render
from benehub.ledger import Book
from benehub.ledger.books import closed
from benehub.ledger.general import Pair, numbers, pairs
from benehub.money import EXPONENT, format_minor
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.planbook.parts.employer import Books
from benehub.store import Session
from benehub.store.tables import plan_book
from benehub.views.signed import signed_report

HEADER = "date,reference,text,account,contra_account,debit,credit,currency,entries,corrects"


def _books(session: Session, book: PlanBook, of_month: Book) -> Books:
    """How the month's books are kept: of a signed one as when it was signed, so that it is exported alike for ever.

    Who the adviser's client is may be told later: what was not known then is taken from the book in force.
    """
    if not of_month.signed:
        return book.books
    month = next(one.month for one in closed(session) if one.month >= of_month.month)
    version = signed_report(session, month)["plan_book"]
    content = session.connection.execute(
        select(plan_book.c.content).where(*session.where(plan_book, version=version)).limit(1)
    ).scalar()
    if version == book.version or content is None:
        return book.books
    then = planbook.books(content, f"plan book {version}")
    return then if then.datev is not None else then.model_copy(update={"datev": book.books.datev})


def _journal(session: Session, terms: Books, of_month: Book, draft: bool) -> Iterator[Pair]:
    if not of_month.signed and not draft:
        raise NeedsPersonError(
            f"{of_month.month} is not closed: its books can still change",
            mend=f"Close it (benehub period close -p {of_month.month}), or ask for a draft (--draft)",
        )
    # Leave in minutes is kept beside the money, and no general ledger takes it.
    units = sorted(EXPONENT)
    return pairs(ledger.postings(session, of_month, units), numbers(terms.chart, terms.accounts))


def journal_csv(session: Session, book: PlanBook, month: Month, draft: bool = False) -> Iterator[str]:
    """The journal, two lines a pair, as CSV; debits and credits are decimal text and sum to the same.

    Raises:
        NeedsPersonError: the month is not closed, and no draft is asked for.
        ConfigError: an account without a number in the general ledger.
    """
    of_month = ledger.book_of(session, month)
    lines = _journal(session, _books(session, book, of_month), of_month, draft)
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
    of_month = ledger.book_of(session, month)
    terms = _books(session, book, of_month)
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
    lines = _journal(session, terms, of_month, draft)
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
