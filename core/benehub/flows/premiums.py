"""Premiums: accrued per person, plan and coverage month; remitted by file; due before grace runs out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import func, select

from benehub import dispatch, facts, ledger, obligations
from benehub.connect.connector import Envelope, Item
from benehub.connections import Open
from benehub.engine import Steps
from benehub.facts import Worker
from benehub.facts.explanations import save
from benehub.facts.history import Which
from benehub.facts.pricing import Prices
from benehub.flows import payment_orders
from benehub.flows.files import freeze_file
from benehub.flows.hub import Hub
from benehub.flows.remittance_lines import lines_due
from benehub.flows.remittance_parts import current, parts
from benehub.flows.send import send
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.obligations import Wanted
from benehub.periods import Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.planbook.deadlines import send_by as leaves_by
from benehub.records import RemittanceLine
from benehub.rules.base import Calculation
from benehub.rules.premium.line import PremiumLine
from benehub.store import Session
from benehub.store.tables import confirmation, leg
from benehub.store.tables import entry as entry_table

MAX_PARTS = 1000
"""Payments of one run for a month at most: with CTX some eight million members."""

LONGEST = 999_999_999
"""The longest control number."""

Asked = Callable[[Plan], bool]
"""Whether a plan is among those whose premium is worked out."""


def accrue(hub: Hub, steps: Steps, employer: str, month: str) -> dict[str, Any]:
    """Post the premium of every coverage of the month; what is no longer owed is taken back.

    Earlier months within a plan's retro window are worked out again where they were accrued before. A cover
    whose price cannot be worked out is counted as `lacking`, and by what it lacks in `needs`; the others are posted.
    Whose they are `views.unpriced` tells: a run names nobody.
    """
    return steps.step("accrue", _accrue, hub, employer, Month.parse(month))


def _accrue(hub: Hub, employer: str, month: Month) -> dict[str, Any]:
    with hub.store.write(employer) as session:
        book = hub.book(session)
        known = (*book.insurance_plans(), *_dropped(session, book))
        window = max((one.deduction.retro.window_months for one in known if one.deduction), default=0)
        again = [one for one in _accrued_months(session, month) if one >= month.plus(-window)]
        prices, lacking = Prices(book), Lacking()
        counts = _accrue_month(session, prices, month, month.end, _any_plan, lacking)
        for earlier in again:
            gap = (month.year - earlier.year) * 12 + month.month - earlier.month
            done = _accrue_month(session, prices, earlier, month.end, partial(_within_retro, gap), lacking)
            changed = done["new"] + done["corrected"]
            if changed:
                counts["earlier_months"] = counts.get("earlier_months", 0) + changed
        return counts | {"lacking": lacking.count, "needs": dict(sorted(lacking.needs.items()))}


def _any_plan(plan: Plan) -> bool:
    """Every plan with premiums; one that was dropped since was owed for until its cover ended."""
    return plan.insured


def _within_retro(gap: int, plan: Plan) -> bool:
    """Those whose months so far back are worked out again."""
    return plan.insured and plan.deduction is not None and gap <= plan.deduction.retro.window_months


def _dropped(session: Session, book: PlanBook) -> list[Plan]:
    """Plans with premiums that only an earlier book had, and for which something was accrued."""
    here = [plan.id for plan in book.plans]
    rows = session.rows(
        select(leg.c.plan)
        .where(
            leg.c.employer_id == session.employer, leg.c.account == chart.PREMIUM_PAYABLE, leg.c.plan.not_in(here)
        )
        .distinct()
        .order_by(leg.c.plan)
    )  # fmt: skip
    found = [book.find(row.plan) for row in rows]
    return [plan for plan in found if plan is not None and plan.insured]


@dataclass
class Lacking:
    """Covers without a premium, and how many of them lack what."""

    count: int = 0
    needs: Counter[str] = field(default_factory=Counter)

    def note(self, needs: Sequence[str]) -> None:
        """Count one more."""
        self.count += 1
        self.needs.update(needs)


def _accrued_months(session: Session, month: Month) -> list[Month]:
    """Months before `month` for which anything was accrued: others were somebody else's."""
    rows = session.rows(
        select(entry_table.c.effective_date)
        .where(*session.where(entry_table, type="premium.accrued"), entry_table.c.effective_date < month.first)
        .distinct()
        .order_by(entry_table.c.effective_date)
    )
    return [Month.of(row.effective_date) for row in rows]


def _accrue_month(
    session: Session,
    prices: Prices,
    month: Month,
    until: date,
    asked: Asked,
    lacking: Lacking,
) -> dict[str, int]:
    """Make the month's premiums in the plans asked for stand for everybody employed in it; notes what lacks a price.

    Who they are is taken as known on the last day before `until`, for an earlier month too. It is one transaction,
    but posted part by part: no more than a part's entries are held.
    """
    counts: Counter[str] = Counter()
    for part in facts.parts_of_workers(session, Interval(month.first, until), elections=False):
        lines = _priced(prices, part.workers, month, asked)
        unknown = set()
        for key, (_, _, line) in lines.items():
            if line.result is None:
                unknown.add(key)
                lacking.note(line.needs)
        known = {key: one for key, one in lines.items() if key not in unknown}
        whys = save(session, (line for _, _, line in known.values()), prices.book.version)
        entries = {}
        for (key, (worker, plan, line)), why in zip(known.items(), whys, strict=True):
            legs = _legs(prices.book, worker.person_id, plan, str(month), line.result)
            source = f"coverage of {month}"
            entries[key] = NewEntry(key, "premium.accrued", month.first, legs, source, explanation_id=why)
        for key, gone in _accrued(session, prices.book, month, asked, part.which).items():
            # What cannot be priced now keeps what stands: unknown is not "no longer owed".
            if key not in unknown:
                entries.setdefault(key, gone)
        done = ledger.restate(session, entries.values())
        lives = sum(1 for one in entries.values() if one.legs)
        counts.update({"lines": lives, "new": done.new, "corrected": done.corrected, "unchanged": done.unchanged})
    return dict(counts)


def _priced(
    prices: Prices, workers: Sequence[Worker], month: Month, asked: Asked
) -> dict[str, tuple[Worker, str, Calculation[PremiumLine]]]:
    """The month's lines in these plans of whoever is employed in it, by the entry's key."""
    return {
        f"premium/{worker.person_id}/{plan.id}/{month}": (worker, plan.id, line)
        for worker, plan, line in prices.insured(workers, month)
        if asked(plan)
    }


def _legs(book: PlanBook, person_id: str, plan: str, month: str, line: Any) -> tuple[Leg, ...]:
    unit = book.employer.currency
    legs = (
        Leg(chart.BENEFIT_COST, unit, line.employer_minor, person_id, plan, "employer", month),
        Leg(chart.EMPLOYEE_SHARE_DUE, unit, line.employee_minor, person_id, plan, "employee", month),
        Leg(chart.PREMIUM_PAYABLE, unit, -line.premium_minor, person_id, plan, None, month),
    )
    return tuple(one for one in legs if one.amount)


def _accrued(session: Session, book: PlanBook, month: Month, asked: Asked, which: Which) -> dict[str, NewEntry]:
    """Keys of what stands accrued for the month, as entries without legs: they take back what is not wanted.

    Of the people of `which`.
    """
    rows = session.rows(
        select(leg.c.person_id, leg.c.plan)
        .join(
            entry_table,
            (entry_table.c.employer_id == leg.c.employer_id) & (entry_table.c.entry_id == leg.c.entry_id),
        )
        .where(
            leg.c.employer_id == session.employer,
            leg.c.account == chart.PREMIUM_PAYABLE,
            leg.c.coverage_month == str(month),
            which(leg.c.person_id),
            entry_table.c.type.in_(("premium.accrued", "premium.accrued.reversed")),
        )
        .group_by(leg.c.person_id, leg.c.plan)
        .having(func.sum(leg.c.amount) != 0)
    )
    keys = [
        f"premium/{row.person_id}/{row.plan}/{month}" for row in rows
        if (plan := book.find(row.plan)) is not None and asked(plan)
    ]  # fmt: skip
    return {key: NewEntry(key, "premium.accrued", month.first, (), f"no longer covered in {month}") for key in keys}


def remit(hub: Hub, steps: Steps, employer: str, connection_id: str, month: str) -> dict[str, Any]:
    """Pay the carrier's invoice of the month: lines to the cent, one 820, posted when it has left.

    Where a bank connection pays the carrier, the order to pay leaves first; it is posted when that has left.
    """
    done, more = _remit_part(hub, steps, employer, connection_id, month, "")
    for number in range(2, MAX_PARTS + 1):
        if not more:
            break
        part, more = _remit_part(hub, steps, employer, connection_id, month, f" {number}")
        done = _together(done, part) if "dispatch" in part else done
    return done


def _together(done: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """What several parts of a month came to: counts added, the dispatches in order."""
    several = [*done.get("parts", [done["dispatch"]]), part["dispatch"]]
    counts = {name: done.get(name, 0) + part.get(name, 0) for name in {*done, *part} - {"dispatch", "payment", "parts"}}
    return {**done, **counts, "parts": several}


def _remit_part(
    hub: Hub, steps: Steps, employer: str, connection_id: str, month: str, step: str
) -> tuple[dict[str, Any], bool]:
    """Pay one part of the month, all of it where one payment carries it; gives too whether more may be owed still."""
    dispatch_id = steps.step(f"prepare{step}", prepare_remittance, hub, employer, connection_id, Month.parse(month))
    if not dispatch_id:
        return {"lines": 0}, False
    tally: dict[str, Any] = {}
    money = steps.step(f"money{step}", payment_orders.money_of, hub, employer, connection_id, dispatch_id)
    if money:
        tally["payment"] = money["dispatch"]
        ordered = send(hub, steps, employer, money["bank"], [money["dispatch"]])
        if "sent" not in ordered:
            return {"dispatch": dispatch_id, "lines": 0, **tally, **ordered}, False
    inside = bool(money and money["inside"])
    if inside:
        state = steps.step(f"inside{step}", payment_orders.sent_inside, hub, employer, dispatch_id, money["dispatch"])
        tally[state] = 1
    else:
        tally |= send(hub, steps, employer, connection_id, [dispatch_id])
    posted = steps.step(f"post{step}", post_remittance, hub, employer, connection_id, month, dispatch_id)
    # Only a payment that carries its 820 inside may have been too small for all of it.
    return {"dispatch": dispatch_id, "lines": posted, **tally}, inside and posted > 0


def prepare_remittance(hub: Hub, employer: str, connection_id: str, month: Month) -> str:
    """Freeze the 820 of a month; the lines are what was billed, or what is enrolled, as the carrier's terms say.

    What has left already is posted first, so that it is not paid again; a credit that is left over waits. Where the
    bank's payment carries less than all of it, the 820 has what fits, and the rest is the next part.
    """
    with hub.store.read(employer) as session:
        # What is posted is settled: a month of a thousand parts does not post each of them a thousand times.
        known = parts(session, connection_id, month)
        before = [one.dispatch_id for one in known if one.dispatch_id and not (one.posted and one.left)]
    for earlier in before:
        with hub.store.read(employer) as session:
            if payment_orders.unfinished(session, earlier):
                return earlier
        post_remittance(hub, employer, connection_id, str(month), earlier)
    with (
        hub.open(employer, connection_id) as opened,
        payment_orders.bank_of(hub, employer, connection_id) as bank,
        hub.store.write(employer) as session,
    ):
        book = hub.book(session)
        key = current(session, connection_id, month)
        again = payment_orders.to_tell_again(session, key)
        lines = _told(session, key) if again else lines_due(session, book, connection_id, month, key)
        if sum(one.paid_minor for one in lines) <= 0:
            return ""
        terms = book.terms(connection_id)
        due = _due_date(session, connection_id, month) or date(month.year, month.month, terms.premium_due_day)
        most = bank.connector.remittance_most(bank.link.settings) if bank is not None else None
        all_due = sum(one.paid_minor for one in lines)
        if again is None and most is not None:
            lines = _fitting(session, opened, key, lines, due, most)
        total = sum(one.paid_minor for one in lines)
        items = [one.model_dump(mode="json") for one in lines]
        send_by = leaves_by(book, connection_id, due, terms.transit_bank_days)
        wanted = Wanted(
            kind="premium.remit", key=key, connection_id=connection_id, period=str(month), due=due,
            send_by=send_by, content={"lines": items}, worth_minor=total, beside_minor=all_due - total,
            currency=book.employer.currency,
        )  # fmt: skip
        obligations.want(session, [wanted])
        _again(session, session.id("obl", key))
        made = freeze_file(
            session, opened, "premium.remit", key, items, [session.id("obl", key)], total, book.employer.currency,
            due.isoformat(), again.reference if again else "",
        )  # fmt: skip
        if again is not None:
            payment_orders.note_told_again(session, again, made)
        elif bank is not None:
            payment_orders.freeze_order(session, book, bank, connection_id, month, made, due, send_by)
        return made


def _fitting(
    session: Session, opened: Open, key: str, lines: Sequence[RemittanceLine], due: date, most: int
) -> list[RemittanceLine]:
    """Those of the lines that one payment carries, told under the longest number a file can have."""
    items = [Item("premium.remit", f"{key}#{n}", one.model_dump(mode="json")) for n, one in enumerate(lines, 1)]
    longest = Envelope(LONGEST, session.local_now(), f"{key}/{LONGEST}", settle_on=due.isoformat(), first_set=LONGEST)
    return [lines[place] for place in opened.connector.fitting(items, longest, opened.link.settings, most)]


def _told(session: Session, key: str) -> list[RemittanceLine]:
    """The lines of a remittance that the carrier refused while its money is on its way."""
    row = obligations.by_ids(session, [session.id("obl", key)])[0]
    return [RemittanceLine.model_validate(one) for one in obligations.content(session, row)["lines"]]


def _again(session: Session, obligation_id: str) -> None:
    """A remittance that the carrier refused is owed again: whoever runs this asks for a new revision of it."""
    for row in obligations.by_ids(session, [obligation_id]):
        if row.state == "refused":
            obligations.mark(session, [obligation_id], "open", f"sent again; before: {row.reason}"[:500])


def _due_date(session: Session, connection_id: str, month: Month) -> date | None:
    return session.connection.execute(
        select(func.min(confirmation.c.on_date)).where(
            *session.where(confirmation, kind="invoice_line", connection_id=connection_id, current=1),
            confirmation.c.coverage_month == str(month),
        )
    ).scalar()


def post_remittance(hub: Hub, employer: str, connection_id: str, month: str, dispatch_id: str) -> int:
    """Post what a remittance that has left paid, line by line, once; gives how many lines."""
    with hub.store.write(employer) as session:
        order = payment_orders.order_of(session, dispatch_id)
        sent = dispatch.get(session, dispatch_id)
        if order is not None and order.sent is not None:
            # A remittance told again moves no money: it was posted with the first.
            left = order.left and order.remittance == dispatch_id
            sent = order.sent
        else:
            left = sent.state == "sent" and sent.ack_state != "rejected"
        if not left:
            return 0
        book = hub.book(session)
        row = obligations.of_dispatch(session, dispatch_id)[0]
        # The day it left, not the day of this step: a step that runs again tomorrow must post the same.
        unit, today = book.employer.currency, dispatch.sent_on(session, sent.dispatch_id)
        entries = []
        for number, line in enumerate(obligations.content(session, row)["lines"], 1):
            if not line["paid_minor"]:
                continue  # Told as disputed: nothing is paid.
            dims = {"person_id": line["person"] or None, "plan": line["plan"], "coverage_month": line["coverage_month"]}
            legs = (
                Leg(chart.PREMIUM_PAYABLE, unit, line["paid_minor"], **dims),
                Leg(chart.CARRIER_TRANSIT, unit, -line["paid_minor"], batch=dispatch_id, **dims),
            )
            entries.append(NewEntry(f"remit/{dispatch_id}/{number}", "premium.remitted", today, legs, dispatch_id))
        ledger.record(session, entries)
        return len(entries)


def take_back(session: Session, dispatch_id: str, *, booked: bool = False) -> int:
    """The carrier rejected the 820, or the bank did not pay: what was posted as remitted is owed again.

    With `booked`, what had left the bank is back there too. Gives how many entries were reversed.
    """
    types = ("premium.remitted", "premium.confirmed") if booked else ("premium.remitted",)
    rows = session.rows(
        select(entry_table.c.entry_id)
        .where(
            *session.where(entry_table, source=dispatch_id, status="posted"),
            entry_table.c.type.in_(types),
        )
        .order_by(entry_table.c.seq.desc())
    )
    return ledger.record(
        session, [ledger.reversal(session, row.entry_id, f"rejected: {dispatch_id}") for row in rows]
    ).new


def confirm_paid(hub: Hub, steps: Steps, employer: str, dispatch_id: str, day: str) -> dict[str, int]:
    """The bank or carrier confirms a remittance: what was in transit has left the bank."""
    return steps.step("confirm", _confirm_paid, hub, employer, dispatch_id, date.fromisoformat(day))


def _confirm_paid(hub: Hub, employer: str, dispatch_id: str, day: date) -> dict[str, int]:
    with hub.store.write(employer) as session:
        dispatch.get(session, dispatch_id)
        return {"posted": confirm_in(session, dispatch_id, day)}


def confirm_in(session: Session, dispatch_id: str, day: date) -> int:
    """Post a remittance's balance in transit as gone from the bank; gives how many entries are new.

    It leaves transit by the month of cover it was sent for, whenever the bank says so: that is the month it is about.
    """
    months: dict[str, list[ledger.Balance]] = {}
    for one in ledger.balances(session, [chart.CARRIER_TRANSIT], by=("coverage_month",), batch=dispatch_id):
        months.setdefault(one.unit, []).append(one)
    entries = []
    for unit, found in months.items():
        total = sum(one.amount for one in found)
        if total:
            arrived = [
                Leg(chart.CARRIER_TRANSIT, unit, -one.amount, batch=dispatch_id, **one.dimensions) for one in found
            ]
            legs = (*arrived, Leg(chart.BANK, unit, total))
            key = f"remit-confirmed/{dispatch_id}/{unit}"
            entries.append(NewEntry(key, "premium.confirmed", day, legs, dispatch_id))
    return ledger.record(session, entries).new
