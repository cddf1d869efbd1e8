"""What a partner's profile lets leave, and what it holds back: asked before a file is frozen and before it is sent.

A file that may not be frozen yet waits where it is, as open obligations; one that is frozen and may not leave is held
until a person lets it go. Test and production never mix: what was frozen for one is not sent as the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from benehub import dispatch, obligations
from benehub.connect.exchange import PRODUCTION, TEST, Exchange, Files
from benehub.connections import Open
from benehub.flows.hub import Hub
from benehub.planbook import PlanBook
from benehub.planbook.deadlines import send_by
from benehub.store import Session

CHANGE, FULL = "enrollment.change", "enrollment.full"

BEYOND = "beyond the "
"""How the reason begins of a change that waits because it takes effect too far away."""

FEWER = "the full file covers "
"""How the reason begins of a full file that waits for a person because too few people are in it."""


def change_key(connection_id: str, person_id: str, group: str = "") -> str:
    """The business key of a family's change; where the partner takes a file for each group, of its change in one."""
    return "/".join((CHANGE, connection_id, person_id, *filter(None, (group,))))


def of_group(content: Mapping[str, Any], group: str) -> dict[str, Any]:
    """What is owed, with the group whose file carries it; as it is where there is but one file."""
    return {**content, "group": group} if group else dict(content)


def opened_for(opened: Open, group: str) -> Open:
    """The connection with the settings of one group's file."""
    settings = opened.connector.of_group(opened.link.settings, group)
    return replace(opened, link=replace(opened.link, settings=settings))


def agreed(opened: Open) -> Exchange:
    """What was agreed with the partner of an open connection."""
    return opened.connector.exchange(opened.link.settings)


def waits(hub: Hub, employer: str, connection_id: str, operation: str) -> str:
    """Why no file of this kind is frozen now; empty when one may be.

    Nobody reads it today, the partner takes no such file, or the file before has no answer yet.
    """
    with hub.open(employer, connection_id) as opened, hub.store.read(employer) as session:
        exchange = agreed(opened)
        kind = Files.FULL if operation == FULL else Files.CHANGE
        if exchange.files not in (kind, Files.BOTH):
            return f"the partner takes {exchange.files.value} files only"
        now = session.local_now()
        slot = exchange.schedule.next_slot(now)
        if slot > now:
            return f"the partner's next pick-up is on {slot:%Y-%m-%d}"
        if operation == CHANGE and exchange.one_outstanding and exchange.acks.syntax_hours is not None:
            # The files of several groups go as a set: none of the next leaves before each of it is answered.
            for before in dispatch.newest_files(session, connection_id, (CHANGE, FULL)):
                # One that a person has said never arrived is over; one refused by its TA1 is answered.
                if not before.ack_state:
                    return f"{before.dispatch_id} has no 999 yet"
    return ""


def leaving(
    book: PlanBook, connection_id: str, agreed: Exchange, now: datetime, day: date
) -> Callable[[date], date]:  # fmt: skip
    """When a change leaves by the day it takes effect: in time for it, and not before the partner's next pick-up."""
    slot = max(day, agreed.schedule.next_slot(now).date())
    return lambda first: max(slot, send_by(book, connection_id, first, 0, agreed.schedule.weekdays))


def against(session: Session, opened: Open, row: Row[Any]) -> str:
    """What speaks against sending a frozen file by the profile of today; empty for nothing."""
    line = opened.connector.control_line(opened.link.settings)
    if line is None or str(line) != row.control_line:
        return f"it was frozen for {row.control_line}, and the profile now says {line}: freeze it anew"
    exchange = agreed(opened)
    if line.usage != PRODUCTION or not exchange.testing.asked:
        return ""
    clean = [one for one in dispatch.accepted_files(session, row.connection_id, str(line._replace(usage=TEST)))
             if one.ack_state == "accepted"]  # fmt: skip
    missing = []
    if len(clean) < exchange.testing.clean_files:
        missing.append(f"{len(clean)} of {exchange.testing.clean_files} clean test files")
    if exchange.testing.audit_file and not any(one.operation == FULL for one in clean):
        missing.append("no full file for the audit")
    if not exchange.testing.go:
        missing.append("nobody has said go")
    return f"production before the test phase is over: {', '.join(missing)}" if missing else ""


def too_few(session: Session, opened: Open, dispatch_id: str, percent: int, families: tuple[int, int]) -> str:
    """Why a frozen full file needs a person: it covers far fewer than the last one accepted; empty where it does not.

    Args:
        percent: drop that the plan book allows, where the profile names none.
        families: those the carrier was told of, and those in the file; they count while no full file was accepted.
    """
    guard = agreed(opened).head_count
    row = dispatch.get(session, dispatch_id)
    earlier = [one for one in dispatch.accepted_files(session, row.connection_id, row.control_line, FULL)
               if one.heads is not None and one.dispatch_id != dispatch_id
               and one.file_group == row.file_group]  # fmt: skip
    before, now, what = (*families, "families")
    if earlier and row.heads is not None:
        before, now, what = int(earlier[0].heads), int(row.heads), "members"
    if not guard.dropped(before, now, percent):
        return ""
    return f"{FEWER}{now} {what}, and the carrier covers {before}: look, then let it go with `dispatches resend`"


def hold(session: Session, dispatch_id: str, reason: str) -> None:
    """Hold a frozen dispatch, and what it carries, until a person lets it go."""
    dispatch.finish(session, dispatch_id, "held", reason)
    obligations.mark(
        session, [one.obligation_id for one in obligations.of_dispatch(session, dispatch_id)], "held", reason
    )


@dataclass(frozen=True, slots=True)
class Far:
    """A line of cover that takes effect too far from today."""

    plan: str
    takes_effect: date
    past: bool
    limit: int

    @property
    def reason(self) -> str:
        """Why it waits."""
        limit = f"{BEYOND}{self.limit} days {'back' if self.past else 'ahead'} that were agreed"
        return f"{limit}: plan {self.plan} from {self.takes_effect}"

    @property
    def near_on(self) -> date:
        """The day on which it comes into reach; for the past, never again."""
        return self.takes_effect - timedelta(days=self.limit)


def far(line: Mapping[str, Any], before: Mapping[str, Any] | None, day: date, exchange: Exchange) -> Far | None:
    """Whether a line of cover takes effect beyond what was agreed, seen from `day`."""
    end = line["effective_to"]
    ends = line["maintenance"] == "024" and end is not None and (before is None or end != before.get("to"))
    effect = date.fromisoformat(str(end if ends else line["effective_from"]))
    away = (effect - day).days
    if exchange.retro_days is not None and -away > exchange.retro_days:
        return Far(line["plan"], effect, True, exchange.retro_days)
    if exchange.future_days is not None and away > exchange.future_days:
        return Far(line["plan"], effect, False, exchange.future_days)
    return None
