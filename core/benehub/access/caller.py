"""The caller of a page or of the API: who it is, and the one question a front asks about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benehub.access.roles import GRANTS, Permission, Role


@dataclass(frozen=True)
class Caller:
    """Somebody signed in, or a token of theirs."""

    user: str
    """Typed id of the user; it is what the audit trail and a difference's history say."""
    name: str
    """As shown on pages."""
    everywhere: frozenset[Role] = frozenset()
    """Roles with every employer of the installation."""
    roles: Mapping[str, frozenset[Role]] = field(default_factory=dict)
    """Roles by employer."""
    persons: Mapping[str, str] = field(default_factory=dict)
    """The person that the user is, by employer; what `see_self` is bound to."""
    scopes: frozenset[Permission] | None = None
    """What an API token was limited to; None for a person at a page. A scope never adds to the roles."""
    by: str = ""
    """The session (`ses_...`) or API token (`tok_...`) it came by, for the audit trail."""

    def may(self, permission: Permission, employer: str) -> bool:
        """Whether the caller may do this with that employer."""
        if self.scopes is not None and permission not in self.scopes:
            return False
        held = self.everywhere | self.roles.get(employer, frozenset())
        if permission is Permission.SEE_SELF and employer not in self.persons:
            return False
        return any(permission in GRANTS[role] for role in held)

    def anywhere(self, permission: Permission) -> bool:
        """Whether the caller may do this with every employer: what belongs to the installation, as its users."""
        if self.scopes is not None and permission not in self.scopes:
            return False
        return any(permission in GRANTS[role] for role in self.everywhere)

    def somewhere(self, permission: Permission) -> bool:
        """Whether the caller may do this with all employers, or with one at least."""
        return self.anywhere(permission) or any(self.may(permission, one) for one in self.roles)
