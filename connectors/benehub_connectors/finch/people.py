"""Everybody the payroll knows: the directory page by page, each page's people and jobs asked for in one batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benehub.connect import paging
from benehub.connect.connector import Incoming, Link, Page
from benehub.connect.figures import rows
from benehub.connect.jsontext import number_text
from benehub.connect.messages import Response
from benehub.periods import parse_date
from benehub_connectors.finch.answers import ask, body, get, items, together, translated
from benehub_connectors.finch.settings import FinchSettings
from benehub_connectors.finch.words import mapping, needed, text

PER_PAGE = 500
"""People a page; Finch has no limit of its own and wants few large calls. Three calls make one page."""

_KEPT = ("title", "employment", "start_date", "end_date", "department", "class_code", "custom_fields")
"""What a row keeps as `extra`. Pay, addresses and whatever else Finch tells stay in the page's payload."""


def directory(link: Link) -> Iterator[tuple[Response, Sequence[Any]]]:
    """Pages of the directory, to the number of people it states; those who left are in it too.

    Raises:
        FatalError, VendorUnavailable: as `paging.by_offset`; DataError as `get` and `rows`.
    """
    answers: list[Response] = []

    def fetch(offset: int) -> paging.Page[Any]:
        response = get(link, "/employer/directory", {"limit": str(PER_PAGE), "offset": str(offset)}, "directory")
        answers[:] = [response]
        return paging.Page(rows(response, "individuals"), total=stated(response.data))

    for found in paging.by_offset(fetch, where=f"{link.connection} /employer/directory"):
        yield answers[0], found


def stated(told: Any) -> int | None:
    """The number of all items that an answer's `paging` states."""
    head = told.get("paging") if isinstance(told, Mapping) else None
    count = head.get("count") if isinstance(head, Mapping) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None


def people(link: Link) -> Iterator[Page]:
    """A page of people for each page of the directory; an empty company is a page too, so that it can say so."""
    settings: FinchSettings = link.settings
    number = 0
    for number, (answer, found) in enumerate(directory(link), 1):
        ids = [str(one["id"]) for one in found if isinstance(one, Mapping) and one.get("id")]
        requests = [{"individual_id": one} for one in ids]
        persons = ask(link, "/employer/individual", requests, "individual") if ids else Response(200)
        jobs = ask(link, "/employer/employment", requests, "employment") if ids else Response(200)
        about = items(rows(persons, "responses"), "individual_id") if ids else {}
        works = items(rows(jobs, "responses"), "individual_id") if ids else {}

        def translate(
            row: Mapping[str, Any],
            about: Mapping[str, Mapping[str, Any]] = about,
            works: Mapping[str, Mapping[str, Any]] = works,
        ) -> Incoming:
            key = needed(row, "id")
            return _person(row, body(about.get(key), "individual"), body(works.get(key), "employment"), settings)

        made = translated(found, translate, "id")
        # A row without its id may be anybody's: then nobody who is absent is called gone.
        full = not any(row.key.startswith("row ") for row in made)
        yield Page("payroll_person", made, together(answer, persons, jobs), f"people {number}", full=full)
    if not number:
        yield Page("payroll_person", (), b"[]", "people", full=True)


def _person(
    row: Mapping[str, Any], person: Mapping[str, Any], job: Mapping[str, Any], settings: FinchSettings
) -> Incoming:
    born = text(person, "dob")
    told = [one.get("is_active") for one in (job, row)]
    data = {
        "employee_number": _number(job, settings.employee_number),
        "first_name": text(person, "first_name") or text(row, "first_name"),
        "last_name": text(person, "last_name") or text(row, "last_name"),
        "birth_date": parse_date(born, where="dob").isoformat() if born else None,
        "active": next((one for one in told if isinstance(one, bool)), True),
    }
    extra = {name: job[name] for name in _KEPT if job.get(name)}
    return Incoming(needed(row, "id"), data, extra)


def _number(job: Mapping[str, Any], custom: str) -> str:
    """The employee number: the payroll's own, or what a custom field holds."""
    if not custom:
        return text(job, "source_id")
    for one in job.get("custom_fields") or ():
        field = mapping(one, "a custom field")
        if field.get("name") == custom and field.get("value") is not None:
            return number_text(field["value"]).strip()
    return ""
