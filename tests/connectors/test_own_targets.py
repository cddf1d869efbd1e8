"""No connector that writes deductions lets two codes have one target at payroll."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from benehub import plugins
from benehub.connect.codes import with_found
from benehub.connections import connectors
from benehub.errors import DataError
from benehub.testing.stage import Played, Stage

SETTING = {
    "adp_workforce_now": "codes", "finch": "codes", "frappe_hr": "components", "gusto": "codes",
    "rippling": "deferrals",
}  # fmt: skip
"""The setting that names the target of each code."""
WRITERS = {
    name: one for name, one in connectors(plugins.build(load_strangers=False)).items() if "deduction.set" in one.guards
}


def stage_of(name: str, folder: Path) -> Stage:
    made: Stage = import_module(f"benehub_connectors.{name}.stage").stage(folder)
    return made


def check(name: str, folder: Path, targets: dict[str, str]) -> Any:
    return WRITERS[name].Settings.model_validate({**stage_of(name, folder).settings, SETTING[name]: targets})


def test_each_writer_of_deductions_is_in_the_table() -> None:
    assert set(SETTING) == set(WRITERS)


@pytest.mark.parametrize("name", SETTING)
def test_two_codes_of_one_target_are_refused(name: str, tmp_path: Path) -> None:
    check(name, tmp_path, {"MED-PPO": "loan", "MED-HMO": "roth"})
    with pytest.raises(ValidationError, match="MED-HMO, MED-PPO have the same target loan"):
        check(name, tmp_path, {"MED-PPO": "loan", "MED-HMO": "loan"})


@pytest.mark.parametrize(("name", "asked"), [("adp_workforce_now", "adp_code"), ("frappe_hr", "component_of")])
def test_a_code_without_a_target_does_not_take_that_of_another(name: str, asked: str, tmp_path: Path) -> None:
    target = getattr(check(name, tmp_path, {"MED-PPO": "MED-HMO"}), asked)
    assert [target(code) for code in ("MED-PPO", "DEN")] == ["MED-HMO", "DEN"]
    with pytest.raises(DataError, match="what payroll calls so is the target of MED-PPO"):
        target("MED-HMO")
    swapped = getattr(check(name, tmp_path, {"MED-PPO": "MED-HMO", "MED-HMO": "MED-PPO"}), asked)
    assert swapped("MED-HMO") == "MED-PPO"


@pytest.mark.parametrize("name", ["finch", "gusto"])
def test_what_the_vendor_was_found_to_have_gives_way_to_what_is_named(name: str, tmp_path: Path) -> None:
    stage = stage_of(name, tmp_path)
    played = Played(WRITERS[name], stage)
    found = WRITERS[name]().discover(played.link).codes
    code, target = next(iter(found.items()))
    ours = replace(stage, settings={**stage.settings, "codes": {"OURS": target}})
    named = WRITERS[name]().discover(Played(WRITERS[name], ours).link).codes
    assert named == with_found(found, {"OURS": target}) and code not in named and named["OURS"] == target
