"""Takes each guard out of the SDK, one at a time in a copy of the tree, and has the tests notice it.

    python tests/contract/without.py [--only WORD] [--narrow] [--listed]

Two kinds of guards are taken out. Every refusal of `benehub.connect`, that is each `raise` in it, is found in the
source: it becomes a `pass`. Guards that are no refusal (a wait, a comparison, a narrow permission) stand in
`guards.toml` with the lines that are taken out and what stands there instead. The tests named for a guard have to fail
then; where they do not, all tests of the room and of the contract are run before it is said that nobody notices. Tests
that no longer end count only where the list says that they do so (`hangs`): else the machine may just have been slow.
What looks at the list itself (`test_without.py`) is left out, as it misses every cut. The command ends with 1 where a
guard goes unnoticed.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import os
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("guards.toml")
SDK = "core/benehub/connect"
WIDE = ("tests/connect", "tests/contract")
"""What is run before it is said that nobody notices."""

UNASKED = "tests/contract/test_without.py"
"""Holds that each listed cut stands in its file, so that it fails whatever is taken out."""

COPIED = ("config", "connectors", "core", "docs", "plugins", "tests", "pyproject.toml", "CHANGELOG.md", "README.md")
OURS = ("benehub", "benehub_connectors", "benehub_plugins", "tests")
"""Packages that each run loads from its copy."""

SECONDS = 60
"""After which a run hangs at the soonest."""

SLOWER = 10
"""A run hangs after so many times what it takes with every guard in place."""

FIRST_SECONDS = 2400
"""After which a run with every guard in place hangs."""


@dataclass(frozen=True)
class Guard:
    """One guard: what of which file is taken out, what stands there instead, and who has to notice."""

    name: str
    file: str
    cut: str
    put: str
    tests: tuple[str, ...]
    at: int = 0
    """Where in the file, by character; 0: the only place where `cut` stands."""
    hangs: bool = False
    """Whether tests that no longer end are how its absence is noticed."""

    def without(self, source: str) -> str:
        """The source without it.

        Raises:
            ValueError: it stands there not at all, or more than once.
        """
        if self.at:
            assert source[self.at :].startswith(self.cut)
            return source[: self.at] + self.put + source[self.at + len(self.cut) :]
        if (found := source.count(self.cut)) != 1:
            raise ValueError(f"{self.name}: stands {found} times in {self.file}")
        return source.replace(self.cut, self.put)


def told() -> dict[str, Any]:
    """What the list says."""
    return tomllib.loads(LIST.read_text(encoding="utf-8"))


def listed() -> list[Guard]:
    """The guards that are no refusal."""
    return [
        Guard(
            one["name"], one["file"], one["cut"], one["put"], tuple(one["tests"]), hangs=one.get("hangs", False)
        )
        for one in told()["guard"]
    ]  # fmt: skip


def refusals(root: Path = ROOT) -> Iterator[Guard]:
    """Every `raise` of the SDK."""
    lookers: dict[str, list[str]] = told()["lookers"]
    hanging: dict[str, list[str]] = told()["hanging"]
    for path in sorted((root / SDK).glob("*.py")):
        source = path.read_text(encoding="utf-8")
        starts = [0]
        for line in source.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        tests = lookers.get(path.stem, [f"tests/connect/test_{path.stem}.py"])
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Raise) and node.exc is not None:
                assert node.end_lineno is not None and node.end_col_offset is not None
                lines = source.splitlines()
                at = starts[node.lineno - 1] + len(lines[node.lineno - 1].encode()[: node.col_offset].decode())
                last = lines[node.end_lineno - 1].encode()[: node.end_col_offset].decode()
                end = starts[node.end_lineno - 1] + len(last)
                name = f"connect/{path.name}:{node.lineno} {lines[node.lineno - 1].strip()[:70]}"
                cut = source[at:end]
                hangs = cut in hanging.get(path.stem, ())
                yield Guard(name, f"{SDK}/{path.name}", cut, "pass", tuple(tests), at, hangs)


def copy_of(folder: Path) -> Path:
    """The tree, to be taken apart."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns(".mypy_cache", "*.db"))
        else:
            shutil.copy2(source, folder / name)
    return folder


def warm() -> None:
    """Load what the tests stand on, once for all runs: each is a fork of this process, without a module of ours."""
    for plugin in entry_points(group="pytest11"):
        plugin.load()
    for name in ("tests.conftest", "asyncssh", "gnupg", "hypothesis", "joserfc.jwt", "authlib.oauth2", "respx"):
        with suppress(ImportError):
            import_module(name)
    for name in [one for one in sys.modules if one.split(".")[0] in OURS]:
        del sys.modules[name]


def _in_child(tree: Path, tests: Sequence[str], told: Path) -> NoReturn:
    """Run these tests in a copy, in a process that ends with it."""
    with told.open("w") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    os.setsid()
    os.chdir(tree)
    sys.path[:] = [*(str(tree / one) for one in ("core", "connectors", "plugins", ".")), *sys.path]
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:3])
    os.environ.setdefault("BENEHUB_SHARED", str(ROOT.parent / "shared"))
    code = 3
    try:
        asked = ["-q", "-x", "-n", "0", "-p", "no:cacheprovider", "--tb=no", "-rfE", f"--ignore={tree / UNASKED}"]
        code = int(pytest.main([*asked, *(f"{tree}/{one}" for one in tests)]))
        sys.stdout.flush()
    finally:
        os._exit(code)


def run(tree: Path, tests: Sequence[str], seconds: float = FIRST_SECONDS) -> tuple[str, str]:
    """`passed`, `failed`, `hangs` or `broken`, and the first test that failed."""
    told = tree / "told.txt"
    child = os.fork()
    if child == 0:
        _in_child(tree, tests, told)
    until = time.monotonic() + seconds
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > until:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "hangs", ""
        time.sleep(0.05)
    text = told.read_text(encoding="utf-8", errors="replace")
    first = next((line for line in text.splitlines() if line.startswith(("FAILED ", "ERROR "))), "")
    state = {0: "passed", 1: "failed"}.get(os.waitstatus_to_exitcode(ended[1]), "broken")
    return state, first.partition(" ")[2].partition(" - ")[0] or ("" if state == "passed" else text[-300:])


class FailsWithAllGuards(Exception):
    """Tests that fail in the copy before anything is taken out of it tell nothing."""


class Trial:
    """A copy of the tree, and how long tests take in it with every guard in place."""

    def __init__(self, tree: Path, wide: Sequence[str]) -> None:
        self._tree = tree
        self._wide = tuple(wide)
        self._took: dict[tuple[str, ...], float] = {}

    def whole(self, tests: tuple[str, ...]) -> float:
        """Seconds after which these tests hang, from one run with every guard in place.

        Raises:
            FailsWithAllGuards: they do not pass.
        """
        if tests not in self._took:
            begun = time.monotonic()
            state, who = run(self._tree, tests)
            if state != "passed":
                raise FailsWithAllGuards(f"with every guard in place {' '.join(tests)} {state}: {who}")
            self._took[tests] = time.monotonic() - begun
        return max(SECONDS, SLOWER * self._took[tests])

    def tried(self, guard: Guard) -> tuple[bool, str, str]:
        """Whether the tests named for it notice its absence, else all that could; what they say, and which.

        Raises:
            FailsWithAllGuards: as `whole`.
        """
        state, who = self._without(guard, guard.tests)
        if state == "passed" and self._wide:
            state, who = self._without(guard, self._wide)
            return state == "failed", state, who
        return state == "failed" or (guard.hangs and state == "hangs"), state, who

    def _without(self, guard: Guard, tests: tuple[str, ...]) -> tuple[str, str]:
        seconds = self.whole(tests)
        file = self._tree / guard.file
        source = file.read_text(encoding="utf-8")
        _put(file, guard.without(source))
        try:
            return run(self._tree, tests, seconds)
        finally:
            _put(file, source)


def _put(file: Path, text: str) -> None:
    """Write it with a time of its own: what was compiled is known by time and size."""
    file.write_text(text, encoding="utf-8")
    at = next(_TIMES)
    os.utime(file, (at, at))


_TIMES = itertools.count(1_000_000_000)


def main(argv: Sequence[str] | None = None) -> int:
    """Take out each guard; 1 where one goes unnoticed, 2 where the tests fail with all of them in place."""
    wanted = argparse.ArgumentParser(description="Take each guard out of the SDK and have the tests notice.")
    wanted.add_argument("--only", default="", help="only guards whose name or file has this word")
    wanted.add_argument("--narrow", action="store_true", help="ask only the tests that are named for a guard")
    wanted.add_argument("--listed", action="store_true", help="only the guards of the list, no refusals")
    given = wanted.parse_args(argv)
    every = listed() if given.listed else [*listed(), *refusals()]
    guards = [one for one in every if given.only in one.name or given.only in one.file]
    begun, unseen = time.monotonic(), 0
    warm()
    with tempfile.TemporaryDirectory(prefix="benehub-without-") as room:
        trial = Trial(copy_of(Path(room)), () if given.narrow else WIDE)
        try:
            for tests in sorted({one.tests for one in guards}):
                trial.whole(tests)
            for guard in guards:
                seen, state, who = trial.tried(guard)
                unseen += not seen
                say(f"{'noticed' if seen else 'UNNOTICED':9} {guard.name}: {state} {who}".rstrip())
        except FailsWithAllGuards as error:
            say(str(error))
            return 2
    say(f"{len(guards)} guards taken out, {unseen} unnoticed, {time.monotonic() - begun:.0f} s")
    return 1 if unseen else 0


def say(text: str) -> None:
    """A line for who watches."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
