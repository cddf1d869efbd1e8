"""Keeps why a number is what it is: explanations by content, with rule version, plan book and known-at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from benehub.records import Explanation
from benehub.rules.base import Calculation
from benehub.store import Session, canonical
from benehub.store.session import CHUNK
from benehub.store.tables import explanation


def save(session: Session, done: Iterable[Calculation[Any] | Explanation], plan_book: str) -> list[str]:
    """Store what rules said once by content, a calculation with its result; gives the ids in order."""
    known_at = session.latest_seq()
    fresh: dict[str, dict[str, Any]] = {}
    ids = []
    for one in done:
        content = _content(one)
        digest = hashlib.sha256(canonical(content)).hexdigest()
        explanation_id = session.id("exp", plan_book, digest)
        ids.append(explanation_id)
        fresh[explanation_id] = content
    for known in _known(session, list(fresh)):
        del fresh[known]
    session.add(
        explanation,
        (
            {
                "explanation_id": explanation_id, "rule": content["rule"], "rule_version": content["version"],
                "plan_book": plan_book, "known_at": known_at, "content": content,
            }
            for explanation_id, content in fresh.items()
        ),
    )  # fmt: skip
    return ids


def _content(one: Calculation[Any] | Explanation) -> dict[str, Any]:
    if isinstance(one, Explanation):
        return one.model_dump(mode="json")
    result = None if one.result is None else one.result.model_dump(mode="json")
    return one.explanation.model_dump(mode="json") | {"result": result}


def _known(session: Session, ids: list[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(ids), CHUNK):
        rows = session.rows(
            select(explanation.c.explanation_id).where(
                explanation.c.employer_id == session.employer,
                explanation.c.explanation_id.in_(ids[start : start + CHUNK]),
            )
        )
        found |= {row.explanation_id for row in rows}
    return found
