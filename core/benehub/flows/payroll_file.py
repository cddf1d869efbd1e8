"""Telling payroll what a pay date takes: by requests where it can be asked, by a file where it only adds files up.

A payroll behind files (DATEV through an adviser) keeps no standing deductions for us: each pay date's file says all
its lines. Told again before the pay date, only what has changed goes out, below zero where it is less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from benehub import connections, facts, obligations
from benehub.connections import Open
from benehub.engine import Steps
from benehub.flows import deductions
from benehub.flows.expected import Expected
from benehub.flows.file_chain import Chain, chain, drop, file_key
from benehub.flows.files import freeze_file
from benehub.flows.hub import Hub
from benehub.flows.push_dates import refuse_past
from benehub.flows.send import send
from benehub.identity import people
from benehub.obligations import Wanted, looked
from benehub.periods import Interval, Month
from benehub.planbook import PlanBook
from benehub.planbook.deadlines import send_by
from benehub.records import DeductionBooking
from benehub.store import Session
from benehub.views.deadlines.pay import looked_at

BOOK = "deduction.book"

Line = tuple[str, str, str, bool]
"""Person, plan, payroll's code, and whether it is the employer's part of the code."""


def push(hub: Hub, steps: Steps, employer: str, connection_id: str, group: str, pay_date: str) -> dict[str, Any]:
    """Tell payroll what the next pay date of a group shall take; what it was told already is not sent.

    Raises:
        DataError: the pay date is past, or payroll takes no day and has an earlier one still to run.
    """
    if not by_file(hub, employer, connection_id):
        return deductions.push(hub, steps, employer, connection_id, group, pay_date)
    day = date.fromisoformat(pay_date)
    counts, dispatch_id = steps.step("prepare", prepare, hub, employer, connection_id, group, day)
    if not dispatch_id:
        return dict(counts)
    return {**counts, "dispatch": dispatch_id, **send(hub, steps, employer, connection_id, [dispatch_id])}


def preview(
    hub: Hub, employer: str, connection_id: str, group: str, pay_date: date
) -> tuple[dict[str, int], list[str]]:
    """What `push` would freeze: its counts and dispatches; for a rehearsal."""
    if by_file(hub, employer, connection_id):
        counts, dispatch_id = prepare(hub, employer, connection_id, group, pay_date)
        return counts, [dispatch_id] if dispatch_id else []
    counts = deductions.order(hub, employer, connection_id, group, pay_date)
    return counts, deductions.freeze_orders(hub, employer, connection_id)


def by_file(hub: Hub, employer: str, connection_id: str) -> bool:
    """Whether the connection's payroll is told by a file."""
    with hub.store.read(employer) as session:
        name = str(connections.get(session, connection_id).connector)
    return BOOK in connections.known(connections.connectors(hub.plugins), name).files_out


def prepare(hub: Hub, employer: str, connection_id: str, group: str, pay_date: date) -> tuple[dict[str, int], str]:
    """Freeze the file of a pay date, or its next correction; counts, and the dispatch (empty: nothing to be told).

    Raises:
        DataError: the pay date is past.
    """
    with hub.open(employer, connection_id) as opened, hub.store.write(employer) as session:
        return _freeze(session, hub, opened, group, pay_date)


def _freeze(session: Session, hub: Hub, opened: Open, group: str, pay_date: date) -> tuple[dict[str, int], str]:
    book, connection_id, month = hub.book(session), opened.link.connection, Month.of(pay_date)
    refuse_past(session, group, pay_date)
    lines = [
        line for line in deductions.expected(session, hub.plugins, book, month, group) if line.pay_date == pay_date
    ]
    members = {
        worker.person_id: str(worker.identity.get("employee_number") or worker.person_id)
        for worker in facts.workers(session, Interval(month.first, month.end), elections=False)
        if worker.pay_group == group
    }
    deductions.expect_told(session, book, lines, members, pay_date)
    looked.note(session, looked_at(connection_id, group, pay_date))
    counts = {
        "without_code": sum(1 for line in lines if not line.code and line.amount_minor),
        "not_computed": sum(1 for line in lines if line.needs),
    }
    files = chain(session, f"{BOOK}/{connection_id}/{group}/{pay_date}")
    if files.doubtful:
        return counts, files.doubtful
    rows = _rows(session, connection_id, members, pay_date, lines, files)
    counts = {"lines": len(rows), **{name: count for name, count in counts.items() if count}}
    if not rows:
        drop(session, files.key)
        return counts, ""
    return counts, _frozen(session, opened, book, files.key, rows, pay_date)


def _rows(
    session: Session, connection_id: str, members: Mapping[str, str], pay_date: date, lines: Sequence[Expected],
    files: Chain,
) -> list[DeductionBooking]:  # fmt: skip
    """What the lines say beyond the files that left; a line that cannot be computed now takes nothing back."""
    now: Counter[Line] = Counter()
    unknown: set[tuple[str, str]] = set()
    for line in lines:
        if line.needs:
            unknown.add((line.person_id, line.code))
        elif line.code:
            now[line.person_id, line.plan.id, line.code, line.part == "employer"] += line.amount_minor
    known = dict(members)
    for content in files.contents:
        for one in content["rows"]:
            now[one["person"], one["plan"], one["code"], one["employer_side"]] -= one["amount_minor"]
            known.setdefault(one["person"], one["employee"])
    linked = people.external_ids(session, connection_id)
    return [
        DeductionBooking(
            person=person, employee=linked.get(person, known.get(person, person)), plan=plan, code=code,
            employer_side=employer_side, pay_date=pay_date, correction=files.number, amount_minor=amount,
        )
        for (person, plan, code, employer_side), amount in sorted(now.items())
        if amount and (person, code) not in unknown
    ]  # fmt: skip


def keys_of(session: Session, connection_id: str, group: str, pay_date: date) -> list[str]:
    """Business key of the newest file of a pay date that has left, and of the one that waits."""
    files = chain(session, f"{BOOK}/{connection_id}/{group}/{pay_date}")
    return [files.key, *([file_key(files.base, files.number - 1)] if files.number else [])]


def _frozen(
    session: Session, opened: Open, book: PlanBook, key: str, rows: Sequence[DeductionBooking], pay_date: date
) -> str:
    contents = [row.model_dump(mode="json") for row in rows]
    total, currency = sum(row.amount_minor for row in rows), book.employer.currency
    obligations.want(
        session,
        [
            Wanted(
                kind=BOOK, key=key, connection_id=opened.link.connection, period=str(Month.of(pay_date)),
                due=pay_date, send_by=send_by(book, opened.link.connection, pay_date), content={"rows": contents},
                worth_minor=total, currency=currency,
            )
        ],
    )  # fmt: skip
    return freeze_file(session, opened, BOOK, key, contents, [session.id("obl", key)], total, currency)
