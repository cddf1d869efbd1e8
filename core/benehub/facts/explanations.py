"""Keeps why a number is what it is: explanations by content, with rule version, plan book and known-at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sqlalchemy import select

from benehub.records import Explanation
from benehub.store import Session, canonical
from benehub.store.session import CHUNK
from benehub.store.tables import explanation


def save(session: Session, explanations: Iterable[Explanation], plan_book: str, prefix: str = "exp") -> list[str]:
    """Store explanations once by content; gives their ids in order.

    `prefix` is that of the ids: `exp`, or `elg` where the explanation is itself a decision on somebody's cover.
    """
    known_at = session.latest_seq()
    given = list(explanations)
    ids = ids_of(session, given, plan_book, prefix)
    fresh = dict(zip(ids, given, strict=True))
    for known in _known(session, list(fresh)):
        del fresh[known]
    session.add(
        explanation,
        (
            {
                "explanation_id": explanation_id, "rule": one.rule, "rule_version": one.version,
                "plan_book": plan_book, "known_at": known_at, "content": one.model_dump(mode="json"),
            }
            for explanation_id, one in fresh.items()
        ),
    )  # fmt: skip
    return ids


def ids_of(session: Session, explanations: Iterable[Explanation], plan_book: str, prefix: str = "exp") -> list[str]:
    """The ids under which `save` stores these explanations, without looking or storing."""
    contents = (canonical(one.model_dump(mode="json")) for one in explanations)
    return [session.id(prefix, plan_book, hashlib.sha256(content).hexdigest()) for content in contents]


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
