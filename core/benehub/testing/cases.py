"""The contract as a pytest test: one case a promise, for a connector of anybody's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benehub.connect.connector import Connector
from benehub.testing.checks import Check, checks_for
from benehub.testing.kit import Verdict, try_check
from benehub.testing.stage import StageMaker


def contract(*connectors: type[Connector], stage: StageMaker | None = None) -> Callable[..., None]:
    """A test of every promise of these connectors; assign it to a name that begins with `test_`.

    Each plays on the stage that lies in its folder, unless `stage` gives another.
    """
    cases = [pytest.param(one, check, id=f"{one.name}-{check.name}") for one in connectors for check in checks_for(one)]

    @pytest.mark.parametrize(("connector", "check"), cases)
    def test(connector: type[Connector], check: Check, tmp_path: Path) -> None:
        outcome = try_check(connector, check, tmp_path / "kit", stage)
        if outcome.verdict is Verdict.NOT_HERE:
            pytest.skip(outcome.why)
        assert outcome.verdict is Verdict.KEPT, outcome.why

    return test
