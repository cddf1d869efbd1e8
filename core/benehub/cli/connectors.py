"""`benehub connector`: the kinds of systems the hub can speak to; begin one, prove one, record one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from benehub.cli.opening import EMPLOYER, JSON

app = typer.Typer(no_args_is_help=True, help="The kinds of systems the hub can speak to.")

FOLDER = typer.Option(None, "--folder", help="Where to write; else with the others, or here.")
TO = typer.Option(..., "--to", help="The file to write, e.g. samples/exchanges.json.")
STREAM = typer.Option([], "--stream", help="Streams to read; all when left out.")
KEEP = typer.Option([], "--keep", help="Fields whose values are words of the vendor, no person's.")
NAME = typer.Argument(..., help="Name of the connector, see `connector list`.")


@app.command("list")
def list_(as_json: bool = JSON) -> None:
    """List all connectors with the streams they read and the operations they write."""
    from benehub import connections, plugins
    from benehub.cli.console import emit, table

    known = connections.connectors(plugins.build())
    data = [
        {"name": name, "kind": one.kind.value, "reads": sorted(one.streams), "writes": sorted(one.guards)}
        for name, one in sorted(known.items())
    ]
    rows = [(one["name"], one["kind"], ", ".join(one["reads"]), ", ".join(one["writes"])) for one in data]
    emit(data, as_json, table("connectors", ("name", "kind", "reads", "writes"), rows))


@app.command()
def new(
    name: str = typer.Argument(..., help="Name of the new connector, e.g. acme_hr."),
    kind: str = typer.Option(..., "--kind", help="hris, payroll, carrier or recordkeeper."),
    out_of_tree: bool = typer.Option(False, "--out-of-tree", help="Write a package of its own instead of a folder."),
    folder: Path = FOLDER,
) -> None:
    """Begin a connector: three files that pass the contract kit as they are."""
    from importlib import import_module

    from benehub import connections, plugins
    from benehub.cli.console import say
    from benehub.connect.connector import Kind
    from benehub.errors import DataError
    from benehub.testing import scaffold

    if kind not in {one.value for one in scaffold.KINDS}:
        raise DataError(
            f"no kind {kind[:20]!r} to begin", where="--kind", mend="Choose hris, payroll, carrier or recordkeeper"
        )
    there = connections.connectors(plugins.build()).get(name)
    if there is not None:
        raise DataError(
            f"there is a connector {name!r} already, of kind {there.kind.value}", where=there.__module__,
            mend="Choose another name: two of one name cannot be loaded",
        )  # fmt: skip
    tree = Path(str(import_module("benehub_connectors").__file__)).parent
    if folder is None:
        folder = Path() if out_of_tree else tree
    for file in scaffold.write(name, Kind(kind), folder, package=out_of_tree):
        say(str(file))
    if out_of_tree:
        say(f"Next: pip install -e {folder / scaffold.project_name(name)}, then benehub connector check {name}")
    elif folder.resolve() == tree.resolve():
        say(f"Next: benehub connector check {name}")
    else:
        say(f"Next: move it into {tree}, where it is found; then benehub connector check {name}")


@app.command()
def check(
    name: str = NAME,
    tier: bool = typer.Option(False, "--tier", help="Show the rules of the tiers and what was earned."),
    write: bool = typer.Option(False, "--write", help="Keep what was found as dated evidence in its folder."),
    as_json: bool = JSON,
) -> None:
    """Prove a connector on its stage, without its vendor. Ends with 1 on a promise that is not kept."""
    from dataclasses import asdict

    from benehub import connections, plugins
    from benehub.cli.console import FOUND, emit, say, table, working
    from benehub.connect.capabilities import Blocker
    from benehub.periods import system_clock
    from benehub.testing import Outcome, Verdict, evidence, form, points, run, tiers

    connector = connections.known(connections.connectors(plugins.build()), name)
    form.manifest(connector)  # what cannot be read is said before anything is tried
    outcomes: list[Outcome] = []
    with working(f"checking {name}") as status:
        for one in run(connector):
            outcomes.append(one)
            status.update(f"{name}: {one.check}")
    if write:
        evidence.write(connector, outcomes, system_clock().date())
    rules = tiers.rules(connector)
    data: dict[str, Any] = {
        "connector": name,
        "tier": tiers.tier(connector).value,
        "evidence_of": str(tiers.dated(connector) or ""),
        "promises": [{"name": o.check, "proves": o.proves, "verdict": o.verdict.value, "why": o.why} for o in outcomes],
        "rules": [{"tier": one.tier.value, "rule": one.text, "met": one.met} for one in rules],
        "points": [asdict(one) for one in points.cells(connector)],
    }
    rows = [(one.check, one.verdict.value, one.why or one.proves) for one in outcomes]
    emit(data, as_json, table(name, ("promise", "verdict", "what"), rows))
    if tier and not as_json:
        ruled = [(one.tier.value, "yes" if one.met else "no", one.text) for one in rules]
        emit([], False, table(f"tier: {data['tier']}", ("tier", "met", "rule"), ruled))
        held = [(one["point"], one["part"], one["word"], one["why"]) for one in data["points"]]
        emit([], False, table("points, by the evidence kept", ("point", "part", "met", "shown by, or why not"), held))
        if any(one["word"] == Blocker.US.value for one in data["points"]):
            say("What is not met says in manifest.toml whose doing it is: [lacks], as docs/connectors.md has it")
        for proof in evidence.proofs(connector):
            say(f"{proof.on}  {proof.what}: by {proof.by}, {proof.against} ({proof.test})")
    if any(one.verdict is Verdict.BROKEN for one in outcomes):
        raise typer.Exit(FOUND)


@app.command()
def record(
    connection: str = typer.Argument(..., help="Name of a configured connection."),
    to: Path = TO,
    stream: list[str] = STREAM,
    keep: list[str] = KEEP,
    employer: str = EMPLOYER,
) -> None:
    """Read a connection and save its answers as samples in which no value of a person is left."""
    from benehub.cli.console import say
    from benehub.cli.opening import opened
    from benehub.testing.recorder import Recorder

    recorder = Recorder(frozenset(keep))
    with opened(employer) as desk:
        desk.hub.wiring = lambda _employer, _connection: {"transport": recorder.transport()}
        with desk.hub.open(desk.employer, connection) as link:
            for one in stream or link.streams:
                for page in link.connector.read(one, link.link, None):
                    recorder.note(page)
            recorder.write(to, link.link.settings)
    say(f"{to}: {len(recorder.exchanges)} answers; look through it before you share it")
