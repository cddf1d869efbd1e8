"""The made-up partner and the independent referee, shared by the tests of this connector."""

from __future__ import annotations

import importlib.util
import io
import logging
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import pyx12.params
import pyx12.x12n_document

Referee = Callable[[str], str]


@pytest.fixture(scope="session")
def partner() -> ModuleType:
    """The module beside this file; under importlib mode no folder of tests is on the path."""
    spec = importlib.util.spec_from_file_location("carrier_partner", Path(__file__).with_name("partner.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def referee(caplog: pytest.LogCaptureFixture) -> Referee:
    """Says what pyx12 has against a file: empty when it accepts it, else its own 999."""

    def judge(text: str) -> str:
        caplog.set_level(logging.CRITICAL, logger="pyx12")
        answer = io.StringIO()
        params = pyx12.params.params()
        taken = pyx12.x12n_document.x12n_document(params, io.StringIO(text), answer, None, None)
        return "" if taken else (answer.getvalue() or "refused without a 999")

    return judge
