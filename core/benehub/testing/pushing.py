"""Promises of writes: one effect in our books and, as the declared guard allows, one at the vendor.

The hub's own outbox and sender do the pushing, on a real database: what is proven is connector and hub together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from benehub import dispatch
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Item, Receipt
from benehub.dispatch.outbox import Frozen, freeze_item
from benehub.errors import BenehubError, FatalError, ReauthNeeded
from benehub.flows.send import send_batch
from benehub.money import format_minor
from benehub.records import OPERATIONS
from benehub.sandbox.faults import FaultKind
from benehub.testing.checks import Broken, Ground, NotHere, promise
from benehub.testing.kithub import played_hub
from benehub.testing.line import MAX_CALLS, Killed
from benehub.testing.stage import CONNECTION, EMPLOYER
from benehub.testing.watching import addresses, listening, secret_words, silent_about

ASKED = 3
"""Calls with refused credentials at most: the one refused, a token's renewal, and the one with the new token."""


class Desk:
    """A hub with an outbox of its own in front of one vendor."""

    def __init__(self, ground: Ground) -> None:
        self.played = ground.play()
        self.operations = {
            name: guard for name, guard in ground.connector.guards.items() if name not in ground.connector.files_out
        }
        missing = set(self.operations) - set(self.played.stage.items)
        if missing:
            raise Broken(f"the stage has nothing to write for {sorted(missing)}", "Give `items`")
        self.hub = played_hub(ground.room(), self.played)

    def items(self) -> list[Item]:
        """All that the stage has to write, each under a business key."""
        return [
            Item(operation, f"kit/{operation}/{number}", content)
            for operation in self.operations
            for number, content in enumerate(self.played.stage.items[operation], 1)
        ]

    def push(self, items: list[Item], *, again: bool = False) -> list[str]:
        """Freeze and send these; gives the state each ended in."""
        return send_batch(self.hub, EMPLOYER, CONNECTION, self.freeze(items, again))

    def freeze(self, items: list[Item], again: bool = False) -> list[str]:
        """Put these into the outbox."""
        wanted = [freeze_item(CONNECTION, one, self.operations[one.operation], 0, "USD") for one in items]
        if again:
            wanted = [Frozen(**{**_fields(one), "again": True}) for one in wanted]
        with self.hub.store.write(EMPLOYER) as session:
            return dispatch.prepare_all(session, wanted)

    def effects(self) -> int:
        """Changes in the vendor's books."""
        return self.played.stage.effects()

    def writes(self) -> list[bytes]:
        """Bodies of all writes that reached the vendor."""
        return self.played.wire.written()


def _fields(one: Frozen) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


@contextmanager
def desk(ground: Ground) -> Iterator[Desk]:
    """A desk, put away at the end."""
    made = Desk(ground)
    try:
        yield made
    finally:
        made.hub.store.close()


@promise("write.items", "what the stage writes is content of its operation's record")
def _items(ground: Ground) -> None:
    with desk(ground) as made:
        for one in made.items():
            OPERATIONS[one.operation].model_validate(one.content)


@promise("write.twice", "pushed twice, it has one effect: in the outbox by its key, at the vendor by the guard")
def _twice(ground: Ground) -> None:
    with desk(ground) as made:
        states = made.push(made.items())
        if set(states) != {"sent"}:
            raise Broken(
                f"a plain push ends {sorted(set(states))}", "See the dispatch's reason; mend request or receipt"
            )
        if (effects := made.effects()) < len(states):
            raise Broken(f"{len(states)} items sent, {effects} effects at the vendor", "Count effects in the stage")
        made.push(made.items())
        if made.effects() != effects:
            raise Broken("the same push again changes the vendor's books", "The outbox should have found it")
        told = [one for one in made.items() if not made.operations[one.operation].must_hold]
        if told:
            made.push(told, again=True)
        if made.effects() != effects:
            raise Broken(
                "the same content sent anew has a second effect in spite of the guard",
                "Send the item's key as idempotency key, or give a Receipt where lookup shows it there",
            )


@promise("write.together", "what goes in one request has each item's effect once: plain, not done, or in doubt")
def _together(ground: Ground) -> None:
    with desk(ground) as made:
        several = _several(made)
        before = len(made.writes())
        if set(made.push(several)) != {"sent"} or made.effects() != len(several):
            raise Broken(f"{len(several)} items together end with {made.effects()} effects", "Mend `merged`")
        if (calls := len(made.writes()) - before) >= len(several):
            raise Broken(f"{len(several)} items together take {calls} writes", "Let `merged` give one request")
    for kind in (FaultKind.APPLY_THEN_TIMEOUT, FaultKind.APPLY_THEN_500, FaultKind.UNAVAILABLE):
        with desk(ground) as made:
            several = _several(made)
            made.played.wire.hit_next_write(kind)
            states = made.push(several)
            states = made.push(several) if set(states) & {"unknown", "prepared"} else states
            if set(states) != {"sent"} or made.effects() != len(several):
                what = f"together and {kind.value}: {made.effects()} effects of {len(several)}, {sorted(set(states))}"
                raise Broken(what, "Let lookup see of each item what the vendor has")


def _several(made: Desk) -> list[Item]:
    """Items of the stage that go in one request."""
    connector, settings = made.played.connector, made.played.connector.discover(made.played.link)
    groups: dict[tuple[str, str], list[Item]] = {}
    for one in made.items():
        key = connector.together(one, settings) if one.operation in connector.takes_together else ""
        groups.setdefault((one.operation, key), []).append(one)
    for (_, key), items in groups.items():
        if key and len(items) > 1:
            return items
    if connector.takes_together:
        raise Broken("the stage has no two items that go in one request", "Give two to one target in `items`")
    raise NotHere("it takes no writes together")


@promise(
    "write.timeout-after-apply", "a time-out after the vendor applied it has no second effect; without guard it is held"
)
def _timeout(ground: Ground) -> None:
    _in_doubt(ground, FaultKind.APPLY_THEN_TIMEOUT)


@promise("write.500-after-apply", "likewise for an error that comes after the vendor applied it")
def _error_after(ground: Ground) -> None:
    _in_doubt(ground, FaultKind.APPLY_THEN_500)


def _in_doubt(ground: Ground, kind: FaultKind) -> None:
    with desk(ground) as made:
        for one in made.items():
            before, guard = made.effects(), made.operations[one.operation]
            made.played.wire.hit_next_write(kind)
            (state,) = made.push([one])
            (state,) = made.push([one]) if state in ("unknown", "prepared") else (state,)
            _judge(one.operation, guard, state, made.effects() - before)


@promise("write.crash", "a process that dies after the vendor applied it and before the receipt leaves one effect")
def _crash(ground: Ground) -> None:
    with desk(ground) as made:
        for one in made.items():
            before, guard = made.effects(), made.operations[one.operation]
            made.played.wire.kill_after_write = True
            with suppress(Killed):
                made.push([one])
            (state,) = made.push([one])
            _judge(one.operation, guard, state, made.effects() - before)


def _judge(operation: str, guard: Guard, state: str, effects: int) -> None:
    if effects != 1:
        raise Broken(f"{operation}: {effects} effects at the vendor", f"The guard {guard.value} does not hold")
    wanted = "held" if guard.must_hold else "sent"
    if state != wanted:
        raise Broken(f"{operation}: it ends {state}, not {wanted}", "Let lookup and request see what the vendor has")


@promise("write.429", "a write refused with 429 is written once, after the wait")
def _slow_down(ground: Ground) -> None:
    with desk(ground) as made:
        made.played.wire.hit_next_write(FaultKind.BURST_429, retry_after=5)
        states, wanted = made.push(made.items()), len(made.items())
        if set(states) != {"sent"} or sum(made.played.waits) < 5:
            raise Broken("a 429 is not waited for and repeated", "Send by the hub's client, leave its errors alone")
        if made.effects() < wanted:
            raise Broken("a write got lost behind a 429", "Leave retries to the client")


@promise("write.401", "refused credentials hold the write for a person; nothing is lost and nothing asked twice")
def _refused(ground: Ground) -> None:
    with desk(ground) as made:
        made.played.wire.faults.add(FaultKind.UNAUTHORIZED, times=MAX_CALLS)
        one = made.items()[0]
        try:
            (state,) = made.push([one])
        except ReauthNeeded:
            state = "held"  # refused before the first item: the whole run waits for a person
        if state != "held":
            raise Broken(f"{one.operation}: 401 ends {state}, not held", "Let the client's ReauthNeeded through")
        if (calls := len(made.played.wire.log)) > ASKED:
            raise Broken(f"{one.operation}: {calls} calls with refused credentials", "Ask once")
        if made.effects():
            raise Broken("an effect in spite of 401", "Mend the stage")


@promise("write.cents", "cents in are cents out: every amount is in the body to the cent, and one cent more changes it")
def _cents(ground: Ground) -> None:
    looked = sum(_spelled_by(ground, more) for more in (0, 1))
    if not looked:
        raise NotHere("nothing that it writes has an amount")


def _spelled_by(ground: Ground, more: int) -> int:
    """How many amounts stand in what is written, where each is so many cents more than the stage has it.

    Raises:
        Broken: one does not: it is cut off, or always the same, or was another figure that happened to be equal.
    """
    looked = 0
    with desk(ground) as made:
        for one in made.items():
            amounts = {
                name: minor + more
                for name, minor in one.content.items()
                if name.endswith("_minor") and isinstance(minor, int) and minor
            }
            before = len(made.writes())
            made.push([Item(one.operation, one.key, {**one.content, **amounts})])
            bodies = made.writes()[before:]
            for name, minor in amounts.items():
                looked += 1
                if not any(_spelled(minor, body) for body in bodies):
                    what = f"{one.operation}: {name}{' and a cent' if more else ''} is not in the body to the cent"
                    raise Broken(what, "Write format_minor(...)")
    return looked


def _spelled(minor: int, body: bytes) -> bool:
    """Whether an amount stands in a body: in cents, or as decimal text or number, trailing zeros apart."""
    wanted = {str(minor), format_minor(minor), format_minor(minor).rstrip("0").rstrip(".")}

    def scalars(value: Any) -> Iterator[str]:
        if isinstance(value, Mapping):
            for one in value.values():
                yield from scalars(one)
        elif isinstance(value, list):
            for one in value:
                yield from scalars(one)
        else:
            yield str(value)

    try:
        told = json.loads(body, parse_float=str)
    except ValueError:
        return any(text.encode() in body for text in wanted)
    return any(text in wanted or text.rstrip("0").rstrip(".") in wanted for text in scalars(told))


@promise("write.dry-run", "in a dry run nothing but reads is sent")
def _dry_run(ground: Ground) -> None:
    with desk(ground) as made:
        dry = ground.play(dry_run=True)
        for one in made.items():
            settings = dry.connector.discover(dry.link)
            try:
                ask = dry.connector.lookup(one, settings)
                found = dry.link.http().send(ask) if ask is not None else None
                answer = dry.connector.request(one, found, settings)
                if isinstance(answer, Receipt):
                    continue
                dry.link.http().send(answer)
            except FatalError:
                continue  # the client refuses what is declared as a write
            raise Broken(f"{one.operation}: a dry run sends a write", "Leave Request.write true for what changes")
        if dry.stage.effects():
            raise Broken("a dry run has an effect at the vendor", "Leave Request.write true for what changes")


@promise("write.private", "no secret and no SSN shows in logs, errors or addresses of a push, whatever goes wrong")
def _private(ground: Ground) -> None:
    with listening() as heard, desk(ground) as made:
        words = secret_words(made.played, [one.content for one in made.items()])
        for kind in (FaultKind.UNAVAILABLE, FaultKind.HTML_PAGE, FaultKind.MALFORMED_JSON, FaultKind.UNAUTHORIZED):
            with desk(ground) as bad:
                bad.played.wire.faults.add(kind, times=MAX_CALLS)
                ids = bad.freeze(bad.items())
                try:
                    send_batch(bad.hub, EMPLOYER, CONNECTION, ids)
                except BenehubError as error:
                    heard.error(error)
                with bad.hub.store.read(EMPLOYER) as session:
                    heard.words += [str(row.reason) for row in dispatch.by_ids(session, ids)]
                silent_about(words, addresses(bad.played), "an address")
        made.push(made.items())
    silent_about(words, heard.words, "a log, an error or a dispatch's reason")
