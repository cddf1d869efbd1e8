"""Managing access: users, what they may do, how they get in, and API tokens. Each act stands in the trail."""

from __future__ import annotations

from collections.abc import Iterable

from benehub.access import GRANTS, Caller, Permission, Role, identities, passwords, second_factor, tokens, users
from benehub.access.audit import Place, note
from benehub.errors import ConflictError, DataError, NeedsPersonError
from benehub.flows.hub import Hub
from benehub.store.locks import alone
from benehub.store.schema import INSTALLATION

HERE = Place()
"""At the command line."""


def first_owner(hub: Hub, who: Caller | str, email: str, name: str, password: str) -> str:
    """The first user: an owner of the whole installation; gives the id. Of two at once one is the first.

    Raises:
        ConflictError: somebody owns it already.
        DataError: no email address, no name, or a password that is guessed too soon.
    """
    passwords.check(password, users.as_email(email), name)
    digest = passwords.digest(password)
    # Nobody's row stands there yet that a second one could wait for.
    with hub.store.write(INSTALLATION) as session:
        alone(session.connection, "first owner")
        if users.owners(session):
            raise ConflictError("the installation has an owner", mend="benehub users add makes further users")
        user = users.add(session, email, name, digest)
        users.give(session, user, Role.OWNER, INSTALLATION, _name(who))
        note(session, who, "first owner", user)
        return user


def add(hub: Hub, who: Caller | str, email: str, name: str, password: str = "", place: Place = HERE) -> str:
    """A user who may do nothing yet; gives the id. A password given by somebody else is changed at the first sign-in.

    Raises:
        ConflictError: there is one with this address.
        DataError: no email address, no name, or a password that is guessed too soon.
    """
    if password:
        passwords.check(password, users.as_email(email), name)
    digest = passwords.digest(password) if password else ""
    with hub.store.write(INSTALLATION) as session:
        user = users.add(session, email, name, digest, must_change=bool(password))
        note(session, who, "add a user", user, place=place)
        return user


def invite(hub: Hub, who: Caller | str, named: str, provider: str, place: Place = HERE) -> str:
    """Let a user come in by a provider of the settings once it vouches for his address; gives his id.

    Raises:
        DataError: there is no such user.
    """
    with hub.store.write(INSTALLATION) as session:
        user = str(users.named(session, named).user_id)
        identities.invite(session, user, provider, _name(who))
        note(session, who, f"invite by {provider}", user, place=place)
        return user


def give(
    hub: Hub, who: Caller | str, named: str, role: Role, role_for: str, person: str = "", place: Place = HERE
) -> str:
    """Let a user be something to an employer (`*`: to all); an employee is a person. Gives the user's id.

    Raises:
        DataError: no such user, employer or person.
        ConflictError: another user is that person.
    """
    with hub.store.write(INSTALLATION) as session:
        user = users.named(session, named).user_id
        if role is Role.EMPLOYEE and not person:
            raise DataError("an employee is a person", where="person", mend="Name the hub's id of the person (per_...)")
        if person:
            users.be(session, user, role_for, person)
        users.give(session, user, role, role_for, _name(who))
        note(session, who, f"give {role}@{role_for}", f"{user} {person}".strip(), place=place)
        return str(user)


def let_in(
    hub: Hub, who: Caller, employer: str, email: str, role: Role, name: str = "", password: str = "", person: str = "",
    place: Place = HERE,
) -> str:  # fmt: skip
    """Let somebody be something to one employer: a user by address, added where there is none. Gives the user's id.

    Of a user that there is nothing but this role changes; the name and password given are of a new one alone.

    Raises:
        DataError: no such employer or person, no email address, no name, or a password that is guessed too soon.
        ConflictError: another user is that person.
        NeedsPersonError: the role lets do more than who gives it may.
    """
    _within(who, role, employer)
    address = users.as_email(email)
    with hub.store.read(INSTALLATION) as session:
        known = users.by_email(session, address)
    if known is None:
        add(hub, who, address, name, password, place)
    return give(hub, who, address, role, employer, person, place)


def let_out(hub: Hub, who: Caller, employer: str, user: str, role: Role, place: Place = HERE) -> None:
    """Take a role with one employer back.

    Raises:
        DataError: no such user, or he does not have it.
        NeedsPersonError: the role lets do more than who takes it may.
    """
    _within(who, role, employer)
    take(hub, who, user, role, employer, place)


def _within(who: Caller, role: Role, employer: str) -> None:
    """Nobody hands out more than he has; what an employee sees of himself is nobody's to have."""
    beyond = sorted(one for one in GRANTS[role] - {Permission.SEE_SELF} if not who.may(one, employer))
    if beyond or employer == INSTALLATION:
        raise NeedsPersonError(f"a role of {role} lets do more than you may", where=employer,
                               mend="Ask an owner of the installation")  # fmt: skip


def take(hub: Hub, who: Caller | str, named: str, role: Role, role_for: str, place: Place = HERE) -> str:
    """Take a role back; gives the user's id.

    Raises:
        DataError: no such user, or he does not have it.
        ConflictError: nobody would be left who may manage access.
    """
    with hub.store.write(INSTALLATION) as session:
        user = users.named(session, named).user_id
        users.take(session, user, role, role_for)
        note(session, who, f"take {role}@{role_for}", user, place=place)
        return str(user)


def disable(hub: Hub, who: Caller | str, named: str, undo: bool = False, place: Place = HERE) -> str:
    """Let a user in no more, or again; gives the id.

    Raises:
        DataError: there is no such user.
        ConflictError: nobody would be left who may manage access.
    """
    with hub.store.write(INSTALLATION) as session:
        user = users.named(session, named).user_id
        (users.enable if undo else users.disable)(session, user)
        note(session, who, "enable a user" if undo else "disable a user", user, place=place)
        return str(user)


def reset(
    hub: Hub, who: Caller | str, named: str, password: str = "", factor: bool = False, place: Place = HERE
) -> str:
    """Another password, to be changed at the next sign-in, and/or no second factor, to be enrolled anew; gives the id.

    Raises:
        DataError: no such user, nothing to reset, or a password that is guessed too soon.
    """
    if not password and not factor:
        raise DataError("nothing to reset", mend="Give a password, or say that the second factor goes")
    with hub.store.read(INSTALLATION) as session:
        row = users.named(session, named)
    if password:
        passwords.check(password, row.email, row.name)
    digest = passwords.digest(password) if password else ""
    with hub.store.write(INSTALLATION) as session:
        if digest:
            users.set_password(session, row.user_id, digest, must_change=True)
            note(session, who, "reset a password", row.user_id, place=place)
        if factor:
            second_factor.forget(session, row.user_id)
            note(session, who, "reset a second factor", row.user_id, place=place)
    return str(row.user_id)


def add_token(
    hub: Hub, who: Caller | str, named: str, label: str, scopes: Iterable[Permission], days: int, place: Place = HERE
) -> tuple[str, str]:
    """A token of a user: its id, and the token, which is shown this once.

    Raises:
        DataError: as `benehub.access.tokens.add`.
    """
    with hub.store.write(INSTALLATION) as session:
        user = users.named(session, named).user_id
        name, token = tokens.add(session, user, label, scopes, days)
        note(session, who, "add a token", f"{name} {user}", place=place)
        return name, token


def revoke_token(hub: Hub, who: Caller | str, token_id: str, place: Place = HERE) -> None:
    """End a token at once.

    Raises:
        DataError: there is none of this id, or it is revoked.
    """
    with hub.store.write(INSTALLATION) as session:
        tokens.revoke(session, token_id)
        note(session, who, "revoke a token", token_id, place=place)


def as_user(hub: Hub, who: str) -> str:
    """The id of the user whose id, address or name this is; any other name as it is.

    What one person says at a page and at the command line is then said by one, and not by two.

    Raises:
        DataError: several users have that name.
    """
    with hub.store.read(INSTALLATION) as session:
        found = users.called(session, who)
    if len(found) > 1:
        raise DataError("several users have that name", where="who", mend="Name the email address")
    return found[0] if found else who


def worker(hub: Hub, employer: str, named: str) -> str:
    """The id of a user, by id or address, who may work the differences of an employer.

    Raises:
        DataError: there is no such user, or he may not.
    """
    with hub.store.read(INSTALLATION) as session:
        user = str(users.named(session, named).user_id)
        known = users.caller(session, user, "")
    if known is None or not known.may(Permission.WORK_DIFFERENCES, employer):
        raise DataError(f"{user} may not work differences of {employer}", where="to",
                        mend="Name somebody who may, or give the user a role that lets him")  # fmt: skip
    return user


def _name(who: Caller | str) -> str:
    return who.user if isinstance(who, Caller) else who
