"""What one DATEV connection needs: whose payroll it is, the adviser's wage types, and where the files are laid."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from benehub.connect.place import Place
from benehub.formats.datev_header import DateFormat
from benehub.formats.datev_text import Characters


class WageType(BaseModel):
    """What the adviser's payroll books for one of our codes.

    Args:
        number: its wage type (Lohnart).
        key: how the value counts (Bearbeitungsschlüssel), by the adviser's word; 3 and 4 were seen for amounts.
        negate: the value is written with the opposite sign, for a wage type that takes from pay by a minus.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(ge=1, le=9_999)
    key: int = Field(ge=1, le=99)
    negate: bool = False


class DatevSettings(BaseModel):
    """Settings of a `datev` connection.

    Args:
        place: folder or SFTP account that the adviser's office takes the files from.
        outbox: its folder.
        adviser: the adviser's number (Beraternummer).
        client: the employer's number with the adviser (Mandantennummer).
        wage_types: payroll's code in the plan book -> wage type; `CODE:employer` for the employer's part of a code.
            Never guessed: a code that is not here is refused.
        cost_centers: employee's number -> cost centre, where the adviser wants one.
        date_format: how dates are written.
        interface_version: Version_SST; empty to leave it out.
        characters: `refuse` or `transliterate` what Windows-1252 does not have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Place
    outbox: str = "to-datev"
    adviser: str = Field(pattern=r"^\d{1,7}$")
    client: str = Field(pattern=r"^\d{1,5}$")
    wage_types: dict[str, WageType] = Field(min_length=1)
    cost_centers: dict[Annotated[str, Field(pattern=r"^\d{1,5}$")], str] = {}
    date_format: DateFormat = DateFormat.DOTS
    interface_version: str = Field(default="1.0", pattern=r"^[0-9.]{0,10}$")
    characters: Characters = Characters.REFUSE
