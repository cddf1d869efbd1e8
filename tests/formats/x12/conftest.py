"""The independent referee: pyx12 walks the published maps, so our writers are not their own judge."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pyx12.params
import pyx12.x12n_document

from benehub.formats.x12.envelope import Interchange

Referee = Callable[[str], str]


@pytest.fixture
def referee(caplog: pytest.LogCaptureFixture) -> Referee:
    """Says what pyx12 has against a file: empty when it accepts it, else its own 999."""

    def judge(text: str) -> str:
        caplog.set_level(logging.CRITICAL, logger="pyx12")
        answer = io.StringIO()
        verdict = pyx12.x12n_document.x12n_document(pyx12.params.params(), io.StringIO(text), answer, None, None)
        return "" if verdict else (answer.getvalue() or "refused without a 999")

    return judge


@pytest.fixture
def corpus(shared: Path) -> Path:
    """The folder of public and own X12 samples."""
    folder = shared / "edi-corpus"
    if not folder.is_dir():
        pytest.skip(f"no X12 samples at {folder}")
    return folder


@pytest.fixture
def interchange() -> Iterator[Interchange]:
    """An envelope of a test file."""
    yield Interchange("BENEHUB", "CARRIERX", 7, 7, datetime(2026, 11, 1, 9, 0, tzinfo=UTC))
