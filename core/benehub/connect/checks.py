"""One employee's check while it becomes register lines: what stands on each of them, and a key of its own for each.

Payrolls tell a check in many shapes; what the hub wants of each line is the same. A connector gives the head once
and says per line what kind it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from benehub.connect.connector import Incoming
from benehub.records import LineKind, TaxClass


@dataclass(frozen=True, slots=True)
class CheckHead:
    """What all lines of a check share.

    Args:
        name: of the check, the vendor's and unique over all runs.
        run: the pay run's id.
        employee: payroll's id.
        pay_date: the day of the check.
        gross_minor: gross pay of the check.
        net_minor: what was paid; None where payroll does not tell.
        pay_group: empty where payroll tells none.
        start: first day of the period.
        end: last day of the period.
        reverses: the check that this one takes back.
    """

    name: str
    run: str
    employee: str
    pay_date: date
    gross_minor: int = field(repr=False)
    net_minor: int | None = field(default=None, repr=False)
    pay_group: str = ""
    start: date | None = None
    end: date | None = None
    reverses: str = ""


class CheckLines:
    """Makes the lines of one check; `noted` is kept beside each of them."""

    def __init__(self, head: CheckHead, noted: Mapping[str, Any] | None = None) -> None:
        self.head = head
        self._noted = dict(noted or {})
        self._seen: Counter[str] = Counter()

    def line(
        self, kind: LineKind, code: str, taxed: TaxClass | None = None, *, amount: int = 0, told: str = "",
        extra: Mapping[str, Any] | None = None,
    ) -> Incoming:  # fmt: skip
        """One line: `amount` in minor units, `told` payroll's own text of hours."""
        head = self.head
        key = f"{head.name}/{kind.value}/{code}"
        self._seen[key] += 1
        # Two of one name on a check both count: the second is no newer version of the first.
        key = key if self._seen[key] == 1 else f"{key}#{self._seen[key]}"
        data = {
            "pay_run": head.run, "check": head.name, "employee": head.employee, "pay_group": head.pay_group,
            "pay_date": head.pay_date.isoformat(),
            "period_start": head.start.isoformat() if head.start else None,
            "period_end": head.end.isoformat() if head.end else None,
            "kind": kind.value, "code": code, "tax_class": taxed.value if taxed else None, "amount_minor": amount,
            "hours": told, "gross_minor": head.gross_minor, "net_pay_minor": head.net_minor,
            "reverses": head.reverses,
        }  # fmt: skip
        return Incoming(key, data, {**self._noted, **(extra or {})})
