"""`/unlinked`: people whom a vendor knows and nobody is linked to: who they may be, and a person's word on it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from benehub.access import Permission
from benehub.api.trail import about, named_in
from benehub.api.v1.differences import Note
from benehub.api.v1.edits import IfMatch, expected, tagged
from benehub.api.v1.fields import At, EditsPeople, Filter, Once, PageOf, SeesPeople, id_path
from benehub.api.v1.models import Model, Page
from benehub.api.v1.office import MEMBER, Office
from benehub.api.v1.paging import no_cursor
from benehub.api.v1.problems import named
from benehub.api.v1.route import Route
from benehub.api.v1.starting import Started, start
from benehub.errors import ConfigError
from benehub.flows import identities as flow
from benehub.identity import strangers as room
from benehub.store import Session
from benehub.views import strangers as view

router = APIRouter(prefix="/employers/{employer}/unlinked", tags=["people"], route_class=Route)

StrangerPath = Annotated[str, id_path("unl")]
Employee = Annotated[str, Field(pattern=MEMBER, examples=["E0001"])]


class Guessed(Model):
    """Who a vendor's person may be. A suggestion links nobody."""

    employee: str
    """Employee number."""
    known_as: str
    """Masked for whoever may not link people."""
    score: int
    """Points, up to 100."""
    why: list[str]
    """What the two have in common, in words."""
    level: int
    """How many others are as likely."""


class StrangerTold(Model):
    """A vendor's person whom nobody is linked to."""

    ref: str
    """Id of the vendor's person in the hub."""
    connection: str
    id: str
    """The vendor's; what looks like an SSN or a bank number is masked."""
    stream: str
    """Which stream named him."""
    name: str
    """Masked for whoever may not link people; so is the birth date."""
    born: str
    """`told` where it is known and not shown."""
    number: str
    """The employee number that the vendor gives him."""
    lines: int
    """What was confirmed of him and waits for a person."""
    suggestions: int
    """How many employees he may be."""
    aside: bool
    """Whether somebody said that he is none of ours."""
    likely: list[Guessed]
    """The likeliest first."""


class StrangerWord(Model):
    """What somebody said of him."""

    at: str
    who: str
    what: str
    """What was said: that he is an employee, that he is not, or that a link is taken back."""
    note: str


class StrangerDetail(Model):
    """One person of a vendor's, linked or not."""

    ref: str
    """Id of the vendor's person in the hub."""
    connection: str
    id: str
    """The vendor's id of him; what looks like an SSN or a bank number is masked."""
    stream: str
    told_name: str
    """The name that the vendor gives him; masked for whoever may not link people."""
    told_born: str
    """His birth date, or `told` where it is known and not shown."""
    told_number: str
    """The employee number that the vendor gives him."""
    linked_to: str
    """Employee number; empty where nobody is linked."""
    how: str
    """How it came to be as it is: `person` where somebody said so."""
    said: list[StrangerWord]
    """What somebody said of him, the first one first."""
    likely: list[Guessed]
    """The likeliest first; empty where he is linked."""


class Asked(Model):
    """Whom to look for."""

    connection: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,60}$")
    """Only the people of this connection; of all when left out."""


class Linked(Model):
    """This vendor's person is that employee."""

    employee: Employee
    """Employee number, or member id of a dependent."""
    also: bool = False
    """Both are his where he is linked to another id of this vendor already."""
    note: Note


class Rejected(Model):
    """This vendor's person is not that employee."""

    employee: Annotated[str, Field(pattern=rf"^$|{MEMBER}", examples=["E0001"])] = ""
    """Empty: he is none of ours at all, and laid aside."""
    note: Note


class Unlinked(Model):
    """Why it was wrong."""

    note: Note


@router.get("", operation_id="list_unlinked")
def list_unlinked(
    _caller: SeesPeople, at: At, page: PageOf, connection: Filter = "",
    aside: Annotated[bool, Query(description="Those laid aside as none of ours too.")] = False,
) -> Page[StrangerTold]:  # fmt: skip
    """List vendors' people nobody is linked to, each with who he may be."""
    after = page.after(str)
    with at.read() as session:
        begin = _place(session, after[0] if after else "")
        rows, place = view.paged(session, connection, aside, _clear(at), page.limit, begin)
        at.seen(session, named_in(rows))
    items = [StrangerTold(**{**row, "likely": list(map(_guessed, row["likely"]))}) for row in rows]
    return page.page_to(items, (place,) if place else None)


@router.post("/suggest", operation_id="suggest_people", status_code=202)
def suggest_people(_caller: EditsPeople, at: At, claim: Once, body: Asked, response: Response) -> Started:
    """Link whom ids name by now, and look anew who the others may be; everybody is gone through."""
    return start(claim, response, "people.suggest", body.connection or "all", "people", body.connection)


@router.get("/{stranger}", operation_id="get_unlinked")
def get_unlinked(_caller: SeesPeople, at: At, stranger: StrangerPath, response: Response) -> StrangerDetail:
    """One of them: what the vendor told, who he is or may be, what was said; its ETag is what a word names."""
    return _shown(at, stranger, response)


@router.post("/{stranger}/link", operation_id="link_person")
def link_person(
    _caller: EditsPeople, at: At, claim: Once, stranger: StrangerPath, body: Linked, if_match: IfMatch,
    response: Response,
) -> StrangerDetail:  # fmt: skip
    """Say who he is; what waited for him is tried again at once."""
    _must_be(at, stranger)
    version = expected(if_match)
    done = flow.link(at.hub, at.employer, stranger, body.employee, at.caller.user, body.note, body.also, version)
    about(at.request, str(done["person"]))
    return _shown(at, stranger, response)


@router.post("/{stranger}/unlink", operation_id="unlink_person")
def unlink_person(
    _caller: EditsPeople, at: At, claim: Once, stranger: StrangerPath, body: Unlinked, if_match: IfMatch,
    response: Response,
) -> StrangerDetail:  # fmt: skip
    """Take a link back; it is not made again by itself."""
    _must_be(at, stranger)
    done = flow.unlink(at.hub, at.employer, stranger, at.caller.user, body.note, expected(if_match))
    about(at.request, str(done["person"]))
    return _shown(at, stranger, response)


@router.post("/{stranger}/reject", operation_id="reject_person")
def reject_person(
    _caller: EditsPeople, at: At, claim: Once, stranger: StrangerPath, body: Rejected, if_match: IfMatch,
    response: Response,
) -> StrangerDetail:  # fmt: skip
    """Say who he is not; or that he is none of ours."""
    _must_be(at, stranger)
    flow.reject(at.hub, at.employer, stranger, body.employee, at.caller.user, body.note, expected(if_match))
    return _shown(at, stranger, response)


def _place(session: Session, cursor: str) -> view.Place | None:
    try:
        return view.place_of(session, cursor)
    except (ConfigError, ValueError):
        raise no_cursor() from None


def _clear(at: Office) -> bool:
    return at.caller.may(Permission.EDIT_PEOPLE, at.employer)


def _guessed(one: dict[str, object]) -> dict[str, object]:
    return {name: one[name] for name in Guessed.model_fields}


def _must_be(at: Office, stranger: str) -> None:
    with at.read() as session, named():
        room.found(session, stranger)


def _shown(at: Office, stranger: str, response: Response) -> StrangerDetail:
    with at.read() as session:
        with named():
            found = view.details(session, stranger, _clear(at))
        likely = view.likely(session, stranger, _clear(at))
        tagged(response, flow.version_of(session, stranger))
        at.seen(session, [found["linked_to"], *named_in(likely)])
    return StrangerDetail.model_validate(found | {"likely": list(map(_guessed, likely))})
