"""HiBob: the HRIS of employees, their salary history and their time off, read by a service user.

It is read only: what benehub calculates goes to payroll, insurers and recordkeepers and never back here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect.capabilities import Blocker, Capability, read_only
from benehub.connect.connector import Connector, Kind, Link, Page
from benehub.connect.http import VendorClient
from benehub.connect.webhooks import Hint, Scheme
from benehub_connectors.hibob import hooks
from benehub_connectors.hibob.absences import read_time_off
from benehub_connectors.hibob.account import open_client
from benehub_connectors.hibob.dependents import read_dependents
from benehub_connectors.hibob.employees import read_employees
from benehub_connectors.hibob.pay import read_pay, reread_pay
from benehub_connectors.hibob.settings import Dependents, Fields, HibobSettings

__all__ = ["Dependents", "Fields", "HibobConnector", "HibobSettings"]

_NOTES = {
    "employee": "whole, because the vendor names no changes; who is hidden from the service user is not told."
    " The API takes people too, and benehub writes none",
    "compensation": "whole, one call an employee",
    "dependent": "a custom table that the settings name, one call an employee",
    "leave_request": "approved, canceled and deleted requests; pending ones are not told apart by the vendor",
}


class HibobConnector(Connector):
    """Reads a HiBob account by its API v1."""

    name = "hibob"
    kind = Kind.HRIS
    Settings: ClassVar[type[BaseModel]] = HibobSettings
    streams: ClassVar[Mapping[str, str]] = {
        "employee": "full",
        "compensation": "full",
        "leave_request": "both",
        "dependent": "full",
    }
    webhook: ClassVar[Scheme | None] = hooks.SCHEME

    def capabilities(self) -> tuple[Capability, ...]:
        """What it reads, and what its API has beside that and we leave out; no write of ours is of use there."""
        balances = Capability(
            "read.leave_balance", supported=False, blocker=Blocker.US,
            note="The API tells an employee's balance of a policy; it is not read",
        )  # fmt: skip
        return (*read_only(self.streams, "Bob keeps no deductions or elections by API", _NOTES), balances)

    def client(self, settings: HibobSettings, secret: Mapping[str, str], **wiring: Any) -> VendorClient:
        """The account's client; `secret` holds what each reference of the settings stands for."""
        return open_client(settings, secret, wiring)

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """Pages of a stream.

        Raises:
            Unsupported: there is no such stream here, or the settings name no table of dependents.
            DataError: an answer is not what the API description says, or the cursor is no moment.
            ReauthNeeded, RateLimited, VendorUnavailable: as the client tells.
        """
        match stream:
            case "employee":
                yield from read_employees(link)
            case "compensation":
                yield from read_pay(link)
            case "leave_request":
                yield from read_time_off(link, cursor)
            case "dependent":
                yield from read_dependents(link)
            case _:
                yield from super().read(stream, link, cursor)

    def reread(self, stream: str, link: Link, keys: Sequence[str]) -> Iterator[Page] | None:
        """The pay of some employees; other streams are read as ever."""
        return reread_pay(link, keys) if stream == "compensation" else None

    def hints(self, body: bytes) -> Sequence[Hint]:
        """What an event is about.

        Raises:
            DataError: the body is none of Bob's.
        """
        return hooks.hints(body)
