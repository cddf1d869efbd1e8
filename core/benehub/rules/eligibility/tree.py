"""Rules composed of others by all, any and not, asked as a whole and told one by one.

Every rule is asked, also where the answer stands already: "no, and here is all that stands in the way" is one
answer, "no" and again "no" next week is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ConfigDict, Field, model_validator

from benehub.records.explanation import Outcome, Reason
from benehub.rules.base import Day, Positive, RuleModel
from benehub.rules.eligibility.entry_rule import EntryRule
from benehub.rules.eligibility.entry_terms import EntryTerms
from benehub.rules.eligibility.kinds import Leaf, Verdict, kinds
from benehub.rules.eligibility.person import EmployeeFacts

VERSION = "2"
PARAMETERS = ("any_of", "at_least", "below", "name", "open_from", "open_to", "entry")

_NOT = {Outcome.PASS: Outcome.FAIL, Outcome.FAIL: Outcome.PASS}


class RuleTerm(RuleModel):
    """One rule: a `kind` with what it asks for, or exactly one of `all`, `any` and `not` over other rules."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    all: tuple[RuleTerm, ...] = ()
    """Rules that all have to pass."""
    any: tuple[RuleTerm, ...] = ()
    """Rules of which one has to pass."""
    not_: RuleTerm | None = Field(default=None, alias="not")
    """A rule that has to fail."""
    kind: str = ""
    """What is asked: class, union, location, employment_type, scheduled_hours, measured_hours (found full-time by the
    look-back), service_days, service_months, service_hours, age, work_authorisation, entry_grid, plan_open,
    enrolled_elsewhere, not_on_leave, dependent_relation, given, or a kind of a plugin."""
    any_of: tuple[str, ...] = ()
    """Values of which one has to hold; for enrolled_elsewhere plans, for not_on_leave the kinds of leave that
    exclude."""
    at_least: Positive | None = None
    """Smallest number that passes: years, days or months, and for hours hundredths of an hour (3000 = 30 hours)."""
    below: Positive | None = None
    """First number that no longer passes (age only)."""
    name: str = ""
    """Whose answer counts, in `given` of the input (kind given only)."""
    open_from: Day | None = None
    """First day on which it is open (plan_open only)."""
    open_to: Day | None = None
    """First day on which it is open no more (plan_open only)."""
    entry: EntryTerms | None = None
    """Waiting period and entry days (entry_grid only)."""

    @model_validator(mode="after")
    def _one_thing(self) -> RuleTerm:
        said = [bool(self.all), bool(self.any), self.not_ is not None, bool(self.kind)]
        if sum(said) != 1:
            raise ValueError("write exactly one of all, any, not and kind, and no empty list")
        given = {name for name in PARAMETERS if getattr(self, name) not in (None, "", ())}
        if not self.kind:
            if given:
                raise ValueError(f"{', '.join(sorted(given))} stands beside all, any or not: it belongs to a kind")
            return self
        known = kinds().get(self.kind)
        if known is None:
            raise ValueError(f"no kind of rule is named {self.kind}; there are {', '.join(sorted(kinds()))}")
        for group in known.parameters:
            if not given.intersection(group):
                raise ValueError(f"a rule of kind {self.kind} needs {' or '.join(group)}")
        foreign = given.difference(*known.parameters)
        if foreign:
            raise ValueError(f"a rule of kind {self.kind} knows no {', '.join(sorted(foreign))}")
        return self

    def entry_rule(self) -> EntryRule:
        """The wait and its entry days; none where nothing is said."""
        return EntryRule() if self.entry is None else self.entry.rule()

    def leaves(self) -> Iterator[RuleTerm]:
        """Every rule with a kind, in the order written."""
        if self.kind:
            yield self
        for term in (*self.all, *self.any, *([] if self.not_ is None else [self.not_])):
            yield from term.leaves()


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule's outcome on a day, the reasons below it, and the days on which any of them turns."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    turns: tuple[date, ...]
    words: str


def ask(term: RuleTerm, facts: EmployeeFacts, on: date, path: str = "", negated: bool = False) -> Asked:
    """Ask a rule and all rules below it; below a `not` every reason tells what would make its rule fail."""
    if term.kind:
        return leaf(term.kind, term.kind, term, facts, on, path, negated)
    if term.not_ is not None:
        below = ask(term.not_, facts, on, f"{path}.not", not negated)
        return Asked(below.outcome, below.reasons, below.turns, f"not({below.words})")
    word, parts = ("all", term.all) if term.all else ("any", term.any)
    asked = [ask(part, facts, on, f"{path}.{word}[{number}]", negated) for number, part in enumerate(parts)]
    # a negated `all` passes as soon as one of its rules fails: it is an `any` of negations
    together = all_of if (word == "all") != negated else any_of
    return Asked(
        together([one.outcome for one in asked]),
        tuple(reason for one in asked for reason in one.reasons),
        tuple(day for one in asked for day in one.turns),
        f"{word}({', '.join(one.words for one in asked)})",
    )


def leaf(
    name: str, kind: str, term: Leaf, facts: EmployeeFacts, on: date, path: str = "", negated: bool = False
) -> Asked:
    """Ask one rule of a kind; `name` is what its reason is called."""
    question = kinds()[kind].ask
    said = question(facts, term, on)
    outcome = _outcome(said, negated)
    fails = outcome in (Outcome.FAIL, Outcome.UNKNOWN)
    needed = said.no if negated else said.yes
    later = (day for day in sorted(said.turns) if day > on) if outcome is Outcome.FAIL else ()
    passes_on = next(
        (day.isoformat() for day in later if _outcome(question(facts, term, day), negated) is Outcome.PASS), None
    )
    reason = Reason(
        rule=f"not {name}" if negated else name,
        version=VERSION,
        path=path,
        outcome=outcome,
        inputs=dict(said.inputs),
        needed=_needed(said, needed, on, passes_on) if fails else {},
        passes_on=passes_on,
        citation=said.citation,
    )
    return Asked(outcome, (reason,), said.turns, f"{reason.rule} {outcome.value}")


def _needed(said: Verdict, needed: Any, on: date, passes_on: str | None) -> dict[str, Any]:
    """The next day on which it passes, where there is one: a day that is past cannot be had."""
    return {**needed, "on": passes_on} if passes_on is not None and "on" in needed else dict(needed)


def _outcome(said: Verdict, negated: bool) -> Outcome:
    if said.passes is None:
        return Outcome.UNKNOWN
    return Outcome.PASS if said.passes is not negated else Outcome.FAIL


def all_of(outcomes: Sequence[Outcome]) -> Outcome:
    """Fail if one fails, else unknown if one is, else pass; what does not apply does not count."""
    for outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        if outcome in outcomes:
            return outcome
    return Outcome.PASS


def any_of(outcomes: Sequence[Outcome]) -> Outcome:
    """Pass if one passes, else unknown if one is, else fail."""
    for outcome in (Outcome.PASS, Outcome.UNKNOWN):
        if outcome in outcomes:
            return outcome
    return Outcome.FAIL
