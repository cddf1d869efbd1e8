"""The list of guards that are taken out is of this very source, and taking one out is noticed or said."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="module")
def without() -> ModuleType:
    """The tool, which is no module of any package."""
    spec = importlib.util.spec_from_file_location("contract_without", Path(__file__).with_name("without.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_each_listed_guard_stands_once_and_is_python_without_it(without: ModuleType, root: Path) -> None:
    guards = without.listed()
    assert len(guards) > 70 and len({one.name for one in guards}) == len(guards)
    for one in guards:
        source = (root / one.file).read_text(encoding="utf-8")
        assert ast.dump(ast.parse(one.without(source))) != ast.dump(ast.parse(source)), one.name


def test_who_looks_at_a_guard_is_there(without: ModuleType, root: Path) -> None:
    refusals = list(without.refusals())
    named = {test for one in (*without.listed(), *refusals) for test in one.tests}
    assert [test for test in sorted(named) if not (root / test).exists()] == []
    modules = {path.stem for path in (root / without.SDK).glob("*.py")}
    assert set(without.told()["lookers"]) <= modules
    assert {one.file for one in refusals} == {
        f"{without.SDK}/{name}.py" for name in modules if "raise " in _code(root / without.SDK / f"{name}.py")
    }


def _code(path: Path) -> str:
    """A module's statements that raise something of their own."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return "".join(ast.unparse(one) for one in ast.walk(tree) if isinstance(one, ast.Raise) and one.exc)


def test_a_refusal_is_cut_out_whole(without: ModuleType, root: Path) -> None:
    first = {one.file: one for one in without.refusals()}
    for file, one in first.items():
        source = (root / file).read_text(encoding="utf-8")
        before, after = (sum(isinstance(node, ast.Raise) for node in ast.walk(ast.parse(text)))
                         for text in (source, one.without(source)))  # fmt: skip
        assert (before - after, one.put) == (1, "pass")


def test_a_guard_that_is_gone_or_stands_twice_is_told(without: ModuleType) -> None:
    guard = without.Guard("g", "a.py", "if a:", "if b:", ())
    assert guard.without("if a: pass") == "if b: pass"
    for source in ("", "if a: x\nif a: y"):
        with pytest.raises(ValueError, match="stands"):
            guard.without(source)


def test_what_nobody_notices_ends_with_1(
    without: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    guards = [without.Guard(name, "a.py", "cut", "put", ("t.py",)) for name in ("seen", "hung", "missed")]
    (tmp_path / "a.py").write_text("cut")
    states = {"seen": "failed", "hung": "hangs", "missed": "passed"}
    monkeypatch.setattr(without, "listed", lambda: guards)
    monkeypatch.setattr(without, "refusals", lambda: iter(()))
    monkeypatch.setattr(without, "warm", lambda: None)
    monkeypatch.setattr(without, "copy_of", lambda _folder: tmp_path)
    now = iter(["passed", "failed", "hangs", "passed", "passed"])
    monkeypatch.setattr(without, "run", lambda *_asked: (next(now), ""))
    assert without.main([]) == 1
    told = capsys.readouterr().out
    assert [line.split()[0] for line in told.splitlines()] == ["noticed", "noticed", "UNNOTICED", "3"]
    assert all(f"{name}: {state}" in told for name, state in states.items())
    assert (tmp_path / "a.py").read_text() == "cut"
    monkeypatch.setattr(without, "run", lambda *_asked: ("failed", "t.py"))
    assert without.main([]) == 2
