"""Deductions: what each pay date should take, told to payroll before it, pending in the ledger until it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pluggy
from sqlalchemy import Select, select

from benehub import dispatch, facts, ledger, obligations
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Item
from benehub.engine import Steps
from benehub.facts import Worker
from benehub.facts.explanations import save
from benehub.facts.history import Which
from benehub.facts.lacks import Lacking, Lacks
from benehub.facts.pricing import Prices
from benehub.flows import arrears, fix_book, history, retro
from benehub.flows.accounts import account_lines
from benehub.flows.computed import computed_lines
from benehub.flows.expected import Expected, pending_entry
from benehub.flows.fix_book import FixLine
from benehub.flows.history import History
from benehub.flows.hub import Hub
from benehub.flows.money import PayPeriod, pay_calendar
from benehub.flows.payroll_holds import held, note_held, want_as_known
from benehub.flows.push_dates import refuse_ahead, refuse_past
from benehub.flows.savings import contribute
from benehub.flows.schedules import Schedules
from benehub.flows.send import awaken, send
from benehub.identity import people
from benehub.ledger import NewEntry, Restated
from benehub.ledger import accounts as chart
from benehub.ledger.arrears import ARREARS, DEDUCTION
from benehub.money import parse_rate
from benehub.obligations import Wanted, looked
from benehub.periods import Interval, Month, age_on
from benehub.planbook import Plan, PlanBook
from benehub.planbook.deadlines import send_by
from benehub.records import DeductionOrder, TaxClass
from benehub.rules.deduction.calendar import PayDay, deduction_days
from benehub.store import Session
from benehub.store.tables import entry as entry_table
from benehub.store.tables import leg
from benehub.views.deadlines.pay import looked_at

TAKEN_FROM = (chart.PAYROLL_CLEARING, chart.BENEFIT_COST, chart.MATCH_EXPENSE)
"""The accounts of which every pending entry of a pay date has one (see `money.posting`)."""


def expect(hub: Hub, steps: Steps, employer: str, month: str) -> dict[str, int]:
    """Write what the pay dates of a month should take as pending entries."""
    return steps.step("expect", _expect, hub, employer, Month.parse(month))


def _expect(hub: Hub, employer: str, month: Month) -> dict[str, int]:
    """One transaction, but written part by part: no more than a part's lines are held."""
    counts: Counter[str] = Counter({"lines": 0, "new": 0, "corrected": 0, "unchanged": 0})
    with hub.store.write(employer) as session:
        book = hub.book(session)
        # What is written here must not move the first pay date that may still be set.
        before = history.start(session, month)
        for which, lines in _expected_parts(session, hub.plugins, book, month, before):
            done = _write(session, book, lines, _pending(session, before.cut, month.end, which))
            counts.update(
                lines=len(lines), new=done.new, corrected=done.corrected, unchanged=done.unchanged,
                without_code=sum(1 for line in lines if not line.code),
                not_computed=sum(1 for line in lines if line.needs),
            )  # fmt: skip
    told = ("lines", "new", "corrected", "unchanged")
    return {name: count for name, count in counts.items() if count or name in told}


def _write(session: Session, book: PlanBook, lines: Sequence[Expected], before: Mapping[str, date]) -> Restated:
    """Make these lines stand as pending, with why; of what was pending `before`, the others are taken back."""
    told = [line for line in lines if line.amount_minor and line.code]
    reasoned = [(line.key, line.answer) for line in told if line.answer is not None]
    ids = save(session, (why for _, why in reasoned), book.version)
    whys = dict(zip((key for key, _ in reasoned), ids, strict=True))
    entries = {line.key: pending_entry(book, line, whys.get(line.key)) for line in told}
    unknown = {line.key for line in lines if line.needs}
    for key, day in before.items():
        if key in unknown:
            continue  # what cannot be computed now is not taken back either
        entries.setdefault(key, NewEntry(key, DEDUCTION, day, (), "no longer expected", status="pending"))
    return ledger.restate(session, entries.values())


def expected(
    session: Session, plugins: pluggy.PluginManager, book: PlanBook, month: Month, group: str = "", person: str = ""
) -> Iterator[Expected]:
    """Every line that the month's pay dates still to be set should show, as known now; of one group or person if named.

    Pay dates that are past keep what they were told; the schedule goes on from there. What earlier months were
    told wrongly, and what earlier pays could not take, comes in lines of its own.

    Raises:
        Lacks: lines of somebody cannot be worked out.
    """
    for _, lines in _expected_parts(session, plugins, book, month, history.start(session, month), group, person):
        yield from lines


def _expected_parts(
    session: Session, plugins: pluggy.PluginManager, book: PlanBook, month: Month, before: History, group: str = "",
    person: str = "",
) -> Iterator[tuple[Which, list[Expected]]]:  # fmt: skip
    """The lines of `expected` part by part, with whom each part is about; its reader may write them in between.

    Raises:
        Lacks: at the end, where lines of anybody cannot be worked out: by a handle and of how many, never by name.
    """
    calendar = pay_calendar(session, book, month.year)
    fixed = fix_book.pay_lines(session, before.cut)
    owed = arrears.load(session, book, before.cut).less(fixed)
    schedules = Schedules(Prices(book))
    window = Interval(date(month.year, 1, 1), month.end)
    lacking = Lacking()
    for part in [facts.part_of(session, window, person)] if person else facts.parts_of_workers(session, window):
        past = history.of_part(session, before, month, part.which)
        late = retro.load(session, book, calendar, past, part.which)
        lines: list[Expected] = []
        for worker in part.workers:
            if group and worker.pay_group != group:
                continue
            periods = calendar[worker.pay_group]
            agreed = _fixed(book, fixed.get(worker.person_id, ()), month)
            try:
                regular = list(_premium_lines(schedules, worker, periods, month, past))
                late_lines = list(retro.adjustments(schedules.prices, worker, periods, month, past, late))
                account = list(_account_lines(book, worker, periods, month, past))
            except Lacks as error:
                lacking.note(error)
                continue
            lines += [*regular, *account, *late_lines, *agreed]
            if worker.person_id in owed.by_person:
                usual, keys = _usual(worker, regular, past), {line.key for line in agreed}
                asked = arrears.collections(book, worker, periods, month, past.cut, owed, usual)
                lines += [line for line in asked if line.key not in keys]
            lines += _contributions(book, worker, periods, month, past)
            lines += computed_lines(plugins, book, worker, periods, month, past)
        yield part.which, lines
    lacking.refuse()


def _account_lines(
    book: PlanBook, worker: Worker, periods: Sequence[PayPeriod], month: Month, past: History
) -> Iterator[Expected]:
    for line in account_lines(book, worker, periods, month, past):
        terms = line.plan.deduction
        if terms is not None:
            tax_class = TaxClass.EMPLOYER if line.part == "employer" else terms.tax_class
            yield Expected(
                worker.person_id, line.plan, line.part, terms.code, tax_class, line.pay_date,
                str(Month.of(line.pay_date)), line.amount_minor,
            )  # fmt: skip


def _fixed(book: PlanBook, lines: Sequence[FixLine], month: Month) -> list[Expected]:
    """What approved fixes collect or give back on the month's pay dates."""
    return [
        Expected(
            one.person_id, book.plan(one.plan), "employee", one.code, one.tax_class, one.pay_date, one.coverage_month,
            one.amount_minor, ARREARS, f"{fix_book.SOURCE}{one.fix_id}",
        )
        for one in lines if Month.of(one.pay_date) == month
    ]  # fmt: skip


def _usual(worker: Worker, lines: Sequence[Expected], past: History) -> dict[str, int]:
    """The usual deduction of one pay by plan: of the month's lines, else of the last ones told."""
    usual: dict[str, int] = {}
    for line in lines:
        usual[line.plan.id] = max(usual.get(line.plan.id, 0), line.amount_minor)
    for plan_id in past.plans.get(worker.person_id, set()) - usual.keys():
        usual[plan_id] = max(amount for _, amount, _ in past.scheduled[(worker.person_id, plan_id)])
    return usual


def _premium_lines(
    schedules: Schedules, worker: Worker, periods: Sequence[PayPeriod], month: Month, past: History
) -> Iterator[Expected]:
    for plan, terms, line in schedules.lines(worker, periods, month, past):
        yield Expected(
            worker.person_id, plan, "employee", terms.code, terms.tax_class, line.pay_date, str(line.month),
            line.amount_minor,
        )  # fmt: skip


def _contributions(
    book: PlanBook, worker: Worker, periods: Sequence[PayPeriod], month: Month, past: History
) -> Iterator[Expected]:
    timeline = worker.coverages.get("retirement", ())
    if not timeline:
        return
    saved = past.savings.of(worker, month.year)
    for period in periods:
        cover = facts.in_force(timeline, period.pay_date)
        if Month.of(period.pay_date) != month or cover is None or not worker.on_payroll(period.start, period.end):
            continue
        plan = book.plan(cover.data["plan"])
        gross = worker.gross_minor(period.end, book.pay_group(worker.pay_group).pays_a_year)
        if gross is None or plan.deferral is None:
            continue
        parts = contribute(plan, worker, cover.data, gross, period.pay_date, saved)
        # a pay date that is past keeps what it was told, but counts toward the limits
        if period.pay_date >= past.cut:
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


def push(hub: Hub, steps: Steps, employer: str, connection_id: str, group: str, pay_date: str) -> dict[str, int]:
    """Tell payroll what the next pay date of a group shall take; what it holds already is not sent."""
    counts = steps.step("orders", order, hub, employer, connection_id, group, date.fromisoformat(pay_date))
    ids = steps.step("freeze", freeze_orders, hub, employer, connection_id)
    tally = send(hub, steps, employer, connection_id, ids)
    steps.step("note", note_held, hub, employer, ids)
    return {**counts, **tally}


def order(hub: Hub, employer: str, connection_id: str, group: str, pay_date: date) -> dict[str, int]:
    """Open the obligations that bring payroll to what `pay_date` shall take.

    Raises:
        DataError: the pay date is past; nothing is expected of it any more, which must not read as ended. Or payroll
            takes no day, and has an earlier one of the group still to run. Or the plan book has no such pay group.
    """
    with hub.store.write(employer) as session:
        book = hub.book(session)
        book.pay_group(group)
        linked = people.external_ids(session, connection_id)
        holding = held(session, connection_id)
        month = Month.of(pay_date)
        refuse_past(session, group, pay_date)
        refuse_ahead(hub, session, book, connection_id, group, pay_date)
        lines = [line for line in expected(session, hub.plugins, book, month, group) if line.pay_date == pay_date]
        due: dict[str, list[Expected]] = {}
        for line in lines:
            if line.code:
                due.setdefault(line.person_id, []).append(line)
        dates = [PayDay(one.pay_date) for one in pay_calendar(session, book, month.year)[group]]
        taking = {
            plan.deduction.code
            for plan in (*book.insurance_plans(), *book.account_plans())
            if plan.deduction is not None and pay_date in deduction_days(dates, plan.deduction_rule())[0]
        }
        wants, unlinked, members = [], 0, set[str]()
        last = send_by(book, connection_id, pay_date)
        for worker in facts.workers(session, Interval(month.first, month.end)):
            if worker.pay_group != group:
                continue
            members.add(worker.person_id)
            orders = _orders(
                book, worker, due.get(worker.person_id, []), holding.get(worker.person_id, {}), pay_date, taking
            )
            if worker.person_id not in linked:
                unlinked += bool(orders)
                continue
            for one in orders:
                full = one.model_copy(update={"employee": linked[worker.person_id]})
                account = book.plan(full.plan).is_account
                wants.append(_want(connection_id, worker.person_id, full, holding, pay_date, last, account))
        expect_told(session, book, lines, members, pay_date)
        keys = {one.key for one in wants}
        waiting = obligations.open_ones(session, "deduction.set", connection_id, states=("open", "held"))
        stale = [row.obligation_id for row in waiting if row.person_id in members and row.business_key not in keys]
        obligations.cancel(session, stale, "no longer wanted")
        change = want_as_known(session, book, wants)
        looked.note(session, looked_at(connection_id, group, pay_date))
    return {
        "opened": change.opened,
        "unchanged": change.unchanged,
        "adopted": change.adopted,
        "unlinked": unlinked,
    }


def expect_told(
    session: Session, book: PlanBook, lines: Sequence[Expected], members: Collection[str], pay_date: date
) -> None:
    """What payroll is told is what is expected of it, also where a fact came in since `expect`."""
    before = _pending(session, pay_date, pay_date + timedelta(days=1))
    _write(session, book, lines, {key: day for key, day in before.items() if key.split("/")[1] in members})


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
            # Payroll holds one amount a code: what is due, with corrections and arrears.
            before = orders[line.code].employee_amount_minor if line.code in orders else 0
            total = before + line.amount_minor
            orders[line.code] = _order(line.plan.id, line.code, line.tax_class, pay_date, amount=total)
        elif line.plan.computed is not None and line.amount_minor:
            orders[line.code] = _computed_order(line)
    for line in lines:
        if line.part == "employer" and line.plan.computed is None:
            tax_class = _tax_class(line.plan, line.part)
            own = orders.get(line.code) or _order(line.plan.id, line.code, tax_class, pay_date)
            orders[line.code] = own.model_copy(update={"employer_amount_minor": line.amount_minor})
    unknown = {line.code for line in lines if line.needs}
    cover = facts.in_force(worker.coverages.get("retirement", ()), pay_date)
    if cover is not None:
        orders |= _rate_orders(book.plan(cover.data["plan"]), cover, pay_date, age_on(worker.hired, pay_date))
    for code, state in held.items():
        known = book.by_code(code)
        if code in orders or code in unknown or known is None or not state["active"]:
            continue
        if known[1] == "match" and known[0].computed is None:
            continue
        covers = worker.coverages.get(known[0].slot, ())
        running = facts.in_force(covers, pay_date)
        ended = running is None or running.data["plan"] != known[0].id
        # The code of corrections after tax is no standing deduction: it ends with the pay that took it.
        once = known[0].deduction is not None and code == known[0].deduction.posttax_code
        if ended or once or code in taking or known[1] != "employee":
            orders[code] = _order(known[0].id, code, _tax_class(known[0], known[1]), pay_date, active=False)
    return list(orders.values())


def _computed_order(line: Expected) -> DeductionOrder:
    """A line that a plugin computed: the employee's amount, or the employer's."""
    order = _order(line.plan.id, line.code, line.tax_class, line.pay_date)
    whose = "employer_amount_minor" if line.part == "match" else "employee_amount_minor"
    return order.model_copy(update={whose: line.amount_minor})


def _rate_orders(plan: Plan, cover: facts.Fact, pay_date: date, years_of_service: int) -> dict[str, DeductionOrder]:
    terms = plan.deferral
    assert terms is not None
    match = plan.match.told(years_of_service) if plan.match else ()
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
    if plan.computed is not None:
        return next(line.tax_class for line in plan.computed.lines.values() if line.source == part)
    return plan.deduction.tax_class if plan.deduction else TaxClass.PRETAX


def _want(
    connection_id: str,
    person_id: str,
    one: DeductionOrder,
    held: Mapping[str, Mapping[str, Any]],
    pay_date: date,
    leaves_by: date,
    account: bool,
) -> Wanted:
    content = one.model_dump(mode="json", exclude={"effective_from"})
    state = held.get(person_id, {}).get(one.code, {})
    same = (
        bool(state)
        and state["active"] == one.active
        and (not one.active or (
            int(state["employee_amount_minor"]) == one.employee_amount_minor
            and (not one.employer_amount_minor or int(state["employer_amount_minor"]) == one.employer_amount_minor)
            and _same_rate(str(state["employee_rate"]), one.employee_rate)
            # What payroll holds as the employer's part of a premium is its own affair.
            and (not account or int(state.get("employer_amount_minor") or 0) == one.employer_amount_minor)
        ))
    )  # fmt: skip
    return Wanted(
        kind="deduction.set", key=f"deduction.set/{connection_id}/{person_id}/{one.code}", connection_id=connection_id,
        period=str(Month.of(pay_date)), due=pay_date, send_by=leaves_by, content=content,
        person_id=person_id, plan=one.plan, worth_minor=one.employee_amount_minor, adopted=same,
        drifted=bool(state) and not same,
    )  # fmt: skip


def _same_rate(one: str, two: str) -> bool:
    return parse_rate(one or "0") == parse_rate(two or "0")


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


def _pending(session: Session, start: date, end: date, which: Which | None = None) -> dict[str, date]:
    """Keys of what was made pending for pay dates of `[start, end)`, with the pay date; of these people if named."""
    theirs = () if which is None else (entry_table.c.entry_id.in_(_entries_of(session, start, end, which)),)
    rows = session.rows(
        select(entry_table.c.idempotency_key, entry_table.c.effective_date).where(
            *theirs,
            entry_table.c.employer_id == session.employer,
            entry_table.c.type.in_((DEDUCTION, ARREARS)),
            entry_table.c.status == "pending",
            entry_table.c.effective_date >= start,
            entry_table.c.effective_date < end,
        )
    )
    return {row.idempotency_key.rpartition("/r")[0]: row.effective_date for row in rows}


def _entries_of(session: Session, start: date, end: date, which: Which) -> Select[tuple[str]]:
    return select(leg.c.entry_id).where(
        leg.c.employer_id == session.employer, leg.c.account.in_(TAKEN_FROM), which(leg.c.person_id),
        leg.c.pay_date >= start, leg.c.pay_date < end,
    )  # fmt: skip
