"""What was decided on an employee's cover, the newest first; `why` tells each by its id."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from benehub.errors import DataError
from benehub.store import Session
from benehub.store.tables import explanation, fact
from benehub.views.persons import find_person


@dataclass(frozen=True, slots=True)
class DecisionMade:
    """One answer of the eligibility rules on one election."""

    decision: str
    """Its id (`elg_...`)."""
    plan: str
    election_from: str
    """First day of the election it was made on."""
    status: str
    """eligible, waiting, not_eligible, needs_data, ended, waived or not_employed."""
    covered: tuple[str, ...]
    """Days of cover that came of it, as `from to`; the second is the first day without cover."""
    rule: str
    stands_in_the_way: tuple[str, ...]
    """Rules that failed or lacked data, with what would be needed."""
    decided_at: str

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def decisions(session: Session, employee: str, plan: str = "") -> list[DecisionMade]:
    """Every decision on an employee's cover (of one plan), the newest first.

    Raises:
        DataError: no such employee.
    """
    who = find_person(session, employee)
    if who.kind != "employee":
        raise DataError("a dependent has no decisions of its own", mend="Ask for the employee")
    query = select(fact).where(*session.where(fact, kind="eligibility", subject=who.person_id))
    if plan:
        query = query.where(fact.c.fact_key == plan)
    rows = [row for row in session.rows(query.order_by(fact.c.seq.desc())) if row.data is not None]
    told = _told(session, [one for row in rows for one in row.data["decisions"]])
    return [
        DecisionMade(
            decision=one,
            plan=row.fact_key,
            election_from=row.effective_from.isoformat(),
            status=row.data["status"],
            covered=tuple(f"{start} {end or 'open'}" for start, end in row.data["covered"]),
            rule=told[one]["rule"],
            stands_in_the_way=tuple(_in_the_way(told[one])),
            decided_at=row.recorded_at,
        )
        for row in rows
        for one in reversed(row.data["decisions"])
        if one in told
    ]


def _told(session: Session, ids: list[str]) -> dict[str, dict[str, Any]]:
    if not ids:
        return {}
    rows = session.rows(
        select(explanation.c.explanation_id, explanation.c.content).where(
            *session.where(explanation), explanation.c.explanation_id.in_(ids)
        )
    )
    return {row.explanation_id: row.content for row in rows}


def _in_the_way(content: dict[str, Any]) -> list[str]:
    lacking = [one for one in content["reasons"] if one["outcome"] in ("fail", "unknown")]
    return [f"{one['rule']} {one['outcome']}, needs {_needed(one)}" for one in lacking]


def _needed(reason: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in reason["needed"].items()) or "nothing that can be had"
