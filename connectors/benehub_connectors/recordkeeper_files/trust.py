"""The simulated recordkeeper's trust: what was deposited, what it credited, and its scripted mistakes.

Participants are found by SSN in memory, as a recordkeeper does; no message or repr shows one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from benehub.errors import DataError
from benehub.formats.lost_earnings import EarningsLine
from benehub.records import Credit, Source
from benehub_connectors.recordkeeper_files.layouts import Paid


@dataclass
class Trust:
    """Credits in the order they were made; each scripted mistake happens once, at the next fitting credit.

    Args:
        plan: the plan every credit belongs to, as the recordkeeper writes it.
    """

    plan: str
    credits: list[Credit] = field(default_factory=list)
    reported: int = 0
    late_days: int = 0
    short: dict[tuple[str, Source], int] = field(default_factory=dict, repr=False)
    swapped: dict[tuple[str, Source], Source] = field(default_factory=dict, repr=False)
    twice: set[tuple[str, Source]] = field(default_factory=set, repr=False)
    lost: set[str] = field(default_factory=set, repr=False)

    def deposit(self, rows: Sequence[Paid], day: date) -> None:
        """Credit every row per source; the trade date is `day`, later by `late_days` (used up by it).

        Raises:
            DataError: a row without a pay date; nothing is credited then.
        """
        days = [row.pay_date for row in rows if row.pay_date is not None]
        if len(days) != len(rows):
            raise DataError("a row without a pay date", where="simulated recordkeeper")
        trade = day + timedelta(days=self.late_days)
        self.late_days = 0
        for row, pay_date in zip(rows, days, strict=True):
            if row.ssn in self.lost:
                self.lost.discard(row.ssn)
                continue
            for source, minor in row.amounts:
                for credited, amount in self._as_booked(row.ssn, source, minor):
                    self._credit(row, credited, amount, pay_date, trade)

    def earnings(self, lines: Sequence[EarningsLine], day: date) -> None:
        """Credit what late deposits had cost; the trade date is `day`."""
        for line in lines:
            row = Paid(line.ssn, line.last_name, line.first_name, ())
            for source, amount in self._as_booked(line.ssn, line.source, line.amount):
                self._credit(row, source, amount, line.pay_date, day, earnings=True)

    def unreported(self) -> list[Credit]:
        """Credits since the last report; they count as reported from now on."""
        fresh = self.credits[self.reported :]
        self.reported = len(self.credits)
        return fresh

    def _as_booked(self, ssn: str, source: Source, minor: int) -> Iterator[tuple[Source, int]]:
        key = (ssn, source)
        minor -= self.short.pop(key, 0)
        source = self.swapped.pop(key, source)
        if minor:
            yield source, minor
        if key in self.twice:
            self.twice.discard(key)
            yield source, minor

    def _credit(
        self, row: Paid, source: Source, minor: int, pay_date: date, trade: date, *, earnings: bool = False
    ) -> None:
        self.credits.append(
            Credit(
                credit_id=f"CR{len(self.credits) + 1:06d}",
                ssn=row.ssn,
                last_name=row.last_name,
                first_name=row.first_name,
                plan=self.plan,
                source=source,
                pay_date=pay_date,
                trade_date=trade,
                amount_minor=minor,
                earnings=earnings,
            )
        )


def one_ssn(ssn: str) -> str:
    """Nine digits of an SSN with or without dashes.

    Raises:
        DataError: it has not nine digits; the value is not shown.
    """
    digits = ssn.replace("-", "").strip()
    if len(digits) != 9 or not digits.isdecimal():
        raise DataError("a participant is chosen by nine digits", where="simulated recordkeeper")
    return digits
