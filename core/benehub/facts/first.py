"""The first facts about somebody: where nothing is believed yet, there is nothing to hold them against."""

from __future__ import annotations

from collections.abc import Iterable

from benehub.facts.history import fact_id
from benehub.store import Session
from benehub.store.tables import fact

_FACT = (
    "employer_id", "fact_id", "kind", "subject", "fact_key", "effective_from", "effective_to", "data", "seq",
    "recorded_at", "batch_id", "row_no", "source",
)  # fmt: skip

First = tuple[int, str, str, str, str, str, str]
"""A fact's number of the recorded order, kind, subject and key, from when until when it is true, and its data.

The days are ISO texts and the data is JSON text; no interval is empty.
"""


def add_first(session: Session, batch_id: str, recorded_at: str, told: Iterable[tuple[int, First]]) -> None:
    """Record what rows, by their number, tell of subjects that this transaction has made: nothing was read of them."""
    employer = session.employer
    session.deferring(fact, _FACT).extend(
        [
            (employer, fact_id(employer, kind, subject, key, seq), kind, subject, key, start, end, data, seq,
             recorded_at, batch_id, row_no or None, f"{batch_id}#{row_no}")
            for row_no, (seq, kind, subject, key, start, end, data) in told
        ]
    )  # fmt: skip
