"""Why a rule said what it said, and whether today's code says the same.

A stored explanation keeps its inputs whole, so that the same rule can be asked again: where today's code no
longer gives the stored result, the answer says so instead of defending a number it would not give any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from benehub.errors import BenehubError, DataError
from benehub.ids import PREFIXES
from benehub.records.privacy import masked
from benehub.rules import registry
from benehub.store import Session
from benehub.store.tables import entry, explanation, obligation, plan_book
from benehub.views.why.answer import Answer, Question, unknown_then


def of_explanation(question: Question, ref: str) -> Answer:
    """What a rule was given, did and found.

    Raises:
        DataError: no such explanation.
    """
    session = question.session
    row = session.connection.execute(select(explanation).where(*session.where(explanation, explanation_id=ref))).first()
    if row is None:
        raise DataError(f"no {PREFIXES[ref.partition('_')[0]]} {ref}", mend="Take the id from what printed it")
    title = f"{PREFIXES[ref.partition('_')[0]]} by {row.rule}"
    if not question.knew(row.known_at):
        return unknown_then(question, ref, title, row.known_at)
    content: Mapping[str, Any] = row.content
    data = {
        "about": content.get("about"),
        "rule": row.rule,
        "rule_version": row.rule_version,
        "plan_book": _book(session, row.plan_book),
        "known_at": row.known_at,
        "result": masked(content.get("result")),
        "today": reproduced(row.rule, row.rule_version, content),
        "inputs": masked(content["inputs"]),
        "steps": [f"{one['label']}: {one['raw']} -> {one['value']}" for one in content["steps"]],
        "reasons": [masked(one) for one in content["reasons"]],
        "citation": content["citation"],
        "used_by": _users(session, ref),
    }
    return Answer(ref, title, data)


def reproduced(rule: str, version: str, content: Mapping[str, Any]) -> str:
    """What today's code says of the same inputs, in a sentence."""
    if "result" not in content:
        return f"cannot be worked out again: {rule} gave reasons alone, or its result was not kept"
    known = registry.all_calculators().get(rule)
    if known is None:
        return f"no rule {rule} is installed any more: it cannot be worked out again"
    try:
        again = registry.calculate(rule, content["inputs"])["result"]
    except BenehubError as error:
        return f"today's code (version {known.version}) no longer takes these inputs: {error.what}"
    same = "the same version" if known.version == version else f"version {known.version} today, {version} then"
    if again == content["result"]:
        said = "the same result" if again is not None else "no result either: something it needs was not known"
        return f"today's code gives {said} ({same})"
    return f"today's code no longer reproduces it ({same}); it gives {masked(again)}"


def _book(session: Session, version: str) -> str:
    newest = session.connection.execute(
        select(plan_book.c.version)
        .where(plan_book.c.employer_id == session.employer)
        .order_by(plan_book.c.seq.desc())
        .limit(1)
    ).scalar()
    return version if newest in (None, version) else f"{version} (in force now: {newest})"


def _users(session: Session, ref: str) -> list[str]:
    """Entries and obligations that carry the explanation."""
    entries = session.rows(
        select(entry.c.entry_id).where(*session.where(entry, explanation_id=ref)).order_by(entry.c.seq).limit(20)
    )
    owed = session.rows(
        select(obligation.c.obligation_id).where(*session.where(obligation, explanation_id=ref)).limit(20)
    )
    return [row.entry_id for row in entries] + [row.obligation_id for row in owed]
