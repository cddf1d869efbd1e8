"""The hostile vendors' modules: under importlib mode no folder of tests is on the path."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def hostile() -> ModuleType:
    """The plain connector in its kinds, and its vendor."""
    return _module("hostile")


@pytest.fixture(scope="session")
def hostile_files() -> ModuleType:
    """The plain connector of files in its kinds, and its mailbox."""
    return _module("hostile_files")


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"contract_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
