"""The carrier's roster against us: who is covered here and not there, and the other way round.

The roster speaks for the day on which it was read and for nothing else: who left before that day, or begins after
it, is not missed; and of what was acknowledged after it was read, it could not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from benehub import facts
from benehub.facts import Fact
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import PlanBook
from benehub.reconcile import carriers
from benehub.reconcile.findings import UNKNOWN_PLAN, Finding, Relation, Type
from benehub.store import Session
from benehub.store.tables import confirmation, intake_batch, obligation

Key = tuple[str, str]
"""Person and plan."""

ANSWER_DAYS = 5
"""Days a carrier is given to answer a file before cover that it does not confirm is a discrepancy."""


@dataclass(frozen=True, slots=True)
class Roster:
    """What the carrier says it covers; `day` is when it was read, `seq` what had been learned by then."""

    rows: list[Any]
    day: date
    seq: int

    def holds(self, month: Month) -> set[tuple[str | None, str | None]]:
        """Who is on it, for at least a day from the month's beginning on."""
        return {(row.person_id, row.plan) for row in self.rows if row.effective_to > month.first}


def read(session: Session, connection_id: str) -> Roster | None:
    """The roster as last read; None where none ever was, though its folder may have been looked at."""
    ever = session.where(confirmation, kind="roster", connection_id=connection_id)
    last = session.connection.execute(select(func.max(confirmation.c.seq)).where(*ever)).scalar()
    if last is None:
        return None
    rows = list(session.rows(select(confirmation).where(*ever, confirmation.c.current == 1)))
    told = session.connection.execute(
        select(func.max(intake_batch.c.seq).label("seq"), func.max(intake_batch.c.recorded_at).label("at")).where(
            *session.where(intake_batch, connection_id=connection_id, stream="roster", state="applied"),
            intake_batch.c.rows > 0,
        )
    ).first()
    if told is None or told.seq is None:
        return Roster(rows, session.today(), int(last))
    return Roster(rows, session.day_of(told.at), int(told.seq))


def as_told(session: Session, connection_id: str, roster: Roster, members: Sequence[tuple[str, str]]) -> set[str]:
    """Those of these members (person, subscriber) whom the roster shows as the carrier was told: each plan that runs on
    its day, and none that does not."""
    listed: dict[str | None, set[str | None]] = {}
    for row in roster.rows:
        if row.effective_from <= roster.day < row.effective_to:
            listed.setdefault(row.person_id, set()).add(row.plan)
    subscribers = sorted({subscriber for _, subscriber in members})
    facts.preload(session, "told", subscribers)
    told: dict[str, dict[str, Mapping[str, Any]]] = {}
    for fact in facts.as_of(session, "told", FOREVER - timedelta(days=1), subjects=subscribers):
        if fact.key.startswith(f"{connection_id}/"):
            told.setdefault(fact.subject, {})[fact.key.split("/", 1)[1]] = fact.data
    shown: set[str] = set()
    for person_id, subscriber in members:
        mine = {plan: state for plan, state in told.get(subscriber, {}).items()
                if person_id == subscriber or person_id in state["dependents"] or state.get("gone")}  # fmt: skip
        running = {plan for plan, state in mine.items() if _runs(state, roster.day)}
        # Who has left every cover of the family has no state of his own any more: he may stand in none of them.
        if subscriber in told and listed.get(person_id, set()) & told[subscriber].keys() == running:
            shown.add(person_id)
    return shown


def _runs(state: Mapping[str, Any], day: date) -> bool:
    if state.get("gone") or date.fromisoformat(state["from"]) > day:
        return False
    return state["to"] is None or date.fromisoformat(state["to"]) > day


def compare(
    session: Session, book: PlanBook, connection_id: str, month: Month, accrued: Mapping[Key, int],
    refused: set[str | None], billed: set[Key],
) -> list[Finding]:  # fmt: skip
    """Every difference between the roster of a carrier and the cover decided here.

    Args:
        accrued: premium of the month in minor units by person and plan.
        refused: persons whom the carrier refused: they have a difference already.
        billed: who is billed: the bill's own difference tells it, with the money at stake.
    """
    roster = read(session, connection_id)
    told = {
        (fact.subject, fact.key.split("/", 1)[1]): fact
        for fact in facts.as_of(session, "told", FOREVER - timedelta(days=1))
        if fact.key.startswith(f"{connection_id}/")
    }
    if roster is None and not told:
        return []  # this carrier is told of members by another way than through us
    covers = _covers(session, book, connection_id)
    owed = _owed(session, connection_id)
    findings = [] if roster is None else list(_dropped(book, connection_id, month, accrued, refused, told, roster))
    findings += _not_enrolled(session, book, month, accrued, refused, told, covers, owed, roster)
    if roster is not None:
        findings += _not_covered(book, connection_id, month, covers, owed, roster, refused, billed)
    return findings


def _covers(session: Session, book: PlanBook, connection_id: str) -> dict[Key, list[Fact]]:
    found: dict[Key, list[Fact]] = {}
    for (person_id, _), segments in facts.timelines(session, "coverage", Interval(date.min, FOREVER)).items():
        for fact in segments:
            plan = book.find(fact.data["plan"])
            if plan is not None and plan.carrier == connection_id:
                found.setdefault((person_id, fact.data["plan"]), []).append(fact)
    return found


def _owed(session: Session, connection_id: str) -> dict[str, Any]:
    """Per person what the carrier is still to be told, or to answer."""
    rows = session.rows(
        select(obligation.c.person_id, obligation.c.state, obligation.c.reason, obligation.c.due_date).where(
            *session.where(obligation, kind="enrollment.change", connection_id=connection_id),
            obligation.c.state.in_(("open", "held", "sent")),
        )
    )
    return {row.person_id: row for row in rows}


def _dropped(
    book: PlanBook, connection_id: str, month: Month, accrued: Mapping[Key, int], refused: set[str | None],
    told: Mapping[Key, Fact], roster: Roster,
) -> Iterator[Finding]:  # fmt: skip
    """Told and accepted, but not on the carrier's roster: dropped in silence."""
    listed = roster.holds(month)
    for (person_id, plan), fact in sorted(told.items()):
        state = fact.data
        if state.get("gone") or person_id in refused or fact.seq > roster.seq or (person_id, plan) in listed:
            continue
        end = FOREVER if state["to"] is None else date.fromisoformat(state["to"])
        start = date.fromisoformat(state["from"])
        if end <= max(month.first, roster.day) or start > min(month.last, roster.day):
            continue
        yield Finding(
            Relation.PREMIUM, Type.MEMBER_DROPPED, str(month), carriers.reference(book, plan, connection_id),
            "carrier", "carrier", "sent and acknowledged, but the member is not on the carrier's roster",
            "Send the member again and have the carrier confirm the cover",
            person_id=person_id, plan=plan, expected=accrued.get((person_id, plan), 0), actual=0,
            unit=book.employer.currency,
        )  # fmt: skip


def _not_enrolled(
    session: Session, book: PlanBook, month: Month, accrued: Mapping[Key, int], refused: set[str | None],
    told: Mapping[Key, Fact], covers: Mapping[Key, list[Fact]], owed: Mapping[str, Any], roster: Roster | None,
) -> Iterator[Finding]:  # fmt: skip
    """Covered here, and the carrier has never accepted it."""
    day = min(month.last, session.today())
    listed = set() if roster is None else roster.holds(month)
    for (person_id, plan), segments in sorted(covers.items()):
        running = facts.in_force(segments, day)
        known = told.get((person_id, plan))
        accepted = known is not None and not known.data.get("gone")
        if running is None or day < month.first or accepted or person_id in refused or (person_id, plan) in listed:
            continue
        waiting = owed.get(person_id)
        due = max(running.effective_from, waiting.due_date) if waiting else running.effective_from
        cause = f"told, not answered: {waiting.reason or waiting.state}" if waiting else "the carrier was never told"
        yield Finding(
            Relation.PREMIUM, Type.COVERED_NOT_ENROLLED, str(month), "-", "hub", "hub",
            f"covered here, but the carrier has not accepted the member: {cause}"[:500],
            "Send enrollments, or have the carrier answer the file that was sent",
            person_id=person_id, plan=plan, expected=accrued.get((person_id, plan), 0), actual=0,
            unit=book.employer.currency, clear_by=due + timedelta(days=ANSWER_DAYS),
        )  # fmt: skip


def _not_covered(
    book: PlanBook, connection_id: str, month: Month, covers: Mapping[Key, list[Fact]], owed: Mapping[str, Any],
    roster: Roster, refused: set[str | None], billed: set[Key],
) -> Iterator[Finding]:  # fmt: skip
    """On the roster, and not covered here: cover that nobody decided, and sooner or later a bill."""
    day = min(month.last, roster.day)
    if day < month.first:
        return
    for row in roster.rows:
        if row.external_id != row.reference or not row.effective_from <= day < row.effective_to:
            continue  # dependents come and go with their subscriber
        key = (row.person_id, row.plan)
        if key in billed or row.person_id in refused or facts.in_force(covers.get(key, ()), day) is not None:
            continue
        if row.person_id and book.find(row.plan) is None:
            reference = f"roster/{connection_id}/{row.external_id}"[:120]  # another may say the same word
            yield Finding(
                Relation.PREMIUM, Type.UNKNOWN_PLAN, str(month), reference, "carrier", "hub",
                f"on the carrier's roster under {row.plan!r}, which is no plan of the plan book", UNKNOWN_PLAN,
                person_id=row.person_id, plan=row.plan, unit=book.employer.currency,
            )  # fmt: skip
            continue
        waiting = owed.get(row.person_id or "")
        yield Finding(
            Relation.PREMIUM, Type.ENROLLED_NOT_COVERED, str(month),
            carriers.reference(book, row.plan, connection_id, "-" if row.person_id else row.external_id), "carrier",
             "carrier", "on the carrier's roster, but not covered here" if row.person_id
            else "the carrier's roster names a member nobody here knows",
            "Have the carrier end the cover from the day it should not have run", person_id=row.person_id,
            plan=row.plan, unit=book.employer.currency,
            clear_by=waiting.due_date + timedelta(days=ANSWER_DAYS) if waiting else None,
        )  # fmt: skip
