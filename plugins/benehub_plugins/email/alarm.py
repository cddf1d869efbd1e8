"""The e-mail of an alarm: what kind of thing is due by when, how many of it, and where it is seen; no person in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benehub.connect.mail import MailAccount, Security, SmtpMailbox
from benehub.errors import ConfigError
from benehub.records.notices import AlarmLine, AlarmNotice, NotifierTerms

KIND = "email"
SAID = {"late": "late", "today": "due today", "t2": "due within two business days", "t5": "due within five"}


class AlarmMail(BaseModel):
    """What a notifier of kind `email` asks for; with `connection` most of it is that connection's.

    Args:
        to: who is told, several addresses with commas.
        sender: the address it comes from.
        host, port, security, user: the mail server and our account there; the secret is `password`.
        page: where the hub's pages are, e.g. `https://benefits.acme.example`, for an installation whose setting
            `public_url` is empty; without either only the path is told.
    """

    # what else an e-mail connection has is not for this
    model_config = ConfigDict(frozen=True, extra="ignore")

    to: str = Field(pattern=r"^\s*[^@\s,<>]+@[^@\s,<>]+(\s*,\s*[^@\s,<>]+@[^@\s,<>]+)*\s*$")
    sender: str = Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$")
    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Security = Security.STARTTLS
    user: str = ""
    page: str = Field(default="", pattern=r"^(https?://[^\s?#]+)?$")


def tell(notice: AlarmNotice, notifier: NotifierTerms) -> str:
    """Send one message to each address; gives what the server said last.

    Raises:
        ConfigError: its settings are wrong.
        DataError, RetriableError, VendorUnavailable, ReauthNeeded: the server did not take one.
    """
    try:
        settings = AlarmMail.model_validate(dict(notifier.settings))
    except ValidationError as error:
        names = ", ".join(".".join(map(str, one["loc"])) for one in error.errors(include_input=False))
        raise ConfigError(
            f"wrong or missing setting: {names}", where=f"notifier {notifier.name}",
            mend="Name `to`, and an e-mail connection or `host` and `sender`; see docs/deadlines.md",
        ) from None  # fmt: skip
    account = MailAccount(
        settings.host, settings.port, settings.security, settings.user, notifier.secrets.get("password", "")
    )
    box, said = SmtpMailbox(account), ""
    for address in [one.strip() for one in settings.to.split(",")]:
        message = render(notice, settings, address, notifier.now)
        said = box.put(str(message["X-Envelope-Id"]), message.as_bytes())
    return said


def render(notice: AlarmNotice, settings: AlarmMail, address: str, now: datetime) -> EmailMessage:
    """A whole message (RFC 5322); the same notice to the same address has the same id."""
    name = "benehub-alarm-" + hashlib.sha256(f"{notice.reference}/{address}".encode()).hexdigest()[:24]
    message = EmailMessage(policy=SMTP)
    message["From"] = settings.sender
    message["To"] = address
    message["Subject"] = f"{notice.employer}: {_headline(notice)}"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{name}@{settings.sender.rpartition('@')[2]}>"
    message["X-Envelope-Id"] = name
    # Asks mail programs not to answer by themselves (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(_text(notice, settings.page)), cte="quoted-printable")
    return message


def _headline(notice: AlarmNotice) -> str:
    counts = {level: sum(one.count for one in notice.lines if one.level == level) for level in SAID}
    return ", ".join(f"{many} {SAID[level]}" for level, many in counts.items() if many)


def _text(notice: AlarmNotice, page: str) -> Iterator[str]:
    for one in notice.lines:
        yield f"{SAID[one.level]}: {_line(one)}"
    if notice.more:
        yield f"... and {notice.more} lines more"
    for link in sorted({one.link for one in notice.lines}):
        place = link if "://" in link else page.rstrip("/") + link
        yield f"\nAll of them: {place}, or benehub deadlines list --employer {notice.employer}"


def _line(one: AlarmLine) -> str:
    moment = f"{one.latest_safe[:16].replace('T', ' ')} UTC"
    return f"{one.count} x {one.kind} to {one.connection}, to be sent by {moment}, due {one.due} ({one.first})"
