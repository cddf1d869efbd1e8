"""What a statement is made of, before it is put into words: keys and typed values, and the ids that prove them.

The words stand in `texts/`, one file a language; what a value looks like is the language's matter too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from benehub.records.notices import StatementSection


@dataclass(frozen=True, slots=True)
class Money:
    """Minor units of a currency."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Hours:
    """Leave in whole minutes, shown as hours."""

    minutes: int


@dataclass(frozen=True, slots=True)
class Word:
    """A term of the field that a language has a word for, such as a tier or a benefit type."""

    key: str


Value = str | int | Decimal | date | Money | Hours | Word


@dataclass(frozen=True, slots=True)
class Line:
    """One answer: which sentence, what stands in it, and the ids `why` can be asked about."""

    key: str
    values: Mapping[str, Value] = field(default_factory=dict)
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Answers to one question."""

    key: str
    lines: tuple[Line, ...]
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything told to one employee on one day; `added` are the sections of plugins, in their own words."""

    employee: str
    employer: str
    day: date
    sections: tuple[Section, ...]
    added: tuple[StatementSection, ...] = ()
