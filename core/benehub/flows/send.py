"""Moves dispatches to vendors: as many calls at once as the vendor bears, honest about outcomes that nobody knows.

An attempt stands in the database before its call, the receipt after it. Where the vendor can be asked, or knows a
repetition, a window of dispatches shares the two transactions; else each has its own, and goes by itself. Calls that
are under way at once are in threads of their own, and none of them about the same person as another.

A request goes lookup -> request -> send -> receipt. After a time-out or 5xx the vendor is read back: where the
wanted state is there the dispatch settles, where it is surely not it is sent again, and where nothing can
tell it is held for a person. A vendor that fails whatever it is asked leaves it in doubt: the next job reads it back.
A file whose delivery broke off is put again where its control number makes that harmless; else it settles only when
the mailbox shows it, for its absence there proves nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Row

from benehub import dispatch, obligations
from benehub.connect.capabilities import Guard
from benehub.connect.connector import Item, Receipt
from benehub.connect.content import Content, size_of
from benehub.connect.http import asking, may_write, was_sent
from benehub.connections import Open
from benehub.connections.registry import MOST_AT_ONCE
from benehub.dispatch import End
from benehub.engine import Ending, Steps
from benehub.errors import (
    BenehubError,
    DataError,
    OutcomeUnknown,
    RetriableError,
    VendorUnavailable,
)
from benehub.flows import exchange, granted, push_guard, together
from benehub.flows.hub import Hub
from benehub.flows.lanes import Lanes, Lot
from benehub.flows.push_guard import RESEND
from benehub.flows.silent import must_send
from benehub.flows.together import TESTED, made
from benehub.flows.told_ends import Ended, write_down
from benehub.flows.turns import Claim, Turn, linger, wait_out
from benehub.plugins import call_each
from benehub.records.notices import Decision, DispatchNotice, Verdict
from benehub.store import Session, acted_on, without_collector

BATCH = 200
"""Dispatches of one job at most."""

MAX_TRIES = 3
"""Times one dispatch is sent within a job after read-backs that proved it absent."""

MOST_TRIES = 3 * MAX_TRIES
"""Attempts at one dispatch, over all jobs, after which a vendor that keeps failing at it is left to a person."""


FASTER = 25
"""How many times as many a step sends at most where several calls are under way at once.

Whether to go on is asked between their windows, so that a canceled run waits for none of the rest.
"""

WINDOW = 25
"""Dispatches that are claimed together, and settled together as well; of calls under way at once twice as many."""

DEAF_AFTER = 5
"""Dispatches in a row to which nobody answered, after which a vendor is asked no more: each has had its retries."""

DEAF = "not tried: the vendor does not answer"

Claimed = tuple[Row[Any], Content]
"""A dispatch as it was claimed, and what was frozen."""
WATCHED = "connection is "
"""How the reason begins of what is held only because the connection does not write."""


def awaken(session: Session, opened: Open, operation: str) -> None:
    """What was held only because the connection did not write, or only tested, is open again as soon as it writes."""
    if opened.mode != "live":
        return
    held = obligations.open_ones(session, operation, opened.link.connection, states=("held",))
    causes = (WATCHED,) if opened.connector.only_tests(opened.link.settings) else (WATCHED, TESTED)
    waiting = [row for row in held if row.reason.startswith(causes) and row.dispatch_id is not None]
    tested = {row.dispatch_id for row in waiting if row.reason.startswith(TESTED)}
    dispatch.release(session, list(dict.fromkeys(row.dispatch_id for row in waiting)), tested)
    obligations.mark(session, [row.obligation_id for row in waiting], "open", "frozen, not sent yet")


def let_go(session: Session, dispatch_id: str) -> bool:
    """Whether a person has said that this dispatch shall leave."""
    return bool(acted_on(session, RESEND, [dispatch_id]))


def send(hub: Hub, steps: Steps, employer: str, connection_id: str, ids: list[str]) -> dict[str, int]:
    """Send these dispatches, in order; a poisoned one does not hold up the others. Gives counts by state.

    Once a vendor no longer answers the rest is not tried: it stays `prepared` for the next run.

    Raises:
        GuardTripped: they would change or end too much at the vendor; nothing has left.
        FatalError: the flow is said to send nothing.
    """
    must_send()
    # A run that an older version began has no number here.
    pace = steps.step("guard", _guarded, hub, employer, connection_id, ids) or 1
    size = BATCH * pace
    tally: dict[str, int] = {}
    learned: list[Any] = []
    for start in range(0, len(ids), size):
        part = ids[start : start + size]
        told = steps.step(f"send {start}", _send_part, hub, employer, connection_id, part, learned)
        if isinstance(told, list):  # of a run that an older version began
            told = {"states": told, "deaf": False}
        states = told["states"]
        if told["deaf"]:
            states = states + steps.step("not tried", _standing, hub, employer, ids[start + size :])
        for state in states:
            tally[state] = tally.get(state, 0) + 1
        if told["deaf"]:
            break
    return tally


def _standing(hub: Hub, employer: str, ids: Sequence[str]) -> list[str]:
    """The states of dispatches as they are."""
    with hub.store.read(employer) as session:
        return [str(row.state) for row in dispatch.by_ids(session, ids, content=False)]


def _guarded(hub: Hub, employer: str, connection_id: str, ids: list[str]) -> int:
    """How many times `BATCH` a job sends, the push as a whole having been looked at."""
    push_guard.check(hub, employer, connection_id, ids)
    if len(ids) <= BATCH:
        return 1
    with hub.open(employer, connection_id) as opened:
        if opened.mode == "live":  # what one part may send says nothing of the others
            with hub.store.read(employer) as session:
                operations = {str(row.operation) for row in dispatch.by_ids(session, ids, content=False)}
            granted.must_be(opened, operations)
        return min(at_once(opened), FASTER)


def at_once(opened: Open) -> int:
    """How many calls to the vendor may be under way at once."""
    return min(opened.connector.at_once(opened.link.settings), MOST_AT_ONCE)


def send_batch(hub: Hub, employer: str, connection_id: str, ids: Sequence[str]) -> list[str]:
    """One attempt at each dispatch, while the vendor answers; gives the state each ended in."""
    states: list[str] = _send_part(hub, employer, connection_id, ids, [])["states"]
    return states


def _send_part(hub: Hub, employer: str, connection_id: str, ids: Sequence[str], learned: list[Any]) -> dict[str, Any]:
    """As `send_batch`; tells too whether the vendor was `deaf` in the end.

    One sender a connection at a time: only then does `sending` mean that somebody died at it. `learned` keeps what the
    vendor told of its ids for the batches to come: it may have to list everybody for that. Where the database forgot
    whose turn it is, it is waited for again, and what is not sent then is.
    """
    while (told := _in_turn(hub, employer, connection_id, ids, learned)) is None:
        pass
    return told


def _in_turn(
    hub: Hub, employer: str, connection_id: str, ids: Sequence[str], learned: list[Any]
) -> dict[str, Any] | None:
    """As `_send_part`, within one turn; None where it was lost before all was begun."""
    taken = hub.store.turn(employer, f"sending to {connection_id}")
    with taken as stands, hub.open(employer, connection_id) as plain:
        settings, barred = plain.link.settings, dict[str, str]()
        with hub.store.read(employer) as session:
            waiting = dispatch.by_ids(session, ids, content=False)
            # What a person has let go is let go over the plugins' heads: nothing to ask where none has a say.
            let_go = acted_on(session, RESEND, ids) if hub.plugins.hook.before_dispatch.get_hookimpls() else ()
        if plain.mode == "live":
            if not learned:
                lines = granted.must_be(plain, {str(row.operation) for row in waiting})
                learned.append((plain.connector.discover(plain.link), lines))
            settings, lines = learned[0]
            barred = granted.barred(hub, employer, lines, waiting)
        opened = replace(plain, link=replace(plain.link, settings=settings))
        turn = Turn(hub, employer, stands)
        desk = _Desk(hub, employer, opened, let_go, barred, len(ids), hub.asked_to_end(), turn)
        with turn.ours():
            desk.send(waiting)
        if (desk.stopped or desk.turn.lost) and desk.ends():
            raise Ending  # whoever lives has the work: this one waits for no turn
        if desk.turn.lost and not desk.deaf:
            return None
        left = [one for one in ids if one not in desk.states]
        if left:
            with hub.store.read(employer) as session:
                desk.states |= {
                    row.dispatch_id: str(row.state) for row in dispatch.by_ids(session, left, content=False)
                }
    return {"states": [desk.states[one] for one in ids], "deaf": desk.deaf}


def _windows(rows: Sequence[Row[Any]], size: int) -> Iterator[list[Row[Any]]]:
    """What may be claimed together: after a crash all of a window is in doubt.

    That is harmless only where the vendor can be asked or knows a repetition. What nothing can settle, and
    files, go one at a time.
    """
    window: list[Row[Any]] = []
    for row in rows:
        if window and (_alone(row) or len(window) == size):
            yield window
            window = []
        window.append(row)
        if _alone(row):
            yield window
            window = []
    if window:
        yield window


def _alone(row: Row[Any]) -> bool:
    return bool(row.file_name) or Guard(row.guard).must_hold


@dataclass
class _Desk:
    """Claims dispatches, has them called, and writes down what came of each: the only one who does, but for doubts."""

    hub: Hub
    employer: str
    opened: Open
    let_go: Collection[str]
    barred: Mapping[str, str]
    """Dispatches of a benefit that this connection may not write -> why."""
    count: int
    ends: Callable[[], bool]
    """Tells in any thread whether this process was asked to end, or others may have its work."""
    turn: Turn
    """Whether it was lost before all was begun: another one may be sending."""
    states: dict[str, str] = field(default_factory=dict)
    """By dispatch, as far as they have ended."""
    ended: list[Ended] = field(default_factory=list)
    """What is not written down yet."""
    claims: dict[str, int] = field(default_factory=dict)
    """The number of each dispatch in the order in which they were claimed, which is that of their beginning."""
    tries: dict[str, int] = field(default_factory=dict)
    """The number of the attempt as which each was claimed."""
    silent: set[int] = field(default_factory=set)
    """Numbers of those to which nobody answered at the vendor's."""
    quiet: int = 0
    """How many have ended unanswered, one after the other."""
    deaf: bool = False
    """Whether the vendor answers no more: nothing else is begun then, whatever is still under way comes to."""
    stopped: bool = False
    """Whether the run was canceled, or the process asked to end, before all was begun."""

    @property
    def window(self) -> int:
        """Dispatches that are claimed in one transaction, and written down in another."""
        most = at_once(self.opened)
        return WINDOW if most == 1 else max(WINDOW, 2 * most)

    def send(self, rows: Sequence[Row[Any]]) -> None:
        """One attempt at each, while the vendor answers."""
        most = at_once(self.opened)
        if self.opened.mode == "live":
            wait_out(self.hub, linger(self.turn, self.opened, rows), self._waits_on, self.opened.link.connection)
        with Lanes[Ended](most, self._heard, lambda: not self.ends()) as lanes:
            unasked = WINDOW
            try:
                for window in _windows(rows, self.window):
                    by_itself = most == 1 or _alone(window[0])
                    self._drain(lanes, 0 if by_itself else 3 * most)
                    if unasked >= WINDOW:  # those that go alone are not worth a question each
                        unasked, self.stopped = 0, not self.hub.goes_on()
                    if lanes.halted or self.stopped or not self.turn.stands():
                        break
                    unasked += len(window)
                    with without_collector():  # not while one waits: others work in this process
                        lots = self._lots(window, most)
                    lanes.put(lots)
                    if by_itself:
                        self._drain(lanes, 0)
                self._drain(lanes, 0)
                self.stopped = self.stopped or (lanes.halted and not self.deaf and not self.turn.lost)
            finally:
                # Where the program itself failed, the vendor is deaf or the process ends, those behind were claimed and
                # never tried.
                left = [row for lot in lanes.stop() for row in lot.rows if row.state == "sending"]
                self.ended += [*lanes.told(), *_not_tried(left, DEAF if self.deaf else "not tried")]
                self._write_down()

    def _drain(self, lanes: Lanes[Ended], to: int) -> None:
        """Until no more than so many are open; what has ended is written down."""
        while lanes.open > to and not lanes.halted:
            lanes.wait()
            self.ended += lanes.told()
            if len(self.ended) >= self.window and lanes.several:
                self._write_down()
        if not lanes.open:
            self._write_down()

    def _heard(self, ended: Ended) -> bool:
        """Whether the vendor still answers, by how one more attempt ended; told in whichever thread it did.

        In a row are those that were begun one after the other: of many under way at once any few may end together.
        Where a slow thread keeps such a row open, it is enough that more ended so than can be under way besides.
        """
        self.quiet = self.quiet + 1 if ended[1].unheard else 0
        if ended[1].unheard:
            number = self.claims[ended[0].dispatch_id]
            self.silent.add(number)
            first, last = number, number
            while first - 1 in self.silent:
                first -= 1
            while last + 1 in self.silent:
                last += 1
            silent = last - first + 1 >= DEAF_AFTER or self.quiet >= DEAF_AFTER + at_once(self.opened)
            self.deaf = self.deaf or silent
        return not self.deaf and not self.turn.lost

    def _waits_on(self) -> bool:
        self.stopped = self.stopped or not self.hub.goes_on()
        return not self.stopped and not self.ends() and self.turn.stands()

    def _write_down(self) -> None:
        if self.ended:
            with without_collector():
                written = write_down(self.hub, self.employer, self.ended, self.tries)
            self.states |= {row.dispatch_id: end.state for row, end in written}
            self.ended = []
            self.hub.progress(f"{self.opened.link.connection}: {len(self.states)} of {self.count} sent")

    def _lots(self, rows: Sequence[Row[Any]], most: int) -> list[Lot[Ended]]:
        """Claim these in one transaction; gives what is to be called, without what may not leave."""
        hub, employer, opened = self.hub, self.employer, self.opened
        wanted: list[str] = []
        for row in rows:
            fresh = row.state == "prepared"
            why = self.barred.get(row.dispatch_id) if fresh else None
            stopped = End(row.dispatch_id, "refused", why) if why else None
            if fresh and stopped is None:
                stopped = _asked(hub, employer, opened, row, row.dispatch_id in self.let_go)
            if stopped is not None:
                self.ended.append((row, stopped))
            elif fresh or opened.mode == "live":
                wanted.append(row.dispatch_id)  # else: what is in doubt waits until it may be sent again
        persons: dict[str, set[str]] = {}
        if most > 1:
            with hub.store.read(employer) as session:
                persons = obligations.persons_in(session, wanted)
        began = time.monotonic_ns()
        claimed = {row.dispatch_id: (row, frozen) for row, frozen in _claim(hub, employer, wanted, self.tries)}
        self.claims |= {one: number for number, one in enumerate(claimed, len(self.claims))}
        try:
            return self._divided(dict(claimed), persons, began)
        except Exception:
            self.ended += _not_tried([row for row, _ in claimed.values() if row.state == "sending"], "not tried")
            raise

    def _divided(self, claimed: dict[str, Claimed], persons: Mapping[str, set[str]], began: int) -> list[Lot[Ended]]:
        """What goes in one request, and what goes by itself."""
        opened = self.opened
        lots, calls = [], [(row, dispatch.thaw_item(frozen)) for row, frozen in claimed.values()
                           if row.state == "sending" and row.operation in opened.connector.takes_together]  # fmt: skip
        for target, part in together.parts(opened, calls):
            mine = [claimed.pop(row.dispatch_id) for row, _ in part]
            lots.append(self._lot(mine, part, _about(mine, persons) | {target}, began))
        return lots + [self._lot([one], [], _about([one], persons), began) for one in claimed.values()]

    def _lot(self, claimed: list[Claimed], part: list[together.Call], about: frozenset[str], began: int) -> Lot[Ended]:
        def work(tell: Callable[[Ended], None]) -> None:
            with asking(Claim(self.turn, [row.dispatch_id for row, _ in claimed], began).ask):
                _send_lot(self.hub, self.employer, self.opened, claimed, part, tell)

        return Lot(about, work, tuple(row for row, _ in claimed))


def _about(claimed: Sequence[Claimed], persons: Mapping[str, set[str]]) -> frozenset[str]:
    """Whom dispatches are about, and what business."""
    return frozenset(one for row, _ in claimed for one in (row.business_key, *persons.get(row.dispatch_id, ())))


def _not_tried(rows: Sequence[Row[Any]], why: str) -> list[Ended]:
    return [(row, End(row.dispatch_id, "prepared", why)) for row in rows]


def _send_lot(
    hub: Hub, employer: str, opened: Open, claimed: list[Claimed], part: Sequence[together.Call],
    tell: Callable[[Ended], None],
) -> None:  # fmt: skip
    """Send what the vendor takes in one request; what has to go by itself follows, one after the other."""
    gone: set[str] = set()
    if len(part) > 1:
        rows, items = {row.dispatch_id: row for row, _ in part}, {row.dispatch_id: item for row, item in part}
        told = together.send(opened, part)
        gone = told.ended.keys() | told.doubted.keys()
        for one, end in told.ended.items():
            tell((rows[one], end))
        # They may have been applied: note it, then look.
        write_down(hub, employer, [(rows[one], End(one, "unknown", why)) for one, why in told.doubted.items()])
        for one in told.doubted:
            tell((rows[one], _call(hub, employer, opened, rows[one], items[one], unknown=True)))
    left, unheard = [one for one in claimed if one[0].dispatch_id not in gone], 0
    while left:
        # Taken off first: what breaks off here is in doubt, those behind were never tried.
        row, frozen = left.pop(0)
        if unheard >= DEAF_AFTER and row.state == "sending":
            tell((row, End(row.dispatch_id, "prepared", DEAF, unheard=True)))
            continue
        try:
            end = send_one(hub, employer, opened, row, frozen)
        except BaseException:
            for never in _not_tried([behind for behind, _ in left if behind.state == "sending"], "not tried"):
                tell(never)
            raise
        unheard = unheard + 1 if end.unheard else 0
        tell((row, end))


def _claim(hub: Hub, employer: str, ids: Sequence[str], tries: dict[str, int]) -> list[Claimed]:
    """Claim dispatches for an attempt each; gives those to be tried, with what was frozen. `tries` learns the attempts'
    numbers."""
    if not ids:
        return []
    with hub.store.write(employer) as session:
        rows = dispatch.begin_all(session, ids, tries)
        return [(row, _frozen(hub, employer, session, row)) for row in rows]


def _frozen(hub: Hub, employer: str, session: Session, row: Row[Any]) -> Content:
    """What leaves: at hand where it is one piece; a long file is read while it is sent, no transaction held open."""
    count = dispatch.pieces_leaving(row)
    if count == 1:
        return dispatch.wire_bytes(session, row)

    def read() -> Iterator[bytes]:
        for place in range(1, count + 1):
            with hub.store.read(employer) as again:
                piece = dispatch.piece_leaving(again, row, place)
            yield piece

    return read


def send_one(hub: Hub, employer: str, opened: Open, row: Row[Any], frozen: Content) -> End:
    """Bring one claimed dispatch as far as it goes now."""
    if row.file_name:
        return _deliver(opened, row, frozen)
    return _call(hub, employer, opened, row, dispatch.thaw_item(frozen), unknown=row.state == "unknown")


def _asked(hub: Hub, employer: str, opened: Open, row: Row[Any], let_go: bool) -> End | None:
    """Ask the mode and every plugin before the first attempt; gives `held`, `refused` or nothing."""
    if opened.mode != "live":
        return End(row.dispatch_id, "held", f"{WATCHED}{opened.mode}: nothing is written")
    if row.control_line:
        with hub.store.read(employer) as session:
            against = exchange.against(session, opened, row)
        if against:
            return End(row.dispatch_id, "held", against)
    if let_go:
        return None  # a person has decided over the plugins' heads, with name and reason
    notice = DispatchNotice(
        employer, row.dispatch_id, row.connection_id, row.operation, row.business_key, row.items,
        row.worth_minor, row.currency,
    )  # fmt: skip
    for name, answer in call_each(hub.plugins, "before_dispatch", dispatch=notice):
        if isinstance(answer, Verdict):
            state = "held" if answer.decision is Decision.HOLD else "refused"
            return End(row.dispatch_id, state, f"plugin {name}: {answer.reason}")
        if isinstance(answer, Exception):
            return End(row.dispatch_id, "held", f"plugin {name} failed: {type(answer).__name__}")
    return None


@dataclass(slots=True)
class _Doubt:
    """What is not known of the writes of one call."""

    lost: bool = False
    """Whether the answer to one is missing; where a write takes several steps, each answered, none is."""


def _call(hub: Hub, employer: str, opened: Open, row: Row[Any], item: Item, *, unknown: bool) -> End:
    """Send a request; `unknown` means that it is read back first."""

    def end(state: str, reason: str) -> End:
        return End(row.dispatch_id, state, reason)

    if unknown and Guard(row.guard).must_hold:
        return end("held", f"outcome unknown, no read-back: {row.reason}")
    silent, doubt = False, _Doubt()
    for _ in range(MAX_TRIES):
        lost = doubt.lost
        try:
            receipt = _exchange(hub, employer, opened, row, item, unknown, doubt)
        except BenehubError as error:
            ended = together.of_error(row, error, unknown)
            if ended is not None and ended.state == "failed" and lost:
                # It may be refused for being there: only the next run knows what ids the vendor gave what he took.
                return replace(ended, state="unknown")
            if ended is not None:
                return ended
            # The write may have been applied: note it, then look.
            unknown = True
            write_down(hub, employer, [(row, end("unknown", str(error)))])
            if Guard(row.guard).must_hold:
                return replace(end("held", f"outcome unknown, no read-back: {error}"), unheard=together.unheard(error))
            silent = together.unheard(error)
            continue
        return together.settled(row, receipt, "read back" if unknown else "")
    with hub.store.read(employer) as session:
        often = len(dispatch.attempts(session, row.dispatch_id)) >= MOST_TRIES
    if often:
        return replace(end("held", "the vendor kept failing; the outcome is unknown"), unheard=silent)
    return replace(end("unknown", "the vendor kept failing; the next run reads back what it has"), unheard=silent)


def _exchange(
    hub: Hub, employer: str, opened: Open, row: Row[Any], item: Item, unknown: bool, doubt: _Doubt
) -> Receipt:  # fmt: skip
    client = opened.link.http()
    settings = opened.link.settings
    ask = made(opened.connector.lookup, item, settings)
    try:
        found = client.send(ask) if ask is not None else None
    except VendorUnavailable as error:
        if unknown:
            raise OutcomeUnknown("the read-back failed too", where=error.where) from error
        raise RetriableError(error.what, where=error.where, mend="It is tried again by the next run") from error
    answer = made(opened.connector.request, item, found, settings)
    if isinstance(answer, Receipt):
        return answer
    if unknown:
        may_write()  # before it is said to be on its way again: another one may have brought it to its end
        with hub.store.write(employer) as session:
            dispatch.resend(session, row.dispatch_id)
    doubt.lost = True
    response = client.send(answer)
    doubt.lost = False
    return made(opened.connector.receipt, item, response)


def _deliver(opened: Open, row: Row[Any], content: Content) -> End:
    """Put a file into the mailbox; one whose delivery broke off settles only when it is seen there."""
    mailbox, said = opened.link.files(), None
    try:
        if row.state == "unknown" and not Guard(row.guard).repeat_safe:
            folder, _, name = row.file_name.rpartition("/")
            seen = mailbox.list(f"{folder}/{name}" if folder else name)
            size = size_of(content)
            if not any(file.size == size for file in seen):
                return End(row.dispatch_id, "held", "delivery broke off; its absence there is no proof")
        else:
            # Putting the same bytes again changes nothing; a number the carrier has seen it refuses itself.
            may_write()
            said = mailbox.put(row.file_name, content)
    except VendorUnavailable as error:
        state = "unknown" if row.state == "unknown" or was_sent(error) else "prepared"
        return End(row.dispatch_id, state, str(error), unheard=together.unheard(error))
    except RetriableError as error:
        return End(row.dispatch_id, "unknown" if row.state == "unknown" else "prepared", str(error))
    except DataError as error:
        # What may have arrived stays in doubt, whatever is wrong with looking for it.
        return End(row.dispatch_id, "held" if row.state == "unknown" else "failed", str(error))
    except BenehubError as error:
        return End(row.dispatch_id, "held", str(error))
    return End(row.dispatch_id, "sent", "delivered", Receipt(said or row.file_name))
