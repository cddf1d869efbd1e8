"""Configured connections: which connector, which settings, and whether it may write.

A connection is `live`, `watch` (reads and compares, writes nothing) or `paused`. Settings hold references to
secrets, never the secrets; accounts are sealed (`benehub.connections.accounts`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from inspect import Parameter, signature
from json import loads
from types import ModuleType
from typing import Any

import pluggy
from pydantic import BaseModel, ValidationError
from sqlalchemy import select

from benehub.connect.connector import Connector, Link
from benehub.connect.http import VendorClient
from benehub.connect.limits import sharing
from benehub.connect.reports import ReportFormat
from benehub.connections import accounts
from benehub.connections.places import is_reference
from benehub.errors import ConfigError
from benehub.records import STREAMS
from benehub.settings import resolve_secret
from benehub.store import Session, Store
from benehub.store.session import canonical
from benehub.store.tables import connection, stream_state


def _no_client() -> VendorClient | None:
    return None


@dataclass(frozen=True)
class Open:
    """An open connection: the connector, the link it reads through, and the mode."""

    connector: Connector
    link: Link
    mode: str
    webhook_client: Callable[[], VendorClient | None] = _no_client
    """Makes the client that confirms a handshake, the caller's to close; None where the vendor has none."""

    @property
    def streams(self) -> list[str]:
        """The streams it reads (those its settings map, if they do), in the order of need."""
        return _streams(type(self.connector), self.link.settings)


def _streams(connector: type[Connector], settings: Any) -> list[str]:
    mapped: Any = getattr(settings, "streams", None)
    wanted = set(connector.streams) & set(mapped if isinstance(mapped, dict) else connector.streams)
    return [name for name in STREAMS if name in wanted] + sorted(wanted - set(STREAMS))


@dataclass(frozen=True, slots=True)
class Configured:
    """A connection as it is kept; its accounts are opened when its settings are asked for."""

    connection_id: str
    connector: str
    mode: str
    _kept: Mapping[str, Any] = field(repr=False)
    _accounts: Callable[[], accounts.Apart] = field(repr=False)
    _digest: Callable[[bytes], str] = field(repr=False)

    @property
    def settings(self) -> dict[str, Any]:
        """All settings, accounts among them.

        Raises:
            ConfigError: the key that sealed the accounts is not here.
        """
        return accounts.together(self._kept, self._accounts())

    @property
    def edited(self) -> dict[str, Any]:
        """The settings with a keyed digest in place of each account: what a version is made of tells no account."""
        told = [(place, self._digest(canonical(value))) for place, value in self._accounts()]
        return accounts.together(self._kept, told)


Wiring = Callable[[str, str], Mapping[str, Any]]
"""(employer, connection) -> extra arguments for the client, e.g. a transport that leads to a simulator."""


MOST_AT_ONCE = 64
"""Calls to a vendor under way at once at most, whatever a connector says: each has a thread and a connection."""


def no_wiring(_employer: str, _connection: str) -> Mapping[str, Any]:
    """The usual wiring: the real network."""
    return {}


def connectors(manager: pluggy.PluginManager) -> dict[str, type[Connector]]:
    """All connectors by name: those of modules that are registered as plugins, and those their hooks bring.

    Raises:
        ConfigError: two packages bring a connector of the same name.
    """
    found: dict[str, type[Connector]] = {}
    for group in (
        *manager.hook.register_connectors(),
        *(_of_module(plugin) for _, plugin in manager.list_name_plugin()),
    ):
        for one in group:
            if one.name in found and found[one.name] is not one:
                raise ConfigError(f"two connectors are named {one.name!r}", mend="Uninstall one of them")
            found[one.name] = one
    return found


def _of_module(plugin: object) -> list[type[Connector]]:
    """The connector classes that a module defines itself; a name makes one whole."""
    if not isinstance(plugin, ModuleType):
        return []
    own = (one for one in vars(plugin).values() if isinstance(one, type) and issubclass(one, Connector))
    return [one for one in own if one.__module__ == plugin.__name__ and "name" in vars(one)]


def report_formats(manager: pluggy.PluginManager) -> dict[str, ReportFormat]:
    """All parsers of carriers' own reports by name.

    Raises:
        ConfigError: two packages bring one of the same name.
    """
    found: dict[str, ReportFormat] = {}
    for group in manager.hook.register_carrier_reports():
        for one in group:
            if found.setdefault(one.name, one) is not one:
                raise ConfigError(f"two carrier reports are named {one.name!r}", mend="Uninstall one of them")
    return found


def known(found: Mapping[str, type[Connector]], name: str) -> type[Connector]:
    """The connector of this name.

    Raises:
        ConfigError: no package brings it.
    """
    if name not in found:
        there = ", ".join(sorted(found)) or "none"
        raise ConfigError(
            f"no connector {name[:60]!r}",
            mend=f"Put its folder into benehub_connectors, or install its package. There are: {there}",
        )
    return found[name]


def add(
    session: Session, connection_id: str, connector: type[Connector], settings: Mapping[str, Any], mode: str
) -> None:
    """Write a connection, or change its settings and mode. Settings that a person gives `check_new` looks at before.

    Raises:
        ConfigError: as `check`.
    """
    check(connection_id, connector, settings)
    values = {"connector": connector.name, "mode": mode, **_sealed(session, connection_id, connector, settings)}
    if find(session, connection_id) is None:
        session.add(connection, [{"connection_id": connection_id, **values}])
    else:
        session.change(connection, {"connection_id": connection_id}, **values)


def put_settings(
    session: Session, connection_id: str, connector: type[Connector], settings: Mapping[str, Any]
) -> None:  # fmt: skip
    """Change the settings of a connection that there is, and nothing else.

    Raises:
        ConfigError: as `check`.
    """
    check(connection_id, connector, settings)
    sealed = _sealed(session, connection_id, connector, settings)
    session.change(connection, {"connection_id": connection_id}, **sealed)


def _sealed(
    session: Session, connection_id: str, connector: type[Connector], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """The columns that hold settings, accounts sealed apart."""
    kept, taken = accounts.apart(connector, settings)
    return {"settings": kept, "settings_sealed": session.seal(taken, f"connection/{connection_id}") if taken else None}


def seal_accounts(session: Session, found: Mapping[str, type[Connector]]) -> int:
    """Seal the accounts that were written before they were; gives of how many connections.

    Of a connector that is not installed nobody knows which settings are accounts: it keeps them till it is changed.
    """
    clear = select(connection).where(*session.where(connection), connection.c.settings_sealed.is_(None))
    count = 0
    for row in session.rows(clear):
        if row.connector in found:
            sealed = _sealed(session, row.connection_id, found[row.connector], row.settings)
            if sealed["settings_sealed"] is not None:
                session.change(connection, {"connection_id": row.connection_id}, **sealed)
                count += 1
    return count


def put_mode(session: Session, connection_id: str, mode: str) -> None:
    """Change the mode of a connection that there is, and nothing else."""
    session.change(connection, {"connection_id": connection_id}, mode=mode)


def check(connection_id: str, connector: type[Connector], settings: Mapping[str, Any]) -> BaseModel:
    """The validated settings.

    Raises:
        ConfigError: they are not what the connector wants; the message names each field.
    """
    try:
        return connector.Settings.model_validate(dict(settings))
    except ValidationError as error:
        parts = [f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors()]
        raise ConfigError(
            "; ".join(parts),
            where=f"connection {connection_id}",
            mend=f"See docs/connectors.md, {connector.name}",
        ) from None


def check_new(
    connection_id: str,
    connector: type[Connector],
    settings: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
) -> None:
    """Hold settings that a person gives against what the connector wants.

    Args:
        connection_id: the connection.
        connector: what it is to speak with.
        settings: as given.
        before: the settings it has: where a secret of those stands is left to whoever runs it, for its moving is no
            part of another change.

    Raises:
        ConfigError: as `check`; or a secret that the vendor changes stands where a new one cannot be kept, so that the
            connection would open once.
    """
    check(connection_id, connector, settings)
    for name in connector.renewed:
        told = _at(settings, name)
        if isinstance(told, str) and not told.startswith("file:") and told != _at(before, name):
            raise ConfigError(
                f"{name}: the vendor changes this secret at each renewal, and the new one cannot be kept there",
                where=f"connection {connection_id}",
                mend="Write it into a file of its own, which benehub may change, and name that: file:PATH",
            )


def _at(settings: Mapping[str, Any] | None, name: str) -> Any:
    """What stands at a dotted name, or None."""
    found: Any = settings
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def check_given(session: Session, connection_id: str, connector: type[Connector], settings: Mapping[str, Any]) -> None:
    """`check_new`, against the settings that the connection has with the same connector, if any.

    Raises:
        ConfigError: as `check_new`.
    """
    row = find(session, connection_id)
    before = row.settings if row is not None and row.connector == connector.name else None
    check_new(connection_id, connector, settings, before)


def listed(session: Session) -> list[Configured]:
    """All connections of the employer."""
    query = select(connection).where(*session.where(connection)).order_by(connection.c.connection_id)
    return [_configured(session, row) for row in session.rows(query)]


def at_once(found: Mapping[str, type[Connector]], row: Configured) -> int | None:
    """Writes that a connection may have under way at once; None where its connector or its settings are not usable."""
    try:
        connector = known(found, row.connector)
        return min(connector().at_once(check(row.connection_id, connector, row.settings)), MOST_AT_ONCE)
    except ConfigError:
        return None


def streams_read(found: Mapping[str, type[Connector]], row: Configured) -> list[str] | None:
    """The streams that a connection reads; None where its connector or its settings are not usable."""
    try:
        connector = known(found, row.connector)
        return _streams(connector, check(row.connection_id, connector, row.settings))
    except ConfigError:
        return None


def cursor(session: Session, connection_id: str, stream: str) -> str | None:
    """Where the last applied read of a stream ended."""
    return session.connection.execute(
        select(stream_state.c.cursor).where(*session.where(stream_state, connection_id=connection_id, stream=stream))
    ).scalar()


def get(session: Session, connection_id: str) -> Configured:
    """The connection.

    Raises:
        ConfigError: no such connection.
    """
    found = find(session, connection_id)
    if found is None:
        raise ConfigError(f"no connection {connection_id!r}", mend="See `benehub connection list`")
    return found


@contextmanager
def open_connection(
    store: Store, manager: pluggy.PluginManager, employer: str, connection_id: str, wiring: Wiring = no_wiring
) -> Iterator[Open]:
    """Open a connection: settings checked, secrets resolved, client or mailbox built, closed at the end.

    Raises:
        ConfigError: no such connection or connector, or settings or secrets that do not resolve.
    """
    with store.read(employer) as session:
        row, zone = get(session, connection_id), session.zone()
    known = connectors(manager)
    if row.connector not in known:
        raise ConfigError(f"no connector {row.connector!r}", mend="Install its package; see `benehub plugins`")
    connector = known[row.connector]()

    def local() -> datetime:
        return store.clock().astimezone(zone)

    secret = _secrets(row.settings)
    settings = connector.resolved(check(connection_id, known[row.connector], row.settings), secret)
    wires = {"name": connection_id, **wiring(employer, connection_id)}

    def webhook_client() -> VendorClient | None:
        with sharing(store.windows):
            return connector.webhook_client(settings, secret, **wires)

    with sharing(store.windows):  # whatever calls the vendor: a mailbox may, too
        client = connector.client(settings, secret, **wires)
        mailbox = connector.mailbox(settings, secret, **_taken(connector.mailbox, wires))
    link = Link(
        employer, connection_id, settings, local, client, mailbox, reports=report_formats(manager), secret=secret
    )
    try:
        yield Open(connector, link, row.mode, webhook_client)
    finally:
        for part in (client, mailbox):
            close = getattr(part, "close", None)
            if close is not None:
                close()


def _taken(build: Callable[..., Any], wires: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of the wiring a connector's method takes: those written before mailboxes were wired take none."""
    told = signature(build).parameters.values()
    if any(one.kind is Parameter.VAR_KEYWORD for one in told):
        return wires
    names = {one.name for one in told}
    return {name: value for name, value in wires.items() if name in names}


def find(session: Session, connection_id: str) -> Configured | None:
    """The connection, if there is one."""
    found = session.rows(select(connection).where(*session.where(connection, connection_id=connection_id)))
    return _configured(session, found[0]) if found else None


def _configured(session: Session, row: Any) -> Configured:
    def opened() -> accounts.Apart:
        if row.settings_sealed is None:
            return []
        found: accounts.Apart = loads(session.unseal(row.settings_sealed, f"connection/{row.connection_id}"))
        return found

    digest = session.vault.content_hash
    return Configured(row.connection_id, row.connector, row.mode, row.settings, opened, digest)


def _secrets(settings: Any) -> dict[str, str]:
    """What every reference in the settings stands for, by the reference: a name may stand at several places."""
    found: dict[str, str] = {}
    if isinstance(settings, str):
        if is_reference(settings):
            found[settings] = resolve_secret(settings)
    elif isinstance(settings, Mapping):
        for value in settings.values():
            found |= _secrets(value)
    elif isinstance(settings, Sequence):
        for value in settings:
            found |= _secrets(value)
    return found
