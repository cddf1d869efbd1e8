"""What Gusto keeps for our application rather than for a company: its own token, webhook subscriptions, events.

Part of the simulator. It answers as the vendor's description says; how the vendor answers a cursor that is older than
its events is not described, so `forgotten` has all three ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from benehub.connect import jsontext
from benehub_connectors.gusto.payloads import sim_uuid

Row = dict[str, Any]
Answer = tuple[int, Any]
"""Status and JSON."""

TOKEN_SECONDS = 7200
SYSTEM_TOKEN = "simulated-system"  # noqa: S105 - the application's own, no company's; it opens this simulator only

DEFAULT_EVENTS = 25
MAX_EVENTS = 100
EVENT_DAYS = 30

SCOPES = (
    "public pay_schedules:read payrolls:read payrolls:write employees:read company_benefits:read"
    " company_benefits:read:phi employee_benefits:read employee_benefits:read:phi employee_benefits:write"
)
"""What the company has granted us."""

NOT_FOUND = (404, "request", "not_found", "The requested resource was not found.")
"""Of whatever does not exist."""


class GustoApplication:
    """Our application at Gusto, installed at one company. `today` decides which events are still told."""

    client_id = "benehub"
    client_secret = "simulated-secret"  # noqa: S105 - opens nothing but this simulator

    def __init__(self, company: str, today: date) -> None:
        self.company = company
        self.today = today
        self.scope: str | None = SCOPES
        """What the company's token may do, as Gusto tells it; None: it does not. Nothing is refused by it."""
        self.subscriptions: dict[str, Row] = {}
        self.events: list[Row] = []
        self.forgotten = "refused"
        """The answer to an event that is not told any more: `refused`, `ignored` or `nothing` after it."""

    def note(self, event_type: str, entity_type: str, entity: str) -> None:
        """Something has happened at the company, at the noon of the simulated day."""
        at = datetime.combine(self.today, time(12), UTC)
        self.events.append({
            "uuid": sim_uuid(self.company, "noted", str(len(self.events))), "event_type": event_type,
            "resource_type": "Company", "resource_uuid": self.company, "entity_type": entity_type,
            "entity_uuid": entity, "timestamp": int(at.timestamp()),
        })  # fmt: skip

    def subscribe(self, url: str) -> bytes:
        """A webhook subscription; gives the body of the call that brings its verification token."""
        uuid = sim_uuid("subscription", url)
        self.subscriptions[uuid] = {"uuid": uuid, "url": url, "status": "pending", "subscription_types": ["Employee"]}
        told = {"verification_token": verification_token(uuid), "webhook_subscription_uuid": uuid}
        return jsontext.dump(told).encode()

    def event(self, number: int, entity_type: str, entity: str) -> bytes:
        """The body of an event about something of this company; `number` makes it one of its own."""
        told = {
            "uuid": sim_uuid(self.company, "event", str(number)), "event_type": f"{entity_type.lower()}.updated",
            "resource_type": "Company", "resource_uuid": self.company, "entity_type": entity_type,
            "entity_uuid": entity, "timestamp": 1767644464,
        }  # fmt: skip
        return jsontext.dump(told).encode()

    def system_token(self, body: Mapping[str, Any]) -> Answer:
        """The token of the application itself."""
        if (body.get("client_id"), body.get("client_secret")) != (self.client_id, self.client_secret):
            return 401, {"error": "invalid_client"}
        told = {"access_token": SYSTEM_TOKEN, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        return 200, told | {"scope": "webhook_subscriptions:write", "created_at": 1767644464}

    def verify(self, subscription: str, body: Mapping[str, Any]) -> Answer:
        """The token of a subscription is given back."""
        mine = self.subscriptions.get(subscription)
        if mine is None:
            return refusal(*NOT_FOUND)
        if body.get("verification_token") != verification_token(mine["uuid"]):
            return refusal(422, "verification_token", "invalid_attribute_value", "Invalid token.")
        mine["status"] = "verified"
        return 200, mine

    def token_info(self) -> Answer:
        """What the token at hand may do."""
        told = {} if self.scope is None else {"scope": self.scope}
        return 200, told | {"resource": {"type": "Company", "uuid": self.company}, "resource_owner": None}

    def told_events(self, query: Mapping[str, str]) -> Answer:
        """Events of the last thirty days, after the one named."""
        since = datetime.combine(self.today - timedelta(days=EVENT_DAYS), time(), UTC).timestamp()
        told = [one for one in self.events if one["timestamp"] >= since]
        if query.get("resource_uuid", self.company) != self.company:
            told = []
        if query.get("sort_order") == "desc":
            told.reverse()
        after = query.get("starting_after_uuid")
        if after is not None:
            at = next((number for number, one in enumerate(told, 1) if one["uuid"] == after), None)
            if at is None and self.forgotten == "refused":
                return refusal(422, "starting_after_uuid", "invalid_attribute_value", "Event not found")
            told = told[at:] if at is not None else told if self.forgotten == "ignored" else []
        return 200, told[: min(int(query.get("limit", DEFAULT_EVENTS)), MAX_EVENTS)]


def verification_token(subscription: str) -> str:
    """What a subscription's events are signed with."""
    return f"simulated-verification-{subscription}"


def refusal(status: int, key: str, category: str, message: str) -> Answer:
    """Gusto's form of a refusal."""
    error = {"error_key": key, "category": category, "message": message}
    return status, {"errors": [error]}
