"""What one custodian connection needs: client id, folders, its names of our plans, and its columns."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from benehub.connect.place import Place
from benehub.formats.custodian_contributions import COLUMNS, FIELDS, NEEDED


class CustodianSettings(BaseModel):
    """Settings of a `custodian_files` connection.

    Args:
        place: folder or SFTP account of the mailbox.
        inbox, outbox: its folders; the custodian writes to the first, we to the second.
        client_id: our client number, in the names of our files.
        plans: our plan -> the custodian's name of it; a plan not named here keeps its own.
        columns: header of each column of our file -> the field it holds, in order: file, line, employee_number, ssn,
            last_name, first_name, account, plan, source, pay_date, tax_year, contribution_year, amount.
        sources: how the custodian calls the employee's and the employer's money.
        delimiter: between the columns of our file.
        results: name patterns of the files that answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Place
    inbox: str = "from-custodian"
    outbox: str = "to-custodian"
    client_id: str = Field(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9-]+$")
    plans: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, str] = Field(default_factory=COLUMNS.copy)
    sources: dict[Literal["employee", "employer"], str] = {"employee": "EMPLOYEE", "employer": "EMPLOYER"}
    delimiter: Literal[",", ";", "\t", "|"] = ","
    results: tuple[str, ...] = ("*result*.csv",)

    @field_validator("columns")
    @classmethod
    def _known(cls, told: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(told.values()) - set(FIELDS))
        if unknown:
            raise ValueError(f"a column holds {unknown[0]!r}; write one of {', '.join(FIELDS)}")
        missing = [name for name in NEEDED if name not in told.values()]
        if missing:
            raise ValueError(f"no column holds {missing[0]!r}; the answers could not be followed without it")
        if not {"employee_number", "ssn"} & set(told.values()):
            raise ValueError("no column says who it is; give one that holds employee_number or ssn")
        if len(set(told.values())) != len(told):
            raise ValueError("two columns hold the same field; give each field one column")
        return told

    @field_validator("sources")
    @classmethod
    def _apart(cls, told: dict[str, str]) -> dict[str, str]:
        if set(told) != {"employee", "employer"} or told["employee"] == told["employer"]:
            raise ValueError("give employee and employer a word each, so that their money stays apart")
        return told

    def theirs(self, plan: str) -> str:
        """The custodian's name of our plan."""
        return self.plans.get(plan, plan)

    def ours(self, plan: str) -> str:
        """Our name of the custodian's plan."""
        return next((one for one, name in self.plans.items() if name == plan), plan)
