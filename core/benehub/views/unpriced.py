"""Covers of a month whose premium cannot be worked out: whose they are, and what is not known of them.

A run of `premiums.accrue` counts them by what they lack and names nobody, since whoever watches runs may see no person.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benehub import facts
from benehub.facts.pricing import Prices
from benehub.periods import Interval, Month
from benehub.planbook import PlanBook
from benehub.store import Session


@dataclass(frozen=True, slots=True)
class Unpriced:
    """One cover: of whom, in which plan, and the names of the inputs that lack."""

    person: str
    number: str
    plan: str
    needs: tuple[str, ...]


def unpriced(
    session: Session, book: PlanBook, month: Month, after: tuple[str, str] = ("", ""), limit: int | None = None
) -> list[Unpriced]:
    """Covers of a month without a premium, by person id and plan, from behind `after`; at most `limit` of them.

    Who is covered is taken as known now, and asked for as the accrual asks.
    """
    found: list[Unpriced] = []
    for one in _from(session, book, month, after[0]):
        if (one.person, one.plan) > after:
            found.append(one)
        if len(found) == limit:
            break
    return found


def _from(session: Session, book: PlanBook, month: Month, person: str) -> Iterator[Unpriced]:
    """From this person on; whoever comes before is not read."""
    prices = Prices(book)
    if person:
        yield from _lacking(prices, facts.part_of(session, Interval(month.first, month.end), person).workers, month)
    for part in facts.parts_of_workers(session, Interval(month.first, month.end), elections=False, after=person):
        yield from _lacking(prices, part.workers, month)


def _lacking(prices: Prices, workers: Sequence[facts.Worker], month: Month) -> list[Unpriced]:
    return sorted(
        (
            Unpriced(worker.person_id, worker.identity.get("employee_number", worker.person_id), plan.id, line.needs)
            for worker, plan, line in prices.insured(workers, month)
            if line.result is None
        ),
        key=lambda one: (one.person, one.plan),
    )
