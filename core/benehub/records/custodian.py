"""What the custodian or administrator of accounts answers to our contributions, line by line."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from benehub.records.base import Record


class ResultStatus(StrEnum):
    """Whether the money of a line stands on the account."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


class ContributionResult(Record):
    """Stream `contribution_result`: the answer to one line of a contribution file, or to the whole of it."""

    sensitive: ClassVar[frozenset[str]] = frozenset({"amount_minor"})

    control: str = Field(pattern=r"^\d{1,12}$")
    """Number of our file, as it stood in it."""
    reference: str = ""
    """Reference of our line; empty where the answer is about the whole file."""
    member: str = ""
    """Employee number, as the custodian knows it."""
    plan: str = ""
    """Our plan."""
    pay_date: date
    status: ResultStatus
    amount_minor: int = Field(default=0, ge=0)
    """What was posted to the account; nothing of a rejected line."""
    posted_on: date
    """Day of the posting or of the rejection."""
    code: str = Field(default="", max_length=40)
    text: str = ""
