"""The PayKonnect pair: 180 and 360. Its 180 tells the pay date, the pay period and the year so far beside the pay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from benehub.connect.connector import Envelope
from benehub.errors import DataError
from benehub.formats import paykonnect_180, paykonnect_360
from benehub.formats.ascensus_360 import RecordType
from benehub.formats.layout import read_percent, write_percent
from benehub.formats.paykonnect_180 import EmployeeStatus, Gender, PayCycle
from benehub.formats.paykonnect_360 import ValueType
from benehub.formats.rows import Parsed, each, records
from benehub.records import ContributionRow, Sex, Source
from benehub_connectors.recordkeeper_files.layouts import Change, Paid, Written, paid_row
from benehub_connectors.recordkeeper_files.settings import RecordkeeperSettings

# Its codes of catch-up (401KC, 4ROTC) are none of these: they would overwrite the rate of the ordinary deferral.
CODES = {"401K": Source.EE_PRETAX, "4ROTH": Source.EE_ROTH}
_CYCLES = {
    "weekly": PayCycle.WEEKLY,
    "biweekly": PayCycle.BIWEEKLY,
    "semimonthly": PayCycle.SEMIMONTHLY,
    "monthly": PayCycle.MONTHLY,
}
_GENDERS = {Sex.FEMALE: Gender.FEMALE, Sex.MALE: Gender.MALE, Sex.UNKNOWN: Gender.NOT_SPECIFIED}


def write(
    records: Sequence[tuple[str, ContributionRow]], envelope: Envelope, settings: RecordkeeperSettings
) -> Written:
    """The 180; the last digits of its name come from the control number, so that no two files share one."""
    rows = [_row(record, settings) for _, record in records]
    for (key, _), row in zip(records, rows, strict=True):
        for error in paykonnect_180.LAYOUT.validate(row):
            raise DataError(error.what, where=f"item {key}, {error.where}", mend=error.mend)
    totals = paykonnect_180.control_totals(rows)
    created = envelope.created.replace(microsecond=envelope.control % 1000 * 1000)
    return Written(
        paykonnect_180.file_name(settings.plan_id, created),
        "".join(paykonnect_180.render(rows)).encode(),
        {
            "rows": totals.rows,
            "deposit_minor": totals.deposit,
            "pretax_minor": totals.pretax,
            "roth_minor": totals.roth,
            "match_minor": totals.match,
        },
    )


def faults(record: ContributionRow, settings: RecordkeeperSettings) -> Iterator[str]:
    """Why a participant's row cannot be written."""
    for error in paykonnect_180.LAYOUT.validate(_row(record, settings)):
        yield f"{error.where}: {error.what}"


def _row(record: ContributionRow, settings: RecordkeeperSettings) -> paykonnect_180.Contribution180:
    gone = record.termination_date is not None and record.termination_date <= record.pay_date
    year = record.year_amounts
    return paykonnect_180.Contribution180(
        plan_number=settings.plan_id,
        plan_name=settings.plan_name,
        ein=settings.ein,
        company_id=settings.client_id,
        division=settings.division,
        pay_date=record.pay_date,
        period_start=record.period_start,
        period_end=record.period_end,
        run_type=settings.correction_run if record.correction else settings.regular_run,
        pay_cycle=_CYCLES.get(record.pay_cycle),
        ssn=record.ssn,
        employee_id=record.employee_number,
        first_name=record.first_name,
        middle_name=record.middle_name,
        last_name=record.last_name,
        birth_date=record.birth_date,
        gender=_GENDERS[record.sex],
        address1=record.address1,
        address2=record.address2,
        city=record.city,
        state=record.state,
        zip_code=record.zip_code,
        work_email=record.email,
        hire_date=record.prior_hire_date or record.hire_date,
        rehire_date=record.hire_date if record.prior_hire_date else None,
        termination_date=record.termination_date,
        pay_group=record.pay_group,
        status=EmployeeStatus.TERMINATED if gone else EmployeeStatus.ACTIVE,
        hours=record.hours_hundredths,
        compensation=record.compensation_minor,
        compensation_ytd=record.year_compensation_minor,
        pretax=record.amounts.get(Source.EE_PRETAX, 0),
        pretax_ytd=year.get(Source.EE_PRETAX),
        roth=record.amounts.get(Source.EE_ROTH, 0),
        roth_ytd=year.get(Source.EE_ROTH),
        match=record.amounts.get(Source.ER_MATCH, 0),
        loan_payment=record.amounts.get(Source.LOAN, 0),
        match_ytd=year.get(Source.ER_MATCH),
    )


def changes(data: bytes) -> Iterator[Parsed[Change]]:
    """The rows of a 360."""
    return each(paykonnect_360.parse(data), _change)


def _change(row: paykonnect_360.Change360) -> Change:
    rate = row.rate
    return Change(
        plan_id=row.plan_number,
        ssn=row.ssn,
        loan=row.record_type is RecordType.LOAN,
        code=row.code,
        rate="" if rate is None else f"{write_percent(rate)}%",
        amount_minor=row.amount_minor,
        effective_from=row.effective_date,
        eligible_from=row.eligibility_date,
    )


def paid(name: str, data: bytes, settings: RecordkeeperSettings) -> list[Paid]:
    """The rows of a 180 whose name and plan are this plan's."""
    if re.fullmatch(rf"{re.escape(settings.plan_id)}_\d{{8}}_\d{{9}}\.csv", name) is None:
        raise DataError("no 180 of this plan", where=f"file {name}")
    rows = []
    for row in records(paykonnect_180.parse(data)):
        if row.plan_number != settings.plan_id:
            raise DataError("a row of another plan", where=f"file {name}")
        amounts = (
            (Source.EE_PRETAX, row.pretax + row.pretax_catch_up),
            (Source.EE_ROTH, row.roth + row.roth_catch_up),
            (Source.ER_MATCH, row.match),
            (Source.LOAN, row.loan_payment),
        )
        rows.append(paid_row(row, amounts, row.pay_date))
    return rows


def told(change: Change) -> str:
    """A 360 of one deferral change."""
    row = paykonnect_360.Change360(
        record_type=RecordType.DEFERRAL,
        plan_number=change.plan_id,
        ssn=change.ssn,
        value_type=ValueType.PERCENT if change.rate else ValueType.AMOUNT,
        value=read_percent(change.rate) * 100 if change.rate else Fraction(change.amount_minor or 0, 100),
        code=change.code,
        effective_date=change.effective_from,
    )
    return "".join(paykonnect_360.render([row]))
