"""Runs the contract: every check on a connector, each outcome a value."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benehub.connect.connector import Connector
from benehub.crypto import mask
from benehub.errors import BenehubError
from benehub.testing.checks import Broken, Check, Ground, NotHere, checks_for
from benehub.testing.stage import StageMaker, stage_maker


class Verdict(StrEnum):
    """What became of a check."""

    KEPT = "kept"
    BROKEN = "broken"
    NOT_HERE = "not here"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One check on one connector: the verdict, and why where it is not kept."""

    check: str
    proves: str
    verdict: Verdict
    why: str = ""


def try_check(connector: type[Connector], check: Check, folder: Path, stage: StageMaker | None = None) -> Outcome:
    """Try one promise of a connector, working in an empty folder; on its own stage unless another is given."""
    try:
        check.run(Ground(connector, stage or stage_maker(connector), folder))
    except NotHere as error:
        return Outcome(check.name, check.proves, Verdict.NOT_HERE, str(error))
    except Broken as error:
        return Outcome(check.name, check.proves, Verdict.BROKEN, str(error))
    except BenehubError as error:
        return Outcome(check.name, check.proves, Verdict.BROKEN, f"{type(error).__name__}: {error}")
    except Exception as error:  # a connector's own fault is an outcome, too
        return Outcome(check.name, check.proves, Verdict.BROKEN, mask(f"{type(error).__name__}: {error}")[:500])
    return Outcome(check.name, check.proves, Verdict.KEPT)


def run(connector: type[Connector]) -> Iterator[Outcome]:
    """Every check on a connector, one after the other.

    Raises:
        ConfigError: the connector brings no stage.
    """
    stage_maker(connector)
    with tempfile.TemporaryDirectory(prefix="benehub-kit-") as folder:
        for number, check in enumerate(checks_for(connector)):
            yield try_check(connector, check, Path(folder) / str(number))
