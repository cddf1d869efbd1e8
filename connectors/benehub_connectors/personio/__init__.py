"""Personio: the HRIS of employees, their present salary and their absences, read with API credentials.

It is read only: what benehub calculates goes to payroll, insurers and recordkeepers and never back here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect.capabilities import Blocker, Capability, narrowed, read_only
from benehub.connect.connector import Connector, Kind, Link, Page
from benehub.connect.http import VendorClient
from benehub_connectors.personio.absences import read_absences
from benehub_connectors.personio.account import open_client
from benehub_connectors.personio.employees import read_employees
from benehub_connectors.personio.pay import read_pay
from benehub_connectors.personio.settings import Fields, PersonioSettings

__all__ = ["Fields", "PersonioConnector", "PersonioSettings"]

_NEEDS = {
    "employee": "needs custom attributes for birth date and SSN (nine digits), which Personio has not by itself:"
    " a German insurance or tax number does not fit the record. The API takes attributes too, and benehub writes none",
    "compensation": "the present salary alone; since when it holds is a custom attribute, or the hire date by setting",
    "leave_request": "whole, because the vendor does not tell what was deleted; a day is hours_per_day hours",
}


class PersonioConnector(Connector):
    """Reads a Personio account by its API v1."""

    name = "personio"
    kind = Kind.HRIS
    Settings: ClassVar[type[BaseModel]] = PersonioSettings
    streams: ClassVar[Mapping[str, str]] = {"employee": "both", "compensation": "both", "leave_request": "full"}

    def capabilities(self) -> tuple[Capability, ...]:
        """What it reads and needs for it; dependents are not in the vendor's API, and no write is of use there.

        His API changes an employee's attributes, custom ones too: a text that nothing takes is no deduction.
        """
        none = Capability(
            "read.dependent", supported=False, blocker=Blocker.VENDOR, note="Personio's API has no dependents"
        )
        balances = Capability(
            "read.leave_balance", supported=False, blocker=Blocker.US,
            note="The API tells an employee's balance of absences; it is not read",
        )  # fmt: skip
        deductions = Capability(
            "deduction.set", supported=False, blocker=Blocker.VENDOR,
            note="Personio has no deductions. Its API changes attributes, custom ones as text (PATCH), and tells of "
            "none that a payroll takes an amount from",
        )  # fmt: skip
        lines = read_only(self.streams, "Personio keeps no deductions or elections by API", _NEEDS)
        return (*narrowed(lines, (deductions,)), none, balances)

    def client(self, settings: PersonioSettings, secret: Mapping[str, str], **wiring: Any) -> VendorClient:
        """The account's client; `secret` holds what each reference of the settings stands for."""
        return open_client(settings, secret, wiring)

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """Pages of a stream.

        Raises:
            Unsupported: Personio has no such stream.
            DataError: an answer is not what the API description says, or the cursor is no moment.
            ReauthNeeded, RateLimited, VendorUnavailable: as the client tells.
        """
        match stream:
            case "employee":
                yield from read_employees(link, cursor)
            case "compensation":
                yield from read_pay(link, cursor)
            case "leave_request":
                yield from read_absences(link)
            case _:
                yield from super().read(stream, link, cursor)
