"""SCIM 2.0 (RFC 7643, RFC 7644): people of any HRIS or identity service that lists its users by it.

It is read only, and reads no more than SCIM knows: who is employed. Pay, dependents and leave come from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect.auth import Auth, OAuth2, OAuthClient, bearer
from benehub.connect.capabilities import Blocker, Capability
from benehub.connect.connector import Connector, Kind, Link, Page
from benehub.connect.http import VendorClient
from benehub.connect.limits import LimitBook
from benehub.periods import Clock, system_clock
from benehub.records import OPERATIONS
from benehub_connectors.scim.settings import Attributes, OAuth, ScimSettings
from benehub_connectors.scim.users import read_users

__all__ = ["Attributes", "OAuth", "ScimConnector", "ScimSettings"]

_LIMITS = LimitBook()


class ScimConnector(Connector):
    """Reads the users of a SCIM service as employees."""

    name = "scim"
    kind = Kind.HRIS
    Settings: ClassVar[type[BaseModel]] = ScimSettings
    streams: ClassVar[Mapping[str, str]] = {"employee": "both"}

    def capabilities(self) -> tuple[Capability, ...]:
        """Employees; what else a hub wants, SCIM has no words for."""
        note = "What SCIM has no attribute for comes from an extension, or is a problem of the row"
        lacking = ("read.compensation", "read.dependent", "read.leave_request", *OPERATIONS)
        return (
            Capability("read.employee", note=note),
            *(Capability(one, None, False, Blocker.VENDOR, "SCIM has no such resource") for one in lacking),
        )

    def client(
        self, settings: ScimSettings, secret: Mapping[str, str], *, wall_clock: Clock = system_clock, **wiring: Any
    ) -> VendorClient:
        """The service's client. RFC 7644 names no limit: calls go one by one, and a 429 is waited out."""
        _LIMITS.wire(wiring, self.name, settings.base_url, settings.calls_a_minute)
        accept = {"accept": "application/scim+json, application/json"}
        return VendorClient(
            settings.base_url.rstrip("/"), auth=_auth(settings, secret, wall_clock), headers=accept, **wiring
        )

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """Pages of employees.

        Raises:
            Unsupported: another stream.
            ConfigError, DataError, VendorUnavailable: as `users.read_users`; and whatever the client raises.
        """
        return read_users(link, cursor) if stream == "employee" else super().read(stream, link, cursor)


def _auth(settings: ScimSettings, secret: Mapping[str, str], clock: Clock) -> Auth:
    if settings.oauth is None:
        return bearer(secret[settings.token or ""])
    one = settings.oauth
    return OAuth2(OAuthClient(one.token_url, one.client_id, secret[one.client_secret], scope=one.scope), clock)
