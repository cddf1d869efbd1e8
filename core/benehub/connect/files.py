"""Mailboxes: folders where files are exchanged, here or at a vendor's SFTP server (`sftp.SftpMailbox`).

A file appears under its name only when it is whole: it is written as `NAME.part`, its size is held against
what was sent, then it is renamed. A second delivery of the same bytes under the same name does nothing; other
bytes under a name in use are refused. A file that is absent proves nothing: vendors sweep their inboxes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Protocol

from benehub.connect.content import Content, pieces, same, size_of
from benehub.connect.verdict import unavailable
from benehub.crypto import mask
from benehub.errors import BenehubError, ConfigError, ConflictError, DataError, FatalError, NeedsPersonError

MAX_BYTES = 256 * 1024 * 1024
"""Largest file read or written unless a mailbox says otherwise."""

MOST_BYTES = 4 * 1024 * 1024 * 1024
"""What a mailbox may say: a file that is read is in memory whole, one that is written is not."""

MAX_ENTRIES = 10_000
"""Most entries of a folder; more is a mailbox nobody empties."""

PIECE = 1 << 20
"""Bytes of a file in memory while it is compared."""

ARCHIVE = "archive"
"""Folder below the mailbox's root where handled files go, under the name they had."""

_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file in a mailbox: its name relative to the mailbox's root, and its size in bytes."""

    name: str
    size: int


class Mailbox(Protocol):
    """What connectors and flows need of a place for files; names are relative, with `/`."""

    def list(self, pattern: str) -> list[RemoteFile]:
        """Whole files (no `.part`) of one folder by a pattern like `outbound/*.834`, sorted by name."""
        ...

    def read(self, name: str) -> bytes:
        """A file's bytes."""
        ...

    def put(self, name: str, data: Content) -> str | None:
        """Deliver a file; ConflictError where the name is taken by other bytes. A long file comes in pieces."""
        ...

    def archive(self, name: str) -> str:
        """Move a handled file away; its new name."""
        ...


def check_name(name: str) -> str:
    """`name` if it stays inside a mailbox.

    Raises:
        DataError: it is empty or absolute, climbs, or holds a backslash or a control character.
    """
    parts = name.split("/")
    climbs = any(part.strip() in ("", ".", "..") for part in parts)
    if climbs or "\\" in name or not name.isprintable() or len(name) > 1000:
        raise DataError(
            "a file name that leaves its mailbox or cannot be one",
            mend="Use a relative name without .. or \\",
        )
    return name


def check_size(name: str, size: int, cap: int) -> None:
    """Nothing, or DataError for a file above the cap."""
    if size > cap:
        raise DataError(
            f"{size} bytes, more than the cap of {cap}",
            where=shown(name),
            mend="Raise the mailbox's size cap",
        )


def split_pattern(pattern: str) -> tuple[str, str]:
    """Folder (empty for the root) and file pattern.

    Raises:
        DataError: as `check_name`, or a wildcard in the folder.
    """
    folder, _, last = check_name(pattern).rpartition("/")
    if _WILD & set(folder):
        raise DataError("a wildcard in a folder's name", mend="Use wildcards in the last part only")
    return folder, last


def wanted(entry: str, pattern: str) -> bool:
    """Whether a folder's entry is a whole file that matches."""
    return not entry.endswith(".part") and entry.isprintable() and fnmatchcase(entry, pattern)


def archived_name(name: str, attempt: int) -> str:
    """Where a handled file goes; attempt 0 keeps its name, later ones add a number."""
    return f"{ARCHIVE}/{name}" + (f".{attempt}" if attempt else "")


def taken(name: str) -> ConflictError:
    """The error for a name that other bytes hold."""
    return ConflictError(
        "another file has this name already",
        where=shown(name),
        mend="Give the new content a new name; a delivered file is never overwritten",
    )


def too_many(folder: str) -> FatalError:
    """The error for a folder with more than `MAX_ENTRIES` entries."""
    return FatalError(f"more than {MAX_ENTRIES} entries", where=shown(folder or "/"), mend="Empty the folder")


def absent(name: str) -> DataError:
    """The error for a file that is not there."""
    return DataError("there is no such file or folder", where=shown(name), mend="List the mailbox again")


def shown(name: str) -> str:
    """A file's name for messages."""
    return f"file {mask(name)}"


class FolderMailbox:
    """A folder of this machine, e.g. one that another program carries to the vendor.

    Args:
        root: an existing folder.
        max_bytes: largest file read or written.
    """

    def __init__(self, root: Path, *, max_bytes: int = MAX_BYTES) -> None:
        if not root.is_dir():
            raise ConfigError("the mailbox folder is not there", where=str(root), mend="Create it")
        self._root = root.resolve()
        self._cap = max_bytes

    def list(self, pattern: str) -> list[RemoteFile]:
        """Whole files of one folder, sorted by name.

        Raises:
            DataError: no such folder, or a pattern that leaves the mailbox.
        """
        folder, last = split_pattern(pattern)
        found = []
        with _told(folder or "/"), os.scandir(self._path(folder)) as entries:
            for seen, entry in enumerate(entries):
                if seen >= MAX_ENTRIES:
                    raise too_many(folder)
                if entry.is_file(follow_symlinks=False) and wanted(entry.name, last):
                    name = str(PurePosixPath(folder, entry.name))
                    found.append(RemoteFile(name, entry.stat().st_size))
        return sorted(found, key=lambda file: file.name)

    def read(self, name: str) -> bytes:
        """A file's bytes.

        Raises:
            DataError: no such file, or larger than the cap.
        """
        path = self._path(check_name(name))
        with _told(name), path.open("rb") as stream:
            data = stream.read(self._cap + 1)
        check_size(name, len(data), self._cap)
        return data

    def put(self, name: str, data: Content) -> None:
        """Deliver a file: `.part`, size check, rename; the folder is made where it is missing.

        Raises:
            ConflictError: the name is taken by other bytes.
            VendorUnavailable: the disk did not take it whole.
        """
        size = size_of(data)
        check_size(name, size, self._cap)
        path = self._path(check_name(name))
        part = path.with_name(path.name + ".part")
        with _told(name):
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as stream:
                stream.writelines(pieces(data))
                stream.flush()
                os.fsync(stream.fileno())
            if part.stat().st_size != size:
                part.unlink()
                raise unavailable("the file was not written whole", where=shown(name), sent=False)
            try:
                # A link, not a rename: it fails where the name is taken, also between two writers.
                path.hardlink_to(part)
            except FileExistsError:
                if path.stat().st_size != size or not same(lambda: _pieces_of(path), data):
                    raise taken(name) from None
            finally:
                part.unlink()

    def archive(self, name: str) -> str:
        """Move a handled file below `archive/`.

        Raises:
            DataError: no such file.
            FatalError: the archive holds the name a thousand times.
        """
        path = self._path(check_name(name))
        with _told(name):
            path.stat()
            for attempt in range(1000):
                new = archived_name(name, attempt)
                target = self._path(new)
                target.parent.mkdir(parents=True, exist_ok=True)
                try:
                    target.hardlink_to(path)
                except FileExistsError:
                    continue
                path.unlink()
                return new
        raise FatalError("the archive holds this name too often", where=shown(name), mend="Empty the archive")

    def _path(self, name: str) -> Path:
        """The path of a checked name; a symbolic link must not lead out either."""
        path = self._root / name
        if not path.resolve().is_relative_to(self._root):
            raise DataError("the name leads out of its mailbox", where=shown(name), mend="Remove the link")
        return path


def _pieces_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from iter(lambda: stream.read(PIECE), b"")


@contextmanager
def _told(name: str) -> Iterator[None]:
    """The operating system's refusals as the hub's errors."""
    try:
        yield
    except BenehubError:
        raise
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise absent(name) from None
    except PermissionError:
        raise NeedsPersonError(
            "no permission for this file", where=shown(name), mend="Give the service user access"
        ) from None
    except OSError as error:
        what = f"the folder does not work ({error.strerror})"
        raise unavailable(what, where=shown(name), sent=False) from None
