"""Promises of files: the same content gives the same bytes, totals tie, names tell nothing, mailboxes are safe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from benehub.connect.connector import Envelope, FileOut, Item
from benehub.errors import BenehubError, DataError
from benehub.records import OPERATIONS
from benehub.testing.checks import Broken, Ground, promise
from benehub.testing.reading import read
from benehub.testing.stage import Played
from benehub.testing.watching import listening, secret_words, silent_about


def _items(played: Played, operation: str) -> list[Item]:
    contents = played.stage.items.get(operation, ())
    if not contents:
        raise Broken(f"the stage has nothing to write for {operation}", "Give `items`")
    return [Item(operation, f"kit/{operation}/{number}", one) for number, one in enumerate(contents, 1)]


def _envelope(played: Played, items: list[Item]) -> Envelope:
    """As the hub allocates one; its total is the money of the items."""
    total = 0
    for one in items:
        paid = one.content.get("paid_minor", one.content.get("amount_minor", 0))
        total += int(paid) + sum(one.content.get("amounts", {}).values())
    return Envelope(7, played.stage.now, "KIT7", total, played.stage.now.date().isoformat())


def rendered(played: Played, operation: str) -> tuple[list[Item], FileOut]:
    """What the stage has to write of an operation, and the file of it."""
    items = _items(played, operation)
    return items, played.connector.render(operation, items, _envelope(played, items), played.link.settings)


@promise("file.bytes", "the same items and envelope give the same bytes, another control number others")
def _bytes(ground: Ground) -> None:
    for operation in sorted(ground.connector.files_out):
        (items, first), (_, second) = (rendered(ground.play(), operation) for _ in range(2))
        if replace(first, content=first.data) != replace(second, content=second.data):
            raise Broken(f"{operation}: two renderings differ", "Take time and numbers from the envelope")
        played = ground.play()
        other = replace(_envelope(played, items), control=8, reference="KIT8")
        if played.connector.render(operation, items, other, played.link.settings).name == first.name:
            raise Broken(f"{operation}: two files of one day have one name", "Put the control number into the name")


@promise("file.items", "what the stage writes is content of its operation's record, and what is not is refused by key")
def _content(ground: Ground) -> None:
    for operation in sorted(ground.connector.files_out):
        played = ground.play()
        for one in _items(played, operation):
            OPERATIONS[operation].model_validate(one.content)
        broken = [Item(operation, "kit/broken", {})]
        try:
            played.connector.render(operation, broken, _envelope(played, broken), played.link.settings)
        except DataError:
            continue
        except Exception as error:
            raise Broken(f"{operation}: empty content ends in {type(error).__name__}", "Raise DataError") from error
        raise Broken(f"{operation}: empty content is written", "Refuse it with DataError")


@promise("file.totals", "control totals count the items, and money in them ties to the items to the cent")
def _totals(ground: Ground) -> None:
    for operation in sorted(ground.connector.files_out):
        items, made = rendered(ground.play(), operation)
        if not made.totals:
            raise Broken(f"{operation}: no control totals", "Give FileOut.totals, at least the number of items")
        money = [value for name, value in made.totals.items() if name.endswith("_minor")]
        sums = _sums(items)
        # Totals may be of parts, with the signs of the vendor's kinds: then all of them together are the sum.
        if money and sums and not {*money, sum(map(abs, money))} & {*sums, sum(sums)}:
            raise Broken(f"{operation}: no total in money is a sum over the items", "Sum what was written")


def _sums(items: list[Item]) -> list[int]:
    """What each field of money adds up to over the items; `amounts` holds money by source."""
    sums: dict[str, int] = {}
    for one in items:
        for name, value in one.content.items():
            if name.endswith("_minor") and isinstance(value, int):
                sums[name] = sums.get(name, 0) + value
            elif name == "amounts" and isinstance(value, Mapping):
                sums[name] = sums.get(name, 0) + sum(value.values())
    return [value for value in sums.values() if value]


@promise("file.private", "file name, logs and errors hold no name, number, secret or SSN of a person")
def _private(ground: Ground) -> None:
    for operation in sorted(ground.connector.files_out):
        with listening() as heard:
            played = ground.play()
            items, made = rendered(played, operation)
            broken = [Item(one.operation, one.key, {**one.content, "birth_date": "x"}) for one in items]
            try:
                played.connector.render(operation, broken, _envelope(played, broken), played.link.settings)
            except BenehubError as error:
                heard.error(error)
        words = secret_words(played, [one.content for one in items])
        silent_about(words, heard.words, "a log or an error")
        people = {str(one.content.get(name, "")) for one in items for name in ("last_name", "ssn", "member_id")} - {""}
        if any(word.lower() in made.name.lower() for word in people):
            raise Broken(f"{operation}: the file's name tells a person", "Name files by kind, date and control number")


@promise(
    "file.delivery", "a file put into the mailbox lies there byte for byte, and putting it again makes no second one"
)
def _delivery(ground: Ground) -> None:
    for operation in sorted(ground.connector.files_out):
        played = ground.play()
        _, made = rendered(played, operation)
        box = played.link.files()
        for _ in range(2):
            box.put(made.name, made.data)
        seen = [one for one in box.list(made.name) if one.size == len(made.data)]
        if len(seen) != 1:
            raise Broken(f"{operation}: {len(seen)} files in the mailbox after two deliveries", "Let put replace")


@promise("box.rubbish", "a file of rubbish in the inbox ends in a named error or rows with problems, never in a crash")
def _rubbish(ground: Ground) -> None:
    room = ground.room()
    played = Played(ground.connector, ground.maker(room))
    if played.stage.deliver is None:
        raise Broken("the stage delivers no file", "Give `deliver`")
    played.stage.deliver()
    for file in [one for one in room.rglob("*") if one.is_file()]:
        file.write_bytes(b"\x00\xff\xfeISA*rubbish\n\x00,,;;\xc3(")
    for stream in played.streams:
        try:
            read(played, stream)
        except BenehubError:
            continue
        except Exception as error:
            raise Broken(
                f"{stream}: rubbish ends in {type(error).__name__}", "Raise FormatError or DataError"
            ) from error
