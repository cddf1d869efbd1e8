"""A recordkeeper that lies in a folder: it takes our 180 files, credits people, and tells what it credited.

It never called a real recordkeeper. A file that comes twice is credited twice, as at some of them.
Deterministic: days are handed in, credit and file numbers count up.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from benehub.connect.files import FolderMailbox
from benehub.errors import DataError
from benehub.formats import lost_earnings, recordkeeper_credits
from benehub.formats.recordkeeper_credits import CreditKind
from benehub.formats.rows import records
from benehub.records import Source
from benehub.sandbox.mailbox import make_folders, sweep
from benehub_connectors.recordkeeper_files.deposit import LAYOUTS
from benehub_connectors.recordkeeper_files.layouts import Change
from benehub_connectors.recordkeeper_files.settings import RecordkeeperSettings
from benehub_connectors.recordkeeper_files.trust import Trust, one_ssn

_EARNINGS = re.compile(r"[^_]+_[^_]+_earnings-(\d{4})(\d{2})(\d{2})-\d+_[^_]+\.csv")


class RecordkeeperSimulator:
    """The recordkeeper of one plan.

    Args:
        mailbox_root: the folder that our connection's mailbox is.
        settings: the same settings our connection has.
    """

    def __init__(self, mailbox_root: Path, settings: RecordkeeperSettings) -> None:
        make_folders(mailbox_root, settings.inbox, settings.outbox)
        self._root = mailbox_root
        self._mailbox = FolderMailbox(mailbox_root)
        self._settings = settings
        self._files = 0
        self._layout = LAYOUTS[settings.layout]
        codes = settings.deferral_codes or self._layout.CODES
        self._codes = {source: code for code, source in codes.items()}
        self.trust = Trust(settings.plan_id)
        self.refused: list[str] = []
        """Names of files that were no 180 of this client; nothing of them was credited."""

    def collect(self, day: date) -> list[str]:
        """Take every new 180 and credit it with trade date `day`; the names of the files."""
        return sweep(self._root, self._settings.outbox, lambda name, data: self._take(name, data, day))

    def credit_short(self, ssn: str, source: Source, by_minor: int) -> None:
        """The next credit of this source is `by_minor` too little."""
        self.trust.short[one_ssn(ssn), source] = by_minor

    def swap_source(self, ssn: str, source: Source = Source.EE_ROTH, to: Source = Source.EE_PRETAX) -> None:
        """The next credit of `source` goes to `to`."""
        self.trust.swapped[one_ssn(ssn), source] = to

    def duplicate_credit(self, ssn: str, source: Source) -> None:
        """The next credit of this source is made twice, under two ids."""
        self.trust.twice.add((one_ssn(ssn), source))

    def lose(self, ssn: str) -> None:
        """The next row of this participant is not credited at all."""
        self.trust.lost.add(one_ssn(ssn))

    def delay(self, days: int) -> None:
        """The next file is traded this many days late."""
        self.trust.late_days = days

    def write_credit_report(self) -> str:
        """The credits since the last report into our inbox; the file's name."""
        rows = (
            recordkeeper_credits.CreditRow(
                credit_id=credit.credit_id,
                ssn=credit.ssn,
                plan=credit.plan,
                source=credit.source,
                pay_date=credit.pay_date,
                trade_date=credit.trade_date,
                amount=credit.amount_minor,
                last_name=credit.last_name,
                first_name=credit.first_name,
                kind=CreditKind.EARNINGS if credit.earnings else CreditKind.CONTRIBUTION,
            )
            for credit in self.trust.unreported()
        )
        return self._put("credits", "".join(recordkeeper_credits.render(rows)))

    def change_deferral(
        self,
        ssn: str,
        source: Source,
        effective_from: date,
        *,
        rate: str = "",
        amount_minor: int | None = None,
        last_name: str = "",
        first_name: str = "",
    ) -> str:
        """A new deferral, as rate ("6%") or amount, written as a 360 into our inbox; the file's name."""
        change = Change(
            plan_id=self._settings.plan_id,
            ssn=one_ssn(ssn),
            loan=False,
            code=self._codes[source],
            rate=rate,
            amount_minor=amount_minor,
            effective_from=effective_from,
            last_name=last_name,
            first_name=first_name,
        )
        return self._put("360", self._layout.told(change))

    def _take(self, name: str, data: bytes, day: date) -> None:
        """Read the file to its end before anything is credited."""
        if _EARNINGS.fullmatch(name):
            self.trust.earnings(list(records(lost_earnings.parse(data))), day)
            return
        try:
            rows = self._layout.paid(name, data, self._settings)
            self.trust.deposit(rows, day)
        except DataError:
            self.refused.append(name)

    def _put(self, what: str, text: str) -> str:
        self._files += 1
        name = f"{self._settings.client_id}_{what}_{self._files:06d}.csv"
        path = f"{self._settings.inbox}/{name}" if self._settings.inbox else name
        self._mailbox.put(path, text.encode())
        return path
