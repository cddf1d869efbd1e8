"""The fake vendor's module, and hubs on databases of their own."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benehub.flows import Hub
from benehub.flows.onboarding import load_plan_book


def _beside(name: str) -> ModuleType:
    """A module beside this file; under importlib mode no folder of tests is on the path."""
    spec = importlib.util.spec_from_file_location(f"flows_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def fakehub() -> ModuleType:
    """The fake vendor's module."""
    return _beside("fakehub")


@pytest.fixture
def office(tmp_path: Path, fakehub: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The office on a database of its own; it is sound when the test is over."""
    monkeypatch.setenv("BENEHUB_TEST_HRIS", "bamboo-key")
    made = _beside("office").Office(tmp_path, fakehub.BOOK.replace("payroll: payroll", "payroll: files"))
    yield made
    made.sound()
    made.hub.engine.stop()
    made.hub.store.close()


@pytest.fixture
def enrolled(office: Any) -> Any:
    """Two people whose change file the carrier has taken; its answers lie in the mailbox."""
    office.drop(
        "census.csv",
        "No,First,Last,Born,Sex,SSN,Hired,Group",
        "1001,Ann,Alder,1980-02-03,F,900110001,2025-03-01,monthly",
        "1002,Ben,Böhm,1990-07-09,M,900110002,2025-01-05,monthly",
    )
    office.drop("elections.csv", "No,Plan,Tier,From", "1001,ppo,EE,2026-01-01", "1002,ppo,EE,2026-01-01")
    office.sync("files", "employee")
    office.sync("files", "election")
    office.flow("coverage", "2026-10-01")
    assert office.flow("enrollments.send", "carrier", "2026-10-01")["sent"] == 1
    office.carrier.collect()
    return office


@pytest.fixture
def two_plans(enrolled: Any) -> Any:
    """The same with two medical plans of the carrier, who has answered of both employees."""
    enrolled.answered()
    start = enrolled.book.index("  - id: ppo")
    ppo = enrolled.book[start : enrolled.book.index("carriers:")]
    hdhp = ppo.replace("id: ppo", "id: hdhp").replace("name: PPO", "name: HDHP").replace("code: MED", "code: HDHP")
    load_plan_book(enrolled.hub, enrolled.book.replace(ppo, ppo + hdhp), "two plans")
    enrolled.carrier.book.rates["hdhp"] = {"EE": 50000}
    return enrolled


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A database file of this test."""
    return f"sqlite:///{tmp_path / 'hub.db'}"


@pytest.fixture
def open_hub(fakehub: ModuleType) -> Iterator[Callable[..., Hub]]:
    """open_hub(url, *plugins): a started hub, stopped at the end of the test; all it explained comes out again."""
    opened: list[Hub] = []

    def start(url: str, *plugins: Any) -> Hub:
        hub: Hub = fakehub.open_hub(url, *plugins)
        opened.append(hub)
        return hub

    yield start
    wrong = [one for hub in opened for one in fakehub.not_reproduced(hub)]
    for hub in opened:
        hub.engine.stop()
        hub.store.close()
    assert wrong == []
