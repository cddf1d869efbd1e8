"""The public face: sorted, complete, documented, and free of charge until a name is used."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import benehub
from benehub import errors


def test_all_is_sorted_and_unique() -> None:
    assert list(benehub.__all__) == sorted(set(benehub.__all__))


def test_every_error_class_is_public() -> None:
    classes = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, errors.BenehubError)
    }
    assert classes <= set(benehub.__all__)


def test_checkers_and_interpreter_see_the_same_names() -> None:
    """The imports under TYPE_CHECKING and `__all__` are two lists of one thing."""
    tree = ast.parse(inspect.getsource(benehub))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name for node in ast.walk(guarded) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen | {"__version__"} == set(benehub.__all__)
    for node in ast.walk(guarded):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                assert getattr(importlib.import_module(node.module or ""), alias.name) is getattr(benehub, alias.name)


@pytest.mark.parametrize("name", benehub.__all__)
def test_every_name_resolves_and_is_documented(name: str, root: Path) -> None:
    assert getattr(benehub, name) is not None
    assert f"\n## `{name}`\n" in (root / "docs" / "api.md").read_text()


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing_of_ours'"):
        benehub.nothing_of_ours  # noqa: B018 - the access is what is tested


def test_import_is_light() -> None:
    """`import benehub`, and its errors and money, load none of the heavy libraries."""
    code = (
        "import sys, benehub, benehub.errors, benehub.money\n"
        "heavy = {'pydantic', 'httpx', 'sqlalchemy', 'dbos', 'pluggy', 'typer', 'rich', 'asyncssh'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
