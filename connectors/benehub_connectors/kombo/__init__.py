"""Kombo, one API before many HR systems: people, pay and absences read, and a payroll in DATEV told what to book.

An integration is one system of one employer. Where that is DATEV, bookings of a pay date are pushed through it; DATEV
tells nothing back, so what was really taken comes from the payroll register by a connection of `files`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect import jsontext
from benehub.connect.auth import bearer
from benehub.connect.capabilities import Blocker, Capability, Guard
from benehub.connect.connector import Connector, Envelope, FileOut, Item, Kind, Link, Page
from benehub.connect.figures import part, parts, text
from benehub.connect.files import Mailbox
from benehub.connect.http import VendorClient
from benehub.connect.limits import LimitBook
from benehub.connect.webhooks import Encoding, Hint, Scheme
from benehub.errors import DataError, Unsupported
from benehub_connectors.kombo.passthrough import read_through
from benehub_connectors.kombo.push import KomboMailbox, render_push
from benehub_connectors.kombo.reads import compensation, employee, leave_request, read_model
from benehub_connectors.kombo.settings import Datev, KomboSettings, PassThrough

__all__ = ["Datev", "KomboConnector", "KomboSettings", "PassThrough"]

_LIMITS = LimitBook()

BOOK = "deduction.book"

_MODELS = {
    "hris_employees": "employee",
    "hris_employments": "compensation",
    "hris_absences": "leave_request",
}
"""Kombo's model -> the stream it is read as; of the others nothing is read here."""


class KomboConnector(Connector):
    """Reads employees, pay, absences and dependents; pushes bookings into DATEV."""

    name = "kombo"
    kind = Kind.HRIS
    Settings: ClassVar[type[BaseModel]] = KomboSettings
    harmless_settings: ClassVar[frozenset[str]] = frozenset({"dependents.key", "datev.wage_types.*.key"})
    streams: ClassVar[Mapping[str, str]] = {
        "employee": "both",
        "compensation": "both",
        "leave_request": "both",
        "dependent": "full",
    }
    # Only what this very program delivered shows in the mailbox: what is in doubt waits for a person.
    guards: ClassVar[Mapping[str, Guard]] = {BOOK: Guard.READ_BACK}
    files_out: ClassVar[frozenset[str]] = frozenset({BOOK})
    webhook: ClassVar[Scheme | None] = Scheme("x-kombo-signature", encoding=Encoding.BASE64URL, body_id="id")

    def capabilities(self) -> tuple[Capability, ...]:
        """What it reads, the push, and who would have to open the rest."""
        scope = "What the system behind and Kombo's scope config give"
        return (
            *(Capability(f"read.{name}", note=scope) for name in ("employee", "compensation", "leave_request")),
            Capability("read.dependent", note="By pass-through of the system behind, as the settings describe it"),
            Capability(
                BOOK, guard=Guard.READ_BACK,
                note="Into DATEV: once a month, whole; a correction, or a second pay group, is left to a person",
            ),
            *(
                Capability(one, supported=False, blocker=Blocker.VENDOR, note="DATEV tells nothing back")
                for one in ("read.register_line", "read.payroll_benefit")
            ),
        )  # fmt: skip

    def client(self, settings: KomboSettings, secret: Mapping[str, str], **wiring: Any) -> VendorClient:
        """The HTTP client. Kombo publishes no limit of its own: unless the settings have one, a 429 is waited out."""
        _LIMITS.wire(wiring, self.name, settings.integration, settings.calls_a_minute)
        headers = {"x-integration-id": settings.integration}
        return VendorClient(settings.base_url, auth=bearer(secret[settings.api_key]), headers=headers, **wiring)

    def mailbox(self, settings: KomboSettings, secret: Mapping[str, str], **wiring: Any) -> Mailbox | None:
        """What a push is delivered by, for an integration that is DATEV; its calls count with those of `client`."""
        return KomboMailbox(self.client(settings, secret, **wiring)) if settings.datev is not None else None

    def read(self, stream: str, link: Link, cursor: str | None) -> Iterator[Page]:
        """Pages of a stream.

        Raises:
            Unsupported: another stream; or the integration, its scope config or the settings do not have it.
            DataError: an answer is not of Kombo's form; ReauthNeeded and others as Kombo's code tells.
        """
        match stream:
            case "employee":
                return read_model(link, stream, "/hris/employees", employee, cursor)
            case "compensation":
                return read_model(link, stream, "/hris/employments", compensation, cursor)
            case "leave_request":
                return read_model(link, stream, "/hris/absences", leave_request, cursor)
            case "dependent":
                return read_through(link, stream, link.settings.dependents)
            case _:
                return super().read(stream, link, cursor)

    def hints(self, body: bytes) -> Sequence[Hint]:
        """The streams a webhook is about: the models that changed, or all of them after a sync.

        Raises:
            DataError: the body is none of Kombo's.
        """
        try:
            told = jsontext.parse(body)
        except ValueError:
            told = None
        if not isinstance(told, Mapping) or not text(told, "id") or not text(told, "type"):
            raise DataError("no event of Kombo's", where="webhook", mend="Check who calls this address")
        if text(told, "type") == "sync-finished":
            return [Hint(stream) for stream in _MODELS.values()]
        changed = {text(one, "name") for one in parts(part(told, "data"), "changed_models")}
        # Employees first, whatever the order they are named in: pay and leave are somebody's.
        return [Hint(stream) for model, stream in _MODELS.items() if model in changed]

    def render(self, operation: str, items: Sequence[Item], envelope: Envelope, settings: Any) -> FileOut:
        """What a push of `items`, all of one pay date, says.

        Raises:
            Unsupported: another operation.
            ConfigError: the settings name no push into DATEV.
            DataError: an item cannot be pushed; the message names it by key.
        """
        if operation == BOOK:
            return render_push(items, envelope, settings)
        raise Unsupported(f"{self.name} pushes no {operation}", blocker="us")
