"""Deployment files say commands that exist, with options that exist, and name no place to fetch anything from."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for
from starlette.routing import Route
from typer.main import get_command

from benehub.api import health
from benehub.cli import app
from benehub.settings import Settings

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
        # The database too, or it is stopped before them: `migrate` has ended long ago, and orders nothing then.
        wanted = {"db": {"condition": "service_healthy"}, "migrate": {"condition": "service_completed_successfully"}}
        assert services[name]["depends_on"] == wanted
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
    """Calls that are being answered, then what tells receivers and mail servers, then the jobs in hand."""
    from benehub.api import serving
    from benehub.connect import hooks_out
    from benehub.engine.runner import STOP_SECONDS

    worker, web = hooks_out.SECONDS + STOP_SECONDS, serving.STOP_SECONDS + STOP_SECONDS
    longest = {"worker": worker, "web": web, "benehub.service": serving.STOP_SECONDS + worker,
               "benehub-worker.service": worker}  # fmt: skip
    given = {name: COMPOSE["services"][name]["stop_grace_period"].rstrip("s") for name in ("worker", "web")}
    for unit in UNITS:
        given[unit.name] = "".join(re.findall(r"TimeoutStopSec=(\d+)", unit.read_text()))
    assert [name for name, seconds in longest.items() if float(given[name]) < seconds + 5] == []


SERVICE = {"image", "build", "environment", "volumes", "command", "depends_on", "ports", "healthcheck", "restart",
           "deploy", "stop_grace_period"}  # fmt: skip
"""Words of the compose specification that are used here."""


def test_the_compose_file_keeps_to_the_specification() -> None:
    assert set(COMPOSE) == {"name", "x-benehub", "services", "volumes"}
    services, named = COMPOSE["services"], COMPOSE["volumes"]
    for name, one in services.items():
        assert set(one) <= SERVICE, name
        assert isinstance(one.get("command", []), list)
        assert all(isinstance(value, str) for value in one["environment"].values()), name
        for volume in one["volumes"]:
            source, _, target = volume.partition(":")
            assert source in named and target.startswith("/"), volume
        for other, how in one.get("depends_on", {}).items():
            assert how["condition"] != "service_healthy" or "healthcheck" in services[other]
        for check in filter(None, [one.get("healthcheck")]):
            assert check["test"][0] == "CMD"
            assert re.fullmatch(r"\d+s", check["interval"])
        if "build" in one:
            context = CONFIG / one["build"]["context"]
            assert (context / "pyproject.toml").is_file() and (context / one["build"]["dockerfile"]).is_file()
    assert services["web"]["ports"] == ["127.0.0.1:8080:8080"]
    command = services["web"]["command"]
    assert command[command.index("--port") + 1] == "8080"


def test_the_compose_file_is_valid_by_the_published_schema() -> None:
    kept = pytest.importorskip("check_jsonschema", reason="it carries the schema of the compose specification")
    schema = json.loads((Path(kept.__file__).parent / "builtin_schemas/vendor/compose-spec.json").read_text())
    judge: Any = validator_for(schema)(schema)
    assert [f"{error.json_path}: {error.message}" for error in judge.iter_errors(COMPOSE)] == []
    broken = {**COMPOSE, "services": {**COMPOSE["services"], "web": {**COMPOSE["services"]["web"], "port": []}}}
    assert list(judge.iter_errors(broken)) != []


def test_what_the_files_say_of_the_program_is_so() -> None:
    names = {f"BENEHUB_{name.upper()}" for name in Settings.model_fields}
    for service in COMPOSE["services"].values():
        assert {name for name in service["environment"] if name.startswith("BENEHUB_")} <= names
    # The database is the one that each step names, as the user that it makes.
    db, web, migrate = (COMPOSE["services"][name] for name in ("db", "web", "migrate"))
    url = web["environment"]["BENEHUB_DB"]
    assert migrate["command"] == ["init", "--db", url]
    assert url == f"postgresql+psycopg://{db['environment']['POSTGRES_USER']}@db/{db['environment']['POSTGRES_DB']}"
    assert db["healthcheck"]["test"][1:] == ["pg_isready", "--username", "benehub", "--dbname", "benehub"]
    assert int(db["image"].partition(":")[2]) >= 15
    code = web["healthcheck"]["test"]
    assert code[1:3] == ["python", "-c"]
    ready = re.search(r"http://127\.0\.0\.1:8080(/\w+)", code[3])
    assert ready is not None and ready[1] in {route.path for route in health.router.routes if isinstance(route, Route)}
    compile(code[3], "healthcheck", "exec")


def test_the_image_installs_what_is_here_on_a_python_that_is_supported() -> None:
    text = (CONFIG / "Dockerfile").read_text()
    steps: Any = [
        line.split(maxsplit=1) for line in text.replace("\\\n", " ").splitlines() if line and line[0] not in "# "
    ]
    told = dict(steps)
    assert list(told) == ["FROM", "COPY", "RUN", "USER", "WORKDIR", "STOPSIGNAL", "ENTRYPOINT", "CMD"]
    root = CONFIG.parent
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    python = re.fullmatch(r"python:(\d+)\.(\d+)-slim", told["FROM"])
    least = re.fullmatch(r">=(\d+)\.(\d+)", project["requires-python"])
    assert python is not None and least is not None
    assert tuple(map(int, python.groups())) >= tuple(map(int, least.groups()))
    assert json.loads(told["ENTRYPOINT"])[0] in project["scripts"]
    for path in re.findall(r"/src(/[\w.]+)", told["RUN"]):
        assert (root / path[1:]).exists(), path
    # Whoever runs it has been made, and owns the folder in which it works; volumes of compose are there.
    made = re.search(r"useradd --create-home --home-dir (\S+) (\S+)", told["RUN"])
    assert made is not None and (told["WORKDIR"], told["USER"]) == made.groups()
    for service in COMPOSE["services"].values():
        if "build" in service:
            assert [one.partition(":")[2] for one in service["volumes"]] == [told["WORKDIR"]]
    words, command = json.loads(told["CMD"]), vars(get_command(app))["commands"]
    command[words[0]].make_context(words[0], words[1:])


def test_units_are_what_systemd_takes(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("no systemd here")
    program = tmp_path / "benehub"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in [*UNITS, *CONFIG.glob("*.timer")]:
        text = unit.read_text().replace("/srv/benehub/.venv/bin/benehub", str(program))
        (tmp_path / unit.name).write_text(text.replace("/srv/benehub\n", f"{tmp_path}\n"))
    units = sorted(str(one) for one in tmp_path.glob("benehub*.*"))
    done = subprocess.run([verify, "verify", *units], capture_output=True, text=True, check=False)
    # What the machine itself lacks is no fault of ours: of each complaint a unit of ours is named.
    assert [line for line in done.stderr.splitlines() if "benehub" in line and "User" not in line] == []
