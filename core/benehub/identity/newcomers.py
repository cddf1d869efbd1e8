"""Employees of whom nothing is known: a first load is full of them, so they are written many at once, unasked.

What has been looked up says that nobody has the vendor's id, the number or the SSN. Whoever is known by any of them
goes the way of `people.add_employee`, which this one equals for newcomers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from benehub.identity import lookup
from benehub.ids import numbered
from benehub.store import Session
from benehub.store.tables import crosswalk, person

_PERSON = (
    "employer_id", "person_id", "kind", "subscriber_id", "member_id", "ssn_sealed", "ssn_index", "seq",
)  # fmt: skip
_LINK = ("employer_id", "connection_id", "external_id", "person_id", "how", "seq", "stream", "told_sealed")
_ASK = object()


class Newcomer(NamedTuple):
    """Somebody new: the vendor's id, the employee number and the SSN with its blind index, where he has one."""

    external_id: str
    number: str
    ssn: str | None
    ssn_index: str | None


class Newcomers:
    """The new employees of one connection, as long as what the session looked up holds."""

    NUMBERS = 2
    """Of the recorded order, that one of them takes."""

    def __init__(self, session: Session, connection_id: str) -> None:
        self._session, self._connection_id = session, connection_id
        self._known = mine = lookup.known(session)
        self._linked = mine.linked.setdefault(connection_id, {})
        self._rows = mine.rows.setdefault(connection_id, set())

    def leading(self, told: Iterable[tuple[str, str, str | None]]) -> list[Newcomer]:
        """Of these (vendor's id, number, SSN) as many, from the first on, as are new, and told once.

        The first one ends them who is known, or was not looked up.
        """
        known, linked, rows = self._known, self._linked, self._rows
        members, ssns, indexes = known.members, known.ssns, known.indexes
        names, numbers, hidden = set[str](), set[str](), set[str | None]()
        found: list[Newcomer] = []
        for external_id, number, ssn in told:
            index = None if ssn is None else indexes.get(ssn, "")
            if (
                linked.get(external_id, _ASK) is not None
                or members.get(number, _ASK) is not None
                or (index is not None and (ssns.get(index, _ASK) is not None or index in hidden))
                or external_id in rows
                or external_id in names
                or number in numbers
            ):
                break
            names.add(external_id)
            numbers.add(number)
            hidden.add(index)
            found.append(Newcomer(external_id, number, ssn, index))
        return found

    def add(self, new: Sequence[Newcomer], order: Iterable[int]) -> list[str]:
        """The persons made of them; `order` is the first of each one's numbers of the recorded order."""
        session, employer, connection_id = self._session, self._session.employer, self._connection_id
        seal = session.vault.sealing(f"{employer}/ssn")
        made = [
            (numbered("per", seq, f"{employer}/{one.external_id}"), seq, *one)
            for seq, one in zip(order, new, strict=True)
        ]
        session.deferring(person, _PERSON).extend(
            [
                (employer, name, "employee", name, number, None if ssn is None else seal(ssn.encode()), index, seq)
                for name, seq, _, number, ssn, index in made
            ]
        )
        session.deferring(crosswalk, _LINK).extend(
            [
                (employer, connection_id, external_id, name, "source", seq + 1, "", None)
                for name, seq, external_id, *_ in made
            ]
        )
        known, persons = self._known, [name for name, *_ in made]
        self._rows.update(one.external_id for one in new)
        self._linked.update(zip((one.external_id for one in new), persons, strict=True))
        known.members.update(zip((one.number for one in new), persons, strict=True))
        known.numbers.update(zip(persons, (one.number for one in new), strict=True))
        known.ssns.update(
            (one.ssn_index, name) for one, name in zip(new, persons, strict=True) if one.ssn_index is not None
        )
        known.families.update((name, []) for name in persons)
        return persons
