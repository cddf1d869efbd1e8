"""Gusto, payroll in the United States: what it took and holds, and deductions and approved leave written to it.

A code of the plan book is Gusto's *description* of a company benefit (or an alias of it). `discover` looks
the company benefits up once a run and gives settings that know the uuid and the type behind every code;
writes need those settings, because a write does no I/O of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect.auth import Token
from benehub.connect.capabilities import Capability, Guard
from benehub.connect.codes import with_found
from benehub.connect.connector import Connector, Item, Kind, Link, Page, Receipt
from benehub.connect.http import VendorClient
from benehub.connect.limits import LimitBook
from benehub.connect.messages import Request, Response, path, read
from benehub.connect.webhooks import Handshake, Hint, Scheme
from benehub.errors import DataError, Unsupported
from benehub.periods import Clock, system_clock
from benehub.records import DeductionOrder, LeaveOrder
from benehub_connectors.gusto import events, hooks, scopes
from benehub_connectors.gusto.answers import PER_PAGE, REFUSALS, refuse
from benehub_connectors.gusto.auth import gusto_auth
from benehub_connectors.gusto.leave import TAKE, compensation, open_payrolls, prepare, thousandths, to_take
from benehub_connectors.gusto.reads import (
    CompanyBenefit,
    company_benefits,
    one_a_code,
    pay_calendar,
    payroll_benefits,
    some_people,
)
from benehub_connectors.gusto.register import register
from benehub_connectors.gusto.settings import API_VERSION, GustoSettings, Payout
from benehub_connectors.gusto.words import text
from benehub_connectors.gusto.writes import (
    Held,
    all_created,
    code_target,
    held_for,
    matches,
    mine_of,
    state_of,
    to_write,
    wanted,
)

__all__ = ["GustoConnector", "GustoSettings", "Payout"]

_LIMITS = LimitBook()
_CALLS_A_MINUTE = 200
"""Gusto's limit for one application at one company, as its guide tells it (its specification does not)."""


class GustoConnector(Connector):
    """Reads the calendar, people, benefits and register; writes `deduction.set` and `leave.take`."""

    name = "gusto"
    kind = Kind.PAYROLL
    Settings: ClassVar[type[BaseModel]] = GustoSettings
    renewed = ("refresh_token",)
    streams: ClassVar[Mapping[str, str]] = {
        "pay_calendar": "full",
        "payroll_person": "both",
        "payroll_benefit": "full",
        "register_line": "both",
    }
    guards: ClassVar[Mapping[str, Guard]] = {"deduction.set": Guard.READ_BACK, TAKE: Guard.READ_BACK}
    takes_together = frozenset({"deduction.set"})
    webhook: ClassVar[Scheme | None] = hooks.SCHEME

    def capabilities(self) -> tuple[Capability, ...]:
        """Its streams, and writes guarded by reading back before anything is sent again."""
        phi = "Health benefits need the scopes employee_benefits:read:phi and company_benefits:read:phi"
        return (
            *(Capability(f"read.{name}") for name in ("pay_calendar", "payroll_person")),
            *(Capability(f"read.{name}", note=phi) for name in ("payroll_benefit", "register_line")),
            Capability(
                "deduction.set",
                guard=Guard.READ_BACK,
                note="One company benefit a code; rates as percentages, a match as tiers; health benefits need phi",
            ),
            Capability(
                TAKE,
                guard=Guard.READ_BACK,
                note="Hours of a time-off type (leave_codes) on a payroll not processed; needs payrolls:write",
            ),
        )

    def client(
        self,
        settings: GustoSettings,
        secret: Mapping[str, str],
        *,
        on_token: Callable[[Token], None] | None = None,
        wall_clock: Clock = system_clock,
        **wiring: Any,
    ) -> VendorClient:
        """The HTTP client. `on_token` keeps each new refresh token, `wall_clock` tells its life.

        Calls are limited per company over all workers, unless the network is replaced by a transport.
        """
        _LIMITS.wire(wiring, self.name, settings.company, _CALLS_A_MINUTE)
        return VendorClient(
            settings.base_url,
            auth=gusto_auth(settings, secret, wall_clock, on_token),
            headers={"x-gusto-api-version": API_VERSION},
            **wiring,
        )

    def webhook_client(
        self, settings: GustoSettings, secret: Mapping[str, str], *, wall_clock: Clock = system_clock, **wiring: Any
    ) -> VendorClient:
        """The client of our application, which verifies a subscription; its calls count with those of `client`."""
        _LIMITS.wire(wiring, self.name, settings.company, _CALLS_A_MINUTE)
        return VendorClient(
            settings.base_url, auth=hooks.system_auth(settings, secret, wall_clock),
            headers={"x-gusto-api-version": API_VERSION}, **wiring,
        )  # fmt: skip

    def handshake(self, body: bytes) -> Handshake | None:
        """The verification token of a new subscription."""
        return hooks.handshake(body)

    def hints(self, body: bytes) -> Sequence[Hint]:
        """What an event is about.

        Raises:
            DataError: the body is no event of Gusto's.
        """
        return hooks.hints(body)

    def reread(self, stream: str, link: Link, keys: Sequence[str]) -> Iterator[Page] | None:
        """Some employees as payroll knows them; other streams are read as ever."""
        return some_people(link, keys) if stream == "payroll_person" else None

    def company_benefits(self, link: Link) -> dict[str, str]:
        """Deduction code -> uuid of the company benefit it is written to; ambiguous codes are left out.

        Raises:
            DataError: Gusto refuses, or its answer is not what it documents.
        """
        return {code: one.uuid for code, one in self._found(link).items()}

    def withheld(self, link: Link) -> tuple[Capability, ...]:
        """What the token lacks a scope for, health benefits one by one.

        Raises:
            ReauthNeeded, VendorUnavailable, DataError: Gusto refuses.
        """
        return scopes.withheld(link)

    def discover(self, link: Link) -> GustoSettings:
        """The link's settings with the uuid and benefit type of every code: once a run, to write with.

        Raises:
            DataError: as `company_benefits`.
        """
        settings: GustoSettings = link.settings
        benefits = company_benefits(link)
        found = one_a_code(benefits, settings)
        codes = with_found({code: one.uuid for code, one in found.items()}, settings.codes)
        kinds = {one.uuid: one.benefit_type for one in benefits}
        types = {code: kind for code, uuid in codes.items() if (kind := kinds.get(uuid)) is not None}
        known = {"codes": codes, "types": types | settings.types}
        if settings.leave_codes:
            known["open_payrolls"] = open_payrolls(link) | settings.open_payrolls
        return settings.model_copy(update=known)

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """Pages of a stream; the register goes by a cursor, and people do where events are asked for.

        Raises:
            Unsupported: another stream.
            DataError: Gusto refuses; and whatever the client raises.
        """
        match stream:
            case "pay_calendar":
                return pay_calendar(link)
            case "payroll_person":
                return events.people(link, cursor)
            case "payroll_benefit":
                return payroll_benefits(link)
            case "register_line":
                return register(link, cursor)
            case _:
                return super().read(stream, link, cursor)

    def lookup(self, item: Item, settings: GustoSettings) -> Request:
        """What the employee holds, with benefits that start later: one just made may not be current yet.

        Of leave: the payroll prepared for him, which shows what it has and names the version to update.
        """
        if item.operation == TAKE:
            return prepare(item.as_record(LeaveOrder), settings)
        order = _order(item)
        where = path("/v1/employees/{id}/employee_benefits", id=order.employee)
        query = {"include": "all_benefits", "page": "1", "per": str(PER_PAGE)}
        return read(where, query, accept=REFUSALS)

    def request(self, item: Item, found: Response | None, settings: GustoSettings) -> Request | Receipt:
        """A PUT of what is held, a POST where nothing is, or the receipt where it is right already.

        Raises:
            DataError: the employee or the code is unknown, or payroll holds the deduction twice.
        """
        if found is None:
            raise DataError("what payroll holds was not looked up", mend="Send the lookup first")
        refuse(found)
        if item.operation == TAKE:
            update = to_take(item.as_record(LeaveOrder), found, settings)
            return update if update is not None else Receipt("", changed=False)
        order = _order(item)
        answer = to_write(order, held_for(found, code_target(order, settings)), settings)
        if isinstance(answer, Request):
            return answer
        return _receipt(answer)

    def together(self, item: Item, settings: GustoSettings) -> str:
        """The company benefit: Gusto takes the employees who get it in one request.

        Raises:
            DataError: the code is unknown.
        """
        return code_target(_order(item), settings)

    def merged(self, items: Sequence[Item], requests: Sequence[Request], settings: GustoSettings) -> Request | None:
        """One request for benefits that are all new; what is held is looked up, and changed, one by one."""
        return all_created([_order(one) for one in items], requests, settings)

    def receipt(self, item: Item, response: Response) -> Receipt:
        """What Gusto confirms: the benefit's uuid and new version.

        Raises:
            VendorUnavailable: out of date, or somebody made the benefit in between: look again.
            DataError: it was refused, or Gusto answers with another state than the one asked for.
        """
        refuse(response)
        if item.operation == TAKE:
            return _leave_receipt(item.as_record(LeaveOrder), response)
        order = _order(item)
        row = mine_of(order, response.data)
        if not isinstance(row, Mapping) or not row.get("uuid") or not matches(state_of(row), wanted(order)):
            raise DataError(
                f"payroll answered with another state of {order.code} than it was asked for",
                where=response.place,
                mend="Look at the deduction in payroll",
            )
        return Receipt(str(row["uuid"]), True, {"version": str(row.get("version") or "")})

    def _found(self, link: Link) -> dict[str, CompanyBenefit]:
        return one_a_code(company_benefits(link), link.settings)


def _order(item: Item) -> DeductionOrder:
    if item.operation != "deduction.set":
        raise Unsupported(f"gusto does not write {item.operation}", blocker="us")
    return item.as_record(DeductionOrder)


def _leave_receipt(order: LeaveOrder, response: Response) -> Receipt:
    row = compensation(order, response)
    hours = [text(one, "hours") for one in row.get("paid_time_off") or () if isinstance(one, Mapping)]
    if thousandths(order.minutes) not in hours:
        raise DataError(
            f"payroll answered with other hours of {order.code} than it was asked for",
            where=response.place,
            mend="Look at the time off of that payroll",
        )
    return Receipt(text(row, "version"), True, {"hours": order.hours})


def _receipt(one: Held | None) -> Receipt:
    if one is None:
        return Receipt("", changed=False)
    return Receipt(one.uuid, False, {"version": one.version})
