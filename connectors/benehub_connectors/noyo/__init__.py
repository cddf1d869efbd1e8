"""Noyo, an API to many insurers: whom they cover, what they answered and bill, and enrollments family by family.

An employee number is Noyo's `custom_individual_id`. `discover` learns Noyo's own ids of the employees once a run;
writes need them, because a write does no I/O of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect import jsontext
from benehub.connect.auth import OAuth2, OAuthClient
from benehub.connect.capabilities import Blocker, Capability, Guard
from benehub.connect.connector import Connector, Item, Kind, Link, Page, Receipt
from benehub.connect.exchange import Exchange
from benehub.connect.http import VendorClient
from benehub.connect.limits import LimitBook
from benehub.connect.messages import Request, Response, path, read, search
from benehub.connect.webhooks import Hint, Scheme
from benehub.errors import DataError, Unsupported
from benehub.periods import Clock, system_clock
from benehub.records import EnrollmentMember
from benehub_connectors.noyo.answers import acknowledgements
from benehub_connectors.noyo.family import unfit
from benehub_connectors.noyo.premiums import premiums
from benehub_connectors.noyo.reads import numbers, roster
from benehub_connectors.noyo.settings import NewEmployees, NoyoBill, NoyoExchange, NoyoPlan, NoyoSettings
from benehub_connectors.noyo.snapshot import to_write
from benehub_connectors.noyo.words import parts, text, told_errors

__all__ = ["NewEmployees", "NoyoBill", "NoyoConnector", "NoyoExchange", "NoyoPlan", "NoyoSettings"]

_LIMITS = LimitBook()

CHANGE = "enrollment.change"

_HINTS = {
    "member_snapshot": "acknowledgement",
    "member_snapshot_carrier_fulfillment_status": "acknowledgement",
    "difference": "acknowledgement",
}
"""The stream that a kind of event is about."""


class NoyoConnector(Connector):
    """Reads the roster, the carriers' answers and premiums; writes `enrollment.change`."""

    name = "noyo"
    kind = Kind.CARRIER
    Settings: ClassVar[type[BaseModel]] = NoyoSettings
    account_settings: ClassVar[frozenset[str]] = frozenset({"group"})
    streams: ClassVar[Mapping[str, str]] = {"roster": "full", "acknowledgement": "full", "invoice_line": "full"}
    # The roster is calculated from what Noyo was sent: what a carrier really covers, his answer alone says.
    roster_echoes: ClassVar[bool] = True
    # A snapshot is the whole state of a family: the same one again changes nothing.
    guards: ClassVar[Mapping[str, Guard]] = {CHANGE: Guard.NATURAL_KEY_UPSERT}
    webhook: ClassVar[Scheme | None] = Scheme(
        "x-noyo-signature", "{timestamp}.{body}", timestamp="x-noyo-timestamp", separator=",", body_id="event.id"
    )

    def capabilities(self) -> tuple[Capability, ...]:
        """Three streams and one write; what Noyo has no words for is said with its reason."""
        return (
            Capability("read.roster", note="One call an employee; a tier is not told"),
            Capability(
                "read.acknowledgement", note="What carriers say of each snapshot, and where they differ from Noyo;"
                " with `member_requests`, what became of requests that others made",
            ),
            Capability("read.invoice_line", note="Premiums a plan and month; needs `bill`, for Noyo tells no due date"),
            Capability(
                CHANGE, guard=Guard.NATURAL_KEY_UPSERT,
                note="One call a family; Noyo refuses one that leaves running cover out. Member requests, for"
                " carriers that take no snapshot, are not written by us",
            ),
            Capability(
                "enrollment.full", supported=False, blocker=Blocker.VENDOR, note="Noyo takes a family at a time",
            ),
            Capability("premium.remit", supported=False, blocker=Blocker.VENDOR, note="Noyo moves no money"),
        )  # fmt: skip

    def client(
        self, settings: NoyoSettings, secret: Mapping[str, str], *, wall_clock: Clock = system_clock, **wiring: Any
    ) -> VendorClient:
        """The HTTP client; `wall_clock` tells a token's life, which is ten minutes."""
        registration = OAuthClient(
            settings.token_url, settings.client_id, secret[settings.client_secret], in_header=True
        )  # fmt: skip
        auth = OAuth2(registration, wall_clock)
        _LIMITS.wire(wiring, self.name, settings.client_id, settings.calls_a_minute)
        return VendorClient(settings.address, auth=auth, also=(settings.tracking_address,), **wiring)

    def exchange(self, settings: NoyoSettings) -> Exchange:
        """What the connection says of when changes leave and by when carriers answer."""
        return settings.exchange.agreed()

    def only_tests(self, settings: NoyoSettings) -> bool:
        """Whether the connection only tests."""
        return settings.test

    def unfit(self, operation: str, items: Sequence[Item], settings: NoyoSettings) -> Mapping[str, str]:
        """Members whom Noyo could not be told of, whatever it holds."""
        return unfit([_member(item) for item in items], settings)

    def discover(self, link: Link) -> NoyoSettings:
        """The link's settings with Noyo's id of every employee number: once a run, to write with.

        Raises:
            DataError: a list is not as documented; and whatever the client raises.
        """
        settings: NoyoSettings = link.settings
        return settings.model_copy(update={"employees": numbers(link) | settings.employees})

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """Pages of a stream.

        Raises:
            Unsupported: another stream.
            DataError: an answer is not as documented; and whatever the client raises.
        """
        match stream:
            case "roster":
                return roster(link)
            case "acknowledgement":
                return acknowledgements(link)
            case "invoice_line":
                return premiums(link)
            case _:
                return super().read(stream, link, cursor)

    def hints(self, body: bytes) -> Sequence[Hint]:
        """The stream an event is about; none for groups and tests.

        Raises:
            DataError: the body is none of Noyo's.
        """
        try:
            told = jsontext.parse(body)
            kind = str(told["event"]["type"])
        except (ValueError, KeyError, TypeError):
            raise DataError("no event of Noyo's", where="webhook", mend="Check who calls this address") from None
        stream = _HINTS.get(kind.partition(".")[0])
        return [Hint(stream)] if stream else []

    def lookup(self, item: Item, settings: NoyoSettings) -> Request:
        """The family as Noyo has it now; a search by name for an employee it has no number of."""
        member = _member(item)
        noyo_id = settings.employees.get(member.subscriber_id)
        if noyo_id:
            return read(path("/api/v1/employees/{id}/member_snapshot", id=noyo_id), accept=(404,))
        who = {
            "full_name": f"{member.first_name} {member.last_name}", "first_name": member.first_name,
            "last_name": member.last_name, "date_of_birth": member.birth_date.isoformat(),
            "group_id": settings.group, "size": 10,
        }  # fmt: skip
        return search("/api/v1/people", who)

    def request(self, item: Item, found: Response | None, settings: NoyoSettings) -> Request | Receipt:
        """The snapshot, or the receipt where Noyo holds this already.

        Raises:
            DataError: a plan is not mapped, or Noyo demands what nobody tells.
        """
        member = _member(item)
        if found is None:
            raise DataError("what Noyo holds was not looked up", mend="Send the lookup first")
        return to_write(member, found, settings) or Receipt("", changed=False)

    def receipt(self, item: Item, response: Response) -> Receipt:
        """The snapshot's id, or that it was only tested; the carriers answer later (stream `acknowledgement`).

        Raises:
            DataError: a carrier refuses it at once, or the answer is no snapshot.
        """
        _member(item)
        told = response.data if isinstance(response.data, Mapping) else {}
        tested = told.get("member_snapshot") if "trace_ids" in told else None
        one = tested if isinstance(tested, Mapping) else told
        reference = text(one, "id")
        if not reference:
            raise DataError("the answer is no snapshot", where=response.place, mend="Look at the member at Noyo")
        for carrier in parts(one, "fulfillment_summary"):
            if text(carrier, "status") == "invalid":
                raise DataError(
                    f"a carrier refuses the snapshot: {told_errors(carrier.get('errors')) or 'no reason given'}",
                    where=response.place, mend="Mend the member in the HRIS, or the plans of the connection",
                )  # fmt: skip
        detail = {"status": text(one, "status"), "version": text(one, "version")}
        return Receipt(reference, tested is None, detail, tested=tested is not None)


def _member(item: Item) -> EnrollmentMember:
    if item.operation != CHANGE:
        raise Unsupported(f"noyo does not write {item.operation}", blocker="vendor")
    member = item.as_record(EnrollmentMember)
    if member.relationship != "self":
        # Two calls for one family could overtake each other: Noyo calculates what it holds after each.
        raise DataError(
            "Noyo takes a family in one call",
            where=f"item {item.key}",
            mend="Send dependents within the employee's item",
        )
    return member
