"""What each employee has saved for retirement so far, and what the next pay adds to it under every limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, select

from benehub import facts
from benehub.facts import Worker
from benehub.identity import people
from benehub.ledger import accounts as chart
from benehub.money import parse_rate
from benehub.periods import Interval, age_on
from benehub.planbook import Plan, PlanBook
from benehub.rules.retirement.deferral import Deferral, deferral
from benehub.rules.retirement.deferral_terms import DeferralElection, DeferralPlan, YearToDate
from benehub.rules.retirement.limits import RetirementLimits, catch_up_limit, retirement_limits
from benehub.rules.retirement.match import match_contribution
from benehub.store import Session
from benehub.store.tables import confirmation, entry, leg

WITHHELD = ("deduction.withheld", "deduction.withheld.reversed", "opening.deferral")
MATCHED = ("match.accrued", "match.accrued.reversed")
TRUED_UP = ("match.true_up", "match.true_up.reversed")
"""What the year's formula gave beyond the match: owed on the year's last day."""
MADE_UP = ("correction.accrued", "correction.accrued.reversed")
"""The QNEC and the match of a missed deferral: owed on the day of the correction, and counted for the pay date."""


@dataclass
class Saved:
    """One person's calendar year so far, in minor units; `add` takes it on pay by pay.

    `prior_wages` are those of the year before with this employer; None where nobody has told them.
    """

    pretax: int = 0
    roth: int = 0
    match: int = 0
    compensation: int = 0
    prior_wages: int | None = None
    qnec: int = 0
    trued_up: int = 0

    @property
    def granted(self) -> int:
        """What the employer has added, all of which 415(c) counts; a QNEC is no match, a true-up none paid before."""
        return self.match + self.qnec + self.trued_up

    @classmethod
    def told(cls, row: Row[Any]) -> Saved:
        """From a row of `saved_query`."""
        roth, granted, qnec, trued_up = int(row.roth), int(row.granted), int(row.qnec), int(row.trued_up)
        match = granted - qnec - trued_up
        return cls(int(row.everything) - roth - granted, roth, match, qnec=qnec, trued_up=trued_up)

    @property
    def deferrals(self) -> int:
        """Pre-tax and Roth, catch-up included."""
        return self.pretax + self.roth

    def caught_up(self, limits: RetirementLimits, plan: DeferralPlan) -> int:
        """What of the deferrals was catch-up: what lies above 402(g) or the plan's own limit of the year."""
        most = limits.deferral_minor
        return max(0, self.deferrals - min(most, plan.max_year_minor if plan.max_year_minor is not None else most))

    def add(self, parts: Mapping[str, int], compensation: int) -> None:
        """Count one pay."""
        self.pretax += parts["pretax"]
        self.roth += parts["roth"]
        self.match += parts["match"]
        self.compensation += compensation


@dataclass(frozen=True, slots=True)
class Savings:
    """Everybody's year before a month; who has saved nothing yet begins at zero."""

    known: dict[str, Saved] = field(default_factory=dict)

    def of(self, worker: Worker, year: int) -> Saved:
        """One person's year so far; wages of the year before are nil for somebody hired this year."""
        found = self.known.setdefault(worker.person_id, Saved())
        if found.prior_wages is None and min(one.effective_from for one in worker.employments).year >= year:
            found.prior_wages = 0
        return found


SavedQuery = tuple[Any, ColumnElement[int], ColumnElement[int]]
"""What everybody has saved; and within it the deferrals, and all of it."""


def saved_query(session: Session, start: date, end: date) -> SavedQuery:
    """What was withheld and matched on the pay dates of `[start, end)`, by person."""
    roth = func.sum(case((leg.c.money_source == "roth", -leg.c.amount), else_=0))
    granted = func.sum(case((leg.c.account == chart.MATCH_PAYABLE, -leg.c.amount), else_=0))
    qnec = func.sum(case((leg.c.money_source == "qnec", -leg.c.amount), else_=0))
    trued_up = func.sum(case((entry.c.type.in_(TRUED_UP), -leg.c.amount), else_=0))
    everything: ColumnElement[int] = func.sum(-leg.c.amount)
    query = (
        select(
            leg.c.person_id,
            roth.label("roth"),
            granted.label("granted"),
            qnec.label("qnec"),
            trued_up.label("trued_up"),
            everything.label("everything"),
        )
        .join(entry, (entry.c.employer_id == leg.c.employer_id) & (entry.c.entry_id == leg.c.entry_id))
        .where(
            leg.c.employer_id == session.employer,
            leg.c.person_id.is_not(None),
            ((leg.c.account == chart.DEFERRAL_PAYABLE) & entry.c.type.in_(WITHHELD))
            | ((leg.c.account == chart.MATCH_PAYABLE) & entry.c.type.in_((*MATCHED, *TRUED_UP, *MADE_UP))),
            entry.c.status == "posted",
            # A correction is never owed before its pay date: this bound leaves none out.
            entry.c.effective_date >= start,
            case(
                (
                    entry.c.type.in_(MADE_UP),
                    leg.c.money_source.in_(("match", "qnec")) & (leg.c.pay_date >= start) & (leg.c.pay_date < end),
                ),
                else_=entry.c.effective_date < end,
            ),
        )
        .group_by(leg.c.person_id)
    )
    return query, everything - granted, everything


def load(session: Session, start: date, end: date, who: Sequence[str] | None = None) -> dict[str, Saved]:
    """What was withheld, matched and paid on the pay dates of `[start, end)`, with the wages of the year before.

    Args:
        who: only these persons'.
    """
    query, *_ = saved_query(session, start, end)
    if who is not None:
        query = query.where(session.among(leg.c.person_id, who))
    found = {row.person_id: Saved.told(row) for row in session.rows(query)}
    for person_id, pay in paid(session, start, end, who).items():
        found.setdefault(person_id, Saved()).compensation = pay
    for told in facts.as_of(session, "prior_wages", start, subjects=who):
        found.setdefault(told.subject, Saved()).prior_wages = int(told.data["wages_minor"])
    return found


def paid(session: Session, start: date, end: date, who: Sequence[str] | None = None) -> dict[str, int]:
    """Pay of the checks as payroll reported it, by person; a check tells it on every line of earnings."""
    checks = (
        select(confirmation.c.person_id, func.max(confirmation.c.amount).label("gross"))
        .where(
            *session.where(confirmation, kind="register_line", current=1, part="earning"),
            confirmation.c.person_id.is_not(None) if who is None else session.among(confirmation.c.person_id, who),
            confirmation.c.pay_date >= start,
            confirmation.c.pay_date < end,
        )
        .group_by(confirmation.c.person_id, confirmation.c.pay_date, confirmation.c.reference)
        .subquery()
    )
    rows = session.rows(select(checks.c.person_id, func.sum(checks.c.gross).label("paid")).group_by(checks.c.person_id))
    return {row.person_id: int(row.paid) for row in rows}


def contribute(
    plan: Plan, worker: Worker, cover: Mapping[str, Any], gross_minor: int, pay_date: date, saved: Saved
) -> dict[str, int]:
    """Pre-tax, Roth and match of one pay, from the plan compensation really paid; `saved` goes on with it.

    A match that payroll cannot work out (over a longer period, or a fixed amount) is no part of it.
    """
    limits = retirement_limits(pay_date.year)
    terms = plan.deferral.rule() if plan.deferral else DeferralPlan()
    taken = _deferral(terms, worker, cover, gross_minor, limits, saved)
    matched = 0
    if plan.match is not None and plan.match.by_payroll:
        caught_up = taken.catch_up_pretax_minor + taken.catch_up_roth_minor
        regular = taken.total_minor - caught_up
        additions = saved.deferrals - saved.caught_up(limits, terms) + saved.granted
        matched = (
            match_contribution(
                compensation_minor=gross_minor,
                deferral_minor=taken.total_minor if plan.match.matches_catch_up else regular,
                formula=plan.match.rule(),
                limits=limits,
                ytd_compensation_minor=saved.compensation,
                years_of_service=age_on(worker.hired, pay_date),
                additions_left_minor=max(0, limits.additions_minor - additions - regular),
            )
            .required()
            .match_minor
        )
    parts = {
        "pretax": taken.pretax_minor + taken.catch_up_pretax_minor,
        "roth": taken.roth_minor + taken.catch_up_roth_minor,
        "match": matched,
    }
    saved.add(parts, gross_minor)
    return parts


def _deferral(
    terms: DeferralPlan, worker: Worker, cover: Mapping[str, Any], gross_minor: int, limits: RetirementLimits,
    saved: Saved,
) -> Deferral:  # fmt: skip
    birth = worker.identity.get("birth_date")
    caught_up = saved.caught_up(limits, terms)
    given: dict[str, Any] = {
        "compensation_minor": gross_minor,
        "election": DeferralElection(parse_rate(cover["pretax_rate"] or "0"), parse_rate(cover["roth_rate"] or "0")),
        # pay before the employer joined is not known, so that 100 % of pay (415(c)) cannot be held against anybody
        "ytd": YearToDate(
            saved.deferrals,
            saved.deferrals - caught_up + saved.granted,
            saved.roth,
            caught_up,
            saved.compensation if terms.capped_pay else None,
        ),
        "limits": limits,
        "birth_date": date.fromisoformat(birth) if birth else None,
        "prior_wages_minor": saved.prior_wages,
    }
    answer = deferral(**given, plan=terms)
    if answer.result is not None:
        return answer.result
    # No guess: what is certain is taken, catch-up waits until the missing fact is told (`retirement limits` names it)
    certain = DeferralPlan(
        has_roth=terms.has_roth, max_rate=terms.max_rate, max_year_minor=terms.max_year_minor,
        capped_pay=terms.capped_pay, allows_catch_up=False,
    )  # fmt: skip
    return deferral(**given, plan=certain).required()


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one participant has come: minor units, and percent of what may be deferred without catch-up."""

    member_id: str
    deferred_minor: int
    percent: int
    catch_up_minor: int
    additions_minor: int
    state: str
    """over, at or near the limit (from 90 % on), catch-up held for want of a fact, or nothing."""


NEAR_PERCENT = 90
BIRTH_UNKNOWN = "catch-up held: birth date unknown"


def standings(session: Session, book: PlanBook, year: int) -> list[Standing]:
    """Everybody who has deferred in a year, the furthest first; only what this employer took is seen.

    Raises:
        ConfigError: the limits of the year are not loaded.
    """
    limits = retirement_limits(year)
    whole = load(session, date(year, 1, 1), date(year + 1, 1, 1))
    members = people.people(session)
    found = []
    for worker in facts.workers(session, Interval(date(year, 1, 1), date(year + 1, 1, 1))):
        saved = Savings(whole).of(worker, year)
        if not saved.deferrals:
            continue
        terms = terms_of(book, worker)
        caught_up = saved.caught_up(limits, terms)
        additions = saved.deferrals - caught_up + saved.granted
        percent = saved.deferrals * 100 // limits.deferral_minor
        state = _state(worker, saved, terms, limits)
        number = members[worker.person_id].member_id
        found.append(Standing(number, saved.deferrals, percent, caught_up, additions, state))
    return sorted(found, key=lambda one: (-one.deferred_minor, one.member_id))


def terms_of(book: PlanBook, worker: Worker) -> DeferralPlan:
    """The terms of the last retirement plan that somebody was in."""
    plans = [book.plan(one.data["plan"]) for one in worker.coverages.get("retirement", ())]
    return next((plan.deferral.rule() for plan in reversed(plans) if plan.deferral), DeferralPlan())


def excess(worker: Worker, saved: Saved, terms: DeferralPlan, limits: RetirementLimits) -> dict[str, tuple[int, int]]:
    """`deferral` and `additions`, where one is over: the most that is allowed in the year, and what was saved.

    Without a birth date it is over above the highest catch-up only: below that `unknown` tells.
    """
    caught_up = saved.caught_up(limits, terms)
    most = saved.deferrals - caught_up + _most_catch_up(worker, terms, limits)
    additions = saved.deferrals - caught_up + saved.granted
    found = {"deferral": (most, saved.deferrals), "additions": (limits.additions_minor, additions)}
    return {what: pair for what, pair in found.items() if pair[1] > pair[0]}


def unknown(worker: Worker, saved: Saved, terms: DeferralPlan, limits: RetirementLimits) -> bool:
    """Whether only the birth date tells if somebody's deferrals are above their limit, or catch-up that he may make."""
    caught_up = saved.caught_up(limits, terms)
    return not worker.identity.get("birth_date") and 0 < caught_up <= _most_catch_up(worker, terms, limits)


def _most_catch_up(worker: Worker, terms: DeferralPlan, limits: RetirementLimits) -> int:
    """His catch-up; the highest of all where his age is not known."""
    if worker.identity.get("birth_date") or not terms.allows_catch_up:
        return _catch_up(worker, terms, limits)
    return max(limits.catch_up_minor, limits.super_catch_up_minor)


def _catch_up(worker: Worker, terms: DeferralPlan, limits: RetirementLimits) -> int:
    birth = worker.identity.get("birth_date")
    return catch_up_limit(date.fromisoformat(birth), limits) if birth and terms.allows_catch_up else 0


def _state(worker: Worker, saved: Saved, terms: DeferralPlan, limits: RetirementLimits) -> str:
    birth, most = worker.identity.get("birth_date"), _catch_up(worker, terms, limits)
    if excess(worker, saved, terms, limits):
        return "over"
    if unknown(worker, saved, terms, limits):
        return BIRTH_UNKNOWN
    regular = (
        limits.deferral_minor if terms.max_year_minor is None else min(limits.deferral_minor, terms.max_year_minor)
    )
    if saved.deferrals < regular * NEAR_PERCENT // 100:
        return ""
    if saved.deferrals >= regular + most:
        return "at the limit"
    if not birth:
        return BIRTH_UNKNOWN
    if most and saved.prior_wages is None and limits.roth_catch_up_wages_minor is not None:
        return "catch-up held: wages of the year before unknown (opening_balance prior_wages)"
    return "near" if saved.deferrals < regular else "in catch-up"
