"""Who pays the employee's share while leave is unpaid: before it, during it, or after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum

from benehub.rules.deduction.schedule import shares_of

CITATION = "29 CFR 825.210; 26 CFR 1.125-3 Q&A-3"


class LeaveOption(StrEnum):
    """How the shares of an unpaid leave are paid.

    PREPAY takes them from the last pays before it; PAY_AS_YOU_GO lets the employee pay them directly on the usual
    dates; CATCH_UP lets them become arrears, collected after the return.
    """

    PREPAY = "prepay"
    PAY_AS_YOU_GO = "pay_as_you_go"
    CATCH_UP = "catch_up"


def prepayments(pay_dates: Sequence[date], start: date, due_on_leave_minor: int, over: int) -> Mapping[date, int]:
    """What the last `over` pay dates before `start` take ahead; empty where no pay date is left before it."""
    before = sorted(day for day in pay_dates if day < start)[-over:]
    return dict(zip(before, shares_of(due_on_leave_minor, len(before)), strict=True)) if before else {}
