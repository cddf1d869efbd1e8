"""A vendor's SFTP folder as a mailbox, with the server's host key pinned.

An unknown host key is never taken on trust: the first connection fails, names the fingerprint, and a person
compares it with what the vendor says. Nothing of this machine's own SSH set-up (configuration, agent, default
keys, known hosts) is used.
"""

from __future__ import annotations

import asyncio
import logging
import posixpath
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import asyncssh
from asyncssh.constants import FILEXFER_TYPE_REGULAR

from benehub.connect.content import Content, pieces, size_of
from benehub.connect.files import (
    MAX_BYTES,
    MAX_ENTRIES,
    RemoteFile,
    absent,
    archived_name,
    check_name,
    check_size,
    shown,
    split_pattern,
    taken,
    too_many,
    wanted,
)
from benehub.connect.loop import loop_thread
from benehub.connect.verdict import unavailable
from benehub.errors import (
    BenehubError,
    ConfigError,
    FatalError,
    NeedsPersonError,
    ReauthNeeded,
    VendorUnavailable,
)

T = TypeVar("T")

# The library's info lines name users, hosts and paths.
logging.getLogger("asyncssh").setLevel(logging.WARNING)

_GONE = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError, OSError)


@dataclass(frozen=True, slots=True)
class SftpAccount:
    """Where a vendor's SFTP server is and who we are there.

    Args:
        host: name or address.
        user: our user there.
        host_keys: pinned keys: fingerprints (`SHA256:...`) or whole lines (`ssh-ed25519 AAAA...`). More than
            one while a vendor changes its key.
        port: TCP port.
        password: or empty.
        private_key: our private key's text (OpenSSH or PEM), or empty.
        passphrase: of the private key, or empty.
        root: folder at the server below which the mailbox lies.
    """

    host: str
    user: str
    host_keys: tuple[str, ...]
    port: int = 22
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    passphrase: str = field(default="", repr=False)
    root: str = "."


class SftpMailbox:
    """A mailbox on a vendor's SFTP server; one connection, kept open, one operation at a time.

    Args:
        account: server and credentials.
        timeout_seconds: for each operation, a new connection included.
        max_bytes: largest file read or written.
    """

    def __init__(self, account: SftpAccount, *, timeout_seconds: float = 120.0, max_bytes: int = MAX_BYTES) -> None:
        self._account = account
        self._pins = frozenset(_fingerprint(pin) for pin in account.host_keys)
        self._timeout = timeout_seconds
        self._cap = max_bytes
        self._lock = threading.Lock()
        self._session: tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient] | None = None
        self._where = f"sftp {account.host}:{account.port}"

    def __enter__(self) -> SftpMailbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next operation opens a new one."""
        with self._lock:
            self._drop()

    def list(self, pattern: str) -> list[RemoteFile]:
        """Whole files of one folder, sorted by name.

        Raises:
            DataError: no such folder, or a pattern that leaves the mailbox.
            NeedsPersonError: unknown host key, refused credentials (ReauthNeeded), no permission.
            VendorUnavailable: no connection, or a time-out.
        """
        folder, last = split_pattern(pattern)

        async def work(sftp: asyncssh.SFTPClient) -> list[RemoteFile]:
            found, seen = [], 0
            async for entry in sftp.scandir(self._path(folder)):
                seen += 1
                if seen > MAX_ENTRIES:
                    raise too_many(folder)
                name = str(entry.filename)
                if entry.attrs.type == FILEXFER_TYPE_REGULAR and wanted(name, last):
                    found.append(RemoteFile(posixpath.join(folder, name), entry.attrs.size or 0))
            return sorted(found, key=lambda file: file.name)

        return self._do(folder or "/", work)

    def read(self, name: str) -> bytes:
        """A file's bytes; errors as `list`, and DataError above the size cap."""
        path = self._path(check_name(name))

        async def work(sftp: asyncssh.SFTPClient) -> bytes:
            return await self._content(sftp, name, path)

        return self._do(name, work)

    def put(self, name: str, data: Content) -> None:
        """Deliver a file: `.part`, size check, rename. The folder has to exist: it is the vendor's.

        Raises:
            ConflictError: the name is taken by other bytes.
            VendorUnavailable: not delivered; or `was_sent`, when the connection broke at the rename.
            DataError, NeedsPersonError: as `list`.
        """
        size = size_of(data)
        check_size(name, size, self._cap)
        path = self._path(check_name(name))
        renaming = [False]

        async def work(sftp: asyncssh.SFTPClient) -> None:
            renaming[0] = False
            if await sftp.exists(path):
                if not await _holds(sftp, path, data, size):
                    raise taken(name)
                return
            async with sftp.open(path + ".part", "wb") as stream:
                async for piece in _apart(data):
                    await stream.write(piece)
            if await sftp.getsize(path + ".part") != size:
                await sftp.remove(path + ".part")
                raise unavailable("the file did not arrive whole", where=self._at(name), sent=False)
            # The plain rename, which fails where the name is taken; nothing is looked up after a success,
            # for a vendor may sweep the file the moment it appears.
            renaming[0] = True
            try:
                await sftp.rename(path + ".part", path)
            except (asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists):
                renaming[0] = False
                if not await sftp.exists(path):
                    raise unavailable("the rename was refused", where=self._at(name), sent=False) from None
                if not await _holds(sftp, path, data, size):
                    raise taken(name) from None
                await sftp.remove(path + ".part")

        self._do(name, work, sent=lambda: renaming[0])

    def archive(self, name: str) -> str:
        """Move a handled file below `archive/`; its new name. Errors as `list`."""
        path = self._path(check_name(name))

        async def work(sftp: asyncssh.SFTPClient) -> str:
            await sftp.stat(path)
            for attempt in range(1000):
                new = archived_name(name, attempt)
                target = self._path(new)
                if await sftp.exists(target):
                    continue
                await sftp.makedirs(posixpath.dirname(target), exist_ok=True)
                await sftp.rename(path, target)
                return new
            raise FatalError("the archive holds this name too often", where=self._at(name), mend="Empty the archive")

        return self._do(name, work, sent=lambda: True)

    async def _content(self, sftp: asyncssh.SFTPClient, name: str, path: str) -> bytes:
        check_size(name, (await sftp.stat(path)).size or 0, self._cap)
        async with sftp.open(path, "rb") as stream:
            data = await stream.read(self._cap + 1)
        check_size(name, len(data), self._cap)
        return data if isinstance(data, bytes) else data.encode()

    def _do(
        self,
        name: str,
        work: Callable[[asyncssh.SFTPClient], Coroutine[Any, Any, T]],
        *,
        sent: Callable[[], bool] = lambda: False,
    ) -> T:
        """Run `work` on the connection; once more on a new one if the kept one turns out to be dead."""
        with self._lock:
            kept = self._session is not None
            try:
                return self._run(name, work, sent)
            except VendorUnavailable as error:
                if not kept or self._session is not None or vars(error).get("sent", True):
                    raise
            return self._run(name, work, sent)

    def _run(
        self,
        name: str,
        work: Callable[[asyncssh.SFTPClient], Coroutine[Any, Any, T]],
        sent: Callable[[], bool],
    ) -> T:
        where = self._at(name)

        async def all_of_it() -> T:
            if self._session is None:
                self._session = await self._open()
            return await work(self._session[1])

        try:
            return loop_thread().run(all_of_it(), self._timeout)
        except BenehubError:
            raise
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
            raise absent(name) from None
        except asyncssh.PermissionDenied:
            self._drop()
            raise ReauthNeeded(
                "the server refused our credentials", where=where, mend="Renew the key or password"
            ) from None
        except asyncssh.SFTPPermissionDenied:
            raise NeedsPersonError(
                "no permission for this file", where=where, mend="Ask the vendor for the right"
            ) from None
        except _GONE as error:
            self._drop()
            raise unavailable(
                f"no connection or no answer ({type(error).__name__})", where=where, sent=sent(), silent=True
            ) from None
        except asyncssh.Error as error:
            self._drop()
            raise unavailable(f"SFTP failed ({type(error).__name__})", where=where, sent=sent()) from None

    async def _open(self) -> tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient]:
        account = self._account
        seen: list[str] = []
        pins = self._pins

        class Pinned(asyncssh.SSHClient):
            """Accepts the pinned keys only."""

            def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
                """Whether the server shows a pinned key."""
                seen.append(key.get_fingerprint())
                return seen[-1] in pins

        try:
            connection = await asyncssh.connect(
                account.host,
                account.port,
                username=account.user,
                password=account.password or None,
                client_keys=[_private_key(account)] if account.private_key else None,
                client_factory=Pinned,
                known_hosts=([], [], []),
                config=None,
                agent_path=None,
                gss_host=None,
                connect_timeout=min(self._timeout, 30),
                login_timeout=min(self._timeout, 30),
                keepalive_interval=30,
                **_preference(account.host_keys),
            )
        except asyncssh.HostKeyNotVerifiable:
            raise self._unknown_key(seen) from None
        try:
            return connection, await connection.start_sftp_client()
        except BaseException:
            connection.abort()
            raise

    def _unknown_key(self, seen: Sequence[str]) -> NeedsPersonError:
        shows = seen[-1] if seen else "none"
        told = "is not the pinned one" if self._pins else "is not pinned yet"
        return NeedsPersonError(
            f"the server's host key {shows} {told}",
            where=self._where,
            mend="Compare it with the fingerprint the vendor publishes, then set host_keys",
        )

    def _drop(self) -> None:
        if self._session is not None:
            self._session[0].abort()
            self._session = None

    def _path(self, name: str) -> str:
        return posixpath.join(self._account.root, name)

    def _at(self, name: str) -> str:
        return f"{self._where} {shown(name)}"


async def _apart(data: Content) -> AsyncIterator[bytes]:
    """The pieces of a file; whoever makes them does not hold up what else is on its way."""
    if isinstance(data, bytes):
        yield data
        return
    found = pieces(data)
    while (piece := await asyncio.to_thread(next, found, None)) is not None:
        yield piece


async def _holds(sftp: asyncssh.SFTPClient, path: str, data: Content, size: int) -> bool:
    """Whether the file at `path` is these bytes."""
    if (await sftp.stat(path)).size != size:
        return False
    async with sftp.open(path, "rb") as stream:
        at = 0
        async for piece in _apart(data):
            held = await stream.read(len(piece), at)
            if (held if isinstance(held, bytes) else held.encode()) != piece:
                return False
            at += len(piece)
    return True


def _fingerprint(pin: str) -> str:
    """The SHA-256 fingerprint of a pin.

    Raises:
        ConfigError: neither a fingerprint nor a public key.
    """
    if pin.startswith("SHA256:"):
        return pin.rstrip("=")
    return _public_key(pin).get_fingerprint()


def _public_key(line: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_public_key(line)
    except (asyncssh.KeyImportError, ValueError):
        raise ConfigError(
            "a pinned host key that cannot be read", mend="Write SHA256:... or the whole public key line"
        ) from None


def _private_key(account: SftpAccount) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(account.private_key, account.passphrase or None)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError):
        raise ConfigError(
            "our private key cannot be read",
            where=f"sftp {account.host}:{account.port}",
            mend="Check the key's text and passphrase",
        ) from None


def _preference(pins: tuple[str, ...]) -> dict[str, str]:
    """Ask for pinned key types first: a server with several keys would else show another one."""
    names = [
        algorithm.decode()
        for pin in pins
        if not pin.startswith("SHA256:")
        for algorithm in _public_key(pin).sig_algorithms
    ]
    return {"server_host_key_algs": "^" + ",".join(names)} if names else {}
