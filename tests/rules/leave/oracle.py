"""A slow and obvious leave balance: one day after the other, a list of hours with their last day, nothing shared.

It knows nothing of the rules under test; a policy comes as a plain mapping.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

DAY = timedelta(days=1)


def later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def tier(policy: dict[str, Any], service: date, day: date) -> tuple[Fraction, Fraction]:
    rate = annual = Fraction(0)
    for months, new_rate, new_annual in policy["tenure"]:
        if day >= later(service, months):
            rate, annual = new_rate, new_annual
    return rate, annual


def is_year_start(policy: dict[str, Any], service: date, day: date) -> bool:
    if policy["year"] == "calendar":
        return (day.month, day.day) == (1, 1)
    if policy["year"] == "fiscal":
        return (day.month, day.day) == (policy["fiscal_month"], 1)
    years = day.year - service.year
    return years > 0 and day == later(service, 12 * years)


class Day:
    """The state while it walks."""

    def __init__(self, policy: dict[str, Any]) -> None:
        self.policy = policy
        self.lots: list[list[Any]] = []
        self.debt = Fraction(0)
        self.earned = self.used = Fraction(0)

    def balance(self) -> Fraction:
        return sum((hours for hours, _ in self.lots), Fraction(0)) - self.debt

    def give(self, hours: Fraction) -> None:
        while hours and self.debt:
            part = min(hours, self.debt)
            hours, self.debt = hours - part, self.debt - part
        if hours:
            self.lots.append([hours, None])

    def take(self, hours: Fraction) -> None:
        for lot in self.lots:
            part = min(hours, lot[0])
            lot[0] -= part
            hours -= part
        self.lots = [lot for lot in self.lots if lot[0]]
        self.debt += hours

    def earn(self, hours: Fraction) -> None:
        if self.policy["cap"] is not None:
            hours = min(hours, max(Fraction(0), self.policy["cap"] - self.balance()))
        if self.policy["year_cap"] is not None:
            hours = min(hours, max(Fraction(0), self.policy["year_cap"] - self.earned))
        self.earned += hours
        self.give(hours)

    def close(self, day: date) -> None:
        self.earned = self.used = Fraction(0)
        if self.policy["carry"] is None or self.balance() <= 0:
            return
        most, months = self.policy["carry"]
        if most is not None and self.balance() > most:
            self.take(self.balance() - most)
        if months is not None:
            for lot in self.lots:
                until = later(day, months)
                lot[1] = until if lot[1] is None else min(lot[1], until)


def balance(
    policy: dict[str, Any], jobs: list[tuple[date, date]], events: list[tuple[date, str, Fraction]], as_of: date
) -> Fraction:
    """The balance at the end of `as_of`; events are (day, opening|adjust|work|pay|use|payout, hours or pays a year)."""
    walk = Day(policy)
    service, previous_end, day = jobs[0][0], jobs[0][0], jobs[0][0]
    pot = Fraction(0)
    while day <= as_of:
        walk.lots = [lot for lot in walk.lots if lot[1] is None or lot[1] > day]
        hired = [start for start, _ in jobs if start == day]
        again = bool(hired) and day != jobs[0][0]
        stays = not again or (bool(policy["reinstate"]) and day <= later(previous_end, policy["reinstate"]))
        if day != jobs[0][0] and is_year_start(policy, service, day) and (stays or not again):
            walk.close(day)
        if again and not stays:
            walk.lots, walk.debt, service = [], Fraction(0), day
        today = [(kind, hours) for when, kind, hours in events if when == day]
        for kind, hours in today:
            if kind in ("opening", "adjust"):
                walk.give(hours) if hours > 0 else walk.take(-hours)
        working = [(start, end) for start, end in jobs if start <= day < end]
        if working:
            start, previous_end = working[0][0], working[0][1]
            pot = _calendar(walk, policy, service, start, previous_end, day, pot)
            for kind, hours in sorted(today):
                rate, annual = tier(policy, service, day)
                if kind == "work" and policy["method"] == "per_hour":
                    walk.earn(hours * rate)
                if kind == "pay" and policy["method"] == "per_pay":
                    walk.earn(annual / hours)
        for kind, hours in today:
            if kind == "use":
                walk.take(hours)
        for kind, hours in today:
            if kind == "payout":
                walk.take(hours)
        day += DAY
    return walk.balance()


def _calendar(
    walk: Day, policy: dict[str, Any], service: date, start: date, end: date, day: date, pot: Fraction
) -> Fraction:
    """Monthly grants day by day into a pot that is given on the last day; yearly ones on their day."""
    annual = tier(policy, service, day)[1]
    if policy["method"] == "monthly":
        length = calendar.monthrange(day.year, day.month)[1]
        pot += annual / 12 / length
        if (day + DAY).month != day.month or day + DAY == end:
            walk.earn(pot)
            return Fraction(0)
    if policy["method"] == "annual" and (day == start or is_year_start(policy, service, day)):
        first = day
        while not (is_year_start(policy, service, first) or first == service):
            first -= DAY
        if policy["year"] != "anniversary" and first == service and not is_year_start(policy, service, first):
            while not is_year_start(policy, service, first):
                first -= DAY
        last = day + DAY
        while not is_year_start(policy, service, last):
            last += DAY
        walk.earn(annual * Fraction((min(last, end) - day).days, (last - first).days))
    if policy["method"] == "anniversary":
        years = day.year - service.year
        if years > 0 and day == later(service, 12 * years) and day > start:
            walk.earn(tier(policy, service, day - DAY)[1])
    return pot
