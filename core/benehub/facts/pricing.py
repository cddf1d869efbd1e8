"""What covers cost in a month: each distinct question of a plan's price is put to the explained rule once.

Every way to a premium goes through here, so an amount worked out for a million people and one worked out to be
explained are the same cents: the rule is the same, only how often it runs differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from benehub.errors import DataError
from benehub.facts.history import Fact
from benehub.facts.price_question import PriceOf, Question
from benehub.facts.workforce import Worker, in_force, workers_in_parts
from benehub.periods import Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.rules.base import Calculation
from benehub.rules.premium.line import PremiumLine
from benehub.store import Session

KEPT_LINES = 2_000
"""Explained answers held at once (some kilobytes each); beyond it all are forgotten, so memory stays flat."""
KEPT_AMOUNTS = 50_000
"""Amounts held at once, likewise."""


class Amounts(NamedTuple):
    """A month's premium and who pays it, in minor units; `needs` where it cannot be worked out."""

    premium_minor: int
    employer_minor: int
    employee_minor: int
    needs: tuple[str, ...] = ()


class Prices:
    """A plan book's prices, each distinct question answered once a run."""

    def __init__(self, book: PlanBook) -> None:
        self.book = book
        self._terms: dict[tuple[str, Month], PriceOf] = {}
        self._lines: dict[tuple[str, Month, Question], Calculation[PremiumLine]] = {}
        self._amounts: dict[tuple[str, Month, Question], Amounts] = {}

    def lines(
        self, worker: Worker, timeline: Sequence[Fact], month: Month
    ) -> list[tuple[Plan, Fact, Calculation[PremiumLine]]]:
        """Explained premiums of one worker's coverages of one benefit type in a month: one a plan."""
        return [(terms.plan, cover, self._line(terms, asked)) for terms, cover, asked in self._asked(
            worker, timeline, month)]  # fmt: skip

    def amounts(self, worker: Worker, timeline: Sequence[Fact], month: Month) -> list[tuple[Plan, Amounts]]:
        """The same lines as amounts alone: shared also among people whose birth dates differ but not their ages."""
        return [(terms.plan, self._amount(terms, asked)) for terms, _, asked in self._asked(worker, timeline, month)]

    def _asked(
        self, worker: Worker, timeline: Sequence[Fact], month: Month
    ) -> Iterator[tuple[PriceOf, Fact, Question]]:
        """What each plan's price asks of a worker.

        Where the tier changes within the month, the tier in force on the plan's wash day counts, else the last one.
        """
        first, end = month.first, month.end
        by_plan: dict[str, list[Fact]] = {}
        for fact in timeline:
            if fact.effective_from < end and fact.effective_to > first:
                by_plan.setdefault(fact.data["plan"], []).append(fact)
        for plan_id, parts in by_plan.items():
            terms = self._terms_of(plan_id, month)
            chosen = parts[-1]
            if len(parts) > 1:
                wash = date(month.year, month.month, terms.plan.mid_period.wash_day)
                chosen = in_force(parts, wash) or chosen
            yield terms, chosen, terms.question(worker, chosen, parts)

    def _terms_of(self, plan_id: str, month: Month) -> PriceOf:
        found = self._terms.get((plan_id, month))
        if found is None:
            found = self._terms[plan_id, month] = PriceOf.of(self.book, self.book.plan(plan_id), month)
        return found

    def _line(self, terms: PriceOf, asked: Question) -> Calculation[PremiumLine]:
        key = (terms.plan.id, terms.month, asked)
        found = self._lines.get(key)
        if found is None:
            if len(self._lines) >= KEPT_LINES:
                self._lines.clear()
            found = self._lines[key] = terms.line(asked)
        return found

    def _amount(self, terms: PriceOf, asked: Question) -> Amounts:
        key = (terms.plan.id, terms.month, asked.key)
        found = self._amounts.get(key)
        if found is None:
            if len(self._amounts) >= KEPT_AMOUNTS:
                self._amounts.clear()
            # The question itself is put, with birth dates: its key stands only for the answer.
            found = self._amounts[key] = _amounts(terms.line(asked))
        return found


def _amounts(line: Calculation[PremiumLine]) -> Amounts:
    done = line.result
    if done is None:
        return Amounts(0, 0, 0, line.needs)
    return Amounts(done.premium_minor, done.employer_minor, done.employee_minor)


def lacking(needs: Sequence[str], worker: Worker, plan: Plan, month: Month) -> DataError:
    """The error of a caller that cannot go on without a price; it names whose, and what is not known."""
    return DataError(
        f"the premium of plan {plan.id} in {month} cannot be worked out without {', '.join(needs)}",
        where=f"employee {worker.identity.get('employee_number', worker.person_id)}",
        mend="Supply it at its source (HRIS, election or plan book) and run again",
    )


class PremiumRow(NamedTuple):
    """One person's premium in a plan and month, in minor units; the shares sum to it."""

    person_id: str
    plan: str
    premium_minor: int
    employer_minor: int
    employee_minor: int


def premium_rows(session: Session, book: PlanBook, month: Month) -> Iterator[PremiumRow]:
    """The premium of every coverage of the month, person by person; facts are read part by part, nothing is written.

    Raises:
        DataError: a premium cannot be worked out; the message names whose, and what is not known.
    """
    prices = Prices(book)
    for worker in workers_in_parts(session, Interval(month.first, month.end), elections=False):
        for timeline in worker.coverages.values():
            if not book.plan(timeline[-1].data["plan"]).insured:
                continue
            for plan, amounts in prices.amounts(worker, timeline, month):
                if amounts.needs:
                    raise lacking(amounts.needs, worker, plan, month)
                yield PremiumRow(worker.person_id, plan.id, *amounts[:3])
