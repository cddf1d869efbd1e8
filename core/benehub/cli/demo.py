"""`benehub demo`: the main job on the built-in sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from typing import TYPE_CHECKING

import typer

from benehub.errors import BenehubError

if TYPE_CHECKING:
    from benehub.sandbox.outcome import DemoReport

SWEEP_SECONDS = 2
"""Between two looks of the pretend vendors into their mailboxes."""


def demo(
    seed: int = typer.Option(7, "--seed", help="Seed of the made-up company; the same seed, the same story."),
    keep: bool = typer.Option(False, "--keep", help="Leave the folder benehub-demo/ behind, to look around in."),
    stay: bool = typer.Option(
        False, "--stay", help="Keep it, and let the pretend vendors answer until Ctrl-C: what was found can be worked."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the report as JSON."),
    db: str = typer.Option("", "--db", help="Database to run on; a SQLite file of its own when left out."),
) -> None:
    """Run the hub's main job on the built-in sandbox, start to reconciled, faults included."""
    from pathlib import Path

    from benehub.cli.console import FOUND, emit, say, working
    from benehub.sandbox.demo import run_demo

    folder = Path("benehub-demo") if keep or stay else None
    with working("demo") as status:

        def remain(report: DemoReport, sweep: Callable[[date], list[str]]) -> None:
            status.stop()
            emit(report.as_json(), as_json, report.render())
            _answer(sweep)

        report = run_demo(seed, folder, db or None, status.update, stay=remain if stay else None)
    if stay:
        say("The vendors are gone; the connections are paused.")
    else:
        emit(report.as_json(), as_json, report.render())
    if not report.ok:
        raise typer.Exit(FOUND)


def _answer(sweep: Callable[[date], list[str]]) -> None:
    """Sweep the vendors' mailboxes every two seconds, until Ctrl-C, SIGTERM or a closed terminal."""
    import time

    from benehub.cli.console import say, tell_error
    from benehub.periods import system_clock

    say("The pretend vendors answer until Ctrl-C. Start `benehub up` in the folder, in another terminal.")
    told = ""
    with suppress(KeyboardInterrupt), _ended_as_by_ctrl_c():
        while True:
            try:
                for name in sweep(system_clock().date()):
                    say(f"a vendor took {name}")
                told = ""
            except (
                BenehubError,
                ValueError,
                LookupError,
                OSError,
            ) as error:  # a file laid there by hand: it stays where it is
                if told != (told := str(error) or type(error).__name__):
                    tell_error(told, "a pretend vendor's mailbox", "Take the file out that was laid there")
            time.sleep(SWEEP_SECONDS)


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """Let SIGTERM, and SIGHUP where there is one, end the block as Ctrl-C does: the connections are to be paused."""
    import signal

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    ends = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {one: signal.signal(one, stop) for one in ends}
    try:
        yield
    finally:
        for one, old in before.items():
            signal.signal(one, old)
