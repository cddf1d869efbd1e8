"""Employees' statements of a day, made for everybody and kept sealed: what each could have read that day.

A statement that is there is not made again, so a run that was cut short goes on where it was, and one of a day long
past says what was known when it was made. Who has nothing to read has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from benehub.engine import Steps
from benehub.errors import ConfigError
from benehub.facts import Worker
from benehub.facts.workforce import part_after
from benehub.flows.hub import Hub
from benehub.periods import Interval
from benehub.planbook import PlanBook
from benehub.store import Session, canonical
from benehub.store.tables import kept_statement
from benehub.views.kept_statements import SEALED
from benehub.views.statement import Language, as_json, language, statement

AT_ONCE = 50
"""Employees whose statements are made in one transaction."""


def make(hub: Hub, steps: Steps, employer: str, day: str) -> dict[str, int]:
    """Make and keep the statement of everybody who is employed on a day."""
    return steps.step("statements", make_all, hub, employer, date.fromisoformat(day))


def make_all(hub: Hub, employer: str, day: date) -> dict[str, int]:
    """As `make`, part by part: what is made is there, whatever comes of the next part."""
    tally = {"made": 0, "there_before": 0, "nothing_to_say": 0}
    after: str | None = ""
    while after is not None:
        with hub.store.write(employer) as session:
            session.take_seq(0)
            part = part_after(session, Interval(day, day + timedelta(days=1)), after, AT_ONCE)
            after = part.last
            for name, many in _make(hub, session, hub.book(session), part.workers, day).items():
                tally[name] += many
        hub.progress(f"{tally['made']} statements")
    return tally


def _words(book: PlanBook) -> Language:
    """The employer's language, or English where nobody has written that one."""
    try:
        return language(book.employer.language)
    except ConfigError:
        return language("en")


def _make(hub: Hub, session: Session, book: PlanBook, workers: Sequence[Worker], day: date) -> dict[str, int]:
    words = _words(book)
    known = {
        row.person_id
        for row in session.rows(
            select(kept_statement.c.person_id).where(
                *session.where(kept_statement, day=day),
                session.among(kept_statement.c.person_id, [one.person_id for one in workers]),
            )
        )
    }
    rows: list[dict[str, Any]] = []
    silent = 0
    for one in workers:
        if one.person_id in known:
            continue
        found = statement(session, book, hub.plugins, one.person_id, day)
        if not found.sections and not found.added:
            silent += 1
            continue
        content = as_json(found, words)
        seq, at = session.take_seq()
        rows.append({
            "person_id": one.person_id, "day": day, "language": words.code,
            "content_sealed": session.seal(content, SEALED),
            "content_hash": session.vault.content_hash(canonical(content)), "seq": seq, "at": at,
        })  # fmt: skip
    session.add(kept_statement, rows)
    return {"made": len(rows), "there_before": len(known), "nothing_to_say": silent}
