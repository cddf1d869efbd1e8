"""The reference pages say what the code says: every hook, error, setting and command, or the build fails.

Each page is compared with what `docs/generate.py` writes; beside that, each thing is looked up by a route of
its own, so that a generator that forgets one is found too.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benehub import errors, hookspecs

DOCS = Path(__file__).resolve().parent.parent / "docs"


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text_of(page: str) -> str:
    path = DOCS / page
    assert path.exists(), f"docs/{page} is missing; run `make docs`"
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "page", ["api.md", "commands.md", "errors.md", "hooks.md", "roles.md", "rules.md", "settings.md"]
)
def test_page_is_what_the_code_says(page: str) -> None:
    wanted = load_generator().PAGES[page]()
    assert text_of(page) == wanted, f"docs/{page} is not up to date; run `make docs`"


def test_check_names_the_old_page_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "generate.py").write_text((DOCS / "generate.py").read_text())
    (tmp_path / "errors.md").write_text("old\n")
    command = [sys.executable, str(tmp_path / "generate.py"), "--check", "errors.md"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "docs/errors.md is not up to date; run `make docs`\n")
    assert (tmp_path / "errors.md").read_text() == "old\n"
    subprocess.run([command[0], command[1], "errors.md"], check=True)
    assert subprocess.run(command, check=False).returncode == 0


HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, "benehub_spec")]


@pytest.mark.parametrize("name", HOOKS)
def test_hook_is_documented_with_its_arguments(name: str) -> None:
    heading = re.search(rf"^## `{name}\((.*)\)`$", text_of("hooks.md"), re.MULTILINE)
    assert heading, f"docs/hooks.md has no heading for {name}"
    shown = re.findall(r"(\w+): ", heading[1])
    assert shown == list(inspect.signature(getattr(hookspecs, name)).parameters)


@pytest.mark.parametrize("name", HOOKS)
def test_hook_says_when_it_is_called(name: str) -> None:
    assert (inspect.getdoc(getattr(hookspecs, name)) or "").endswith(".")


def test_every_error_is_documented_and_stands_in_the_tree() -> None:
    page, tree = text_of("errors.md"), errors.__doc__ or ""
    classes = [value for value in vars(errors).values() if inspect.isclass(value)]
    for value in classes:
        assert f"\n## `{value.__name__}`\n" in page
        assert re.search(rf"\b{value.__name__}\b", tree), f"{value.__name__} is not in the tree of errors.py"


def test_every_setting_is_documented_with_its_meaning() -> None:
    rows = [row for model in settings_models() for row in load_generator().setting_rows(model)]
    page = text_of("settings.md")
    assert rows, "benehub.settings declares no settings"
    for path, _kind, _default, meaning in rows:
        assert f"\n### `{'.'.join(path)}`\n" in page
        assert meaning != "(no description)", f"setting {'.'.join(path)} has no description"


def settings_models() -> list[Any]:
    from pydantic_settings import BaseSettings

    values = vars(importlib.import_module("benehub.settings")).values()
    return [v for v in values if inspect.isclass(v) and issubclass(v, BaseSettings) and v is not BaseSettings]


def test_every_command_and_option_is_documented() -> None:
    found = list(command_tree())
    page = text_of("commands.md")
    sections = dict(re.findall(r"^## `([^`]+)`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    assert len(found) > 1
    for path, command in found:
        assert path in sections, f"docs/commands.md has no heading for `{path}`"
        assert "(no description)" not in sections[path], f"`{path}` or one of its options has no help text"
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("-") and not parameter.hidden and not option.endswith("-completion"):
                    assert f"`{option}`" in sections[path], f"`{path} {option}` is not documented"


def command_tree() -> Iterator[tuple[str, Any]]:
    from typer.main import get_command

    waiting: list[tuple[str, Any]] = [("benehub", get_command(importlib.import_module("benehub.cli").app))]
    while waiting:
        path, command = waiting.pop()
        yield path, command
        children = getattr(command, "commands", {})
        waiting += [(f"{path} {name}", child) for name, child in children.items() if not child.hidden]


LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")


def test_links_between_pages_lead_somewhere() -> None:
    root = DOCS.parent
    pages = [*DOCS.rglob("*.md"), *(root / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
    broken = [
        f"{page.relative_to(root)}: {target}"
        for page in pages
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_what_is_said_to_be_tried_against_it_is_tried() -> None:
    """The table of attacks names tests that there are."""
    told = (DOCS / "access.md").read_text(encoding="utf-8").partition("## What is tried against it")[2]
    table = told.partition("\n## ")[0]
    files = {path.name: path for path in (DOCS.parent / "tests").rglob("test_*.py")}
    named = re.findall(r"`(?:tests/[\w/]*)?(test_\w+)(\.py)?`", table)
    written = "".join(files[f"{name}.py"].read_text(encoding="utf-8") for name, is_file in named if is_file)
    missing = [name for name, is_file in named if not is_file and f"def {name}(" not in written]
    assert len(named) > 15 and missing == []
    places = re.findall(r"`(tests/[\w/]+\.py)`", table)
    assert places and all((DOCS.parent / place).exists() for place in places)
