"""The kinds of eligibility rule: each looks at named inputs and says yes, no or unknown, and what would turn it.

A plugin brings a kind of its own with `add_kind`; the plan book may then name it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from benehub.errors import ConfigError
from benehub.periods import add_months, age_on
from benehub.rules.eligibility.dependent_end import birthday
from benehub.rules.eligibility.entry_date import CITATION as WAIT_CITATION
from benehub.rules.eligibility.entry_date import entry_date
from benehub.rules.eligibility.entry_rule import EntryRule
from benehub.rules.eligibility.person import EmployeeFacts

A_DATE = "a date"
"""What is needed where any day would do."""


class Leaf(Protocol):
    """The parameters of one rule; see `RuleTerm`."""

    @property
    def any_of(self) -> tuple[str, ...]:
        """Values of which one has to hold."""
        ...

    @property
    def at_least(self) -> int | None:
        """The smallest number that passes."""
        ...

    @property
    def below(self) -> int | None:
        """The smallest number that no longer passes."""
        ...

    @property
    def name(self) -> str:
        """What settles the rule elsewhere."""
        ...

    @property
    def open_from(self) -> date | None:
        """First day."""
        ...

    @property
    def open_to(self) -> date | None:
        """First day after."""
        ...

    def entry_rule(self) -> EntryRule:
        """The wait and its entry days."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a kind says on a day.

    `passes` None is unknown. `inputs` are all it looked at; `yes` names an input and the value that makes it pass,
    `no` one that makes it fail (a list: any one of it; `{"not": [...]}`: none of it). `turns` are the days on which
    the answer changes by itself.
    """

    passes: bool | None
    inputs: Mapping[str, Any]
    yes: Mapping[str, Any]
    no: Mapping[str, Any]
    turns: tuple[date, ...] = ()
    citation: str = ""


Ask = Callable[[EmployeeFacts, Leaf, date], Verdict]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rule: how it is asked, and which parameters it has to be given (at least one of each group)."""

    ask: Ask
    parameters: tuple[tuple[str, ...], ...] = ()


def _one_of(field: str) -> Ask:
    """A text field that has to be one of the values named."""

    def ask(facts: EmployeeFacts, leaf: Leaf, on: date) -> Verdict:
        value = getattr(facts, field)
        wanted = list(leaf.any_of)
        passes = None if value is None else value in leaf.any_of
        return Verdict(passes, {field: value, "any_of": wanted}, {field: wanted}, {field: {"not": wanted}})

    return ask


def _number(field: str) -> Ask:
    """A count or hundredths of hours that has to reach a bound."""

    def ask(facts: EmployeeFacts, leaf: Leaf, on: date) -> Verdict:
        value, bound = getattr(facts, field), leaf.at_least or 0
        passes = None if value is None else value >= bound
        return Verdict(passes, {field: value, "at_least": bound}, {field: bound}, {field: max(0, bound - 1)})

    return ask


def _measured(facts: EmployeeFacts, leaf: Leaf, on: date) -> Verdict:
    field = "measured_full_time"
    return Verdict(
        facts.measured_full_time,
        {field: facts.measured_full_time},
        {field: True},
        {field: False},
        citation="26 CFR 54.4980H-3",
    )


def _service(add: Callable[[date, int], date]) -> Ask:
    """Service since hire, which is over on the day that `add` gives."""

    def ask(facts: EmployeeFacts, leaf: Leaf, on: date) -> Verdict:
        inputs = {"on": _text(on), "hire_date": _text(facts.hire_date), "at_least": leaf.at_least}
        if facts.hire_date is None:
            return Verdict(None, inputs, {"hire_date": A_DATE}, {"hire_date": A_DATE})
        return _from(on, add(facts.hire_date, leaf.at_least or 0), inputs)

    return ask


def _age(facts: EmployeeFacts, leaf: Leaf, on: date) -> Verdict:
    inputs: dict[str, Any] = {"on": _text(on), "birth_date": _text(facts.birth_date)}
    inputs |= {"at_least": leaf.at_least, "below": leaf.below}
    if facts.birth_date is None:
        return Verdict(None, inputs, {"birth_date": A_DATE}, {"birth_date": A_DATE})
    old = age_on(facts.birth_date, on)
    passes = (leaf.at_least or 0) <= old and (leaf.below is None or old < leaf.below)
    first = None if leaf.at_least is None else birthday(facts.birth_date, leaf.at_least)
    last = None if leaf.below is None else birthday(facts.birth_date, leaf.below)
    inside = first if first is not None else last and last - timedelta(days=1)
    outside = last if last is not None else first and first - timedelta(days=1)
    turns = tuple(day for day in (first, last) if day is not None)
    return Verdict(passes, inputs, {"on": _text(inside)}, {"on": _text(outside)}, turns)


def _entry(facts: EmployeeFacts, leaf: Leaf, on: date) -> Verdict:
    rule = leaf.entry_rule()
    inputs = {"on": _text(on), "hire_date": _text(facts.hire_date)}
    inputs |= {"wait": f"{rule.wait} {rule.wait_unit.value}", "grid": rule.grid.value}
    if facts.hire_date is None:
        return Verdict(None, inputs, {"hire_date": A_DATE}, {"hire_date": A_DATE})
    found = entry_date(
        start=facts.hire_date,
        rule=rule,
        hours_reached_on=facts.hours_reached_on,
        pay_period_starts=facts.pay_period_starts,
    )
    citation = WAIT_CITATION if rule.us_medical else ""
    if found.result is None:
        needed = dict.fromkeys(found.needs, A_DATE)
        return Verdict(None, inputs | dict.fromkeys(found.needs), needed, needed, citation=citation)
    return _from(on, found.result.entry_date, inputs, citation)


def _open(facts: EmployeeFacts, leaf: Leaf, on: date) -> Verdict:
    start, end = leaf.open_from, leaf.open_to
    inputs = {"on": _text(on), "open_from": _text(start), "open_to": _text(end)}
    passes = (start is None or on >= start) and (end is None or on < end)
    inside = start if start is not None else end and end - timedelta(days=1)
    outside = end if end is not None else start and start - timedelta(days=1)
    turns = tuple(day for day in (start, end) if day is not None)
    return Verdict(passes, inputs, {"on": _text(inside)}, {"on": _text(outside)}, turns)


def _elsewhere(facts: EmployeeFacts, leaf: Leaf, on: date) -> Verdict:
    held, wanted = facts.enrolled_in, list(leaf.any_of)
    inputs = {"enrolled_in": None if held is None else list(held), "any_of": wanted}
    passes = None if held is None else any(plan in held for plan in wanted)
    return Verdict(passes, inputs, {"enrolled_in": wanted}, {"enrolled_in": {"not": wanted}})


def _not_on_leave(facts: EmployeeFacts, leaf: Leaf, on: date) -> Verdict:
    excluded, back = list(leaf.any_of), facts.leave_ends
    inputs = {"on": _text(on), "leave": facts.leave, "leave_ends": _text(back), "any_of": excluded}
    passes = None if facts.leave is None else facts.leave not in excluded or (back is not None and on >= back)
    turns = (back,) if back is not None and facts.leave in excluded else ()
    away = {"leave": excluded} if back is None or on < back else {"leave_ends": None}
    return Verdict(passes, inputs, {"leave": {"not": excluded}}, away, turns)


def _given(facts: EmployeeFacts, leaf: Leaf, on: date) -> Verdict:
    answer = facts.given.get(leaf.name)
    return Verdict(answer, {"given": {leaf.name: answer}}, {"given": {leaf.name: True}}, {"given": {leaf.name: False}})


def _from(on: date, first: date, inputs: Mapping[str, Any], citation: str = "") -> Verdict:
    """A rule that passes from `first` on."""
    before = _text(first - timedelta(days=1))
    return Verdict(on >= first, inputs, {"on": _text(first)}, {"on": before}, (first,), citation)


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


_VALUES, _LEAST = (("any_of",),), (("at_least",),)
_KINDS: dict[str, Kind] = {
    "class": Kind(_one_of("employment_class"), _VALUES),
    "union": Kind(_one_of("union"), _VALUES),
    "location": Kind(_one_of("location"), _VALUES),
    "employment_type": Kind(_one_of("employment_type"), _VALUES),
    "scheduled_hours": Kind(_number("scheduled_hours_minor"), _LEAST),
    "measured_hours": Kind(_measured),
    "service_days": Kind(_service(lambda start, count: start + timedelta(days=count)), _LEAST),
    "service_months": Kind(_service(add_months), _LEAST),
    "service_hours": Kind(_number("service_hours_minor"), _LEAST),
    "age": Kind(_age, (("at_least", "below"),)),
    "work_authorisation": Kind(_one_of("work_authorisation"), _VALUES),
    "entry_grid": Kind(_entry, (("entry",),)),
    "plan_open": Kind(_open, (("open_from", "open_to"),)),
    "enrolled_elsewhere": Kind(_elsewhere, _VALUES),
    "not_on_leave": Kind(_not_on_leave, _VALUES),
    "dependent_relation": Kind(_one_of("relation"), _VALUES),
    "given": Kind(_given, (("name",),)),
}


def kinds() -> Mapping[str, Kind]:
    """All kinds by name."""
    return dict(_KINDS)


def add_kind(name: str, kind: Kind) -> None:
    """Make a kind known to rule trees; the same one may be added again.

    Raises:
        ConfigError: the name is taken by another.
    """
    if _KINDS.get(name, kind) != kind:
        raise ConfigError(f"two kinds of eligibility rule are named {name}", where="rules", mend="Rename one of them")
    _KINDS[name] = kind
