"""What a person says about a SCIM client: how it shows who it is, and where each field of an employee stands."""

from __future__ import annotations

from benehub.formats.scim import EMPLOYMENT
from benehub_connectors.scim.settings import Attributes, Path, Reference, Translation


class InboundAttributes(Attributes):
    """Where each field of an employee stands: RFC 7643's own attributes, and those of benehub's extension."""

    location: Path = f"{EMPLOYMENT}:location"
    ssn: Path = f"{EMPLOYMENT}:ssn"
    birth_date: Path = f"{EMPLOYMENT}:birthDate"
    hire_date: Path = f"{EMPLOYMENT}:hireDate"
    termination_date: Path = f"{EMPLOYMENT}:terminationDate"
    pay_group: Path = f"{EMPLOYMENT}:payGroup"
    weekly_hours: Path = f"{EMPLOYMENT}:weeklyHours"
    sex: Path = f"{EMPLOYMENT}:sex"
    marital_status: Path = f"{EMPLOYMENT}:maritalStatus"


class InboundSettings(Translation):
    """Settings of a `scim_inbound` connection; beside those of `Translation`:

    Args:
        token: reference to the bearer token by which the client is known, and the connection it writes to.
    """

    token: Reference
    attributes: InboundAttributes = InboundAttributes()  # pyright: ignore[reportIncompatibleVariableOverride] is frozen
