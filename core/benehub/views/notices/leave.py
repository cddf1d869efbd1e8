"""Whose leave lapses unless it is taken, and who has to be told of it by law.

German statutory leave lapses only where the employer told the employee in time, with the days and the date; days
carried into a year need a notice of their own (ECJ C-684/16, BAG 9 AZR 541/15).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from benehub import facts
from benehub.periods import FOREVER, Interval
from benehub.planbook import LeavePolicy, PlanBook
from benehub.records import NoticeKind
from benehub.store import Session
from benehub.views.leave import Meter, meters
from benehub.views.notices.notice import Notice
from benehub.views.persons import person_ids

AHEAD = timedelta(days=60)
"""How long before hours expire it is told."""

YEAR_NOTICE_FROM = (10, 1)
"""Month and day from which German employees are told of the year's days: late enough to name what is left."""

CARRIED_UNTIL = (3, 31)
"""Until when carried days are kept by law (section 7(3) BUrlG)."""


def leave_lapses(session: Session, book: PlanBook, day: date) -> Iterator[Notice]:
    """Hours that expire soon, and the notices that German leave needs before it can lapse."""
    if not book.leave:
        return
    now = meters(session, book, day)
    people = person_ids(session, {one.member for one in now})
    german = {policy.id: policy for policy in book.leave if policy.germany is not None}
    yield from _expiring(now, people, german, day)
    if german:
        yield from _by_law(session, book, now, people, german, day)


def _expiring(now: list[Meter], people: dict[str, str], german: dict[str, LeavePolicy], day: date) -> Iterator[Notice]:
    for one in now:
        if one.policy in german or one.member not in people:
            continue
        for on, minutes in one.expiring:
            if day < on <= day + AHEAD and minutes > 0:
                values: dict[str, str | int] = {"policy": one.policy, "minutes": minutes, "lapses_on": on.isoformat()}
                yield Notice("leave_lapse", people[one.member], f"{one.policy}/{on}", on, values)


def _by_law(
    session: Session,
    book: PlanBook,
    now: list[Meter],
    people: dict[str, str],
    german: dict[str, LeavePolicy],
    day: date,
) -> Iterator[Notice]:
    told = _told(session)
    last_year = {(one.member, one.policy): one.accrued for one in meters(session, book, date(day.year - 1, 12, 31))}
    for one in now:
        if one.policy not in german or one.member not in people or one.accrued <= 0:
            continue
        person_id = people[one.member]
        carried = min(one.accrued, last_year.get((one.member, one.policy), 0))
        if day <= date(day.year, *CARRIED_UNTIL) and carried > 0:
            yield from _legal(
                one, people[one.member], day.year, NoticeKind.CARRIED_NOTICE, carried, CARRIED_UNTIL, told
            )
        if day >= date(day.year, *YEAR_NOTICE_FROM):
            yield from _legal(one, person_id, day.year, NoticeKind.NOTICE, one.accrued, (12, 31), told)


def _legal(
    one: Meter, person_id: str, year: int, kind: NoticeKind, minutes: int, until: tuple[int, int],
    told: set[tuple[str, str, int, str]],
) -> Iterator[Notice]:  # fmt: skip
    if (person_id, one.policy, year, kind.value) in told:
        return
    by = date(year, *until)
    values: dict[str, str | int] = {
        "policy": one.policy, "year": year, "notice": kind.value, "minutes": minutes, "lapses_on": by.isoformat(),
    }  # fmt: skip
    yield Notice("leave_lapse", person_id, f"{one.policy}/{year}/{kind.value}", by, values)


def _told(session: Session) -> set[tuple[str, str, int, str]]:
    found = facts.timelines(session, "leave_notice", Interval(date.min, FOREVER))
    return {
        (person_id, str(one.data["policy"]), int(one.data["year"]), str(one.data["kind"]))
        for (person_id, _), segments in found.items()
        for one in segments
    }
