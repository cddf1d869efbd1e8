"""Personio's token: JSON at `/auth` with the client's id and secret, kept until it is about to end.

It is the client credentials grant in other words, so the hub's OAuth 2 does the work and the words are changed
on the way out and in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from benehub.connect import jsontext
from benehub.connect.auth import Fetch, OAuth2, OAuthClient
from benehub.connect.messages import Request, Response
from benehub.periods import Clock
from benehub_connectors.personio.settings import PersonioSettings


class PersonioAuth(OAuth2):
    """A token got once and used for all calls until it ends (24 hours at the vendor's)."""

    def headers(self, fetch: Fetch) -> Mapping[str, str]:
        """The bearer header."""
        return super().headers(_in_their_words(fetch))

    def renew(self, fetch: Fetch, used: Mapping[str, str]) -> bool:
        """Renew after a 401."""
        return super().renew(_in_their_words(fetch), used)


def personio_auth(settings: PersonioSettings, secret: Mapping[str, str], clock: Clock) -> PersonioAuth:
    """The credentials of a connection; `secret` holds what each reference stands for."""
    address = f"{settings.base_url.rstrip('/')}/auth"
    return PersonioAuth(OAuthClient(address, settings.client_id, secret[settings.client_secret]), clock)


def _in_their_words(fetch: Fetch) -> Fetch:
    def send(request: Request) -> Response:
        form = dict(parse_qsl(request.body or "", keep_blank_values=True))
        body = {name: form.get(name, "") for name in ("client_id", "client_secret")}
        response = fetch(replace(request, body=jsontext.dump(body), content_type="application/json"))
        return replace(response, body=_as_oauth(response.body)) if response.status < 300 else response

    return send


def _as_oauth(body: bytes) -> bytes:
    """The token where OAuth 2 has it; an answer that is none stays, and is refused as what it is."""
    try:
        told: Any = jsontext.parse(body)
        data = told["data"]
        token, life = data["token"], data.get("expires_in")
    except (ValueError, KeyError, TypeError, AttributeError):
        return body
    return jsontext.dump({"access_token": token, "expires_in": life}).encode()
