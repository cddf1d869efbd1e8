"""One file that holds a backup: a zip of the database, the artefacts, and a manifest that tells what is in it.

It is written under a name of its own and takes its real one when it is whole, so that no half backup is ever found.
Each part has a checksum, which reading it to its end proves.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from benehub.errors import DataError, FormatError

FORMAT = 1
"""What is written; another number is not read."""

MANIFEST = "manifest.json"

BLOCK = 1 << 20
"""Bytes copied at once."""


class Writer:
    """A backup that is being written."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self._packed = packed

    @contextmanager
    def part(self, name: str) -> Iterator[IO[bytes]]:
        """A part, to be written to; however long it gets."""
        with self._packed.open(name, "w", force_zip64=True) as sink:
            yield sink

    def file(self, name: str, path: Path) -> None:
        """A part that is a file's content."""
        with path.open("rb") as source, self.part(name) as sink:
            shutil.copyfileobj(source, sink, BLOCK)

    def tell(self, manifest: dict[str, Any]) -> None:
        """The manifest."""
        with self.part(MANIFEST) as sink:
            sink.write(json.dumps({"format": FORMAT, **manifest}, indent=1, sort_keys=True).encode())


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A backup file that its owner alone may read; it is there once all is written, and only then.

    Its folder is made where it alone is missing.

    Raises:
        DataError: a file of this name is there already, or its folder cannot be written to.
    """
    if path.exists():
        raise DataError("the file is there already", where=str(path), mend="Name another one; no backup is overwritten")
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise DataError(
            f"cannot be written ({type(error).__name__})", where=str(path), mend="Name a file in a folder of yours"
        ) from None
    try:
        with os.fdopen(handle, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
                yield Writer(packed)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        _keep_names(path.parent)
    finally:
        part.unlink(missing_ok=True)


class Archive:
    """A backup that is read."""

    def __init__(self, packed: zipfile.ZipFile, where: str) -> None:
        self._packed = packed
        self._where = where
        with self.part(MANIFEST) as source:
            self.manifest: dict[str, Any] = json.loads(source.read())
        if self.manifest.get("format") != FORMAT:
            raise FormatError("a backup of another format", where=where, mend="Restore it with the release it is of")

    @contextmanager
    def part(self, name: str) -> Iterator[IO[bytes]]:
        """A part, to be read.

        Raises:
            FormatError: it is not there, or not what was written.
        """
        try:
            with self._packed.open(name) as source:
                yield source
        except (KeyError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise FormatError(
                f"{name} is not what was written ({type(error).__name__})",
                where=self._where,
                mend="Take another backup: this file is damaged",
            ) from None

    def names(self, folder: str) -> list[str]:
        """The parts of a folder.

        Raises:
            FormatError: one of them would not stay in that folder.
        """
        found = [name for name in self._packed.namelist() if name.startswith(f"{folder}/")]
        for name in found:
            if ".." in name.split("/") or "\\" in name or ":" in name:
                raise FormatError("a part leads out of its folder", where=self._where, mend="This is no backup of ours")
        return found

    def extract(self, name: str, path: Path) -> None:
        """Write a part to a file, which is there once it is whole.

        Raises:
            FormatError: as `part`.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        try:
            with self.part(name) as source, part.open("wb") as sink:
                shutil.copyfileobj(source, sink, BLOCK)
                sink.flush()
                os.fsync(sink.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Iterator[Archive]:
    """A backup file.

    Raises:
        FormatError: it is none.
        DataError: there is no such file.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            yield Archive(packed, str(path))
    except FileNotFoundError:
        raise DataError("there is no such file", where=str(path), mend="Name the file that `backup` wrote") from None
    except zipfile.BadZipFile:
        raise FormatError("this is no backup", where=str(path), mend="Name a file that `backup` wrote") from None


def _keep_names(folder: Path) -> None:
    """Names of files survive a power cut only once their folder is written."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
