"""The approved leave of one pay date as a CSV that a person imports into payroll, or keys in."""

from __future__ import annotations

from collections.abc import Sequence

from benehub.connect.connector import Envelope, FileOut, Item
from benehub.formats.delimited import write_delimited
from benehub.records import LeaveOrder

TAKE = "leave.take"
COLUMNS = (
    "employee_number", "policy", "code", "pay_group", "pay_date", "period_start", "period_end", "hours", "minutes",
)  # fmt: skip


def leave_file(items: Sequence[Item], envelope: Envelope, outbox: str) -> FileOut:
    """One row an employee and policy, in order of employee number; no cell of it can start a formula."""
    orders = sorted((item.as_record(LeaveOrder) for item in items), key=lambda one: (one.employee, one.code))
    rows = [
        (
            one.employee, one.policy, one.code, one.pay_group, one.pay_date.isoformat(),
            one.period_start.isoformat(), one.period_end.isoformat(), one.hours, str(one.minutes),
        )
        for one in orders
    ]  # fmt: skip
    name = f"{outbox}/leave-{orders[0].pay_date}-{envelope.control:06d}.csv"
    totals = {"rows": len(rows), "minutes": sum(one.minutes for one in orders)}
    return FileOut(name, write_delimited(COLUMNS, rows, bom=True), "leave", totals)
