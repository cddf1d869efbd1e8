"""What was known when: a moment in the past as a number of the recorded order.

Facts and ledger share one order, so that one number says what could be known of both.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, select

from benehub.errors import DataError
from benehub.store import Session
from benehub.store.session import iso
from benehub.store.tables import entry, fact


def known_at(session: Session, text: str) -> int | None:
    """The last number recorded at a moment; None for no text, which means now.

    A number stands for itself, a date for its end (UTC), a date with time for that second.

    Raises:
        DataError: none of the three, or a number that is not reached yet.
    """
    if not text:
        return None
    latest = session.latest_seq()
    if text.isdecimal():
        if int(text) > latest:
            raise DataError(
                f"nothing is recorded as number {text} yet", where="known-at", mend=f"Up to {latest} there is"
            )
        return int(text)
    until = iso(_moment(text))
    numbers = [
        session.connection.execute(
            select(func.max(table.c.seq)).where(table.c.employer_id == session.employer, table.c.recorded_at < until)
        ).scalar()
        for table in (entry, fact)
    ]
    return max((int(number) for number in numbers if number is not None), default=0)


def _moment(text: str) -> datetime:
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise DataError(
            f"not a moment: {text[:40]!r}",
            where="known-at",
            mend="Write a date (`2026-10-15`), a date with time (`2026-10-15T12:00+00:00`), or a recorded number",
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
