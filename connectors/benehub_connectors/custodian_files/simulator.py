"""A custodian that lies in a folder: it takes our contribution files, posts lines to accounts, and answers.

It never called a real custodian. A line of somebody without an account is rejected; what comes twice under two file
numbers is posted twice, as at some of them. Deterministic: days are handed in, numbers count up.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from benehub.connect.files import FolderMailbox
from benehub.errors import DataError
from benehub.formats import custodian_contributions, custodian_results
from benehub.formats.custodian_contributions import ContributionLine
from benehub.formats.custodian_results import ResultRow, Status
from benehub.formats.rows import records
from benehub.sandbox.mailbox import make_folders, sweep
from benehub_connectors.custodian_files.settings import CustodianSettings


class CustodianSimulator:
    """The custodian of one employer's accounts; whoever is not refused has an account.

    Args:
        mailbox_root: the folder that our connection's mailbox is.
        settings: the same settings our connection has; its columns have to hold employee_number.
    """

    def __init__(self, mailbox_root: Path, settings: CustodianSettings) -> None:
        make_folders(mailbox_root, settings.inbox, settings.outbox)
        self._root = mailbox_root
        self._mailbox = FolderMailbox(mailbox_root)
        self._settings = settings
        self._answers: list[ResultRow] = []
        self._files = 0
        self._refused: dict[str, tuple[str, str]] = {}
        self._short: dict[str, int] = {}
        self._reject_next = ""
        self.accounts: dict[tuple[str, str, str], int] = {}
        """Employee number, plan (as the custodian calls it) and source -> what stands on the account."""
        self.unread: list[str] = []
        """Names of files that were no contribution file; nothing of them was posted."""

    def refuse(self, member: str, code: str = "R01", message: str = "no open account") -> None:
        """Every line of this employee is rejected until `admit`."""
        self._refused[member] = (code, message)

    def admit(self, member: str) -> None:
        """The account is open again."""
        self._refused.pop(member, None)

    def post_short(self, member: str, by_minor: int) -> None:
        """The next line of this employee is posted with so much too little."""
        self._short[member] = by_minor

    def reject_file(self, message: str) -> None:
        """The next file is rejected as a whole."""
        self._reject_next = message

    def collect(self, day: date) -> list[str]:
        """Take every new file and post it on `day`; the names of the files."""
        return sweep(self._root, self._settings.outbox, lambda name, data: self._take(name, data, day))

    def write_results(self) -> str:
        """The answers since the last time into our inbox; the file's name."""
        self._files += 1
        name = f"{self._settings.client_id}_results_{self._files:06d}.csv"
        path = f"{self._settings.inbox}/{name}" if self._settings.inbox else name
        self._mailbox.put(path, "".join(custodian_results.render(self._answers)).encode())
        self._answers = []
        return path

    def _take(self, name: str, data: bytes, day: date) -> None:
        """Read the file to its end before anything is posted."""
        head = re.escape(self._settings.client_id)
        try:
            if re.fullmatch(rf"{head}_contributions_\d{{8}}-\d+\.csv", name) is None:
                raise DataError("no contribution file of this client", where=f"file {name}")
            lines = list(records(custodian_contributions.parse(self._settings.columns, data)))
        except DataError:
            self.unread.append(name)
            return
        if self._reject_next:
            why, self._reject_next = self._reject_next, ""
            first = lines[0]
            self._answers.append(ResultRow(first.file, first.pay_date, Status.REJECTED, day, code="F01", message=why))
            return
        self._answers += [self._post(line, day) for line in lines]

    def _post(self, line: ContributionLine, day: date) -> ResultRow:
        member = line.employee_number
        if member in self._refused:
            code, message = self._refused[member]
            return self._answer(line, Status.REJECTED, day, 0, code, message)
        amount = line.amount - self._short.pop(member, 0)
        key = (member, line.plan, line.source)
        self.accounts[key] = self.accounts.get(key, 0) + amount
        return self._answer(line, Status.ACCEPTED, day, amount)

    def _answer(
        self, line: ContributionLine, status: Status, day: date, amount: int, code: str = "", message: str = ""
    ) -> ResultRow:
        return ResultRow(
            line.file, line.pay_date, status, day, line.line, line.employee_number, line.plan, amount, code, message
        )
