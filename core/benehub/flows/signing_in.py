"""Signing in: by password and a second factor, step by step. Each step is counted, and noted in the trail.

What opens is told by `Opened`: the secret for the cookie and what is still to be done. A refusal never says which
part was wrong, nor whether there is such an account.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from benehub.access import audit, passwords, second_factor, sessions, throttle, users
from benehub.access.audit import Place
from benehub.access.sessions import Lifetimes, Stage, Standing
from benehub.errors import DataError
from benehub.flows.hub import Hub
from benehub.store import Session
from benehub.store.access_tables import user_account
from benehub.store.schema import INSTALLATION


@dataclass(frozen=True)
class Policy:
    """What the installation asks of a sign-in."""

    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    second_factor: bool = True
    """Whether who has a password has to have a second factor too."""


@dataclass(frozen=True)
class Opened:
    """A session; its secret is for the cookie and for nothing else."""

    secret: str = field(repr=False)
    stage: Stage
    codes: list[str] = field(default_factory=list, repr=False)
    """Recovery codes, once."""


NOT_ANEW = "not_anew"
"""Why a provider's word does not show again who is there; what is told of it is the page's."""


@dataclass(frozen=True)
class Refused:
    """No."""

    wait: int = 0
    """Seconds until another attempt is looked at."""
    reason: str = ""
    """What to tell, where more may be said than that: `taken`, the account of a provider leads to somebody else;
    `NOT_ANEW`, the provider did not ask anew who is there, or somebody else was."""


def sign_in(
    hub: Hub, email: str, password: str, place: Place, policy: Policy, before: Standing | None = None
) -> Opened | Refused:
    """The first step; `before` is what the browser had open, which ends."""
    if wait := _counted(hub, email, place):
        return Refused(wait)
    with hub.store.read(INSTALLATION) as session:
        row = users.by_email(session, email)
    kept = row.password_hash if row is not None and row.state == "active" else ""
    right = passwords.matches(kept, password)  # slow on purpose, and within no transaction
    fresh = passwords.digest(password) if right and passwords.outdated(kept) else ""
    with hub.store.write(INSTALLATION) as session:
        if not right or row is None:
            return _refused(session, row.user_id if row is not None else "", "sign in by password", place)
        if before is not None:
            sessions.end(session, before)
        if fresh:
            session.change(user_account, {"user_id": row.user_id}, password_hash=fresh)
        stage = Stage.CODE if row.totp_sealed is not None else _after(row, policy)
        whole = None if stage is Stage.CODE else session.clock()
        secret = sessions.begin(session, row.user_id, stage, "password", policy.lifetimes, whole)
        return _opened(session, row, secret, stage, "sign in by password", place)


def give_code(hub: Hub, held: Standing, code: str, place: Place, policy: Policy) -> Opened | Refused:
    """The second step: a code of the phone, or a recovery code."""
    with hub.store.read(INSTALLATION) as session:
        email = users.get(session, held.user).email
    if held.stage is not Stage.CODE:
        return Refused()
    if wait := _counted(hub, email, place):
        return Refused(wait)
    with hub.store.write(INSTALLATION) as session:
        row = users.get(session, held.user)
        way = "sign in: code"
        if not second_factor.holds(session, row, code):
            way = "sign in: recovery code"
            if not second_factor.recovers(session, held.user, code):
                return _refused(session, held.user, "sign in: code", place)
        stage = _after(row, policy)
        secret = sessions.step(session, held, stage, policy.lifetimes, session.clock())
        return _opened(session, row, secret, stage, way, place)


def lately(hub: Hub, held: Standing, policy: Policy) -> bool:
    """Whether who has this session open has just shown who he is; else he has to, before what lets him in is changed.

    A browser that was left open, or a stolen cookie, is not enough to come in by another way for ever.
    """
    return held.proved_at is not None and hub.store.clock() - held.proved_at < policy.lifetimes.proof


def ways(hub: Hub, held: Standing) -> tuple[bool, bool]:
    """Whether the user of a session has a password of his own, and a second factor."""
    with hub.store.read(INSTALLATION) as session:
        row = users.get(session, held.user)
    return bool(row.password_hash) and not row.must_change, row.totp_sealed is not None


def prove(hub: Hub, held: Standing, password: str, code: str, place: Place, policy: Policy) -> Opened | Refused:
    """Show again who one is: password and, where there is a second factor, a code. Counted as a sign-in is.

    A password that was given and never changed is known to whoever gave it: it shows nothing.
    """
    action = "show who one is"
    with hub.store.read(INSTALLATION) as session:
        row = users.get(session, held.user)
    if held.stage is not Stage.OPEN:
        return Refused()
    if wait := _counted(hub, row.email, place):
        return Refused(wait)
    right = passwords.matches(row.password_hash, password)
    with hub.store.write(INSTALLATION) as session:
        row = users.get(session, held.user)
        right = right and not row.must_change
        if right and row.totp_sealed is not None:
            right = second_factor.holds(session, row, code) or second_factor.recovers(session, held.user, code)
        if not right:
            return _refused(session, held.user, action, place)
        secret = sessions.step(session, held, Stage.OPEN, policy.lifetimes, session.clock())
        return _opened(session, row, secret, Stage.OPEN, action, place)


def may_enrol(hub: Hub, held: Standing) -> bool:
    """Whether this session may take a second factor into use: it has none yet. Another one is an owner's to allow."""
    with hub.store.read(INSTALLATION) as session:
        bare = users.get(session, held.user).totp_sealed is None
    return bare and held.stage in (Stage.ENROL, Stage.OPEN)


def seed(hub: Hub, held: Standing) -> str:
    """The address of a seed that waits to be enrolled, for the QR picture."""
    with hub.store.write(INSTALLATION) as session:
        return second_factor.propose(session, held.user)


def enrol(hub: Hub, held: Standing, code: str, place: Place, policy: Policy) -> Opened | Refused:
    """Take a second factor into use by its first code."""
    if not may_enrol(hub, held):
        return Refused()
    with hub.store.write(INSTALLATION) as session:
        row = users.get(session, held.user)
        codes = second_factor.enrol(session, held.user, code)
        if not codes:
            return _refused(session, held.user, "enrol a second factor", place)
        users.end_sessions(session, held.user)
        life, shown = policy.lifetimes, held.proved_at
        secret = sessions.begin(session, held.user, Stage.OPEN, held.way, life, shown, held.until)
        opened = _opened(session, row, secret, Stage.OPEN, "enrol a second factor", place)
        return Opened(opened.secret, opened.stage, codes)


def change_password(
    hub: Hub, held: Standing, old: str, new: str, place: Place, policy: Policy
) -> Opened | Refused:  # fmt: skip
    """Another password, by who knows the old one. All else that the user has open ends.

    It proves no more than before: the old password is not all that is asked of whoever has a second factor. So in a
    session that is open it counts for no sign-in: its end stays, and so does what is held against the account.

    Raises:
        DataError: the new one is guessed too soon, or is the old one.
    """
    with hub.store.read(INSTALLATION) as session:
        row = users.get(session, held.user)
    if held.stage not in (Stage.PASSWORD, Stage.OPEN):
        return Refused()
    passwords.check(new, row.email, row.name)
    if old == new:
        raise DataError("the new password is the old one", where="password", mend="Choose another")
    if wait := _counted(hub, row.email, place):
        return Refused(wait)
    right = passwords.matches(row.password_hash, old)
    fresh = passwords.digest(new)
    with hub.store.write(INSTALLATION) as session:
        if not right:
            return _refused(session, held.user, "change the password", place)
        users.set_password(session, held.user, fresh)
        row = users.get(session, held.user)
        stage = Stage.OPEN if held.stage is Stage.OPEN else _after(row, policy)
        life, shown = policy.lifetimes, held.proved_at
        secret = sessions.begin(session, held.user, stage, held.way, life, shown, held.until)
        whole = held.stage is not Stage.OPEN
        return _opened(session, row, secret, stage, "change the password", place, whole)


def sign_out(hub: Hub, held: Standing, place: Place) -> None:
    """End what a browser has open."""
    with hub.store.write(INSTALLATION) as session:
        sessions.end(session, held)
        audit.note(session, held.user, "sign out", held.ref, place=place)


def _counted(hub: Hub, email: str, place: Place) -> int:
    with hub.store.write(INSTALLATION) as session:
        return throttle.attempt(session, email, place.address)


def _after(row: Row[Any], policy: Policy) -> Stage:
    """What is left once password and code are right."""
    if row.must_change:
        return Stage.PASSWORD
    return Stage.ENROL if policy.second_factor and row.totp_sealed is None else Stage.OPEN


def _refused(session: Session, user: str, action: str, place: Place) -> Refused:
    audit.note(session, user, action, place=place, outcome="refused")
    return Refused()


def _opened(
    session: Session, row: Row[Any], secret: str, stage: Stage, action: str, place: Place, whole: bool = True
) -> Opened:  # fmt: skip
    """What was opened; `whole` where its user has shown all of himself once it is open."""
    if stage is Stage.OPEN and whole:
        throttle.succeeded(session, row.email)
        throttle.clear(session)
        session.change(user_account, {"user_id": row.user_id}, signed_in_at=session.now())
    audit.note(session, row.user_id, action, place=place)
    return Opened(secret, stage)
