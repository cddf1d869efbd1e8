"""What a carrier is told of a family's cover, plan by plan: what it is now, held against what he was told.

A cover that he was told of is compared however long ago it ended: an end that he knows is no news in a new year.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from benehub.facts import Fact, Worker
from benehub.flows.told import PROVIDERS, same_cover
from benehub.periods import FOREVER
from benehub.planbook import PlanBook

Run = tuple[Fact, ...]
"""Covers of one plan, one right after the other."""

Before = Mapping[str, Mapping[str, Any]]
"""Plan -> what the carrier was told of it."""


def since(day: date, first: date | None) -> date:
    """From when on ended cover of which the carrier never heard is still told: this year, and of the last one what
    ended after he was told of anybody (`first`; None: never). What ended before that was not ours to tell."""
    year = date(day.year, 1, 1)
    return year if first is None else max(date(day.year - 1, 1, 1), min(year, first))


def covers(
    book: PlanBook, worker: Worker, connection_id: str, begin: date, before: Before
) -> dict[str, Fact]:  # fmt: skip
    """The newest cover of each plan of this carrier, with the provider chosen for it.

    One that has ended by `begin` only where the carrier was told of it.
    """
    found: dict[str, Fact] = {}
    runs: dict[str, Run] = {}
    for timeline in worker.coverages.values():
        for fact in timeline:
            plan = book.plan(fact.data["plan"])
            if plan.carrier != connection_id:
                continue
            run = runs.get(plan.id, ())
            runs[plan.id] = (*run, fact) if run and run[-1].effective_to == fact.effective_from else (fact,)
            if fact.effective_to > begin or holds(before.get(plan.id)):
                more = {**_chosen(worker, plan.slot, plan.id), "began": _began(runs[plan.id])}
                found[plan.id] = fact._replace(data={**fact.data, **more})
    return found


def _began(run: Run) -> dict[str, str]:
    """Since when each who is covered in the end has been covered without a break."""
    found: dict[str, str] = {}
    for fact in run:
        covered = (fact.subject, *fact.data["dependents"])
        found = {who: found.get(who, fact.effective_from.isoformat()) for who in covered}
    return found


def _chosen(worker: Worker, slot: str, plan: str) -> dict[str, Any]:
    """The provider last chosen in this plan, and those of single dependents (`providers`); nothing where none was."""
    told = [one.data for one in worker.elections.get(slot, ()) if one.data["plan"] == plan]
    chosen = [one for one in told if one.get("provider") or one.get("providers")]
    return {name: chosen[-1][name] for name in PROVIDERS if chosen and chosen[-1].get(name)}


def comparable(worker: Worker, now: Mapping[str, Fact], before: Before, day: date) -> Before:
    """What the carrier was told, as far as the cover of now says what has become of it.

    Whom another one covers on after the employment (COBRA) has no cover here: of who left before this year, what was
    told of a plan without any is left as it is.
    """
    left = worker.terminated_on
    if left is None or left.year >= day.year:
        return before
    return {plan: state for plan, state in before.items() if plan in now or not holds(state)}


def lines(now: Mapping[str, Fact], before: Before) -> list[dict[str, Any]]:
    """What brings the carrier from what he holds to the covers of now, plan by plan."""
    found = (line(plan, now.get(plan), before.get(plan)) for plan in sorted(now.keys() | before.keys()))
    return [one for one in found if one is not None]


def line(plan: str, now: Fact | None, before: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The coverage line that brings the carrier from `before` to `now`; None when nothing differs."""
    state = None if now is None else state_of(now)
    if before is None or before.get("gone"):
        return None if state is None else coverage_line(plan, state, "021")
    if state is None:
        # Void: it never should have begun, so it ends on the day it began.
        began = before.get("began", before["from"])
        return coverage_line(plan, {**before, "from": began, "to": began}, "024")
    # What it bills by something else it is told again, though it was told the same before.
    if not before.get("again") and same_cover(state, before):
        return None
    ends = state["to"] is not None and state["to"] != before["to"]
    told = coverage_line(plan, state, "024" if ends else "001")
    # Whom the cover goes on without is told so: carriers keep covering a dependent of whom they hear nothing.
    left = [one for one in before["dependents"] if one not in state["dependents"]]
    new = [one for one in state["dependents"] if one not in before["dependents"]]
    return {
        **told,
        "left": left,
        "left_from": before["from"],
        "left_on": max(state["from"], before["from"]),
        "new": new,
        # Of a start that the carrier has wrong he is told; else what he holds stands, whatever was known here of it.
        "began": now.data["began"] if now is not None and before.get("restart") else {},
    }


def coverage_line(plan: str, state: Mapping[str, Any], maintenance: str) -> dict[str, Any]:
    """A line that tells of a state of cover (as `state_of` has it), with its X12 HD01."""
    return {
        "left": [],
        "new": [],
        "began": {},
        "plan": plan,
        "tier": state["tier"],
        "maintenance": maintenance,
        "effective_from": state["from"],
        "effective_to": state["to"],
        "dependents": state["dependents"],
        "provider": state.get("provider", ""),
        "providers": state.get("providers", {}),
    }


def state_of(fact: Fact) -> dict[str, Any]:
    """A cover as it is told, and kept as told."""
    began = fact.data.get("began", {}).get(fact.subject, "")
    return {
        **{name: fact.data[name] for name in PROVIDERS if fact.data.get(name)},
        **({"began": began} if began and began < fact.effective_from.isoformat() else {}),
        "tier": fact.data["tier"],
        "from": fact.effective_from.isoformat(),
        "to": None if fact.effective_to == FOREVER else fact.effective_to.isoformat(),
        "dependents": list(fact.data["dependents"]),
    }


def full_line(
    plan: str, now: Fact | None, before: Mapping[str, Any] | None, day: date, kept: date
) -> dict[str, Any] | None:
    """A plan's line in a full file: as it stands, as ended where that is news or not long ago, or none."""
    news = line(plan, now, before)
    if now is not None and now.effective_to > day:
        return coverage_line(plan, state_of(now), "030")
    if news is not None and before is not None and news["maintenance"] == "024":
        return news
    if now is not None and now.effective_from < now.effective_to and kept < now.effective_to and holds(before):
        return coverage_line(plan, state_of(now), "024")
    return None


def holds(before: Mapping[str, Any] | None) -> bool:
    """Whether the carrier was told of a cover, and has not been told that it never was."""
    return before is not None and not before.get("gone")
