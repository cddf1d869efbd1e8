"""Whom a vendor's unmatched row may be about: told with the difference, for a person to confirm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from benehub.identity import strangers, suggestions
from benehub.reconcile.findings import Finding, Relation, Type
from benehub.store import Session


def meant(session: Session, connection_id: str, external_id: str) -> str:
    """What to add to the proposed action for a row of somebody nobody is linked to; empty where nobody is suggested."""
    counts: Counter[str] | None = session.memo.get(("meant", connection_id))
    if counts is None:
        counts = Counter(row.external_id for row in suggestions.standing(session, connection_id))
        session.memo[("meant", connection_id)] = counts
    number = counts[external_id]
    if not number:
        return ""
    ref = strangers.ref(session, connection_id, external_id)
    people = "one of our people" if number == 1 else f"{number} of our people"
    return f"; it may be {people}: benehub people suggestions, then people link {ref}"


def duplicates(period: str, doubles: Sequence[dict[str, object]]) -> list[Finding]:
    """People who come twice, each pair once: on the vendor's side or on ours."""
    found: dict[str, Finding] = {}
    for one in doubles:
        others = one["others"]
        assert isinstance(others, list)
        connection = str(one["connection"])
        finding = Finding(
            Relation.INTAKE, Type.DUPLICATE_IDENTITY, period,
            f"{connection or 'hub'}/{one['who']}/{','.join(map(str, others))}"[:120],
            "source" if connection else "hris", "hris", f"{one['who']} {one['what']} {', '.join(map(str, others))}",
            "Have one record closed at its source, or link both by a person's word: benehub people link --also",
        )  # fmt: skip
        found[finding.key] = finding
    return list(found.values())
