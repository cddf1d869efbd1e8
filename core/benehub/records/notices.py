"""What a plugin is told: small frozen values without personal data, only ids, kinds and counts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Decision(StrEnum):
    """What a plugin may say of a dispatch."""

    HOLD = "hold"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A plugin's word on a dispatch; nothing can be changed, only held for a person or refused."""

    decision: Decision
    reason: str


@dataclass(frozen=True, slots=True)
class DispatchNotice:
    """A dispatch that is about to leave: what it is, for whom, how many items, what it is worth."""

    employer: str
    dispatch: str
    connection: str
    operation: str
    business_key: str
    items: int
    worth_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class SyncNotice:
    """A read that was applied, with its custody counts."""

    employer: str
    connection: str
    stream: str
    rows: int
    applied: int
    unchanged: int
    quarantined: int
    superseded: int
    gone: int = 0
    """Rows known before that a full read no longer told."""


@dataclass(frozen=True, slots=True)
class DifferenceNotice:
    """A difference: its type, where it stands and what is at stake in minor units (or 1/100 hours)."""

    employer: str
    difference: str
    relation: str
    type: str
    state: str
    at_stake: int
    unit: str


@dataclass(frozen=True, slots=True)
class StatementSection:
    """A titled part of an employee's statement; `lines` are label and text."""

    title: str
    lines: tuple[tuple[str, str], ...]
