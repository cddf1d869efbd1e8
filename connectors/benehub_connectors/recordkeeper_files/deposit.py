"""From contributions as payroll took them to the Ascensus 180 file of one pay date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from benehub.connect.connector import Envelope, FileOut, Item
from benehub.errors import DataError
from benehub.formats import ascensus_180
from benehub.records import ContributionRow, Source
from benehub_connectors.recordkeeper_files.settings import RecordkeeperSettings


def render_deposit(items: Sequence[Item], envelope: Envelope, settings: RecordkeeperSettings) -> FileOut:
    """The file of `items`; its money is the envelope's total.

    Raises:
        DataError: nobody, several pay dates, another plan, a participant twice, a row that cannot be
            written, or a sum that is not the total of the deposit.
    """
    records = [(item.key, item.as_record(ContributionRow)) for item in items]
    pay_date = _check(records, envelope, settings)
    rows = [_row(record) for _, record in records]
    for (key, _), row in zip(records, rows, strict=True):
        for error in ascensus_180.LAYOUT.validate(row):
            raise DataError(error.what, where=f"item {key}, {error.where}", mend=error.mend)
    totals = ascensus_180.control_totals(rows)
    if totals.deposit != envelope.total_minor:
        raise DataError(
            "the rows are not the total of the deposit",
            where=envelope.reference,
            mend="Freeze it anew",
        )
    # The layout has no column for the pay date; the pay run's id in the name carries it.
    run = f"{pay_date:%Y%m%d}-{envelope.control}"
    name = ascensus_180.file_name(settings.environment, settings.client_id, run, envelope.created)
    told = {
        "rows": totals.rows,
        "deposit_minor": totals.deposit,
        "pretax_minor": totals.pretax,
        "roth_minor": totals.roth,
        "match_minor": totals.match,
    }
    data = "".join(ascensus_180.render(rows)).encode()
    return FileOut(f"{settings.outbox}/{name}" if settings.outbox else name, data, "180", told)


def _check(records: Sequence[tuple[str, ContributionRow]], envelope: Envelope, settings: RecordkeeperSettings) -> date:
    """The one pay date of all rows."""
    if not records:
        raise DataError("a deposit of nobody", where=envelope.reference, mend="Send nothing")
    first, seen = records[0][1].pay_date, set[str]()
    for key, record in records:
        what = ""
        if record.plan != settings.plan:
            what = f"plan {record.plan!r} on the connection of plan {settings.plan!r}"
        elif record.pay_date != first:
            what = "another pay date than the first item's"
        elif record.ssn in seen:
            what = "a participant stands twice"
        if what:
            raise DataError(what, where=f"item {key}", mend="Send a file for each plan and pay date")
        seen.add(record.ssn)
    return first


def _row(record: ContributionRow) -> ascensus_180.Contribution180:
    return ascensus_180.Contribution180(
        ssn=record.ssn,
        last_name=record.last_name,
        first_name=record.first_name,
        middle_initial=record.middle_name[:1],
        compensation=record.compensation_minor,
        pretax=record.amounts.get(Source.EE_PRETAX, 0),
        roth=record.amounts.get(Source.EE_ROTH, 0),
        match=record.amounts.get(Source.ER_MATCH, 0),
        hours=record.hours_hundredths,
        address1=record.address1,
        address2=record.address2,
        city=record.city,
        state=record.state,
        zip_code=record.zip_code,
        birth_date=record.birth_date,
        hire_date=record.hire_date,
        termination_date=record.termination_date,
        email=record.email,
    )
