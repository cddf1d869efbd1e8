"""Who should be told something before asking: one file a kind of notice, each found in sets.

A notice is due once an occasion: the key names the occasion, so that a job that runs every day tells nobody
twice. What it says is kept whole with it; the message that goes out only says that it waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from benehub.planbook import PlanBook
from benehub.store import Session
from benehub.views.notices.arrears import arrears_open
from benehub.views.notices.deductions import deduction_changes
from benehub.views.notices.eligibility import ageing_out, eligible_soon
from benehub.views.notices.leave import leave_lapses
from benehub.views.notices.notice import Notice
from benehub.views.notices.retirement import deposits_fixed, limits_near
from benehub.views.notices.year import annual_totals

__all__ = ["KINDS", "Notice", "due"]

Finder = Callable[[Session, PlanBook, date], Iterator[Notice]]

KINDS: dict[str, Finder] = {
    "eligible_soon": eligible_soon,
    "ageing_out": ageing_out,
    "arrears": arrears_open,
    "deduction_change": deduction_changes,
    "deposit_fixed": deposits_fixed,
    "limit_near": limits_near,
    "leave_lapse": leave_lapses,
    "annual_total": annual_totals,
}
"""Every kind of notice and who finds it."""


def due(session: Session, book: PlanBook, day: date) -> Iterator[Notice]:
    """Every notice that is due on a day, kind by kind; also those that have been sent already."""
    for find in KINDS.values():
        yield from find(session, book, day)
