"""The house rules that a linter does not know. Each finding names the file and line, the thing, and the rule.

Import layers are held by import-linter (see pyproject.toml); what it cannot see stands here: single names
such as `create_engine`, who may use a room from above, and what must not be in a file at all.
"""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("core", "connectors", "plugins")

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 70
MAX_BLOB_BYTES = 200_000

MONEY_ROOMS = ("money", "hours", "rules", "ledger", "reconcile", "obligations", "flows", "formats")
"""Rooms whose numbers are, or become, amounts: no float there."""

ONLY = {
    "dbos": ("engine",),
    "httpx": ("connect",),
    "asyncssh": ("connect",),
    "smtplib": ("connect",),
    "imaplib": ("connect",),
    "urllib.request": ("connect",),
    "http.client": ("connect",),
    "sqlite3": ("store",),
    "sqlalchemy.create_engine": ("store",),
    "sqlalchemy.engine.create_engine": ("store",),
    "benehub.engine": ("flows",),
    "benehub.sandbox": ("cli", "testing"),
}
"""A module or name -> the rooms of core that may import it (its own room may always)."""

CONNECTOR_ROOMS = ("errors", "hours", "money", "periods", "records", "connect", "formats", "hookspecs")
"""The rooms a connector may import beside `benehub` itself; its simulator also the sandbox, its stage the kit."""

CLOCK_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}


class Module:
    """A Python file of the project with its syntax tree."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)
        self.place = path.relative_to(ROOT).as_posix()
        inside = path.relative_to(ROOT).parts[1:]
        self.name = ".".join(inside).removesuffix(".py").removesuffix(".__init__")
        self.room = self.name.split(".")[1] if self.name.startswith("benehub.") else ""

    def at(self, node: ast.AST, what: str) -> str:
        """A finding."""
        return f"{self.place}:{getattr(node, 'lineno', 1)}: {what}"

    def imports(self) -> Iterator[tuple[ast.AST, str]]:
        """Each imported module, and each name imported from one, as dotted text."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node, node.module
                yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


@cache
def sources() -> tuple[Module, ...]:
    """All modules of the product."""
    return tuple(Module(path) for folder in SOURCES for path in sorted((ROOT / folder).rglob("*.py")))


@cache
def python_files() -> tuple[Module, ...]:
    """The product, its tests and its tools."""
    others = (path for folder in ("tests", "docs") for path in sorted((ROOT / folder).rglob("*.py")))
    return (*sources(), *(Module(path) for path in others))


def core() -> Iterator[Module]:
    """The hub alone."""
    return (module for module in sources() if module.place.startswith("core/"))


@cache
def kept_files() -> tuple[Path, ...]:
    """What is, or would be, in git; skipped outside a checkout (an unpacked source archive)."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return tuple(path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file())


def none(found: Sequence[object], rule: str) -> None:
    """Fail with the rule and every finding on a line of its own."""
    if found:
        pytest.fail("\n".join([rule, *map(str, found)]), pytrace=False)


def test_files_are_short() -> None:
    long = [
        (module.place, count)
        for module in python_files()
        if (count := module.text.count("\n")) > MAX_FILE_LINES
        and "/migrations/versions/" not in module.place  # a revision is a record of its day, never split
    ]
    none(long, f"split by noun: at most {MAX_FILE_LINES} lines")


def test_functions_are_short() -> None:
    long = [
        module.at(node, f"{node.name} has {length} lines")
        for module in python_files()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    ]
    none(long, f"at most {MAX_FUNCTION_LINES} lines")


def test_every_module_says_why_it_exists() -> None:
    silent = [m.place for m in python_files() if m.text.strip() and not ast.get_docstring(m.tree)]
    none(silent, "a module opens with a docstring that says why it exists")


def test_what_is_public_has_a_docstring() -> None:
    silent = [
        module.at(node, node.name)
        for module in core()
        for node in module.tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
        and "/migrations/versions/" not in module.place  # revisions have upgrade() and downgrade() only
    ]
    none(silent, "what is public says its meaning, units and errors")


def floats(module: Module) -> Iterator[str]:
    """Float literals and the name `float`, except in `isinstance(x, float)`: refusing one is right."""
    refused = {
        id(part)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance"
        for argument in node.args[1:]
        for part in ast.walk(argument)
    }
    for node in ast.walk(module.tree):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        named = isinstance(node, ast.Name) and node.id == "float" and id(node) not in refused
        if literal or named:
            yield module.at(node, "float")


def test_no_float_in_money_code() -> None:
    found = [finding for module in core() if module.room in MONEY_ROOMS for finding in floats(module)]
    none(found, "amounts are int minor units, rates are Fraction")


def test_the_clock_is_injected() -> None:
    found = [
        module.at(node, called)
        for module in sources()
        if module.name != "benehub.periods"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and (called := ".".join(dotted(node.func)[-2:])) in CLOCK_CALLS
    ]
    none(found, "take a Clock (benehub.periods) instead")


def dotted(node: ast.expr) -> list[str]:
    """`a.b.c` as its parts; empty for anything else."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute) and (above := dotted(node.value)):
        return [*above, node.attr]
    return []


def test_only_the_cli_prints() -> None:
    found = [
        module.at(node, "print()")
        for module in sources()
        if module.room != "cli"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    none(found, "return it, or log it with structlog")


@pytest.mark.parametrize("target", ONLY)
def test_only_its_rooms_import_it(target: str) -> None:
    allowed = {*ONLY[target], target.removeprefix("benehub.")}
    found = [
        module.at(node, f"imports {name}")
        for module in core()
        if module.room not in allowed
        for node, name in module.imports()
        if name == target or name.startswith(f"{target}.")
    ]
    none(found, f"only {' and '.join(ONLY[target])} may import {target}")


def test_connectors_and_plugins_bring_no_network_of_their_own() -> None:
    """`connect` hands out clients and mailboxes; one imported past it knows no limits and no dry run."""
    banned = [name for name, rooms in ONLY.items() if rooms in (("connect",), ("engine",), ("store",))]
    found = [
        module.at(node, f"imports {name}")
        for module in sources()
        if not module.place.startswith("core/")
        for node, name in module.imports()
        if any(name == target or name.startswith(f"{target}.") for target in banned)
    ]
    none(found, "take the client or mailbox of the Link")


def test_connectors_use_the_public_rooms_only() -> None:
    found = []
    for module in sources():
        if not module.place.startswith("connectors/"):
            continue
        rooms = {*CONNECTOR_ROOMS, {"simulator.py": "sandbox", "stage.py": "testing"}.get(module.path.name, "connect")}
        for node, name in module.imports():
            parts = name.split(".")
            is_room = len(parts) > 1 and parts[1] in ROOMS
            if parts[0] == "benehub" and is_room and parts[1] not in rooms:
                found.append(module.at(node, f"imports {name}"))
    none(found, f"a connector imports benehub and of its rooms only {', '.join(CONNECTOR_ROOMS)}")


ROOMS = {path.stem for path in (ROOT / "core" / "benehub").iterdir() if not path.name.startswith("__")}


def mentioned(module: Module) -> set[str]:
    """Modules a module imports, or names in a text (loaded lazily by name, or an entry point)."""
    names = {name for _, name in module.imports()}
    texts = (node.value for node in ast.walk(module.tree) if isinstance(node, ast.Constant))
    return names | {text.split(":")[0] for text in texts if isinstance(text, str) and text.startswith("benehub")}


def walked(module: Module) -> Iterator[str]:
    """Packages of which a module imports whatever lies in them, by `pkgutil` over `benehub.x.__path__`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and dotted(node.func)[:1] == ["pkgutil"]:
            yield from (".".join(dotted(argument)[:-1]) + "." for argument in node.args if dotted(argument))


def entry_points(project: dict[str, Any]) -> set[str]:
    """Modules that pyproject.toml points at."""
    groups = [project.get("scripts", {}), *project.get("entry-points", {}).values()]
    return {target.split(":")[0] for group in groups for target in group.values()}


def test_no_dead_modules() -> None:
    """A module of the hub that nothing reaches is no feature yet. Packages count through what is in them."""
    modules = [module for module in core() if "/migrations/" not in module.place]
    used = entry_points(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])
    for module in sources():
        used |= mentioned(module) - {module.name}
    found_by_walking = tuple(package for module in modules for package in walked(module))
    packages = {module.name for module in modules if module.path.name == "__init__.py"}
    public = ("benehub.formats.", "benehub.testing.")  # strangers import these
    dead = [
        module.name
        for module in modules
        if module.name not in used | packages | {"benehub.__main__"}  # `python -m benehub` reaches it
        and not module.name.startswith((*public, *found_by_walking))
    ]
    none(dead, "nothing reaches it: use it or remove it")


SILENCED = re.compile(
    r"#\s*(?:type:\s*ignore|pyright:\s*ignore|noqa)"
    r"(?:\[[\w\-, ]+\]|:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?(?P<reason>.*)"
)


def test_a_silenced_check_says_why() -> None:
    """As in `# noqa: E501 - the reason` or with `type: ignore` and a second comment after it."""
    found = [
        f"{module.place}:{number}"
        for module in python_files()
        for number, line in enumerate(module.text.splitlines(), 1)
        if (silenced := SILENCED.search(line)) and len(re.findall(r"[A-Za-z]", silenced["reason"])) < 8
    ]
    none(found, "write the reason on the same line")


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|Not" + r"ImplementedError")
    found = [
        f"{module.place}:{number}: {match[0]}"
        for module in python_files()
        for number, line in enumerate(module.text.splitlines(), 1)
        if (match := later.search(line))
    ]
    none(found, "do it now or leave it out")


def test_no_big_files() -> None:
    big = [(p.relative_to(ROOT).as_posix(), size) for p in kept_files() if (size := p.stat().st_size) > MAX_BLOB_BYTES]
    none(big, f"at most {MAX_BLOB_BYTES} bytes")


def test_no_registry_is_named() -> None:
    """Where packages come from is the reader's own setting; a name here would end up in somebody's build."""
    hosts = [
        b"pypi" + b".org",
        b"pythonhosted" + b".org",
        b"npm" + b"js",
        b"debian" + b".org",
        b"index" + b"-url",
    ]
    found = [
        f"{path.relative_to(ROOT)}: {host.decode()}"
        for path in kept_files()
        for host in hosts
        if host in path.read_bytes().lower()
    ]
    none(found, "leave it out")


SSN_LIKE = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}(-?)(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])")
"""A number that could be somebody's: never-issued ranges (000, 666, 9xx) are free for examples."""


def test_no_ssn_in_the_pages() -> None:
    pages = [path for path in kept_files() if path.suffix == ".md" or path.is_relative_to(ROOT / "config")]
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in pages
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if SSN_LIKE.search(line)
    ]
    none(found, "mask it, or use a number that is never issued (900-00-0001)")
