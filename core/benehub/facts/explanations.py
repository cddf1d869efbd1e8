"""Keeps why a number is what it is: explanations by content, with rule version, plan book and known-at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benehub.records import Explanation
from benehub.rules.base import Calculation, RuleModel
from benehub.store import Session, canonical
from benehub.store.tables import explanation


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of an answer: its explanation and result, with the whole of what the rule was asked.

    `inputs` is what the rule's calculator takes, so that it can be asked again; None: the explanation's own are the
    whole. `about` says whose and which it is, beside what the rule was asked.
    """

    explanation: Explanation
    result: Mapping[str, Any] | None = field(default=None, repr=False)
    inputs: Mapping[str, Any] | None = field(default=None, repr=False)
    about: Mapping[str, str] = field(default_factory=dict)


def kept(answer: Calculation[Any], given: RuleModel | None = None, **about: str) -> Kept:
    """An answer with the whole of what was asked (`given`, the calculator's own input)."""
    result = None if answer.result is None else answer.result.model_dump(mode="json")
    inputs = None if given is None else given.model_dump(mode="json", exclude_unset=True)
    return Kept(answer.explanation, result, inputs, about)


Said = Calculation[Any] | Kept | Explanation
"""What a rule said: with its result, or a reason alone, which no rule can be asked for again."""


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
    if isinstance(one, Explanation):
        content, named = one.model_dump(mode="json"), dict(about or {})
    else:
        told = one if isinstance(one, Kept) else kept(one)
        content, named = told.explanation.model_dump(mode="json"), {**(about or {}), **told.about}
        if told.inputs is not None:
            content["inputs"] = dict(told.inputs)
        content["result"] = None if told.result is None else dict(told.result)
    return content | {"about": named} if named else content
