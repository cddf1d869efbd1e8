"""What the law of a state says of leave: whether it may be lost, is paid out, by when; and statutory sick leave.

Dated data with source (`us/states/leave.yaml`). A state that is not loaded is an error: silence is no permission.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

from benehub import shipped
from benehub.errors import ConfigError

_WHERE = "legal/us/states/leave.yaml"


@dataclass(frozen=True, slots=True)
class SickLeave:
    """Statutory sick leave by hours worked; hours and days as plain counts."""

    hours_per_hour: int
    """Hours worked for one hour of leave."""
    use_from_day: int
    """Day of employment from which it may be used; the first is day 1."""
    use_cap_hours: int
    cap_hours: int
    reinstate_months: int


@dataclass(frozen=True, slots=True)
class StateLeave:
    """A state's rules that hold on a day.

    `discharge_days` and `quit_days` are calendar days after the last day by which final pay is due; None for the
    next regular pay date. `quit_with_notice_days` holds where notice of `notice_hours` was given.
    """

    state: str
    forfeiture_forbidden: bool
    payout_required: bool
    """Vacation that has been earned is wages and paid at the end; else the employer's policy decides."""
    discharge_days: int | None
    quit_days: int | None
    quit_with_notice_days: int | None
    notice_hours: int
    sick: SickLeave | None
    valid_from: date
    source: str
    or_next_pay_date: bool = False
    """Whether the next regular pay date is the deadline where it comes before the days are over."""

    def final_pay_due(
        self, last_day: date, *, quit_: bool, notice_hours: int, next_pay_date: date | None
    ) -> date | None:
        """The day by which final pay is due; None where it is a pay date that is not given."""
        days = self.discharge_days
        if quit_:
            noticed = bool(self.notice_hours) and notice_hours >= self.notice_hours
            days = self.quit_with_notice_days if noticed else self.quit_days
        if days is None:
            return next_pay_date
        due = last_day + timedelta(days=days)
        return min(due, next_pay_date) if self.or_next_pay_date and next_pay_date else due


def state_leave(state: str, day: date) -> StateLeave:
    """The rules of a US state on `day`.

    Raises:
        ConfigError: the state or the day is not loaded.
    """
    versions = _states().get(state)
    if versions is None:
        raise ConfigError(
            f"no leave rules are loaded for {state}",
            where=_WHERE,
            mend="Add the state with its statute: whether leave may be lost, is paid out, and when final pay is due",
        )
    for one in reversed(versions):
        if one.valid_from <= day:
            return one
    raise ConfigError(
        f"the leave rules of {state} do not reach back to {day}", where=_WHERE, mend="Add the older rules with source"
    )


@lru_cache(maxsize=1)
def _states() -> Mapping[str, tuple[StateLeave, ...]]:
    file = resources.files("benehub.legal").joinpath("us", "states", "leave.yaml")
    data: dict[str, list[dict[str, Any]]] = shipped.parse(file.read_text(encoding="utf-8"))
    return {
        state: tuple(sorted((_state(state, row) for row in rows), key=lambda one: one.valid_from))
        for state, rows in data.items()
    }


def _state(state: str, row: Mapping[str, Any]) -> StateLeave:
    rest = dict(row)
    sick = rest.pop("sick", None)
    return StateLeave(state=state, sick=None if sick is None else SickLeave(**sick), **rest)
