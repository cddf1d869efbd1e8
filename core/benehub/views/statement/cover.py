"""What am I covered by and since when, what does it cost, and if not, why not and from when."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date

from benehub import facts
from benehub.facts import Fact, Worker
from benehub.facts.entitlement import could_enter
from benehub.facts.surroundings import Known
from benehub.periods import FOREVER, Month
from benehub.planbook import Plan, PlanBook
from benehub.rules.eligibility.evaluate import EligibilityStatus
from benehub.views.decisions import DecisionMade
from benehub.views.money_path import Path
from benehub.views.statement.parts import Line, Money, Section, Value, Word


def cover(
    book: PlanBook,
    worker: Worker,
    known: Known,
    paths: list[Path],
    decided: Sequence[DecisionMade],
    waits: Collection[str],
    day: date,
) -> Section:
    """One line a benefit type that the book offers, with both shares of the premium of the month; else why not.

    `waits` are the carriers that have not confirmed the employee: it is said beside what was decided.
    """
    lines: list[Line] = []
    offered = dict.fromkeys(plan.benefit_type for plan in book.plans if plan.effective_from <= day < plan.effective_to)
    for benefit_type in offered:
        timeline = worker.coverages.get(benefit_type, ())
        fact = facts.in_force(timeline, day)
        if fact is None:
            lines += _not_covered(book, worker, known, benefit_type, decided, day)
        else:
            plan = book.plan(fact.data["plan"])
            lines += _covered(book, plan, fact, paths, day)
            if plan.carrier in waits:
                lines.append(Line("not_confirmed", {"plan": plan.name}))
    return Section("cover", tuple(lines), {"day": day})


def _not_covered(
    book: PlanBook, worker: Worker, known: Known, benefit_type: str, decided: Sequence[DecisionMade], day: date
) -> Iterator[Line]:
    """The newest decision that stands in the way; without an election, from when one could count."""
    benefit = Word(f"benefit.{benefit_type}")
    plans = [plan for plan in book.plans if plan.benefit_type == benefit_type]
    names = {plan.id: plan.name for plan in plans}
    stands = next((one for one in decided if one.plan in names), None)
    if stands is not None:
        said: dict[str, Value] = {
            "benefit": benefit,
            "plan": names[stands.plan],
            "reason": Word(f"status.{stands.status}"),
        }
        yield Line("why_not", said, (stands.decision,))
        return
    yield Line("not_covered", {"benefit": benefit})
    for plan in plans:
        answer = could_enter(book, plan, worker, known, day)
        if answer.status is EligibilityStatus.WAITING and answer.until is not None:
            yield Line("possible", {"benefit": benefit, "plan": plan.name, "day": answer.until})


def _covered(book: PlanBook, plan: Plan, fact: Fact, paths: list[Path], day: date) -> Iterator[Line]:
    said: dict[str, Value] = {
        "benefit": Word(f"benefit.{plan.benefit_type}"),
        "plan": plan.name,
        "since": fact.effective_from,
    }
    if fact.data.get("tier"):
        said["tier"] = Word(f"tier.{fact.data['tier']}")
    if fact.effective_to != FOREVER:
        said["until"] = fact.effective_to
    key = "covered" + ("_tier" if "tier" in said else "") + ("_until" if "until" in said else "")
    yield Line(key, said, (fact.fact_id,))
    month, unit = str(Month.of(day)), book.employer.currency
    for path in paths:
        if path.plan == plan.id and path.when == month and path.premium:
            shares: dict[str, Value] = {
                "month": month,
                "premium": Money(path.premium, unit),
                "own": Money(path.owed, unit),
                "employer": Money(path.premium - path.owed, unit),
            }
            yield Line("premium", shares)
    for name in ("pretax_rate", "roth_rate"):
        if fact.data.get(name):
            yield Line(f"deferral_{name}", {"rate": str(fact.data[name])}, (fact.fact_id,))
