"""BambooHR: the HRIS of employees, pay, dependents and approved leave, read by API key or OAuth 2.

It is read only. BambooHR's own benefits cannot be written by API, so what benehub calculates goes to payroll,
insurers and recordkeepers and never back here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect.capabilities import Blocker, Capability, read_only
from benehub.connect.connector import Connector, Kind, Link, Page
from benehub.connect.http import VendorClient
from benehub.connect.webhooks import Hint, Scheme
from benehub_connectors.bamboohr import hooks
from benehub_connectors.bamboohr.account import open_client
from benehub_connectors.bamboohr.employees import read_employees, read_some
from benehub_connectors.bamboohr.settings import BambooSettings, Fields, OAuth
from benehub_connectors.bamboohr.tables import read_compensation, read_dependents, read_leave

__all__ = ["BambooConnector", "BambooSettings", "Fields", "OAuth"]


_NOTES = {"dependent": "the API takes dependents too, and benehub writes none"}


class BambooConnector(Connector):
    """Reads a BambooHR account."""

    name = "bamboohr"
    kind = Kind.HRIS
    Settings: ClassVar[type[BaseModel]] = BambooSettings
    renewed = ("oauth.refresh_token",)
    streams: ClassVar[Mapping[str, str]] = {
        "employee": "both",
        "compensation": "both",
        "dependent": "full",
        "leave_request": "full",
    }
    webhook: ClassVar[Scheme | None] = hooks.SCHEME

    def capabilities(self) -> tuple[Capability, ...]:
        """What it reads, what its API has beside that and we leave out, and writes, which its API has not."""
        elections = Capability(
            "read.election",
            supported=False,
            blocker=Blocker.US,
            note="The API tells member benefits; they are not read",
        )
        return (*read_only(self.streams, "BambooHR's benefits are read-only by API", _NOTES), elections)

    def client(self, settings: BambooSettings, secret: Mapping[str, str], **wiring: Any) -> VendorClient:
        """The account's client; `secret` holds what each reference of the settings stands for."""
        return open_client(settings, secret, wiring)

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """Pages of a stream.

        Raises:
            Unsupported: BambooHR has no such stream.
            ConfigError: the dataset or a field's name is not what the account has.
            DataError: an answer is not what the API description says, or the cursor is no timestamp.
            ReauthNeeded, RateLimited, VendorUnavailable: as the client tells.
        """
        match stream:
            case "employee":
                yield from read_employees(link, cursor)
            case "compensation":
                yield from read_compensation(link, cursor)
            case "dependent":
                yield from read_dependents(link)
            case "leave_request":
                yield from read_leave(link)
            case _:
                yield from super().read(stream, link, cursor)

    def reread(self, stream: str, link: Link, keys: Sequence[str]) -> Iterator[Page] | None:
        """The rows of some employees; other streams are read by their changes."""
        return read_some(link, keys) if stream == "employee" else None

    def hints(self, body: bytes) -> Sequence[Hint]:
        """Whom a webhook is about.

        Raises:
            DataError: the body is none of BambooHR's.
        """
        return hooks.hints(body)
