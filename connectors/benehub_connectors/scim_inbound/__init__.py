"""SCIM 2.0, the other way round: an identity service or HRIS writes its users at our own endpoint, and they come in.

Nothing is asked of anybody. The hub keeps what was written and hands each user here to be put into the record's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from pydantic import BaseModel

from benehub.connect.capabilities import Blocker, Capability
from benehub.connect.connector import Connector, Incoming, Kind
from benehub.records import OPERATIONS
from benehub_connectors.scim.users import employee
from benehub_connectors.scim_inbound.settings import InboundSettings

__all__ = ["InboundConnector", "InboundSettings"]


class InboundConnector(Connector):
    """Takes users that a SCIM client writes at our endpoint as employees."""

    name = "scim_inbound"
    kind = Kind.HRIS
    Settings: ClassVar[type[BaseModel]] = InboundSettings
    pushes: ClassVar[str] = "employee"

    def capabilities(self) -> tuple[Capability, ...]:
        """Nothing is read and nothing written: the client comes to us."""
        note = "The client writes employees at /scim/v2; there is nobody to ask"
        lacking = ("read.employee", "read.compensation", "read.dependent", "read.leave_request", *OPERATIONS)
        return tuple(Capability(one, None, False, Blocker.VENDOR, note) for one in lacking)

    def pushed(self, resource: Mapping[str, Any], settings: Any, today: date) -> Incoming:
        """A user in the record's words, or the row that says why not."""
        return employee(resource, 1, settings, today)
