"""From lost earnings as they were worked out to the recordkeeper's file of one late pay date."""

from __future__ import annotations

from collections.abc import Sequence

from benehub.connect.connector import Envelope, FileOut, Item
from benehub.errors import DataError
from benehub.formats import lost_earnings
from benehub.formats.layout import stamp
from benehub.formats.lost_earnings import EarningsLine
from benehub.records import EarningsRow
from benehub_connectors.recordkeeper_files.settings import RecordkeeperSettings


def render_earnings(items: Sequence[Item], envelope: Envelope, settings: RecordkeeperSettings) -> FileOut:
    """The file of `items`; its money is the envelope's total.

    Raises:
        DataError: nobody, another plan, a line that cannot be written, or a sum that is not the total.
    """
    records = [(item.key, item.as_record(EarningsRow)) for item in items]
    if not records:
        raise DataError("lost earnings of nobody", where=envelope.reference, mend="Send nothing")
    lines: list[EarningsLine] = []
    for key, record in records:
        if record.plan != settings.plan:
            what = f"plan {record.plan!r} on the connection of plan {settings.plan!r}"
            raise DataError(what, where=f"item {key}", mend="Send a file for each plan")
        own = [
            EarningsLine(
                record.ssn, settings.plan_id, source, record.pay_date, minor, record.last_name, record.first_name
            )
            for source, minor in sorted(record.amounts.items())
        ]
        for error in (error for line in own for error in lost_earnings.LAYOUT.validate(line)):
            raise DataError(error.what, where=f"item {key}, {error.where}", mend=error.mend)
        lines += own
    if sum(line.amount for line in lines) != envelope.total_minor:
        raise DataError("the rows are not the total of the deposit", where=envelope.reference, mend="Freeze it anew")
    run = f"{records[0][1].pay_date:%Y%m%d}-{envelope.control}"
    name = f"{settings.environment}_{settings.client_id}_earnings-{run}_{stamp(envelope.created)}.csv"
    told = {"rows": len(lines), "deposit_minor": envelope.total_minor}
    data = "".join(lost_earnings.render(lines)).encode()
    return FileOut(f"{settings.outbox}/{name}" if settings.outbox else name, data, "earnings", told)
