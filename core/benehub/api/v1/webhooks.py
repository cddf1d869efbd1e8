"""`/webhooks`: who hears of our events, and what became of each message. What they carry is in docs/http.md."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, StringConstraints

from benehub.api.trail import about
from benehub.api.v1.edits import IfMatch, expected, tagged
from benehub.api.v1.fields import At, Once, Operates, PageOf, SeesConnections, id_path, one_of
from benehub.api.v1.models import Model, Page
from benehub.api.v1.office import Office
from benehub.api.v1.problems import named
from benehub.api.v1.route import Route
from benehub.api.v1.starting import key_of
from benehub.flows import hook_secrets
from benehub.flows import hook_subscriptions as flow
from benehub.store.events import EVENTS
from benehub.views import hook_messages as view

router = APIRouter(prefix="/employers/{employer}/webhooks", tags=["webhooks"], route_class=Route)

SubscriptionPath = Annotated[str, id_path("whs")]
Event = Annotated[str, StringConstraints(pattern=one_of(EVENTS))]


Reference = Annotated[
    str | None,
    Field(max_length=80, pattern=rf"^({hook_secrets.REFERENCE.pattern})$", examples=["env:BENEHUB_HOOK_ACME"]),
]


class NewSubscription(Model):
    """An address that is to hear of events."""

    url: str = Field(
        max_length=500, pattern=r"^https?://[\x21-\x7e]+$", examples=["https://hooks.acme.example/benehub"]
    )
    """https, and public, unless the installation's settings allow the host."""
    events: list[Event] = Field(min_length=1, max_length=len(EVENTS), examples=[["run.ended"]])
    """Which ones."""
    secret: Reference = None
    """Where the secret of the signature stands: env:BENEHUB_HOOK_NAME or keyring:benehub-hook-name. Left out, the hub
    makes one."""


class Subscription(Model):
    """Who hears of what."""

    subscription: str
    url: str
    """The address that hears of them."""
    events: list[str]
    secret: str
    """The reference; empty where the hub has made the secret."""
    old_secret_until: str | None
    """Until then messages are signed with the secret before this one, too."""
    state: Literal["on", "paused"]
    """on, or paused."""
    who: str
    made_at: str
    waiting: int
    """Messages that wait to be delivered, or to be tried again."""
    dead: int
    """Messages that were given up."""
    last_at: str | None
    """When a message was last tried."""
    last_reason: str
    """What the receiver said then."""
    failed_in_row: int
    """Tries that have failed since one was taken."""


class SubscriptionWithSecret(Subscription):
    """A subscription whose secret was just chosen."""

    signing_secret: str | None
    """The secret that the hub made, told in this answer and where it is repeated for its idempotency key; null where a
    reference was named."""


class NewSecret(Model):
    """What is signed with from now on."""

    secret: Reference = None
    """As with a new subscription. Left out, the hub makes one."""


class TriedAnew(Model):
    """What is tried anew."""

    messages: int
    """How many messages are tried anew."""


class Subscriptions(Model):
    """All of them; they are few."""

    items: list[Subscription]


class Message(Model):
    """One event for one subscription."""

    message: str
    """The `webhook-id` under which it is sent, however often."""
    event: str
    """What has happened."""
    ref: str
    """What it is about."""
    at: str
    state: Literal["waiting", "delivered", "dead"]
    """waiting (it is sent, or tried again, later), delivered, or dead (given up)."""
    tries: int
    """How often it has been sent."""
    next_at: str | None
    """When it is tried next."""
    ended_at: str | None
    reason: str
    """What the receiver said last."""


@router.get("", operation_id="list_webhooks")
def list_webhooks(_caller: SeesConnections, at: At) -> Subscriptions:
    """List the subscriptions."""
    with at.read() as session:
        return Subscriptions(items=[Subscription.model_validate(one) for one in view.subscriptions(session)])


@router.post("", operation_id="add_webhook", status_code=201)
def add_webhook(
    request: Request, _caller: Operates, at: At, claim: Once, body: NewSubscription, response: Response
) -> SubscriptionWithSecret:  # fmt: skip
    """Let an address hear of events from now on; sent again with its key it is added once."""
    made = flow.subscribe(at.hub, at.employer, body.url, body.events, body.secret or "", at.caller.user,
                          key_of(claim))  # fmt: skip
    about(request, made.id)
    return _with_secret(_shown(at, made.id, response), made.secret)


@router.get("/{subscription}", operation_id="get_webhook")
def get_webhook(_caller: SeesConnections, at: At, subscription: SubscriptionPath, response: Response) -> Subscription:
    """One subscription; its ETag is what an edit names."""
    return _shown(at, subscription, response)


@router.post("/{subscription}/pause", operation_id="pause_webhook")
def pause_webhook(
    _caller: Operates, at: At, claim: Once, subscription: SubscriptionPath, if_match: IfMatch, response: Response
) -> Subscription:
    """Let it hear nothing; what happens until it is resumed is not made up for, what waits stays."""
    _must_be(at, subscription)
    flow.set_state(at.hub, at.employer, subscription, "paused", expected(if_match))
    return _shown(at, subscription, response)


@router.post("/{subscription}/resume", operation_id="resume_webhook")
def resume_webhook(
    _caller: Operates, at: At, claim: Once, subscription: SubscriptionPath, if_match: IfMatch, response: Response
) -> Subscription:
    """Let it hear again."""
    _must_be(at, subscription)
    flow.set_state(at.hub, at.employer, subscription, "on", expected(if_match))
    return _shown(at, subscription, response)


@router.post("/{subscription}/rotate", operation_id="rotate_webhook_secret")
def rotate_secret(
    _caller: Operates, at: At, claim: Once, subscription: SubscriptionPath, if_match: IfMatch, body: NewSecret,
    response: Response,
) -> SubscriptionWithSecret:  # fmt: skip
    """Sign with another secret; for a day messages are signed with the one before, too. Sent again with its key within
    that day it is changed once, and a secret that the hub made is told again."""
    _must_be(at, subscription)
    made = flow.rotate(at.hub, at.employer, subscription, body.secret or "", expected(if_match), key_of(claim))
    return _with_secret(_shown(at, subscription, response), made)


@router.delete("/{subscription}", operation_id="remove_webhook", status_code=204)
def remove_webhook(_caller: Operates, at: At, claim: Once, subscription: SubscriptionPath, if_match: IfMatch) -> None:
    """End it, with what waits for it."""
    _must_be(at, subscription)
    flow.remove(at.hub, at.employer, subscription, expected(if_match))


@router.post("/{subscription}/test", operation_id="test_webhook", status_code=202)
def test_webhook(_caller: Operates, at: At, claim: Once, subscription: SubscriptionPath) -> Message:
    """Send it a message that says nothing; what became of it is told by the messages."""
    _must_be(at, subscription)
    made = flow.send_test(at.hub, at.employer, subscription)
    with at.read() as session:
        return next(
            Message.model_validate(one) for one in view.messages(session, subscription) if one["message"] == made
        )


@router.get("/{subscription}/messages", operation_id="list_webhook_messages")
def list_messages(
    _caller: SeesConnections, at: At, subscription: SubscriptionPath, page: PageOf,
    state: Annotated[Literal["waiting", "delivered", "dead"] | None, Query(description="Only in this state.")] = None,
) -> Page[Message]:  # fmt: skip
    """List its messages, the newest first; delivered ones are kept for thirty days."""
    before = page.after(str, str)
    _must_be(at, subscription)
    with at.read() as session:
        rows = view.messages(
            session, subscription, state or "", page.limit + 1, (before[0], before[1]) if before else None
        )
    return page.page(rows, Message.model_validate, lambda row: (row["at"], row["message"]))


@router.post("/{subscription}/messages/{message}/resend", operation_id="resend_webhook_message", status_code=204)
def resend_message(
    _caller: Operates, at: At, claim: Once, subscription: SubscriptionPath, message: Annotated[str, id_path("whm")]
) -> None:
    """Try a message that was given up anew, or one that failed and waits at once."""
    _must_be(at, subscription)
    flow.resend(at.hub, at.employer, subscription, message)


@router.post("/{subscription}/resend", operation_id="resend_webhook_messages")
def resend_messages(_caller: Operates, at: At, claim: Once, subscription: SubscriptionPath) -> TriedAnew:
    """Try all its messages that failed anew."""
    _must_be(at, subscription)
    return TriedAnew(messages=flow.resend_all(at.hub, at.employer, subscription))


def _must_be(at: Office, subscription: str) -> None:
    with at.read() as session, named():
        flow.get(session, subscription)


def _with_secret(shown: Subscription, secret: str) -> SubscriptionWithSecret:
    return SubscriptionWithSecret(**shown.model_dump(), signing_secret=secret or None)


def _shown(at: Office, subscription: str, response: Response) -> Subscription:
    with at.read() as session:
        with named():
            tagged(response, flow.version_of(flow.get(session, subscription)))
        found = next(one for one in view.subscriptions(session) if one["subscription"] == subscription)
    return Subscription.model_validate(found)
