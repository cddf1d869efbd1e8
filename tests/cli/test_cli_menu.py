"""The menu says of each command what the command says of itself, and takes none of their modules in before one is asked
for."""

from __future__ import annotations

from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from benehub.cli import app
from benehub.cli.menu import MENU, Commands, Entry


@pytest.mark.parametrize("name", MENU)
def test_the_line_is_the_first_paragraph_of_its_help(name: str) -> None:
    command = MENU[name].load(name)
    assert command.name == name
    assert MENU[name].line == " ".join((command.help or "").split("\n\n")[0].split())


def test_each_place_stands_once() -> None:
    assert len({entry.place for entry in MENU.values()}) == len(MENU)


def test_a_list_loads_nothing_and_what_is_taken_out_stays() -> None:
    menu = {"gone": Entry("benehub.cli.no_such_module:app", "Shown all the same.")}
    commands = Commands({**menu, "worker": MENU["worker"]}, {})
    assert list(commands) == ["gone", "worker"]
    assert len(commands) == 2 and "gone" in commands and "else" not in commands
    shown: Any = commands.shown("gone")
    assert (shown.name, shown.help) == ("gone", "Shown all the same.")
    assert commands.shown("else") is None
    assert commands["worker"] is commands["worker"]
    with pytest.raises(ModuleNotFoundError):
        commands["gone"]
    with pytest.raises(KeyError):
        commands["else"]


def test_a_plugins_command_stands_last_and_cannot_take_a_name_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def greet() -> None:
        """Say hello."""
        typer.echo("hello")

    monkeypatch.setattr(app, "registered_commands", [])
    app.command("worker")(greet)
    app.command("greet")(greet)
    root: Any = get_command(app)
    assert list(root.commands) == [*MENU, "greet"]
    assert root.commands["worker"].help.startswith("Run what schedules start")
    assert CliRunner().invoke(app, ["greet"]).output == "hello\n"
    assert "Say hello." in CliRunner().invoke(app, ["--help"]).output


def test_a_wrong_name_is_told_the_nearest() -> None:
    told = CliRunner().invoke(app, ["reconcil"])
    assert told.exit_code == 2
    assert "'reconcile'" in told.output
