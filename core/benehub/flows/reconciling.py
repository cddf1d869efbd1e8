"""Reconciliation as a flow: each relation compared for a month, its differences brought up to date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from benehub import facts, ledger, reconcile
from benehub.engine import Steps
from benehub.errors import ConfigError, DataError
from benehub.flows import over_limit
from benehub.flows.hub import Hub
from benehub.flows.identities import suggest
from benehub.flows.linking import map_codes
from benehub.flows.money import pay_calendar
from benehub.flows.users import worker
from benehub.periods import Interval, Month
from benehub.planbook import Plan, PlanBook
from benehub.planbook.deadlines import deposit_deadline
from benehub.plugins import call_each
from benehub.reconcile import (
    MONTHLY,
    Finding,
    Relation,
    Type,
    accounts,
    carriers,
    credits,
    doubled,
    given_up,
    leave,
    nothing,
    payroll,
    premium,
    retirement,
    tolerance,
    unmatched,
    vanished,
    year,
)
from benehub.reconcile.compared import note_compared
from benehub.reconcile.suppression import check_alone
from benehub.records.notices import DifferenceNotice
from benehub.rules.retirement.deposit_due import DepositDue
from benehub.store import Session
from benehub.store.acts import note_act
from benehub.store.tables import intake_batch, intake_row, row_waits
from benehub.views import leave_orders
from benehub.views.strangers import doubles

WORDS = {"dismissed": given_up.WORD, reconcile.REOPENED: given_up.UNDO}
"""What a person's word is called among the acts on a difference: of a dismissal a second one may be needed."""


def reconcile_month(hub: Hub, steps: Steps, employer: str, month: str, relations: list[str]) -> dict[str, Any]:
    """Compare the relations named (all when empty) and settle their differences; gives counts by relation.

    A relation of which nothing was read says so in `state`: it is not reconciled, nothing was compared.
    """
    result: dict[str, Any] = {}
    # Who cannot be matched by crosswalk or alternate ids now is suggested to a person; nobody is dropped or merged.
    steps.step("identify", suggest, hub, employer)
    for name in relations or [one.value for one in MONTHLY]:
        relation = Relation(name)
        result[name] = steps.step(f"compare {name}", _one, hub, employer, relation.value, Month.parse(month))
    steps.step("fixes", _follow, hub, employer)
    return result


def _follow(hub: Hub, employer: str) -> dict[str, str]:
    from benehub.flows import fixes  # they use the flows that tell of differences through this module

    return fixes.follow(hub, employer)


def _one(hub: Hub, employer: str, relation: str, month: Month) -> dict[str, int | str]:
    with hub.store.write(employer) as session:
        read_to = session.latest_seq()  # before anything is looked at: all up to there is seen
        book = hub.book(session)
        map_codes(session, book)
        findings = _findings(session, book, Relation(relation), month, read_to)
        more = _before(session, Relation(relation), month)
        if not findings and (name := nothing.absent(session, Relation(relation), month)):
            more |= {"state": nothing.told(name, month), "nothing": name}
        small = tolerance.within(session, book, Relation(relation), findings)
        outcome = reconcile.settle(session, Relation(relation), str(month), findings, session.today(), read_to, small)
        quiet = nothing.silent(session, book, Relation(relation), month)
        note_compared(session, Relation(relation), month, read_to, quiet)
        if (rounded := tolerance.post(session, book, Relation(relation), str(month))).lines:
            more |= {"tolerated": rounded.lines, "tolerated_minor": rounded.amount}
        if relation == Relation.PREMIUM:
            given_up.restate(session, book, str(month))
            outcome += credits.settle(session, book)
        if relation == Relation.ACCOUNTS:
            outcome += accounts.settle_untold(session, book, month, _custodian_due(book), read_to)
    tell(hub, employer, outcome.opened, "difference_opened")
    tell(hub, employer, outcome.closed, "difference_closed")
    counts = {"opened": len(outcome.opened), "closed": len(outcome.closed), "seen_again": outcome.seen_again}
    return counts | more


def _before(session: Session, relation: Relation, month: Month) -> dict[str, int | str]:
    """Said where a bill's lines were compared with nothing: the month lies before the first that was accrued here."""
    first = premium.first_month(session) if relation is Relation.PREMIUM else None
    return {"before_first_month": 1} if first is not None and month < first else {}


def reconcile_year(hub: Hub, steps: Steps, employer: str, year: int) -> dict[str, Any]:
    """Tie a year out, person by person: registers, ledger, Forms W-2, the recordkeeper's year; gives the totals.

    Raises:
        DataError: nothing at all is known of the year.
    """
    return steps.step("compare year", _year, hub, employer, year)


def _year(hub: Hub, employer: str, number: int) -> dict[str, Any]:
    with hub.store.write(employer) as session:
        read_to = session.latest_seq()  # as in `_one`
        book = hub.book(session)
        map_codes(session, book)

        def due(plan: Plan, day: date) -> date:
            return deposit_deadline(book, plan, day).required().due

        ties = year.tie_out(session, book, number, due)
        found = [one for tie in ties for one in tie.findings]
        outcome = reconcile.settle(session, Relation.YEAR, year.period(number), found, session.today(), read_to)
        if not ties and not outcome.closed:
            raise DataError(
                f"no payroll register, posted pay, Form W-2 or recordkeeper's total of {number} is here",
                where=f"year {number}", mend=f"Read them first, or name another year; {year.kept(session)}",
            )  # fmt: skip
    tell(hub, employer, outcome.opened, "difference_opened")
    tell(hub, employer, outcome.closed, "difference_closed")
    return {
        "opened": len(outcome.opened), "closed": len(outcome.closed), "seen_again": outcome.seen_again,
        "totals": [one.as_json() for one in ties],
    }  # fmt: skip


def act(
    hub: Hub, employer: str, difference_id: str, who: str, *, state: str = "", step: str = "", note: str = "",
    entries: Sequence[str] = (), to: str | None = None, expected: str = "",
) -> tuple[str, ...]:  # fmt: skip
    """A person's word on a difference, with the ledger entries that settle it; plugins hear of one closed by it, or
    opened again.

    What is opened again (`reconcile.REOPENED`) comes back to the account that its dismissal had posted it out of, and
    takes no second person. A later dismissal needs as many persons as a first one.

    Gives the entries: what is resolved has those that are named, else those that are found.

    Args:
        to: the id or address of the user who is to work it; empty for nobody, None to leave it as it is.
        expected: the version (`reconcile.version_of`) that the person had before him; empty where none is kept.

    Raises:
        DataError: no such difference or entry, a state or step that does not exist, no reason given, no entry for
            what is at stake, a user who may not work it, or nobody has dismissed what is to be opened again.
        ChangedMeanwhile: it is not as it was at the version `expected`, where one is named.
    """
    given = worker(hub, employer, to) if to else to
    with hub.store.write(employer) as session:
        session.take_seq(0)  # two people's words come one after the other
        row = reconcile.get(session, difference_id)
        for one in entries:
            ledger.entry_of(session, one)
        linked = reconcile.act(
            session, difference_id, who, state=state, step=step, note=note, entries=entries, to=given,
            expected=expected,
        )  # fmt: skip
        if state in WORDS:
            note_act(session, difference_id, who, WORDS[state], note)
        if state and row.relation == Relation.PREMIUM:
            given_up.restate(session, hub.book(session), row.period, difference_id)
    if state == reconcile.REOPENED:
        tell(hub, employer, (difference_id,), "difference_opened")
    elif row.state in reconcile.OPEN and state:
        tell(hub, employer, (difference_id,), "difference_closed")
    return linked


def set_aside(
    hub: Hub, employer: str, relation: str, type_: str, plan: str | None, up_to: int | None, ends: date, who: str,
    note: str,
) -> str:  # fmt: skip
    """A person's word that such differences are set aside until a day; gives the rule's id.

    Raises:
        DataError: no such relation, type or plan, an end that is past or too far, nobody named, or no reason; it could
            set more aside than one person may give up.
    """
    with hub.store.write(employer) as session:
        book = hub.book(session)
        if plan is not None:
            book.plan(plan)
        check_alone(relation, type_, up_to, book.employer.currency, book.guards.alone_up_to_minor)
        return reconcile.suppress(session, relation, type_, plan, up_to, ends, who, note)


def lift(hub: Hub, employer: str, rule: str) -> None:
    """End such a rule now.

    Raises:
        DataError: no such rule, or it was lifted before.
    """
    with hub.store.write(employer) as session:
        reconcile.lift(session, rule)


def _custodian_due(book: PlanBook) -> accounts.Due:
    return lambda plan, day: deposit_deadline(book, plan, day).required().due


def _findings(session: Session, book: PlanBook, relation: Relation, month: Month, read_to: int) -> list[Finding]:
    def due(plan: Plan, day: date) -> DepositDue:
        return deposit_deadline(book, plan, day).required()

    match relation:
        case Relation.INTAKE:
            return [
                *_quarantine(session, month), *_held(session, month), *vanished.compare(session, month),
                *unmatched.duplicates(str(month), doubles(session, ours=False)),
                *doubled.compare(session, month, read_to),
            ]  # fmt: skip
        case Relation.PAYROLL:
            return payroll.compare(session, book, book.roles.payroll, month)
        case Relation.PREMIUM:
            names = carriers.to_compare(session, book, month)
            found = [one for name in names for one in premium.of_bill(session, book, name, month)]
            found += premium.of_payments(session, book, carriers.to_pay(session, book, month), month)
            return [*found, *premium.rejected_files(session, month), *carriers.of_nobody(session, book, month)]
        case Relation.RETIREMENT:
            keepers = retirement.to_compare(session, book, month)
            found = [one for keeper in keepers for one in retirement.compare(session, book, keeper, month, due)]
            return [*found, *over_limit.compare(session, book, month)]
        case Relation.ACCOUNTS:
            return accounts.compare(session, book, month, _custodian_due(book))
        case Relation.LEAVE:
            approved = leave_orders.approved(session, _periods(session, book, month))
            return leave.compare(session, book, book.roles.payroll, month, approved, _finals(session, book, month))
        case Relation.COVERAGE:
            raise ConfigError("cover is compared when it is decided", mend="Run `benehub enrollments decide`")
        case Relation.CREDIT:
            raise ConfigError("credits are looked at on their own", mend="Run `benehub premiums credits --post`")
        case Relation.YEAR:
            raise ConfigError("it is compared by the year", mend="Run `benehub reconcile year --year 2026`")
        case Relation.ENROLLMENT:
            raise ConfigError("it is compared when answers are taken", mend="Run `benehub enrollments acks`")


def _finals(session: Session, book: PlanBook, month: Month) -> dict[str, date]:
    calendar = pay_calendar(session, book, month.year)
    ends = {group: {one.pay_date: one.end for one in periods} for group, periods in calendar.items()}
    return leave.finals(session, month, ends)


def _periods(session: Session, book: PlanBook, month: Month) -> leave_orders.Periods:
    """Pay periods of the month and the one before, which tells whether leave was paid already."""
    months = (month.plus(-1), month)
    calendars = [pay_calendar(session, book, year) for year in sorted({one.year for one in months})]
    return {
        worker.person_id: [
            one for calendar in calendars for one in calendar[worker.pay_group] if Month.of(one.pay_date) in months
        ]
        for worker in facts.workers(session, Interval(months[0].first, month.end))
    }


def _quarantine(session: Session, month: Month) -> list[Finding]:
    """Rows that wait for somebody to mend them; the newest row of a key speaks for it."""
    rows = session.rows(
        select(
            intake_row.c.row_key, intake_row.c.reason, intake_row.c.batch_id, intake_row.c.row_no,
            intake_batch.c.connection_id, intake_batch.c.stream,
        )
        .join(
            intake_batch,
            (intake_batch.c.employer_id == intake_row.c.employer_id)
            & (intake_batch.c.batch_id == intake_row.c.batch_id),
        )
        .where(intake_row.c.employer_id == session.employer, row_waits)
        .order_by(intake_batch.c.seq)
    )  # fmt: skip
    newest = {(row.connection_id, row.stream, row.row_key): row for row in rows}
    return [
        Finding(
            Relation.INTAKE, Type.ROW_QUARANTINED, str(month), f"{row.connection_id}/{row.stream}/{row.row_key}",
            "hris" if row.stream in ("employee", "dependent", "compensation") else "source", "hris",
            f"row {row.row_no} of {row.stream}: {row.reason}"[:500],
            "Mend the row at its source and sync again, or re-drive it",
        )
        for row in newest.values()
    ]  # fmt: skip


def _held(session: Session, month: Month) -> list[Finding]:
    """Batches that wait for a person's word; one that a later read of its stream has overtaken does not."""
    later = intake_batch.alias()
    rows = session.rows(
        select(intake_batch)
        .where(
            *session.where(intake_batch, state="held"),
            ~select(later.c.batch_id)
            .where(
                later.c.employer_id == intake_batch.c.employer_id,
                later.c.connection_id == intake_batch.c.connection_id,
                later.c.stream == intake_batch.c.stream,
                later.c.state == "applied",
                later.c.seq > intake_batch.c.seq,
            )
            .exists(),
        )
        .order_by(intake_batch.c.seq)
    )
    newest = {(row.connection_id, row.stream): row for row in rows}
    return [
        Finding(
            Relation.INTAKE, Type.BATCH_HELD, str(month), row.batch_id, "source", "hris",
            f"a read of {row.connection_id} {row.stream} is held: {row.reason}"[:500],
            "Look at it (benehub intake show), then release or discard it",
        )
        for row in newest.values()
    ]  # fmt: skip


def tell(hub: Hub, employer: str, ids: tuple[str, ...], hook: str) -> None:
    """Tell plugins of differences that opened or closed."""
    if not ids:
        return
    with hub.store.read(employer) as session:
        rows = [reconcile.get(session, one) for one in ids]
    for row in rows:
        notice = DifferenceNotice(
            employer, row.difference_id, row.relation, row.type, row.state, row.at_stake, row.unit
        )
        for _ in call_each(hub.plugins, hook, difference=notice):
            continue
