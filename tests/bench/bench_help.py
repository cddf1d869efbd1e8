"""What `benehub --help` costs: nothing heavy may be imported before a command runs. Beside it a bare Typer app."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BARE = """
import typer

app = typer.Typer()


@app.command()
def hello(name: str = typer.Option("", "--name", help="Whom to greet.")) -> None:
    pass


@app.command()
def goodbye() -> None:
    pass


app()
"""


def prepare(folder: Path, size: int) -> None:
    """Both programs once, so that their bytecode is there."""
    (folder / "bare.py").write_text(BARE)
    _asked(["-m", "benehub"], 1)
    _asked([str(folder / "bare.py")], 1)


def ours(folder: Path, size: int) -> Iterator[Any]:
    """`python -m benehub --help`, so many times."""
    yield
    yield _asked(["-m", "benehub"], size)


def typer(folder: Path, size: int) -> Iterator[Any]:
    """A Typer app of two commands."""
    yield
    yield _asked([str(folder / "bare.py")], size)


def _asked(program: list[str], times: int) -> int:
    for _ in range(times):
        done = subprocess.run([sys.executable, *program, "--help"], capture_output=True, check=True)
        assert b"--help" in done.stdout
    return times
