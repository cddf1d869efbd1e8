"""Looks up in sets whom a chunk's rows speak of and what is believed of them, so that no row asks on its own."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from benehub import facts
from benehub.crypto import as_ssn
from benehub.identity import people
from benehub.intake import recognising
from benehub.records import STREAMS, Record
from benehub.store import Session

BELIEVED = {
    "employee": ("employee", "employment"),
    "compensation": ("compensation",),
    "dependent": ("dependent",),
    "election": ("election",),
    "leave_request": ("leave_request",),
    "deferral_change": ("election",),
    "payroll_benefit": ("payroll_benefit",),
}
"""Kinds of facts about a person that a stream's rows are held against."""

NAMED = ("employee", "member", "subscriber")
"""Fields that name somebody: by the source's own id, an employee number or a member id."""

NUMBERED = "employee_number"
"""The field that names somebody by his employee number alone."""


def look_up(session: Session, connection_id: str, stream: str, rows: Sequence[tuple[str, Record]]) -> None:
    """Ask once for everybody whom these rows (key and record) name, and for what is believed of them."""
    keys, records = [key for key, _ in rows], [record for _, record in rows]
    session.memo["row_keys"] = keys
    record = STREAMS[stream]
    fields = record.model_fields
    # In the order of the rows, which often is that of the names: they lie beside each other in the indexes.
    names = _told(records, *(field for field in NAMED if field in fields))
    own = dict.fromkeys([f"dep:{key}" for key in keys] if stream == "dependent" else keys)
    ssns = _told(records, *(["ssn"] if "ssn" in fields else []))
    ssns |= dict.fromkeys(ssn for name in record.may_be_ssn for row in records if (ssn := as_ssn(getattr(row, name))))
    numbers = _told(records, *([NUMBERED] if NUMBERED in fields else []))
    persons = people.look_up(session, connection_id, own | names, names | numbers, ssns)
    if stream == "payroll_person":
        recognising.preload(session, connection_id, [row for _, row in rows])
    if stream == "pay_calendar":
        facts.preload(session, "pay_date", [getattr(row, "pay_group", "") for _, row in rows])
    if stream not in BELIEVED:
        return
    for kind in BELIEVED[stream]:
        facts.preload(session, kind, sorted(persons))
    if stream == "dependent":
        people.families(session, sorted(persons))
    if "dependents" in fields and any(getattr(row, "dependents", ()) for _, row in rows):
        families = people.families(session, sorted(persons))
        facts.preload(session, "dependent", [one for person in persons for one in families[person]])


def _told(records: Sequence[Record], *fields: str) -> dict[str, None]:
    """What stands in these fields, each once."""
    found: dict[str, None] = {}
    for name in fields:
        found |= dict.fromkeys(map(attrgetter(name), records))
    return {one: None for one in found if one}
