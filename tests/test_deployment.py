"""Deployment files say commands that exist, with options that exist, and name no place to fetch anything from."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from benehub.cli import app

CONFIG = Path(__file__).resolve().parent.parent / "config"
COMPOSE: dict[str, Any] = yaml.safe_load((CONFIG / "compose.yaml").read_text())
UNITS = sorted(CONFIG.glob("*.service"))


def commands() -> list[list[str]]:
    """The words after `benehub` of every command line in the folder."""
    found = [one["command"] for one in COMPOSE["services"].values() if "command" in one]
    for unit in UNITS:
        lines = re.findall(r"^ExecStart(?:Pre)?=.*bin/benehub (.*)$", unit.read_text(), re.MULTILINE)
        found += [shlex.split(line.rstrip("'").replace("$(date +%%F)", "day")) for line in lines]
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_each_command_line_is_understood(words: list[str]) -> None:
    command: Any = get_command(app)
    own = command.commands[words[0]]
    own.make_context(words[0], words[1:], resilient_parsing=False)


def test_services_wait_for_the_migrations() -> None:
    services = COMPOSE["services"]
    assert {"db", "migrate", "web", "worker"} == set(services)
    for name in ("web", "worker"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        assert services[name]["restart"] == "always"
    assert services["worker"]["deploy"]["replicas"] > 1
    assert "--no-worker" in services["web"]["command"]


def test_images_are_plain_names_and_no_secret_is_written_down() -> None:
    images = [one["image"] for one in COMPOSE["services"].values()]
    images += re.findall(r"^FROM (\S+)", (CONFIG / "Dockerfile").read_text(), re.MULTILINE)
    assert [name for name in images if "/" in name or "." in name.split(":")[0]] == []
    text = (CONFIG / "compose.yaml").read_text()
    assert set(re.findall(r"PASSWORD: (.*)", text)) == {"${POSTGRES_PASSWORD:?write it into config/.env}"}


def test_a_worker_has_more_time_than_it_asks_for() -> None:
    from benehub.engine.runner import STOP_SECONDS

    assert int(COMPOSE["services"]["worker"]["stop_grace_period"].rstrip("s")) > 2 * STOP_SECONDS
    for unit in UNITS:
        for seconds in re.findall(r"TimeoutStopSec=(\d+)", unit.read_text()):
            assert int(seconds) > 2 * STOP_SECONDS
