"""The user we take by SCIM: RFC 7643's own with the enterprise extension, and ours for what payroll needs.

Loaded by the endpoint alone: scim2-models is not small.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from scim2_models import (
    URN,
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    EnterpriseUser,
    ETag,
    Extension,
    Filter,
    Patch,
    Resource,
    ResourceType,
    Schema,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    User,
)

from benehub.formats.scim import EMPLOYMENT

MAX_RESULTS = 200
"""Users of one page at most."""


class Employment(Extension):
    """What SCIM does not tell of an employee. Days are written as 2026-11-30: `dateTime` is no day.

    All of it is told back, the SSN too: to the client that wrote it, under its own token, and to nobody else.
    """

    __schema__ = URN(EMPLOYMENT)

    ssn: str | None = None
    """Nine digits, with or without hyphens."""
    birth_date: str | None = None
    """Day of birth."""
    hire_date: str | None = None
    """First day of the present employment."""
    termination_date: str | None = None
    """Last day of employment; needed of whoever is no longer active."""
    pay_group: str | None = None
    """Pay group of the plan book."""
    weekly_hours: str | None = None
    """Scheduled hours a week."""
    sex: str | None = None
    """F or M, as insurers ask for it."""
    marital_status: str | None = None
    """In the employer's words."""
    location: str | None = None
    """Place of work, in the employer's words."""


ScimUser = User[EnterpriseUser | Employment]


@cache
def provider() -> ScimProvider:
    """What the service serves and announces."""
    return ScimProvider([User, EnterpriseUser, Employment], [ResourceType.from_resource(ScimUser)], _config())


def _config() -> ServiceProviderConfig:
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MAX_RESULTS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken, name="Bearer token",
                description="The token that the connection's setting `token` refers to", primary=True,
            )
        ],
    )  # fmt: skip


def discovery(kind: str) -> list[Resource[Any]]:
    """What `/Schemas` or `/ResourceTypes` lists."""
    made = provider()
    if kind == "ResourceTypes":
        return list(made.resource_types)
    own = (one.to_schema() for one in (Schema, ResourceType, ServiceProviderConfig))
    return [*made.schemas, *own]
