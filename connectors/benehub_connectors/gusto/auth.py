"""OAuth 2 as Gusto wants it: JSON at the token endpoint, and a refresh token that is good for one use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from benehub.connect import jsontext
from benehub.connect.auth import Fetch, Grant, OAuth2, OAuthClient, Token
from benehub.connect.messages import Request, Response
from benehub.connect.tokens import kept_in
from benehub.periods import Clock
from benehub_connectors.gusto.settings import GustoSettings


class GustoAuth(OAuth2):
    """The refresh grant; the first call renews where no access token is kept."""

    def headers(self, fetch: Fetch) -> Mapping[str, str]:
        """The bearer header."""
        return super().headers(_as_json(fetch))

    def renew(self, fetch: Fetch, used: Mapping[str, str]) -> bool:
        """Renew after a 401."""
        return super().renew(_as_json(fetch), used)


def gusto_auth(
    settings: GustoSettings,
    secret: Mapping[str, str],
    clock: Clock,
    on_token: Callable[[Token], None] | None = None,
) -> GustoAuth:
    """The credentials of a connection.

    Args:
        settings: names the references.
        secret: what each reference stands for.
        clock: the hub's clock.
        on_token: keeps a new refresh token; by default a `file:` reference keeps it.
    """
    return GustoAuth(
        OAuthClient(
            f"{settings.base_url.rstrip('/')}/oauth/token",
            settings.client_id,
            secret[settings.client_secret],
            Grant.REFRESH_TOKEN,
        ),
        clock,
        token=Token("", secret[settings.refresh_token], datetime.min.replace(tzinfo=UTC)),
        on_token=on_token,
        keeper=kept_in(settings.refresh_token) if on_token is None else None,
    )


def _as_json(fetch: Fetch) -> Fetch:
    """Gusto documents the token request as JSON; the hub's OAuth 2 makes the form of RFC 6749 of it."""

    def send(request: Request) -> Response:
        form = dict(parse_qsl(request.body or "", keep_blank_values=True))
        return fetch(replace(request, body=jsontext.dump(form), content_type="application/json"))

    return send
