"""`/connections/{connection}/words`: what a vendor's words mean to us, and which of them nobody has given a meaning."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from benehub import connections as room
from benehub.api.v1.edits import IfMatch, expected, tagged
from benehub.api.v1.fields import At, NamePath, Once, Operates, SeesConnections
from benehub.api.v1.models import Model
from benehub.api.v1.office import Office
from benehub.api.v1.problems import given, named
from benehub.api.v1.route import Route
from benehub.flows import code_maps
from benehub.flows.connecting import version_of
from benehub.views import connected as view

router = APIRouter(
    prefix="/employers/{employer}/connections/{connection}/words", tags=["connections"], route_class=Route
)

Word = Annotated[str, Field(max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$")]


class WordMap(Model):
    """One map of words in the settings of a connection."""

    place: str = Field(examples=["pay_groups"])
    """Which map it is, to be given back with a word: a setting of the connector, with dots where it lies deeper."""
    words: dict[str, str] = Field(examples=[{"MON": "monthly"}])
    """The vendor's words, each with what it means to us."""


class UnmappedCode(Model):
    """A code of payroll's that no plan of the plan book has."""

    code: str
    """As the vendor writes it."""
    part: str
    """Part of the register in which it came, as `employee`."""
    lines: int
    """Lines of registers that have it and wait for a meaning."""


class Words(Model):
    """What the words of a connection mean."""

    connection: str
    maps: list[WordMap]
    """By place; one that the connector knows is there although nothing is in it yet."""
    unmapped: list[UnmappedCode]
    """Codes without a meaning, those that came most often first: fifty at most."""


class WordSet(Model):
    """What a word of the vendor's means."""

    place: Annotated[str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$", examples=["pay_groups"])]
    """Which map, as the list of words names it."""
    theirs: Annotated[Word, Field(min_length=1, examples=["MON"])]
    """As the vendor writes it."""
    ours: Annotated[Word, Field(examples=["monthly"])]
    """What it means to us; empty to take the word out."""


@router.get("", operation_id="get_words")
def get_words(_caller: SeesConnections, at: At, connection: NamePath, response: Response) -> Words:
    """The words of a connection, those without a meaning too; its ETag is the connection's."""
    return _shown(at, connection, response)


@router.post("", operation_id="map_word")
def map_word(
    _caller: Operates, at: At, claim: Once, connection: NamePath, body: WordSet, if_match: IfMatch, response: Response
) -> Words:
    """Say what a word of the vendor's means, or take it out."""
    with at.read() as session, named():
        room.get(session, connection)
    said = (body.place, body.theirs, body.ours, at.caller.user, expected(if_match))
    with given():
        code_maps.map_word(at.hub, at.employer, connection, *said)
    return _shown(at, connection, response)


def _shown(at: Office, connection: str, response: Response) -> Words:
    with at.read() as session, named():
        tagged(response, version_of(room.get(session, connection)))
        maps = view.words(session, at.hub.connectors, connection)
        codes = view.unmapped(session, connection)
    return Words(
        connection=connection,
        maps=[WordMap(place=one.place, words=dict(one.words)) for one in maps],
        unmapped=[UnmappedCode.model_validate(one, from_attributes=True) for one in codes],
    )
