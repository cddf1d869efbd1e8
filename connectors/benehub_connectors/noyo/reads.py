"""Reading Noyo: its lists page by page, the employees, and whom it covers.

Noyo has no list that tells names, plans and family together, so the roster asks once an employee for the snapshot
that Noyo calculates from its present state: the very thing that a change is made from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benehub.connect import paging
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.messages import Response, path, read
from benehub.errors import DataError
from benehub.periods import parse_date
from benehub_connectors.noyo.settings import NoyoSettings
from benehub_connectors.noyo.words import FROM_NOYO, first_day_without, part, parts, text

PAGE_SIZE = 100

Row = Mapping[str, Any]


def listed(link: Link, where: str) -> Iterator[tuple[list[Row], Response]]:
    """The pages of a list, each with its answer.

    Raises:
        DataError: an answer is no list as Noyo documents it.
        FatalError, VendorUnavailable: as the pager and the client tell.
    """
    last: list[Response] = []

    def ask(offset: int) -> paging.Page[Row]:
        got = link.http().send(read(where, {"page_size": str(PAGE_SIZE), "offset": str(offset)}))
        last[:] = [got]
        data = got.data if isinstance(got.data, Mapping) else {}
        rows, total = data.get("response"), part(data, "meta").get("total_records")
        if not isinstance(rows, list) or not all(isinstance(one, Mapping) for one in rows):
            raise DataError("no list in 'response'", where=got.place, mend="Has Noyo's API changed?")
        return paging.Page(rows, total=total if isinstance(total, int) else None)

    for rows in paging.by_offset(ask, where=f"{link.connection} {where}"):
        yield list(rows), last[0]


def employees(link: Link) -> Iterator[Row]:
    """The employees of the group."""
    settings: NoyoSettings = link.settings
    for rows, _ in listed(link, path("/api/v1/groups/{id}/employees", id=settings.group)):
        yield from rows


def numbers(link: Link) -> dict[str, str]:
    """Employee number -> Noyo's id; a number that two employees have is left out."""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for row in employees(link):
        number, noyo_id = text(row, "custom_individual_id"), text(row, "id")
        if number and noyo_id:
            twice |= {number} if number in found else set()
            found[number] = noyo_id
    return {number: noyo_id for number, noyo_id in found.items() if number not in twice}


def roster(link: Link) -> Iterator[Page]:
    """Whom Noyo covers now, a page an employee.

    Raises:
        DataError: an employee has no id, or an answer is not as documented.
    """
    for row in employees(link):
        noyo_id = text(row, "id")
        if not noyo_id:
            raise DataError("an employee without id", where="employees", mend="Report it to Noyo")
        got = link.http().send(read(path("/api/v1/employees/{id}/member_snapshot", id=noyo_id), accept=(404,)))
        snapshot = got.data if got.status < 400 and isinstance(got.data, Mapping) else {}
        rows = list(_covered(noyo_id, snapshot, link.settings)) if snapshot else []
        yield Page("roster", rows, got.body, name=f"employee {noyo_id}", full=True)


def _covered(noyo_id: str, snapshot: Row, settings: NoyoSettings) -> Iterator[Incoming]:
    employee = part(snapshot, "employee")
    people = dict.fromkeys(_names(employee), (employee, "self"))
    for one in parts(snapshot, "dependents"):
        word = FROM_NOYO.get(text(one, "relationship"), "other")
        people |= dict.fromkeys(_names(one), (one, word))
    for number, coverage in enumerate(parts(snapshot, "coverages"), 1):
        for enrolled in parts(coverage, "enrolled_members"):
            names = [text(enrolled, "custom_individual_id"), text(enrolled, "individual_id")]
            who = next((people[name] for name in names if name in people), None)
            started = text(enrolled, "effective_start_date")
            plan = text(coverage, "plan_id") or text(coverage, "plan_name")
            key = f"{noyo_id}/{names[1] or names[0] or number}/{plan}/{started}"
            yield _member(key, employee, who, coverage, enrolled, settings)


def _names(one: Row) -> list[str]:
    return [name for name in (text(one, "custom_individual_id"), text(one, "id")) if name]


def _member(
    key: str, employee: Row, who: tuple[Row, str] | None, coverage: Row, enrolled: Row, settings: NoyoSettings
) -> Incoming:
    try:
        if who is None:
            raise DataError("an enrolled member who is not in the family")
        one, relationship = who
        person = part(one, "person")
        plan = settings.plan_of(text(coverage, "plan_id"))
        member, subscriber = text(one, "custom_individual_id"), text(employee, "custom_individual_id")
        if not member or not subscriber:
            raise DataError("a member without our number (custom_individual_id)")
        if not plan:
            raise DataError("a plan that the connection's plans do not name")
        data = {
            "member": member, "subscriber": subscriber, "relationship": relationship,
            "first_name": text(person, "first_name"), "last_name": text(person, "last_name"),
            "birth_date": text(person, "date_of_birth") or None, "plan": plan,
            "effective_from": parse_date(text(enrolled, "effective_start_date"), where="effective_start_date"),
            "effective_to": first_day_without(text(enrolled, "effective_end_date")),
        }  # fmt: skip
    except DataError as error:
        return Incoming(key, {}, problem=error.what)
    return Incoming(
        key, data, {name: coverage[name] for name in ("carrier_config", "cobra_details") if name in coverage}
    )
