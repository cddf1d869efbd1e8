"""The stream `dependent`: each worker's dependents, one call a worker who has not left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benehub.connect.cells import Cells, find
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.figures import part, text
from benehub.connect.messages import path, read
from benehub.errors import DataError
from benehub.records import Sex
from benehub_connectors.adp_workforce_now import words
from benehub_connectors.adp_workforce_now.answers import REFUSALS, Row, refuse, rows
from benehub_connectors.adp_workforce_now.settings import AdpSettings
from benehub_connectors.adp_workforce_now.workers import VENDOR, ended, listed, ssn_of

STREAM = "dependent"

GONE = frozenset({"inactive", "In Active", "removed"})
"""States of a dependent who is none any more."""


def read_dependents(link: Link) -> Iterator[Page]:
    """A page a worker; one without an id cannot be asked for, and then nobody absent is gone."""
    for answer, people in listed(link):
        known = [one.get("associateOID") if isinstance(one, dict) else None for one in people]
        nameless = [
            Incoming(f"row {at}", {}, problem="a worker without associateOID: report it to ADP", row=at)
            for at, one in enumerate(known, 1)
            if not one
        ]
        if nameless:
            yield Page(STREAM, nameless, answer.body, "workers without id")
        for one in people:
            if isinstance(one, dict) and one.get("associateOID") and not ended(one):
                yield _of(link, str(one["associateOID"]))


def _of(link: Link, employee: str) -> Page:
    answer = link.http().send(read(path("/benefits/v1/associates/{id}/dependents", id=employee), accept=REFUSALS))
    refuse(answer)
    found = [_row(row, employee, at, link.settings) for at, row in enumerate(rows(answer, "dependents"), 1)]
    return Page(STREAM, found, answer.body, "dependents", full=not any("/row " in row.key for row in found))


def _row(row: Any, employee: str, number: int, settings: AdpSettings) -> Incoming:
    key = f"{employee}/row {number}"
    try:
        if not isinstance(row, dict):
            raise DataError("the row is no object", mend="Report it to the vendor")
        told = flat(row)
        key = f"{employee}/{told['dependentID']}" if told["dependentID"] else key
        if told["dependentStatusCode"] in GONE:
            return Incoming(key, {}, deleted=True, row=number)
        return _translated(Cells(told, VENDOR), key, employee, number, settings)
    except DataError as error:
        return Incoming(key, {}, {}, str(error), number)


def flat(row: Row) -> dict[str, str]:
    """What a record is made of, by ADP's names."""
    person = part(row, "person")
    name, kind = part(person, "legalName"), part(row, "relationshipTypeCode")
    return {
        "dependentID": text(row, "dependentID"),
        "dependentStatusCode": text(part(row, "dependentStatusCode"), "codeValue"),
        "relationshipTypeCode": text(kind, "shortName") or text(kind, "codeValue"),
        **{field: text(name, field) for field in ("givenName", "middleName", "familyName1")},
        "birthDateString": text(person, "birthDateString"),
        "genderCode": text(part(person, "genderCode"), "codeValue"),
        "SSN": ssn_of(person),
    }


def _translated(cells: Cells, key: str, employee: str, number: int, settings: AdpSettings) -> Incoming:
    word = cells.needed("relationshipTypeCode")
    kind = find(word, words.RELATIONSHIPS, settings.relationships)
    if word and kind is None:
        what = f"says {word[:40]!r}, which is no relationship of ours"
        cells.wrong("relationshipTypeCode", what, "map it in the connection's relationships")
    data = {
        "employee": employee, "relationship": kind,
        "first_name": cells.needed("givenName"), "middle_name": cells.text("middleName"),
        "last_name": cells.needed("familyName1"),
        "birth_date": cells.date("birthDateString", needed=True),
        "sex": find(cells.text("genderCode"), words.SEXES) or Sex.UNKNOWN,
        "ssn": cells.ssn("SSN"),
    }  # fmt: skip
    return cells.incoming(key, data, number, frozenset(cells.raw))
