"""Reads and writes the files a person names, with an error that says what is wrong with it and not a traceback."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

from benehub.errors import DataError

MAX_BYTES = 20_000_000
"""Largest file that is taken whole."""


def read_text(path: Path) -> str:
    """The text of a file; `-` is standard input.

    Raises:
        DataError: it is missing, too large, no UTF-8 text, or may not be read.
    """
    if str(path) == "-":
        return sys.stdin.read(MAX_BYTES)
    must_be_file(path)
    if path.stat().st_size > MAX_BYTES:
        raise DataError(f"larger than {MAX_BYTES} bytes", where=str(path), mend="Name the right file")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError("no UTF-8 text", where=str(path), mend="Save it as UTF-8") from None
    except OSError as error:
        raise DataError(f"cannot be read ({type(error).__name__})", where=str(path), mend="Mend its rights") from None


def must_be_file(path: Path) -> Path:
    """The path, where it is a file.

    Raises:
        DataError: there is none.
    """
    if not path.is_file():
        raise DataError("there is no such file", where=str(path), mend="Check the name and the working folder")
    return path


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole.

    Raises:
        DataError: it cannot be written.
    """
    try:
        path.write_bytes(content)
    except OSError as error:
        raise _unwritable(path, error) from None


def new_text(path: Path) -> TextIO:
    """A file to write text to, anew.

    Raises:
        DataError: it cannot be written.
    """
    try:
        return path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(
        f"cannot be written ({type(error).__name__})", where=str(path), mend="Name a file in a folder of yours"
    )
