"""`benehub schedule`: which flows start by themselves, and when."""

from __future__ import annotations

from typing import Any

import typer

from benehub.cli.opening import DRY_RUN, EMPLOYER, JSON, opened

app = typer.Typer(no_args_is_help=True, help="Which flows start by themselves, and when. A worker runs them.")

NAME = typer.Argument(..., help="Name of the schedule, see `schedule list`.")
BLACKOUT = typer.Option(
    [],
    "--blackout",
    help='No start then, but at its end: "22:00-06:00", "fri 17:00-24:00", "2026-12-24..2027-01-02".',
)
OPTION = typer.Option([], "--option", "-o", help="What the flow may be told, as group=monthly.")
OTHER_BLACKOUT = typer.Option(None, "--blackout", help='These instead of those it has; "" for none.')
OTHER_OPTION = typer.Option(None, "--option", "-o", help='These instead of those it has; "" for none.')


@app.command("list")
def list_(employer: str = EMPLOYER, as_json: bool = JSON) -> None:
    """List the schedules: when each is due next, and how its last run went."""
    from benehub.cli.console import emit, table
    from benehub.views.schedules import schedules

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        data = schedules(session)
    columns = ("name", "flow", "connection", "when", "zone", "state", "next_at", "last_at", "last_state", "note")
    rows = [[str(one[name] or "") for name in columns] for one in data]
    emit(data, as_json, table("schedules", columns, rows))


@app.command()
def flows(as_json: bool = JSON) -> None:
    """List the flows that may start by themselves, with what each needs."""
    from benehub.cli.console import emit, table
    from benehub.flows.schedulable import FLOWS, OPTIONS

    data = [
        {
            "flow": name, "says": one.says, "connection": one.connection, "writes": one.writes,
            "options": {option: OPTIONS[option].says for option in one.options},
        }
        for name, one in FLOWS.items()
    ]  # fmt: skip
    columns = ("flow", "says", "connection", "writes", "options")
    rows = [
        (name, one.says, one.connection, "yes" if one.writes else "", ", ".join(one.options))
        for name, one in FLOWS.items()
    ]
    emit(data, as_json, table("flows that may start by themselves", columns, rows))


@app.command()
def add(
    name: str = typer.Argument(..., help="A name for it, as hris-nightly."),
    flow: str = typer.Option(..., "--flow", help="What starts; see `schedule flows`."),
    connection: str = typer.Option("", "--connection", "-c", help="Its connection; the plan book's when left out."),
    cron: str = typer.Option("", "--cron", help='Five fields of the wall clock, as "0 6 * * mon-fri".'),
    every: str = typer.Option("", "--every", help="An interval instead, as 15m, 6h or 1d."),
    zone: str = typer.Option("", "--zone", help="Time zone, as America/New_York; the employer's when left out."),
    closed_days: str = typer.Option(
        "run", "--closed-days", help="On week-ends and bank holidays: run, skip, before or after (that business day)."
    ),
    blackout: list[str] = BLACKOUT,
    jitter: int = typer.Option(0, "--jitter", min=0, help="Seconds at most by which its times are spread."),
    catch_up: str = typer.Option("once", "--catch-up", help="After an outage: once, or skip what was missed."),
    option: list[str] = OPTION,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Let a flow start by itself; shows its next times. A dry run shows them only."""
    from benehub.cli.console import emit, fields
    from benehub.flows import job_schedules
    from benehub.flows.schedulable import Wanted

    when = job_schedules.When(cron, every, zone, closed_days, blackout, jitter, catch_up)
    with opened(employer) as desk:
        wanted = Wanted(flow, connection, _options(option))
        times = job_schedules.add(desk.hub, desk.employer, name, wanted, when, keep=not dry_run)
    coming = [one.isoformat() for one in times]
    data = {"name": name, "flow": flow, "added": not dry_run, "next": coming}
    shown = {"flow": flow, "next": ", ".join(coming), "added": "no, a dry run" if dry_run else "yes"}
    emit(data, as_json, fields(name, shown))


@app.command()
def change(
    name: str = NAME,
    flow: str | None = typer.Option(None, "--flow", help="What starts; see `schedule flows`."),
    connection: str | None = typer.Option(None, "--connection", "-c", help="Its connection."),
    cron: str | None = typer.Option(None, "--cron", help='Five fields of the wall clock, as "0 6 * * mon-fri".'),
    every: str | None = typer.Option(None, "--every", help="An interval instead, as 15m, 6h or 1d."),
    zone: str | None = typer.Option(None, "--zone", help="Time zone, as America/New_York."),
    closed_days: str | None = typer.Option(
        None, "--closed-days", help="On week-ends and bank holidays: run, skip, before or after (that business day)."
    ),
    blackout: list[str] | None = OTHER_BLACKOUT,
    jitter: int | None = typer.Option(None, "--jitter", min=0, help="Seconds at most by which its times are spread."),
    catch_up: str | None = typer.Option(None, "--catch-up", help="After an outage: once, or skip what was missed."),
    option: list[str] | None = OTHER_OPTION,
    employer: str = EMPLOYER,
    dry_run: bool = DRY_RUN,
    as_json: bool = JSON,
) -> None:
    """Change what a schedule starts, or when; what is left out stays. A dry run checks only."""
    from dataclasses import replace

    from benehub.flows import job_schedules
    from benehub.flows.schedulable import Wanted

    if cron is not None or every is not None:
        cron, every = cron or "", every or ""
    told = {"cron": cron, "every": every, "zone": zone, "closed": closed_days, "jitter": jitter, "catch_up": catch_up,
            "blackouts": None if blackout is None else [one for one in blackout if one]}  # fmt: skip
    given: dict[str, Any] = {key: value for key, value in told.items() if value is not None}
    with opened(employer) as desk:
        with desk.store.read(desk.employer) as session:
            row = job_schedules.get(session, name)
        wanted, when = job_schedules.kept(row)
        options = wanted.options if option is None else _options([one for one in option if one])
        wanted = Wanted(flow or wanted.flow, wanted.connection if connection is None else connection, options)
        seen = job_schedules.version_of(row)
        made = replace(when, **given)
        following = job_schedules.change(desk.hub, desk.employer, name, wanted, made, seen, keep=not dry_run)
        data = _one(desk, name) | {"changed": not dry_run, "next": following.isoformat()}
    _show(data, as_json)


@app.command()
def pause(name: str = NAME, employer: str = EMPLOYER, dry_run: bool = DRY_RUN, as_json: bool = JSON) -> None:
    """Let a schedule start nothing until it is resumed; what runs goes on."""
    from benehub.flows import job_schedules

    with opened(employer) as desk:
        data = _one(desk, name)
        if not dry_run:
            job_schedules.pause(desk.hub, desk.employer, name)
            data = _one(desk, name)
    _show(data, as_json)


@app.command()
def resume(name: str = NAME, employer: str = EMPLOYER, dry_run: bool = DRY_RUN, as_json: bool = JSON) -> None:
    """Let a schedule start again from its next time on; what fell into the pause is not made up for."""
    from benehub.flows import job_schedules

    with opened(employer) as desk:
        data = _one(desk, name)
        if not dry_run:
            job_schedules.resume(desk.hub, desk.employer, name)
            data = _one(desk, name)
    _show(data, as_json)


@app.command()
def remove(name: str = NAME, employer: str = EMPLOYER, dry_run: bool = DRY_RUN, as_json: bool = JSON) -> None:
    """Remove a schedule; its runs stay."""
    from benehub.cli.console import emit, fields
    from benehub.flows import job_schedules

    with opened(employer) as desk:
        data = _one(desk, name)
        if not dry_run:
            job_schedules.remove(desk.hub, desk.employer, name)
    told = {"name": name, "flow": data["flow"], "removed": not dry_run}
    emit(told, as_json, fields(name, told))


@app.command("run-now")
def run_now(name: str = NAME, employer: str = EMPLOYER, dry_run: bool = DRY_RUN, as_json: bool = JSON) -> None:
    """Run what a schedule starts here and now, whatever its time; a dry run lists the jobs it would run."""
    from benehub.cli.console import emit, table
    from benehub.cli.shared import show_counts
    from benehub.flows import scheduled
    from benehub.flows.schedulable import PREFIX

    with opened(employer) as desk:
        one = _one(desk, name)
        if dry_run:
            calls = scheduled.would_run(desk.hub, desk.employer, one["flow"], one["connection"], one["options"])
            rows = [(what, ", ".join(map(str, arguments))) for what, arguments in calls]
            data = [{"job": what, "arguments": arguments} for what, arguments in calls]
            emit(data, as_json, table(f"{name} would run", ("job", "arguments"), rows))
            return
        key = f"{name}/{desk.now()}"
        counts = desk.run_as(f"{PREFIX}{one['flow']}", key, one["connection"], one["options"], key)
        show_counts(f"{name} done", counts, as_json)


def _options(given: list[str]) -> dict[str, str]:
    from benehub.errors import DataError

    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise DataError(f"no option: {one[:40]!r}", mend="Write it as group=monthly")
        found[name.strip()] = value.strip()
    return found


def _one(desk: Any, name: str) -> dict[str, Any]:
    from benehub.flows import job_schedules
    from benehub.views.schedules import schedules

    with desk.store.read(desk.employer) as session:
        job_schedules.get(session, name)
        return next(one for one in schedules(session) if one["name"] == name)


def _show(data: dict[str, Any], as_json: bool) -> None:
    from benehub.cli.console import emit, fields

    emit(data, as_json, fields(str(data["name"]), data))
