"""Keeps why a number is what it is: explanations by content, with rule version, plan book and known-at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from benehub.records import Explanation
from benehub.rules.base import Calculation
from benehub.store import Session, canonical
from benehub.store.tables import explanation

Said = Calculation[Any] | Explanation
"""What a rule said: with its result, or one step of a longer way alone."""


def save(
    session: Session, said: Iterable[Said], plan_book: str, prefix: str = "exp", about: Mapping[str, str] | None = None
) -> list[str]:
    """Store what rules said once by content, a calculation with its result; gives the ids in order.

    `prefix` is that of the ids: `exp`, or `elg` for a decision on somebody's cover; `about` says whose and which.
    """
    known_at = session.latest_seq()
    told = list(said)
    # One answer can stand behind a thousand amounts: it is written out once.
    distinct = {id(one): one for one in told}
    contents = [_content(one, about) for one in distinct.values()]
    ids = _ids(session, contents, plan_book, prefix)
    for explanation_id, content in zip(ids, contents, strict=True):
        row = {
            "explanation_id": explanation_id, "rule": content["rule"], "rule_version": content["version"],
            "plan_book": plan_book, "known_at": known_at, "content": content,
        }  # fmt: skip
        session.defer(explanation, row, new=True)
    session.written()
    found = dict(zip(distinct, ids, strict=True))
    return [found[id(one)] for one in told]


def ids_of(
    session: Session, said: Iterable[Said], plan_book: str, prefix: str = "exp", about: Mapping[str, str] | None = None
) -> list[str]:
    """The ids under which `save` stores these, without looking or storing."""
    return _ids(session, [_content(one, about) for one in said], plan_book, prefix)


def _ids(session: Session, contents: Iterable[Mapping[str, Any]], plan_book: str, prefix: str) -> list[str]:
    return [session.id(prefix, plan_book, hashlib.sha256(canonical(one)).hexdigest()) for one in contents]


def _content(one: Said, about: Mapping[str, str] | None) -> dict[str, Any]:
    content = (one if isinstance(one, Explanation) else one.explanation).model_dump(mode="json")
    if isinstance(one, Calculation):
        content["result"] = None if one.result is None else one.result.model_dump(mode="json")
    return content | {"about": dict(about)} if about else content
