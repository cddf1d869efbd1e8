"""What a system says a person's year came to: W-2 boxes, payroll's own running totals, a recordkeeper's year totals."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Self

from pydantic import Field, model_validator

from benehub.records.base import Record
from benehub.records.recordkeeper import Source

W2_BOXES = ("12D", "12AA", "12W", "12DD", "10")
"""Boxes of Form W-2 that are held against the ledger: deferrals before tax and Roth, money paid into an HSA, the cost
of health cover, and dependent care."""


class YearSource(StrEnum):
    """Whose total it is."""

    W2 = "w2"
    """`item` is a box, as 12D or 10."""
    PAYROLL = "payroll"
    """`item` is payroll's code; the year so far."""
    RECORDKEEPER = "recordkeeper"
    """`item` is a money source, as EE_PRETAX; what was credited within the year."""


class YearTotal(Record):
    """Stream `year_total`: one row a person, year and item, in minor units."""

    sensitive: ClassVar[frozenset[str]] = frozenset({"amount_minor"})
    may_be_ssn: ClassVar[frozenset[str]] = frozenset({"person"})

    source: YearSource
    year: int = Field(ge=1990, le=2200)
    person: str
    plan: str = ""
    item: str
    amount_minor: int

    @model_validator(mode="after")
    def _item_is_known(self) -> Self:
        known = {YearSource.W2: W2_BOXES, YearSource.RECORDKEEPER: tuple(Source)}
        if self.item not in known.get(self.source, (self.item,)):
            raise ValueError(f"{self.source} has no item of this name; known are {', '.join(known[self.source])}")
        return self
