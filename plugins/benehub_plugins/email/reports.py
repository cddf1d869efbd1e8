"""Reads delivery reports (RFC 3464): which message of ours arrived, and which came back.

Whatever else lands in the folder (an answer, an absence note) is a row that says so: nothing is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message

from benehub.connect.connector import Incoming, Link, Page
from benehub.errors import DataError
from benehub.records import AckLevel, Acknowledgement, AckStatus
from benehub_connectors.files.inbox import Mail, unread
from benehub_connectors.files.pages import pages
from benehub_plugins.email.settings import EmailSettings

OURS = re.compile(r"benehub-notice-(\d{1,12})\b")
MEANING = {
    "failed": AckStatus.REJECTED,
    "delivered": AckStatus.ACCEPTED,
    "relayed": AckStatus.ACCEPTED,
    "expanded": AckStatus.ACCEPTED,
}
"""RFC 3464, 2.3.3; `delayed` is no end and says nothing yet."""


def read_reports(link: Link, cursor: str | None) -> Iterator[Page]:
    """A page for every report not read before."""
    settings: EmailSettings = link.settings
    if settings.reports is None:
        return
    yield from pages("acknowledgement", unread(link.files(), settings.inbox, ("*.eml",), cursor), _rows)


def _rows(mail: Mail) -> list[Incoming]:
    message = message_from_bytes(mail.data, policy=policy.default)
    status = next((part for part in message.walk() if part.get_content_type() == "message/delivery-status"), None)
    control = OURS.search(mail.data.decode("ascii", "replace"))
    if status is None or control is None:
        raise DataError("no delivery report of a notice of ours", mend="Read it as mail, then dismiss the row")
    groups = [part for part in status.get_payload() if isinstance(part, Message)]
    found = [row for row in (_row(group, control[1], number) for number, group in enumerate(groups, 1)) if row]
    if not found:
        raise DataError("a delivery report without an end (delayed)", mend="The server goes on trying; dismiss the row")
    return found


def _row(group: Message, control: str, number: int) -> Incoming | None:
    action = str(group.get("Action", "")).strip().casefold()
    if action not in MEANING:
        return None
    code = str(group.get("Status", "")).strip()[:12]
    answer = Acknowledgement(
        level=AckLevel.SYNTAX,
        control=control,
        status=MEANING[action],
        code=code,
        text=f"{action} {code}",
    )
    return Incoming(f"{control}/{action}", answer.model_dump(mode="json"), row=number)
