"""Money that was returned outside the ledger: a recordkeeper pays an excess out of the trust, and nothing is posted.

No file tells of it, so a person does: amount and day stand in the note. His word holds until more is at stake.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from sqlalchemy import Row

from benehub.errors import DataError
from benehub.money import parse_minor
from benehub.periods import Month
from benehub.reconcile.findings import Relation, Type

_AMOUNT = re.compile(r"(?<![\d.,-])\d[\d,]*\.\d\d(?![\d.,]*\d)")
_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


def elsewhere(row: Row[Any]) -> bool:
    """Whether a difference ends where no ledger entry tells of it."""
    return (row.relation, row.type) == (Relation.RETIREMENT, Type.OVER_LIMIT)


def stated(row: Row[Any], note: str, today: date) -> list[str]:
    """Hold a note to what it has to say of a return; gives the entries of it, which are none.

    Raises:
        DataError: it says no amount or no day, a day that is still to come or lies before the excess, or less than is
            at stake.
    """
    amounts = [parse_minor(one.replace(",", ""), row.unit) for one in _AMOUNT.findall(note)]
    days = [day for one in _DAY.findall(note) if (day := _day(one)) is not None]
    if not amounts or not days:
        raise DataError(
            "the note does not say how much was returned, and on which day", where=row.difference_id,
            mend="Say both, as in `600.00 on 2027-03-01`; where nothing is to be returned, dismiss it and say why",
        )  # fmt: skip
    if not any(Month.parse(row.period).first <= day <= today for day in days):
        raise DataError(
            "the note says a day on which it cannot have been returned", where=row.difference_id,
            mend="Say the day on which it was paid out: not before the month of the excess, and not after today",
        )  # fmt: skip
    if sum(amounts) < row.at_stake:
        raise DataError(
            "less was returned than is above the limit", where=row.difference_id,
            mend="Say every return of the year with its amount and day, or have the rest returned first",
        )  # fmt: skip
    return []


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
