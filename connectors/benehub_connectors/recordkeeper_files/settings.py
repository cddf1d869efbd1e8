"""What one recordkeeper connection needs: layout, plan and client ids, folders, and which environment it is."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benehub.connect.place import Place
from benehub.records import Source


class LayoutName(StrEnum):
    """Whose 180 and 360 are exchanged."""

    ASCENSUS = "ascensus"
    PAYKONNECT = "paykonnect"


class RecordkeeperSettings(BaseModel):
    """Settings of a `recordkeeper_files` connection.

    Args:
        place: folder or SFTP account of the mailbox.
        inbox, outbox: its folders; the recordkeeper writes to the first, we to the second.
        layout: whose 180 and 360 these are: `ascensus` or `paykonnect`.
        plan: our plan in the plan book, whose rows are read and written here.
        plan_id: the recordkeeper's number of the plan (column PlanId of its files).
        client_id: our client number, in the names of our files (Ascensus) or as Company_ID (PayKonnect).
        environment: first part of our files' names: `TEST` until the recordkeeper says otherwise (Ascensus).
        division: its code of our division, where it has given one.
        plan_name, ein: as the recordkeeper has them (PayKonnect).
        regular_run, correction_run: its words for Payroll_Run_Type (PayKonnect).
        negative_amounts: whether it takes amounts below zero; where not, whose money is taken back is held back.
        qnec_column: where a QNEC stands in its 180: `safe_harbor_nonelective` (Ascensus), once that is agreed; neither
            layout has a column of its own for it, so that one is refused otherwise.
        credits, deferrals: name patterns of what it sends.
        deferral_codes: its contribution codes (in capitals) of the 360, and the money source each means; the layout's
            usual ones when empty.
        undated_from_eligibility: a change without a day holds from its eligibility date; otherwise it is a problem.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Place
    inbox: str = "from-recordkeeper"
    outbox: str = "to-recordkeeper"
    layout: LayoutName = LayoutName.ASCENSUS
    plan: str = Field(min_length=1)
    plan_id: str = Field(min_length=1, max_length=32)
    client_id: str = Field(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9-]+$")
    environment: str = Field(default="TEST", pattern=r"^(TEST|PROD)$")
    division: str = ""
    plan_name: str = ""
    ein: str = Field(default="", pattern=r"^(|\d{2}-?\d{7})$")
    regular_run: str = "Regular"
    correction_run: str = "Correction"
    negative_amounts: bool = True
    qnec_column: str = Field(default="", pattern=r"^(|safe_harbor_nonelective)$")
    credits: tuple[str, ...] = ("*credit*.csv",)
    deferrals: tuple[str, ...] = ("*_360_*.csv",)
    deferral_codes: dict[str, Source] = {}
    undated_from_eligibility: bool = False

    @model_validator(mode="after")
    def _has_the_column(self) -> Self:
        if self.qnec_column and self.layout is not LayoutName.ASCENSUS:
            raise ValueError("qnec_column is a column of the Ascensus layout: leave it out")
        return self

    @model_validator(mode="after")
    def _plan_in_a_name(self) -> Self:
        if self.layout is LayoutName.PAYKONNECT and not re.fullmatch(r"[A-Za-z0-9-]+", self.plan_id):
            raise ValueError("plan_id stands in the names of PayKonnect files: letters, digits and - only")
        return self
