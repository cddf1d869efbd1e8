"""What a bank sends back: returns (the money comes back) and notifications of change (the next one is to differ).

A return may be answered in turn, by our bank and by the payee's; each of these words names the entry that we sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from benehub.formats.nacha.addenda import Change, Contested, Dishonored, Return
from benehub.formats.nacha.codes import CHANGES
from benehub.formats.nacha.entry import Entry
from benehub.formats.nacha.file import NachaFile
from benehub.formats.nacha.return_reasons import Step, reason_of, step_of


@dataclass(frozen=True, slots=True)
class Returned:
    """A payment that came back, or a word on such a return.

    Args:
        original_trace: trace number of the entry that we sent. `trace`: that of the return.
        reason: `R01` and so on, `text` in words. `note`: what the bank added.
        amount: US cents. `on`: the day of the file, or the batch's effective date where it tells one.
        step: whose word it is. Dishonored, the money may be the payee's again; contested, it has come back after all.
        return_trace, return_reason: the return that a dishonored or contested one speaks of; `R03` and so on.
    """

    original_trace: str
    reason: str
    text: str
    amount: int
    id: str
    on: date | None
    trace: str
    note: str = field(default="", repr=False)
    step: Step = Step.RETURNED
    return_trace: str = ""
    return_reason: str = ""


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
                if isinstance(part, Return | Dishonored | Contested):
                    yield _returned(entry, part, on)
                elif isinstance(part, Change):
                    text = CHANGES.get(part.reason, "something without a text here")
                    yield Corrected(part.original_trace, part.reason, text, part.corrected, entry.id, on, part.trace)


def _returned(entry: Entry, part: Return | Dishonored | Contested, on: date | None) -> Returned:
    """The word of a 799; what a code means is asked for the day of the file that tells it."""
    reason = reason_of(part.reason, on)
    first = None if isinstance(part, Return) else part
    return Returned(
        part.original_trace, part.reason, reason.text if reason else "a reason without a text here", entry.amount,
        entry.id, on, part.trace, "" if isinstance(part, Contested) else part.text, step_of(part.reason),
        first.return_trace if first else "", f"R{first.return_reason}" if first and first.return_reason else "",
    )  # fmt: skip
