"""Promises of webhooks: only the vendor is let in, a call is a hint and no fact, and each has one effect.

They go through the hub's own door and its own working off, on a real database.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from benehub.connect.webhooks import Scheme, sign
from benehub.connections import doors
from benehub.errors import DataError
from benehub.flows import JOBS
from benehub.flows.rehearsal import DirectSteps
from benehub.flows.webhooks import Answer, receive
from benehub.store.tables import webhook_delivery, webhook_door
from benehub.testing.checks import Broken, Ground, promise
from benehub.testing.kithub import Books, PlayedHub, played_hub
from benehub.testing.stage import CONNECTION, EMPLOYER, Played
from benehub.testing.watching import addresses, listening, silent_about

KEY = base64.b64encode(b"benehub-kit-webhook-secret-32bytes").decode()
"""What the vendor signs with; base64, which every scheme takes."""


@dataclass
class Door:
    """An open door in front of one vendor."""

    hub: PlayedHub
    scheme: Scheme

    def knock(self, number: int, body: bytes, key: str = KEY, ago: int = 0, sent: bytes | None = None) -> Answer:
        """A call; `sent` is what arrives in place of what was signed."""
        at = self.hub.store.clock() - timedelta(seconds=ago)
        headers: Mapping[str, str] = sign(self.scheme, key, body, f"msg-{number}", at)
        return receive(self.hub, EMPLOYER, CONNECTION, headers, body if sent is None else sent)

    def work(self) -> dict[str, int]:
        """Work off what waits."""
        told: dict[str, int] = JOBS["webhooks.work"](self.hub, DirectSteps(), EMPLOYER, CONNECTION)
        return told

    def books(self) -> Books:
        """What is known by now."""
        return self.hub.books()

    def deliveries(self) -> Sequence[Any]:
        """All that was kept."""
        with self.hub.store.read(EMPLOYER) as session:
            return session.rows(select(webhook_delivery))

    def refused(self) -> int:
        """How many were turned away."""
        with self.hub.store.read(EMPLOYER) as session:
            return sum(row.refused for row in doors.doors(session))


@contextmanager
def _door(ground: Ground) -> Iterator[tuple[Door, tuple[bytes, ...], Played]]:
    played = ground.play()
    scheme, bodies = played.connector.webhook, played.stage.webhooks
    if scheme is None or len(bodies) < 2:
        raise Broken("the stage has fewer than two webhooks to deliver", "Give `webhooks`: bodies of events")
    hub = played_hub(ground.room(), played)
    with hub.store.write(EMPLOYER) as session:
        sealed = session.seal(KEY.encode(), "webhook_door") if scheme.signed else None
        row = {"connection_id": CONNECTION, "secret": "", "key_sealed": sealed, "opened_at": session.now()}
        session.add(webhook_door, [row])
    try:
        yield Door(hub, scheme), bodies, played
    finally:
        hub.store.close()


@promise("hook.door", "only what the vendor signed is let in, in time; of one who does not sign it is kept as unproven")
def _let_in(ground: Ground) -> None:
    with _door(ground) as (door, bodies, _):
        if door.knock(1, bodies[0]) is not Answer.TAKEN:
            raise Broken("a webhook signed by its own scheme is refused", "Mend the scheme")
        if not door.scheme.signed:
            if any(row.signed for row in door.deliveries()):
                raise Broken("an unsigned webhook counts as proven", "Leave Scheme.signature empty")
            return
        wrong = [
            ("with another body", door.knock(2, bodies[0], sent=bodies[0] + b" ")),
            ("with another key", door.knock(2, bodies[0], key=base64.b64encode(b"another-key-0123456789").decode())),
        ]
        if door.scheme.timestamp:
            wrong.append(("ten minutes old", door.knock(2, bodies[0], ago=600)))
        for what, answer in wrong:
            if answer is not Answer.REFUSED:
                raise Broken(f"a webhook {what} is let in", "Mend the scheme: what is signed, and its timestamp")
        if (door.refused(), len(door.deliveries())) != (len(wrong), 1):
            raise Broken("who was turned away is not counted, or kept", "Leave it to the hub's door")


@promise("hook.points", "a webhook points at streams the connector reads; what is none of the vendor's is told by type")
def _points(ground: Ground) -> None:
    played = ground.play()
    pointed = 0
    for body in played.stage.webhooks:
        hints = played.connector.hints(body)
        pointed += len(hints)
        if unknown := {hint.stream for hint in hints} - set(played.connector.streams):
            raise Broken(f"a webhook points at {sorted(unknown)}, which is not read", "Name streams of the connector")
    if not pointed:
        raise Broken("no webhook of the stage points anywhere", "Mend `hints`, or the stage")
    for strange in (b"", b"[]", b"{}", b"null", b'{"a": 1}', b"\xff\xfe", b"7", b"=&=", b'"x"'):
        try:
            if unknown := {one.stream for one in played.connector.hints(strange)} - set(played.connector.streams):
                raise Broken(f"a strange body points at {sorted(unknown)}", "Name streams of the connector")
        except DataError:
            continue


@promise("hook.once", "webhooks that come out of order and several times have the effect of each once, in order")
def _once(ground: Ground) -> None:
    with _door(ground) as (door, bodies, _):
        for number, body in enumerate(bodies):
            door.knock(number, body)
            door.work()
        calm = door.books()
    with _door(ground) as (door, bodies, played):
        numbered = list(enumerate(bodies))
        for number, body in (*reversed(numbered), *numbered, *numbered[:1]):
            if door.knock(number, body) is not Answer.TAKEN:
                raise Broken("a repeated webhook is refused", "Leave repetitions to the hub's door")
        if len(door.deliveries()) != len(bodies):
            kept = len(door.deliveries())
            raise Broken(f"{len(bodies)} events are kept as {kept}", "Say where their id stands (Scheme.id, body_id)")
        before = len(played.line.log) if played.line is not None else 0
        told = door.work()
        if told["failed"] or told["waiting"] or told["worked"] != len(bodies):
            raise Broken(f"of {len(bodies)} webhooks {told['worked']} could be worked off", "Mend `hints` or `reread`")
        if told["reads"] > len(played.connector.streams):
            raise Broken(f"{told['reads']} reads for {len(bodies)} webhooks", "Leave the reading to the hub")
        if played.line is not None and len(played.line.log) == before:
            raise Broken("nothing was read from the vendor", "A webhook is a hint: what holds is read")
        if door.books() != calm:
            raise Broken("their order or number shows in what is known", "Give `reread` rows the same keys as `read`")
        for number, body in numbered:
            door.knock(number, body)
        door.work()
        if door.books() != calm:
            raise Broken("a webhook that comes again later changes what is known", "Take no facts from its body")


@promise("hook.private", "no word of a webhook's body shows in logs or addresses beyond the keys that are read by")
def _private(ground: Ground) -> None:
    with listening() as heard, _door(ground) as (door, bodies, played):
        for number, body in enumerate(bodies):
            door.knock(number, body)
            door.knock(number, body, sent=body + b" 900-12-3456")
        door.work()
    silent_about({KEY, "900-12-3456"}, heard.words, "a log")
    silent_about({KEY, "900-12-3456"}, addresses(played), "an address")
