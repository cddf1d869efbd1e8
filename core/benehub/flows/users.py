"""Managing access: users, what they may do, how they get in, and API tokens. Each act stands in the trail."""

from __future__ import annotations

from collections.abc import Iterable

from benehub.access import GRANTS, Caller, Permission, Role, identities, passwords, second_factor, tokens, users
from benehub.access.audit import Place, note
from benehub.errors import ConflictError, DataError, NeedsPersonError
from benehub.flows.hub import Hub
from benehub.store import Session
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
    digest = _checked(password, users.as_email(email), name)
    with hub.store.write(INSTALLATION) as session:
        return _add(session, who, email, name, digest, place)


def _checked(password: str, email: str, name: str) -> str:
    """What is kept of a password, if one is given; made before the transaction, for it takes its time."""
    if not password:
        return ""
    passwords.check(password, email, name)
    return passwords.digest(password)


def _add(session: Session, who: Caller | str, email: str, name: str, digest: str, place: Place) -> str:
    user = users.add(session, email, name, digest, must_change=bool(digest))
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
        user = str(users.named(session, named).user_id)
        _give(session, who, user, role, role_for, person, place)
        return user


def _give(
    session: Session, who: Caller | str, user: str, role: Role, role_for: str, person: str, place: Place,
    end: bool = True,
) -> None:  # fmt: skip
    if role is Role.EMPLOYEE and not person:
        raise DataError("an employee is a person", where="person", mend="Name the hub's id of the person (per_...)")
    if person:
        users.be(session, user, role_for, person, end=end)
    users.give(session, user, role, role_for, _name(who), end=end)
    note(session, who, f"give {role}@{role_for}", f"{user} {person}".strip(), place=place)


def let_in(
    hub: Hub, who: Caller, employer: str, email: str, role: Role, name: str = "", password: str = "", person: str = "",
    place: Place = HERE,
) -> str:  # fmt: skip
    """Let somebody be something to one employer: a user by address, added where there is none. Gives the user's id.

    Of a user that there is nothing but this role changes; the name and password given are of a new one alone. A
    password is for who manages access to the installation to give: whoever knows it is that user, and another employer
    may give the user a role tomorrow. What a user has open stays open, it is not one employer's to end.

    Raises:
        DataError: no such employer or person, no email address, no name, or a password that is guessed too soon.
        ConflictError: another user is that person.
        NeedsPersonError: the role lets do more than who gives it may, or the password is not his to give.
    """
    _within(who, role, employer)
    if password and not who.anywhere(Permission.MANAGE_ACCESS):
        raise NeedsPersonError("a first password is not yours to give", where="password",
                               mend="Leave it out, and ask an owner of the installation to invite him")  # fmt: skip
    address = users.as_email(email)
    with hub.store.read(INSTALLATION) as session:
        new = users.by_email(session, address) is None
    digest = _checked(password, address, name) if new else ""
    with hub.store.write(INSTALLATION) as session:
        known = users.by_email(session, address)
        user = _add(session, who, address, name, digest, place) if known is None else str(known.user_id)
        _give(session, who, user, role, employer, person, place, end=False)
        return user


def let_out(hub: Hub, who: Caller, employer: str, user: str, role: Role, place: Place = HERE) -> None:
    """Take a role with one employer back, at once; what the user has open with others stays open.

    Raises:
        DataError: no such user, or he does not have it.
        NeedsPersonError: the role lets do more than who takes it may.
    """
    _within(who, role, employer)
    _take(hub, who, user, role, employer, place, end=False)


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
    return _take(hub, who, named, role, role_for, place)


def _take(
    hub: Hub, who: Caller | str, named: str, role: Role, role_for: str, place: Place, end: bool = True
) -> str:  # fmt: skip
    with hub.store.write(INSTALLATION) as session:
        user = users.named(session, named).user_id
        users.take(session, user, role, role_for, end=end)
        note(session, who, f"take {role}@{role_for}", user, place=place)
        return str(user)


def disable(hub: Hub, who: Caller | str, named: str, undo: bool = False, place: Place = HERE) -> str:
    """Let a user in no more, or again; gives the id.

    Who is let in again comes by no provider until he is invited or links it anew. Until then what is linked stays, for
    it holds out whoever is somebody disabled: unlinked, a provider's groups could let him in as somebody new.

    Raises:
        DataError: there is no such user.
        ConflictError: nobody would be left who may manage access.
    """
    with hub.store.write(INSTALLATION) as session:
        user = users.named(session, named).user_id
        (users.enable if undo else users.disable)(session, user)
        note(session, who, "enable a user" if undo else "disable a user", user, place=place)
        if undo:
            _unlink(session, who, user, place)
        return str(user)


def _unlink(session: Session, who: Caller | str, user: str, place: Place) -> None:
    if identities.forget(session, user):
        note(session, who, "unlink the providers of a user", user, place=place)


def reset(
    hub: Hub, who: Caller | str, named: str, password: str = "", factor: bool = False, place: Place = HERE
) -> str:
    """Another password, to be changed at the next sign-in, and/or no second factor, to be enrolled anew; gives the id.

    Either way nobody comes in as the user by a provider any more, until he is invited or links it anew.

    Raises:
        DataError: no such user, nothing to reset, or a password that is guessed too soon.
    """
    if not password and not factor:
        raise DataError("nothing to reset", mend="Give a password, or say that the second factor goes")
    with hub.store.read(INSTALLATION) as session:
        row = users.named(session, named)
    digest = _checked(password, row.email, row.name)
    with hub.store.write(INSTALLATION) as session:
        if digest:
            users.set_password(session, row.user_id, digest, must_change=True)
            note(session, who, "reset a password", row.user_id, place=place)
        if factor:
            second_factor.forget(session, row.user_id)
            note(session, who, "reset a second factor", row.user_id, place=place)
        _unlink(session, who, row.user_id, place)
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
