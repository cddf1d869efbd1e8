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


@pytest.fixture(scope="session")
def fakehub() -> ModuleType:
    """The module beside this file; under importlib mode no folder of tests is on the path."""
    spec = importlib.util.spec_from_file_location("flows_fakehub", Path(__file__).with_name("fakehub.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A database file of this test."""
    return f"sqlite:///{tmp_path / 'hub.db'}"


@pytest.fixture
def open_hub(fakehub: ModuleType) -> Iterator[Callable[..., Hub]]:
    """open_hub(url, *plugins): a started hub, stopped at the end of the test."""
    opened: list[Hub] = []

    def start(url: str, *plugins: Any) -> Hub:
        hub: Hub = fakehub.open_hub(url, *plugins)
        opened.append(hub)
        return hub

    yield start
    for hub in opened:
        hub.engine.stop()
        hub.store.close()
