"""What an employee's row becomes: the person, who he is, and his employment.

A first load is full of people of whom nothing is known; their way is the shortest.
"""

from __future__ import annotations

from datetime import timedelta
from operator import itemgetter
from typing import Any

from benehub import facts
from benehub.errors import DataError
from benehub.facts import Version
from benehub.facts.first import FirstFacts
from benehub.identity import people
from benehub.identity.newcomers import Newcomers
from benehub.intake.applying import Origin
from benehub.periods import FOREVER, Interval
from benehub.planbook import PlanBook
from benehub.records import Employee, Record
from benehub.store import Session

_IDENTITY = (
    "first_name", "last_name", "middle_name", "birth_date", "sex", "email", "address1", "address2", "city",
    "state", "zip_code", "country", "employee_number", "marital_status",
)  # fmt: skip
_identity = itemgetter(*_IDENTITY)
_EMPLOYMENT = ("employment_class", "weekly_hours", "pay_group", "department", "location")
_TOLD = ("union", "employment_type", "work_authorisation")
"""What not every HRIS tells; left out where it does not, so that unknown stays unknown."""


def employee(session: Session, book: PlanBook, origin: Origin, row: Record) -> str:
    """An employee: the person, who he is, and the employment with its end."""
    assert isinstance(row, Employee)
    if row.pay_group not in book.pay_groups:
        raise DataError(f"pay group {row.pay_group!r} is not in the plan book", mend="Add it or map its name")
    if row.termination_date is not None and row.termination_date < row.hire_date:
        raise DataError("termination_date lies before hire_date", mend="Mend one of them in the HRIS")
    newcomer = _newcomer(session, origin, row)
    if newcomer is not None:
        return newcomer
    person_id = people.add_employee(session, origin.connection_id, origin.key, row.employee_number, row.ssn)
    data = _plain(row)
    known = facts.timelines(session, "employee", Interval(row.hire_date), subjects=[person_id])
    since = session.today() if known else row.hire_date
    versions = [Version("employee", person_id, "", since, dict(zip(_IDENTITY, _identity(data), strict=True)))]
    versions += _employment(session, person_id, row, _told_employment(row, data))
    facts.record(session, versions, str(origin), origin.batch_id, origin.row_no)
    return person_id


def _newcomer(session: Session, origin: Origin, row: Employee) -> str | None:
    """As `employee` does it, for one of whom nothing is known: nothing is asked, and what is written is ready to be.

    None where somebody is known by the vendor's id, the number or the SSN.
    """
    if row.hire_date >= FOREVER:
        return None
    known = session.memo.get("newcomers")
    if known is None or known[0] != origin[:3]:
        parts = Newcomers(session, origin.connection_id), FirstFacts(session, origin.batch_id)
        known = session.memo["newcomers"] = (origin[:3], *parts)
    _, newcomers, first = known
    person_id = newcomers.add(origin.key, row.employee_number, row.ssn)
    if person_id is None:
        return None
    data, start, number = _plain(row), row.hire_date, origin.row_no
    first.add("employee", person_id, "", start, dict(zip(_IDENTITY, _identity(data), strict=True)), number)
    end = row.termination_date + timedelta(days=1) if row.termination_date else FOREVER
    employment = _told_employment(row, data)
    first.add("employment", person_id, employment["hire_date"], start, employment, number, end)
    session.written()
    return person_id


def _told_employment(row: Employee, data: dict[str, Any]) -> dict[str, Any]:
    told = {name: data[name] for name in _EMPLOYMENT} | {name: data[name] for name in _TOLD if data[name] is not None}
    key = row.hire_date.isoformat()
    return {**told, "hire_date": key, "original_hire_date": str(row.original_hire_date or key)}


def _plain(row: Employee) -> dict[str, Any]:
    """The fields by name, as facts keep them: it is asked for everybody, and the general way costs twice as much."""
    return row.__dict__ | {
        "birth_date": row.birth_date.isoformat(), "sex": row.sex.value, "employment_class": row.employment_class.value,
    }  # fmt: skip


def _employment(session: Session, person_id: str, row: Employee, data: dict[str, Any]) -> list[Version]:
    key = row.hire_date.isoformat()
    end = row.termination_date + timedelta(days=1) if row.termination_date else FOREVER
    known = facts.timelines(session, "employment", Interval(row.hire_date, FOREVER), subjects=[person_id])
    mine = known.get((person_id, key))
    versions = []
    # A corrected hire date replaces the employment it was told with before; a rehire stands beside it.
    for (_, other), segments in known.items():
        if other != key and segments[-1].effective_to == FOREVER:
            versions.append(Version("employment", person_id, other, segments[0].effective_from, None))
    # A change counts from today on, but leaves no gap where the employment was believed to have ended before.
    changed_on = row.hire_date
    if mine is not None:
        changed_on = min(max(session.today(), row.hire_date), mine[-1].effective_to)
    if mine is None or mine[-1].data != data:
        if changed_on < end:
            versions.append(Version("employment", person_id, key, changed_on, data, end))
    elif mine[-1].effective_to < end:
        versions.append(Version("employment", person_id, key, mine[-1].effective_to, data, end))
    if end != FOREVER:
        versions.append(Version("employment", person_id, key, end, None))
    return versions
