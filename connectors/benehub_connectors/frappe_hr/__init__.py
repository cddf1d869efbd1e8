"""Frappe HR, self-hosted HRIS and payroll in one: its people, leave and slips, and deductions written to it.

It is of kind payroll, since it is written to as one; the same connection reads the employees where Frappe is the
HRIS too. A code of the plan book is a Salary Component (or `components` says which).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect import jsontext
from benehub.connect.auth import HeaderAuth
from benehub.connect.capabilities import Blocker, Capability, Guard
from benehub.connect.connector import Connector, Item, Kind, Link, Page, Receipt
from benehub.connect.http import VendorClient
from benehub.connect.limits import LimitBook
from benehub.connect.messages import Request, Response
from benehub.connect.webhooks import Encoding, Hint, Scheme
from benehub.errors import DataError, Unsupported
from benehub.records import DeductionOrder
from benehub_connectors.frappe_hr import deductions
from benehub_connectors.frappe_hr.leave import leave_balances, leave_requests
from benehub_connectors.frappe_hr.people import employees, inactive, leaving, payroll_people, some_employees
from benehub_connectors.frappe_hr.register import register, some_slips
from benehub_connectors.frappe_hr.settings import Fields, FrappeSettings

__all__ = ["Fields", "FrappeConnector", "FrappeSettings"]

_LIMITS = LimitBook()

_TOLD = {
    "Employee": ("employee", "payroll_person"),
    "Additional Salary": ("payroll_benefit",),
    "Salary Slip": ("register_line",),
    "Leave Application": ("leave_request", "leave_balance"),
    "Leave Allocation": ("leave_balance",),
}
"""Document type of a webhook -> the streams it points at."""


class FrappeConnector(Connector):
    """Reads people, leave, deductions and slips; writes `deduction.set`."""

    name = "frappe_hr"
    kind = Kind.PAYROLL
    Settings: ClassVar[type[BaseModel]] = FrappeSettings
    streams: ClassVar[Mapping[str, str]] = {
        "employee": "both",
        "payroll_person": "full",
        "payroll_benefit": "full",
        "register_line": "both",
        "leave_request": "both",
        "leave_balance": "full",
    }
    guards: ClassVar[Mapping[str, Guard]] = {"deduction.set": Guard.READ_BACK}
    takes_day = frozenset({"deduction.set"})
    webhook: ClassVar[Scheme | None] = Scheme("x-frappe-webhook-signature", encoding=Encoding.BASE64)

    def capabilities(self) -> tuple[Capability, ...]:
        """What it reads and writes, and who would have to change what it does not."""
        return (
            *(Capability(f"read.{stream}") for stream in self.streams),
            Capability(
                "deduction.set",
                guard=Guard.READ_BACK,
                note="An amount of the employee's; what the employer pays stands in no Additional Salary",
            ),
            Capability(
                "deduction.set", "retirement", False, Blocker.VENDOR,
                "An Additional Salary holds no rate: the component's formula in the salary structure works it out",
                Guard.READ_BACK,
            ),
            Capability("read.pay_calendar", None, False, Blocker.VENDOR, "It keeps no pay dates ahead: load a file"),
            Capability("leave.take", None, False, Blocker.US, "Leave is applied for and decided in Frappe itself"),
        )  # fmt: skip

    def client(self, settings: FrappeSettings, secret: Mapping[str, str], **wiring: Any) -> VendorClient:
        """The site's client. Its calls go one by one; a 429, where the site sets a limit, is waited out."""
        _LIMITS.wire(wiring, self.name, settings.base_url, settings.calls_a_minute)
        token = f"token {secret[settings.api_key]}:{secret[settings.api_secret]}"
        return VendorClient(settings.base_url.rstrip("/"), auth=HeaderAuth({"authorization": token}), **wiring)

    def discover(self, link: Link) -> FrappeSettings:
        """The settings with what decides whether a change can be made whole: today, who leaves and who is not active.

        Raises:
            DataError: Frappe refuses, or tells a last day that is no date; and whatever the client raises.
        """
        settings: FrappeSettings = link.settings
        known = {"today": link.clock().date(), "leaving": leaving(link), "inactive": inactive(link)}
        return settings.model_copy(update=known)

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """Pages of a stream.

        Raises:
            Unsupported: another stream.
            DataError: Frappe refuses; and whatever the client raises.
        """
        match stream:
            case "employee":
                return employees(link, cursor)
            case "payroll_person":
                return payroll_people(link)
            case "payroll_benefit":
                return deductions.payroll_benefits(link)
            case "register_line":
                return register(link, cursor)
            case "leave_request":
                return leave_requests(link, cursor)
            case "leave_balance":
                return leave_balances(link)
            case _:
                return super().read(stream, link, cursor)

    def reread(self, stream: str, link: Link, keys: Sequence[str]) -> Iterator[Page] | None:
        """Some employees or slips; other streams are read as ever."""
        match stream:
            case "employee":
                return some_employees(link, keys)
            case "register_line":
                return some_slips(link, keys)
            case _:
                return None

    def hints(self, body: bytes) -> Sequence[Hint]:
        """What a webhook points at: by its `doctype` and `name`, where whoever set it up sends them along.

        Raises:
            DataError: the body is no JSON object.
        """
        try:
            told = jsontext.parse(body)
        except ValueError:
            told = None
        if not isinstance(told, Mapping):
            raise DataError("no JSON object", where="webhook", mend="Set its Request Structure to JSON")
        streams = _TOLD.get(str(told.get("doctype")), tuple(self.streams))
        name = told.get("name")
        known = isinstance(name, str) and str(told.get("doctype")) in _TOLD
        return [Hint(stream, str(name) if known else "") for stream in streams]

    def lookup(self, item: Item, settings: FrappeSettings) -> Request:
        """What recurs for the employee and component."""
        return deductions.lookup(_order(item), settings)

    def request(self, item: Item, found: Response | None, settings: FrappeSettings) -> Request | Receipt:
        """A document made, the former one ended, or the receipt where payroll is right already.

        Raises:
            DataError, Unsupported, VendorUnavailable: as `deductions.to_write`.
        """
        if found is None:
            raise DataError("what payroll holds was not looked up", mend="Send the lookup first")
        return deductions.to_write(_order(item), found, settings)

    def receipt(self, item: Item, response: Response) -> Receipt:
        """What Frappe confirms.

        Raises:
            DataError, VendorUnavailable: as `deductions.confirmed`.
        """
        return deductions.confirmed(_order(item), response)


def _order(item: Item) -> DeductionOrder:
    if item.operation != "deduction.set":
        raise Unsupported(f"frappe_hr does not write {item.operation}", blocker="us")
    return item.as_record(DeductionOrder)
