"""How far the comparisons of a month had read, and whether anything came in behind that: by number, never by the clock.

What a person lets in is applied later, by a worker; only the recorded order tells whether a comparison has read it. A
comparison keeps the newest number that was committed before it began to read, so it has read all up to there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, or_, select

from benehub.periods import Month
from benehub.reconcile.findings import MONTHLY, Relation
from benehub.reconcile.suppression import ended, ended_of
from benehub.store import Session
from benehub.store.tables import act, comparison, crosswalk, fact, intake_batch, intake_row, plan_book

DAYS_BECOME_DUE = timedelta(days=60)
"""So long after a month's end days of it become due: the pay date that pays a leaver out, a deposit's outer limit."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The last comparison of a relation and month: the number up to which it had read, and when (ISO, UTC)."""

    seq: int
    at: str
    silent: tuple[str, ...] = ()
    """The connections of which nothing of the month had been read: with them nothing was compared."""


def note_compared(session: Session, relation: Relation, month: Month, read_to: int, silent: Sequence[str] = ()) -> None:
    """Keep that a relation was compared; `read_to` is `latest_seq` from before anything was read for it.

    `silent` are the connections of which nothing of the month was there to be compared (`nothing.silent`).
    """
    key = {"relation": relation.value, "period": str(month)}
    told = {"seq": read_to, "at": session.now(), "silent": list(silent)}
    session.take_seq(0)  # of two who compare at once the second finds the row of the first
    if session.rows(select(comparison.c.seq).where(*session.where(comparison, **key))):
        session.change(comparison, key, **told)
    else:
        session.add(comparison, [{**key, **told}])


def compared(session: Session, month: Month) -> dict[str, Compared]:
    """Relation -> its last comparison of the month."""
    rows = session.rows(select(comparison).where(*session.where(comparison, period=str(month))))
    return {row.relation: Compared(row.seq, row.at, tuple(row.silent)) for row in rows}


def came(session: Session, month: Month) -> dict[str, int]:
    """What a comparison of the month reads, as a person calls it -> the number at which any of it last came in.

    What a read tells is numbered with its rows, and the read itself behind them; one that told nothing new counts only
    where its day is compared. A fact that no read told and that holds only from after the month changes nothing in it.
    """
    read = intake_batch.c
    told = or_(read.applied + read.quarantined + read.superseded + read.gone > 0, read.stream == "roster")
    newest = {
        "a fact": select(func.max(fact.c.seq)).where(
            *session.where(fact), fact.c.batch_id.is_(None), fact.c.effective_from < month.end
        ),
        "a read": select(func.max(read.seq)).where(*session.where(intake_batch, state="applied"), told),
        "a row out of quarantine": select(func.max(intake_row.c.resolved_seq)).where(
            *session.where(intake_row), intake_row.c.resolved_seq.is_not(None)
        ),
        "a link of a vendor's person": select(func.max(crosswalk.c.seq)).where(*session.where(crosswalk)),
        "a plan book": select(func.max(plan_book.c.seq)).where(*session.where(plan_book)),
    }
    return {name: int(session.connection.execute(query).scalar() or 0) for name, query in newest.items()}


def let_in_at(session: Session) -> str:
    """When a person last let in what was held, alone or with others (ISO, UTC; empty: never); it may be to come yet."""
    query = select(func.max(act.c.at)).where(*session.where(act), act.c.what.startswith("release"))
    return str(session.connection.execute(query).scalar() or "")


def stale(session: Session, month: Month) -> Mapping[Relation, str]:
    """The relations whose comparison of the month does not say what holds now, each with what came in behind it.

    Empty text: it was never compared.
    """
    news = came(session, month)
    return _stale(session, month, compared(session, month), news, let_in_at(session), ended(session, month), True)


def stale_before(session: Session, months: Sequence[Month]) -> list[Month]:
    """Of these earlier months those whose comparisons do not say what holds now, in as many queries as of one month.

    Of a month that ended `DAYS_BECOME_DUE` before its comparison no day becomes due any more: it is not compared anew
    every day.
    """
    if not months:
        return []
    kept: dict[str, dict[str, Compared]] = {}
    for row in session.rows(
        select(comparison).where(*session.where(comparison), comparison.c.period.in_([str(one) for one in months]))
    ):
        kept.setdefault(row.period, {})[row.relation] = Compared(row.seq, row.at, tuple(row.silent))
    last = max(months)
    news, decided, brought_back = came(session, last), let_in_at(session), ended_of(session, months)
    facts_of = _facts_by_day(session, last)
    found = []
    for month in months:
        news["a fact"] = max((seq for day, seq in facts_of if day < month.end), default=0)
        known = kept.get(str(month), {})
        if _stale(session, month, known, news, decided, brought_back.get(str(month), set()), False):
            found.append(month)
    return found


def _facts_by_day(session: Session, until: Month) -> list[tuple[date, int]]:
    """From which day on facts hold that no read told, and the number at which the last of each day came in."""
    rows = session.rows(
        select(fact.c.effective_from, func.max(fact.c.seq).label("seq"))
        .where(*session.where(fact), fact.c.batch_id.is_(None), fact.c.effective_from < until.end)
        .group_by(fact.c.effective_from)
    )
    return [(row.effective_from, int(row.seq)) for row in rows]


def _stale(
    session: Session, month: Month, known: Mapping[str, Compared], news: Mapping[str, int], decided: str,
    brought_back: Collection[str], every_day: bool,
) -> dict[Relation, str]:  # fmt: skip
    last = max(news, key=lambda name: news[name])
    found: dict[Relation, str] = {}
    for one in MONTHLY:
        done = known.get(one.value)
        if done is None:
            found[one] = ""
            continue
        day = session.day_of(done.at)
        if news[last] > done.seq:
            found[one] = f"since {last} came in"
        elif decided > done.at:
            found[one] = "since a held read was let in"
        elif one.value in brought_back:
            found[one] = "since a rule that set differences aside has ended"
        elif day != session.today() and (every_day or day < month.end + DAYS_BECOME_DUE):
            found[one] = f"since {day}, and days become due"
    return found
