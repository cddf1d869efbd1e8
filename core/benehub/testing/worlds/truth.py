"""The table of what a world holds: what has to be found, and what must not be told as a mistake."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benehub.errors import DataError

FILE = "truth.json"


@dataclass(frozen=True, slots=True, order=True)
class Planted:
    """One row of the table; amounts in cents.

    `person` is the employee number, empty where the vendor's row is nobody's or the row is about a whole pay date.
    """

    relation: str
    type: str
    person: str
    plan: str
    period: str
    expected: int
    actual: int


@dataclass(frozen=True, slots=True)
class Truth:
    """What was planted.

    Args:
        today: the day on which the world has to be compared, as ISO text.
        discrepancies: what has to be told as a discrepancy.
        pending: what the rules explain with a day by which it must have cleared.
        suppressed: what a rule of the employer's sets aside.
        tolerated: cents within the tolerance of the plan book.
        silent: variances that give no difference at all, each by its kind and whose.
        rules: what is set aside before the comparison: relation, type, plan, amount in cents, and why.
        unpaid: months whose bills nobody pays.
        pay_dates: pay dates whose contributions are deposited.
        connections: connection -> the connector that reads it; its settings lie in `NAME.yaml`.
    """

    seed: int
    today: str
    months: tuple[str, ...]
    pay_dates: list[str]
    connections: dict[str, str]
    discrepancies: list[Planted] = field(default_factory=list)
    pending: list[Planted] = field(default_factory=list)
    suppressed: list[Planted] = field(default_factory=list)
    tolerated: list[Planted] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)
    unpaid: list[str] = field(default_factory=list)

    def as_json(self) -> str:
        """The table as it is written."""
        return json.dumps(asdict(self), indent=1) + "\n"


def read_truth(folder: Path) -> Truth:
    """The table beside a world's files.

    Raises:
        DataError: it is not there, or is none.
    """
    file = folder / FILE
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        data.setdefault("tolerated", [])  # a world that was made before there was a tolerance
        for name in ("discrepancies", "pending", "suppressed", "tolerated"):
            data[name] = [Planted(**row) for row in data[name]]
        return Truth(**data | {"months": tuple(data["months"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        what = f"no table of what was planted ({type(error).__name__})"
        raise DataError(what, where=str(file), mend="Make a world: benehub worlds make; see docs/worlds.md") from None
