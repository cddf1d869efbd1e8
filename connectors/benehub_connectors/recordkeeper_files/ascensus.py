"""The Ascensus pair: 180 and 360. The layout has no column for the pay date; the run's id in the name carries it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from benehub.connect.connector import Envelope
from benehub.errors import DataError
from benehub.formats import ascensus_180, ascensus_360
from benehub.formats.ascensus_360 import RecordType
from benehub.formats.layout import read_percent, write_percent
from benehub.formats.rows import Parsed, each, records
from benehub.periods import parse_date
from benehub.records import ContributionRow, Source
from benehub_connectors.recordkeeper_files.layouts import Change, Paid, Written, paid_row
from benehub_connectors.recordkeeper_files.settings import RecordkeeperSettings

CODES = {"PRETAX": Source.EE_PRETAX, "ROTH": Source.EE_ROTH}
_RUN = re.compile(r"[^_]+_[^_]+_(\d{4})(\d{2})(\d{2})-\d+(?:-C\d+)?_[^_]+\.csv")


def write(
    records: Sequence[tuple[str, ContributionRow]], envelope: Envelope, settings: RecordkeeperSettings
) -> Written:
    """The 180; a correction's run has its number behind a C."""
    rows = [_row(record, settings) for _, record in records]
    for (key, _), row in zip(records, rows, strict=True):
        for error in ascensus_180.LAYOUT.validate(row):
            raise DataError(error.what, where=f"item {key}, {error.where}", mend=error.mend)
    first = records[0][1]
    run = f"{first.pay_date:%Y%m%d}-{envelope.control}" + (f"-C{first.correction}" if first.correction else "")
    totals = ascensus_180.control_totals(rows)
    return Written(
        ascensus_180.file_name(settings.environment, settings.client_id, run, envelope.created),
        "".join(ascensus_180.render(rows)).encode(),
        {
            "rows": totals.rows,
            "deposit_minor": totals.deposit,
            "pretax_minor": totals.pretax,
            "roth_minor": totals.roth,
            "match_minor": totals.match,
            "qnec_minor": totals.safe_harbor_nonelective,
            "loan_minor": totals.loan_payment,
        },
    )


def faults(record: ContributionRow, settings: RecordkeeperSettings) -> Iterator[str]:
    """Why a participant's row cannot be written."""
    for error in ascensus_180.LAYOUT.validate(_row(record, settings)):
        yield f"{error.where}: {error.what}"


def _row(record: ContributionRow, settings: RecordkeeperSettings) -> ascensus_180.Contribution180:
    return ascensus_180.Contribution180(
        ssn=record.ssn,
        last_name=record.last_name,
        first_name=record.first_name,
        middle_initial=record.middle_name[:1],
        division=settings.division,
        compensation=record.compensation_minor,
        pretax=record.amounts.get(Source.EE_PRETAX, 0),
        roth=record.amounts.get(Source.EE_ROTH, 0),
        match=record.amounts.get(Source.ER_MATCH, 0),
        safe_harbor_nonelective=record.amounts.get(Source.ER_QNEC, 0),
        loan_payment=record.amounts.get(Source.LOAN, 0),
        hours=record.hours_hundredths,
        address1=record.address1,
        address2=record.address2,
        city=record.city,
        state=record.state,
        zip_code=record.zip_code,
        birth_date=record.birth_date,
        hire_date=record.hire_date,
        termination_date=record.termination_date,
        prior_hire_date=record.prior_hire_date,
        prior_termination_date=record.prior_termination_date,
        email=record.email,
    )


def changes(data: bytes) -> Iterator[Parsed[Change]]:
    """The rows of a 360."""
    return each(ascensus_360.parse(data), _change)


def _change(row: ascensus_360.Change360) -> Change:
    percent = row.deferral_percent
    return Change(
        plan_id=row.plan_id,
        ssn=row.ssn,
        loan=row.record_type is RecordType.LOAN,
        code=row.contribution_code,
        rate="" if percent is None else f"{write_percent(percent)}%",
        amount_minor=row.deferral_amount,
        effective_from=row.effective_date,
        eligible_from=row.eligibility_date,
    )


def paid(name: str, data: bytes, settings: RecordkeeperSettings) -> list[Paid]:
    """The rows of a 180 whose name is this client's."""
    found = _RUN.fullmatch(name)
    if found is None or not name.startswith(f"{settings.environment}_{settings.client_id}_"):
        raise DataError("no 180 of this client", where=f"file {name}")
    pay_date = parse_date("-".join(found.groups()))
    rows = []
    for row in records(ascensus_180.parse(data)):
        amounts = (
            (Source.EE_PRETAX, row.pretax), (Source.EE_ROTH, row.roth), (Source.ER_MATCH, row.match),
            (Source.ER_QNEC, row.safe_harbor_nonelective), (Source.LOAN, row.loan_payment),
        )  # fmt: skip
        rows.append(paid_row(row, amounts, pay_date))
    return rows


def told(change: Change) -> str:
    """A 360 of one deferral change."""
    row = ascensus_360.Change360(
        record_type=RecordType.DEFERRAL,
        plan_id=change.plan_id,
        ssn=change.ssn,
        last_name=change.last_name,
        first_name=change.first_name,
        effective_date=change.effective_from,
        contribution_code=change.code,
        deferral_percent=read_percent(change.rate) if change.rate else None,
        deferral_amount=change.amount_minor,
    )
    return "".join(ascensus_360.render([row]))
