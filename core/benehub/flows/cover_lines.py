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
    runs: dict[str, list[Run]] = {}
    for timeline in worker.coverages.values():
        for fact in timeline:
            plan = book.plan(fact.data["plan"])
            if plan.carrier != connection_id:
                continue
            mine, chosen = runs.setdefault(plan.id, []), _chosen(worker, plan.slot, plan.id)
            cover = fact._replace(data={**fact.data, **chosen})
            goes_on = bool(mine) and mine[-1][-1].effective_to == fact.effective_from
            mine[-1:] = [(*mine[-1], cover)] if goes_on else [*mine[-1:], (cover,)]
            if fact.effective_to > begin or holds(before.get(plan.id)):
                more = {"began": _began(mine[-1]), "runs": tuple(mine)}
                found[plan.id] = cover._replace(data={**cover.data, **more})
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
    return [
        one for plan in sorted(now.keys() | before.keys()) for one in _of_plan(plan, now.get(plan), before.get(plan))
    ]


def _of_plan(plan: str, now: Fact | None, before: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """One line as a rule; of cover that came back after a time without, one of the end and one of the beginning."""
    later = () if now is None or before is None or not holds(before) else _later(now, before)
    if not later or before is None:
        one = line(plan, now, before)
        return [] if one is None else [one]
    found = []
    end = _end(later, before)
    if end != before["to"]:
        found.append(coverage_line(plan, {**before, "to": end}, "024"))
    for run in later[1:]:
        first = {**state_of(run[0]), "to": state_of(run[-1])["to"]}
        found.append({**coverage_line(plan, first, "025"), "new": _not_in(first, before)})
        one = line(plan, run[-1], first)
        found += [] if one is None else [one]
    return found


def _later(now: Fact, before: Mapping[str, Any]) -> tuple[Run, ...]:
    """The cover that the carrier was told of and, after days without, what came of it since; nothing where none did.

    Cover that he was told of and that is not known here (he may have had it before the hub came) is an empty run.
    """
    runs: tuple[Run, ...] = now.data["runs"]
    begun, end = before["from"], before["to"]
    at = next((n for n, run in enumerate(runs)
               if run[0].effective_from.isoformat() <= begun < run[-1].effective_to.isoformat()), None)  # fmt: skip
    if at is not None:
        return runs[at:] if at + 1 < len(runs) else ()
    after = tuple(run for run in runs if end is not None and run[0].effective_from.isoformat() > end > begun)
    return ((), *after) if after else ()


def _end(later: tuple[Run, ...], before: Mapping[str, Any]) -> str | None:
    """The first day without the cover that the carrier was told of."""
    end: str | None = later[0][-1].effective_to.isoformat() if later[0] else before["to"]
    return end


def _not_in(state: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    return [one for one in state["dependents"] if one not in before["dependents"]]


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
    back = before["to"] is not None and state["to"] is None
    told = coverage_line(plan, state, "024" if ends else "025" if back else "001")
    # Whom the cover goes on without is told so: carriers keep covering a dependent of whom they hear nothing.
    left = [one for one in before["dependents"] if one not in state["dependents"]]
    return {
        **told,
        "left": left,
        "left_from": before["from"],
        "left_on": max(state["from"], before["from"]),
        "new": _not_in(state, before),
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


def of_everything(now: Mapping[str, Fact], before: Before, day: date, kept: date) -> list[dict[str, Any]]:
    """What a full file of a day tells of a family; cover that has ended by `kept` no more, unless that is news."""
    plans = sorted(now.keys() | before.keys())
    return [one for plan in plans for one in _full(plan, now.get(plan), before.get(plan), day, kept)]


def _full(
    plan: str, now: Fact | None, before: Mapping[str, Any] | None, day: date, kept: date
) -> list[dict[str, Any]]:  # fmt: skip
    """A plan's lines in a full file: as it stands, as ended where that is news or not long ago, or none."""
    news = [one for one in _of_plan(plan, now, before) if before is not None and one["maintenance"] == "024"]
    if now is not None and now.effective_to > day:
        # The end before a time without cover; one that is still to come stands in the line itself.
        return [*(one for one in news if one["effective_to"] <= state_of(now)["from"]),
                coverage_line(plan, state_of(now), "030")]  # fmt: skip
    if news:
        return news
    if now is not None and now.effective_from < now.effective_to and kept < now.effective_to and holds(before):
        return [coverage_line(plan, state_of(now), "024")]
    return []


def holds(before: Mapping[str, Any] | None) -> bool:
    """Whether the carrier was told of a cover, and has not been told that it never was."""
    return before is not None and not before.get("gone")
