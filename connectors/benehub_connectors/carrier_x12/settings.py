"""The trading-partner profile: everything one insurer wants otherwise than the next one, as data.

Insurers read the same guides and still differ in ids, delimiters, codes of their plans, the meaning of an end
date and in how a leaver is told. All of that stands here and none of it in code.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benehub.connect.place import Place
from benehub.errors import FormatError
from benehub.formats.x12.kernel import Delimiters
from benehub.formats.x12.writer import CharacterPolicy
from benehub.records import Tier

QUALIFIER = r"^(01|14|20|27|28|29|30|33|ZZ)$"
"""ISA05 and ISA07 as the guides allow them."""

HEALTH_LINES = "^(AG|AH|AJ|AK|DCP|DEN|EPO|FAC|HE|HLT|HMO|LTC|LTD|MM|MOD|PDG|POS|PPO|PRA|STD|UR|VIS)$"  # HD03 of the 834


class _Part(BaseModel):
    """Frozen; a field it does not know is an error of the person who wrote it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TermBy(StrEnum):
    """How a leaver is told in a full file: by a line that ends, or by being absent."""

    CODE = "code"
    ABSENCE = "absence"


class EndDate(StrEnum):
    """What DTP*349 means to the carrier: the last day covered, or the first day not covered."""

    INCLUSIVE = "inclusive"
    EXCLUSIVE = "exclusive"


class Party(_Part):
    """Who signs or receives: name and identifier in N1 (`FI` is a tax id)."""

    name: str = Field(min_length=1, max_length=60)
    qualifier: str = "FI"
    id: str = Field(min_length=2, max_length=80)


class PlanCode(_Part):
    """One of our plans in the carrier's words: HD03, REF*1L and HD04."""

    insurance_line: str = Field(pattern=HEALTH_LINES)
    policy: str = ""
    description: str = Field(default="", max_length=50)


class Bank(_Part):
    """A bank account in the 820's BPR. `account` may be a reference that the hub resolves."""

    routing: str = Field(pattern=r"^\d{9}$")
    account: str = Field(min_length=1, max_length=35, repr=False)
    kind: str = Field(default="DA", pattern=r"^(DA|SG)$")


class Premium(_Part):
    """What the 820 says beside its lines: who pays whom, how the money moves, for which policy."""

    payer: Party
    payee: Party
    method: str = Field(default="ACH", pattern=r"^(ACH|FWT|SWT|CHK|BOP|NON)$")
    payment_format: str = Field(default="CTX", pattern=r"^(CCP|CTX)$")
    payer_bank: Bank | None = None
    payee_bank: Bank | None = None
    originator: str = Field(default="", pattern=r"^$|^[19]\d{9}$")
    """BPR10 and TRN03: `1` or `9` and the tax id."""
    policy_qualifier: str = Field(default="AZ", pattern=r"^(11|9J|AZ|B7|CT|ID|IG|IK|KW)$")

    difference_reason: str = Field(default="IA", pattern=r"^(52|53|20|AA|AX|H1|H6|IA|J3)$")
    """ADX02 of what we pay otherwise than billed."""

    @model_validator(mode="after")
    def _ach_needs_banks(self) -> Self:
        if self.method == "ACH" and not (self.payer_bank and self.payee_bank and self.originator):
            raise ValueError("an ACH payment needs payer_bank, payee_bank and originator")
        return self


class FileNames(_Part):
    """File names: ours take {group} {control} {date} {time} {usage}; theirs are `*`/`?` patterns."""

    enrollment: str = "{group}_{control}_{usage}.834"
    premium: str = "{group}_{control}_{usage}.820"
    acknowledgement: tuple[str, ...] = ("*.ta1", "*.999", "*.997")
    roster: tuple[str, ...] = ("*roster*.csv",)
    invoice: tuple[str, ...] = ("*invoice*.csv", "*bill*.csv")
    report: tuple[str, ...] = ("*report*", "*discrepanc*")
    """The carrier's own reports on our files; read where `report` of the profile names their layout."""


class PartnerSettings(_Part):
    """Settings of a `carrier_x12` connection: the two folders of its mailbox and the partner's profile."""

    place: Place
    inbox: str = "from-carrier"
    """Folder of the mailbox the carrier writes to and we read."""
    outbox: str = "to-carrier"
    """Folder of the mailbox we write to."""
    sender_qualifier: str = Field(default="ZZ", pattern=QUALIFIER)
    sender: str = Field(min_length=2, max_length=15)
    receiver_qualifier: str = Field(default="ZZ", pattern=QUALIFIER)
    receiver: str = Field(min_length=2, max_length=15)
    usage: str = Field(default="T", pattern=r"^[TP]$")
    element: str = Field(default="*", min_length=1, max_length=1)
    component: str = Field(default=":", min_length=1, max_length=1)
    repetition: str = Field(default="^", min_length=1, max_length=1)
    terminator: str = Field(default="~", min_length=1, max_length=1)
    line_breaks: bool = False
    upper_case: bool = True
    transliterate: bool = True
    """An accent is dropped; false refuses the member instead."""
    replace_delimiters: bool = True
    """A delimiter inside data becomes a space; false refuses the member instead."""
    group: str = Field(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9_-]+$")
    """Master policy (REF*38), also the group's name in file names."""
    sponsor: Party
    insurer: Party
    plans: dict[str, PlanCode] = Field(min_length=1)
    tiers: dict[Tier, str] = {
        Tier.EE: "EMP", Tier.ES: "ESP", Tier.EC: "ECH", Tier.FAM: "FAM",
        Tier.EE1: "E1D", Tier.EC1: "TWO", Tier.EC2: "E2D",
    }  # fmt: skip
    """HD05 of each tier; EE1, EC1 and EC2 are needed only where a plan has them."""
    term_by: TermBy = TermBy.CODE
    end_date: EndDate = EndDate.INCLUSIVE
    ssn_of_dependents: bool = True
    premium: Premium | None = None
    names: FileNames = FileNames()
    report: str = ""
    """Layout of the carrier's own reports (`discrepancy`, `error_warning`, or a plugin's); empty: it sends none."""

    @model_validator(mode="after")
    def _can_be_written(self) -> Self:
        try:
            self.delimiters()
        except FormatError as error:
            raise ValueError(str(error)) from None
        if missing := [tier.value for tier in (Tier.EE, Tier.ES, Tier.EC, Tier.FAM) if tier not in self.tiers]:
            raise ValueError(f"no code for tier {', '.join(missing)}")
        return self

    def delimiters(self) -> Delimiters:
        """The four characters that part our files."""
        return Delimiters(self.element, self.component, self.repetition, self.terminator)

    def characters(self) -> CharacterPolicy:
        """What this partner lets through."""
        return CharacterPolicy(self.upper_case, self.transliterate, self.replace_delimiters)
