"""A mailbox that holds one file the hub has kept: so a connector reads it again with the code and map of today."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from benehub.connect.content import Content
from benehub.connect.files import RemoteFile, split_pattern
from benehub.errors import DataError


@dataclass(frozen=True, slots=True)
class StoredMailbox:
    """The one file under its name; nothing can be put there."""

    name: str
    data: bytes = field(repr=False)

    def list(self, pattern: str) -> list[RemoteFile]:
        """The file, where the pattern takes it."""
        folder, last = split_pattern(pattern)
        mine, _, name = self.name.rpartition("/")
        return [RemoteFile(self.name, len(self.data))] if mine == folder and fnmatchcase(name, last) else []

    def read(self, name: str) -> bytes:
        """Its bytes.

        Raises:
            DataError: another file is asked for.
        """
        if name != self.name:
            raise DataError("no such file", where=name, mend="Read the connection itself")
        return self.data

    def put(self, name: str, data: Content) -> None:
        """Never.

        Raises:
            DataError: always; what is kept is only read.
        """
        raise DataError("a stored file is only read", where=name, mend="Deliver by the connection itself")

    def archive(self, name: str) -> str:
        """Never.

        Raises:
            DataError: always; what is kept is only read.
        """
        raise DataError("a stored file is only read", where=name, mend="Archive by the connection itself")


class NoMailbox(StoredMailbox):
    """The mailbox of a connection whose files are uploaded by hand: nothing lies there."""

    def __init__(self) -> None:
        super().__init__("", b"")

    def list(self, pattern: str) -> list[RemoteFile]:
        """Nothing."""
        return []
