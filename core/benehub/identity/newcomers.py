"""Employees of whom nothing is known: a first load is full of them, so they are written without a question each.

What has been looked up says that nobody has the vendor's id, the number or the SSN. Whoever is known by any of them
goes the way of `people.add_employee`, which this one equals for newcomers.
"""

from __future__ import annotations

from benehub.identity import lookup
from benehub.ids import numbered
from benehub.store import Session
from benehub.store.tables import crosswalk, person

_PERSON = (
    "employer_id", "person_id", "kind", "subscriber_id", "member_id", "ssn_sealed", "ssn_index", "seq",
)  # fmt: skip
_LINK = ("employer_id", "connection_id", "external_id", "person_id", "how", "seq", "stream", "told_sealed")
_ASK = object()


class Newcomers:
    """Adds the new employees of one connection, as long as what the session looked up holds."""

    def __init__(self, session: Session, connection_id: str) -> None:
        self._session, self._connection_id = session, connection_id
        self._seal = session.vault.sealing(f"{session.employer}/ssn")
        self._known = mine = lookup.known(session)
        self._linked = mine.linked.setdefault(connection_id, {})
        self._rows = mine.rows.setdefault(connection_id, set())
        self._persons = session.deferring(person, _PERSON)
        self._links = session.deferring(crosswalk, _LINK)

    def add(self, external_id: str, number: str, ssn: str | None) -> str | None:
        """The person made of an employee, or None where he, his number or his SSN is known, or was not looked up."""
        known, linked = self._known, self._linked
        index = None if ssn is None else known.indexes.get(ssn, "")
        if (
            linked.get(external_id, _ASK) is not None
            or known.members.get(number, _ASK) is not None
            or (index is not None and known.ssns.get(index, _ASK) is not None)
            or external_id in self._rows
        ):
            return None
        session = self._session
        employer = session.employer
        seq, _ = session.take_seq(2)
        person_id = numbered("per", seq, f"{employer}/{external_id}")
        sealed = None if ssn is None else self._seal(ssn.encode())
        self._persons.append((employer, person_id, "employee", person_id, number, sealed, index, seq))
        self._links.append((employer, self._connection_id, external_id, person_id, "source", seq + 1, "", None))
        self._rows.add(external_id)
        linked[external_id] = known.members[number] = person_id
        if index is not None:
            known.ssns[index] = person_id
        known.numbers[person_id], known.families[person_id] = number, []
        return person_id
