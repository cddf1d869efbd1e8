"""What an employee's row becomes: the person, who he is, and his employment.

A first load is full of people of whom nothing is known; their way is the shortest.
"""

from __future__ import annotations

from datetime import date, timedelta
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
_employment_of = itemgetter(*_EMPLOYMENT)
_TOLD = ("union", "employment_type", "work_authorisation")
"""What not every HRIS tells; left out where it does not, so that unknown stays unknown."""

_FOREVER = FOREVER.isoformat()


def employee(session: Session, book: PlanBook, origin: Origin, row: Record) -> str:
    """An employee: the person, who he is, and the employment with its end."""
    assert isinstance(row, Employee)
    if row.pay_group not in book.pay_groups:
        raise DataError(f"pay group {row.pay_group!r} is not in the plan book", mend="Add it or map its name")
    if row.termination_date is not None and row.termination_date < row.hire_date:
        raise DataError("termination_date lies before hire_date", mend="Mend one of them in the HRIS")
    if row.ssn is None and book.employer.country == "US":
        raise DataError("its SSN is missing", mend="Fill it in at the source, and let the connection's user see it")
    newcomer = _newcomer(session, origin, row)
    if newcomer is not None:
        return newcomer
    is_new = people.find(session, origin.connection_id, origin.key) is None
    person_id = people.add_employee(session, origin.connection_id, origin.key, row.employee_number, row.ssn)
    if is_new:
        facts.preload_new(session, person_id, "employee", "employment")
    known = facts.timelines(session, "employee", Interval(row.hire_date), subjects=[person_id])
    since = session.today() if known else row.hire_date
    versions = [Version("employee", person_id, "", since, _told_identity(row))]
    versions += _employment(session, person_id, row, _told_employment(row))
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
    employment = _told_employment(row)
    start = employment["hire_date"]
    first.add(
        origin.row_no, person_id,
        ("employee", "", start, _FOREVER, _told_identity(row)),
        ("employment", start, start, _FOREVER if row.termination_date is None else _end(row).isoformat(), employment),
    )  # fmt: skip
    session.written()
    return person_id


def _told_identity(row: Employee) -> dict[str, Any]:
    """Who he is, as facts keep it: it is asked for everybody, and the general way costs twice as much."""
    return dict(zip(_IDENTITY, _identity(row.__dict__), strict=True))


def _told_employment(row: Employee) -> dict[str, Any]:
    told: dict[str, Any] = dict(zip(_EMPLOYMENT, _employment_of(row.__dict__), strict=True))
    if not row.__pydantic_fields_set__.isdisjoint(_TOLD):
        told |= {name: value for name in _TOLD if (value := getattr(row, name)) is not None}
    told["hire_date"] = key = row.hire_date.isoformat()
    told["original_hire_date"] = key if row.original_hire_date is None else row.original_hire_date.isoformat()
    return told


def _end(row: Employee) -> date:
    """The first day on which he is employed no more; some vendors name the calendar's last day where there is none."""
    last = row.termination_date
    return FOREVER if last is None or last >= FOREVER else last + timedelta(days=1)


def _employment(session: Session, person_id: str, row: Employee, data: dict[str, Any]) -> list[Version]:
    key = row.hire_date.isoformat()
    end = _end(row)
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
