"""A real SFTP server on the loopback, for the sandbox and for proofs: the mailbox is then nobody's mock.

It lives in this room because only this room speaks SSH. It is no server for production.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
from asyncssh.constants import FXF_WRITE

from benehub.connect.loop import loop_thread

_FAULTS = frozenset({"short_write", "drop_after_rename"})


@dataclass(frozen=True)
class SftpAddress:
    """A running server.

    Args:
        host: always the loopback address.
        port: a free one.
        host_key: the server's public key line, to be pinned.
        root: the folder its users see as `/`.
        user: the one user.
        password: of that user.
        events: file operations as the server saw them, in order, e.g. `rename a.part a`.
        faults: names of faults to play: `short_write` loses the last byte of each write; `drop_after_rename`
            applies a rename and then cuts the connection instead of answering.
        drop: cuts all connections.
    """

    host: str
    port: int
    host_key: str
    root: Path
    user: str
    password: str = field(repr=False)
    events: list[str] = field(default_factory=list)
    faults: set[str] = field(default_factory=set)
    drop: Callable[[], None] = field(default=lambda: None, repr=False)

    def fault(self, name: str) -> None:
        """Switch a fault on.

        Raises:
            ValueError: no such fault.
        """
        if name not in _FAULTS:
            raise ValueError(f"no such fault: {name}; known are {sorted(_FAULTS)}")
        self.faults.add(name)


class _Files(asyncssh.SFTPServer):
    """Files below the root, with a log and faults."""

    def __init__(self, chan: Any, root: Path, events: list[str], faults: set[str]) -> None:
        super().__init__(chan, chroot=str(root).encode())
        self._events = events
        self._faults = faults

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        """Open, and note it."""
        writing = pflags & FXF_WRITE
        self._events.append(f"{'write' if writing else 'read'} {_name(path)}")
        return super().open(path, pflags, attrs)

    def write(self, file_obj: Any, offset: int, data: bytes) -> Any:
        """Write, or lose the last byte."""
        cut = data[:-1] if "short_write" in self._faults else data
        super().write(file_obj, offset, cut)
        return len(data)

    def rename(self, oldpath: bytes, newpath: bytes) -> Any:
        """Rename, and note it."""
        self._events.append(f"rename {_name(oldpath)} {_name(newpath)}")
        done = super().rename(oldpath, newpath)
        if "drop_after_rename" in self._faults:
            self._faults.discard("drop_after_rename")
            self.connection.abort()
        return done


class _Door(asyncssh.SSHServer):
    """Lets the one user in by password or key."""

    def __init__(self, user: str, password: str, key: str, connections: list[Any]) -> None:
        self._user = user
        self._password = password
        self._key = key
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Keep it, to be cut later."""
        self._connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        """Everybody has to show who they are."""
        return True

    def password_auth_supported(self) -> bool:
        """Yes."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Only the one user's."""
        right = secrets.compare_digest(password.encode(), self._password.encode())
        return username == self._user and right

    def public_key_auth_supported(self) -> bool:
        """Where a key was given."""
        return bool(self._key)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Only the one user's."""
        mine = asyncssh.import_public_key(self._key)
        return username == self._user and key.public_data == mine.public_data


@contextmanager
def serve_sftp(
    root: Path, *, user: str = "benehub", password: str | None = None, authorized_key: str = ""
) -> Iterator[SftpAddress]:
    """Serve `root` on the loopback with a host key of its own, until the block ends.

    Args:
        root: folder the user sees as `/`.
        user: the one user.
        password: of that user; a random one when None.
        authorized_key: the user's public key line, or empty.
    """
    secret = secrets.token_urlsafe(12) if password is None else password
    key = asyncssh.generate_private_key("ssh-ed25519")
    events: list[str] = []
    faults: set[str] = set()
    connections: list[Any] = []
    loop = loop_thread()

    async def start() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _Door(user, secret, authorized_key, connections),
            server_host_keys=[key],
            sftp_factory=lambda chan: _Files(chan, root, events, faults),
            config=None,
            allow_scp=False,
            agent_forwarding=False,
        )

    async def cut() -> None:
        for connection in connections:
            connection.abort()
        connections.clear()

    async def stop() -> None:
        acceptor.close()
        await cut()
        await acceptor.wait_closed()

    acceptor = loop.run(start(), 10)
    try:
        yield SftpAddress(
            "127.0.0.1",
            acceptor.get_port(),
            key.export_public_key().decode().strip(),
            root,
            user,
            secret,
            events,
            faults,
            lambda: loop.run(cut(), 10),
        )
    finally:
        loop.run(stop(), 10)


def new_key_pair() -> tuple[str, str]:
    """A private key's text and its public line, for a user of the sandbox."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    return key.export_private_key().decode(), key.export_public_key().decode().strip()


def _name(path: bytes) -> str:
    return path.decode(errors="replace").lstrip("/").removeprefix("./")
