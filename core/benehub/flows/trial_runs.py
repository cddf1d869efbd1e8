"""A plan book tried on many employees, as a run to follow: part by part, with its outcome kept in the run.

Up to `AT_ONCE` employees whoever asks is answered at once, by the same computation. The job is told where the book's
text lies, not the text: that is kept sealed, once by its hash, as what is read of others is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import select

from benehub import planbook
from benehub.engine import Steps
from benehub.errors import DataError
from benehub.flows import runs
from benehub.flows.hub import Hub
from benehub.flows.onboarding import book_of
from benehub.flows.plan_trial import employed, tried
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.store.tables import payload, plan_book, run
from benehub.views.plan_impact import PlanImpact, together
from benehub.views.runs import OUTCOME

FLOW: Final = "plan_book.try"
AT_ONCE: Final = 2_000
"""Employees up to whom a trial is answered at once: about half a second for prices, and a second for each plan whose
eligibility changes. Whoever waits for more wants to see how far it is, and to stop it."""
PARTS: Final = 5
"""Parts of a step: some seconds, after which it can be canceled and goes on from there after a crash."""
NAME: Final = "the book that is tried"


def is_long(session: Session, month: Month) -> bool:
    """Whether a trial of this month takes a run."""
    return employed(session, month, AT_ONCE) > AT_ONCE


def try_by_run(
    hub: Hub, employer: str, book: PlanBook, text: str, month: Month, key: str = "", by: runs.By | None = None
) -> str:
    """Try a book in a run of its own beside the one in force by now; gives the run. Nothing is put in force.

    Whoever asks while a run tries the same text on the same month and book is told of that one.

    Args:
        text: what `book` was read from.
        key: tells this asking from others; empty for a new one.

    Raises:
        ConfigError: the engine is not started.
    """
    with hub.store.write(employer) as session:
        session.take_seq(0)  # two who ask at once are told of one run
        before, kept = hub.book(session).version, keep_text(session, text)
        subject = f"{book.version}/{month}/{before}/{kept[:16]}"
        query = select(run.c.run_id).where(*session.where(run, flow=FLOW, state="running"),
                                           run.c.subject.startswith(f"{subject}/", autoescape=True))  # fmt: skip
        if (going := session.connection.execute(query.limit(1)).scalar_one_or_none()) is not None:
            return str(going)
        key = f"{subject}/{key or session.now()}"
        return hub.enqueue_flow(session, FLOW, key, "plan_book", kept, before, str(month), key, by=by)


def try_book(hub: Hub, steps: Steps, employer: str, kept: str, before: str, month: str, key: str) -> dict[str, Any]:
    """Try the kept book beside the version `before`; gives what it changes, plan by plan.

    Raises:
        DataError: another book was put in force meanwhile.
    """
    with hub.store.read(employer) as session:
        run_id, after = session.id("run", FLOW, key), book_of(employer, text_of(session, kept), NAME)
    counts: dict[str, Any] = {"employees": 0, "of": steps.step("count", _count, hub, employer, month)}
    found: list[PlanImpact] = []
    last, number = "", 0
    while last is not None:
        number += 1
        told = steps.step(f"part {number}", _part, hub, employer, after, before, month, last, run_id, dict(counts))
        found = together(found, [PlanImpact(**one) for one in told["found"]])
        counts["employees"] += told["employees"]
        last = told["last"]
    outcome = {"month": month, "before": before, "book": kept, "plans": [asdict(one) for one in found]}
    return {**counts, OUTCOME: outcome}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run has found out."""

    month: Month
    before: str
    """Version of the book that was in force."""
    kept: str
    """Where the text of the tried book lies: see `text_of`."""
    impact: list[PlanImpact]


def outcome_of(session: Session, run_id: str) -> Outcome | None:
    """The outcome of a run of this flow; None where there is none of it that is done."""
    query = select(run.c.counts).where(*session.where(run, run_id=run_id, flow=FLOW, state="done"))
    counts = session.connection.execute(query).scalar_one_or_none()
    if counts is None:
        return None
    told = counts[OUTCOME]
    found = [PlanImpact(**one) for one in told["plans"]]
    return Outcome(Month.parse(told["month"]), told["before"], told["book"], found)


def tried_books(session: Session, now: PlanBook, found: Outcome) -> tuple[PlanBook, PlanBook]:
    """The book that was in force when it was tried, and the one that was tried; `now` is the one in force by now."""
    before = now
    if now.version != found.before:
        query = select(plan_book.c.content).where(*session.where(plan_book, version=found.before))
        before = planbook.load(session.connection.execute(query).scalar_one(), f"plan book {found.before}")
    return before, book_of(session.employer, text_of(session, found.kept), NAME)


def text_of(session: Session, kept: str) -> str:
    """The text of a book that is or was tried by a run.

    Raises:
        DataError: there is none.
    """
    query = select(payload.c.payload_sealed).where(*session.where(payload, payload_hash=kept))
    sealed = session.connection.execute(query).scalar_one_or_none()
    if sealed is None:
        raise DataError("the text of the book is not kept", where="plan book", mend="Try it again")
    return session.unseal(sealed, "payload").decode()


def keep_text(session: Session, text: str) -> str:
    """Keep the text of a book, sealed, once; gives where it lies."""
    data = text.encode()
    kept = session.vault.content_hash(data)
    known = select(payload.c.payload_hash).where(*session.where(payload, payload_hash=kept))
    if session.connection.execute(known).first() is None:
        session.add(payload, [{"payload_hash": kept, "payload_sealed": session.seal(data, "payload")}])
    return kept


def _count(hub: Hub, employer: str, month: str) -> int:
    with hub.store.read(employer) as session:
        return employed(session, Month.parse(month))


def _part(
    hub: Hub, employer: str, after: PlanBook, before: str, month: str, behind: str, run_id: str, counts: dict[str, Any]
) -> dict[str, Any]:
    """Some parts of the employees, and how far the run is with them."""
    with hub.store.read(employer) as session:
        book = hub.book(session)
        if book.version != before:
            raise DataError("another plan book was put in force meanwhile", where="plan book", mend="Try it again")
        done = tried(session, book, after, Month.parse(month), behind=behind, parts=PARTS)
    so_far = counts["employees"] + done.employees
    hub.progress(f"tried on {so_far:,} of {counts['of']:,} employees")
    with hub.store.write(employer) as session:
        runs.count(session, run_id, counts | {"employees": so_far})
    return {"found": [asdict(one) for one in done.found], "employees": done.employees, "last": done.last}
