"""What was planted. Only the story writes it, and it is read only after the hub has said what it found."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing made wrong at a vendor: the type the hub should name it by, and whom it hit."""

    type: str
    member: str = "-"


@dataclass
class Truth:
    """All planted faults, with one sentence each about what was done."""

    faults: dict[Fault, str] = field(default_factory=dict)

    def plant(self, type_: str, member: str, told: str) -> None:
        """Note a fault."""
        self.faults[Fault(type_, member)] = told
