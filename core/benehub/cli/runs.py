"""`benehub runs`: what ran, what it counted, and why it failed."""

from __future__ import annotations

import typer

from benehub.cli.opening import EMPLOYER, JSON, opened

app = typer.Typer(no_args_is_help=True, help="What ran, what it counted, and why it failed.")


STATES = ("queued", "running", "interrupted", "done", "failed", "held", "canceled")


@app.command("list")
def list_(
    state: str = typer.Option(
        "", "--state", help="Only queued, running, interrupted, done, failed, held or canceled ones."
    ),
    flow: str = typer.Option("", "--flow", help="Only runs of this flow, e.g. sync."),
    limit: int = typer.Option(50, "--limit", min=1, max=10_000, help="Newest runs to show."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """List the runs, newest first."""
    from benehub.cli.console import emit, table
    from benehub.cli.known import must_know
    from benehub.views.runs import runs

    must_know("state of a run", state, STATES, "--state")

    with opened(employer) as desk, desk.store.read(desk.employer) as session:
        data = runs(session, state, flow, limit)
    columns = ("run", "flow", "subject", "state", "started_at", "counts", "class", "error")
    rows = [
        [
            one["run"],
            one["flow"],
            one["subject"],
            one["state"],
            one["started_at"][:19],
            _counts(one["counts"]),
            one["error_class"],
            one["error"][:80],
        ]
        for one in data
    ]
    emit(data, as_json, table("runs", columns, rows))


@app.command()
def show(
    run: str = typer.Argument(..., help="Id of the run (run_...)."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Show one run: what it counted, each step with its time, and where it stopped why, with the mend."""
    from dataclasses import asdict

    from benehub.cli.console import emit, fields, table
    from benehub.views.runs import run as ask

    with opened(employer) as desk:
        with desk.store.read(desk.employer) as session:
            data = ask(session, run)
        steps = [asdict(one) for one in desk.hub.steps(desk.employer, run)]
    columns = ("number", "name", "started_at", "millis", "error_class", "error", "mend")
    rows = [[one[name] for name in columns] for one in steps]
    shown = table("steps", columns, rows, ("number", "millis"))
    emit({**data, "steps": steps}, as_json, fields(f"{data['flow']} {data['subject']}", data), shown)


@app.command()
def retry(
    run: str = typer.Argument(..., help="Id of the run (run_...)."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """Let a run that failed, was held, canceled or interrupted go on: what it has done is not done again."""
    from benehub.cli.shared import show_counts

    with opened(employer) as desk:
        result = desk.retry(run)
    show_counts(f"{run} done", result if isinstance(result, dict) else {}, as_json)


@app.command()
def cancel(
    run: str = typer.Argument(..., help="Id of the run (run_...)."),
    employer: str = EMPLOYER,
    as_json: bool = JSON,
) -> None:
    """End a run before its next step, in whichever process it runs; what it has done stays done."""
    from benehub.cli.console import emit, fields
    from benehub.views.runs import run as ask

    with opened(employer) as desk:
        desk.cancel(run)
        with desk.store.read(desk.employer) as session:
            data = ask(session, run)
    emit(data, as_json, fields(f"{data['flow']} {data['subject']}", data))


def _counts(counts: dict[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in counts.items())
