"""The match the hub works out itself: over a month, quarter or year, fixed amounts, and the year's true-up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select, true

from benehub import facts, ledger
from benehub.engine import Steps
from benehub.errors import DataError
from benehub.facts import Worker
from benehub.facts.explanations import Kept, Said, save
from benehub.flows import made_up, savings
from benehub.flows.hub import Hub
from benehub.flows.money import pay_calendar
from benehub.flows.savings import Saved
from benehub.identity import people
from benehub.ledger import Leg, NewEntry, Restated
from benehub.ledger import accounts as chart
from benehub.periods import Interval, Month, age_on
from benehub.planbook import Plan, PlanBook
from benehub.rules.base import Calculation, plain
from benehub.rules.retirement.limits import RetirementLimits, retirement_limits
from benehub.rules.retirement.match import match_contribution
from benehub.rules.retirement.match_formula import MatchPeriod, told_formula
from benehub.rules.retirement.true_up import TrueUp, true_up
from benehub.store import Session
from benehub.store.tables import entry, leg

EXPENSE = (chart.MATCH_EXPENSE, chart.MATCH_PAYABLE)


@dataclass(frozen=True, slots=True)
class _Due:
    """A matching period that ended: its first pay date's earliest day, and its last pay date."""

    start: date
    last: date


def accrue(hub: Hub, employer: str, month: Month, of: tuple[str, str] | None = None) -> dict[str, int]:
    """Post the match of every period that ended in a month, from what payroll really took; again changes nothing.

    Args:
        of: of this person and plan alone.
    """
    with hub.store.write(employer) as session:
        done = post(session, hub.book(session), month, of)
    return {"new": done.new, "corrected": done.corrected, "unchanged": done.unchanged}


def post(session: Session, book: PlanBook, month: Month, of: tuple[str, str] | None = None) -> Restated:
    """The same in the transaction of whoever has changed what it is worked out from: of one person, if it was his."""
    who = None if of is None else [of[0]]
    made: list[tuple[NewEntry, Said]] = []
    gone: list[NewEntry] = []
    for plan in _own(book):
        if of is not None and plan.id != of[1]:
            continue
        wanted: dict[date, list[tuple[NewEntry, Said]]] = {}
        for group, due in _ended(session, book, plan, month):
            wanted.setdefault(due.last, []).extend(_matches(session, book, plan, group, due, who))
        for last, entries in wanted.items():
            made += entries
            gone += _taken_back(session, plan, last, {one.key for one, _ in entries}, who)
    return ledger.restate(session, [*_explained(session, book, made), *gone])


def _taken_back(
    session: Session, plan: Plan, last: date, wanted: set[str], who: Sequence[str] | None
) -> Iterator[NewEntry]:  # fmt: skip
    """Entries without legs for the match of those who, as known now, were not in the plan in that period."""
    rows = session.rows(
        select(leg.c.person_id)
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.MATCH_PAYABLE, leg.c.plan == plan.id,
            leg.c.pay_date == last, leg.c.money_source == "match",
            true() if who is None else session.among(leg.c.person_id, who),
            entry.c.type.in_(("match.accrued", "match.accrued.reversed")),
        )
        .group_by(leg.c.person_id)
        .having(func.sum(leg.c.amount) != 0)
        .order_by(leg.c.person_id)
    )  # fmt: skip
    for row in rows:
        key = f"match/{plan.id}/{row.person_id}/{last}"
        if key not in wanted:
            yield NewEntry(key, "match.accrued", last, (), "not in the plan in that period")


def _own(book: PlanBook) -> list[Plan]:
    return [plan for plan in book.retirement_plans() if plan.match is not None and not plan.match.by_payroll]


def _ended(session: Session, book: PlanBook, plan: Plan, month: Month) -> Iterator[tuple[str, _Due]]:
    """Matching periods whose last pay date of a group lies in the month and is not ahead."""
    assert plan.match is not None
    for group, periods in pay_calendar(session, book, month.year).items():
        days = [period.pay_date for period in periods]
        for day in days:
            start, end = plan.match.period.bounds(day)
            last = day if plan.match.period is MatchPeriod.PER_PAY else max(one for one in days if start <= one < end)
            if day == last and Month.of(day) == month and day <= session.today():
                yield group, _Due(start, last)


def _matches(
    session: Session, book: PlanBook, plan: Plan, group: str, due: _Due, who: Sequence[str] | None
) -> Iterator[tuple[NewEntry, Said]]:  # fmt: skip
    assert plan.match is not None
    limits = retirement_limits(due.last.year)
    year_start, after = date(due.last.year, 1, 1), due.last + timedelta(days=1)
    before, until = (savings.load(session, year_start, end, who) for end in (due.start, after))
    missed = made_up.missed(session, due.start, after)
    for worker in facts.workers(session, Interval(due.start, after), None, who):
        if worker.pay_group != group or not _saves(worker, plan, due):
            continue
        earlier, whole = before.get(worker.person_id, Saved()), until.get(worker.person_id, Saved())
        counted = missed.get((worker.person_id, plan.id), 0)
        amount, told = _of_period(plan, worker, earlier, whole, limits, due, counted)
        dims = (worker.person_id, plan.id, "match", str(Month.of(due.last)), due.last)
        yield (
            _entry(book, f"match/{plan.id}/{worker.person_id}/{due.last}", "match.accrued", due.last, amount, dims),
            told,
        )


def _of_period(
    plan: Plan,
    worker: Worker,
    earlier: Saved,
    whole: Saved,
    limits: RetirementLimits,
    due: _Due,
    missed: int,
) -> tuple[int, Kept]:
    """The match of one person and period in minor units, and what is kept of the answer.

    What was missed and is made up for (`missed`) is matched as if it had been deferred.
    """
    assert plan.match is not None
    terms = plan.deferral.rule() if plan.deferral else None
    caught_up = whole.caught_up(limits, terms) if terms else 0
    deferred = whole.deferrals - earlier.deferrals + missed
    if terms is not None and not plan.match.matches_catch_up:
        deferred -= caught_up - earlier.caught_up(limits, terms)
    formula = plan.match.rule()
    given: dict[str, Any] = {
        "compensation_minor": whole.compensation - earlier.compensation,
        "deferral_minor": deferred,
        "ytd_compensation_minor": earlier.compensation,
        "years_of_service": age_on(worker.hired, due.last),
        # the period's own accrual may stand already; what it replaces leaves its room again
        "additions_left_minor": max(
            0, limits.additions_minor - (whole.deferrals - caught_up) - earlier.match - whole.qnec
        ),
        "match_period": plan.match.period,
    }
    answer = match_contribution(**given, formula=formula, limits=limits)
    result = answer.required()
    asked = plain({"pay_date": due.last, **told_formula(formula), **given})
    return result.match_minor, Kept(answer.explanation, result.model_dump(mode="json"), asked)


def _saves(worker: Worker, plan: Plan, due: _Due) -> bool:
    timeline = worker.coverages.get("retirement", ())
    return any(
        one.data["plan"] == plan.id and one.effective_from <= due.last and one.effective_to > due.start
        for one in timeline
    )


def true_up_year(hub: Hub, steps: Steps, employer: str, year: int) -> dict[str, Any]:
    """Post what the year's formula gives beyond the match paid; over-match is listed for a forfeiture review.

    Raises:
        DataError: the year is not over.
        ConfigError: the limits of the year are not loaded.
    """
    return steps.step("true-up", _true_up, hub, employer, year)


def _true_up(hub: Hub, employer: str, year: int) -> dict[str, Any]:
    with hub.store.write(employer) as session:
        book = hub.book(session)
        if session.today() < date(year, 12, 31):
            raise DataError(
                f"{year} is not over", where="--year", mend="True up after the last pay date; try --dry-run"
            )
        found = list(year_matches(session, book, year))
        made = [_true_up_entry(book, worker, plan, year, answer) for worker, plan, answer in found]
        done = ledger.restate(session, _explained(session, book, made))
    return {**summary(found), "new": done.new, "corrected": done.corrected, "unchanged": done.unchanged}


def true_up_again(session: Session, book: PlanBook, plan_id: str, person_id: str, year: int) -> None:
    """The true-up of one participant, in the transaction of whoever has changed what an ended year's counts.

    One of zero leaves no entry, so nobody can see whether the year's was run: it is worked out all the same, and the
    run of the year finds it.
    """
    if session.today() < date(year, 12, 31):
        return
    terms = book.plan(plan_id).match
    if terms is None or not terms.true_up:
        return
    made = [
        _true_up_entry(book, worker, plan, year, answer)
        for worker, plan, answer in year_matches(session, book, year, [person_id])
        if plan.id == plan_id
    ]
    ledger.restate(session, _explained(session, book, made))


def preview(hub: Hub, employer: str, year: int) -> dict[str, Any]:
    """What `true_up_year` would post as of now; also before the year is over."""
    with hub.store.read(employer) as session:
        return summary(list(year_matches(session, hub.book(session), year)))


def year_matches(
    session: Session, book: PlanBook, year: int, who: Sequence[str] | None = None
) -> Iterator[tuple[tuple[Worker, str], Plan, Calculation[TrueUp]]]:
    """Everybody's year against the formula, in plans that promise a true-up: worker with number, plan, answer.

    Args:
        who: only these persons'.
    """
    limits = retirement_limits(year)
    whole = savings.load(session, date(year, 1, 1), date(year + 1, 1, 1), who)
    missed = made_up.missed(session, date(year, 1, 1), date(year + 1, 1, 1))
    members = people.member_ids(session, list(whole))
    due = _Due(date(year, 1, 1), date(year, 12, 31))
    plans = [plan for plan in book.retirement_plans() if plan.match is not None and plan.match.true_up]
    for worker in facts.workers(session, Interval(due.start, date(year + 1, 1, 1)), None, who):
        saved = whole.get(worker.person_id)
        for plan in plans:
            if saved is None or not _saves(worker, plan, due):
                continue
            assert plan.match is not None
            terms = plan.deferral.rule() if plan.deferral else None
            caught_up = saved.caught_up(limits, terms) if terms else 0
            left_out = 0 if plan.match.matches_catch_up else caught_up
            # a true-up may stand already; what it replaces leaves its room again
            additions = saved.deferrals - caught_up + saved.match + saved.qnec
            answer = true_up(
                compensation_minor=saved.compensation,
                deferrals_minor=saved.deferrals - left_out + missed.get((worker.person_id, plan.id), 0),
                paid_minor=saved.match,
                formula=plan.match.rule(),
                limits=limits,
                plan_trues_up=True,
                match_period=plan.match.period,
                years_of_service=age_on(worker.hired, due.last),
                additions_left_minor=max(0, limits.additions_minor - additions),
            )
            yield (worker, members[worker.person_id]), plan, answer


def summary(found: list[tuple[tuple[Worker, str], Plan, Calculation[TrueUp]]]) -> dict[str, Any]:
    """Counts and sums in minor units, and the employee numbers with an over-match."""
    results = [(number, answer.required()) for (_, number), _, answer in found]
    return {
        "employees": len(results),
        "true_up_minor": sum(one.true_up_minor for _, one in results),
        "over_match_minor": sum(one.over_match_minor for _, one in results),
        "forfeiture_review": [number for number, one in results if one.forfeiture_review],
    }


def _true_up_entry(
    book: PlanBook, worker: tuple[Worker, str], plan: Plan, year: int, answer: Calculation[TrueUp]
) -> tuple[NewEntry, Said]:
    person_id, day = worker[0].person_id, date(year, 12, 31)
    dims = (person_id, plan.id, "match", str(Month.of(day)), day)
    key = f"true-up/{plan.id}/{person_id}/{year}"
    amount = answer.required().true_up_minor
    # The cap follows from the year: the calculator looks it up itself.
    asked = {name: told for name, told in answer.explanation.inputs.items() if name != "compensation_cap_minor"}
    kept = Kept(answer.explanation, answer.required().model_dump(mode="json"), asked)
    return _entry(book, key, "match.true_up", day, amount, dims), kept


def _entry(book: PlanBook, key: str, kind: str, day: date, amount: int, dims: tuple[Any, ...]) -> NewEntry:
    """An entry of the match; without legs where nothing is due, so that an earlier one is taken back."""
    debit, credit = EXPENSE
    unit = book.employer.currency
    legs = (Leg(debit, unit, amount, *dims), Leg(credit, unit, -amount, *dims)) if amount else ()
    return NewEntry(key, kind, day, legs, "the plan's match formula")


def _explained(session: Session, book: PlanBook, made: list[tuple[NewEntry, Said]]) -> list[NewEntry]:
    ids = save(session, [told for _, told in made], book.version)
    return [replace(entry, explanation_id=one) for (entry, _), one in zip(made, ids, strict=True)]
