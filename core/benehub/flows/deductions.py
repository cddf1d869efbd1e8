"""Deductions: what each pay date should take, told to payroll before it, pending in the ledger until it did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from benehub import dispatch, facts, ledger, obligations
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Item
from benehub.engine import Steps
from benehub.errors import DataError
from benehub.facts import Version, Worker
from benehub.flows import history
from benehub.flows.history import History
from benehub.flows.hub import Hub
from benehub.flows.money import PayPeriod, month_lines, own_pay_days, pay_calendar
from benehub.flows.send import awaken, send
from benehub.identity import people
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.money import parse_rate
from benehub.obligations import Wanted
from benehub.periods import FOREVER, Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.records import DeductionOrder, TaxClass
from benehub.rules.deduction.calendar import DeductionMethod, DeductionRule, PayDay, deduction_days
from benehub.rules.deduction.schedule import DeductionLine, deduction_schedule
from benehub.rules.retirement.deferral import DeferralElection, DeferralPlan, YearToDate, deferral
from benehub.rules.retirement.limits import retirement_limits
from benehub.rules.retirement.match import match_contribution
from benehub.store import Session
from benehub.store.tables import entry as entry_table

NOTED = 500
"""Confirmed orders that are noted in one transaction."""

GRACE_DAYS = 5
"""Days after a pay date by which its register must have been read."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What one pay date should show for one worker and code."""

    person_id: str
    plan: Plan
    part: str
    code: str
    tax_class: TaxClass
    pay_date: date
    coverage_month: str
    amount_minor: int


def expect(hub: Hub, steps: Steps, employer: str, month: str) -> dict[str, int]:
    """Write what the pay dates of a month should take as pending entries."""
    return steps.step("expect", _expect, hub, employer, Month.parse(month))


def _expect(hub: Hub, employer: str, month: Month) -> dict[str, int]:
    with hub.store.write(employer) as session:
        book = hub.book(session)
        cut = history.load(session, month).cut
        lines = list(expected(session, book, month))
        entries = {_key(line): pending_entry(book, line) for line in lines if line.amount_minor}
        for key, gone in _pending_before(session, month, cut).items():
            entries.setdefault(key, gone)
        done = ledger.restate(session, entries.values())
    return {"lines": len(lines), "new": done.new, "corrected": done.corrected, "unchanged": done.unchanged}


def expected(session: Session, book: PlanBook, month: Month, group: str = "") -> Iterator[Expected]:
    """Every line that the month's pay dates still to be set should show, as known now; of one group if named.

    Pay dates that are past keep what they were told; the schedule goes on from there.
    """
    calendar = pay_calendar(session, book, month.year)
    past = history.load(session, month)
    for worker in facts.workers(session, Interval(date(month.year, 1, 1), month.end)):
        if group and worker.pay_group != group:
            continue
        periods = calendar[worker.pay_group]
        yield from _premium_lines(book, worker, periods, month, past)
        yield from _contributions(book, worker, periods, month, past)


def _premium_lines(
    book: PlanBook, worker: Worker, periods: Sequence[PayPeriod], month: Month, past: History
) -> Iterator[Expected]:
    for benefit_type, timeline in worker.coverages.items():
        if benefit_type == "retirement":
            continue
        for plan_id in sorted({fact.data["plan"] for fact in timeline}):
            plan = book.plan(plan_id)
            if plan.deduction is None:
                continue
            covers = [fact for fact in timeline if fact.data["plan"] == plan_id]
            for line in _schedule(book, plan, worker, covers, periods, month, past):
                if Month.of(line.pay_date) == month and line.pay_date >= past.cut:
                    yield Expected(
                        worker.person_id, plan, "employee", plan.deduction.code, plan.deduction.tax_class,
                        line.pay_date, str(line.month), line.amount_minor,
                    )  # fmt: skip


def _schedule(
    book: PlanBook, plan: Plan, worker: Worker, covers: Sequence[facts.Fact], periods: Sequence[PayPeriod],
    month: Month, past: History,
) -> Sequence[DeductionLine]:  # fmt: skip
    rule = plan.deduction_rule()
    key = (worker.person_id, plan.id)
    if rule.method is DeductionMethod.EVERY_PAY:
        shares = _shares(book, plan, covers, [Month(month.year, number) for number in range(1, 13)])
        taken = past.taken(key, shares)
        if taken and key not in past.opening:
            taken = [*_as_scheduled(shares, periods, rule, worker, taken[0][0]), *taken]
    else:
        paid_for = [month.plus({"in_advance": 1, "current": 0, "arrears": -1}[rule.timing.value])]
        shares = _shares(book, plan, covers, paid_for)
        taken = [line for line in past.scheduled.get(key, ()) if line[2] in shares]
    if not any(shares.values()) and not taken:
        return ()
    # Without anything taken the year's schedule runs from its first pay date, as it did before we looked.
    found = deduction_schedule(
        shares=shares, pay_days=own_pay_days(worker, periods), rule=rule, taken=taken,
        change_from=past.cut if taken else None, currency=book.employer.currency,
    )  # fmt: skip
    return found.result.lines if found.result is not None else ()


def _as_scheduled(
    shares: dict[Month, int], periods: Sequence[PayPeriod], rule: DeductionRule, worker: Worker, before: date
) -> list[tuple[date, int, Month | None]]:
    """Without an opening balance, the year is taken to have run as scheduled until the hub began to count."""
    found = deduction_schedule(shares=shares, pay_days=own_pay_days(worker, periods), rule=rule)
    lines = found.result.lines if found.result is not None else ()
    return [(line.pay_date, line.amount_minor, line.month) for line in lines if line.pay_date < before]


def _shares(book: PlanBook, plan: Plan, timeline: Sequence[facts.Fact], months: Sequence[Month]) -> dict[Month, int]:
    """The employee's share of each coverage month; months without cover stand as zero."""
    shares: dict[Month, int] = {}
    for month in months:
        lines = month_lines(book, timeline, month)
        shares[month] = sum(line.required().employee_minor for _, _, line in lines)
    return shares


def _contributions(
    book: PlanBook, worker: Worker, periods: Sequence[PayPeriod], month: Month, past: History
) -> Iterator[Expected]:
    timeline = worker.coverages.get("retirement", ())
    ytd_minor = past.deferred.get(worker.person_id, 0)
    for period in periods:
        cover = facts.in_force(timeline, period.pay_date)
        if Month.of(period.pay_date) != month or cover is None:
            continue
        if not worker.on_payroll(period.start, period.end) or period.pay_date < past.cut:
            continue
        plan = book.plan(cover.data["plan"])
        gross = worker.gross_minor(period.end, book.pay_groups[worker.pay_group].pays_a_year)
        if gross is None or plan.deferral is None:
            continue
        parts = contribution_parts(plan, worker, cover.data, gross, period.pay_date, ytd_minor)
        ytd_minor += parts["pretax"] + parts["roth"]
        yield from contribution_lines(plan, worker.person_id, period.pay_date, parts)


def contribution_lines(
    plan: Plan, person_id: str, pay_date: date, parts: Mapping[str, int], zeros: bool = False
) -> list[Expected]:
    """The expected lines of one pay's contributions; `zeros` keeps parts that came to nothing."""
    assert plan.deferral is not None
    codes = {
        "pretax": (plan.deferral.pretax_code, TaxClass.PRETAX),
        "roth": (plan.deferral.roth_code, TaxClass.ROTH),
        "match": (plan.match.code if plan.match else "", TaxClass.EMPLOYER),
    }
    month = str(Month.of(pay_date))
    return [
        Expected(person_id, plan, part, *codes[part], pay_date, month, amount)
        for part, amount in parts.items()
        if (amount or zeros) and codes[part][0]
    ]


def contribution_parts(
    plan: Plan, worker: Worker, cover: Mapping[str, Any], gross_minor: int, pay_date: date, ytd_minor: int
) -> dict[str, int]:
    """Pre-tax, Roth and match of one pay, from the plan compensation really paid."""
    limits = retirement_limits(pay_date.year)
    birth = worker.identity.get("birth_date")
    election = DeferralElection(parse_rate(cover["pretax_rate"] or "0"), parse_rate(cover["roth_rate"] or "0"))
    terms = plan.deferral
    result = deferral(
        compensation_minor=gross_minor,
        election=election,
        ytd=YearToDate(deferrals_minor=ytd_minor),
        limits=limits,
        birth_date=date.fromisoformat(birth) if birth else None,
        plan=DeferralPlan(allows_catch_up=bool(terms and terms.catch_up), has_roth=bool(terms and terms.roth_code)),
    ).required()
    matched = 0
    if plan.match is not None:
        matched = (
            match_contribution(
                compensation_minor=gross_minor,
                deferral_minor=result.total_minor,
                tiers=plan.match.rule(),
                compensation_cap_minor=limits.compensation_minor,
            )
            .required()
            .match_minor
        )
    return {
        "pretax": result.pretax_minor + result.catch_up_pretax_minor,
        "roth": result.roth_minor + result.catch_up_roth_minor,
        "match": matched,
    }


def push(hub: Hub, steps: Steps, employer: str, connection_id: str, group: str, pay_date: str) -> dict[str, int]:
    """Tell payroll what the next pay date of a group shall take; what it holds already is not sent."""
    counts = steps.step("orders", order, hub, employer, connection_id, group, date.fromisoformat(pay_date))
    ids = steps.step("freeze", freeze_orders, hub, employer, connection_id)
    tally = send(hub, steps, employer, connection_id, ids)
    steps.step("note", _note_held, hub, employer, ids)
    return {**counts, **tally}


def order(hub: Hub, employer: str, connection_id: str, group: str, pay_date: date) -> dict[str, int]:
    """Open the obligations that bring payroll to what `pay_date` shall take.

    Raises:
        DataError: the pay date is past; nothing is expected of it any more, which must not read as ended.
    """
    with hub.store.write(employer) as session:
        book = hub.book(session)
        linked = people.external_ids(session, connection_id)
        held = _held(session)
        month = Month.of(pay_date)
        if pay_date < history.load(session, month).cut:
            raise DataError(
                f"pay date {pay_date} is past: payroll cannot be told any more what to take on it",
                where=f"pay group {group}", mend="Push the next pay date; what was not taken is reconciled",
            )  # fmt: skip
        due: dict[str, list[Expected]] = {}
        for line in expected(session, book, month, group):
            if line.pay_date == pay_date:
                due.setdefault(line.person_id, []).append(line)
        dates = [PayDay(one.pay_date) for one in pay_calendar(session, book, month.year)[group]]
        taking = {
            plan.deduction.code
            for plan in book.insurance_plans()
            if plan.deduction is not None and pay_date in deduction_days(dates, plan.deduction_rule())[0]
        }
        wants, unlinked, members = [], 0, set[str]()
        for worker in facts.workers(session, Interval(month.first, month.end)):
            if worker.pay_group != group:
                continue
            members.add(worker.person_id)
            orders = _orders(
                book, worker, due.get(worker.person_id, []), held.get(worker.person_id, {}), pay_date, taking
            )
            if worker.person_id not in linked:
                unlinked += bool(orders)
                continue
            for one in orders:
                full = one.model_copy(update={"employee": linked[worker.person_id]})
                wants.append(_want(connection_id, worker.person_id, full, held, pay_date))
        keys = {one.key for one in wants}
        waiting = obligations.open_ones(session, "deduction.set", connection_id)
        stale = [row.obligation_id for row in waiting if row.person_id in members and row.business_key not in keys]
        obligations.cancel(session, stale, "no longer wanted")
        change = obligations.want(session, wants)
    return {
        "opened": change.opened,
        "unchanged": change.unchanged,
        "adopted": change.adopted,
        "unlinked": unlinked,
    }


def _orders(
    book: PlanBook,
    worker: Worker,
    lines: Sequence[Expected],
    held: Mapping[str, Mapping[str, Any]],
    pay_date: date,
    taking: set[str],
) -> list[DeductionOrder]:
    """What payroll shall hold for one worker: amounts of this pay date, rates for contributions, and endings.

    A code that takes nothing on a pay date that is its holiday (not in `taking`) is left as it is.
    """
    orders: dict[str, DeductionOrder] = {}
    for line in lines:
        if line.part == "employee":
            orders[line.code] = _order(line.plan.id, line.code, line.tax_class, pay_date, amount=line.amount_minor)
    cover = facts.in_force(worker.coverages.get("retirement", ()), pay_date)
    if cover is not None:
        orders |= _rate_orders(book.plan(cover.data["plan"]), cover, pay_date)
    for code, state in held.items():
        known = book.by_code(code)
        if code in orders or known is None or not state["active"] or known[1] == "match":
            continue
        covers = worker.coverages.get(known[0].benefit_type, ())
        running = facts.in_force(covers, pay_date)
        ended = running is None or running.data["plan"] != known[0].id
        if ended or code in taking or known[1] in ("pretax", "roth"):
            orders[code] = _order(known[0].id, code, _tax_class(known[0], known[1]), pay_date, active=False)
    return list(orders.values())


def _rate_orders(plan: Plan, cover: facts.Fact, pay_date: date) -> dict[str, DeductionOrder]:
    terms = plan.deferral
    assert terms is not None
    match = tuple((tier.rate, tier.up_to) for tier in plan.match.tiers) if plan.match else ()
    orders: dict[str, DeductionOrder] = {}
    for code, rate, tax_class in (
        (terms.pretax_code, cover.data["pretax_rate"], TaxClass.PRETAX),
        (terms.roth_code, cover.data["roth_rate"], TaxClass.ROTH),
    ):
        if code and rate and parse_rate(rate):
            # The match rides on the first contribution; payroll computes it over both.
            orders[code] = _order(plan.id, code, tax_class, pay_date, rate=rate, match=() if orders else match)
    return orders


def _order(
    plan: str, code: str, tax_class: TaxClass, pay_date: date, *, amount: int = 0, rate: str = "",
    match: tuple[tuple[str, str], ...] = (), active: bool = True,
) -> DeductionOrder:  # fmt: skip
    return DeductionOrder(
        employee="", plan=plan, code=code, tax_class=tax_class, employee_amount_minor=amount, employee_rate=rate,
        employer_match=match, effective_from=pay_date, active=active,
    )  # fmt: skip


def _tax_class(plan: Plan, part: str) -> TaxClass:
    if part == "roth":
        return TaxClass.ROTH
    return plan.deduction.tax_class if plan.deduction else TaxClass.PRETAX


def _want(
    connection_id: str,
    person_id: str,
    one: DeductionOrder,
    held: Mapping[str, Mapping[str, Any]],
    pay_date: date,
) -> Wanted:
    content = one.model_dump(mode="json", exclude={"effective_from"})
    state = held.get(person_id, {}).get(one.code, {})
    same = (
        bool(state)
        and state["active"] == one.active
        and (not one.active or (
            int(state["employee_amount_minor"]) == one.employee_amount_minor
            and _same_rate(str(state["employee_rate"]), one.employee_rate)
        ))
    )  # fmt: skip
    return Wanted(
        kind="deduction.set", key=f"deduction.set/{connection_id}/{person_id}/{one.code}", connection_id=connection_id,
        period=str(Month.of(pay_date)), due=pay_date, send_by=pay_date - timedelta(days=1), content=content,
        person_id=person_id, plan=one.plan, worth_minor=one.employee_amount_minor, adopted=same,
        drifted=bool(state) and not same,
    )  # fmt: skip


def _same_rate(one: str, two: str) -> bool:
    return parse_rate(one or "0") == parse_rate(two or "0")


def _held(session: Session) -> dict[str, dict[str, Mapping[str, Any]]]:
    """What payroll holds by person and code: as last adopted, overlaid by what it has confirmed since."""
    held: dict[str, dict[str, Mapping[str, Any]]] = {}
    for fact in facts.as_of(session, "payroll_benefit", FOREVER - timedelta(days=1)):
        held.setdefault(fact.subject, {})[fact.key] = fact.data
    return held


def freeze_orders(hub: Hub, employer: str, connection_id: str) -> list[str]:
    """Freeze every open order as a dispatch of its own; gives their ids."""
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        guard = opened.connector.guards.get("deduction.set", Guard.NONE)
        awaken(session, opened, "deduction.set")
        rows = obligations.open_ones(session, "deduction.set", connection_id)
        wanted = []
        for row in rows:
            content = obligations.content(session, row) | {"effective_from": row.due_date.isoformat()}
            item = Item("deduction.set", row.business_key, content)
            frozen = dispatch.freeze_item(connection_id, item, guard, row.worth_minor, row.currency)
            # What is open again was changed at the vendor since: a vendor that can be asked is told again.
            wanted.append(replace(frozen, again=not guard.must_hold))
        ids = dispatch.prepare_all(session, wanted)
        carried = {row.obligation_id: dispatch_id for row, dispatch_id in zip(rows, ids, strict=True)}
        obligations.carry(session, carried, "frozen, not sent yet")
    return ids


def _note_held(hub: Hub, employer: str, ids: Sequence[str]) -> int:
    """What payroll has confirmed becomes what it is known to hold."""
    names = ("code", "employee_amount_minor", "employee_rate", "employer_amount_minor", "active")
    noted = 0
    for start in range(0, len(ids), NOTED):
        with hub.store.write(employer) as session:
            versions = []
            for row in obligations.of_dispatches(session, ids[start : start + NOTED]):
                if row.state == "confirmed":
                    content = obligations.content(session, row)
                    data = {name: content[name] for name in names}
                    versions.append(Version("payroll_benefit", row.person_id, content["code"], session.today(), data))
            noted += facts.record(session, versions, "confirmed by payroll")
    return noted


def _key(line: Expected) -> str:
    return f"expected/{line.person_id}/{line.code}/{line.coverage_month}/{line.pay_date}"


def pending_entry(book: PlanBook, line: Expected) -> NewEntry:
    """The pending entry of a line; a line of zero has no legs and only takes back what was expected before."""
    debit, credit = {
        "employee": (chart.PAYROLL_CLEARING, chart.EMPLOYEE_SHARE_DUE),
        "pretax": (chart.PAYROLL_CLEARING, chart.DEFERRAL_PAYABLE),
        "roth": (chart.PAYROLL_CLEARING, chart.DEFERRAL_PAYABLE),
        "match": (chart.MATCH_EXPENSE, chart.MATCH_PAYABLE),
    }[line.part]
    dims = (line.person_id, line.plan.id, line.part, line.coverage_month, line.pay_date)
    unit = book.employer.currency
    return NewEntry(
        key=_key(line),
        type="deduction.expected",
        status="pending",
        effective_date=line.pay_date,
        due_date=line.pay_date + timedelta(days=GRACE_DAYS),
        legs=(Leg(debit, unit, line.amount_minor, *dims), Leg(credit, unit, -line.amount_minor, *dims))
        if line.amount_minor
        else (),
        source=f"schedule of {Month.of(line.pay_date)}",
    )


def _pending_before(session: Session, month: Month, cut: date) -> dict[str, NewEntry]:
    """Keys of what is pending for the month, as entries without legs: they void what is no longer expected."""
    rows = session.rows(
        select(entry_table.c.idempotency_key, entry_table.c.effective_date).where(
            entry_table.c.employer_id == session.employer,
            entry_table.c.type == "deduction.expected",
            entry_table.c.status == "pending",
            entry_table.c.effective_date >= cut,
            entry_table.c.effective_date < month.end,
        )
    )
    keys = {row.idempotency_key.rpartition("/r")[0]: row.effective_date for row in rows}
    return {
        key: NewEntry(key, "deduction.expected", day, (), "no longer expected", status="pending")
        for key, day in keys.items()
    }
