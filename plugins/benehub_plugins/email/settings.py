"""What one e-mail connection needs: server, sender, the place notices are read, and where bounces arrive."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from benehub.connect.mail import Security
from benehub.connect.place import Place


class EmailSettings(BaseModel):
    """Settings of an `email` connection.

    Args:
        host, port, security: the mail server; `security` is `tls`, `starttls`, or `none` for one on this machine.
        user, password: our account there; the password is a reference (`env:NAME`, `file:PATH`, `keyring:NAME`).
        sender: the address notices come from; bounces go there.
        link: where notices are read after signing in, e.g. `https://benefits.acme.example/notices`.
        reports: folder or SFTP account into which the mail server delivers bounces, one `.eml` file each.
        inbox: folder of the reports below that place.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Security = Security.STARTTLS
    user: str = ""
    password: str = ""
    sender: str = Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$")
    link: str = Field(pattern=r"^https?://[^\s?#]+$")
    reports: Place | None = None
    inbox: str = ""

    @property
    def domain(self) -> str:
        """The sender's domain, the right half of every message id."""
        return self.sender.rpartition("@")[2]
