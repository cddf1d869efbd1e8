"""Until when German leave may be taken, and whether it lapses then.

Statutory leave lapses only if the employer told the employee in time, and for carried days only after a notice of
their own (ECJ C-684/16, BAG 9 AZR 541/15; haufe.de). Who was ill keeps his leave for 15 months after the leave year
(BAG 9 AZR 353/10; 9 AZR 245/19 and 9 AZR 488/21 for the year in which the illness began).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from benehub.periods import FOREVER, Month
from benehub.records.explanation import Outcome, Reason
from benehub.rules.base import exact
from benehub.rules.leave.policy import ZERO
from benehub.rules.leave.urlaub_claim import law

FIRST_WEEK = timedelta(days=7)
"""Time an employer needs at least to tell of a claim that came into being on 1 January (BAG 9 AZR 107/20)."""


class Because(StrEnum):
    """Why days were carried into the year.

    URGENT: urgent reasons of the company or the person (until 31 March). NO_NOTICE: nobody was told, so they joined
    the new year's leave. ILLNESS: 15 months. FIRST_YEAR: twelfths of the year of entry, on request, for all of the
    next year.
    """

    URGENT = "urgent"
    NO_NOTICE = "no_notice"
    ILLNESS = "illness"
    FIRST_YEAR = "first_year"


@dataclass(frozen=True, slots=True)
class Told:
    """Notices that were sent and illness, as far as lapsing depends on them."""

    notice: date | None = None
    """When the employee was told of this year's days and that they lapse."""
    carried_notice: date | None = None
    """When he was told of the carried days."""
    ill_from: date | None = None
    ill_to: date = FOREVER
    urgent: bool = False
    """Whether urgent reasons kept him from taking this year's days within the year."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of days: `last_day` on which they may be taken, None while nothing lets them lapse.

    `stays` of the days do not lapse on that day all the same.
    """

    last_day: date | None
    stays: Fraction
    reason: Reason


def year_end(year: int) -> date:
    """The last day of a leave year."""
    return date(year, 12, 31)


def carried_end(year: int) -> date:
    """The last day on which days carried into `year` for urgent reasons may be taken."""
    return Month(year, law("carry_months", date(year, 1, 1))).last


def illness_end(year: int) -> date:
    """The last day for the leave of `year` of who has been ill since."""
    return Month(year, 12).plus(law("illness_months", date(year, 1, 1))).last


def of_this_year(days: Fraction, year: int, days_per_week: Fraction, told: Told, hired: date) -> Fate:
    """What becomes of this year's statutory days that are left."""
    end = year_end(year)
    if told.ill_from is not None and told.ill_from <= end < told.ill_to:
        return _ill(days, year, days_per_week, told, hired)
    if not in_time(told.notice, end, days, days_per_week):
        return _stands(days, f"no notice in time: joins the leave of {year + 1}", told.notice, end)
    if told.urgent:
        last = carried_end(year + 1)
        if in_time(told.carried_notice, last, days, days_per_week):
            return _lapses(last, "carried for urgent reasons, and told of it", told.carried_notice)
        return _stands(days, f"carried, but no notice of its own: joins the leave of {year + 1}",
                       told.carried_notice, last)  # fmt: skip
    return _lapses(end, "told in time that it lapses", told.notice)


def of_carried(days: Fraction, year: int, because: Because, days_per_week: Fraction, told: Told, hired: date) -> Fate:
    """What becomes of days that came from the year before."""
    match because:
        case Because.URGENT:
            last = carried_end(year)
            if in_time(told.carried_notice, last, days, days_per_week):
                return _lapses(last, "carried for urgent reasons, and told of it", told.carried_notice)
            return _joined(days, year, days_per_week, told, hired, "carried, but no notice of its own")
        case Because.ILLNESS:
            return _ill(days, year - 1, days_per_week, told, hired)
        case Because.NO_NOTICE:
            return _joined(days, year, days_per_week, told, hired, "nobody was told in the year before")
        case Because.FIRST_YEAR:
            return _joined(days, year, days_per_week, told, hired, "twelfths of the year of entry, on request")


def _joined(days: Fraction, year: int, days_per_week: Fraction, told: Told, hired: date, why: str) -> Fate:
    fate = of_this_year(days, year, days_per_week, told, hired)
    rule = f"{why}: stands with the leave of {year}; {fate.reason.rule}"
    return Fate(fate.last_day, fate.stays, fate.reason.model_copy(update={"rule": rule}))


def in_time(notice: date | None, last_day: date, days: Fraction, days_per_week: Fraction) -> bool:
    """Whether a notice left enough working days to take `days` up to `last_day`."""
    return notice is not None and notice <= last_day and days <= working_days(notice, last_day, days_per_week)


def working_days(after: date, last_day: date, days_per_week: Fraction) -> Fraction:
    """Working days from the day after `after` up to `last_day`, by the week's rhythm; whole weeks and what is over."""
    weeks, rest = divmod((last_day - after).days, 7)
    return weeks * days_per_week + min(Fraction(rest), days_per_week)


def _ill(days: Fraction, year: int, days_per_week: Fraction, told: Told, hired: date) -> Fate:
    first, last = max(date(year, 1, 1), hired), illness_end(year)
    since = told.ill_from
    if since is None or told.ill_to <= last:
        again = "" if since is None else f" from {told.ill_to}"
        return _stands(days, f"fit for work again{again}: joins the running year's leave and its notice", None, last)
    if since <= first:
        return _lapses(last, "ill from the first day of the leave year until 15 months after it", None)
    if told.notice is not None and told.notice < since and in_time(told.notice, year_end(year), days, days_per_week):
        return _lapses(last, "told in time before the illness began", told.notice)
    if since - first <= FIRST_WEEK:
        return _lapses(last, "ill before the employer could have told in time", None)
    could = min(days, working_days(first - timedelta(days=1), since - timedelta(days=1), days_per_week))
    why = f"not told before the illness: {exact(could)} days could have been taken until then and stay"
    reason = Reason(rule=why, outcome=Outcome.FAIL, inputs={"ill_from": since.isoformat()},
                    citation="BAG 9 AZR 245/19 of 20 December 2022")  # fmt: skip
    return Fate(last, could, reason)


def _lapses(last: date, why: str, notice: date | None) -> Fate:
    told = {"last_day": last.isoformat(), "notice_sent_at": notice.isoformat() if notice else ""}
    return Fate(last, ZERO, Reason(rule=f"lapses: {why}", outcome=Outcome.PASS, inputs=told,
                                   citation="BUrlG section 7(3); BAG 9 AZR 541/15"))  # fmt: skip


def _stands(days: Fraction, why: str, notice: date | None, by: date) -> Fate:
    told = {"days": exact(days), "notice_sent_at": notice.isoformat() if notice else ""}
    reason = Reason(rule=f"does not lapse: {why}", outcome=Outcome.FAIL, inputs=told,
                    needed={"notice_sent_at": f"early enough before {by}"},
                    citation="BUrlG section 7(3); ECJ C-684/16; BAG 9 AZR 541/15")  # fmt: skip
    return Fate(None, days, reason)
