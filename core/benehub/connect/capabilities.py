"""What a connector can do, said as data, so that an unsupported operation is a typed refusal and no 500."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from benehub.errors import Unsupported
from benehub.records import OPERATIONS


class Blocker(StrEnum):
    """Who would have to change something before an operation works."""

    US = "us"
    VENDOR = "vendor"
    CUSTOMER_PLAN = "customer_plan"
    PERMISSIONS = "permissions"


class Guard(StrEnum):
    """How the vendor's side protects a write from having two effects."""

    IDEMPOTENCY_KEY = "idempotency_key"
    NATURAL_KEY_UPSERT = "natural_key_upsert"
    READ_BACK = "read_back"
    NONE = "none"

    @property
    def repeat_safe(self) -> bool:
        """Whether the same write may be sent again although its outcome is unknown."""
        return self in (Guard.IDEMPOTENCY_KEY, Guard.NATURAL_KEY_UPSERT)

    @property
    def must_hold(self) -> bool:
        """Whether an unknown outcome has to wait for a person: nothing at the vendor's can settle it."""
        return self is Guard.NONE


@dataclass(frozen=True, slots=True)
class Capability:
    """One line of a connector's `describe()`.

    Args:
        operation: the operation's name, e.g. `push_deductions`.
        benefit_type: the benefit it is about; None stands for all that have no line of their own.
        supported: whether it works on this connection.
        blocker: who would have to change that; given exactly when it is not supported.
        note: one sentence for a person.
        guard: for writes, how a repetition is kept harmless; None for reads.
    """

    operation: str
    benefit_type: str | None = None
    supported: bool = True
    blocker: Blocker | None = None
    note: str = ""
    guard: Guard | None = None

    def __post_init__(self) -> None:
        if self.supported == (self.blocker is not None):
            raise ValueError(f"{self.operation}: a blocker is named exactly when it is not supported")


def read_only(streams: Iterable[str], why: str, notes: Mapping[str, str] | None = None) -> tuple[Capability, ...]:
    """The lines of a connector that reads these streams, with a note each, and whose vendor takes no write (`why`)."""
    told = notes or {}
    reads = (Capability(f"read.{stream}", note=told.get(stream, "")) for stream in streams)
    writes = (Capability(operation, supported=False, blocker=Blocker.VENDOR, note=why) for operation in OPERATIONS)
    return (*reads, *writes)


def narrowed(capabilities: Iterable[Capability], withheld: Iterable[Capability]) -> tuple[Capability, ...]:
    """A connector's lines as one connection has them: what its vendor withholds from it stands in their place.

    A line withheld for one benefit stands beside the operation's general line; a general one takes the place of all.
    """
    kept, added = list(capabilities), list(withheld)
    general = {one.operation: one for one in added if one.benefit_type is None}
    single = {(one.operation, one.benefit_type): one for one in added if one.operation not in general}
    held = {one.operation for one in kept}
    lines = dict.fromkeys(
        general.get(one.operation) or single.pop((one.operation, one.benefit_type), one) for one in kept
    )
    return (*lines, *(one for one in single.values() if one.operation in held))


def find(capabilities: Iterable[Capability], operation: str, benefit_type: str | None = None) -> Capability | None:
    """The line for the benefit, else the operation's general line, else None."""
    general: Capability | None = None
    for line in capabilities:
        if line.operation != operation:
            continue
        if line.benefit_type == benefit_type:
            return line
        if line.benefit_type is None:
            general = line
    return general


def require(
    capabilities: Iterable[Capability], operation: str, benefit_type: str | None = None, *, where: str = ""
) -> Capability:
    """The supported line for an operation.

    Raises:
        Unsupported: it is not declared (blocker `us`) or declared as not supported.
    """
    line = find(capabilities, operation, benefit_type)
    if line is not None and line.supported:
        return line
    subject = f"{operation} for {benefit_type}" if benefit_type else operation
    blocker = line.blocker if line is not None and line.blocker is not None else Blocker.US
    mend = line.note if line is not None else "Choose a connector that declares it"
    raise Unsupported(f"{subject} is not supported here", where=where, mend=mend, blocker=blocker.value)
