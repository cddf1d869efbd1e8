"""What a plugin is told: small frozen values without personal data, only ids, kinds and counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


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
class AlarmLine:
    """Alarms that are alike: how many things of a kind have to be with a connection by when, and how pressing it is.

    `level` is t5, t2, today or late; `send_by` the last day to send, `latest_safe` that day's cut-off, `due` the day
    by which it has to be there. `first` is the id of one of them, for `benehub why`; `link` the page where they
    stand: a whole address where the setting `public_url` is set, else its path.
    """

    kind: str
    connection: str
    level: str
    due: str
    send_by: str
    latest_safe: str
    count: int
    first: str
    link: str


@dataclass(frozen=True, slots=True)
class AlarmNotice:
    """What one look at the deadlines has raised, for one notifier; `reference` stays the same when it is told again."""

    reference: str
    employer: str
    at: str
    lines: tuple[AlarmLine, ...]
    more: int = 0
    """Lines beyond the first ones."""


@dataclass(frozen=True, slots=True)
class NotifierTerms:
    """Whom to tell and how, by the plan book: its name, its kind, its settings, and its secrets resolved."""

    name: str
    kind: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    now: datetime
    """The moment at which it is told, in UTC."""


@dataclass(frozen=True, slots=True)
class StatementSection:
    """A titled part of an employee's statement; `lines` are label and text."""

    title: str
    lines: tuple[tuple[str, str], ...]
