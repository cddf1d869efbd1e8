"""Looks up in sets whom a chunk's rows speak of and what is believed of them, so that no row asks on its own."""

from __future__ import annotations

from collections.abc import Sequence

from benehub import facts
from benehub.crypto import as_ssn
from benehub.identity import people
from benehub.intake import recognising
from benehub.records import Record
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

NAMED = ("employee", "employee_number", "member", "subscriber")
"""Fields that name somebody: by the source's own id, an employee number or a member id."""


def look_up(session: Session, connection_id: str, stream: str, rows: Sequence[tuple[str, Record]]) -> None:
    """Ask once for everybody whom these rows (key and record) name, and for what is believed of them."""
    session.memo["row_keys"] = [key for key, _ in rows]
    names = {name for _, row in rows for field in NAMED if (name := getattr(row, field, None))}
    own = {f"dep:{key}" if stream == "dependent" else key for key, _ in rows}
    ssns = {ssn for _, row in rows if (ssn := getattr(row, "ssn", None))}
    ssns |= {ssn for _, row in rows for name in row.may_be_ssn if (ssn := as_ssn(getattr(row, name)))}
    people.look_up(session, connection_id, own | names, names, ssns)
    if stream == "payroll_person":
        recognising.preload(session, connection_id, [row for _, row in rows])
    if stream == "pay_calendar":
        facts.preload(session, "pay_date", [getattr(row, "pay_group", "") for _, row in rows])
    if stream not in BELIEVED:
        return
    persons = {people.find(session, connection_id, one) or people.new_id(session, connection_id, one) for one in own}
    persons |= {found for one in names if (found := people.by_member_id(session, one))}
    persons |= {found for one in names if (found := people.find(session, connection_id, one))}
    persons |= {found for one in ssns if (found := people.by_ssn(session, one))}
    for kind in BELIEVED[stream]:
        facts.preload(session, kind, sorted(persons))
    if stream == "dependent":
        people.families(session, sorted(persons))
    if any(getattr(row, "dependents", ()) for _, row in rows):
        families = people.families(session, sorted(persons))
        facts.preload(session, "dependent", [one for person in persons for one in families[person]])
