"""The message of a notice: who it is for, one sentence, a link; the same notice gives the same bytes."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from importlib import resources
from typing import Any

from benehub import shipped
from benehub.connect.connector import Envelope, FileOut, Item
from benehub.errors import DataError
from benehub.records import NoticeLetter
from benehub_plugins.email.settings import EmailSettings


def render_message(item: Item, envelope: Envelope, settings: EmailSettings) -> FileOut:
    """A whole message (RFC 5322) under the name of its control number.

    Raises:
        DataError: it is no notice, or there are no words for its language.
    """
    letter = item.as_record(NoticeLetter)
    words, link = _words(letter.language), f"{settings.link.rstrip('/')}/{letter.reference}"
    message = EmailMessage(policy=SMTP)
    message["From"] = settings.sender
    message["To"] = letter.email
    message["Subject"] = str(words["subjects"].get(letter.kind, words["subjects"]["other"]))
    message["Date"] = format_datetime(envelope.created)
    message["Message-ID"] = f"<{message_name(envelope.control)}@{settings.domain}>"
    message["X-Envelope-Id"] = message_name(envelope.control)
    # Asks mail programs not to answer by themselves (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(str(words["body"]).format(link=link), cte="quoted-printable")
    return FileOut(f"notices/{envelope.control:09d}.eml", message.as_bytes(), "notice", {"messages": 1})


def message_name(control: int) -> str:
    """The left half of a message's id, by which a bounce is brought back to its dispatch."""
    return f"benehub-notice-{control}"


@lru_cache(maxsize=8)
def _words(language: str) -> dict[str, Any]:
    known: dict[str, Any] = shipped.parse(
        resources.files("benehub_plugins.email").joinpath("words.yaml").read_text("utf-8")
    )
    if language not in known:
        raise DataError(
            f"no words for notices in {language[:10]!r}", where="e-mail plugin", mend=f"There are {', '.join(known)}"
        )
    found: dict[str, Any] = known[language]
    return found
