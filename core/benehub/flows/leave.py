"""Leave earned: the month's accruals out of a replay, booked in whole minutes and money with their explanation.

What changes the value of leave without changing its hours is booked here too: an opening balance gets its value,
and a raise makes what is left dearer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction

from benehub.engine import Steps
from benehub.facts import Worker
from benehub.facts.explanations import Kept, kept
from benehub.flows.hub import Hub
from benehub.flows.leave_books import Wanted, book_values, money, post, summed, with_step, worth
from benehub.flows.leave_payouts import left_in, payouts
from benehub.hours import leave_unit
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.money import Rounding, round_to_int
from benehub.periods import FOREVER, Month
from benehub.planbook import LeavePolicy, PlanBook
from benehub.records import Step
from benehub.rules.base import exact
from benehub.rules.leave.accrue import Basis
from benehub.rules.leave.accrue import accrue as accrue_rule
from benehub.rules.leave.replay import EventKind, Move, Movement
from benehub.rules.leave.urlaub import UrlaubInput, urlaub
from benehub.store import Session
from benehub.store.tables import entry as entry_table
from benehub.store.tables import leg
from benehub.views.leave_history import ACCRUED, GRANT, History, histories

REVALUED = "leave.revalued"


def accrue(hub: Hub, steps: Steps, employer: str, month: str) -> dict[str, int]:
    """Accrue leave for the month's pay dates, value it, and expect the pay-out of those who leave."""
    return steps.step("accrue", _accrue, hub, employer, Month.parse(month))


def _accrue(hub: Hub, employer: str, month: Month) -> dict[str, int]:
    counts = {"accrued": 0, "payouts": 0, "new": 0, "scheduled_hours": 0}
    with hub.store.write(employer) as session:
        book = hub.book(session)
        for policy in book.leave:
            policy.rule(month.last).check_law(month.last)
            standing = _standing(session, policy.id, month)
            known = list(histories(session, book, policy, month.last, month.first))
            wanted = [one for history in known for one in _earned(book, policy, history, month)]
            gone = _taken_back(standing, [one.entry for one in wanted], month)
            done = post(session, book, [*wanted, *gone])
            post(session, book, [one for history in known for one in _opening_values(book, policy, history)])
            post(session, book, list(_revalued(session, book, policy, known, month)))
            leavers = {history.worker.person_id for history in known if left_in(history.worker, month)}
            _put_right_after(session, book, policy, leavers, month)
            counts["accrued"] += done.new + done.corrected + done.unchanged
            counts["new"] += done.new
            counts["scheduled_hours"] += sum(
                1 for history in known for day in history.scheduled if Month.of(day) == month
            )
            owed = list(payouts(session, book, policy, [history.worker for history in known], month))
            counts["payouts"] += sum(1 for one in owed if one.entry.status == "pending")
            counts["new"] += post(session, book, owed).new
    return counts


def _put_right_after(session: Session, book: PlanBook, policy: LeavePolicy, leavers: set[str], month: Month) -> None:
    """Later months that stand accrued for who leaves in this one: what is not earned is gone before it is paid out."""
    if not leavers:
        return
    rows = summed(
        session, chart.LEAVE_AVAILABLE, policy.id, (leg.c.person_id, leg.c.pay_date),
        entry_table.c.type.in_((ACCRUED, f"{ACCRUED}.reversed")), leg.c.pay_date >= month.end,
    )  # fmt: skip
    months = {Month.of(row.pay_date) for row in rows if row.amount and row.person_id in leavers}
    for later in sorted(months, key=lambda one: one.first, reverse=True):
        keys = {f"leave/{policy.id}/{row.person_id}/{row.pay_date}": int(row.amount) for row in rows
                if row.amount and row.person_id in leavers and Month.of(row.pay_date) == later}  # fmt: skip
        known = histories(session, book, policy, later.last, later.first)
        mine = [history for history in known if history.worker.person_id in leavers]
        wanted = [one for history in mine for one in _earned(book, policy, history, later)]
        post(session, book, [*wanted, *_taken_back(keys, [one.entry for one in wanted], later)])


def _standing(session: Session, policy_id: str, month: Month) -> dict[str, int]:
    """What stands accrued for the month: key without revision -> minutes."""
    rows = summed(
        session, chart.LEAVE_AVAILABLE, policy_id, (leg.c.person_id, leg.c.pay_date),
        entry_table.c.type.in_((ACCRUED, f"{ACCRUED}.reversed")),
        leg.c.pay_date >= month.first, leg.c.pay_date < month.end,
    )  # fmt: skip
    return {f"leave/{policy_id}/{row.person_id}/{row.pay_date}": int(row.amount) for row in rows if row.amount}


def _taken_back(standing: Mapping[str, int], wanted: Sequence[NewEntry], month: Month) -> list[Wanted]:
    """Entries without legs for what nobody accrues any more: who left before the pay period has not earned it."""
    keys = standing.keys() - {one.key for one in wanted}
    return [Wanted(NewEntry(key, ACCRUED, month.first, (), "no longer accrued")) for key in sorted(keys)]


def _earned(book: PlanBook, policy: LeavePolicy, history: History, month: Month) -> Iterator[Wanted]:
    """One entry a day on which leave is earned in the month; two movements of a day are booked together."""
    by_day: dict[date, tuple[int, Movement]] = {}
    for one, minutes in history.to(month.last).booked():
        grant = one.move is Move.ADJUST and one.key.startswith(GRANT)
        if (grant or one.move is Move.ACCRUED) and Month.of(one.on) == month:
            by_day[one.on] = (minutes + by_day.get(one.on, (0, one))[0], one)
    for day, (minutes, movement) in sorted(by_day.items()):
        if minutes:
            yield Wanted(_accrual(book, policy, history.worker, day, minutes), _why(policy, history, movement))


def _accrual(book: PlanBook, policy: LeavePolicy, worker: Worker, day: date, minutes: int) -> NewEntry:
    dims = (worker.person_id, policy.id, None, None, day)
    unit = leave_unit(policy.id)
    legs = [Leg(chart.LEAVE_AVAILABLE, unit, minutes, *dims), Leg(chart.LEAVE_SOURCE, unit, -minutes, *dims)]
    legs += worth(
        book, worker.hourly_rate(day, book.pay_group(worker.pay_group).pays_a_year), minutes, chart.LEAVE_EXPENSE, dims
    )
    return NewEntry(f"leave/{policy.id}/{worker.person_id}/{day}", ACCRUED, day, tuple(legs), f"policy {policy.id}")


def _why(policy: LeavePolicy, history: History, movement: Movement) -> Kept:
    """What is kept of how a movement came about, so that it can be worked out again."""
    if movement.span is None:
        return _granted(policy, history, movement.on.year)
    event = movement.event
    worked = event.hours if event is not None and event.kind is EventKind.WORK else None
    done = accrue_rule(
        policy=history.rule, span=movement.span,
        basis=Basis(worked, None, event.pays_in_year if event is not None else None, movement.weekly_hours),
        balance_hours=movement.balance - movement.hours, year_hours=movement.year_before,
    )  # fmt: skip
    if worked is None:
        return kept(done)
    scheduled = movement.on in history.scheduled
    said = "scheduled: payroll's register tells none" if scheduled else "as payroll's register tells them"
    return with_step(kept(done), Step(label="hours worked", raw=str(worked), value=said))


def _granted(policy: LeavePolicy, history: History, year: int) -> Kept:
    """The claim of a German leave year, asked of the rule of its year as a whole."""
    terms, (hired, employed_to) = policy.germany, history.employments[-1]
    assert terms is not None  # only German policies have such grants
    given = UrlaubInput(
        year=year, hire_date=hired, employed_to=None if employed_to == FOREVER else employed_to,
        days_per_week=Fraction(terms.days_per_week), agreed_days=Fraction(terms.agreed_days),
        extra_rule=terms.extra_rule, birth_date=history.worker.identity.get("birth_date"),
    )  # fmt: skip
    hours = Step(label="hours per day", raw=exact(policy.day_hours), value=f"policy {policy.id}")
    return with_step(kept(urlaub(given), given), hours)


def _opening_values(book: PlanBook, policy: LeavePolicy, history: History) -> Iterator[Wanted]:
    """An opening balance comes in hours; what they are worth stands against the opening account."""
    worker = history.worker
    for event in history.events:
        if event.kind is not EventKind.OPENING:
            continue
        dims = (worker.person_id, policy.id, None, None, event.on)
        minutes = int(event.hours * 60)
        legs = worth(
            book,
            worker.hourly_rate(event.on, book.pay_group(worker.pay_group).pays_a_year),
            minutes,
            chart.OPENING,
            dims,
        )
        key = f"leave-opening/{policy.id}/{worker.person_id}/{event.on}"
        yield Wanted(NewEntry(key, "leave.opening_valued", event.on, tuple(legs), f"policy {policy.id}"))


def _revaluations(session: Session, policy_id: str, day: date) -> dict[str, int]:
    """By how much the liability was raised on a day before, by person: it is worked out anew."""
    rows = summed(
        session, chart.LEAVE_LIABILITY, policy_id, (leg.c.person_id,),
        entry_table.c.type.in_((REVALUED, f"{REVALUED}.reversed")), entry_table.c.effective_date == day,
    )  # fmt: skip
    return {row.person_id: -int(row.amount) for row in rows}


def _revalued(
    session: Session, book: PlanBook, policy: LeavePolicy, known: Sequence[History], month: Month
) -> Iterator[Wanted]:
    """On the day of a raise what is left is worth more; the difference is expense of that day."""
    raises: dict[date, list[Worker]] = {}
    for history in known:
        for fact in history.worker.pay[1:]:
            if Month.of(fact.effective_from) == month:
                raises.setdefault(fact.effective_from, []).append(history.worker)
    for day, workers in sorted(raises.items()):
        values, standing = (
            book_values(session, policy.id, day + timedelta(days=1)),
            _revaluations(session, policy.id, day),
        )
        for worker in workers:
            minutes, value = values.get(worker.person_id, (0, 0))
            value -= standing.get(worker.person_id, 0)
            rate = worker.hourly_rate(day, book.pay_group(worker.pay_group).pays_a_year)
            if rate is None:
                continue
            delta = round_to_int(rate * minutes / 60, Rounding.HALF_UP) - value
            dims = (worker.person_id, policy.id, None, None, day)
            legs = money(book, delta, chart.LEAVE_EXPENSE, dims) if delta else []
            key = f"leave-revalued/{policy.id}/{worker.person_id}/{day}"
            yield Wanted(NewEntry(key, REVALUED, day, tuple(legs), f"pay changed on {day}"))
