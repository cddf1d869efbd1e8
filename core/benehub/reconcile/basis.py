"""What a bill says its price goes by (insured volume, age, dependents) against what cover here goes by.

A premium that differs has one reason: a bill that tells what it went by is asked for it, and only a bill that tells
nothing leaves a rate. What the bill goes by otherwise, and costs the same, is no difference; but a dependent too many
or too few is one at any price, since somebody has cover that he should not have, or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select

from benehub import facts
from benehub.facts import Worker
from benehub.facts.pricing import Prices
from benehub.periods import Interval, Month, age_on
from benehub.planbook import PlanBook
from benehub.reconcile.findings import Type
from benehub.rules.premium.age_band import rating_day
from benehub.store import Session
from benehub.store.session import iso
from benehub.store.tables import confirmation, fact

Key = tuple[str, str]
"""Person and plan."""
TOLD = "basis"
"""The code of a bill's line that says what its price goes by."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the bill says; None and the empty text where it says nothing."""

    volume_minor: int | None = None
    age_band: str = ""
    dependents: int | None = None


@dataclass(frozen=True, slots=True)
class Ours:
    """What our price goes by; None where the plan's price asks for no such thing, or it is not known.

    Args:
        volume_minor: the volume charged.
        age: completed years on the plan's rating day.
        dependents: how many were covered at the same time in the month, the fewest and the most.
    """

    volume_minor: int | None = None
    age: int | None = None
    dependents: tuple[int, int] = (0, 0)


def judge(told: Told, ours: Ours, same_premium: bool) -> tuple[Type, str] | None:
    """The reason why a bill differs and how to say it; None where what it tells agrees with ours."""
    fewest, most = ours.dependents
    if told.dependents is not None and not fewest <= told.dependents <= most:
        count = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        return Type.DEPENDANT_DIFF, f"billed with {told.dependents} dependents, covered with {count}"
    if same_premium:
        return None
    if told.volume_minor is not None and ours.volume_minor not in (None, told.volume_minor):
        # The amounts follow from pay: they stay out of the sentence.
        more = "more" if told.volume_minor > (ours.volume_minor or 0) else "less"
        return Type.VOLUME_DIFF, f"billed on {more} volume than is in force"
    if told.age_band and ours.age is not None and not in_band(ours.age, told.age_band):
        return Type.AGE_BAND_DIFF, f"billed at the age {told.age_band}, which is not the age on the plan's rating day"
    return None


def in_band(age: int, band: str) -> bool:
    """Whether an age lies in `30-34`, `65+` or a single age."""
    first, _, last = band.rstrip("+").partition("-")
    return int(first) <= age and (band.endswith("+") or age <= int(last or first))


def told(session: Session, connection_id: str, month: Month) -> dict[Key, Told]:
    """What the bill's own lines of a month say; of several lines of one cover the last one."""
    rows = session.rows(
        select(confirmation.c.person_id, confirmation.c.plan, confirmation.c.detail)
        .where(
            *session.where(confirmation, kind="invoice_line", connection_id=connection_id, current=1),
            confirmation.c.coverage_month == str(month), confirmation.c.code == TOLD,
            confirmation.c.part == "current", confirmation.c.person_id.is_not(None),
        )
        .order_by(confirmation.c.row_key)
    )  # fmt: skip
    return {
        (row.person_id, row.plan): Told(
            row.detail.get("volume_minor"), row.detail.get("age_band", ""), row.detail.get("dependents")
        )
        for row in rows
    }


def known_when(session: Session, made: date) -> int | None:
    """The last number of the recorded order at the end of the day on which a bill was made; None before all."""
    until = datetime.combine(made + timedelta(days=1), time(), session.zone())
    found = session.connection.execute(
        select(func.max(fact.c.seq)).where(*session.where(fact), fact.c.recorded_at < iso(until))
    ).scalar()
    return None if found is None else int(found)


def ours(
    session: Session, book: PlanBook, month: Month, keys: Iterable[Key], known_at: int | None = None
) -> dict[Key, Ours]:
    """What the price of these covers goes by, as known at a number of the recorded order (None: now)."""
    wanted = sorted(set(keys))
    plans = {plan for _, plan in wanted}
    people = sorted({person for person, _ in wanted})
    if not people:
        return {}
    prices, window, mine = Prices(book), Interval(month.first, month.end), set(wanted)
    found: dict[Key, Ours] = {}
    for worker in facts.workers(session, window, known_at, people, elections=False):
        for timeline in worker.coverages.values():
            covers = [one for one in timeline if one.effective_from < month.end and one.effective_to > month.first]
            if not plans & {one.data["plan"] for one in covers}:
                continue
            for plan, _, line in prices.lines(worker, timeline, month):
                if (worker.person_id, plan.id) in mine:
                    counts = [len(one.data.get("dependents") or ()) for one in covers if one.data["plan"] == plan.id]
                    volume = None if line.result is None else line.result.volume_minor
                    age = _age(book, worker, plan.id, month)
                    found[worker.person_id, plan.id] = Ours(volume, age, (min(counts), max(counts)))
    return found


def _age(book: PlanBook, worker: Worker, plan_id: str, month: Month) -> int | None:
    """The employee's age as the plan's rates take it; None where they know no age."""
    price, _ = book.premium_terms(book.plan(plan_id), month)
    born = worker.identity.get("birth_date")
    if not born or not any(row.age_from is not None or row.age_through is not None for row in price.rows):
        return None
    day = rating_day(price.ages, month, price.plan_year_start)
    return None if day is None else age_on(date.fromisoformat(born), day)


def repeated_credits(session: Session, connection_id: str, month: Month) -> Mapping[Key, tuple[int, int]]:
    """Credits of one amount that bills give more than once for a cover of the month: how often, and how much each."""
    keys = (confirmation.c.person_id, confirmation.c.plan, confirmation.c.amount)
    rows = session.rows(
        select(*keys, func.count().label("times"))
        .where(
            *session.where(confirmation, kind="invoice_line", connection_id=connection_id, current=1),
            confirmation.c.coverage_month == str(month), confirmation.c.part == "adjustment",
            confirmation.c.amount < 0, confirmation.c.person_id.is_not(None),
        )
        .group_by(*keys)
        .having(func.count() > 1)
    )  # fmt: skip
    return {(row.person_id, row.plan): (int(row.times), int(row.amount)) for row in rows}
