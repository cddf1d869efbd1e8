"""How long before its day something has to leave for each connection, and who is told when it has not yet."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal

from pydantic import Field

from benehub.planbook.parts.fields import Part, Slug

Reference = Annotated[str, Field(pattern=r"^(env|file|keyring):.+$")]
"""Where a secret stands, never the secret: `env:NAME`, `file:PATH` or `keyring:NAME`."""


class Lead(Part):
    """How long something takes to a connection, and until which hour it is taken."""

    bank_days: int | None = Field(default=None, ge=0, le=20)
    """Bank days between the day it leaves and the day it is there; left out: 1 for payroll, a carrier's
    transit_bank_days for premiums, 0 for the rest."""
    cutoff: str = Field(default="17:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """Hour of the employer's clock, HH:MM, after which what is sent counts as sent the next day."""

    @property
    def until(self) -> time:
        """The cut-off."""
        return time.fromisoformat(self.cutoff)


class Notifier(Part):
    """Somebody who is told of alarms, and how."""

    kind: Slug
    """How: email, webhook, or the name of a plugin's own."""
    level: Literal["t5", "t2", "today", "late"] = "t5"
    """The least pressing alarm that is told: t5 (five business days or fewer are left), t2, today or late."""
    connection: Slug | None = None
    """Connection whose settings and secrets are used too, as that of `roles.mail` for e-mail; left out: none."""
    settings: dict[Slug, str] = Field(default_factory=dict)
    """What this kind asks for, as `to` for email or `url` for webhook."""
    secrets: dict[Slug, Reference] = Field(default_factory=dict)
    """Secrets that this kind asks for, each as a reference, as `key` for webhook."""


class Deadlines(Part):
    """When something is late, and who hears of it."""

    lead: dict[Slug, Lead] = Field(default_factory=dict)
    """By the name of the connection; left out: the usual bank days, until 17:00."""
    notify: dict[Slug, Notifier] = Field(default_factory=dict)
    """By a name for each; left out: alarms are kept and listed, nobody is written to."""

    def lead_to(self, connection: str) -> Lead:
        """How long it takes to a connection."""
        return self.lead.get(connection, Lead())
