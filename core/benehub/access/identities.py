"""Who a user is to a sign-in provider: issuer and subject together. An email address alone never opens anything.

A provider's word is taken for whoever it was said of before. Somebody new comes in by an address that the provider
has verified, as the user who has it here; or, where the provider's groups stand for roles, as a new user.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from benehub.access import users
from benehub.access.audit import note
from benehub.access.roles import Role
from benehub.errors import ConfigError, ConflictError, DataError
from benehub.identity import people
from benehub.store import Session
from benehub.store.access_tables import user_identity
from benehub.store.schema import INSTALLATION


@dataclass(frozen=True)
class Told:
    """What a provider says of somebody."""

    issuer: str
    subject: str
    email: str = field(default="", repr=False)
    verified: bool = False
    name: str = field(default="", repr=False)
    groups: tuple[str, ...] = ()
    employee: str = field(default="", repr=False)
    """The employee number."""


def recognise(session: Session, provider: str, told: Told, roles: Mapping[str, Sequence[str]]) -> str:
    """The user somebody is; empty where he is nobody we know. Roles follow the groups that the provider tells now.

    Raises:
        ConfigError: the setting names a role that there is not.
    """
    wanted = {one for group in told.groups for one in map(as_role, roles.get(group, ()))}
    mine = session.where(user_identity, issuer=told.issuer, subject=told.subject)
    user = session.connection.execute(select(user_identity.c.user_id).where(*mine)).scalar() or ""
    if not user:
        user = _new(session, told, bool(wanted))
        if not user:
            return ""
        row = {"issuer": told.issuer, "subject": told.subject, "user_id": user, "made_at": session.now()}
        session.add(user_identity, [row])
    if roles:
        users.follow(session, user, provider, wanted)
    if told.employee:
        for role, employer in wanted:
            if role is Role.EMPLOYEE:
                _be(session, user, employer, told.employee, provider)
    return user


def _be(session: Session, user: str, employer: str, number: str, provider: str) -> None:
    """Make the user the person with this employee number; that it cannot be stands in the trail."""
    there = Session(session.connection, employer, session.vault, session.clock)
    found = people.by_member_id(there, number) or ""
    action = f"is a person of {employer}, says {provider}"
    try:
        if users.be(session, user, employer, found):
            note(session, user, action, found)
    except (DataError, ConflictError):
        note(session, user, action, found, outcome="refused")


def _new(session: Session, told: Told, welcome: bool) -> str:
    if not told.verified or not told.email:
        return ""
    known = users.by_email(session, told.email)
    if known is not None:
        # Another subject of this provider has that address: it was given to somebody else there.
        mine = session.where(user_identity, issuer=told.issuer, user_id=known.user_id)
        taken = session.connection.execute(select(user_identity.c.subject).where(*mine)).first() is not None
        return "" if taken else str(known.user_id)
    return users.add(session, told.email, told.name or told.email) if welcome else ""


def as_role(text: str) -> tuple[Role, str]:
    """`ROLE@EMPLOYER`, or `ROLE` with every employer.

    Raises:
        ConfigError: there is no such role.
    """
    name, _, role_for = text.partition("@")
    try:
        return Role(name.strip()), role_for.strip() or INSTALLATION
    except ValueError:
        raise ConfigError(f"there is no role {name[:20]!r}", where="setting oidc",
                          mend=f"Roles: {', '.join(Role)}") from None  # fmt: skip


def check_roles(named: Iterable[str]) -> None:
    """Refuse a mapping that names a role that there is not.

    Raises:
        ConfigError: it does.
    """
    for text in named:
        as_role(text)
