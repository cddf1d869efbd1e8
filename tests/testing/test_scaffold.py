"""A connector that has just been begun is whole: few lines, typed, found by its folder, and it passes the kit."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pluggy
import pytest

from benehub import hookspecs, plugins
from benehub.connect.connector import Connector, Kind
from benehub.connections import connectors
from benehub.errors import DataError
from benehub.testing import Verdict, run, scaffold, tiers
from benehub.testing.form import manifest

LINES = {Kind.HRIS: 30, Kind.PAYROLL: 60, Kind.CARRIER: 60, Kind.RECORDKEEPER: 60}
"""Most lines of code and manifest; samples are data."""


def begun(kind: Kind, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, type[Connector]]:
    """Write one, import it, and find it as the hub does."""
    name = f"acme_{kind.value}"
    scaffold.write(name, kind, folder)
    monkeypatch.syspath_prepend(str(folder))
    module = importlib.import_module(name)
    manager = pluggy.PluginManager("benehub")
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    return module, connectors(manager)[name]


@pytest.mark.parametrize("kind", scaffold.KINDS, ids=lambda kind: kind.value)
def test_it_passes_the_kit_as_it_is(kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, connector = begun(kind, tmp_path, monkeypatch)
    outcomes = list(run(connector))
    assert [one for one in outcomes if one.verdict is Verdict.BROKEN] == []
    assert sum(one.verdict is Verdict.KEPT for one in outcomes) >= 8
    written = [file for file in (tmp_path / module.__name__).rglob("*") if file.suffix in (".py", ".toml", ".json")]
    assert len(written) == 3
    lines = sum(len(file.read_text().splitlines()) for file in written if file.suffix != ".json")
    assert lines <= LINES[kind]


def test_all_are_well_formed_and_typed(tmp_path: Path, root: Path) -> None:
    for kind in scaffold.KINDS:
        scaffold.write(f"acme_{kind.value}", kind, tmp_path)
    config = root / "pyproject.toml"
    for command in (
        ("ruff", "check", "--config", config, "--ignore", "INP001"),
        ("ruff", "format", "--check", "--config", config),
    ):
        done = subprocess.run([sys.executable, "-m", *map(str, command), tmp_path], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_out_of_the_tree_it_is_a_package_with_a_test_of_two_lines(tmp_path: Path) -> None:
    files = {
        one.relative_to(tmp_path).as_posix(): one for one in scaffold.write("acme", Kind.HRIS, tmp_path, package=True)
    }
    assert set(files) == {
        "benehub-acme/benehub_acme/__init__.py", "benehub-acme/benehub_acme/manifest.toml",
        "benehub-acme/benehub_acme/samples/exchanges.json", "benehub-acme/pyproject.toml",
        "benehub-acme/tests/test_contract.py",
    }  # fmt: skip
    assert '[project.entry-points.benehub]\nacme = "benehub_acme"' in files["benehub-acme/pyproject.toml"].read_text()
    home = tmp_path / "benehub-acme"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=home, env={"PYTHONPATH": ":".join([str(home), *sys.path]), "PATH": ""}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert " passed" in done.stdout


@pytest.mark.parametrize("kind", scaffold.KINDS, ids=lambda kind: kind.value)
def test_installed_its_entry_point_is_found(kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"strange_{kind.value}"
    scaffold.write(name, kind, tmp_path, package=True)
    home = tmp_path / scaffold.project_name(name)
    told = tomllib.loads((home / "pyproject.toml").read_text())["project"]
    site = tmp_path / "site-packages"  # laid out as an installer leaves it, by what the project says of itself
    shutil.copytree(home / f"benehub_{name}", site / f"benehub_{name}")
    info = site / f"benehub_{name}-{told['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {told['name']}\nVersion: {told['version']}\n")
    points = "".join(f"{one} = {value}\n" for one, value in told["entry-points"]["benehub"].items())
    (info / "entry_points.txt").write_text(f"[benehub]\n{points}")
    assert name not in connectors(plugins.build())
    monkeypatch.syspath_prepend(str(site))
    found = connectors(plugins.build())[name]
    assert Path(str(sys.modules[found.__module__].__file__)).is_relative_to(site)
    assert tiers.tier(found) is tiers.Tier.NONE and manifest(found)["name"] == name


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [("Acme", Kind.HRIS, "no name"), ("x" * 50, Kind.HRIS, "no name"), ("acme", Kind.MAIL, "cannot be begun")],
)
def test_what_cannot_be_begun_is_said(name: str, kind: Kind, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        scaffold.write(name, kind, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    scaffold.write("acme", Kind.HRIS, tmp_path)
    with pytest.raises(DataError, match="something already"):
        scaffold.write("acme", Kind.PAYROLL, tmp_path)
