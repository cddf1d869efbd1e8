"""Which pay dates payroll may be told of: none that is past, and where it takes no day, none beyond the next run."""

from __future__ import annotations

from datetime import date

from benehub import connections
from benehub.errors import DataError
from benehub.flows import history
from benehub.flows.hub import Hub
from benehub.periods import Month
from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.views.pay_runs import to_run

SET = "deduction.set"


def refuse_past(session: Session, group: str, pay_date: date) -> None:
    """Let no pay date through that is past: nothing is expected of it any more, which must not read as ended."""
    if pay_date < history.start(session, Month.of(pay_date)).cut:
        raise DataError(
            f"pay date {pay_date} is past: payroll cannot be told any more what to take on it",
            where=f"pay group {group}", mend="Push the next pay date; what was not taken is reconciled",
        )  # fmt: skip


def refuse_ahead(hub: Hub, session: Session, book: PlanBook, connection_id: str, group: str, pay_date: date) -> None:
    """Let no pay date through that an earlier one would be paid like, because payroll takes what it is told at once."""
    if connection_id not in at_once(hub, session):
        return
    before = to_run(session, book, group, pay_date)
    if before:
        raise DataError(
            f"payroll takes no day: told now of {pay_date}, it would take that on {before[0]} already",
            where=f"pay group {group}, connection {connection_id}",
            mend=f"Push {before[0]}; then {pay_date} once the register of {before[0]} is read, or that day is here",
        )  # fmt: skip


def at_once(hub: Hub, session: Session) -> frozenset[str]:
    """The connections at which a deduction counts from the next run on, whatever pay date it is meant for."""
    rows = connections.listed(session)
    known = {row.connection_id: hub.connectors.get(row.connector) for row in rows}
    return frozenset(
        name for name, one in known.items() if one is not None and SET in one.guards and SET not in one.takes_day
    )
