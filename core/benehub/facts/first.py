"""The first facts about somebody: where nothing is believed yet, there is nothing to hold them against."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from benehub.facts.history import fact_id, unread
from benehub.periods import FOREVER
from benehub.store import Session
from benehub.store.bulk import as_text
from benehub.store.tables import fact

_FACT = (
    "employer_id", "fact_id", "kind", "subject", "fact_key", "effective_from", "effective_to", "data", "seq",
    "recorded_at", "batch_id", "row_no", "source",
)  # fmt: skip


class FirstFacts:
    """Records what is told first about subjects of whom no fact is known."""

    def __init__(self, session: Session, batch_id: str) -> None:
        self._session, self._batch_id = session, batch_id
        self._facts = session.deferring(fact, _FACT)

    def add(
        self, kind: str, subject: str, key: str, start: date, data: Mapping[str, Any], row_no: int, end: date = FOREVER
    ) -> None:
        """Record one, true over `[start, end)`, which is not empty; `data` holds no dates, but their texts."""
        session, batch_id = self._session, self._batch_id
        seq, recorded_at = session.take_seq()
        self._facts.append(
            (session.employer, fact_id(session.employer, kind, subject, key, seq), kind, subject, key,
             start.isoformat(), end.isoformat(), as_text(data), seq, recorded_at, batch_id, row_no,
             f"{batch_id}#{row_no}")
        )  # fmt: skip
        unread(session, kind, subject)
