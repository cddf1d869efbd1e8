"""What became of another try at rows in quarantine: why they wait now, and for what they waited before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import select

from benehub.crypto import mask
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import intake_row, waited


class Why(NamedTuple):
    """Why a row waits: what is wrong with it, and the vendor's id of whom it names, where nobody knows him."""

    reason: str
    names: str = ""


def in_vain(session: Session, batch_id: str, rows: Mapping[int, Why]) -> None:
    """Note of these rows of a batch that they were tried again and still wait.

    A reason that is another one than before does not take its place: that stays, with when it was found to be over.
    The same reason again is counted only.
    """
    at = session.now()
    numbers = sorted(rows)
    for start in range(0, len(numbers), CHUNK):
        some = numbers[start : start + CHUNK]
        query = select(intake_row.c.row_no, intake_row.c.reason, intake_row.c.tries)
        known = session.rows(query.where(*session.where(intake_row, batch_id=batch_id),
                                         session.among(intake_row.c.row_no, some)))  # fmt: skip
        now = {row.row_no: mask(rows[row.row_no].reason) for row in known}
        session.add(
            waited,
            [{"batch_id": batch_id, "row_no": row.row_no, "try_no": row.tries + 1, "at": at, "reason": row.reason}
             for row in known if now[row.row_no] != row.reason],
        )  # fmt: skip
        session.change_all(
            intake_row, ("batch_id", "row_no"),
            [{"batch_id": batch_id, "row_no": row.row_no, "reason": now[row.row_no], "tries": row.tries + 1,
              "tried_at": at, "names": rows[row.row_no].names} for row in known],
        )  # fmt: skip
