"""Looks up in sets whom a chunk's rows speak of and what is believed of them, so that no row asks on its own."""

from __future__ import annotations

from collections.abc import Sequence

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
    keys = [key for key, _ in rows]
    session.memo["row_keys"] = keys
    record = STREAMS[stream]
    fields = record.model_fields
    names = {name for field in NAMED if field in fields for _, row in rows if (name := getattr(row, field))}
    own = {f"dep:{key}" for key in keys} if stream == "dependent" else set(keys)
    ssns = {ssn for _, row in rows if (ssn := getattr(row, "ssn", None))} if "ssn" in fields else set()
    ssns |= {ssn for name in record.may_be_ssn for _, row in rows if (ssn := as_ssn(getattr(row, name)))}
    numbers = {number for _, row in rows if (number := getattr(row, NUMBERED))} if NUMBERED in fields else set()
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
