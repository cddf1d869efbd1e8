"""Which named values are personal beyond an id: they are computed on, and masked wherever they would leave.

One list for all exits. A new field of pay, birth or health belongs here the day it is added; the endings catch
those that are named after the house's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MASK = "***"

PERSONAL = frozenset(
    {
        "age", "birth_date", "compensation", "compensation_minor", "gross_minor", "hourly_minor", "pay_minor",
        "disabled_evidence_until", "rate_minor", "salary", "salary_minor", "ssn", "tobacco", "tobacco_dependents",
        "wages_minor",
    }
)  # fmt: skip
"""Names of fields whose values nobody is shown who did not ask for them by a right of their own."""

PRIVATE = frozenset({"address1", "address2", "zip_code", "email", "sex", "marital_status", "work_authorisation"})
"""What calculations may say of a person, and who looks at people is not shown beside their benefits."""

ENDINGS = ("birth_date", "compensation_minor", "salary_minor", "wages_minor", "pay_minor", "pay_rate_minor", "_age")
"""How the names of further such fields end."""


def is_personal(name: str) -> bool:
    """Whether a field of this name is masked at every exit."""
    return name in PERSONAL or name.endswith(ENDINGS)


def masked(value: Any) -> Any:
    """A plain value with everything personal in it replaced by a mask, however deep it lies."""
    if isinstance(value, Mapping):
        return {
            name: MASK if is_personal(str(name)) and part is not None else masked(part) for name, part in value.items()
        }
    return [masked(part) for part in value] if isinstance(value, list | tuple) else value
