"""One deadline that is still open: of what, for whom, until which moment, and how pressing it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from benehub.connect.exchange import Exchange
from benehub.planbook import PlanBook
from benehub.planbook.deadlines import closed_days
from benehub.rules.deadline.latest_safe import Level, level_at, slack
from benehub.store import Session, iso
from benehub.views.amounts import amount


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something that has to leave, or to have come, by a moment.

    Args:
        subject: what tells it from others: an obligation's id, a ledger entry's, or a key of the hub's own.
        kind: the operation or flow that meets it, `leave.payout`, or `answer` for one that a partner owes us.
        due: the last day on which it may be there; `send_by` the last one on which it may leave.
        items: how many people or rows it is about; 0 where that is not known yet.
        worth_minor: what it is worth, in minor units.
        own_minor: of a deposit, what was withheld from pay.
        more: further days that matter, by name.
        mend: the command that meets it.
    """

    subject: str
    kind: str
    connection: str
    period: str
    due: date
    send_by: date
    latest_safe: datetime
    slack_days: int
    level: Level
    items: int
    mend: str
    plan: str | None = None
    worth_minor: int = 0
    own_minor: int = 0
    currency: str = "USD"
    more: Mapping[str, date] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "subject": self.subject, "kind": self.kind, "connection": self.connection, "plan": self.plan,
            "period": self.period, "due": str(self.due), "send_by": str(self.send_by),
            "latest_safe": iso(self.latest_safe), "slack_days": self.slack_days, "level": self.level.value,
            "items": self.items, "worth": amount(self.worth_minor, self.currency), "currency": self.currency,
            **{name: str(day) for name, day in self.more.items()}, "mend": self.mend,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What deadlines are asked of: the books, the moment, how far ahead, and what partners have agreed.

    Args:
        until: deadlines whose last day to send lies after this one are left out.
        live: connections whose deadlines are ours: all but those that only watch.
        agreed: what was agreed with those that take files, by connection.
        at_once: payrolls that take no day, so that only the next pay date can be told them.
    """

    session: Session
    book: PlanBook
    now: datetime
    until: date
    live: frozenset[str]
    agreed: Mapping[str, Exchange]
    at_once: frozenset[str] = frozenset()

    @property
    def today(self) -> date:
        """The employer's day."""
        return self.now.date()

    def moment(self, connection: str, day: date) -> datetime:
        """The cut-off of a day: the connection's, or the partner's where that is earlier."""
        until = self.book.deadlines.lead_to(connection).until
        if connection in self.agreed:
            until = min(until, self.agreed[connection].schedule.cut_off)
        return datetime.combine(day, until, self.now.tzinfo)

    def left(self, latest: datetime, send_by: date) -> tuple[int, Level]:
        """Business days that are left, and how pressing that is."""
        days = slack(self.today, send_by, closed_days(self.book, send_by, self.today))
        return days, level_at(self.now, latest, days)

    def weekdays(self, connection: str) -> frozenset[int]:
        """Days of the week on which a partner takes files."""
        agreed = self.agreed.get(connection, Exchange())
        return agreed.schedule.weekdays

    def made(self, subject: str, kind: str, connection: str, due: date, send_by: date, **more: Any) -> Deadline:
        """A deadline with what is left of it."""
        latest = self.moment(connection, send_by)
        days, level = self.left(latest, send_by)
        period = more.pop("period", f"{due:%Y-%m}")
        return Deadline(
            subject, kind, connection, period, due, send_by, latest, days, level,
            currency=self.book.employer.currency, **more,
        )  # fmt: skip
