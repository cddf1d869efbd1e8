"""Who a user is to a sign-in provider: issuer and subject together. An email address alone never opens anything.

A provider's word is taken for whoever it was said of before. An address that the provider has verified leads to the
user who has it here only once, and only where an owner has invited that user to come by this provider: else whoever
runs any one of the providers could become anybody, an owner too. Whoever is signed in links what is his himself.
Somebody new comes in where the provider's groups stand for roles, as a new user.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select

from benehub.access import users
from benehub.access.audit import note
from benehub.access.roles import Role
from benehub.errors import ConfigError, ConflictError, DataError
from benehub.identity import people
from benehub.store import Session
from benehub.store.access_tables import user_identity, user_invitation
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
        user = _new(session, provider, told, bool(wanted))
        if not user:
            return ""
        _tie(session, told, user)
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


def invite(session: Session, user: str, provider: str, by: str) -> None:
    """Let a user come in by a provider the first time it vouches for his address; once."""
    mine = {"user_id": user, "provider": provider[:80]}
    if session.connection.execute(select(user_invitation).where(*session.where(user_invitation, **mine))).first():
        return
    session.add(user_invitation, [{**mine, "given_by": by[:80], "given_at": session.now()}])


def invited(session: Session, user: str) -> list[str]:
    """The providers by which a user may come in and has not yet."""
    query = select(user_invitation.c.provider).where(*session.where(user_invitation, user_id=user))
    return [row.provider for row in session.rows(query.order_by(user_invitation.c.provider))]


def link(session: Session, told: Told, user: str) -> bool:
    """Let a user, who is signed in and has just shown that he is this to a provider too, come in by it.

    False where it leads to another user, or he comes by another account of this provider.
    """
    mine = session.where(user_identity, issuer=told.issuer, subject=told.subject)
    known = session.connection.execute(select(user_identity.c.user_id).where(*mine)).scalar()
    if known is None and told.issuer not in linked(session, user):
        _tie(session, told, user)
        return True
    return bool(known == user)


def linked(session: Session, user: str) -> list[str]:
    """The issuers by which a user comes in."""
    query = select(user_identity.c.issuer).where(*session.where(user_identity, user_id=user))
    return [row.issuer for row in session.rows(query.order_by(user_identity.c.issuer))]


def forget(session: Session, user: str) -> bool:
    """Let a user come in by no provider any more, nor by an invitation; False where he could not anyway."""
    gone = [
        session.connection.execute(delete(table).where(*session.where(table, user_id=user))).rowcount
        for table in (user_identity, user_invitation)
    ]
    return any(gone)


def _tie(session: Session, told: Told, user: str) -> None:
    row = {"issuer": told.issuer, "subject": told.subject, "user_id": user, "made_at": session.now()}
    session.add(user_identity, [row])


def _new(session: Session, provider: str, told: Told, welcome: bool) -> str:
    if not told.verified or not told.email:
        return ""
    known = users.by_email(session, told.email)
    if known is not None:
        # Another subject of this provider has that address: it was given to somebody else there.
        if told.issuer in linked(session, known.user_id):
            return ""
        mine = session.where(user_invitation, user_id=known.user_id, provider=provider[:80])
        used = session.connection.execute(delete(user_invitation).where(*mine)).rowcount
        return str(known.user_id) if used else ""
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
