"""Promises of reads: every row once, whatever the vendor does in between, and nothing said that is private."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from benehub.connect import jsontext
from benehub.connect.connector import Incoming, Page
from benehub.connect.testing import WireRequest, WireResponse
from benehub.errors import BenehubError, ReauthNeeded, RetriableError
from benehub.flows import sync
from benehub.records import STREAMS
from benehub.sandbox.faults import FaultKind
from benehub.testing.checks import Broken, Ground, NotHere, promise
from benehub.testing.kithub import Books, played_hub
from benehub.testing.line import MAX_CALLS, Killed
from benehub.testing.stage import CONNECTION, EMPLOYER, Played
from benehub.testing.watching import addresses, listening, secret_words, silent_about


@dataclass(frozen=True)
class Read:
    """All pages of one stream."""

    stream: str
    pages: tuple[Page, ...]

    @property
    def rows(self) -> list[Incoming]:
        """All rows."""
        return [row for page in self.pages for row in page.rows]

    def told(self) -> list[tuple[str, str, str, bool]]:
        """The rows as values that can be compared."""
        return [(row.key, repr(sorted(row.data.items())), row.problem, row.deleted) for row in self.rows]


def read(played: Played, stream: str, cursor: str | None = None) -> Read:
    """Read a stream to its end."""
    return Read(stream, tuple(played.connector.read(stream, played.link, cursor)))


def read_all(played: Played) -> list[Read]:
    """Every stream once, the vendor's files delivered before."""
    if played.stage.deliver is not None:
        played.stage.deliver()
    return [read(played, stream) for stream in played.streams]


@promise(
    "read.rows", "every stream gives rows of its record; no row comes twice, none is empty of both data and problem"
)
def _rows(ground: Ground) -> None:
    played = ground.play()
    for got in read_all(played):
        if not got.rows:
            raise Broken(f"{got.stream}: the stage gives no row", "Give the stage at least one")
        keys = [row.key for row in got.rows if not row.deleted]
        if len(set(keys)) != len(keys):
            raise Broken(f"{got.stream}: a key comes twice", "Use the vendor's natural key of the row")
        for row in got.rows:
            fits(got.stream, row)
        if all(row.problem for row in got.rows):
            raise Broken(f"{got.stream}: no row could be translated", "Mend the translation or the stage")


def fits(stream: str, row: Incoming) -> None:
    """Raises `Broken` where a row is none of its stream's."""
    if not row.key:
        raise Broken(f"{stream}: a row without key", "Use the vendor's natural key of the row")
    if row.problem or row.deleted:
        return
    try:
        STREAMS[stream].model_validate(row.data)
    except ValidationError as error:
        fields = sorted({".".join(map(str, one["loc"])) for one in error.errors()})
        raise Broken(
            f"{stream}: a row is no {STREAMS[stream].__name__} ({', '.join(fields)})",
            "Translate the field, or say in `problem` why it cannot be",
        ) from None


@promise("read.replay", "the same vendor read twice gives the same rows in the same order")
def _replay(ground: Ground) -> None:
    first, second = (read_all(ground.play()) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        if one.told() != other.told():
            raise Broken(f"{one.stream}: two reads of the same answers differ", "Take clock and chance from the link")


@promise(
    "read.cursor", "a stream that goes by cursor tells one; read on from there, an unchanged vendor has nothing new"
)
def _cursor(ground: Ground) -> None:
    played = ground.play()
    going = [got for got in read_all(played) if played.connector.streams[got.stream] != "full"]
    if not going:
        raise NotHere("all its streams are read whole")
    for got in going:
        cursor = got.pages[-1].cursor if got.pages else None
        if cursor is None:
            raise Broken(f"{got.stream}: no cursor after the last page", "Set Page.cursor to where to go on")
        # An overlap for late corrections may bring rows again; it brings none that were not there.
        if not {row.key for row in read(played, got.stream, cursor).rows} <= {row.key for row in got.rows}:
            raise Broken(f"{got.stream}: the cursor of the last page has left rows out", "Tell it once all is read")


@promise(
    "read.resumed", "a process that dies before what it read is applied leaves the cursor: the next read brings it all"
)
def _resumed(ground: Ground) -> None:
    if all(how == "full" for how in ground.connector.streams.values()):
        raise NotHere("all its streams are read whole")
    known = []
    for dies in (False, True):
        played = ground.play()
        if played.stage.deliver is not None:
            played.stage.deliver()
        hub = played_hub(ground.room(), played)
        with contextlib.closing(hub.store):
            for stream in played.streams if dies else ():
                sync.read(hub, EMPLOYER, CONNECTION, stream, "dies", False)
            if hub.cursors():
                raise Broken("a cursor moves on before its rows are applied", "Leave it to the hub")
            hub.sync_all("reads on", full=False)
            known.append(hub.books())
    placed = {stream for stream, *_ in known[0].rows}
    for stream in played.streams:
        if ground.connector.streams[stream] != "full" and stream not in placed:
            raise Broken(
                f"{stream}: no row of the stage finds its place in the kit's plan book, so a lost one is not missed",
                "Map pay groups and leave policies in its settings to those of `testing.kithub.BOOK`",
            )
    if known[0] != known[1]:
        raise Broken("what was read and not applied is not read again", "Keep no place of your own: go by the cursor")


@promise(
    "once.kept", "what a vendor gives once is kept before the next is asked for, wherever in a read the process dies"
)
def _kept(ground: Ground) -> None:
    known, dies_at = [_changes_read(ground, 0)], 1
    while known[-1] is not None:
        known.append(_changes_read(ground, dies_at))
        dies_at += 1
    whole, *broken = known[:-1]
    if len(broken) < 3:
        raise Broken("the stage's changes come in a single page", "Give the stage `changes` at two places or more")
    for number, one in enumerate(broken, 1):
        if one != whole:
            raise Broken(
                f"a process that dies at call {number} of a read loses changes", "Take from the vendor by asking on"
            )


def _changes_read(ground: Ground, dies_at: int) -> Books | None:
    """What is in the books when a read of changes that died at a call is read on; 0 for one that did not die, None
    where it ends before that call."""
    played = ground.play()
    if played.stage.changes is None:
        raise Broken("the stage changes nothing", "Give the stage `changes`")
    hub = played_hub(ground.room(), played)
    with contextlib.closing(hub.store):
        streams = sorted(ground.connector.gives_once)
        for stream in streams:
            hub.sync(stream, "whole")
        played.stage.changes()
        calls = itertools.count(1)

        def die(_wire: WireRequest, got: WireResponse) -> WireResponse:
            if next(calls) == dies_at:
                raise Killed
            return got

        played.wire.change = die
        died = False
        for stream in streams:
            try:
                sync.read(hub, EMPLOYER, CONNECTION, stream, "dies", False)
            except Killed:
                died = True
        played.wire.change = None
        if dies_at and not died:
            return None
        for stream in streams:
            hub.sync(stream, "dies", full=False)
            hub.sync(stream, "reads on", full=False)
        return hub.books()


@promise("read.no-float", "no binary float passes the connector's edge")
def _no_float(ground: Ground) -> None:
    for got in read_all(ground.play()):
        if any(_floats(row.data) or _floats(row.extra) for row in got.rows):
            raise Broken(f"{got.stream}: a float in a row", "Take the number's own text (benehub reads JSON so)")


def _floats(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_floats(one) for one in value.values())
    if isinstance(value, list | tuple):
        return any(_floats(one) for one in value)
    return isinstance(value, float)


@promise("http.pages-end", "a vendor that repeats its page for ever ends the read instead of looping")
def _pages_end(ground: Ground) -> None:
    for stream in ground.play().streams:
        played = ground.play()
        first: dict[tuple[str, str], WireResponse] = {}

        def stuck(
            wire: WireRequest, got: WireResponse, first: dict[tuple[str, str], WireResponse] = first
        ) -> WireResponse:
            return first.setdefault((wire.method, wire.path), got)

        played.wire.change = stuck
        with contextlib.suppress(BenehubError):
            read(played, stream)
        if len(played.wire.log) >= MAX_CALLS:
            raise Broken(f"{stream}: it asks for ever", "Use benehub's pagers: they notice repetition and have a cap")


@promise("http.429", "after 429 it waits as long as Retry-After says and gives the same rows")
def _slow_down(ground: Ground) -> None:
    _survives(ground, FaultKind.BURST_429, waits=7)


@promise("http.5xx", "one 503 is survived with the same rows; endless ones end as retriable within the budget")
def _unavailable(ground: Ground) -> None:
    _survives(ground, FaultKind.UNAVAILABLE)
    for stream in ground.play().streams:
        played = ground.play()
        played.wire.faults.add(FaultKind.UNAVAILABLE, times=MAX_CALLS)
        error = _error_of(played, stream)
        if not isinstance(error, RetriableError):
            raise Broken(f"{stream}: endless 503 ends in {type(error).__name__}", "Let the client's error through")
        if len(played.wire.log) > 12:
            raise Broken(
                f"{stream}: {len(played.wire.log)} calls to a vendor that is down", "Leave retries to the client"
            )


def _survives(ground: Ground, kind: FaultKind, waits: int = 0) -> None:
    for stream in ground.play().streams:
        calm = read(ground.play(), stream)
        played = ground.play()
        played.wire.faults.add(kind, retry_after=waits)
        try:
            got = read(played, stream)
        except BenehubError as error:
            raise Broken(
                f"{stream}: one {kind.value} ends the read ({type(error).__name__})", "Use link.http()"
            ) from error
        if got.told() != calm.told():
            raise Broken(f"{stream}: other rows after one {kind.value}", "Keep no state between calls")
        if sum(played.waits) < waits:
            raise Broken(f"{stream}: Retry-After is not waited for", "Send by link.http(), which waits")


@promise("http.401", "a refusal of the credentials asks a person, and the vendor is not asked again and again")
def _refused(ground: Ground) -> None:
    for stream in ground.play().streams:
        played = ground.play()
        played.wire.faults.add(FaultKind.UNAUTHORIZED, times=MAX_CALLS)
        error = _error_of(played, stream)
        if not isinstance(error, ReauthNeeded):
            raise Broken(f"{stream}: 401 ends in {type(error).__name__}", "Let the client's ReauthNeeded through")
        if len(played.wire.log) > 3:
            raise Broken(f"{stream}: {len(played.wire.log)} calls with refused credentials", "Ask once")


@promise("http.token-expiry", "a token that ends in mid-read is renewed once and no row is lost")
def _expiry(ground: Ground) -> None:
    if not ground.play().stage.renews:
        raise NotHere("its credentials do not expire")
    for stream in ground.play().streams:
        calm = ground.play()
        rows = read(calm, stream).told()
        played = ground.play()
        played.wire.faults.add(FaultKind.UNAUTHORIZED, skip=len(calm.wire.log) - 1)
        if read(played, stream).told() != rows:
            raise Broken(f"{stream}: other rows after a renewed token", "Keep no state between calls")


@promise("http.dry-run", "in a dry run it reads as ever: no read is declared as a write")
def _dry_run(ground: Ground) -> None:
    read_all(ground.play(dry_run=True))


@promise("http.unknown-field", "a field the vendor adds tomorrow changes nothing and stays in the payload")
def _unknown(ground: Ground) -> None:
    for stream in ground.play().streams:
        calm = read(ground.play(), stream)
        played = ground.play()
        played.wire.change = lambda _wire, got: _rewritten(got, _add)
        try:
            got = read(played, stream)
        except BenehubError as error:
            raise Broken(f"{stream}: a new field ends the read ({type(error).__name__})", "Ignore it") from error
        if got.told() != calm.told():
            raise Broken(f"{stream}: a new field changes rows", "Take fields by name")
        if not any(b"benehubKit" in page.payload for page in got.pages):
            raise Broken(f"{stream}: a new field is not in the payload", "Hand on the exact body as Page.payload")


@promise("http.missing-field", "a field that is missing is told in the row's problem or by intake; the row is not lost")
def _missing(ground: Ground) -> None:
    for stream in ground.play().streams:
        calm = read(ground.play(), stream)
        for name in _field_names(ground, stream):
            played = ground.play()
            played.wire.change = lambda _wire, got, name=name: _rewritten(
                got, lambda one: {key: value for key, value in one.items() if key != name}
            )
            try:
                rows = read(played, stream).rows
            except BenehubError:
                continue  # told, by name
            except Exception as error:
                raise Broken(
                    f"{stream}: without {name!r} it ends in {type(error).__name__}", "Ask for it by .get"
                ) from error
            if len(rows) < len(calm.rows) and not any(row.problem for row in rows):
                raise Broken(f"{stream}: without {name!r} rows are gone in silence", "Give the row, with `problem`")


@promise("read.private", "no secret and no SSN shows in logs, errors or addresses, whatever goes wrong")
def _private(ground: Ground) -> None:
    played = ground.play()
    with listening() as heard:
        reads = read_all(played)
        words = secret_words(played, (row.data for got in reads for row in got.rows))
        if played.line is not None:
            for kind in (FaultKind.UNAUTHORIZED, FaultKind.UNAVAILABLE, FaultKind.HTML_PAGE, FaultKind.MALFORMED_JSON):
                for stream in played.streams:
                    bad = ground.play()
                    bad.wire.faults.add(kind, times=MAX_CALLS)
                    heard.error(_error_of(bad, stream))
                    silent_about(words, addresses(bad), "an address")
    silent_about(words, addresses(played), "an address")
    silent_about(words, heard.words, "a log or an error")


def _error_of(played: Played, stream: str) -> BaseException:
    try:
        read(played, stream)
    except BenehubError as error:
        return error
    except Exception as error:
        raise Broken(
            f"it ends in {type(error).__name__}", "Let no exception of your own or of a library out"
        ) from error
    return RuntimeError("no error")


def _leaves(value: Any) -> Iterator[dict[str, Any]]:
    """Objects of plain values only: what is most surely a row, not a table by id."""
    if isinstance(value, dict):
        if len(value) > 1 and not any(isinstance(one, dict | list) for one in value.values()):
            yield value
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)


def _field_names(ground: Ground, stream: str) -> list[str]:
    """Names of fields in the vendor's rows, at most 40."""
    names: dict[str, None] = {}
    played = ground.play()

    def note(_wire: WireRequest, got: WireResponse) -> WireResponse:
        for one in _leaves(_json(got)):
            names.update(dict.fromkeys(one))
        return got

    played.wire.change = note
    read(played, stream)
    return list(names)[:40]


def _json(got: WireResponse) -> Any:
    try:
        return jsontext.parse(got.body)
    except ValueError:
        return None


def _add(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "benehubKit": "kept"}


def _rewritten(got: WireResponse, change: Callable[[dict[str, Any]], dict[str, Any]]) -> WireResponse:
    """The answer with every plain object changed; what is no JSON stays."""
    told = _json(got)
    if told is None or got.status >= 300 or (isinstance(told, dict) and "access_token" in told):
        return got

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            plain = len(value) > 1 and not any(isinstance(one, dict | list) for one in value.values())
            return change(value) if plain else {key: walk(one) for key, one in value.items()}
        return [walk(one) for one in value] if isinstance(value, list) else value

    return WireResponse(got.status, got.headers, jsontext.dump(walk(told)).encode())
