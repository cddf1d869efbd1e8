"""Rippling's credentials. All tokens of an administrator end when he leaves, so a 401 is a matter for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NoReturn

from benehub.connect.auth import Auth, Fetch, Grant, HeaderAuth, OAuth2, OAuthClient, Token, bearer
from benehub.connect.tokens import kept_in
from benehub.errors import ReauthNeeded
from benehub.periods import Clock
from benehub_connectors.rippling.settings import RipplingSettings


class KeyAuth:
    """The company's API key; refused once, it says who has to act."""

    def __init__(self, key: str) -> None:
        self._header: HeaderAuth = bearer(key)

    def headers(self, fetch: Fetch) -> Mapping[str, str]:
        """The bearer header."""
        return self._header.headers(fetch)

    def renew(self, fetch: Fetch, used: Mapping[str, str]) -> bool:
        """Never.

        Raises:
            ReauthNeeded: always.
        """
        _left()


class AppAuth(OAuth2):
    """An app's tokens; where even the refresh token is refused, the administrator who installed it has left."""

    def headers(self, fetch: Fetch) -> Mapping[str, str]:
        """The bearer header."""
        try:
            return super().headers(fetch)
        except ReauthNeeded:
            _left()

    def renew(self, fetch: Fetch, used: Mapping[str, str]) -> bool:
        """Renew after a 401."""
        try:
            return super().renew(fetch, used)
        except ReauthNeeded:
            _left()


def rippling_auth(
    settings: RipplingSettings,
    secret: Mapping[str, str],
    clock: Clock,
    on_token: Callable[[Token], None] | None = None,
) -> Auth:
    """The credentials of a connection; `on_token` keeps a new refresh token, else a `file:` reference does."""
    app = settings.app
    if app is None:
        return KeyAuth(secret[settings.api_key])
    registration = OAuthClient(
        settings.token_url, app.client_id, secret[app.client_secret], Grant.REFRESH_TOKEN, in_header=True
    )  # fmt: skip
    token = Token("", secret[app.refresh_token], datetime.min.replace(tzinfo=UTC))
    return AppAuth(
        registration,
        clock,
        token=token,
        on_token=on_token,
        keeper=kept_in(app.refresh_token) if on_token is None else None,
    )


def _left() -> NoReturn:
    raise ReauthNeeded(
        "Rippling refuses the credentials: mostly the administrator they were given to has left or lost his rights",
        where="credentials of the connection",
        mend="Have another administrator install the app or make a key, and write it where the reference points",
    )
