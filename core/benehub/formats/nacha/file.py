"""A whole NACHA file: its batches, its sums, and its bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benehub.formats.nacha import addenda, batch_control, batch_header, entry, file_control, file_header
from benehub.formats.nacha.batch_control import BatchControl
from benehub.formats.nacha.batch_header import BatchHeader
from benehub.formats.nacha.codes import Sec, is_credit
from benehub.formats.nacha.entry import Entry
from benehub.formats.nacha.file_control import FILLER, FileControl
from benehub.formats.nacha.file_header import FileHeader
from benehub.formats.nacha.layout import BLOCK

HASH_DIGITS = 10**10
"""An entry hash keeps its last ten digits."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch: header, entries, totals."""

    header: BatchHeader
    entries: tuple[Entry, ...]
    control: BatchControl

    @property
    def ctx(self) -> bool:
        """Whether its entries count their addenda."""
        return self.header.entry_class == Sec.CTX


@dataclass(frozen=True, slots=True)
class NachaFile:
    """A file as it is, right or wrong: `render` gives back the bytes it was read from.

    Args:
        line_end: what stands between records, `\\n`, `\\r\\n`, or nothing. `ended`: it stands after the last, too.
        fillers: records of nines after the file control.
    """

    header: FileHeader
    batches: tuple[Batch, ...]
    control: FileControl
    line_end: str = "\n"
    ended: bool = True
    fillers: int = 0


@dataclass(frozen=True, slots=True)
class Sums:
    """What a control record says of its entries: counts with addenda, hash, and US cents."""

    count: int
    entry_hash: int
    debits: int
    credits: int


def sums(entries: Iterable[Entry]) -> Sums:
    """The sums of entries."""
    count = total_hash = debits = credited = 0
    for one in entries:
        count += 1 + len(one.addenda)
        total_hash += int(one.bank or 0)
        if is_credit(one.transaction):
            credited += one.amount
        else:
            debits += one.amount
    return Sums(count, total_hash % HASH_DIGITS, debits, credited)


def records(file: NachaFile) -> int:
    """How many records it has before the fillers."""
    return 2 + sum(2 + sum(1 + len(one.addenda) for one in batch.entries) for batch in file.batches)


def fillers(count: int) -> int:
    """How many records of nines fill the last block."""
    return -count % BLOCK


def render(file: NachaFile) -> bytes:
    """The file's bytes.

    Raises:
        FormatError: a value does not fit its columns.
    """
    text = file.line_end.join(lines(file))
    return (text + file.line_end if file.ended else text).encode("ascii")


def lines(file: NachaFile) -> Iterator[str]:
    """Its records, 94 characters each."""
    yield file_header.LAYOUT.write(file.header)
    for batch in file.batches:
        yield batch_header.LAYOUT.write(batch.header)
        for one in batch.entries:
            yield (entry.CTX_LAYOUT if batch.ctx else entry.LAYOUT).write(one)
            yield from map(addenda.write, one.addenda)
        yield batch_control.LAYOUT.write(batch.control)
    yield file_control.LAYOUT.write(file.control)
    yield from (FILLER for _ in range(file.fillers))
