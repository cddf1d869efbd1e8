"""The list of guards that are taken out is of this very source, and taking one out is noticed or said."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
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


def test_every_refusal_whose_absence_hangs_is_there(without: ModuleType) -> None:
    told = [(module, cut) for module, cuts in without.told()["hanging"].items() for cut in cuts]
    found = [(Path(one.file).stem, one.cut) for one in without.refusals() if one.hangs]
    assert told and sorted(set(found)) == sorted(told)


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


@pytest.fixture
def asked(without: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Guards of a made-up tree, and what tests say by script; gives which tests were run, with the file's text."""
    names = ("seen", "hung", "missed", "slow")
    guards = [without.Guard(name, "a.py", "cut", "put", (f"{name}.py",), hangs=name == "hung") for name in names]
    (tmp_path / "a.py").write_text("cut")
    monkeypatch.setattr(without, "listed", lambda: guards)
    monkeypatch.setattr(without, "refusals", lambda: iter(()))
    monkeypatch.setattr(without, "warm", lambda: None)
    monkeypatch.setattr(without, "copy_of", lambda _folder: tmp_path)
    states = {"seen.py": "failed", "hung.py": "hangs", "missed.py": "passed", "slow.py": "hangs"}
    heard: list[tuple[str, ...]] = []

    def run(tree: Path, tests: tuple[str, ...], *_seconds: float) -> tuple[str, str]:
        text = (tree / "a.py").read_text()
        heard.append((*tests, text))
        return ("passed" if text == "cut" else states.get(tests[0], states.get("wide", "passed"))), ""

    monkeypatch.setattr(without, "run", run)
    return heard, states


def test_what_nobody_notices_ends_with_1(without: ModuleType, asked: Any, tmp_path: Path, capsys: Any) -> None:
    heard, _ = asked
    assert without.main([]) == 1
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told] == ["noticed", "noticed", "UNNOTICED", "UNNOTICED", "4"]
    assert [line.split(": ")[1] for line in told[:4]] == ["failed", "hangs", "passed", "hangs"]
    assert (tmp_path / "a.py").read_text() == "cut"
    wide = [one for one in heard if one[:-1] == without.WIDE]
    assert [one[-1] for one in wide] == ["cut", "put"]  # whole first, then without the guard that was missed


def test_all_tests_that_fail_notice_and_all_that_hang_do_not(without: ModuleType, asked: Any, capsys: Any) -> None:
    _, states = asked
    for wide, seen in (("failed", "noticed"), ("hangs", "UNNOTICED"), ("broken", "UNNOTICED")):
        states["wide"] = wide
        assert without.main(["--only", "missed"]) == (seen != "noticed")
        assert capsys.readouterr().out.split()[0] == seen


def test_narrow_asks_nothing_but_the_named_tests(without: ModuleType, asked: Any) -> None:
    heard, _ = asked
    assert without.main(["--narrow", "--only", "missed"]) == 1
    assert heard == [("missed.py", "cut"), ("missed.py", "put")]


def test_tests_that_fail_with_every_guard_in_place_end_with_2(
    without: ModuleType, asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(without, "run", lambda *_asked: ("failed", "t.py"))
    assert without.main([]) == 2


def test_what_holds_the_list_itself_is_left_out_in_a_copy(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tests" / "contract"
    folder.mkdir(parents=True)
    (folder / "test_without.py").write_text("def test_a(): assert False")
    (folder / "test_other.py").write_text("def test_a(): pass")
    (tmp_path / "pyproject.toml").write_text("")
    code = f"""if True:
        import sys
        sys.path.insert(0, {str(root / "tests" / "contract")!r})
        import pathlib, without
        print(without.run(pathlib.Path({str(tmp_path)!r}), ("tests/contract",), 60))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "('passed', '')\n"
