"""What insurers answer: acknowledgements, the roster of who they cover, and the list bill."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from benehub.records.base import Record


class AckLevel(StrEnum):
    """How deep an acknowledgement reaches: envelope (TA1), syntax (999), member (carrier's report)."""

    ENVELOPE = "envelope"
    SYNTAX = "syntax"
    MEMBER = "member"


class AckStatus(StrEnum):
    """What an acknowledgement says."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_ERRORS = "accepted_with_errors"
    REJECTED = "rejected"


class Acknowledgement(Record):
    """Stream `acknowledgement`: an answer to a file of ours, found by its control number; or to a request.

    `control` is ISA13 for envelope level, GS06 for syntax level; the receipt's reference for a request. `member` is
    empty for the whole file.
    """

    sensitive: ClassVar[frozenset[str]] = frozenset({"member"})
    may_be_ssn: ClassVar[frozenset[str]] = frozenset({"member"})

    level: AckLevel
    control: str
    transaction: str = ""
    """ST02 of the set the answer is about; empty for the whole group."""
    status: AckStatus
    member: str = ""
    code: str = ""
    text: str = ""
    usage: str = Field(default="", pattern=r"^[TP]?$")
    """ISA15 of the answer: test and production count their numbers apart. Empty where the carrier does not say."""
    latest: bool = False
    """Whether the vendor has nothing newer of this family: then it answers a request whose receipt was lost, too."""


class Severity(StrEnum):
    """How bad a line of a carrier's report is: the member was not taken, taken with a doubt, or simply told of."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class CarrierReport(Record):
    """One line of a carrier's own report on a file of ours: what it did with a member, after the grammar was fine.

    No rule says what such a report looks like, so each carrier has a parser of its own (`ReportFormat`).
    """

    sensitive: ClassVar[frozenset[str]] = frozenset({"member_key", "raw"})

    partner: str
    """The carrier, by its id in our trading-partner profile."""
    file_ref: str = ""
    """Our file as the carrier names it: control number or file name; empty where it names none."""
    member_key: str = ""
    """The member by the id we sent (REF*23 or REF*0F); empty where the line is about the whole file."""
    line: int = 0
    """Line or record of our file the carrier points at; 0 where it points at none."""
    severity: Severity
    code: str = ""
    text: str = ""
    raw: str = ""
    """The line as it came."""


class RosterMember(Record):
    """Stream `roster`: who the carrier covers, one row a member and plan; `effective_to` is half-open."""

    sensitive: ClassVar[frozenset[str]] = frozenset({"birth_date"})
    may_be_ssn: ClassVar[frozenset[str]] = frozenset({"member", "subscriber"})

    member: str
    subscriber: str
    relationship: str
    first_name: str
    last_name: str
    birth_date: date | None = None
    plan: str
    tier: str = ""
    effective_from: date
    effective_to: date | None = None


class InvoicePart(StrEnum):
    """What a line of a bill is: a member's premium, or a part of the whole bill."""

    PREMIUM = "premium"
    FEE = "fee"
    PRIOR_BALANCE = "prior_balance"
    """What was open before this bill."""
    PAYMENT = "payment"
    """What was paid since the last bill, below zero."""


class InvoiceLine(Record):
    """Stream `invoice_line`: one member and plan on a list bill; adjustments name their own month.

    A line of another kind is about the whole bill: `member` repeats the kind, `plan` is empty, the month is the bill's.
    """

    may_be_ssn: ClassVar[frozenset[str]] = frozenset({"member"})

    kind: InvoicePart = InvoicePart.PREMIUM
    invoice: str
    invoice_date: date
    due_date: date
    member: str
    first_name: str = ""
    last_name: str = ""
    plan: str
    tier: str = ""
    coverage_month: str = Field(pattern=r"^\d{4}-\d{2}$")
    premium_minor: int
    adjustment: bool = False
    volume_minor: int | None = None
    """What the bill says is insured (life), or is covered pay: the amount that the rate is on."""
    age_band: str = Field(default="", pattern=r"^(\d{1,3}(-\d{1,3}|\+)?)?$")
    """The age that the bill charges: `30-34`, `65+` or a single age."""
    dependents: int | None = Field(default=None, ge=0)
    """How many the bill has as covered beside the employee."""

    @property
    def basis(self) -> dict[str, int | str]:
        """What the bill says its price goes by; empty where it says nothing."""
        told = {"volume_minor": self.volume_minor, "age_band": self.age_band or None, "dependents": self.dependents}
        return {name: value for name, value in told.items() if value is not None}
