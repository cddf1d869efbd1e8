"""Tells employees by e-mail that a notice waits for them: a link, and nothing of what stands behind it.

It is a connector like any vendor's, so a message is frozen before it leaves, sent once, previewed byte for byte,
held where its fate is unknown, and its bounce is read back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

import benehub
from benehub.connect.capabilities import Capability, Guard
from benehub.connect.connector import Connector, Envelope, FileOut, Item, Kind, Link, Page
from benehub.connect.files import Mailbox
from benehub.connect.mail import MailAccount, SmtpMailbox
from benehub.errors import DataError, Unsupported
from benehub.records.notices import AlarmNotice, NotifierTerms
from benehub_plugins.email import alarm
from benehub_plugins.email.message import render_message
from benehub_plugins.email.reports import read_reports
from benehub_plugins.email.settings import EmailSettings

__all__ = ["Email", "EmailSettings", "notify"]

SEND = "notice.send"


@benehub.hookimpl
def notify(notice: AlarmNotice, notifier: NotifierTerms) -> str | None:
    """Send an alarm by e-mail, where the notifier is of that kind.

    Raises:
        BenehubError: as `alarm.tell`.
    """
    return alarm.tell(notice, notifier) if notifier.kind == alarm.KIND else None


class Email(Connector):
    """One sender address at one mail server."""

    name = "email"
    kind = Kind.MAIL
    Settings: ClassVar[type[BaseModel]] = EmailSettings
    streams: ClassVar[Mapping[str, str]] = {"acknowledgement": "incremental"}
    # A mail server takes the same message twice, and nothing there can be asked whether it has one.
    guards: ClassVar[Mapping[str, Guard]] = {SEND: Guard.NONE}
    files_out: ClassVar[frozenset[str]] = frozenset({SEND})

    def capabilities(self) -> tuple[Capability, ...]:
        """Notices out; delivery reports in where a folder of them is named."""
        return (Capability("read.acknowledgement"), Capability(SEND, guard=Guard.NONE))

    def mailbox(self, settings: EmailSettings, secret: Mapping[str, str], **wiring: Any) -> Mailbox:
        """The mail server, and the folder of delivery reports."""
        account = MailAccount(
            settings.host, settings.port, settings.security, settings.user, secret.get(settings.password, "")
        )
        return SmtpMailbox(account, settings.reports.open(secret) if settings.reports is not None else None)

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """A page for every delivery report not read before.

        Raises:
            Unsupported: another stream.
        """
        if stream != "acknowledgement":
            raise Unsupported(f"{self.name} does not read {stream}", where=link.connection, blocker="us")
        yield from read_reports(link, cursor)

    def render(self, operation: str, items: Sequence[Item], envelope: Envelope, settings: Any) -> FileOut:
        """The message that carries one notice.

        Raises:
            Unsupported: another operation.
            DataError: not exactly one notice, or a language nobody wrote.
        """
        if operation != SEND:
            raise Unsupported(f"{self.name} renders nothing for {operation}", blocker="us")
        if len(items) != 1:
            raise DataError(f"{len(items)} notices in one message", where=operation, mend="Send each in its own")
        return render_message(items[0], envelope, settings)
