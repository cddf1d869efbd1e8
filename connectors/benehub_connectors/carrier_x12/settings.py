"""The trading-partner profile: everything one insurer wants otherwise than the next one, as data.

Insurers read the same guides and still differ in ids, delimiters, codes of their plans, the meaning of an end
date and in how a leaver is told. All of that stands here and none of it in code.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from string import Formatter
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from benehub.connect.exchange import Exchange, Unwritable
from benehub.connect.pgp import Pgp
from benehub.connect.place import Place
from benehub.errors import FormatError
from benehub.formats.x12.kernel import Delimiters
from benehub.formats.x12.remittance_records import BANKED
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


class Identifier(StrEnum):
    """What stands in REF*0F, the family's key: the employee number both sides know, or the subscriber's SSN."""

    EMPLOYEE = "employee"
    SSN = "ssn"


class SsnDemand(StrEnum):
    """Whose SSN the partner demands: nobody's, the subscriber's, or everybody's. Who has none is held back."""

    NONE = "none"
    SUBSCRIBER = "subscriber"
    EVERYONE = "everyone"


class Groups(StrEnum):
    """Whether one file may carry members of several policies of the employer."""

    ONE = "one"
    MANY = "many"


class PlanCode(_Part):
    """One of our plans in the carrier's words: HD03, REF*1L, REF*17 and HD04."""

    insurance_line: str = Field(pattern=HEALTH_LINES)
    policy: str = Field(default="", max_length=50)
    """REF*1L of the coverage: group or policy of this plan; the master policy counts where it is empty."""
    category: str = Field(default="", max_length=50)
    """REF*17 of the coverage: the carrier's reporting category of this plan."""
    description: str = Field(default="", max_length=50)
    """HD04: the carrier's name of the plan."""
    provider_demanded: bool = False
    """Whether a member needs a primary care provider: who has chosen none is held back."""


class Bank(_Part):
    """A bank account in the 820's BPR. `account` may be a reference that the hub resolves."""

    routing: str = Field(pattern=r"^\d{9}$")
    account: str = Field(min_length=1, max_length=35, repr=False)
    kind: str = Field(default="DA", pattern=r"^(DA|SG)$")


class Premium(_Part):
    """What the 820 says beside its lines: who pays whom, how the money moves, for which policy."""

    payer: Party
    payee: Party
    method: str = Field(default="ACH", pattern=r"^(ACH|FWT|SWT|CHK|BOP)$")
    payment_format: str = Field(default="CTX", pattern=r"^(CCP|CTX)$")
    payer_bank: Bank | None = None
    payee_bank: Bank | None = None
    originator: str = Field(default="", pattern=r"^$|^[19]\d{9}$")
    """BPR10 and TRN03: `1` or `9` and the tax id; empty: `1` and the payer's."""
    policy_qualifier: str = Field(default="AZ", pattern=r"^(11|9J|AZ|B7|CT|ID|IG|IK|KW)$")

    difference_reason: str = Field(default="IA", pattern=r"^(52|53|20|AA|AX|H1|H6|IA|J3)$")
    """ADX02 of what we pay otherwise than billed."""

    @model_validator(mode="after")
    def _banks_are_named(self) -> Self:
        if self.method in BANKED and not (self.payer_bank and self.payee_bank):
            raise ValueError(f"{self.method} payment needs payer_bank and payee_bank")
        if not self.company:
            raise ValueError("payment needs the originator, where the payer's id is no tax id of nine digits")
        return self

    @property
    def company(self) -> str:
        """BPR10 and TRN03: the originator, or what is made of the payer's tax id; empty where there is none."""
        tax_id = self.payer.id if self.payer.qualifier == "FI" and re.fullmatch(r"\d{9}", self.payer.id) else ""
        return self.originator or (f"1{tax_id}" if tax_id else "")


NAME_FIELDS = frozenset({"group", "control", "date", "time", "usage"})
"""What a file name may tell: nothing of a person."""


class FileNames(_Part):
    """File names: ours take {group} {control} {date} {time} {usage}; theirs are `*`/`?` patterns."""

    enrollment: str = "{group}_{control}_{usage}.834"
    premium: str = "{group}_{control}_{usage}.820"
    acknowledgement: tuple[str, ...] = ("*.ta1", "*.999", "*.997")
    roster: tuple[str, ...] = ("*roster*.csv",)
    invoice: tuple[str, ...] = ("*invoice*.csv", "*bill*.csv")
    report: tuple[str, ...] = ("*report*", "*discrepanc*")
    """The carrier's own reports on our files; read where `report` of the profile names their layout."""

    @field_validator("enrollment", "premium")
    @classmethod
    def _tells_nobody(cls, pattern: str) -> str:
        try:
            parts = list(Formatter().parse(pattern))
        except ValueError:
            raise ValueError("a brace without its partner") from None
        fields = {name for _, name, _, _ in parts if name is not None}
        if strange := sorted(fields - NAME_FIELDS):
            raise ValueError(f"a file name tells nothing of a person: {', '.join(strange)} is none of "
                             f"{', '.join(sorted(NAME_FIELDS))}")  # fmt: skip
        if any(spec or conversion for _, _, spec, conversion in parts):
            raise ValueError("write the fields plainly, as {control}")
        if re.search(r"\d{3}-?\d{2}-?\d{4}", "".join(text for text, *_ in parts)):
            raise ValueError("nine digits in a file name read like an SSN")
        if not fields & {"control", "time"}:
            raise ValueError("two files of a day would have one name: put {control} or {time} into it")
        return pattern


class PartnerSettings(_Part):
    """Settings of a `carrier_x12` connection: the two folders of its mailbox and the partner's profile."""

    place: Place
    """Folder or SFTP account of the exchange."""
    inbox: str = "from-carrier"
    """Folder of the mailbox the carrier writes to and we read."""
    outbox: str = "to-carrier"
    """Folder of the mailbox we write to."""
    pgp: Pgp | None = None
    """Keys and manners of encryption; none: files lie there in clear."""
    exchange: Exchange = Exchange()
    """When a file may leave, what holds it back, and what has to be answered."""
    sender_qualifier: str = Field(default="ZZ", pattern=QUALIFIER)
    """ISA05."""
    sender: str = Field(min_length=2, max_length=15)
    """ISA06, us."""
    receiver_qualifier: str = Field(default="ZZ", pattern=QUALIFIER)
    """ISA07."""
    receiver: str = Field(min_length=2, max_length=15)
    """ISA08, the partner."""
    group_sender: str = Field(default="", max_length=15)
    """GS02, where it is not ISA06."""
    group_receiver: str = Field(default="", max_length=15)
    """GS03, where it is not ISA08."""
    usage: str = Field(default="T", pattern=r"^[TP]$")
    """ISA15: T test, P production."""
    element: str = Field(default="*", min_length=1, max_length=1)
    """What parts elements."""
    component: str = Field(default=":", min_length=1, max_length=1)
    """What parts components, ISA16."""
    repetition: str = Field(default="^", min_length=1, max_length=1)
    """What parts repetitions, ISA11."""
    terminator: str = Field(default="~", min_length=1, max_length=1)
    """What ends a segment."""
    line_breaks: bool = False
    """Whether a line feed follows each segment."""
    upper_case: bool = True
    """Whether all is written in capitals."""
    transliterate: bool = True
    """An accent is dropped; false refuses the member instead."""
    replace_delimiters: bool = True
    """A delimiter inside data becomes a space; false refuses the member instead."""
    group: str = Field(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9_-]+$")
    """Master policy (REF*38), also the group's name in file names."""
    groups_per_file: Groups = Groups.MANY
    """Whether members of several policies may stand in one file; else there is a file for each policy."""
    family_per_set: bool = False
    """Whether each family is a transaction set of its own, so that one that is refused takes no other with it."""
    sponsor: Party
    """N1*P5, the employer."""
    insurer: Party
    """N1*IN, the carrier."""
    plans: dict[str, PlanCode] = Field(min_length=1)
    """Our plans in the carrier's words."""
    subgroups: dict[str, str] = {}
    """REF*DX of each department of ours; where there are any, a member of another department is held back."""
    tiers: dict[Tier, str] = {
        Tier.EE: "EMP", Tier.ES: "ESP", Tier.EC: "ECH", Tier.FAM: "FAM",
        Tier.EE1: "E1D", Tier.EC1: "TWO", Tier.EC2: "E2D",
    }  # fmt: skip
    """HD05 of each tier; EE1, EC1 and EC2 are needed only where a plan has them."""
    term_by: TermBy = TermBy.CODE
    """How a leaver is told in a full file."""
    end_date: EndDate = EndDate.INCLUSIVE
    """What an end date means."""
    identifier: Identifier = Identifier.EMPLOYEE
    """What stands in REF*0F."""
    ssn_demanded: SsnDemand = SsnDemand.NONE
    """Whose SSN has to be told."""
    ssn_of_dependents: bool = True
    """Whether dependents' SSNs are told at all."""
    subscriber_ssn_as: str = Field(default="", pattern=r"^$|^(6O|ABB|F6|Q4|QQ|ZZ)$")
    """REF qualifier under which each dependent carries the subscriber's SSN; empty: they do not."""
    premium: Premium | None = None
    """What the 820 says; without it none is written."""
    names: FileNames = FileNames()
    """What files are called."""
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

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        policies = {code.policy or self.group for code in self.plans.values()}
        if self.groups_per_file is Groups.ONE and len(policies) > 1:
            if odd := sorted(one for one in policies if not re.fullmatch(r"[A-Za-z0-9_-]{1,50}", one)):
                raise ValueError(f"groups_per_file is one: policy {odd[0]!r} names a file, so it takes letters, "
                                 "digits, - and _ only")  # fmt: skip
            if not {"{group}", "{control}"} & set(re.findall(r"\{\w+\}", self.names.enrollment)):
                raise ValueError("groups_per_file is one, and names.enrollment gives the files of several groups one "
                                 "name: put {group} or {control} into it")  # fmt: skip
        if self.ssn_demanded is SsnDemand.EVERYONE and not self.ssn_of_dependents:
            raise ValueError("ssn_demanded is everyone, and ssn_of_dependents says that dependents' are not told")
        if self.exchange.unwritable is Unwritable.LEAVE_OUT and self.term_by is TermBy.ABSENCE:
            raise ValueError("exchange.unwritable is leave_out, and by term_by whoever is left out has no cover: "
                             "set hold_file, or term_by: code")  # fmt: skip
        if strange := folders_of_the_other_usage(self):
            raise ValueError(f"usage is {self.usage}, and {strange} is named for the other one")
        return self

    def groups(self) -> dict[str, str]:
        """The group (policy) of each plan, where each has files of its own; empty where one file carries all."""
        named = {plan: code.policy or self.group for plan, code in self.plans.items()}
        return named if self.groups_per_file is Groups.ONE and len(set(named.values())) > 1 else {}

    def of_group(self, group: str) -> PartnerSettings:
        """The profile of one group's files: its policy is the master policy, and only its plans are told."""
        groups = self.groups()
        mine = {plan: code for plan, code in self.plans.items() if groups.get(plan) == group}
        return self.model_copy(update={"group": group, "plans": mine}) if mine else self

    def delimiters(self) -> Delimiters:
        """The four characters that part our files."""
        return Delimiters(self.element, self.component, self.repetition, self.terminator)

    def characters(self) -> CharacterPolicy:
        """What this partner lets through."""
        return CharacterPolicy(self.upper_case, self.transliterate, self.replace_delimiters)


_WORDS = {"T": frozenset({"prod", "production", "live"}), "P": frozenset({"test", "tst", "uat", "qa", "staging"})}
"""Words in a folder's or host's name that contradict a usage."""


def folders_of_the_other_usage(settings: PartnerSettings) -> str:
    """The first place whose name says test where the usage is production, or the reverse; empty where none does."""
    sftp = settings.place.sftp
    places = {"outbox": settings.outbox, "inbox": settings.inbox, "place.folder": Path(settings.place.folder).name,
              "place.sftp.root": sftp.root if sftp else "", "place.sftp.host": sftp.host if sftp else ""}  # fmt: skip
    wrong = _WORDS[settings.usage]
    return next((at for at, name in places.items() if wrong & set(re.split(r"[^a-z]+", name.casefold()))), "")
