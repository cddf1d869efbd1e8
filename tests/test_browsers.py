"""A browser is found where one may be, got where that can be done at once, and else it is said how."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests import browsers

ROOT = Path(__file__).parent.parent


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def env(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path / "home"), **more}


def test_there_is_none(tmp_path: Path) -> None:
    assert browsers.find(env(tmp_path), plain=()) is None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/chromium").write_text("no program")
    assert browsers.find(env(tmp_path), plain=()) is None


@pytest.mark.parametrize("name", browsers.NAMES)
def test_the_systems_own_is_found(tmp_path: Path, name: str) -> None:
    path = program(tmp_path / "bin" / name)
    assert browsers.find(env(tmp_path), plain=()) == path


def test_playwrights_newest_is_found_after_the_systems(tmp_path: Path) -> None:
    cache = tmp_path / "home/.cache/ms-playwright"
    program(cache / "chromium-998/chrome-linux/chrome")
    newest = program(cache / "chromium-1187/chrome-linux64/chrome")
    assert browsers.find(env(tmp_path), plain=()) == newest
    elsewhere = program(tmp_path / "kept/chromium-2000/chrome-linux/chrome")
    assert browsers.find(env(tmp_path, PLAYWRIGHT_BROWSERS_PATH=str(tmp_path / "kept")), plain=()) == elsewhere
    system = program(tmp_path / "bin/google-chrome")
    assert browsers.find(env(tmp_path), plain=()) == system


def test_one_that_is_named_is_the_one(tmp_path: Path) -> None:
    program(tmp_path / "bin/chromium")
    mine = program(tmp_path / "mine/brave")
    assert browsers.find(env(tmp_path, **{browsers.NAMED: mine}), plain=()) == mine
    assert browsers.find(env(tmp_path, **{browsers.NAMED: str(tmp_path / "gone")}), plain=()) is None


def test_it_is_got_where_it_can_be_and_a_failure_waits_once(tmp_path: Path) -> None:
    calls: list[tuple[str, ...]] = []
    works = False

    def apt(*words: str) -> bool:
        calls.append(words)
        return works

    def run(there: str | None = None, may: bool = True) -> str:
        found = lambda: there or ("/usr/bin/chromium" if works and calls else None)  # noqa: E731 - what this test says
        return browsers.install(found=found, may=lambda: may, apt=apt, tried=tmp_path / "tried")

    assert run(there="/usr/bin/chromium") == "" and calls == [], "a machine that has one waits for nothing"
    assert browsers.NONE in run(may=False) and calls == []
    assert "could not install" in run() and [one[0] for one in calls] == ["install", "update"]
    assert "failed before" in run() and len(calls) == 2
    (tmp_path / "tried").unlink()
    calls.clear()
    works = True
    assert run() == "installed chromium for the tests of the pages: /usr/bin/chromium" and len(calls) == 1
    assert not (tmp_path / "tried").exists()


def test_nobody_looks_for_a_browser_by_himself() -> None:
    """Tests, `make test` and CI ask one place."""
    own = {ROOT / "tests/browsers.py", Path(__file__)}
    asks = re.compile(r"""which\(.*chrom|/usr/bin/chromium|command -v (chromium|google-chrome)|"google-chrome""")
    files = [*(ROOT / "tests").rglob("*.py"), ROOT / "Makefile", ROOT / ".ci/run"]
    assert [str(one) for one in files if one not in own and asks.search(one.read_text())] == []
    assert "tests/browsers.py --install" in (ROOT / "Makefile").read_text()
    assert "tests/browsers.py" in (ROOT / ".ci/run").read_text()
