"""What comes back from a recordkeeper: credits by source and pay date, and deferral changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from benehub.connect.connector import Incoming, Link, Page
from benehub.errors import DataError, Unsupported
from benehub.formats import recordkeeper_credits
from benehub.records import Credit, DeferralChange, Record
from benehub_connectors.files.inbox import Mail, unread
from benehub_connectors.files.pages import pages, parsed_rows
from benehub_connectors.recordkeeper_files.deposit import LAYOUTS
from benehub_connectors.recordkeeper_files.layouts import Change
from benehub_connectors.recordkeeper_files.settings import RecordkeeperSettings

Reader = Callable[[Mail, RecordkeeperSettings], list[Incoming]]


def read_pages(stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
    """A page for every file of the stream not read before.

    Raises:
        Unsupported: no such stream.
    """
    settings: RecordkeeperSettings = link.settings
    readers: dict[str, tuple[Sequence[str], Reader]] = {
        "credit": (settings.credits, read_credits),
        "deferral_change": (settings.deferrals, read_deferrals),
    }
    if stream not in readers:
        raise Unsupported(f"recordkeeper_files does not read {stream}", where=link.connection, blocker="us")
    patterns, read = readers[stream]
    mails = unread(link.files(), settings.inbox, patterns, cursor)
    return pages(stream, mails, lambda mail: read(mail, settings))


def read_credits(mail: Mail, settings: RecordkeeperSettings) -> list[Incoming]:
    """The credit report.

    Raises:
        FormatError, FileRefused: the file is none.
    """

    def record(row: recordkeeper_credits.CreditRow) -> Record:
        return Credit(
            credit_id=row.credit_id,
            ssn=row.ssn,
            last_name=row.last_name,
            first_name=row.first_name,
            plan=_our_plan(row.plan, settings),
            source=row.source,
            pay_date=row.pay_date,
            trade_date=row.trade_date,
            amount_minor=row.amount,
            earnings=row.kind is recordkeeper_credits.CreditKind.EARNINGS,
            forfeiture=row.kind is recordkeeper_credits.CreditKind.FORFEITURE,
        )

    return parsed_rows(recordkeeper_credits.parse(mail.data), record, ("credit_id",), mail)


def read_deferrals(mail: Mail, settings: RecordkeeperSettings) -> list[Incoming]:
    """The deferral changes of a 360; rows are known by file and line, since only the SSN tells people apart.

    Raises:
        FormatError, FileRefused: the file is no 360.
    """

    layout = LAYOUTS[settings.layout]
    codes = settings.deferral_codes or layout.CODES

    def record(row: Change) -> Record:
        plan = _our_plan(row.plan_id, settings)
        if row.loan:
            raise DataError("a loan, which benehub does not take over", mend="Enter the repayment in payroll")
        start = row.effective_from
        if start is None and settings.undated_from_eligibility:
            start = row.eligible_from
        if start is None:
            raise DataError("a deferral change without a day", mend="Ask the recordkeeper")
        source = codes.get(row.code.upper())
        if source is None:
            raise DataError(
                "a contribution code the settings do not list",
                mend="Add it to deferral_codes",
            )
        return DeferralChange(
            ssn=row.ssn,
            plan=plan,
            source=source.value,
            rate=row.rate,
            amount_minor=row.amount_minor,
            effective_from=start,
        )

    return parsed_rows(layout.changes(mail.data), record, (), mail)


def _our_plan(text: str, settings: RecordkeeperSettings) -> str:
    if text != settings.plan_id:
        raise DataError("it is of another plan", mend="Check plan_id, or ask the recordkeeper")
    return settings.plan
