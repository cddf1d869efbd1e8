"""The command line: a thin front over flows and views.

Nothing heavy is imported before a command runs, so that `benehub --help` answers at once; the modules of this
room import the hub inside their functions. Commands of plugins are looked for only when a name is not ours.
"""

from __future__ import annotations

import os
import sys

import typer
from typer.core import TyperGroup

from benehub.cli import (
    accounts,
    asking,
    audit,
    backups,
    closing,
    comparing,
    connections,
    connectors,
    deadlines,
    deductions,
    dispatches,
    enrollments,
    fixing,
    intake,
    leave,
    ledger,
    money_files,
    notices,
    partners,
    people,
    person,
    plan,
    premiums,
    reconciling,
    retirement,
    retro,
    runs,
    schedule,
    setup,
    statements,
    sync,
    tokens,
    up,
    users,
    webhooks,
    worker,
    worlds,
    x12,
)
from benehub.cli.console import FOUND, exit_code, tell_error
from benehub.errors import BenehubError

HELP = """The hub between HRIS, payroll, insurers and recordkeepers: nothing gets lost in silence.

Exit codes: 0 all right, 1 something is wrong or was found, 2 usage or bad input, 3 a person has to decide.
"""


class Guarded(TyperGroup):
    """The root group: an error becomes one red line and an exit code, never a traceback.

    `BENEHUB_TRACE=errors` lets the traceback through, for whoever mends the hub itself.
    """

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # typer vendors click's Context
        """Run the command named."""
        try:
            return super().invoke(ctx)
        except BenehubError as error:
            if _traced():
                raise
            tell_error(error.what, error.where, error.mend)
            raise typer.Exit(exit_code(error)) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            if _traced() or type(error).__module__.split(".")[0] in ("click", "typer"):
                raise
            # Its text may carry values of a person (database errors show parameters): the class is enough.
            tell_error(
                f"unexpected {type(error).__name__}",
                mend="BENEHUB_TRACE=errors shows where; `benehub doctor` checks the installation.",
            )
            raise typer.Exit(FOUND) from None


def _traced() -> bool:
    return "errors" in os.environ.get("BENEHUB_TRACE", "").split(",")


app = typer.Typer(cls=Guarded, help=HELP, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback(help=HELP)
def _root() -> None:
    from benehub.cli.logs import configure

    configure()


@app.command()
def demo(
    seed: int = typer.Option(7, "--seed", help="Seed of the made-up company; the same seed, the same story."),
    keep: bool = typer.Option(False, "--keep", help="Leave the folder benehub-demo/ behind, to look around in."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as JSON."),
    db: str = typer.Option("", "--db", help="Database to run on; a SQLite file of its own when left out."),
) -> None:
    """Run the hub's main job on the built-in sandbox, start to reconciled, faults included."""
    from pathlib import Path

    from benehub.cli.console import emit, working
    from benehub.sandbox.demo import run_demo

    folder = Path("benehub-demo") if keep else None
    with working("demo") as status:
        report = run_demo(seed, folder, db or None, status.update)
    emit(report.as_json(), as_json, report.render())
    if not report.ok:
        raise typer.Exit(FOUND)


for _command in (
    setup.init,
    setup.doctor,
    setup.plugins,
    up.up,
    worker.worker,
    backups.backup,
    backups.restore,
    sync.sync,
    reconciling.reconcile,
    statements.retention,
    asking.calc,
    asking.why,
    asking.trace,
    asking.statement,
    comparing.compare,
    comparing.cost,
):
    app.command()(_command)

for _name, _group in {
    "connector": connectors.app,
    "connection": connections.app,
    "partner": partners.app,
    "plan": plan.app,
    "enrollments": enrollments.app,
    "notices": notices.app,
    "deductions": deductions.app,
    "premiums": premiums.app,
    "retirement": retirement.app,
    "accounts": accounts.app,
    "leave": leave.app,
    "intake": intake.app,
    "differences": reconciling.app,
    "fixes": fixing.app,
    "retro": retro.app,
    "period": closing.app,
    "dispatches": dispatches.app,
    "ledger": ledger.app,
    "x12": x12.app,
    "nacha": money_files.nacha_app,
    "sepa": money_files.sepa_app,
    "webhooks": webhooks.app,
    "deadlines": deadlines.app,
    "statements": statements.app,
    "runs": runs.app,
    "schedule": schedule.app,
    "person": person.app,
    "people": people.app,
    "worlds": worlds.app,
    "users": users.app,
    "tokens": tokens.app,
    "audit": audit.app,
}.items():
    app.add_typer(_group, name=_name)


def main() -> None:
    """The entry point of the `benehub` command."""
    first = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    if first and first not in _own_names():
        _add_plugin_commands()
    app()


def _own_names() -> set[str]:
    from typer.main import get_command

    return set(getattr(get_command(app), "commands", {}))


def _add_plugin_commands() -> None:
    """A name that is not ours may be a plugin's: only now is the price of loading them paid."""
    from benehub import plugins

    try:
        for _ in plugins.call_each(plugins.build(), "register_commands", cli=app):
            continue
    except BenehubError as error:
        tell_error(error.what, error.where, error.mend)
        sys.exit(exit_code(error))
