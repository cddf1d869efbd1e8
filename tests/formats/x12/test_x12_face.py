"""The library page runs, its limits are those of the code, and the face costs nothing until it is used."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benehub.formats import x12


def page(root: Path) -> str:
    return (root / "docs" / "x12.md").read_text(encoding="utf-8")


def test_the_examples_of_the_page_run(root: Path) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    blocks = re.findall(r"```python\n(.*?)```", page(root), re.DOTALL)
    assert len(blocks) >= 4
    for block in blocks:
        exec(compile(block, "docs/x12.md", "exec"), names)


def test_the_limits_of_the_page_are_those_of_the_code(root: Path) -> None:
    rows = re.findall(r"^\| `(\w+)\.(MAX_\w+)` \| ([\d,]+) \|", page(root), re.MULTILINE)
    assert len(rows) >= 8
    for module, name, value in rows:
        assert getattr(importlib.import_module(f"benehub.formats.x12.{module}"), name) == int(value.replace(",", ""))


def test_the_sections_of_the_page_keep_their_order(root: Path) -> None:
    order = ["Reading and writing", "834", "820", "Acknowledgements", "Validation", "Limits"]
    found = [one for one in re.findall(r"^## (.+)$", page(root), re.MULTILINE) if one in order]
    assert found == [one for one in order if one in found]


@pytest.mark.parametrize("name", x12.__all__)
def test_every_name_of_the_face_is_there(name: str) -> None:
    value = getattr(x12, name)
    assert value.__doc__
    assert name in dir(x12)


def test_checkers_and_interpreter_see_the_same_names() -> None:
    tree = ast.parse(inspect.getsource(x12))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name for node in ast.walk(guarded) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == set(x12.__all__)
    assert list(x12.__all__) == sorted(x12.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        x12.nothing  # noqa: B018 - the access is what is tested


def test_the_face_loads_nothing_until_it_is_used() -> None:
    code = "import sys; from benehub.formats import x12; sys.exit('benehub.formats.x12.kernel' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
