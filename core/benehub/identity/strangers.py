"""People whom a vendor knows and nobody is linked to: kept with what was told of them, counted, never dropped.

They stand in the crosswalk without a person. What a vendor tells of them is sealed, as quarantined rows are. One who
is none of ours (a contractor in payroll) is laid aside by a person, and counted apart.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, select, tuple_

from benehub.crypto import mask
from benehub.errors import DataError
from benehub.identity import lookup
from benehub.identity.matching import Told
from benehub.store import Session
from benehub.store.session import CHUNK
from benehub.store.tables import crosswalk

UNLINKED, ASIDE, SOURCE = "unlinked", "aside", "source"
"""How a row of the crosswalk came to be: nobody found yet, none of ours, or the very record a person was made from."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A vendor's person nobody is linked to."""

    connection_id: str
    external_id: str
    stream: str
    told: Told = field(repr=False)
    aside: bool
    seq: int

    def ref(self, session: Session) -> str:
        """Its typed id."""
        return ref(session, self.connection_id, self.external_id)


def ref(session: Session, connection_id: str, external_id: str) -> str:
    """The typed id (`unl_`) of a vendor's person, linked or not."""
    return session.id("unl", connection_id, external_id)


def note(session: Session, connection_id: str, external_id: str, stream: str, told: Told, named: str = "") -> None:
    """Keep that a vendor names somebody unknown; what was told of him before stays where nothing new is told.

    `named` is what a row calls him: taken for his employee number as long as none is told.
    """
    linked = lookup.by_vendor(session, connection_id, [external_id])
    if linked[external_id] is not None:
        return
    if external_id not in lookup.known(session).rows[connection_id]:
        seq, _ = session.take_seq()
        row = {"connection_id": connection_id, "external_id": external_id, "person_id": None, "how": UNLINKED}
        first = replace(told, employee_number=told.employee_number or named)
        session.defer(crosswalk, {**row, "seq": seq, "stream": stream, "told_sealed": _sealed(session, first)})
        session.written()
        lookup.known(session).rows[connection_id].add(external_id)
        return
    if told == Told(only_employees=told.only_employees):
        return
    session.flush_deferred()
    key = {"connection_id": connection_id, "external_id": external_id}
    before = session.connection.execute(
        select(crosswalk.c.told_sealed, crosswalk.c.stream).where(*session.where(crosswalk, **key))
    ).one()
    known = opened(session, before.told_sealed)
    merged = Told(**{one.name: getattr(told, one.name) or getattr(known, one.name) for one in fields(Told)})
    if merged != known:
        session.change(crosswalk, key, told_sealed=_sealed(session, merged), stream=before.stream or stream)


def opened(session: Session, sealed: bytes | None) -> Told:
    """What was told of somebody, opened."""
    return Told() if sealed is None else Told(**json.loads(session.unseal(sealed, "crosswalk")))


def _sealed(session: Session, told: Told) -> bytes:
    return session.seal(asdict(told), "crosswalk")


def listed(
    session: Session, connection_id: str = "", aside: bool = False, most: int = 0, after: tuple[str, str] | None = None
) -> list[Stranger]:
    """Everybody nobody is linked to, by connection and vendor's id; with `aside`, those laid aside too.

    No more than the first `most`, where it is named; `after` this connection and id, where they are.
    """
    session.flush_deferred()
    query = select(crosswalk).where(crosswalk.c.employer_id == session.employer, *_open(aside))
    if connection_id:
        query = query.where(crosswalk.c.connection_id == connection_id)
    place = tuple_(crosswalk.c.connection_id, crosswalk.c.external_id)
    if after is not None:
        query = query.where(place > tuple_(*after))
    rows = session.rows(query.order_by(crosswalk.c.connection_id, crosswalk.c.external_id).limit(most or None))
    return [of_row(session, row) for row in rows]


def of_row(session: Session, row: Row[Any]) -> Stranger:
    """Who stands in a row of the crosswalk."""
    told = opened(session, row.told_sealed)
    return Stranger(row.connection_id, row.external_id, row.stream, told, row.how == ASIDE, row.seq)


def _open(aside: bool) -> Sequence[ColumnElement[bool]]:
    return (crosswalk.c.person_id.is_(None), *(() if aside else (crosswalk.c.how != ASIDE,)))


def counted(session: Session) -> dict[str, int]:
    """How many nobody is linked to, by connection; those laid aside are not counted."""
    rows = session.rows(
        select(crosswalk.c.connection_id, func.count().label("number"))
        .where(crosswalk.c.employer_id == session.employer, *_open(aside=False))
        .group_by(crosswalk.c.connection_id)
    )
    return {row.connection_id: int(row.number) for row in rows}


def found(session: Session, named: str) -> Row[Any]:
    """The row of the crosswalk that somebody means: its typed id, or `CONNECTION/VENDOR'S ID`.

    Raises:
        DataError: there is none.
    """
    where = [crosswalk.c.employer_id == session.employer]
    if not named.startswith("unl_"):
        connection_id, _, external_id = named.partition("/")
        where += [crosswalk.c.connection_id == connection_id, crosswalk.c.external_id == external_id]
    for row in session.rows(select(crosswalk).where(*where)):
        if not named.startswith("unl_") or ref(session, row.connection_id, row.external_id) == named:
            return row
    raise DataError(
        "no such person of a vendor's", mend="Give the id (unl_...) that `benehub people unlinked` prints"
    )  # fmt: skip


def lay_aside(session: Session, row: Row[Any]) -> None:
    """Note that a vendor's person is none of ours."""
    _change(session, row, person_id=None, how=ASIDE)


def release(session: Session, row: Row[Any]) -> None:
    """Note that nobody is linked any more to a vendor's person."""
    _change(session, row, person_id=None, how=UNLINKED)


def join(session: Session, row: Row[Any], person_id: str, how: str) -> None:
    """Link a vendor's person, whatever stood there before; of two ids of one person the last linked is written to."""
    _change(session, row, person_id=person_id, how=how)


def _change(session: Session, row: Row[Any], **values: Any) -> None:
    seq, _ = session.take_seq()
    key = {"connection_id": row.connection_id, "external_id": row.external_id}
    session.change(crosswalk, key, **values, seq=seq)
    forget(session)


def join_all(session: Session, found: Iterable[tuple[str, str, str, str]]) -> int:
    """Link these (connection, vendor's id, person, how), and forget what was told of them; gives how many."""
    names = ("connection_id", "external_id", "person_id", "how")
    rows: list[dict[str, Any]] = [dict(zip(names, one, strict=True)) | {"told_sealed": None} for one in found]
    if rows:
        seq, _ = session.take_seq()  # a comparison from before does not know of them
        rows = [row | {"seq": seq} for row in rows]
    session.change_all(crosswalk, ("connection_id", "external_id"), rows)
    forget(session)
    return len(rows)


def forget(session: Session) -> None:
    """Who is who was looked up before: it is asked anew."""
    for key in [key for key in session.memo if key in ("people", "rejected") or key[0] in ("holders", "holders asked")]:
        del session.memo[key]


def shown(external_id: str) -> str:
    """A vendor's id as a person may see it: what looks like an SSN or a bank number is masked."""
    return mask(external_id)[:60]


def holders(session: Session, connection_id: str, person_ids: Collection[str]) -> dict[str, str]:
    """Person -> the vendor's id that he is linked to already on this connection."""
    wanted = sorted(set(person_ids))
    known: dict[str, str] = {}
    session.flush_deferred()
    for start in range(0, len(wanted), CHUNK):
        rows = session.rows(
            select(crosswalk.c.person_id, crosswalk.c.external_id)
            .where(
                *session.where(crosswalk, connection_id=connection_id),
                crosswalk.c.person_id.in_(wanted[start : start + CHUNK]),
            )
            .order_by(crosswalk.c.seq)
        )
        known |= {row.person_id: row.external_id for row in rows}
    return known


def doubled(session: Session, by_persons: bool = True) -> Mapping[tuple[str, str], list[str]]:
    """(connection, person) -> the vendor's ids, where one person is linked to several.

    Without `by_persons` those are left out of which a person said so.
    """
    own_word = func.sum(case((crosswalk.c.how == "person", 1), else_=0))
    twice = (
        select(crosswalk.c.connection_id, crosswalk.c.person_id)
        .where(crosswalk.c.employer_id == session.employer, crosswalk.c.person_id.is_not(None))
        .group_by(crosswalk.c.connection_id, crosswalk.c.person_id)
        .having(func.count() > 1, *(() if by_persons else (own_word == 0,)))
        .subquery()
    )
    rows = session.rows(
        select(crosswalk.c.connection_id, crosswalk.c.person_id, crosswalk.c.external_id)
        .join(
            twice,
            (twice.c.connection_id == crosswalk.c.connection_id) & (twice.c.person_id == crosswalk.c.person_id),
        )
        .where(crosswalk.c.employer_id == session.employer)
        .order_by(crosswalk.c.connection_id, crosswalk.c.person_id, crosswalk.c.seq)
    )
    ids: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        ids.setdefault((row.connection_id, row.person_id), []).append(row.external_id)
    return ids
