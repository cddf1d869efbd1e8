"""X12 for benefits: 834 enrollment, 820 premium payment, 999/997 and TA1 acknowledgements.

Sizes of real files make the reader a stream with flat memory; the writer lets no delimiter through, because
X12 knows no escape. Names are loaded at their first use; see docs/x12.md for how they work together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benehub.formats.x12 import (
        ack_999,
        ack_ta1,
        checks,
        enrollment_834,
        enrollment_recipes,
        envelope,
        kernel,
        remittance_820,
    )
    from benehub.formats.x12.checks import check
    from benehub.formats.x12.envelope import Guide, Interchange, read_sets
    from benehub.formats.x12.findings import Finding
    from benehub.formats.x12.kernel import Delimiters, Segment, SegmentReader, rows
    from benehub.formats.x12.writer import CharacterPolicy, SegmentWriter

__all__ = [
    "CharacterPolicy",
    "Delimiters",
    "Finding",
    "Guide",
    "Interchange",
    "Segment",
    "SegmentReader",
    "SegmentWriter",
    "ack_999",
    "ack_ta1",
    "check",
    "checks",
    "enrollment_834",
    "enrollment_recipes",
    "envelope",
    "kernel",
    "read_sets",
    "remittance_820",
    "rows",
]

_HOMES = {
    "checks": ("check",),
    "envelope": ("Guide", "Interchange", "read_sets"),
    "findings": ("Finding",),
    "kernel": ("Delimiters", "Segment", "SegmentReader", "rows"),
    "writer": ("CharacterPolicy", "SegmentWriter"),
}
"""Module of this package -> names of it; every other name is a module itself."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'benehub.formats.x12' has no attribute {name!r}")
    from importlib import import_module

    home = next((module for module, names in _HOMES.items() if name in names), "")
    value = getattr(import_module(f"{__name__}.{home}"), name) if home else import_module(f"{__name__}.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
