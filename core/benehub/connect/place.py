"""Where a connection's files lie: a folder here, a folder on a vendor's SFTP server, or nowhere: they are uploaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benehub.connect.files import MAX_BYTES, MOST_BYTES, FolderMailbox, Mailbox
from benehub.connect.stored import NoMailbox


class Sftp(BaseModel):
    """A server and our user there. Credentials are references; the server's host key is pinned here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(min_length=1)
    port: int = Field(default=22, ge=1, le=65535)
    user: str = Field(min_length=1)
    host_keys: tuple[str, ...] = Field(min_length=1)
    password: str = ""
    private_key: str = ""
    passphrase: str = ""
    root: str = "."


class Place(BaseModel):
    """Exactly one of a folder, an SFTP account and uploads; `max_bytes` is the largest file either way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str = ""
    sftp: Sftp | None = None
    uploads: bool = False
    """Files come by hand, one at a time, and lie nowhere: whoever looks finds none."""
    max_bytes: int = Field(default=MAX_BYTES, ge=1, le=MOST_BYTES)

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if [bool(self.folder), bool(self.sftp), self.uploads].count(True) != 1:
            raise ValueError("name a folder, an sftp account or uploads, and one of them only")
        return self

    def open(self, secret: Mapping[str, str]) -> Mailbox:
        """The mailbox; `secret` holds, by reference, what `password`, `private_key` and `passphrase` stand for.

        Raises:
            ConfigError: the folder is not there, or a host key is no key.
        """
        if self.uploads:
            return NoMailbox()
        if self.sftp is None:
            return FolderMailbox(Path(self.folder), max_bytes=self.max_bytes)
        from benehub.connect.sftp import SftpAccount, SftpMailbox  # with asyncssh, for who has such an account only

        account = SftpAccount(
            host=self.sftp.host,
            user=self.sftp.user,
            host_keys=self.sftp.host_keys,
            port=self.sftp.port,
            password=secret.get(self.sftp.password, ""),
            private_key=secret.get(self.sftp.private_key, ""),
            passphrase=secret.get(self.sftp.passphrase, ""),
            root=self.sftp.root,
        )
        return SftpMailbox(account, max_bytes=self.max_bytes)
