"""The sandbox's mailbox: a real SFTP server on the loopback, and the vendor's habit of sweeping it.

The server itself is `connect.sftp_server`, since only `connect` speaks SSH; here is what a simulated vendor
does with the files.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benehub.connect.sftp_server import SftpAddress, new_key_pair, serve_sftp

__all__ = ["SftpAddress", "make_folders", "new_key_pair", "serve_sftp", "sweep"]


def make_folders(root: Path, *names: str) -> None:
    """The folders a vendor offers, e.g. `inbound`, `outbound`; existing ones stay as they are."""
    for name in names:
        (root / name).mkdir(parents=True, exist_ok=True)


def sweep(root: Path, folder: str, handle: Callable[[str, bytes], None]) -> list[str]:
    """Hand every whole file of a folder to the vendor's program and remove it, in order of name.

    A `.part` is left alone, as vendors do. A file whose handling raises stays where it is.
    """
    taken = []
    for path in sorted((root / folder).iterdir()):
        if path.is_file() and path.suffix != ".part":
            handle(path.name, path.read_bytes())
            path.unlink()
            taken.append(path.name)
    return taken
