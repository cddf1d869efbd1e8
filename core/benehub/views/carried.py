"""Whom dispatches tell of, as the audit trail names them: how many, and the first of them by the hub's id."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, func, or_, select

from benehub import dispatch
from benehub.access.audit import NAMED
from benehub.store import Session
from benehub.store.tables import member_state, obligation


class Carried(NamedTuple):
    """Whom dispatches tell of."""

    people: list[str]
    """Ids of the first of them."""
    number: int
    """How many they are in all."""


def whose(session: Session, dispatches: Iterable[str]) -> Carried:
    """Whose the dispatches of a list are, as far as what is owed is owed for a person.

    A list shows nobody of a file of everybody: whoever looks at that one has seen them, see `everybody`.
    """
    who = obligation.c.person_id
    mine = (*session.where(obligation), session.among(obligation.c.dispatch_id, dispatches), who.is_not(None))
    number = session.connection.execute(select(func.count(who.distinct())).where(*mine)).scalar_one()
    rows = session.rows(select(who).where(*mine).distinct().order_by(who).limit(NAMED))
    return Carried([str(row.person_id) for row in rows], int(number))


def first_of(people: Collection[str]) -> Carried:
    """These people, as they are named."""
    return Carried(sorted(people)[:NAMED], len(people))


def everybody(session: Session, dispatch_id: str) -> set[str]:
    """Everybody of whom a dispatch tells, by opening all that it carries: of a full file that is every family.

    Raises:
        DataError: there is none.
    """
    return set(_told(session, dispatch_id))


def _told(session: Session, dispatch_id: str) -> Iterator[str]:
    row = dispatch.get(session, dispatch_id)
    # What is owed again has left it: by its key it is still known.
    mine = or_(obligation.c.dispatch_id == dispatch_id,
               obligation.c.obligation_id == session.id("obl", row.business_key))  # fmt: skip
    whole = or_(obligation.c.person_id.is_(None), obligation.c.kind == "enrollment.change")
    yield from _persons(session, obligation, mine)
    yield from _persons(session, member_state, member_state.c.dispatch_id == dispatch_id)
    query = select(obligation.c.content_sealed).where(*session.where(obligation), mine, whole)
    for (sealed,) in chain.from_iterable(session.tuples(query)):
        content = json.loads(session.unseal(sealed, "obligation"))
        yield from _within(content)
        if content.get("inside") and content["remittance"]:  # a bank's payment with the remittance in it
            yield from _told(session, content["remittance"])


def _persons(session: Session, table: Table, mine: ColumnElement[bool]) -> Iterator[str]:
    query = select(table.c.person_id).where(*session.where(table), mine, table.c.person_id.is_not(None))
    return (str(one) for (one,) in chain.from_iterable(session.tuples(query)))


def _within(content: Mapping[str, Any]) -> Iterator[str]:
    """The people in the content of an obligation: of a file's rows or lines, of a family, or of all families."""
    parts = [content, *content.get("families", {}).values()]
    for one in chain.from_iterable(part.get(name, ()) for part in parts for name in ("rows", "lines", "members")):
        if one.get("person"):
            yield str(one["person"])
