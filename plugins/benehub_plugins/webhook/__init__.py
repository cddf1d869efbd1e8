"""Tells alarms by webhook, signed as Standard Webhooks asks: ids, counts and days, and nothing of a person.

The reference of the notice is the id of the delivery, so that a receiver knows one that comes again. What the receiver
surely did not take is repeated within seconds; after anything else the hub comes again with its next tick.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import benehub
from benehub.connect.http import Caps, RetryBudget, VendorClient
from benehub.connect.jsontext import dump
from benehub.connect.messages import Request
from benehub.connect.webhooks import STANDARD, sign
from benehub.errors import ConfigError
from benehub.records.notices import AlarmNotice, NotifierTerms

KIND = "webhook"
BUDGET = RetryBudget(max_attempts=3, max_seconds=20.0)
CAPS = Caps(max_bytes=64 * 1024, connect_seconds=5.0, idle_seconds=10.0, exchange_seconds=15.0)
"""A receiver that is slow holds up other notifiers: what it cannot answer in time comes again later."""


class WebhookSettings(BaseModel):
    """Settings of a `webhook` notifier.

    Args:
        url: where alarms are posted; https, or http on this machine.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https?://[^\s#]+$")


@benehub.hookimpl
def notify(notice: AlarmNotice, notifier: NotifierTerms) -> str | None:
    """Post a notice, where the notifier is a webhook.

    Raises:
        ConfigError: its settings are wrong, or it has no key.
        VendorUnavailable, RateLimited, DataError, ReauthNeeded: the receiver did not take it.
    """
    if notifier.kind != KIND:
        return None
    where = f"notifier {notifier.name}"
    try:
        settings = WebhookSettings.model_validate(dict(notifier.settings))
    except ValidationError as error:
        names = ", ".join(".".join(map(str, one["loc"])) for one in error.errors(include_input=False))
        raise ConfigError(f"wrong setting: {names}", where=where, mend="See docs/deadlines.md, webhook") from None
    key = notifier.secrets.get("key", "")
    if not key:
        raise ConfigError("no key to sign with", where=where, mend="Name one: secrets: {key: env:NAME}")
    body = dump(payload(notice))
    headers = sign(STANDARD, key, body.encode(), notice.reference, notifier.now)
    place = urlsplit(settings.url)
    call = Request(
        "POST", place.path or "/", tuple(parse_qsl(place.query, keep_blank_values=True)), tuple(headers.items()), body,
        expect_json=False,
    )  # fmt: skip
    with VendorClient(f"{place.scheme}://{place.netloc}", name=where, budget=BUDGET, caps=CAPS) as client:
        return f"answered {client.send(call).status}"


def payload(notice: AlarmNotice) -> dict[str, Any]:
    """The body: as Standard Webhooks has it, a type, a time and data."""
    return {"type": "deadline.alarms", "timestamp": notice.at, "data": asdict(notice)}
