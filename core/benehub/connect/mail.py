"""Sends messages by SMTP, as a mailbox: what is put into it is a whole message and leaves at once.

A message that the server took is sent; one whose transfer broke off may have been taken, which only a person or a
delivery report can tell. Delivery reports come back into a folder that another mailbox reads. Addresses stand
in the sealed message only, never in an error.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.utils import parseaddr
from enum import StrEnum

from benehub.connect.content import Content, whole
from benehub.connect.files import Mailbox, RemoteFile
from benehub.connect.verdict import unavailable
from benehub.errors import DataError, ReauthNeeded, RetriableError, Unsupported

TIMEOUT_SECONDS = 30


class Security(StrEnum):
    """How the connection to the mail server is secured; NONE is for a server on this machine."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MailAccount:
    """A mail server and our account there."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = field(default="", repr=False)


class SmtpMailbox:
    """Puts are messages that leave; lists and reads are of the folder of delivery reports, where there is one."""

    def __init__(self, account: MailAccount, reports: Mailbox | None = None) -> None:
        self._account = account
        self._reports = reports

    def put(self, name: str, data: Content) -> str:
        """Send a message to the one address in its `To`; gives what the server said when it took it.

        Raises:
            DataError: the server refuses the recipient or the message for good.
            RetriableError: it refuses for now.
            VendorUnavailable: it cannot be reached, or the connection broke; `was_sent` says how far it came.
            ReauthNeeded: it does not accept user and password.
        """
        where = f"mail server {self._account.host}"
        text = whole(data)
        message = message_from_bytes(text, policy=policy.SMTP)
        sender, recipient = parseaddr(str(message["From"]))[1], parseaddr(str(message["To"]))[1]
        with self._open(where) as server:
            try:
                options = [f"ENVID={message['X-Envelope-Id']}", "RET=HDRS"] if server.has_extn("dsn") else []
                _judge(server.mail(sender, options), "the sender", where)
                notify = ["NOTIFY=SUCCESS,FAILURE"] if server.has_extn("dsn") else []
                _judge(server.rcpt(recipient, notify), "the recipient", where)
            except (smtplib.SMTPException, OSError) as error:
                raise unavailable(f"the server broke off ({type(error).__name__})", where=where, sent=False) from None
            try:
                code, said = server.data(text)
            except (smtplib.SMTPException, OSError) as error:
                raise unavailable(f"the transfer broke off ({type(error).__name__})", where=where, sent=True) from None
            _judge((code, said), "the message", where)
        return said.decode("ascii", "replace")[:200]

    def list(self, pattern: str) -> list[RemoteFile]:
        """Delivery reports; of a message that was sent nothing is kept where one could look."""
        return self._reports.list(pattern) if self._reports is not None and "*" in pattern else []

    def read(self, name: str) -> bytes:
        """A delivery report.

        Raises:
            Unsupported: this connection has no folder of reports.
        """
        return self._folder().read(name)

    def archive(self, name: str) -> str:
        """Move a handled report away.

        Raises:
            Unsupported: this connection has no folder of reports.
        """
        return self._folder().archive(name)

    def _folder(self) -> Mailbox:
        if self._reports is None:
            raise Unsupported("no folder of delivery reports", mend="Name one under `reports`", blocker="us")
        return self._reports

    @contextmanager
    def _open(self, where: str) -> Iterator[smtplib.SMTP]:
        account = self._account
        context = ssl.create_default_context()
        try:
            server = (
                smtplib.SMTP_SSL(account.host, account.port, timeout=TIMEOUT_SECONDS, context=context)
                if account.security is Security.TLS
                else smtplib.SMTP(account.host, account.port, timeout=TIMEOUT_SECONDS)
            )
        except (smtplib.SMTPException, OSError) as error:
            raise unavailable(f"cannot be reached ({type(error).__name__})", where=where, sent=False) from None
        try:
            try:
                server.ehlo_or_helo_if_needed()
                if account.security is Security.STARTTLS:
                    server.starttls(context=context)
                    server.ehlo()
                if account.user:
                    server.login(account.user, account.password)
            except smtplib.SMTPAuthenticationError:
                raise ReauthNeeded(
                    "the mail server does not accept user and password", where=where, mend="Renew the secret it names"
                ) from None
            except (smtplib.SMTPException, OSError) as error:
                raise unavailable(f"no secure session ({type(error).__name__})", where=where, sent=False) from None
            yield server
        finally:
            server.close()


def _judge(answer: tuple[int, bytes], what: str, where: str) -> None:
    code = answer[0]
    if 200 <= code < 400:
        return
    if code < 500:
        raise RetriableError(f"{what} is refused for now ({code})", where=where, mend="The next run tries again")
    raise DataError(f"{what} is refused ({code})", where=where, mend="Mend the address or sender, then send again")
