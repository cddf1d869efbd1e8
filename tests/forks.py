"""Other processes for tests, without the seconds each of them would take to load the program.

One server process loads what they need once; each process is a fork of it, made before any of its own threads exist.
So whoever is killed, stalled or raced here is a process like any other, only sooner there.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import NamedTuple, TextIO, cast

PRELOAD = ["benehub.flows", "benehub.engine", "benehub.store", "benehub.connect.testing", "psycopg"]
"""What the forks have loaded: all that the scripts of tests ask for."""

# No folder of tests can be imported from, so what the fork does first travels as text.
BOOT = """
import os, sys
os.environ.clear()
os.environ.update(env)
for number, pipe in enumerate(pipes):
    os.dup2(pipe.fileno(), number)
    pipe.close()
sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w", buffering=1), open(2, "w", buffering=1)
sys.argv = [name, *words]
exec(compile(script, name, "exec"), {"__name__": "__main__", "__file__": name})
"""


@dataclass(slots=True)
class Fork:
    """A process that runs a script, its three streams as text."""

    process: ForkServerProcess
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO

    @property
    def pid(self) -> int:
        """Its number."""
        assert self.process.pid is not None
        return self.process.pid

    def poll(self) -> int | None:
        """Its exit code; negative is the signal that ended it; None while it lives."""
        return self.process.exitcode

    def wait(self, seconds: float = 300) -> int:
        """Its exit code, once it has ended."""
        self.process.join(seconds)
        code = self.process.exitcode
        assert code is not None, f"{self.process.name} has not ended"
        return code

    def close(self) -> None:
        """Kill it if it lives, and let go of its streams."""
        self.process.kill()
        self.process.join()
        for stream in (self.stdin, self.stdout, self.stderr):
            stream.close()


class Done(NamedTuple):
    """How a process ended, and what it said."""

    code: int
    stdout: str
    stderr: str


_CONTEXT: ForkServerContext = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(PRELOAD)


@contextmanager
def running(script: str | Path, *words: object) -> Iterator[Fork]:
    """A process that runs a script (its text, or its file) with these words; killed at the end."""
    text, name = (script.read_text(), str(script)) if isinstance(script, Path) else (script, "script")
    pipes = [_CONTEXT.Pipe(duplex=False) for _ in range(3)]
    theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
    ours = [pipes[0][1], pipes[1][0], pipes[2][0]]
    known = {"pipes": theirs, "script": text, "name": name, "words": [*map(str, words)], "env": dict(os.environ)}
    process = _CONTEXT.Process(target=exec, args=(BOOT, known), daemon=True)
    process.start()
    for one in theirs:
        one.close()
    stdin, stdout, stderr = (
        cast("TextIO", os.fdopen(os.dup(one.fileno()), mode, buffering=1))
        for one, mode in zip(ours, ("w", "r", "r"), strict=True)
    )
    for one in ours:
        one.close()
    fork = Fork(process, stdin, stdout, stderr)
    try:
        yield fork
    finally:
        fork.close()


def run(script: str | Path, *words: object) -> Done:
    """A process that runs a script to its end."""
    with running(script, *words) as fork:
        code = fork.wait()
        return Done(code, fork.stdout.read(), fork.stderr.read())
