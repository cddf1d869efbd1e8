"""Plugins: found by folder, called in order, and one that breaks does not take the rest down."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pluggy
import pytest
import structlog

import benehub_connectors
import benehub_plugins
from benehub import plugins
from benehub.connections import connectors
from benehub.errors import ConfigError
from benehub.hookspecs import hookimpl
from benehub.plugins import build, call_each
from benehub.records.notices import StatementSection

Section = StatementSection


def sections(name: str, **options: Any) -> Any:
    """A plugin that adds one section of its name."""

    class Plugin:
        @hookimpl(**options)
        def statement_sections(self, person: str) -> list[Section]:
            return [Section(f"{name} for {person}", ())]

    return Plugin()


class Broken:
    """A plugin that raises with an SSN in its words."""

    @hookimpl
    def statement_sections(self) -> list[Section]:
        raise RuntimeError("no 900-11-0001")


@pytest.fixture
def manager() -> pluggy.PluginManager:
    """Only what is in the tree."""
    return build(load_strangers=False)


ASKED: dict[str, Any] = {"employer": "acme", "person": "per_a", "day": date(2026, 11, 23), "computed": ()}


def titles(manager: pluggy.PluginManager) -> list[tuple[str, str]]:
    found = call_each(manager, "statement_sections", **ASKED)
    return [
        (name, answer[0].title if isinstance(answer, list) else type(answer).__name__)
        for name, answer in found
        if not name.startswith("benehub_plugins.")  # what is in the tree answers too
    ]


def folders(package: Any) -> set[str]:
    found = set()
    for path in Path(package.__path__[0]).iterdir():
        if (path / "__init__.py").is_file() or (path.suffix == ".py" and path.stem != "__init__"):
            found.add(f"{package.__name__}.{path.stem}")
    return found


def test_in_tree_packages_are_found_by_their_folder(manager: pluggy.PluginManager) -> None:
    loaded = {name for name, _ in manager.list_name_plugin()}
    wanted = folders(benehub_connectors) | folders(benehub_plugins)
    assert wanted
    assert loaded == wanted
    # A connector package needs no line that registers it: the class in its folder is enough.
    assert {path.rpartition(".")[2] for path in folders(benehub_connectors)} <= set(connectors(manager))


def test_a_new_folder_is_found_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "brandnew.py").write_text(
        "from benehub.hookspecs import hookimpl\n@hookimpl\ndef register_rules():\n    return ['mine']\n"
    )
    monkeypatch.setattr(benehub_connectors, "__path__", [*benehub_connectors.__path__, str(tmp_path)])
    try:
        manager = build(load_strangers=False)
        assert "benehub_connectors.brandnew" in dict(manager.list_name_plugin())
        assert ["mine"] in manager.hook.register_rules()
    finally:
        sys.modules.pop("benehub_connectors.brandnew", None)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            "raise RuntimeError('for 900-11-0001')",
            r"cannot be loaded \(RuntimeError: for \*\*\*-\*\*-\*\*\*\*\)",
        ),
        (
            "from benehub.hookspecs import hookimpl\n@hookimpl\ndef after_sync(wrong):\n    return None\n",
            "implements a hook wrongly",
        ),
    ],
)
def test_a_broken_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, told: str) -> None:
    (tmp_path / "brokenone.py").write_text(code)
    monkeypatch.setattr(benehub_plugins, "__path__", [*benehub_plugins.__path__, str(tmp_path)])
    try:
        with pytest.raises(ConfigError, match=f"benehub_plugins.brokenone.*{told}"):
            build(load_strangers=False)
    finally:
        sys.modules.pop("benehub_plugins.brokenone", None)


def test_hooks_are_called_in_their_order(manager: pluggy.PluginManager) -> None:
    for name, options in (("a", {}), ("last", {"trylast": True}), ("b", {}), ("first", {"tryfirst": True})):
        manager.register(sections(name, **options), name=name)
    called = [name for name, _ in titles(manager)]
    assert called == ["first", "b", "a", "last"]
    told = manager.hook.statement_sections(**ASKED)
    assert [answer[0].title.split()[0] for answer in told if answer] == called


def test_one_that_raises_is_named_and_passed_over(manager: pluggy.PluginManager) -> None:
    manager.register(sections("good"), name="good")
    manager.register(Broken(), name="broken")
    manager.register(sections("better"), name="better")
    with structlog.testing.capture_logs() as logs:
        found = titles(manager)
    assert found == [
        ("better", "better for per_a"), ("broken", "RuntimeError"), ("good", "good for per_a"),
    ]  # fmt: skip
    (line,) = logs
    assert (line["plugin"], line["hook"], line["log_level"]) == ("broken", "statement_sections", "warning")
    assert "900-11-0001" not in str(line)


def test_who_answers_nothing_is_left_out(manager: pluggy.PluginManager) -> None:
    class Silent:
        @hookimpl
        def statement_sections(self) -> None:
            return None

    class Wrapper:
        @hookimpl(wrapper=True)
        def statement_sections(self) -> Iterator[None]:
            return (yield)

    manager.register(Silent(), name="silent")
    manager.register(Wrapper(), name="wrapper")
    assert titles(manager) == []


class Point(SimpleNamespace):
    """An entry point of a stranger's package."""

    def load(self) -> Any:
        if self.value == "broken":
            raise ImportError("nothing there")
        return sections(self.name)


@pytest.fixture
def strangers(monkeypatch: pytest.MonkeyPatch) -> list[Point]:
    """Installed packages of the entry-point group."""
    points = [Point(name="one", value="one:plugin"), Point(name="two", value="two:plugin")]
    monkeypatch.delenv("BENEHUB_PLUGINS", raising=False)
    monkeypatch.setattr(plugins, "entry_points", lambda group: points if group == "benehub" else [])
    return points


def test_strangers_come_in_by_entry_point(strangers: list[Point], monkeypatch: pytest.MonkeyPatch) -> None:
    assert strangers
    assert [name for name, _ in titles(build())] == ["two", "one"]
    assert titles(build(load_strangers=False)) == []
    monkeypatch.setenv("BENEHUB_PLUGINS", " two ,absent")
    assert [name for name, _ in titles(build())] == ["two"]
    monkeypatch.setenv("BENEHUB_PLUGINS", "")
    assert titles(build()) == []


def test_a_stranger_that_cannot_be_loaded_is_named(strangers: list[Point], monkeypatch: pytest.MonkeyPatch) -> None:
    strangers.append(Point(name="three", value="broken"))
    with pytest.raises(ConfigError, match="broken: plugin 'three' cannot be loaded"):
        build()
    monkeypatch.setenv("BENEHUB_PLUGINS", "one")
    assert [name for name, _ in titles(build())] == ["one"]


def test_two_of_one_name_are_refused(strangers: list[Point]) -> None:
    strangers.append(Point(name="one", value="other:plugin"))
    with pytest.raises(ConfigError, match="two plugins are named 'one'"):
        build()


def test_calls_are_told_when_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("BENEHUB_TRACE", "sql,hooks")
    manager = build(load_strangers=False)
    manager.register(sections("one"), name="one")
    manager.hook.statement_sections(**ASKED | {"person": "900-11-0001"})
    told = capsys.readouterr().err
    assert "hook statement_sections(" in told
    assert "'one']" in told
    assert "900-11-0001" not in told


def test_the_entry_point_group_is_the_one_that_is_asked() -> None:
    assert plugins.entry_points is importlib.metadata.entry_points
    assert plugins.GROUP == "benehub"
