"""What every record shares: frozen, strict about unknown fields, silent about what is sensitive.

A record is what a row means once a connector has translated the vendor's words into the field's own.
Intake validates each row against its record, so all connectors fail in the same words.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from benehub.crypto import mask
from benehub.errors import DataError
from benehub.hours import parse_hours, to_minutes


class Record(BaseModel):
    """Base of all records: frozen, unknown fields refused, sensitive fields masked in every repr."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    sensitive: ClassVar[frozenset[str]] = frozenset()
    """Fields that never reach a log, a repr, an exception or a URL."""

    secret: ClassVar[frozenset[str]] = frozenset()
    """Fields sealed at rest (SSN, bank account); a subset of `sensitive`."""

    may_be_ssn: ClassVar[frozenset[str]] = frozenset()
    """Fields in which a vendor names somebody his own way; some carriers do so by SSN, which is then kept nowhere."""

    def __repr_args__(self) -> Any:
        for name, value in super().__repr_args__():
            if name in self.sensitive and value is not None:
                yield name, "***"
            else:
                yield name, mask(value) if isinstance(value, str) else value


def leave_minutes(hours: str) -> int:
    """Minutes of a record's hours while it is validated.

    Raises:
        ValueError: they are no hours; what pydantic reports as the row's problem.
    """
    try:
        return to_minutes(parse_hours(hours))
    except DataError as error:
        raise ValueError(error.what) from None
