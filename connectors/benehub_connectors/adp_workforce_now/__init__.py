"""ADP Workforce Now, HR and payroll in the United States: people, deductions held and taken, and deductions written.

A write is an event: start, change or stop a general deduction instruction. To make one, the instructions of the day
it takes effect are read first, so a repeated push finds what it wants already there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect.auth import OAuth2, OAuthClient
from benehub.connect.capabilities import Blocker, Capability, Guard
from benehub.connect.connector import Connector, Item, Kind, Link, Page, Receipt
from benehub.connect.figures import text
from benehub.connect.http import VendorClient
from benehub.connect.limits import LimitBook
from benehub.connect.messages import Request, Response, read
from benehub.connect.mtls import client_tls
from benehub.errors import DataError, Unsupported
from benehub.periods import Clock, system_clock
from benehub.records import DeductionOrder
from benehub_connectors.adp_workforce_now.answers import UNMASKED, messages, refuse
from benehub_connectors.adp_workforce_now.dependents import read_dependents
from benehub_connectors.adp_workforce_now.instructions import ask, read_instructions
from benehub_connectors.adp_workforce_now.queue import DRAINED, read_changed
from benehub_connectors.adp_workforce_now.register import register
from benehub_connectors.adp_workforce_now.settings import AdpSettings
from benehub_connectors.adp_workforce_now.workers import compensation, employee, payroll_person, read_workers
from benehub_connectors.adp_workforce_now.writes import EVENTS, code_for, confirmed, to_write, wanted

__all__ = ["AdpConnector", "AdpSettings"]

SET = "deduction.set"
_LIMITS = LimitBook()


class AdpConnector(Connector):
    """Reads people, dependents, pay, deductions held and register; writes `deduction.set`."""

    name = "adp_workforce_now"
    kind = Kind.PAYROLL
    Settings: ClassVar[type[BaseModel]] = AdpSettings
    streams: ClassVar[Mapping[str, str]] = {
        "employee": "both",
        "compensation": "full",
        "dependent": "full",
        "payroll_person": "full",
        "payroll_benefit": "full",
        "register_line": "both",
    }
    gives_once = frozenset({"employee"})
    guards: ClassVar[Mapping[str, Guard]] = {SET: Guard.READ_BACK}
    takes_day = frozenset({"deduction.set"})

    def capabilities(self) -> tuple[Capability, ...]:
        """Its streams, the one write, and who would have to open the rest."""
        masked = "SSN and birth date only where the project may see them unmasked"
        lines = {
            "employee": f"{masked}; by the event queue with `events: true`",
            "compensation": "The present base pay; a daily rate is a problem of the row",
            "dependent": f"{masked}; a call a worker",
            "payroll_benefit": "A call a worker who has not left",
            "register_line": "Finished payrolls; needs the scopes of payroll output",
        }
        later = "Set up in Workforce Now with the plan; `company_part_by_adp` says that it is"
        return (
            *(Capability(f"read.{name}", note=lines.get(name, "")) for name in self.streams),
            Capability(
                "read.pay_calendar", supported=False, blocker=Blocker.US,
                note="ADP has published no sample of a calendar: read it from a file",
            ),
            Capability(SET, guard=Guard.READ_BACK, note=f"The employee's part, from a day on. The company's: {later}"),
            Capability(
                "leave.take", supported=False, blocker=Blocker.US,
                note="A pay data batch is added up, not set: nothing tells one sent twice from two",
            ),
        )  # fmt: skip

    def client(
        self, settings: AdpSettings, secret: Mapping[str, str], *, wall_clock: Clock = system_clock, **wiring: Any
    ) -> VendorClient:
        """The HTTP client: a bearer token, within ADP's limit, over a line that shows our certificate.

        Raises:
            ConfigError: certificate or key cannot be used.
        """
        if "transport" not in wiring:
            authority = secret[settings.authority] if settings.authority else ""
            wiring.setdefault("tls", client_tls(secret[settings.certificate], secret[settings.key], authority))
        _LIMITS.wire(wiring, self.name, settings.client_id, settings.calls_a_minute)
        token = f"{settings.base_url.rstrip('/')}/auth/oauth/v2/token"
        auth = OAuth2(OAuthClient(token, settings.client_id, secret[settings.client_secret]), wall_clock)
        return VendorClient(settings.base_url, auth=auth, headers={"accept": UNMASKED}, **wiring)

    def discover(self, link: Link) -> AdpSettings:
        """The link's settings with ADP's deduction codes, so that an unknown one is refused before it is sent.

        Raises:
            DataError: ADP's list of codes is not of the known form; and whatever the client raises.
        """
        settings: AdpSettings = link.settings
        answer = link.http().send(read(f"{EVENTS}.start/meta"))
        return settings.model_copy(update={"known_codes": frozenset(_codes(answer))})

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """Pages of a stream; employees go on by the event queue, the register by a pay date.

        Raises:
            Unsupported: another stream.
            DataError: an answer is not as ADP's samples show; and whatever the client raises.
        """
        match stream:
            case "employee":
                return self._employees(link, cursor)
            case "compensation":
                return read_workers(link, stream, compensation)
            case "payroll_person":
                return read_workers(link, stream, payroll_person)
            case "dependent":
                return read_dependents(link)
            case "payroll_benefit":
                return read_instructions(link)
            case "register_line":
                return register(link, cursor)
            case _:
                return super().read(stream, link, cursor)

    def takes_away(self, stream: str, settings: AdpSettings, cursor: str | None) -> bool:
        """Whether the employees are read by the event queue."""
        return stream in self.gives_once and settings.events and cursor == DRAINED

    def _employees(self, link: Link, cursor: str | None) -> Iterator[Page]:
        if self.takes_away("employee", link.settings, cursor):
            yield from read_changed(link)
            return
        yield from read_workers(link, "employee", employee)
        if link.settings.events:
            # What changed while they were read stands in the queue.
            yield Page("employee", (), b"", "workers read", DRAINED, full=True)

    def lookup(self, item: Item, settings: AdpSettings) -> Request:
        """What the worker's positions hold on the day the order takes effect.

        Raises:
            Unsupported, DataError: the order cannot be written here, so nothing is asked.
        """
        order = _order(item)
        code_for(order, settings)
        # A worker that ADP does not know is told by a 500 with that word in it.
        return ask(order.employee, order.effective_from, accept=(400, 404, 500))

    def request(self, item: Item, found: Response | None, settings: AdpSettings) -> Request | Receipt:
        """The event that brings ADP to the order, or the receipt where it is right already.

        Raises:
            Unsupported, DataError: the order cannot be written here.
            VendorUnavailable: ADP did not tell what it holds.
        """
        if found is None:
            raise DataError("what payroll holds was not looked up", mend="Send the lookup first")
        answer = to_write(_order(item), found, settings)
        if isinstance(answer, Request):
            return answer
        return Receipt(answer.item if answer is not None else "", changed=False)

    def receipt(self, item: Item, response: Response) -> Receipt:
        """What ADP confirms, with its word on the payroll from which it counts.

        Raises:
            VendorUnavailable: what was read before has changed: look again.
            DataError: it was refused, or ADP answers with another rate than the one asked for.
        """
        refuse(response)
        order = _order(item)
        told, want = confirmed(response, order), wanted(order)
        if told is not None and told != want:
            raise DataError(
                f"ADP answered with another rate of {order.code} than it was asked for", where=response.place,
                mend="Look at the deduction in Workforce Now",
            )  # fmt: skip
        words = [text(one.get("userMessage") or {}, "messageTxt") for one in messages(response)]
        return Receipt(f"{order.employee}/{order.code}", True, {"told": "; ".join(words)} if words else {})


def _order(item: Item) -> DeductionOrder:
    if item.operation != SET:
        raise Unsupported(f"adp_workforce_now does not write {item.operation}", blocker="us")
    return item.as_record(DeductionOrder)


def _codes(answer: Response) -> Iterator[str]:
    """All deduction codes of an event's meta, wherever in it the list stands."""
    waiting: list[Any] = [answer.data]
    found = False
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, Mapping):
            for name, value in one.items():
                if re.search(r"/deductionCode$", str(name)) and isinstance(value, Mapping):
                    items = (value.get("codeList") or {}).get("listItems") or ()
                    found = True
                    yield from (str(each["codeValue"]) for each in items if each.get("codeValue"))
                else:
                    waiting.append(value)
    if not found:
        raise DataError("the event's meta names no deduction codes", where=answer.place, mend="Report it to ADP")
