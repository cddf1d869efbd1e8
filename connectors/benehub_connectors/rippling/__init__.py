"""Rippling, payroll in the United States: people, calendar and register read, 401(k) deferrals written.

A code of the plan book is Rippling's name of a company deduction (or an alias of it). By API Rippling takes only an
employee's 401(k) deductions; `deferrals` says which code goes to which account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qs

from pydantic import BaseModel

from benehub.connect.auth import Token
from benehub.connect.capabilities import Blocker, Capability, Guard
from benehub.connect.connector import Connector, Item, Kind, Link, Page, Receipt
from benehub.connect.http import VendorClient
from benehub.connect.limits import LimitBook
from benehub.connect.messages import Request, Response, read
from benehub.connect.webhooks import UNSIGNED, Hint, Scheme
from benehub.errors import DataError, Unsupported
from benehub.periods import Clock, system_clock
from benehub.records import DeductionOrder
from benehub_connectors.rippling.auth import rippling_auth
from benehub_connectors.rippling.reads import pay_calendar, payroll_benefits, payroll_people
from benehub_connectors.rippling.register import register
from benehub_connectors.rippling.settings import App, RipplingSettings
from benehub_connectors.rippling.writes import REFUSALS, account_of, to_write, where

__all__ = ["App", "RipplingConnector", "RipplingSettings"]

_LIMITS = LimitBook()

SET = "deduction.set"

_HINTS = {"employee": "payroll_person", "401_deductions_updated": "payroll_benefit"}
"""The stream that a kind of event is about; other events are about nothing that is read here."""


class RipplingConnector(Connector):
    """Reads people, deductions held, calendar and register; writes `deduction.set` of 401(k) accounts."""

    name = "rippling"
    kind = Kind.PAYROLL
    Settings: ClassVar[type[BaseModel]] = RipplingSettings
    renewed = ("app.refresh_token",)
    streams: ClassVar[Mapping[str, str]] = {
        "pay_calendar": "full",
        "payroll_person": "full",
        "payroll_benefit": "full",
        "register_line": "both",
    }
    guards: ClassVar[Mapping[str, Guard]] = {SET: Guard.READ_BACK}
    webhook: ClassVar[Scheme | None] = UNSIGNED

    def capabilities(self) -> tuple[Capability, ...]:
        """Its streams, and the one write; for who else would have to open more."""
        scopes = "Needs the scopes payroll, company:company_deductions and company:employee_deductions"
        return (
            *(Capability(f"read.{name}") for name in ("pay_calendar", "payroll_person")),
            *(Capability(f"read.{name}", note=scopes) for name in ("payroll_benefit", "register_line")),
            Capability(SET, guard=Guard.READ_BACK, note="401(k) accounts, from the next run on; no day can be given"),
            *(
                Capability(
                    SET, kind, supported=False, blocker=Blocker.VENDOR, guard=Guard.READ_BACK,
                    note="Rippling takes by API an employee's 401(k) deductions only",
                )
                for kind in ("medical", "dental", "vision", "account")
            ),
            Capability("leave.take", supported=False, blocker=Blocker.VENDOR, note="No time off by this API"),
        )  # fmt: skip

    def client(
        self,
        settings: RipplingSettings,
        secret: Mapping[str, str],
        *,
        on_token: Callable[[Token], None] | None = None,
        wall_clock: Clock = system_clock,
        **wiring: Any,
    ) -> VendorClient:
        """The HTTP client. `on_token` keeps a new refresh token, `wall_clock` tells a token's life (36 hours)."""
        account = settings.api_key or (settings.app.client_id if settings.app else "")
        _LIMITS.wire(wiring, self.name, account, settings.calls_a_minute)
        return VendorClient(settings.base_url, auth=rippling_auth(settings, secret, wall_clock, on_token), **wiring)

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """Pages of a stream; only the register goes by a cursor.

        Raises:
            Unsupported: another stream.
            DataError: an answer is not as documented; and whatever the client raises.
        """
        match stream:
            case "pay_calendar":
                return pay_calendar(link)
            case "payroll_person":
                return payroll_people(link)
            case "payroll_benefit":
                return payroll_benefits(link)
            case "register_line":
                return register(link, cursor)
            case _:
                return super().read(stream, link, cursor)

    def hints(self, body: bytes) -> Sequence[Hint]:
        """What a form-encoded call points at. Nobody has signed it: it costs a read at most.

        Raises:
            DataError: the body is none of Rippling's.
        """
        try:
            form = parse_qs(body.decode("utf-8", "replace"), max_num_fields=50)
        except ValueError:
            form = {}
        event, key = form.get("event_name", [""])[0], form.get("id", [""])[0]
        if not event:
            raise DataError("no event of Rippling's", where="webhook", mend="Check who calls this address")
        stream = _HINTS.get(event.partition(".")[0])
        return [Hint(stream, key if stream == "payroll_person" else "")] if stream else []

    def lookup(self, item: Item, settings: RipplingSettings) -> Request:
        """The employee's 401(k) deductions as they are.

        Raises:
            Unsupported, DataError: the order cannot be written here, so nothing is asked.
        """
        order = _order(item)
        account_of(order, settings)
        return read(where(order), accept=REFUSALS)

    def request(self, item: Item, found: Response | None, settings: RipplingSettings) -> Request | Receipt:
        """An update of the account, a first setting where there is none, or the receipt where it is right already.

        Raises:
            Unsupported, DataError: the order cannot be written here.
        """
        order = _order(item)
        if found is None:
            raise DataError("what payroll holds was not looked up", mend="Send the lookup first")
        return to_write(order, found, settings) or Receipt(order.employee, changed=False)

    def receipt(self, item: Item, response: Response) -> Receipt:
        """That it was taken; Rippling tells no version.

        Raises:
            DataError: it was not.
        """
        order = _order(item)
        if not isinstance(response.data, Mapping) or response.data.get("success") is not True:
            raise DataError(
                f"payroll did not take {order.code}", where=response.place, mend="Look at the deduction in payroll"
            )
        return Receipt(order.employee)


def _order(item: Item) -> DeductionOrder:
    if item.operation != SET:
        raise Unsupported(f"rippling does not write {item.operation}", blocker="vendor")
    return item.as_record(DeductionOrder)
