"""What is true and since when we know it: append-only bitemporal versions."""

from __future__ import annotations

from benehub.facts.history import Fact, Version, as_of, preload, preload_new, record, resolve, timelines
from benehub.facts.pay_periods import PayPeriod, pay_calendar
from benehub.facts.payroll_benefits import payroll_holds
from benehub.facts.workforce import (
    Part,
    Worker,
    in_force,
    part_after,
    part_of,
    parts_of_workers,
    ranges,
    workers,
    workers_in_parts,
)

__all__ = [
    "Fact",
    "Part",
    "PayPeriod",
    "Version",
    "Worker",
    "as_of",
    "in_force",
    "part_after",
    "part_of",
    "parts_of_workers",
    "pay_calendar",
    "payroll_holds",
    "preload",
    "preload_new",
    "ranges",
    "record",
    "resolve",
    "timelines",
    "workers",
    "workers_in_parts",
]
