"""The hostile vendor's module: under importlib mode no folder of tests is on the path."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def hostile() -> ModuleType:
    """The plain connector in its kinds, and its vendor."""
    spec = importlib.util.spec_from_file_location("contract_hostile", Path(__file__).with_name("hostile.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
