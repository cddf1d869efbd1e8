"""Finch, one API before many payrolls of the United States: people, benefits held, register; enrollments written.

A code of the plan book is the *description* of a benefit at the payroll (or an alias of description or type).
`discover` looks the benefits up once a run and gives settings that know the id and type behind every code; writes
need those settings, because a write does no I/O of its own. Benefits themselves are set up by people: what a payroll
taxes is not for a sync to decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect import jsontext
from benehub.connect.auth import bearer
from benehub.connect.capabilities import Blocker, Capability, Guard
from benehub.connect.codes import with_found
from benehub.connect.connector import Connector, Item, Kind, Link, Page, Receipt
from benehub.connect.http import Caps, VendorClient
from benehub.connect.limits import LimitBook
from benehub.connect.messages import Request, Response, path, read
from benehub.connect.webhooks import Encoding, Hint, Scheme
from benehub.errors import DataError, Unsupported
from benehub.records import DeductionOrder
from benehub_connectors.finch.answers import REFUSALS, get, refuse
from benehub_connectors.finch.benefits import company_benefits, one_a_code, payroll_benefits
from benehub_connectors.finch.people import people
from benehub_connectors.finch.register import register
from benehub_connectors.finch.settings import API_VERSION, FinchSettings
from benehub_connectors.finch.writes import batch, confirmed, target, to_write

__all__ = ["FinchConnector", "FinchSettings"]

LIMITS: Mapping[str, int] = {
    "": 100, "directory": 20, "individual": 20, "employment": 20, "payment": 12, "pay_statement": 12,
}  # fmt: skip
"""Calls a minute to each endpoint, of one application over all its employers.

For benefits Finch publishes none: theirs keeps all together below the thousand calls in five minutes from one address,
beyond which Finch answers nobody there for an hour.
"""

_HINTS: Mapping[str, tuple[str, ...]] = {
    "directory": ("payroll_person",),
    "individual": ("payroll_person",),
    "employment": ("payroll_person",),
    "payment": ("register_line",),
    "pay_statement": ("register_line",),
}
_PATIENCE = Caps(idle_seconds=180.0, exchange_seconds=300.0)
"""Benefits are asked for at the payroll while one waits: by Finch's own word seconds to minutes."""
_LIMITS = LimitBook()


_PRODUCTS = {
    "read.payroll_person": ("directory", "individual", "employment"),
    "read.payroll_benefit": ("benefits",),
    "read.register_line": ("payment", "pay_statement"),
    "deduction.set": ("benefits",),
}
"""Operation -> Finch's products that a token has to have for it."""


class FinchConnector(Connector):
    """Reads people, enrollments and the register; writes `deduction.set`."""

    name = "finch"
    kind = Kind.PAYROLL
    Settings: ClassVar[type[BaseModel]] = FinchSettings
    streams: ClassVar[Mapping[str, str]] = {
        "payroll_person": "full",
        "payroll_benefit": "full",
        "register_line": "both",
    }
    guards: ClassVar[Mapping[str, Guard]] = {"deduction.set": Guard.READ_BACK}
    takes_together = frozenset({"deduction.set"})
    webhook = Scheme(
        "finch-signature", "{id}.{timestamp}.{body}", Encoding.BASE64, "v1,", "finch-event-id", "finch-timestamp",
        secret_base64=True,
    )  # fmt: skip

    def capabilities(self) -> tuple[Capability, ...]:
        """Its streams, and enrollments guarded by reading back before anything is sent again."""
        assisted = "Not at payrolls that Finch serves by hand (assisted): these cannot be read back"
        return (
            Capability("read.payroll_person", note="Needs the products directory, individual and employment"),
            Capability("read.payroll_benefit", note=f"Needs the product benefits. {assisted}"),
            Capability("read.register_line", note="Needs the products payment and pay_statement"),
            Capability(
                "deduction.set",
                guard=Guard.READ_BACK,
                note=f"One benefit a code, without a date of its own; needs the product benefits. {assisted}",
            ),
            *(
                Capability(name, supported=False, blocker=Blocker.VENDOR, note=note)
                for name, note in (
                    ("read.pay_calendar", "Finch tells what was paid, no pay date to come: the plan book's rule does"),
                    ("read.leave_balance", "Finch tells no balances"),
                    ("leave.take", "Finch takes no hours"),
                )
            ),
        )

    def client(self, settings: FinchSettings, secret: Mapping[str, str], **wiring: Any) -> VendorClient:
        """The HTTP client, within Finch's limits for the application unless a transport replaces the network."""
        if "transport" not in wiring:
            windows = {
                name: _LIMITS.window(self.name, settings.base_url, calls, 60, bucket=name)
                for name, calls in LIMITS.items()
            }
            wiring.setdefault("limits", windows)
        wiring.setdefault("caps", _PATIENCE)
        return VendorClient(
            settings.base_url,
            auth=bearer(secret[settings.access_token]),
            headers={"finch-api-version": API_VERSION, "content-type": "application/json"},
            **wiring,
        )

    def withheld(self, link: Link) -> tuple[Capability, ...]:
        """What the token lacks a product for, as Finch tells of it.

        Raises:
            ReauthNeeded, VendorUnavailable, DataError: Finch refuses.
        """
        told = get(link, "/introspect", {}).data
        products = told.get("products") if isinstance(told, Mapping) else None
        if not isinstance(products, list):
            return ()  # Finch says nothing of them
        lacks = {name: [one for one in needed if one not in products] for name, needed in _PRODUCTS.items()}
        return tuple(
            Capability(
                name, supported=False, blocker=Blocker.PERMISSIONS,
                note=f"Put a token in place that has the products {', '.join(missing)}",
            )
            for name, missing in lacks.items() if missing
        )  # fmt: skip

    def discover(self, link: Link) -> FinchSettings:
        """The link's settings with the id and type of every code, and the day: once a run, to write with.

        Raises:
            ReauthNeeded, VendorUnavailable, DataError: Finch refuses, or its answer is not what it documents.
        """
        settings: FinchSettings = link.settings
        benefits = company_benefits(link)
        found = {code: one.id for code, one in one_a_code(benefits, settings).items()}
        codes = with_found(found, settings.codes)
        kinds = {one.id: one.kind for one in benefits}
        types = {code: kinds[one] for code, one in codes.items() if kinds.get(one)}
        known = {"codes": codes, "types": types | settings.types, "as_of": settings.as_of or link.clock().date()}
        return settings.model_copy(update=known)

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """Pages of a stream; only the register goes by a cursor.

        Raises:
            Unsupported: another stream.
            ReauthNeeded, DataError: Finch refuses; and whatever the client raises.
        """
        match stream:
            case "payroll_person":
                return people(link)
            case "payroll_benefit":
                return payroll_benefits(link)
            case "register_line":
                return register(link, cursor)
            case _:
                return super().read(stream, link, cursor)

    def hints(self, body: bytes) -> Sequence[Hint]:
        """What an event is about; one that is about none of our streams (a company's address) gives nothing.

        Raises:
            DataError: the body is no event of Finch's.
        """
        try:
            told = jsontext.parse(body)
            event = str(told["event_type"])
        except (ValueError, TypeError, KeyError):
            raise DataError("no event of Finch's", where="webhook", mend="Check the webhook's address") from None
        subject = event.split(".")[0]
        if subject == "account":
            return [Hint(stream) for stream in self.streams]
        if event.startswith("job.benefit"):
            return [Hint("payroll_benefit")]
        data = told.get("data")
        named = str(data.get("individual_id") or "") if isinstance(data, Mapping) else ""
        return [Hint(one, named if one == "payroll_person" else "") for one in _HINTS.get(subject, ())]

    def lookup(self, item: Item, settings: FinchSettings) -> Request:
        """What the employee holds of the benefit, read from the payroll at this moment."""
        order = _order(item)
        where = path("/employer/benefits/{id}/individuals", id=target(order, settings))
        return read(where, {"individual_ids": order.employee}, accept=REFUSALS)

    def request(self, item: Item, found: Response | None, settings: FinchSettings) -> Request | Receipt:
        """An enrollment, its end, or the receipt where it is right already.

        Raises:
            DataError: the code is unknown, or Finch could not tell what is held.
            RetriableError: it takes effect too far ahead.
        """
        if found is None:
            raise DataError("what payroll holds was not looked up", mend="Send the lookup first")
        refuse(found)
        order = _order(item)
        asked = to_write(order, found, settings)
        return asked if asked is not None else Receipt(_reference(order), changed=False)

    def together(self, item: Item, settings: FinchSettings) -> str:
        """The benefit: Finch takes the enrollments in one together, and answers for each.

        Raises:
            DataError: the code is unknown.
        """
        return target(_order(item), settings)

    def merged(self, items: Sequence[Item], requests: Sequence[Request], settings: FinchSettings) -> Request | None:
        """All in one request: who is asked for, who is enrolled, or whose enrollment ends."""
        return batch(requests)

    def receipt(self, item: Item, response: Response) -> Receipt:
        """What Finch confirms for this employee, whatever became of the whole.

        Raises:
            RetriableError: Finch works on it; a later run reads it back.
            VendorUnavailable: the outcome is not told.
            ReauthNeeded, DataError: it was refused.
        """
        order = _order(item)
        if response.status >= 400:
            refuse(response)
        return Receipt(_reference(order), True, {"finch_code": confirmed(order, response)})


def _order(item: Item) -> DeductionOrder:
    if item.operation != "deduction.set":
        raise Unsupported(f"finch does not write {item.operation}", blocker="us")
    return item.as_record(DeductionOrder)


def _reference(order: DeductionOrder) -> str:
    """Finch gives an enrollment no id: it is known by benefit and individual."""
    return f"{order.code}/{order.employee}"
