"""Vendors' people whom nobody is linked to: how many, what was told of them, who they may be, and who comes twice."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final

from sqlalchemy import Row, func, select, tuple_

from benehub.identity import lookup, strangers, suggestions
from benehub.identity.matching import AS_GOOD, Candidate, Told, named
from benehub.identity.strangers import Stranger
from benehub.intake import recognising
from benehub.intake.twins import twins
from benehub.store import Session, acts
from benehub.store.session import CHUNK
from benehub.store.tables import confirmation

PLACE: Final = "crosswalk/place"
"""What the place of a page is sealed for."""


def unlinked(
    session: Session, connection_id: str = "", aside: bool = False, clear: bool = False, most: int = 0
) -> list[dict[str, Any]]:
    """Everybody nobody is linked to; names and birth dates are masked unless `clear`.

    `lines` counts what was confirmed of somebody and waits for a person; `suggestions` those that are open.
    No more than `most` are given, where it is named: `counted` says how many there are.
    """
    everybody = strangers.listed(session, connection_id, aside, most)
    return _lines(session, everybody, _keys(everybody) if most else None, connection_id, clear)


Place = tuple[str, str]
"""Where a page of strangers begins: behind this connection and vendor's id."""


def place_of(session: Session, sealed: str) -> Place | None:
    """The place that `paged` has given; None for the beginning.

    Raises:
        ConfigError, ValueError: it is no place.
    """
    if not sealed:
        return None
    connection_id, external_id = json.loads(session.unseal(urlsafe_b64decode(sealed), PLACE))
    return connection_id, external_id


def paged(
    session: Session, connection_id: str, aside: bool, clear: bool, most: int, after: Place | None
) -> tuple[list[dict[str, Any]], str]:
    """A page of them, each with who he may be (`likely`, the likeliest first), and the place where the next one begins.

    A place is sealed: vendors' ids may be what no address should show. It is empty where there is no next page.
    """
    found = strangers.listed(session, connection_id, aside, most + 1, after)
    shown = found[:most]
    keys = _keys(shown)
    lines = _lines(session, shown, keys, connection_id, clear)
    likely = defaultdict[str, list[dict[str, Any]]](list)
    for one in _guessed(session, suggestions.standing(session, connection_id, keys), keys, clear):
        likely[one["ref"]].append(one)
    ends = [shown[-1].connection_id, shown[-1].external_id] if len(found) > most else None
    following = urlsafe_b64encode(session.seal(ends, PLACE)).decode() if ends else ""
    return [line | {"likely": likely[line["ref"]]} for line in lines], following


def _lines(
    session: Session, everybody: Sequence[Stranger], keys: Collection[tuple[str, str]] | None, connection_id: str,
    clear: bool,
) -> list[dict[str, Any]]:  # fmt: skip
    waiting, open_ones = _waiting(session, keys), defaultdict[tuple[str, str], int](int)
    for row in suggestions.standing(session, connection_id, keys):
        open_ones[row.connection_id, row.external_id] += 1
    found = []
    for one in everybody:
        key = (one.connection_id, one.external_id)
        found.append(
            {
                "ref": one.ref(session), "connection": one.connection_id, "id": strangers.shown(one.external_id),
                "stream": one.stream, **_told(one.told, clear), "lines": waiting.get(key, 0),
                "suggestions": open_ones[key], "aside": one.aside,
            }
        )  # fmt: skip
    return found


def counted(session: Session, connection_id: str = "") -> int:
    """How many nobody is linked to; those laid aside are not counted."""
    return sum(number for name, number in strangers.counted(session).items() if connection_id in ("", name))


def _keys(everybody: Iterable[Stranger]) -> dict[tuple[str, str], Stranger]:
    return {(one.connection_id, one.external_id): one for one in everybody}


def _waiting(session: Session, of: Collection[tuple[str, str]] | None) -> dict[tuple[str, str], int]:
    query = (
        select(confirmation.c.connection_id, confirmation.c.external_id, func.count().label("number"))
        .where(*session.where(confirmation, current=1), confirmation.c.person_id.is_(None))
        .group_by(confirmation.c.connection_id, confirmation.c.external_id)
    )
    if of is not None:
        query = query.where(tuple_(confirmation.c.connection_id, confirmation.c.external_id).in_(sorted(of)))
    rows = session.rows(query)
    return {(row.connection_id, row.external_id): int(row.number) for row in rows}


def _told(told: Told, clear: bool) -> dict[str, str]:
    return {
        "name": _name(told.first_name, told.last_name, clear),
        "born": told.birth_date if clear else "told" if told.birth_date else "",
        "number": strangers.shown(told.employee_number),
    }


def _name(first: str, last: str, clear: bool) -> str:
    parts = [one for one in (first, last) if one]
    return " ".join(parts if clear else (f"{one[:1]}***" for one in parts))


def suggested(session: Session, connection_id: str = "", clear: bool = False, most: int = 0) -> list[dict[str, Any]]:
    """The open suggestions with score and reasons; `level` says how many others are as likely.

    Those of the first `most` who wait, where it is named: of the same whom `unlinked` gives.
    """
    told = _keys(strangers.listed(session, connection_id, most=most))
    standing = suggestions.standing(session, connection_id, told if most else None)
    return _guessed(session, [row for row in standing if (row.connection_id, row.external_id) in told], told, clear)


def likely(session: Session, named: str, clear: bool = False) -> list[dict[str, Any]]:
    """The open suggestions who one of them may be.

    Raises:
        DataError: there is none.
    """
    row = strangers.found(session, named)
    told = _keys([strangers.of_row(session, row)]) if row.person_id is None else {}
    return _guessed(session, suggestions.standing(session, row.connection_id, told), told, clear)


def _guessed(
    session: Session, rows: Sequence[Row[Any]], told: Mapping[tuple[str, str], Stranger], clear: bool
) -> list[dict[str, Any]]:
    known = recognising.candidates(session, sorted({row.person_id for row in rows}))
    best: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows:
        best[row.connection_id, row.external_id].append(row.score)
    found = []
    for row in rows:
        one, other = told[row.connection_id, row.external_id], known.get(row.person_id)
        scores = best[row.connection_id, row.external_id]
        found.append(
            {
                "ref": one.ref(session), "connection": row.connection_id, "id": strangers.shown(row.external_id),
                "name": _name(one.told.first_name, one.told.last_name, clear),
                "employee": other.number if other else row.person_id,
                "known_as": _name(other.first_name, other.last_name, clear) if other else "",
                "score": row.score, "why": list(row.why),
                "level": sum(abs(score - row.score) < AS_GOOD for score in scores) - 1,
            }
        )  # fmt: skip
    return found


def details(session: Session, named: str, clear: bool = False) -> dict[str, Any]:
    """One person of a vendor's: what was told, whom he is linked to and how, and what persons said of it.

    Raises:
        DataError: there is none.
    """
    row = strangers.found(session, named)
    ref = strangers.ref(session, row.connection_id, row.external_id)
    number = ""
    if row.person_id is not None:
        number = next(iter(recognising.candidates(session, [row.person_id]).values())).number
    return {
        "ref": ref, "connection": row.connection_id, "id": strangers.shown(row.external_id), "stream": row.stream,
        **{f"told_{name}": value for name, value in _told(strangers.opened(session, row.told_sealed), clear).items()},
        "linked_to": number, "how": row.how,
        "said": [{"at": one.at, "who": one.who, "what": one.what, "note": one.note} for one in acts(session, ref)],
    }  # fmt: skip


def doubles(session: Session, connection_id: str = "", ours: bool = True, most: int = 0) -> list[dict[str, Any]]:
    """Who comes twice: at a vendor (two ids, one person), or here (two persons, one name and birth date).

    Without `ours` our own people are not gone through, and ids that a person linked are none: what a comparison asks.
    No more than `most` are given, where it is named. `persons` are those of us, by the hub's id: what is shown of a
    vendor's is his own id of them.
    """
    found = _at_vendors(session, connection_id, ours)
    if not connection_id and ours:
        found = chain(found, _here(session))
    return list(islice(found, most or None))


def _at_vendors(session: Session, connection_id: str, ours: bool) -> Iterator[dict[str, Any]]:
    waiting = strangers.listed(session, connection_id, aside=ours)
    linked = strangers.doubled(session, by_persons=ours)
    holders = _holders(session, waiting)
    wanted = {who for _, who in linked} | {who for who in holders.values() if who}
    known = recognising.candidates(session, sorted(wanted))
    for (name, who), ids in linked.items():
        if connection_id in ("", name) and who in known:
            yield _double(name, known[who].number, f"is linked to {len(ids)} ids", ids, [who])
    yield from _taken(session, waiting, known, holders)
    yield from _twice(waiting)


def _here(session: Session) -> Iterator[dict[str, Any]]:
    pairs = twins(session)
    while part := list(islice(pairs, CHUNK // 2)):
        known = recognising.candidates(session, sorted({who for pair in part for who in pair}))
        for one, two in part:
            yield _double("", known[one].number, "has the name and birth date of", [known[two].number], [one, two])


def _double(connection_id: str, who: str, what: str, ids: list[str], persons: Sequence[str] = ()) -> dict[str, Any]:
    shown = [strangers.shown(one) for one in ids]
    told = {"connection": connection_id, "who": strangers.shown(who), "what": what, "others": shown}
    return told | {"persons": [*persons]}


def _holders(session: Session, waiting: list[Stranger]) -> dict[tuple[str, str], str | None]:
    """Unlinked one -> who has his SSN or, failing that, his number."""
    numbers = lookup.by_member(session, {one.told.employee_number for one in waiting if one.told.employee_number})
    indexes = lookup.by_index(session, {one.told.ssn_index for one in waiting if one.told.ssn_index})
    return {
        (one.connection_id, one.external_id): indexes.get(one.told.ssn_index) or numbers.get(one.told.employee_number)
        for one in waiting
    }


def _taken(
    session: Session, waiting: list[Stranger], known: Mapping[str, Candidate],
    holders: Mapping[tuple[str, str], str | None],
) -> list[dict[str, Any]]:  # fmt: skip
    """Unlinked ones whose number or SSN is that of somebody who is linked to another id of the same vendor."""
    held: dict[str, dict[str, str]] = {}
    for name in {one.connection_id for one in waiting}:
        held[name] = strangers.holders(session, name, {who for who in holders.values() if who})
    found = []
    for one in waiting:
        who = holders[one.connection_id, one.external_id]
        if who is not None and who in known and who in held[one.connection_id]:
            other = held[one.connection_id][who]
            what = f"has the number or SSN of {known[who].number}, who is linked to"
            found.append(_double(one.connection_id, one.external_id, what, [other], [who]))
    return found


def _twice(waiting: list[Stranger]) -> list[dict[str, Any]]:
    """Unlinked ones of one vendor with one name and birth date."""
    seen: dict[tuple[str, str, Any], str] = {}
    found = []
    for one in waiting:
        told = one.told
        if told.birth_date and told.last_name:
            key = (one.connection_id, told.birth_date, named(told.first_name, told.last_name))
            before = seen.setdefault(key, one.external_id)
            if before != one.external_id:
                found.append(_double(one.connection_id, before, "has the name and birth date of", [one.external_id]))
    return found
