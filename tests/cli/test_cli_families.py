"""Enrollments of a carrier reached by requests, typed: preview, send, status, answers; each family by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import time_machine
import yaml

from benehub import flows
from benehub.sandbox.http import as_transport
from benehub_connectors.noyo.simulator import NoyoSimulator
from benehub_connectors.noyo.stage import NOW, PLANS, settings

CENSUS = """No,First,Last,Born,Sex,SSN,Hired,Group,Street,City,State,Zip
2001,Ann,Alder,1980-02-03,F,900110001,2025-03-01,monthly,1 Elm St,Troy,NY,12180
2002,Ben,Birch,1990-07-09,M,900110002,2025-01-05,monthly,2 Elm St,Troy,NY,12180
"""
ADDRESS = {"sex": "Sex", "address1": "Street", "city": "City", "state": "State", "zip_code": "Zip"}


@dataclass
class Town:
    """An installation in the working folder, and Noyo."""

    cli: Any
    noyo: NoyoSimulator

    def taken(self) -> list[str]:
        """Bodies of the snapshots that Noyo was sent."""
        return [call.body.decode() for call in self.noyo.log
                if call.method == "POST" and call.path.endswith("/member_snapshots")]  # fmt: skip


@pytest.fixture
def town(cli: Any, employed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """Two employees whose cover is decided; their insurer is reached through Noyo."""
    noyo = NoyoSimulator(today=NOW.date(), plans=list(PLANS.values()))
    monkeypatch.setenv("SECRET", noyo.client_secret)
    wiring = {"transport": as_transport(noyo), "sleep": lambda _seconds: None}
    hub: Any = flows.Hub
    monkeypatch.setattr(
        flows, "Hub",
        lambda store, plugins, *more, **told: hub(
            store, plugins, *(more or (lambda _employer, name: dict(wiring) if name == "carrier" else {},)), **told
        ),
    )  # fmt: skip
    (employed / "drop" / "census.csv").write_text(CENSUS)
    (employed / "drop" / "elections.csv").write_text(
        "No,Plan,Tier,From\n2001,ppo,EE,2026-02-01\n2002,ppo,EE,2026-02-01\n"
    )
    drop = yaml.safe_load((employed / "census.yaml").read_text())
    drop["streams"]["employee"]["columns"] |= ADDRESS
    for name, told in (("census", drop), ("carrier", settings(noyo))):
        (employed / f"{name}.yaml").write_text(yaml.safe_dump(told))
    with time_machine.travel(NOW, tick=True):
        cli.run("connection", "add", "census", "--connector", "files", "--settings", "census.yaml")
        cli.run("connection", "add", "carrier", "--connector", "noyo", "--settings", "carrier.yaml", "--mode", "live")
        for stream in ("employee", "election"):
            cli.run("sync", "census", stream)
        cli.run("enrollments", "decide")
        yield Town(cli, noyo)


def test_what_is_previewed_is_what_leaves_and_only_once(town: Town) -> None:
    shown = town.cli.told("enrollments", "preview", "carrier", "--clear")["dispatches"]
    dry = town.cli.told("enrollments", "send", "carrier", "--dry-run")["dispatches"]
    assert town.noyo.effects == 0
    assert "900110001" not in json.dumps(dry) and "1980-02-03" not in json.dumps(dry)
    assert town.cli.told("enrollments", "send", "carrier")["carrier"]["sent"] == 2
    assert sorted(one["request"].partition("\n")[2] for one in shown) == sorted(town.taken())
    assert {one["file"] for one in shown} == {""}
    again = town.cli.told("enrollments", "send", "carrier", "--day", "2026-11-03")
    assert again == {"carrier": {"changes": 0, "members": 0}}
    assert (town.noyo.effects, len(town.taken())) == (2, 2)


def test_status_and_answers_tell_each_step(town: Town) -> None:
    town.cli.run("enrollments", "send", "carrier")
    said = {one["says"] for one in town.cli.told("enrollments", "status", "carrier")}
    assert said == {"taken by the vendor, cover not confirmed"}
    town.noyo.fulfil(town.noyo.newest("2001"), "sent")
    town.noyo.fulfil(town.noyo.newest("2002"), "invalid", ["class is required"])
    town.cli.run("sync", "carrier", "acknowledgement")
    told = town.cli.told("enrollments", "acks", "carrier", code=1)
    assert (told["carrier"]["refused"], told["refused"]) == (1, 1)
    states = {one["member"]: one["state"] for one in town.cli.told("enrollments", "status", "carrier")}
    assert states == {"2001": "confirmed", "2002": "refused"}
    (one,) = town.cli.told("enrollments", "answers", "carrier", "--control", town.noyo.newest("2002"))
    assert (one["member"], one["status"], one["text"]) == ("2002", "rejected", "class is required")
    assert one["dispatch"].startswith("dis_")
