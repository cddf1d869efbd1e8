"""Keeps why a number is what it is: explanations by content, with rule version, plan book and known-at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from benehub.records import Explanation
from benehub.store import Session, canonical
from benehub.store.tables import explanation


def save(session: Session, explanations: Iterable[Explanation], plan_book: str) -> list[str]:
    """Store explanations once by content; gives their ids in order."""
    known_at = session.latest_seq()
    ids = []
    for one in explanations:
        content = one.model_dump(mode="json")
        digest = hashlib.sha256(canonical(content)).hexdigest()
        explanation_id = session.id("exp", plan_book, digest)
        ids.append(explanation_id)
        row = {
            "explanation_id": explanation_id, "rule": one.rule, "rule_version": one.version,
            "plan_book": plan_book, "known_at": known_at, "content": content,
        }  # fmt: skip
        session.defer(explanation, row, new=True)
    session.written()
    return ids
