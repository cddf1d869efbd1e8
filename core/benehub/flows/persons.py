"""What a person says about another where no system says it any more: the last day of work of who left the HRIS."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from benehub import facts
from benehub.errors import DataError
from benehub.facts import Version
from benehub.flows.hub import Hub
from benehub.identity import people
from benehub.periods import FOREVER, Interval
from benehub.store import Session, note_act
from benehub.store.tables import person, seen


def end_employment(hub: Hub, employer: str, employee: str, last_day: date, who: str, note: str) -> str:
    """Record the last day of work of an employee whom the HRIS no longer shows; gives the person's id.

    It is a fact like any other, with the trail of who said it. Should the HRIS show the employee again, its word
    counts again.

    Raises:
        DataError: no such employee, the HRIS still shows him (it has to be ended there), his employment has ended
            already or had not begun, or no name or reason is given.
    """
    with hub.store.write(employer) as session:
        person_id = _employee(session, employee)
        told = session.rows(select(seen.c.gone_seq).where(*session.where(seen, stream="employee", about=person_id)))
        if not told or any(row.gone_seq is None for row in told):
            raise DataError("the HRIS still shows this employee", where=f"employee {employee}",
                            mend="Enter the last day there, and sync")  # fmt: skip
        known = facts.timelines(session, "employment", Interval(date.min, FOREVER), subjects=[person_id])
        running = {key: spans for (_, key), spans in known.items() if spans[-1].effective_to == FOREVER}
        end = last_day + timedelta(days=1)
        if not running:
            raise DataError("the employment has ended already", where=f"employee {employee}",
                            mend="See `benehub statement`")  # fmt: skip
        if any(end <= spans[0].effective_from for spans in running.values()):
            raise DataError("the last day lies before the employment began", where=f"employee {employee}",
                            mend="Mend --last-day")  # fmt: skip
        note_act(session, person_id, who, f"end employment on {last_day}", note)
        versions = [Version("employment", person_id, key, end, None) for key in running]
        facts.record(session, versions, f"said by {who}"[:120])
        return person_id


def _employee(session: Session, named: str) -> str:
    found = people.by_member_id(session, named) or named
    row = session.connection.execute(select(person.c.kind).where(*session.where(person, person_id=found))).first()
    if row is None or row.kind != "employee":
        raise DataError(f"no employee {named[:40]!r}", mend="Name the employee number, or the hub's id (per_...)")
    return found
