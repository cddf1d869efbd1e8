"""What binds the records of a NACHA file: counts, hashes, sums, codes, check digits, banking days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice

from benehub.formats.banking_days import is_banking_day
from benehub.formats.file_finding import FileFinding
from benehub.formats.nacha.addenda import Remittance
from benehub.formats.nacha.codes import (
    CREDITS,
    DEBITS,
    LIVE,
    MIXED,
    PRENOTE,
    RETURNED,
    TRANSACTIONS,
    ZERO,
    Sec,
    action,
    is_credit,
)
from benehub.formats.nacha.entry import Entry
from benehub.formats.nacha.file import Batch, NachaFile, records, sums
from benehub.formats.nacha.layout import BLOCK
from benehub.formats.nacha.routing import is_routing
from benehub.legal.calendars import LAST_YEAR

ANEW = "Ask for the file anew"


def check_file(file: NachaFile, limit: int) -> list[FileFinding]:
    """Everything that is wrong between the records, at most `limit` findings."""
    return list(islice(_file(file), limit))


def _file(file: NachaFile) -> Iterator[FileFinding]:
    yield from _head(file)
    line, before = 2, 0
    for batch in file.batches:
        yield from _batch(batch, line)
        if batch.header.number <= before:
            yield FileFinding(line, "batch header number", "batch-number", "batches must count up", "Number them anew")
        before = batch.header.number
        line += 2 + sum(1 + len(one.addenda) for one in batch.entries)
    yield from _control(file, line)


def _head(file: NachaFile) -> Iterator[FileFinding]:
    head = file.header
    if head.created is None:
        yield FileFinding(1, "file header created", "date", "has no day", ANEW)
    if not (head.modifier.isascii() and head.modifier.isalnum() and head.modifier.upper() == head.modifier):
        yield FileFinding(1, "file header modifier", "modifier", "is not A to Z or 0 to 9", "Count from A")
    if head.created_at and not (head.created_at.isdigit() and head.created_at < "2400" and head.created_at[2:] < "60"):
        yield FileFinding(1, "file header created at", "time", "is no time HHMM", ANEW)
    for name, text in (("destination", head.destination), ("origin", head.origin)):
        number = text.removeprefix(" ")
        if len(text) == 10 and text.startswith(" ") and not is_routing(number):
            mend = "Copy it from the bank's own letter"
            yield FileFinding(1, f"file header {name}", "check-digit", "is no ABA routing number", mend)
        elif not number:
            yield FileFinding(1, f"file header {name}", "missing", "is empty", ANEW)


def _batch(batch: Batch, line: int) -> Iterator[FileFinding]:
    head, control = batch.header, batch.control
    end = line + 1 + sum(1 + len(one.addenda) for one in batch.entries)
    if not batch.entries:
        yield FileFinding(line, "batch", "empty", "has no entry", "Leave the batch out")
    if head.service_class not in (CREDITS, DEBITS, MIXED):
        yield FileFinding(line, "batch header service class", "service-class", "is not 200, 220 or 225", ANEW)
    for name in ("service_class", "company_id", "bank", "number"):
        if getattr(head, name) != getattr(control, name):
            label = f"batch control {name.replace('_', ' ')}"
            yield FileFinding(end, label, "header-and-control", "is not that of the batch header", ANEW)
    yield from _effective(head.effective, line)
    at, before, returned = line + 1, "", False
    for one in batch.entries:
        yield from _entry(one, batch, at)
        if one.trace <= before:
            yield FileFinding(at, "entry trace", "trace-order", "does not rise within the batch", "Number them anew")
        before, returned = one.trace, returned or action(one.transaction) == RETURNED
        at += 1 + len(one.addenda)
    if not returned:
        yield from (
            FileFinding(line, "batch header effective", "date", "has no day", "Say on which banking day to settle")
            for _ in range(head.effective is None)
        )
    total = sums(batch.entries)
    for name in ("count", "entry_hash", "debits", "credits"):
        if getattr(control, name) != getattr(total, name):
            label = f"batch control {name.replace('_', ' ')}"
            yield FileFinding(end, label, name.replace("_", "-"), "is not the sum of its entries", ANEW)


def _effective(day: date | None, line: int) -> Iterator[FileFinding]:
    if day is None:
        return
    if day.year > LAST_YEAR or not is_banking_day("us", day):
        mend = "Take a day on which the Federal Reserve Banks are open"
        yield FileFinding(line, "batch header effective", "banking-day", "is no banking day", mend)


def _entry(one: Entry, batch: Batch, line: int) -> Iterator[FileFinding]:
    if one.transaction not in TRANSACTIONS:
        yield FileFinding(line, "entry transaction", "transaction", "is no transaction code", ANEW)
        return
    if not is_routing(one.routing):
        mend = "Copy it from the bank's own letter"
        yield FileFinding(line, "entry bank", "check-digit", "is no ABA routing number", mend)
    service = batch.header.service_class
    if service != MIXED and (service == CREDITS) != is_credit(one.transaction):
        mend = "Use service class 200, or two batches"
        yield FileFinding(line, "entry transaction", "service-class", "is against the batch's service class", mend)
    kind = action(one.transaction)
    if (kind == LIVE) != (one.amount > 0) and kind != RETURNED:
        yield FileFinding(line, "entry amount", "amount", "does not go with the transaction code", ANEW)
    if kind == ZERO and not one.addenda:
        yield FileFinding(line, "entry amount", "nothing", "neither money nor remittance", "Leave the entry out")
    if not one.account.strip():
        yield FileFinding(line, "entry account", "missing", "is empty", "Ask the receiver for it")
    if kind != RETURNED and one.trace[:8] != batch.header.bank:
        yield FileFinding(line, "entry trace", "trace-bank", "does not begin with the originating bank", ANEW)
    yield from _addenda(one, batch, line)


def _addenda(one: Entry, batch: Batch, line: int) -> Iterator[FileFinding]:
    count = len(one.addenda)
    if one.addenda_flag != (1 if count else 0):
        yield FileFinding(line, "entry addenda flag", "addenda-flag", "does not say whether addenda follow", ANEW)
    if batch.ctx and one.addenda_count != count:
        yield FileFinding(line, "entry addenda count", "addenda-count", f"{count} addenda follow", ANEW)
    if not batch.ctx and count > 1:
        yield FileFinding(line, "entry", "addenda-count", "more than one addenda", "Send it as CTX")
    if batch.header.entry_class == Sec.COR and not count:
        yield FileFinding(line, "entry", "addenda-count", "a change without addenda 98", ANEW)
    if action(one.transaction) == PRENOTE and batch.ctx and count:
        return  # a prenote may say what its payments will carry
    for number, part in enumerate(one.addenda, 1):
        if not isinstance(part, Remittance):
            continue
        if part.sequence != number:
            yield FileFinding(line + number, "addenda sequence", "addenda-order", f"is not {number}", ANEW)
        if part.entry != one.trace[8:]:
            yield FileFinding(line + number, "addenda entry", "addenda-entry", "is not its entry's trace", ANEW)


def _control(file: NachaFile, line: int) -> Iterator[FileFinding]:
    control = file.control
    total = sums(one for batch in file.batches for one in batch.entries)
    for name in ("count", "entry_hash", "debits", "credits"):
        if getattr(control, name) != getattr(total, name):
            label = f"file control {name.replace('_', ' ')}"
            yield FileFinding(line, label, name.replace("_", "-"), "is not the sum of its batches", ANEW)
    if control.batches != len(file.batches):
        yield FileFinding(line, "file control batches", "batches", f"the file has {len(file.batches)}", ANEW)
    lines = records(file) + file.fillers
    if lines % BLOCK:
        yield FileFinding(line, "file", "blocking", f"{lines} records fill no blocks of ten", "Fill it with nines")
    if control.blocks != -(-lines // BLOCK):
        yield FileFinding(line, "file control blocks", "blocks", f"the file has {-(-lines // BLOCK)}", ANEW)
