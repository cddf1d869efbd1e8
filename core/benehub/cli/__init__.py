"""The command line: a thin front over flows and views.

Nothing heavy is imported before a command runs, so that `benehub --help` answers at once: the menu names the
module of each command, which is imported when it is asked for, and the modules import the hub inside their functions.
Commands of plugins are looked for only when a name is not ours.
"""

from __future__ import annotations

import os
import select
import sys
from contextlib import suppress

import typer

from benehub.cli.console import FOUND, exit_code, tell_error
from benehub.cli.menu import MENU, MenuGroup
from benehub.errors import BenehubError

HELP = """The hub between HRIS, payroll, insurers and recordkeepers: nothing gets lost in silence.

Exit codes: 0 all right, 1 something is wrong or was found, 2 usage or bad input, 3 a person has to decide.
"""


class Guarded(MenuGroup):
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
            if isinstance(error, BrokenPipeError) and _nobody_reads():
                raise typer.Exit(FOUND) from None
            if _traced() or type(error).__module__.split(".")[0] in ("click", "typer"):
                raise
            # Its text may carry values of a person (database errors show parameters): the class is enough.
            tell_error(
                f"unexpected {type(error).__name__}",
                mend="BENEHUB_TRACE=errors shows where; `benehub doctor` checks the installation.",
            )
            raise typer.Exit(FOUND) from None


def _nobody_reads() -> bool:
    """Whether it is our output that broke (`| head` has enough), and no socket; what is still to be written is let go.

    Where it did, writing the rest of it breaks too, and an output of which nothing is left is asked for its readers.
    """
    try:
        sys.stdout.flush()
        gone = _hung_up(sys.stdout.fileno())
    except BrokenPipeError:
        gone = True
    except (OSError, ValueError):  # closed, or no file at all
        return False
    if gone:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return gone


def _hung_up(descriptor: int) -> bool:
    """Whether the other end of a pipe is closed."""
    if not hasattr(select, "poll"):
        return False
    asked = select.poll()
    asked.register(descriptor, 0)
    return any(told & (select.POLLERR | select.POLLHUP) for _, told in asked.poll(0))


def _traced() -> bool:
    return "errors" in os.environ.get("BENEHUB_TRACE", "").split(",")


app = typer.Typer(cls=Guarded, help=HELP, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback(help=HELP)
def _root() -> None:
    from benehub.cli.logs import configure

    configure()


def main() -> None:
    """The entry point of the `benehub` command."""
    first = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    if first and first not in MENU:
        _add_plugin_commands()
    app()


def _add_plugin_commands() -> None:
    """A name that is not ours may be a plugin's: only now is the price of loading them paid."""
    from benehub import plugins

    try:
        for _ in plugins.call_each(plugins.build(), "register_commands", cli=app):
            continue
    except BenehubError as error:
        tell_error(error.what, error.where, error.mend)
        sys.exit(exit_code(error))
