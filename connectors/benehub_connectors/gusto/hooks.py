"""Gusto's webhooks: the handshake that brings their key, and what an event is about.

A subscription begins with an unsigned call that holds a verification token. Given back to Gusto with the credentials
of our application (the system access token), it verifies the subscription, and from then on it is what every event is
signed with. There is no timestamp: a repetition is known by the event's uuid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from benehub.connect import jsontext
from benehub.connect.auth import Fetch, OAuth2, OAuthClient
from benehub.connect.messages import Request, Response, change, path
from benehub.connect.webhooks import Handshake, Hint, Scheme
from benehub.errors import DataError
from benehub.periods import Clock
from benehub_connectors.gusto.settings import GustoSettings

SCHEME = Scheme("x-gusto-signature", body_id="uuid")

ABOUT = {
    "Employee": "payroll_person",
    "EmployeeJobCompensation": "payroll_person",
    "EmployeeBenefit": "payroll_benefit",
    "CompanyBenefit": "payroll_benefit",
    "Payroll": "register_line",
    "ExternalPayroll": "register_line",
    "PaySchedule": "pay_calendar",
}
"""Type of the entity an event is about -> stream; of the others nothing is read here."""


def hints(body: bytes) -> Sequence[Hint]:
    """The stream an event is about, and the employee where it is one.

    Raises:
        DataError: the body is no event of Gusto's.
    """
    told = _object(body)
    entity = str(told.get("entity_type") or "")
    if not told.get("uuid") or not entity:
        raise DataError("no event of Gusto's", where="webhook", mend="Check who calls this address")
    stream = ABOUT.get(entity)
    key = str(told.get("entity_uuid") or "") if entity == "Employee" else ""
    return [Hint(stream, key)] if stream else []


def handshake(body: bytes) -> Handshake | None:
    """The verification token of a new subscription, with the call that gives it back."""
    try:
        told = _object(body)
    except DataError:
        return None
    token, uuid = told.get("verification_token"), told.get("webhook_subscription_uuid")
    if not isinstance(token, str) or not isinstance(uuid, str) or not token or not uuid:
        return None
    where = path("/v1/webhook_subscriptions/{id}/verify", id=uuid)
    return Handshake(token, change("PUT", where, {"verification_token": token}))


class SystemAuth(OAuth2):
    """The credentials of our application, of no company: Gusto's own grant `system_access`, asked for as JSON."""

    def headers(self, fetch: Fetch) -> Mapping[str, str]:
        """The bearer header."""
        return super().headers(_as_system(fetch))

    def renew(self, fetch: Fetch, used: Mapping[str, str]) -> bool:
        """Renew after a 401."""
        return super().renew(_as_system(fetch), used)


def system_auth(settings: GustoSettings, secret: Mapping[str, str], clock: Clock) -> SystemAuth:
    """The credentials that verify a subscription."""
    address = f"{settings.base_url.rstrip('/')}/oauth/token"
    return SystemAuth(OAuthClient(address, settings.client_id, secret[settings.client_secret]), clock)


def _as_system(fetch: Fetch) -> Fetch:
    def send(request: Request) -> Response:
        form = dict(parse_qsl(request.body or "", keep_blank_values=True)) | {"grant_type": "system_access"}
        return fetch(replace(request, body=jsontext.dump(form), content_type="application/json"))

    return send


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        told = jsontext.parse(body)
    except ValueError:
        told = None
    if not isinstance(told, Mapping):
        raise DataError("no JSON object", where="webhook", mend="Check who calls this address")
    return told
