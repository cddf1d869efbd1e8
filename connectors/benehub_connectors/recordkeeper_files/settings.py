"""What one recordkeeper connection needs: plan and client ids, folders, and which environment it is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from benehub.connect.place import Place
from benehub.records import Source


class RecordkeeperSettings(BaseModel):
    """Settings of a `recordkeeper_files` connection.

    Args:
        place: folder or SFTP account of the mailbox.
        inbox, outbox: its folders; the recordkeeper writes to the first, we to the second.
        plan: our plan in the plan book, whose rows are read and written here.
        plan_id: the recordkeeper's number of the plan (column PlanId of its files).
        client_id: our client number, in the names of our files.
        environment: first part of our files' names: `TEST` until the recordkeeper says otherwise.
        credits, deferrals: name patterns of what it sends.
        deferral_codes: its contribution codes (in capitals) of the 360, and the money source each means.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Place
    inbox: str = "from-recordkeeper"
    outbox: str = "to-recordkeeper"
    plan: str = Field(min_length=1)
    plan_id: str = Field(min_length=1, max_length=32)
    client_id: str = Field(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9-]+$")
    environment: str = Field(default="TEST", pattern=r"^(TEST|PROD)$")
    credits: tuple[str, ...] = ("*credit*.csv",)
    deferrals: tuple[str, ...] = ("*_360_*.csv",)
    deferral_codes: dict[str, Source] = {"PRETAX": Source.EE_PRETAX, "ROTH": Source.EE_ROTH}
