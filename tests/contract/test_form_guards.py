"""The kit bites on form: a connector that says too much, takes too much or puts together badly is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import ConfigDict
from tests.contract import test_answer_guards, test_file_guards, test_guards

import benehub
from benehub.connect.bases import ApiSettings
from benehub.connect.connector import Connector
from benehub.testing import Stage, Verdict
from benehub.testing.checks import all_checks
from benehub.testing.kit import try_check

CHECKS = {one.name: one for one in all_checks()}

Kind = tuple[type[Connector], Callable[[Path], Stage]]


class LaxSettings(ApiSettings):
    """Takes what it does not know."""

    model_config = ConfigDict(extra="ignore")


def _lax(hostile: ModuleType) -> Kind:
    return type("Lax", (hostile.Plain,), {"Settings": LaxSettings}), hostile.stage


def _boasting(hostile: ModuleType) -> Kind:
    def capabilities(self: Any) -> Sequence[benehub.Capability]:
        return [*hostile.Plain.capabilities(self), benehub.Capability("read.dependent")]

    return type("Boasting", (hostile.Plain,), {"capabilities": capabilities}), hostile.stage


def _eager(hostile: ModuleType) -> Kind:
    def lookup(_self: Any, _item: Any, _settings: Any) -> None:
        return None

    def request(_self: Any, item: Any, _found: Any, _settings: Any) -> benehub.Receipt:
        return benehub.Receipt(item.key)

    return type("Eager", (hostile.Plain,), {"lookup": lookup, "request": request}), hostile.stage


def _shapeless(hostile: ModuleType) -> Kind:
    def stage(folder: Path) -> Stage:
        made: Stage = hostile.stage(folder)
        return replace(made, items={"deduction.set": [{"employee": "p1", "employee_amount_minor": 61.2}]})

    return hostile.Plain, stage


def _merging(merged: Callable[..., Any]) -> Callable[[ModuleType], Kind]:
    more = {
        "takes_together": frozenset({"deduction.set"}), "together": lambda *_: "all",
        "merged": lambda _self, _items, requests, _settings: merged(requests),
    }  # fmt: skip
    return lambda hostile: (type("Merging", (hostile.ReadBack,), more), hostile.stage)


def _anonymous(hostile: ModuleType) -> Kind:
    return hostile.Plain, hostile.stage  # a test module's folder has no manifest.toml


FAULTY: dict[str, tuple[Callable[[ModuleType], Kind], str]] = {
    "no word on whose it is": (_anonymous, "form.manifest"),
    "a setting that it does not know": (_lax, "form.settings"),
    "a stream that it does not read": (_boasting, "form.capabilities"),
    "an operation that it does not have": (_eager, "form.refusal"),
    "content that is no record": (_shapeless, "write.items"),
    "one request for each": (_merging(lambda _: None), "write.together"),
    "the first of several": (_merging(lambda requests: requests[0]), "write.together"),
}
"""What it takes -> the connector and its stage, and the promise that it breaks."""


@pytest.mark.parametrize("fault", FAULTY)
def test_a_connector_that_takes_what_it_should_not_is_found(hostile: ModuleType, fault: str, tmp_path: Path) -> None:
    made, name = FAULTY[fault]
    connector, stage = made(hostile)
    assert try_check(connector, CHECKS[name], tmp_path, stage).verdict is Verdict.BROKEN


def _seen_broken() -> set[str]:
    """The promises that tables of these tests name: each row's test wants its promise broken."""
    rows = [
        *test_guards.TAKEN.values(), *test_file_guards.TAKEN.values(), *test_answer_guards.TAKEN.values(),
        *FAULTY.values(),
    ]  # fmt: skip
    faults = (test_guards.FAULTY, test_file_guards.FAULTY, test_answer_guards.FAULTY)
    return {str(row[-1]) for row in rows} | {name for one in faults for name in one.values()}


def test_every_promise_is_seen_broken() -> None:
    assert sorted(set(CHECKS) ^ _seen_broken()) == []
