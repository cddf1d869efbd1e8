"""Reading a mailbox so that every file is read once, also one that arrives late under an earlier name.

The cursor remembers the content of every file that still lies there, not only the last name: answers overtake
each other, and an export that keeps one name for ever has other bytes every day.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from benehub.connect.files import Mailbox
from benehub.errors import ConfigError, DataError


@dataclass(frozen=True, slots=True)
class Mail:
    """A file not read before: its bytes, and the cursor once it is applied.

    `problem` says why it could not be read at all (larger than the cap); its bytes are empty then.
    """

    name: str
    data: bytes = field(repr=False)
    cursor: str
    problem: str = ""


def unread(mailbox: Mailbox, folder: str, patterns: Sequence[str], cursor: str | None) -> Iterator[Mail]:
    """The files of `folder` that match one of `patterns` (case does not matter) and are new since `cursor`.

    Raises:
        ConfigError: the cursor is none of ours.
        DataError: there is no such folder.
        NeedsPersonError, VendorUnavailable: the mailbox does not answer.
    """
    known = _known(cursor)
    low = [pattern.casefold() for pattern in patterns]
    listed = [file.name for file in mailbox.list(f"{folder}/*" if folder else "*")]
    names = [name for name in listed if any(fnmatchcase(_last(name).casefold(), p) for p in low)]
    kept = {name: known[name] for name in names if name in known}
    for name in names:
        problem, data = "", b""
        try:
            data = mailbox.read(name)
            digest = hashlib.sha256(data).hexdigest()
        except DataError as error:
            problem, digest = str(error), "unreadable"
        if known.get(name) == digest:
            continue
        kept[name] = digest
        yield Mail(name, data, json.dumps({"last": name, "digest": digest, "files": kept}, sort_keys=True), problem)


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _known(cursor: str | None) -> dict[str, str]:
    if not cursor:
        return {}
    try:
        files = json.loads(cursor)["files"]
        return {str(name): str(digest) for name, digest in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError("the stored cursor is not one of a mailbox", mend="Read the stream in full once") from None
