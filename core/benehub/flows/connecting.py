"""Connections as people change them: what they may do, and whether they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from benehub import connections
from benehub.connect.capabilities import Capability
from benehub.connect.connector import Connector
from benehub.connections import Configured, Open
from benehub.connections.by_api import changed_places, check_listed, check_named
from benehub.crypto import mask
from benehub.errors import BenehubError, DataError, Unsupported
from benehub.flows.hub import Hub
from benehub.flows.schedulable import PREFIX
from benehub.planbook import PlanBook
from benehub.settings import ByApi
from benehub.store import Session, note_act
from benehub.store.version import must_be, version
from benehub.views.employers import employers

Mode = Literal["live", "watch", "paused"]
MODES: Final[tuple[str, ...]] = get_args(Mode)

PEOPLE: Final = frozenset({"employee", "compensation", "dependent"})
"""Streams whose rows become facts about people: settings say which column is which fact."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What the first page of a stream said."""

    stream: str
    ok: bool
    what: str


def version_of(row: Configured) -> str:
    """The version of a connection: other as soon as its connector, settings or mode are."""
    return version(edited(row))


def seal_accounts(hub: Hub) -> int:
    """Seal the accounts in settings that were written before they were sealed; gives of how many connections."""
    count = 0
    for employer in employers(hub.store):
        with hub.store.write(employer.employer_id) as session:
            session.take_seq(0)  # a change at once is read, or comes behind
            count += connections.seal_accounts(session, hub.connectors)
    return count


def set_mode(hub: Hub, employer: str, name: str, mode: str, expected: str = "", keep: bool = True) -> str:
    """Let a connection read and write (live), read only (watch), or neither (paused); gives the mode it had.

    With `keep` off it is only checked.

    Raises:
        ConfigError: no such connection, or its settings do not fit its connector any more.
        DataError: no such mode.
        ChangedMeanwhile: its version is not the one `expected`, where one is named.
    """
    if mode not in MODES:
        raise DataError(f"no mode {mode[:20]!r}", mend="Choose live, watch or paused")
    known = connections.connectors(hub.plugins)
    with hub.store.write(employer) if keep else hub.store.read(employer) as session:
        if keep:
            session.take_seq(0)  # of two changes at once the second reads what the first has made
        row = connections.get(session, name)
        must_be(expected, edited(row), f"connection {name}")
        connections.check(name, connections.known(known, row.connector), row.settings)
        if keep:
            connections.put_mode(session, name, mode)
    return str(row.mode)


def add_by_api(
    hub: Hub, employer: str, name: str, connector: str, settings: Mapping[str, Any], mode: str, who: str
) -> None:
    """Add a connection whose settings a program gives: they name what was listed for it, and nothing else. One that
    stands just so is not made again.

    It is written down who did so, and at which places something was given.

    Raises:
        ConfigError: no such connector, or settings that it does not take.
        DataError: there is another connection of the name, no such mode, or something is named that is not listed.
    """
    if mode not in MODES:
        raise DataError(f"no mode {mode[:20]!r}", mend="Choose live, watch or paused")
    made = connections.known(hub.connectors, connector)
    check_named(employer, made, settings, _listed(hub, employer, connector))
    with hub.store.write(employer) as session:
        session.take_seq(0)  # of two at once the second finds what the first has made
        if there := [row for row in connections.listed(session) if row.connection_id == name]:
            if (there[0].connector, there[0].settings, there[0].mode) == (made.name, dict(settings), mode):
                return  # a process that died before it answered has made it
            raise DataError("there is such a connection", where=f"connection {name}", mend="Change it, or name another")
        connections.check_given(session, name, made, settings)
        connections.add(session, name, made, settings, mode)
        _note(session, name, who, "add a connection", {}, settings)


def change_by_api(
    hub: Hub, employer: str, name: str, settings: Mapping[str, Any], who: str, expected: str = ""
) -> None:
    """Put these settings, given by a program, in place of a connection's; connector and mode stay. Where they stand
    just so nothing is done, whatever version is expected.

    It is written down who did so, and at which places it changed what.

    Raises:
        ConfigError: no such connection, or settings that its connector does not take.
        DataError: something is named that is not listed and did not stand there before.
        ChangedMeanwhile: its version is not the one `expected`, where one is named.
    """
    with hub.store.write(employer) as session:
        session.take_seq(0)
        row = connections.get(session, name)
        made = connections.known(hub.connectors, row.connector)
        check_named(employer, made, settings, _listed(hub, employer, row.connector), row.settings)
        if row.settings == dict(settings):
            return  # as it is: a process that died before it answered has changed it, say
        must_be(expected, edited(row), f"connection {name}")
        connections.check_given(session, name, made, settings)
        connections.put_settings(session, name, made, settings)
        _note(session, name, who, "change a connection", row.settings, settings)


def must_name_listed(
    hub: Hub, employer: str, connector: type[Connector], settings: Mapping[str, Any], before: Mapping[str, Any]
) -> None:
    """Hold settings that were changed in part (a word, the columns of a table) against what may be named.

    Where nothing is listed nothing new may be named, and all else may be said.

    Raises:
        DataError: something is named that is not listed and did not stand there before.
    """
    allowed = _listed(hub, employer, connector.name) or ByApi()
    check_listed(connector, settings, allowed, f"connections_by_api.{employer}.{connector.name}", before)


def _note(
    session: Session, name: str, who: str, what: str, before: Mapping[str, Any], settings: Mapping[str, Any]
) -> None:
    """Write down where settings have changed: values may be account numbers, and are told nowhere."""
    found = changed_places(settings, before)
    note = "; ".join(f"{done}: {', '.join(places)}" for done, places in found.items())
    note_act(session, f"con_{name}"[:40], who, what, note or "nothing changed")


def _listed(hub: Hub, employer: str, connector: str) -> ByApi | None:
    return hub.by_api.get(employer, {}).get(connector)


def read_now(hub: Hub, employer: str, name: str, key: str = "") -> str:
    """Read what a connection tells and follow it, as schedules would: runs one after the other; gives the last one.

    The same `key` again means the same runs; without one they are new.

    Raises:
        ConfigError: no such connection.
    """
    with hub.store.write(employer) as session:
        found, run = connections.get(session, name).connection_id, ""
        for flow in ("sync", *_followers(hub.book(session), found)):
            key = key or session.now()
            run = hub.enqueue_flow(session, f"{PREFIX}{flow}", f"{found}/{key}", found, found, {}, key)
    return run


def _followers(book: PlanBook, name: str) -> list[str]:
    """The flows that post or follow what a connection has told, by what it is to the employer."""
    plays = {
        "payroll.results": book.roles.payroll == name,
        "enrollments.acks": any(plan.carrier == name for plan in book.insurance_plans()),
        "retirement.credits": any(plan.recordkeeper == name for plan in book.retirement_plans()),
        "accounts.confirmations": any(plan.custodian == name for plan in book.account_plans()),
        "notices.reports": book.roles.mail == name,
    }
    return [flow for flow, does in plays.items() if does]


def capabilities(hub: Hub, connector: str) -> tuple[Capability, ...]:
    """What a connector can do, and what it cannot with who would have to change that.

    Raises:
        ConfigError: no package brings it.
    """
    return connections.known(hub.connectors, connector)().capabilities()


def writes(hub: Hub, connector: str) -> bool:
    """Whether a connection of this connector that is live tells its vendor anything.

    Raises:
        ConfigError: no package brings it.
    """
    return any(one.supported and one.guard is not None for one in capabilities(hub, connector))


def reads_people(hub: Hub, connector: str) -> bool:
    """Whether a connection of this connector says who the people of an employer are.

    Raises:
        ConfigError: no package brings it.
    """
    return not PEOPLE.isdisjoint(connections.known(hub.connectors, connector).streams)


def can_write(hub: Hub, employer: str, name: str) -> bool:
    """As `writes`, of a connection that there is.

    Raises:
        ConfigError: no such connection, or no package brings its connector.
    """
    with hub.store.read(employer) as session:
        connector = connections.get(session, name).connector
    return writes(hub, connector)


def try_out(hub: Hub, employer: str, name: str) -> tuple[str, str, list[Tried]]:
    """Open a connection and read the first page of each of its streams; nothing is kept. Gives connector and mode too.

    Raises:
        ConfigError: no such connection, or settings or secrets that do not resolve.
    """
    with hub.open(employer, name) as link:
        return link.connector.name, link.mode, [_first_page(link, one) for one in link.streams] + _withheld(link)


def _withheld(link: Open) -> list[Tried]:
    """What the vendor does not let the connection write; what it may not read at all its first pages say."""
    try:
        lines = link.connector.withheld(link.link)
    except BenehubError as error:
        return [Tried("permissions", False, mask(str(error)))]
    return [
        Tried(f"{one.operation} {one.benefit_type or ''}".strip(), False, mask(one.note))
        for one in lines if one.benefit_type or one.operation in link.connector.guards
    ]  # fmt: skip


def _first_page(link: Open, stream: str) -> Tried:
    try:
        page = next(iter(link.connector.read(stream, link.link, None)), None)
    except Unsupported as error:
        return Tried(stream, True, f"not available: {mask(error.what)}")
    except BenehubError as error:
        return Tried(stream, False, mask(str(error)))
    if page is None:
        return Tried(stream, True, "nothing to read")
    wrong = [row.problem for row in page.rows if row.problem]
    said = f"; {len(wrong)} cannot be read, first: {mask(wrong[0])}" if wrong else ""
    return Tried(stream, not wrong, f"{len(page.rows)} rows on the first page{said}")


def edited(row: Configured) -> dict[str, Any]:
    """What of a connection two people may edit: its version is made of it."""
    return {"connector": row.connector, "settings": row.edited, "mode": row.mode}
