"""`/connections`: the systems the hub speaks to, what each can do, whether it answers, and whether it may write."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from benehub import connections as room
from benehub.api.sends import must_set_up, must_write
from benehub.api.trail import about
from benehub.api.v1.edits import IfMatch, expected, tagged
from benehub.api.v1.fields import At, NamePath, Once, Operates, SeesConnections
from benehub.api.v1.models import Model
from benehub.api.v1.office import Office
from benehub.api.v1.problems import given, named
from benehub.api.v1.route import Route
from benehub.api.v1.starting import Started, at_run, key_of, must_run
from benehub.flows import connecting, webhooks
from benehub.views import connections as view

router = APIRouter(prefix="/employers/{employer}/connections", tags=["connections"], route_class=Route)

Mode = Literal["live", "watch", "paused"]


class ConnectionTold(Model):
    """A connection; never its settings, which hold references to secrets."""

    name: str = Field(examples=["hris"])
    connector: str
    mode: Mode
    """live, watch (it reads and compares, and writes nothing) or paused."""
    at_once: int | None
    """How many writes may be under way at once; null where its connector is not installed or refuses its settings."""
    unlinked: int
    """People of the vendor's who are linked to nobody."""
    read: dict[str, str]
    """When each stream was last read."""


class Able(Model):
    """One thing that the connection can or cannot do."""

    operation: str
    benefit_type: str | None
    """The benefit it is about; null for all without a line of their own."""
    supported: bool
    """Whether it works on this connection."""
    blocker: str | None
    """Who would have to change that."""
    note: str
    guard: str | None
    """How a repeated write is kept harmless; null for reads."""


class ConnectionDetail(ConnectionTold):
    """A connection with its capabilities."""

    capabilities: list[Able]
    """What it can do, per operation and benefit; what has no line it cannot."""


class Connections(Model):
    """All connections."""

    items: list[ConnectionTold]


Given = Annotated[dict[Annotated[str, Field(max_length=200)], Any], Field(max_length=200)]


class NewSettings(Model):
    """What a connection is told about its system."""

    settings: Given = Field(examples=[{"api_key": "env:ACME_HRIS_KEY"}])
    """As the connector wants them (docs/connectors.md); a credential is a reference that the installation lists."""


class NewConnection(NewSettings):
    """A connection that is to be."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$", examples=["hris"])
    """As the plan book calls it."""
    connector: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$", examples=["hibob"])
    mode: Mode = "watch"
    """live, watch (it reads and compares, and writes nothing) or paused."""


class Which(Model):
    """Which of the calls received from a vendor wait anew."""

    since: date | None = None
    """Only what came on or after this day (UTC)."""
    until: date | None = None
    """Only what came before this day (UTC)."""
    state: Literal["worked", "failed"] | None = None
    """Only those that were worked off, or have failed; left out: both."""


class Anew(Model):
    """What waits anew."""

    calls: int
    """How many calls."""


class TriedStream(Model):
    """What the first page of a stream said."""

    stream: str
    ok: bool
    """Whether it answered."""
    what: str
    """How many rows the first page has, or what went wrong."""


class Tested(Model):
    """Whether a connection answers."""

    ok: bool
    """Whether every stream answered."""
    connector: str
    mode: Mode
    """live, watch or paused, as of the connection."""
    streams: list[TriedStream]
    """What each of its streams answered."""


@router.get("", operation_id="list_connections")
def list_connections(_caller: SeesConnections, at: At) -> Connections:
    """List the connections."""
    with at.read() as session:
        return Connections(
            items=[ConnectionTold.model_validate(one) for one in view.listed(session, at.hub.connectors)]
        )


@router.get("/{connection}", operation_id="get_connection")
def get_connection(_caller: SeesConnections, at: At, connection: NamePath, response: Response) -> ConnectionDetail:
    """One connection with what it can do; its ETag is what an edit names."""
    return _shown(at, connection, response)


@router.post("", operation_id="add_connection", status_code=201)
def add_connection(
    request: Request, _caller: Operates, at: At, claim: Once, body: NewConnection, response: Response
) -> ConnectionDetail:  # fmt: skip
    """Add a connection; one that can write, by who may send; one that reads people, by who may edit them.

    Its settings name references and addresses that the installation lists for this employer and connector, and no
    file."""
    with given():
        must_set_up(at.hub, at.caller, at.employer, body.connector)
        connecting.add_by_api(at.hub, at.employer, body.name, body.connector, body.settings, body.mode, at.caller.user)
    about(request, body.name)
    return _shown(at, body.name, response)


@router.put("/{connection}", operation_id="change_connection")
def change_connection(
    _caller: Operates, at: At, claim: Once, connection: NamePath, if_match: IfMatch, body: NewSettings,
    response: Response,
) -> ConnectionDetail:  # fmt: skip
    """Put other settings in place of all that it has; connector and mode stay. References and addresses that stand at
    the same place already may stay; any other has to be listed, as with a new one."""
    with at.read() as session, named():
        connector = room.get(session, connection).connector
    with given():
        must_set_up(at.hub, at.caller, at.employer, connector)
        connecting.change_by_api(at.hub, at.employer, connection, body.settings, at.caller.user, expected(if_match))
    return _shown(at, connection, response)


@router.post("/{connection}/test", operation_id="test_connection")
def test_connection(_caller: Operates, at: At, claim: Once, connection: NamePath) -> Tested:
    """Open it and read the first page of each of its streams; nothing is kept."""
    _must_be(at, connection)
    connector, mode, tried = connecting.try_out(at.hub, at.employer, connection)
    streams = [TriedStream.model_validate(one, from_attributes=True) for one in tried]
    told = {"ok": all(one.ok for one in tried), "connector": connector, "mode": mode, "streams": streams}
    return Tested.model_validate(told)


@router.post("/{connection}/read", operation_id="read_connection", status_code=202)
def read_connection(_caller: Operates, at: At, claim: Once, connection: NamePath, response: Response) -> Started:
    """Read what it tells and follow it (post what payroll took, follow a carrier's answers): the last run is told."""
    _must_be(at, connection)
    must_run(at)
    return at_run(at, response, connecting.read_now(at.hub, at.employer, connection, key_of(claim)))


@router.post("/{connection}/calls/replay", operation_id="replay_calls")
def replay_calls(_caller: Operates, at: At, claim: Once, connection: NamePath, body: Which) -> Anew:
    """Let calls of its vendor (webhooks received) that no longer wait be worked off anew; one effect, however often."""
    _must_be(at, connection)
    since, until = (one.isoformat() if one else "" for one in (body.since, body.until))
    return Anew(calls=webhooks.replay(at.hub, at.employer, "", connection, since, body.state or "", until))


@router.post("/{connection}/pause", operation_id="pause_connection")
def pause_connection(
    _caller: Operates, at: At, claim: Once, connection: NamePath, if_match: IfMatch, response: Response
) -> ConnectionDetail:
    """Stop it: nothing is read and nothing is written until it is resumed."""
    return _change(at, connection, "paused", if_match, response)


@router.post("/{connection}/watch", operation_id="watch_connection")
def watch_connection(
    _caller: Operates, at: At, claim: Once, connection: NamePath, if_match: IfMatch, response: Response
) -> ConnectionDetail:
    """Let it read and compare, and write nothing."""
    return _change(at, connection, "watch", if_match, response)


@router.post("/{connection}/resume", operation_id="resume_connection")
def resume_connection(
    _caller: Operates, at: At, claim: Once, connection: NamePath, if_match: IfMatch, response: Response
) -> ConnectionDetail:
    """Let it read and write again. Where it can write, who may send may."""
    _must_be(at, connection)
    must_write(at.hub, at.caller, at.employer, connection)
    return _change(at, connection, "live", if_match, response)


def _change(at: Office, connection: str, mode: connecting.Mode, if_match: str, response: Response) -> ConnectionDetail:
    _must_be(at, connection)
    connecting.set_mode(at.hub, at.employer, connection, mode, expected(if_match))
    return _shown(at, connection, response)


def _must_be(at: Office, connection: str) -> None:
    with at.read() as session, named():
        room.get(session, connection)


def _shown(at: Office, connection: str, response: Response) -> ConnectionDetail:
    with at.read() as session:
        with named():
            tagged(response, connecting.version_of(room.get(session, connection)))
        found = next(one for one in view.listed(session, at.hub.connectors) if one["name"] == connection)
    can = connecting.capabilities(at.hub, found["connector"])
    lines = [Able.model_validate(one, from_attributes=True) for one in can]
    return ConnectionDetail.model_validate(found | {"capabilities": lines})
