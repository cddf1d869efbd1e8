"""Promises of mailboxes with the hub between: a file leaves once, appears whole, counts once however often it comes.

The hub's own outbox delivers and its own custody reads, on a real database: what is proven is connector, mailbox and
hub together.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from benehub import dispatch
from benehub.connect.connector import FileOut
from benehub.connect.content import Content
from benehub.connect.files import Mailbox, RemoteFile
from benehub.connect.verdict import unavailable
from benehub.dispatch.outbox import Frozen
from benehub.errors import BenehubError, ConflictError, NeedsPersonError
from benehub.flows.send import send_batch
from benehub.testing.checks import Broken, Ground, NotHere, promise
from benehub.testing.filing import rendered
from benehub.testing.kithub import played_hub
from benehub.testing.line import Killed
from benehub.testing.reading import read
from benehub.testing.stage import CONNECTION, EMPLOYER, Played


@promise("file.whole", "a file is seen under its name once it is whole; one that breaks off is not seen at all")
def _whole(ground: Ground) -> None:
    for operation, box, made in _files(ground):
        growing = _Growing(box, made)
        if not growing.breaks():
            raise NotHere("its mailbox is no place of files")
        if growing.seen or _seen(box, made.name):
            raise Broken(f"{operation}: a half-written file is seen", "Write NAME.part, hold its size, then rename it")
        box.put(made.name, made.data)
        if box.read(made.name) != made.data:
            raise Broken(f"{operation}: after a break other bytes lie there", "Write it anew from its beginning")


class _Growing:
    """A file that breaks off in its middle when it is written; somebody looks for it just before."""

    def __init__(self, box: Mailbox, made: FileOut) -> None:
        self._box, self._made, self._calls = box, made, 0
        self.broke = self.seen = False

    def breaks(self) -> bool:
        """Deliver it; gives whether it broke off in its middle."""
        with suppress(BenehubError, OSError):
            self._box.put(self._made.name, self.pieces)
        return self.broke

    def pieces(self) -> Iterator[bytes]:
        """Its pieces: whole while its size is taken, then up to its middle."""
        self._calls += 1
        half = len(self._made.data) // 2
        yield self._made.data[:half]
        if self._calls > 1:
            self.seen, self.broke = _seen(self._box, self._made.name), True
            raise OSError("the disk is full")
        yield self._made.data[half:]


@promise("file.taken", "a name in use by other bytes is refused, and what lies there stays")
def _taken(ground: Ground) -> None:
    for operation, box, made in _files(ground):
        if not _Growing(box, replace(made, name=f"{made.name}.try")).breaks():
            raise NotHere("its mailbox is no place of files")
        box.put(made.name, made.data)
        try:
            box.put(made.name, made.data + b"\n")
        except (ConflictError, NeedsPersonError):
            if any(one.size != len(made.data) for one in box.list(made.name)):
                raise Broken(f"{operation}: a delivered file was changed", "Never write under a name in use") from None
            continue
        raise Broken(f"{operation}: other bytes under a name in use are taken", "Refuse them with ConflictError")


@promise("file.once", "delivered again, after a break or a death, it leaves once; gone from the mailbox proves nothing")
def _once(ground: Ground) -> None:
    for operation in sorted(ground.connector.files_out):
        for broken, swept in (("", False), ("dies", False), ("breaks off", True)):
            _delivered(ground, operation, broken, swept)


def _delivered(ground: Ground, operation: str, broken: str, swept: bool) -> None:
    """Deliver a file, which breaks off once it lies there, and may be swept by the vendor; then once more."""
    played, guard, state = ground.play(), ground.connector.guards[operation], ""
    items, made = rendered(played, operation)
    box = _Watched(played.link.files(), broken)
    played.link = replace(played.link, mailbox=box)
    hub, key = played_hub(ground.room(), played), f"kit/{operation}"
    frozen = Frozen(CONNECTION, operation, key, made.content, guard, len(items), 0, "USD", made.name, 7)
    with closing(hub.store):
        for _ in range(2):
            with hub.store.write(EMPLOYER) as session:
                ids = dispatch.prepare_all(session, [frozen])
            with suppress(Killed):
                (state,) = send_batch(hub, EMPLOYER, CONNECTION, ids)
            if swept:
                box.swept.add(made.name)
    # Whoever knows a repetition by its number may be sent it again; of others a person is asked.
    wanted = "held" if swept and not guard.repeat_safe else "sent"
    if state != wanted or box.puts > (2 if broken and guard.repeat_safe else 1):
        how = f"the first delivery {broken or 'is whole'}{', and the vendor takes the file away' * swept}"
        raise Broken(
            f"{operation}: it ends {state} after {box.puts} deliveries, not {wanted}, where {how}",
            "Declare the guard that the vendor really gives",
        )


class _Watched:
    """A mailbox that counts deliveries; the next may break off, or its process die, after the file lies there."""

    def __init__(self, inner: Mailbox, broken: str) -> None:
        self._inner, self._broken = inner, broken
        self.swept: set[str] = set()
        self.puts = 0

    def list(self, pattern: str) -> list[RemoteFile]:
        """What lies there."""
        return [one for one in self._inner.list(pattern) if one.name not in self.swept]

    def read(self, name: str) -> bytes:
        """A file's bytes."""
        return self._inner.read(name)

    def put(self, name: str, data: Content) -> str | None:
        """Deliver a file."""
        self.puts += 1
        said = self._inner.put(name, data)
        if self.puts == 1 and self._broken == "dies":
            raise Killed
        if self.puts == 1 and self._broken:
            raise unavailable("the line broke", where=name, sent=True)
        return said

    def archive(self, name: str) -> str:
        """Move a file away."""
        return self._inner.archive(name)


@promise("box.partly", "a file that is still being written is not read; once it is whole it is")
def _partly(ground: Ground) -> None:
    room, played = _delivered_to(ground)
    files = [one for one in room.rglob("*") if one.is_file()]
    for file in files:
        file.rename(file.with_name(f"{file.name}.part"))
    for stream in played.streams:
        if read(played, stream).rows:
            raise Broken(f"{stream}: a file that ends in .part is read", "List the mailbox, not the folder")
    for file in files:
        file.with_name(f"{file.name}.part").rename(file)
    if not any(read(played, stream).rows for stream in played.streams):
        raise Broken("a file that has become whole is not read", "Remember only what was read")


@promise("box.again", "a file that is fetched twice, or comes twice under two names, changes nothing the second time")
def _again(ground: Ground) -> None:
    room, played = _delivered_to(ground)
    hub = played_hub(ground.room(), played)
    with closing(hub.store):
        first = hub.sync_all("first")
        calm = hub.books()
        again = hub.sync_all("fetched again")
        again.read_again(first)
        if again.applied or hub.books() != calm:
            raise Broken("a file fetched twice changes what is known", "Give its rows the same keys each time")
        for file in [one for one in room.rglob("*") if one.is_file()]:
            shutil.copy(file, file.with_name(f"{file.stem}-2{file.suffix}"))
        hub.sync_all("twice").came_twice(again)
        now = hub.books()
        if (now.facts, now.told) != (calm.facts, calm.told):
            raise Broken("a file that comes twice counts twice", "Know rows by what they say, not by their file")


def _delivered_to(ground: Ground) -> tuple[Path, Played]:
    """A stage whose vendor has delivered files into a folder."""
    room = ground.room()
    played = Played(ground.connector, ground.maker(room))
    if played.stage.deliver is None:
        raise Broken("the stage delivers no file", "Give `deliver`")
    played.stage.deliver()
    if not any(one.is_file() for one in room.rglob("*")):
        raise NotHere("its mailbox is no folder of the stage")
    return room, played


def _files(ground: Ground) -> Iterator[tuple[str, Mailbox, FileOut]]:
    """A rendered file of each operation, and the mailbox it goes to."""
    for operation in sorted(ground.connector.files_out):
        played = ground.play()
        yield operation, played.link.files(), rendered(played, operation)[1]


def _seen(box: Mailbox, name: str) -> bool:
    """Whether somebody who looks finds a file of this name."""
    try:
        return any(one.name == name for one in box.list(name))
    except BenehubError:
        return False  # the folder comes with its first file
