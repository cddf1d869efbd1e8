"""Every error of benehub, in one tree sorted by what happens next.

    BenehubError
    ├── FatalError             the run stops; configuration or code has to change first
    │   ├── ConfigError            settings, plan book or profile are wrong
    │   ├── ConflictError          same idempotency key, other content
    │   └── IntegrityError         a promise of the ledger or of custody does not hold
    ├── RetriableError         the same call may succeed later
    │   ├── RateLimited            the vendor says when (`retry_after` seconds)
    │   └── VendorUnavailable      5xx, time-out or connection lost; the outcome of a write is unknown
    ├── IgnorableError         it is noted and the run goes on
    │   └── Unsupported            the connector says it cannot do this, and who is the blocker
    ├── DataError              one row is wrong: it is quarantined and the rest goes on
    │   ├── FormatError            a file is not what it claims to be, with the position
    │   └── FileRefused            a file is refused whole, with the reason, and kept
    └── NeedsPersonError       nobody but a person can decide; asked once, not retried
        ├── ReauthNeeded           the vendor answers 401 or 403
        ├── OutcomeUnknown         a write may or may not have been applied
        ├── ChangedMeanwhile       somebody else has changed it since it was looked at (`changed` names what)
        └── GuardTripped           a mass change or a field gone empty asks before it is applied

A message names the thing, the place and the mend. It never carries an SSN, a salary, a bank number or a
health detail: callers pass shapes (`masked`), not values.
"""

from __future__ import annotations


class BenehubError(Exception):
    """Base of all errors raised by benehub.

    Args:
        what: the thing that is wrong, as a sentence without its final stop.
        where: the place (file, line, field, connection, run); may be empty.
        mend: what a person or program does about it; may be empty.
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        self.what = what
        self.where = where
        self.mend = mend
        super().__init__(what, where, mend)

    def __reduce__(self) -> tuple[object, ...]:
        # The job engine stores what a flow raised; a keyword-only constructor needs help to come back.
        return (_rebuild, (type(self), dict(self.__dict__)))

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.mend}" if self.mend else text


def _rebuild(kind: type[BenehubError], fields: dict[str, object]) -> BenehubError:
    error = kind.__new__(kind)
    error.__dict__.update(fields)
    error.args = (error.what, error.where, error.mend)
    return error


class FatalError(BenehubError):
    """The run stops; configuration or code has to change before another try."""


class ConfigError(FatalError):
    """Settings, plan book, partner profile or connection are wrong."""


class ConflictError(FatalError):
    """The same idempotency key arrived with other content."""


class IntegrityError(FatalError):
    """A promise of the ledger or of intake custody does not hold."""


class RetriableError(BenehubError):
    """The same call may succeed later."""


class RateLimited(RetriableError):
    """The vendor asks to wait; `retry_after` is in seconds (0 when it did not say)."""

    def __init__(self, what: str, *, where: str = "", mend: str = "", retry_after: int = 0) -> None:
        super().__init__(what, where=where, mend=mend)
        self.retry_after = retry_after


class VendorUnavailable(RetriableError):
    """5xx, time-out or a lost connection: the outcome of a write is unknown."""


class IgnorableError(BenehubError):
    """Noted and passed over; the run goes on."""


class Unsupported(IgnorableError):
    """The connector cannot do this; `blocker` says who would have to change that."""

    def __init__(self, what: str, *, where: str = "", mend: str = "", blocker: str = "") -> None:
        super().__init__(what, where=where, mend=mend)
        self.blocker = blocker


class DataError(BenehubError):
    """One row or value is wrong; the row is quarantined and the rest goes on."""


class FormatError(DataError):
    """A file is not what it claims to be; `position` is the 1-based segment or line."""

    def __init__(self, what: str, *, where: str = "", mend: str = "", position: int = 0) -> None:
        super().__init__(what, where=where, mend=mend)
        self.position = position


class FileRefused(DataError):
    """A file is refused whole (wrong sender, period, duplicate, totals) and kept."""


class NeedsPersonError(BenehubError):
    """Nobody but a person can decide; it is asked once and not retried."""


class ReauthNeeded(NeedsPersonError):
    """The vendor refused our credentials (401, 403)."""


class OutcomeUnknown(NeedsPersonError):
    """A write may or may not have been applied and cannot be read back."""


class ChangedMeanwhile(NeedsPersonError):
    """Somebody else has changed the thing since it was looked at; `changed` names what of it."""

    def __init__(self, what: str, *, where: str = "", mend: str = "", changed: tuple[str, ...] = ()) -> None:
        super().__init__(what, where=where, mend=mend)
        self.changed = changed


class GuardTripped(NeedsPersonError):
    """A read, file or push would change or end more than the guard allows."""
