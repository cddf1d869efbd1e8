"""Everything that is wrong with a SEPA file, whichever of the three messages it is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from benehub.errors import DataError
from benehub.formats.file_finding import FileFinding
from benehub.formats.sepa import credit_transfer_read, payment_status, statement, xml
from benehub.formats.sepa.schema import schema_findings
from benehub.formats.sepa.statement import Entry, Statement


def check(data: bytes, limit: int = 1000) -> tuple[FileFinding, ...]:
    """At most `limit` findings; what cannot be read on ends the list."""
    return tuple(islice(_all(data), limit))


def _all(data: bytes) -> Iterator[FileFinding]:
    try:
        match xml.message(data).kind:
            case "pain.001":
                yield from (one for one in credit_transfer_read.read(data) if isinstance(one, FileFinding))
                yield from schema_findings(data)
            case "pain.002":
                for _ in payment_status.parse(data):
                    pass
            case "camt.053":
                yield from _statements(data)
            case kind:
                mend = "Read are pain.001, pain.002 and camt.053"
                yield FileFinding(0, "Document", "message", f"{kind} is not read", mend)
    except DataError as error:
        yield FileFinding(getattr(error, "position", 0), error.where, "unreadable", error.what, error.mend)


def _statements(data: bytes) -> Iterator[FileFinding]:
    head: Statement | None = None
    moved = number = 0
    for one in statement.parse(data):
        if isinstance(one, Statement):
            yield from _closed(head, moved)
            head, moved, number = one, 0, 0
            continue
        number += 1
        moved += one.signed if one.booked else 0
        yield from _entry(one, number)
    yield from _closed(head, moved)


def _entry(one: Entry, number: int) -> Iterator[FileFinding]:
    if not one.explained:
        text = "the details are not the sum of the entry"
        yield FileFinding(0, f"Ntry {number}", "details", text, "Ask the bank which transaction is missing")
    if one.batch_count is not None and one.details and one.batch_count != len(one.details):
        text = f"a batch of {one.batch_count} with {len(one.details)} details"
        yield FileFinding(0, f"Ntry {number}", "batch", text, "Ask the bank for the missing details")
    if one.booked and one.booking_date is None:
        yield FileFinding(0, f"Ntry {number}", "date", "booked on no day", "Ask the bank for the file anew")


def _closed(head: Statement | None, moved: int) -> Iterator[FileFinding]:
    """Opening balance and entries are the closing balance; nothing to compare where one is not told."""
    if head is None:
        return
    opening, closing = head.balance("OPBD", "PRCD"), head.balance("CLBD")
    if opening and closing and opening.amount + moved != closing.amount:
        text = "opening balance and entries are not the closing balance"
        yield FileFinding(0, "Stmt/Bal", "balance", text, "Ask the bank for the missing pages")
