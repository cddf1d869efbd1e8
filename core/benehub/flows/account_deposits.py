"""Money for the employees' own accounts: what payroll really took goes to the custodian, and is followed line by line.

Nobody is paid twice: what has left is posted in the same transaction that asks what is still owed. A line that the
custodian rejects is owed again, and goes out with the next deposit of its pay date.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from benehub import dispatch, facts, ledger, obligations
from benehub.engine import Steps
from benehub.flows.files import freeze_file
from benehub.flows.hub import Hub
from benehub.flows.send import send
from benehub.identity import people
from benehub.ledger import Leg, NewEntry
from benehub.ledger import accounts as chart
from benehub.ledger.journal import leg_from
from benehub.obligations import Wanted
from benehub.periods import Month
from benehub.planbook import Plan, PlanBook
from benehub.planbook.deadlines import deposit_deadline, send_by
from benehub.records import AccountContribution, ResultStatus
from benehub.store import Session
from benehub.store.tables import confirmation
from benehub.store.tables import entry as entry_table
from benehub.store.tables import leg as leg_table

OPERATION = "account.deposit"
_SUFFIX = {"employee": "EE", "employer": "ER"}


def deposit(hub: Hub, steps: Steps, employer: str, connection_id: str, pay_date: str) -> dict[str, Any]:
    """Send the account contributions of one pay date to a custodian and post them as deposited."""
    day = date.fromisoformat(pay_date)
    dispatch_id = steps.step("prepare", prepare, hub, employer, connection_id, day)
    if not dispatch_id:
        return {"rows": 0}
    tally = send(hub, steps, employer, connection_id, [dispatch_id])
    posted = steps.step("post", _post, hub, employer, dispatch_id)
    return {"dispatch": dispatch_id, "rows": posted, **tally}


def prepare(hub: Hub, employer: str, connection_id: str, pay_date: date) -> str:
    """Freeze the contribution file of a pay date; an empty text when nothing is owed."""
    key = f"{OPERATION}/{connection_id}/{pay_date}"
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        book = hub.book(session)
        for earlier in dispatch.revisions(session, key):
            _post_one(session, book, earlier)
        wants = [
            _want(book, connection_id, pay_date, lines) for lines in lines_owed(session, book, connection_id, pay_date)
        ]
        if not wants:
            return ""
        obligations.want(session, wants)
        contents = [line for one in wants for line in one.content["lines"]]
        total = sum(one.worth_minor for one in wants)
        ids = [session.id("obl", one.key) for one in wants]
        return freeze_file(session, opened, OPERATION, key, contents, ids, total, book.employer.currency)


def _owed(
    session: Session, book: PlanBook, connection_id: str, pay_date: date
) -> dict[tuple[str, str], dict[str, int]]:
    """What the ledger owes the custodian for a pay date: plan and person -> whose money -> minor units."""
    plans = {plan.id for plan in book.account_plans() if plan.custodian == connection_id}
    found: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for one in ledger.balances(
        session, [chart.ACCOUNT_PAYABLE], by=("plan", "person_id", "money_source"), pay_date=pay_date
    ):
        told = one.dimensions
        # Less than nothing was deposited too much: it stays a difference, and lowers nobody else's money.
        if told["plan"] in plans and told["person_id"] and told["money_source"] in _SUFFIX and one.amount < 0:
            found[told["plan"], told["person_id"]][told["money_source"]] = -one.amount
    return found


def lines_owed(session: Session, book: PlanBook, connection_id: str, pay_date: date) -> list[list[AccountContribution]]:
    """The lines owed, person by person and plan by plan."""
    owed = _owed(session, book, connection_id, pay_date)
    persons = sorted({person_id for _, person_id in owed})
    ssns, last = people.ssns(session, persons), Month.of(pay_date).last
    names = {fact.subject: fact.data for fact in facts.as_of(session, "employee", last, subjects=persons)}
    made = []
    for (plan_id, person_id), amounts in sorted(owed.items()):
        plan, identity = book.plan(plan_id), names[person_id]
        reference = session.id("obl", line_key(plan_id, pay_date, person_id))
        made.append([
            AccountContribution(
                reference=f"{reference}-{_SUFFIX[part]}", person=person_id, plan=plan_id, account=plan.benefit_type,
                pay_date=pay_date, employee_number=identity["employee_number"], ssn=ssns.get(person_id, ""),
                first_name=identity["first_name"], last_name=identity["last_name"], part=part, amount_minor=amount,
                tax_year=pay_date.year, contribution_year=contribution_year(plan, pay_date),
            )
            for part, amount in sorted(amounts.items())
        ])  # fmt: skip
    return made


def line_key(plan_id: str, pay_date: date, person_id: str) -> str:
    """Business key of what is deposited for one person of one pay date."""
    return f"{OPERATION}/{plan_id}/{pay_date}/{person_id}"


def contribution_year(plan: Plan, pay_date: date) -> int:
    """The year to which money of a pay date counts: an FSA's plan year, else the calendar's."""
    if plan.benefit_type in ("fsa_health", "fsa_dependent"):
        return plan.plan_year_start(Month.of(pay_date)).year
    return pay_date.year


def _want(book: PlanBook, connection_id: str, pay_date: date, lines: Sequence[AccountContribution]) -> Wanted:
    plan = book.plan(lines[0].plan)
    when = deposit_deadline(book, plan, pay_date).required()
    return Wanted(
        kind=OPERATION, key=line_key(plan.id, pay_date, lines[0].person), connection_id=connection_id,
        period=str(Month.of(pay_date)), due=when.outer_limit,
        send_by=send_by(book, connection_id, when.due, 0),
        content={"lines": [one.model_dump(mode="json") for one in lines]}, person_id=lines[0].person, plan=plan.id,
        worth_minor=sum(one.amount_minor for one in lines), currency=book.employer.currency,
        # The ledger counts what has left: what it still owes is owed whatever was sent or refused before.
        anew=True,
    )  # fmt: skip


def _post(hub: Hub, employer: str, dispatch_id: str) -> int:
    return post(hub, employer, dispatch_id)


def post(hub: Hub, employer: str, dispatch_id: str) -> int:
    """Post what a file that has left carries, once; gives how many lines, none of one that has not left."""
    with hub.store.write(employer) as session:
        return _post_one(session, hub.book(session), dispatch.get(session, dispatch_id))


def _post_one(session: Session, book: PlanBook, sent: Row[Any]) -> int:
    """Post what a file that has left carries, once; gives how many lines."""
    entries = _entries(session, book, sent)
    ledger.record(session, entries)
    return len(entries)


def left_unposted(
    session: Session, book: PlanBook, connection_id: str, pay_date: date, person_id: str, plan: str, part: str
) -> int:
    """What has left for a person, plan and part of a pay date and is not posted yet (minor units), as `prepare` will.

    A file leaves before its step posts it: what reads the ledger in between adds this to what was deposited.
    """
    found = 0
    for sent in dispatch.revisions(session, f"{OPERATION}/{connection_id}/{pay_date}"):
        entries = {one.key: one.legs[0] for one in _entries(session, book, sent)}
        known = select(entry_table.c.idempotency_key).where(
            *session.where(entry_table), session.among(entry_table.c.idempotency_key, sorted(entries))
        )
        there = {row.idempotency_key for row in session.rows(known)} if entries else set()
        found += sum(leg.amount for key, leg in entries.items() if key not in there
                     and (leg.person_id, leg.plan, leg.money_source) == (person_id, plan, part))  # fmt: skip
    return found


def _entries(session: Session, book: PlanBook, sent: Row[Any]) -> list[NewEntry]:
    """What a file that has left posts; nothing of another one."""
    if sent.state != "sent":
        return []
    # The day it left, not the day of this step: a step that runs again tomorrow must post the same.
    unit, day = book.employer.currency, dispatch.sent_on(session, sent.dispatch_id)
    entries = []
    for row in obligations.of_dispatch(session, sent.dispatch_id):
        for line in obligations.content(session, row)["lines"]:
            pay_date = date.fromisoformat(line["pay_date"])
            dims = (line["person"], line["plan"], line["part"], str(Month.of(pay_date)), pay_date, sent.dispatch_id)
            legs = (
                Leg(chart.ACCOUNT_PAYABLE, unit, line["amount_minor"], *dims),
                Leg(chart.CUSTODIAN_TRANSIT, unit, -line["amount_minor"], *dims),
            )
            key = _deposited(sent.dispatch_id, line["reference"])
            entries.append(NewEntry(key, "account.deposited", day, legs, sent.dispatch_id))
    return entries


def _deposited(dispatch_id: str, reference: str) -> str:
    return f"account-deposit/{dispatch_id}/{reference}"


def confirmations(hub: Hub, steps: Steps, employer: str, connection_id: str, month: str) -> dict[str, int]:
    """Post what the custodian says of each line of the month's pay dates: credited, or rejected and owed again."""
    return steps.step("confirm", _confirm, hub, employer, connection_id, Month.parse(month))


@dataclass
class _Answered:
    """What one file's answers come to, by reference of the line."""

    entries: dict[str, NewEntry] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """Why it was rejected; empty: it was accepted."""
    unknown: int = 0

    def standing(self, reference: str, row: Row[Any]) -> None:
        """Take the word of one line; the last one counts."""
        rejected = row.detail["status"] == ResultStatus.REJECTED.value
        self.refused[reference] = f"custodian code {row.code or '-'}: {row.detail['text']}" if rejected else ""


def _confirm(hub: Hub, employer: str, connection_id: str, month: Month) -> dict[str, int]:
    tally = {"credited": 0, "refused": 0, "unknown_lines": 0}
    with hub.store.write(employer) as session:
        book = hub.book(session)
        answers: dict[str, list[Row[Any]]] = {}
        for row in _answers(session, connection_id, month):
            answers.setdefault(row.reference, []).append(row)
        entries: list[NewEntry] = []
        for control, rows in answers.items():
            sent = dispatch.by_control(session, connection_id, int(control))
            if sent is None or sent.operation != OPERATION:
                tally["unknown_lines"] += len(rows)
                continue
            _post_one(session, book, sent)
            found = _answered(sent, rows, _sent_lines(session, sent.dispatch_id))
            _move_on(session, sent, found)
            entries += found.entries.values()
            refused = sum(1 for why in found.refused.values() if why)
            tally["credited"] += len(found.refused) - refused
            tally["refused"] += refused
            tally["unknown_lines"] += found.unknown
        done = ledger.restate(session, entries)
    return {**tally, "new": done.new, "corrected": done.corrected, "unchanged": done.unchanged}


def _answers(session: Session, connection_id: str, month: Month) -> Sequence[Row[Any]]:
    return session.rows(
        select(confirmation)
        .where(
            *session.where(confirmation, kind="contribution_result", connection_id=connection_id, current=1),
            confirmation.c.pay_date >= month.first,
            confirmation.c.pay_date < month.end,
        )
        .order_by(confirmation.c.seq)
    )


def _sent_lines(session: Session, dispatch_id: str) -> dict[str, Leg]:
    """What a file carried, as posted: reference -> the leg in transit."""
    rows = session.rows(
        select(entry_table.c.idempotency_key, leg_table)
        .join(
            leg_table,
            (leg_table.c.employer_id == entry_table.c.employer_id) & (leg_table.c.entry_id == entry_table.c.entry_id),
        )
        .where(
            *session.where(entry_table, type="account.deposited", source=dispatch_id),
            leg_table.c.account == chart.CUSTODIAN_TRANSIT,
        )
        .order_by(entry_table.c.seq)
    )
    return {row.idempotency_key.rpartition("/")[2]: leg_from(row) for row in rows}


def _answered(sent: Row[Any], rows: Sequence[Row[Any]], lines: Mapping[str, Leg]) -> _Answered:
    """What the answers to one file post, and what became of each line; the last word of a line counts."""
    found = _Answered()
    for row in rows:
        rejected = row.detail["status"] == ResultStatus.REJECTED.value
        named = lines if row.part == "file" and rejected else {row.detail["line"]: lines.get(row.detail["line"])}
        for reference, leg in named.items():
            if leg is None:
                found.unknown += 1
                continue
            amount = -leg.amount if rejected else row.amount
            other = chart.ACCOUNT_PAYABLE if rejected else chart.BANK
            dims = (leg.person_id, leg.plan, leg.money_source, leg.coverage_month, leg.pay_date, sent.dispatch_id)
            legs = (Leg(chart.CUSTODIAN_TRANSIT, leg.unit, amount, *dims), Leg(other, leg.unit, -amount, *dims))
            key = f"account-result/{sent.dispatch_id}/{reference}"
            kind = "account.refused" if rejected else "account.credited"
            source = f"{row.batch_id}#{row.row_no}"
            found.entries[reference] = NewEntry(key, kind, row.on_date, legs if amount else (), source)
            found.standing(reference, row)
    return found


def _move_on(session: Session, sent: Row[Any], found: _Answered) -> None:
    """Obligations are confirmed when all their lines are, and refused when one is; unanswered ones wait."""
    carried = obligations.of_dispatch(session, sent.dispatch_id)
    alike: dict[tuple[str, str], list[str]] = {}
    for row in carried:
        told = [found.refused.get(line["reference"]) for line in obligations.content(session, row)["lines"]]
        why = next((one for one in told if one), "")
        if why or None not in told:
            became = ("refused", why[:300]) if why else ("confirmed", "posted by the custodian")
            alike.setdefault(became, []).append(row.obligation_id)
    for (state, reason), ids in alike.items():
        obligations.mark(session, ids, state, reason)
    if carried and sum(map(len, alike.values())) == len(carried):
        refused = [bool(why) for why in found.refused.values()]
        verdict = "rejected" if all(refused) else "accepted_with_errors" if any(refused) else "accepted"
        dispatch.acknowledge(session, sent.dispatch_id, verdict)
