"""A NACHA file of payments: one batch, its sums worked out, its last block filled.

Nothing here reads a clock or counts on its own: the day, the modifier and the first trace number are handed in, so the
same payments give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from benehub.errors import DataError, FormatError
from benehub.formats.banking_days import next_banking_day
from benehub.formats.nacha.addenda import Remittance
from benehub.formats.nacha.batch_control import BatchControl
from benehub.formats.nacha.batch_header import BatchHeader
from benehub.formats.nacha.codes import (
    CREDITS,
    DEBITS,
    LIVE,
    MIXED,
    PRENOTE,
    ZERO,
    AccountKind,
    Sec,
    is_credit,
    transaction,
)
from benehub.formats.nacha.ctx import MOST
from benehub.formats.nacha.entry import Entry
from benehub.formats.nacha.file import Batch, NachaFile, fillers, records, sums
from benehub.formats.nacha.file_control import FileControl
from benehub.formats.nacha.file_header import FileHeader
from benehub.formats.nacha.layout import BLOCK
from benehub.formats.nacha.routing import routing
from benehub.formats.x12.writer import transliterate

LARGEST = 10**10 - 1
"""US cents of one entry: ten digits."""


@dataclass(frozen=True, slots=True)
class Originator:
    """Who pays, and through which bank.

    Args:
        bank: routing number of the originating bank. `bank_name`: as the file header tells it.
        company_name: up to 16 characters, what the receiver reads. `company_id`: ten, `1` and the tax id.
        origin: immediate origin where the bank assigned another than the company id (10 characters).
    """

    bank: str
    bank_name: str
    company_name: str
    company_id: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment.

    Args:
        amount: US cents; 0 for a prenote, or where only remittance is told.
        texts: the addenda: of CCD at most one, of CTX the 820 as `ctx.cut` gives it.
        prenote: a test of the account without money, three banking days before the first payment.
        debit: money is taken instead of given.
    """

    name: str
    routing: str
    account: str = field(repr=False)
    amount: int
    id: str = ""
    texts: tuple[str, ...] = field(default=(), repr=False)
    kind: AccountKind = AccountKind.CHECKING
    prenote: bool = False
    debit: bool = False


@dataclass(frozen=True, slots=True)
class Numbers:
    """What makes a file and its entries one of a kind; all count up and are handed in.

    Args:
        modifier: A to Z, then 0 to 9: the files of one day.
        batch, first_trace: number of the batch, and of its first entry (seven digits each).
    """

    modifier: str = "A"
    batch: int = 1
    first_trace: int = 1


def payment_file(
    originator: Originator,
    payments: Sequence[Payment],
    *,
    entry_class: Sec,
    description: str,
    effective: date,
    created: datetime,
    numbers: Numbers | None = None,
    descriptive_date: str = "",
) -> NachaFile:
    """The file of `payments`, in one batch.

    Args:
        description: up to ten characters that the receiver reads.
        effective: the banking day on which the money is to settle.
        created: local time of the originator.

    Raises:
        DataError: no payment, no banking day, a wrong routing number, an amount that is none, addenda that the entry
            class does not take. The message names the payment by its number.
        FormatError: a value does not fit its columns.
    """
    numbers = numbers or Numbers()
    if not payments or entry_class not in (Sec.CCD, Sec.CTX):
        raise DataError("no payment, or neither CCD nor CTX", where="NACHA file", mend="Pay something, by CCD or CTX")
    _banking_day(effective, created.date())
    odfi = routing(originator.bank, where="originator, bank")
    entries = tuple(
        _entry(one, number, entry_class, f"{odfi[:8]}{numbers.first_trace + number - 1:07d}")
        for number, one in enumerate(payments, 1)
    )
    batch = _batch(originator, entries, entry_class, description, effective, numbers.batch, descriptive_date)
    head = FileHeader(
        destination=f" {odfi}",
        origin=originator.origin or originator.company_id,
        created=created.date(),
        created_at=f"{created:%H%M}",
        modifier=numbers.modifier,
        destination_name=plain(originator.bank_name, 23),
        origin_name=plain(originator.company_name, 23),
    )
    return whole(head, (batch,))


def whole(head: FileHeader, batches: tuple[Batch, ...]) -> NachaFile:
    """The file of batches: sums worked out, the last block filled."""
    bare = NachaFile(head, batches, FileControl(0, 0, 0, 0, 0, 0))
    total, filled = sums(one for batch in batches for one in batch.entries), fillers(records(bare))
    blocks = (records(bare) + filled) // BLOCK
    control = FileControl(len(batches), blocks, total.count, total.entry_hash, total.debits, total.credits)
    return NachaFile(head, batches, control, fillers=filled)


def closed(header: BatchHeader, entries: tuple[Entry, ...]) -> Batch:
    """The batch with its sums."""
    total = sums(entries)
    control = BatchControl(
        header.service_class, total.count, total.entry_hash, total.debits, total.credits,
        header.company_id, header.bank, header.number,
    )  # fmt: skip
    return Batch(header, entries, control)


def plain(text: str, most: int) -> str:
    """A name in capitals, accents dropped, cut to what its columns hold."""
    return transliterate(text).upper()[:most].strip()


def _banking_day(day: date, created: date) -> None:
    fit = next_banking_day("us", day)
    if fit != day or day < created:
        late = "lies before the file was made" if day < created else "is no banking day"
        raise DataError(
            f"the effective entry date {day} {late}",
            where="NACHA batch",
            mend=f"Take {max(fit, next_banking_day('us', created))}, or the banking day before",
        )


def _batch(
    originator: Originator, entries: tuple[Entry, ...], entry_class: Sec, description: str, effective: date,
    number: int, descriptive_date: str,
) -> Batch:  # fmt: skip
    credit = {is_credit(one.transaction) for one in entries}
    service = MIXED if len(credit) == 2 else CREDITS if True in credit else DEBITS
    header = BatchHeader(
        service_class=service,
        company_name=plain(originator.company_name, 16),
        company_id=originator.company_id,
        entry_class=entry_class.value,
        description=plain(description, 10),
        effective=effective,
        bank=originator.bank[:8],
        number=number,
        descriptive_date=descriptive_date,
    )
    return closed(header, entries)


def _entry(one: Payment, number: int, entry_class: Sec, trace: str) -> Entry:
    where = f"payment {number}"
    _amount(one, where)
    ctx = entry_class is Sec.CTX
    if len(one.texts) > (MOST if ctx else 1):
        raise DataError(
            f"{len(one.texts)} addenda, and {entry_class} takes {MOST if ctx else 1}",
            where=where,
            mend="Pay by CTX, or tell the remittance apart and join it by TRN",
        )
    if len(trace) != 15:
        raise FormatError("the trace number has more than seven digits of its own", where=where, mend="Count from 1")
    digit = PRENOTE if one.prenote else LIVE if one.amount else ZERO
    code = routing(one.routing, where=f"{where}, routing")
    addenda = tuple(Remittance(text.rstrip(" "), n, trace[8:]) for n, text in enumerate(one.texts, 1))
    return Entry(
        transaction=transaction(one.kind, digit, debit=one.debit),
        bank=code[:8],
        check_digit=code[8],
        account=one.account,
        amount=one.amount,
        id=one.id,
        name=plain(one.name, 16 if ctx else 22),
        addenda_flag=1 if addenda else 0,
        trace=trace,
        addenda_count=len(addenda) if ctx else 0,
        addenda=addenda,
    )


def _amount(one: Payment, where: str) -> None:
    wrong = ""
    if not 0 <= one.amount <= LARGEST:
        wrong = "an amount that is negative or has more than ten digits"
    elif one.prenote and one.amount:
        wrong = "a prenote with money"
    elif not one.prenote and not one.amount and not one.texts:
        wrong = "neither money nor remittance"
    elif one.kind is AccountKind.LOAN and one.debit:
        wrong = "a debit of a loan account"
    if wrong:
        raise DataError(wrong, where=where, mend="Correct or leave out the payment")
