"""What a bank sends back: returns (the money comes back) and notifications of change (the next one is to differ)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from benehub.formats.nacha.addenda import Change, Return
from benehub.formats.nacha.codes import CHANGES, RETURNS
from benehub.formats.nacha.file import NachaFile


@dataclass(frozen=True, slots=True)
class Returned:
    """A payment that came back.

    Args:
        original_trace: trace number of the entry that we sent. `trace`: that of the return.
        reason: `R01` and so on, `text` in words. `note`: what the bank added.
        amount: US cents. `on`: the day of the file, or the batch's effective date where it tells one.
    """

    original_trace: str
    reason: str
    text: str
    amount: int
    id: str
    on: date | None
    trace: str
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Corrected:
    """A payment that arrived, with what is to be sent from the next one on (within six banking days)."""

    original_trace: str
    reason: str
    text: str
    corrected: str = field(repr=False)
    id: str = ""
    on: date | None = None
    trace: str = ""


def answers(file: NachaFile) -> Iterator[Returned | Corrected]:
    """The returns and changes in a file, in its order; other entries are money that came to us and are left out."""
    for batch in file.batches:
        on = batch.header.effective or file.header.created
        for entry in batch.entries:
            for part in entry.addenda:
                if isinstance(part, Return):
                    text = RETURNS.get(part.reason, "a reason without a text here")
                    yield Returned(
                        part.original_trace, part.reason, text, entry.amount, entry.id, on, part.trace, part.text
                    )
                elif isinstance(part, Change):
                    text = CHANGES.get(part.reason, "something without a text here")
                    yield Corrected(part.original_trace, part.reason, text, part.corrected, entry.id, on, part.trace)
