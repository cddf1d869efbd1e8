"""Webhooks: let in fast, worked off later. A call is a hint; what holds is read from the vendor.

`receive` checks the signature, keeps the delivery and answers. `work` reads what the deliveries point at: the persons
they name where the vendor can be asked for these, else the stream from its cursor on. So a call that comes twice, too
early or too late has one effect, and whoever forges one gets us to read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum

import structlog

from benehub import connections
from benehub.connect.connector import Connector
from benehub.connect.webhooks import MAX_BODY, Delivery, Handshake
from benehub.connect.webhooks import receive as let_in
from benehub.connections import doors
from benehub.engine import Steps
from benehub.errors import BenehubError, DataError, GuardTripped, NeedsPersonError, Unsupported
from benehub.flows.hub import Hub
from benehub.flows.sync import apply, read, tell
from benehub.flows.together import made
from benehub.intake import deliveries
from benehub.intake.deliveries import Kept
from benehub.store import Session

log = structlog.get_logger("benehub.webhooks")

MAX_KEYS = 50
"""Persons of one stream that are read one by one; beyond, the stream is read."""

LONGEST_KEY = 200
"""Characters of a vendor's key at most."""

HAS_KEY = "its door has a key already; to begin anew, open it again"
"""Why a handshake gives none."""

MAX_TRIES = 8
"""Runs of `work` in which a delivery may meet a vendor that does not answer; then it has failed."""


class Answer(StrEnum):
    """What became of a call."""

    TAKEN = "taken"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    TOO_LARGE = "too large"
    FULL = "full"


def receive(hub: Hub, employer: str, connection_id: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Let a vendor's call in, or turn it away; nothing is read from the vendor here.

    Args:
        headers: names in lower case.
        body: the raw bytes.

    Raises:
        ConfigError: the door's secret does not resolve.
    """
    if len(body) > MAX_BODY:
        return Answer.TOO_LARGE
    with hub.store.read(employer) as session:
        door = doors.find(session, connection_id)
        if door is None:
            return Answer.UNKNOWN
        key = doors.key_of(session, door)
    connector = connections.known(hub.connectors, door.connector)()
    try:
        delivery, handshake = _checked(connector, key, headers, body, hub)
    except DataError as error:
        log.info("webhook refused", employer=employer, connection=connection_id, why=error.what)
        with hub.store.write(employer) as session:
            doors.turn_away(session, connection_id, error.what)
        return Answer.REFUSED
    with hub.store.write(employer) as session:
        return Answer.TAKEN if deliveries.take(session, connection_id, delivery, handshake) else Answer.FULL


def _checked(
    connector: Connector, key: str, headers: Mapping[str, str], body: bytes, hub: Hub
) -> tuple[Delivery, bool]:
    """The delivery, and whether it is a handshake: that counts only where there is no key yet."""
    scheme = connector.webhook
    if scheme is None:
        raise DataError("its connector takes no webhooks any more", where="webhook", mend="Close the door")
    if scheme.signed and not key:
        if connector.handshake(body) is None:
            raise DataError(
                "a webhook is refused: there is no key yet", where="webhook",
                mend="Work off its handshake: benehub webhooks work",
            )  # fmt: skip
        return Delivery(hashlib.sha256(body).hexdigest(), False, body, None, False), True
    return let_in(scheme, key, headers, body, hub.store.clock()), False


def work(hub: Hub, steps: Steps, employer: str, connection_id: str) -> dict[str, int]:
    """Work off what waits (of one connection, or of all for an empty name); gives counts.

    Connections that are paused are left alone. One that fails does not keep the others waiting.
    """
    at, due = steps.step("due", _due, hub, employer, connection_id)
    tally: dict[str, int] = dict.fromkeys(
        ("worked", "failed", "waiting", "reads", "applied", "unchanged", "quarantined", "held"), 0
    )
    for name, ids in due.items():
        counts: dict[str, int] = steps.step(f"work {name}", _work, hub, employer, name, ids, at)
        for what, number in counts.items():
            tally[what] += number
    tally["forgotten"] = steps.step("forget", _forget, hub, employer)
    return tally


def _due(hub: Hub, employer: str, connection_id: str) -> tuple[str, dict[str, list[str]]]:
    """What waits, and the moment: a step that runs twice finds its own batches by it, a later run reads anew."""
    with hub.store.read(employer) as session:
        modes = {door.connection_id: door.mode for door in doors.doors(session)}
        if connection_id and connection_id not in modes:
            raise DataError(f"no door of {connection_id[:40]!r}", mend="See `benehub webhooks doors`")
        found = deliveries.due(session, connection_id)
        at = f"{session.now()}/{session.latest_seq()}"
        return at, {name: ids for name, ids in found.items() if modes[name] != "paused"}


def _forget(hub: Hub, employer: str) -> int:
    with hub.store.write(employer) as session:
        return deliveries.forget_old(session)


def _work(hub: Hub, employer: str, connection_id: str, ids: Sequence[str], at: str) -> dict[str, int]:
    with hub.store.turn(employer, f"webhooks of {connection_id}"):
        return _Worker(hub, employer, connection_id, at).work(ids)


class _Worker:
    """Works off the deliveries of one connection: many that point at one stream cost one read."""

    def __init__(self, hub: Hub, employer: str, connection_id: str, at: str) -> None:
        self.hub, self.employer, self.connection_id, self.at = hub, employer, connection_id, at
        self.counts: dict[str, int] = dict.fromkeys(("worked", "failed", "waiting", "reads"), 0)
        with hub.store.read(employer) as session:
            name = connections.get(session, connection_id).connector
        self.connector = connections.known(hub.connectors, name)()

    def work(self, ids: Sequence[str]) -> dict[str, int]:
        """Read what these point at; each ends worked off or failed, or waits on."""
        with self.hub.store.read(self.employer) as session:
            waiting = deliveries.kept(session, ids)
        wanted: dict[str, set[str]] = {}
        told: dict[str, tuple[str, ...]] = {}
        for one in waiting:
            streams = self._confirmed(one) if one.handshake else self._pointed_at(one, wanted)
            if streams is not None:
                told[one.delivery_id] = streams
        # In the connector's order: who is employed comes before what he is paid.
        order = [stream for stream in self.connector.streams if stream in wanted]
        troubles = {stream: self._read(stream, wanted[stream]) for stream in order}
        for delivery_id, streams in told.items():
            self._end(delivery_id, streams, [trouble for one in streams if (trouble := troubles[one])])
        return self.counts

    def _pointed_at(self, one: Kept, wanted: dict[str, set[str]]) -> tuple[str, ...] | None:
        """The streams a delivery points at, noted with its keys; None where its body is not understood.

        A body breaks nothing but its own delivery: anybody can send one to a vendor that does not sign.
        """
        try:
            found = made(self.connector.hints, one.body)
        except BenehubError as error:
            self._settle(one.delivery_id, "failed", str(error))
            return None
        hints = [hint for hint in found if hint.stream in self.connector.streams]
        for hint in hints:
            # No vendor's id, and no part of an address: then the stream is read.
            plain = hint.key.isprintable() and len(hint.key) <= LONGEST_KEY
            wanted.setdefault(hint.stream, set()).add(hint.key if plain else "")
        return tuple(dict.fromkeys(hint.stream for hint in hints))

    def _read(self, stream: str, keys: set[str]) -> BenehubError | None:
        """Read a stream, or the persons named, as one batch; gives what went wrong."""
        named = () if "" in keys or len(keys) > MAX_KEYS else tuple(sorted(keys))
        run_key = f"webhooks {self.at}"
        try:
            batch_id, _ = read(self.hub, self.employer, self.connection_id, stream, run_key, False, named)
        except Unsupported:
            return None  # the settings map no such stream
        except BenehubError as error:  # a guard too: what an earlier read has kept is held, and this one was not begun
            return error
        try:
            counts = apply(self.hub, self.employer, batch_id)
        except GuardTripped:
            self._count("held")
            return None  # the batch waits for a person in its own right
        except BenehubError as error:
            return error
        self._count("reads")
        for name in ("applied", "unchanged", "quarantined"):
            self._count(name, counts[name])
        tell(self.hub, self.employer, self.connection_id, stream, counts)
        return None

    def _confirmed(self, one: Kept) -> tuple[str, ...] | None:
        """Have a handshake confirmed by the vendor itself, and keep its key; none counts where there is one already."""
        with self.hub.store.read(self.employer) as session:
            if doors.has_key(session, self.connection_id):
                self._settle(one.delivery_id, "failed", HAS_KEY)
                return None
        handshake = self.connector.handshake(one.body)
        if handshake is None:
            self._settle(one.delivery_id, "failed", "no handshake of this vendor's")
            return None
        try:
            made(self._confirm, handshake)
        except BenehubError as error:
            self._later(one.delivery_id, (), error)
            return None
        with self.hub.store.write(self.employer) as session:
            kept = doors.keep_key(session, self.connection_id, handshake.key)
        if not kept:  # another one was quicker, or a person has named a secret meanwhile
            self._settle(one.delivery_id, "failed", HAS_KEY)
            return None
        return ()

    def _confirm(self, handshake: Handshake) -> None:
        with self.hub.open(self.employer, self.connection_id) as opened:
            client = opened.webhook_client()
            if client is None:
                raise DataError("it has no client to confirm a handshake with", mend="Report it to the connector")
            try:
                client.send(handshake.confirm)
            finally:
                client.close()

    def _end(self, delivery_id: str, streams: tuple[str, ...], troubles: list[BenehubError]) -> None:
        if troubles:
            self._later(delivery_id, streams, troubles[0])
        else:
            self._settle(delivery_id, "worked", "", streams)

    def _later(self, delivery_id: str, streams: tuple[str, ...], error: BenehubError) -> None:
        """It waits on; for a person as long as it takes, for a vendor some tries."""
        with self.hub.store.read(self.employer) as session:
            tries = deliveries.get(session, delivery_id).tries + 1
        over = tries >= MAX_TRIES and not isinstance(error, NeedsPersonError)
        over |= isinstance(error, DataError)
        self._settle(delivery_id, "failed" if over else "waiting", str(error), streams)

    def _settle(self, delivery_id: str, state: str, reason: str, streams: Sequence[str] = ()) -> None:
        with self.hub.store.write(self.employer) as session:
            deliveries.settle(session, delivery_id, state, reason, streams)
        self._count(state)

    def _count(self, what: str, number: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + number


def open_door(hub: Hub, employer: str, connection_id: str, secret: str) -> None:
    """Let the vendor of a connection call.

    Raises:
        ConfigError: as `doors.open_door`.
    """
    with hub.store.write(employer) as session:
        name = connections.get(session, connection_id).connector
        doors.open_door(session, connection_id, connections.known(hub.connectors, name), secret)


def close_door(hub: Hub, employer: str, connection_id: str) -> int:
    """Let it call no more; gives how many deliveries went with the door.

    Raises:
        ConfigError: there is no door.
    """
    with hub.store.write(employer) as session:
        return doors.close_door(session, connection_id)


def replay(
    hub: Hub, employer: str, delivery_id: str, connection_id: str, since: str, state: str, until: str = ""
) -> int:
    """Let one delivery, or all of a connection of `[since, until)`, wait anew; gives how many. `work` works them off.

    Raises:
        DataError: no such delivery, or no door; or the end is not after the begin.
    """
    if until and until <= since:
        raise DataError(f"nothing came before {until} and since {since}", mend="Let the end be after the begin")
    with hub.store.write(employer) as session:
        if delivery_id:
            deliveries.one_again(session, delivery_id)
            return 1
        _door(session, connection_id)
        return deliveries.again(session, connection_id, since, state, until)


def _door(session: Session, connection_id: str) -> None:
    if doors.find(session, connection_id) is None:
        raise DataError(f"no door of {connection_id[:40]!r}", mend="See `benehub webhooks doors`")
