"""`benehub worlds`: a world is made in a folder, run, and left as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def test_a_world_is_made_and_the_hub_is_held_to_it(cli: Any, tmp_path: Path) -> None:
    folder = tmp_path / "meadow"
    told = cli.told("worlds", "make", "--seed", "4", "--employees", "12", "--out", str(folder))
    assert told["employees"] == 12 and told["files"] == len(list(folder.iterdir()))
    before = {path: path.read_bytes() for path in folder.iterdir()}
    found = cli.told("worlds", "run", str(folder))
    assert found["perfect"] and found["missed"] == found["wrong"] == []
    assert (
        sum(one["both"] for one in map(_counted, found["types"]) if one["state"] == "discrepancy") == told["mistakes"]
    )
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    table = json.loads((folder / "truth.json").read_text())
    gone = table["discrepancies"].pop()
    (folder / "truth.json").write_text(json.dumps(table))
    wrong = cli.told("worlds", "run", str(folder), code=1)
    assert wrong["wrong"] == [{"state": "discrepancy", **gone}] and wrong["missed"] == []


def _counted(row: dict[str, str]) -> dict[str, Any]:
    return row | {"both": int(row["both"])}
