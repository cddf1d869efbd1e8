"""What a kind of fix has to know and to say, so that each of them is proposed, approved and carried out alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Row

from benehub.connections import Open
from benehub.engine import Steps
from benehub.flows.hub import Hub
from benehub.planbook import PlanBook
from benehub.reconcile import Relation, Type
from benehub.store import Session

Content = Mapping[str, Any]
"""What a fix does, as it was frozen."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A difference for which a fix is drafted, and what may be looked at for it."""

    session: Session
    hub: Hub
    book: PlanBook
    opened: Open
    """The connection that would be told."""
    row: Row[Any]
    """The difference."""
    notice_day: date | None = None
    """The day the employee was told of it in writing, where somebody has said so."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A fix as it would be now.

    Args:
        content: what would be done, as data; nothing in it depends on the moment it is asked.
        at_stake: money that it moves or saves, minor units.
        says: the same in a sentence.
    """

    content: dict[str, Any] = field(repr=False)
    at_stake: int
    says: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a kind of fix cannot be proposed now."""

    why: str


@dataclass(frozen=True, slots=True)
class Action:
    """A kind of fix.

    Args:
        name: as it is called everywhere.
        title: what it does, in a few words.
        types: differences for which it may be proposed.
        connection: whom it tells, by the plan book and the difference; empty where nobody can be told.
        draft: what it would do now, or why it would not.
        owe: makes owed what it tells, in the transaction of its approval; gives the obligations.
        run: carries it out by the flow that tells such things every day; gives that flow's counts.
        tried: the same up to what leaves, on a hub that takes all back; gives the dispatches.
        keys: business keys of what it makes owed once the flow has run.
        undo: takes back what it has posted, when it is withdrawn, for a reason; gives why that cannot be.
        meant: whether it could be meant for a difference of its types at all; None: for any.
        posted: the entry by which it is over, where it posts and nothing of it leaves; empty while none stands.
        with_notice: whether what it does depends on the day the employee was told; kept as `notice_day` of its content.
    """

    name: str
    title: str
    types: frozenset[tuple[Relation, Type]]
    connection: Callable[[PlanBook, Row[Any]], str]
    draft: Callable[[Asked], Draft | Refusal]
    run: Callable[[Hub, Steps, str, str, Content], dict[str, Any]]
    """Hub, steps, employer, connection, content."""
    tried: Callable[[Hub, str, str, Content], Sequence[str]]
    keys: Callable[[Session, str, Content], Sequence[str]]
    owe: Callable[[Asked, Content], Sequence[str]] | None = None
    meant: Callable[[PlanBook, Row[Any]], bool] | None = None
    undo: Callable[[Session, PlanBook, Content, str], str] | None = None
    posted: Callable[[Session, Content], str] | None = None
    with_notice: bool = False


def notice_day_of(content: Content) -> date | None:
    """The day of the notice that a fix was proposed with; None where nobody has said one."""
    told = content.get("notice_day")
    return date.fromisoformat(told) if told else None
