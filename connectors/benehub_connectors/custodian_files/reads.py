"""What comes back from a custodian: whether each line of a contribution file was posted."""

from __future__ import annotations

from collections.abc import Iterator

from benehub.connect.connector import Incoming, Link, Page
from benehub.errors import DataError, Unsupported
from benehub.formats import custodian_results
from benehub.records import ContributionResult, Record, ResultStatus
from benehub_connectors.custodian_files.settings import CustodianSettings
from benehub_connectors.files.inbox import Mail, unread
from benehub_connectors.files.pages import pages, parsed_rows


def read_pages(stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
    """A page for every file of results not read before.

    Raises:
        Unsupported: no such stream.
    """
    if stream != "contribution_result":
        raise Unsupported(f"custodian_files does not read {stream}", where=link.connection, blocker="us")
    settings: CustodianSettings = link.settings
    mails = unread(link.files(), settings.inbox, settings.results, cursor)
    return pages(stream, mails, lambda mail: read_results(mail, settings))


def read_results(mail: Mail, settings: CustodianSettings) -> list[Incoming]:
    """The answers of one file; rows are known by the file and line they answer.

    Raises:
        FormatError, FileRefused: the file holds none.
    """

    def record(row: custodian_results.ResultRow) -> Record:
        if not row.file.isdecimal():
            raise DataError("the number of the file is none of ours", mend="Ask the custodian which file it answers")
        rejected = row.status is custodian_results.Status.REJECTED
        if rejected and row.amount:
            raise DataError("a rejected line with an amount", mend="Ask the custodian whether it was posted")
        return ContributionResult(
            control=row.file,
            reference=row.line,
            member=row.employee_number,
            plan=settings.ours(row.plan) if row.plan else "",
            pay_date=row.pay_date,
            status=ResultStatus.REJECTED if rejected else ResultStatus.ACCEPTED,
            amount_minor=row.amount,
            posted_on=row.posted_on,
            code=row.code[:40],
            text=row.message,
        )

    return parsed_rows(custodian_results.parse(mail.data), record, ("control", "reference"), mail)
