"""Begin, prove and record a connector at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import respx

import benehub_connectors.files as files

SETTINGS = """
company: acme
api_key: env:BENEHUB_TEST_HRIS
"""


def test_new_writes_a_package(cli: Any, home: Path) -> None:
    told = " ".join(cli.run("connector", "new", "acme_hr", "--kind", "hris", "--out-of-tree").output.split())
    assert "Next: pip install -e benehub-acme-hr, then benehub connector check acme_hr" in told
    assert (home / "benehub-acme-hr/benehub_acme_hr/__init__.py").is_file()
    assert (home / "benehub-acme-hr/tests/test_contract.py").is_file()


@pytest.mark.parametrize(
    ("name", "kind", "folder", "told"),
    [
        ("acme", "bank", ".", "--kind: no kind 'bank' to begin. Choose hris, payroll, carrier or recordkeeper"),
        ("Acme!", "hris", ".", "'Acme!' is no name of a connector. Use small letters"),
        ("class", "hris", ".", "'class' is no name of a connector"),
        ("none", "hris", ".", "'none' is no name of a connector"),
        ("gusto", "payroll", ".", "benehub_connectors.gusto: there is a connector 'gusto' already, of kind payroll"),
        ("acme", "hris", "nowhere", "nowhere: there is no such folder. Make it first"),
        ("acme", "hris", "/proc", "/proc: it cannot be written there"),
        ("taken", "hris", ".", "taken: there is something already. Choose another name or --folder"),
    ],
)
def test_new_names_the_thing_the_place_and_the_mend(
    cli: Any, home: Path, name: str, kind: str, folder: str, told: str
) -> None:
    (home / "taken").mkdir()
    done = cli.run("connector", "new", name, "--kind", kind, "--folder", folder, code=2)
    assert told in " ".join(done.output.split())
    assert not (home / "acme").exists()


def test_new_says_what_is_next(cli: Any, home: Path) -> None:
    told = " ".join(cli.run("connector", "new", "acme", "--kind", "hris", "--folder", ".").output.split())
    assert "Next: move it into" in told and "then benehub connector check acme" in told


def test_check_shows_promises_and_tier(cli: Any) -> None:
    told = cli.told("connector", "check", "files")
    assert told["tier"] == "platinum"
    assert {one["verdict"] for one in told["promises"]} == {"kept"}
    assert {one["tier"] for one in told["rules"]} == {"bronze", "silver", "gold", "platinum"}
    assert "asyncssh" in cli.run("connector", "check", "files", "--tier").output


def test_check_ends_with_1_on_a_broken_promise(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.FilesConnector, "render", lambda *_arguments: None)
    told = cli.told("connector", "check", "files", code=1)
    broken = {one["name"].split(".")[0] for one in told["promises"] if one["verdict"] == "broken"}
    assert broken == {"file"}


def test_check_of_an_unknown_one_is_said(cli: Any) -> None:
    told = " ".join(cli.run("connector", "check", "acme", code=2).output.split())
    assert "no connector 'acme'" in told and "There are: adp_workforce_now, bamboohr" in told


def test_check_shows_the_points(cli: Any) -> None:
    told = cli.told("connector", "check", "scim_inbound")["points"]
    assert {"point": "b", "part": "pushed", "word": "yes", "why": "push.rows"} in told


def test_record_saves_samples_without_a_person(
    cli: Any, employed: Path, monkeypatch: pytest.MonkeyPatch, respx_mock: respx.MockRouter
) -> None:
    monkeypatch.setenv("BENEHUB_TEST_HRIS", "bamboo-key")
    (employed / "hris.yaml").write_text(SETTINGS)
    cli.run("connection", "add", "hris", "--connector", "bamboohr", "--settings", "hris.yaml")
    dependent = {"id": "7", "employeeId": "12", "firstName": "Robin", "lastName": "Ashby", "relationship": "child",
                 "dateOfBirth": "2015-05-04", "gender": "Male"}  # fmt: skip
    respx_mock.get(url__regex=".*/employeedependents").respond(json={"Employee Dependents": [dependent]})
    cli.run("connector", "record", "hris", "--stream", "dependent", "--keep", "relationship", "--to", "samples.json")
    refused = cli.run(
        "connector", "record", "hris", "--stream", "dependent", "--to", "/proc/none/x.json", code=2
    ).output
    assert "/proc/none/x.json: the samples cannot be written" in " ".join(refused.split())
    refused = cli.run("connector", "record", "census", "--stream", "employee", "--to", "x.json", code=2).output
    assert "x.json: no answer came over HTTP" in " ".join(refused.split())
    text = (employed / "samples.json").read_text()
    told = json.loads(text)
    assert "Robin" not in text
    assert "2015-05-04" not in text
    assert told["exchanges"][0]["json"]["Employee Dependents"][0]["relationship"] == "child"
    assert told["settings"] == {"company": "acme", "api_key": "env:BENEHUB_TEST_HRIS"}
