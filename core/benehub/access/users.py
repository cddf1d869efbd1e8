"""Users of the installation: who they are, what they are to which employer, and the `Caller` they become.

All functions take a session of the installation (`store.write(INSTALLATION)`). A user is never removed, the audit
trail names him: he is disabled, and what he had open ends at once.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Row, delete, func, or_, select

from benehub.access.caller import Caller
from benehub.access.roles import GRANTS, Permission, Role
from benehub.errors import ConflictError, DataError
from benehub.store import Session
from benehub.store.access_tables import api_token, user_account, user_person, user_role, user_session
from benehub.store.schema import INSTALLATION
from benehub.store.tables import employer as employer_table
from benehub.store.tables import person

_EMAIL: Final = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,189}")


def as_email(text: str) -> str:
    """The address as it is kept: lower case, without space around it.

    Raises:
        DataError: it is no email address.
    """
    found = text.strip().casefold()
    if not _EMAIL.fullmatch(found):
        raise DataError("this is no email address", where="email", mend="Write it as name@example.com")
    return found


def add(session: Session, email: str, name: str, password_hash: str = "", *, must_change: bool = False) -> str:
    """A new user who may do nothing yet; gives the id.

    Raises:
        DataError: no email address, or no name.
        ConflictError: there is one with this address.
    """
    address = as_email(email)
    if not name.strip():
        raise DataError("a user has a name", where="name", mend="Say what pages shall show")
    if by_email(session, address) is not None:
        raise ConflictError("there is a user with this email address", mend="See `benehub users list`")
    user = session.id("usr", address)
    row = {
        "user_id": user, "email": address, "name": name.strip()[:80], "state": "active",
        "password_hash": password_hash, "must_change": int(must_change), "totp_step": 0, "made_at": session.now(),
    }  # fmt: skip
    session.add(user_account, [row])
    return user


def by_email(session: Session, email: str) -> Row[Any] | None:
    """The user who signs in with this address."""
    query = select(user_account).where(*session.where(user_account, email=email.strip().casefold()))
    return session.connection.execute(query).first()


def get(session: Session, user: str) -> Row[Any]:
    """A user by id.

    Raises:
        DataError: there is none.
    """
    found = session.connection.execute(select(user_account).where(*session.where(user_account, user_id=user))).first()
    if found is None:
        raise DataError(f"there is no user {user[:40]!r}", mend="See `benehub users list`")
    return found


def named(session: Session, text: str) -> Row[Any]:
    """A user by id or email address.

    Raises:
        DataError: there is none.
    """
    return by_email(session, text) or get(session, text)


def called(session: Session, text: str) -> Sequence[str]:
    """The users with this id or address; where there is none, those of this name, whatever its case and spaces."""
    plain = text.strip()
    one = or_(user_account.c.user_id == plain, user_account.c.email == plain.casefold())
    query = select(user_account.c.user_id, user_account.c.name).where(*session.where(user_account))
    known = session.rows(query.where(one)) or [
        row
        for row in session.rows(query.where(func.lower(user_account.c.name).startswith(_bare(plain)[:1])))
        if _bare(row.name) == _bare(plain)
    ]
    return [row.user_id for row in known]


def _bare(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def listed(session: Session, find: str = "", after: str = "", limit: int = 1000) -> list[dict[str, Any]]:
    """Users by address, each with roles and persons; no hash and no seed.

    Args:
        find: part of the address or name.
        after: the address after which to go on.
        limit: how many at most.
    """
    query = select(user_account).where(*session.where(user_account), user_account.c.email > after.strip().casefold())
    if find:
        part = find.strip().casefold()
        name = func.lower(user_account.c.name)
        query = query.where(or_(user_account.c.email.contains(part, autoescape=True),
                                name.contains(part, autoescape=True)))  # fmt: skip
    found = session.rows(query.order_by(user_account.c.email).limit(limit))
    shown = [row.user_id for row in found]
    roles: dict[str, list[str]] = defaultdict(list)
    held = select(user_role).where(*session.where(user_role), session.among(user_role.c.user_id, shown))
    for row in session.rows(held):
        roles[row.user_id].append(f"{row.role}@{row.role_for}")
    persons: dict[str, dict[str, str]] = defaultdict(dict)
    are = select(user_person).where(*session.where(user_person), session.among(user_person.c.user_id, shown))
    for row in session.rows(are):
        persons[row.user_id][row.person_of] = row.person_id
    return [
        {
            "user": row.user_id, "email": row.email, "name": row.name, "state": row.state,
            "roles": sorted(set(roles[row.user_id])), "persons": persons[row.user_id],
            "password": bool(row.password_hash), "second_factor": row.totp_sealed is not None,
            "signed_in_at": row.signed_in_at,
        }
        for row in found
    ]  # fmt: skip


def who_may(session: Session, permission: Permission, employer: str) -> list[tuple[str, str]]:
    """Active users who may do something with an employer: (id, name) by name."""
    granting = [role.value for role in Role if permission in GRANTS[role]]
    query = (
        select(user_account.c.user_id, user_account.c.name)
        .join(user_role, (user_role.c.employer_id == user_account.c.employer_id)
              & (user_role.c.user_id == user_account.c.user_id))
        .where(*session.where(user_account, state="active"), user_role.c.role.in_(granting))
        .where(user_role.c.role_for.in_((employer, INSTALLATION)))
        .distinct()
        .order_by(user_account.c.name, user_account.c.user_id)
    )  # fmt: skip
    return [(row.user_id, row.name) for row in session.rows(query)]


def of_employer(session: Session, employer: str) -> list[dict[str, Any]]:
    """Who has a role with an employer by its own name: user, address, name, state, and these roles; nothing else."""
    query = (
        select(*(user_account.c[name] for name in ("user_id", "email", "name", "state")), user_role.c.role)
        .join(user_role, (user_role.c.employer_id == user_account.c.employer_id)
              & (user_role.c.user_id == user_account.c.user_id))
        .where(*session.where(user_account), user_role.c.role_for == employer)
        .order_by(user_account.c.email, user_role.c.role)
    )  # fmt: skip
    found: dict[str, dict[str, Any]] = {}
    for row in session.rows(query.distinct()):
        known = {"user": row.user_id, "email": row.email, "name": row.name, "state": row.state, "roles": []}
        found.setdefault(row.user_id, known)["roles"].append(row.role)
    return list(found.values())


def names(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """What users are called, by id; ids of none are left out."""
    query = select(user_account.c.user_id, user_account.c.name).where(*session.where(user_account))
    return {row.user_id: row.name for row in session.rows(query.where(session.among(user_account.c.user_id, ids)))}


def give(session: Session, user: str, role: Role, role_for: str, by: str, *, end: bool = True) -> None:
    """Let a user be something to an employer, or to all of them (`*`). What he has open ends, to begin with it.

    Args:
        session: of the installation.
        user: the id.
        role: what he is.
        role_for: to whom.
        by: who gives it.
        end: False leaves open what is open; what he may do is read anew with each call anyhow.

    Raises:
        DataError: no such user or employer, or an employee of everybody.
    """
    get(session, user)
    if role_for == INSTALLATION and role is Role.EMPLOYEE:
        raise DataError("nobody is an employee of everybody", where="role", mend="Name the employer")
    _known_employer(session, role_for)
    held = session.where(user_role, user_id=user, role_for=role_for, role=role.value, given_by=by)
    if session.connection.execute(select(user_role.c.role).where(*held)).first() is None:
        row = {"user_id": user, "role_for": role_for, "role": role.value, "given_by": by, "given_at": session.now()}
        session.add(user_role, [row])
        if end:
            end_sessions(session, user)


def take(session: Session, user: str, role: Role, role_for: str, *, end: bool = True) -> None:
    """Take a role back, whoever gave it. What the user has open ends, unless `end` is False.

    Raises:
        DataError: the user does not have it.
        ConflictError: nobody would be left who may manage access.
    """
    held = session.where(user_role, user_id=user, role_for=role_for, role=role.value)
    owned = owners(session, hold=True)
    if session.connection.execute(delete(user_role).where(*held)).rowcount == 0:
        raise DataError(f"the user is no {role} of {role_for}", mend="See `benehub users list`")
    _still_owned(session, owned)
    if end:
        end_sessions(session, user)


def follow(session: Session, user: str, provider: str, wanted: Iterable[tuple[Role, str]]) -> None:
    """Let a user have those roles of a provider's claim that it says now, and no others of that provider's."""
    by = f"oidc:{provider}"[:80]
    mine = session.where(user_role, user_id=user, given_by=by)
    held = {(Role(row.role), row.role_for) for row in session.rows(select(user_role).where(*mine))}
    wished = set(wanted)
    for role, role_for in held - wished:
        gone = (*mine, user_role.c.role == role.value, user_role.c.role_for == role_for)
        session.connection.execute(delete(user_role).where(*gone))
    if held - wished:
        end_sessions(session, user)
    for role, role_for in sorted(wished - held):
        give(session, user, role, role_for, by)


def be(session: Session, user: str, person_of: str, person_id: str, *, end: bool = True) -> bool:
    """Say which person of an employer a user is; gives False where that is said already.

    What the user has open ends, unless `end` is False. Another one who was that person and is disabled, or no
    employee there any more, is nobody there from now on.

    Raises:
        DataError: no such user, or no such employee of that employer.
        ConflictError: another user is that person.
    """
    get(session, user)
    asked = select(person.c.kind).where(person.c.employer_id == person_of, person.c.person_id == person_id)
    if session.connection.execute(asked).scalar() != "employee":
        raise DataError(f"there is no employee {person_id[:40]!r} of {person_of[:40]}", mend="Name the hub's per_...")
    mine = session.where(user_person, person_of=person_of)
    for row in session.rows(select(user_person).where(*mine, user_person.c.person_id == person_id)):
        if row.user_id == user:
            return False
        if _is_employee(session, row.user_id, person_of):
            raise ConflictError("another user is this person", where=row.user_id, mend="Disable or change that one")
        session.connection.execute(delete(user_person).where(*mine, user_person.c.user_id == row.user_id))
    session.connection.execute(delete(user_person).where(*mine, user_person.c.user_id == user))
    session.add(user_person, [{"user_id": user, "person_of": person_of, "person_id": person_id}])
    if end:
        end_sessions(session, user)
    return True


def _is_employee(session: Session, user: str, role_for: str) -> bool:
    """Whether a user who is let in is an employee there."""
    held = (
        select(user_role.c.role)
        .join(user_account, (user_account.c.employer_id == user_role.c.employer_id)
              & (user_account.c.user_id == user_role.c.user_id))
        .where(*session.where(user_role, user_id=user, role=Role.EMPLOYEE.value), user_account.c.state == "active")
        .where(user_role.c.role_for.in_((role_for, INSTALLATION)))
    )  # fmt: skip
    return session.connection.execute(held).first() is not None


def disable(session: Session, user: str) -> None:
    """Let a user in no more; what he has open, and his tokens, end at once.

    Raises:
        DataError: there is no such user.
        ConflictError: nobody would be left who may manage access.
    """
    get(session, user)
    owned = owners(session, hold=True)
    session.change(user_account, {"user_id": user}, state="disabled")
    _still_owned(session, owned)
    end_sessions(session, user)
    standing = session.where(api_token, user_id=user, revoked_at=None)
    session.connection.execute(api_token.update().where(*standing).values(revoked_at=session.now()))


def enable(session: Session, user: str) -> None:
    """Let a user in again. His tokens stay revoked.

    Raises:
        DataError: there is no such user.
    """
    get(session, user)
    session.change(user_account, {"user_id": user}, state="active")


def set_password(session: Session, user: str, password_hash: str, *, must_change: bool = False) -> None:
    """Another password; what is open ends."""
    session.change(user_account, {"user_id": user}, password_hash=password_hash, must_change=int(must_change))
    end_sessions(session, user)


def end_sessions(session: Session, user: str) -> None:
    """End whatever a user has open."""
    session.connection.execute(delete(user_session).where(*session.where(user_session, user_id=user)))


def caller(session: Session, user: str, by: str, scopes: frozenset[Permission] | None = None) -> Caller | None:
    """Who calls, with what he may do now; None for somebody disabled or unknown."""
    mine = session.where(user_account, user_id=user, state="active")
    row = session.connection.execute(select(user_account.c.name).where(*mine)).first()
    if row is None:
        return None
    roles: dict[str, set[Role]] = defaultdict(set)
    for held in session.rows(select(user_role).where(*session.where(user_role, user_id=user))):
        roles[held.role_for].add(Role(held.role))
    persons = session.rows(select(user_person).where(*session.where(user_person, user_id=user)))
    return Caller(
        user, row.name, frozenset(roles.pop(INSTALLATION, ())),
        {name: frozenset(some) for name, some in roles.items()},
        {one.person_of: one.person_id for one in persons}, scopes, by,
    )  # fmt: skip


def owners(session: Session, hold: bool = False) -> Sequence[str]:
    """Active users who own the installation; with `hold` none ceases to be one until the transaction ends.

    Of two owners who disable each other at once the second waits, and finds himself the last.
    """
    query = (
        select(user_role.c.user_id)
        .join(user_account, (user_account.c.employer_id == user_role.c.employer_id)
              & (user_account.c.user_id == user_role.c.user_id))
        .where(*session.where(user_role, role=Role.OWNER.value, role_for=INSTALLATION))
        .where(user_account.c.state == "active")
        .order_by(user_role.c.user_id)
    )  # fmt: skip
    query = query.with_for_update() if hold else query
    return list(dict.fromkeys(row.user_id for row in session.rows(query)))


def _still_owned(session: Session, before: Sequence[str]) -> None:
    if before and not owners(session):
        raise ConflictError("nobody would be left who may manage access", where="users",
                            mend="Make somebody else an owner of the installation first")  # fmt: skip


def _known_employer(session: Session, role_for: str) -> None:
    if role_for == INSTALLATION:
        return
    asked = select(employer_table.c.employer_id).where(employer_table.c.employer_id == role_for)
    if session.connection.execute(asked).first() is None:
        raise DataError(f"there is no employer {role_for[:40]!r}", mend="Load its plan book first, or name another")
