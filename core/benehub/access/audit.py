"""The audit trail: who saw or changed what, when, from where, and how it ended. It is only ever added to.

Each employer has a trail of its own, the installation another (`*`: users, tokens, sign-ins). A row's keyed digest
covers the row and the digest before it, and the trail's end stands in a row of its own: what was changed, put in
between or taken away is found by `verify`. Whoever keeps a head (`NO:DIGEST`) elsewhere can also find a trail that
was set back as a whole. Rows hold ids, never what was seen.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, func, select, update

from benehub.access.caller import Caller
from benehub.crypto import mask
from benehub.errors import DataError
from benehub.store import Session, canonical
from benehub.store.access_tables import audit, trail_head
from benehub.store.bulk import insert_new
from benehub.store.schema import INSTALLATION
from benehub.store.tables import employer as employer_table

COLUMNS: Final = (
    "audit_no", "at", "who", "by_what", "front", "address", "action", "permission", "ref", "outcome", "of_no", "digest",
)  # fmt: skip
"""Of an export, in this order, after the employer."""

NAMED: Final = 100
"""Ids of people that one row names at most; how many there were stands with them."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula."""

_PART: Final = 1000


@dataclass(frozen=True)
class Place:
    """Where an act came from."""

    front: str = "cli"
    address: str = ""


def note(
    session: Session,
    caller: Caller | str,
    action: str,
    ref: str = "",
    *,
    place: Place = Place(),
    permission: str = "",
    outcome: str = "done",
    of_no: int = 0,
) -> int:
    """Add a row to the trail of the session's employer; gives its number.

    It holds the trail until the transaction ends: note last. An employer that there is not has no trail, what was
    tried with its name stands in the installation's.

    Args:
        caller: who; or a name, as the command line has it.
        ref: typed ids of what was seen or changed, with spaces between.
        permission: the one that was asked for.
        outcome: `asked`, `done`, `refused` or `failed`.
        of_no: the row in which this was asked for.
    """
    who, by = (caller.user, caller.by) if isinstance(caller, Caller) else (caller, "")
    head = _head(session)
    row = {
        "audit_no": head.audit_no + 1, "at": session.now(), "who": mask(who)[:80], "by_what": by[:40],
        "front": place.front[:8], "address": place.address[:64], "action": mask(action)[:200],
        "permission": permission[:30], "ref": mask(ref)[:4000], "outcome": outcome, "of_no": of_no,
    }  # fmt: skip
    row["digest"] = _chained(session, head.digest, row)
    session.add(audit, [row])
    ends = {"audit_no": row["audit_no"], "digest": row["digest"]}
    session.connection.execute(update(trail_head).where(*session.where(trail_head)).values(ends))
    return int(row["audit_no"])


def trail_of(session: Session, employer: str) -> str:
    """Whose trail takes what was done with an employer's name: the installation's where there is no such employer."""
    asked = select(employer_table.c.employer_id).where(employer_table.c.employer_id == employer)
    return employer if session.connection.execute(asked).first() is not None else INSTALLATION


@dataclass(frozen=True)
class Verdict:
    """What a look at a whole trail found."""

    rows: int
    head: str
    """`NO:DIGEST` of its last row."""
    wrong: str = ""
    """What does not fit, at the first place where something does not; empty for a whole trail."""


def verify(session: Session, expected: str = "") -> Verdict:
    """Compute the chain again; `expected` is a head that was kept elsewhere.

    Raises:
        DataError: `expected` is no head.
    """
    number, _, digest = expected.partition(":")
    if expected and not (number.isdigit() and digest):
        raise DataError("this is no head of a trail", where="expected", mend="Write it as `audit verify` tells it")
    last, before, met, count = 0, "", not expected, 0
    for row in read(session):
        count += 1
        told = {name: getattr(row, name) for name in COLUMNS if name != "digest"}
        if row.audit_no != last + 1:
            return Verdict(count, f"{last}:{before}", f"row {last + 1} is gone")
        if _chained(session, before, told) != row.digest:
            return Verdict(count, f"{last}:{before}", f"row {row.audit_no} is not as it was written")
        last, before = row.audit_no, row.digest
        met = met or (str(last) == number and before == digest)
    head = session.connection.execute(select(trail_head).where(*session.where(trail_head))).first()
    stood = (head.audit_no, head.digest) if head is not None else (0, "")
    wrong = "" if stood == (last, before) else f"rows after {last} are gone: the trail went on to {stood[0]}"
    if not wrong and not met:
        wrong = f"it does not hold the head {number} that was kept: it was set back or written anew"
    return Verdict(count, f"{last}:{before}", wrong)


def read(session: Session, since: str = "", until: str = "") -> Iterator[Row[Any]]:
    """The trail in its order, in parts; `since` and `until` are moments in ISO text, half-open."""
    return streamed(lambda: nullcontext(session), since, until)


def streamed(
    opened: Callable[[], AbstractContextManager[Session]], since: str = "", until: str = ""
) -> Iterator[Row[Any]]:
    """As `read`, each part in a reading transaction of its own: none is held while somebody takes his time with a part.

    It ends where the trail ended when it began, however much is added meanwhile; no row is ever changed.
    """
    after, end = 0, -1
    while True:
        with opened() as session:
            end = _end(session) if end < 0 else end
            query = select(audit).where(*session.where(audit), audit.c.audit_no > after, audit.c.audit_no <= end)
            query = query.where(audit.c.at >= since) if since else query
            query = query.where(audit.c.at < until) if until else query
            rows = session.rows(query.order_by(audit.c.audit_no).limit(_PART))
        yield from rows
        if len(rows) < _PART:
            return
        after = rows[-1].audit_no


def _end(session: Session) -> int:
    """Number of the newest row; 0 of an empty trail. The head may be set back: the rows tell themselves."""
    last = select(func.max(audit.c.audit_no)).where(*session.where(audit))
    return int(session.connection.execute(last).scalar_one() or 0)


def newest(session: Session, limit: int = 100) -> Sequence[Row[Any]]:
    """The newest rows."""
    query = select(audit).where(*session.where(audit))
    return session.rows(query.order_by(audit.c.audit_no.desc()).limit(limit))


LOOKED: Final = 50_000
"""Rows that one search looks through at most."""


def searched(
    session: Session, before: int = 0, limit: int = 100, who: str = "", ref: str = "", outcome: str = ""
) -> tuple[Sequence[Row[Any]], int]:
    """The newest rows that fit, and the number before which the search goes on; 0 at the trail's beginning.

    No filter has an index: the trail grows with every look, and rows that are only ever added are kept small. So a
    search looks through `LOOKED` rows and no more, however long the trail: it may find few and yet go on.

    Args:
        before: rows before this number; 0 for the end of the trail.
        limit: how many at most.
        who: only what this user did.
        ref: only what names this id.
        outcome: only what ended so.
    """
    end = _end(session) + 1
    end = min(before, end) if before > 0 else end
    begin = max(end - LOOKED, 1)
    query = select(audit).where(*session.where(audit), audit.c.audit_no < end, audit.c.audit_no >= begin)
    for column, wanted in ((audit.c.who, who), (audit.c.outcome, outcome)):
        query = query.where(column == wanted) if wanted else query
    query = query.where((" " + audit.c.ref + " ").contains(f" {ref} ", autoescape=True)) if ref else query
    rows = session.rows(query.order_by(audit.c.audit_no.desc()).limit(limit))
    begin = int(rows[-1].audit_no) if len(rows) == limit else begin
    return rows, begin if begin > 1 else 0


def json_lines(rows: Iterable[Row[Any]]) -> Iterator[str]:
    """Rows of the trail as JSON, a row a line."""
    for row in rows:
        told = {"employer": row.employer_id, **{name: getattr(row, name) for name in COLUMNS}}
        yield json.dumps(told, ensure_ascii=False) + "\n"


def csv_lines(rows: Iterable[Row[Any]]) -> Iterator[str]:
    """Rows of the trail as CSV, a row a line; what a spreadsheet would compute is written as text (a quote before)."""
    yield _csv(("employer", *COLUMNS))
    for row in rows:
        yield _csv((row.employer_id, *(getattr(row, name) for name in COLUMNS)))


def _csv(cells: tuple[Any, ...]) -> str:
    kept = io.StringIO()
    csv.writer(kept).writerow([_safe(str(cell)) for cell in cells])
    return kept.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _head(session: Session) -> Row[Any]:
    """The trail's end, held until the transaction ends."""
    query = select(trail_head).where(*session.where(trail_head)).with_for_update()
    found = session.connection.execute(query).first()
    if found is None:
        fresh = {"employer_id": session.employer, "audit_no": 0, "digest": ""}
        insert_new(session.connection, trail_head, [fresh])
        found = session.connection.execute(query).one()
    return found


def _chained(session: Session, before: str, row: dict[str, Any]) -> str:
    return session.vault.content_hash(canonical({**row, "employer": session.employer, "before": before}))
