"""BambooHR: the HRIS of employees, pay, dependents, enrollments and approved leave, read by API key or OAuth 2.

It is read only. BambooHR's own benefits cannot be written by API, so what benehub calculates goes to payroll,
insurers and recordkeepers and never back here. Its API does take dependents, but no change of one could be made whole.
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
from benehub_connectors.bamboohr.benefits import read_elections
from benehub_connectors.bamboohr.employees import read_employees, read_some
from benehub_connectors.bamboohr.settings import BambooSettings, Benefits, Fields, OAuth
from benehub_connectors.bamboohr.tables import read_compensation, read_dependents, read_leave

__all__ = ["BambooConnector", "BambooSettings", "Benefits", "Fields", "OAuth"]


_NOTES = {
    "election": "Who is enrolled, with whom and when; the tier is made of the dependents covered. Needs `benefits`"
}

_WHOLE = (
    "A PUT of a dependent replaces the whole record and empties what is left out, and a read shows SSN and SIN"
    " masked only: no change could give them back. POST has no key by which a repetition is known. Change dependents in"
    " BambooHR itself"
)
_LACKING = {
    "retirement": "deferral rate", "hsa": "amount", "fsa_health": "amount", "fsa_dependent": "amount",
    "commuter": "amount",
}  # fmt: skip
_NO_FIGURE = "Member benefits tell days and no {}"


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
        "election": "full",
        "leave_request": "full",
    }
    webhook: ClassVar[Scheme | None] = hooks.SCHEME

    def capabilities(self) -> tuple[Capability, ...]:
        """What it reads, and what the API tells too little of or cannot be written by it safely."""
        return (
            *read_only(self.streams, "BambooHR's benefits are read-only by API", _NOTES),
            *(
                Capability("read.election", benefit, False, Blocker.VENDOR, _NO_FIGURE.format(what))
                for benefit, what in _LACKING.items()
            ),
            Capability("dependent.set", supported=False, blocker=Blocker.VENDOR, note=_WHOLE),
        )

    def client(self, settings: BambooSettings, secret: Mapping[str, str], **wiring: Any) -> VendorClient:
        """The account's client; `secret` holds what each reference of the settings stands for."""
        return open_client(settings, secret, wiring)

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """Pages of a stream.

        Raises:
            Unsupported: BambooHR has no such stream, or the connection maps no plans for elections.
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
            case "election":
                yield from read_elections(link)
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
