"""Whose plan book it is, which connections play which part, when people are paid, when the hub stops and asks."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from benehub.money import parse_minor
from benehub.planbook.parts.fields import Amount, DayOfMonth, Part, Slug, TimeZone


class Employer(Part):
    """Whose plan book it is."""

    id: Slug
    """Short name: small letters, digits, - and _."""
    name: str
    """Name as it stands on statements and files."""
    country: str = Field(default="US", pattern=r"^[A-Z]{2}$")
    """Two letters (ISO 3166), US or a euro country; its bank holidays move pay dates and due dates."""
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    """Three letters (ISO 4217), of every amount in the book."""
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")
    """Language of statements and notices."""
    ein: str = Field(default="", pattern=r"^(\d{2}-?\d{7})?$")
    """US employer identification number, 12-3456789; empty: none."""
    size: Literal["small", "large"] = "small"
    """large: an applicable large employer of US law, with its rules on offers of cover."""
    school: bool = False
    """An educational organization, with its longer break before a returning employee is new."""
    timezone: TimeZone = "UTC"
    """Name of the IANA time zone, as `America/Chicago`, by whose calendar days begin: what is due today, and when a
    change counts from."""


class Roles(Part):
    """Which connection plays which part."""

    hris: Slug
    """Connection that tells who is employed."""
    payroll: Slug
    """Connection that takes deductions and tells pay dates and results."""
    elections: Slug | None = None
    """Connection that tells who chose what; left out: none."""
    recordkeeper: Slug | None = None
    """Connection that keeps the retirement accounts; left out: none."""
    mail: Slug | None = None
    """Sends employees the notices that are due."""


class PayGroup(Part):
    """A pay group and its calendar, used where payroll tells none of its own."""

    frequency: Literal["weekly", "biweekly", "semimonthly", "monthly"]
    """weekly (52 pays a year), biweekly (26), semimonthly (24) or monthly (12)."""
    first_pay_date: date | None = None
    """Weekly and biweekly: the first pay date of the counting."""
    days: tuple[DayOfMonth, ...] = ()
    """Semimonthly and monthly: days of the month."""
    pay_dates: tuple[date, ...] = ()
    """All pay dates one by one; wins over the rule."""

    @property
    def pays_a_year(self) -> int:
        """The divisor of a yearly salary."""
        return {"weekly": 52, "biweekly": 26, "semimonthly": 24, "monthly": 12}[self.frequency]


class Datev(Part):
    """Whose files these are at the tax adviser's (DATEV)."""

    consultant: int = Field(ge=1001, le=9_999_999)
    """Number of the adviser (Beraternummer)."""
    client: int = Field(ge=1, le=99_999)
    """Number of the employer there (Mandantennummer)."""
    account_length: int = Field(default=4, ge=4, le=8)
    """Digits of a general ledger account (Sachkontenlänge)."""


class Books(Part):
    """How the general ledger is kept that a closed month is exported to."""

    chart: Literal["us", "skr03", "skr04"] = "us"
    """Chart of accounts whose numbers stand where `accounts` says nothing: us (a common numbering), skr03 or skr04."""
    accounts: dict[Annotated[str, Field(pattern=r"^\d{4}$")], Annotated[str, Field(pattern=r"^\d{3,9}$")]] = Field(
        default_factory=dict
    )
    """Number in the general ledger of an account of benehub, by its code, as `"5100": "6130"`."""
    year_starts: int = Field(default=1, ge=1, le=12)
    """Month in which the business year begins."""
    datev: Datev | None = None
    """Needed for the DATEV file alone."""


class PushGuard(Part):
    """When a push stops and asks, held against what stands at the vendor by what was sent before.

    A first push changes nothing that stands, so it never stops. What a SCIM client writes at our own endpoint is a push
    too: there `change_percent` and `floor` are held against the users it wrote before, over a day.
    """

    change_percent: int = Field(default=30, ge=0, le=100)
    """A push that would change something for more than this part of the people the vendor holds stops; in percent."""
    end_percent: int = Field(default=10, ge=0, le=100)
    """A push that would end everything told for more than this part of them stops; in percent."""
    worth_percent: int = Field(default=100, ge=0)
    """A file of money worth so much more than the last one of its kind stops, and one that even the least of the last
    eight was worth so much more than; in percent, 100 being twice or half as much. A pay date's leave counts alike
    where it is more, and so do the people who are told of the same on one day by notices."""
    amount_percent: int = Field(default=50, ge=0)
    """In a file of what payroll took, somebody whose amount moves by more than this part of the last is changed; in
    percent. In one of what it shall take, whoever's amount moves by more than `small_change` is."""
    floor: int = Field(default=5, ge=0)
    """A push that touches no more people than this never stops; for small employers."""
    small_change: Amount = "1.00"
    """An amount that moves by no more than this counts as unchanged, e.g. cents that alternate by pay."""

    @property
    def small_change_minor(self) -> int:
        """The same in minor units."""
        return parse_minor(self.small_change)


class Guards(Part):
    """When the hub stops and asks instead of going on."""

    mass_removal_percent: int = Field(default=5, ge=0, le=100)
    """A read that would delete or end more than this part of the rows known stops; in percent."""
    field_empty_percent: int = Field(default=50, ge=0, le=100)
    """A read in which a field went empty in this part of the rows that had it stops; in percent."""
    push: PushGuard = PushGuard()
    """When a push to a vendor stops, whichever it is."""
    pushes: dict[Slug, PushGuard] = Field(default_factory=dict)
    """The same for single connections, by name; such a part stands instead of `push` as a whole."""
    headcount_drop_percent: int = Field(default=5, ge=0, le=100)
    """A file to a carrier that would end cover of more than this part of the families stops; in percent."""
    second_person_above: Amount | None = None
    """A fix with more money at stake needs a second person: who proposed it cannot approve it. 0.00: every fix does;
    left out: none does."""

    @property
    def alone_up_to_minor(self) -> int | None:
        """Money up to which one person may propose and approve, in minor units; None: any."""
        return None if self.second_person_above is None else parse_minor(self.second_person_above)


class Tolerance(Part):
    """How small a difference of one relation is told as rounding, and how much of it one file may have.

    What is within it goes to the rounding account; nothing is where no amount stands.
    """

    line: Amount = "0.00"
    """A line that differs by no more than this, either way, is within the tolerance."""
    file: Amount = "0.00"
    """Above this, summed without sign over such lines of one file, all of them are differences."""

    @model_validator(mode="after")
    def _in_order(self) -> Tolerance:
        line, most = parse_minor(self.line), parse_minor(self.file)
        if line < 0 or most < 0:
            raise ValueError("a tolerance is no amount below zero")
        if most < line:
            raise ValueError("`file` is less than `line`: write how much the lines of a file may come to together")
        return self

    def minor(self, currency: str) -> tuple[int, int]:
        """The amounts of a line and of a file, in minor units."""
        return parse_minor(self.line, currency), parse_minor(self.file, currency)


class Tolerances(Part):
    """The tolerance of each relation that compares amounts of money; left out: none, every cent is a difference."""

    payroll: Tolerance = Tolerance()
    """A deduction or an employer's line of a register; a file is the register of one pay date."""
    premium: Tolerance = Tolerance()
    """A member's premium of a month; a file is what one carrier bills for a month of cover."""
    retirement: Tolerance = Tolerance()
    """What was credited of a deposit; a file is the deposit of one plan and pay date."""
