"""From contributions as payroll took them to the custodian's file of one pay date."""

from __future__ import annotations

from collections.abc import Sequence

from benehub.connect.connector import Envelope, FileOut, Item
from benehub.errors import DataError
from benehub.formats import custodian_contributions
from benehub.formats.custodian_contributions import ContributionLine
from benehub.records import AccountContribution
from benehub_connectors.custodian_files.settings import CustodianSettings


def render_deposit(items: Sequence[Item], envelope: Envelope, settings: CustodianSettings) -> FileOut:
    """The file of `items`; its money is the envelope's total.

    Raises:
        DataError: nobody, several pay dates, a line twice, a line that lacks what a column asks for, or a sum that
            is not the total of the deposit.
    """
    records = [(item.key, item.as_record(AccountContribution)) for item in items]
    _check(records, envelope)
    lines = [_line(record, envelope, settings) for _, record in records]
    made = custodian_contributions.layout(settings.columns)
    for (key, _), line in zip(records, lines, strict=True):
        for error in made.validate(line):
            raise DataError(error.what, where=f"item {key}, {error.where}", mend=error.mend)
    totals = {"rows": len(lines), "deposit_minor": envelope.total_minor}
    for part in ("employee", "employer"):
        totals[f"{part}_minor"] = sum(record.amount_minor for _, record in records if record.part == part)
    name = f"{settings.client_id}_contributions_{records[0][1].pay_date:%Y%m%d}-{envelope.control}.csv"
    data = "".join(custodian_contributions.render(settings.columns, lines, settings.delimiter)).encode()
    return FileOut(f"{settings.outbox}/{name}" if settings.outbox else name, data, "contributions", totals)


def _check(records: Sequence[tuple[str, AccountContribution]], envelope: Envelope) -> None:
    if not records:
        raise DataError("a deposit of nobody", where=envelope.reference, mend="Send nothing")
    first, seen = records[0][1].pay_date, set[str]()
    for key, record in records:
        what = ""
        if record.pay_date != first:
            what = "another pay date than the first item's"
        elif record.reference in seen:
            what = "a line stands twice"
        if what:
            raise DataError(what, where=f"item {key}", mend="Send a file for each pay date")
        seen.add(record.reference)
    if sum(record.amount_minor for _, record in records) != envelope.total_minor:
        raise DataError("the rows are not the total of the deposit", where=envelope.reference, mend="Freeze it anew")


def _line(record: AccountContribution, envelope: Envelope, settings: CustodianSettings) -> ContributionLine:
    return ContributionLine(
        file=str(envelope.control),
        line=record.reference,
        source=settings.sources["employee" if record.part == "employee" else "employer"],
        pay_date=record.pay_date,
        amount=record.amount_minor,
        account=record.account,
        plan=settings.theirs(record.plan),
        employee_number=record.employee_number,
        ssn=record.ssn,
        last_name=record.last_name,
        first_name=record.first_name,
        tax_year=record.tax_year,
        contribution_year=record.contribution_year,
    )
