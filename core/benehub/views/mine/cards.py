"""One employee and one plan on a day: covered or not, since when or why not, what it costs, what is still to do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from benehub import facts
from benehub.facts import Fact, Worker
from benehub.facts.entitlement import could_enter
from benehub.facts.pricing import Prices
from benehub.facts.surroundings import Known
from benehub.periods import FOREVER, Month
from benehub.planbook import Plan, PlanBook
from benehub.records.explanation import Outcome, Reason
from benehub.rules.eligibility.evaluate import EligibilityStatus
from benehub.views.decisions import DecisionMade
from benehub.views.mine.prices import Price, prices
from benehub.views.mine.promises import pays, who
from benehub.views.statement.parts import Line, Section, Value, Word

PLAIN = ("class", "hours", "waiting", "plan_open", "employed")
"""Rules that have a sentence of their own; others are said in general."""

WORKED_OUT = frozenset(
    Word(f"data.{name}")
    for name in ("enrolled_in", "given", "hours_reached_on", "leave", "measured_full_time", "pay_period_starts",
                 "service_hours_minor", "year_hours")
)  # fmt: skip
"""What no employee can tell: it comes from payroll, the HRIS's leave and the hub's own decisions."""


@dataclass(frozen=True, slots=True)
class Card:
    """A plan as one employee sees it.

    `state` is covered, coming, decided (elected, and not covered), waived, other (covered by another plan of the same
    benefit), open (free to choose), waiting, needs_data, not_eligible or ended.
    """

    plan: str
    name: str
    benefit_type: str
    state: str
    since: date | None
    until: date | None
    """First day without it; None while it runs on."""
    tier: str
    pays: Section
    who: Section
    mine: Section
    """Why it is so, in sentences."""
    todo: Section
    prices: tuple[Price, ...]
    month: str
    refs: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether the employee has to do something now; what comes later, or waits for others, asks nothing of him."""
        return self.state in ("open", "needs_data", "decided") and any(
            one.key in ("todo_choose", "todo_tell") for one in self.todo.lines
        )


def cards(
    book: PlanBook, worker: Worker, known: Known, decided: Sequence[DecisionMade], waits: Collection[str], day: date
) -> list[Card]:
    """Every plan that is open on the day or covers later, in the book's order; covered ones first."""
    priced, newest = Prices(book), {one.plan: one for one in reversed(decided)}
    found = [
        _card(book, priced, plan, worker, known, newest, waits, day)
        for plan in book.plans
        if day < plan.effective_to and (plan.effective_from <= day or _later(worker, plan, day))
    ]
    return sorted(found, key=lambda one: one.state != "covered")


def _later(worker: Worker, plan: Plan, day: date) -> bool:
    return any(fact.data["plan"] == plan.id and fact.effective_to > day for fact in worker.coverages.get(plan.slot, ()))


def _card(
    book: PlanBook, priced: Prices, plan: Plan, worker: Worker, known: Known, newest: Mapping[str, DecisionMade],
    waits: Collection[str], day: date,
) -> Card:  # fmt: skip
    timeline = [one for one in worker.coverages.get(plan.slot, ()) if one.effective_to > day]
    own = next((one for one in timeline if one.data["plan"] == plan.id), None)
    years = max(0, (day - worker.hired).days // 365)
    state, mine, refs = _standing(book, plan, worker, known, own, timeline, newest.get(plan.id), day)
    month = Month.of(max(day, own.effective_from if own is not None else day, plan.effective_from))
    todo = list(_todo(plan, state, mine, waits))
    return Card(
        plan.id, plan.name, plan.benefit_type, state,
        None if own is None else own.effective_from,
        None if own is None or own.effective_to == FOREVER else own.effective_to,
        "" if own is None else str(own.data.get("tier") or ""),
        pays(plan, book.employer.currency, years), who(plan, day), Section("plan", tuple(mine)),
        Section("plan", tuple(todo or [Line("todo_nothing")])), tuple(prices(priced, plan, worker, own, month)),
        str(month), refs,
    )  # fmt: skip


Standing = tuple[str, list[Line], tuple[str, ...]]


def _standing(
    book: PlanBook, plan: Plan, worker: Worker, known: Known, own: Fact | None, timeline: Sequence[Fact],
    decision: DecisionMade | None, day: date,
) -> Standing:  # fmt: skip
    """The state, the sentences that say why, and the ids that prove it."""
    if own is not None:
        covered = own.effective_from <= day
        key = "is_covered" if covered else "is_coming"
        lines = [Line(key, {"day": own.effective_from})]
        if own.effective_to != FOREVER:
            lines.append(Line("is_ending", {"day": own.effective_to}))
        rates = {name: str(own.data[name]) for name in ("pretax_rate", "roth_rate") if own.data.get(name)}
        lines += [Line(f"saves_{name}", {"rate": rate}) for name, rate in rates.items()]
        return ("covered" if covered else "coming"), lines, (own.fact_id,)
    election = facts.in_force(worker.elections.get(plan.slot, ()), day)
    chosen = election is not None and election.data["plan"] == plan.id
    if chosen and election is not None and election.data["waived"]:
        return "waived", [Line("is_waived", {"day": election.effective_from})], (election.fact_id,)
    if chosen and decision is not None:
        lines = [Line("is_decided", {"reason": Word(f"status.{decision.status}")})]
        return "decided", [*lines, *_entry(book, plan, worker, known, day)[1]], (decision.decision,)
    other = facts.in_force(timeline, day)
    if other is not None:
        return "other", [Line("is_other", {"plan": book.plan(other.data["plan"]).name})], (other.fact_id,)
    return _entry(book, plan, worker, known, day)


def _entry(book: PlanBook, plan: Plan, worker: Worker, known: Known, day: date) -> Standing:
    answer = could_enter(book, plan, worker, known, day)
    status, until = answer.status, answer.until
    if status is EligibilityStatus.ELIGIBLE:
        return "open", [Line("is_open")], ()
    if status is EligibilityStatus.WAITING and until is not None:
        return "waiting", [Line("is_waiting", {"day": until})], ()
    lines = [_reason(one) for one in answer.reasons if one.outcome in (Outcome.FAIL, Outcome.UNKNOWN)]
    state = {EligibilityStatus.NEEDS_DATA: "needs_data", EligibilityStatus.ENDED: "ended"}.get(status, "not_eligible")
    return state, lines or [Line("is_not")], ()


def _reason(reason: Reason) -> Line:
    """Why a rule did not pass, with what is and what would be needed."""
    if reason.outcome is Outcome.UNKNOWN:
        return Line("why_unknown", {"what": Word(f"data.{next(iter(reason.needed), reason.rule)}")})
    given = reason.inputs
    match reason.rule:
        case "class" if isinstance(given.get("any_of"), list | tuple):
            wanted: dict[str, Value] = {"needed": Word(f"class.{next(iter(given['any_of']), '')}")}
            return Line("why_class", {**wanted, "class": Word(f"class.{given.get('employment_class')}")})
        case "hours":
            needed, own = int(given.get("at_least") or 0), int(given.get("scheduled_hours_minor") or 0)
            return Line("why_hours", {"needed": needed // 100, "hours": own // 100})
        case "service" | "long_term_part_time":
            return Line("why_service")
        case rule if rule in PLAIN:
            return Line(f"why_{rule}")
    return Line("why_other", {"rule": Word(f"rule.{reason.rule}")})


def _todo(plan: Plan, state: str, mine: Sequence[Line], waits: Collection[str]) -> Iterator[Line]:
    if state == "open":
        yield Line("todo_choose", {"plan": plan.name})
    if state in ("needs_data", "decided"):
        for line in mine:
            if line.key == "why_unknown" and line.values["what"] not in WORKED_OUT:
                yield Line("todo_tell", {"what": line.values["what"]})
    if state == "waiting":
        yield Line("todo_later", {"day": mine[0].values["day"]})
    if state in ("covered", "coming") and plan.carrier in waits:
        yield Line("todo_carrier")
