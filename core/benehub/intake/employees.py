"""What an employee's row becomes: the person, who he is, and his employment.

A first load is full of people of whom nothing is known; their way is the shortest.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date, timedelta
from operator import itemgetter
from typing import Any

from pydantic_core import to_json

from benehub import facts
from benehub.errors import DataError
from benehub.facts import Version
from benehub.facts.first import First, add_first
from benehub.identity import people
from benehub.identity.newcomers import Newcomers
from benehub.intake.applying import Origin
from benehub.intake.packing import Waiting
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
    _check(book.pay_groups, book.employer.country, row)
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


def newcomers(session: Session, book: PlanBook, batch: Origin, rows: Sequence[tuple[Waiting, Record]]) -> list[str]:
    """As `employee` does it, for as many of these rows, from the first on, as tell of people of whom nothing is known.

    Nothing is asked, and what is written is ready to be. Gives the persons made.
    """
    known = Newcomers(session, batch.connection_id)
    new = known.leading(_fit(book, rows))
    if not new:
        return []
    each = Newcomers.NUMBERS + 2
    first, recorded_at = session.take_seq(each * len(new))
    order = range(first, first + each * len(new), each)
    persons = known.add(new, order)
    told: list[tuple[int, First]] = []
    for (waiting, row), person_id, seq in zip(rows[: len(new)], persons, order, strict=True):
        assert isinstance(row, Employee)
        employment, identity = _told_employment(row), _told_identity(row)
        start, row_no = employment["hire_date"], waiting.row_no
        end = _FOREVER if row.termination_date is None else _end(row).isoformat()
        who = to_json(identity).decode(), to_json(employment).decode()
        told += (
            (row_no, (seq + 2, "employee", person_id, "", start, _FOREVER, who[0])),
            (row_no, (seq + 3, "employment", person_id, start, start, end, who[1])),
        )
    add_first(session, batch.batch_id, recorded_at, told)
    session.written()
    return persons


def _fit(book: PlanBook, rows: Iterable[tuple[Waiting, Record]]) -> Iterator[tuple[str, str, str | None]]:
    """Vendor's id, number and SSN of each row, up to the first that `employee` has to look into."""
    groups, country = book.pay_groups, book.employer.country
    for waiting, row in rows:
        assert isinstance(row, Employee)
        try:
            _check(groups, country, row)
        except DataError:
            return
        if row.hire_date >= FOREVER:
            return
        yield waiting.key, row.employee_number, row.ssn


def _check(groups: Container[str], country: str, row: Employee) -> None:
    """What holds of everybody.

    Raises:
        DataError: it does not.
    """
    if row.pay_group not in groups:
        raise DataError(f"pay group {row.pay_group!r} is not in the plan book", mend="Add it or map its name")
    if row.termination_date is not None and row.termination_date < row.hire_date:
        raise DataError("termination_date lies before hire_date", mend="Mend one of them in the HRIS")
    if row.ssn is None and country == "US":
        raise DataError("its SSN is missing", mend="Fill it in at the source, and let the connection's user see it")


def _told_identity(row: Employee) -> dict[str, Any]:
    """Who he is, as facts keep it: it is asked for everybody, and the general way costs twice as much."""
    told: dict[str, Any] = dict(zip(_IDENTITY, _identity(row.__dict__), strict=True))
    told["sex"] = row.sex.value  # a word of an enumeration costs as much to write as all the others together
    return told


def _told_employment(row: Employee) -> dict[str, Any]:
    told: dict[str, Any] = dict(zip(_EMPLOYMENT, _employment_of(row.__dict__), strict=True))
    told["employment_class"] = row.employment_class.value
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
