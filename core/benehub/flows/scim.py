"""What clients write at our SCIM endpoint: kept as they wrote it, and taken into custody like a row of an HRIS.

Each write is one transaction: the user, and the batch of one row that it becomes. A row that cannot be translated or
applied waits in quarantine with its reason; the client has written what it wanted, and a person sees what is missing.
What is wrong with a call raises an exception of scim2-models, which is the answer.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scim2_models import (
    NotFoundException,
    PreconditionFailedException,
    SearchRequest,
    TooManyException,
    UniquenessException,
)
from scim2_models.path.expressions import AttrPath, Comparison, FilterNode, LogicalExpr, LogicalOperator
from sqlalchemy import ColumnElement, Row

from benehub import connections, intake
from benehub.access import audit
from benehub.connect import jsontext
from benehub.connect.connector import Connector, Incoming, Page
from benehub.connections.registry import check
from benehub.errors import ConfigError
from benehub.flows.hub import Hub
from benehub.flows.sync import apply_at_once, tell
from benehub.formats.scim import messages
from benehub.formats.scim.messages import About, Refused
from benehub.formats.scim.resources import ScimUser
from benehub.intake import resources
from benehub.settings import resolve_secret
from benehub.store import Session, canonical

MAX_SCAN = 20_000
"""Users that a search looks through one by one; a filter that the database cannot make is refused beyond."""


@dataclass(frozen=True)
class Caller:
    """A client that has shown its token: the connection it writes to."""

    hub: Hub
    employer: str
    connection_id: str
    connector: Connector
    settings: Any


def admit(hub: Hub, employer: str, token: str) -> Caller | None:
    """The connection that a bearer token is for; None for nobody's.

    Raises:
        ConfigError: it is for none, and the settings or the token of one do not resolve.
        Refused: the connection is paused.
    """
    with hub.store.read(employer) as session:
        rows = [row for row in connections.listed(session) if hub.connectors.get(row.connector, Connector).pushes]
    found, broken = None, None
    for row in rows:
        kind = hub.connectors[row.connector]
        try:
            settings = check(row.connection_id, kind, row.settings)
            wanted = resolve_secret(str(getattr(settings, "token", "")))
        except ConfigError as error:  # the other connections' clients have nothing to do with it
            broken = error
            continue
        # Every connection is looked at, so that the time tells nothing.
        if hmac.compare_digest(wanted.encode(), token.encode()):
            found = (row, kind, settings)
    if found is None:
        if broken is not None:
            raise broken
        return None
    row, kind, settings = found
    if row.mode == "paused":
        raise Refused(503, "The connection is paused")
    return Caller(hub, employer, row.connection_id, kind(), settings)


class Users:
    """The users of one connection."""

    def __init__(self, caller: Caller) -> None:
        self._by, self._hub = caller, caller.hub
        self._connection = caller.connection_id

    def create(self, body: bytes) -> ScimUser:
        """Keep a new user.

        Raises:
            SCIMException: the body is no user, or its name is taken.
        """
        user = messages.created(body)
        with self._hub.store.write(self._by.employer) as session:
            session.take_seq(0)
            self._free(session, user, "")
            row = resources.add(session, self._connection, *_names(user), messages.stored(user))
            counts = self._into_custody(session, row, "POST /Users")
            made = _user(session, row)
            self._note(session, "POST", row)
        self._tell(counts)
        return made

    def get(self, user_id: str) -> ScimUser:
        """A user.

        Raises:
            NotFoundException: there is none.
        """
        with self._hub.store.read(self._by.employer) as session:
            return _user(session, self._row(session, user_id))

    def replace(self, user_id: str, body: bytes, if_match: str) -> ScimUser:
        """A user after a PUT.

        Raises:
            SCIMException: there is none, it has another version, or the body is not right.
        """
        return self._changed(user_id, body, if_match, "PUT")

    def patch(self, user_id: str, body: bytes, if_match: str) -> ScimUser:
        """A user after a PATCH.

        Raises:
            SCIMException: as `replace`.
        """
        return self._changed(user_id, body, if_match, "PATCH")

    def delete(self, user_id: str, if_match: str) -> None:
        """Forget a user. Nobody's employment ends by that: the row waits in quarantine until a person ends it.

        Raises:
            SCIMException: there is none, or it has another version.
        """
        with self._hub.store.write(self._by.employer) as session:
            session.take_seq(0)
            row = self._row(session, user_id)
            _fits(row, if_match)
            resources.remove(session, row)
            gone = Incoming(row.resource_id, {}, deleted=True)
            payload = canonical({"id": row.resource_id, "deleted": True})
            counts = self._apply(session, gone, payload, f"DELETE /Users v{row.version}")
            self._note(session, "DELETE", row)
        self._tell(counts)

    def search(self, request: SearchRequest[Any]) -> tuple[int, list[ScimUser]]:
        """How many users a search finds, and those of its page.

        Raises:
            TooManyException: the database cannot make the filter or order, and there are too many to look through.
        """
        start, limit = (request.start_index or 1) - 1, request.count or 0
        with self._hub.store.read(self._by.employer) as session:
            where, whole = self._where(session, request)
            if whole and request.sort_by is None:
                total = resources.count(session, self._connection, where)
                rows = resources.page(session, self._connection, where, start, limit) if limit else ()
                return total, [_user(session, row) for row in rows]
            if resources.count(session, self._connection, where) > MAX_SCAN:
                raise TooManyException(detail="Filter by id, userName, externalId or meta.lastModified as well")
            users = (_user(session, row) for row in resources.walk(session, self._connection, where))
            found = [user for user in users if request.filter is None or request.filter.match(user)]
        if request.sort_by is not None:
            found = request.sort(found)
        return len(found), found[start : start + limit]

    def _where(self, session: Session, request: SearchRequest[Any]) -> tuple[list[ColumnElement[bool]], bool]:
        """What of the filter the database can make, and whether that is all of it."""
        if request.filter is None:
            return [], True
        terms = _terms(request.filter.ast)
        made = [_condition(session, term) for term in terms]
        known = [one for one in made if one is not None]
        return known, len(known) == len(made)

    def _changed(self, user_id: str, body: bytes, if_match: str, method: str) -> ScimUser:
        with self._hub.store.write(self._by.employer) as session:
            session.take_seq(0)
            row = self._row(session, user_id)
            _fits(row, if_match)
            current = _user(session, row)
            apply = messages.replaced if method == "PUT" else messages.patched
            user = apply(current, body)
            if user is None:
                return current
            self._free(session, user, user_id)
            row = resources.change(session, row, *_names(user), messages.stored(user))
            counts = self._into_custody(session, row, f"{method} /Users")
            made = _user(session, row)
            self._note(session, method, row)
        self._tell(counts)
        return made

    def _note(self, session: Session, method: str, row: Row[Any]) -> None:
        """What was written stands in the trail with it: one transaction, the trail last."""
        ref = f"{self._connection} {row.resource_id}"
        audit.note(session, f"scim {self._connection}", f"{method} /scim/v2/Users", ref, place=audit.Place("scim"))

    def _row(self, session: Session, user_id: str) -> Row[Any]:
        row = resources.get(session, self._connection, user_id)
        if row is None:
            raise NotFoundException(detail="No such user")
        return row

    def _free(self, session: Session, user: ScimUser, own: str) -> None:
        if resources.named(session, self._connection, user.user_name or "") not in ("", own):
            raise UniquenessException(detail="Another user has this userName", attribute="userName")

    def _into_custody(self, session: Session, row: Row[Any], name: str) -> dict[str, int]:
        payload = session.unseal(row.body_sealed, "pushed_resource")
        told = {"id": row.resource_id, **jsontext.parse(payload)}
        incoming = self._by.connector.pushed(told, self._by.settings, session.today())
        row = resources.mark_ended(session, row, bool(incoming.data.get("termination_date")))
        reason = resources.too_many(session, row, self._hub.book(session).guards)
        return self._apply(session, incoming, canonical(told), f"{name} v{row.version}", reason)

    def _apply(
        self, session: Session, incoming: Incoming, payload: bytes, name: str, reason: str = ""
    ) -> dict[str, int]:
        """Take one row into custody and apply it, within the client's transaction, or hold it for this reason.

        Gives the counts of custody.
        """
        stream = self._by.connector.pushes
        batch_id = intake.open_batch(session, self._connection, stream, f"{name} {incoming.key}")
        intake.stage(session, batch_id, Page(stream, [incoming], payload, name))
        if reason:
            intake.hold(session, batch_id, reason, alone=True)
            return {}
        return apply_at_once(self._hub, session, batch_id)

    def _tell(self, counts: dict[str, int]) -> None:
        if counts:
            tell(self._hub, self._by.employer, self._connection, self._by.connector.pushes, counts)


def _user(session: Session, row: Row[Any]) -> ScimUser:
    created, modified = (datetime.fromisoformat(text) for text in (row.created_at, row.modified_at))
    return messages.loaded(resources.body_of(session, row), About(row.resource_id, row.version, created, modified))


def _names(user: ScimUser) -> tuple[str, str]:
    return user.user_name or "", user.external_id or ""


def _fits(row: Row[Any], if_match: str) -> None:
    """RFC 7644 section 3.14: a write that names a version is for that version only."""
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(",")] if if_match.strip() else []
    if tags and "*" not in tags and str(row.version) not in tags:
        raise PreconditionFailedException(detail="The user has another version by now")


def _terms(node: FilterNode) -> Sequence[FilterNode]:
    """What has to hold altogether."""
    if isinstance(node, LogicalExpr) and node.op is LogicalOperator.and_:
        return [inner for term in node.terms for inner in _terms(term)]
    return [node]


def _condition(session: Session, term: FilterNode) -> ColumnElement[bool] | None:
    if not isinstance(term, Comparison):
        return None
    value: Any = term.value
    name = _name(term.attr_path)
    if name == "meta.lastmodified" and isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return resources.narrowed(session, name, str(term.op), value)


def _name(path: AttrPath) -> str:
    own = path.uri is None or path.uri.casefold() == "urn:ietf:params:scim:schemas:core:2.0:user"
    return ".".join(part for part in (path.attr, path.sub_attr) if part).casefold() if own else ""
