"""What covers cost in a month: each distinct question of a plan's price is put to the explained rule once.

Every way to a premium goes through here, so an amount worked out for a million people and one worked out to be
explained are the same cents: the rule is the same, only how often it runs differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeVar

from benehub.facts.history import Fact
from benehub.facts.lacks import Lacks
from benehub.facts.price_question import PriceOf, Question
from benehub.facts.workforce import Worker, in_force, workers_in_parts
from benehub.periods import Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.rules.base import Calculation
from benehub.rules.premium.by_pay import ByPay
from benehub.rules.premium.line import PremiumLine
from benehub.store import Session

V = TypeVar("V")

KEPT_LINES = 2_000
"""Explained answers held at once (some kilobytes each); beyond it all are forgotten, so memory stays flat."""
KEPT_AMOUNTS = 50_000
"""Amounts held at once, likewise, of a plan and month; steps by pay and what a span of months comes to, too."""


class Amounts(NamedTuple):
    """A month's premium and who pays it, in minor units; `needs` where it cannot be worked out."""

    premium_minor: int
    employer_minor: int
    employee_minor: int
    needs: tuple[str, ...] = ()


class _Kept(dict[Any, V]):
    """Answers held until there are too many of them."""

    def keep(self, key: Any, value: V, most: int = KEPT_AMOUNTS) -> V:
        if len(self) >= most:
            self.clear()
        self[key] = value
        return value


class _PlanMonth:
    """A plan's price in a month, with what was asked of it before."""

    def __init__(self, terms: PriceOf) -> None:
        self.terms = terms
        self.plan = terms.plan
        self._lines: _Kept[Calculation[PremiumLine]] = _Kept()
        self._amounts: _Kept[Amounts] = _Kept()
        self._steps: _Kept[ByPay | None] = _Kept()

    def line(self, asked: Question) -> Calculation[PremiumLine]:
        found = self._lines.get(asked)
        return self._lines.keep(asked, self.terms.line(asked), KEPT_LINES) if found is None else found

    def amounts(self, asked: Question) -> Amounts:
        """What the explained rule answers; by pay or volume alone it is asked for no more than what all share."""
        if self.terms.by_pay:
            done = self._by_pay(asked)
            if done is not None:
                return done
        key = asked.key if self.terms.by_age else asked
        found = self._amounts.get(key)
        if found is None:
            # The question itself is put, with birth dates: its key stands only for the answer.
            found = self._amounts.keep(key, _amounts(self.terms.line(asked)))
        return found

    def _by_pay(self, asked: Question) -> Amounts | None:
        frame = (asked.key if self.terms.by_age else asked).frame
        steps = self._steps.get(frame, _UNASKED)
        if steps is _UNASKED:
            steps = self._steps.keep(frame, self.terms.by_pay_of(asked))
        if not isinstance(steps, ByPay):
            return None
        done = steps.amounts(asked.yearly_pay_minor, asked.requested_minor, asked.approved_minor)
        return None if done is None else Amounts(*done)


_UNASKED: Any = object()


class Prices:
    """A plan book's prices, each distinct question answered once a run."""

    def __init__(self, book: PlanBook) -> None:
        self.book = book
        self._months: dict[Month, tuple[date, date, dict[str, _PlanMonth]]] = {}
        self._spans: _Kept[tuple[Amounts, ...]] = _Kept()
        self._alike: dict[tuple[str, Month, int], _PlanMonth | None] = {}

    def lines(
        self, worker: Worker, timeline: Sequence[Fact], month: Month
    ) -> list[tuple[Plan, Fact, Calculation[PremiumLine]]]:
        """Explained premiums of one worker's coverages of one benefit type in a month: one a plan."""
        return [
            (price.plan, cover, price.line(price.terms.question(worker, cover, parts)))
            for price, cover, parts in self._covers(timeline, month)
        ]

    def insured(
        self, workers: Sequence[Worker], month: Month
    ) -> Iterator[tuple[Worker, Plan, Calculation[PremiumLine]]]:
        """The month's lines in plans with premiums of whoever of these is employed in it."""
        for worker in workers:
            if not any(one.effective_from < month.end and one.effective_to > month.first for one in worker.employments):
                continue
            for timeline in worker.coverages.values():
                if self.book.plan(timeline[-1].data["plan"]).insured:
                    for plan, _, line in self.lines(worker, timeline, month):
                        yield worker, plan, line

    def amounts(self, worker: Worker, timeline: Sequence[Fact], month: Month) -> list[tuple[Plan, Amounts]]:
        """The same lines as amounts alone: shared also among people whose birth dates differ but not their ages."""
        return [
            (price.plan, price.amounts(price.terms.question(worker, cover, parts)))
            for price, cover, parts in self._covers(timeline, month)
        ]

    def span(self, worker: Worker, covers: Sequence[Fact], months: Sequence[Month]) -> Sequence[Amounts | None]:
        """Amounts of one plan's covers in each of these months, in their order; None where there is no cover.

        Whoever is covered on the same terms all along is asked about once.
        """
        first = self._steady(worker, covers, months)
        if first is None:
            return [next((found for _, found in self.amounts(worker, covers, month)), None) for month in months]
        asked = first.terms.question(worker, covers[0], covers)
        key = (first.plan.id, months[0], len(months), asked.key if first.terms.by_age else asked)
        found = self._spans.get(key)
        if found is None:
            held = [self._plan_month(first.plan.id, month).amounts(asked) for month in months]
            found = self._spans.keep(key, tuple(held))
        return found

    def _steady(self, worker: Worker, covers: Sequence[Fact], months: Sequence[Month]) -> _PlanMonth | None:
        """The first month, where all months put the same question of this worker's cover."""
        if len(covers) != 1 or len(months) == 1:
            return None
        start, last = self._of(months[0])[0], self._of(months[-1])
        if covers[0].effective_from > start or covers[0].effective_to < last[1]:
            return None
        key = (covers[0].data["plan"], months[0], len(months))
        if key not in self._alike:
            prices = [self._plan_month(key[0], month) for month in months]
            self._alike[key] = prices[0] if len({one.terms.asks for one in prices}) == 1 else None
        first = self._alike[key]
        if first is None or not first.terms.by_pay:
            return first
        return first if in_force(worker.pay, start) is in_force(worker.pay, last[0]) else None

    def _covers(self, timeline: Sequence[Fact], month: Month) -> Iterator[tuple[_PlanMonth, Fact, Sequence[Fact]]]:
        """Each plan's segments in a month, and the one whose tier counts.

        Where the tier changes within the month, the tier in force on the plan's wash day counts, else the last one.
        """
        first, end, plans = self._of(month)
        by_plan: dict[str, list[Fact]] = {}
        for fact in timeline:
            if fact.effective_from < end and fact.effective_to > first:
                by_plan.setdefault(fact.data["plan"], []).append(fact)
        for plan_id, parts in by_plan.items():
            price = plans.get(plan_id) or self._plan_month(plan_id, month)
            chosen = parts[-1]
            if len(parts) > 1:
                wash = date(month.year, month.month, price.plan.mid_period.wash_day)
                chosen = in_force(parts, wash) or chosen
            yield price, chosen, parts

    def _of(self, month: Month) -> tuple[date, date, dict[str, _PlanMonth]]:
        found = self._months.get(month)
        if found is None:
            found = self._months[month] = month.first, month.end, {}
        return found

    def _plan_month(self, plan_id: str, month: Month) -> _PlanMonth:
        plans = self._of(month)[2]
        found = plans.get(plan_id)
        if found is None:
            found = plans[plan_id] = _PlanMonth(PriceOf.of(self.book, self.book.plan(plan_id), month))
        return found


def _amounts(line: Calculation[PremiumLine]) -> Amounts:
    done = line.result
    if done is None:
        return Amounts(0, 0, 0, line.needs)
    return Amounts(done.premium_minor, done.employer_minor, done.employee_minor)


def lacking(needs: Sequence[str], worker: Worker, month: Month) -> Lacks:
    """The error of a caller that cannot go on without a price: a handle of whose, and what is not known of him.

    Which plan he has is nobody's who may read errors only: `views.unpriced` tells it.
    """
    return Lacks(
        f"a premium of {month} cannot be worked out without {', '.join(needs)}",
        where=f"employee {worker.person_id}",
        mend=f"Supply it at its source (HRIS, election or plan book) and run again; "
        f"`benehub premiums lacking -p {month}` shows whose and of which plan",
    )


class PremiumRow(NamedTuple):
    """One person's premium in a plan and month, in minor units; the shares sum to it."""

    person_id: str
    plan: str
    premium_minor: int
    employer_minor: int
    employee_minor: int


def premium_rows(
    session: Session, book: PlanBook, month: Month, unpriced: Counter[str] | None = None
) -> Iterator[PremiumRow]:
    """The premium of every coverage of the month, person by person; facts are read part by part, nothing is written.

    Args:
        session: of the employer.
        book: the plan book that prices.
        month: coverage month.
        unpriced: counts by plan the covers whose price cannot be worked out; without it the first one is an error.

    Raises:
        DataError: a premium cannot be worked out; the message has a handle of whose, and what is not known.
    """
    prices = Prices(book)
    insured = {plan.id: plan.insured for plan in book.plans}
    for worker in workers_in_parts(session, Interval(month.first, month.end), elections=False):
        for timeline in worker.coverages.values():
            plan_id = timeline[-1].data["plan"]
            if not (insured[plan_id] if plan_id in insured else book.plan(plan_id).insured):
                continue
            for plan, amounts in prices.amounts(worker, timeline, month):
                if not amounts.needs:
                    yield PremiumRow(worker.person_id, plan.id, *amounts[:3])
                elif unpriced is None:
                    raise lacking(amounts.needs, worker, month)
                else:
                    unpriced[plan.id] += 1
