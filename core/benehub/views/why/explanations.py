"""Why a rule said what it said, and whether today's code says the same.

A stored explanation keeps its inputs whole, so that the same rule can be asked again: where today's code no
longer gives the stored result, the answer says so instead of defending a number it would not give any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from sqlalchemy import select

from benehub.errors import BenehubError, DataError
from benehub.ids import PREFIXES
from benehub.money import EXPONENT
from benehub.records.privacy import masked
from benehub.rules import registry
from benehub.rules.base import exact
from benehub.store import Session
from benehub.store.tables import employer, entry, explanation, obligation, plan_book
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
        "steps": _steps(content, _currency(session, content)),
        "reasons": [masked(one) for one in content["reasons"]],
        "citation": content["citation"],
        "used_by": _users(session, ref),
    }
    return Answer(ref, title, data)


def _steps(content: Mapping[str, Any], currency: str) -> list[str]:
    """Each step with what came in and what came out; money in whole currency, said with it."""
    return [
        f"{one['label']}: {_told(one['raw'], one.get('money', ''), currency)} -> {one['value']}"
        f"{f' {currency}' if one.get('money') else ''}"
        for one in content["steps"]
    ]


def _told(raw: str, money: str, currency: str) -> str:
    """A raw value: minor units as whole currency without loss, with every place that they have, and never fewer."""
    if not money:
        return raw
    places = EXPONENT[currency]
    text = exact(Fraction(raw) / 10**places) if money == "minor" else raw
    if "/" not in text and places:
        whole, _, part = text.partition(".")
        text = f"{whole}.{part:0<{places}}"
    return f"{text} {currency}"


def _currency(session: Session, content: Mapping[str, Any]) -> str:
    """The currency a rule was asked in; the employer's own where it takes none."""
    asked = content["inputs"].get("currency")
    if asked in EXPONENT:
        return str(asked)
    own = select(employer.c.currency).where(employer.c.employer_id == session.employer)
    return str(session.connection.execute(own).scalar_one())


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
