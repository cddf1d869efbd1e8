"""What a partner has agreed with us on the exchange of files, beside the words in them: data that the hub obeys.

The words of a file (ids, delimiters, codes) are the connector's; when one may leave, what holds it back and what has
to be answered is here, the same for every format. Each field stops or changes something; none is a remark.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

TEST, PRODUCTION = "T", "P"
"""ISA15, and what every number, folder and answer is kept apart by."""

HORIZON = 7
"""Days looked ahead for the next day of a weekly schedule."""


class _Part(BaseModel):
    """Frozen; a field it does not know is an error of the person who wrote it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ControlLine(NamedTuple):
    """Between whom control numbers count, and for what: one line of numbers for each of these."""

    sender: str
    receiver: str
    usage: str

    def __str__(self) -> str:
        return f"{self.sender}>{self.receiver}/{self.usage}"


class Files(StrEnum):
    """Which enrollment files a partner takes: everybody each time, what changed, or either."""

    FULL = "full"
    CHANGE = "change"
    BOTH = "both"


class Unwritable(StrEnum):
    """What becomes of a full file in which somebody cannot be written for want of what the partner demands."""

    HOLD_FILE = "hold_file"
    """It waits whole, and says who and why."""
    LEAVE_OUT = "leave_out"
    """It leaves without his family; only where being absent is no termination."""


class Schedule(_Part):
    """When the partner picks files up: nothing is frozen on another day or after the cut-off."""

    weekdays: frozenset[int] = Field(default=frozenset(range(1, 8)), min_length=1)
    """Days of the week a file may leave, 1 Monday to 7 Sunday."""
    cut_off: time = time(23, 59, 59)
    """Last moment of such a day, by the employer's clock."""

    @model_validator(mode="after")
    def _are_days(self) -> Self:
        if not self.weekdays <= set(range(1, 8)):
            raise ValueError("weekdays are 1 (Monday) to 7 (Sunday)")
        return self

    def next_slot(self, now: datetime) -> datetime:
        """`now` where a file may leave now, else the beginning of the next day on which one may."""
        if now.isoweekday() in self.weekdays and now.time() <= self.cut_off:
            return now
        days = (now + timedelta(days=ahead) for ahead in range(1, HORIZON + 1))
        found = next(day for day in days if day.isoweekday() in self.weekdays)
        return found.replace(hour=0, minute=0, second=0, microsecond=0)


class HeadCount(_Part):
    """How far a full file may fall below the last accepted one before a person has to let it go."""

    percent: int | None = Field(default=None, ge=0, le=100)
    """Percent of the members; the plan book's `headcount_drop_percent` where it is left out."""
    people: int | None = Field(default=None, ge=1)
    """Members, whatever the percentage; not looked at where it is left out."""

    def dropped(self, before: int, now: int, percent: int) -> bool:
        """Whether `now` is too few after `before`; of fewer than twenty, a percentage says nothing."""
        gone = before - now
        allowed = percent if self.percent is None else self.percent
        many = before >= 20 and gone * 100 > before * allowed
        return many or (self.people is not None and gone > self.people)


class Acks(_Part):
    """Which answers the partner owes us, and how long he may take; left out: he sends none."""

    ta1_hours: int | None = Field(default=24, ge=1)
    """Hours until the TA1, the word on the envelope."""
    syntax_hours: int | None = Field(default=48, ge=1)
    """Hours until the 999, the word on the grammar. Where there is none, a file counts as taken once delivered."""
    report_days: int | None = Field(default=10, ge=1)
    """Days after the 999 until each member stands on the carrier's roster or in its report."""


class Testing(_Part):
    """What has to be shown before the first production file: the hub counts it and refuses `P` until then."""

    clean_files: int = Field(default=0, ge=0, le=20)
    """Test files that the partner has accepted without an error."""
    audit_file: bool = False
    """Whether one of them has to be a full file, which the partner compares with his own list."""
    go: str = Field(default="", max_length=200)
    """Who at the partner said go, and when. Needed for `P` where clean files or an audit file are asked for."""

    @property
    def asked(self) -> bool:
        """Whether there is a test phase at all."""
        return bool(self.clean_files or self.audit_file)


class Exchange(_Part):
    """What was agreed with a partner on the exchange of files."""

    files: Files = Files.BOTH
    """Which enrollment files he takes: the other kind is not sent."""
    schedule: Schedule = Schedule()
    """When files may leave."""
    keep_terminated_days: int = Field(default=0, ge=0, le=400)
    """Days after its end for which ended cover is still told in full files; 0 tells it once, as news."""
    retro_days: int | None = Field(default=None, ge=0, le=400)
    """Furthest day back that a change may take effect (30, 60, 90); further back it waits for a person."""
    future_days: int | None = Field(default=None, ge=0, le=400)
    """Furthest day ahead that a change may take effect; further ahead it waits until it is near enough."""
    one_outstanding: bool = True
    """Whether a change file waits until the one before has its 999, so that none overtakes another."""
    unwritable: Unwritable = Unwritable.HOLD_FILE
    """What a full file does with a family that cannot be written; a change file always goes without it."""
    head_count: HeadCount = HeadCount()
    """The guard of full files."""
    acks: Acks = Acks()
    """The answers that are owed to us."""
    testing: Testing = Testing()
    """What comes before production."""
    salary: bool = False
    """Whether the yearly pay of subscribers is told (life and disability lines ask for it); else it stays here."""


class Unfit(NamedTuple):
    """One thing that is wrong with a profile: the field, what is wrong, and the mend."""

    field: str
    what: str
    mend: str
