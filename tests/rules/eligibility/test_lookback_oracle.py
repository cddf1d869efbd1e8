"""The look-back against a slow reading of the rule, day by day, on thousands of random histories."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from benehub.rules.eligibility.lookback import LookbackInput, lookback

DAY = timedelta(days=1)
SCALE = math.lcm(*range(1, 31))
"""Hundredths of an hour times this: an even part of any span is a whole number."""
FIRST, LAST = (2025, 1), (2026, 12)


def plus(day: date, months: int) -> date:
    """The same day of a later month, or its last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for number in range(day.day, 0, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    raise AssertionError


def days(start: date, end: date) -> Iterator[date]:
    while start < end:
        yield start
        start += DAY


def to_first(day: date) -> date:
    """The first of a month on or after a day."""
    while day.day != 1:
        day += DAY
    return day


class Oracle:
    """One employee's history as a diary: a line a day."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given
        self.hired: date = given["hire_date"]
        self.left: date | None = given["terminated_on"]
        self.out = {day for one in given["excluded"] for day in days(one["start"], one["end"])}
        self.diary: dict[date, int] = {}
        self.raw: dict[date, int] = {}
        for one in given["hours"]:
            span = list(days(one["start"], one["end"]))
            total = one["hours_minor"] + one["paid_leave_minor"]
            counted = [day for day in span if day not in self.out]
            for day in counted:
                self.diary[day] = total * SCALE // len(counted)
            for day in span:
                self.raw[day] = total * SCALE // len(span)

    def measure(self, start: date, end: date) -> str:
        counted = [day for day in days(start, end) if day not in self.out]
        worked = sum(self.diary.get(day, 0) for day in counted)
        if counted and worked * 7 >= 3000 * SCALE * len(counted):
            return "full_time"
        return "not_full_time" if counted and all(day in self.diary for day in counted) else "needs_data"

    def single(self, first: date) -> str:
        mine = [day for day in days(first, plus(first, 1)) if day >= self.hired and (not self.left or day <= self.left)]
        if sum(self.raw.get(day, 0) for day in mine) >= 13000 * SCALE:
            return "full_time"
        return "not_full_time" if all(day in self.raw for day in mine) else "needs_data"

    def admin(self, end: date, length: int, unit: str) -> date:
        return to_first(plus(end, length) if unit == "months" else end + length * DAY)

    def standard(self) -> list[tuple[date, date]]:
        """Standard measurement periods of some years around."""
        size = self.given["measurement_months"]
        return [
            (plus(self.given["standard_start"], size * n), plus(self.given["standard_start"], size * (n + 1)))
            for n in range(-36 // size, 48 // size)
        ]

    def stabilities(self) -> list[tuple[str, date, date, str]]:
        """(kind, first day, first day after, status) of everything that gives a status."""
        given, found = self.given, []
        for start, end in self.standard():
            whole = start >= self.hired and not (self.left and self.left < end - DAY)
            if not whole or end.year < FIRST[0] - 2 or end.year > LAST[0]:
                continue
            status = self.measure(start, end)
            begins = self.admin(end, given["admin"], given["admin_unit"])
            months = given["measurement_months"] if status == "not_full_time" else given["stability_months"]
            found.append(("standard", begins, plus(begins, months), status))
        if given["category"] != "full_time":
            start = self.hired if given["initial_start"] == "hire_date" else to_first(self.hired)
            end = plus(start, given["initial_months"])
            begins = self.admin(end, given["initial_admin"], given["initial_admin_unit"])
            status = self.measure(start, end)
            over = plus(begins, given["stability_months"])
            if status == "not_full_time":
                inside = next(pair for pair in self.standard() if pair[0] <= end - DAY < pair[1])
                rest = self.admin(inside[1], given["admin"], given["admin_unit"])
                over = min(plus(begins, given["initial_months"] + 1), max(rest, begins))
            found.append(("initial", begins, over, status))
        return found

    def month(self, first: date, stabilities: list[tuple[str, date, date, str]]) -> str:
        if self.hired >= plus(first, 1) or (self.left and self.left < first):
            return "not_employed"
        statuses = {status for _, start, end, status in stabilities if start <= first < end}
        for status in ("full_time", "needs_data", "not_full_time"):
            if status in statuses:
                return status
        own = [one for one in stabilities if one[0] == "initial"]
        if not own:
            return self.single(first)
        return "measuring" if first < own[0][1] else own[0][3]


SHAPES: list[dict[str, Any]] = [
    {"measurement_months": 12, "stability_months": 12, "initial_months": 12, "admin": 2, "admin_unit": "months"},
    {"measurement_months": 12, "stability_months": 12, "initial_months": 6, "admin": 45, "admin_unit": "days"},
    {"measurement_months": 6, "stability_months": 6, "initial_months": 6, "admin": 1, "admin_unit": "months"},
    {"measurement_months": 6, "stability_months": 12, "initial_months": 12, "admin": 30, "admin_unit": "days"},
    {"measurement_months": 3, "stability_months": 6, "initial_months": 3, "admin": 0, "admin_unit": "days"},
    {"measurement_months": 4, "stability_months": 9, "initial_months": 9, "admin": 45, "admin_unit": "days"},
]


def history(dice: random.Random) -> dict[str, Any]:
    """A random employee: around thirty hours, so that every average is close."""
    hired = date(2022, 6, 1) + dice.randrange(1100) * DAY
    ends = hired + dice.randrange(60, 1700) * DAY
    told, day = [], hired
    usual = dice.choice((27, 29, 30, 31, 33))
    while day < min(ends, date(2026, 12, 1)):
        length = dice.choice((1, 7, 7, 14, 15, 30))
        if dice.random() > 0.01:
            worked = max(0, (usual + dice.randrange(-6, 7)) * 100 * length // 7)
            paid = dice.choice((0, 0, 0, 100 * length))
            told.append({"start": day, "end": day + length * DAY, "hours_minor": worked, "paid_leave_minor": paid})
        day += length * DAY
    excluded = []
    for _ in range(dice.choice((0, 0, 1, 2))):
        start = hired + dice.randrange(900) * DAY
        excluded.append({"start": start, "end": start + dice.randrange(1, 90) * DAY})
    return {
        "hire_date": hired,
        "terminated_on": ends if dice.random() < 0.3 else None,
        "category": dice.choice(("full_time", "variable_hour", "seasonal", "part_time")),
        "hours": told,
        "excluded": excluded,
        "standard_start": dice.choice((date(2024, 1, 1), date(2024, 10, 15), date(2024, 12, 1))),
        "initial_start": dice.choice(("hire_date", "first_of_month")),
        "initial_admin": dice.choice((0, 1)),
        "initial_admin_unit": "months",
        **dice.choice(SHAPES),
    }


@pytest.mark.parametrize("seed", range(4))
def test_like_the_diary(seed: int) -> None:
    dice = random.Random(seed)
    seen: dict[str, int] = {}
    for _ in range(500):
        given = history(dice)
        asked = {"from_month": "{}-{:02d}".format(*FIRST), "to_month": "{}-{:02d}".format(*LAST)}
        found = lookback(LookbackInput.model_validate(given | asked)).required()
        oracle = Oracle(given)
        stabilities = oracle.stabilities()
        for one in found.months:
            wanted = oracle.month(one.month.first, stabilities)
            assert one.status.value == wanted, (one, given)
            seen[wanted] = seen.get(wanted, 0) + 1
    assert min(seen.get(name, 0) for name in ("full_time", "not_full_time", "measuring", "needs_data")) > 100
