"""Carries out what a schedule starts: its jobs one after the other, and an honest end of the run.

What would ask a person who started the command himself is not passed over because nobody looked: a guard that tripped,
or a dispatch that is held, leaves the run `held`, with the mend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from benehub.engine import Steps
from benehub.errors import BenehubError, NeedsPersonError, Unsupported
from benehub.flows import job_schedules, runs
from benehub.flows.hub import Hub
from benehub.flows.schedulable import FLOWS, PREFIX, Occasion
from benehub.flows.send import WATCHED
from benehub.store.tables import dispatch
from benehub.views.own_times import MONTHS, OF_A_MONTH


def job(name: str, jobs: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
    """The job of a schedulable flow, made of others."""
    flow = FLOWS[name]

    def carry_out(
        hub: Hub, steps: Steps, employer: str, connection: str, options: dict[str, str], key: str
    ) -> dict[str, Any]:
        run_id, calls = steps.step("plan", _begin, hub, employer, name, connection, options, key)
        counts: dict[str, Any] = {} if calls is not None else {"put_off": 1}
        if months := _months(name, calls or ()):
            counts[MONTHS] = months
        stopped: list[BenehubError] = []
        for what, arguments in calls or ():
            try:
                add(counts, jobs[what](hub, steps, employer, *arguments))
            except Unsupported as error:
                add(counts, {"unsupported": 1})
                if counts["unsupported"] == len(calls or ()):
                    stopped.append(error)
            except BenehubError as error:
                add(counts, {"stopped": 1})
                stopped.append(error)
                if flow.in_order:
                    break
        steps.step("count", _count, hub, employer, run_id, counts)
        if stopped:
            raise next((one for one in stopped if isinstance(one, NeedsPersonError)), stopped[0])
        if counts.get("held"):
            steps.step("held", _still_held, hub, employer, connection)
        return counts

    return carry_out


def would_run(hub: Hub, employer: str, name: str, connection: str, options: dict[str, str]) -> list[Any]:
    """The jobs that an occasion would run now, with their arguments; nothing is read and nothing runs."""
    return _plan(hub, employer, name, connection, options, "")[1]


def add(counts: dict[str, Any], more: Any) -> None:
    """Sum what a job counted into `counts`; of texts (ids) each is kept once."""
    for name, value in more.items() if isinstance(more, dict) else ():
        if isinstance(value, dict):
            for inner, number in value.items():
                add(counts, {f"{name} {inner}": number})
        elif isinstance(value, int):
            counts[name] = counts.get(name, 0) + value
        elif value:
            known = counts.setdefault(name, [])
            known += [value] if value not in known else []


def _begin(
    hub: Hub, employer: str, name: str, connection: str, options: dict[str, str], key: str
) -> tuple[str, list[Any] | None]:
    """As `_plan`; no jobs at all where it has waited for a worker until its schedule lets nothing start any more.

    That is kept with the schedule's new time: asked again, in an open hour by then, it comes to the same.
    A person who retries it is asked for no hour.
    """
    with hub.store.write(employer) as session:
        run_id = session.id("run", f"{PREFIX}{name}", key)
        if not runs.retried(session, run_id):
            if runs.was_put_off(session, run_id):
                return run_id, None
            if job_schedules.put_back(session, run_id):
                runs.put_off(session, run_id)
                return run_id, None
    return _plan(hub, employer, name, connection, options, key)


def _plan(
    hub: Hub, employer: str, name: str, connection: str, options: dict[str, str], key: str
) -> tuple[str, list[Any]]:
    """The run, and the jobs of this occasion with their arguments: ids, dates and months."""
    with hub.store.read(employer) as session:
        book, today = hub.book(session), session.today()
        run_id = session.id("run", f"{PREFIX}{name}", key)
    calls = FLOWS[name].calls(Occasion(hub, employer, book, connection, options, today, run_id))
    return run_id, [[what, arguments] for what, arguments in calls]


def _months(name: str, calls: Sequence[Any]) -> list[str]:
    """The months that a flow of months works out at this occasion; none for any other flow.

    They are kept with the run: one that comes late is of the day on which it runs, not of the time it was meant for.
    """
    if name not in OF_A_MONTH:
        return []
    return sorted({str(arguments[-1])[:7] for what, arguments in calls if what == name})


def _count(hub: Hub, employer: str, run_id: str, counts: dict[str, Any]) -> None:
    with hub.store.write(employer) as session:
        runs.count(session, run_id, counts)


def _still_held(hub: Hub, employer: str, connection: str) -> None:
    """Ask for a person while dispatches are held; what waits only because its connection watches is meant so.

    Raises:
        NeedsPersonError: some are held.
    """
    with hub.store.read(employer) as session:
        rows = session.rows(
            select(
                dispatch.c.connection_id, func.count().label("held"), func.min(dispatch.c.dispatch_id).label("first")
            )
            .where(*session.where(dispatch, state="held"), dispatch.c.reason.not_like(f"{WATCHED}%"))
            .group_by(dispatch.c.connection_id)
        )
    # Paying a carrier goes through the bank's connection too: what is held there is held all the same.
    held = [(str(row.connection_id), int(row.held), str(row.first)) for row in rows]
    if held:
        where, _, first = next((one for one in held if one[0] == connection), held[0])
        total = sum(number for _, number, _ in held)
        raise NeedsPersonError(
            f"{total} dispatches are held, {first} is one", where=f"connection {where}",
            mend="Look, and say what shall be done: benehub dispatches list --state held",
        )  # fmt: skip
