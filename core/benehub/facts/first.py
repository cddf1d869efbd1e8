"""The first facts about somebody: where nothing is believed yet, there is nothing to hold them against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from benehub.facts.history import fact_id
from benehub.store import Session
from benehub.store.tables import fact

_FACT = (
    "employer_id", "fact_id", "kind", "subject", "fact_key", "effective_from", "effective_to", "data", "seq",
    "recorded_at", "batch_id", "row_no", "source",
)  # fmt: skip


class FirstFacts:
    """Records what is told first about subjects that this transaction has made, so that nothing was read of them."""

    def __init__(self, session: Session, batch_id: str) -> None:
        self._session, self._batch_id = session, batch_id
        self._facts = session.deferring(fact, _FACT)

    def add(self, row_no: int, subject: str, *told: tuple[str, str, str, str, Mapping[str, Any]]) -> None:
        """Record what a row tells: each kind and key, from when until when it is true, and the data.

        Days of the interval are ISO texts; in the data days and words of an enumeration may stand as they are.
        No interval is empty.
        """
        session, batch_id = self._session, self._batch_id
        employer, source = session.employer, f"{batch_id}#{row_no}"
        seq, recorded_at = session.take_seq(len(told))
        for kind, key, start, end, data in told:
            self._facts.append(
                (employer, fact_id(employer, kind, subject, key, seq), kind, subject, key, start, end,
                 to_json(data).decode(), seq, recorded_at, batch_id, row_no or None, source)
            )  # fmt: skip
            seq += 1
