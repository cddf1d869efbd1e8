"""The end of a leave year: what lapses, is lost, is carried elsewhere or has to be paid, booked as the replay says.

German days lapse only where a notice is on record (`leave_notice`); without one they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction

from benehub import facts
from benehub.engine import Steps
from benehub.errors import DataError
from benehub.facts.explanations import Kept, kept
from benehub.flows.hub import Hub
from benehub.flows.leave_books import Wanted, book_values, post, with_step
from benehub.flows.leave_payouts import DIFFERENCE, EXPECTED, GRACE_DAYS, owed_legs
from benehub.hours import leave_unit, to_minutes
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.money import Rounding, round_to_int
from benehub.periods import FOREVER, Interval
from benehub.planbook import LeavePolicy, PlanBook
from benehub.records import Step
from benehub.rules.base import exact
from benehub.rules.leave.balance import BalanceInput, EmploymentInput, EventInput, compute
from benehub.rules.leave.policy import ZERO
from benehub.rules.leave.replay import EventKind, Move
from benehub.rules.leave.urlaub import UrlaubInput, urlaub
from benehub.rules.leave.urlaub_lapse import Because
from benehub.store import Session
from benehub.views.leave_history import CARRIED_IN, GRANT, LAPSED, History, german_claim, histories

FORFEITED = "leave.forfeited"
LOSSES = (Move.EXPIRED, Move.LOST, Move.GONE)


def close(hub: Hub, steps: Steps, employer: str, year: int) -> dict[str, int]:
    """Book what the end of leave years in `year` did, as far as it has come; gives counts."""
    return steps.step("close", _close, hub, employer, year)


def _close(hub: Hub, employer: str, year: int) -> dict[str, int]:
    counts = {"forfeited": 0, "carried": 0, "payouts": 0, "new": 0}
    with hub.store.write(employer) as session:
        book, today = hub.book(session), session.today()
        first, last = date(year, 1, 2), min(date(year + 1, 1, 1), today)
        if last < first:
            raise DataError(f"{year} has not begun", where="leave close", mend="Close a year that has days behind it")
        # What is carried into another policy has to be there before that one is replayed.
        for policy in sorted(book.leave, key=lambda one: one.carry.to is None):
            policy.rule(last).check_law(last)
            notices = _notices(session, policy)
            wanted: list[Wanted] = []
            for history in histories(session, book, policy, last):
                wanted += _moved(session, book, policy, history, first, last)
                if policy.germany is not None:
                    told = notices.get(history.worker.person_id, {})
                    wanted += _german(session, book, policy, history, year, last, told)
            done = post(session, book, wanted)
            for one in wanted:
                if one.entry.type in _COUNTED and one.entry.legs:
                    counts[_COUNTED[one.entry.type]] += 1
            counts["new"] += done.new
    return counts


_COUNTED = {FORFEITED: "forfeited", LAPSED: "forfeited", CARRIED_IN: "carried", EXPECTED: "payouts"}


def _moved(
    session: Session, book: PlanBook, policy: LeavePolicy, history: History, first: date, last: date
) -> Iterator[Wanted]:
    values: dict[date, dict[str, tuple[int, int]]] = session.memo.setdefault(("leave values", policy.id), {})
    for one, minutes in history.to(last).booked():
        if one.move not in (*LOSSES, Move.REST, Move.MOVED) or not first <= one.on <= last or not minutes:
            continue
        if one.on not in values:
            values[one.on] = book_values(session, policy.id, one.on)
        held, money = values[one.on].get(history.worker.person_id, (0, 0))
        lost = -minutes
        value = round_to_int(Fraction(money * lost, held), Rounding.HALF_UP) if held > 0 else 0
        step = Step(label=one.move.value, raw=exact(-one.hours), value=f"{lost} minutes")
        why = with_step(replayed(history, one.on), step)
        if one.move in LOSSES:
            yield Wanted(_lost(book, policy, history, one.on, one.move.value, lost, value), why)
        elif one.move is Move.MOVED:
            yield from (Wanted(entry, why) for entry in _carried(book, policy, history, one.on, lost, value))
        else:
            yield from (Wanted(entry, why) for entry in _rest(session, book, policy, history, one.on, lost, value))


def replayed(history: History, on: date) -> Kept:
    """The balance of a day, with all that it was replayed from."""
    given = BalanceInput(
        policy=history.rule,
        employments=tuple(
            EmploymentInput(hire_date=start, employed_to=None if end == FOREVER else end)
            for start, end in history.employments
        ),
        events=tuple(
            EventInput(
                on=event.on, kind=event.kind, hours=event.hours, period_start=event.period_start,
                period_end=event.period_end, pays_in_year=event.pays_in_year, key=event.key,
            )
            for event in history.events
            if event.on <= on
        ),
        as_of=on,
        since=history.since,
    )  # fmt: skip
    return kept(compute(given), given)


def _lost(
    book: PlanBook, policy: LeavePolicy, history: History, on: date, name: str, minutes: int, value: int,
    kind: str = FORFEITED,
) -> NewEntry:  # fmt: skip
    person = history.worker.person_id
    dims = (person, policy.id, None, None, on)
    legs = [*_hours(policy.id, minutes, dims)]
    if value:
        unit = book.employer.currency
        legs += [Leg(chart.LEAVE_LIABILITY, unit, value, *dims), Leg(chart.LEAVE_EXPENSE, unit, -value, *dims)]
    return NewEntry(f"leave-{name}/{policy.id}/{person}/{on}", kind, on, tuple(legs), f"policy {policy.id}")


def _hours(plan: str, minutes: int, dims: tuple[str, str, None, None, date]) -> list[Leg]:
    unit = leave_unit(plan)
    return [Leg(chart.LEAVE_SOURCE, unit, minutes, *dims), Leg(chart.LEAVE_AVAILABLE, unit, -minutes, *dims)]


def _carried(
    book: PlanBook, policy: LeavePolicy, history: History, on: date, minutes: int, value: int
) -> Iterator[NewEntry]:
    to, person = policy.carry.to or "", history.worker.person_id
    here, there = (person, policy.id, None, None, on), (person, to, None, None, on)
    legs = [*_hours(policy.id, minutes, here)]
    if value:
        unit = book.employer.currency
        legs += [Leg(chart.LEAVE_LIABILITY, unit, value, *here), Leg(chart.LEAVE_LIABILITY, unit, -value, *there)]
    yield NewEntry(f"leave-out/{policy.id}/{person}/{on}", "leave.carried_out", on, tuple(legs), f"carried into {to}")
    came = tuple(leg.negated() for leg in _hours(to, minutes, there))
    yield NewEntry(f"leave-in/{to}/{person}/{on}", CARRIED_IN, on, came, f"carried from {policy.id}")


def _rest(
    session: Session, book: PlanBook, policy: LeavePolicy, history: History, on: date, minutes: int, value: int
) -> Iterator[NewEntry]:
    """Hours above the carry-over are gone on the day; their money is expected on the next pay date."""
    worker, unit = history.worker, book.employer.currency
    dims = (worker.person_id, policy.id, None, None, on)
    yield NewEntry(f"leave-rest/{policy.id}/{worker.person_id}/{on}", "leave.rest", on,
                   tuple(_hours(policy.id, minutes, dims)), "above the carry-over: paid out")  # fmt: skip
    calendar = facts.pay_calendar(session, book, on.year)[worker.pay_group]
    final = next((one.pay_date for one in calendar if one.pay_date >= on), None)
    rate = worker.hourly_rate(on, book.pay_group(worker.pay_group).pays_a_year)
    if final is None or rate is None:
        raise DataError(
            "leave is to be paid out, but there is no pay date or no rate of pay", where=f"leave policy {policy.id}",
            mend="Sync compensation and the pay calendar of the new year, then close again",
        )  # fmt: skip
    gross = round_to_int(rate * minutes / 60, Rounding.HALF_UP)
    paid = (worker.person_id, policy.id, "payout", None, final)
    legs = (Leg(chart.LEAVE_LIABILITY, unit, gross, *paid), Leg(chart.PAYROLL_CLEARING, unit, -gross, *paid))
    yield NewEntry(
        f"payout/{worker.person_id}/{policy.id}/{on}", EXPECTED, final, legs, f"above the carry-over of {on}",
        status="pending", due_date=final + timedelta(days=GRACE_DAYS),
    )  # fmt: skip
    key = f"payout/{worker.person_id}/{policy.id}/{on}/owed"
    owed = owed_legs(book, dims, paid, value, gross)
    yield NewEntry(key, DIFFERENCE, on, owed, f"above the carry-over of {on}")


def _notices(session: Session, policy: LeavePolicy) -> dict[str, dict[tuple[int, str], facts.Fact]]:
    found: dict[str, dict[tuple[int, str], facts.Fact]] = {}
    if policy.germany is None:
        return found
    for (person_id, _), segments in facts.timelines(session, "leave_notice", Interval(date.min, FOREVER)).items():
        data = segments[-1].data
        if data["policy"] == policy.id:
            found.setdefault(person_id, {})[(int(data["year"]), str(data["kind"]))] = segments[-1]
    return found


def _german(
    session: Session, book: PlanBook, policy: LeavePolicy, history: History, year: int, last: date,
    told: dict[tuple[int, str], facts.Fact],
) -> Iterator[Wanted]:  # fmt: skip
    given = urlaub_of(policy, history, year, last, told)
    if given is None:
        return
    done = urlaub(given)
    for bucket in done.required().buckets:
        if not bucket.lapsed or bucket.last_day is None:
            continue
        on = bucket.last_day + timedelta(days=1)
        minutes = to_minutes(bucket.lapsed * policy.day_hours)
        held, money = book_values(session, policy.id, on).get(history.worker.person_id, (0, 0))
        value = round_to_int(Fraction(money * minutes, held), Rounding.HALF_UP) if held > 0 else 0
        entry = _lost(book, policy, history, on, f"lapsed-{bucket.name}", minutes, value, LAPSED)
        yield Wanted(entry, kept(done, given))


def urlaub_of(
    policy: LeavePolicy, history: History, year: int, last: date, told: dict[tuple[int, str], facts.Fact]
) -> UrlaubInput | None:
    """A German leave year as the rule wants it, from what was taken, carried and told; None for no employment."""
    terms = policy.germany
    hired, employed_to = history.employments[-1]
    if terms is None or hired > last:
        return None
    first = date(year, 1, 1)
    carried = ZERO
    if history.since < first and hired < first:
        before = history.to(first)
        grant = sum((one.hours for one in before.movements if one.key == f"{GRANT}{year}"), ZERO)
        used = sum((-one.hours for one in before.movements if one.on == first and one.move is Move.USED), ZERO)
        carried = max(ZERO, before.balance - grant + used)
    taken = sum((e.hours for e in history.events if e.kind is EventKind.USE and e.on.year == year), ZERO)
    opened = [e.hours for e in history.events if e.kind is EventKind.OPENING and first < e.on <= last]
    if opened:
        # What stood on the day the employer joined: less than the year's claim was taken before, more was carried.
        year_hours = german_claim(policy, history.worker, hired, employed_to, year).total * policy.day_hours
        taken += max(ZERO, year_hours - sum(opened))
        carried = max(ZERO, sum(opened) - year_hours)

    def day(kind: str, of: int = year) -> date | None:
        fact = told.get((of, kind))
        return None if fact is None else date.fromisoformat(fact.data["on"])

    unfit = told.get((year, "unfit")) or told.get((year - 1, "unfit"))
    until = None if unfit is None or not unfit.data["until"] else date.fromisoformat(unfit.data["until"])
    return UrlaubInput(
        year=year, hire_date=hired, employed_to=None if employed_to == FOREVER else employed_to,
        days_per_week=Fraction(terms.days_per_week), agreed_days=Fraction(terms.agreed_days),
        extra_rule=terms.extra_rule, use_order=terms.use_order, birth_date=history.worker.identity.get("birth_date"),
        taken_days=taken / policy.day_hours,
        carried_days=carried / policy.day_hours,
        carried_because=_because(told, year), notice_sent_at=day("notice"),
        carried_notice_sent_at=day("carried_notice"), urgent_reasons=day("urgent") is not None,
        ill_from=None if unfit is None else date.fromisoformat(unfit.data["on"]), ill_to=until, as_of=last,
    )  # fmt: skip


def _because(told: dict[tuple[int, str], facts.Fact], year: int) -> Because:
    if (year - 1, "unfit") in told:
        return Because.ILLNESS
    return Because.URGENT if (year - 1, "urgent") in told else Because.NO_NOTICE
