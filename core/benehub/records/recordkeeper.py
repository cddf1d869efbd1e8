"""What the recordkeeper confirms: money credited to a participant's account, by source and pay date."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar

from benehub.records.base import Record


class Source(StrEnum):
    """Money source of a retirement contribution."""

    EE_PRETAX = "EE_PRETAX"
    EE_ROTH = "EE_ROTH"
    ER_MATCH = "ER_MATCH"
    ER_QNEC = "ER_QNEC"
    """A qualified nonelective contribution: it corrects a missed deferral, and is vested at once."""
    LOAN = "LOAN"
    """A repayment of a plan loan: no contribution."""


class Credit(Record):
    """Stream `credit`: one row a participant, source and pay date; `trade_date` is when the trust had it."""

    sensitive: ClassVar[frozenset[str]] = frozenset({"ssn", "amount_minor"})
    secret: ClassVar[frozenset[str]] = frozenset({"ssn"})

    credit_id: str
    ssn: str
    last_name: str = ""
    first_name: str = ""
    plan: str
    source: Source
    pay_date: date
    trade_date: date
    amount_minor: int
    earnings: bool = False
    """Whether it is lost earnings of a late deposit, and no contribution."""
    forfeiture: bool = False
    """Whether it was paid from the plan's forfeitures, and by no deposit."""
