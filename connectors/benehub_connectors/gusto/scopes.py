"""What a Gusto token may do, by the scopes that Gusto tells of it; what it may not is refused before anything is sent.

Without a `phi` scope Gusto leaves health benefits out of its answers as if there were none. A write looks first at what
is held: not to see it would make a deduction a second time, so these benefits are withheld one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from benehub.connect.capabilities import Blocker, Capability
from benehub.connect.connector import Link
from benehub_connectors.gusto.answers import get

SCOPES: Mapping[str, tuple[str, ...]] = {
    "read.pay_calendar": ("pay_schedules:read", "payrolls:read"),
    "read.payroll_person": ("employees:read",),
    "read.payroll_benefit": ("company_benefits:read", "employee_benefits:read"),
    "read.register_line": ("payrolls:read", "employee_benefits:read"),
    "deduction.set": ("company_benefits:read", "employee_benefits:read", "employee_benefits:write"),
    "leave.take": ("payrolls:read", "payrolls:write", "employees:read"),
}
"""Operation -> the scopes that Gusto's description names at the calls it makes."""

HEALTH = ("medical", "dental", "vision", "fsa_health")
"""Benefits that hold health information, as the hub names them; Gusto publishes no list of its types."""

HEALTH_SCOPES: Mapping[str, tuple[str, ...]] = {
    "read.payroll_benefit": ("company_benefits:read:phi", "employee_benefits:read:phi"),
    "read.register_line": ("employee_benefits:read:phi",),
    "deduction.set": ("company_benefits:read:phi", "employee_benefits:read:phi"),
}
"""What they ask for beside the scopes above."""


def withheld(link: Link) -> tuple[Capability, ...]:
    """What the link's token lacks a scope for; nothing where Gusto tells none.

    Raises:
        ReauthNeeded, VendorUnavailable, DataError: Gusto refuses.
    """
    told = get(link, "/v1/token_info", {}).data
    scope = told.get("scope") if isinstance(told, Mapping) else None
    granted = frozenset(scope.split()) if isinstance(scope, str) else frozenset()
    if not granted:
        return ()
    return (
        *(_line(name, missing) for name, needed in SCOPES.items() if (missing := _lacks(needed, granted))),
        *(
            _line(name, missing, benefit)
            for name, needed in HEALTH_SCOPES.items() if (missing := _lacks(needed, granted))
            for benefit in HEALTH
        ),
    )  # fmt: skip


def _lacks(needed: Collection[str], granted: Collection[str]) -> list[str]:
    return [one for one in needed if one not in granted]


def _line(operation: str, missing: Collection[str], benefit: str | None = None) -> Capability:
    note = f"Connect the company again with the scopes {', '.join(missing)}"
    return Capability(operation, benefit, supported=False, blocker=Blocker.PERMISSIONS, note=note)
